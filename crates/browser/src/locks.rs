//! Locks between the tabs of a browser and its workers.

use futures_channel::oneshot;
use js_sys::{Function, Object, Promise, Reflect};
use vitrine_hub::Lock;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::{global, property};

#[wasm_bindgen]
extern "C" {
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, options: &Object, callback: &Function) -> Result<Promise, JsValue>;
}

/// Waits until no one else holds the lock of this name, calling `waiting` if it has to; `None` where this browser or page
/// has no locks.
pub async fn lock(name: &str, waiting: impl FnOnce()) -> Option<Lock> {
    if let Some(lock) = acquire(name, true)?.await {
        return Some(lock);
    }
    waiting();
    acquire(name, false)?.await
}

/// Asks for a lock; the answer is `None` where `only_if_free` is set and someone else holds it.
fn acquire(name: &str, only_if_free: bool) -> Option<impl Future<Output = Option<Lock>>> {
    let manager = property(&global("navigator"), "locks");
    if !manager.is_object() {
        return None;
    }
    let manager: LockManager = manager.unchecked_into();
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &only_if_free.into()).ok()?;
    let mut release = None;
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    let held_forever: JsValue = held.into();
    let (sender, granted) = oneshot::channel();
    let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let wanted = sender.send(lock.is_object()).is_ok();
        if wanted && lock.is_object() { held_forever } else { JsValue::UNDEFINED }
    });
    let request = manager.request(&format!("vitrine:{name}"), &options, callback.unchecked_ref()).ok()?;
    // Its promise settles with the lock's end; a refusal has dropped the callback, and with it the sender.
    wasm_bindgen_futures::spawn_local(async move { drop(JsFuture::from(request).await) });
    Some(async move {
        let granted = granted.await.unwrap_or(false);
        granted.then(|| Lock::new(Release(release)))
    })
}

/// Gives a lock back when dropped.
struct Release(Option<Function>);

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(resolve) = &self.0 {
            // Resolving a promise cannot throw.
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    }
}
