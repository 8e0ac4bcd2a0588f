//! The form of a task: its fields, examples, parameters and the one button that runs it.

use maud::{Markup, html};
use serde_json::Value;
use vitrine_tasks::{Example, Field, FieldKind, Table, Task};

use crate::icon::{Icon, icon};
use crate::locale::translated;
use crate::parameters::{list_text, parameters};
use crate::table_editor::table_editor;
use crate::text;

/// How the form is shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct FormOptions<'a> {
    /// What the button does.
    pub run: Run,
    /// Whether the shortcut is ⌘ Enter.
    pub mac: bool,
    /// The parameters already set; `None` for none.
    pub parameters: Option<&'a Value>,
    /// The mask token of the model's tokenizer, once it is known.
    pub mask_token: Option<&'a str>,
    /// Whether fields that the task runs without are open, since this model was trained with them.
    pub open_optional: bool,
}

/// What the button of the form does at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Run {
    /// It runs the model.
    #[default]
    Run,
    /// It loads the model, then runs it.
    LoadAndRun,
    /// The model is loading.
    Loading,
    /// The model is running; a press runs it anew on what the form holds by then.
    Running,
}

impl Run {
    /// Whether a press has no effect now; then the button carries `aria-disabled="true"`, which keeps the focus.
    pub fn is_busy(self) -> bool {
        self == Run::Loading
    }
}

/// The button's label; the element puts it into `[data-live="run"]` when the state changes.
pub fn run_label(run: Run) -> &'static str {
    match run {
        Run::Run => text::RUN,
        Run::LoadAndRun => text::LOAD_AND_RUN,
        Run::Loading => text::LOADING,
        Run::Running => text::RUN_AGAIN,
    }
    .as_str()
}

/// The region `form`, filled with `inputs` (`null` for an empty form).
pub fn form(task: &Task, inputs: &Value, examples: &[Example], options: &FormOptions) -> Markup {
    let values = options.parameters.unwrap_or(&Value::Null);
    html! {
        form part="form" data-action="run" novalidate autocomplete="off" {
            (example_buttons(examples))
            @for field in task.fields.iter().filter(|field| !field.optional) {
                (field_control(field, task.field_value(field, inputs, values)))
            }
            @if let Some(token) = options.mask_token { p class="hint" { (text::MASK_TOKEN) " " code { (token) } } }
            div class="sections" {
                @for field in task.fields.iter().filter(|field| field.optional) {
                    @let value = task.field_value(field, inputs, values);
                    @let filled = value.as_str().is_some_and(|text| !text.is_empty());
                    details class="optional" open[options.open_optional || filled] {
                        summary { (translated(field.label)) }
                        (field_control(field, value))
                    }
                }
                (parameters(task, values))
            }
            div class="submit" {
                button class="primary" part="run" type="submit" aria-disabled=[options.run.is_busy().then_some("true")] {
                    span data-live="run" { (run_label(options.run)) }
                }
                span class="shortcut" aria-hidden="true" {
                    kbd { (if options.mac { text::COMMAND } else { text::CTRL }) }
                    "+"
                    kbd { (text::ENTER) }
                }
            }
        }
    }
}

/// What stands for the form until the task is known; it takes as much room.
pub fn form_pending() -> Markup {
    html! {
        div class="pending" aria-hidden="true" {
            div class="bone chips" {}
            div class="bone line" {}
            div class="bone box" {}
            div class="bone button" {}
        }
    }
}

fn example_buttons(examples: &[Example]) -> Markup {
    let mut groups: Vec<&str> = Vec::new();
    for example in examples {
        if !groups.contains(&example.group.as_str()) {
            groups.push(&example.group);
        }
    }
    let button = |index: usize, example: &Example| {
        html! {
            button class="chip" type="button" data-action="example" data-index=(index) title=(preview(&example.inputs)) {
                bdi { (text::example(&example.title, index + 1)) }
                @if example.output.is_some() {
                    " "
                    span class="mark" { (text::WITH_OUTPUT) }
                }
            }
        }
    };
    html! {
        @if !examples.is_empty() {
            div class="examples" role="group" aria-label=(text::EXAMPLES) {
                @for group in &groups {
                    @let members = examples.iter().enumerate().filter(|(_, example)| example.group == *group);
                    @if groups.len() > 1 {
                        div class="chips" {
                            span class="group" { bdi { (if group.is_empty() { text::EXAMPLES.as_str() } else { *group }) } }
                            @for (index, example) in members { (button(index, example)) }
                        }
                    } @else {
                        div class="chips" {
                            span class="group" { (text::EXAMPLES) }
                            @for (index, example) in members { (button(index, example)) }
                        }
                    }
                }
            }
        }
    }
}

