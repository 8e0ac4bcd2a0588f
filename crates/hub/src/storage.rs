//! Where fetched bytes are kept between visits: named entries, written whole, read whole.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use futures_util::lock::{Mutex, OwnedMutexGuard};

/// Keeps entries by key. A failure here never fails a read: what cannot be kept is fetched again.
pub trait Storage {
    /// The keys that begin with `prefix`, in any order.
    fn keys<'a>(&'a self, prefix: &'a str) -> LocalBoxFuture<'a, Result<Vec<String>, StorageError>>;

    /// An entry's bytes, in the memory of `room` where they fit; what that holds does not matter.
    fn get<'a>(&'a self, key: &'a str, room: Vec<u8>) -> LocalBoxFuture<'a, Result<Option<Vec<u8>>, StorageError>>;

    /// Takes a copy of the bytes at once, and writes the entry when awaited; after an error it is absent, never half there.
    fn put(&self, key: &str, bytes: &[u8]) -> LocalBoxFuture<'static, Result<(), StorageError>>;

    /// Removes an entry, if it is there.
    fn delete<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<(), StorageError>>;

    /// Waits until no one else, in this tab or another, holds the lock of this name, and holds it until dropped.
    /// Calls `waiting` if it has to wait.
    fn lock<'a>(&'a self, name: &'a str, waiting: &'a mut dyn FnMut()) -> LocalBoxFuture<'a, Lock>;
}

/// Holds a lock of [`Storage::lock`] until dropped.
pub struct Lock(#[allow(dead_code, reason = "held for its drop")] Option<Box<dyn std::any::Any>>);

impl Lock {
    /// A lock that is given back when `guard` drops.
    pub fn new(guard: impl std::any::Any) -> Self {
        Self(Some(Box::new(guard)))
    }
}

/// Why the storage failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageError {
    /// There is no room.
    Full,
    /// There is no storage here, or it is broken.
    Unavailable(String),
}

/// Keeps entries in memory, up to a capacity: for tests, and for what must not outlive a page.
#[derive(Clone, Default)]
pub struct MemoryStorage {
    entries: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    locks: Rc<RefCell<BTreeMap<String, std::sync::Arc<Mutex<()>>>>>,
    capacity: Option<usize>,
}

impl MemoryStorage {
    /// An empty storage that keeps at most `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity: Some(capacity), ..Self::default() }
    }

    fn used(&self) -> usize {
        self.entries.borrow().values().map(Vec::len).sum()
    }
}

impl Storage for MemoryStorage {
    fn keys<'a>(&'a self, prefix: &'a str) -> LocalBoxFuture<'a, Result<Vec<String>, StorageError>> {
        let keys = self.entries.borrow().keys().filter(|key| key.starts_with(prefix)).cloned().collect();
        Box::pin(async move { Ok(keys) })
    }

    fn get<'a>(&'a self, key: &'a str, _: Vec<u8>) -> LocalBoxFuture<'a, Result<Option<Vec<u8>>, StorageError>> {
        let bytes = self.entries.borrow().get(key).cloned();
        Box::pin(async move { Ok(bytes) })
    }

    fn put(&self, key: &str, bytes: &[u8]) -> LocalBoxFuture<'static, Result<(), StorageError>> {
        let (storage, key, bytes) = (self.clone(), key.to_owned(), bytes.to_vec());
        Box::pin(async move {
            if storage.capacity.is_some_and(|capacity| storage.used() + bytes.len() > capacity) {
                return Err(StorageError::Full);
            }
            storage.entries.borrow_mut().insert(key, bytes);
            Ok(())
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<(), StorageError>> {
        self.entries.borrow_mut().remove(key);
        Box::pin(async { Ok(()) })
    }

    fn lock<'a>(&'a self, name: &'a str, waiting: &'a mut dyn FnMut()) -> LocalBoxFuture<'a, Lock> {
        let mutex = self.locks.borrow_mut().entry(name.to_owned()).or_default().clone();
        Box::pin(async move {
            let guard: OwnedMutexGuard<()> = match mutex.try_lock_owned() {
                Some(guard) => guard,
                None => {
                    waiting();
                    let mutex = self.locks.borrow_mut().entry(name.to_owned()).or_default().clone();
                    mutex.lock_owned().await
                }
            };
            Lock::new(guard)
        })
    }
}
