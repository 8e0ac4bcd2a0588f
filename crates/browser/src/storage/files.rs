//! Entries in the origin private file system, which workers read and write without a detour through the browser's processes;
//! a page can list and remove them.
//!
//! All entries whose keys differ after the last slash only share a folder. Its file `data` has their bytes, one after another;
//! an empty file `{name} {position} {length}` stands for each entry, made after its bytes were written. Who reads an entry has
//! to check it: after a loss of power its bytes may be missing.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use vitrine_hub::StorageError;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::{NAME, failure};
use crate::{global, name_of, property, sleep};

/// The file of a folder's bytes.
const DATA: &str = "data";

/// Stands for a slash in a folder's name; keys have no spaces.
const SLASH: &str = " ";

/// How long, and how often, bytes that another tab has open are waited for.
const BUSY: (Duration, u32) = (Duration::from_millis(20), 100);

/// How long bytes stay open after they were used: others may want them, but opening takes as long as reading a megabyte.
const LINGER: Duration = Duration::from_millis(150);

#[wasm_bindgen]
extern "C" {
    /// A `StorageManager`.
    type Manager;

    #[wasm_bindgen(method, catch, js_name = getDirectory)]
    fn directory(this: &Manager) -> Result<Promise, JsValue>;

    /// A `FileSystemDirectoryHandle`.
    #[derive(Clone)]
    type Folder;

    #[wasm_bindgen(method, catch, js_name = getDirectoryHandle)]
    fn folder(this: &Folder, name: &str, options: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch, js_name = getFileHandle)]
    fn file(this: &Folder, name: &str, options: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch, js_name = removeEntry)]
    fn remove(this: &Folder, name: &str, options: &Object) -> Result<Promise, JsValue>;

    /// An asynchronous iterator over names.
    #[wasm_bindgen(method, catch)]
    fn keys(this: &Folder) -> Result<JsValue, JsValue>;

    /// All that an asynchronous iterator has.
    #[wasm_bindgen(catch, js_namespace = Array, js_name = fromAsync)]
    fn all_of(iterator: &JsValue) -> Result<Promise, JsValue>;

    /// A `FileSystemFileHandle`.
    type File;

    /// Dedicated workers only.
    #[wasm_bindgen(method, catch, js_name = createSyncAccessHandle)]
    fn open(this: &File) -> Result<Promise, JsValue>;

    /// A `FileSystemSyncAccessHandle`.
    type Handle;

    #[wasm_bindgen(method, catch, js_name = getSize)]
    fn size(this: &Handle) -> Result<f64, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn read(this: &Handle, buffer: &mut [u8], options: &Object) -> Result<f64, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn write(this: &Handle, bytes: &Uint8Array, options: &Object) -> Result<f64, JsValue>;

    #[wasm_bindgen(method)]
    fn close(this: &Handle);
}

/// Everything kept; clones share what they know of it.
#[derive(Clone, Default)]
pub(super) struct Files(Rc<State>);

#[derive(Default)]
struct State {
    root: OnceCell<Folder>,
    /// Folders as last listed.
    known: RefCell<HashMap<String, Known>>,
    /// The bytes that are open, or being opened, by folder.
    open: RefCell<HashMap<String, Opening>>,
    /// Whether bytes were not to be had however long they were waited for; the next are asked for once.
    busy: Cell<bool>,
}

/// All who want a folder's bytes drive one opening: none of them is needed for it to go on.
type Opening = Shared<LocalBoxFuture<'static, Result<Rc<Open>, StorageError>>>;

/// A folder, with position and length of the bytes of its entries, by name.
struct Known {
    folder: Folder,
    entries: HashMap<String, (u64, u32)>,
}

impl Files {
    /// The keys that begin with `prefix`, and whether that is the folder of all of them, which is there.
    pub(super) async fn keys(&self, prefix: &str) -> Result<(bool, Vec<String>), StorageError> {
        let root = self.root().await?;
        if let Some(folder) = prefix.strip_suffix('/')
            && let Some(keys) = self.list(&folder.replace('/', SLASH)).await?
        {
            return Ok((true, keys));
        }
        let mut keys = Vec::new();
        for name in names(&root).await? {
            if name.replace(SLASH, "/").starts_with(prefix) {
                keys.extend(self.list(&name).await?.unwrap_or_default());
            }
        }
        Ok((false, keys))
    }

