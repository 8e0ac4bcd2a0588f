//! One worker of the page: started from wherever this script came, and watched until it is gone.

use js_sys::{Array, Reflect};
use vitrine_browser::lock;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, BlobPropertyBag, ErrorEvent, MessageEvent, Url, Worker, WorkerOptions, WorkerType};

/// What a worker says of itself.
pub(crate) enum Said {
    /// A message of the protocol.
    Message(JsValue),
    /// It cannot start here, and another could not either.
    Broken(String),
    /// It is gone.
    Gone(String),
}

/// A worker; ended when dropped.
pub(crate) struct Thread {
    worker: Worker,
    #[allow(dead_code, reason = "called by the worker")]
    listeners: [Closure<dyn Fn(JsValue)>; 2],
}

impl Thread {
    /// Starts the module at `script`, and calls `heard` with what it says.
    pub(crate) fn start(script: &str, heard: impl Fn(Said) + Clone + 'static) -> Result<Self, String> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = worker(script, &options).map_err(|error| vitrine_browser::message_of(&error))?;
        let life = format!("life:{:x}", (js_sys::Math::random() * 2f64.powi(52)) as u64);
        let (on_message, on_error) = (heard.clone(), heard.clone());
        let name = life.clone();
        let listen = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            let data = event.unchecked_into::<MessageEvent>().data();
            let text = |key: &str| Reflect::get(&data, &key.into()).ok().and_then(|value| value.as_string());
            if let Some(message) = text("broken") {
                on_message(Said::Broken(message));
            } else if text("held").is_some() {
                watch(name.clone(), on_message.clone());
            } else {
                on_message(Said::Message(data));
            }
        });
        let fail = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            event.unchecked_ref::<web_sys::Event>().prevent_default();
            let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message).filter(|message| !message.is_empty());
            match message {
                Some(message) => on_error(Said::Gone(message)),
                // An event without a message: the script could not be fetched, or a policy forbids it.
                None => on_error(Said::Broken("the worker’s script could not be started".to_owned())),
            }
        });
        worker.set_onmessage(Some(listen.as_ref().unchecked_ref()));
        worker.set_onerror(Some(fail.as_ref().unchecked_ref()));
        let thread = Self { worker, listeners: [listen, fail] };
        let message = js_sys::Object::new();
        Reflect::set(&message, &"life".into(), &life.into()).map_err(|error| vitrine_browser::message_of(&error))?;
        thread.post(&message);
        Ok(thread)
    }

    pub(crate) fn post(&self, message: &JsValue) {
        // Plain data can always be cloned.
        let _ = self.worker.post_message(message);
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// Waits for the lock that the worker holds as long as it lives: a worker that the browser ends says nothing.
fn watch(life: String, heard: impl Fn(Said) + 'static) {
    spawn_local(async move {
        if lock(&life, || {}).await.is_some() {
            heard(Said::Gone("the browser ended it".to_owned()));
        }
    });
}

/// A worker of another origin's script is refused, but one that imports it is not.
fn worker(script: &str, options: &WorkerOptions) -> Result<Worker, JsValue> {
    let own = web_sys::window().and_then(|window| window.location().origin().ok());
    let same_origin = Url::new(script).is_ok_and(|url| Some(url.origin()) == own);
    if same_origin {
        return Worker::new_with_options(script, options);
    }
    let import = Array::of1(&format!("import {};", js_sys::JSON::stringify(&script.into())?).into());
    let kind = BlobPropertyBag::new();
    kind.set_type("text/javascript");
    let url = Url::create_object_url_with_blob(&Blob::new_with_str_sequence_and_options(&import, &kind)?)?;
    let worker = Worker::new_with_options(&url, options);
    // The worker has begun to fetch it.
    Url::revoke_object_url(&url)?;
    worker
}
