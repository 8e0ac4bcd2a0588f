//! The repositories of a folder: which there are, and what each holds at its only commit.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use vitrine_hub::{Folder, RepoId};

use super::hashes::{Hash, Hashes, list_sha};

/// A folder of repositories, `<owner>/<name>/…` or `<name>/…`.
pub struct Library {
    root: PathBuf,
    hashes: Hashes,
}

/// One repository.
pub struct Repo {
    /// Its id.
    pub id: RepoId,
    /// Its files.
    pub folder: Folder,
}

/// What a repository holds now. Any change of a file makes another commit.
pub struct Commit {
    /// The name of the commit, 40 hexadecimal digits.
    pub sha: String,
    /// The files, sorted by path.
    pub files: Vec<Entry>,
}

/// One file of a commit.
pub struct Entry {
    /// Its path from the repository's root.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Commit {
    /// The file at `path`.
    pub fn file(&self, path: &str) -> Option<&Entry> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }

    /// Whether `revision` names this commit.
    pub fn is(&self, revision: &str) -> bool {
        revision == "main" || revision == self.sha
    }
}

impl Library {
    /// The library in a folder.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        std::fs::read_dir(&root)?;
        Ok(Self { root, hashes: Hashes::default() })
    }

    /// Whether the folder is itself a repository, so that its parent should have been named.
    pub fn is_repository(&self) -> bool {
        is_repository(&self.root)
    }

    /// All repositories, sorted by id.
    pub fn repos(&self) -> io::Result<Vec<Repo>> {
        let mut ids = BTreeSet::new();
        for owner in names(&self.root)? {
            let folder = self.root.join(&owner);
            // An owner's folder that cannot be read has no repositories.
            let inner = if is_repository(&folder) { Vec::new() } else { names(&folder).unwrap_or_default() };
            ids.extend(inner.into_iter().map(|name| format!("{owner}/{name}")));
            ids.insert(owner);
        }
        Ok(ids.iter().filter_map(|id| self.outermost(id)).collect())
    }

    /// The repository of this id.
    pub fn repo(&self, id: &str) -> Option<Repo> {
        // What lies within a repository is its own.
        let nested = id.split_once('/').is_some_and(|(owner, _)| is_repository(&self.root.join(owner)));
        self.outermost(id).filter(|_| !nested)
    }

    /// The repository of this id, which lies within no other.
    fn outermost(&self, id: &str) -> Option<Repo> {
        let repo = RepoId::parse(id).ok().filter(|repo| repo.as_str() == id)?;
        let path = id.split('/').fold(self.root.clone(), |path, part| path.join(part));
        let inside = path.canonicalize().ok()?.starts_with(&self.root);
        (inside && is_repository(&path)).then(|| Repo { id: repo, folder: Folder::within(self.root.clone(), path) })
    }

    /// What a repository holds now; its files are hashed where they have not been yet.
    pub fn commit(&self, repo: &Repo) -> io::Result<Commit> {
        let mut files = Vec::new();
        for (file, modified) in repo.folder.files()? {
            let place = repo.folder.path().join(&file.path);
            match self.hashes.get(&place, &file.path, file.size, modified) {
                Ok(hash) => files.push(Entry { path: file.path, size: file.size, hash }),
                // A file that is gone by now, or that no one may read, is no part of the repository.
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Commit { sha: sha_of(&files, ""), files })
    }

    /// When the oldest and the newest file of a repository were last changed.
    pub fn times(&self, repo: &Repo) -> io::Result<(SystemTime, SystemTime)> {
        let times: Vec<SystemTime> = repo.folder.files()?.into_iter().map(|(_, modified)| modified).collect();
        let oldest = times.iter().min().copied().unwrap_or(UNIX_EPOCH);
        Ok((oldest, times.iter().max().copied().unwrap_or(UNIX_EPOCH)))
    }
}

/// The SHA-1 of the files whose paths begin with `prefix`, by the rest of their paths and their git SHA-1s.
pub fn sha_of(files: &[Entry], prefix: &str) -> String {
    let inside = files.iter().filter_map(|file| Some((file.path.strip_prefix(prefix)?, file.hash.oid(file.size))));
    let listed: Vec<(&str, String)> = inside.collect();
    list_sha(listed.iter().map(|(path, oid)| (*path, oid.as_str())))
}

/// A folder with a config, a card or a checkpoint is a repository.
pub fn is_repository(folder: &Path) -> bool {
    let is_checkpoint = |name: &str| name.ends_with(".safetensors");
    folder.join("config.json").is_file()
        || folder.join("README.md").is_file()
        || names(folder).is_ok_and(|names| names.iter().any(|name| is_checkpoint(name)))
}

/// The names in a folder that are not hidden.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let names = std::fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter(|name| !name.starts_with('.')).collect())
}
