//! Reading parts of a file: what is asked for, what is kept, what a read of the whole then fetches, and every fault in between.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where its own data is wrong")]
#![allow(clippy::single_range_in_vec_init, reason = "one part of a file is a list of parts too")]

mod fake;

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use fake::{COMMIT, Fault, Host, WEIGHTS, read, snapshot};
use futures_executor::block_on;
use futures_util::future::join;
use vitrine_hub::{
    Error, Http, Kept, LocalBoxFuture, Lock, MemoryStorage, PartSink, Result, SinkError, Snapshot, Source, Storage,
    StorageError, Wanted, cached_bytes, plan, stored,
};

const SIZE: usize = 5_500_000;
const MIB: u64 = 1 << 20;

/// Keeps what comes by offset, and whether anything did.
#[derive(Default)]
struct Pieces {
    pieces: Vec<(u64, Vec<u8>)>,
    origins: Vec<bool>,
}

impl PartSink for Pieces {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> std::result::Result<(), SinkError> {
        self.pieces.push((offset, bytes.to_vec()));
        Ok(())
    }

    fn origin(&mut self, cached: bool) {
        self.origins.push(cached);
    }
}

impl Pieces {
    /// That these parts came, each byte once and a part's in order, and that they are the file's.
    fn check(&self, parts: &[Range<u64>], file: &[u8]) {
        let inside = |at: u64| parts.iter().any(|part| part.contains(&at));
        let expected: u64 = (0..file.len() as u64).filter(|at| inside(*at)).count() as u64;
        assert_eq!(self.pieces.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>(), expected);
        for part in parts {
            let mut at = part.start;
            for (offset, bytes) in &self.pieces {
                let end = offset + bytes.len() as u64;
                assert!(file[*offset as usize..end as usize] == bytes[..], "{} bytes at {offset}", bytes.len());
                if (*offset..end).contains(&at) {
                    at = end;
                }
            }
            assert!(at >= part.end, "{part:?} only up to {at}");
        }
    }
}

fn described(host: &Host, storage: &MemoryStorage) -> (Http, Snapshot) {
    let source = host.source(storage.clone());
    let found = block_on(snapshot(&source)).unwrap();
    host.asked();
    (source, found)
}

fn parts(source: &Http, found: &Snapshot, parts: &[Range<u64>]) -> Result<Pieces> {
    let mut sink = Pieces::default();
    block_on(source.read_parts(found, found.file(WEIGHTS).unwrap(), parts, &mut sink)).map(|()| sink)
}

fn kept(source: &Http, found: &Snapshot) -> Kept {
    block_on(source.kept(found, found.file(WEIGHTS).unwrap()))
}

/// Where a chunk of the weights is kept.
fn entry(chunk: Range<u64>) -> String {
    let prefix = format!("file/https:%2F%2Fhub.test/org%2Fname/{COMMIT}/{WEIGHTS}");
    format!("{prefix}/{}-{}", chunk.start, chunk.end - chunk.start)
}

#[test]
fn parts_are_asked_for_and_a_read_of_the_whole_fetches_only_the_rest() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    let (source, found) = described(&host, &storage);
    let wanted = [4 * MIB..SIZE as u64 - 100_000, 0..300_000, MIB - 50_000..2 * MIB + 7];
    parts(&source, &found, &wanted).unwrap().check(&wanted, &host.weights());
    let end = SIZE as u64;
    assert_eq!(host.parts(), [(0, Some(300_000)), (MIB - 50_000, Some(2 * MIB + 7)), (4 * MIB, Some(end - 100_000))]);
    let bytes = wanted.iter().map(|part| part.end - part.start).sum();
    assert_eq!(kept(&source, &found), Kept { bytes, complete: false, verified: false });
    assert_eq!(block_on(cached_bytes(&storage, &found, &plan(&found, Wanted::Original))), bytes);
    assert_eq!(block_on(stored(&storage)).unwrap()[0].bytes, bytes);
    // What is kept is not asked for again.
    let again = parts(&source, &found, &wanted).unwrap();
    again.check(&wanted, &host.weights());
    assert_eq!((host.parts(), again.origins), (vec![], vec![true]));
    assert_eq!(block_on(read(&source)).unwrap(), host.weights());
    assert_eq!(host.parts(), [(300_000, Some(MIB - 50_000)), (2 * MIB + 7, Some(4 * MIB)), (end - 100_000, None)]);
    assert_eq!(kept(&source, &found), Kept { bytes: end, complete: true, verified: true });
    assert_eq!(block_on(read(&source)).unwrap(), host.weights());
    assert_eq!(host.parts(), []);
}

