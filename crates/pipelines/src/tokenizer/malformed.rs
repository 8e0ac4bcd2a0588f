//! Hand-made bad tokenizers: each is refused, when it is read or when it is used.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "the indices are the test's own")]

use serde_json::{Value, json};
use vitrine_tasks::ErrorCode;

use super::tests::load;
use crate::sentence_transformers::Files;

/// A sound `tokenizer.json`, changed.
fn changed(change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut file = json!({
        "version": "1.0",
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": null,
        "decoder": null,
        "model": {
            "type": "BPE", "unk_token": "u",
            "vocab": {"u": 0, "a": 1, "b": 2, "ab": 3, "x": 4}, "merges": [["a", "b"]],
        },
    });
    change(&mut file);
    file.to_string().into_bytes()
}

fn set(pointer: &'static str, value: Value) -> Vec<u8> {
    changed(|file| *file.pointer_mut(pointer).unwrap() = value.clone())
}

fn template(single: Value, pair: Value, tokens: Value) -> Vec<u8> {
    let value = json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens});
    set("/post_processor", value)
}

/// A field of protobuf that holds bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

fn piece(text: &[u8], score: f32) -> Vec<u8> {
    let score = [&[2 << 3 | 5], &score.to_le_bytes()[..]].concat();
    field(1, &[field(1, text), score].concat())
}

/// A double array of 256 units, as base64.
fn charsmap(units: &[(usize, u32)], texts: &str) -> Value {
    let mut bytes = 1024u32.to_le_bytes().to_vec();
    let mut array = [0u32; 256];
    units.iter().for_each(|(place, unit)| array[*place] = *unit);
    bytes.extend(array.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes.extend_from_slice(texts.as_bytes());
    json!({"type": "Precompiled", "precompiled_charsmap": base64(&bytes)})
}

fn base64(bytes: &[u8]) -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | u32::from(*three.get(at).unwrap_or(&0)));
        (0..=three.len()).for_each(|at| text.push(digits[(bits >> (18 - 6 * at) & 63) as usize] as char));
    }
    text
}

