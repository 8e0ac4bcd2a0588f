//! A question and a table as the tokens of TAPAS, each with its segment, column, row and what numbers tell of it
//! (`tokenization_tapas.py` of transformers, after Herzig et al., 2020).

mod numbers;

use std::collections::HashMap;

use serde_json::Value as Json;
use vitrine_models::Config;
use vitrine_tasks::Table;

use crate::tokenizer::{Named, Tokenizer};
use crate::{Error, Result};
use numbers::{Key, Value, consolidate, values};

/// Types of one token: segment, column, row, previous answer, rank, rank from the end, relation to the question's numbers.
pub(crate) const TYPE_COLUMNS: usize = 7;
const COLUMN: usize = 1;
const ROW: usize = 2;
const PREVIOUS: usize = 3;
const RANK: usize = 4;
const INVERSE_RANK: usize = 5;
const RELATION: usize = 6;

/// What `tokenizer_config.json` says about tables, within the types that the model knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The most tokens of a cell.
    cell_trim_length: Option<usize>,
    max_columns: usize,
    max_rows: usize,
    strip_column_names: bool,
    min_question_length: usize,
    max_question_length: usize,
    /// The largest rank.
    max_rank: u32,
}

impl Settings {
    /// `limit` is the tokenizer's `model_max_length`. Python runs beyond the model's types, where it has more of a table.
    pub(crate) fn of(tokenizer_config: &Json, config: &Config, limit: usize) -> Self {
        let number = |key: &str| tokenizer_config.get(key).and_then(Json::as_u64).map(|number| number as usize);
        let types = |column: usize| {
            let sizes = config.get("type_vocab_sizes");
            sizes.get(column).and_then(Json::as_u64).unwrap_or(256) as usize
        };
        Self {
            cell_trim_length: number("cell_trim_length"),
            max_columns: number("max_column_id").unwrap_or(limit).min(types(COLUMN)),
            max_rows: number("max_row_id").unwrap_or(limit).min(types(ROW)),
            max_rank: types(RANK).min(types(INVERSE_RANK)).saturating_sub(1) as u32,
            strip_column_names: tokenizer_config.get("strip_column_names") == Some(&Json::Bool(true)),
            min_question_length: number("min_question_length").unwrap_or(0),
            max_question_length: number("max_question_length").unwrap_or(usize::MAX),
        }
    }
}

/// The tokens of a question and a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub ids: Vec<u32>,
    /// [`TYPE_COLUMNS`] numbers a token.
    pub types: Vec<u32>,
    /// Rows that the tokens stand for; the others did not fit.
    pub rows: usize,
}

impl Encoded {
    /// Each token's place in the table, as (row, column) from 0; none outside the table's body.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Option<(usize, usize)>> {
        self.types.chunks_exact(TYPE_COLUMNS).map(|types| match types {
            [_, column, row, ..] => Some(((*row as usize).checked_sub(1)?, (*column as usize).checked_sub(1)?)),
            _ => None,
        })
    }

    /// Marks the tokens of cells that answered the question before.
    pub(crate) fn remember(&mut self, answered: impl Fn((usize, usize)) -> bool) {
        let cells: Vec<bool> = self.cells().map(|cell| cell.is_some_and(&answered)).collect();
        for (types, answered) in self.types.chunks_exact_mut(TYPE_COLUMNS).zip(cells) {
            if let Some(previous) = types.get_mut(PREVIOUS) {
                *previous = u32::from(answered);
            }
        }
    }
}

/// A token of the table.
struct CellToken {
    id: u32,
    /// 0 for the header, 1 for the first row.
    row: usize,
    column: usize,
    /// Where its word begins among the tokens of its cell.
    word: usize,
}

