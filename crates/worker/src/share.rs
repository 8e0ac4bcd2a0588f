//! A worker that holds parts of another's models and computes with them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Float32Array, Function, Int8Array, Object, Reflect, SharedArrayBuffer, Uint16Array, Uint32Array};
use vitrine_browser::{now, turn};
use vitrine_pipelines::peers::{Call, Message, Share};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::mailbox::Mailbox;
use crate::peers::AWAKE;

/// What `worker.js` holds of this module in a worker beside the first.
#[wasm_bindgen]
pub struct Peer {
    post: Function,
    share: RefCell<Share>,
    /// Until when the event loop is kept turning; shared with what turns it.
    awake: Rc<Cell<f64>>,
}

#[wasm_bindgen]
impl Peer {
    /// Takes the function that posts a message, and what goes along with it, to the worker that started this one.
    #[wasm_bindgen(constructor)]
    pub fn new(post: Function) -> Self {
        std::panic::set_hook(Box::new(|panic| web_sys::console::error_1(&panic.to_string().into())));
        let begun = Object::new();
        let _ = Reflect::set(&begun, &"begun".into(), &true.into());
        // A worker that is gone hears nothing.
        let _ = post.call2(&JsValue::UNDEFINED, &begun, &Array::new());
        Self { post, share: RefCell::default(), awake: Rc::default() }
    }

    /// Takes a message of the worker that started this one.
    pub fn handle(&self, data: &JsValue) {
        if let Ok(memory) = Reflect::get(data, &"mailbox".into())
            && let Ok(memory) = memory.dyn_into::<SharedArrayBuffer>()
        {
            return Mailbox::of(memory).serve(|message| self.take(message));
        }
        // Only a call has an answer.
        if let Some(numbers) = self.take(read(data)) {
            let (answer, transfer) = (Object::new(), Array::new());
            set(&answer, &transfer, "numbers", &Float32Array::from(numbers.as_slice()));
            // A worker that is gone hears nothing.
            let _ = self.post.call2(&JsValue::UNDEFINED, &answer, &transfer);
            self.stay_awake();
        }
    }

    /// Waits for the next call without falling asleep, for a while.
    fn stay_awake(&self) {
        let was_awake = now() < self.awake.replace(now() + AWAKE);
        if !was_awake {
            let awake = self.awake.clone();
            spawn_local(async move {
                while now() < awake.get() {
                    turn().await;
                }
            });
        }
    }

    /// What a message makes of what is held; a failure is told to the other side.
    fn take(&self, message: Message) -> Option<Vec<f32>> {
        match self.share.borrow_mut().take(message) {
            Ok(answer) => answer,
            Err(error) => {
                let failure = Object::new();
                let _ = Reflect::set(&failure, &"failed".into(), &error.to_string().into());
                let _ = self.post.call2(&JsValue::UNDEFINED, &failure, &Array::new());
                None
            }
        }
    }
}

/// A call as it is posted, and what goes along with it.
pub(crate) fn write_call(call: &Call<'_>) -> (Object, Array) {
    let (object, transfer) = (Object::new(), Array::new());
    let numbers = Float32Array::new_with_length(call.count() as u32);
    let mut start = 0;
    for stretch in call.stretches() {
        let end = start + stretch.len() as u32;
        numbers.subarray(start, end).copy_from(stretch);
        start = end;
    }
    set(&object, &transfer, "words", &Uint32Array::from(call.words.as_slice()));
    set(&object, &transfer, "numbers", &numbers);
    (object, transfer)
}

/// A message as it is posted, and what goes along with it.
pub(crate) fn write(message: &Message) -> (Object, Array) {
    let (object, transfer) = (Object::new(), Array::new());
    set(&object, &transfer, "words", &Uint32Array::from(message.words.as_slice()));
    set(&object, &transfer, "numbers", &Float32Array::from(message.numbers.as_slice()));
    set(&object, &transfer, "halves", &Uint16Array::from(message.halves.as_slice()));
    set(&object, &transfer, "bytes", &Int8Array::from(message.bytes.as_slice()));
    (object, transfer)
}

fn read(data: &JsValue) -> Message {
    let part = |name: &str| Reflect::get(data, &name.into()).unwrap_or_default();
    Message {
        words: part("words").dyn_into::<Uint32Array>().map(|words| words.to_vec()).unwrap_or_default(),
        numbers: part("numbers").dyn_into::<Float32Array>().map(|numbers| numbers.to_vec()).unwrap_or_default(),
        halves: part("halves").dyn_into::<Uint16Array>().map(|halves| halves.to_vec()).unwrap_or_default(),
        bytes: part("bytes").dyn_into::<Int8Array>().map(|bytes| bytes.to_vec()).unwrap_or_default(),
    }
}

fn set<A: JsCast + AsRef<JsValue>>(object: &Object, transfer: &Array, name: &str, numbers: &A) {
    let numbers = numbers.as_ref();
    let _ = Reflect::set(object, &name.into(), numbers);
    if let Ok(buffer) = Reflect::get(numbers, &"buffer".into()) {
        transfer.push(&buffer);
    }
}
