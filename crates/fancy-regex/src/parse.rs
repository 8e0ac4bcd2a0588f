//! Reads an expression into a tree.

use crate::Error;
use crate::class::{Property, Set};

/// Deeper expressions are refused, so that no tree takes more stack than a page has.
const MOST_NESTED: usize = 100;

/// An expression.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Char(char),
    Set(Set),
    Assert(Assertion),
    All(Vec<Node>),
    AnyOf(Vec<Node>),
    Repeat {
        node: Box<Node>,
        least: u32,
        most: Option<u32>,
        greedy: bool,
    },
    Capture(usize, Box<Node>),
    /// Once matched, it is not tried another way.
    Atomic(Box<Node>),
    #[rustfmt::skip]
    Look { behind: bool, negated: bool, node: Box<Node> },
    /// The text that a group captured.
    #[rustfmt::skip]
    Back { group: usize, folded: bool },
}

/// What holds at a place between characters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Assertion {
    TextStart,
    TextEnd,
    /// The end, or before a line feed that ends the text.
    LastLineEnd,
    LineStart,
    LineEnd,
    WordEdge,
    NoWordEdge,
}

#[derive(Clone, Copy, Default)]
struct Flags {
    folded: bool,
    lines: bool,
    dot_is_all: bool,
    spaced: bool,
}

struct Parser<'p> {
    text: &'p str,
    at: usize,
    flags: Flags,
    /// The name of each group so far, the first of which is the whole match.
    groups: Vec<Option<&'p str>>,
    depth: usize,
    /// The largest group that a number refers to.
    referred: usize,
}

/// The tree of an expression.
pub(crate) fn parse(text: &str) -> Result<Node, Error> {
    let mut parser = Parser { text, at: 0, flags: Flags::default(), groups: vec![None], depth: 0, referred: 0 };
    let node = parser.alternatives()?;
    if parser.at < text.len() {
        return parser.fail("a parenthesis that closes nothing");
    }
    if parser.referred >= parser.groups.len() {
        return parser.fail("a reference to no group");
    }
    Ok(node)
}

/// What an escape sequence stands for.
enum Escape {
    Char(char),
    Set(Set),
}

impl<'p> Parser<'p> {
    fn fail<T>(&self, what: &'static str) -> Result<T, Error> {
        Err(Error::Syntax { what, at: self.at })
    }

