//! How many connections a download uses: as many as make it faster, on hosts that take their time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where its own data is wrong")]

mod fake;

use std::ops::Range;

use fake::{Fault, Host, WEIGHTS, read, snapshot};
use vitrine_hub::{MemoryStorage, PartSink, SinkError, Source};

const SIZE: usize = 40_000_000;

/// A host that needs as long for a piece as `slow` says, by the number of connections.
fn host(slow: fn(usize) -> u64) -> Host {
    let host = Host::new(SIZE);
    host.0.borrow_mut().slow = Some(slow);
    host
}

/// A host that limits each connection: 3 MB/s.
fn limited(_: usize) -> u64 {
    100
}

/// A link that connections share: 3 MB/s in all.
fn shared(connections: usize) -> u64 {
    100 * connections as u64
}

/// Reads the whole, and answers the milliseconds that it took, the most connections, and the requests.
fn whole(host: &Host) -> (u64, usize, Vec<(u64, Option<u64>)>) {
    let (bytes, took) = host.run(read(&host.source(MemoryStorage::default())));
    assert!(bytes.unwrap() == host.weights());
    let connections = host.0.borrow().clock.most_open.get();
    (took, connections, host.parts())
}

#[test]
fn connections_are_added_where_each_is_limited() {
    let host = host(limited);
    let (took, connections, requests) = whole(&host);
    assert_eq!(connections, 4);
    // 13 s over one, 3 s over four.
    assert!(took < 8_000, "{took} ms");
    // No byte is asked for by two: each stretch begins where another was cut.
    let mut starts: Vec<u64> = requests.iter().map(|(first, _)| *first).collect();
    starts.sort_unstable();
    starts.dedup();
    assert_eq!(starts.len(), requests.len());
}

#[test]
fn what_is_soon_there_needs_one_connection() {
    let host = host(limited);
    host.0.borrow_mut().files.insert(WEIGHTS.to_owned(), vec![7; 16_000_000]);
    let (_, connections, requests) = whole(&host);
    assert_eq!((connections, requests), (1, vec![(0, None)]));
}

#[test]
fn a_shared_link_gets_one_connection_again() {
    let host = host(shared);
    let (took, connections, requests) = whole(&host);
    assert_eq!(connections, 2);
    assert!(requests.len() < 8, "{requests:?}");
    assert!(took < 15_000, "{took} ms");
}

#[test]
fn a_host_that_refuses_a_second_connection_serves_over_one() {
    let refusals = [
        Fault::Status(429, vec![("retry-after", "3600")]),
        Fault::Status(403, vec![]),
        Fault::Refuse,
        Fault::IgnoreRange,
        Fault::WrongPart,
        Fault::Cut(1_000_000),
    ];
    for refusal in refusals {
        let host = host(limited);
        host.fault(WEIGHTS, Fault::Clean);
        host.fault(WEIGHTS, refusal.clone());
        let (_, connections, requests) = whole(&host);
        assert_eq!((connections <= 2, requests.len()), (true, 3), "{refusal:?}: {requests:?}");
    }
}

#[test]
fn a_host_without_ranges_serves_over_one() {
    let host = host(limited);
    host.always(WEIGHTS, Fault::IgnoreRange);
    let (_, _, requests) = whole(&host);
    assert_eq!(requests.len(), 3);
}

#[test]
fn no_connection_is_far_ahead_of_one_that_is_stuck() {
    let host = host(limited);
    // A stretch that is taken on while several connections are used.
    (0..9).for_each(|_| host.fault(WEIGHTS, Fault::Clean));
    host.fault(WEIGHTS, Fault::Stall(100_000));
    let (took, _, requests) = whole(&host);
    assert!(took > 15_000, "{took} ms");
    let (stuck, _) = requests[9];
    let again = requests.iter().position(|(first, _)| *first == stuck + 100_000).unwrap();
    let ahead = requests[..again].iter().map(|(first, _)| *first).max().unwrap();
    assert!(ahead > stuck && ahead < stuck + (8 << 20), "{ahead} where {stuck} is stuck");
}

#[test]
fn a_host_that_breaks_every_connection_is_got_over() {
    let host = host(limited);
    for cut in [9_000_000, 1_500_000, 700_000, 0, 1_000_000, 100_000] {
        host.fault(WEIGHTS, Fault::Cut(cut));
    }
    whole(&host);
}

/// Checks what comes.
struct Compare<'a>(&'a [u8], u64);

impl PartSink for Compare<'_> {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), SinkError> {
        self.1 += bytes.len() as u64;
        if self.0[offset as usize..].starts_with(bytes) { Ok(()) } else { Err(SinkError) }
    }
}

#[test]
fn rows_come_six_at_once_and_long_parts_like_the_whole() {
    let host = host(limited);
    let source = host.source(MemoryStorage::default());
    let (found, _) = host.run(snapshot(&source));
    let found = found.unwrap();
    let (file, weights) = (found.file(WEIGHTS).unwrap(), host.weights());
    let rows: Vec<Range<u64>> = (0..40).map(|row| row * 900_000..row * 900_000 + 384).collect();
    let mut sink = Compare(&weights, 0);
    let (result, took) = host.run(source.read_parts(&found, file, &rows, &mut sink));
    result.unwrap();
    assert_eq!((sink.1, host.0.borrow().clock.most_open.get()), (40 * 384, 6));
    // A body and its end, 100 ms each, seven times.
    assert!(took < 1_800, "{took} ms");
    host.0.borrow().clock.most_open.set(0);
    let long = [1000..SIZE as u64 / 2, SIZE as u64 / 2 + 100_000..SIZE as u64];
    let mut sink = Compare(&weights, 0);
    let (result, took) = host.run(source.read_parts(&found, file, &long, &mut sink));
    result.unwrap();
    assert_eq!((sink.1, host.0.borrow().clock.most_open.get()), (SIZE as u64 - 101_000, 4));
    assert!(took < 8_000, "{took} ms");
}
