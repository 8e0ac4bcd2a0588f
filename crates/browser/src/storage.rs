//! The browser's Cache API as a [`Storage`]: it is there on pages and in workers of every engine, writes an entry wholly or
//! not at all, and says so when there is no room.

use js_sys::{Array, Uint8Array};
use vitrine_hub::{LocalBoxFuture, Lock, MemoryStorage, Storage, StorageError};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, CacheStorage, Request, Response};

use crate::{global, locks, name_of};

/// The cache's name; another layout of entries takes another name.
const NAME: &str = "vitrine-1";

/// Entries are keyed by URLs of a host that cannot exist.
const BASE: &str = "https://vitrine.invalid/";

/// Keeps entries in the browser's Cache API.
#[derive(Default)]
pub struct Caches {
    /// Locks between readers of one thread, where the browser has none of its own.
    locks: MemoryStorage,
}

impl Storage for Caches {
    fn keys<'a>(&'a self, prefix: &'a str) -> LocalBoxFuture<'a, Result<Vec<String>, StorageError>> {
        Box::pin(async move {
            let requests: Array = JsFuture::from(open().await?.keys()).await.map_err(failure)?.unchecked_into();
            let urls = requests.iter().map(|request| request.unchecked_into::<Request>().url());
            Ok(urls
                .filter_map(|url| Some(url.strip_prefix(BASE)?.to_owned()))
                .filter(|key| key.starts_with(prefix))
                .collect())
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<Option<Vec<u8>>, StorageError>> {
        Box::pin(async move {
            let found = JsFuture::from(open().await?.match_with_str(&url(key))).await.map_err(failure)?;
            if found.is_undefined() {
                return Ok(None);
            }
            let buffer = found.unchecked_into::<Response>().array_buffer().map_err(failure)?;
            Ok(Some(Uint8Array::new(&JsFuture::from(buffer).await.map_err(failure)?).to_vec()))
        })
    }

    fn put(&self, key: &str, bytes: &[u8]) -> LocalBoxFuture<'static, Result<(), StorageError>> {
        let (url, body) = (url(key), Uint8Array::new_from_slice(bytes));
        Box::pin(async move {
            let response = Response::new_with_opt_buffer_source(Some(&body)).map_err(failure)?;
            JsFuture::from(open().await?.put_with_str(&url, &response)).await.map_err(failure)?;
            Ok(())
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<(), StorageError>> {
        Box::pin(async move {
            JsFuture::from(open().await?.delete_with_str(&url(key))).await.map_err(failure)?;
            Ok(())
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

async fn open() -> Result<Cache, StorageError> {
    let caches = global("caches");
    if !caches.is_object() {
        return Err(StorageError::Unavailable("this page has no storage".to_owned()));
    }
    let opened = JsFuture::from(caches.unchecked_into::<CacheStorage>().open(NAME)).await;
    Ok(opened.map_err(failure)?.unchecked_into())
}

fn url(key: &str) -> String {
    format!("{BASE}{key}")
}

fn failure(thrown: JsValue) -> StorageError {
    match name_of(&thrown).as_str() {
        "QuotaExceededError" => StorageError::Full,
        _ => StorageError::Unavailable(crate::message_of(&thrown)),
    }
}
