//! Tables of a model whose rows come when a text needs them, and all others in the background.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use futures_util::future::{AbortHandle, AbortRegistration, Abortable};
use vitrine_hub::{PartSink, RepoFile, Sink, SinkError, Snapshot, Source, least_table};
use vitrine_models::{Batch, CompactCopy, Encoder, LateTable, Turn};

use crate::background::{computing, in_background};
use crate::loading::{Loading, WeightsSink};
use crate::reading::{Put, all_kept, end_copy};
use crate::{Error, Result};

/// Bytes that are asked for first, to find the header of a file of weights in.
const FIRST: u64 = 1 << 16;

/// A smaller file that is on this device is read as a whole as soon as in parts.
const LEAST_HERE: u64 = 64 << 20;

/// An encoder of which some tables may come later.
pub(crate) struct Model {
    encoder: Encoder,
    late: Option<Rc<Late>>,
}

impl Model {
    pub(crate) fn new(encoder: Encoder, late: Option<Rc<Late>>) -> Self {
        Self { encoder, late }
    }

    /// As [`Encoder::hidden_states`].
    pub(crate) async fn hidden_states(&self, batch: &Batch, turn: &dyn Turn) -> Result<Vec<f32>> {
        loop {
            match computing(self.encoder.hidden_states(batch, turn)).await {
                Err(vitrine_models::Error::MissingRows) => self.fetch().await?,
                result => return Ok(result?),
            }
        }
    }

    /// As [`Encoder::logits`].
    pub(crate) async fn logits(&self, batch: &Batch, turn: &dyn Turn) -> Result<Vec<f32>> {
        loop {
            match computing(self.encoder.logits(batch, turn)).await {
                Err(vitrine_models::Error::MissingRows) => self.fetch().await?,
                result => return Ok(result?),
            }
        }
    }

    async fn fetch(&self) -> Result<()> {
        match &self.late {
            Some(late) => late.fetch_wanted().await,
            None => Err(vitrine_models::Error::MissingRows.into()),
        }
    }

    /// As [`Encoder::packs`].
    pub(crate) fn packs(&self) -> bool {
        self.encoder.packs()
    }

    /// Numbers in one hidden state.
    pub(crate) fn hidden_size(&self) -> usize {
        self.encoder.hidden_size()
    }

    /// The most tokens that a text may have.
    pub(crate) fn max_tokens(&self) -> usize {
        self.encoder.max_tokens()
    }
}

/// Tables that come later, and where from.
pub struct Late {
    source: Rc<dyn Source>,
    snapshot: Snapshot,
    file: RepoFile,
    tables: Vec<LateTable>,
    /// The copy of the file that this device is to keep, without the tables, its path, and what is still to be kept of it.
    copy: RefCell<Option<(CompactCopy, String, Vec<Put>)>>,
    /// Why the file turned out to be wrong.
    broken: RefCell<Option<String>>,
    /// Ends [`Late::complete`], whose registration this is until it begins.
    unwanted: (AbortHandle, Cell<Option<AbortRegistration>>),
}

impl Late {
    /// Fetches the rows that texts have asked for.
    async fn fetch_wanted(&self) -> Result<()> {
        if let Some(reason) = &*self.broken.borrow() {
            return Err(Error::Internal(reason.clone()));
        }
        let rows = self.tables.iter().flat_map(|table| table.wanted().into_iter().map(|row| table.range_of(row)));
        let parts: Vec<_> = rows.collect();
        self.read(&parts).await
    }

    /// Fetches all that is missing while no model computes, and checks the whole file. An error where it is wrong, which later runs tell too.
    pub async fn complete(&self) -> Result<()> {
        let Some(registration) = self.unwanted.1.take() else { return Ok(()) };
        Abortable::new(in_background(self.read_rest()), registration).await.unwrap_or(Ok(()))
    }

    async fn read_rest(&self) -> Result<()> {
        let kept = self.source.kept(&self.snapshot, &self.file).await;
        if kept.verified || kept.bytes == 0 {
            // Either all is right, or nothing can be kept here, and what has come cannot be checked together with the rest.
            let tables: Vec<_> = self.tables.iter().map(LateTable::range).collect();
            self.read(&tables).await?;
        } else {
            self.source.read(&self.snapshot, &self.file, None, &mut RowSink::new(self)).await?;
        }
        self.keep_copy().await;
        Ok(())
    }

    /// Has the copy of the file completed, once the tables are there and the file was found right.
    pub(crate) fn complete_copy(&self, copy: CompactCopy, path: String, waiting: Vec<Put>) {
        self.copy.replace(Some((copy, path, waiting)));
    }

    async fn keep_copy(&self) {
        let Some((mut copy, path, waiting)) = self.copy.take() else { return };
        if !all_kept(waiting).await {
            return;
        }
        for table in &self.tables {
            let mut row = 0;
            while let Some((stretch, next)) = table.copy(row, &mut copy) {
                if !self.source.keep_derived(&self.snapshot, &path, Some(stretch)).await {
                    return;
                }
                row = next;
            }
        }
        end_copy(&*self.source, &self.snapshot, &path, &copy).await;
    }

    /// Ends a fetch: the model is gone.
    pub(crate) fn stop(&self) {
        self.unwanted.0.abort();
    }

