//! Turns a tree into steps that a search follows.

use crate::Error;
use crate::class::Class;
use crate::parse::{Assertion, Node};

/// A program with more steps is refused.
const MOST_STEPS: usize = 50_000;

/// The steps of an expression.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) steps: Vec<Step>,
    /// How many places the steps save.
    pub(crate) slots: usize,
}

/// One step; the next one follows unless it says otherwise.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Char(char),
    Class(Class),
    /// As many characters of the class as there are, from `least` to `most`; later perhaps fewer.
    Many {
        class: Class,
        least: u32,
        most: u32,
    },
    Assert(Assertion),
    /// Go on at `first`, later perhaps at `second`.
    Split {
        first: usize,
        second: usize,
    },
    Jump(usize),
    /// Keep the place.
    Save(usize),
    /// Fail where the place is still the one kept.
    Moved(usize),
    /// The text of a group again.
    Back {
        group: usize,
        folded: bool,
    },
    /// The steps up to `end` have to match here; what was tried is then forgotten.
    Atomic {
        end: usize,
    },
    /// The steps up to `end` have to match, or must not, after here.
    Ahead {
        negated: bool,
        end: usize,
    },
    /// The same before here: in `least` to `most` characters.
    Behind {
        negated: bool,
        end: usize,
        least: usize,
        most: usize,
    },
    /// The end of the steps of a look behind, which have to end where it began.
    Here,
    Match,
}

/// The steps of a tree.
pub(crate) fn compile(node: &Node) -> Result<Program, Error> {
    let mut compiler = Compiler { steps: Vec::new(), slots: 2 * (groups(node) + 1) };
    compiler.node(node)?;
    compiler.push(Step::Match)?;
    Ok(Program { steps: compiler.steps, slots: compiler.slots })
}

/// The slots of a group's start and end.
pub(crate) fn slots_of(group: usize) -> (usize, usize) {
    (2 * group, 2 * group + 1)
}

fn groups(node: &Node) -> usize {
    match node {
        Node::All(nodes) | Node::AnyOf(nodes) => nodes.iter().map(groups).max().unwrap_or(0),
        Node::Capture(number, node) => groups(node).max(*number),
        Node::Repeat { node, .. } | Node::Atomic(node) | Node::Look { node, .. } => groups(node),
        Node::Char(_) | Node::Set(_) | Node::Assert(_) | Node::Back { .. } => 0,
    }
}

/// The fewest and the most characters that a node matches.
fn width(node: &Node) -> (usize, usize) {
    let add = |(least, most): (usize, usize), (a, b): (usize, usize)| (least.saturating_add(a), most.saturating_add(b));
    match node {
        Node::Char(_) | Node::Set(_) => (1, 1),
        Node::Assert(_) | Node::Look { .. } => (0, 0),
        Node::All(nodes) => nodes.iter().map(width).fold((0, 0), add),
        Node::AnyOf(nodes) => nodes.iter().map(width).fold((usize::MAX, 0), |(l, m), (a, b)| (l.min(a), m.max(b))),
        Node::Repeat { node, least, most, .. } => {
            let (fewest, longest) = width(node);
            let times = most.map_or(usize::MAX, |most| most as usize);
            (fewest.saturating_mul(*least as usize), longest.saturating_mul(times))
        }
        Node::Capture(_, node) | Node::Atomic(node) => width(node),
        Node::Back { .. } => (0, usize::MAX),
    }
}

struct Compiler {
    steps: Vec<Step>,
    slots: usize,
}

impl Compiler {
    fn push(&mut self, step: Step) -> Result<usize, Error> {
        if self.steps.len() >= MOST_STEPS {
            return Err(Error::TooLarge);
        }
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }

    fn replace(&mut self, at: usize, step: Step) {
        if let Some(place) = self.steps.get_mut(at) {
            *place = step;
        }
    }

    fn node(&mut self, node: &Node) -> Result<(), Error> {
        match node {
            Node::Char(char) => drop(self.push(Step::Char(*char))?),
            Node::Set(set) => drop(self.push(Step::Class(Class::new(set.clone())))?),
            Node::Assert(assertion) => drop(self.push(Step::Assert(*assertion))?),
            Node::Back { group, folded } => drop(self.push(Step::Back { group: *group, folded: *folded })?),
            Node::All(nodes) => nodes.iter().try_for_each(|node| self.node(node))?,
            Node::AnyOf(nodes) => self.any_of(nodes)?,
            Node::Capture(number, node) => {
                let (start, end) = slots_of(*number);
                self.push(Step::Save(start))?;
                self.node(node)?;
                self.push(Step::Save(end))?;
            }
            Node::Atomic(node) => {
                let at = self.push(Step::Match)?;
                self.node(node)?;
                self.push(Step::Match)?;
                self.replace(at, Step::Atomic { end: self.steps.len() });
            }
            Node::Look { behind: false, negated, node } => {
                let at = self.push(Step::Match)?;
                self.node(node)?;
                self.push(Step::Match)?;
                self.replace(at, Step::Ahead { negated: *negated, end: self.steps.len() });
            }
            Node::Look { behind: true, negated, node } => {
                let (least, most) = width(node);
                let at = self.push(Step::Match)?;
                self.node(node)?;
                self.push(Step::Here)?;
                self.replace(at, Step::Behind { negated: *negated, end: self.steps.len(), least, most });
            }
            Node::Repeat { node, least, most, greedy } => self.repeat(node, *least, *most, *greedy)?,
        }
        Ok(())
    }

    fn any_of(&mut self, nodes: &[Node]) -> Result<(), Error> {
        let mut jumps = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            if index + 1 == nodes.len() {
                self.node(node)?;
                break;
            }
            let split = self.push(Step::Match)?;
            self.node(node)?;
            jumps.push(self.push(Step::Match)?);
            self.replace(split, Step::Split { first: split + 1, second: self.steps.len() });
        }
        let end = self.steps.len();
        jumps.into_iter().for_each(|jump| self.replace(jump, Step::Jump(end)));
        Ok(())
    }

    fn repeat(&mut self, node: &Node, least: u32, most: Option<u32>, greedy: bool) -> Result<(), Error> {
        let class = match node {
            Node::Char(char) => Some(Class::new(crate::class::Set::Range(*char, *char))),
            Node::Set(set) => Some(Class::new(set.clone())),
            _ => None,
        };
        if let (Some(class), true) = (class, greedy) {
            self.push(Step::Many { class, least, most: most.unwrap_or(u32::MAX) })?;
            return Ok(());
        }
        for _ in 0..least {
            self.node(node)?;
        }
        let split = |at, end| if greedy { (at + 1, end) } else { (end, at + 1) };
        let mut splits = Vec::new();
        match most {
            Some(most) => {
                for _ in least..most {
                    splits.push(self.push(Step::Match)?);
                    self.node(node)?;
                }
            }
            None => {
                let at = self.push(Step::Match)?;
                splits.push(at);
                let can_be_empty = width(node).0 == 0;
                let slot = self.slots;
                if can_be_empty {
                    self.slots += 1;
                    self.push(Step::Save(slot))?;
                }
                self.node(node)?;
                if can_be_empty {
                    self.push(Step::Moved(slot))?;
                }
                self.push(Step::Jump(at))?;
            }
        }
        let end = self.steps.len();
        for at in splits {
            let (first, second) = split(at, end);
            self.replace(at, Step::Split { first, second });
        }
        Ok(())
    }
}
