//! A widget's life: described, loaded, run, stopped, and given back.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::abortable;
use js_sys::{JSON, Object, Reflect};
use serde_json::Value;
use vitrine_browser::turn;
use vitrine_tasks::ErrorCode;
use vitrine_tasks::protocol::{Failure, Progress};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{CustomEvent, CustomEventInit};

use crate::attributes::{Attributes, Loading};
use crate::description::{Description, describe};
use crate::show::Meter;
use crate::widget::{ReadyState, Shown, State, Waiting, progress_detail, to_script};

impl State {
    /// Begins with the model that the attributes name.
    pub(crate) fn begin(self: &Rc<Self>) {
        if self.attributes.borrow().model.is_empty() {
            return;
        }
        match self.loading_kind() {
            Loading::Eager => spawn_local(self.load().map(drop)),
            Loading::Click | Loading::Visible => self.watch_visibility(),
        }
    }

    /// The widget has come into view: its model is described, and loaded where the attributes say so.
    pub(crate) fn seen(self: &Rc<Self>) {
        match self.loading_kind() {
            Loading::Visible => spawn_local(self.load().map(drop)),
            Loading::Click | Loading::Eager => {
                let (state, describing) = (self.clone(), self.described());
                spawn_local(async move {
                    let model = state.model.get();
                    match describing.await {
                        Err(failure) if model == state.model.get() => state.fail(failure),
                        _ => {}
                    }
                });
            }
        }
    }

    /// Gives everything back, unless the element only moved.
    pub(crate) fn leave(self: Rc<Self>) {
        spawn_local(async move {
            turn().await;
            if !self.host.is_connected() {
                self.stop_watching();
                self.reset();
            }
        });
    }

    /// Takes what the attributes say now; another model begins anew.
    pub(crate) fn read_attributes(self: &Rc<Self>) {
        let now = Attributes::read(|name| self.host.get_attribute(name));
        let before = self.attributes.replace(now.clone());
        if now == before {
            return;
        }
        if (Attributes { loading: before.loading, ..now }) != before {
            self.reset();
        }
        if self.host.is_connected() {
            self.begin();
        }
    }

    /// Forgets the model.
    fn reset(self: &Rc<Self>) {
        self.abort();
        self.loading.take();
        self.model.set(self.model.get().wrapping_add(1));
        self.session.take();
        self.description.take();
        self.describing.take();
        self.output.take();
        self.error.take();
        if !self.just_set.get() {
            self.inputs.take();
            self.parameters.take();
        }
        self.mask_token.take();
        self.compares_pairs.set(false);
        self.edited.set(false);
        self.dom.say("", false);
        self.dom.say("", true);
        self.set_ready_state(ReadyState::Idle);
        self.show_all();
    }

    /// The model's description, asked for once.
    pub(crate) fn described(self: &Rc<Self>) -> Waiting<Rc<Description>> {
        if let Some(describing) = self.describing.borrow().clone() {
            return describing;
        }
        let state = self.clone();
        let describing = async move {
            let model = state.model.get();
            state.show_asking();
            let load = state.attributes.borrow().load(&state.base(), state.token.borrow().clone());
            let description = match load {
                Ok(load) => describe(&load).await.map(Rc::new),
                Err(failure) => Err(failure),
            };
            if model != state.model.get() {
                return Err(Failure::aborted());
            }
            match description {
                Ok(description) => {
                    state.cached.set(description.cached().await);
                    state.description.replace(Some(description.clone()));
                    if state.error.take().is_some() {
                        state.set_ready_state(ReadyState::Idle);
                    }
                    state.take_description(&description);
                    state.show_all();
                    state.refusal().map_or(Ok(description), Err)
                }
                Err(failure) => {
                    state.describing.take();
                    Err(failure)
                }
            }
        };
        let describing = describing.boxed_local().shared();
        self.describing.replace(Some(describing.clone()));
        describing
    }

