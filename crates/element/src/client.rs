//! The page's end of the worker: requests and their answers, and a new worker where one is lost.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use futures_channel::oneshot;
use serde::Serialize;
use vitrine_browser::sleep;
use vitrine_tasks::ErrorCode;
use vitrine_tasks::protocol::{Answer, Done, Failure, Load, Loaded, Order, Progress, Request, Response};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::thread::{Said, Thread};

/// A worker that does not stop a request within this time is stuck and gets replaced.
const LONGEST_STOP: Duration = Duration::from_secs(5);

/// A request is sent again to a new worker this many times at most.
const MOST_WORKERS: u32 = 2;

/// Sends requests to a worker that is there as long as someone needs it.
pub(crate) struct Client {
    script: String,
    thread: RefCell<Option<Thread>>,
    /// Counts the workers, so that what one has loaded is not sought in another.
    generation: Cell<u32>,
    next_id: Cell<u32>,
    pending: RefCell<HashMap<u32, Pending>>,
    this: Weak<Client>,
}

/// A request that waits for its last answer.
struct Pending {
    answer: oneshot::Sender<Result<Answer, Lost>>,
    progress: Option<Rc<dyn Fn(Progress)>>,
    /// Whether it has been stopped, and only its end is waited for.
    stopped: bool,
}

/// The worker is gone, and what it was doing with it.
#[derive(Debug, Clone)]
pub(crate) struct Lost {
    /// What the browser said of it.
    message: String,
    /// What that is to whoever asked; `None` where another worker may fare better.
    code: Option<ErrorCode>,
}

impl Lost {
    /// Another worker may fare better.
    fn again(message: &str) -> Self {
        Self { message: format!("the worker was lost: {message}"), code: None }
    }

    /// None can start here.
    fn broken(message: &str) -> Self {
        Self { message: format!("the worker was lost: {message}"), code: Some(ErrorCode::UnsupportedBrowser) }
    }

    /// It found no memory for so many bytes.
    fn exhausted(bytes: f64) -> Self {
        let message = format!("this browser tab has no memory left: {:.1} MB more were needed", bytes / 1e6);
        Self { message, code: Some(ErrorCode::OutOfMemory) }
    }
}

/// What tells the worker to stop a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestId(u32);

/// A loaded model.
pub(crate) struct Session {
    client: Rc<Client>,
    load: Load,
    /// The request that loaded it, and the worker that did.
    place: Cell<(u32, u32)>,
}

