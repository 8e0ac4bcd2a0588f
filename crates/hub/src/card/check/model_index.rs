//! The check of `model-index`, after the Hub's modelcard.md.

use super::reader::{Field, Reader};

/// Checks the whole index.
pub(super) fn model_index(reader: &mut Reader, field: &Field) {
    for model in reader.items(field) {
        if !reader.is_map(&model) {
            continue;
        }
        if let Some(name) = reader.required(&model, "name") {
            reader.text(&name);
        }
        let Some(results) = reader.required(&model, "results") else { continue };
        for result in reader.items(&results) {
            if reader.is_map(&result) {
                check_result(reader, &result);
            }
        }
    }
}

fn check_result(reader: &mut Reader, result: &Field) {
    if let Some(task) = required_map(reader, result, "task") {
        texts(reader, &task, &["type"], &["name"]);
    }
    if let Some(dataset) = required_map(reader, result, "dataset") {
        texts(reader, &dataset, &["type", "name"], &["config", "split", "revision"]);
        if let Some(id) = dataset.get("type")
            && id.text().is_some_and(|text| !is_dataset(text))
        {
            let value = id.text().unwrap_or_default();
            let pattern = r"/^(?:[\w-]+\/)?[\w-.]+$/";
            let message =
                format!("\"{}\" with value \"{value}\" fails to match the required pattern: {pattern}", id.name);
            reader.error(&id, message);
        }
    }
    if let Some(metrics) = reader.required(result, "metrics") {
        for metric in reader.items(&metrics) {
            if reader.is_map(&metric) {
                texts(reader, &metric, &["type"], &["name", "config", "verifyToken"]);
                reader.required(&metric, "value");
                if let Some(verified) = metric.get("verified") {
                    reader.boolean(&verified);
                }
            }
        }
    }
    if let Some(source) = result.get("source")
        && reader.is_map(&source)
    {
        texts(reader, &source, &[], &["name"]);
        if let Some(url) = reader.required(&source, "url") {
            reader.url(&url);
        }
    }
}

fn required_map<'a>(reader: &mut Reader, result: &Field<'a>, key: &str) -> Option<Field<'a>> {
    let field = reader.required(result, key)?;
    reader.is_map(&field).then_some(field)
}

fn texts(reader: &mut Reader, map: &Field, required: &[&str], optional: &[&str]) {
    for key in required {
        if let Some(field) = reader.required(map, key) {
            reader.text(&field);
        }
    }
    for key in optional {
        if let Some(field) = map.get(key) {
            reader.text(&field);
        }
    }
}

/// Whether a text has the form of a data set's id.
fn is_dataset(id: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let (owner, name) = id.split_once('/').map_or((None, id), |(owner, name)| (Some(owner), name));
    let fits = |part: &str, also: char| !part.is_empty() && part.chars().all(|c| is_word(c) || c == also);
    owner.is_none_or(|owner| fits(owner, '-')) && fits(name, '.')
}