    /// Why the model that is described cannot be loaded here.
    pub(crate) fn refusal(&self) -> Option<Failure> {
        self.description.borrow().as_ref()?.refusal(&self.attributes.borrow().dtype)
    }

    /// Loads the model, once for all who ask.
    pub(crate) fn load(self: &Rc<Self>) -> Waiting<()> {
        if let Some((loading, _)) = self.loading.borrow().as_ref() {
            return loading.clone();
        }
        if self.session.borrow().is_some() {
            return futures_util::future::ready(Ok(())).boxed_local().shared();
        }
        let state = self.clone();
        let (work, stop) = abortable(async move { state.load_once().await });
        let (state, model) = (self.clone(), self.model.get());
        let loading = async move {
            let result = work.await.unwrap_or_else(|_| Err(Failure::aborted()));
            if model == state.model.get() {
                state.loading.take();
                state.request.take();
                state.settle(result.clone().err());
            }
            result
        };
        let loading = loading.boxed_local().shared();
        self.loading.replace(Some((loading.clone(), stop)));
        self.error.take();
        self.set_ready_state(ReadyState::Loading);
        self.dispatch("loadstart", JsValue::NULL);
        self.show_load_begins();
        // It goes on whether or not someone waits.
        spawn_local(loading.clone().map(drop));
        loading
    }

    async fn load_once(self: &Rc<Self>) -> Result<(), Failure> {
        let model = self.model.get();
        self.client.begin();
        let description = self.described().await?;
        self.show_load_begins();
        let mut load = self.attributes.borrow().load(&self.base(), self.token.borrow().clone())?;
        load.task = Some(description.task.tag.to_owned());
        load.snapshot = serde_json::to_value(&description.snapshot).unwrap_or_default();
        let (state, meter) = (Rc::downgrade(self), Meter::default());
        let shown = Cell::new(0);
        let progress = move |progress: Progress| {
            let Some(state) = state.upgrade().filter(|state| state.model.get() == model) else { return };
            state.show_progress(&progress, &meter, &shown);
            state.dispatch("progress", progress_detail(&progress));
        };
        let (session, loaded) = self.client.load(load, Rc::new(progress), |id| self.request.set(Some(id))).await?;
        if model != self.model.get() {
            return Err(Failure::aborted());
        }
        self.session.replace(Some(Rc::new(session)));
        self.weights.replace((loaded.dtype, loaded.weights));
        self.take_loaded(loaded.mask_token, loaded.compares_pairs);
        self.cached.set(description.cached().await);
        Ok(())
    }

    /// Runs the model, loading it first where need be; a newer run replaces an older.
    pub(crate) async fn run(
        self: &Rc<Self>,
        inputs: Option<Value>,
        parameters: Option<Value>,
    ) -> Result<JsValue, Failure> {
        if let Some(inputs) = inputs {
            self.set_inputs(inputs);
        }
        if let Some(parameters) = parameters {
            self.set_parameters(parameters);
        }
        let (run, model) = (self.runs.get().wrapping_add(1), self.model.get());
        self.runs.set(run);
        if self.ready_state.get() == ReadyState::Running {
            self.stop_request();
        }
        self.load().await?;
        let replaced = || self.runs.get() != run || self.model.get() != model;
        let Some(session) = self.session.borrow().clone().filter(|_| !replaced()) else {
            return Err(Failure::aborted());
        };
        let (inputs, parameters) = (self.current_inputs(), self.current_parameters());
        self.error.take();
        self.set_ready_state(ReadyState::Running);
        self.show_run_begins(run);
        let result = session.run(inputs.clone(), parameters, |id| self.request.set(Some(id))).await;
        if replaced() {
            return Err(Failure::aborted());
        }
        self.request.take();
        let result = result.and_then(|done| match serde_json::from_str::<Value>(&done.output) {
            Ok(output) => Ok((output, done)),
            Err(error) => Err(Failure::new(ErrorCode::Internal, error.to_string())),
        });
        match result {
            Ok((output, done)) => {
                let detail = Object::new();
                let answer = JSON::parse(&done.output).unwrap_or(JsValue::NULL);
                // Values of one's own object can always be set.
                let _ = Reflect::set(&detail, &"inputs".into(), &to_script(&inputs));
                let _ = Reflect::set(&detail, &"output".into(), &answer);
                let _ = Reflect::set(&detail, &"elapsed".into(), &done.elapsed.into());
                self.output.replace(Some(Shown { inputs, output, done: Some(done), json: self.json_shown() }));
                self.settle(None);
                self.show_output(true);
                self.dispatch("output", detail.into());
                Ok(answer)
            }
            Err(failure) => {
                self.settle(Some(failure.clone()));
                Err(failure)
            }
        }
    }

