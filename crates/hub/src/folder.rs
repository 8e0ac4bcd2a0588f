//! A repository that lies in a folder of this machine, and (in `storage`) a folder that keeps what was downloaded.

mod storage;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::protocol::fingerprint;
use crate::snapshot::architectures;
use crate::{
    Error, Kept, LocalBoxFuture, ModelCard, PartSink, RepoFile, RepoId, Repositories, Result, Revision, Sink,
    SinkError, Snapshot, Source,
};

pub use storage::FolderStorage;

/// Bytes handed to a sink at a time.
const PIECE: u64 = 1 << 20;

/// The largest card or config that is read whole; a larger one counts as absent.
pub(crate) const LARGEST_TEXT: u64 = 16 << 20;

/// One repository in a folder, with the Hub's layout. Hidden files and folders are no part of it.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    root: Option<PathBuf>,
}

impl Folder {
    /// The repository at `path`. Files may be symbolic links to anywhere, as in huggingface_hub's cache.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), root: None }
    }

    /// The repository at `path`, of which symbolic links that leave `root` are no part. `root` is canonical.
    pub fn within(root: impl Into<PathBuf>, path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), root: Some(root.into()) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The repository's files, sorted by path, each with the time of its last change. Links to folders are not
    /// followed, and what has no UTF-8 name or a name that is no path on some system is left out.
    pub fn files(&self) -> io::Result<Vec<(RepoFile, SystemTime)>> {
        let mut files = Vec::new();
        let mut folders = vec![(self.path.clone(), String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
                let path = format!("{prefix}{name}");
                let kind = entry.file_type()?;
                if kind.is_dir() && is_visible(&path) {
                    folders.push((entry.path(), format!("{path}/")));
                }
                let metadata = match kind.is_symlink() {
                    true => self.locate(&path).and_then(|place| fs::metadata(place).ok()),
                    false => entry.metadata().ok().filter(|metadata| metadata.is_file() && is_visible(&path)),
                };
                if let Some(metadata) = metadata {
                    let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
                    files.push((RepoFile { path, size: metadata.len(), sha256: None }, modified));
                }
            }
        }
        files.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        Ok(files)
    }

    /// Where the file at `path` is, if the repository has it.
    pub fn locate(&self, path: &str) -> Option<PathBuf> {
        if !is_visible(path) {
            return None;
        }
        let place = path.split('/').fold(self.path.clone(), |place, part| place.join(part));
        let inside = self.root.as_ref().is_none_or(|root| {
            let target = fs::canonicalize(&place).ok();
            target
                .is_some_and(|target| target.strip_prefix(root).is_ok_and(|rest| rest.to_str().is_some_and(is_visible)))
        });
        (inside && fs::metadata(&place).is_ok_and(|metadata| metadata.is_file())).then_some(place)
    }

    /// The card's metadata.
    pub fn card(&self) -> ModelCard {
        self.text("README.md").map(|readme| ModelCard::parse(&readme)).unwrap_or_default()
    }

    /// `config.json`; null where there is none that can be read.
    pub fn config(&self) -> Value {
        self.text("config.json").and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
    }

    fn text(&self, path: &str) -> Option<String> {
        let mut bytes = Vec::new();
        File::open(self.locate(path)?).ok()?.take(LARGEST_TEXT + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= LARGEST_TEXT).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn describe(&self, repo: &RepoId, revision: &Revision) -> Result<Snapshot> {
        let endpoint = self.path.display().to_string();
        let files = self.files().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Error::RepoNotFound { repo: repo.to_string(), endpoint: endpoint.clone() }
            }
            _ => Error::Storage(format!("`{endpoint}` cannot be read: {error}")),
        })?;
        let tags: Vec<String> = files
            .iter()
            .map(|(_, modified)| modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string())
            .collect();
        Ok(Snapshot {
            endpoint,
            repo: repo.to_string(),
            revision: revision.to_string(),
            commit: None,
            key: fingerprint(files.iter().zip(&tags).map(|((file, _), tag)| (file, tag.as_str()))),
            card: self.card(),
            architectures: architectures(&self.config()),
            numbers: None,
            table: 0,
            gated: false,
            files: files.into_iter().map(|(file, _)| file).collect(),
        })
    }

    fn copy(&self, repo: &str, file: &RepoFile, range: Option<Range<u64>>, sink: &mut dyn Sink) -> Result<()> {
        let absent = || Error::EntryNotFound { repo: repo.to_owned(), path: file.path.clone() };
        copy_file(&self.locate(&file.path).ok_or_else(absent)?, file, range, sink)
    }
}

