//! A million mutated inputs for the readers of weights and configs: none may panic, and none may claim more than it holds.

#![allow(clippy::indexing_slicing, reason = "the indices are the test's own")]

use std::panic::catch_unwind;

use safetensors::SafeTensors;
use vitrine_models::{Config, Header, Resident, WeightsReader, architecture};

/// Inputs in all; `VITRINE_FUZZ_INPUTS` asks for more.
fn inputs() -> u64 {
    std::env::var("VITRINE_FUZZ_INPUTS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000_000)
}

/// Marsaglia's xorshift: the same inputs in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "4",
    "8",
    "-1",
    "1.5",
    "1e400",
    "65536",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "\"4\"",
    "null",
    "[]",
];

/// A header built from right and wrong parts.
fn header(random: &mut Random) -> String {
    let mut at = 0;
    let entries: Vec<String> = (0..random.below(4))
        .map(|index| {
            let (rows, columns) = (random.below(4), random.below(4));
            let end = at + rows * columns * 4;
            let mut parts = ["\"F32\"".to_owned(), format!("[{rows},{columns}]"), at.to_string(), end.to_string()];
            at = end;
            if random.below(3) == 0 {
                let which = random.below(4);
                parts[which] = match which {
                    0 => random
                        .pick(&["\"F16\"", "\"BF16\"", "\"I64\"", "\"F4\"", "\"F8_E4M3\"", "\"X\"", "1"])
                        .to_owned(),
                    1 => format!("[{},{}]", random.pick(NUMBERS), random.pick(NUMBERS)),
                    _ => random.pick(NUMBERS).to_owned(),
                };
            }
            let name = random.pick(&["a", "b", "__metadata__", "", "\\u0000"]);
            let [dtype, shape, start, end] = parts;
            format!(r#""{name}{index}":{{"dtype":{dtype},"shape":{shape},"data_offsets":[{start},{end}]}}"#)
        })
        .collect();
    format!("{{{}}}", entries.join(","))
}

/// Changes a few bytes.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(4) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.insert(at, random.next() as u8),
            _ => bytes.truncate(at.max(8)),
        }
    }
}

fn take(bytes: &[u8], piece: usize) -> bool {
    let mut reader = WeightsReader::new(Resident::F16, |_| true);
    reader.begin_file(Some(bytes.len() as u64));
    bytes.chunks(piece).all(|piece| reader.write(piece).is_ok()) && reader.end_file().is_ok()
}

#[test]
fn weights_never_panic() {
    let mut random = Random(0x5eed_1234_5678_9abc);
    let mut taken = 0;
    for input in 0..inputs() {
        let header = header(&mut random);
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        let data = Header::parse(header.as_bytes(), None)
            .map_or(random.below(64), |header| header.data_bytes.min(4096) as usize);
        bytes.resize(bytes.len() + data, 7);
        if random.below(2) == 0 {
            mutate(&mut random, &mut bytes);
        }
        let piece = 1 + random.below(bytes.len().max(1));
        let verdict = catch_unwind(|| take(&bytes, piece));
        let verdict = verdict.unwrap_or_else(|_| panic!("input {input} panics: {:?}", String::from_utf8_lossy(&bytes)));
        taken += u64::from(verdict);
        // What is taken, the format's own reader takes too.
        assert!(
            !verdict || SafeTensors::deserialize(&bytes).is_ok(),
            "input {input}: {:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
    // Both verdicts occur, or nothing was tested.
    assert!(taken > inputs() / 20 && taken < inputs() * 19 / 20, "{taken} taken");
}

#[test]
fn configs_never_panic() {
    let keys = [
        "model_type",
        "hidden_size",
        "num_attention_heads",
        "num_hidden_layers",
        "id2label",
        "layer_norm_eps",
        "hidden_act",
    ];
    let mut random = Random(0xc0ff_ee00_dead_beef);
    let mut built = 0;
    for input in 0..inputs() / 10 {
        let entries: Vec<String> = keys
            .iter()
            .map(|key| {
                let value = match (*key, random.below(4)) {
                    ("model_type", 1..) => "\"bert\"",
                    (_, 0) => "{\"0\":\"a\",\"x\":1}",
                    _ => random.pick(NUMBERS),
                };
                format!("\"{key}\":{value}")
            })
            .collect();
        let mut bytes = format!("{{{}}}", entries.join(",")).into_bytes();
        mutate(&mut random, &mut bytes);
        let verdict = catch_unwind(|| {
            let config = Config::parse(&bytes)?;
            config.labels(config.label_count()?.min(1000));
            architecture(&config).map(drop)
        });
        let verdict = verdict.unwrap_or_else(|_| panic!("input {input} panics: {:?}", String::from_utf8_lossy(&bytes)));
        built += u64::from(verdict.is_ok());
    }
    assert!(built > 0 && built < inputs() / 10, "{built} built");
}
