//! The state of a load over all its files, and what takes their bytes.

use std::cell::Cell;

use vitrine_hub::{PartSink, Plan, RepoFile, Sink, SinkError, Snapshot, Source};
use vitrine_models::WeightsReader;
use vitrine_tasks::protocol::{Phase, Progress};

use crate::{Host, Result};

/// The most bytes that memory is taken for before they come: a host may tell any size.
const MOST_ROOM: usize = 32 << 20;

/// How far a load is.
pub(crate) struct Loading<'a> {
    source: &'a dyn Source,
    snapshot: &'a Snapshot,
    host: &'a dyn Host,
    /// Bytes of all files, or of the parts of them that are needed.
    pub total: Cell<u64>,
    /// Bytes of files that are complete, and of those at hand.
    loaded: Cell<u64>,
    /// The most bytes reported so far, so that a repeated download does not turn the bar back.
    reported: Cell<u64>,
    cached: Cell<u64>,
}

impl<'a> Loading<'a> {
    pub(crate) fn new(source: &'a dyn Source, snapshot: &'a Snapshot, plan: &Plan, host: &'a dyn Host) -> Self {
        Self {
            source,
            snapshot,
            host,
            total: Cell::new(plan.bytes()),
            loaded: Cell::new(0),
            reported: Cell::new(0),
            cached: Cell::new(0),
        }
    }

    /// A small file, whole.
    pub(crate) async fn small(&self, file: &RepoFile) -> Result<Vec<u8>> {
        let room = usize::try_from(file.size).unwrap_or(usize::MAX).min(MOST_ROOM);
        let mut sink = SmallSink { bytes: Vec::with_capacity(room), tally: Tally::new(self, &file.path) };
        self.source.read(self.snapshot, file, None, &mut sink).await?;
        Ok(sink.bytes)
    }

    /// Bytes that have come over the network.
    pub(crate) fn downloaded(&self) -> u64 {
        self.loaded.get() - self.cached.get()
    }

    pub(crate) fn report(&self, phase: Phase, file: &str) {
        self.reported.set(self.reported.get().max(self.loaded.get()));
        let (loaded, cached) = (self.reported.get(), self.cached.get());
        self.host.progress(Progress {
            phase,
            file: file.to_owned(),
            loaded,
            total: self.total.get().max(loaded),
            cached,
        });
    }
}

/// The part of one file in a load.
struct Tally<'a> {
    loading: &'a Loading<'a>,
    path: &'a str,
    /// Bytes of it that have come.
    loaded: u64,
    /// Whether what comes was kept on this device.
    from_cache: bool,
}

impl<'a> Tally<'a> {
    fn new(loading: &'a Loading<'a>, path: &'a str) -> Self {
        Self { loading, path, loaded: 0, from_cache: false }
    }

    fn arrived(&mut self, bytes: usize) {
        let Loading { loaded, cached, .. } = self.loading;
        self.loaded += bytes as u64;
        loaded.set(loaded.get() + bytes as u64);
        if self.from_cache {
            cached.set(cached.get() + bytes as u64);
        }
        self.loading.report(Phase::Download, self.path);
    }

    fn begin_again(&mut self) {
        let Loading { loaded, cached, .. } = self.loading;
        loaded.set(loaded.get().saturating_sub(std::mem::take(&mut self.loaded)));
        cached.set(cached.get().min(loaded.get()));
    }

    fn waiting(&self) {
        self.loading.report(Phase::Waiting, self.path);
    }
}

struct SmallSink<'a> {
    bytes: Vec<u8>,
    tally: Tally<'a>,
}

impl Sink for SmallSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), SinkError> {
        self.bytes.extend_from_slice(bytes);
        self.tally.arrived(bytes.len());
        Ok(())
    }

    fn restart(&mut self) {
        self.tally.begin_again();
        self.bytes.clear();
    }

    fn origin(&mut self, cached: bool) {
        self.tally.from_cache = cached;
    }

    fn waiting(&mut self) {
        self.tally.waiting();
    }
}

/// Hands a checkpoint's bytes to the reader of weights, and keeps the reader's account of what is wrong with them.
pub(crate) struct WeightsSink<'a, 'b> {
    pub reader: &'b mut WeightsReader<'a>,
    pub error: Option<vitrine_models::Error>,
    tally: Tally<'b>,
}

impl<'a, 'b> WeightsSink<'a, 'b> {
    /// Begins a file.
    pub(crate) fn new(reader: &'b mut WeightsReader<'a>, loading: &'b Loading<'b>, file: &'b RepoFile) -> Self {
        let exact = loading.snapshot.commit.is_some() || file.sha256.is_some();
        reader.begin_file(exact.then_some(file.size));
        Self { reader, error: None, tally: Tally::new(loading, &file.path) }
    }

    /// Forgets what has come: the file begins again.
    pub(crate) fn begin_again(&mut self) {
        self.tally.begin_again();
        self.error = None;
        self.reader.restart_file();
    }

    fn arrived(&mut self, bytes: usize, result: vitrine_models::Result<()>) -> std::result::Result<(), SinkError> {
        self.tally.arrived(bytes);
        self.error = result.err();
        if self.error.is_some() { Err(SinkError) } else { Ok(()) }
    }
}

impl Sink for WeightsSink<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), SinkError> {
        let result = self.reader.write(bytes);
        self.arrived(bytes.len(), result)
    }

    fn restart(&mut self) {
        self.begin_again();
    }

    fn origin(&mut self, cached: bool) {
        self.tally.from_cache = cached;
    }

    fn waiting(&mut self) {
        self.tally.waiting();
    }
}

impl PartSink for WeightsSink<'_, '_> {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> std::result::Result<(), SinkError> {
        let result = self.reader.write_part(offset, bytes);
        self.arrived(bytes.len(), result)
    }

    fn origin(&mut self, cached: bool) {
        self.tally.from_cache = cached;
    }

    fn waiting(&mut self) {
        self.tally.waiting();
    }
}