/// The tokens of a question and a table, at most `limit`. With `truncate`, rows are left out at the end, and cells are
/// cut, until all fits.
pub(crate) fn encode(
    tokenizer: &Tokenizer,
    settings: &Settings,
    question: &str,
    table: &Table,
    limit: usize,
    truncate: bool,
) -> Result<Encoded> {
    let invalid = |message: String| Err(Error::InvalidInputs(message));
    if table.columns.len() >= settings.max_columns {
        return invalid(format!("the table has {} columns, too many for the model", table.columns.len()));
    }
    if table.rows.len() >= settings.max_rows && !truncate {
        return invalid(format!("the table has {} rows, too many for the model", table.rows.len()));
    }
    let mut question_ids = tokenize(tokenizer, question)?;
    let mut question = question;
    if !(settings.min_question_length..=settings.max_question_length).contains(&question_ids.len()) {
        (question, question_ids) = ("", Vec::new());
    }
    let tokens = tokens_of(tokenizer, settings, table)?;
    let budget = limit.saturating_sub(question_ids.len() + 2);
    let (rows, words) = if truncate {
        fit(&tokens, settings, table.rows.len().min(settings.max_rows.saturating_sub(1)), budget)
    } else {
        (table.rows.len(), usize::MAX)
    };
    let kept: Vec<&CellToken> = tokens.iter().filter(|token| token.row <= rows && token.word < words).collect();
    if kept.len() > budget {
        let tokens = kept.len() + question_ids.len() + 2;
        return invalid(format!("the question and the table have {tokens} tokens, but the model takes {limit}"));
    }
    let special = |name: Named, text: &str| match tokenizer.named(name) {
        Some((_, id)) => Ok(id),
        None => Err(Error::MalformedTokenizer(format!("the tokenizer has no {text} token"))),
    };
    let mut ids = vec![special(Named::Cls, "[CLS]")?];
    ids.extend(question_ids);
    ids.push(special(Named::Sep, "[SEP]")?);
    let before = ids.len();
    ids.extend(kept.iter().map(|token| token.id));
    let mut types = vec![[0; TYPE_COLUMNS]; before];
    let numbers = Numbers::of(question, table);
    types.extend(kept.iter().map(|token| {
        let cell = token.row.checked_sub(1).map(|row| (row, token.column));
        let [rank, inverse, relation] = cell.and_then(|cell| numbers.0.get(&cell)).copied().unwrap_or_default();
        let mut types = [1, token.column as u32 + 1, token.row as u32, 0, 0, 0, 0];
        types[RANK] = rank.min(settings.max_rank);
        types[INVERSE_RANK] = inverse.min(settings.max_rank);
        types[RELATION] = relation;
        types
    }));
    Ok(Encoded { ids, types: types.concat(), rows })
}

/// The ids of a text; one that holds no letter and no digit is the token for empty cells.
fn tokenize(tokenizer: &Tokenizer, text: &str) -> Result<Vec<u32>> {
    let plain = text.trim().to_lowercase();
    let empty = matches!(&*plain, "n/a" | "?" | "nan") || !plain.contains(char::is_alphanumeric);
    match tokenizer.id("[EMPTY]") {
        Some(id) if empty && !text.is_empty() => Ok(vec![id]),
        // The library keeps them.
        _ => tokenizer.bare(&text.replace(is_noncharacter, "")),
    }
}

fn is_noncharacter(character: char) -> bool {
    u32::from(character) & 0xfffe == 0xfffe || matches!(character, '\u{fdd0}'..='\u{fdef}')
}

fn tokens_of(tokenizer: &Tokenizer, settings: &Settings, table: &Table) -> Result<Vec<CellToken>> {
    let mut tokens = Vec::new();
    for (row, cells) in table.lines().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let text = if row == 0 && settings.strip_column_names { "" } else { cell };
            let mut word = 0;
            for (index, id) in tokenize(tokenizer, text)?.into_iter().enumerate() {
                if !tokenizer.token(id).is_some_and(|token| token.starts_with("##")) {
                    word = index;
                }
                tokens.push(CellToken { id, row, column, word });
            }
        }
    }
    Ok(tokens)
}

/// Rows, and tokens of each cell, that a budget of tokens allows (`_get_truncated_table_rows`).
fn fit(tokens: &[CellToken], settings: &Settings, rows: usize, budget: usize) -> (usize, usize) {
    let mut longest = 0;
    let mut place = (usize::MAX, usize::MAX, 0);
    for token in tokens {
        let index = if (place.0, place.1) == (token.row, token.column) { place.2 + 1 } else { 0 };
        place = (token.row, token.column, index);
        longest = longest.max(index + 1);
    }
    let trim = settings.cell_trim_length;
    longest = longest.min(trim.unwrap_or(usize::MAX));
    for rows in (1..=rows).rev() {
        let cost = |words: usize| tokens.iter().filter(|token| token.row <= rows && token.word < words).count();
        let words = (0..=longest).find(|words| cost(words + 1) > budget).unwrap_or(longest);
        if words == longest || (trim.is_none() && words > 0) {
            return (rows, words.max(1));
        }
    }
    (0, 1)
}

/// For each cell (row, column) with a number: its rank, its rank from the end, and its relation to the question's numbers.
struct Numbers(HashMap<(usize, usize), [u32; 3]>);