#[test]
fn what_is_wrong_in_a_kept_part_is_found_by_the_whole() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    let (source, found) = described(&host, &storage);
    host.fault(WEIGHTS, Fault::Flip(500_000));
    parts(&source, &found, &[MIB..3 * MIB]).unwrap();
    assert_eq!(block_on(read(&source)).unwrap(), host.weights());
    assert!(kept(&source, &found).verified);
}

#[test]
fn rows_that_are_near_are_fetched_together_and_not_kept() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    let (source, found) = described(&host, &storage);
    let row = |at: u64| at..at + 512;
    let rows = [row(2_000_000), row(1000), row(1000), row(1512), row(20_000), row(1_000_000), row(1_040_000)];
    let came = parts(&source, &found, &rows).unwrap();
    came.check(&rows, &host.weights());
    assert_eq!(
        host.parts(),
        [
            (1000, Some(20_512)),
            (1_000_000, Some(1_000_512)),
            (1_040_000, Some(1_040_512)),
            (2_000_000, Some(2_000_512))
        ]
    );
    assert_eq!(kept(&source, &found), Kept::default());
    // A row of a part that is kept needs no host.
    parts(&source, &found, &[0..MIB]).unwrap();
    host.parts();
    parts(&source, &found, &rows[1..6]).unwrap().check(&rows[1..6], &host.weights());
    assert_eq!(host.parts(), []);
    parts(&source, &found, &[]).unwrap().check(&[], &host.weights());
    // The last row before and the first after the end of what is kept.
    parts(&source, &found, &[MIB - 100..MIB + 100]).unwrap().check(&[MIB - 100..MIB + 100], &host.weights());
    assert_eq!(host.parts(), [(MIB, Some(MIB + 100))]);
}

#[test]
fn rows_do_not_wait_for_a_reader_of_the_whole() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    let (source, found) = described(&host, &storage);
    let held: Vec<_> = ["file/https:%2F%2Fhub.test/org%2Fname/", COMMIT, "/", WEIGHTS, "/"].into();
    let _lock = block_on(storage.lock(&held.concat(), &mut || panic!("free")));
    parts(&source, &found, &[5..10, 700_000..700_009]).unwrap();
    // A long part does.
    let mut sink = Pieces::default();
    let wanted = [0..MIB];
    let mut waits = source.read_parts(&found, found.file(WEIGHTS).unwrap(), &wanted, &mut sink);
    assert!(futures_util::FutureExt::now_or_never(&mut waits).is_none());
}

#[test]
fn a_host_without_ranges_is_told_and_a_plain_read_works() {
    for fault in [Fault::IgnoreRange, Fault::Status(416, vec![])] {
        let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
        let (source, found) = described(&host, &storage);
        host.always(WEIGHTS, fault.clone());
        for wanted in [0..300_000, MIB..3 * MIB, 7..9] {
            let mut sink = Pieces::default();
            let parts = [wanted];
            let result = block_on(source.read_parts(&found, found.file(WEIGHTS).unwrap(), &parts, &mut sink));
            assert!(matches!(result, Err(Error::NoRanges)), "{fault:?}: {result:?}");
            assert_eq!((sink.pieces, host.parts().len()), (vec![], 1));
        }
        if let Fault::Status(..) = fault {
            host.0.borrow_mut().faults.clear();
        }
        assert_eq!(block_on(read(&source)).unwrap(), host.weights(), "{fault:?}");
    }
}