/// Hands the bytes of `file`, which lie at `place`, to `sink`; a whole file is checked against its SHA-256 where one is known.
pub(crate) fn copy_file(place: &Path, file: &RepoFile, range: Option<Range<u64>>, sink: &mut dyn Sink) -> Result<()> {
    let path = &file.path;
    let failed = |error: io::Error| Error::Storage(format!("`{path}` cannot be read: {error}"));
    let mut content = File::open(place).map_err(failed)?;
    let (hash, range) = match range {
        Some(range) => (None, range),
        None => (file.sha256, 0..file.size),
    };
    let mut hasher = Sha256::new();
    let mut at = content.seek(SeekFrom::Start(range.start)).map_err(failed)?;
    let mut piece = Vec::new();
    while at < range.end {
        piece.clear();
        let size = (range.end - at).min(PIECE);
        let read = (&mut content).take(size).read_to_end(&mut piece).map_err(failed)?;
        if read == 0 {
            return Err(Error::Truncated { path: path.clone(), received: at, size: range.end });
        }
        at += read as u64;
        if hash.is_some() {
            hasher.update(&piece);
        }
        sink.write(&piece).map_err(|_| Error::Sink)?;
    }
    match hash {
        Some(hash) if hash != <[u8; 32]>::from(hasher.finalize()) => {
            Err(Error::Integrity { path: path.clone(), reason: "its SHA-256 differs".to_owned() })
        }
        _ => Ok(()),
    }
}

impl Repositories for Folder {
    fn snapshot<'a>(&'a self, repo: &'a RepoId, revision: &'a Revision) -> LocalBoxFuture<'a, Result<Snapshot>> {
        Box::pin(async { self.describe(repo, revision) })
    }
}

impl Source for Folder {
    fn read<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        file: &'a RepoFile,
        range: Option<Range<u64>>,
        sink: &'a mut dyn Sink,
    ) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move { self.copy(&snapshot.repo, file, range, sink) })
    }

    fn read_parts<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        file: &'a RepoFile,
        parts: &'a [Range<u64>],
        sink: &'a mut dyn PartSink,
    ) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move { copy_parts(parts, sink, |part, sink| self.copy(&snapshot.repo, file, part, sink)) })
    }

    fn kept<'a>(&'a self, _: &'a Snapshot, file: &'a RepoFile) -> LocalBoxFuture<'a, Kept> {
        Box::pin(async { Kept { bytes: file.size, complete: true, verified: true } })
    }
}

/// Copies parts of a file one after the other, each as a range of it.
pub(crate) fn copy_parts(
    parts: &[Range<u64>],
    sink: &mut dyn PartSink,
    copy: impl Fn(Option<Range<u64>>, &mut dyn Sink) -> Result<()>,
) -> Result<()> {
    parts.iter().try_for_each(|part| copy(Some(part.clone()), &mut Placed { offset: part.start, sink: &mut *sink }))
}

/// Tells a sink of parts where the bytes of one lie.
struct Placed<'a> {
    offset: u64,
    sink: &'a mut dyn PartSink,
}

impl Sink for Placed<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), SinkError> {
        self.sink.write(self.offset, bytes)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// Folders are read once.
    fn restart(&mut self) {}
}

