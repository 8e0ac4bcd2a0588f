//! Repositories with every kind of weights: what is said of them, and what is wrong with those that lack something.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where its own data is wrong")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use futures_executor::block_on;
use sha2::{Digest, Sha256};
use vitrine_hub::{Folder, LocalBoxFuture, RepoFile, RepoId, Repositories, Revision, Sink, Snapshot, Source};
use vitrine_pipelines::{Host, LoadOptions, convert, inspect, load};
use vitrine_tasks::protocol::Progress;
use vitrine_tests::folder_of;

/// The files of a folder, changed, and what was read of them.
struct Repository {
    folder: Folder,
    files: BTreeMap<String, Vec<u8>>,
    read: RefCell<Vec<(String, usize)>>,
}

impl Repository {
    fn new(checkpoint: &str) -> Self {
        let path = folder_of(&format!("checkpoints/{checkpoint}"));
        let folder = Folder::new(&path);
        let read = |(file, _): (RepoFile, _)| (file.path.clone(), std::fs::read(path.join(file.path)).unwrap());
        let files = folder.files().unwrap().into_iter().map(read).collect();
        Self { folder, files, read: RefCell::default() }
    }

    fn without(mut self, path: &str) -> Self {
        self.files.remove(path).unwrap();
        self
    }

    fn with(mut self, path: &str, bytes: &[u8]) -> Self {
        self.files.insert(path.to_owned(), bytes.to_vec());
        self
    }
}

impl Repositories for Repository {
    fn snapshot<'a>(
        &'a self,
        repo: &'a RepoId,
        revision: &'a Revision,
    ) -> LocalBoxFuture<'a, vitrine_hub::Result<Snapshot>> {
        Box::pin(async move {
            let file = |(path, bytes): (&String, &Vec<u8>)| RepoFile {
                path: path.clone(),
                size: bytes.len() as u64,
                sha256: None,
            };
            let commit = Some("0123456789012345678901234567890123456789".to_owned());
            let files = self.files.iter().map(file).collect();
            Ok(Snapshot { files, commit, ..self.folder.snapshot(repo, revision).await? })
        })
    }
}

impl Source for Repository {
    fn read<'a>(
        &'a self,
        _: &'a Snapshot,
        file: &'a RepoFile,
        range: Option<Range<u64>>,
        sink: &'a mut dyn Sink,
    ) -> LocalBoxFuture<'a, vitrine_hub::Result<()>> {
        Box::pin(async move {
            let bytes = &self.files[&file.path];
            let range = range.unwrap_or(0..bytes.len() as u64);
            let bytes = &bytes[range.start as usize..range.end as usize];
            self.read.borrow_mut().push((file.path.clone(), bytes.len()));
            bytes.chunks(777).try_for_each(|piece| sink.write(piece)).map_err(|_| vitrine_hub::Error::Sink)
        })
    }
}

/// Keeps what it is told.
#[derive(Default)]
struct Told(RefCell<Vec<Progress>>);

impl Host for Told {
    fn progress(&self, progress: Progress) {
        self.0.borrow_mut().push(progress);
    }

    fn turn(&self) -> LocalBoxFuture<'_, bool> {
        Box::pin(async { true })
    }
}

fn options(repository: &Repository) -> LoadOptions {
    let (repo, revision) = (RepoId::parse("org/name").unwrap(), Revision::parse("main").unwrap());
    LoadOptions {
        snapshot: block_on(repository.snapshot(&repo, &revision)).unwrap(),
        task: None,
        dtype: "auto".to_owned(),
        device: None,
        cores: None,
        machine: None,
        later: None,
    }
}

/// The code and the sentence of a load's failure, and `inspect`'s problems.
fn failure(repository: &Repository) -> (String, Vec<String>) {
    let options = options(repository);
    let error = block_on(load(repository, &options, &Told::default())).err().expect("the load fails");
    let snapshot = options.snapshot.clone();
    let problems = block_on(inspect(repository, &snapshot, None, "auto")).unwrap().problems;
    (format!("{}: {error}", error.code()), problems)
}

#[test]
fn every_kind_of_weights_is_loaded_and_described() {
    // By Python's count.
    let numbers = 33_219;
    for (checkpoint, dtypes, extra) in [
        ("bert-sequence-classification", "F32", 0),
        ("bert-sharded", "F32", 0),
        ("bert-variant", "F16", 0),
        ("bert-bin-sharded", "F32", 0),
        // `position_ids`, and the classifier's bias in 64 bits.
        ("bert-bin-zip", "F32 F64 I64", 64),
        ("bert-bin-legacy", "F32 F64 I64", 64),
    ] {
        let (repository, host) = (Repository::new(checkpoint), Told::default());
        let options = options(&repository);
        let session =
            block_on(load(&repository, &options, &host)).unwrap_or_else(|error| panic!("{checkpoint}: {error}"));
        let reported = host.0.borrow();
        let bytes: usize = repository.files.values().map(Vec::len).sum();
        assert!(reported.iter().all(|progress| progress.total == bytes as u64), "{checkpoint}");
        assert_eq!(reported.last().unwrap().loaded, bytes as u64, "{checkpoint}");
        // The classifier's 3 rows of 32 numbers stand in a panel of 8.
        assert_eq!(session.resident_bytes, 4 * (numbers + 5 * 32), "{checkpoint}");

        repository.read.borrow_mut().clear();
        let found = block_on(inspect(&repository, &session.snapshot, None, "auto")).unwrap();
        assert_eq!((found.problems.len(), found.dtypes.join(" ")), (0, dtypes.to_owned()), "{:?}", found.problems);
        assert_eq!(found.parameters, Some(numbers + extra), "{checkpoint}");
        let read = repository.read.borrow();
        assert!(read.iter().all(|(_, bytes)| *bytes <= 1 << 16), "{checkpoint}: {read:?}");
    }
}

