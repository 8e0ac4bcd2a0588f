//! Reading over HTTP through every fault that a host, a network or a storage can have.

mod fake;

use std::time::Duration;

use fake::{COMMIT, Fault, Host, REPO, WEIGHTS, read, snapshot};
use futures_executor::block_on;
use futures_util::future::join;
use vitrine_hub::{
    Error, MemoryStorage, Options, RepoId, Repositories, Revision, Sink, SinkError, Source, Storage, Wanted, plan,
    remove, stored,
};

const SIZE: usize = 3_500_000;

fn weights_requests(asked: &[(String, u64)]) -> Vec<u64> {
    asked.iter().filter(|(url, _)| url.contains(WEIGHTS)).map(|(_, first)| *first).collect()
}

#[test]
fn one_request_describes_a_repository_and_pins_its_commit() {
    let host = Host::new(SIZE);
    let source = host.source(MemoryStorage::default());
    assert_eq!(block_on(read(&source)).unwrap(), host.weights());
    let token = host.0.borrow().requests[0].token.as_ref().unwrap().header();
    assert_eq!(token, "Bearer hf_secret");
    let urls: Vec<String> = host.asked().into_iter().map(|(url, _)| url).collect();
    assert_eq!(
        urls,
        [format!("/api/models/{REPO}/revision/main?blobs=true"), format!("/{REPO}/resolve/{COMMIT}/{WEIGHTS}")]
    );
}

#[test]
fn a_second_visit_fetches_no_weights_and_needs_no_network() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    block_on(read(&host.source(storage.clone()))).unwrap();
    host.asked();
    assert_eq!(block_on(read(&host.source(storage.clone()))).unwrap(), host.weights());
    assert!(weights_requests(&host.asked()).is_empty());
    host.always("", Fault::Refuse);
    assert_eq!(block_on(read(&host.source(storage.clone()))).unwrap(), host.weights());
    let kept = block_on(stored(&storage)).unwrap();
    assert_eq!(
        (kept.len(), kept[0].repo.as_str(), kept[0].key.as_str(), kept[0].bytes),
        (1, REPO, COMMIT, SIZE as u64)
    );
    block_on(remove(&storage, Some(&kept[0]))).unwrap();
    assert_eq!(block_on(storage.keys("")).unwrap(), Vec::<String>::new());
    assert_eq!(block_on(read(&host.source(storage))).unwrap_err().code(), "network");
}

#[test]
fn a_known_commit_is_not_asked_for_again() {
    let (host, storage) = (Host::new(10), MemoryStorage::default());
    let (repo, commit) = (RepoId::parse(REPO).unwrap(), Revision::parse(COMMIT).unwrap());
    block_on(host.source(storage.clone()).snapshot(&repo, &commit)).unwrap();
    block_on(host.source(storage).snapshot(&repo, &commit)).unwrap();
    assert_eq!(host.asked().len(), 1);
}

#[test]
fn a_broken_download_goes_on_where_it_stopped() {
    for cut in [0, 1, 7, 8, 9, 1000, SIZE / 12, SIZE / 3, SIZE / 2, SIZE - 2, SIZE - 1] {
        let host = Host::new(SIZE);
        host.fault(WEIGHTS, Fault::Cut(cut));
        assert_eq!(block_on(read(&host.source(MemoryStorage::default()))).unwrap(), host.weights(), "cut at {cut}");
        assert_eq!(weights_requests(&host.asked()), [0, cut as u64]);
    }
}

#[test]
fn a_reload_goes_on_where_the_download_stopped() {
    for cut in [0, 1, 8, 1000, SIZE / 12, SIZE / 3, SIZE / 2, SIZE - 1] {
        let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
        host.fault(WEIGHTS, Fault::Cut(cut));
        let hasty = Options { attempts: 1, ..Options::default() };
        assert_eq!(block_on(read(&host.source_with(storage.clone(), hasty))).unwrap_err().code(), "network");
        assert_eq!(block_on(read(&host.source(storage))).unwrap(), host.weights(), "cut at {cut}");
        assert_eq!(weights_requests(&host.asked()), [0, cut as u64]);
    }
}

