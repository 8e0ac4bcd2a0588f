//! Tokens are Python's: 2,000 texts through each tokenizer of `tests/tokenizers`, which `make_tokenizers.py` makes.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "the indices are the test's own")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use vitrine_models::Config;

use super::{Cut, Named, Tokenizer, Tokens, Truncation};
use crate::Error;
use crate::sentence_transformers::Files;

const TEXTS: usize = 2000;

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tokenizers")
}

/// The files of a folder.
pub(super) fn files(folder: &Path) -> Files {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    entries.filter(|path| path.is_file()).map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
}

pub(super) fn load(files: &Files) -> crate::Result<Tokenizer> {
    let config = files.get("config.json").map(|config| Config::parse(config).unwrap());
    Tokenizer::load(files, config.as_ref())
}

/// Marsaglia's xorshift, as the script has it.
pub(super) struct Random(pub u64);

impl Random {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// The script's texts.
pub(super) fn texts() -> Vec<String> {
    let fragments = std::fs::read(folder().join("fragments.json")).unwrap();
    let fragments: Vec<String> = serde_json::from_slice(&fragments).unwrap();
    let mut random = Random(0x5EED_0000_7E57);
    let mut texts = vec![String::new()];
    for _ in 1..TEXTS {
        let mut text = String::new();
        for _ in 0..1 + random.below(9) {
            text.push_str(&fragments[random.below(fragments.len())]);
            if random.below(4) > 0 {
                text.push(' ');
            }
        }
        texts.push(text);
    }
    texts
}

/// FNV-1a with 64 bits.
struct Digest(u64);

impl Digest {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn number(&mut self, number: usize) {
        self.bytes(&u32::try_from(number).unwrap().to_le_bytes());
    }