#[test]
fn a_host_that_stops_serving_ranges_is_asked_again() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    let (source, found) = described(&host, &storage);
    let wanted = [0..MIB, 3 * MIB..4 * MIB];
    host.fault(WEIGHTS, Fault::Clean);
    host.fault(WEIGHTS, Fault::IgnoreRange);
    parts(&source, &found, &wanted).unwrap().check(&wanted, &host.weights());
    // For the whole file it may send the whole.
    host.fault(WEIGHTS, Fault::IgnoreRange);
    assert_eq!(block_on(read(&source)).unwrap(), host.weights());
}

#[test]
fn faults_of_a_connection_are_got_over() {
    let faults = [
        Fault::Refuse,
        Fault::Stall(0),
        Fault::Stall(200_000),
        Fault::Short(0),
        Fault::Short(700_000),
        Fault::Cut(700_000),
        Fault::WrongPart,
        Fault::Status(500, vec![]),
        Fault::Status(429, vec![("retry-after", "7")]),
    ];
    let wanted = [10..MIB, 2 * MIB..4 * MIB];
    for fault in faults {
        let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
        let (source, found) = described(&host, &storage);
        host.fault(WEIGHTS, fault.clone());
        parts(&source, &found, &wanted).unwrap().check(&wanted, &host.weights());
        let begun = match fault {
            Fault::Stall(at) | Fault::Short(at) | Fault::Cut(at) => 10 + at as u64,
            _ => 10,
        };
        assert_eq!(host.parts()[1].0, begun, "{fault:?}");
        assert_eq!(block_on(read(&source)).unwrap(), host.weights(), "{fault:?}");
    }
}

#[test]
fn what_does_not_pass_ends_in_its_code() {
    let cases = [
        (Fault::Refuse, "network"),
        (Fault::Cors, "cors"),
        (Fault::Stall(0), "network"),
        (Fault::Short(0), "truncated"),
        (Fault::WrongPart, "integrity"),
        (Fault::Long, "integrity"),
        (Fault::Status(401, vec![("x-error-code", "GatedRepo")]), "gated-repo"),
        (Fault::Status(404, vec![("x-error-code", "EntryNotFound")]), "entry-not-found"),
        (Fault::Status(429, vec![("retry-after", "3600")]), "rate-limited"),
        (Fault::Instead(b"<!DOCTYPE html><title>x</title>", "text/html; charset=utf-8"), "entry-not-found"),
    ];
    for (fault, code) in cases {
        for wanted in [0..MIB, MIB..2 * MIB, 5..500] {
            let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
            let (source, found) = described(&host, &storage);
            host.always(WEIGHTS, fault.clone());
            let error = parts(&source, &found, &[wanted]).map(|_| ()).expect_err("an error");
            assert_eq!(error.code(), code, "{fault:?}: {error}");
            host.0.borrow_mut().faults.clear();
            assert_eq!(block_on(read(&source)).unwrap(), host.weights(), "after {fault:?}");
        }
    }
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    let (source, found) = described(&host, &storage);
    let error = parts(&source, &found, &[0..SIZE as u64 + 1]).map(|_| ()).expect_err("an error");
    assert_eq!((error.code(), host.parts()), ("truncated", vec![]));
}

#[test]
fn an_interrupted_part_is_gone_on_with_by_the_next_visit() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    let (source, found) = described(&host, &storage);
    let wanted = [MIB + 5..4 * MIB];
    host.fault(WEIGHTS, Fault::Cut(1_500_000));
    host.always(WEIGHTS, Fault::Refuse);
    assert_eq!(parts(&source, &found, &wanted).map(|_| ()).expect_err("an error").code(), "network");
    host.0.borrow_mut().faults.clear();
    host.parts();
    parts(&source, &found, &wanted).unwrap().check(&wanted, &host.weights());
    assert_eq!(host.parts(), [(MIB + 5 + 1_500_000, Some(4 * MIB))]);
}