impl Numbers {
    fn of(question: &str, table: &Table) -> Self {
        let asked = values(question);
        let mut found = HashMap::new();
        for column in 0..table.columns.len() {
            let cells = table.rows.iter().map(|row| row.get(column).map(|cell| values(cell)).unwrap_or_default());
            let column_values = consolidate(&cells.collect::<Vec<_>>());
            let present = || column_values.iter().flatten();
            if let Some(key) = Key::of(present()) {
                let mut ranked: Vec<Vec<f64>> = present().map(|value| key.apply(value)).collect();
                ranked.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
                ranked.dedup();
                for (row, value) in column_values.iter().enumerate() {
                    let rank = value.and_then(|value| ranked.iter().position(|known| *known == key.apply(&value)));
                    if let Some(rank) = rank {
                        let inverse = ranked.len() - rank;
                        found.insert((row, column), [rank as u32 + 1, inverse as u32, 0]);
                    }
                }
            }
            for value in &asked {
                let Some(key) = Key::of(present().chain([value])).filter(|_| present().next().is_some()) else {
                    continue;
                };
                for (row, cell) in column_values.iter().enumerate() {
                    if let Some(cell) = cell {
                        let entry: &mut [u32; 3] = found.entry((row, column)).or_default();
                        entry[2] |= relation(&key, value, cell);
                    }
                }
            }
        }
        Self(found)
    }
}

/// How a value of the question compares with a cell's: 1 equal, 2 less, 4 greater.
fn relation(key: &Key, value: &Value, cell: &Value) -> u32 {
    match key.apply(value).partial_cmp(&key.apply(cell)) {
        Some(std::cmp::Ordering::Equal) => 1,
        Some(std::cmp::Ordering::Less) => 2,
        Some(std::cmp::Ordering::Greater) => 4,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::sentence_transformers::Files;

    /// `tests/tapas/make_tapas.py` made them with Python's TapasTokenizer.
    #[test]
    fn tokens_and_types_are_pythons() {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
        let read = |path: &str| std::fs::read(tests.join(path)).unwrap();
        let files: Files = ["config.json", "vocab.txt", "tokenizer_config.json"]
            .map(|name| (name.to_owned(), read(&format!("checkpoints/tapas/{name}"))))
            .into_iter()
            .collect();
        let config = Config::parse(&files["config.json"]).unwrap();
        let tokenizer = Tokenizer::load(&files, Some(&config)).unwrap();
        let settings = Settings::of(&serde_json::from_slice(&files["tokenizer_config.json"]).unwrap(), &config, 128);
        let cases: Vec<Json> = serde_json::from_slice(&read("tapas/tokens.json")).unwrap();
        assert!(cases.len() >= 12);
        for case in &cases {
            let table = Table::of(&case["table"]).unwrap();
            let question = case["query"].as_str().unwrap();
            let encoded = encode(&tokenizer, &settings, question, &table, 128, true).unwrap();
            let numbers = |key: &str| serde_json::from_value::<Vec<u32>>(case[key].clone()).unwrap();
            assert_eq!(encoded.ids, numbers("ids"), "{question}");
            let types = numbers("types");
            for (index, (found, expected)) in encoded.types.chunks(7).zip(types.chunks(7)).enumerate() {
                assert_eq!(found, expected, "{question}, token {index} {:?}", tokenizer.token(encoded.ids[index]));
            }
        }
    }

    #[test]
    fn what_cannot_fit_is_an_error() {
        let table = |columns: usize, rows: usize| Table {
            columns: vec!["a".to_owned(); columns],
            rows: vec![vec!["b".to_owned(); columns]; rows],
        };
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/checkpoints/tapas/vocab.txt");
        let files: Files = [("vocab.txt".to_owned(), std::fs::read(tests).unwrap())].into_iter().collect();
        let config = Config::parse(br#"{"model_type": "tapas"}"#).unwrap();
        let tokenizer = Tokenizer::load(&files, Some(&config)).unwrap();
        let settings = Settings::of(&Json::Null, &config, 16);
        let encode = |table, limit, truncate| encode(&tokenizer, &settings, "a", &table, limit, truncate);
        assert_eq!(encode(table(2, 3), 16, true).unwrap().rows, 3);
        assert_eq!(encode(table(4, 5), 16, true).unwrap().rows, 2);
        assert_eq!(encode(table(4, 5), 16, false).unwrap_err().code().as_str(), "invalid-inputs");
        assert!(encode(table(16, 1), 64, true).is_err());
        assert!(encode(table(15, 1), 8, true).is_err());
    }
}
