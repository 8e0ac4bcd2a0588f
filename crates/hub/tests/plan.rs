//! Which files a load reads, by the names of a repository's files and by its index.

use vitrine_hub::{ModelCard, Plan, RepoFile, Snapshot, Wanted};

fn snapshot(paths: &[&str]) -> Snapshot {
    let file = |path: &&str| RepoFile { path: (*path).to_owned(), size: 10, sha256: None };
    Snapshot {
        endpoint: "https://hub.test".to_owned(),
        repo: "org/name".to_owned(),
        revision: "main".to_owned(),
        commit: None,
        key: String::new(),
        card: ModelCard::default(),
        architectures: Vec::new(),
        numbers: None,
        table: 0,
        gated: false,
        files: paths.iter().map(file).collect(),
    }
}

fn paths(files: &[RepoFile]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

/// What a load of the original reads.
fn plan(snapshot: &Snapshot) -> Plan {
    vitrine_hub::plan(snapshot, Wanted::Original)
}

#[test]
fn compact_checkpoints_are_taken_where_they_are_wanted() {
    let original = ["model.safetensors", "pytorch_model.bin", "onnx/model.q8.safetensors", "model.int8.safetensors"];
    let (q8, f16) = ("model.q8.safetensors", "model.fp16.safetensors");
    let both = [&original[..], &[q8, f16]].concat();
    let index = "model.safetensors.index.float16.json";
    let shard = "model.float16-00001-of-00001.safetensors";
    type Expected<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&[&str], Expected<'_>); 7] = [
        (&both, &[("auto", q8), ("", q8), ("q8", q8), ("int8", q8), ("f16", f16), ("float16", f16)]),
        (&both, &[("f32", original[0]), ("bf16", original[0]), ("float32", original[0])]),
        (&original, &[("auto", original[0]), ("q8", original[0]), ("f16", original[0]), ("f32", original[0])]),
        (&[f16], &[("auto", f16), ("q8", f16), ("f16", f16), ("f32", f16)]),
        (&[q8], &[("auto", q8), ("q8", q8), ("f16", q8), ("f32", q8)]),
        (&[original[0], index, shard], &[("f16", index), ("auto", index), ("q8", original[0])]),
        (&[original[0], f16], &[("auto", f16), ("", f16), ("q8", original[0]), ("f32", original[0])]),
    ];
    for (files, expected) in cases {
        for (dtype, path) in expected {
            let plan = vitrine_hub::plan(&snapshot(files), Wanted::of_dtype(dtype));
            assert_eq!(plan.weights_path(), *path, "{files:?} {dtype}");
            assert_eq!((plan.is_compact(), plan.weights.len()), (*path == q8, 1), "{files:?} {dtype}");
        }
    }
    let plan = vitrine_hub::plan(&snapshot(&["config.json"]), Wanted::Compact);
    assert_eq!((plan.weights_path(), plan.is_compact()), ("", false));
}

#[test]
fn weights_are_taken_in_pythons_order_and_a_variant_where_there_is_nothing_else() {
    // Each is taken where all before it are absent; an index stands for its shards.
    let order = [
        ("model.safetensors", "model.safetensors"),
        ("model.safetensors.index.json", "model-00001-of-00001.safetensors"),
        ("pytorch_model.bin", "pytorch_model.bin"),
        ("pytorch_model.bin.index.json", "pytorch_model-00001-of-00001.bin"),
        ("model.fp32.safetensors", "model.fp32.safetensors"),
        ("model.fp16.safetensors", "model.fp16.safetensors"),
        ("model.safetensors.index.fp16.json", "model.fp16-00001-of-00001.safetensors"),
        ("model.bf16.safetensors", "model.bf16.safetensors"),
        ("model.safetensors.index.bf16.json", "model-00001-of-00001.bf16.safetensors"),
        ("model.int8.safetensors", "model.int8.safetensors"),
        ("model.non_ema.safetensors", "model.non_ema.safetensors"),
        ("pytorch_model.fp16.bin", "pytorch_model.fp16.bin"),
        ("pytorch_model.bin.index.fp16.json", "pytorch_model.fp16-00001-of-00001.bin"),
    ];
    let shards = order.iter().map(|(_, file)| *file).filter(|file| file.contains("-of-"));
    let others = ["pytorch_model.bin.txt", "model.onnx", "optimizer.bin", "training_args.bin", "a/model.safetensors"];
    for first in 0..order.len() {
        let all: Vec<&str> = order[first..].iter().map(|(file, _)| *file).chain(shards.clone()).chain(others).collect();
        let mut reversed = all.clone();
        reversed.reverse();
        for all in [all, reversed] {
            let plan = plan(&snapshot(&all));
            assert_eq!(paths(&plan.weights), [order[first].1], "{all:?}");
            assert_eq!(plan.index.as_deref(), Some(order[first].0).filter(|file| file.ends_with(".json")));
        }
    }
    assert_eq!(plan(&snapshot(&others)).weights, []);
}

