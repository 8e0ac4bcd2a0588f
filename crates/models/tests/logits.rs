//! Every architecture with every head against the logits of Python, and the page that lists how far they are apart.
//!
//! `VITRINE_WRITE=1 cargo test -p vitrine-models --test logits` writes the page.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "the files are the tests' own")]

mod peers;
mod tiny;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures_executor::block_on;
use peers::InThread;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use tiny::{GoOn, HEADS, folder, name, root};
use vitrine_models::{ARCHITECTURES, Architecture, Batch, Config, Head, Resident, WeightsReader};

/// The largest difference that a logit may have.
const TOLERANCE: f32 = 1e-4;
const PAGE: &str = "tests/checkpoints/architectures/README.md";

/// The checkpoints of a head: `<head>`, and `<head>.<variant>` for each further config.
fn folders(architecture: &Architecture, head: Head) -> Vec<PathBuf> {
    let all = root().join("tests/checkpoints/architectures").join(architecture.model_type);
    let variants = format!("{}.", name(head));
    let is_variant =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&variants));
    let mut folders = vec![folder(architecture, head)];
    folders.extend(subfolders(&all).into_iter().filter(is_variant));
    folders
}

fn subfolders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.is_dir() && !path.ends_with("__pycache__")).collect()
}

/// The largest difference of a logit from Python's, over all batches.
fn difference(architecture: &'static Architecture, head: Head, folder: &Path, workers: usize) -> Result<f32, String> {
    let read = |file: &str| std::fs::read(folder.join(file)).map_err(|error| format!("{file}: {error}"));
    let config = Config::parse(&read("config.json")?).map_err(|error| error.to_string())?;
    let mut reader = WeightsReader::new(Resident::F32, |name| architecture.uses(name, head));
    reader.ask(|tensors| {
        let tensors = tensors.iter().map(|tensor| (tensor.name.clone(), Some(tensor.shape.clone())));
        architecture.ask(&config, head, tensors, workers)
    });
    if workers > 1 {
        reader.share(InThread::beside(workers - 1));
    }
    reader.begin_file(None);
    reader.write(&read("model.safetensors")?).map_err(|error| error.to_string())?;
    let weights = reader.finish(architecture.prefix);
    let encoder = architecture.load(&config, head, &weights).map_err(|error| error.to_string())?;
    let bytes = read("reference.safetensors")?;
    let reference = SafeTensors::deserialize(&bytes).map_err(|error| error.to_string())?;
    let mut worst = 0_f32;
    for number in 0.. {
        let Ok(ids) = reference.tensor(&format!("input_ids.{number}")) else { break };
        let ids_of = |name: &str| reference.tensor(&format!("{name}.{number}")).ok().map(|tensor| integers(&tensor));
        let tokens = ids.shape()[1];
        let (input_ids, mask) = (integers(&ids), ids_of("attention_mask").unwrap());
        let types = ids_of("token_type_ids").unwrap_or_else(|| vec![0; input_ids.len()]);
        let columns = types.len() / input_ids.len();
        let lengths: Vec<usize> = mask.chunks(tokens).map(|row| row.iter().sum::<u32>() as usize).collect();
        let texts: Vec<(&[u32], &[u32])> = input_ids
            .chunks(tokens)
            .zip(types.chunks(tokens * columns))
            .zip(&lengths)
            .map(|((ids, types), length)| (&ids[..*length], &types[..length * columns]))
            .collect();
        let pad_id = config.get("pad_token_id").as_u64().unwrap_or(0) as u32;
        let batch = Batch::with_type_columns(&texts, columns, pad_id);
        let found = match head {
            Head::None => block_on(encoder.hidden_states(&batch, &GoOn)),
            _ => block_on(encoder.logits(&batch, &GoOn)),
        };
        let found = found.map_err(|error| error.to_string())?;
        let logits = reference.tensor(&format!("logits.{number}")).map_err(|error| error.to_string())?;
        let expected: Vec<f32> = logits.data().as_chunks().0.iter().copied().map(f32::from_le_bytes).collect();
        if found.len() != expected.len() {
            return Err(format!("batch {number}: {} logits, expected {}", found.len(), expected.len()));
        }
        // Rows of padding hold no meaning.
        let rows = texts.len() * tokens;
        let by_token = logits.shape().get(1) == Some(&tokens) && found.len().is_multiple_of(rows);
        let width = if by_token { found.len() / rows } else { found.len() };
        for (index, (found, expected)) in found.chunks(width).zip(expected.chunks(width)).enumerate() {
            if by_token && mask[index] == 0 {
                continue;
            }
            for (found, expected) in found.iter().zip(expected) {
                let distance = (found - expected).abs();
                if distance.is_nan() || distance > TOLERANCE {
                    return Err(format!("batch {number}, row {index}: {found}, expected {expected}"));
                }
                worst = worst.max(distance);
            }
        }
    }
    Ok(worst)
}