    fn tokens(&mut self, tokens: &Tokens) {
        self.number(tokens.ids.len());
        for index in 0..tokens.ids.len() {
            let (begin, end) = tokens.offsets[index];
            let word = tokens.words[index].map_or(0, |word| word as usize + 1);
            let sequence = tokens.sequences[index].map_or(0, |sequence| sequence + 1);
            let (id, type_id) = (tokens.ids[index] as usize, tokens.type_ids[index] as usize);
            for number in [id, type_id, begin, end, word, sequence, usize::from(tokens.special[index])] {
                self.number(number);
            }
        }
    }
}

/// What `digest` of the script computes.
fn digest(tokenizer: &Tokenizer, is_fast: bool, texts: &[String], index: usize) -> crate::Result<u64> {
    let mut digest = Digest::new();
    let (text, pair) = (&texts[index], &texts[(index + 1) % texts.len()]);
    let pair = Some(if pair.is_empty() { " " } else { pair });
    let whole = Truncation { limit: 0, which: Cut::None, stride: 0, left: false };
    let tokens = tokenizer.windows(text, None, &whole)?.remove(0);
    if !is_fast {
        tokens.ids.iter().for_each(|id| digest.number(*id as usize));
        digest.bytes(tokenizer.decode(&tokens.ids, false).unwrap().as_bytes());
        return Ok(digest.0);
    }
    digest.tokens(&tokens);
    digest.bytes(tokenizer.decode(&tokens.ids, false).unwrap().as_bytes());
    digest.bytes(tokenizer.decode(&tokens.ids, true).unwrap().as_bytes());
    let windows = match index % 7 {
        0 => tokenizer.windows(text, pair, &whole)?,
        3 => {
            let truncation = Truncation { limit: 12, which: Cut::LongestFirst, stride: 3, left: false };
            tokenizer.windows(text, None, &truncation)?
        }
        5 => {
            let truncation = Truncation { limit: 40, which: Cut::OnlySecond, stride: 5, left: false };
            match tokenizer.windows(text, pair, &truncation) {
                Err(Error::InvalidInputs(_)) => Vec::new(),
                windows => windows?,
            }
        }
        _ => Vec::new(),
    };
    windows.iter().for_each(|window| digest.tokens(window));
    Ok(digest.0)
}

/// What differs from `expected.json` of a folder.
fn differences(folder: &Path, texts: &[String]) -> Vec<String> {
    let files = files(folder);
    let expected: Value = serde_json::from_slice(&files["expected.json"]).unwrap();
    let tokenizer = match load(&files) {
        Ok(tokenizer) => tokenizer,
        Err(error) => return vec![error.to_string()],
    };
    let is_fast = expected["tokens"]["0"]["offsets"].is_array();
    let mut differences = Vec::new();
    for (index, tokens) in expected["tokens"].as_object().unwrap() {
        let text = &texts[index.parse::<usize>().unwrap()];
        let own = tokenizer.encode(text, None, usize::MAX, false).unwrap();
        let ids: Vec<u32> = serde_json::from_value(tokens["ids"].clone()).unwrap();
        if own.ids != ids {
            differences.push(format!("{text:?}: {:?}, not {ids:?}", own.ids));
        } else if is_fast && own.offsets != serde_json::from_value::<Vec<_>>(tokens["offsets"].clone()).unwrap() {
            differences.push(format!("{text:?}: offsets {:?}, not {}", own.offsets, tokens["offsets"]));
        }
    }
    for (text, ids) in expected["coded"].as_object().into_iter().flatten() {
        let own = tokenizer.encode(text, None, usize::MAX, false).unwrap().ids;
        if own != serde_json::from_value::<Vec<u32>>(ids.clone()).unwrap() {
            differences.push(format!("{text:?}: {own:?}, not {ids}"));
        }
    }
    let mut all = Digest::new();
    let expected_digests = expected["digests"].as_str().unwrap();
    for index in 0..texts.len() {
        let digest = match digest(&tokenizer, is_fast, texts, index) {
            Err(Error::UnsupportedTokenizer(_)) => 0,
            digest => digest.unwrap(),
        };
        all.bytes(&digest.to_le_bytes());
        if format!("{:02x}", digest & 0xff) != expected_digests[2 * index..2 * index + 2] {
            differences.push(format!("text {index}: {:?}", texts[index]));
        }
    }
    if format!("{:016x}", all.0) != expected["all"] {
        differences.push("the digest of all".to_owned());
    }
    let names = [
        ("bos_token", Named::Bos),
        ("eos_token", Named::Eos),
        ("unk_token", Named::Unk),
        ("sep_token", Named::Sep),
        ("pad_token", Named::Pad),
        ("cls_token", Named::Cls),
        ("mask_token", Named::Mask),
    ];
    for (key, name) in names {
        let named = tokenizer.named(name).map(|(text, id)| serde_json::json!([text, id]));
        if named != expected["named"].get(key).cloned() {
            differences.push(format!("{key}: {named:?}, not {}", expected["named"][key]));
        }
    }
    if tokenizer.pads_left != expected["pad_left"] {
        differences.push("the side of padding".to_owned());
    }
    differences
}

/// `VITRINE_TOKENIZERS` names more folders, in which the script has written `expected.json`.
#[test]
fn tokens_are_pythons() {
    let texts = texts();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut folders: Vec<PathBuf> =
        folders.iter().flat_map(|family| [family.join("slow"), family.join("fast")]).collect();
    let more = std::env::var("VITRINE_TOKENIZERS").unwrap_or_default();
    folders.extend(more.split_whitespace().map(PathBuf::from));
    let (mut tokenizers, mut wrong) = (0, Vec::new());
    for folder in folders {
        if !folder.join("expected.json").exists() {
            continue;
        }
        tokenizers += 1;
        let differences = differences(&folder, &texts);
        if !differences.is_empty() {
            let first: Vec<&str> = differences.iter().take(4).map(String::as_str).collect();
            wrong.push(format!("{}: {} differences\n  {}", folder.display(), differences.len(), first.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tokenizers >= 40, "{tokenizers} tokenizers");
}
