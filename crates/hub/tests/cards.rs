//! Cards are read as huggingface_hub reads them; `cards/make_cards.py` made the expected values.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use serde_json::{Map, Value};
use vitrine_hub::ModelCard;
use vitrine_hub::card::body;

#[test]
fn metadata_and_text_are_those_of_the_python_library() {
    let cards: Vec<Value> = serde_json::from_str(include_str!("cards/cards.json")).unwrap();
    assert_eq!(cards.len(), 16);
    for card in &cards {
        let readme = card["readme"].as_str().unwrap();
        // The library leaves out what has no value.
        let mut metadata: Map<String, Value> =
            serde_json::from_value(serde_json::to_value(ModelCard::parse(readme)).unwrap()).unwrap();
        metadata.retain(|_, value| !value.is_null());
        assert_eq!(Value::Object(metadata), card["metadata"], "{readme:?}");
        assert_eq!(body(readme), card["text"], "{readme:?}");
    }
}
