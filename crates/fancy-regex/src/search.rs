//! Follows the steps of a program through a text, and turns back where they lead nowhere.

use crate::Error;
use crate::class::{fold, is_word};
use crate::parse::Assertion;
use crate::program::{Program, Step, slots_of};

/// What one turning back costs, in characters that are looked at.
const TURN: usize = 16;

/// No place.
const NOWHERE: usize = usize::MAX;

/// The first byte and the end of the leftmost match that starts at or after byte `from`.
pub(crate) fn find(
    program: &Program,
    text: &str,
    from: usize,
    backtrack_limit: usize,
) -> Result<Option<(usize, usize)>, Error> {
    let mut search = Search {
        steps: &program.steps,
        text,
        saved: vec![NOWHERE; program.slots],
        turns: Vec::new(),
        left: backtrack_limit.saturating_mul(TURN).saturating_add(text.len().saturating_mul(TURN)),
    };
    let mut at = from;
    loop {
        let Some(rest) = text.get(at..) else { return Ok(None) };
        match program.steps.first() {
            Some(Step::Char(char)) => match rest.find(*char) {
                Some(skip) => at += skip,
                None => return Ok(None),
            },
            Some(Step::Assert(Assertion::TextStart)) if at > 0 => return Ok(None),
            _ => {}
        }
        if let Some(end) = search.run(0, at, NOWHERE)? {
            return Ok(Some((at, end)));
        }
        let Some(char) = search.char_at(at) else { return Ok(None) };
        at += char.len_utf8();
    }
}

/// What is done instead when the steps lead nowhere.
enum Turn {
    Branch {
        step: usize,
        at: usize,
    },
    /// One character less, down to `floor`.
    Fewer {
        step: usize,
        at: usize,
        floor: usize,
    },
    Restore {
        slot: usize,
        place: usize,
    },
}

struct Search<'s> {
    steps: &'s [Step],
    text: &'s str,
    saved: Vec<usize>,
    turns: Vec<Turn>,
    /// How much may still be spent, in characters.
    left: usize,
}

