//! Waiting in a browser: for a time, or for one turn of the event loop.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_channel::oneshot;
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// Waits for a time. Dropping the future clears its timer.
pub fn sleep(duration: Duration) -> impl Future<Output = ()> {
    let mut timer = JsValue::UNDEFINED;
    let promise = Promise::new(&mut |resolve, _| timer = set_timeout(&resolve, duration.as_secs_f64() * 1000.0));
    Sleep { timer, promise: JsFuture::from(promise) }
}

struct Sleep {
    timer: JsValue,
    promise: JsFuture,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.promise).poll(context).map(|_| ())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        clear_timeout(&self.timer);
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
