//! One worker of the page: started from wherever this script came, and watched until it is gone.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Array, Reflect};
use vitrine_browser::{Life, sleep};
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
    /// It is gone, as it found no memory for so many bytes.
    Exhausted(f64),
}

/// A worker that has not begun within this time never will.
const LONGEST_START: Duration = Duration::from_secs(30);

/// A worker; ended when dropped.
pub(crate) struct Thread {
    worker: Worker,
    /// The address of the script that stands in for one of another origin.
    stand_in: Option<String>,
    #[allow(dead_code, reason = "called by the worker")]
    listeners: [Closure<dyn Fn(JsValue)>; 2],
}

impl Thread {
    /// Starts the module at `script`, and calls `heard` with what it says.
    pub(crate) fn start(script: &str, heard: impl Fn(Said) + Clone + 'static) -> Result<Self, String> {
        let (worker, stand_in) = worker(script).map_err(|error| vitrine_browser::message_of(&error))?;
        let (life, begin) = Life::begin();
        let (on_message, on_error) = (heard.clone(), heard.clone());
        let begun = Rc::new(Cell::new(false));
        let (has_begun, late) = (begun.clone(), heard.clone());
        spawn_local(async move {
            sleep(LONGEST_START).await;
            if !has_begun.get() {
                late(Said::Gone("it did not begin".to_owned()));
            }
        });
        let listen = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            begun.set(true);
            let data = event.unchecked_into::<MessageEvent>().data();
            let text = |key: &str| Reflect::get(&data, &key.into()).ok().and_then(|value| value.as_string());
            if let Some(message) = text("broken") {
                on_message(Said::Broken(message));
            } else if let Some(message) = text("gone") {
                let refused = Reflect::get(&data, &"refused".into()).ok().and_then(|bytes| bytes.as_f64());
                match refused.filter(|bytes| *bytes > 0.0) {
                    Some(bytes) => on_message(Said::Exhausted(bytes)),
                    None => on_message(Said::Gone(message)),
                }
            } else if text("held").is_some() {
                watch(life.clone(), on_message.clone());
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
        let thread = Self { worker, stand_in, listeners: [listen, fail] };
        thread.post(&begin);
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
        if let Some(url) = &self.stand_in {
            // An address that is gone already cannot be given back.
            let _ = Url::revoke_object_url(url);
        }
    }
}

fn watch(life: Life, heard: impl Fn(Said) + 'static) {
    spawn_local(async move {
        if life.end().await {
            heard(Said::Gone("the browser ended it".to_owned()));
        }
    });
}

/// A worker of another origin's script is refused, but one that imports it is not. A static import would count as a worker
/// under a page's policy, so the script is imported while it runs, and what the page says meanwhile is kept for it.
fn worker(script: &str) -> Result<(Worker, Option<String>), JsValue> {
    // A sandboxed page has an address, but no origin.
    let own = Reflect::get(&js_sys::global(), &"origin".into())?.as_string();
    if Url::new(script).is_ok_and(|url| Some(url.origin()) == own) {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        return Ok((Worker::new_with_options(script, &options)?, None));
    }
    let address = js_sys::JSON::stringify(&script.into())?;
    let stand_in = format!(
        "const early = [], keep = ({{ data }}) => early.push(data);
        addEventListener('message', keep);
        import({address}).then(() => {{
            removeEventListener('message', keep);
            for (const data of early) dispatchEvent(new MessageEvent('message', {{ data }}));
        }}, (error) => postMessage({{ broken: String(error) }}));"
    );
    let kind = BlobPropertyBag::new();
    kind.set_type("text/javascript");
    let url = Url::create_object_url_with_blob(&Blob::new_with_str_sequence_and_options(
        &Array::of1(&stand_in.into()),
        &kind,
    )?)?;
    // A classic worker: a page without an origin may not start a module from such an address.
    Ok((Worker::new(&url)?, Some(url)))
}
