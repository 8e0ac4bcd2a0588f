//! The rules of the architecture as tests: what each crate may depend on, what must exist together, and what must not.
//!
//! Each rule is a pure function that lists its offenders: its test shows it the repository, `tidy/violations.rs` violations.

#[path = "tidy/violations.rs"]
mod violations;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each crate, and the crates of this workspace that it may depend on.
const CRATES: &[(&str, &[&str])] = &[
    ("bindgen", &[]),
    ("browser", &["hub", "tasks"]),
    ("cards", &[]),
    ("cli", &["hub", "pages", "pipelines", "tasks", "views"]),
    ("element", &["browser", "hub", "tasks", "views"]),
    ("fancy-regex", &[]),
    ("hub", &[]),
    ("kernels", &[]),
    ("models", &["kernels"]),
    ("pages", &["cards", "hub", "tasks", "views"]),
    ("pipelines", &["hub", "models", "tasks"]),
    ("regex", &[]),
    ("tasks", &[]),
    ("views", &["hub", "tasks"]),
    ("worker", &["browser", "hub", "pipelines", "tasks"]),
];

/// Families of packages that only some crates may depend on; a family is a name, or names that begin with `name-`.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("candle", &["models"]),
    ("tokenizers", &["pipelines"]),
    ("gloo", &["browser", "element", "worker"]),
    ("js-sys", &["browser", "element", "worker"]),
    ("serde-wasm-bindgen", &["browser", "element", "worker"]),
    ("wasm-bindgen", &["browser", "element", "worker"]),
    ("web-sys", &["browser", "element", "worker"]),
];

const MOST_LINES: usize = 500;
const SOURCES: &[&str] = &["rs", "js", "mjs", "css", "sh", "py"];
const OTHER_TEXTS: &[&str] = &["html", "json", "md", "toml", "ts"];
const DATA: &[&str] = &["tests/cases/", "tests/checkpoints/", "www/models/"];
const TOP_LEVEL: &[&str] =
    &["Cargo.lock", "Cargo.toml", "README.md", "build.sh", "crates", "rust-toolchain.toml", "tests", "www"];

// Needles are put together here, so that this file does not contain them.
const UNFINISHED: &[&str] =
    &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("db", "g!("), concat!("#[", "ignore")];
const ONLY_ONE_TEST: &str = concat!(".on", "ly(");
const MACHINE_PATHS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("../", "shared")];
const REGISTRY_HOSTS: &[&str] = &[
    concat!("py", "pi.org"),
    concat!("python", "hosted.org"),
    concat!("npm", "js.org"),
    concat!("npm", "js.com"),
    concat!("crates", ".io"),
    concat!("deb.", "debian.org"),
];

// ---------------------------------------------------------------------------------------------------------- the rules

/// Dependencies outside the table, crates without a row and rows without a crate, from each crate's dependencies.
fn dependency_offenders(crates: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut offenders = Vec::new();
    for (name, _) in CRATES {
        if !crates.contains_key(*name) {
            offenders.push(format!("the table names {name}, which is not in the workspace"));
        }
    }
    for (name, dependencies) in crates {
        let Some((_, allowed)) = CRATES.iter().find(|(row, _)| row == name) else {
            offenders.push(format!("{name} has no row in the table"));
            continue;
        };
        for dependency in dependencies {
            if let Some(own) = dependency.strip_prefix("vitrine-")
                && !allowed.contains(&own)
            {
                offenders.push(format!("{name} depends on {own}"));
            }
        }
    }
    offenders
}

/// Dependencies on packages that belong to other crates.
fn third_party_offenders(crates: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut offenders = Vec::new();
    for (name, dependencies) in crates {
        for dependency in dependencies.iter().filter(|dependency| *dependency != "wasm-bindgen-cli-support") {
            let is_of = |family: &str| dependency == family || dependency.starts_with(&format!("{family}-"));
            for (_, only_in) in ONLY_IN.iter().filter(|(family, _)| is_of(family)) {
                if !only_in.contains(&name.as_str()) {
                    offenders.push(format!("{name} depends on {dependency}, which is for {}", only_in.join(", ")));
                }
            }
        }
    }
    offenders
}

/// What a task lacks, and folders of cases without a task.
fn task_offenders(paths: &[String], tags: &[&str]) -> Vec<String> {
    let mut offenders = Vec::new();
    for tag in tags {
        for folder in ["crates/tasks/src", "crates/pipelines/src"] {
            let file = format!("{folder}/{}.rs", tag.replace('-', "_"));
            if !paths.contains(&file) {
                offenders.push(format!("{tag} has no {file}"));
            }
        }
        let cases = format!("tests/cases/{tag}/");
        let is_case = |path: &str| path.ends_with("/case.json") || path.ends_with("/cases.json");
        if !paths.iter().any(|path| path.starts_with(&cases) && is_case(path)) {
            offenders.push(format!("{tag} has no case in {cases}"));
        }
    }
    let mut folders: Vec<&str> = paths
        .iter()
        .filter_map(|path| path.strip_prefix("tests/cases/")?.split_once('/'))
        .map(|(folder, _)| folder)
        .filter(|folder| !tags.contains(folder) && *folder != "__pycache__")
        .collect();
    folders.dedup();
    offenders.extend(folders.iter().map(|folder| format!("tests/cases/{folder}/ is of no task")));
    offenders
}

