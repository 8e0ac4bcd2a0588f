//! What this browser keeps between visits: the files of models where a worker reads and writes them fastest, all else, and
//! files too where there is no such place, in its Cache API.

mod caches;
mod files;

use futures_util::future::join;
use js_sys::Uint8Array;
use vitrine_hub::{LocalBoxFuture, Lock, MemoryStorage, Storage, StorageError};
use wasm_bindgen::JsValue;

use crate::{locks, name_of};
use files::Files;

/// The name of both places; another layout of entries takes another name.
const NAME: &str = "vitrine-1";

/// What the keys of files begin with.
const FILES: &str = "file/";

/// Keeps entries in this browser.
#[derive(Clone, Default)]
pub struct BrowserStorage {
    files: Files,
    /// Locks between readers of one thread, where the browser has none of its own.
    locks: MemoryStorage,
}

/// The storage of this browser, as this thread knows it.
pub fn storage() -> BrowserStorage {
    thread_local! {
        static STORAGE: BrowserStorage = BrowserStorage::default();
    }
    STORAGE.with(Clone::clone)
}

impl Storage for BrowserStorage {
    fn keys<'a>(&'a self, prefix: &'a str) -> LocalBoxFuture<'a, Result<Vec<String>, StorageError>> {
        Box::pin(async move {
            match self.files.keys(prefix).await {
                // What of a file is in its folder is all that counts; one that could only be made has nothing.
                Ok((true, keys)) if !keys.is_empty() => Ok(keys),
                Ok((_, mut keys)) => {
                    keys.extend(caches::keys(prefix).await.unwrap_or_default());
                    Ok(keys)
                }
                Err(_) => caches::keys(prefix).await,
            }
        })
    }

    fn get<'a>(&'a self, key: &'a str, room: Vec<u8>) -> LocalBoxFuture<'a, Result<Option<Vec<u8>>, StorageError>> {
        Box::pin(async move {
            if !key.starts_with(FILES) {
                return caches::get(key).await;
            }
            match self.files.get(key, room).await {
                Ok(Some(bytes)) => Ok(Some(bytes)),
                Ok(None) => caches::get(key).await,
                // What merely cannot be read now is not gone.
                Err(error) => caches::get(key).await?.map(Some).ok_or(error),
            }
        })
    }

    fn put(&self, key: &str, bytes: &[u8]) -> LocalBoxFuture<'static, Result<(), StorageError>> {
        let (files, key, body) = (self.files.clone(), key.to_owned(), Uint8Array::new_from_slice(bytes));
        Box::pin(async move {
            if key.starts_with(FILES) {
                let put = files.put(&key, &body).await;
                // What lies beside a folder would not be found.
                if !matches!(put, Err(StorageError::Unavailable(_))) || files.is_busy() {
                    return put;
                }
            }
            caches::put(&key, &body).await
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<(), StorageError>> {
        Box::pin(async move {
            if !key.starts_with(FILES) {
                return caches::delete(key).await;
            }
            let (file, cached) = join(self.files.delete(key), caches::delete(key)).await;
            // Either may be missing in this browser.
            file.or(cached)
        })
    }

    fn lock<'a>(&'a self, name: &'a str, waiting: &'a mut dyn FnMut()) -> LocalBoxFuture<'a, Lock> {
        Box::pin(async move {
            match locks::lock(name, &mut *waiting).await {
                Some(lock) => lock,
                None => self.locks.lock(name, waiting).await,
            }
        })
    }
}

fn failure(thrown: JsValue) -> StorageError {
    match name_of(&thrown).as_str() {
        "QuotaExceededError" => StorageError::Full,
        _ => StorageError::Unavailable(crate::message_of(&thrown)),
    }
}