#[test]
fn a_damaged_chunk_costs_itself_only() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    let (source, found) = described(&host, &storage);
    let chunk = 2 * MIB..3 * MIB;
    for verified in [true, false] {
        if verified {
            block_on(read(&source)).unwrap();
        } else {
            block_on(storage.delete(&entry(0..1).replace("0-1", "verified"))).unwrap();
        }
        assert!(block_on(storage.get(&entry(chunk.clone()), Vec::new())).unwrap().is_some());
        for damaged in [Some(vec![0; 1000]), None] {
            let key = entry(chunk.clone());
            match &damaged {
                Some(bytes) => block_on(storage.put(&key, bytes)).unwrap(),
                None => block_on(storage.delete(&key)).unwrap(),
            }
            assert_eq!(kept(&source, &found).verified, verified && damaged.is_some());
            host.parts();
            let wanted = [MIB + 9..3 * MIB + 9];
            parts(&source, &found, &wanted).unwrap().check(&wanted, &host.weights());
            assert_eq!(host.parts(), [(chunk.start, Some(chunk.end))]);
            // What came since is not covered by the earlier check.
            assert!(!kept(&source, &found).verified);
            let put = damaged.unwrap_or_default();
            block_on(storage.put(&key, &put)).unwrap();
            assert_eq!(block_on(read(&source)).unwrap(), host.weights());
            assert_eq!(host.parts(), [(chunk.start, Some(chunk.end))]);
            assert!(kept(&source, &found).verified);
            if !verified {
                block_on(storage.delete(&entry(0..1).replace("0-1", "verified"))).unwrap();
            }
        }
    }
}

#[test]
fn chunks_may_overlap() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    let (source, found) = described(&host, &storage);
    let weights = host.weights();
    let chunks = [0..1000, 500..90_000, 600..700, 500..800, 80_000..200_000, 150_000..150_001, 400_000..500_000];
    for chunk in &chunks {
        // A chunk as another version of this crate may have cut it.
        let mut bytes = weights[chunk.start as usize..chunk.end as usize].to_vec();
        let checksum = xxhash_rust::xxh3::xxh3_64(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        block_on(storage.put(&entry(chunk.clone()), &bytes)).unwrap();
    }
    assert_eq!(kept(&source, &found).bytes, 300_000);
    assert_eq!(block_on(stored(&storage)).unwrap()[0].bytes, 300_000);
    let wanted = [10..450_000];
    parts(&source, &found, &wanted).unwrap().check(&wanted, &weights);
    assert_eq!(host.parts(), [(200_000, Some(400_000))]);
    assert_eq!(block_on(read(&source)).unwrap(), weights);
    assert_eq!(host.parts(), [(500_000, None)]);
}

#[test]
fn two_readers_fetch_each_byte_once() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    let (one, found) = described(&host, &storage);
    let two = host.source(storage.clone());
    let file = found.file(WEIGHTS).unwrap();
    let (wanted, also) = ([0..2 * MIB], [MIB..3 * MIB]);
    let (mut first, mut second) = (Pieces::default(), Pieces::default());
    let (a, b) = block_on(join(
        one.read_parts(&found, file, &wanted, &mut first),
        two.read_parts(&found, file, &also, &mut second),
    ));
    a.unwrap();
    b.unwrap();
    first.check(&wanted, &host.weights());
    second.check(&also, &host.weights());
    assert_eq!(host.parts(), [(0, Some(2 * MIB)), (2 * MIB, Some(3 * MIB))]);
}

#[test]
fn a_storage_without_room_changes_nothing() {
    for capacity in [0, 1_500_000] {
        let (host, storage) = (Host::new(SIZE), MemoryStorage::with_capacity(capacity));
        let (source, found) = described(&host, &storage);
        for wanted in [0..3 * MIB, MIB..4 * MIB] {
            let parts_of = [wanted];
            parts(&source, &found, &parts_of).unwrap().check(&parts_of, &host.weights());
        }
        assert_eq!(block_on(read(&source)).unwrap(), host.weights());
        assert!(!kept(&source, &found).verified);
    }
}