#[test]
fn faults_of_a_connection_are_got_over() {
    let faults = [
        Fault::Refuse,
        Fault::Stall(0),
        Fault::Stall(SIZE / 2),
        Fault::Short(SIZE / 2),
        Fault::Status(500, vec![]),
        Fault::Status(502, vec![]),
        Fault::Status(503, vec![("retry-after", "1")]),
        Fault::Status(408, vec![]),
        Fault::Long,
        Fault::Flip(SIZE / 2),
        Fault::Flip(0),
    ];
    for fault in faults {
        let host = Host::new(SIZE);
        host.fault(WEIGHTS, fault.clone());
        assert_eq!(block_on(read(&host.source(MemoryStorage::default()))).unwrap(), host.weights(), "{fault:?}");
    }
}

#[test]
fn odd_answers_to_a_range_are_got_over() {
    for fault in [Fault::IgnoreRange, Fault::WrongPart, Fault::Status(416, vec![])] {
        let host = Host::new(SIZE);
        host.fault(WEIGHTS, Fault::Cut(SIZE / 2));
        host.fault(WEIGHTS, fault.clone());
        assert_eq!(block_on(read(&host.source(MemoryStorage::default()))).unwrap(), host.weights(), "{fault:?}");
    }
}

#[test]
fn what_does_not_pass_ends_in_its_code() {
    let gated = vec![("x-error-code", "GatedRepo"), ("x-error-message", "Please log in.")];
    let limited = vec![("ratelimit", "\"resolvers\";r=0;t=300")];
    let cases = [
        (Fault::Refuse, "network"),
        (Fault::Cors, "cors"),
        (Fault::Cut(0), "network"),
        (Fault::Stall(0), "network"),
        (Fault::Short(0), "truncated"),
        (Fault::Long, "integrity"),
        (Fault::Flip(0), "integrity"),
        (Fault::Status(401, vec![("x-error-message", "Invalid username or password.")]), "repo-not-found"),
        (Fault::Status(401, gated.clone()), "gated-repo"),
        (Fault::Status(403, gated), "gated-repo"),
        (Fault::Status(403, vec![("x-error-message", "Access to this resource is disabled.")]), "gated-repo"),
        (Fault::Status(404, vec![("x-error-code", "EntryNotFound")]), "entry-not-found"),
        (Fault::Status(404, vec![("x-error-code", "RevisionNotFound")]), "revision-not-found"),
        (Fault::Status(404, vec![("x-error-code", "RepoNotFound")]), "repo-not-found"),
        (Fault::Status(410, vec![]), "entry-not-found"),
        (Fault::Status(429, limited), "rate-limited"),
        (Fault::Status(500, vec![]), "network"),
        (Fault::Instead(b"<!DOCTYPE html><title>x</title>", "text/html; charset=utf-8"), "entry-not-found"),
        (Fault::Instead(b"\n<html>", "application/octet-stream"), "entry-not-found"),
        (
            Fault::Instead(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "text/plain"),
            "entry-not-found",
        ),
    ];
    for (fault, code) in cases {
        let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
        host.always(WEIGHTS, fault.clone());
        let error = block_on(read(&host.source(storage.clone()))).expect_err("an error");
        assert_eq!(error.code(), code, "{fault:?}: {error}");
        // Nothing that is wrong is left behind: once the host has recovered, so has the load.
        host.0.borrow_mut().faults.clear();
        assert_eq!(block_on(read(&host.source(storage))).unwrap(), host.weights(), "after {fault:?}");
    }
}

#[test]
fn refusals_of_a_repository_are_told_apart() {
    let cases = [
        (401, vec![("x-error-message", "Invalid username or password.")], "repo-not-found"),
        (401, vec![("x-error-code", "GatedRepo")], "gated-repo"),
        (404, vec![("x-error-code", "RepoNotFound")], "repo-not-found"),
        (404, vec![("x-error-code", "RevisionNotFound")], "revision-not-found"),
        (429, vec![("retry-after", "3600")], "rate-limited"),
        (500, vec![], "network"),
    ];
    for (status, headers, code) in cases {
        let host = Host::new(10);
        host.always("/api/", Fault::Status(status, headers.clone()));
        let error = block_on(read(&host.source(MemoryStorage::default()))).expect_err("an error");
        assert_eq!(error.code(), code, "{status} {headers:?}");
    }
}