    /// The keys of a folder, which is known from then on; `None` where it is not there.
    async fn list(&self, name: &str) -> Result<Option<Vec<String>>, StorageError> {
        let Some(folder) = found(self.root().await?.folder(name, &Object::new())).await? else {
            self.0.known.borrow_mut().remove(name);
            return Ok(None);
        };
        let (folder, mut entries) = (folder.unchecked_into(), HashMap::<_, (u64, u32)>::new());
        for file in names(&folder).await? {
            if let Some((entry, place)) = parse(&file) {
                // Of two of the same name the later one counts.
                let latest = entries.entry(entry.to_owned()).or_insert(place);
                *latest = place.max(*latest);
            }
        }
        let front = name.replace(SLASH, "/");
        let keys = entries.keys().map(|entry| format!("{front}/{entry}")).collect();
        self.0.known.borrow_mut().insert(name.to_owned(), Known { folder, entries });
        Ok(Some(keys))
    }

    pub(super) async fn get(&self, key: &str, room: Vec<u8>) -> Result<Option<Vec<u8>>, StorageError> {
        let (name, entry) = split(key);
        let Some((folder, (position, length))) = self.find(&name, entry).await? else { return Ok(None) };
        let data = self.open(&name, &folder).await?;
        let (mut bytes, length) = (room, length as usize);
        // Not twice what a smaller one had before.
        bytes.reserve_exact(length.saturating_sub(bytes.len()));
        bytes.resize(length, 0);
        let read = data.handle.read(&mut bytes, &object("at", position as f64)).map_err(failure)?;
        bytes.truncate(read as usize);
        Ok(Some(bytes))
    }

    /// The folder of an entry, with position and length of its bytes.
    async fn find(&self, name: &str, entry: &str) -> Result<Option<(Folder, (u64, u32))>, StorageError> {
        let known = || {
            let known = self.0.known.borrow();
            let known = known.get(name)?;
            Some((known.folder.clone(), *known.entries.get(entry)?))
        };
        if known().is_none() {
            self.list(name).await?;
        }
        Ok(known())
    }

    pub(super) async fn put(&self, key: &str, bytes: &Uint8Array) -> Result<(), StorageError> {
        let (name, entry) = split(key);
        let (folder, data) = self.open_or_make(&name).await?;
        let (end, length) = (data.handle.size().map_err(failure)?, bytes.length());
        if data.handle.write(bytes, &object("at", end)).map_err(failure)? < f64::from(length) {
            return Err(StorageError::Full);
        }
        let place = (end as u64, length);
        settled(folder.file(&file(entry, place), &object("create", true))).await?;
        if let Some(known) = self.0.known.borrow_mut().get_mut(&name) {
            known.entries.insert(entry.to_owned(), place);
        }
        Ok(())
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), StorageError> {
        let (name, entry) = split(key);
        let Some((folder, place)) = self.find(&name, entry).await? else { return Ok(()) };
        if let Some(known) = self.0.known.borrow_mut().get_mut(&name) {
            known.entries.remove(entry);
        }
        found(folder.remove(&file(entry, place), &Object::new())).await?;
        let is_last = self.0.known.borrow().get(&name).is_none_or(|known| known.entries.is_empty());
        if is_last && self.list(&name).await?.is_some_and(|keys| keys.is_empty()) {
            self.0.open.borrow_mut().remove(&name);
            for _ in 0..10 {
                match settled(self.root().await?.remove(&name, &object("recursive", true))).await {
                    Ok(_) => break,
                    // A worker may have the bytes open.
                    Err(_) => sleep(LINGER).await,
                }
            }
        }
        Ok(())
    }

    /// Whether another tab had what was wanted last open for too long.
    pub(super) fn is_busy(&self) -> bool {
        self.0.busy.get()
    }

    async fn root(&self) -> Result<Folder, StorageError> {
        if let Some(root) = self.0.root.get() {
            return Ok(root.clone());
        }
        let manager = property(&global("navigator"), "storage");
        if !manager.is_object() {
            return Err(StorageError::Unavailable("this page has no file system".to_owned()));
        }
        let origin: Folder = settled(manager.unchecked_into::<Manager>().directory()).await?.unchecked_into();
        let root: Folder = settled(origin.folder(NAME, &object("create", true))).await?.unchecked_into();
        Ok(self.0.root.get_or_init(|| root).clone())
    }