/// What an architecture lacks, and tiny checkpoints of none.
fn architecture_offenders(paths: &[String], model_types: &[&str]) -> Vec<String> {
    let mut offenders = Vec::new();
    for model_type in model_types {
        let file = format!("crates/models/src/architectures/{}.rs", model_type.replace('-', "_"));
        if !paths.contains(&file) {
            offenders.push(format!("{model_type} has no {file}"));
        }
        let reference = format!("tests/checkpoints/architectures/{model_type}/none/reference.safetensors");
        if !paths.contains(&reference) {
            offenders.push(format!("{model_type} has no {reference}"));
        }
    }
    let folder = |path: &String| {
        let (folder, _) = path.strip_prefix("tests/checkpoints/architectures/")?.split_once('/')?;
        (folder != "__pycache__" && !model_types.contains(&folder)).then(|| folder.to_owned())
    };
    let mut folders: Vec<String> = paths.iter().filter_map(folder).collect();
    folders.dedup();
    offenders.extend(folders.iter().map(|folder| format!("tests/checkpoints/architectures/{folder}/ is of none")));
    offenders
}

/// `unsafe` outside `kernels`, and inside it without a SAFETY comment just above its statement.
fn unsafe_offenders(files: &[File]) -> Vec<String> {
    let mut offenders = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| has_unsafe(line)) {
            let place = format!("{}:{}", file.path, index + 1);
            if !file.path.starts_with("crates/kernels/") {
                offenders.push(format!("{place}: unsafe outside kernels"));
            } else if !line.contains("SAFETY") && !is_justified(&lines[..index]) {
                offenders.push(format!("{place}: unsafe without a SAFETY comment just above"));
            }
        }
    }
    offenders
}

/// Whether the code of a line, not its comment nor a string, has the word `unsafe`.
fn has_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default().replace("\\\"", "");
    code.match_indices("unsafe").any(|(at, word)| {
        let is_name = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let whole = !is_name(code.as_bytes().get(at + word.len()))
            && !is_name(at.checked_sub(1).and_then(|before| code.as_bytes().get(before)));
        whole && code[..at].matches('"').count().is_multiple_of(2)
    })
}

/// Whether the comment above a statement justifies it; attributes and the statement's own first lines may lie between.
fn is_justified(above: &[&str]) -> bool {
    above
        .iter()
        .rev()
        .take_while(|line| {
            line.starts_with("//") || line.starts_with("#[") || line.ends_with(['=', '(']) || line.ends_with("=>")
        })
        .any(|line| line.starts_with("//") && (line.contains("SAFETY") || line.contains("# Safety")))
}

/// Source files that are too long; the last offender says how long files are.
fn length_offenders(files: &[File]) -> Vec<String> {
    let mut lengths: Vec<(usize, &str)> = sources(files).map(|file| (file.text.lines().count(), &*file.path)).collect();
    lengths.sort();
    let mut offenders: Vec<String> = lengths
        .iter()
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, path)| format!("{path} has {lines} lines, over {MOST_LINES}"))
        .collect();
    if !offenders.is_empty() {
        let at = |share: usize| lengths[(lengths.len() - 1) * share / 100].0;
        offenders.push(format!("(median {} lines, nine in ten up to {})", at(50), at(90)));
    }
    offenders
}

/// Source files that do not begin with a sentence which says what they are.
fn first_sentence_offenders(files: &[File]) -> Vec<String> {
    let begins = |file: &File| {
        let mut text = file.text.as_str();
        if text.starts_with("#!/") {
            text = text.split_once('\n').map_or("", |(_, rest)| rest);
        }
        let markers: &[&str] = match file.extension() {
            "rs" => &["//!"],
            "js" | "mjs" => &["/**", "//"],
            "css" => &["/*"],
            "py" => &["\"\"\""],
            _ => &["#"],
        };
        let sentence: Vec<&str> = text.lines().take(3).flat_map(str::split_whitespace).collect();
        let words = sentence.iter().take(8).filter(|word| word.contains(char::is_alphabetic)).count();
        markers.iter().any(|marker| text.starts_with(marker)) && words >= 3
    };
    sources(files).filter(|file| !begins(file)).map(|file| file.path.clone()).collect()
}

/// Entries of the repository's root beyond the fixed ones and dotfiles.
fn top_level_offenders(paths: &[String]) -> Vec<String> {
    let first = |path: &String| path.split('/').next().unwrap_or_default().to_owned();
    let mut entries: Vec<String> = paths.iter().map(first).collect();
    entries.sort();
    entries.dedup();
    entries.retain(|entry| !entry.starts_with('.') && !TOP_LEVEL.contains(&entry.as_str()));
    entries
}

