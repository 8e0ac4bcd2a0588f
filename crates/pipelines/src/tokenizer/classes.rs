//! The tokenizer classes of transformers 5.23 that build their pipeline themselves, whatever `tokenizer.json` says of it
//! (`models/*/tokenization_*.py`).

use serde_json::json;
use tokenizers::models::bpe::Vocab;
use tokenizers::{DecoderWrapper, ModelWrapper, Result};

use super::pipeline::{self, Normalization, Normalizers, PreTokenizers};
use super::special::{Settings, Token};
use super::vocabulary::{Merges, ModelSettings, Vocabulary, bpe, unigram, wordpiece};

/// A tokenizer class.
#[derive(Debug)]
pub(super) struct Class {
    /// Its names, without `Tokenizer`.
    pub names: &'static [&'static str],
    pub rules: Rules,
    /// The file of its vocabulary.
    pub file: &'static str,
    /// Its named tokens where the files do not speak of them, in the order of `Named`; empty for none.
    pub named: [&'static str; 7],
    /// Whether the mask token takes the space before it.
    pub mask_with_space: bool,
    /// Whether a `tokenizer.json` is taken as it is, but for the post-processor.
    pub as_in_file: bool,
    /// Whether the model is given type ids, where the files do not say so.
    pub type_ids: bool,
}

/// How a class tokenizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    Albert,
    Bert,
    BigBird,
    Camembert,
    Deberta,
    DebertaV2,
    Esm,
    Funnel,
    Gpt2,
    Marian,
    MpNet,
    RemBert,
    Roberta,
    RoFormer,
    Splinter,
    T5,
    Tapas,
    XlmRoberta,
    XlNet,
}

const fn class(names: &'static [&'static str], rules: Rules, file: &'static str, named: [&'static str; 7]) -> Class {
    Class { names, rules, file, named, mask_with_space: false, as_in_file: false, type_ids: false }
}