#[test]
fn the_hosts_wait_is_obeyed_and_attempts_are_counted() {
    let host = Host::new(10);
    host.fault(WEIGHTS, Fault::Status(429, vec![("retry-after", "7")]));
    block_on(read(&host.source(MemoryStorage::default()))).unwrap();
    assert!(host.0.borrow().slept.contains(&Duration::from_secs(7)));
    let host = Host::new(10);
    host.always(WEIGHTS, Fault::Refuse);
    block_on(read(&host.source(MemoryStorage::default()))).expect_err("an error");
    assert_eq!(weights_requests(&host.asked()).len(), Options::default().attempts as usize);
    // What is refused for good is asked for once.
    let host = Host::new(10);
    host.always(WEIGHTS, Fault::Status(404, vec![]));
    block_on(read(&host.source(MemoryStorage::default()))).expect_err("an error");
    assert_eq!(weights_requests(&host.asked()).len(), 1);
}

#[test]
fn a_storage_without_room_changes_nothing_but_the_next_visit() {
    for capacity in [0, 1000, SIZE / 2] {
        let (host, storage) = (Host::new(SIZE), MemoryStorage::with_capacity(capacity));
        for _ in 0..2 {
            assert_eq!(block_on(read(&host.source(storage.clone()))).unwrap(), host.weights(), "{capacity} bytes");
        }
        let second = weights_requests(&host.asked())[1];
        assert!(second as usize <= capacity && (capacity < SIZE / 2 || second > 1_000_000), "{second} of {capacity}");
    }
}

#[test]
fn a_damaged_storage_is_noticed_and_mended() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    block_on(read(&host.source(storage.clone()))).unwrap();
    let chunks: Vec<String> =
        block_on(storage.keys("file/")).unwrap().into_iter().filter(|key| key.contains("safetensors")).collect();
    assert!(chunks.len() >= 4, "{chunks:?}");
    for key in &chunks {
        let mut bytes = block_on(storage.get(key, Vec::new())).unwrap().unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        for damaged in [bytes, Vec::new(), vec![0; 3]] {
            block_on(storage.put(key, &damaged)).unwrap();
            assert_eq!(block_on(read(&host.source(storage.clone()))).unwrap(), host.weights(), "{key}");
        }
        block_on(storage.delete(key)).unwrap();
        assert_eq!(block_on(read(&host.source(storage.clone()))).unwrap(), host.weights(), "without {key}");
    }
    // Mended, it is whole again.
    host.asked();
    block_on(read(&host.source(storage))).unwrap();
    assert!(weights_requests(&host.asked()).is_empty());
}

/// Takes bytes only while they are the right ones, as a reader of weights notices a wrong header.
struct Picky(Vec<u8>, Vec<u8>);

impl Sink for Picky {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.0.extend_from_slice(bytes);
        if self.1.starts_with(&self.0) { Ok(()) } else { Err(SinkError) }
    }

    fn restart(&mut self) {
        self.0.clear();
    }
}

#[test]
fn bytes_that_a_sink_cannot_read_are_fetched_again() {
    let host = Host::new(SIZE);
    let source = host.source(MemoryStorage::default());
    let found = block_on(snapshot(&source)).unwrap();
    let file = found.file(WEIGHTS).unwrap();
    host.fault(WEIGHTS, Fault::Flip(0));
    let mut sink = Picky(Vec::new(), host.weights());
    block_on(source.read(&found, file, None, &mut sink)).unwrap();
    assert_eq!(sink.0, host.weights());
    // What was checked once is the author's own, and is not fetched again because a sink refuses it.
    host.asked();
    let mut sink = Picky(Vec::new(), Vec::new());
    assert!(matches!(block_on(source.read(&found, file, None, &mut sink)), Err(Error::Sink)));
    assert!(host.asked().is_empty());
}

#[test]
fn two_readers_download_each_byte_once() {
    let (host, storage) = (Host::new(SIZE), MemoryStorage::default());
    let (one, two) = (host.source(storage.clone()), host.source(storage));
    let (a, b) = block_on(join(read(&one), read(&two)));
    assert_eq!((a.unwrap(), b.unwrap()), (host.weights(), host.weights()));
    assert_eq!(weights_requests(&host.asked()), [0]);
}