/// `tokenizer.json` files.
fn of_file() -> Vec<(&'static str, Vec<u8>)> {
    let sequence = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
    let special = |id: &str| json!({"SpecialToken": {"id": id, "type_id": 0}});
    let pair = || json!([sequence("A"), sequence("B")]);
    let split =
        |regex: &str| json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false});
    let deep = "[".repeat(200_000);
    let nested = (0..10).fold(json!({"type": "NFC"}), |all, _| json!({"type": "Sequence", "normalizers": [all, all]}));
    let template_step =
        json!({"type": "TemplateProcessing", "single": [sequence("A")], "pair": pair(), "special_tokens": {}});
    vec![
        ("empty", Vec::new()),
        ("not JSON", b"{".to_vec()),
        ("not UTF-8", b"{\"a\": \"\xff\"}".to_vec()),
        ("too deep", deep.into_bytes()),
        ("no object", b"[]".to_vec()),
        ("no model", changed(|file| drop(file.as_object_mut().unwrap().remove("model")))),
        (
            "template of an unknown type",
            set(
                "/post_processor",
                json!({
                    "type": "Templates", "single": [special("x")], "pair": pair(), "special_tokens": {},
                }),
            ),
        ),
        ("unknown model", set("/model/type", json!("Markov"))),
        ("no vocabulary", set("/model/vocab", json!({}))),
        ("vocabulary of texts", set("/model/vocab", json!({"a": "b"}))),
        ("negative id", set("/model/vocab", json!({"a": -1}))),
        ("largest id", set("/model/vocab/x", json!(u32::MAX))),
        ("merge longer than any token", set("/model/merges", json!([["abababababab", "b"]]))),
        ("merge that makes no token", set("/model/merges", json!([["b", "a"]]))),
        ("merge that makes a token longer than any", set("/model/merges", json!([["ab", "ab"]]))),
        ("merge of three", set("/model/merges", json!(["a b c"]))),
        ("merge shorter than the prefix", changed(|file| file["model"]["continuing_subword_prefix"] = json!("####"))),
        (
            "prefix that ends within a character",
            changed(|file| {
                file["model"]["continuing_subword_prefix"] = json!("#");
                file["model"]["vocab"]["é"] = json!(5);
                file["model"]["vocab"]["aé"] = json!(6);
                file["model"]["merges"] = json!([["a", "é"]]);
            }),
        ),
        ("unknown token that is none", set("/model/unk_token", json!("?"))),
        ("unigram without pieces", set("/model", json!({"type": "Unigram", "vocab": [], "unk_id": 0}))),
        ("unigram with an unknown id", set("/model", json!({"type": "Unigram", "vocab": [["a", -1.0]], "unk_id": 9}))),
        ("unigram without unknown", set("/model", json!({"type": "Unigram", "vocab": [["a", -1.0]], "unk_id": null}))),
        (
            "unigram score of 1e400",
            changed(|file| file["model"] = json!({"type": "Unigram", "vocab": [["a", "X"]], "unk_id": 0})),
        ),
        ("WordLevel without unknown", set("/model", json!({"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "?"}))),
        ("WordPiece without unknown", set("/model", json!({"type": "WordPiece", "vocab": {"a": 0}, "unk_token": "?"}))),
        (
            "WordPiece of endless words",
            set(
                "/model",
                json!({
                    "type": "WordPiece", "vocab": {"a": 0}, "unk_token": "a", "max_input_chars_per_word": 1u64 << 40,
                }),
            ),
        ),
        ("template with an unknown token", template(json!([special("[CLS]"), sequence("A")]), pair(), json!({}))),
        ("template of one text with two", template(pair(), pair(), json!({}))),
        (
            "template with uneven tokens",
            template(
                json!([special("x"), sequence("A")]),
                pair(),
                json!({"x": {"id": "x", "ids": [1, 2], "tokens": ["x"]}}),
            ),
        ),
        ("template without pieces", template(json!(3), pair(), json!({}))),
        (
            "two templates",
            set("/post_processor", json!({"type": "Sequence", "processors": [template_step.clone(), template_step]})),
        ),
        ("post-processor of an unknown type", set("/post_processor", json!({"type": "Wrap"}))),
        ("FixedLength of 0", set("/pre_tokenizer", json!({"type": "FixedLength", "length": 0}))),
        ("pre-tokenizer that is a number", set("/pre_tokenizer", json!(7))),
        (
            "Split without a pattern",
            set("/pre_tokenizer", json!({"type": "Split", "behavior": "Isolated", "invert": false})),
        ),
        ("expression that is none", set("/pre_tokenizer", split("(a"))),
        ("expression that is too large", set("/pre_tokenizer", split(r"((\w{1000}){1000}){1000}"))),
        ("expression that is too long", set("/pre_tokenizer", split(&"a".repeat(100_000)))),
        ("expression that runs away", set("/pre_tokenizer", split(r"^(?:a+)+(?!x)b$"))),
        ("expression with a reference back", set("/pre_tokenizer", split(r"(a*)*\1\1\1c"))),
        (
            "normalizer that runs away",
            set("/normalizer", json!({"type": "Replace", "pattern": {"Regex": r"^(?:a|aa)+(?!x)b$"}, "content": ""})),
        ),
        ("Prepend of nothing", set("/normalizer", json!({"type": "Prepend", "prepend": ""}))),
        ("charsmap that is no base64", set("/normalizer", json!({"type": "Precompiled", "precompiled_charsmap": "?"}))),
        ("charsmap that is empty", set("/normalizer", json!({"type": "Precompiled", "precompiled_charsmap": ""}))),
        ("charsmap without text", set("/normalizer", json!({"type": "Precompiled"}))),
        (
            "charsmap that is cut off",
            set("/normalizer", json!({"type": "Precompiled", "precompiled_charsmap": base64(&[9, 0, 0, 1])})),
        ),
        ("charsmap that points outside its array", set("/normalizer", charsmap(&[(0, 1 << 20)], "x"))),
        (
            "charsmap that points outside its texts",
            set("/normalizer", charsmap(&[(0, 0), (97, 97 | 1 << 8), (0, 0), (96, 99)], "x")),
        ),
        (
            "charsmap that points within a character",
            set("/normalizer", charsmap(&[(97, 97 | 1 << 8 | 1 << 10), (96, 1)], "é")),
        ),
        ("normalizers without end", set("/normalizer", nested)),
        ("decoder without a type", set("/decoder", json!({"prefix": "##"}))),
        (
            "decoder that takes the end off",
            set("/decoder", json!({"type": "Strip", "content": " ", "start": 1, "stop": 1})),
        ),
        (
            "decoder that joins nothing",
            set(
                "/decoder",
                json!({"type": "Sequence", "decoders": [
                    {"type": "CTC", "pad_token": "a", "word_delimiter_token": "b", "cleanup": true}, {"type": "BPEDecoder", "suffix": "x"},
                ]}),
            ),
        ),
        (
            "decoder whose expression runs away",
            set("/decoder", json!({"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": ""})),
        ),
        ("added token without content", set("/added_tokens", json!([{"id": 1}]))),
        (
            "added token of which nothing is left",
            changed(|file| {
                file["normalizer"] = json!({"type": "Strip", "strip_left": true, "strip_right": true});
                file["added_tokens"] = json!([{"id": 7, "content": " ", "single_word": true, "lstrip": false, "rstrip": false,
                "normalized": true, "special": false}]);
            }),
        ),
        (
            "added tokens that take each other's spaces",
            changed(|file| {
                let token = |text: &str, id, left, right| {
                    json!({"id": id, "content": text, "single_word": false,
                "lstrip": left, "rstrip": right, "normalized": false, "special": false})
                };
                file["added_tokens"] = json!([token("q", 7, false, true), token(" ", 8, true, false)]);
            }),
        ),
    ]
}

type Repository = Vec<(&'static str, Vec<u8>)>;

/// Repositories without `tokenizer.json`.
fn of_older_files() -> Vec<(&'static str, Repository)> {
    let config = |kind: &str| ("config.json", json!({"model_type": kind}).to_string().into_bytes());
    let bert = || ("vocab.txt", b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n".to_vec());
    let settings = |value: Value| ("tokenizer_config.json", value.to_string().into_bytes());
    let roberta = |vocab: &[u8], merges: &[u8]| {
        vec![config("roberta"), ("vocab.json", vocab.to_vec()), ("merges.txt", merges.to_vec())]
    };
    let albert = |bytes: Vec<u8>| vec![config("albert"), ("spiece.model", bytes)];
    let sound = [piece(b"<pad>", 0.0), piece(b"<unk>", 0.0), piece("▁a".as_bytes(), -1.0)].concat();
    let trainer = |bytes: &[u8]| [sound.clone(), field(2, bytes)].concat();
    vec![
        ("no files", vec![config("bert")]),
        ("no model type", vec![]),
        ("vocab.txt without tokens", vec![config("bert"), ("vocab.txt", Vec::new())]),
        ("vocab.txt that is not UTF-8", vec![config("bert"), ("vocab.txt", vec![0xff, 0xfe, b'\n'])]),
        ("settings that are a list", vec![config("bert"), bert(), settings(json!([]))]),
        ("special token that is a number", vec![config("bert"), bert(), settings(json!({"cls_token": 3}))]),
        ("added tokens that are a list", vec![config("bert"), bert(), settings(json!({"added_tokens_decoder": []}))]),
        (
            "added token with a text for id",
            vec![config("bert"), bert(), settings(json!({"added_tokens_decoder": {"x": {"content": "x"}}}))],
        ),
        (
            "added token that is a text",
            vec![config("bert"), bert(), settings(json!({"added_tokens_decoder": {"9": "x"}}))],
        ),
        (
            "added_tokens.json with a text for id",
            vec![config("bert"), bert(), ("added_tokens.json", b"{\"x\": \"y\"}".to_vec())],
        ),
        (
            "special_tokens_map.json that is a text",
            vec![config("bert"), bert(), ("special_tokens_map.json", b"\"x\"".to_vec())],
        ),
        (
            "special_tokens_map.json with a list for a token",
            vec![config("bert"), bert(), ("special_tokens_map.json", b"{\"cls_token\": []}".to_vec())],
        ),
        ("no end token", vec![config("bert"), bert(), settings(json!({"sep_token": null}))]),
        ("vocab.json that is a list", roberta(b"[]", b"")),
        ("vocab.json with a fraction", roberta(b"{\"a\": 1.5}", b"")),
        ("no merges.txt", vec![config("roberta"), ("vocab.json", b"{\"a\": 0}".to_vec())]),
        ("merges.txt with a blank line", roberta(b"{\"a\": 0, \"b\": 1, \"ab\": 2}", b"a b\n\n")),
        ("merges.txt that makes no token", roberta(b"{\"a\": 0, \"b\": 1}", b"a b\n")),
        ("empty model", albert(Vec::new())),
        (
            "model that is a text",
            albert(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n".to_vec()),
        ),
        ("model that is cut off", albert(sound[..sound.len() - 3].to_vec())),
        ("model with an endless number", albert([&sound[..], &[0xff; 12]].concat())),
        ("model with groups", albert([&sound[..], &[0x0b]].concat())),
        ("piece that is not UTF-8", albert(piece(&[0xff], 0.0))),
        ("piece with a score that is no number", albert([sound.clone(), piece(b"b", f32::NAN)].concat())),
        ("model of words", albert(trainer(&[3 << 3, 3]))),
        ("model with one piece", albert(piece(b"a", 0.0))),
        (
            "charsmap that points outside itself",
            albert([sound.clone(), field(3, &field(2, &[4, 0, 0, 0, 0, 0, 1, 0]))].concat()),
        ),
    ]
}

fn verdict(files: &Files) -> Option<ErrorCode> {
    let tokenizer = match load(files) {
        Ok(tokenizer) => tokenizer,
        Err(error) => return Some(error.code()),
    };
    let used = ["a b é?", &"a".repeat(60), "q  x aa"].into_iter().try_for_each(|text| {
        let tokens = tokenizer.encode(text, None, 100, false)?;
        tokenizer.decode(&tokens.ids, false).map(drop)
    });
    used.err().map(|error| error.code())
}

#[test]
fn bad_tokenizers_are_refused() {
    let of_file = of_file().into_iter().map(|(what, file)| (what, vec![("tokenizer.json", file)]));
    let all: Vec<_> = of_file.chain(of_older_files()).collect();
    assert!(all.len() >= 80, "{}", all.len());
    let mut wrong = Vec::new();
    for (what, files) in all {
        let files: Files = files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect();
        let verdict = std::panic::catch_unwind(|| verdict(&files));
        if verdict.as_ref().ok() != Some(&Some(ErrorCode::MalformedTokenizer)) {
            wrong.push(format!("{what}: {verdict:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_sound_tokenizer_is_taken() {
    for file in [changed(|_| {}), set("/normalizer", charsmap(&[], ""))] {
        assert_eq!(verdict(&Files::from([("tokenizer.json".to_owned(), file)])), None);
    }
}
