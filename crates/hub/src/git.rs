//! A git repository on this machine: its files at any branch, tag or commit, with those that git LFS keeps.

use std::fs;
use std::io::{Read, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use sha2::{Digest, Sha256};

use crate::folder::{LARGEST_TEXT, copy_file, copy_parts, is_visible};
use crate::snapshot::{architectures, from_hex, to_hex};
use crate::{
    Error, Kept, LocalBoxFuture, ModelCard, PartSink, RepoFile, RepoId, Repositories, Result, Revision, Sink, Snapshot,
    Source,
};

/// Bytes handed to a sink at a time.
const PIECE: usize = 1 << 20;

/// The largest file that may be a pointer of git LFS, by its specification.
const LARGEST_POINTER: u64 = 1024;

/// A repository of git. The program `git` reads it; nothing that the repository's own configuration names is run.
#[derive(Debug, Clone)]
pub struct Git {
    path: PathBuf,
}

/// A name under which a repository can be seen, and the commit it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// What kind of name it is.
    pub kind: VersionKind,
    /// The branch, the tag, or the commit.
    pub name: String,
    /// The commit, 40 hexadecimal digits.
    pub commit: String,
    /// When it was made, in ISO 8601.
    pub date: String,
    /// The first line of its message.
    pub title: String,
}

/// What names a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionKind {
    /// A branch, whose commit changes.
    Branch,
    /// A tag.
    Tag,
    /// A commit alone.
    Commit,
}

impl Git {
    /// The repository at `path`; `None` where there is none of git's. What lies within another repository is not one itself.
    pub fn open(path: impl Into<PathBuf>) -> Option<Self> {
        let path = path.into();
        path.join(".git").exists().then_some(Self { path })
    }