impl Client {
    /// A client of the worker at this address, which is started with the first request.
    pub(crate) fn new(script: String) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            script,
            thread: RefCell::default(),
            generation: Cell::new(0),
            next_id: Cell::new(1),
            pending: RefCell::default(),
            this: this.clone(),
        })
    }

    /// Loads a model. `started` takes the id by which the load can be stopped.
    pub(crate) async fn load(
        self: &Rc<Self>,
        load: Load,
        progress: Rc<dyn Fn(Progress)>,
        started: impl Fn(RequestId),
    ) -> Result<(Session, Loaded), Failure> {
        let session = Session { client: self.clone(), load, place: Cell::new((0, 0)) };
        let loaded = session.load(&progress, &started).await?;
        Ok((session, loaded))
    }

    /// Starts the worker, so that it is ready sooner.
    pub(crate) fn begin(&self) {
        // Whoever asks it for something hears why it could not be started.
        let _ = self.ensure_thread();
    }

    /// Stops a request: it fails with `aborted` at once, whatever the worker is doing.
    pub(crate) fn abort(&self, RequestId(id): RequestId) {
        let Some(pending) = self.pending.borrow_mut().remove(&id) else { return };
        // Whoever asked may be gone.
        let _ = pending.answer.send(Ok(Answer::Failed(Failure::aborted())));
        let answered = self.watch(id);
        self.send(id, Order::Abort { target: id });
        let (this, generation) = (self.this.clone(), self.generation.get());
        spawn_local(async move {
            sleep(LONGEST_STOP).await;
            if let (Some(client), Ok(None)) = (this.upgrade(), answered.await_now()) {
                client.lose(generation, "it did not stop");
            }
        });
    }

    /// Waits for the answer to a request that no one waits for otherwise.
    fn watch(&self, id: u32) -> Watch {
        let (answer, receiver) = oneshot::channel();
        self.pending.borrow_mut().insert(id, Pending { answer, progress: None, stopped: true });
        Watch(receiver)
    }

    /// Asks, and asks a new worker where one is lost; with the id and the worker's number.
    async fn ask_until_answered(
        &self,
        order: impl Fn() -> Order,
        progress: Option<Rc<dyn Fn(Progress)>>,
        started: &dyn Fn(RequestId),
    ) -> Result<(Answer, u32, u32), Failure> {
        let mut workers = 0;
        loop {
            workers += 1;
            match self.ask(order(), progress.clone(), started).await {
                Ok((Answer::Failed(failure), ..)) => return Err(failure),
                Ok(answered) => return Ok(answered),
                Err(lost) if lost.code.is_none() && workers < MOST_WORKERS => {}
                Err(lost) => return Err(lost.into()),
            }
        }
    }

    /// Sends one request to the present worker and waits for its last answer.
    async fn ask(
        &self,
        order: Order,
        progress: Option<Rc<dyn Fn(Progress)>>,
        started: &dyn Fn(RequestId),
    ) -> Result<(Answer, u32, u32), Lost> {
        let id = self.next_id.get();
        self.next_id.set(id.wrapping_add(1));
        self.ensure_thread()?;
        let generation = self.generation.get();
        let (answer, receiver) = oneshot::channel();
        self.pending.borrow_mut().insert(id, Pending { answer, progress, stopped: false });
        started(RequestId(id));
        self.send(id, order);
        let answer =
            receiver.await.unwrap_or_else(|_| Err(Lost { code: Some(ErrorCode::Internal), ..Lost::again("") }))?;
        Ok((answer, id, generation))
    }

    fn ensure_thread(&self) -> Result<(), Lost> {
        if self.thread.borrow().is_some() {
            return Ok(());
        }
        let generation = self.generation.get().wrapping_add(1);
        let this = self.this.clone();
        let heard = move |said: Said| {
            let Some(client) = this.upgrade().filter(|client| client.generation.get() == generation) else { return };
            match said {
                Said::Message(message) => client.hear(message),
                Said::Broken(message) => client.fail_all(generation, Lost::broken(&message)),
                Said::Gone(message) => client.lose(generation, &message),
                Said::Exhausted(bytes) => client.fail_all(generation, Lost::exhausted(bytes)),
            }
        };
        let thread = Thread::start(&self.script, heard).map_err(|message| Lost::broken(&message))?;
        self.generation.set(generation);
        *self.thread.borrow_mut() = Some(thread);
        Ok(())
    }

    fn send(&self, id: u32, order: Order) {
        let serializer = serde_wasm_bindgen::Serializer::json_compatible();
        let message = (Request { id, order }).serialize(&serializer);
        if let (Some(thread), Ok(message)) = (self.thread.borrow().as_ref(), message) {
            thread.post(&message);
        }
    }

    fn hear(&self, message: JsValue) {
        let Ok(Response { id, answer }) = serde_wasm_bindgen::from_value(message) else { return };
        if let Answer::Progress(progress) = answer {
            let listener = self.pending.borrow().get(&id).and_then(|pending| pending.progress.clone());
            if let Some(listener) = listener {
                listener(progress);
            }
            return;
        }
        let Some(pending) = self.pending.borrow_mut().remove(&id) else { return };
        let loaded = matches!(answer, Answer::Loaded(_));
        let unheard = pending.answer.send(Ok(answer)).is_err();
        if loaded && (pending.stopped || unheard) {
            // It came too late to be stopped, and no one wants it.
            self.send(0, Order::Unload { session: id });
        }
    }

    /// Gives up a worker that is gone or stuck.
    fn lose(&self, generation: u32, message: &str) {
        self.fail_all(generation, Lost::again(message));
    }

    fn fail_all(&self, generation: u32, lost: Lost) {
        if self.generation.get() != generation {
            return;
        }
        // Dropping it ends it.
        drop(self.thread.borrow_mut().take());
        self.generation.set(generation.wrapping_add(1));
        let pending: Vec<Pending> = self.pending.borrow_mut().drain().map(|(_, pending)| pending).collect();
        for pending in pending {
            let _ = pending.answer.send(Err(lost.clone()));
        }
    }
}

/// The answer to a request that was stopped.
struct Watch(oneshot::Receiver<Result<Answer, Lost>>);

impl Watch {
    /// What has been answered up to now.
    fn await_now(mut self) -> Result<Option<Result<Answer, Lost>>, oneshot::Canceled> {
        self.0.try_recv()
    }
}

impl Session {
    /// Runs the model; loads it anew where the worker that had it is gone.
    pub(crate) async fn run(
        &self,
        inputs: serde_json::Value,
        parameters: serde_json::Value,
        started: impl Fn(RequestId),
    ) -> Result<Done, Failure> {
        let mut workers = 0;
        loop {
            workers += 1;
            if self.place.get().1 != self.client.generation.get() {
                let quiet: Rc<dyn Fn(Progress)> = Rc::new(|_| {});
                self.load(&quiet, &started).await?;
            }
            let (session, _) = self.place.get();
            let order = Order::Run { session, inputs: inputs.clone(), parameters: parameters.clone() };
            match self.client.ask(order, None, &started).await {
                Ok((Answer::Done(done), ..)) => return Ok(done),
                Ok((Answer::Failed(failure), ..)) => return Err(failure),
                Ok(_) => return Err(unexpected()),
                Err(lost) if lost.code.is_none() && workers < MOST_WORKERS => {}
                Err(lost) => return Err(lost.into()),
            }
        }
    }

    async fn load(&self, progress: &Rc<dyn Fn(Progress)>, started: &dyn Fn(RequestId)) -> Result<Loaded, Failure> {
        let order = || Order::Load(self.load.clone());
        match self.client.ask_until_answered(order, Some(progress.clone()), started).await? {
            (Answer::Loaded(loaded), id, generation) => {
                self.place.set((id, generation));
                Ok(loaded)
            }
            _ => Err(unexpected()),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let (session, generation) = self.place.get();
        if generation == self.client.generation.get() {
            self.client.send(0, Order::Unload { session });
        }
    }
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        Failure::new(lost.code.unwrap_or(ErrorCode::Internal), lost.message)
    }
}

fn unexpected() -> Failure {
    Failure::new(ErrorCode::Internal, "the worker answered something else than it was asked")
}