fn integers(tensor: &TensorView<'_>) -> Vec<u32> {
    tensor.data().as_chunks().0.iter().copied().map(u32::from_le_bytes).collect()
}

#[test]
fn logits_are_pythons() {
    let mut table = BTreeMap::new();
    let mut wrong = Vec::new();
    for architecture in ARCHITECTURES {
        for head in architecture.heads() {
            for folder in folders(architecture, head) {
                match difference(architecture, head, &folder, 1) {
                    Ok(found) => {
                        let row = table.entry(architecture.model_type).or_insert_with(BTreeMap::new);
                        let worst: &mut f32 = row.entry(name(head)).or_default();
                        *worst = worst.max(found);
                    }
                    Err(error) => wrong.push(format!("{}: {error}", folder.display())),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    let path = root().join(PAGE);
    if std::env::var_os("VITRINE_WRITE").is_some() {
        std::fs::write(&path, page(&table)).unwrap();
    }
    let cells = |page: &str| -> Vec<Vec<bool>> {
        let rows = page.lines().filter(|line| line.starts_with("| `"));
        rows.map(|row| row.split('|').map(|cell| cell.trim().is_empty()).collect()).collect()
    };
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(cells(&written), cells(&page(&table)), "{PAGE} lists other heads; write it anew");
}

/// The page: a row an architecture, a column a head, the worst difference in each cell.
fn page(table: &BTreeMap<&str, BTreeMap<&str, f32>>) -> String {
    let heads: Vec<&str> = HEADS.iter().map(|(_, name)| *name).collect();
    let mut page = String::from(
        "# Architectures and heads\n\nThe largest difference of a logit (or hidden state, in the column `none`) from that of \
         Python's transformers 5.23,\nover texts of 1, 2, 17 and the most tokens and a padded batch, with the tiny random \
         checkpoints of this folder in f32.\nWritten by `VITRINE_WRITE=1 cargo test -p vitrine-models --test logits`; the test \
         fails above 1e-4.\n\n",
    );
    page += &format!("| `model_type` | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for (model_type, worst) in table {
        let cell = |head: &&str| worst.get(head).map_or(String::new(), |worst| format!("{worst:.0e}"));
        page += &format!("| `{model_type}` | {} |\n", heads.iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
    page
}

#[test]
fn layers_shared_by_workers_compute_the_same() {
    let mut wrong = Vec::new();
    for architecture in ARCHITECTURES {
        for head in architecture.heads() {
            for folder in folders(architecture, head) {
                for workers in [2, 3] {
                    if let Err(error) = difference(architecture, head, &folder, workers) {
                        wrong.push(format!("{} by {workers}: {error}", folder.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_folder_is_of_a_head_that_is_tested() {
    let known: Vec<PathBuf> =
        ARCHITECTURES.iter().flat_map(|each| each.heads().flat_map(move |head| folders(each, head))).collect();
    for model_type in subfolders(&root().join("tests/checkpoints/architectures")) {
        for head in subfolders(&model_type) {
            assert!(known.contains(&head), "{} is of no head", head.display());
        }
    }
}
