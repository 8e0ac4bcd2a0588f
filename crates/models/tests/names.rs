//! Tensors under the names that other or older checkpoints have for them: the same model, the same numbers.

#![allow(clippy::unwrap_used, reason = "the files are the tests' own")]

mod tiny;

use futures_executor::block_on;
use safetensors::SafeTensors;
use tiny::{GoOn, folder};
use vitrine_models::{ARCHITECTURES, Architecture, Batch, Config, Head, Resident, WeightsReader};

/// Loads a tiny checkpoint with the tensors' names changed, and runs it; `saved` is the head that it was saved with.
fn run(architecture: &'static Architecture, saved: Head, head: Head, rename: impl Fn(&str) -> String) -> Vec<f32> {
    let read = |file: &str| std::fs::read(folder(architecture, saved).join(file)).unwrap();
    let bytes = read("model.safetensors");
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let renamed = tensors.tensors().into_iter().map(|(name, tensor)| (rename(&name), tensor));
    let renamed = safetensors::serialize(renamed, None).unwrap();
    let mut reader = WeightsReader::new(Resident::F32, move |name| architecture.uses(name, head));
    reader.begin_file(None);
    reader.write(&renamed).unwrap();
    let weights = reader.finish(architecture.prefix);
    let config = Config::parse(&read("config.json")).unwrap();
    let what = format!("{} saved with {saved:?} as {head:?}", architecture.model_type);
    let encoder = architecture.load(&config, head, &weights).unwrap_or_else(|error| panic!("{what}: {error}"));
    let batch = Batch::new(&[(&[5, 6, 7, 8, 9], &[0; 5]), (&[10], &[0])], 1);
    match head {
        Head::None => block_on(encoder.hidden_states(&batch, &GoOn)),
        _ => block_on(encoder.logits(&batch, &GoOn)),
    }
    .unwrap()
}

#[test]
fn old_names_of_norms_load() {
    for architecture in ARCHITECTURES {
        for head in architecture.heads() {
            let old = |name: &str| {
                name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
            };
            let expected = run(architecture, head, head, str::to_owned);
            assert_eq!(run(architecture, head, head, old), expected, "{} {head:?}", architecture.model_type);
        }
    }
}

#[test]
fn bodies_load_with_and_without_their_prefix() {
    for architecture in ARCHITECTURES {
        let bare = |name: &str| name.strip_prefix(architecture.prefix).unwrap_or(name).to_owned();
        for head in architecture.heads() {
            let expected = run(architecture, head, head, str::to_owned);
            assert_eq!(run(architecture, head, head, bare), expected, "{} {head:?}", architecture.model_type);
            let body = run(architecture, head, Head::None, str::to_owned);
            assert_eq!(run(architecture, head, Head::None, bare), body, "{} {head:?}", architecture.model_type);
        }
    }
}