const BERT: [&str; 7] = ["", "", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"];
const ROBERTA: [&str; 7] = ["<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", "<mask>"];
const DEBERTA: [&str; 7] = ["[CLS]", "[SEP]", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"];
const ALBERT: [&str; 7] = ["[CLS]", "[SEP]", "<unk>", "[SEP]", "<pad>", "[CLS]", "[MASK]"];
const XLNET: [&str; 7] = ["<s>", "</s>", "<unk>", "<sep>", "<pad>", "<cls>", "<mask>"];

const BERTS: &[&str] = &["Bert", "Electra", "LayoutLM", "Lxmert", "MobileBert", "SqueezeBert"];
const ROBERTAS: &[&str] = &["Roberta", "Bart", "LED", "Longformer", "Mvp"];

/// The classes.
pub(super) static CLASSES: &[Class] = &[
    Class { type_ids: true, ..class(BERTS, Rules::Bert, "vocab.txt", BERT) },
    Class { type_ids: true, as_in_file: true, ..class(&["ConvBert"], Rules::Bert, "vocab.txt", BERT) },
    class(&["DistilBert"], Rules::Bert, "vocab.txt", BERT),
    class(&["RoFormer"], Rules::RoFormer, "vocab.txt", BERT),
    class(&["Splinter"], Rules::Splinter, "vocab.txt", BERT),
    Class { type_ids: true, ..class(&["Tapas"], Rules::Tapas, "vocab.txt", BERT) },
    class(&["Funnel"], Rules::Funnel, "vocab.txt", XLNET),
    Class {
        mask_with_space: true,
        ..class(&["MPNet"], Rules::MpNet, "vocab.txt", ["<s>", "</s>", "[UNK]", "</s>", "<pad>", "<s>", "<mask>"])
    },
    class(&["Esm"], Rules::Esm, "vocab.txt", ["", "<eos>", "<unk>", "", "<pad>", "<cls>", "<mask>"]),
    class(ROBERTAS, Rules::Roberta, "vocab.json", ROBERTA),
    class(&["GPT2"], Rules::Gpt2, "vocab.json", [END_OF_TEXT, END_OF_TEXT, END_OF_TEXT, "", "", "", ""]),
    Class { type_ids: true, ..class(&["Deberta"], Rules::Deberta, "vocab.json", DEBERTA) },
    Class { type_ids: true, ..class(&["DebertaV2"], Rules::DebertaV2, "spm.model", DEBERTA) },
    class(&["Albert"], Rules::Albert, "spiece.model", ALBERT),
    Class { mask_with_space: true, ..class(&["XLNet"], Rules::XlNet, "spiece.model", XLNET) },
    class(&["T5"], Rules::T5, "spiece.model", ["", "</s>", "<unk>", "", "<pad>", "", ""]),
    Class {
        mask_with_space: true,
        ..class(
            &["BigBird"],
            Rules::BigBird,
            "spiece.model",
            ["<s>", "</s>", "<unk>", "[SEP]", "<pad>", "[CLS]", "[MASK]"],
        )
    },
    class(&["RemBert"], Rules::RemBert, "sentencepiece.model", ALBERT),
    Class { mask_with_space: true, ..class(&["Camembert"], Rules::Camembert, "sentencepiece.bpe.model", ROBERTA) },
    Class {
        as_in_file: true,
        ..class(&["Marian"], Rules::Marian, "source.spm", ["", "</s>", "<unk>", "", "<pad>", "", ""])
    },
    class(&["XLMRoberta"], Rules::XlmRoberta, "sentencepiece.bpe.model", ROBERTA),
];

/// The words that jieba, which cuts texts for RoFormer, finds where there is nothing Chinese: its dictionary has two that
/// are not letters and digits alone.
const JIEBA: &str = r"[a-zA-Z0-9]+?(?=c\+\+|c#)|c\+\+|c#|[a-zA-Z0-9]+|\S";

const END_OF_TEXT: &str = "<|endoftext|>";

/// What a class makes of a vocabulary and the settings.
pub(super) struct Recipe {
    pub model: ModelWrapper,
    pub normalizers: Normalizers,
    pub pre_tokenizers: PreTokenizers,
    pub decoder: Option<DecoderWrapper>,
}

impl Class {
    /// Whether the vocabulary of a `tokenizer.json` is one that the class can be built on.
    pub(super) fn takes(&self, vocabulary: &Vocabulary) -> bool {
        match (self.file, vocabulary) {
            ("vocab.txt", _) | ("vocab.json", Vocabulary::Ids(_, Some(_))) => true,
            ("vocab.json", _) => false,
            (_, vocabulary) => matches!(vocabulary, Vocabulary::Scores(_)),
        }
    }

    /// The pieces of a SentencePiece model as the class numbers them (`convert_from_spm`).
    pub(super) fn renumber(&self, pieces: Vec<(String, f64)>, settings: &Settings) -> Vec<(String, f64)> {
        let named = |key: usize, default: &str| {
            let token = settings.named.get(key).and_then(Option::as_ref);
            let text = token.map_or(default, |token| token.as_ref().map_or("None", Token::text));
            (text.to_owned(), 0.0)
        };
        let (mut all, skip) = match self.rules {
            Rules::Camembert => {
                let unused = |text: &str, score| (text.to_owned(), score);
                let (pad, unk) = (named(4, "<pad>"), named(2, "<unk>"));
                let after = unused("<unk>NOTUSED", -100.0);
                (vec![unused("<s>NOTUSED", 0.0), pad, unused("</s>NOTUSED", 0.0), unk, after], 1)
            }
            Rules::XlmRoberta => (vec![named(0, "<s>"), named(4, "<pad>"), named(1, "</s>"), named(2, "<unk>")], 3),
            Rules::T5 => {
                let extra = (0..extra_ids(settings)).rev().map(|id| (format!("<extra_id_{id}>"), 0.0));
                return pieces.into_iter().chain(extra).collect();
            }
            _ => return pieces,
        };
        all.extend(pieces.into_iter().skip(skip));
        all.push(named(6, "<mask>"));
        all
    }

    /// `additional_special_tokens` where neither the files nor a SentencePiece model give them.
    pub(super) fn additional(&self, given: Option<Vec<Token>>, settings: &Settings) -> Option<Vec<Token>> {
        let texts = |texts: &[&str]| texts.iter().map(|text| Token::Text((*text).to_owned())).collect();
        match self.rules {
            Rules::T5 => {
                let mut all = given.unwrap_or_default();
                if !all.iter().any(|token| token.text().contains("<extra_id_")) {
                    all.extend((0..extra_ids(settings)).map(|id| Token::Text(format!("<extra_id_{id}>"))));
                }
                Some(all)
            }
            Rules::XlNet => given.or_else(|| Some(texts(&["<eop>", "<eod>"]))),
            Rules::Camembert => given.or_else(|| Some(texts(&["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"]))),
            _ => given,
        }
    }

    /// Builds model, normalizer, pre-tokenizer and decoder. `unk` is the unknown token, `charsmap` that of a
    /// SentencePiece model, and `unk_id` what such a model says.
    pub(super) fn build(
        &self,
        vocabulary: Vocabulary,
        settings: &Settings,
        unk: &str,
        unk_id: Option<usize>,
        charsmap: Option<&[u8]>,
    ) -> Result<Recipe> {
        match vocabulary {
            Vocabulary::Ids(vocab, Some(merges)) if self.file == "vocab.json" => byte_level(vocab, merges, settings),
            Vocabulary::Scores(scores) if self.file.ends_with(".model") => {
                self.unigram(scores, settings, unk, unk_id, charsmap)
            }
            vocabulary if self.rules == Rules::Esm => esm(vocabulary.into_ids(), unk),
            vocabulary => self.bert(vocabulary.into_ids(), settings, unk),
        }
    }

    fn bert(&self, vocab: Vocab, settings: &Settings, unk: &str) -> Result<Recipe> {
        let normalizer = json!({
            "type": "BertNormalizer",
            "clean_text": self.rules != Rules::Funnel || settings.flag("clean_text", true),
            "handle_chinese_chars": self.rules != Rules::RoFormer && settings.flag("tokenize_chinese_chars", true),
            "strip_accents": settings.values.get("strip_accents").and_then(serde_json::Value::as_bool),
            "lowercase": settings.flag("do_lower_case", true),
        });
        let prefix = settings.text("wordpieces_prefix").filter(|_| self.rules == Rules::Funnel).unwrap_or("##");
        let pre_tokenizer = match self.rules {
            Rules::RoFormer => {
                json!({"type": "Split", "pattern": {"Regex": JIEBA}, "behavior": "Removed", "invert": true})
            }
            _ => json!({"type": "BertPreTokenizer"}),
        };
        let decoder = json!({"type": "WordPiece", "prefix": prefix, "cleanup": true});
        Ok(Recipe {
            model: wordpiece(vocab, &ModelSettings { unk_token: Some(unk.to_owned()), ..ModelSettings::default() })?,
            normalizers: Normalizers::parse(&normalizer)?,
            pre_tokenizers: PreTokenizers::parse(&pre_tokenizer)?,
            decoder: pipeline::decoder(&decoder)?,
        })
    }

    fn unigram(
        &self,
        scores: Vec<(String, f64)>,
        settings: &Settings,
        unk: &str,
        unk_id: Option<usize>,
        charsmap: Option<&[u8]>,
    ) -> Result<Recipe> {
        let lower = settings.flag("do_lower_case", self.rules == Rules::Albert);
        let prefix = settings.flag("add_prefix_space", true);
        let position = |unk: &str| scores.iter().position(|(token, _)| token == unk);
        let zero = scores.iter().position(|(token, score)| token == unk && *score == 0.0);
        let unk_id = match self.rules {
            Rules::Albert => 1,
            Rules::RemBert | Rules::T5 => 2,
            Rules::XlmRoberta => 3,
            Rules::BigBird => zero.unwrap_or(100),
            Rules::DebertaV2 => zero.or(unk_id).unwrap_or(1),
            Rules::Camembert => position(unk).unwrap_or(0),
            _ => unk_id.unwrap_or(0),
        };
        let quotes = || [replace("``", "\""), replace("''", "\"")];
        let accents = || [json!({"type": "NFKD"}), json!({"type": "StripAccents"})];
        let mut steps = Vec::new();
        match self.rules {
            Rules::Albert | Rules::RemBert | Rules::XlNet => {
                steps.extend(quotes());
                if self.rules == Rules::RemBert {
                    steps.push(replace_regex(" {2,}", " "));
                }
                if self.rules == Rules::XlNet || !settings.flag("keep_accents", self.rules == Rules::RemBert) {
                    steps.extend(accents());
                }
            }
            Rules::BigBird => {
                steps.push(json!({"type": "Strip", "strip_left": false, "strip_right": false}));
                steps.push(replace_regex(" {2,}", "▁"));
            }
            _ => {}
        }
        if lower && !matches!(self.rules, Rules::BigBird | Rules::Camembert | Rules::T5 | Rules::XlmRoberta) {
            steps.push(json!({"type": "Lowercase"}));
        }
        if self.rules == Rules::DebertaV2 {
            steps.push(replace_regex(r"\s{2,}|[\n\r\t]", " "));
            steps.push(json!({"type": "NFC"}));
            steps.push(json!({"type": "Strip", "strip_left": false, "strip_right": true}));
        }
        let mut normalizers = Normalizers::parse(&sequence("normalizers", steps))?;
        if let (Some(charsmap), false) = (charsmap, matches!(self.rules, Rules::BigBird | Rules::DebertaV2)) {
            normalizers.steps.push(Normalization::precompiled(charsmap)?);
        }
        let scheme = match (self.rules, prefix) {
            (Rules::T5 | Rules::XlNet, _) | (_, true) => "always",
            (Rules::DebertaV2, false) => "first",
            _ => "never",
        };
        let metaspace = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": true});
        let mut steps = Vec::new();
        match self.rules {
            Rules::BigBird | Rules::RemBert => {}
            Rules::DebertaV2 if settings.flag("split_by_punct", false) => {
                steps.push(json!({"type": "Punctuation", "behavior": "Isolated"}));
            }
            Rules::DebertaV2 => {}
            _ => steps.push(json!({"type": "WhitespaceSplit"})),
        }
        steps.push(metaspace.clone());
        Ok(Recipe {
            model: unigram(scores, Some(unk_id), None)?,
            normalizers,
            pre_tokenizers: PreTokenizers::parse(&sequence("pretokenizers", steps))?,
            decoder: pipeline::decoder(&metaspace)?,
        })
    }
}

fn byte_level(vocab: Vocab, merges: Merges, settings: &Settings) -> Result<Recipe> {
    let prefix = settings.flag("add_prefix_space", false);
    let step = |prefix: bool| json!({"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": true});
    Ok(Recipe {
        model: bpe(vocab, merges, &ModelSettings::default())?,
        normalizers: Normalizers::default(),
        pre_tokenizers: PreTokenizers::parse(&step(prefix))?,
        decoder: pipeline::decoder(&step(true))?,
    })
}

/// Sentinel tokens of T5.
fn extra_ids(settings: &Settings) -> u64 {
    settings.values.get("extra_ids").and_then(serde_json::Value::as_u64).unwrap_or(100).min(10_000)
}

/// `EsmTokenizer` has no fast form: words of the vocabulary wherever they are found, the rest by spaces.
fn esm(vocab: Vocab, unk: &str) -> Result<Recipe> {
    let settings = ModelSettings {
        kind: Some("WordLevel".to_owned()),
        unk_token: Some(unk.to_owned()),
        ..ModelSettings::default()
    };
    Ok(Recipe {
        model: Vocabulary::Ids(vocab, None).build(&settings)?,
        normalizers: Normalizers::default(),
        pre_tokenizers: PreTokenizers::parse(&json!({"type": "WhitespaceSplit"}))?,
        decoder: None,
    })
}

fn replace(from: &str, to: &str) -> serde_json::Value {
    json!({"type": "Replace", "pattern": {"String": from}, "content": to})
}

fn replace_regex(from: &str, to: &str) -> serde_json::Value {
    json!({"type": "Replace", "pattern": {"Regex": from}, "content": to})
}

fn sequence(key: &str, steps: Vec<serde_json::Value>) -> serde_json::Value {
    json!({"type": "Sequence", key: steps})
}
