//! Every architecture's tiny checkpoint under configs with one wrong value: each is refused or runs, and none panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use futures_executor::block_on;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use vitrine_models::{
    ARCHITECTURES, Architecture, Batch, Config, Encoder, Head, Resident, Result, Turn, WeightsReader,
};

const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "2",
    "3",
    "7",
    "-1",
    "1.5",
    "1e-300",
    "65536",
    "16777216",
    "4294967295",
    "18446744073709551615",
    "\"4\"",
    "\"nonsense\"",
    "\"\"",
    "[]",
    "[0]",
    "[1]",
    "[1, 2, 1]",
    "[16777216, 2]",
    "{}",
];

struct GoOn;

impl Turn for GoOn {
    fn turn(&self) -> LocalBoxFuture<'_, bool> {
        Box::pin(async { true })
    }
}

fn build(architecture: &'static Architecture, json: &Value, weights: &[u8]) -> Result<Encoder> {
    let config = Config::parse(json.to_string().as_bytes())?;
    let mut reader = WeightsReader::new(Resident::F32, move |name| architecture.uses(name, Head::None));
    reader.begin_file(None);
    reader.write(weights)?;
    architecture.load(&config, Head::None, &reader.finish(architecture.prefix))
}

#[test]
fn wrong_values_are_refused_or_run() {
    let (mut refused, mut ran) = (0, 0);
    for architecture in ARCHITECTURES {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/checkpoints/architectures");
        let folder = root.join(architecture.model_type).join("none");
        let weights = std::fs::read(folder.join("model.safetensors")).unwrap();
        let good: Value = serde_json::from_slice(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
        for key in good.as_object().unwrap().keys().filter(|key| *key != "model_type") {
            for value in VALUES {
                let mut json = good.clone();
                json.as_object_mut().unwrap().insert(key.clone(), serde_json::from_str(value).unwrap());
                let run = || {
                    let encoder = build(architecture, &json, &weights)?;
                    let batch = Batch::new(&[(&[7, 8, 9, 10, 2, 11], &[0; 6]), (&[9], &[0])], 0);
                    block_on(encoder.hidden_states(&batch, &GoOn))
                };
                let model_type = architecture.model_type;
                match catch_unwind(AssertUnwindSafe(run)) {
                    Ok(Ok(states)) => {
                        assert!(!states.is_empty());
                        ran += 1;
                    }
                    Ok(Err(error)) => {
                        assert_ne!(error.code(), "internal", "{model_type} with {key} {value}: {error}");
                        refused += 1;
                    }
                    Err(_) => panic!("{model_type} with {key} {value} panics"),
                }
            }
        }
    }
    assert!(refused > 500 && ran > 500, "{refused} refused, {ran} ran");
}
