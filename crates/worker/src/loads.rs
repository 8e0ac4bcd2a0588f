//! Loads in progress: widgets that ask for the same model wait for one load and share what it makes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use futures_util::future::{AbortHandle, LocalBoxFuture, abortable};
use serde_json::Value;
use vitrine_browser::now;
use vitrine_hub::{Endpoint, Source, Token};
use vitrine_pipelines::peers::{Peers, SharedPeers, gflops};
use vitrine_pipelines::{Late, LoadOptions, Machine, Session};
use vitrine_tasks::ErrorCode;
use vitrine_tasks::protocol::{Answer, Failure, Load, Loaded, Phase, Progress};
use wasm_bindgen_futures::spawn_local;

use crate::peers::PeerWorkers;
use crate::{State, failed, failure, memory_bytes};

/// Milliseconds between two reports of the same phase and file: more cannot be read.
const BETWEEN_REPORTS: f64 = 100.0;

/// Loads in progress and loaded models, by what was asked for.
#[derive(Default)]
pub(crate) struct Loads(RefCell<HashMap<String, Entry>>);

enum Entry {
    Loading { waiting: Vec<u32>, stop: AbortHandle },
    Ready(Weak<Session>),
}

impl Loads {
    /// Loads, or joins a load of the same, and answers request `id`.
    pub(crate) fn start(&self, state: Rc<State>, id: u32, load: Load) {
        let key = key(&load);
        let mut entries = self.0.borrow_mut();
        match entries.get_mut(&key) {
            Some(Entry::Loading { waiting, .. }) => return waiting.push(id),
            Some(Entry::Ready(session)) => {
                if let Some(session) = session.upgrade() {
                    drop(entries);
                    return state.loaded(id, session);
                }
            }
            None => {}
        }
        let page = Waiting {
            state: state.clone(),
            key: key.clone(),
            last: RefCell::new((Phase::Waiting, String::new(), f64::MIN)),
        };
        let (task, stop) = abortable(async move { build(load, page).await });
        entries.insert(key.clone(), Entry::Loading { waiting: vec![id], stop });
        drop(entries);
        spawn_local(async move {
            // A stopped load has answered its requests already.
            if let Ok(result) = task.await {
                state.loads.finish(&state, &key, result);
            }
        });
    }

    fn finish(&self, state: &Rc<State>, key: &str, result: Result<Session, Failure>) {
        let waiting = match self.0.borrow_mut().remove(key) {
            Some(Entry::Loading { waiting, .. }) => waiting,
            _ => Vec::new(),
        };
        match result {
            Ok(session) => {
                let session = Rc::new(session);
                if let Some(late) = session.late.clone() {
                    spawn_local(complete(Rc::downgrade(&session), late));
                }
                self.0.borrow_mut().insert(key.to_owned(), Entry::Ready(Rc::downgrade(&session)));
                waiting.into_iter().for_each(|id| state.loaded(id, session.clone()));
            }
            Err(failure) => waiting.into_iter().for_each(|id| state.post(id, Answer::Failed(failure.clone()))),
        }
    }

    /// Takes request `id` out of the load that it waits for, which ends with its last request.
    pub(crate) fn abort(&self, state: &State, id: u32) {
        let mut stopped = false;
        self.0.borrow_mut().retain(|_, entry| {
            let Entry::Loading { waiting, stop } = entry else { return true };
            let before = waiting.len();
            waiting.retain(|waiting| *waiting != id);
            stopped |= waiting.len() < before;
            let unwanted = waiting.is_empty();
            if unwanted {
                stop.abort();
            }
            !unwanted
        });
        if stopped {
            state.post(id, Answer::Failed(Failure::aborted()));
        }
    }

    fn report(&self, state: &State, key: &str, progress: &Progress) {
        let waiting = match self.0.borrow().get(key) {
            Some(Entry::Loading { waiting, .. }) => waiting.clone(),
            _ => Vec::new(),
        };
        waiting.into_iter().for_each(|id| state.post(id, Answer::Progress(progress.clone())));
    }
}

impl State {
    fn loaded(&self, id: u32, session: Rc<Session>) {
        let answer = Answer::Loaded(Loaded {
            task: session.task.tag.to_owned(),
            commit: session.snapshot.commit.clone(),
            architecture: session.architecture.to_owned(),
            dtype: session.dtype.to_owned(),
            weights: session.weights.clone(),
            resident_bytes: session.resident_bytes,
            memory_bytes: memory_bytes(),
            downloaded: session.downloaded,
            mask_token: session.mask_token.clone(),
            compares_pairs: session.compares_pairs,
        });
        self.sessions.borrow_mut().insert(id, session);
        self.post(id, answer);
    }
}

