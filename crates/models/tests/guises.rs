//! Every architecture's checkpoints in other guises: with one value of the config changed after the other, which gives a
//! model that runs or an error; with the names of tensors that older files use, which gives the same numbers; and with
//! weights held in half precision.

use std::path::{Path, PathBuf};

use futures_executor::block_on;
use futures_util::future::LocalBoxFuture;
use safetensors::SafeTensors;
use serde_json::Value;
use vitrine_models::{ARCHITECTURES, Architecture, Batch, Config, Head, Resident, Turn, WeightsReader};

struct GoOn;

impl Turn for GoOn {
    fn turn(&self) -> LocalBoxFuture<'_, bool> {
        Box::pin(async { true })
    }
}

fn subfolders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.is_dir()).collect()
}

/// Loads a checkpoint and runs it over texts of three tokens and one.
fn run(architecture: &'static Architecture, config: &Value, file: &[u8]) -> vitrine_models::Result<Vec<f32>> {
    run_in(Resident::F32, architecture, config, file)
}

fn run_in(
    resident: Resident,
    architecture: &'static Architecture,
    config: &Value,
    file: &[u8],
) -> vitrine_models::Result<Vec<f32>> {
    let config = Config::parse(config.to_string().as_bytes())?;
    let known: Vec<Head> = architecture.heads().collect();
    let head = config.architectures().first().and_then(|class| Head::of_class(class)).unwrap_or(Head::None);
    let head = if known.contains(&head) { head } else { Head::None };
    let mut reader = WeightsReader::new(resident, move |name| architecture.uses(name, head));
    reader.begin_file(None);
    reader.write(file)?;
    let encoder = architecture.load(&config, head, &reader.finish(architecture.prefix))?;
    let batch = Batch::new(&[(&[5, 2, 1], &[0, 0, 0]), (&[2, 1], &[0, 0])], 1);
    match head {
        Head::None => block_on(encoder.hidden_states(&batch, &GoOn)),
        _ => block_on(encoder.logits(&batch, &GoOn)),
    }
}

fn read(folder: &Path) -> (Vec<u8>, Value) {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap_or_default();
    (read("model.safetensors"), serde_json::from_slice(&read("config.json")).unwrap_or_default())
}

fn checkpoints() -> impl Iterator<Item = (&'static Architecture, PathBuf)> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/checkpoints/architectures");
    let of = move |each: &'static Architecture| {
        subfolders(&all.join(each.model_type)).into_iter().map(move |folder| (each, folder))
    };
    ARCHITECTURES.iter().flat_map(of)
}

#[test]
fn half_precision_gives_nearly_the_same_numbers() {
    for (architecture, folder) in checkpoints() {
        let (file, config) = read(&folder);
        let expected = run(architecture, &config, &file).unwrap();
        let found = run_in(Resident::F16, architecture, &config, &file).unwrap();
        assert_eq!(found.len(), expected.len(), "{}", folder.display());
        let distances = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
        let worst = distances.fold(0.0, f32::max);
        assert!(worst < 0.1, "{}: {worst}", folder.display());
    }
}

#[test]
fn older_names_give_the_same_numbers() {
    let mut renamed = 0;
    for (architecture, folder) in checkpoints() {
        let (file, config) = read(&folder);
        let expected = run(architecture, &config, &file).unwrap();
        let tensors = SafeTensors::deserialize(&file).unwrap();
        let prefixed = tensors.names().iter().any(|name| name.starts_with(architecture.prefix));
        let older = |name: &str| {
            let name = match name.strip_prefix(architecture.prefix) {
                Some(name) => name.to_owned(),
                None if prefixed => name.to_owned(),
                None => format!("{}{name}", architecture.prefix),
            };
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        };
        let older = tensors.iter().map(|(name, tensor)| (older(name), tensor));
        let older = safetensors::serialize(older, None).unwrap();
        assert_ne!(older, file, "{}", folder.display());
        assert_eq!(run(architecture, &config, &older).unwrap(), expected, "{}", folder.display());
        renamed += 1;
    }
    assert!(renamed > 10, "only {renamed} checkpoints");
}
