//! What models can be filtered by: task, library, language, licence and size, each value with the models that have it.

use serde_json::json;
use vitrine_hub::PIPELINE_TAGS;
use vitrine_views::Text;
use vitrine_views::locale::translated;

use super::{Entry, Postings, differences};
use crate::text;

/// One property that models are filtered by.
pub(super) struct Facet {
    /// Its key in addresses.
    pub(super) key: &'static str,
    /// Its name.
    pub(super) name: Text,
    /// Values with the numbers of the models that have them: tasks in the Hub's order, sizes from small to large, others from
    /// frequent to rare.
    pub(super) values: Vec<(String, Vec<usize>)>,
}

/// All of them.
pub(super) struct Facets(pub(super) Vec<Facet>);

/// Sizes in parameters: the key, its upper bound (excluded) and its name.
const SIZES: &[(&str, u64, Text)] = &[
    ("10M", 10_000_000, text::UNDER_10M),
    ("100M", 100_000_000, text::UNDER_100M),
    ("1B", 1_000_000_000, text::UNDER_1B),
    ("more", u64::MAX, text::OVER_1B),
];

impl Facets {
    pub(super) fn of(entries: &[&Entry]) -> Self {
        let postings = |values: &dyn Fn(&Entry) -> Vec<String>| {
            let mut postings = Postings::new();
            for (number, entry) in entries.iter().enumerate() {
                let mut values = values(entry);
                values.sort();
                values.dedup();
                for value in values {
                    postings.entry(value).or_default().push(number);
                }
            }
            postings
        };
        let frequent = |postings: Postings| {
            let mut values: Vec<(String, Vec<usize>)> = postings.into_iter().collect();
            values.sort_by_key(|(_, models)| std::cmp::Reverse(models.len()));
            values
        };
        let ordered = |postings: Postings, order: &dyn Fn(&str) -> Option<usize>| {
            let mut values: Vec<(String, Vec<usize>)> = postings.into_iter().collect();
            values.sort_by_key(|(value, _)| order(value).unwrap_or(usize::MAX));
            values
        };
        let task_order = |tag: &str| PIPELINE_TAGS.iter().position(|(known, ..)| *known == tag);
        let size_order = |key: &str| SIZES.iter().position(|(known, ..)| *known == key);
        Self(vec![
            Facet {
                key: "task",
                name: text::TASK,
                values: ordered(postings(&|entry| entry.task.iter().cloned().collect()), &task_order),
            },
            Facet {
                key: "library",
                name: text::LIBRARY,
                values: frequent(postings(&|entry| entry.library.iter().cloned().collect())),
            },
            Facet {
                key: "language",
                name: text::LANGUAGE,
                values: frequent(postings(&|entry| entry.languages.clone())),
            },
            Facet { key: "licence", name: text::LICENCE, values: frequent(postings(&|entry| entry.licences.clone())) },
            Facet {
                key: "size",
                name: text::SIZE,
                values: ordered(postings(&|entry| size(entry).map(str::to_owned).into_iter().collect()), &size_order),
            },
        ])
    }

    /// The files with the models of each value, by the value's place in its facet.
    pub(super) fn files(&self) -> Vec<(String, String)> {
        self.0
            .iter()
            .flat_map(|facet| {
                facet.values.iter().enumerate().map(|(index, (_, models))| {
                    (format!("index/facet/{}-{index}.json", facet.key), json!(differences(models)).to_string())
                })
            })
            .collect()
    }

    /// The models of each task, in the Hub's order.
    pub(super) fn tasks(&self) -> &[(String, Vec<usize>)] {
        self.0.first().map(|facet| facet.values.as_slice()).unwrap_or_default()
    }
}

/// The key of a model's size.
fn size(entry: &Entry) -> Option<&'static str> {
    let parameters = entry.parameters?;
    SIZES.iter().find(|(_, bound, _)| parameters < *bound).map(|(key, ..)| *key)
}

/// The name of a value as people read it.
pub(super) fn value_name<'a>(key: &str, value: &'a str) -> &'a str {
    match key {
        "task" => PIPELINE_TAGS.iter().find(|(tag, ..)| *tag == value).map_or(value, |(_, name, _)| translated(name)),
        "size" => SIZES.iter().find(|(known, ..)| *known == value).map_or(value, |(.., name)| name.as_str()),
        _ => value,
    }
}
