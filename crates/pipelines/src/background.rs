//! Work that rests while a model computes, so that an answer has the thread for itself.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Poll, Waker};

thread_local! {
    /// Models of this thread that compute.
    static COMPUTING: Cell<usize> = const { Cell::new(0) };
    /// What rests.
    static RESTING: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
}

struct Computing;

impl Drop for Computing {
    fn drop(&mut self) {
        COMPUTING.set(COMPUTING.get() - 1);
        if COMPUTING.get() == 0 {
            RESTING.take().into_iter().for_each(Waker::wake);
        }
    }
}

/// Does what everything [in the background](in_background) rests for. It must not wait for anything that is done there.
pub(crate) async fn computing<T>(work: impl Future<Output = T>) -> T {
    COMPUTING.set(COMPUTING.get() + 1);
    let _computing = Computing;
    work.await
}

/// Does what rests while a model of this thread computes.
pub(crate) async fn in_background<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        if COMPUTING.get() == 0 {
            return work.as_mut().poll(context);
        }
        RESTING.with_borrow_mut(|resting| {
            if !resting.iter().any(|waker| waker.will_wake(context.waker())) {
                resting.push(context.waker().clone());
            }
        });
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use futures_channel::oneshot;
    use futures_util::FutureExt;
    use futures_util::future::join;

    use super::*;

    #[test]
    fn work_rests_until_the_last_model_has_computed() {
        let steps = RefCell::new(Vec::new());
        let mut background = pin!(in_background(async { steps.borrow_mut().push("background") }));
        let (end, ended) = oneshot::channel::<()>();
        let mut first = pin!(computing(ended));
        let mut second = Box::pin(computing(std::future::pending::<()>()));
        assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
        assert!(background.as_mut().now_or_never().is_none());
        // A run that is dropped computes no more.
        drop(second);
        assert!(background.as_mut().now_or_never().is_none());
        end.send(()).unwrap();
        let computed = first.inspect(|_| steps.borrow_mut().push("computed"));
        // An executor, which polls again only what was woken.
        let (_, end) = futures_executor::block_on(join(background, computed));
        assert_eq!((end, steps.take()), (Ok(()), vec!["computed", "background"]));
    }
}
