//! A repository of this machine as a static host has it: its files, and a description of each revision.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vitrine_hub::{RepoId, Snapshot, Source, Version, VersionKind, to_hex};

use super::Facts;
use super::written::Written;
use crate::Failure;

/// Writes the files of a version, learns their hashes, and writes the description that the widget asks for.
pub async fn publish(
    source: &dyn Source,
    snapshot: &mut Snapshot,
    facts: &Facts,
    written: &mut Written,
) -> Result<(), Failure> {
    let revision = snapshot.commit.clone().unwrap_or_else(|| "main".to_owned());
    let folder = format!("{}/resolve/{revision}", snapshot.repo);
    let mut hashes = Vec::new();
    for file in &snapshot.files {
        let path = format!("{folder}/{}", file.path);
        if written.share(&path, file.sha256)? {
            hashes.push(file.sha256);
            continue;
        }
        let mut writing = written.start(&path)?;
        source.read(snapshot, file, None, &mut writing).await?;
        hashes.push(Some(written.finish_file(writing)?));
    }
    for (file, hash) in snapshot.files.iter_mut().zip(hashes) {
        file.sha256 = hash;
    }
    let description = serde_json::to_string(&describe(snapshot, facts)).unwrap_or_default();
    let names = snapshot.commit.iter().map(String::as_str).chain((snapshot.revision == "main").then_some("main"));
    for name in names.collect::<BTreeSet<_>>() {
        written.write(&description_path(&snapshot.repo, name), description.as_bytes())?;
    }
    Ok(())
}

/// Writes a description for each branch and tag, which say what that of their commit says.
pub fn publish_names(repo: &RepoId, versions: &[Version], written: &mut Written) -> Result<(), Failure> {
    for version in versions.iter().filter(|version| version.kind != VersionKind::Commit && version.name != "main") {
        let (path, same) =
            (description_path(repo.as_str(), &version.name), description_path(repo.as_str(), &version.commit));
        written.repeat(&path, &same)?;
    }
    Ok(())
}

fn description_path(repo: &str, revision: &str) -> String {
    format!("api/models/{repo}/revision/{revision}")
}

/// What the Hub's API answers for `/api/models/{id}/revision/{revision}?blobs=true`, as far as a load needs it.
pub fn describe(snapshot: &Snapshot, facts: &Facts) -> Value {
    let siblings: Vec<Value> = snapshot
        .files
        .iter()
        .map(|file| {
            let mut sibling = json!({ "rfilename": file.path, "size": file.size });
            if let (Some(hash), Value::Object(fields)) = (file.sha256, &mut sibling) {
                fields.insert("lfs".to_owned(), json!({ "sha256": to_hex(&hash), "size": file.size }));
            }
            sibling
        })
        .collect();
    let mut description = json!({
        "id": snapshot.repo,
        "cardData": snapshot.card,
        "config": { "architectures": snapshot.architectures },
        "siblings": siblings,
    });
    let total = facts.parameters.as_ref().map(|parameters| parameters.values().sum::<u64>());
    let commit = snapshot.commit.as_ref().map(|commit| json!(commit));
    let safetensors = total.map(|total| json!({ "total": total }));
    for (name, value) in [("sha", commit), ("safetensors", safetensors)] {
        if let (Value::Object(fields), Some(value)) = (&mut description, value) {
            fields.insert(name.to_owned(), value);
        }
    }
    description
}
