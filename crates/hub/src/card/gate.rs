//! What a visitor who asks for access to a gated model is told and asked: `extra_gated_…`, after the Hub's models-gated.md.

use serde_json::Value;

use super::ModelCard;
use super::metadata::to_text;

/// The form before a gated model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gate {
    /// The form's heading.
    pub heading: Option<String>,
    /// What stands below it.
    pub description: Option<String>,
    /// What the visitor agrees to.
    pub prompt: Option<String>,
    /// What the visitor is asked, in the card's order.
    pub fields: Vec<GateField>,
    /// What the button says.
    pub button: Option<String>,
    /// Whether people in the European Union are not let in.
    pub eu_disallowed: bool,
}

/// One question of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateField {
    /// The question.
    pub label: String,
    /// How it is answered.
    pub input: GateInput,
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateInput {
    /// With a line of text.
    Text,
    /// With a tick.
    Checkbox,
    /// With a date.
    DatePicker,
    /// With one of the countries of ISO 3166-1.
    Country,
    /// With one of some options, each a label and its value.
    Select(Vec<(String, String)>),
    /// In a way that is not known here; `type` as the card has it.
    Other(String),
}

/// The form, where the card says anything of one.
pub(super) fn gate(card: &ModelCard) -> Option<Gate> {
    let text = |key| card.text(key).map(str::to_owned);
    let fields = card.get("extra_gated_fields").as_object();
    let gate = Gate {
        heading: text("extra_gated_heading"),
        description: text("extra_gated_description"),
        prompt: text("extra_gated_prompt"),
        fields: fields.into_iter().flatten().filter_map(|(label, field)| gate_field(label, field)).collect(),
        button: text("extra_gated_button_content"),
        eu_disallowed: card.get("extra_gated_eu_disallowed") == &Value::Bool(true),
    };
    (gate != Gate::default()).then_some(gate)
}

fn gate_field(label: &str, field: &Value) -> Option<GateField> {
    let input = match field.as_str().or_else(|| field.get("type")?.as_str())? {
        "text" => GateInput::Text,
        "checkbox" => GateInput::Checkbox,
        "date_picker" => GateInput::DatePicker,
        "country" => GateInput::Country,
        "select" => {
            let options = field.get("options").and_then(Value::as_array);
            GateInput::Select(options.into_iter().flatten().filter_map(option).collect())
        }
        other => GateInput::Other(other.to_owned()),
    };
    Some(GateField { label: label.to_owned(), input })
}

/// An option: a text that is its own label, or a map of both.
fn option(option: &Value) -> Option<(String, String)> {
    let part = |key| option.get(key).and_then(to_text);
    let label = to_text(option).or_else(|| part("label")).or_else(|| part("value"))?;
    let value = part("value").unwrap_or_else(|| label.clone());
    Some((label, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hubs_own_example_is_read() {
        let readme = "---
extra_gated_heading: \"Acknowledge license to accept the repository\"
extra_gated_button_content: \"Acknowledge license\"
extra_gated_prompt: \"You agree to not use the model to conduct experiments that cause harm to human subjects.\"
extra_gated_eu_disallowed: true
extra_gated_fields:
  Company: text
  Country: country
  Date of birth: date_picker
  I want to use this model for:
    type: select
    options: 
      - Research
      - label: Other
        value: other
  I agree to use this model for non-commercial use ONLY: checkbox
  Where: {type: ip_location}
  Broken: [1]
---
";
        let gate = ModelCard::parse(readme).gate().unwrap();
        assert_eq!(gate.heading.as_deref(), Some("Acknowledge license to accept the repository"));
        assert_eq!((gate.button.as_deref(), gate.eu_disallowed), (Some("Acknowledge license"), true));
        assert!(gate.prompt.unwrap().starts_with("You agree to not use"));
        let options = ["Research", "Research", "Other", "other"].map(str::to_owned);
        let [a, b, c, d] = options;
        let expected = [
            ("Company", GateInput::Text),
            ("Country", GateInput::Country),
            ("Date of birth", GateInput::DatePicker),
            ("I want to use this model for", GateInput::Select(vec![(a, b), (c, d)])),
            ("I agree to use this model for non-commercial use ONLY", GateInput::Checkbox),
            ("Where", GateInput::Other("ip_location".to_owned())),
        ];
        let fields: Vec<(&str, GateInput)> =
            gate.fields.iter().map(|field| (field.label.as_str(), field.input.clone())).collect();
        assert_eq!(fields, expected);
    }

    #[test]
    fn a_card_without_a_form_has_none() {
        assert_eq!(ModelCard::parse("---\nlicense: mit\nextra_gated_fields: text\n---\n").gate(), None);
    }
}
