//! Other workers that hold parts of a model, in the same thread: what they do without any transport.

#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use vitrine_models::{Call, Message, Peers, Result, Share, SharedPeers};

/// So many workers beside this one.
pub struct InThread(Vec<RefCell<Share>>);

impl InThread {
    /// Workers beside the one that asks.
    pub fn beside(others: usize) -> SharedPeers {
        SharedPeers::new(Rc::new(Self((0..others).map(|_| RefCell::default()).collect())))
    }
}

impl Peers for InThread {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn send(&self, peer: usize, message: Message) -> Result<()> {
        assert_eq!(self.0[peer].borrow_mut().take(message)?, None, "what is sent has no answer");
        Ok(())
    }

    fn call(&self, peer: usize, call: Call<'_>) -> LocalBoxFuture<'static, Result<Vec<f32>>> {
        let numbers = call.stretches().flatten().copied().collect();
        let message = Message { words: call.words, numbers, ..Message::default() };
        let answer = self.0[peer].borrow_mut().take(message).map(Option::unwrap);
        Box::pin(async move { answer })
    }
}