/// What one load finds beside this worker.
struct Beside {
    state: Rc<State>,
    workers: RefCell<Option<Rc<PeerWorkers>>>,
}

impl Machine for Beside {
    fn gflops(&self) -> f64 {
        *self.state.gflops.get_or_init(|| gflops(now))
    }

    fn others(&self, count: usize) -> Option<SharedPeers> {
        if self.state.alone.get() {
            return None;
        }
        let present = self.state.peers.borrow().upgrade().filter(|peers| peers.count() == count);
        let peers = match present {
            Some(peers) => peers,
            None => Rc::new(PeerWorkers::start(&self.state.spawn, count, &self.state.refused)?),
        };
        *self.state.peers.borrow_mut() = Rc::downgrade(&peers);
        self.workers.replace(Some(peers.clone()));
        Some(SharedPeers::new(peers))
    }
}

impl Beside {
    /// Whether what came of the load needs workers that cannot begin here.
    async fn are_missed(&self, loaded: &vitrine_pipelines::Result<Session>) -> bool {
        let workers = self.workers.take().filter(|_| loaded.as_ref().err().is_none_or(|error| error.is_lost_peer()));
        match workers {
            Some(workers) => !workers.have_begun().await,
            None => false,
        }
    }
}

/// What is left of a model waits this long, so that a first answer has the connection for itself.
const BEFORE_THE_REST: Duration = Duration::from_secs(2);

/// Fetches what is left of a model, unless it is gone before.
async fn complete(session: Weak<Session>, late: Rc<Late>) {
    vitrine_browser::sleep(BEFORE_THE_REST).await;
    // What does not come now comes when a text needs it; a file that is wrong is told by the next run.
    if session.upgrade().is_some()
        && let Err(error) = late.complete().await
    {
        web_sys::console::warn_1(&error.to_string().into());
    }
}

/// What tells one load from another.
fn key(load: &Load) -> String {
    let same = Load { snapshot: Value::Null, ..load.clone() };
    serde_json::to_string(&same).unwrap_or_default()
}

async fn build(load: Load, page: Waiting) -> Result<Session, Failure> {
    let page = &page;
    let endpoint = Endpoint::parse(&load.endpoint).map_err(|error| failed(error.into()))?;
    let token = load.token.as_deref().and_then(Token::parse);
    let source: Rc<dyn Source> = Rc::new(vitrine_browser::source(endpoint, token));
    let beside = Rc::new(Beside { state: page.state.clone(), workers: RefCell::default() });
    let options = LoadOptions {
        snapshot: serde_json::from_value(load.snapshot)
            .map_err(|error| failure(ErrorCode::Internal, &format!("the page’s snapshot: {error}")))?,
        task: load.task,
        dtype: load.dtype,
        device: Some(vitrine_browser::device()),
        cores: load.cores,
        machine: Some(beside.clone()),
        later: Some(source.clone()),
    };
    let mut loaded = vitrine_pipelines::load(&*source, &options, page).await;
    if beside.are_missed(&loaded).await {
        page.state.alone.set(true);
        // First what it holds, then what is to take its place.
        drop(loaded);
        loaded = vitrine_pipelines::load(&*source, &options, page).await;
    }
    loaded.map_err(|error| page.state.failed(error))
}

/// The pages' requests that wait for one load.
struct Waiting {
    state: Rc<State>,
    key: String,
    /// Phase, file and time of the last report.
    last: RefCell<(Phase, String, f64)>,
}

impl vitrine_pipelines::Host for Waiting {
    fn progress(&self, progress: Progress) {
        let mut last = self.last.borrow_mut();
        let (phase, file, time) = &*last;
        let complete = progress.loaded == progress.total;
        if *phase != progress.phase || *file != progress.file || complete || now() - time >= BETWEEN_REPORTS {
            *last = (progress.phase, progress.file.clone(), now());
            self.state.loads.report(&self.state, &self.key, &progress);
        }
    }

    fn turn(&self) -> LocalBoxFuture<'_, bool> {
        Box::pin(async {
            vitrine_browser::turn().await;
            true
        })
    }
}
