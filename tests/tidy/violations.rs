//! Shows each rule of `tidy.rs` something that breaks it, so that no rule passes because it sees nothing.

use super::*;

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// Every crate of the table, without dependencies but for the one given.
fn crates_with(name: &str, dependency: &str) -> BTreeMap<String, Vec<String>> {
    let mut crates: BTreeMap<_, _> = CRATES.iter().map(|(name, _)| ((*name).to_owned(), Vec::new())).collect();
    crates.insert(name.to_owned(), strings(&[dependency]));
    crates
}

#[test]
fn dependencies_can_fail() {
    assert!(dependency_offenders(&crates_with("models", "vitrine-kernels")).is_empty());
    assert_eq!(dependency_offenders(&crates_with("models", "vitrine-hub")), ["models depends on hub"]);
    assert_eq!(dependency_offenders(&crates_with("engine", "serde")), ["engine has no row in the table"]);
    let mut crates = crates_with("models", "serde");
    crates.remove("views");
    assert_eq!(dependency_offenders(&crates), ["the table names views, which is not in the workspace"]);
}

#[test]
fn third_party_packages_can_fail() {
    for (name, dependency) in
        [("models", "candle-nn"), ("worker", "wasm-bindgen-futures"), ("bindgen", "wasm-bindgen-cli-support")]
    {
        assert!(third_party_offenders(&crates_with(name, dependency)).is_empty());
    }
    for (name, dependency) in
        [("pipelines", "candle-core"), ("models", "tokenizers"), ("hub", "web-sys"), ("views", "gloo-net")]
    {
        assert_eq!(third_party_offenders(&crates_with(name, dependency)).len(), 1, "{name} {dependency}");
    }
}

#[test]
fn tasks_can_fail() {
    let whole =
        ["crates/tasks/src/fill_mask.rs", "crates/pipelines/src/fill_mask.rs", "tests/cases/fill-mask/one/case.json"];
    assert!(task_offenders(&strings(&whole), &["fill-mask"]).is_empty());
    assert_eq!(task_offenders(&[], &["fill-mask"]).len(), 3);
    assert_eq!(task_offenders(&strings(&whole[2..]), &[]), ["tests/cases/fill-mask/ is of no task"]);
}

#[test]
fn architectures_can_fail() {
    let reference = "tests/checkpoints/architectures/deberta-v2/none/reference.safetensors";
    let paths = strings(&["crates/models/src/architectures/deberta_v2.rs", reference]);
    assert!(architecture_offenders(&paths, &["deberta-v2"]).is_empty());
    assert_eq!(architecture_offenders(&paths[1..], &["deberta-v2"]).len(), 1);
    assert_eq!(architecture_offenders(&paths[..1], &["deberta-v2"]), [format!("deberta-v2 has no {reference}")]);
    assert_eq!(architecture_offenders(&paths, &[]), ["tests/checkpoints/architectures/deberta-v2/ is of none"]);
}

#[test]
fn unsafe_code_can_fail() {
    let kernels = |text: &str| unsafe_offenders(&[File::new("crates/kernels/src/dot.rs", text)]).len();
    assert_eq!(kernels("// SAFETY: the length was checked.\nlet x =\n    unsafe { read(p) };"), 0);
    assert_eq!(kernels("/// # Safety\n/// `p` is valid.\n#[inline]\npub unsafe fn read(p: *const f32) {}"), 0);
    assert_eq!(kernels("let unsafe_name = \"unsafe\"; // unsafe"), 0);
    assert_eq!(kernels("let x = unsafe { read(p) };"), 1);
    assert_eq!(kernels("// SAFETY: of another statement.\nlet y = 1;\nlet x = unsafe { read(p) };"), 1);
    let outside = File::new("crates/models/src/lib.rs", "// SAFETY: none is needed.\nunsafe { read(p) }");
    assert_eq!(unsafe_offenders(&[outside]), ["crates/models/src/lib.rs:2: unsafe outside kernels"]);
}

#[test]
fn long_files_can_fail() {
    let file = |lines| File::new("www/worker.js", &"x\n".repeat(lines));
    assert!(length_offenders(&[file(MOST_LINES)]).is_empty());
    assert_eq!(length_offenders(&[file(MOST_LINES + 1)]).len(), 2);
}

#[test]
fn first_sentences_can_fail() {
    let begins = |path: &str, text: &str| first_sentence_offenders(&[File::new(path, text)]).is_empty();
    assert!(begins("a.rs", "//! What this file is.\n"));
    assert!(begins("a.mjs", "#!/usr/bin/env node\n/**\n * What this file is.\n */"));
    assert!(begins("a.sh", "#!/bin/sh\n# What this file is.\n"));
    assert!(begins("a.py", "\"\"\"What this file is.\"\"\"\n"));
    assert!(!begins("a.rs", "use std::fmt; // What this file is.\n"));
    assert!(!begins("a.rs", "//! Placeholder.\n"));
    assert!(!begins("a.css", "p { margin: 0 } /* What this file is. */"));
}

#[test]
fn the_top_level_can_fail() {
    let paths = ["Cargo.toml", "docs/a.md", ".ci/run", "crates/hub/Cargo.toml", "package.json"];
    assert_eq!(top_level_offenders(&strings(&paths)), ["docs", "package.json"]);
}

#[test]
fn needles_can_fail() {
    let offenders = |path: &str, text: &str| needle_offenders(&[File::new(path, text)]).len();
    for needle in UNFINISHED {
        assert_eq!(offenders("a.rs", &format!("x {needle} y")), 1, "{needle}");
    }
    for needle in MACHINE_PATHS.iter().chain(REGISTRY_HOSTS) {
        assert_eq!(offenders("README.md", &format!("see {needle}x")), 1, "{needle}");
    }
    assert_eq!(offenders("a.mjs", &format!("test{ONLY_ONE_TEST}x")), 1);
    assert_eq!(offenders("a.rs", &format!("shell{ONLY_ONE_TEST}x")), 0);
    assert_eq!(offenders("README.md", &format!("see crates/net{}x", MACHINE_PATHS[0])), 0);
}

#[test]
fn the_readme_can_fail() {
    let readme: String = CRATES.iter().skip(1).map(|(name, _)| format!("| `{name}` |\n")).collect();
    assert_eq!(readme_offenders(&readme), ["bindgen"]);
}
