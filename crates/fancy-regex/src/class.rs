//! Classes of characters: what a bracket expression, `\w` or `\p{…}` stands for.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

/// A class with its answer for each ASCII character at hand.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    ascii: u128,
    set: Set,
}

impl Class {
    pub(crate) fn new(set: Set) -> Self {
        let ascii = (0u8..128).filter(|byte| set.contains(char::from(*byte))).fold(0, |all, byte| all | 1 << byte);
        Self { ascii, set }
    }

    /// Whether the class has `char`.
    #[inline]
    pub(crate) fn contains(&self, char: char) -> bool {
        if char.is_ascii() { self.ascii >> (char as u32) & 1 == 1 } else { self.set.contains(char) }
    }
}

/// A set of characters as it was written.
#[derive(Clone, Debug)]
pub(crate) enum Set {
    Range(char, char),
    Property(Property),
    Not(Box<Set>),
    AnyOf(Vec<Set>),
    Both(Box<Set>, Box<Set>),
    /// The set, whatever the case.
    Folded(Box<Set>),
}

impl Set {
    pub(crate) fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    fn contains(&self, char: char) -> bool {
        match self {
            Self::Range(first, last) => (*first..=*last).contains(&char),
            Self::Property(property) => property.holds(char),
            Self::Not(set) => !set.contains(char),
            Self::AnyOf(sets) => sets.iter().any(|set| set.contains(char)),
            Self::Both(one, other) => one.contains(char) && other.contains(char),
            Self::Folded(set) => {
                let upper = to_upper(char);
                [char, to_lower(char), upper, to_lower(upper)].into_iter().any(|char| set.contains(char))
                    || variants(upper).iter().any(|char| set.contains(*char))
            }
        }
    }
}

/// `char` with case differences removed.
pub(crate) fn fold(char: char) -> char {
    to_lower(to_upper(char))
}

/// The capital, where that is one character; the dotless i is folded with nothing.
fn to_upper(char: char) -> char {
    if char == 'ı' {
        return char;
    }
    let mut upper = char.to_uppercase();
    upper.next().filter(|_| upper.len() == 0).unwrap_or(char)
}

fn to_lower(char: char) -> char {
    let mut lower = char.to_lowercase();
    lower.next().filter(|_| lower.len() == 0).unwrap_or(char)
}

/// The further characters of whose capital `upper` is, as in Unicode's CaseFolding.txt.
fn variants(upper: char) -> &'static [char] {
    match upper {
        'K' => &['\u{212A}'],
        'S' => &['ſ'],
        'Å' => &['\u{212B}'],
        'Σ' => &['ς'],
        'Β' => &['ϐ'],
        'Θ' => &['ϑ', 'ϴ'],
        'Φ' => &['ϕ'],
        'Π' => &['ϖ'],
        'Κ' => &['ϰ'],
        'Ρ' => &['ϱ'],
        'Ε' => &['ϵ'],
        'Μ' => &['µ'],
        'Ι' => &['\u{1FBE}', '\u{345}'],
        'Ω' => &['\u{2126}'],
        'ß' => &['\u{1E9E}'],
        _ => &[],
    }
}

/// A property of Unicode that a character has or has not.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Property {
    Any,
    Alphabetic,
    Lowercase,
    Uppercase,
    Space,
    Digit,
    Word,
    Emoji,
    Assigned,
    Cased,
    Group(GeneralCategoryGroup),
    Category(GeneralCategory),
    Script(Script),
}

impl Property {
    fn holds(self, char: char) -> bool {
        match self {
            Self::Any => true,
            Self::Alphabetic => char.is_alphabetic(),
            Self::Lowercase => char.is_lowercase(),
            Self::Uppercase => char.is_uppercase(),
            Self::Space => char.is_whitespace(),
            Self::Digit => char.general_category() == GeneralCategory::DecimalNumber,
            Self::Word => is_word(char),
            Self::Emoji => char.is_emoji_char(),
            Self::Assigned => char.general_category() != GeneralCategory::Unassigned,
            Self::Cased => matches!(
                char.general_category(),
                GeneralCategory::UppercaseLetter | GeneralCategory::LowercaseLetter | GeneralCategory::TitlecaseLetter
            ),
            Self::Group(group) => char.general_category_group() == group,
            Self::Category(category) => char.general_category() == category,
            Self::Script(script) => char.script() == script,
        }
    }

    /// The property of a name, which may be written in any case and with any of space, `-` and `_` in it.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let plain = |text: &str| -> String {
            text.chars().filter(|char| !matches!(char, ' ' | '-' | '_')).map(|char| char.to_ascii_lowercase()).collect()
        };
        let (kind, name) = name.split_once('=').map_or((None, name), |(kind, name)| (Some(plain(kind)), name));
        let wanted = plain(name);
        match kind.as_deref() {
            None => category(&wanted).or_else(|| binary(&wanted)).or_else(|| script(name, &wanted)),
            Some("gc" | "generalcategory") => category(&wanted),
            Some("sc" | "script") => script(name, &wanted),
            Some(_) => None,
        }
    }
}