    /// A folder and its bytes.
    async fn open_or_make(&self, name: &str) -> Result<(Folder, Rc<Open>), StorageError> {
        let known = self.0.known.borrow().get(name).map(|known| known.folder.clone());
        // Another tab may have removed it.
        if let Some(folder) = known
            && let Ok(data) = self.open(name, &folder).await
        {
            return Ok((folder, data));
        }
        let folder = settled(self.root().await?.folder(name, &object("create", true))).await?.unchecked_into();
        self.list(name).await?;
        let data = self.open(name, &folder).await?;
        Ok((folder, data))
    }

    /// The bytes of a folder. They are closed a little after the last use.
    async fn open(&self, name: &str, folder: &Folder) -> Result<Rc<Open>, StorageError> {
        let opening = self.0.open.borrow().get(name).cloned();
        let opening = opening.unwrap_or_else(|| self.begin(name.to_owned(), folder.clone()));
        let open = opening.await?;
        open.used.set(true);
        Ok(open)
    }

    fn begin(&self, name: String, folder: Folder) -> Opening {
        let files = self.clone();
        let opening = async move { files.open_anew(&folder).await.map(Rc::new) }.boxed_local().shared();
        self.0.open.borrow_mut().insert(name.clone(), opening.clone());
        let (state, opened) = (self.0.clone(), opening.clone());
        spawn_local(async move {
            drop(opened.await);
            let used = || {
                let open = state.open.borrow();
                open.get(&name)?.peek().map(|opened| opened.as_ref().is_ok_and(|open| open.used.take()))
            };
            while let Some(used) = used() {
                if !used {
                    return drop(state.open.borrow_mut().remove(&name));
                }
                sleep(LINGER).await;
            }
        });
        opening
    }

    /// Waits for bytes that another tab has open.
    async fn open_anew(&self, folder: &Folder) -> Result<Open, StorageError> {
        let file: File = settled(folder.file(DATA, &object("create", true))).await?.unchecked_into();
        let (pause, attempts) = BUSY;
        let mut left = if self.0.busy.get() { 1 } else { attempts };
        loop {
            left -= 1;
            let opened = match file.open() {
                Ok(promise) => JsFuture::from(promise).await,
                Err(thrown) => Err(thrown),
            };
            let busy = opened.as_ref().is_err_and(is_busy);
            if busy && left > 0 {
                sleep(pause).await;
                continue;
            }
            self.0.busy.set(busy);
            return opened
                .map(|handle| Open { handle: handle.unchecked_into(), used: Cell::new(true) })
                .map_err(failure);
        }
    }
}

/// A folder's bytes while they are open.
struct Open {
    handle: Handle,
    /// Whether they were used since the last look.
    used: Cell<bool>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.handle.close();
    }
}

/// Whether someone else has the file open.
fn is_busy(thrown: &JsValue) -> bool {
    matches!(name_of(thrown).as_str(), "NoModificationAllowedError" | "InvalidStateError")
}

/// The folder of an entry, and its name there.
fn split(key: &str) -> (String, &str) {
    let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
    (folder.replace('/', SLASH), name)
}

/// The name of the file that stands for an entry.
fn file(entry: &str, (position, length): (u64, u32)) -> String {
    format!("{entry} {position} {length}")
}

/// Name, position and length of the entry that a file stands for.
fn parse(file: &str) -> Option<(&str, (u64, u32))> {
    let (front, length) = file.rsplit_once(' ')?;
    let (name, position) = front.rsplit_once(' ')?;
    Some((name, (position.parse().ok()?, length.parse().ok()?)))
}

async fn names(folder: &Folder) -> Result<Vec<String>, StorageError> {
    let names: Array = settled(folder.keys().and_then(|names| all_of(&names))).await?.unchecked_into();
    Ok(names.iter().filter_map(|name| name.as_string()).collect())
}

/// What a call answers in the end.
async fn settled(call: Result<Promise, JsValue>) -> Result<JsValue, StorageError> {
    JsFuture::from(call.map_err(failure)?).await.map_err(failure)
}

/// What a call answers in the end; `None` where there is no such entry.
async fn found(call: Result<Promise, JsValue>) -> Result<Option<JsValue>, StorageError> {
    match JsFuture::from(call.map_err(failure)?).await {
        Ok(answer) => Ok(Some(answer)),
        Err(thrown) if name_of(&thrown) == "NotFoundError" => Ok(None),
        Err(thrown) => Err(failure(thrown)),
    }
}

/// An object with one property.
fn object(name: &str, value: impl Into<JsValue>) -> Object {
    let object = Object::new();
    // A plain object takes any property.
    let _ = Reflect::set(&object, &name.into(), &value.into());
    object
}
