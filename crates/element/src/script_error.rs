//! Failures as the errors that scripts on the page see: an `Error` with a `code`.

use js_sys::{Error, Reflect};
use vitrine_tasks::protocol::Failure;
use wasm_bindgen::JsValue;

use crate::widget::to_script;

/// `{name: "ModelError", code, message}` as an `Error`, with `tasks` where the failure offers some.
pub(crate) fn script_error(failure: &Failure) -> JsValue {
    let error = Error::new(&failure.message);
    error.set_name("ModelError");
    // An error is an ordinary object, which takes properties.
    let _ = Reflect::set(&error, &"code".into(), &failure.code.as_str().into());
    if !failure.tasks.is_empty() {
        let _ = Reflect::set(&error, &"tasks".into(), &to_script(&failure.tasks));
    }
    error.into()
}