#[test]
fn shards_are_those_of_the_index() {
    let index = "model.safetensors.index.json";
    let found =
        snapshot(&[index, "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "b.safetensors"]);
    let mut plan = plan(&found);
    assert_eq!(plan.bytes(), 30);
    assert_eq!(paths(&plan.small), [index]);
    let json = br#"{"metadata": {"total_size": 1}, "weight_map": {"x": "b.safetensors", "y": "b.safetensors",
        "z": "model-00002-of-00002.safetensors"}}"#;
    plan.follow_index(&found, json).unwrap();
    assert_eq!(paths(&plan.weights), ["b.safetensors", "model-00002-of-00002.safetensors"]);
    for (json, code, named) in [
        (
            r#"{"weight_map": {"x": "model-00003-of-00003.safetensors"}}"#,
            "entry-not-found",
            "`model-00003-of-00003.safetensors`",
        ),
        (r#"{"weight_map": {"x": "../../etc/passwd"}}"#, "entry-not-found", "`../../etc/passwd`"),
        (r#"{"weight_map": {}}"#, "malformed-checkpoint", index),
        (r#"{"weight_map": [1]}"#, "malformed-checkpoint", index),
        ("[]", "malformed-checkpoint", index),
        ("{", "malformed-checkpoint", index),
    ] {
        let error = plan.follow_index(&found, json.as_bytes()).expect_err(json);
        assert!(error.code() == code && error.to_string().contains(named), "{json}: {error}");
    }
}

#[test]
fn weights_for_other_libraries_are_named() {
    let error = Plan::no_weights(&snapshot(&["tf_model.h5", "flax_model.msgpack", "onnx/model.onnx", "q4.gguf"]));
    assert_eq!(error.code(), "entry-not-found");
    assert!(error.to_string().ends_with("for Flax, GGUF, ONNX, TensorFlow only, which cannot be read"), "{error}");
    let error = Plan::no_weights(&snapshot(&["config.json"]));
    assert_eq!(error.to_string(), "`org/name` has neither `model.safetensors` nor `pytorch_model.bin`");
}

#[test]
fn slow_tokenizers_are_read_only_where_there_is_no_fast_one() {
    let slow = ["vocab.txt", "vocab.json", "merges.txt", "spiece.model", "source.spm", "added_tokens.json"];
    assert_eq!(
        paths(&plan(&snapshot(&[&slow[..], &["tokenizer.json"]].concat())).small),
        ["tokenizer.json", "added_tokens.json"]
    );
    let mut found = plan(&snapshot(&slow)).small;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let mut slow = slow;
    slow.sort_unstable();
    assert_eq!(paths(&found), slow);
}

#[test]
fn modules_bring_their_own_small_files() {
    let own =
        ["1_Pooling/config.json", "2_Dense/config.json", "2_Dense/pytorch_model.bin", "3_Dense/model.safetensors"];
    let others =
        ["0_Transformer/pytorch_model.bin", "3_Dense/pytorch_model.bin", "onnx/model.safetensors", "2_Dense/x.h5"];
    let all = [&["modules.json"], &own[..], &others].concat();
    assert_eq!(paths(&plan(&snapshot(&all)).small), [&["modules.json"], &own[..]].concat());
    assert_eq!(plan(&snapshot(&own)).small, []);
}
