//! The workers beside the first: started when a model is to be shared, ended with the last model that is.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::FutureExt;
use js_sys::{Array, Float32Array, Function, Object, Reflect};
use vitrine_browser::{Life, now, sleep, turn};
use vitrine_hub::LocalBoxFuture;
use vitrine_pipelines::peers::{Call, Error, Message, Peers, Result};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::MessageEvent;

use crate::mailbox::{Found, Mailbox, is_isolated};
use crate::share::{write, write_call};

/// Milliseconds that a worker waits for another before it looks whether that is still there.
const LONGEST_WAIT: f64 = 500.0;

/// Milliseconds that the workers beside the first may take to begin, once a model waits for nothing else.
const LONGEST_START: f64 = 5_000.0;

/// How often it is looked whether they have.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Bytes of calls that a mailbox has room for at first.
const ROOM: u32 = 4 << 20;

/// Milliseconds for which a worker that waits for a message turns its event loop instead of falling asleep: waking it takes
/// longer than most waits inside of a run.
pub(crate) const AWAKE: f64 = 1.0;

/// Workers beside this one.
pub(crate) struct PeerWorkers(Vec<Rc<PeerWorker>>);

struct PeerWorker {
    worker: web_sys::Worker,
    /// What calls that are not answered yet wait for, in their order.
    waiting: RefCell<VecDeque<oneshot::Sender<Vec<f32>>>>,
    /// Whether its module runs.
    begun: Cell<bool>,
    lost: Cell<bool>,
    /// Bytes for which any of them found no memory; 0 where all did.
    refused: Rc<Cell<f64>>,
    /// Where memory can be shared.
    mailbox: RefCell<Option<Rc<Mailbox>>>,
}

impl PeerWorkers {
    /// Starts so many workers with a function of `worker.js`; `None` where none can be started. `refused` is where they note
    /// for how many bytes they found no memory.
    pub(crate) fn start(spawn: &Function, count: usize, refused: &Rc<Cell<f64>>) -> Option<Self> {
        let workers = (0..count).map(|_| {
            let worker = spawn.call0(&JsValue::UNDEFINED).ok()?.dyn_into::<web_sys::Worker>().ok()?;
            Some(PeerWorker::new(worker, refused.clone()))
        });
        workers.collect::<Option<_>>().map(Self)
    }

    /// Whether all of them can compute here: waits for those that neither run nor have failed, but not for ever.
    pub(crate) async fn have_begun(&self) -> bool {
        let end = now() + LONGEST_START;
        while self.0.iter().any(|peer| !peer.begun.get() && !peer.lost.get()) && now() < end {
            sleep(BETWEEN_LOOKS).await;
        }
        self.0.iter().all(|peer| peer.begun.get())
    }

    fn peer(&self, index: usize) -> Result<&Rc<PeerWorker>> {
        self.0.get(index).filter(|peer| !peer.lost.get()).ok_or(Error::PeerLost)
    }
}

