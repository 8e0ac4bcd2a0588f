//! Downloads kept in a folder: each entry of a [`Storage`] is a file, its key escaped into a path.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use crate::{LocalBoxFuture, Lock, Storage, StorageError};

/// Characters of a key that go into one name; longer parts of a key are spread over nested folders.
const LONGEST_NAME: usize = 120;

/// Keeps entries as files of one folder. Several processes may share it.
#[derive(Debug, Clone)]
pub struct FolderStorage {
    root: PathBuf,
}

impl FolderStorage {
    /// A storage in the folder `root`, which is made when something is kept.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn place(&self, key: &str) -> PathBuf {
        let (folders, name) = key.rsplit_once('/').map_or((None, key), |(folders, name)| (Some(folders), name));
        let mut place = self.root.join("entries");
        for folder in folders.into_iter().flat_map(|folders| folders.split('/')) {
            push(&mut place, folder, "=d");
        }
        push(&mut place, name, "=f");
        place
    }

    fn find(&self, prefix: &str) -> io::Result<Vec<String>> {
        // Whole parts of the prefix say where to begin.
        let known = prefix.get(..prefix.rfind('/').map_or(0, |slash| slash + 1)).unwrap_or_default().to_owned();
        let mut start = self.root.join("entries");
        for folder in known.split_terminator('/') {
            push(&mut start, folder, "=d");
        }
        let mut keys = Vec::new();
        let mut folders = vec![(start, known, String::new())];
        while let Some((folder, parent, begun)) = folders.pop() {
            let entries = match fs::read_dir(folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for entry in entries {
                let entry = entry?;
                let name = entry.file_name();
                // What `push` has not named is not of this storage.
                let Some((name, kind)) =
                    name.to_str().and_then(|name| name.split_at_checked(name.len().checked_sub(2)?))
                else {
                    continue;
                };
                let name = format!("{begun}{name}");
                match (kind, unescape(&name)) {
                    ("=n", _) => folders.push((entry.path(), parent.clone(), name)),
                    ("=d", Some(name)) => folders.push((entry.path(), format!("{parent}{name}/"), String::new())),
                    ("=f", Some(name)) => keys.push(format!("{parent}{name}")),
                    _ => {}
                }
            }
        }
        keys.retain(|key| key.starts_with(prefix));
        Ok(keys)
    }

    fn write(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let unique = COUNT.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.root.join(format!("unfinished-{}-{unique}", std::process::id()));
        let place = self.place(key);
        fs::create_dir_all(&self.root)?;
        let mut written = File::create(&unfinished).and_then(|mut file| file.write_all(bytes));
        if written.is_ok() {
            written = move_to(&unfinished, &place);
        }
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    fn remove(&self, key: &str) -> io::Result<()> {
        let place = self.place(key);
        match fs::remove_file(&place) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Folders that are now empty go too; one that is not cannot be removed.
        let mut folder = place.parent();
        while let Some(path) = folder.filter(|path| *path != self.root && fs::remove_dir(path).is_ok()) {
            folder = path.parent();
        }
        Ok(())
    }

    fn lock_file(&self, name: &str) -> io::Result<File> {
        let locks = self.root.join("locks");
        fs::create_dir_all(&locks)?;
        File::create(locks.join(format!("{:032x}", xxhash_rust::xxh3::xxh3_128(name.as_bytes()))))
    }
}

impl Storage for FolderStorage {
    fn keys<'a>(&'a self, prefix: &'a str) -> LocalBoxFuture<'a, Result<Vec<String>, StorageError>> {
        Box::pin(async { self.find(prefix).map_err(failed) })
    }

    fn get<'a>(&'a self, key: &'a str, _: Vec<u8>) -> LocalBoxFuture<'a, Result<Option<Vec<u8>>, StorageError>> {
        Box::pin(async {
            match fs::read(self.place(key)) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(failed(error)),
            }
        })
    }

    fn put(&self, key: &str, bytes: &[u8]) -> LocalBoxFuture<'static, Result<(), StorageError>> {
        let written = self.write(key, bytes).map_err(failed);
        Box::pin(async { written })
    }

    fn delete<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<(), StorageError>> {
        Box::pin(async { self.remove(key).map_err(failed) })
    }

    fn lock<'a>(&'a self, name: &'a str, waiting: &'a mut dyn FnMut()) -> LocalBoxFuture<'a, Lock> {
        Box::pin(async move {
            // Without a lock two processes download the same bytes; each still reads them right.
            let Ok(file) = self.lock_file(name) else { return Lock::new(()) };
            let mut told = false;
            while let Err(TryLockError::WouldBlock) = file.try_lock() {
                if !std::mem::replace(&mut told, true) {
                    waiting();
                }
                pause().await;
            }
            Lock::new(file)
        })
    }
}

