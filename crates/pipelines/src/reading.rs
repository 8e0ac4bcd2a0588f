//! One file of weights on its way to their reader: from the copy that this device keeps of it, in parts, or as a whole.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::mpsc;
use futures_util::future::{LocalBoxFuture, join};
use futures_util::{StreamExt, stream};
use vitrine_hub::{RepoFile, Snapshot, Source};
use vitrine_models::{CompactCopy, Head, Stretch, WeightsReader};

use crate::late::{Late, read_needed};
use crate::loading::{Loading, WeightsSink};
use crate::{Error, Result};

/// Stretches of a copy that are being kept at the same time.
const MOST_PUTS: usize = 8;

/// Bytes of a copy that may wait until the model is ready, outside of its memory.
const MOST_WAITING: usize = 32 << 20;

/// Keeps a stretch of a copy, which the source has taken, when awaited.
pub(crate) type Put = LocalBoxFuture<'static, bool>;

/// How the files of weights of one load are read.
pub(crate) struct Reading<'a> {
    pub source: &'a dyn Source,
    pub snapshot: &'a Snapshot,
    pub loading: &'a Loading<'a>,
    /// The source again, where parts of the one file may come later.
    pub later: Option<&'a Rc<dyn Source>>,
    /// The head of the model, where quantized copies are kept: one of another head may need other tensors.
    pub copies: Option<Head>,
}

impl Reading<'_> {
    /// Reads a file; the tables of it that come later.
    pub(crate) async fn read(&self, reader: &mut WeightsReader<'_>, file: &RepoFile) -> Result<Option<Rc<Late>>> {
        let Some(head) = self.copies else { return self.read_original(reader, file).await };
        let (source, snapshot, path) = (self.source, self.snapshot, format!("{}/q8-{head:?}", file.path));
        if let Some(copy) = source.derived(snapshot, &path).await
            && self.read_copy(reader, file, &copy).await
        {
            return Ok(None);
        }
        let (sender, stretches) = mpsc::unbounded();
        // What no one takes any more is not kept.
        reader.copy(move |stretch| drop(sender.unbounded_send(stretch)));
        let (waiting, path_of_stretch) = (&RefCell::new((0, Vec::new())), &path);
        let keep = |stretch: Stretch| async move {
            let bytes = stretch.1.len();
            let put = source.keep_derived(snapshot, path_of_stretch, Some(stretch));
            if waiting.borrow().0 + bytes > MOST_WAITING {
                return put.await;
            }
            let (waiting_bytes, puts) = &mut *waiting.borrow_mut();
            *waiting_bytes += bytes;
            puts.push(put);
            true
        };
        let kept = stretches.map(keep).buffer_unordered(MOST_PUTS).fold(true, |all, kept| async move { all && kept });
        let read = async {
            let late = self.read_original(reader, file).await;
            (late, reader.take_copy())
        };
        let ((late, copy), kept) = join(read, kept).await;
        let late = late?;
        match (copy.filter(|_| kept), &late) {
            (Some(copy), Some(late)) => late.complete_copy(copy, path.clone(), waiting.take().1),
            (Some(copy), None) if all_kept(waiting.take().1).await => end_copy(source, snapshot, &path, &copy).await,
            (Some(_), None) => {}
            (None, _) => {}
        }
        Ok(late)
    }

    /// Reads the copy; false where it is of no use.
    async fn read_copy(&self, reader: &mut WeightsReader<'_>, file: &RepoFile, copy: &RepoFile) -> bool {
        let total = self.loading.total.get();
        self.loading.total.set((total + copy.size).saturating_sub(file.size));
        let mut sink = WeightsSink::new(reader, self.loading, copy);
        if self.source.read_derived(self.snapshot, copy, &mut sink).await && sink.reader.end_file().is_ok() {
            return true;
        }
        sink.begin_again();
        self.loading.total.set(total);
        false
    }

    async fn read_original(&self, reader: &mut WeightsReader<'_>, file: &RepoFile) -> Result<Option<Rc<Late>>> {
        let mut sink = WeightsSink::new(reader, self.loading, file);
        let result = match self.later {
            Some(later) => read_needed(later, self.snapshot, file, self.loading, &mut sink).await,
            None => Ok(None),
        };
        if let Ok(Some(late)) = result {
            return Ok(Some(late));
        }
        let result = match result {
            Ok(_) => {
                sink.begin_again();
                self.source.read(self.snapshot, file, None, &mut sink).await.map_err(Error::from)
            }
            Err(error) => Err(error),
        };
        if let Some(error) = sink.error.take() {
            return Err(error.into());
        }
        result?;
        reader.end_file()?;
        Ok(None)
    }
}

/// Whether all was kept.
pub(crate) async fn all_kept(puts: Vec<Put>) -> bool {
    stream::iter(puts).buffer_unordered(MOST_PUTS).all(|kept| async move { kept }).await
}

/// Ends the copy at `path`, of which all tensors are kept: the next visit reads it.
pub(crate) async fn end_copy(source: &dyn Source, snapshot: &Snapshot, path: &str, copy: &CompactCopy) {
    for stretch in copy.front() {
        if !source.keep_derived(snapshot, path, Some(stretch)).await {
            return;
        }
    }
    source.keep_derived(snapshot, path, None).await;
}