/// Whether `char` is part of a word: UTS #18, annex C.
pub(crate) fn is_word(char: char) -> bool {
    if char.is_ascii() {
        return char.is_ascii_alphanumeric() || char == '_';
    }
    char.is_alphabetic()
        || matches!(char, '\u{200C}' | '\u{200D}')
        || matches!(char.general_category(), GeneralCategory::DecimalNumber | GeneralCategory::ConnectorPunctuation)
        || char.general_category_group() == GeneralCategoryGroup::Mark
}

fn binary(name: &str) -> Option<Property> {
    Some(match name {
        "any" => Property::Any,
        "assigned" => Property::Assigned,
        "alphabetic" | "alpha" => Property::Alphabetic,
        "lowercase" | "lower" => Property::Lowercase,
        "uppercase" | "upper" => Property::Uppercase,
        "whitespace" | "wspace" | "space" => Property::Space,
        "emoji" => Property::Emoji,
        _ => return None,
    })
}

fn script(name: &str, plain: &str) -> Option<Property> {
    let capital = |text: &str| -> String {
        text.split(['_', ' ', '-'])
            .map(|word| {
                let mut letters = word.chars();
                let first = letters.next().map(|first| first.to_ascii_uppercase());
                first.into_iter().chain(letters.map(|letter| letter.to_ascii_lowercase())).collect::<String>()
            })
            .collect::<Vec<_>>()
            .join("_")
    };
    let short = capital(plain);
    Script::from_full_name(&capital(name)).or_else(|| Script::from_short_name(&short)).map(Property::Script)
}

fn category(name: &str) -> Option<Property> {
    use GeneralCategory as Is;
    use GeneralCategoryGroup as Group;
    Some(match name {
        "l" | "letter" => Property::Group(Group::Letter),
        "m" | "mark" | "combiningmark" => Property::Group(Group::Mark),
        "n" | "number" => Property::Group(Group::Number),
        "p" | "punctuation" | "punct" => Property::Group(Group::Punctuation),
        "s" | "symbol" => Property::Group(Group::Symbol),
        "z" | "separator" => Property::Group(Group::Separator),
        "c" | "other" => Property::Group(Group::Other),
        "lc" | "casedletter" => Property::Cased,
        "lu" | "uppercaseletter" => Property::Category(Is::UppercaseLetter),
        "ll" | "lowercaseletter" => Property::Category(Is::LowercaseLetter),
        "lt" | "titlecaseletter" => Property::Category(Is::TitlecaseLetter),
        "lm" | "modifierletter" => Property::Category(Is::ModifierLetter),
        "lo" | "otherletter" => Property::Category(Is::OtherLetter),
        "mn" | "nonspacingmark" => Property::Category(Is::NonspacingMark),
        "mc" | "spacingmark" => Property::Category(Is::SpacingMark),
        "me" | "enclosingmark" => Property::Category(Is::EnclosingMark),
        "nd" | "decimalnumber" | "digit" => Property::Category(Is::DecimalNumber),
        "nl" | "letternumber" => Property::Category(Is::LetterNumber),
        "no" | "othernumber" => Property::Category(Is::OtherNumber),
        "pc" | "connectorpunctuation" => Property::Category(Is::ConnectorPunctuation),
        "pd" | "dashpunctuation" => Property::Category(Is::DashPunctuation),
        "ps" | "openpunctuation" => Property::Category(Is::OpenPunctuation),
        "pe" | "closepunctuation" => Property::Category(Is::ClosePunctuation),
        "pi" | "initialpunctuation" => Property::Category(Is::InitialPunctuation),
        "pf" | "finalpunctuation" => Property::Category(Is::FinalPunctuation),
        "po" | "otherpunctuation" => Property::Category(Is::OtherPunctuation),
        "sm" | "mathsymbol" => Property::Category(Is::MathSymbol),
        "sc" | "currencysymbol" => Property::Category(Is::CurrencySymbol),
        "sk" | "modifiersymbol" => Property::Category(Is::ModifierSymbol),
        "so" | "othersymbol" => Property::Category(Is::OtherSymbol),
        "zs" | "spaceseparator" => Property::Category(Is::SpaceSeparator),
        "zl" | "lineseparator" => Property::Category(Is::LineSeparator),
        "zp" | "paragraphseparator" => Property::Category(Is::ParagraphSeparator),
        "cc" | "control" | "cntrl" => Property::Category(Is::Control),
        "cf" | "format" => Property::Category(Is::Format),
        "co" | "privateuse" => Property::Category(Is::PrivateUse),
        "cn" | "unassigned" => Property::Category(Is::Unassigned),
        _ => return None,
    })
}