    /// Ends a load or a run.
    fn settle(self: &Rc<Self>, failure: Option<Failure>) {
        match failure {
            None => {
                let loaded = self.ready_state.get() == ReadyState::Loading;
                self.set_ready_state(ReadyState::Ready);
                self.show_state();
                if loaded {
                    self.dispatch("load", JsValue::NULL);
                }
            }
            Some(failure) if failure.code == ErrorCode::Aborted => {
                let loaded = self.session.borrow().is_some();
                self.set_ready_state(if loaded { ReadyState::Ready } else { ReadyState::Idle });
                self.show_state();
                self.dispatch("abort", JsValue::NULL);
            }
            Some(failure) => self.fail(failure),
        }
    }

    /// Shows a failure and tells the page.
    pub(crate) fn fail(self: &Rc<Self>, failure: Failure) {
        self.set_ready_state(ReadyState::Error);
        self.error.replace(Some(failure.clone()));
        if self.task().is_none() {
            self.show_form();
        }
        self.show_state();
        self.dispatch("error", to_script(&failure));
    }

    /// Stops what is going on.
    pub(crate) fn abort(self: &Rc<Self>) {
        self.stop_request();
        let stop = self.loading.borrow().as_ref().map(|(_, stop)| stop.clone());
        if let Some(stop) = stop {
            stop.abort();
        }
    }

    fn stop_request(&self) {
        if let Some(request) = self.request.take() {
            self.client.abort(request);
        }
    }

    /// Gives the model back.
    pub(crate) fn unload(self: &Rc<Self>) {
        self.abort();
        self.runs.set(self.runs.get().wrapping_add(1));
        self.session.take();
        self.error.take();
        self.set_ready_state(ReadyState::Idle);
        self.show_state();
    }

    /// Takes an access token; what failed without it may be tried again.
    pub(crate) fn set_token(self: &Rc<Self>, token: Option<String>) {
        self.token.replace(token.filter(|token| !token.trim().is_empty()));
        self.describing.take();
    }

    /// Tries again what failed last.
    pub(crate) fn retry(self: &Rc<Self>) {
        self.error.take();
        if self.session.borrow().is_some() {
            let state = self.clone();
            spawn_local(async move { drop(state.run(None, None).await) });
        } else if self.description.borrow().is_some() {
            spawn_local(self.load().map(drop));
        } else {
            self.set_ready_state(ReadyState::Idle);
            self.show_form();
            self.show_state();
            self.seen();
        }
    }

    /// The page's address, to which relative endpoints are relative.
    pub(crate) fn base(&self) -> String {
        self.host.base_uri().ok().flatten().unwrap_or_default()
    }

    /// Fires an event of the element.
    pub(crate) fn dispatch(&self, name: &str, detail: JsValue) {
        let init = CustomEventInit::new();
        init.set_detail(&detail);
        if let Ok(event) = CustomEvent::new_with_event_init_dict(name, &init) {
            // A listener that throws is the page's own affair.
            let _ = self.host.dispatch_event(&event);
        }
    }
}