impl Search<'_> {
    fn char_at(&self, at: usize) -> Option<char> {
        let byte = *self.text.as_bytes().get(at)?;
        if byte.is_ascii() { Some(char::from(byte)) } else { self.text.get(at..)?.chars().next() }
    }

    fn char_before(&self, at: usize) -> Option<char> {
        let byte = *self.text.as_bytes().get(at.checked_sub(1)?)?;
        if byte.is_ascii() { Some(char::from(byte)) } else { self.text.get(..at)?.chars().next_back() }
    }

    fn spend(&mut self, cost: usize) -> Result<(), Error> {
        self.left = self.left.checked_sub(cost).ok_or(Error::BacktrackLimit)?;
        Ok(())
    }

    fn save(&mut self, slot: usize, place: usize) {
        if let Some(saved) = self.saved.get_mut(slot) {
            self.turns.push(Turn::Restore { slot, place: *saved });
            *saved = place;
        }
    }

    /// Where the steps from `step` on end if they match from byte `at` on; `here` is where those of a look behind have to.
    fn run(&mut self, mut step: usize, mut at: usize, here: usize) -> Result<Option<usize>, Error> {
        let base = self.turns.len();
        loop {
            let next = match self.steps.get(step) {
                Some(Step::Match) | None => Some(None),
                Some(Step::Here) => (at == here).then_some(None),
                Some(other) => self.follow(other, step, at)?.map(Some),
            };
            match next {
                Some(Some(next)) => (step, at) = next,
                Some(None) => {
                    // Nothing above is tried again, but what was saved is taken back should those below be.
                    let mut index = base;
                    for above in base..self.turns.len() {
                        if matches!(self.turns.get(above), Some(Turn::Restore { .. })) {
                            self.turns.swap(index, above);
                            index += 1;
                        }
                    }
                    self.turns.truncate(index);
                    return Ok(Some(at));
                }
                None => match self.turn_back(base)? {
                    Some(next) => (step, at) = next,
                    None => return Ok(None),
                },
            }
        }
    }

    /// The step and the place of the last turn that can be taken above `base`.
    fn turn_back(&mut self, base: usize) -> Result<Option<(usize, usize)>, Error> {
        while self.turns.len() > base {
            match self.turns.pop() {
                Some(Turn::Branch { step, at }) => {
                    self.spend(TURN)?;
                    return Ok(Some((step, at)));
                }
                Some(Turn::Fewer { step, at, floor }) => {
                    self.spend(1)?;
                    let at = at - self.char_before(at).map_or(0, char::len_utf8);
                    if at > floor {
                        self.turns.push(Turn::Fewer { step, at, floor });
                    }
                    return Ok(Some((step, at)));
                }
                Some(Turn::Restore { slot, place }) => {
                    if let Some(saved) = self.saved.get_mut(slot) {
                        *saved = place;
                    }
                }
                None => break,
            }
        }
        Ok(None)
    }

    /// The step and the place after one step, or `None` where it does not match.
    fn follow(&mut self, step: &Step, number: usize, at: usize) -> Result<Option<(usize, usize)>, Error> {
        let next = number + 1;
        let after = |char: char| (next, at + char.len_utf8());
        Ok(match step {
            Step::Char(wanted) => self.char_at(at).filter(|char| char == wanted).map(after),
            Step::Class(class) => self.char_at(at).filter(|char| class.contains(*char)).map(after),
            Step::Many { class, least, most } => {
                let (mut count, mut end, mut floor) = (0, at, at);
                while count < *most {
                    let Some(char) = self.char_at(end).filter(|char| class.contains(*char)) else { break };
                    end += char.len_utf8();
                    count += 1;
                    if count == *least {
                        floor = end;
                    }
                }
                self.spend(end - at)?;
                if count > *least {
                    self.turns.push(Turn::Fewer { step: next, at: end, floor });
                }
                (count >= *least).then_some((next, end))
            }
            Step::Assert(assertion) => self.holds(*assertion, at).then_some((next, at)),
            Step::Split { first, second } => {
                self.turns.push(Turn::Branch { step: *second, at });
                Some((*first, at))
            }
            Step::Jump(to) => Some((*to, at)),
            Step::Save(slot) => {
                self.save(*slot, at);
                Some((next, at))
            }
            Step::Moved(slot) => (self.saved.get(*slot) != Some(&at)).then_some((next, at)),
            Step::Back { group, folded } => self.back(*group, *folded, at)?.map(|end| (next, end)),
            Step::Atomic { end } => self.run(next, at, NOWHERE)?.map(|place| (*end, place)),
            Step::Ahead { negated, end } => {
                let base = self.turns.len();
                let found = self.run(next, at, NOWHERE)?.is_some();
                if *negated {
                    self.turn_back(base)?; // Only what was saved is left there.
                }
                (found != *negated).then_some((*end, at))
            }
            Step::Behind { negated, end, least, most } => {
                let base = self.turns.len();
                let found = self.behind(next, at, *least, *most)?;
                if *negated {
                    self.turn_back(base)?;
                }
                (found != *negated).then_some((*end, at))
            }
            Step::Here | Step::Match => None,
        })
    }

    fn behind(&mut self, step: usize, here: usize, least: usize, most: usize) -> Result<bool, Error> {
        let mut start = here;
        for count in 0..=most {
            if count >= least {
                self.spend(1)?;
                if self.run(step, start, here)?.is_some() {
                    return Ok(true);
                }
            }
            let Some(char) = self.char_before(start) else { break };
            start -= char.len_utf8();
        }
        Ok(false)
    }

    fn back(&mut self, group: usize, folded: bool, at: usize) -> Result<Option<usize>, Error> {
        let (start, end) = slots_of(group);
        let range = self.saved.get(start).copied().unwrap_or(NOWHERE)..self.saved.get(end).copied().unwrap_or(NOWHERE);
        let Some(group) = self.text.get(range) else { return Ok(None) };
        self.spend(group.len())?;
        let mut end = at;
        for wanted in group.chars() {
            match self.char_at(end) {
                Some(char) if char == wanted || folded && fold(char) == fold(wanted) => end += char.len_utf8(),
                _ => return Ok(None),
            }
        }
        Ok(Some(end))
    }

    fn holds(&self, assertion: Assertion, at: usize) -> bool {
        let is_end = at == self.text.len();
        let is_edge = || self.char_before(at).is_some_and(is_word) != self.char_at(at).is_some_and(is_word);
        match assertion {
            Assertion::TextStart => at == 0,
            Assertion::TextEnd => is_end,
            Assertion::LastLineEnd => is_end || self.text.get(at..) == Some("\n"),
            Assertion::LineStart => at == 0 || self.char_before(at) == Some('\n'),
            Assertion::LineEnd => is_end || self.char_at(at) == Some('\n'),
            Assertion::WordEdge => is_edge(),
            Assertion::NoWordEdge => !is_edge(),
        }
    }
}