    fn rest(&self) -> &'p str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += char.len_utf8();
        Some(char)
    }

    fn eat(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    /// The text up to `end`, which is eaten too.
    fn until(&mut self, end: char) -> Result<&'p str, Error> {
        let Some((text, _)) = self.rest().split_once(end) else { return self.fail("something that is not closed") };
        self.at += text.len() + end.len_utf8();
        Ok(text)
    }

    fn skip_space(&mut self) {
        while self.flags.spaced {
            match self.peek() {
                Some(char) if char.is_whitespace() => self.at += char.len_utf8(),
                Some('#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => break,
            }
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.depth += 1;
        if self.depth > MOST_NESTED {
            return self.fail("too many groups in each other");
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn alternatives(&mut self) -> Result<Node, Error> {
        let mut all = vec![self.sequence()?];
        while self.eat("|") {
            all.push(self.sequence()?);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Node::AnyOf(all) })
    }

    fn sequence(&mut self) -> Result<Node, Error> {
        let mut nodes = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None | Some('|' | ')') => return Ok(Node::All(nodes)),
                Some(_) => {}
            }
            if let Some(node) = self.atom()? {
                nodes.push(self.repeated(node)?);
            }
        }
    }

    fn repeated(&mut self, mut node: Node) -> Result<Node, Error> {
        loop {
            self.skip_space();
            let (least, most) = match self.peek() {
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                Some('{') => {
                    let Some((length, bounds)) = bounds(self.rest()) else { return Ok(node) };
                    self.at += length - 1;
                    bounds
                }
                _ => return Ok(node),
            };
            self.at += 1;
            if most.is_some_and(|most| most < least) {
                return self.fail("a repetition with bounds the wrong way round");
            }
            let greedy = !self.eat("?");
            node = Node::Repeat { node: Box::new(node), least, most, greedy };
            if greedy && self.eat("+") {
                node = Node::Atomic(Box::new(node));
            }
            self.depth += 1;
            if self.depth > MOST_NESTED {
                return self.fail("too many repetitions in each other");
            }
            self.depth -= 1;
        }
    }

    /// One character, class, group or assertion; `None` for what only sets flags.
    fn atom(&mut self) -> Result<Option<Node>, Error> {
        let Some(char) = self.next() else { return Ok(None) };
        Ok(Some(match char {
            '.' if self.flags.dot_is_all => Node::Set(Set::Property(Property::Any)),
            '.' => Node::Set(Set::Range('\n', '\n').not()),
            '^' if self.flags.lines => Node::Assert(Assertion::LineStart),
            '^' => Node::Assert(Assertion::TextStart),
            '$' if self.flags.lines => Node::Assert(Assertion::LineEnd),
            '$' => Node::Assert(Assertion::TextEnd),
            '[' => Node::Set(self.deeper(Self::class)?),
            '(' => return self.deeper(Self::group),
            '\\' => self.escaped()?,
            '*' | '+' | '?' => return self.fail("a repetition of nothing"),
            char => self.char(char),
        }))
    }

    fn char(&self, char: char) -> Node {
        if self.flags.folded && char.is_alphabetic() {
            Node::Set(self.folded(Set::Range(char, char)))
        } else {
            Node::Char(char)
        }
    }

    fn folded(&self, set: Set) -> Set {
        if self.flags.folded { Set::Folded(Box::new(set)) } else { set }
    }

    fn group(&mut self) -> Result<Option<Node>, Error> {
        let outer = self.flags;
        if !self.eat("?") {
            return self.capture(None, outer).map(Some);
        }
        if self.eat("#") {
            self.until(')')?;
            return Ok(None);
        }
        let look = |behind, negated| move |node| Node::Look { behind, negated, node };
        let wrap: Box<dyn Fn(Box<Node>) -> Node> = if self.eat("=") {
            Box::new(look(false, false))
        } else if self.eat("!") {
            Box::new(look(false, true))
        } else if self.eat("<=") {
            Box::new(look(true, false))
        } else if self.eat("<!") {
            Box::new(look(true, true))
        } else if self.eat(">") {
            Box::new(Node::Atomic)
        } else if self.eat("P=") {
            let name = self.until(')')?;
            return self.back(name).map(Some);
        } else if self.eat("P<") || self.eat("<") {
            let name = self.until('>')?;
            return self.capture(Some(name), outer).map(Some);
        } else {
            if !self.set_flags()? {
                return Ok(None); // They hold until the group around ends.
            }
            Box::new(|node| *node)
        };
        let node = self.alternatives()?;
        self.close(outer)?;
        Ok(Some(wrap(Box::new(node))))
    }

    fn capture(&mut self, name: Option<&'p str>, outer: Flags) -> Result<Node, Error> {
        let number = self.groups.len();
        self.groups.push(name);
        let node = self.alternatives()?;
        self.close(outer)?;
        Ok(Node::Capture(number, Box::new(node)))
    }

    fn close(&mut self, outer: Flags) -> Result<(), Error> {
        self.flags = outer;
        if self.eat(")") { Ok(()) } else { self.fail("a parenthesis that is not closed") }
    }

    /// Flags up to `:`, then true, or up to `)`.
    fn set_flags(&mut self) -> Result<bool, Error> {
        let mut on = true;
        loop {
            let char = self.next();
            match char {
                Some('i') => self.flags.folded = on,
                Some('m') => self.flags.lines = on,
                Some('s') => self.flags.dot_is_all = on,
                Some('x') => self.flags.spaced = on,
                Some('u') if on => {}
                Some('-') if on => on = false,
                Some(':') => return Ok(true),
                Some(')') => return Ok(false),
                _ => return self.fail("a group of an unknown kind"),
            }
        }
    }

    fn back(&mut self, name: &str) -> Result<Node, Error> {
        let number = name.parse().ok().or_else(|| self.groups.iter().position(|group| *group == Some(name)));
        let Some(group) = number.filter(|number| *number > 0) else { return self.fail("a reference to no group") };
        self.referred = self.referred.max(group);
        Ok(Node::Back { group, folded: self.flags.folded })
    }

    /// What follows a backslash outside of a class.
    fn escaped(&mut self) -> Result<Node, Error> {
        let assertion = match self.peek() {
            Some('A') => Assertion::TextStart,
            Some('z') => Assertion::TextEnd,
            Some('Z') => Assertion::LastLineEnd,
            Some('b') if !self.rest().starts_with("b{") => Assertion::WordEdge,
            Some('B') => Assertion::NoWordEdge,
            Some('k') => {
                self.at += 1;
                if !self.eat("<") {
                    return self.fail("a reference without a name");
                }
                let name = self.until('>')?;
                return self.back(name);
            }
            Some('1'..='9') => {
                let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
                let number = self.rest().get(..digits).unwrap_or_default();
                self.at += digits;
                return self.back(number);
            }
            _ => {
                return Ok(match self.escape()? {
                    Escape::Char(char) => self.char(char),
                    Escape::Set(set) => Node::Set(self.folded(set)),
                });
            }
        };
        self.at += 1;
        Ok(Node::Assert(assertion))
    }

    /// What follows a backslash anywhere.
    fn escape(&mut self) -> Result<Escape, Error> {
        let Some(char) = self.next() else { return self.fail("a backslash before nothing") };
        let property = |property| Escape::Set(Set::Property(property));
        let no = |property| Escape::Set(Set::Property(property).not());
        let hex = || Set::AnyOf(vec![Set::Range('0', '9'), Set::Range('a', 'f'), Set::Range('A', 'F')]);
        Ok(match char {
            'd' => property(Property::Digit),
            'D' => no(Property::Digit),
            's' => property(Property::Space),
            'S' => no(Property::Space),
            'w' => property(Property::Word),
            'W' => no(Property::Word),
            'h' => Escape::Set(hex()),
            'H' => Escape::Set(hex().not()),
            'p' | 'P' => Escape::Set(self.property(char == 'P')?),
            'a' => Escape::Char('\x07'),
            'e' => Escape::Char('\x1b'),
            'f' => Escape::Char('\x0c'),
            'n' => Escape::Char('\n'),
            'r' => Escape::Char('\r'),
            't' => Escape::Char('\t'),
            'v' => Escape::Char('\x0b'),
            'x' => self.hexadecimal(2)?,
            'u' => self.hexadecimal(4)?,
            'U' => self.hexadecimal(8)?,
            char if char.is_ascii_alphanumeric() => return self.fail("an unknown escape sequence"),
            char => Escape::Char(char),
        })
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<Escape, Error> {
        let digits = if self.eat("{") {
            self.until('}')?
        } else {
            let Some(text) = self.rest().get(..digits) else { return self.fail("too few hexadecimal digits") };
            self.at += digits;
            text
        };
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u32::from_str_radix(digits, 16).ok().filter(|_| is_hex).and_then(char::from_u32) {
            Some(char) => Ok(Escape::Char(char)),
            None => self.fail("a number of no character"),
        }
    }

    /// What follows `\p` or `\P`.
    fn property(&mut self, mut negated: bool) -> Result<Set, Error> {
        let name = if self.eat("{") {
            negated ^= self.eat("^");
            self.until('}')?
        } else {
            let length = self.peek().map_or(0, char::len_utf8);
            let name = self.rest().get(..length).unwrap_or_default();
            self.at += length;
            name
        };
        let Some(property) = Property::of(name) else { return self.fail("an unknown property of Unicode") };
        Ok(if negated { Set::Property(property).not() } else { Set::Property(property) })
    }

    /// A class after its opening bracket.
    fn class(&mut self) -> Result<Set, Error> {
        let negated = self.eat("^");
        let mut sets = Vec::new();
        // What the sets before the last operator come to, and whether that operator takes away.
        let mut left: Option<(Set, bool)> = None;
        let mut is_first = true;
        loop {
            self.skip_space();
            let combined = |sets: &mut Vec<Set>, left: Option<(Set, bool)>| {
                let right = Set::AnyOf(std::mem::take(sets));
                match left {
                    None => right,
                    Some((left, false)) => Set::Both(Box::new(left), Box::new(right)),
                    Some((left, true)) => Set::Both(Box::new(left), Box::new(right.not())),
                }
            };
            if self.rest().is_empty() {
                return self.fail("a class that is not closed");
            } else if !is_first && self.eat("]") {
                let set = self.folded(combined(&mut sets, left));
                return Ok(if negated { set.not() } else { set });
            } else if self.eat("&&") {
                left = Some((combined(&mut sets, left.take()), false));
            } else if !is_first && self.eat("--") {
                left = Some((combined(&mut sets, left.take()), true));
            } else if self.eat("~~") {
                return self.fail("an operator that is not built in");
            } else if self.rest().starts_with("[:") && self.rest().contains(":]") {
                self.at += 2;
                sets.push(self.posix()?);
            } else if self.eat("[") {
                sets.push(self.deeper(Self::class)?);
            } else {
                sets.push(self.member()?);
            }
            is_first = false;
        }
    }

    /// A character, a range or an escape sequence in a class.
    fn member(&mut self) -> Result<Set, Error> {
        let first = match self.class_char()? {
            Escape::Set(set) => return Ok(set),
            Escape::Char(char) => char,
        };
        let mut ahead = self.rest().chars();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']' | '-')) {
            return Ok(Set::Range(first, first));
        }
        self.at += 1;
        match self.class_char()? {
            Escape::Char(last) if first <= last => Ok(Set::Range(first, last)),
            _ => self.fail("a range that has no end or goes backwards"),
        }
    }

    fn class_char(&mut self) -> Result<Escape, Error> {
        if self.eat("\\") {
            return self.escape();
        }
        match self.next() {
            Some(char) => Ok(Escape::Char(char)),
            None => self.fail("a class that is not closed"),
        }
    }

    /// A class such as `[:alpha:]`, of ASCII alone, after its `[:`.
    fn posix(&mut self) -> Result<Set, Error> {
        let negated = self.eat("^");
        let name = self.until(':')?;
        if !self.eat("]") {
            return self.fail("a class that is not closed");
        }
        let ranges: &[(char, char)] = match name {
            "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
            "alpha" => &[('A', 'Z'), ('a', 'z')],
            "ascii" => &[('\0', '\x7f')],
            "blank" => &[('\t', '\t'), (' ', ' ')],
            "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
            "digit" => &[('0', '9')],
            "graph" => &[('!', '~')],
            "lower" => &[('a', 'z')],
            "print" => &[(' ', '~')],
            "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
            "space" => &[('\t', '\r'), (' ', ' ')],
            "upper" => &[('A', 'Z')],
            "word" => &[('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')],
            "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
            _ => return self.fail("an unknown class"),
        };
        let set = Set::AnyOf(ranges.iter().map(|(first, last)| Set::Range(*first, *last)).collect());
        Ok(if negated { set.not() } else { set })
    }
}

/// The bounds of a repetition in braces at the start of `text`, and their length; `None` when the brace is just a brace.
fn bounds(text: &str) -> Option<(usize, (u32, Option<u32>))> {
    let inside = text.strip_prefix('{')?.split_once('}')?.0;
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let bounds = match inside.split_once(',') {
        None => (number(inside)?, Some(number(inside)?)),
        Some((least, most)) if most.trim().is_empty() => (number(least)?, None),
        Some((least, most)) if least.trim().is_empty() => (0, Some(number(most)?)),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    Some((inside.len() + 2, bounds))
}
