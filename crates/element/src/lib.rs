//! The page's side of a widget: what the custom element and the module do, in terms of the browser. Computes no model and
//! parses no checkpoint.

mod actions;
mod attributes;
mod client;
mod description;
mod dom;
mod inputs;
mod language;
mod life;
mod module;
mod script_error;
mod show;
mod storage;
mod thread;
mod widget;

pub use module::{Module, ModuleSession};
pub use widget::Widget;

use wasm_bindgen::prelude::*;

/// The widget's style sheet, which `model-widget.js` gives to each shadow root.
#[wasm_bindgen]
pub fn style() -> String {
    include_str!("../../../www/style.css").to_owned()
}

/// Runs once, when the module is ready.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| web_sys::console::error_1(&panic.to_string().into())));
}
