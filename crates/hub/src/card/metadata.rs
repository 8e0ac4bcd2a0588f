//! What a card's metadata says, field by field: each as the Hub's specification has it, and tolerant of what authors write.

use serde_json::Value;

use super::{Evaluation, Gate, ModelCard, evaluation, gate};

impl ModelCard {
    /// A field that is one text or a list of them. Numbers and truth values count as texts, anything else as absent.
    pub fn texts(&self, key: &str) -> Vec<String> {
        texts(self.get(key))
    }

    /// `language`: ISO 639 codes, or `code` and `multilingual`.
    pub fn languages(&self) -> Vec<String> {
        self.texts("language")
    }

    /// `tags`.
    pub fn tags(&self) -> Vec<String> {
        self.texts("tags")
    }

    /// `datasets`: ids of the Hub's data sets that the model was trained on.
    pub fn datasets(&self) -> Vec<String> {
        self.texts("datasets")
    }

    /// `metrics`: what the model was evaluated with.
    pub fn metrics(&self) -> Vec<String> {
        self.texts("metrics")
    }

    /// `base_model`: the models that this one was made of.
    pub fn base_models(&self) -> Vec<String> {
        self.texts("base_model")
    }

    /// `base_model_relation`; where the card has none, several base models make a merge.
    pub fn base_model_relation(&self) -> Option<BaseModelRelation> {
        match self.text("base_model_relation") {
            Some("adapter") => Some(BaseModelRelation::Adapter),
            Some("merge") => Some(BaseModelRelation::Merge),
            Some("quantized") => Some(BaseModelRelation::Quantized),
            Some("finetune") => Some(BaseModelRelation::Finetune),
            Some(_) => None,
            None => (self.base_models().len() > 1).then_some(BaseModelRelation::Merge),
        }
    }

    /// `new_version`: the repository that replaces this one.
    pub fn new_version(&self) -> Option<&str> {
        self.text("new_version")
    }

    /// `license`, `license_name` and `license_link`.
    pub fn licence(&self) -> Option<Licence> {
        let owned = |key| self.text(key).map(str::to_owned);
        let licence = Licence { ids: self.texts("license"), name: owned("license_name"), link: owned("license_link") };
        (!licence.ids.is_empty() || licence.name.is_some() || licence.link.is_some()).then_some(licence)
    }

    /// `library_name`.
    pub fn library(&self) -> Option<&str> {
        self.text("library_name")
    }

    /// `thumbnail`: the address of a picture for social networks.
    pub fn thumbnail(&self) -> Option<&str> {
        self.text("thumbnail")
    }

    /// The results of `model-index`, in its order.
    pub fn evaluations(&self) -> Vec<Evaluation> {
        evaluation::evaluations(self.get("model-index"))
    }

    /// `co2_eq_emissions`: grams alone, or a map.
    pub fn emissions(&self) -> Option<Emissions> {
        let field = self.get("co2_eq_emissions");
        let text = |key| field.get(key).and_then(to_text);
        let emissions = Emissions {
            grams: grams(field.get("emissions").unwrap_or(field)),
            source: text("source"),
            training_type: text("training_type"),
            geographical_location: text("geographical_location"),
            hardware_used: text("hardware_used"),
        };
        (emissions != Emissions::default()).then_some(emissions)
    }

    /// The `extra_gated_…` fields: what a visitor who asks for access is told and asked.
    pub fn gate(&self) -> Option<Gate> {
        gate::gate(self)
    }

    /// Whether the model is tagged as unsuitable for some people. The Hub's documentation also has the tag without its last
    /// letter.
    pub fn not_for_all_audiences(&self) -> bool {
        self.tags().iter().any(|tag| tag == "not-for-all-audiences" || tag == "not-for-all-audience")
    }

    /// `instance_prompt`: the words that make an adapter's subject appear.
    pub fn instance_prompt(&self) -> Option<&str> {
        self.text("instance_prompt")
    }
}

/// The terms that a model is published under.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Licence {
    /// The Hub's identifiers, `other` and `unknown` among them; mostly one.
    pub ids: Vec<String>,
    /// The name of a licence without an identifier.
    pub name: Option<String>,
    /// Where its text is: an address, or a file of the repository.
    pub link: Option<String>,
}

/// How a model was made of its base model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseModelRelation {
    /// Weights to be added to the base model's.
    Adapter,
    /// Several models made one.
    Merge,
    /// The same model with fewer bits.
    Quantized,
    /// The base model trained further.
    Finetune,
}

