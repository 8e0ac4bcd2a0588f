//! Failures as the errors that scripts on the page see: an `Error` with a `code`.

use js_sys::{Error, Reflect};
use vitrine_tasks::protocol::Failure;
use wasm_bindgen::JsValue;

/// `{name: "ModelError", code, message}` as an `Error`.
pub(crate) fn script_error(failure: &Failure) -> JsValue {
    let error = Error::new(&failure.message);
    error.set_name("ModelError");
    // An error is an ordinary object, which takes a property.
    let _ = Reflect::set(&error, &"code".into(), &failure.code.as_str().into());
    error.into()
}
