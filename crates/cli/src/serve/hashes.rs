//! What git and Git LFS call a file: its hashes, computed once for each state of the file.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use sha1::Sha1;
use sha2::{Digest, Sha256};
use vitrine_hub::to_hex;

/// Files from this size on are of the LFS type, as are those with an extension below.
const LFS_SIZE: u64 = 1_000_000;

/// Extensions of the LFS type, after the `.gitattributes` that the Hub gives to new repositories.
const LFS_EXTENSIONS: &[&str] = &[
    "7z",
    "arrow",
    "bin",
    "bz2",
    "ckpt",
    "ftz",
    "gguf",
    "gz",
    "h5",
    "joblib",
    "mlmodel",
    "model",
    "msgpack",
    "npy",
    "npz",
    "onnx",
    "ot",
    "parquet",
    "pb",
    "pickle",
    "pkl",
    "pt",
    "pth",
    "rar",
    "safetensors",
    "tar",
    "tflite",
    "tgz",
    "wasm",
    "xz",
    "zip",
    "zst",
];

/// The names of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// A file that git itself holds: the SHA-1 of its blob.
    Git([u8; 20]),
    /// A file that Git LFS holds: the SHA-256 of its content. What git holds is a pointer.
    Lfs([u8; 32]),
}

impl Hash {
    /// Hashes `size` bytes.
    fn of(content: &mut dyn Read, size: u64, lfs: bool) -> io::Result<Self> {
        Ok(match lfs {
            true => Self::Lfs(digest(Sha256::new(), content, size)?.into()),
            false => Self::Git(digest(Sha1::new_with_prefix(format!("blob {size}\0")), content, size)?.into()),
        })
    }

    /// The git blob's SHA-1, which for an LFS file is that of its pointer.
    pub fn oid(&self, size: u64) -> String {
        match self {
            Self::Git(hash) => to_hex(hash),
            Self::Lfs(_) => git_oid(self.pointer(size).unwrap_or_default().as_bytes()),
        }
    }

    /// The SHA-256 of an LFS file.
    pub fn sha256(&self) -> Option<String> {
        match self {
            Self::Git(_) => None,
            Self::Lfs(hash) => Some(to_hex(hash)),
        }
    }

    /// The text that git holds in place of an LFS file.
    pub fn pointer(&self, size: u64) -> Option<String> {
        let sha256 = self.sha256()?;
        Some(format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"))
    }

    /// The strong entity tag of the content, quoted.
    pub fn etag(&self) -> String {
        match self {
            Self::Git(hash) => format!("\"{}\"", to_hex(hash)),
            Self::Lfs(hash) => format!("\"{}\"", to_hex(hash)),
        }
    }
}

/// The SHA-1 that git gives to a blob.
fn git_oid(content: &[u8]) -> String {
    to_hex(&Sha1::new_with_prefix(format!("blob {}\0", content.len())).chain_update(content).finalize())
}

/// The SHA-1 of a list of names and what they stand for.
pub fn list_sha<'a>(items: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let hasher = items.fold(Sha1::new(), |hasher, (path, oid)| hasher.chain_update(format!("{oid} {path}\0")));
    to_hex(&hasher.finalize())
}

fn digest<D: Digest>(mut hasher: D, content: &mut dyn Read, size: u64) -> io::Result<sha2::digest::Output<D>> {
    let mut buffer = vec![0; 1 << 18];
    let mut content = content.take(size);
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(hasher.finalize()),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// Hashes of files by path, size and time of change, so that a file is hashed again only once it has changed.
#[derive(Default)]
pub struct Hashes {
    known: Mutex<HashMap<PathBuf, Known>>,
}

/// The hash of one state of a file; who holds the lock of an empty one is hashing.
struct Known {
    size: u64,
    modified: SystemTime,
    hash: Arc<Mutex<Option<Hash>>>,
}

impl Hashes {
    /// The hash of the file at `place`, known as `path` in its repository. Requests for a file that is being hashed
    /// wait for that one hash.
    pub fn get(&self, place: &Path, path: &str, size: u64, modified: SystemTime) -> io::Result<Hash> {
        let slot = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = known.entry(place.to_owned()).or_insert_with(|| Known { size, modified, hash: Arc::default() });
            if (entry.size, entry.modified) != (size, modified) {
                *entry = Known { size, modified, hash: Arc::default() };
            }
            Arc::clone(&entry.hash)
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match *slot {
            Some(hash) => Ok(hash),
            None => {
                let hash = Hash::of(&mut File::open(place)?, size, is_lfs(path, size))?;
                *slot = Some(hash);
                Ok(hash)
            }
        }
    }
}

/// Whether the Hub would keep a file in Git LFS.
fn is_lfs(path: &str, size: u64) -> bool {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    size >= LFS_SIZE || LFS_EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'hello\n' | git hash-object --stdin`, and the pointer that `git lfs pointer` prints for it.
    #[test]
    fn hashes_are_those_of_git_and_git_lfs() {
        let git = Hash::of(&mut &b"hello\n"[..], 6, false).unwrap();
        assert_eq!(git.etag(), "\"ce013625030ba8dba906f756967f9e9ca394464a\"");
        assert_eq!((git.oid(6), git.sha256()), ("ce013625030ba8dba906f756967f9e9ca394464a".to_owned(), None));
        let lfs = Hash::of(&mut &b"hello\n"[..], 6, true).unwrap();
        let sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        assert_eq!(lfs.sha256().as_deref(), Some(sha256));
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize 6\n");
        assert_eq!(lfs.pointer(6).as_deref(), Some(pointer.as_str()));
        assert_eq!(lfs.oid(6), git_oid(pointer.as_bytes()));
    }

    #[test]
    fn large_files_and_weights_are_of_the_lfs_type() {
        for (path, size, lfs) in [
            ("config.json", 999_999, false),
            ("config.json", 1_000_000, true),
            ("model.safetensors", 1, true),
            ("a/pytorch_model.BIN", 1, true),
            ("safetensors", 1, false),
        ] {
            assert_eq!(is_lfs(path, size), lfs, "{path} {size}");
        }
    }

    #[test]
    fn a_changed_file_is_hashed_again() {
        let place = std::env::temp_dir().join(format!("vitrine-hashes-{}", std::process::id()));
        let hashes = Hashes::default();
        let (early, late) = (SystemTime::UNIX_EPOCH, SystemTime::now());
        std::fs::write(&place, "one").unwrap();
        let one = hashes.get(&place, "a", 3, early).unwrap();
        std::fs::write(&place, "two").unwrap();
        assert_eq!(hashes.get(&place, "a", 3, early).unwrap(), one);
        assert_ne!(hashes.get(&place, "a", 3, late).unwrap(), one);
        std::fs::remove_file(&place).unwrap();
    }
}
