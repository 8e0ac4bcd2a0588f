//! One widget: what the custom element's class in `model-widget.js` holds, and the state behind it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::future::{AbortHandle, LocalBoxFuture, Shared};
use js_sys::{JSON, Promise, Reflect};
use serde::Serialize;
use serde_json::{Value, json};
use vitrine_tasks::protocol::{Done, Failure, Progress};
use vitrine_views::locale::Table;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::{HtmlElement, ShadowRoot};

use crate::actions::Listeners;
use crate::attributes::{Attributes, Loading};
use crate::client::{Client, RequestId, Session};
use crate::description::Description;
use crate::dom::Dom;
use crate::language::table;
use crate::module::Module;
use crate::script_error::script_error;

/// Where a widget is in its life; the value of `readyState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadyState {
    Idle,
    Loading,
    Ready,
    Running,
    Error,
}

impl ReadyState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Error => "error",
        }
    }
}

/// Work that several may wait for.
pub(crate) type Waiting<T> = Shared<LocalBoxFuture<'static, Result<T, Failure>>>;

/// The widget's state.
pub(crate) struct State {
    pub host: HtmlElement,
    pub states: JsValue,
    pub dom: Dom,
    pub client: Rc<Client>,
    /// Where `model-widget.js` is.
    pub script: String,
    /// The words of the widget's language; absent for English.
    pub table: Cell<Option<&'static Table>>,
    pub attributes: RefCell<Attributes>,
    pub ready_state: Cell<ReadyState>,
    /// Counts the models that the widget has stood for, so that what belongs to an earlier one is dropped.
    pub model: Cell<u32>,
    pub token: RefCell<Option<String>>,
    pub description: RefCell<Option<Rc<Description>>>,
    pub describing: RefCell<Option<Waiting<Rc<Description>>>>,
    /// Bytes of the model that are on this device.
    pub cached: Cell<u64>,
    pub session: RefCell<Option<Rc<Session>>>,
    /// The format of the session's weights, and the file that they came from.
    pub weights: RefCell<(String, String)>,
    pub loading: RefCell<Option<(Waiting<()>, AbortHandle)>>,
    /// The request that the worker is at for this widget.
    pub request: Cell<Option<RequestId>>,
    /// Counts the runs, so that a newer one replaces an older.
    pub runs: Cell<u32>,
    pub inputs: RefCell<Value>,
    pub parameters: RefCell<Value>,
    /// Whether the visitor has changed the form since it was filled.
    pub edited: Cell<bool>,
    /// Whether a script has set inputs or parameters at this moment.
    pub just_set: Cell<bool>,
    /// The mask token of the model's tokenizer, once it is known.
    pub mask_token: RefCell<Option<String>>,
    /// Whether the model was trained on pairs of texts, as far as that is known.
    pub compares_pairs: Cell<bool>,
    pub output: RefCell<Option<Shown>>,
    pub error: RefCell<Option<Failure>>,
    pub listeners: RefCell<Option<Listeners>>,
}

/// The output that is shown, and the inputs that it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub inputs: Value,
    pub output: Value,
    /// Absent where the output is the author's.
    pub done: Option<Done>,
    pub json: bool,
}

/// What the custom element's class holds.
#[wasm_bindgen]
pub struct Widget(Rc<State>);

#[wasm_bindgen]
impl Widget {
    /// A widget in `root`, the shadow root of `host`; `states` is its `CustomStateSet`, `script` the address of
    /// `model-widget.js`; `language` and `words` are those of [`Widget::speak`].
    #[wasm_bindgen(constructor)]
    pub fn new(
        host: HtmlElement,
        root: ShadowRoot,
        states: JsValue,
        module: &Module,
        script: String,
        language: &str,
        words: &str,
    ) -> Self {
        let state = Rc::new(State {
            attributes: RefCell::new(Attributes::read(|name| host.get_attribute(name))),
            dom: Dom::new(root),
            host,
            states,
            client: module.client(),
            script,
            table: Cell::new(table(language, words)),
            ready_state: Cell::new(ReadyState::Idle),
            model: Cell::new(0),
            token: RefCell::default(),
            description: RefCell::default(),
            describing: RefCell::default(),
            cached: Cell::new(0),
            session: RefCell::default(),
            weights: RefCell::default(),
            loading: RefCell::default(),
            request: Cell::default(),
            runs: Cell::new(0),
            inputs: RefCell::new(Value::Null),
            parameters: RefCell::new(Value::Null),
            edited: Cell::new(false),
            just_set: Cell::new(false),
            mask_token: RefCell::default(),
            compares_pairs: Cell::new(false),
            output: RefCell::default(),
            error: RefCell::default(),
            listeners: RefCell::default(),
        });
        state.listeners.replace(Some(Listeners::new(&state)));
        state.mark_language();
        state.show_all();
        Self(state)
    }

    /// The element is in a document.
    pub fn connected(&self) {
        self.0.begin();
    }

    /// The element has left its document, perhaps only to stand elsewhere in it.
    pub fn disconnected(&self) {
        self.0.clone().leave();
    }