    async fn read(&self, parts: &[std::ops::Range<u64>]) -> Result<()> {
        let mut sink = RowSink::new(self);
        Ok(self.source.read_parts(&self.snapshot, &self.file, parts, &mut sink).await?)
    }
}

/// Puts whole rows into their tables.
struct RowSink<'a> {
    late: &'a Late,
    /// The beginning of a row, by the place where it goes on.
    pending: HashMap<u64, Vec<u8>>,
    /// Bytes of the whole file that have come.
    offset: u64,
}

impl<'a> RowSink<'a> {
    fn new(late: &'a Late) -> Self {
        Self { late, pending: HashMap::new(), offset: 0 }
    }
}

impl Sink for RowSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), SinkError> {
        if self.late.broken.borrow().is_some() {
            return Err(SinkError);
        }
        PartSink::write(self, self.offset, bytes)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn restart(&mut self) {
        // The weights that are in use came of the same bytes.
        let path = self.late.file.path.clone();
        let error = vitrine_hub::Error::Integrity { path, reason: "its SHA-256 differs".to_owned() };
        self.late.broken.replace(Some(error.to_string()));
    }
}

impl PartSink for RowSink<'_> {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> std::result::Result<(), SinkError> {
        let end = offset + bytes.len() as u64;
        for table in &self.late.tables {
            let (start, end) = (table.range().start.max(offset), table.range().end.min(end));
            let bytes = bytes.get((start - offset) as usize..end.saturating_sub(offset) as usize).unwrap_or_default();
            if bytes.is_empty() {
                continue;
            }
            let row_bytes = table.row_bytes().max(1) as usize;
            let mut row = self.pending.remove(&start).unwrap_or_default();
            // The row that was begun is completed by itself, so that all others are taken from where they are.
            let begun = row.len();
            let missing = if begun == 0 { 0 } else { (row_bytes - begun).min(bytes.len()) };
            let (first, others) = bytes.split_at(missing);
            row.extend_from_slice(first);
            if row.len() == row_bytes {
                table.fill(start - begun as u64, &row);
                row.clear();
            }
            let (whole, rest) = others.split_at(others.len() - others.len() % row_bytes);
            table.fill(start + missing as u64, whole);
            row.extend_from_slice(rest);
            if !row.is_empty() {
                self.pending.insert(end, row);
            }
        }
        Ok(())
    }
}

/// The first bytes of a file.
#[derive(Default)]
struct Beginning(Vec<u8>);

impl Beginning {
    /// Goes on up to byte `end`, from this device where the file `is_here`.
    async fn read(
        &mut self,
        source: &dyn Source,
        snapshot: &Snapshot,
        file: &RepoFile,
        end: u64,
        is_here: bool,
    ) -> Result<()> {
        let range = self.0.len() as u64..end;
        if range.is_empty() {
            return Ok(());
        }
        let read = match is_here {
            true => source.read_parts(snapshot, file, &[range], self).await,
            false => source.read(snapshot, file, Some(range), &mut self.0).await,
        };
        Ok(read?)
    }
}

impl PartSink for Beginning {
    fn write(&mut self, _: u64, bytes: &[u8]) -> std::result::Result<(), SinkError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Reads what a model needs of a file first, where its tables can come later; `None` where it has to be read as a whole:
/// its host serves no parts, it is here but was never checked or is small, or later brings nothing.
pub(crate) async fn read_needed(
    source: &Rc<dyn Source>,
    snapshot: &Snapshot,
    file: &RepoFile,
    loading: &Loading<'_>,
    sink: &mut WeightsSink<'_, '_>,
) -> Result<Option<Rc<Late>>> {
    let Some(least) = least_table(snapshot, file) else { return Ok(None) };
    let kept = source.kept(snapshot, file).await;
    if kept.complete && (!kept.verified || file.size < LEAST_HERE) {
        return Ok(None);
    }
    let mut first = Beginning::default();
    first.read(&**source, snapshot, file, FIRST.min(file.size), kept.verified).await?;
    let length = first.0.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes).saturating_add(8));
    if length > file.size.min(100 << 20) {
        return Ok(None);
    }
    first.read(&**source, snapshot, file, length, kept.verified).await?;
    let header = first.0.get(..usize::try_from(length).unwrap_or(usize::MAX)).unwrap_or_default();
    let written = sink.reader.write(header);
    if let Err(error) = written {
        sink.error = Some(error);
        return Err(vitrine_hub::Error::Sink.into());
    }
    let Some(parts) = sink.reader.parts(least)?.filter(|parts| parts.later > 0) else {
        return Ok(None);
    };
    let needed: u64 = parts.needed.iter().map(|part| part.end - part.start).sum();
    let all = loading.total.get();
    loading.total.set(all - file.size + needed);
    match source.read_parts(snapshot, file, &parts.needed, sink).await {
        Ok(()) => {}
        Err(error @ (vitrine_hub::Error::Network(_) | vitrine_hub::Error::RateLimited(_))) => return Err(error.into()),
        Err(_) => {
            loading.total.set(all);
            return Ok(None);
        }
    }
    let tables = sink.reader.end_parts()?;
    let (source, snapshot, file) = (source.clone(), snapshot.clone(), file.clone());
    let (copy, broken) = Default::default();
    let (handle, registration) = AbortHandle::new_pair();
    let unwanted = (handle, Cell::new(Some(registration)));
    Ok(Some(Rc::new(Late { source, snapshot, file, tables, copy, broken, unwanted })))
}
