//! Numbers and dates in a table's cells and in a question, and how they compare (the number utilities of
//! `tokenization_tapas.py` of transformers, after Herzig et al., 2020).

/// A number or a date that a text holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    Number(f64),
    /// Year, month and day, as far as the text tells them.
    Date([Option<f64>; 3]),
}

/// What values are compared by: the number, or the parts of a date that all of them have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    Number,
    Parts(Vec<usize>),
}

impl Key {
    /// The key by which all values can be compared, if there is one (`get_numeric_sort_key_fn`).
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a Value> + Clone) -> Option<Self> {
        if values.clone().all(|value| matches!(value, Value::Number(_))) {
            return values.clone().next().map(|_| Self::Number);
        }
        let has = |value: &Value, part: usize| match value {
            Value::Number(_) => false,
            Value::Date(date) => date.get(part).is_some_and(Option::is_some),
        };
        let parts: Vec<usize> = (0..3).filter(|part| values.clone().all(|value| has(value, *part))).collect();
        (!parts.is_empty()).then_some(Self::Parts(parts))
    }

    /// What is compared of a value.
    pub(super) fn apply(&self, value: &Value) -> Vec<f64> {
        match (self, value) {
            (Self::Number, Value::Number(number)) => vec![*number],
            (Self::Parts(parts), Value::Date(date)) => {
                parts.iter().filter_map(|part| date.get(*part).copied().flatten()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// For each cell of a column, given the values of each, the first of the column's commonest type (`_consolidate_numeric_values`).
pub(super) fn consolidate(cells: &[Vec<Value>]) -> Vec<Option<Value>> {
    let is_date = |value: &Value| matches!(value, Value::Date(_));
    let dates = cells.iter().filter(|values| values.iter().any(is_date)).count();
    let numbers = cells.iter().filter(|values| values.iter().any(|value| !is_date(value))).count();
    let most = dates.max(numbers);
    if most == 0 || (most as f64) < cells.len() as f64 * 0.7 {
        return vec![None; cells.len()];
    }
    cells.iter().map(|values| values.iter().find(|value| is_date(value) == (dates == most)).copied()).collect()
}

/// The values in a text, in the order of their places (`parse_text` of the text in lower case).
pub(super) fn values(text: &str) -> Vec<Value> {
    let text: Vec<char> = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    let mut found: Vec<(usize, usize, Vec<Value>)> = numbers(&text);
    let known: Vec<(usize, usize)> = found.iter().map(|(begin, end, _)| (*begin, *end)).collect();
    let mut add = |begin: usize, end: usize, value: Value| match found
        .iter_mut()
        .find(|(from, to, _)| (*from, *to) == (begin, end))
    {
        Some((.., values)) => values.push(value),
        None => found.push((begin, end, vec![value])),
    };
    let cut = |begin: usize, end: usize| text.get(begin..end).unwrap_or_default().iter().collect::<String>();
    for (begin, end) in spans(&text, 1) {
        if known.contains(&(begin, end)) {
            continue;
        }
        let word = cut(begin, end);
        let place = |words: &[&str; 13]| words.iter().position(|known| *known == word).map(|place| place as f64);
        for number in [number(&word), place(NUMBERS), place(ORDINALS)].into_iter().flatten() {
            add(begin, end, Value::Number(number));
        }
    }
    for (begin, end) in spans(&text, 5) {
        if let Some(date) = date(&cut(begin, end)) {
            add(begin, end, Value::Date(date));
        }
    }
    // The longest first; what lies within another is left out.
    found.sort_by_key(|(begin, end, _)| (std::cmp::Reverse(end - begin), *begin));
    let mut selected: Vec<(usize, usize, Vec<Value>)> = Vec::new();
    for (begin, end, values) in found {
        if !selected.iter().any(|(from, to, _)| *from <= begin && end <= *to) {
            selected.push((begin, end, values));
        }
    }
    selected.sort_by_key(|(begin, ..)| *begin);
    selected.into_iter().flat_map(|(.., values)| values).collect()
}

/// Matches of `((^|\s)[+-])?((\.\d+)|(\d+(,\d\d\d)*(\.\d*)?))` that are numbers.
fn numbers(text: &[char]) -> Vec<(usize, usize, Vec<Value>)> {
    let mut found = Vec::new();
    let mut begin = 0;
    while begin < text.len() {
        let is_sign = |at: usize| matches!(text.get(at), Some('+' | '-'));
        let after_sign = if text.get(begin).is_some_and(|c| c.is_whitespace()) && is_sign(begin + 1) {
            Some(begin + 2)
        } else {
            (begin == 0 && is_sign(0)).then_some(1)
        };
        let end = after_sign.and_then(|at| end_of_number(text, at)).or_else(|| end_of_number(text, begin));
        let Some(end) = end else {
            begin += 1;
            continue;
        };
        let digits: String = text.get(begin..end).unwrap_or_default().iter().collect();
        found.extend(number(&digits).map(|number| (begin, end, vec![Value::Number(number)])));
        begin = end;
    }
    found
}

/// The end of `(\.\d+)|(\d+(,\d\d\d)*(\.\d*)?)` at a place.
fn end_of_number(text: &[char], begin: usize) -> Option<usize> {
    let digits = |from: usize| text.iter().skip(from).take_while(|c| c.is_ascii_digit()).count();
    let is = |at: usize, sign: char| text.get(at) == Some(&sign);
    if is(begin, '.') {
        return Some(digits(begin + 1)).filter(|count| *count > 0).map(|count| begin + 1 + count);
    }
    let mut end = begin + Some(digits(begin)).filter(|count| *count > 0)?;
    while is(end, ',') && digits(end + 1) >= 3 {
        end += 4;
    }
    if is(end, '.') {
        end += 1 + digits(end + 1);
    }
    Some(end)
}

/// A cardinal or an ordinal in digits (`_parse_number`).
fn number(text: &str) -> Option<f64> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|suffix| text.strip_suffix(suffix)).unwrap_or(text);
    digits.replace(',', "").trim().parse().ok().filter(|number: &f64| !number.is_nan() && *number != f64::INFINITY)
}

/// Every span of at most `most` words of letters and digits (`get_all_spans`).
fn spans(text: &[char], most: usize) -> Vec<(usize, usize)> {
    let is_word = |at: usize| text.get(at).is_some_and(|c| c.is_alphanumeric());
    let mut begins: Vec<usize> = Vec::new();
    let mut found = Vec::new();
    for at in (0..text.len()).filter(|at| is_word(*at)) {
        if at == 0 || !is_word(at - 1) {
            begins.push(at);
        }
        if !is_word(at + 1) {
            let last = begins.len().saturating_sub(most);
            found.extend(begins.iter().skip(last).map(|begin| (*begin, at + 1)));
        }
    }
    found
}

const NUMBERS: &[&str; 13] =
    &["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
const ORDINALS: &[&str; 13] = &[
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth",
];
const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Python's patterns for `strptime`, in their order, without those that can never be the first to match.
const DATES: &[&str] = &[
    "%B",
    "%Y",
    "%Ys",
    "%b %Y",
    "%B %Y",
    "%B %d",
    "%b %d",
    "%d %b",
    "%d %B",
    "%B %d, %Y",
    "%d %B %Y",
    "%m-%d-%Y",
    "%Y-%m-%d",
    "%Y-%m",
    "%d %b %Y",
    "%b %d, %Y",
    "%d.%m.%Y",
    "%A, %b %d",
    "%A, %B %d",
];

/// Year, month and day of a date in lower case (`_parse_date`).
fn date(text: &str) -> Option<[Option<f64>; 3]> {
    DATES.iter().find_map(|pattern| {
        let [year, month, day] = by_pattern(text, pattern)?;
        // What a pattern does not tell is 1900, January and 1 to Python, and 1900 was no leap year.
        let known_year = year.unwrap_or(1900);
        let leap = known_year % 4 == 0 && (known_year % 100 != 0 || known_year % 400 == 0);
        let days = match month.unwrap_or(1) {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let valid = day.unwrap_or(1) <= days && (1700..=2016).contains(&known_year);
        valid.then(|| [year, month, day].map(|part| part.map(f64::from)))
    })
}

fn by_pattern(text: &str, pattern: &str) -> Option<[Option<u32>; 3]> {
    let mut parts = [None; 3];
    let [year, month, day] = &mut parts;
    let mut rest = text;
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        let field = if sign == '%' { signs.next()? } else { ' ' };
        match (sign, field) {
            ('%', 'Y') => *year = Some(digits(&mut rest, 4, 4, 9999)?),
            ('%', 'm') => *month = Some(digits(&mut rest, 1, 2, 12).filter(|month| *month > 0)?),
            ('%', 'd') => *day = Some(digits(&mut rest, 1, 2, 31).filter(|day| *day > 0)?),
            ('%', 'A') => {
                word(&mut rest, WEEKDAYS, usize::MAX)?;
            }
            ('%', 'B') => *month = Some(word(&mut rest, MONTHS, usize::MAX)?),
            ('%', _) => *month = Some(word(&mut rest, MONTHS, 3)?),
            (sign, _) => rest = rest.strip_prefix(sign)?,
        }
    }
    rest.is_empty().then_some(parts)
}

/// Takes a number of so many digits, at most `largest`.
fn digits(rest: &mut &str, least: usize, most: usize, largest: u32) -> Option<u32> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at(count);
    *rest = after;
    number.parse().ok().filter(|number| count >= least && *number <= largest)
}

/// Takes one of the words, of which the first `letters` count; its place among them from 1.
fn word(rest: &mut &str, words: &[&str], letters: usize) -> Option<u32> {
    words.iter().enumerate().find_map(|(place, word)| {
        let word = word.get(..letters.min(word.len()))?;
        *rest = rest.strip_prefix(word)?;
        Some(place as u32 + 1)
    })
}