    /// Branches (`main` first, or, where there is none, what is checked out), tags, and the newest `commits` of that branch.
    pub fn versions(&self, commits: usize) -> Result<Vec<Version>> {
        const FORMAT: &str = "%(refname)%00%(objectname)%00%(*objectname)%00%(creatordate:iso-strict)%00%(subject)";
        let main = self.text(&["rev-parse", "--verify", "--quiet", "refs/heads/main^{commit}"]);
        let (head, branch) = match main {
            Ok(commit) => (commit, "main".to_owned()),
            Err(_) => (
                self.text(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?,
                // What is checked out may be no branch.
                self.text(&["symbolic-ref", "--quiet", "--short", "HEAD"]).unwrap_or_default(),
            ),
        };
        let refs = self.text(&["for-each-ref", "--format", FORMAT, "refs/heads", "refs/tags"])?;
        let mut versions: Vec<Version> = refs.lines().filter_map(named_version).collect();
        let is_default = |version: &Version| version.kind == VersionKind::Branch && version.name == branch.trim();
        versions.sort_by_key(|version| (!is_default(version), version.kind == VersionKind::Tag));
        let count = commits.to_string();
        let log =
            self.text(&["log", "--no-show-signature", "-z", "--format=%H%n%cI%n%s", "-n", &count, head.trim()])?;
        versions.extend(log.split('\0').filter_map(|entry| {
            let mut lines = entry.trim_start_matches('\n').lines();
            let (commit, date) = (lines.next()?.to_owned(), lines.next()?.to_owned());
            let title = lines.next().unwrap_or_default().to_owned();
            Some(Version { kind: VersionKind::Commit, name: commit.clone(), commit, date, title })
        }));
        Ok(versions)
    }

    /// Whether files differ from the commit that is checked out.
    pub fn is_changed(&self) -> Result<bool> {
        Ok(!self.text(&["status", "--porcelain", "--untracked-files=normal"])?.trim().is_empty())
    }

    /// The commit that a revision names; `main` stands for what is checked out where there is no such branch.
    fn commit(&self, repo: &RepoId, revision: &Revision) -> Result<String> {
        let resolve = |name: &str| {
            let name = format!("{name}^{{commit}}");
            self.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name])
        };
        let commit = resolve(revision.as_str()).or_else(|error| match revision.as_str() {
            "main" => resolve("HEAD"),
            _ => Err(error),
        });
        let unknown = || Error::RevisionNotFound { repo: repo.to_string(), revision: revision.to_string() };
        Ok(commit.map_err(|_| unknown())?.trim().to_owned())
    }

    fn describe(&self, repo: &RepoId, revision: &Revision) -> Result<Snapshot> {
        let commit = self.commit(repo, revision)?;
        let files = self.files(&commit)?;
        let text = |path: &str| self.small_text(&commit, files.iter().find(|file| file.path == path)?);
        let config = text("config.json").and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        Ok(Snapshot {
            endpoint: self.path.display().to_string(),
            repo: repo.to_string(),
            revision: revision.to_string(),
            key: commit.clone(),
            card: text("README.md").map(|readme| ModelCard::parse(&readme)).unwrap_or_default(),
            architectures: architectures(&config),
            numbers: None,
            table: 0,
            gated: false,
            commit: Some(commit),
            files,
        })
    }

    /// The files of a commit, sorted by path; hidden ones, links and submodules are left out, as in a folder.
    fn files(&self, commit: &str) -> Result<Vec<RepoFile>> {
        let listing = self.run(&["ls-tree", "-r", "-z", "-l", "--full-tree", commit])?;
        let mut files = Vec::new();
        let mut small = Vec::new();
        for entry in listing.split(|byte| *byte == 0) {
            let Some((what, path)) = std::str::from_utf8(entry).ok().and_then(|entry| entry.split_once('\t')) else {
                continue;
            };
            let mut parts = what.split_ascii_whitespace();
            let (mode, oid, size) = (parts.next(), parts.nth(1), parts.next().and_then(|size| size.parse().ok()));
            let (Some("100644" | "100755"), Some(oid), Some(size)) = (mode, oid, size) else { continue };
            if is_visible(path) {
                if size <= LARGEST_POINTER {
                    small.push((files.len(), oid.to_owned()));
                }
                files.push(RepoFile { path: path.to_owned(), size, sha256: None });
            }
        }
        for ((index, _), text) in small.iter().zip(self.blobs(&small)?) {
            if let (Some((sha256, size)), Some(file)) = (pointer(&text), files.get_mut(*index)) {
                (file.size, file.sha256) = (size, Some(sha256));
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// The contents of small blobs, in their order.
    fn blobs(&self, blobs: &[(usize, String)]) -> Result<Vec<Vec<u8>>> {
        if blobs.is_empty() {
            return Ok(Vec::new());
        }
        let failed = |error: std::io::Error| Error::Storage(format!("git cannot be asked: {error}"));
        let mut child = self.command(&["cat-file", "--batch"]).stdin(Stdio::piped()).spawn().map_err(failed)?;
        let mut requests = child.stdin.take().ok_or_else(|| Error::Storage("git takes no input".to_owned()))?;
        let names: String = blobs.iter().map(|(_, oid)| format!("{oid}\n")).collect();
        // Git answers while it is asked, so both go on at once.
        let asking = std::thread::spawn(move || requests.write_all(names.as_bytes()));
        let answer = child.wait_with_output().map_err(failed)?.stdout;
        // What could not be asked is missing from the answer.
        let _ = asking.join();
        let mut rest = answer.as_slice();
        let mut contents = Vec::new();
        for (_, oid) in blobs {
            let missing = || Error::Storage(format!("git has no object {oid}"));
            let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(missing)?;
            let (line, after) = rest.split_at_checked(end + 1).ok_or_else(missing)?;
            let size =
                std::str::from_utf8(line).ok().and_then(|line| line.split_ascii_whitespace().nth(2)?.parse().ok());
            let (content, after) = after.split_at_checked(size.ok_or_else(missing)?).ok_or_else(missing)?;
            contents.push(content.to_vec());
            rest = after.get(1..).unwrap_or_default();
        }
        Ok(contents)
    }

    fn small_text(&self, commit: &str, file: &RepoFile) -> Option<String> {
        let mut bytes = Vec::new();
        (file.size <= LARGEST_TEXT).then_some(())?;
        self.copy("", commit, file, None, &mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn copy(
        &self,
        repo: &str,
        commit: &str,
        file: &RepoFile,
        range: Option<Range<u64>>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        if let Some(sha256) = file.sha256
            && let Some(object) = self.large_object(&to_hex(&sha256))
        {
            return copy_file(&object, file, range, sink);
        }
        let mut child = self.spawn(&["cat-file", "blob", &format!("{commit}:{}", file.path)])?;
        let copied = self.copy_output(&mut child, repo, file, range, sink);
        // One that was not read to its end would wait for ever.
        let _ = child.kill();
        let _ = child.wait();
        copied
    }

    fn copy_output(
        &self,
        child: &mut Child,
        repo: &str,
        file: &RepoFile,
        range: Option<Range<u64>>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let path = &file.path;
        let failed = |error: std::io::Error| Error::Storage(format!("`{path}` cannot be read: {error}"));
        let mut output = child.stdout.take().ok_or_else(|| Error::Storage("git answers nothing".to_owned()))?;
        let wanted = range.clone().unwrap_or(0..file.size);
        let mut hasher = Sha256::new();
        let (mut piece, mut at) = (Vec::new(), 0);
        while at < wanted.end {
            piece.clear();
            let read = (&mut output).take(PIECE as u64).read_to_end(&mut piece).map_err(failed)? as u64;
            if read == 0 && at == 0 && file.size > 0 {
                return Err(Error::EntryNotFound { repo: repo.to_owned(), path: path.clone() });
            }
            if file.sha256.is_some() && at == 0 && pointer(&piece).is_some() {
                let reason = "git LFS has not fetched it; `git lfs pull` does".to_owned();
                return Err(Error::Storage(format!("`{path}` cannot be read: {reason}")));
            }
            if read == 0 {
                return Err(Error::Truncated { path: path.clone(), received: at, size: wanted.end });
            }
            hasher.update(&piece);
            let from = wanted.start.saturating_sub(at).min(read) as usize;
            let to = (wanted.end - at).min(read) as usize;
            sink.write(piece.get(from..to).unwrap_or_default()).map_err(|_| Error::Sink)?;
            at += read;
        }
        match file.sha256 {
            Some(sha256) if range.is_none() && sha256 != <[u8; 32]>::from(hasher.finalize()) => {
                Err(Error::Integrity { path: path.clone(), reason: "its SHA-256 differs".to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Where git LFS keeps the object of this hash, if it has fetched it.
    fn large_object(&self, sha256: &str) -> Option<PathBuf> {
        let common = self.text(&["rev-parse", "--git-common-dir"]).ok()?;
        let common = self.path.join(common.trim());
        let object = common.join("lfs/objects").join(sha256.get(..2)?).join(sha256.get(2..4)?).join(sha256);
        fs::metadata(&object).is_ok_and(|metadata| metadata.is_file()).then_some(object)
    }

    fn text(&self, arguments: &[&str]) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.run(arguments)?).into_owned())
    }

    fn run(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = self.spawn(arguments)?.wait_with_output();
        let output = output.map_err(|error| Error::Storage(format!("git cannot be asked: {error}")))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::Storage(format!("git cannot read `{}`: {message}", self.path.display())))
    }

    fn spawn(&self, arguments: &[&str]) -> Result<Child> {
        let spawned = self.command(arguments).stdin(Stdio::null()).spawn();
        spawned.map_err(|error| Error::Storage(format!("git is needed to read `{}`: {error}", self.path.display())))
    }

    /// A call of git that reads only, and runs nothing that the repository's configuration names.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.path).args(["--no-optional-locks", "-c", "core.fsmonitor=false"]);
        command.args(["-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false", "-c", "protocol.allow=never"]);
        command.args(arguments).env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_LAZY_FETCH", "1");
        // Other variables would point git to another repository.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"] {
            command.env_remove(name);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A line of `for-each-ref`.
fn named_version(line: &str) -> Option<Version> {
    let mut fields = line.split('\0');
    let (name, object, target) = (fields.next()?, fields.next()?, fields.next()?);
    let (date, title) = (fields.next()?.to_owned(), fields.next().unwrap_or_default().to_owned());
    let (kind, name) = match (name.strip_prefix("refs/heads/"), name.strip_prefix("refs/tags/")) {
        (Some(branch), _) => (VersionKind::Branch, branch),
        (_, Some(tag)) => (VersionKind::Tag, tag),
        _ => return None,
    };
    // A tag with a message is an object of its own.
    let commit = if target.is_empty() { object } else { target };
    Some(Version { kind, name: name.to_owned(), commit: commit.to_owned(), date, title })
}

/// The SHA-256 and the size that a pointer of git LFS names (its specification, version 1).
fn pointer(content: &[u8]) -> Option<([u8; 32], u64)> {
    let text = std::str::from_utf8(content).ok().filter(|text| text.len() as u64 <= LARGEST_POINTER)?;
    let rest = text.strip_prefix("version https://git-lfs.github.com/spec/v1\n")?;
    let field = |name: &str| rest.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Some((from_hex(field("oid")?.strip_prefix("sha256:")?)?, field("size")?.parse().ok()?))
}

impl Repositories for Git {
    fn snapshot<'a>(&'a self, repo: &'a RepoId, revision: &'a Revision) -> LocalBoxFuture<'a, Result<Snapshot>> {
        Box::pin(async { self.describe(repo, revision) })
    }
}

impl Source for Git {
    fn read<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        file: &'a RepoFile,
        range: Option<Range<u64>>,
        sink: &'a mut dyn Sink,
    ) -> LocalBoxFuture<'a, Result<()>> {
        let commit = snapshot.commit.as_deref().unwrap_or("HEAD");
        Box::pin(async move { self.copy(&snapshot.repo, commit, file, range, sink) })
    }

    fn read_parts<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        file: &'a RepoFile,
        parts: &'a [Range<u64>],
        sink: &'a mut dyn PartSink,
    ) -> LocalBoxFuture<'a, Result<()>> {
        let commit = snapshot.commit.as_deref().unwrap_or("HEAD");
        Box::pin(
            async move { copy_parts(parts, sink, |part, sink| self.copy(&snapshot.repo, commit, file, part, sink)) },
        )
    }

    fn kept<'a>(&'a self, _: &'a Snapshot, file: &'a RepoFile) -> LocalBoxFuture<'a, Kept> {
        Box::pin(async { Kept { bytes: file.size, complete: true, verified: true } })
    }
}
