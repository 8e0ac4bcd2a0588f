//! The fields of a card's metadata, each with its check.

use serde_json::Value;

use super::identifiers::{is_language, libraries, licences};
use super::reader::{Field, Reader, is_url};
use super::{model_index, nearest};
use crate::yaml::Node;
use crate::{PIPELINE_TAGS, RepoId};

type Check = fn(&mut Reader, &Field);

/// The keys that the Hub reads, after modelcard.md and the pages of its documentation.
pub(super) const FIELDS: &[(&str, Check)] = &[
    ("language", language),
    ("language_bcp47", texts),
    ("license", licence),
    ("license_name", text),
    ("license_link", licence_link),
    ("library_name", library),
    ("pipeline_tag", pipeline_tag),
    ("tags", list_of_texts),
    ("datasets", datasets),
    ("buckets", texts),
    ("metrics", texts),
    ("base_model", base_model),
    ("base_model_relation", base_model_relation),
    ("new_version", new_version),
    ("thumbnail", thumbnail),
    ("widget", list),
    ("inference", inference),
    ("mask_token", text),
    ("instance_prompt", instance_prompt),
    ("model-index", model_index::model_index),
    ("model_name", text),
    ("co2_eq_emissions", emissions),
    ("extra_gated_heading", text),
    ("extra_gated_description", text),
    ("extra_gated_prompt", text),
    ("extra_gated_fields", gate_fields),
    ("extra_gated_button_content", text),
    ("extra_gated_eu_disallowed", boolean),
];

fn text(reader: &mut Reader, field: &Field) {
    reader.text(field);
}

fn texts(reader: &mut Reader, field: &Field) {
    reader.texts(field);
}

fn list(reader: &mut Reader, field: &Field) {
    reader.items(field);
}

fn list_of_texts(reader: &mut Reader, field: &Field) {
    reader.list_of_texts(field);
}

fn boolean(reader: &mut Reader, field: &Field) {
    reader.boolean(field);
}

fn language(reader: &mut Reader, field: &Field) {
    for (item, code) in reader.texts(field) {
        let name = &item.name;
        if code.chars().any(char::is_uppercase) {
            reader.error(&item, format!("\"{name}\" must only contain lowercase characters"));
        } else if !is_language(code) {
            let message = format!(
                "\"{name}\" with value \"{code}\" is not valid. It must be an ISO 639-1, 639-2 or 639-3 code (two/three \
                 letters), or a special value like \"code\", \"multilingual\". If you want to use BCP-47 identifiers, you can \
                 specify them in language_bcp47."
            );
            reader.error(&item, message);
        }
    }
}

fn licence(reader: &mut Reader, field: &Field) {
    for (item, id) in reader.texts(field) {
        if licences().any(|licence| licence == id) {
            continue;
        }
        let meant = nearest(id, licences());
        let meant = meant.map(|meant| format!(" Did you mean \"{meant}\"?")).unwrap_or_default();
        let message = format!(
            "\"{}\" must be one of the identifiers that https://huggingface.co/docs/hub/repositories-licenses lists, and \
             \"{id}\" is none.{meant}",
            item.name
        );
        reader.error(&item, message);
    }
}

fn licence_link(reader: &mut Reader, field: &Field) {
    if reader.text(field).is_some_and(|link| !is_url(link) && !matches!(link, "LICENSE" | "LICENSE.md")) {
        let message = "\"license_link\" should be a web address, \"LICENSE\" or \"LICENSE.md\"";
        reader.warning(field, message.to_owned());
    }
}

/// A name and a link are for a licence that has no identifier, and such a licence needs a name.
pub(super) fn licence_of_no_list(reader: &mut Reader, root: &Node) {
    let root = Field::root(root);
    let licence = root.get("license");
    let is_other = licence.as_ref().is_none_or(|licence| match licence.items() {
        Some(items) => items.iter().any(|item| item.text() == Some("other")),
        None => licence.text() == Some("other"),
    });
    match (licence, root.get("license_name"), root.get("license_link")) {
        (Some(licence), None, _) if is_other => {
            let message =
                "\"license\" is \"other\": \"license_name\" should name it, and \"license_link\" tell where it is";
            reader.warning(&licence, message.to_owned());
        }
        (None, Some(field), _) | (None, None, Some(field)) => {
            reader.warning(&field, format!("\"{}\" needs \"license\" to be \"other\"", field.name));
        }
        (Some(_), Some(field), _) | (Some(_), None, Some(field)) if !is_other => {
            let message =
                format!("\"{}\" is for a licence without identifier, where \"license\" is \"other\"", field.name);
            reader.warning(&field, message);
        }
        _ => {}
    }
}

