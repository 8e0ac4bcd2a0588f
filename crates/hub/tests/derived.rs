//! Files that a device makes of a repository's: kept, read without any host, and forgotten where they are damaged.

#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod fake;

use fake::{COMMIT, Host, snapshot};
use futures_executor::block_on;
use vitrine_hub::{Http, MemoryStorage, Snapshot, Source, Storage, remove, stored};

const PATH: &str = "model.safetensors/q8";

fn keep(source: &Http, found: &Snapshot, offset: u64, bytes: &[u8]) {
    assert!(block_on(source.keep_derived(found, PATH, Some((offset, bytes.to_vec())))));
}

/// The bytes, where the file turns out to be whole.
fn read(source: &Http, found: &Snapshot) -> Option<Vec<u8>> {
    let file = block_on(source.derived(found, PATH))?;
    let mut bytes = Vec::new();
    block_on(source.read_derived(found, &file, &mut bytes)).then_some(bytes).inspect(|bytes| {
        assert_eq!(file.size, bytes.len() as u64);
    })
}

#[test]
fn a_derived_file_is_there_once_all_of_it_is_kept_and_until_some_is_lost() {
    let (host, storage) = (Host::new(1000), MemoryStorage::default());
    let source = host.source(storage.clone());
    let found = block_on(snapshot(&source)).unwrap();
    host.asked();
    let make = || {
        keep(&source, &found, 3, b"defg");
        keep(&source, &found, 7, b"hi");
        assert_eq!(read(&source, &found), None);
        keep(&source, &found, 0, b"abc");
        assert_eq!(read(&source, &found), None);
        assert!(block_on(source.keep_derived(&found, PATH, None)));
        assert_eq!(read(&source, &found).unwrap(), b"abcdefghi");
    };
    let entry = |name: &str| format!("file/https:%2F%2Fhub.test/org%2Fname/{COMMIT}/model.safetensors%2Fq8/{name}");
    for damaged in ["0-3", "3-4"] {
        make();
        block_on(storage.put(&entry(damaged), b"abcdefghijkl")).unwrap();
        assert_eq!(read(&source, &found), None, "{damaged} is damaged");
        assert_eq!(block_on(storage.keys(&entry(""))).unwrap(), Vec::<String>::new(), "{damaged}");
        make();
        block_on(storage.delete(&entry(damaged))).unwrap();
        assert_eq!(read(&source, &found), None, "{damaged} is lost");
    }
    make();
    let kept = block_on(stored(&storage)).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept.first().unwrap().bytes, 9);
    block_on(remove(&storage, kept.first())).unwrap();
    assert_eq!(read(&source, &found), None);
    assert!(host.asked().is_empty(), "no host is asked");
}

#[test]
fn without_room_nothing_is_kept() {
    let (host, storage) = (Host::new(1000), MemoryStorage::with_capacity(0));
    let source = host.source(storage);
    let found = block_on(snapshot(&source)).unwrap();
    assert!(!block_on(source.keep_derived(&found, PATH, Some((0, vec![1; 8])))));
    assert_eq!(read(&source, &found), None);
}