impl PeerWorker {
    fn new(worker: web_sys::Worker, refused: Rc<Cell<f64>>) -> Rc<Self> {
        let mailbox = is_isolated().then(|| Rc::new(Mailbox::new(ROOM)));
        let peer = Rc::new(Self {
            worker,
            waiting: RefCell::default(),
            begun: Cell::new(false),
            lost: Cell::new(false),
            refused,
            mailbox: RefCell::new(mailbox),
        });
        let (life, begin) = Life::begin();
        let (heard, failed) = (Rc::downgrade(&peer), Rc::downgrade(&peer));
        let listen = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let Some(peer) = heard.upgrade() else { return };
            let numbers = Reflect::get(&event.data(), &"numbers".into()).ok();
            match numbers.and_then(|numbers| numbers.dyn_into::<Float32Array>().ok()) {
                Some(numbers) => peer.answer(numbers.to_vec()),
                None if Reflect::has(&event.data(), &"held".into()) == Ok(true) => peer.watch(life.clone()),
                None if Reflect::has(&event.data(), &"begun".into()) == Ok(true) => peer.begun.set(true),
                None => {
                    let refused = Reflect::get(&event.data(), &"refused".into()).ok().and_then(|bytes| bytes.as_f64());
                    peer.refused.set(refused.unwrap_or_default());
                    peer.lose();
                }
            }
        });
        let fail = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            // It is this worker's to mend; otherwise it would count as an error of this worker.
            event.prevent_default();
            if let Some(peer) = failed.upgrade() {
                peer.lose();
            }
        });
        peer.worker.set_onmessage(Some(listen.into_js_value().unchecked_ref()));
        peer.worker.set_onerror(Some(fail.into_js_value().unchecked_ref()));
        let _ = peer.worker.post_message(&begin);
        peer
    }

    fn watch(self: &Rc<Self>, life: Life) {
        let peer = Rc::downgrade(self);
        spawn_local(async move {
            if life.end().await
                && let Some(peer) = peer.upgrade()
            {
                peer.lose();
            }
        });
    }

    fn answer(&self, numbers: Vec<f32>) {
        if let Some(waiting) = self.waiting.borrow_mut().pop_front() {
            // A call that was given up needs no answer.
            let _ = waiting.send(numbers);
        }
    }

    fn lose(&self) {
        self.lost.set(true);
        self.waiting.borrow_mut().clear();
    }

    fn post(&self, (message, transfer): (Object, Array)) -> Result<()> {
        self.worker.post_message_with_transfer(&message, &transfer).map_err(|_| Error::PeerLost)
    }

    /// Puts a call into the mailbox, in a new one where it does not fit or the peer is leaving.
    fn put_call(&self, call: &Call<'_>) -> Option<Rc<Mailbox>> {
        let mut place = self.mailbox.borrow_mut();
        let mailbox = place.as_mut()?;
        if !mailbox.fits(call) || mailbox.is_leaving() {
            mailbox.leave();
            *mailbox = Rc::new(Mailbox::new(8 * (call.words.len() + call.count()) as u32));
        }
        if mailbox.put_call(call) {
            let enter = Object::new();
            let _ = Reflect::set(&enter, &"mailbox".into(), &mailbox.memory);
            let _ = self.worker.post_message(&enter);
        }
        Some(mailbox.clone())
    }
}

impl Peers for PeerWorkers {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn send(&self, peer: usize, message: Message) -> Result<()> {
        let peer = self.peer(peer)?;
        if let Some(mailbox) = &*peer.mailbox.borrow() {
            // What is sent must be there before the next call.
            mailbox.leave();
        }
        peer.post(write(&message))
    }

    fn call(&self, peer: usize, call: Call<'_>) -> LocalBoxFuture<'static, Result<Vec<f32>>> {
        let peer = match self.peer(peer) {
            Ok(peer) => peer.clone(),
            Err(error) => return Box::pin(async { Err(error) }),
        };
        if let Some(mailbox) = peer.put_call(&call) {
            return Box::pin(async move {
                loop {
                    match mailbox.wait_for_answer(LONGEST_WAIT) {
                        Found::Answer(numbers) => return Ok(numbers),
                        Found::Nothing if !peer.lost.get() => turn().await,
                        Found::Nothing | Found::Broken => return Err(Error::PeerLost),
                    }
                }
            });
        }
        let (answer, mut receiver) = oneshot::channel();
        peer.waiting.borrow_mut().push_back(answer);
        let posted = peer.post(write_call(&call));
        Box::pin(async move {
            posted?;
            let sleepy = now() + AWAKE;
            let mut answer = (&mut receiver).now_or_never();
            while answer.is_none() && now() < sleepy {
                turn().await;
                answer = (&mut receiver).now_or_never();
            }
            match answer {
                Some(answer) => answer,
                None => receiver.await,
            }
            .map_err(|_| Error::PeerLost)
        })
    }
}

impl Drop for PeerWorker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}