/// Unfinished work, paths of one machine and hosts of package registries.
fn needle_offenders(files: &[File]) -> Vec<String> {
    let mut offenders = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            let script = matches!(file.extension(), "js" | "mjs") && line.contains(ONLY_ONE_TEST);
            let unfinished = file.is_source() && UNFINISHED.iter().any(|needle| line.contains(needle));
            let host = REGISTRY_HOSTS.iter().any(|needle| line.contains(needle));
            if script || unfinished || host || MACHINE_PATHS.iter().any(|path| has_path(line, path)) {
                offenders.push(format!("{}:{}: {}", file.path, index + 1, line.trim()));
            }
        }
    }
    offenders
}

/// Whether a line has this path, not only as the end of another path.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path)
        .any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-/".contains(before)))
}

/// Crates that the README's map does not name.
fn readme_offenders(readme: &str) -> Vec<String> {
    let names = CRATES.iter().map(|(name, _)| *name);
    names.filter(|name| !readme.contains(&format!("`{name}`"))).map(str::to_owned).collect()
}

// ----------------------------------------------------------------------------------------------------- the repository

/// A text file of the repository.
struct File {
    path: String,
    text: String,
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    fn is_source(&self) -> bool {
        SOURCES.contains(&self.extension())
    }
}

fn sources(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.is_source())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The path of every file, with slashes: what git knows or would add; without git, what is not a build's output.
fn paths() -> Vec<String> {
    let git = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let mut paths = match Command::new("git").args(git).current_dir(root()).output() {
        Ok(output) if output.status.success() => {
            String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect()
        }
        _ => walk(&root()),
    };
    paths.retain(|path| root().join(path).is_file());
    paths.sort();
    paths
}

fn walk(folder: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in folder.read_dir().unwrap().flatten() {
        let path = entry.path();
        let ignored =
            [".git", "target", "dist", "node_modules", "__pycache__"].contains(&&*entry.file_name().to_string_lossy());
        if path.is_dir() && !ignored {
            paths.extend(walk(&path));
        } else if path.is_file() {
            let parts: Vec<_> = path.strip_prefix(root()).unwrap().iter().map(|part| part.to_string_lossy()).collect();
            paths.push(parts.join("/"));
        }
    }
    paths
}

/// Every text file but the data of models and cases, and the lock file that cargo writes.
fn texts() -> Vec<File> {
    let is_text = |path: &String| {
        let file = File::new(path, "");
        let is_data = DATA.iter().any(|folder| path.starts_with(folder)) && !file.is_source();
        !is_data && (file.is_source() || OTHER_TEXTS.contains(&file.extension()) || path == ".ci/run")
    };
    let read = |path: String| std::fs::read_to_string(root().join(&path)).map(|text| File { path, text }).unwrap();
    paths().into_iter().filter(is_text).map(read).collect()
}

/// The packages that each crate depends on, of every kind.
fn crates() -> BTreeMap<String, Vec<String>> {
    let mut command = cargo_metadata::MetadataCommand::new();
    let metadata = command.manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let packages = metadata.packages.into_iter().filter(|package| package.name.as_str() != "vitrine-tests");
    let name = |package: &cargo_metadata::Package| package.name.trim_start_matches("vitrine-").to_owned();
    packages.map(|package| (name(&package), package.dependencies.into_iter().map(|each| each.name).collect())).collect()
}

#[track_caller]
fn expect_none(rule: &str, offenders: Vec<String>) {
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

#[test]
fn dependencies_are_those_of_the_table() {
    expect_none("a crate depends only on what the table allows", dependency_offenders(&crates()));
}

#[test]
fn third_party_packages_stay_in_their_crates() {
    expect_none("some packages belong to some crates", third_party_offenders(&crates()));
}

#[test]
fn each_task_has_a_form_a_pipeline_and_a_case() {
    let tags: Vec<&str> = vitrine_tasks::TASKS.iter().map(|task| task.tag).collect();
    expect_none("tasks and what belongs to them", task_offenders(&paths(), &tags));
}

#[test]
fn each_architecture_has_a_file_and_a_checkpoint() {
    let model_types: Vec<&str> = vitrine_models::ARCHITECTURES.iter().map(|each| each.model_type).collect();
    let offenders = architecture_offenders(&paths(), &model_types);
    expect_none("architectures and what belongs to them", offenders);
}

#[test]
fn unsafe_is_only_in_kernels_and_justified() {
    expect_none("unsafe code", unsafe_offenders(&texts()));
}

#[test]
fn no_source_file_is_too_long() {
    expect_none("long files", length_offenders(&texts()));
}

#[test]
fn each_source_file_begins_with_a_sentence() {
    expect_none("the first line says what a file is", first_sentence_offenders(&texts()));
}

#[test]
fn the_top_level_is_fixed() {
    expect_none("entries that do not belong to the top level", top_level_offenders(&paths()));
}

#[test]
fn nothing_is_unfinished_or_bound_to_a_machine() {
    expect_none("unfinished work, machine paths or registry hosts", needle_offenders(&texts()));
}

#[test]
fn the_readme_names_every_crate() {
    expect_none(
        "the README's map lacks",
        readme_offenders(&std::fs::read_to_string(root().join("README.md")).unwrap_or_default()),
    );
}
