//! Keeping what arrives, in chunks, without holding up what is still to come.

use std::pin::pin;
use std::task::{Context, Poll};

use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};

use crate::StorageError;
use crate::cache::{CHECKSUM, CHUNK, CachedFile};

/// Chunks that are being kept at the same time.
const MOST_PUTS: usize = 8;

/// Keeps the bytes of one file.
pub(crate) struct Keeping<'a> {
    cached: &'a CachedFile<'a>,
    /// Whether the storage takes more.
    pub(crate) active: bool,
    /// Where `pending` begins in the file.
    offset: u64,
    /// Bytes that are not on their way to the storage yet.
    pending: Vec<u8>,
    puts: FuturesUnordered<LocalBoxFuture<'static, Result<(), StorageError>>>,
}

impl<'a> Keeping<'a> {
    pub(crate) fn new(cached: &'a CachedFile<'a>, active: bool) -> Self {
        Self { cached, active, offset: 0, pending: Vec::new(), puts: FuturesUnordered::new() }
    }

    /// Begins to keep the bytes at `offset`, once a chunk of them is full. Chunks end at multiples of their size, so
    /// that the parts of a file fit together.
    pub(crate) fn keep(&mut self, mut offset: u64, mut bytes: &[u8]) {
        while self.active && !bytes.is_empty() {
            if offset != self.offset + self.pending.len() as u64 {
                self.put_pending();
            }
            let room = CHUNK - (offset % CHUNK as u64) as usize;
            if self.pending.is_empty() {
                self.offset = offset;
                self.pending.reserve_exact(self.cached.most_after(offset).min(CHUNK) + CHECKSUM);
            }
            let (head, rest) = bytes.split_at(bytes.len().min(room));
            self.pending.extend_from_slice(head);
            offset += head.len() as u64;
            bytes = rest;
            if head.len() == room {
                self.put_pending();
            }
        }
    }

    /// Goes on with what is being kept; pending while so much is that no more should be fetched.
    pub(crate) fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(Some(put)) = pin!(&mut self.puts).poll_next(context) {
            self.active &= put.is_ok();
        }
        if self.puts.len() < MOST_PUTS { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Waits until everything is kept that can be.
    pub(crate) async fn flush(&mut self) {
        self.put_pending();
        while let Some(put) = self.puts.next().await {
            // Where there is no room, or no storage, the file goes on from memory.
            self.active &= put.is_ok();
        }
    }

    fn put_pending(&mut self) {
        if !self.pending.is_empty() {
            self.puts.push(self.cached.put(self.offset, &mut self.pending));
            // Its memory is for the next chunk.
            self.pending.clear();
        }
    }
}