#[test]
fn a_host_of_unknown_sizes_serves_parts_too() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    host.0.borrow_mut().api = false;
    let (source, found) = described(&host, &storage);
    assert_eq!((found.commit.clone(), found.file(WEIGHTS).unwrap().sha256), (None, None));
    let wanted = [0..MIB, 2 * MIB..SIZE as u64];
    parts(&source, &found, &wanted).unwrap().check(&wanted, &host.weights());
    let bytes = SIZE as u64 - MIB;
    assert_eq!(kept(&source, &found), Kept { bytes, complete: false, verified: false });
    host.parts();
    assert_eq!(block_on(read(&source)).unwrap(), host.weights());
    assert_eq!(host.parts(), [(MIB, Some(2 * MIB)), (SIZE as u64, None)]);
    assert_eq!(kept(&source, &found), Kept { bytes: SIZE as u64, complete: true, verified: true });
}

#[test]
fn a_sink_that_wants_no_more_ends_the_read() {
    struct Full;
    impl PartSink for Full {
        fn write(&mut self, _: u64, _: &[u8]) -> std::result::Result<(), SinkError> {
            Err(SinkError)
        }
    }
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    let (source, found) = described(&host, &storage);
    let wanted = [0..2 * MIB];
    let result = block_on(source.read_parts(&found, found.file(WEIGHTS).unwrap(), &wanted, &mut Full));
    assert!(matches!(result, Err(Error::Sink)));
    assert_eq!(host.parts().len(), 1);
}

#[test]
fn a_file_that_was_found_right_is_listed_once_and_what_is_gone_meanwhile_is_missed() {
    let (host, storage, lists) = (Host::new(SIZE), MemoryStorage::default(), Rc::<Cell<u32>>::default());
    let source = host.source(Listed(storage.clone(), lists.clone()));
    let found = block_on(snapshot(&source)).unwrap();
    let file = found.file(WEIGHTS).unwrap();
    let read = || {
        let mut bytes = Vec::new();
        block_on(source.read(&found, file, None, &mut bytes)).map(|()| bytes)
    };
    assert!(read().unwrap() == host.weights());
    lists.set(0);
    assert!(kept(&source, &found).verified);
    assert!(read().unwrap() == host.weights());
    assert!(read().unwrap() == host.weights());
    assert_eq!(lists.get(), 1);
    host.parts();
    block_on(storage.delete(&entry(MIB..2 * MIB))).unwrap();
    assert!(read().unwrap() == host.weights());
    assert_eq!(host.parts(), [(MIB, Some(2 * MIB))]);
}

/// Counts how often entries are listed.
struct Listed(MemoryStorage, Rc<Cell<u32>>);

impl Storage for Listed {
    fn keys<'a>(&'a self, prefix: &'a str) -> LocalBoxFuture<'a, std::result::Result<Vec<String>, StorageError>> {
        self.1.set(self.1.get() + 1);
        self.0.keys(prefix)
    }

    fn get<'a>(
        &'a self,
        key: &'a str,
        room: Vec<u8>,
    ) -> LocalBoxFuture<'a, std::result::Result<Option<Vec<u8>>, StorageError>> {
        self.0.get(key, room)
    }

    fn put(&self, key: &str, bytes: &[u8]) -> LocalBoxFuture<'static, std::result::Result<(), StorageError>> {
        self.0.put(key, bytes)
    }

    fn delete<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, std::result::Result<(), StorageError>> {
        self.0.delete(key)
    }

    fn lock<'a>(&'a self, name: &'a str, waiting: &'a mut dyn FnMut()) -> LocalBoxFuture<'a, Lock> {
        self.0.lock(name, waiting)
    }
}