#[test]
fn a_host_without_an_api_serves_too() {
    let host = Host::new(SIZE);
    {
        let mut state = host.0.borrow_mut();
        state.api = false;
        state.files.insert("config.json".to_owned(), br#"{"architectures": ["BertModel"]}"#.to_vec());
        state
            .files
            .insert("modules.json".to_owned(), br#"[{"path": ""}, {"path": "1_Pooling"}, {"path": "../x"}]"#.to_vec());
        state.files.insert("1_Pooling/config.json".to_owned(), b"{}".to_vec());
        state.files.insert("README.md".to_owned(), b"---\nlicense: mit\n---\n".to_vec());
    }
    let storage = MemoryStorage::default();
    let found = block_on(snapshot(&host.source(storage.clone()))).unwrap();
    assert_eq!(
        (found.commit, found.architectures, found.card.text("license")),
        (None, vec!["BertModel".to_owned()], Some("mit"))
    );
    assert!(found.files.iter().any(|file| file.path == "1_Pooling/config.json"));
    assert!(!host.asked().iter().any(|(url, _)| url.contains("..")));
    assert_eq!(block_on(read(&host.source(storage.clone()))).unwrap(), host.weights());
    assert!(host.asked().iter().any(|(url, _)| url == &format!("/{REPO}/resolve/main/{WEIGHTS}")));
    // Another file under the same name is another key, so nothing of the old one is used.
    host.0.borrow_mut().files.insert(WEIGHTS.to_owned(), vec![7; 1000]);
    assert_eq!(block_on(read(&host.source(storage))).unwrap(), vec![7; 1000]);
    host.0.borrow_mut().files.clear();
    assert_eq!(block_on(read(&host.source(MemoryStorage::default()))).unwrap_err().code(), "repo-not-found");
}

#[test]
fn a_host_without_an_api_serves_other_weights_too() {
    let host = Host::new(SIZE);
    let index = br#"{"weight_map": {"a": "model-1.bin", "b": "model-2.bin", "c": "../x.bin"}}"#;
    let files = [
        ("config.json", &b"{}"[..]),
        ("vocab.txt", b"a"),
        ("pytorch_model.bin.index.json", index),
        ("model-2.bin", b"b"),
    ];
    {
        let mut state = host.0.borrow_mut();
        state.api = false;
        state.files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
    }
    let mut found = block_on(snapshot(&host.source(MemoryStorage::default()))).unwrap();
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    let paths: Vec<&str> = found.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["config.json", "model-2.bin", "pytorch_model.bin.index.json", "vocab.txt"]);
    assert!(!host.asked().iter().any(|(url, _)| url.contains("..")));
}

#[test]
fn the_compact_checkpoint_beside_the_original_is_found_without_an_api() {
    let host = Host::new(SIZE);
    {
        let mut state = host.0.borrow_mut();
        state.api = false;
        state.files.insert("config.json".to_owned(), b"{}".to_vec());
        state.files.insert("model.q8.safetensors".to_owned(), vec![1; 100]);
    }
    let found = block_on(snapshot(&host.source(MemoryStorage::default()))).unwrap();
    for (dtype, path) in [("auto", "model.q8.safetensors"), ("f32", WEIGHTS)] {
        assert_eq!(plan(&found, Wanted::of_dtype(dtype)).weights_path(), path, "{dtype}");
    }
}

#[test]
fn a_range_is_read_without_the_rest() {
    let host = Host::new(SIZE);
    let source = host.source(MemoryStorage::default());
    let found = block_on(snapshot(&source)).unwrap();
    for fault in [None, Some(Fault::IgnoreRange), Some(Fault::Refuse)] {
        if let Some(fault) = fault {
            host.fault(WEIGHTS, fault);
        }
        let mut bytes = Vec::new();
        block_on(source.read(&found, found.file(WEIGHTS).unwrap(), Some(8..1000), &mut bytes)).unwrap();
        assert_eq!(bytes, host.weights()[8..1000]);
    }
}

#[test]
fn a_description_that_is_no_description_is_an_error() {
    for body in [&b"{"[..], b"{\"sha\": \"main\"}", b"{\"siblings\": 1}"] {
        let host = Host::new(10);
        host.always("/api/", Fault::Instead(body, "application/json"));
        let error = block_on(read(&host.source(MemoryStorage::default()))).expect_err("an error");
        assert!(matches!(error, Error::MalformedSnapshot { .. }), "{error:?}");
    }
}
