//! Repositories of git, made by `git` itself: every expected commit, date and hash is what git or sha256sum says.

#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures_util::FutureExt;
use vitrine_hub::{Folder, Git, RepoFile, RepoId, Repositories, Result, Revision, Snapshot, Source, VersionKind};

/// A folder that is removed when dropped.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("vitrine-git-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let place = self.0.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.0, arguments)
    }

    fn commit(&self, message: &str, date: &str) -> String {
        self.git(&["add", "--all"]);
        let mut command = command(&self.0);
        command.args(["commit", "--quiet", "--allow-empty", "-m", message]);
        let done = command.env("GIT_COMMITTER_DATE", date).env("GIT_AUTHOR_DATE", date).status().unwrap();
        assert!(done.success());
        self.git(&["rev-parse", "HEAD"])
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=A", "-c", "user.email=a@example.org"]);
    command.args(["-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false", "-c", "init.defaultBranch=main"]);
    command
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn snapshot(git: &Git, revision: &str) -> Result<Snapshot> {
    let (repo, revision) = (RepoId::parse("org/name").unwrap(), Revision::parse(revision).unwrap());
    git.snapshot(&repo, &revision).now_or_never().unwrap()
}

fn read(git: &Git, snapshot: &Snapshot, path: &str, range: Option<std::ops::Range<u64>>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = snapshot.file(path).unwrap();
    git.read(snapshot, file, range, &mut bytes).now_or_never().unwrap().map(|()| bytes)
}

fn paths(snapshot: &Snapshot) -> Vec<(&str, u64)> {
    snapshot.files.iter().map(|file| (file.path.as_str(), file.size)).collect()
}

/// Two commits on `main`, a branch with one more, a tag with a message and one without.
fn repository(name: &str) -> (Scratch, [String; 3]) {
    let folder = Scratch::new(name);
    folder.git(&["init", "--quiet"]);
    folder.write("config.json", r#"{"architectures": ["BertModel"]}"#);
    folder.write("README.md", "---\nlicense: mit\n---\n");
    folder.write(".gitattributes", "*.safetensors filter=lfs\n");
    folder.write("sub/ü #1%.txt", "one");
    let first = folder.commit("First", "2024-01-02T03:04:05+00:00");
    folder.git(&["tag", "v1"]);
    folder.write("sub/ü #1%.txt", "two, longer");
    folder.write("README.md", "---\nlicense: apache-2.0\n---\n");
    let second = folder.commit("Second: <b>", "2024-02-03T04:05:06+00:00");
    folder.git(&["tag", "-a", "v2", "-m", "The second"]);
    folder.git(&["checkout", "--quiet", "-b", "feature/x"]);
    folder.write("more.bin", vec![7; 3_000_000]);
    let third = folder.commit("Third", "2024-03-04T05:06:07+00:00");
    folder.git(&["checkout", "--quiet", "main"]);
    (folder, [first, second, third])
}

#[test]
fn a_folder_without_git_is_none() {
    let folder = Scratch::new("none");
    assert!(Git::open(&folder.0).is_none());
}

#[test]
fn versions_are_branches_tags_and_commits() {
    let (folder, [first, second, third]) = repository("versions");
    let found = Git::open(&folder.0).unwrap().versions(10).unwrap();
    let found: Vec<(VersionKind, &str, &str, &str)> =
        found.iter().map(|v| (v.kind, v.name.as_str(), v.commit.as_str(), v.title.as_str())).collect();
    let expected = [
        (VersionKind::Branch, "main", second.as_str(), "Second: <b>"),
        (VersionKind::Branch, "feature/x", &third, "Third"),
        (VersionKind::Tag, "v1", &first, "First"),
        (VersionKind::Tag, "v2", &second, "The second"),
        (VersionKind::Commit, second.as_str(), &second, "Second: <b>"),
        (VersionKind::Commit, first.as_str(), &first, "First"),
    ];
    assert_eq!(found, expected);
    folder.git(&["checkout", "--quiet", "feature/x"]);
    assert_eq!(Git::open(&folder.0).unwrap().versions(10).unwrap()[0].name, "main");
    let newest = Git::open(&folder.0).unwrap().versions(1).unwrap();
    assert_eq!((newest.len(), newest[4].date.get(..10)), (5, Some("2024-02-03")));
}

#[test]
fn every_revision_has_its_own_files() {
    let (folder, [first, second, third]) = repository("revisions");
    let git = Git::open(&folder.0).unwrap();
    // What is not committed is no part of any revision.
    folder.write("config.json", "{}");
    assert!(git.is_changed().unwrap());
    for (revision, commit, licence, text) in [
        ("main", &second, "apache-2.0", "two, longer"),
        ("v1", &first, "mit", "one"),
        ("v2", &second, "apache-2.0", "two, longer"),
        ("feature/x", &third, "apache-2.0", "two, longer"),
        (first.as_str(), &first, "mit", "one"),
    ] {
        let found = snapshot(&git, revision).unwrap();
        assert_eq!((found.commit.as_ref(), found.card.text("license")), (Some(commit), Some(licence)), "{revision}");
        assert_eq!(found.architectures, ["BertModel"]);
        assert_eq!(read(&git, &found, "sub/ü #1%.txt", None).unwrap(), text.as_bytes(), "{revision}");
    }
    let found = snapshot(&git, "v1").unwrap();
    assert_eq!(paths(&found), [("README.md", 21), ("config.json", 32), ("sub/ü #1%.txt", 3)]);
    for unknown in ["v3", "HEAD:config.json", "0123456789abcdef0123456789abcdef01234567"] {
        let refused = Revision::parse(unknown).map(|_| snapshot(&git, unknown).unwrap_err().code());
        assert!(matches!(refused, Ok("revision-not-found") | Err(_)), "{unknown}");
    }
}

#[test]
fn main_is_what_is_checked_out_where_no_branch_has_that_name() {
    let folder = Scratch::new("trunk");
    folder.git(&["init", "--quiet", "--initial-branch", "trunk"]);
    folder.write("config.json", "{}");
    let commit = folder.commit("One", "2024-01-02T03:04:05+00:00");
    assert_eq!(snapshot(&Git::open(&folder.0).unwrap(), "main").unwrap().commit, Some(commit));
}

#[test]
fn parts_of_files_are_read() {
    let (folder, _) = repository("ranges");
    let git = Git::open(&folder.0).unwrap();
    let found = snapshot(&git, "feature/x").unwrap();
    assert_eq!(read(&git, &found, "more.bin", None).unwrap(), vec![7; 3_000_000]);
    assert_eq!(read(&git, &found, "more.bin", Some(1_048_570..1_048_580)).unwrap(), [7; 10]);
    assert_eq!(read(&git, &found, "config.json", Some(1..4)).unwrap(), br#""ar"#);
    assert_eq!(read(&git, &found, "config.json", Some(3..3)).unwrap(), b"");
    assert_eq!(read(&git, &found, "config.json", Some(0..99)).unwrap_err().code(), "truncated");
    let absent = RepoFile { path: "absent".to_owned(), size: 1, sha256: None };
    let missing = git.read(&found, &absent, None, &mut Vec::new()).now_or_never().unwrap();
    assert_eq!(missing.unwrap_err().code(), "entry-not-found");
}

/// The pointer's form is that of the specification of git LFS.
#[test]
fn large_files_are_read_where_git_lfs_keeps_them() {
    let folder = Scratch::new("lfs");
    let content = "the large file\n";
    folder.write("content", content);
    let hash = Command::new("sha256sum").arg(folder.0.join("content")).output().unwrap();
    let hash = String::from_utf8(hash.stdout).unwrap()[..64].to_owned();
    fs::remove_file(folder.0.join("content")).unwrap();
    folder.git(&["init", "--quiet"]);
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize {}\n", content.len());
    folder.write("model.safetensors", pointer);
    folder.commit("One", "2024-01-02T03:04:05+00:00");
    let git = Git::open(&folder.0).unwrap();
    let found = snapshot(&git, "main").unwrap();
    assert_eq!(paths(&found), [("model.safetensors", 15)]);
    let absent = read(&git, &found, "model.safetensors", None).unwrap_err();
    assert!(absent.code() == "storage" && absent.to_string().contains("git lfs pull"), "{absent}");
    folder.write(&format!(".git/lfs/objects/{}/{}/{hash}", &hash[..2], &hash[2..4]), content);
    assert_eq!(read(&git, &found, "model.safetensors", None).unwrap(), content.as_bytes());
    assert_eq!(read(&git, &found, "model.safetensors", Some(4..9)).unwrap(), b"large");
    folder.write(&format!(".git/lfs/objects/{}/{}/{hash}", &hash[..2], &hash[2..4]), "the wrong file\n");
    assert_eq!(read(&git, &found, "model.safetensors", None).unwrap_err().code(), "integrity");
}

#[test]
fn nothing_that_a_repository_configures_is_run() {
    let (folder, _) = repository("hostile");
    let canary = folder.0.join("ran");
    let run = format!("touch {}", canary.display());
    for name in ["core.fsmonitor", "core.pager", "core.sshCommand", "gpg.program", "diff.external", "core.editor"] {
        folder.git(&["config", name, &run]);
    }
    folder.git(&["config", "log.showSignature", "true"]);
    let git = Git::open(&folder.0).unwrap();
    git.versions(10).unwrap();
    git.is_changed().unwrap();
    let found = snapshot(&git, "main").unwrap();
    read(&git, &found, "config.json", None).unwrap();
    assert!(!canary.exists());
    // The control: git itself would have run it.
    folder.git(&["status", "--porcelain"]);
    assert!(canary.exists());
}

#[test]
fn the_same_files_have_the_same_parameters_in_a_folder() {
    let folder = Scratch::new("parameters");
    folder.git(&["init", "--quiet"]);
    let header = r#"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"I64","shape":[],"data_offsets":[24,32]},"__metadata__":{}}"#;
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(&[0; 32]);
    folder.write("model.safetensors", &file);
    folder.commit("One", "2024-01-02T03:04:05+00:00");
    let git = Git::open(&folder.0).unwrap();
    let found = snapshot(&git, "main").unwrap();
    let count = |source: &dyn Source| vitrine_hub::parameters(source, &found, &found.files).now_or_never().unwrap();
    let expected = Some([("F32".to_owned(), 6), ("I64".to_owned(), 1)].into_iter().collect());
    assert_eq!((count(&git), count(&Folder::new(&folder.0))), (expected.clone(), expected));
}
