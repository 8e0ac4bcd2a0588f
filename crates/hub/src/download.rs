//! Downloading stretches of a file, over as many connections side by side as make it faster, in order.

use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::ops::Range;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;

use crate::attempt::Attempt;
use crate::keeping::Keeping;
use crate::lane::{Lane, OPEN, Target};
use crate::pace::{Pace, TICK};
use crate::{Error, RepoFile, Result};

/// Bytes that a connection takes on at a time where there are several.
const SEGMENT: u64 = 2 << 20;

/// Bytes that have to be left for another number of connections to be worth trying.
const WORTH_TRYING: u64 = 16 << 20;

/// How far connections may be ahead of what was handed on, in bytes.
const AHEAD: u64 = 8 << 20;

/// A step of a connection, and the connection itself.
type Step = (Lane, std::result::Result<Option<Vec<u8>>, Attempt>);

enum Event {
    Step(Step),
    Tick,
}

/// Stretches of one file on their way.
pub(crate) struct Download<'a> {
    target: Target<'a>,
    /// The stretches that were not handed on to their ends, in the order of the file; the first begins at what is next.
    order: VecDeque<Range<u64>>,
    /// What no connection has taken on yet, in the order of the file.
    open: VecDeque<Range<u64>>,
    lanes: FuturesUnordered<LocalBoxFuture<'a, Step>>,
    /// Pieces that came before their turn, by offset.
    ahead: BTreeMap<u64, Vec<u8>>,
    pace: Pace,
    tick: LocalBoxFuture<'static, ()>,
    /// Whether anything has come.
    begun: bool,
    /// Failures in a row without a byte in between.
    failures: u32,
}

impl<'a> Download<'a> {
    /// A download of these stretches, which are in the order of the file. Nothing is asked for yet.
    pub(crate) fn new(target: Target<'a>, stretches: impl Iterator<Item = Range<u64>>, pace: Pace) -> Self {
        let order: VecDeque<_> = stretches.collect();
        Self {
            target,
            open: order.clone(),
            order,
            lanes: FuturesUnordered::new(),
            ahead: BTreeMap::new(),
            pace,
            tick: target.http.transport.sleep(TICK),
            begun: false,
            failures: 0,
        }
    }

    pub(crate) fn file(&self) -> &RepoFile {
        self.target.file
    }

    /// One stretch more, before all others.
    pub(crate) fn first(&mut self, stretch: Range<u64>) {
        self.order.push_front(stretch.clone());
        self.open.push_front(stretch);
    }

    /// The next bytes of the first stretch, with their offset; `None` once at its end, and then those of the next one.
    /// Meanwhile goes on with what is being kept.
    pub(crate) async fn next(
        &mut self,
        keeping: &mut Keeping<'_>,
        waiting: &mut dyn FnMut(),
    ) -> Result<Option<(u64, Vec<u8>)>> {
        loop {
            let Some(head) = self.order.front_mut() else { return Ok(None) };
            let offset = head.start;
            if head.is_empty() {
                self.order.pop_front();
                return Ok(None);
            }
            if let Some(piece) = self.ahead.remove(&offset) {
                head.start += piece.len() as u64;
                return Ok(Some((offset, piece)));
            }
            self.start_lanes();
            match poll_fn(|context| self.poll_event(keeping, context)).await {
                Event::Tick => {
                    if self.order.iter().map(|range| range.end - range.start).sum::<u64>() > WORTH_TRYING {
                        self.pace.tick();
                    }
                    self.tick = self.target.http.transport.sleep(TICK);
                }
                Event::Step((lane, Ok(Some(piece)))) => {
                    self.pace.arrived(piece.len());
                    (self.begun, self.failures) = (true, 0);
                    self.ahead.insert(lane.range.start - piece.len() as u64, piece);
                    self.go_on(lane);
                }
                Event::Step((lane, Ok(None))) => {
                    // The file turned out to end here.
                    if let (OPEN, Some(last)) = (lane.range.end, self.order.back_mut()) {
                        last.end = lane.range.start;
                    }
                }
                Event::Step((lane, Err(attempt))) => {
                    self.give_back(lane.range);
                    if !self.lanes.is_empty() {
                        self.pace.fewer();
                        continue;
                    }
                    keeping.flush().await;
                    self.failures += 1;
                    let wait = self.stopped(attempt).wait_before(&self.target.http.options, self.failures)?;
                    waiting();
                    self.target.http.transport.sleep(wait).await;
                }
            }
        }
    }