/// Lets other futures of this thread go on, which may be the ones that hold the lock.
async fn pause() {
    std::thread::sleep(Duration::from_millis(20));
    let mut paused = false;
    std::future::poll_fn(|context| match std::mem::replace(&mut paused, true) {
        true => Poll::Ready(()),
        false => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

/// Moves a file into a folder that is made where it is missing, again if another process removes it, empty as it is.
fn move_to(file: &Path, place: &Path) -> io::Result<()> {
    let mut attempts = 0;
    loop {
        fs::create_dir_all(place.parent().unwrap_or(place))?;
        match fs::rename(file, place) {
            Err(error) if error.kind() == ErrorKind::NotFound && attempts < 3 => attempts += 1,
            result => return result,
        }
    }
}

fn failed(error: io::Error) -> StorageError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => StorageError::Full,
        _ => StorageError::Unavailable(error.to_string()),
    }
}

/// Appends one part of a key. Every name ends with what it is: `=f` an entry, `=d` a part of a key before a slash,
/// `=n` a piece of a part that goes on.
fn push(place: &mut PathBuf, part: &str, kind: &str) {
    let escaped = escape(part);
    let mut rest = escaped.as_str();
    while let Some((name, more)) = rest.split_at_checked(LONGEST_NAME).filter(|(_, more)| !more.is_empty()) {
        place.push(format!("{name}=n"));
        rest = more;
    }
    place.push(format!("{rest}{kind}"));
}

fn escape(part: &str) -> String {
    let mut escaped = String::new();
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'%' => escaped.push(char::from(byte)),
            _ => escaped += &format!("={byte:02x}"),
        }
    }
    escaped
}

fn unescape(name: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = name;
    while let Some(at) = rest.find('=') {
        bytes.extend_from_slice(rest.get(..at)?.as_bytes());
        bytes.push(u8::from_str_radix(rest.get(at + 1..at + 3)?, 16).ok()?);
        rest = rest.get(at + 3..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::super::tests::scratch;
    use super::*;

    fn now<T>(future: LocalBoxFuture<'_, T>) -> T {
        future.now_or_never().unwrap()
    }

    #[test]
    fn any_key_is_kept_and_found_again() {
        let folder = scratch("storage");
        let storage = FolderStorage::new(&*folder);
        let long = format!("file/{}/{}", "ü".repeat(400), "x".repeat(1000));
        let keys = [
            "a",
            "a/b",
            "a/b/c",
            "a//b",
            "/",
            "",
            "..",
            "../up",
            "a/../b",
            "CON",
            "a=f",
            "a=d/b",
            "nul\0 \n:*?<>|\\\"",
            "ä/%C3%A4",
            "file/https:%2F%2Fhub.test/org%2Fname/0-5",
            &long,
        ];
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(now(storage.put(key, &[number as u8])), Ok(()), "{key:?}");
        }
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(now(storage.get(key, Vec::new())), Ok(Some(vec![number as u8])), "{key:?}");
            assert!(storage.place(key).starts_with(storage.root.join("entries")));
        }
        for prefix in ["", "a", "a/", "a/b", "a/b/", "file/", "file/ü", "/", "zzz", "none/"] {
            let mut found = now(storage.keys(prefix)).unwrap();
            let mut expected: Vec<&str> = keys.iter().copied().filter(|key| key.starts_with(prefix)).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{prefix:?}");
        }
        for key in keys {
            assert_eq!((now(storage.delete(key)), now(storage.get(key, Vec::new()))), (Ok(()), Ok(None)), "{key:?}");
        }
        assert_eq!(now(storage.keys("")), Ok(vec![]));
        assert_eq!(fs::read_dir(&storage.root).unwrap().count(), 0);
    }

    #[test]
    fn an_entry_is_replaced_whole() {
        let folder = scratch("replace");
        let storage = FolderStorage::new(folder.join("made/later"));
        assert_eq!(now(storage.keys("")), Ok(vec![]));
        for bytes in [&b"long content"[..], b"short", b""] {
            assert_eq!(now(storage.put("key", bytes)), Ok(()));
            assert_eq!(now(storage.get("key", Vec::new())), Ok(Some(bytes.to_vec())));
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_unavailable() {
        let folder = scratch("no-folder");
        let file = folder.join("file");
        fs::write(&file, "").unwrap();
        let storage = FolderStorage::new(&file);
        assert!(matches!(now(storage.put("key", b"x")), Err(StorageError::Unavailable(_))));
        drop(now(storage.lock("name", &mut || ())));
    }

    #[test]
    fn a_lock_has_one_holder_at_a_time() {
        let folder = scratch("lock");
        let storage = FolderStorage::new(&*folder);
        let held = now(storage.lock("name", &mut || panic!("free")));
        drop(now(storage.lock("another", &mut || panic!("free"))));
        let mut waited = false;
        let mut wait = || waited = true;
        let mut second = storage.lock("name", &mut wait);
        assert!((&mut second).now_or_never().is_none());
        drop(held);
        assert!((&mut second).now_or_never().is_some());
        drop(second);
        assert!(waited);
    }
}
