//! How a worker's end is noticed, which the browser tells no one of: it holds a lock as long as it lives.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use crate::lock;

/// The lock of a worker, as the one that starts it knows it.
#[derive(Clone)]
pub struct Life(String);

impl Life {
    /// Of a worker that is being started, and the message that it is to be sent: it takes the lock and answers `{held}`.
    pub fn begin() -> (Self, JsValue) {
        let name = format!("life:{:x}", (js_sys::Math::random() * 2f64.powi(52)) as u64);
        let message = Object::new();
        // A plain object takes any property.
        let _ = Reflect::set(&message, &"life".into(), &name.as_str().into());
        (Self(name), message.into())
    }

    /// Waits until the worker, which has taken the lock, is gone; false at once where there are no locks.
    pub async fn end(&self) -> bool {
        lock(&self.0, || {}).await.is_some()
    }
}
