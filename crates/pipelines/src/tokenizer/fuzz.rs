//! Mutated files for the readers of tokenizers: none may panic, when it is read or when it is used.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "the indices are the test's own")]

use std::panic::catch_unwind;

use super::sentencepiece::SentencePiece;
use super::tests::{Random, files, folder, load};
use crate::sentence_transformers::Files;

/// Inputs in all; `VITRINE_FUZZ_INPUTS` asks for more.
fn inputs() -> usize {
    std::env::var("VITRINE_FUZZ_INPUTS").ok().and_then(|count| count.parse().ok()).unwrap_or(4000)
}

/// What is put into files: numbers, marks, and words that readers know.
const PIECES: &[&str] = &[
    "0",
    "-1",
    "9",
    "4294967295",
    "1e400",
    "null",
    "true",
    "\"\"",
    "[]",
    "{}",
    "\"",
    ",",
    ":",
    " ",
    "\n",
    "é",
    "▁",
    "##",
    "[CLS]",
    "<s>",
    "\"Sequence\"",
    "\"Strip\"",
    "\"Precompiled\"",
    "\"FixedLength\"",
    "\"TemplateProcessing\"",
    "\"BPEDecoder\"",
    "\"Unigram\"",
    "\"Replace\"",
    "\"Split\"",
    "{\"Regex\":\"(a*)*(?!b)\"}",
    "{\"String\":\"\"}",
    "\"lstrip\":true",
    "\"rstrip\":true",
    "\"stop\":3",
];

/// Changes a file: flipped bits, bytes that go, pieces that come or are moved.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len() + 1);
        let piece = PIECES[random.below(PIECES.len())].as_bytes();
        match random.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 => drop(bytes.splice(at..(at + 1 + random.below(12)).min(bytes.len()), [])),
            2 => drop(bytes.splice(at..at, piece.iter().copied())),
            3 => drop(bytes.splice(at..(at + piece.len()).min(bytes.len()), piece.iter().copied())),
            4 => {
                let part = bytes[at..(at + random.below(80)).min(bytes.len())].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, part);
            }
            _ if random.below(8) == 0 => bytes.truncate(at),
            _ => {}
        }
    }
}

/// A `tokenizer.json` with nearly every step there is, and little else.
const STEPS: &str = r###"{"version":"1.0","added_tokens":[
{"id":5,"content":"[CLS]","single_word":false,"lstrip":true,"rstrip":true,"normalized":false,"special":true},
{"id":9,"content":" x","single_word":true,"lstrip":false,"rstrip":false,"normalized":true,"special":false}],
"normalizer":{"type":"Sequence","normalizers":[{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,
"strip_accents":null,"lowercase":true},{"type":"Strip","strip_left":true,"strip_right":true},{"type":"StripAccents"},{"type":"NFKD"},
{"type":"Lowercase"},{"type":"Nmt"},{"type":"Prepend","prepend":"_"},{"type":"Replace","pattern":{"Regex":"a{2,}"},"content":"b"},
{"type":"Replace","pattern":{"String":" "},"content":"_"}]},
"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":true},
{"type":"Split","pattern":{"Regex":"\\p{L}+(?!x)"},"behavior":"MergedWithNext","invert":true},{"type":"Digits","individual_digits":true},
{"type":"Punctuation","behavior":"Contiguous"},{"type":"CharDelimiterSplit","delimiter":"-"},{"type":"UnicodeScripts"},
{"type":"FixedLength","length":3},{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}]},
"post_processor":{"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"c","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
"special_tokens":{"c":{"id":"c","ids":[5],"tokens":["[CLS]"]}}}]},
"decoder":{"type":"Sequence","decoders":[{"type":"BPEDecoder","suffix":"</w>"},{"type":"WordPiece","prefix":"##","cleanup":true},
{"type":"ByteFallback"},{"type":"Strip","content":"_","start":1,"stop":0},{"type":"Fuse"},
{"type":"CTC","pad_token":"p","word_delimiter_token":"|","cleanup":true},{"type":"Replace","pattern":{"String":"_"},"content":" "}]},
"model":{"type":"BPE","unk_token":"u","continuing_subword_prefix":"","end_of_word_suffix":"","fuse_unk":true,"byte_fallback":true,
"ignore_merges":false,"vocab":{"u":0,"a":1,"b":2,"ab":3,"<0x61>":4},"merges":[["a","b"]]}}"###;

fn is_used(files: &Files) -> bool {
    let Ok(tokenizer) = load(files) else { return false };
    ["", "The fox's ﬁn é [CLS] <mask>  中 a\u{301}\0", "  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \n"].iter().all(|text| {
        let tokens = tokenizer.encode(text, Some("b"), 20, false);
        tokens.and_then(|tokens| tokenizer.decode(&tokens.ids, true)).is_ok()
    })
}

#[test]
fn repositories_never_panic() {
    let families = [
        "bert",
        "electra",
        "splinter",
        "longformer",
        "gpt2",
        "albert",
        "t5",
        "deberta-v2",
        "camembert",
        "esm",
        "marian",
        "marian-separate",
    ];
    let folders = families.iter().flat_map(|family| ["slow", "fast"].map(|form| folder().join(family).join(form)));
    let mut sound: Vec<Files> = folders.filter(|folder| folder.exists()).map(|folder| files(&folder)).collect();
    let steps = Files::from([("tokenizer.json".to_owned(), STEPS.as_bytes().to_vec())]);
    load(&steps).unwrap().encode("The fox", Some("b"), 20, false).unwrap();
    assert!(is_used(&steps));
    sound.extend(std::iter::repeat_n(steps, sound.len()));
    let mut random = Random(0x5eed_1234_5678_9abc);
    let (mut used, mut tried) = (0, 0);
    for input in 0..inputs() {
        let mut files = sound[random.below(sound.len())].clone();
        let mut names: Vec<String> = files.keys().cloned().collect();
        names.retain(|name| name != "config.json" && name != "expected.json");
        names.sort();
        let name = &names[random.below(names.len())];
        let file = files.get_mut(name).unwrap();
        mutate(&mut random, file);
        let verdict = catch_unwind(|| is_used(&files));
        tried += 1;
        used += usize::from(
            verdict.unwrap_or_else(|_| panic!("input {input} panics: {}", String::from_utf8_lossy(&files[name]))),
        );
    }
    assert!(used > tried / 20 && used < tried * 19 / 20, "{used} of {tried} used");
}

#[test]
fn models_never_panic() {
    let sound = std::fs::read(folder().join("t5/slow/spiece.model")).unwrap();
    let mut random = Random(0xc0ff_ee00_dead_beef);
    let mut read = 0;
    for input in 0..inputs() * 5 {
        let start = random.below(sound.len() - 200);
        let mut bytes = if random.below(4) == 0 { sound.clone() } else { sound[start..start + 200].to_vec() };
        mutate(&mut random, &mut bytes);
        let verdict = catch_unwind(|| SentencePiece::parse(&bytes).is_ok());
        read += usize::from(verdict.unwrap_or_else(|_| panic!("input {input} panics: {bytes:?}")));
    }
    assert!(read > 0 && read < inputs() * 5, "{read} read");
}
