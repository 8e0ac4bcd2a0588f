//! Files that contradict themselves: each ends in an error that names what is wrong, none in a panic or in a tensor.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "the files are the tests' own")]

mod tiny;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use futures_executor::block_on;
use safetensors::SafeTensors;
use serde_json::{Value, json};
use tiny::{GoOn, folder};
use vitrine_models::{
    ARCHITECTURES, Architecture, Batch, Config, Head, Header, Resident, Weights, WeightsReader, architecture,
};

/// A file with this header text and so many bytes of data.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

/// Reads a file in pieces of this size.
fn read(bytes: &[u8], piece: usize) -> vitrine_models::Result<u64> {
    let mut reader = WeightsReader::new(Resident::F32, |_| true);
    reader.begin_file(Some(bytes.len() as u64));
    for piece in bytes.chunks(piece) {
        reader.write(piece)?;
    }
    reader.end_file()?;
    Ok(reader.finish("").bytes())
}

#[test]
fn malformed_safetensors_are_refused() {
    let tensor = |name: &str, shape: &str, offsets: &str| {
        format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}"#)
    };
    let one = |entry: String| format!("{{{entry}}}");
    let two = |a: String, b: String| format!("{{{a},{b}}}");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("an empty file", Vec::new()),
        ("less than a length", vec![1, 2, 3]),
        ("a length and nothing else", 100_u64.to_le_bytes().to_vec()),
        ("a length of 0", file("", 0)),
        ("a length of 1", file("{", 0)),
        ("a length beyond the format's limit", 100_000_001_u64.to_le_bytes().to_vec()),
        ("the largest length", u64::MAX.to_le_bytes().to_vec()),
        ("a length beyond the file", [60_u64.to_le_bytes().as_slice(), b"{}"].concat()),
        ("a header that is no JSON", file("{abc", 0)),
        ("a header that is no UTF-8", [2_u64.to_le_bytes().as_slice(), &[b'{', 0xff]].concat()),
        ("a header that is a list", file("[]", 0)),
        ("a header that begins with space", file(" {}", 0)),
        ("a header with a byte-order mark", file("\u{feff}{}", 0)),
        ("a header with text after it", file("{} x", 0)),
        ("a header that ends too soon", file(r#"{"a":{"dtype":"F32""#, 0)),
        ("deep nesting", file(&format!("{{\"a\":{}", "[".repeat(100_000)), 0)),
        ("an unknown dtype", file(&one(tensor("a", "[1]", "[0,4]").replace("F32", "F128")), 4)),
        ("a dtype that is a number", file(r#"{"a":{"dtype":1,"shape":[1],"data_offsets":[0,4]}}"#, 4)),
        ("no shape", file(r#"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, 4)),
        ("no offsets", file(r#"{"a":{"dtype":"F32","shape":[1]}}"#, 4)),
        ("an unknown key", file(r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#, 4)),
        ("a negative dimension", file(&one(tensor("a", "[-1]", "[0,4]")), 4)),
        ("a fractional dimension", file(&one(tensor("a", "[1.5]", "[0,4]")), 4)),
        ("a dimension beyond all bounds", file(&one(tensor("a", "[1e400]", "[0,4]")), 4)),
        ("a shape whose product wraps to 0", file(&one(tensor("a", "[4294967296,4294967296]", "[0,0]")), 0)),
        ("a shape whose product wraps to 1", file(&one(tensor("a", "[9223372036854775809,2]", "[0,8]")), 8)),
        ("a shape whose bytes wrap", file(&one(tensor("a", "[4611686018427387905]", "[0,4]")), 4)),
        ("a shape with more bytes than the offsets", file(&one(tensor("a", "[2]", "[0,4]")), 4)),
        ("a shape with fewer bytes than the offsets", file(&one(tensor("a", "[1]", "[0,8]")), 8)),
        ("offsets in the wrong order", file(&one(tensor("a", "[1]", "[4,0]")), 4)),
        ("offsets beyond the file", file(&one(tensor("a", "[1]", "[0,4]")), 2)),
        ("offsets beyond all bounds", file(&one(tensor("a", "[1]", "[18446744073709551612,18446744073709551616]")), 4)),
        ("one offset", file(&one(tensor("a", "[1]", "[0]")), 4)),
        ("three offsets", file(&one(tensor("a", "[1]", "[0,4,8]")), 4)),
        ("a hole before the first tensor", file(&one(tensor("a", "[1]", "[4,8]")), 8)),
        ("a hole between tensors", file(&two(tensor("a", "[1]", "[0,4]"), tensor("b", "[1]", "[8,12]")), 12)),
        ("tensors that overlap", file(&two(tensor("a", "[2]", "[0,8]"), tensor("b", "[2]", "[4,12]")), 12)),
        ("two tensors in the same place", file(&two(tensor("a", "[1]", "[0,4]"), tensor("b", "[1]", "[0,4]")), 4)),
        ("a name that occurs twice", file(&two(tensor("a", "[1]", "[0,4]"), tensor("a", "[1]", "[4,8]")), 8)),
        ("bytes after the last tensor", file(&one(tensor("a", "[1]", "[0,4]")), 5)),
        ("metadata that is no object", file(r#"{"__metadata__":1}"#, 0)),
        ("metadata with a number", file(r#"{"__metadata__":{"a":1}}"#, 0)),
        ("half a byte of data", file(r#"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}"#, 2)),
    ];
    // What the safetensors crate takes although the format's own text forbids it.
    let stricter = ["a header that begins with space", "a name that occurs twice", "an unknown key"];
    assert!(cases.len() >= 30);
    for (what, bytes) in &cases {
        for piece in [1, 3, usize::MAX] {
            let error = read(bytes, piece).expect_err(what);
            assert_eq!(error.code(), "malformed-checkpoint", "{what}: {error}");
        }
        if !stricter.contains(what) {
            assert!(SafeTensors::deserialize(bytes).is_err(), "the safetensors crate takes {what}");
        }
    }
}

#[test]
fn odd_but_right_safetensors_are_read() {
    let cases = [
        ("no tensor", file("{}", 0), 0),
        ("trailing spaces", file("{}      ", 0), 0),
        ("metadata", file(r#"{"__metadata__":{"format":"pt"}}"#, 0), 0),
        ("a single number", file(r#"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, 4), 4),
        ("an empty tensor", file(r#"{"a":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]}}"#, 0), 0),
        ("a name of JavaScript's", file(r#"{"__proto__":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, 4), 8),
        ("numbers of 64 bits", file(r#"{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}"#, 16), 8),
        ("integers, which no model needs", file(r#"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, 8), 0),
        (
            "tensors in another order than their bytes",
            file(
                r#"{"b":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
                8,
            ),
            12,
        ),
    ];
    for (what, bytes, resident) in cases {
        for piece in [1, 3, 7, usize::MAX] {
            assert_eq!(read(&bytes, piece).unwrap_or_else(|error| panic!("{what}: {error}")), resident, "{what}");
        }
        assert!(SafeTensors::deserialize(&bytes).is_ok(), "{what}");
    }
}

#[test]
fn tensors_of_half_a_gigabyte_and_more_are_taken() {
    // The safetensors crate counts bits in 32 bits on wasm32 and refuses these there.
    for bytes in [1_u64 << 29, 1 << 32, 5 << 32] {
        let header = format!(r#"{{"a":{{"dtype":"F16","shape":[{}],"data_offsets":[0,{bytes}]}}}}"#, bytes / 2);
        let parsed = Header::parse(header.as_bytes(), Some(8 + header.len() as u64 + bytes)).unwrap();
        assert_eq!((parsed.data_bytes, parsed.tensors[0].bytes), (bytes, bytes));
    }
}

#[test]
fn a_file_that_cannot_be_held_is_refused_before_it_comes() {
    let bytes = 1_u64 << 60;
    let header = format!(r#"{{"a":{{"dtype":"F32","shape":[{}],"data_offsets":[0,{bytes}]}}}}"#, bytes / 4);
    let mut reader = WeightsReader::new(Resident::F32, |_| true);
    reader.begin_file(Some(8 + header.len() as u64 + bytes));
    let error = reader.write(&file(&header, 0)).expect_err("an error");
    assert_eq!(error.code(), "out-of-memory", "{error}");
}

#[test]
fn numbers_of_other_formats_are_refused() {
    let bytes = file(r#"{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}"#, 4);
    assert_eq!(read(&bytes, 5).expect_err("an error").code(), "unsupported-dtype");
}

#[test]
fn malformed_configs_are_refused() {
    let good = r#"{"model_type":"bert","hidden_size":8,"num_attention_heads":2,"num_hidden_layers":1,"intermediate_size":8,"vocab_size":8}"#;
    let with = |key: &str, value: &str| {
        let mut config: serde_json::Value = serde_json::from_str(good).unwrap();
        config[key] = serde_json::from_str(value).unwrap();
        config.to_string()
    };
    let mut cases = vec![
        (String::new(), "malformed-checkpoint"),
        ("{".to_owned(), "malformed-checkpoint"),
        ("[]".to_owned(), "malformed-checkpoint"),
        ("null".to_owned(), "malformed-checkpoint"),
        ("{}".to_owned(), "malformed-checkpoint"),
        ("\u{feff}{}".to_owned(), "malformed-checkpoint"),
        ("[".repeat(100_000), "malformed-checkpoint"),
        (with("model_type", "1"), "malformed-checkpoint"),
        (with("model_type", "\"gpt17\""), "unsupported-architecture"),
        (with("model_type", "\"BERT\""), "unsupported-architecture"),
        (with("position_embedding_type", "\"relative_key\""), "unsupported-architecture"),
        (with("num_attention_heads", "3"), "malformed-checkpoint"),
        (with("hidden_act", "\"nonsense\""), "malformed-checkpoint"),
        (with("layer_norm_eps", "0"), "malformed-checkpoint"),
        (with("layer_norm_eps", "-1e-12"), "malformed-checkpoint"),
        (with("layer_norm_eps", "\"small\""), "malformed-checkpoint"),
    ];
    for key in ["hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size", "vocab_size"] {
        for value in ["0", "-1", "1.5", "\"8\"", "[8]", "2147483648", "1e308", "18446744073709551615", "true"] {
            cases.push((with(key, value), "malformed-checkpoint"));
        }
    }
    assert!(cases.len() >= 30);
    for (json, code) in &cases {
        let error = build(json.as_bytes()).expect_err(json);
        assert_eq!(error.code(), *code, "{json:.200}: {error}");
    }
    // A billion layers end at the first that is absent.
    assert_eq!(
        build(with("num_hidden_layers", "16000000").as_bytes()).expect_err("an error").code(),
        "malformed-checkpoint"
    );
}

/// Builds a BERT whose embeddings alone are there, of 8 numbers each.
fn build(config: &[u8]) -> vitrine_models::Result<()> {
    let config = Config::parse(config)?;
    let architecture = architecture(&config)?;
    let names = ["word_embeddings", "position_embeddings", "token_type_embeddings"]
        .map(|name| format!("embeddings.{name}.weight"));
    let shapes = [[8, 8], [512, 8], [2, 8]];
    let mut at = 0;
    let entries = names.iter().zip(shapes).map(|(name, [rows, columns])| {
        let (start, end) = (at, at + rows * columns * 4);
        at = end;
        format!(r#""{name}":{{"dtype":"F32","shape":[{rows},{columns}],"data_offsets":[{start},{end}]}}"#)
    });
    let header = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
    let mut reader = WeightsReader::new(Resident::F32, |_| true);
    reader.begin_file(None);
    reader.write(&file(&header, at))?;
    reader.end_file()?;
    architecture.load(&config, vitrine_models::Head::None, &reader.finish(architecture.prefix)).map(drop)
}

/// Keys that no model reads are odd only where there is no head.
const UNREAD: &[&str] =
    &["dropout", "dtype", "initializer_range", "tie_word_embeddings", "transformers_version", "use_cache"];

/// Values that a key does not have in a config that is right; a few of them, or `all`.
fn odd_values(value: &Value, all: bool) -> Vec<Value> {
    let mut odd = vec![json!(null), json!(0), json!(-1), json!(3), json!(1 << 24), json!("nonsense"), json!([])];
    if !all {
        return odd;
    }
    odd.extend([
        json!(true),
        json!(1),
        json!(1000),
        json!(1_u64 << 31),
        json!(u64::MAX),
        json!(0.5),
        json!(1.5),
        json!(-1e-12),
        json!(1e308),
        json!(""),
        json!([0]),
        json!([-1, 1 << 24]),
        json!(["nonsense"]),
        json!({}),
        json!({"0": 1}),
    ]);
    if let Some(number) = value.as_i64() {
        odd.extend([
            json!(number + 1),
            json!(number - 1),
            json!(2 * number),
            json!(-number),
            json!(number.to_string()),
        ]);
    }
    if let Some(flag) = value.as_bool() {
        odd.push(json!(!flag));
    }
    if let Some(list) = value.as_array() {
        odd.extend([json!(list[..list.len() / 2]), json!([list.as_slice(), list].concat())]);
    }
    odd
}

/// The config with each of its keys, those within objects included, absent or odd in turn; each with a description.
fn odd_configs(config: &Value, all: bool) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let is_read = |key: &str| all || !UNREAD.iter().any(|unread| key.contains(unread));
    for (key, value) in config.as_object().into_iter().flatten().filter(|(key, _)| is_read(key)) {
        let mut without = config.clone();
        without.as_object_mut().unwrap().remove(key);
        found.push((format!("without {key}"), without));
        let within = odd_configs(value, all).into_iter().map(|(what, value)| (format!("{key}: {what}"), value));
        let odd = odd_values(value, all).into_iter().map(|odd| (format!("{key} = {odd}"), odd));
        found.extend(odd.chain(within).map(|(what, value)| {
            let mut config = config.clone();
            config[key] = value;
            (what, config)
        }));
    }
    found
}

/// Builds the model and runs it over a padded batch.
fn run(architecture: &Architecture, config: &Value, head: Head, weights: &Weights) -> vitrine_models::Result<()> {
    let config = Config::parse(config.to_string().as_bytes())?;
    let encoder = architecture.load(&config, head, weights)?;
    let texts: [(&[u32], &[u32]); 2] = [(&[5, 6, 7, 8, 9], &[0; 5]), (&[10], &[0])];
    let batch = Batch::new(&texts, 1);
    match head {
        Head::None => block_on(encoder.hidden_states(&batch, &GoOn)).map(drop),
        _ => block_on(encoder.logits(&batch, &GoOn)).map(drop),
    }
}

#[test]
fn odd_configs_of_every_architecture_end() {
    let mut wrong = Vec::new();
    for architecture in ARCHITECTURES {
        let (mut refused, mut built) = (0, 0);
        for head in architecture.heads() {
            let read = |file: &str| std::fs::read(folder(architecture, head).join(file)).unwrap();
            let config: Value = serde_json::from_slice(&read("config.json")).unwrap();
            let mut reader = WeightsReader::new(Resident::F32, move |name| architecture.uses(name, head));
            reader.begin_file(None);
            reader.write(&read("model.safetensors")).unwrap();
            let weights = reader.finish(architecture.prefix);
            run(architecture, &config, head, &weights).unwrap();
            for (what, config) in odd_configs(&config, head == Head::None) {
                let begin = Instant::now();
                let verdict = catch_unwind(AssertUnwindSafe(|| run(architecture, &config, head, &weights)));
                let fault = match &verdict {
                    Ok(Ok(())) => None,
                    Ok(Err(error)) if error.code() != "internal" => None,
                    Ok(Err(error)) => Some(error.to_string()),
                    Err(_) => Some("it panics".to_owned()),
                };
                refused += usize::from(matches!(verdict, Ok(Err(_))));
                built += usize::from(matches!(verdict, Ok(Ok(()))));
                let slow = (begin.elapsed() > Duration::from_secs(10)).then(|| "it takes too long".to_owned());
                let name = architecture.model_type;
                wrong.extend(fault.or(slow).map(|fault| format!("{name}, {head:?}, {what}: {fault}")));
            }
        }
        assert!(refused >= 40 && built >= 40, "{}: {refused} refused, {built} built", architecture.model_type);
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