    /// Keeps what came before its turn, once there is no hope for what is before it.
    pub(crate) fn keep_rest(&mut self, keeping: &mut Keeping<'_>) {
        for (offset, piece) in std::mem::take(&mut self.ahead) {
            keeping.keep(offset, &piece);
        }
    }

    /// A host that has served parts and now sends the whole is worth another attempt.
    fn stopped(&self, attempt: Attempt) -> Attempt {
        match attempt {
            Attempt::Final(Error::NoRanges) if self.begun => {
                let message = format!("{} no longer serves parts of files", self.target.http.endpoint.origin());
                Attempt::Again { error: Error::Network(message), wait: None }
            }
            attempt => attempt,
        }
    }

    fn poll_event(&mut self, keeping: &mut Keeping<'_>, context: &mut Context<'_>) -> Poll<Event> {
        // What is to be kept goes first: once the storage has it, its memory is free.
        if keeping.poll_room(context).is_pending() {
            return Poll::Pending;
        }
        if let Poll::Ready(Some(step)) = pin!(&mut self.lanes).poll_next(context) {
            return Poll::Ready(Event::Step(step));
        }
        if !self.pace.is_settled() && Pin::new(&mut self.tick).poll(context).is_ready() {
            return Poll::Ready(Event::Tick);
        }
        Poll::Pending
    }

    /// Gives stretches to as many connections as there should be, unless they are far ahead.
    fn start_lanes(&mut self) {
        while self.lanes.len() < self.pace.connections() {
            let Some(stretch) = self.open.front().cloned() else { return };
            let several = self.pace.connections() > 1;
            let size = if several { SEGMENT } else { OPEN };
            let before = self.order.iter().take_while(|range| range.start < stretch.start);
            let ahead: u64 = before.map(|range| range.end.min(stretch.start) - range.start).sum();
            if !self.lanes.is_empty() && ahead + SEGMENT > AHEAD {
                return;
            }
            self.open.pop_front();
            // What a host of unknown sizes sends cannot be divided.
            let end = if stretch.end == OPEN { OPEN } else { stretch.end.min(stretch.start.saturating_add(size)) };
            if end < stretch.end {
                self.open.push_front(end..stretch.end);
            }
            let may_skip = self.target.whole && self.lanes.is_empty();
            self.run(Lane::new(stretch.start..end, may_skip));
        }
    }

    /// Lets a connection go on with its stretch, or with less of it where others shall take their share.
    fn go_on(&mut self, mut lane: Lane) {
        let cut = lane.range.start + SEGMENT;
        if self.pace.connections() > 1 && lane.range.end != OPEN && lane.range.end > cut + SEGMENT {
            self.give_back(cut..lane.range.end);
            lane.range.end = cut;
        }
        self.run(lane);
    }

    fn run(&mut self, mut lane: Lane) {
        let target = self.target;
        self.lanes.push(Box::pin(async move {
            let step = lane.next(&target).await;
            (lane, step)
        }));
    }

    /// A stretch, or what is left of it, that some connection has to take on.
    fn give_back(&mut self, mut stretch: Range<u64>) {
        if stretch.is_empty() {
            return;
        }
        let at = self.open.partition_point(|open| open.start < stretch.start);
        // Two pieces of one stretch are asked for in one request again.
        let in_one =
            |next: &&Range<u64>| next.start == stretch.end && !self.order.iter().any(|range| range.start == next.start);
        if let Some(end) = self.open.get(at).filter(in_one).map(|next| next.end) {
            self.open.remove(at);
            stretch.end = end;
        }
        self.open.insert(at, stretch);
    }
}