#[test]
fn a_compact_checkpoint_is_preferred_and_told() {
    let original = Repository::new("bert-sequence-classification");
    let snapshot = options(&original).snapshot;
    let converted = block_on(convert(&original, &snapshot, "q8", &Told::default())).unwrap();
    let mut compact = Vec::new();
    converted.file.write(&mut compact).unwrap();
    let both = Repository::new("bert-sequence-classification").with(converted.path, &compact);
    let (full, q8) = ("model.safetensors", "model.q8.safetensors");
    for (repository, dtype, weights, resident) in [
        (&both, "auto", q8, "q8"),
        (&both, "q8", q8, "q8"),
        (&both, "f16", full, "f16"),
        (&both, "bf16", full, "bf16"),
        (&both, "f32", full, "f32"),
        (&original, "auto", full, "f32"),
        (&original, "q8", full, "q8"),
    ] {
        repository.read.borrow_mut().clear();
        let options = LoadOptions { dtype: dtype.to_owned(), ..options(repository) };
        let session = block_on(load(repository, &options, &Told::default())).unwrap();
        assert_eq!((session.weights.as_str(), session.dtype), (weights, resident), "{dtype}");
        let read = repository.read.borrow();
        let files = read.iter().map(|(path, _)| path.as_str()).filter(|path| path.ends_with(".safetensors"));
        assert_eq!(files.collect::<Vec<_>>(), [weights], "{dtype}");
    }
}

#[test]
fn a_compact_checkpoint_of_other_weights_is_not_taken() {
    let original = Repository::new("bert-sequence-classification");
    let (full, q8) = ("model.safetensors", "model.q8.safetensors");
    let converted = block_on(convert(&original, &options(&original).snapshot, "q8", &Told::default())).unwrap();
    let mut compact = Vec::new();
    converted.file.write(&mut compact).unwrap();
    let pushed = Repository::new("bert-sequence-classification").with(q8, &compact);
    let made_of: [u8; 32] = Sha256::digest(&pushed.files[full]).into();
    for (sha256, taken) in [(Some(made_of), q8), (Some([7; 32]), full), (None, q8)] {
        let mut options = options(&pushed);
        options.snapshot.files.iter_mut().filter(|file| file.path == full).for_each(|file| file.sha256 = sha256);
        let session = block_on(load(&pushed, &options, &Told::default())).unwrap();
        assert_eq!(session.weights, taken, "{sha256:?}");
    }
    // Where nothing else is there, it is what there is.
    let alone = Repository::new("bert-sequence-classification").without(full).with(q8, &compact);
    assert_eq!(block_on(load(&alone, &options(&alone), &Told::default())).unwrap().weights, q8);
    // A repository whose only weights were once made of others under the same name.
    let renamed = Repository::new("bert-sequence-classification").with(full, &compact);
    let mut options = options(&renamed);
    options.snapshot.files.iter_mut().for_each(|file| file.sha256 = Some([7; 32]));
    assert_eq!(block_on(load(&renamed, &options, &Told::default())).unwrap().weights, full);
}

#[test]
fn what_is_absent_is_named() {
    let weights = "model.safetensors";
    let cases = [
        (
            Repository::new("bert-sharded").without("model-00002-of-00002.safetensors"),
            "entry-not-found: `org/name` has no file `model-00002-of-00002.safetensors`",
        ),
        (
            Repository::new("bert-bin-sharded").without("pytorch_model-00001-of-00002.bin"),
            "entry-not-found: `org/name` has no file `pytorch_model-00001-of-00002.bin`",
        ),
        (
            Repository::new("bert-sharded").with("model.safetensors.index.json", b"{"),
            "malformed-checkpoint: model.safetensors.index.json: EOF while parsing an object at line 1 column 1",
        ),
        (
            Repository::new("bert-sequence-classification").without(weights).with("tf_model.h5", b""),
            "entry-not-found: `org/name` has neither `model.safetensors` nor `pytorch_model.bin`; its weights are for TensorFlow only, which cannot be read",
        ),
        (
            Repository::new("bert-sequence-classification").without(weights),
            "entry-not-found: `org/name` has neither `model.safetensors` nor `pytorch_model.bin`",
        ),
        (
            Repository::new("bert-sequence-classification")
                .without(weights)
                .with("pytorch_model.bin", b"version https://git-lfs"),
            "malformed-checkpoint: the file of weights is in no known format: neither safetensors nor torch's",
        ),
    ];
    for (repository, expected) in cases {
        let (error, problems) = failure(&repository);
        assert_eq!(error, expected);
        assert!(problems.contains(&error), "{problems:?} lacks {error}");
    }
}
