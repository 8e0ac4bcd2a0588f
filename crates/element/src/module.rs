//! The module that `vitrine.js` gives to scripts: models without a widget, and what is kept on this device.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::future::{AbortHandle, AbortRegistration, Abortable};
use js_sys::{Function, JSON, Promise, Reflect};
use serde_json::Value;
use vitrine_tasks::protocol::{Failure, Load, Progress};
use vitrine_tasks::{ErrorCode, StoredModel};
use vitrine_views::locale;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::AbortSignal;

use crate::attributes::endpoint_url;
use crate::client::{Client, RequestId, Session};
use crate::description::snapshot;
use crate::language::table;
use crate::script_error::script_error;
use crate::storage;
use crate::widget::{given, progress_detail, to_script};

/// The worker of this page, shared by all of its widgets.
#[wasm_bindgen]
pub struct Module(Rc<Client>);

#[wasm_bindgen]
impl Module {
    /// The module whose worker is at this address.
    #[wasm_bindgen(constructor)]
    pub fn new(worker: String) -> Self {
        Self(Client::new(worker))
    }

    /// Loads a model; `options` are `{endpoint, revision, dtype, cores, token, signal, onprogress}`.
    pub fn load(&self, task: Option<String>, model: String, options: JsValue) -> Promise {
        let option = |name: &str| {
            if options.is_object() {
                Reflect::get(&options, &name.into()).unwrap_or_default()
            } else {
                JsValue::UNDEFINED
            }
        };
        let text = |name: &str| option(name).as_string().filter(|value| !value.is_empty());
        let base =
            web_sys::window().and_then(|window| window.document()?.base_uri().ok().flatten()).unwrap_or_default();
        let cores =
            option("cores").as_f64().map(|cores| cores.to_string()).or_else(|| text("cores")).unwrap_or_default();
        let load = Load::parse_cores(&cores).map(|cores| Load {
            endpoint: endpoint_url(text("endpoint").as_deref(), &base),
            model,
            revision: text("revision").unwrap_or_else(|| "main".to_owned()),
            task,
            dtype: text("dtype").unwrap_or_else(|| "auto".to_owned()),
            cores,
            token: text("token"),
            snapshot: Value::Null,
        });
        let onprogress = option("onprogress").dyn_into::<Function>().ok();
        let progress = move |progress: Progress| {
            if let Some(listener) = &onprogress {
                // A listener that throws is the page's own affair.
                let _ = listener.call1(&JsValue::UNDEFINED, &progress_detail(&progress));
            }
        };
        let stop = Stop::new(&self.0, option("signal"));
        let client = self.0.clone();
        promise(async move {
            stop.check()?;
            let mut load = load?;
            client.begin();
            let snapshot = stop.unless_stopped(snapshot(&load)).await??;
            load.snapshot = serde_json::to_value(&snapshot).unwrap_or_default();
            let (session, _) = client.load(load, Rc::new(progress), |id| stop.begin(id)).await?;
            Ok(ModuleSession { client, session: RefCell::new(Some(Rc::new(session))) }.into())
        })
    }

    /// What is kept on this device: `[{endpoint, model, commit, bytes}]`.
    pub fn stored(&self) -> Promise {
        promise(async { Ok(to_script(&storage::stored().await?)) })
    }

    /// Removes a model, as `stored` named it, from this device, or all where it is undefined.
    pub fn remove(&self, model: JsValue) -> Promise {
        promise(async move {
            let model: Option<StoredModel> = given(model)?
                .map(serde_json::from_value)
                .transpose()
                .map_err(|_| Failure::new(ErrorCode::InvalidInputs, "a model to remove is one that `stored` named"))?;
            Ok(to_script(&storage::remove(model).await?))
        })
    }

    /// The list of `stored` as HTML, in a language with this table.
    #[wasm_bindgen(js_name = storedView)]
    pub fn stored_view(&self, models: JsValue, language: &str, words: &str) -> String {
        let models: Vec<StoredModel> = serde_wasm_bindgen::from_value(models).unwrap_or_default();
        locale::with(table(language, words), || vitrine_views::stored_models(&models).into_string())
    }
}

impl Module {
    pub(crate) fn client(&self) -> Rc<Client> {
        self.0.clone()
    }
}

/// A model that a script has loaded.
#[wasm_bindgen]
pub struct ModuleSession {
    client: Rc<Client>,
    /// Absent once it has been given back.
    session: RefCell<Option<Rc<Session>>>,
}

#[wasm_bindgen]
impl ModuleSession {
    /// Runs the model; `signal` stops it.
    pub fn run(&self, inputs: JsValue, parameters: JsValue, signal: JsValue) -> Promise {
        let (session, stop) = (self.session.borrow().clone(), Stop::new(&self.client, signal));
        promise(async move {
            stop.check()?;
            let session = session.ok_or_else(|| {
                Failure::new(ErrorCode::InvalidInputs, "the model has been given back; load it again")
            })?;
            let (inputs, parameters) = (given(inputs)?.unwrap_or_default(), given(parameters)?.unwrap_or_default());
            let done = session.run(inputs, parameters, |id| stop.begin(id)).await?;
            Ok(JSON::parse(&done.output).unwrap_or(JsValue::NULL))
        })
    }

    /// Gives the model's memory back.
    pub fn unload(&self) {
        self.session.take();
    }
}

/// What an `AbortSignal` stops: the request at hand.
struct Stop {
    signal: Option<AbortSignal>,
    request: Rc<Cell<Option<RequestId>>>,
    /// Of what the page does itself.
    registration: Cell<Option<AbortRegistration>>,
    listener: Closure<dyn Fn()>,
}

impl Stop {
    fn new(client: &Rc<Client>, signal: JsValue) -> Self {
        let signal = signal.dyn_into::<AbortSignal>().ok();
        let request = Rc::new(Cell::new(None));
        let (client, at_hand) = (client.clone(), request.clone());
        let (handle, registration) = AbortHandle::new_pair();
        let registration = Cell::new(Some(registration));
        let listener = Closure::<dyn Fn()>::new(move || {
            handle.abort();
            if let Some(id) = at_hand.take() {
                client.abort(id);
            }
        });
        if let Some(signal) = &signal {
            // A signal takes any listener.
            let _ = signal.add_event_listener_with_callback("abort", listener.as_ref().unchecked_ref());
        }
        Self { signal, request, registration, listener }
    }

    fn check(&self) -> Result<(), Failure> {
        if self.signal.as_ref().is_some_and(AbortSignal::aborted) {
            return Err(Failure::aborted());
        }
        Ok(())
    }

    /// What the work makes, unless it is stopped before.
    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let registration = self.registration.take().unwrap_or_else(|| AbortHandle::new_pair().1);
        Abortable::new(work, registration).await.map_err(|_| Failure::aborted())
    }

    fn begin(&self, id: RequestId) {
        self.request.set(Some(id));
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        if let Some(signal) = &self.signal {
            let _ = signal.remove_event_listener_with_callback("abort", self.listener.as_ref().unchecked_ref());
        }
    }
}

fn promise(work: impl Future<Output = Result<JsValue, Failure>> + 'static) -> Promise {
    future_to_promise(async move { work.await.map_err(|failure| script_error(&failure)) })
}
