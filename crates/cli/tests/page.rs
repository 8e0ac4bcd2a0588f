//! `vitrine page` and `vitrine bundle` as a user runs them. Hashes are those of `sha256sum`, commits those of `git`; scores
//! are compared with those that the same program gives for the folder, which other tests compare with Python's.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const MODEL: &str = "bert-sequence-classification";

/// A folder that is removed when dropped.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Scratch {
    /// A new folder with a stand-in for the built site, which tests of the browser have instead.
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("vitrine-page-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let scratch = Self(folder);
        for file in
            ["model-widget.js", "page.css", "style.css", "index.html", "bundle/in-page.js", "bundle/in-worker.js"]
        {
            scratch.write(&format!("site/{file}"), file);
        }
        for module in ["element/element", "worker/worker", "worker-relaxed/worker"] {
            scratch.write(&format!("site/{module}_bg.wasm"), "wasm");
        }
        scratch
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let place = self.0.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    }

    fn path(&self, path: &str) -> String {
        self.0.join(path).to_str().unwrap().to_owned()
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Copies a tiny checkpoint to a folder.
    fn checkpoint(&self, name: &str, to: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/checkpoints").join(name);
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                self.write(&format!("{to}/{}", entry.file_name().to_str().unwrap()), fs::read(entry.path()).unwrap());
            }
        }
    }

    fn vitrine(&self, command: &str, arguments: &[&str]) -> Output {
        let mut process = Command::new(env!("CARGO_BIN_EXE_vitrine"));
        process.arg(command).args(arguments).env_remove("HF_TOKEN").env_remove("HF_ENDPOINT");
        process.env("XDG_CACHE_HOME", self.0.join("cache"));
        if matches!(command, "page" | "bundle") {
            process.args(["--site", &self.path("site")]);
        }
        process.output().unwrap()
    }

    fn done(&self, command: &str, arguments: &[&str]) -> String {
        let output = self.vitrine(command, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, command: &str, arguments: &[&str]) -> String {
        let output = self.vitrine(command, arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(["-C", &self.path(folder), "-c", "user.name=A", "-c", "user.email=a@example.org"]);
        command.args(["-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false", "-c", "init.defaultBranch=main"]);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

fn sha256sum(path: &str) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

/// A static host of a folder, or a Hub of repositories; ended when dropped.
struct Host(Child, String);

impl Host {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_vitrine"));
        let mut process =
            process.args(["serve", "--port", "0"]).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(" on ").next().unwrap().to_owned();
        Self(process, address)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_folder_of_repositories_becomes_a_hub_that_models_can_be_run_from() {
    let scratch = Scratch::new("library");
    scratch.checkpoint(MODEL, "models/org/classifier");
    scratch.checkpoint("bert-masked-lm", "models/org/filler");
    scratch.write("models/org/words-only/README.md", "---\nlicense: mit\n---\nOnly a card.");
    scratch.done("page", &[&scratch.path("models"), "--out", &scratch.path("out")]);
    let index = scratch.text("out/index.html");
    for id in ["org/classifier", "org/filler", "org/words-only"] {
        assert!(index.contains(&format!("href=\"{id}/index.html\"")), "{id}");
        assert!(scratch.text(&format!("out/{id}/index.html")).starts_with("<!DOCTYPE html>"));
    }
    let page = scratch.text("out/org/classifier/index.html");
    let weights = scratch.path("models/org/classifier/model.safetensors");
    assert!(page.contains(&sha256sum(&weights)) && page.contains("endpoint=\"../..\""));
    // What is on the site runs as what is in the folder does.
    let inputs = ["--inputs", "\"I like you\""];
    let folder = scratch.done("run", &[&[&*scratch.path("models/org/classifier")], &inputs[..]].concat());
    let host = Host::start(&["--site", &scratch.path("out")]);
    let site = scratch.done("run", &[&["org/classifier", "--endpoint", &host.1], &inputs[..]].concat());
    assert_eq!(site, folder);
}

#[test]
fn what_is_no_longer_there_is_removed_and_folders_of_others_are_left_alone() {
    let scratch = Scratch::new("again");
    for name in ["one", "two"] {
        scratch.checkpoint(MODEL, &format!("models/org/{name}"));
    }
    let out = scratch.path("out");
    let arguments = [&*scratch.path("models"), "--out", &out];
    scratch.done("page", &arguments);
    scratch.write("out/kept.txt", "mine");
    fs::remove_dir_all(scratch.0.join("models/org/two")).unwrap();
    scratch.checkpoint("bert-masked-lm", "models/org/three");
    scratch.done("page", &arguments);
    assert!(!scratch.0.join("out/org/two").exists() && scratch.0.join("out/org/three/index.html").exists());
    assert!(!scratch.0.join("out/api/models/org/two").exists());
    assert_eq!(scratch.text("out/kept.txt"), "mine");
    // A list that someone else has written is not believed either.
    scratch.write("precious", "mine");
    let list = scratch.text("out/assets/written.txt");
    scratch.write("out/assets/written.txt", format!("{list}../precious\n"));
    scratch.done("page", &arguments);
    assert_eq!(scratch.text("precious"), "mine");
    scratch.write("others/file", "theirs");
    let message = scratch.refused("page", &[&scratch.path("models"), "--out", &scratch.path("others")]);
    assert!(message.contains("holds files"), "{message}");
    assert_eq!(scratch.text("others/file"), "theirs");
}

#[test]
fn a_repository_of_git_has_a_page_and_files_for_every_version() {
    let scratch = Scratch::new("git");
    scratch.checkpoint(MODEL, "model");
    scratch.git("model", &["init", "--quiet"]);
    scratch.git("model", &["add", "--all"]);
    scratch.git("model", &["commit", "--quiet", "-m", "First"]);
    scratch.git("model", &["tag", "v1"]);
    scratch.write("model/README.md", "---\nlicense: mit\n---\nThe second card.");
    scratch.git("model", &["add", "--all"]);
    scratch.git("model", &["commit", "--quiet", "-m", "Second <b>"]);
    scratch.git("model", &["branch", "dev/next"]);
    let (first, second) = (scratch.git("model", &["rev-parse", "v1"]), scratch.git("model", &["rev-parse", "HEAD"]));
    scratch.done("page", &[&scratch.path("model"), "--out", &scratch.path("out")]);
    let page = scratch.text("out/index.html");
    assert!(page.contains("The second card.") && page.contains(&format!("revision=\"{second}\"")));
    assert!(page.contains("Second &lt;b&gt;") && page.contains("dev/next"));
    let older = scratch.text(&format!("out/tree/{first}/index.html"));
    assert!(!older.contains("The second card.") && older.contains(&format!("revision=\"{first}\"")));
    let host = Host::start(&["--site", &scratch.path("out")]);
    for (revision, commit) in [("v1", &first), ("dev/next", &second), ("main", &second), (&*first, &first)] {
        let inspected = scratch.done("inspect", &["model", "--endpoint", &host.1, "--revision", revision]);
        assert!(inspected.contains(commit.as_str()), "{revision}: {inspected}");
    }
    // The weights of both versions are the same file.
    let size =
        |commit: &str| fs::metadata(scratch.0.join(format!("out/model/resolve/{commit}/model.safetensors"))).unwrap();
    assert_eq!(size(&first).len(), size(&second).len());
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::ino(&size(&first)), std::os::unix::fs::MetadataExt::ino(&size(&second)));
}

#[test]
fn a_card_cannot_name_a_place_outside_of_the_site() {
    let scratch = Scratch::new("outside");
    scratch.write("models/org/one/README.md", "---\npipeline_tag: ../../../outside\n---\n");
    scratch.write("models/org/two/README.md", "---\npipeline_tag: fill-mask\n---\n");
    scratch.done("page", &[&scratch.path("models"), "--out", &scratch.path("deep/er/out")]);
    assert!(!scratch.0.join("outside").exists() && !scratch.0.join("deep/outside").exists());
    let names: Vec<_> =
        fs::read_dir(scratch.0.join("deep/er/out/tasks")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["fill-mask"]);
    assert!(scratch.text("deep/er/out/index.html").contains("org/one/index.html"));
}

#[test]
fn a_file_that_would_be_a_page_is_saved_and_not_opened() {
    let scratch = Scratch::new("document");
    scratch.write("model/README.md", "[text](notes.txt) [page](evil.HTML)");
    for file in ["notes.txt", "evil.HTML", "config.json"] {
        scratch.write(&format!("model/{file}"), "{}");
    }
    scratch.done("page", &[&scratch.path("model"), "--out", &scratch.path("out")]);
    let page = scratch.text("out/index.html");
    let link = |file: &str| format!("href=\"model/resolve/main/{file}\"");
    assert!(page.contains(&format!("{} download>", link("evil.HTML"))), "{page}");
    assert_eq!((page.matches(&link("evil.HTML")).count(), page.matches(&link("notes.txt")).count()), (1, 2));
}

#[test]
fn a_model_of_a_hub_gets_a_page_that_leaves_its_files_there() {
    let scratch = Scratch::new("hub");
    scratch.checkpoint(MODEL, "models/org/classifier");
    let hub = Host::start(&[&scratch.path("models")]);
    scratch.done("page", &["org/classifier", "--endpoint", &hub.1, "--out", &scratch.path("out")]);
    let page = scratch.text("out/index.html");
    let inspected = scratch.done("inspect", &["org/classifier", "--endpoint", &hub.1]);
    let commit = inspected.lines().find_map(|line| line.strip_prefix("commit")).unwrap().trim();
    assert!(page.contains(&format!("endpoint=\"{}\"", hub.1)) && page.contains(&format!("revision=\"{commit}\"")));
    assert!(page.contains(&format!("{}/org/classifier/resolve/{commit}/model.safetensors", hub.1)));
    assert!(!scratch.0.join("out/org").exists() && !scratch.0.join("out/api").exists());
}

/// The answer to a GET, as it comes over the connection.
fn get(host: &Host, path: &str) -> String {
    let mut stream = TcpStream::connect(host.1.strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_served_folder_has_a_page_for_each_of_its_models() {
    let scratch = Scratch::new("served");
    scratch.checkpoint(MODEL, "models/org/classifier");
    let host = Host::start(&[&scratch.path("models"), "--site", &scratch.path("site")]);
    let page = get(&host, "/org/classifier/");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("text/html"), "{page:.200}");
    assert!(page.contains(&sha256sum(&scratch.path("models/org/classifier/model.safetensors"))));
    assert!(page.contains("endpoint=\"../..\"") && page.contains("../../assets/page.css"));
    assert!(get(&host, "/assets/page.css").ends_with("\r\n\r\npage.css"));
    let moved = get(&host, "/org/classifier");
    assert!(moved.starts_with("HTTP/1.1 301") && moved.contains("location: ./classifier/"), "{moved}");
    for nothing in ["/org/absent/", "/org/", "/assets/absent.css"] {
        assert!(get(&host, nothing).starts_with("HTTP/1.1 404"), "{nothing}");
    }
    // Without the site's files there would be nothing to see.
    let bare = Host::start(&[&scratch.path("models")]);
    assert!(get(&bare, "/org/classifier/").starts_with("HTTP/1.1 404"));
}

#[test]
fn what_is_no_repository_is_refused() {
    let scratch = Scratch::new("refused");
    fs::create_dir_all(scratch.0.join("empty")).unwrap();
    let out = scratch.path("out");
    for (model, message) in [
        (scratch.path("empty"), "repo-not-found"),
        (scratch.path("absent"), "repo-not-found"),
        ("not a name".to_owned(), "is not the name of a repository"),
    ] {
        let found = scratch.refused("page", &[&model, "--out", &out]);
        assert!(found.contains(message), "{model}: {found}");
    }
    let no_site = Command::new(env!("CARGO_BIN_EXE_vitrine"))
        .args(["page", &scratch.path("empty"), "--out", &out, "--site", &scratch.path("empty")])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&no_site.stderr).contains("holds no built site"));
    assert!(!scratch.0.join("out").exists());
}

#[test]
fn a_bundle_s_size_is_told_before_it_is_written_and_nothing_is_replaced_unasked() {
    let scratch = Scratch::new("bundle");
    scratch.checkpoint(MODEL, "model");
    for (out, file) in [("bundle.html", "bundle.html"), ("folder", "folder/index.html")] {
        let arguments = [&*scratch.path("model"), "--out", &scratch.path(out)];
        let output = scratch.vitrine("bundle", &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told = String::from_utf8(output.stderr).unwrap();
        let written = String::from_utf8(output.stdout).unwrap();
        let size = written.split("  ").map(str::trim).find(|part| !part.is_empty()).unwrap().to_owned();
        assert!(told.contains(&format!("will take {size}")), "{told} {written}");
        assert!(scratch.text(file).contains("bundle-files"));
        assert!(scratch.refused("bundle", &arguments).contains("--force replaces it"));
        scratch.done("bundle", &[&arguments[..], &["--force"]].concat());
    }
    assert!(!scratch.text("bundle.html").contains("{\"path\":\"model/resolve/main/README.md\""));
}

#[test]
fn a_bundle_can_hold_smaller_weights() {
    let scratch = Scratch::new("small");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../www/models/vitrine/tiny-sentiment");
    let size = |name: &str, dtype: &[&str]| {
        let out = scratch.path(name);
        scratch.done("bundle", &[&[model.to_str().unwrap(), "--out", &out], dtype].concat());
        fs::metadata(out).unwrap().len()
    };
    let (whole, small) = (size("whole.html", &[]), size("small.html", &["--dtype", "q8"]));
    // The author's weights have 16 bits.
    assert!(small * 10 < whole * 6, "{small} of {whole}");
    let page = scratch.text("small.html");
    assert!(page.contains("resolve/main/model.q8.safetensors\"") && !page.contains("resolve/main/model.safetensors\""));
}

#[test]
fn pages_and_bundles_speak_the_language_that_is_asked_for() {
    let scratch = Scratch::new("language");
    scratch.checkpoint(MODEL, "model");
    scratch.write("site/locales/de.json", "{}");
    let model = scratch.path("model");
    scratch.done("page", &[&model, "--out", &scratch.path("out"), "--lang", "ar"]);
    let page = scratch.text("out/index.html");
    assert!(page.contains("<html lang=\"ar\" dir=\"rtl\">") && page.contains(">انتقل إلى المحتوى<"));
    scratch.done("bundle", &[&model, "--out", &scratch.path("bundle.html"), "--lang", "de-AT"]);
    let bundle = scratch.text("bundle.html");
    assert!(bundle.contains("<html lang=\"de-AT\">") && bundle.contains(">Zum Inhalt springen<"));
    assert!(bundle.contains("{\"path\":\"locales/de.json\""));
    let unknown = scratch.vitrine("page", &[&model, "--out", &scratch.path("other"), "--lang", "tlh"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("ar, de, en-xa, es, fr, zh"));
}