    /// The language of the widget's place, and its table as JSON; an empty one for English.
    pub fn speak(&self, language: &str, words: &str) {
        self.0.take_language(table(language, words));
    }

    /// An attribute has changed.
    #[wasm_bindgen(js_name = attributeChanged)]
    pub fn attribute_changed(&self) {
        self.0.read_attributes();
    }

    /// Loads the model.
    pub fn load(&self) -> Promise {
        let loading = self.0.load();
        future_to_promise(
            async move { loading.await.map(|()| JsValue::UNDEFINED).map_err(|error| script_error(&error)) },
        )
    }

    /// Runs the model on `inputs` with `parameters`, or on what the form holds where they are undefined.
    pub fn run(&self, inputs: JsValue, parameters: JsValue) -> Promise {
        let (inputs, parameters) = (given(inputs), given(parameters));
        let state = self.0.clone();
        future_to_promise(async move {
            let output = match (inputs, parameters) {
                (Ok(inputs), Ok(parameters)) => state.run(inputs, parameters).await,
                (Err(failure), _) | (_, Err(failure)) => Err(failure),
            };
            output.map_err(|error| script_error(&error))
        })
    }

    /// Stops what is going on.
    pub fn abort(&self) {
        self.0.abort();
    }

    /// Gives the model back.
    pub fn unload(&self) {
        self.0.unload();
    }

    /// Where the widget is in its life.
    #[wasm_bindgen(getter, js_name = readyState)]
    pub fn ready_state(&self) -> String {
        self.0.ready_state.get().as_str().to_owned()
    }

    /// The task's inputs.
    #[wasm_bindgen(getter)]
    pub fn inputs(&self) -> JsValue {
        to_script(&self.0.current_inputs())
    }

    /// Sets the task's inputs.
    #[wasm_bindgen(setter)]
    pub fn set_inputs(&self, inputs: JsValue) -> Result<(), JsValue> {
        let inputs = given(inputs).map_err(|failure| script_error(&failure))?;
        self.0.set_inputs(inputs.unwrap_or(Value::Null));
        self.0.note_script();
        Ok(())
    }

    /// The task's parameters.
    #[wasm_bindgen(getter)]
    pub fn parameters(&self) -> JsValue {
        to_script(&self.0.current_parameters())
    }

    /// Sets the task's parameters.
    #[wasm_bindgen(setter)]
    pub fn set_parameters(&self, parameters: JsValue) -> Result<(), JsValue> {
        let parameters = given(parameters).map_err(|failure| script_error(&failure))?;
        self.0.set_parameters(parameters.unwrap_or(Value::Null));
        self.0.note_script();
        Ok(())
    }

    /// The last output; null before there is one.
    #[wasm_bindgen(getter)]
    pub fn output(&self) -> JsValue {
        let output = self.0.output.borrow();
        let done = output.as_ref().and_then(|shown| shown.done.as_ref());
        done.and_then(|done| JSON::parse(&done.output).ok()).unwrap_or(JsValue::NULL)
    }

    /// The last failure as `{code, message}`; null where there is none.
    #[wasm_bindgen(getter)]
    pub fn error(&self) -> JsValue {
        self.0.error.borrow().as_ref().map_or(JsValue::NULL, to_script)
    }

    /// Takes an access token, which stays in memory.
    #[wasm_bindgen(setter)]
    pub fn set_token(&self, token: Option<String>) {
        self.0.set_token(token);
    }
}

impl State {
    /// Notes where the widget is, for scripts and style sheets.
    pub(crate) fn set_ready_state(&self, now: ReadyState) {
        let before = self.ready_state.replace(now);
        for (method, state) in [("delete", before), ("add", now)] {
            if let Ok(change) = Reflect::get(&self.states, &method.into())
                && let Some(change) = change.dyn_ref::<js_sys::Function>()
            {
                // Browsers without custom states have none to set.
                let _ = change.call1(&self.states, &state.as_str().into());
            }
        }
        // Assistive technology is told that the widget is at work.
        let busy = matches!(now, ReadyState::Loading | ReadyState::Running);
        let _ = self.host.set_attribute("aria-busy", if busy { "true" } else { "false" });
    }

    /// When the attributes ask for the model to be loaded.
    pub(crate) fn loading_kind(&self) -> Loading {
        self.attributes.borrow().loading
    }
}

/// A value that a script has given; `None` for undefined.
pub(crate) fn given(value: JsValue) -> Result<Option<Value>, Failure> {
    if value.is_undefined() {
        return Ok(None);
    }
    serde_wasm_bindgen::from_value(value)
        .map(Some)
        .map_err(|error| Failure::new(vitrine_tasks::ErrorCode::InvalidInputs, error.to_string()))
}

/// Plain data as a script sees it.
pub(crate) fn to_script(value: &impl Serialize) -> JsValue {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).unwrap_or(JsValue::NULL)
}

/// How far a load is, as the `progress` event and `onprogress` tell it.
pub(crate) fn progress_detail(progress: &Progress) -> JsValue {
    let Progress { phase, file, loaded, total, .. } = progress;
    to_script(&json!({ "phase": phase, "file": file, "loaded": loaded, "total": total }))
}
