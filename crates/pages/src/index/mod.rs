//! The index of a static hub: lists that need no script, and beside them an index to search in, split so that no visitor
//! downloads all of it.

mod entry;
mod facets;
mod lists;
mod words;

pub use entry::{Entry, entry};

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Place;
use facets::Facets;

/// Models on a page of a list.
const PAGE: usize = 100;

/// Rows in a file of rows; a page of results takes as many files as it has rows, at most.
const ROWS: usize = 32;

/// Every file of the index, by its path from the site's root. Models are listed by id.
pub fn index(entries: &[Entry], place: &Place) -> Vec<(String, String)> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_cached_key(|entry| (entry.repo.to_lowercase(), entry.repo.clone()));
    let facets = Facets::of(&sorted);
    let mut files = place.speaking(|| lists::lists(&sorted, &facets, place));
    for (number, rows) in sorted.chunks(ROWS).enumerate() {
        let rows: Vec<Value> = rows.iter().map(|entry| entry.row()).collect();
        files.push((format!("index/rows/{number}.json"), json!(rows).to_string()));
    }
    files.extend(facets.files());
    files.extend(words::files(&sorted));
    files
}

/// Ascending numbers as the differences between them, which are short.
fn differences(numbers: &[usize]) -> Vec<usize> {
    let before = std::iter::once(0).chain(numbers.iter().copied());
    numbers.iter().zip(before).map(|(number, before)| number - before).collect()
}

/// Models by a value of theirs, in the order of the values.
type Postings = BTreeMap<String, Vec<usize>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: usize) -> Vec<Entry> {
        let task = |index: usize| ["text-classification", "fill-mask", "image-classification"][index % 3];
        (0..count)
            .map(|index| Entry {
                repo: format!("org/Model-{index}"),
                task: Some(task(index).to_owned()),
                library: Some("transformers".to_owned()),
                languages: vec!["en".to_owned()],
                licences: vec!["<mit>".to_owned()],
                tags: vec!["tag".to_owned()],
                parameters: Some(1 << (index % 40)),
                weights: 5,
            })
            .collect()
    }

    fn of<'a>(files: &'a [(String, String)], path: &str) -> &'a str {
        &files.iter().find(|(found, _)| found == path).unwrap_or_else(|| panic!("{path}")).1
    }

    #[test]
    fn every_model_is_on_one_plain_page_and_on_one_of_its_task() {
        let files = index(&entries(250), &Place { language: "en", has_index: true, ..Place::default() });
        for (name, expected) in [("index", 250usize), ("tasks/fill-mask/", 83)] {
            let pages: Vec<&String> = files
                .iter()
                .filter(|(path, _)| path.ends_with(".html"))
                .filter(|(path, _)| match name {
                    "index" => path.starts_with("index"),
                    folder => path.starts_with(folder),
                })
                .map(|(_, html)| html)
                .collect();
            let rows: usize = pages.iter().map(|html| html.matches("class=\"row\"").count()).sum();
            assert_eq!((rows, pages.len()), (expected, expected.div_ceil(PAGE)), "{name}");
        }
        assert!(of(&files, "index.html").contains("index/2.html") && !of(&files, "index.html").contains("<mit>"));
    }

    #[test]
    fn rows_are_found_by_word_and_by_facet() {
        let all = entries(250);
        let files = index(&all, &Place { language: "en", has_index: true, ..Place::default() });
        let row = |number: usize| -> Value {
            let file: Value = serde_json::from_str(of(&files, &format!("index/rows/{}.json", number / ROWS))).unwrap();
            file[number % ROWS][0].clone()
        };
        let sums = |list: &Value| -> Vec<usize> {
            let mut sum = 0;
            list.as_array()
                .unwrap()
                .iter()
                .map(|step| {
                    sum += step.as_u64().unwrap() as usize;
                    sum
                })
                .collect()
        };
        let words: Value = serde_json::from_str(of(&files, "index/words/24.json")).unwrap();
        let found = sums(&words["249"]);
        assert_eq!((found.len(), row(found[0])), (1, json!("org/Model-249")));
        let facet: Value = serde_json::from_str(of(&files, "index/facet/task-1.json")).unwrap();
        let found = sums(&facet);
        assert_eq!(found.len(), 83);
        assert!(found.iter().all(|number| {
            let id = row(*number);
            let index: usize = id.as_str().unwrap()["org/Model-".len()..].parse().unwrap();
            index % 3 == 1
        }));
    }

    #[test]
    fn no_file_of_the_index_grows_with_the_number_of_models_but_lists_of_numbers() {
        let files = index(&entries(3000), &Place { language: "en", has_index: true, ..Place::default() });
        for (path, content) in
            files.iter().filter(|(path, _)| path.starts_with("index/rows") || path.ends_with(".html"))
        {
            assert!(content.len() < 100_000, "{path}: {}", content.len());
        }
    }
}
