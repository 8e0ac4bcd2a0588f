//! Memory that two workers share on an isolated page, through which a call and its answer go without the event loop.

use js_sys::{Atomics, Float32Array, Int32Array, SharedArrayBuffer, Uint32Array};
use vitrine_pipelines::peers::{Call, Message};
use wasm_bindgen::prelude::*;

/// Bytes before the words: the state, the number of words, the number of numbers.
const HEAD: u32 = 16;

/// Looks at the state before a worker goes to sleep: waking it takes longer than a short answer.
const SPINS: u32 = 40_000;

/// The state, in the first number.
mod state {
    /// The peer listens to its event loop, not to the mailbox.
    pub const OUT: i32 = 0;
    /// The peer waits for a call.
    pub const IDLE: i32 = 1;
    /// A call is there.
    pub const CALL: i32 = 2;
    /// Its answer is there.
    pub const ANSWER: i32 = 3;
    /// The peer failed.
    pub const BROKEN: i32 = 4;
    /// The peer is to go back to its event loop.
    pub const LEAVE: i32 = 5;
    /// As `ANSWER`, and the peer listens to its event loop again.
    pub const LEFT: i32 = 6;
}

/// A mailbox, as either side holds it.
pub(crate) struct Mailbox {
    pub(crate) memory: SharedArrayBuffer,
    head: Int32Array,
    bytes: u32,
}

/// What a worker finds that waits.
pub(crate) enum Found {
    Answer(Vec<f32>),
    /// Nothing yet.
    Nothing,
    Broken,
}

impl Mailbox {
    /// Room for calls of so many bytes.
    pub(crate) fn new(bytes: u32) -> Self {
        Self::of(SharedArrayBuffer::new(HEAD + bytes))
    }

    pub(crate) fn of(memory: SharedArrayBuffer) -> Self {
        let head = Int32Array::new_with_byte_offset_and_length(&memory, 0, HEAD / 4);
        let bytes = memory.byte_length() - HEAD;
        Self { memory, head, bytes }
    }

    /// Whether a call fits.
    pub(crate) fn fits(&self, call: &Call<'_>) -> bool {
        (call.words.len() + call.count()) * 4 <= self.bytes as usize
    }

    /// Puts a call there; true where the peer has to be told by its event loop.
    pub(crate) fn put_call(&self, call: &Call<'_>) -> bool {
        // The answer to a call that no one waits for any more must come first.
        while self.state() == state::CALL {
            self.sleep(state::CALL, 1_000.0);
        }
        self.put(&call.words, call.stretches());
        let before = Atomics::exchange(&self.head, 0, state::CALL).unwrap_or(state::BROKEN);
        self.wake();
        [state::OUT, state::LEFT].contains(&before)
    }

    /// Waits for the answer, for so many milliseconds at most.
    pub(crate) fn wait_for_answer(&self, milliseconds: f64) -> Found {
        match self.wait_while(state::CALL, milliseconds) {
            state::ANSWER | state::LEFT => {
                if Atomics::compare_exchange(&self.head, 0, state::ANSWER, state::IDLE) != Ok(state::ANSWER) {
                    Atomics::store(&self.head, 0, state::OUT).ok();
                }
                Found::Answer(self.numbers())
            }
            state::CALL => Found::Nothing,
            _ => Found::Broken,
        }
    }

    /// Sends the peer back to its event loop.
    pub(crate) fn leave(&self) {
        loop {
            match self.state() {
                state::OUT | state::LEFT | state::LEAVE => return,
                state::CALL => self.sleep(state::CALL, 1_000.0),
                // The peer may be on its way out.
                inside if Atomics::compare_exchange(&self.head, 0, inside, state::LEAVE) == Ok(inside) => {
                    return self.wake();
                }
                _ => {}
            }
        }
    }

    /// Whether the peer was sent back and has not gone yet: a call would keep it from what was sent to its event loop.
    pub(crate) fn is_leaving(&self) -> bool {
        self.state() == state::LEAVE
    }

    /// Answers calls until there has been none for a while, or the other side wants it to end.
    pub(crate) fn serve(&self, mut answer: impl FnMut(Message) -> Option<Vec<f32>>) {
        loop {
            match self.state() {
                state::CALL => {
                    let words = self.words();
                    let message = Message { numbers: self.numbers(), words, ..Message::default() };
                    let answer = answer(message);
                    self.put(&[], answer.as_deref().into_iter());
                    let state = if answer.is_some() { state::ANSWER } else { state::BROKEN };
                    Atomics::store(&self.head, 0, state).ok();
                    self.wake();
                }
                state::LEAVE | state::BROKEN => {
                    Atomics::store(&self.head, 0, state::OUT).ok();
                    return;
                }
                state::OUT => drop(Atomics::store(&self.head, 0, state::IDLE)),
                waiting => {
                    // Whoever wants the answer may compute for longer.
                    let out = if waiting == state::ANSWER { state::LEFT } else { state::OUT };
                    if self.wait_while(waiting, 50.0) == waiting
                        && Atomics::compare_exchange(&self.head, 0, waiting, out) == Ok(waiting)
                    {
                        return;
                    }
                }
            }
        }
    }

    fn state(&self) -> i32 {
        Atomics::load(&self.head, 0).unwrap_or(state::BROKEN)
    }

    /// Waits as long as the state is this; the state at the end.
    fn wait_while(&self, state: i32, milliseconds: f64) -> i32 {
        for _ in 0..SPINS {
            let now = self.state();
            if now != state {
                return now;
            }
        }
        self.sleep(state, milliseconds);
        self.state()
    }

    fn sleep(&self, state: i32, milliseconds: f64) {
        Atomics::wait_with_timeout(&self.head, 0, state, milliseconds).ok();
    }

    fn wake(&self) {
        Atomics::notify(&self.head, 0).ok();
    }

    fn put<'a>(&self, words: &[u32], numbers: impl Iterator<Item = &'a [f32]>) {
        self.place_of_words(words.len() as u32).copy_from(words);
        let mut end = words.len();
        for numbers in numbers {
            self.place_of_numbers(end as u32, numbers.len() as u32).copy_from(numbers);
            end += numbers.len();
        }
        self.head.set_index(1, words.len() as i32);
        self.head.set_index(2, (end - words.len()) as i32);
    }

    fn words(&self) -> Vec<u32> {
        self.place_of_words(self.head.get_index(1).cast_unsigned()).to_vec()
    }

    fn numbers(&self) -> Vec<f32> {
        let [words, numbers] = [1, 2].map(|place| self.head.get_index(place).cast_unsigned());
        self.place_of_numbers(words, numbers).to_vec()
    }

    fn place_of_words(&self, count: u32) -> Uint32Array {
        Uint32Array::new_with_byte_offset_and_length(&self.memory, HEAD, count)
    }

    fn place_of_numbers(&self, words: u32, count: u32) -> Float32Array {
        Float32Array::new_with_byte_offset_and_length(&self.memory, HEAD + 4 * words, count)
    }
}

/// Whether workers of this page may share memory.
pub(crate) fn is_isolated() -> bool {
    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(thread_local_v2, js_name = crossOriginIsolated)]
        static ISOLATED: Option<bool>;
    }
    ISOLATED.with(|isolated| isolated.unwrap_or(false))
}
