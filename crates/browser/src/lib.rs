//! The browser's fetch and storage behind the hub's traits, its event loop, and what it tells of its machine. No model, no DOM: it runs on a page and
//! in a worker alike.

mod device;
mod event_loop;
mod fetch;
mod life;
mod locks;
mod storage;

pub use device::{device, link, saves_data};
pub use event_loop::{now, sleep, turn};
use fetch::Fetch;
pub use life::Life;
use locks::lock;
pub use storage::{BrowserStorage, storage};

use js_sys::Reflect;
use vitrine_hub::{Endpoint, Http, Options, Token};
use wasm_bindgen::JsValue;

/// The repositories of an endpoint, by fetch, with what is read kept in this browser.
pub fn source(endpoint: Endpoint, token: Option<Token>) -> Http {
    Http::new(Box::new(Fetch), Box::new(storage()), endpoint, token, Options::default())
}

/// A property of the global object, which is a `Window` or a `WorkerGlobalScope`; undefined where it is absent or out of
/// bounds for this page.
fn global(name: &str) -> JsValue {
    property(&js_sys::global(), name)
}

fn property(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// What a thrown value says.
pub fn message_of(thrown: &JsValue) -> String {
    let text = property(thrown, "message").as_string().filter(|message| !message.is_empty());
    text.or_else(|| thrown.as_string()).unwrap_or_else(|| format!("{thrown:?}"))
}

/// The name of a thrown `Error` or `DOMException`.
fn name_of(thrown: &JsValue) -> String {
    property(thrown, "name").as_string().unwrap_or_default()
}