fn library(reader: &mut Reader, field: &Field) {
    let Some(library) = reader.text(field) else { return };
    if libraries().all(|known| known != library) {
        let meant = nearest(library, libraries());
        let meant = meant.map(|meant| format!(": did you mean \"{meant}\"?")).unwrap_or_default();
        reader.warning(field, format!("the Hub does not know the library \"{library}\"{meant}"));
    }
}

fn pipeline_tag(reader: &mut Reader, field: &Field) {
    let Some(tag) = reader.text(field) else { return };
    let known: Vec<&str> = PIPELINE_TAGS.iter().map(|(tag, ..)| *tag).collect();
    if !known.contains(&tag) {
        let list = known.join(", ");
        reader.warning(field, format!("The pipeline tag \"{tag}\" is not in the official list: {list}"));
    }
}

fn datasets(reader: &mut Reader, field: &Field) {
    ids(reader, field, "If possible, use a dataset id from https://hf.co/datasets.");
}

fn base_model(reader: &mut Reader, field: &Field) {
    ids(reader, field, "Use a model id from https://hf.co/models.");
}

fn new_version(reader: &mut Reader, field: &Field) {
    if reader.text(field).is_some() {
        ids(reader, field, "Use a model id from https://hf.co/models.");
    }
}

fn ids(reader: &mut Reader, field: &Field, what_to_use: &str) {
    for (item, id) in reader.texts(field) {
        if RepoId::parse(id).is_err() {
            reader.error(&item, format!("\"{}\" with value \"{id}\" is not valid. {what_to_use}", item.name));
        }
    }
}

fn base_model_relation(reader: &mut Reader, field: &Field) {
    one_of(reader, field, &["adapter", "merge", "quantized", "finetune"]);
}

/// A model cannot be made of itself, or be its own successor.
pub(super) fn own_relatives(reader: &mut Reader, root: &Node, repo: Option<&RepoId>) {
    let root = Field::root(root);
    for (key, relative) in [("base_model", "base model"), ("new_version", "new version")] {
        let Some(field) = root.get(key) else { continue };
        let fields = field.items().unwrap_or_else(|| vec![field]);
        for field in fields.iter().filter(|field| field.text().is_some() && field.text() == repo.map(RepoId::as_str)) {
            reader.error(field, format!("\"{}\" is this model, which cannot be its own {relative}", field.name));
        }
    }
}

fn thumbnail(reader: &mut Reader, field: &Field) {
    if reader.text(field).is_some_and(|text| !is_url(text)) {
        reader.warning(field, "\"thumbnail\" should be a web address, which other sites can fetch".to_owned());
    }
}

fn inference(reader: &mut Reader, field: &Field) {
    if let Some(parameters) = field.get("parameters") {
        reader.is_map(&parameters);
    }
    if !field.is_map() && !field.scalar().is_some_and(Value::is_boolean) {
        reader.error(field, "\"inference\" must be one of [boolean, object]".to_owned());
    }
}

fn instance_prompt(reader: &mut Reader, field: &Field) {
    if !field.is_null() {
        reader.text(field);
    }
}

fn emissions(reader: &mut Reader, field: &Field) {
    let is_number = |value: &Value| match value {
        Value::String(text) => text.trim().parse::<f64>().is_ok(),
        value => value.is_number(),
    };
    let number = if field.is_map() { field.get("emissions") } else { None };
    let amount = number.as_ref().unwrap_or(field);
    match amount.scalar() {
        Some(value) if is_number(value) => {}
        None if field.is_map() && number.is_none() => {}
        _ => reader.error(amount, format!("\"{}\" must be a number", amount.name)),
    }
    for key in ["source", "training_type", "geographical_location", "hardware_used"] {
        if let Some(part) = field.get(key) {
            reader.text(&part);
        }
    }
}

fn gate_fields(reader: &mut Reader, field: &Field) {
    if !reader.is_map(field) {
        return;
    }
    for (_, question) in field.entries() {
        let input = if question.is_map() { reader.required(&question, "type") } else { Some(question) };
        let Some(input) = input else { continue };
        one_of(reader, &input, &["text", "checkbox", "date_picker", "country", "select", "ip_location"]);
    }
    for (_, question) in field.entries() {
        let is_select = question.get("type").is_some_and(|kind| kind.text() == Some("select"));
        if is_select && let Some(options) = reader.required(&question, "options") {
            for option in reader.items(&options) {
                if option.is_map() {
                    reader.required(&option, "label");
                    reader.required(&option, "value");
                } else {
                    reader.text(&option);
                }
            }
        } else if question.text() == Some("select") {
            reader.error(&question, format!("\"{}\" must have \"options\" to select from", question.name));
        }
    }
}

fn one_of(reader: &mut Reader, field: &Field, values: &[&str]) {
    if reader.text(field).is_some_and(|text| !values.contains(&text)) {
        reader.error(field, format!("\"{}\" must be one of [{}]", field.name, values.join(", ")));
    }
}
