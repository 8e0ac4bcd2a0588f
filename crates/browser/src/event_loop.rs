//! Waiting in a browser: for a time, or for one turn of the event loop.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_channel::oneshot;
use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::MessageChannel;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: f64) -> JsValue;

    /// Milliseconds since a time that stays the same.
    #[wasm_bindgen(js_namespace = performance)]
    pub fn now() -> f64;
}

/// Waits for a time. A timer of the browser serves many: one that waits for each piece of a download to come costs
/// nothing but a place in a list.
pub fn sleep(duration: Duration) -> impl Future<Output = ()> {
    let microseconds = now() * 1e3 + duration.as_secs_f64() * 1e6;
    Sleep { end: microseconds as u64, name: SLEEPERS.with_borrow_mut(Sleepers::name) }
}

thread_local! {
    static SLEEPERS: RefCell<Sleepers> = RefCell::default();
}

#[derive(Default)]
struct Sleepers {
    names: u64,
    /// Who is to be woken at which microsecond, in any order.
    sleeping: Vec<Sleeper>,
    /// When the browser's next timer comes.
    next: Option<u64>,
    /// What that calls.
    wake: Option<Function>,
}

struct Sleeper {
    end: u64,
    name: u64,
    waker: Waker,
}

impl Sleepers {
    fn name(&mut self) -> u64 {
        self.names += 1;
        self.names
    }

    /// Takes those whose time has come.
    fn ended(&mut self) -> Vec<Sleeper> {
        self.next = None;
        let now = microseconds();
        let (ended, sleeping) = std::mem::take(&mut self.sleeping).into_iter().partition(|sleeper| sleeper.end <= now);
        self.sleeping = sleeping;
        self.set_timer();
        ended
    }

    fn set_timer(&mut self) {
        let Some(end) = self.sleeping.iter().map(|sleeper| sleeper.end).min() else { return };
        if self.next.is_none_or(|next| end < next) {
            let wake = self.wake.get_or_insert_with(|| {
                let wake = || {
                    let ended = SLEEPERS.with_borrow_mut(Sleepers::ended);
                    ended.into_iter().for_each(|sleeper| sleeper.waker.wake());
                };
                Closure::<dyn Fn()>::new(wake).into_js_value().unchecked_into()
            });
            // Beyond what a timer can be set to, it comes early.
            let milliseconds = end.saturating_sub(microseconds()).div_ceil(1000).min(i32::MAX as u64);
            set_timeout(wake, milliseconds as f64);
            self.next = Some(end);
        }
    }

    /// Takes a sleeper out.
    fn remove(&mut self, name: u64) -> Option<Sleeper> {
        let place = self.sleeping.iter().position(|sleeper| sleeper.name == name)?;
        Some(self.sleeping.swap_remove(place))
    }
}

fn microseconds() -> u64 {
    (now() * 1e3) as u64
}

struct Sleep {
    end: u64,
    name: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { end, name } = *self;
        if microseconds() >= end {
            return Poll::Ready(());
        }
        let _before = SLEEPERS.with_borrow_mut(|sleepers| {
            let before = sleepers.remove(name);
            sleepers.sleeping.push(Sleeper { end, name, waker: context.waker().clone() });
            sleepers.set_timer();
            before
        });
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        // What it would wake may itself drop a sleeper.
        let _sleeper = SLEEPERS.with_borrow_mut(|sleepers| sleepers.remove(self.name));
    }
}

/// Lets the event loop turn once, so that messages are heard; unlike a timer it is never slowed down.
pub async fn turn() {
    thread_local! {
        static TURNS: Option<Turns> = Turns::new();
    }
    let waiting = TURNS.with(|turns| turns.as_ref().map(Turns::next));
    match waiting {
        // A turn whose sender is gone is over.
        Some(turn) => drop(turn.await),
        None => sleep(Duration::ZERO).await,
    }
}

/// A channel to itself, each message of which is one turn.
struct Turns {
    channel: MessageChannel,
    waiting: std::rc::Rc<RefCell<VecDeque<oneshot::Sender<()>>>>,
}

impl Turns {
    fn new() -> Option<Self> {
        let channel = MessageChannel::new().ok()?;
        let waiting = std::rc::Rc::new(RefCell::new(VecDeque::<oneshot::Sender<()>>::new()));
        let queue = waiting.clone();
        let on_message = Closure::<dyn FnMut()>::new(move || {
            let next = queue.borrow_mut().pop_front();
            // Where no one waits any more, the turn is not missed.
            next.map(|sender| sender.send(()));
        });
        channel.port1().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        Some(Self { channel, waiting })
    }

    fn next(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().push_back(sender);
        // Posting null to one's own open port cannot fail.
        let _ = self.channel.port2().post_message(&JsValue::NULL);
        receiver
    }
}