/// What training the model emitted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Emissions {
    /// Grams of CO₂, or what warms as much.
    pub grams: Option<f64>,
    /// How that is known.
    pub source: Option<String>,
    /// Pre-training or fine-tuning.
    pub training_type: Option<String>,
    /// Where the computers were.
    pub geographical_location: Option<String>,
    /// Which and how many they were.
    pub hardware_used: Option<String>,
}

/// A text, or a list of them.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().filter_map(to_text).collect(),
        value => to_text(value).into_iter().collect(),
    }
}

/// A scalar as a text.
pub(super) fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn grams(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok().filter(|grams: &f64| grams.is_finite()),
        value => value.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(yaml: &str) -> ModelCard {
        ModelCard::parse(&format!("---\n{yaml}\n---\n"))
    }

    #[test]
    fn a_text_and_a_list_of_texts_are_the_same_field() {
        assert_eq!(card("language: de").languages(), ["de"]);
        assert_eq!(card("language: [de, en]").languages(), ["de", "en"]);
        assert_eq!(card("tags:\n- bert\n- 2024\n-\n- {a: b}\n- [c]").tags(), ["bert", "2024"]);
        assert_eq!(card("metrics: {accuracy: 1}").metrics(), [""; 0]);
        assert_eq!(card("license: mit").datasets(), [""; 0]);
    }

    #[test]
    fn licences_are_read_as_the_hub_documents_them() {
        let other =
            card("license: other\nlicense_name: coqui-public-model-license\nlicense_link: https://coqui.ai/cpml");
        let expected = Licence {
            ids: vec!["other".to_owned()],
            name: Some("coqui-public-model-license".to_owned()),
            link: Some("https://coqui.ai/cpml".to_owned()),
        };
        assert_eq!(other.licence(), Some(expected));
        assert_eq!(card("license: [mit, apache-2.0]").licence().unwrap().ids, ["mit", "apache-2.0"]);
        assert_eq!(card("tags: [x]").licence(), None);
    }

    #[test]
    fn relations_to_base_models_are_named_or_follow_from_their_number() {
        let one = card("base_model: HuggingFaceH4/zephyr-7b-beta\nbase_model_relation: quantized");
        assert_eq!(one.base_models(), ["HuggingFaceH4/zephyr-7b-beta"]);
        assert_eq!(one.base_model_relation(), Some(BaseModelRelation::Quantized));
        assert_eq!(card("base_model: [a/b, c/d]").base_model_relation(), Some(BaseModelRelation::Merge));
        assert_eq!(card("base_model: a/b").base_model_relation(), None);
        assert_eq!(card("base_model: a/b\nbase_model_relation: cousin").base_model_relation(), None);
    }

    #[test]
    fn emissions_are_a_number_or_a_map() {
        assert_eq!(card("co2_eq_emissions: 1.2345").emissions().unwrap().grams, Some(1.2345));
        assert_eq!(card("co2_eq_emissions:\n  emissions: '8.6'").emissions().unwrap().grams, Some(8.6));
        let map = card(
            "co2_eq_emissions:\n  emissions: 7\n  source: AutoTrain\n  training_type: fine-tuning\n  geographical_location: Quebec, Canada\n  hardware_used: 8 v100 GPUs",
        );
        let expected = Emissions {
            grams: Some(7.0),
            source: Some("AutoTrain".to_owned()),
            training_type: Some("fine-tuning".to_owned()),
            geographical_location: Some("Quebec, Canada".to_owned()),
            hardware_used: Some("8 v100 GPUs".to_owned()),
        };
        assert_eq!(map.emissions(), Some(expected));
        assert_eq!(card("co2_eq_emissions: unknown").emissions(), None);
        assert_eq!(card("license: mit").emissions(), None);
    }

    #[test]
    fn single_texts_and_the_audience_are_read() {
        let card = card(
            "library_name: transformers\nthumbnail: https://a.b/c.png\nnew_version: a/b\ninstance_prompt: a photo of sks\ntags:\n- not-for-all-audiences",
        );
        assert_eq!((card.library(), card.thumbnail()), (Some("transformers"), Some("https://a.b/c.png")));
        assert_eq!((card.new_version(), card.instance_prompt()), (Some("a/b"), Some("a photo of sks")));
        assert!(card.not_for_all_audiences());
        assert!(!ModelCard::default().not_for_all_audiences());
    }
}