/// Whether a path stays inside its folder, on every system, and has no hidden part.
pub(crate) fn is_visible(path: &str) -> bool {
    !path.contains(['\\', '\0', ':']) && path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// A folder that is removed when dropped.
    pub(super) struct Scratch(PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    impl std::ops::Deref for Scratch {
        type Target = Path;

        fn deref(&self) -> &Path {
            &self.0
        }
    }

    /// A new empty folder; `name` is the test's.
    pub(super) fn scratch(name: &str) -> Scratch {
        let folder = std::env::temp_dir().join(format!("vitrine-hub-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Scratch(fs::canonicalize(folder).unwrap())
    }

    fn snapshot(folder: &Folder) -> Result<Snapshot> {
        let (repo, revision) = (RepoId::parse("org/name").unwrap(), Revision::parse("").unwrap());
        folder.snapshot(&repo, &revision).now_or_never().unwrap()
    }

    fn read(folder: &Folder, file: &RepoFile, range: Option<Range<u64>>) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let snapshot = snapshot(folder)?;
        folder.read(&snapshot, file, range, &mut bytes).now_or_never().unwrap().map(|()| bytes)
    }

    fn file(path: &str, size: u64) -> RepoFile {
        RepoFile { path: path.to_owned(), size, sha256: None }
    }

    #[test]
    fn a_folder_is_described_like_a_repository() {
        let path = scratch("describe");
        fs::create_dir_all(path.join("1_Pooling")).unwrap();
        fs::create_dir_all(path.join(".git")).unwrap();
        fs::write(path.join(".git/config"), "secret").unwrap();
        fs::write(path.join(".gitattributes"), "").unwrap();
        fs::write(path.join("config.json"), r#"{"architectures": ["BertModel"]}"#).unwrap();
        fs::write(path.join("README.md"), "---\nlicense: mit\n---\n").unwrap();
        fs::write(path.join("1_Pooling/ü #1%.json"), "{}").unwrap();
        let folder = Folder::new(&*path);
        let found = snapshot(&folder).unwrap();
        let files: Vec<(&str, u64)> = found.files.iter().map(|file| (file.path.as_str(), file.size)).collect();
        assert_eq!(files, [("1_Pooling/ü #1%.json", 2), ("README.md", 21), ("config.json", 32)]);
        assert_eq!((found.commit, found.card.text("license")), (None, Some("mit")));
        assert_eq!(found.architectures, ["BertModel"]);
        assert_eq!(snapshot(&folder).unwrap().key, found.key);
        fs::write(path.join("config.json"), r#"{"architectures": ["BertModel"] }"#).unwrap();
        assert_ne!(snapshot(&folder).unwrap().key, found.key);
    }

    #[test]
    fn a_missing_folder_is_a_missing_repository() {
        let error = snapshot(&Folder::new(scratch("missing").join("none"))).unwrap_err();
        assert_eq!(error.code(), "repo-not-found");
    }

    #[test]
    fn ranges_are_read_and_bounds_are_kept() {
        let path = scratch("ranges");
        let content: Vec<u8> = (0..(2 * PIECE + 5)).map(|i| (i % 251) as u8).collect();
        fs::write(path.join("a.bin"), &content).unwrap();
        let folder = Folder::new(&*path);
        let whole = file("a.bin", content.len() as u64);
        assert_eq!(read(&folder, &whole, None).unwrap(), content);
        assert_eq!(
            read(&folder, &whole, Some(PIECE - 1..PIECE + 3)).unwrap(),
            content[PIECE as usize - 1..PIECE as usize + 3]
        );
        assert_eq!(read(&folder, &whole, Some(7..7)).unwrap(), b"");
        let beyond = read(&folder, &whole, Some(0..whole.size + 1)).unwrap_err();
        assert_eq!(beyond.code(), "truncated");
        for absent in ["b.bin", "../a.bin", "/etc/hostname", "", ".", "a.bin/"] {
            assert_eq!(read(&folder, &file(absent, 1), None).unwrap_err().code(), "entry-not-found", "{absent}");
        }
    }

    #[test]
    fn parts_are_read_where_they_lie() {
        struct Pieces(Vec<(u64, Vec<u8>)>);
        impl PartSink for Pieces {
            fn write(&mut self, offset: u64, bytes: &[u8]) -> std::result::Result<(), SinkError> {
                self.0.push((offset, bytes.to_vec()));
                Ok(())
            }
        }
        let path = scratch("parts");
        let content: Vec<u8> = (0..(2 * PIECE + 5)).map(|i| (i % 251) as u8).collect();
        fs::write(path.join("a.bin"), &content).unwrap();
        let folder = Folder::new(&*path);
        let (snapshot, whole) = (snapshot(&folder).unwrap(), file("a.bin", content.len() as u64));
        let mut sink = Pieces(Vec::new());
        folder.read_parts(&snapshot, &whole, &[3..PIECE + 9, 1..2], &mut sink).now_or_never().unwrap().unwrap();
        let offsets: Vec<(u64, usize)> = sink.0.iter().map(|(offset, bytes)| (*offset, bytes.len())).collect();
        assert_eq!(offsets, [(3, PIECE as usize), (PIECE + 3, 6), (1, 1)]);
        assert!(sink.0.iter().all(|(offset, bytes)| content[*offset as usize..].starts_with(bytes)));
        let kept = folder.kept(&snapshot, &whole).now_or_never().unwrap();
        assert_eq!(kept, Kept { bytes: whole.size, complete: true, verified: true });
    }

    #[test]
    fn a_known_hash_is_checked() {
        let path = scratch("hash");
        fs::write(path.join("a"), "abc").unwrap();
        let abc = crate::snapshot::from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let right = RepoFile { sha256: abc, ..file("a", 3) };
        let wrong = RepoFile { sha256: Some([0; 32]), ..file("a", 3) };
        assert_eq!(read(&Folder::new(&*path), &right, None).unwrap(), b"abc");
        assert_eq!(read(&Folder::new(&*path), &wrong, None).unwrap_err().code(), "integrity");
    }

    #[cfg(unix)]
    #[test]
    fn links_that_leave_the_root_are_no_part_of_it() {
        let root = scratch("links");
        let outside = scratch("links-outside");
        let path = root.join("name");
        fs::create_dir_all(&path).unwrap();
        fs::create_dir_all(root.join(".git")).unwrap();
        for secret in [outside.join("secret"), root.join(".git/secret"), root.join("blob")] {
            fs::write(secret, "x").unwrap();
        }
        for (target, link) in
            [(outside.join("secret"), "out"), (root.join(".git/secret"), "git"), (root.join("blob"), "blob")]
        {
            std::os::unix::fs::symlink(target, path.join(link)).unwrap();
        }
        std::os::unix::fs::symlink(&*root, path.join("loop")).unwrap();
        let names = |folder: Folder| -> Vec<String> {
            folder.files().unwrap().into_iter().map(|(file, _)| file.path).collect()
        };
        assert_eq!(names(Folder::within(&*root, &path)), ["blob"]);
        assert_eq!(Folder::within(&*root, &path).locate("loop/name/out"), None);
        assert_eq!(names(Folder::new(&*path)), ["blob", "git", "out"]);
    }
}
