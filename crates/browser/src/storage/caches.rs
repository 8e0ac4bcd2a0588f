//! Entries in the browser's Cache API: it is there on pages and in workers of every engine, writes an entry wholly or not at
//! all, and says so when there is no room.

use js_sys::{Array, Uint8Array};
use vitrine_hub::StorageError;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, CacheStorage, Request, Response};

use super::{NAME, failure};
use crate::global;

/// Entries are keyed by URLs of a host that cannot exist.
const BASE: &str = "https://vitrine.invalid/";

pub(super) async fn keys(prefix: &str) -> Result<Vec<String>, StorageError> {
    let requests: Array = JsFuture::from(open().await?.keys()).await.map_err(failure)?.unchecked_into();
    let urls = requests.iter().map(|request| request.unchecked_into::<Request>().url());
    let keys = urls.filter_map(|url| Some(url.strip_prefix(BASE)?.to_owned()));
    Ok(keys.filter(|key| key.starts_with(prefix)).collect())
}

pub(super) async fn get(key: &str) -> Result<Option<Vec<u8>>, StorageError> {
    let found = JsFuture::from(open().await?.match_with_str(&url(key))).await.map_err(failure)?;
    if found.is_undefined() {
        return Ok(None);
    }
    let buffer = found.unchecked_into::<Response>().array_buffer().map_err(failure)?;
    Ok(Some(Uint8Array::new(&JsFuture::from(buffer).await.map_err(failure)?).to_vec()))
}

pub(super) async fn put(key: &str, bytes: &Uint8Array) -> Result<(), StorageError> {
    let response = Response::new_with_opt_buffer_source(Some(bytes)).map_err(failure)?;
    JsFuture::from(open().await?.put_with_str(&url(key), &response)).await.map_err(failure)?;
    Ok(())
}

pub(super) async fn delete(key: &str) -> Result<(), StorageError> {
    JsFuture::from(open().await?.delete_with_str(&url(key))).await.map_err(failure)?;
    Ok(())
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
