//! The model's side of a page, off its thread: messages in, messages out. Holds no line about any one task.

mod loads;
mod mailbox;
mod peers;
mod share;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use futures_util::future::{AbortHandle, LocalBoxFuture, abortable};
use futures_util::lock::Mutex;
use js_sys::{Function, Object, Reflect, WebAssembly};
use serde::Serialize;
use vitrine_browser::now;
use vitrine_pipelines::{Session, memory};
use vitrine_tasks::ErrorCode;
use vitrine_tasks::protocol::{Answer, Done, Failure, Order, Progress, Request, Response};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use loads::Loads;
use peers::PeerWorkers;

#[global_allocator]
static ALLOCATOR: memory::Allocator = memory::Allocator;

/// Bytes of the last request that found no memory; 0 where all did. May be asked for after a trap.
#[wasm_bindgen(js_name = refusedBytes)]
pub fn refused_bytes() -> usize {
    memory::refused()
}

/// What `worker.js` holds of this module.
#[wasm_bindgen]
pub struct Worker(Rc<State>);

struct State {
    post: Function,
    /// Starts a worker beside this one.
    spawn: Function,
    /// The workers that share the models, as long as there are such models.
    peers: RefCell<Weak<PeerWorkers>>,
    /// Whether none can begin beside this one.
    alone: Cell<bool>,
    /// Bytes for which one beside this one found no memory; 0 where all did.
    refused: Rc<Cell<f64>>,
    /// What one core does, once it has been measured.
    gflops: OnceCell<f64>,
    loads: Loads,
    /// What each load has made, by the id of its request.
    sessions: RefCell<HashMap<u32, Rc<Session>>>,
    /// What stops a request.
    running: RefCell<HashMap<u32, AbortHandle>>,
    /// One run at a time: two would only slow each other down.
    turn: Mutex<()>,
}

#[wasm_bindgen]
impl Worker {
    /// Takes the function that posts a message to the page, and the one that starts a worker beside this one.
    #[wasm_bindgen(constructor)]
    pub fn new(post: Function, spawn: Function) -> Self {
        std::panic::set_hook(Box::new(|panic| web_sys::console::error_1(&panic.to_string().into())));
        Self(Rc::new(State {
            post,
            spawn,
            peers: RefCell::default(),
            alone: Cell::new(false),
            refused: Rc::default(),
            gflops: OnceCell::new(),
            loads: Loads::default(),
            sessions: RefCell::default(),
            running: RefCell::default(),
            turn: Mutex::new(()),
        }))
    }

    /// Takes a message of the page.
    pub fn handle(&self, message: JsValue) {
        match serde_wasm_bindgen::from_value::<Request>(message) {
            Ok(request) => self.0.clone().take(request),
            Err(error) => web_sys::console::error_1(&format!("a message could not be read: {error}").into()),
        }
    }
}

impl State {
    fn take(self: Rc<Self>, Request { id, order }: Request) {
        match order {
            Order::Load(load) => self.loads.start(self.clone(), id, load),
            Order::Run { session, inputs, parameters } => {
                let session = self.sessions.borrow().get(&session).cloned();
                let state = self.clone();
                self.spawn(id, async move {
                    let session = session.ok_or_else(|| failure(ErrorCode::Internal, "the model is not loaded"))?;
                    let _turn = state.turn.lock().await;
                    let start = now();
                    let run = session.run(&inputs, &parameters, &Running { turned: Cell::new(start) }).await;
                    let run = run.map_err(|error| state.failed(error))?;
                    let (elapsed, memory_bytes) = (now() - start, memory_bytes());
                    Ok(Answer::Done(Done { output: run.output, notes: run.notes, elapsed, memory_bytes }))
                });
            }
            Order::Abort { target } => {
                self.loads.abort(&self, target);
                if let Some(handle) = self.running.borrow().get(&target) {
                    handle.abort();
                }
            }
            Order::Unload { session } => drop(self.sessions.borrow_mut().remove(&session)),
        }
    }

    /// Runs what answers a request, until it is done or stopped.
    fn spawn(self: Rc<Self>, id: u32, answer: impl Future<Output = Result<Answer, Failure>> + 'static) {
        let (answer, handle) = abortable(answer);
        self.running.borrow_mut().insert(id, handle);
        spawn_local(async move {
            let answer = match answer.await {
                Ok(Ok(answer)) => answer,
                Ok(Err(failure)) => Answer::Failed(failure),
                Err(_) => Answer::Failed(Failure::aborted()),
            };
            self.running.borrow_mut().remove(&id);
            self.post(id, answer);
        });
    }

    /// What the page is told of an error. Where a worker beside this one is lost, so is this one: the page starts a new
    /// one, which fetches the model from this device and answers what was asked.
    fn failed(&self, error: vitrine_pipelines::Error) -> Failure {
        if error.is_lost_peer() {
            let gone = Object::new();
            let _ = Reflect::set(&gone, &"gone".into(), &error.to_string().into());
            let _ = Reflect::set(&gone, &"refused".into(), &self.refused.get().into());
            let _ = self.post.call1(&JsValue::UNDEFINED, &gone);
        }
        failed(error)
    }

    fn post(&self, id: u32, answer: Answer) {
        let serializer = serde_wasm_bindgen::Serializer::json_compatible();
        match (Response { id, answer }).serialize(&serializer) {
            // A page that is gone hears nothing.
            Ok(message) => drop(self.post.call1(&JsValue::UNDEFINED, &message)),
            Err(error) => web_sys::console::error_1(&error.into()),
        }
    }
}

/// Milliseconds of computing after which the event loop turns: a run can be stopped this soon, and a short one is not held
/// up.
const BETWEEN_TURNS: f64 = 12.0;

/// A run, which is heard of at its end.
struct Running {
    turned: Cell<f64>,
}

impl vitrine_pipelines::Host for Running {
    fn progress(&self, _: Progress) {}

    fn turn(&self) -> LocalBoxFuture<'_, bool> {
        // A run that is no longer wanted is dropped at its next turn.
        Box::pin(async {
            if now() - self.turned.get() >= BETWEEN_TURNS {
                vitrine_browser::turn().await;
                self.turned.set(now());
            }
            true
        })
    }
}

fn failure(code: ErrorCode, message: &str) -> Failure {
    Failure::new(code, message)
}

fn failed(error: vitrine_pipelines::Error) -> Failure {
    let tasks = error.tasks().iter().map(|tag| (*tag).to_owned()).collect();
    Failure { tasks, ..Failure::new(error.code(), error.to_string()) }
}

/// Bytes of WebAssembly memory; it never shrinks, so this is also the most that was in use.
fn memory_bytes() -> u64 {
    let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    let bytes = Reflect::get(&Object::from(memory.buffer()), &"byteLength".into());
    bytes.ok().and_then(|bytes| bytes.as_f64()).unwrap_or(0.0) as u64
}
