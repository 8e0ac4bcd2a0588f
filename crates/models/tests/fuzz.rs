//! A million mutated inputs for the readers of weights and configs (a tenth of it for torch's files): none may panic, and none may claim more than it holds.

#![allow(clippy::indexing_slicing, reason = "the indices are the test's own")]

mod torch_files;

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

/// A pickle of right and wrong parts.
fn torch_pickle(random: &mut Random, legacy: bool) -> Vec<u8> {
    let number = |random: &mut Random| [0, 1, 2, 3, 4, 6, -1, 1 << 31, 1 << 62][random.below(9)];
    let tensors: Vec<Vec<u8>> = (0..1 + random.below(3))
        .map(|_| {
            let rare = random.below(6) == 0;
            let (rows, columns) = (random.below(3) as i64, random.below(3) as i64);
            let mut parts = [6, 0, rows, columns, columns, 1];
            if rare {
                parts[random.below(6)] = number(random);
            }
            let [numbers, start, rows, columns, stride, step] = parts;
            let kind = if rare { random.pick(&["LongStorage", "HalfStorage", "X"]) } else { "FloatStorage" };
            let storage = torch_files::storage(kind, "0", numbers, legacy);
            torch_files::tensor(storage, start, &[rows, columns], &[stride, step])
        })
        .collect();
    let names = ["a", "b", "c"];
    let items: Vec<(&str, Vec<u8>)> = names.into_iter().zip(tensors).collect();
    let mut pickle = torch_files::state_dict(&items);
    if random.below(3) == 0 {
        let opcodes = b"(NK\x01h\0q\0)t]}auesbQR.\x85\x86\x87\x88\x8a\x01\x01U\0X\0\0\0\0ccollections\nOrderedDict\n";
        let start = random.below(opcodes.len());
        let end = start + random.below(opcodes.len() - start + 1);
        let at = random.below(pickle.len());
        pickle.splice(at..at, opcodes[start..end].iter().copied());
    }
    if random.below(3) == 0 {
        mutate(random, &mut pickle);
    }
    pickle
}

#[test]
fn torch_files_never_panic() {
    let mut random = Random(0x7042_c4f1_1e50_bad5);
    let mut taken = 0;
    let inputs = inputs() / 10;
    for input in 0..inputs {
        let legacy = random.below(2) == 0;
        let pickle = torch_pickle(&mut random, legacy);
        let mut bytes = match (legacy, random.below(2)) {
            (true, _) => torch_files::legacy(&pickle, &[("0", 6, torch_files::SIX)]),
            (_, 0) => torch_files::described_zip(&pickle, &[("0", torch_files::SIX)]).finish(),
            _ => torch_files::zip(&pickle, &[("0", torch_files::SIX)]).finish(),
        };
        if random.below(3) == 0 {
            mutate(&mut random, &mut bytes);
        }
        let piece = 1 + random.below(bytes.len());
        let verdict = catch_unwind(|| torch_files::read(&bytes, piece));
        let verdict = verdict.unwrap_or_else(|_| panic!("input {input} panics: {}", bytes.escape_ascii()));
        taken += u64::from(verdict.is_ok());
        // Three tensors at most, each of no more numbers than the file has.
        let resident = verdict.unwrap_or(0);
        assert!(
            resident <= 3 * 2 * bytes.len() as u64,
            "input {input} takes {resident} bytes: {}",
            bytes.escape_ascii()
        );
    }
    assert!(taken > inputs / 20 && taken < inputs * 19 / 20, "{taken} taken");
}