/// The beginning of an example's texts.
fn preview(inputs: &Value) -> String {
    const MOST: usize = 160;
    fn collect(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(values) => values.iter().take(8).for_each(|value| collect(value, into)),
            Value::Object(values) => values.values().take(8).for_each(|value| collect(value, into)),
            _ => {}
        }
    }
    let mut texts = Vec::new();
    collect(inputs, &mut texts);
    let all = texts.join(" · ");
    match all.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", all.get(..end).unwrap_or_default()),
        None => all,
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) => texts_of(value).join("\n"),
        _ => String::new(),
    }
}

fn texts_of(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn field_control(field: &Field, value: &Value) -> Markup {
    let id = format!("vitrine-field-{}", field.name);
    let line = |value: String| {
        html! {
            div class="field" {
                label part="label" for=(id) { (translated(field.label)) }
                input part="input" id=(id) type="text" dir="auto" spellcheck="false" data-field=(field.name)
                    placeholder=(translated(field.placeholder)) value=(value);
            }
        }
    };
    match field.kind {
        FieldKind::Line => line(text_of(value)),
        FieldKind::CommaList => line(list_text(value).unwrap_or_default()),
        FieldKind::Text => html! {
            div class="field" {
                // A closed section names its field already.
                @if !field.optional { label part="label" for=(id) { (translated(field.label)) } }
                // A parser drops a newline right after the tag, so one is given to drop.
                textarea part="input" id=(id) rows="3" dir="auto" spellcheck="false" data-field=(field.name)
                    aria-label=[field.optional.then(|| translated(field.label))]
                    placeholder=(translated(field.placeholder)) { "\n" (text_of(value)) }
            }
        },
        FieldKind::TextList { .. } => html! {
            fieldset class="field" {
                legend part="label" { (translated(field.label)) }
                div class="rows" data-list=(field.name) { (list_rows(field, &texts_of(value))) }
                button class="quiet" type="button" data-action="add-item" data-list-name=(field.name) {
                    (icon(Icon::Add)) (text::ADD_ITEM)
                }
            }
        },
        FieldKind::Table => html! {
            fieldset class="field" {
                legend part="label" { (translated(field.label)) }
                div data-table=(field.name) { (table_editor(field, &Table::of(value).unwrap_or_else(Table::empty))) }
            }
        },
    }
}

/// The rows of a list field, the content of `[data-list="<field>"]`: the element renders them anew with the texts it
/// has read whenever one is added or removed.
pub fn list_rows(field: &Field, texts: &[String]) -> Markup {
    let least = match field.kind {
        FieldKind::TextList { least } => least,
        _ => 1,
    };
    let count = texts.len().max(least);
    let texts = texts.iter().map(String::as_str).chain(std::iter::repeat("")).take(count);
    html! {
        @for (index, value) in texts.enumerate() {
            div class="row" {
                input part="input" type="text" dir="auto" spellcheck="false" data-field=(field.name)
                    aria-label=(text::item(translated(field.label), index + 1)) placeholder=(translated(field.placeholder)) value=(value);
                @if count > least {
                    button class="icon-button" type="button" data-action="remove-item" data-list-name=(field.name)
                        data-index=(index) aria-label=(text::REMOVE_ITEM.of(&(index + 1).to_string())) { (icon(Icon::Close)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vitrine_tasks::{TASKS, fill_mask, sentence_similarity, text_classification, zero_shot_classification};

    use super::*;

    fn example(title: &str, group: &str, output: Option<Value>) -> Example {
        Example {
            title: title.to_owned(),
            group: group.to_owned(),
            inputs: json!("some text"),
            parameters: Value::Null,
            output,
        }
    }

    #[test]
    fn every_field_of_every_task_has_a_labelled_control() {
        for task in TASKS {
            let html = form(task, &Value::Null, &[], &FormOptions::default()).into_string();
            for field in task.fields {
                assert!(html.contains(&format!("data-field=\"{}\"", field.name)), "{} {}", task.tag, field.name);
                assert!(html.contains(field.label));
            }
            assert_eq!(html.matches("type=\"submit\"").count(), 1);
        }
    }

    #[test]
    fn inputs_fill_the_fields() {
        let inputs = json!({"source_sentence": "a<b", "sentences": ["c", "d", "e"]});
        let html = form(&sentence_similarity::TASK, &inputs, &[], &FormOptions::default()).into_string();
        assert!(html.contains("value=\"a&lt;b\"") && html.contains("value=\"e\""));
        assert_eq!(html.matches("data-action=\"remove-item\"").count(), 3);
        let html =
            form(&text_classification::TASK, &json!("\n</textarea>"), &[], &FormOptions::default()).into_string();
        assert!(html.contains(">\n\n&lt;/textarea&gt;</textarea>"));
    }

    #[test]
    fn an_optional_field_is_closed_until_it_is_needed() {
        let html = |inputs: Value, open_optional| {
            let options = FormOptions { open_optional, ..FormOptions::default() };
            form(&text_classification::TASK, &inputs, &[], &options).into_string()
        };
        assert!(html(json!("a"), false).contains("<details class=\"optional\"><summary>"));
        let filled = html(json!({"text": "a", "text_pair": "<b>"}), false);
        assert!(filled.contains("<details class=\"optional\" open>") && filled.contains(">\n&lt;b&gt;</textarea>"));
        assert!(html(json!("a"), true).contains("<details class=\"optional\" open>"));
    }

    #[test]
    fn labels_are_one_line_wherever_they_come_from() {
        let task = &zero_shot_classification::TASK;
        let parameters = json!({"candidate_labels": ["c", "d"]});
        let options = FormOptions { parameters: Some(&parameters), ..FormOptions::default() };
        let html = |inputs: Value| form(task, &inputs, &[], &options).into_string();
        assert!(html(json!({"text": "a", "candidate_labels": ["x", "<y>"]})).contains("value=\"x, &lt;y&gt;\""));
        assert!(html(json!({"text": "a", "candidate_labels": "x,y"})).contains("value=\"x,y\""));
        assert!(html(json!("a")).contains("value=\"c, d\""));
    }

    #[test]
    fn the_mask_token_is_told_once_it_is_known() {
        let options = FormOptions { mask_token: Some("<mask>"), ..FormOptions::default() };
        let html = |options: &FormOptions| form(&fill_mask::TASK, &Value::Null, &[], options).into_string();
        assert!(
            html(&options).contains("<code>&lt;mask&gt;</code>") && !html(&FormOptions::default()).contains("<code>")
        );
    }

    #[test]
    fn lists_keep_their_least_rows() {
        let field = &sentence_similarity::TASK.fields[1];
        let html = list_rows(field, &["one".to_owned()]).into_string();
        assert_eq!(html.matches("<input").count(), 2);
        assert!(!html.contains("remove-item"));
    }

    #[test]
    fn groups_are_named_only_where_there_are_several() {
        let one = [example("A", "G", None), example("B", "G", Some(json!([])))];
        let html = form(&text_classification::TASK, &Value::Null, &one, &FormOptions::default()).into_string();
        assert!(!html.contains(">G<") && html.matches(text::WITH_OUTPUT.as_str()).count() == 1);
        let two = [example("A", "G", None), example("B", "H", None), example("C", "G", None)];
        let html = form(&text_classification::TASK, &Value::Null, &two, &FormOptions::default()).into_string();
        assert_eq!(html.matches(">G<").count(), 1);
        let order: Vec<_> = html.match_indices("data-index=").map(|(at, _)| &html[at + 12..at + 13]).collect();
        assert_eq!(order, ["0", "2", "1"]);
    }

    #[test]
    fn long_previews_are_cut_between_characters() {
        let text = "é".repeat(500);
        assert_eq!(preview(&json!({"a": [text]})).chars().count(), 161);
    }
}
