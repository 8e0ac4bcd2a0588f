//! A repository's small files to a tokenizer: the class that Python would choose, and how it puts its parts together
//! (`AutoTokenizer`, `TokenizersBackend` of transformers 5.23).

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::Value;
use tokenizers::models::bpe::Vocab;
use tokenizers::{
    AddedToken, DecoderWrapper, ModelWrapper, NormalizedString, Normalizer, PostProcessorWrapper, TokenizerImpl,
};
use vitrine_models::Config;

use super::classes::{CLASSES, Class, Recipe, Rules};
use super::marian::{self, Ids};
use super::pipeline::{self, Normalizers, PreTokenizers};
use super::post_processor::{self, Names};
use super::sentencepiece::{CONTROL, SentencePiece, USER_DEFINED};
use super::special::{Named, Settings, Token};
use super::vocabulary::{Model, ModelSettings, Vocabulary, bpe, generated_merges, unigram};
use super::{Tokenizer, malformed};
use crate::sentence_transformers::{Files, json};
use crate::{Error, Result};

/// The library's tokenizer with our own normalizer and pre-tokenizer.
pub(super) type Inner = TokenizerImpl<ModelWrapper, Normalizers, PreTokenizers, PostProcessorWrapper, DecoderWrapper>;

/// Classes, by the names of `tokenizer_class` without `Tokenizer`, that Python writes in Python. With a `tokenizer.json`
/// such a repository works; from the older files it does not.
const SLOW: &[&str] = &[
    "BertJapanese",
    "Bertweet",
    "BioGpt",
    "Canine",
    "Flaubert",
    "FSMT",
    "Luke",
    "MLuke",
    "Phobert",
    "ProphetNet",
    "RoCBert",
    "XLM",
];

/// Model types whose class does not begin as they do, with what it begins with (`TOKENIZER_MAPPING_NAMES`).
const MODEL_TYPES: &[(&str, &str)] = &[
    ("bart", "Roberta"),
    ("convbert", "Bert"),
    ("data2vec-text", "Roberta"),
    ("distilbert", "Bert"),
    ("electra", "Bert"),
    ("ernie", "Bert"),
    ("gte", "XLMRoberta"),
    ("ibert", "Roberta"),
    ("jina_embeddings_v3", "XLMRoberta"),
    ("layoutlm", "Bert"),
    ("longformer", "Roberta"),
    ("megatron-bert", "Bert"),
    ("mobilebert", "Bert"),
    ("modernbert", ""),
    ("mra", "Roberta"),
    ("mt5", "T5"),
    ("nezha", "Bert"),
    ("nomic_bert", "Bert"),
    ("nystromformer", ""),
    ("qdqbert", "Bert"),
    ("roberta-prelayernorm", "Roberta"),
    ("squeezebert", "Bert"),
    ("umt5", ""),
    ("visual_bert", "Bert"),
    ("xlm-roberta-xl", ""),
    ("xmod", "XLMRoberta"),
    ("yoso", "Albert"),
];

/// `tokenizer.json`.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    added_tokens: Vec<AddedTokenWithId>,
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    #[serde(default)]
    decoder: Value,
    #[serde(default)]
    padding: Value,
    #[serde(default)]
    truncation: Value,
    model: Model,
}

#[derive(Deserialize)]
struct AddedTokenWithId {
    id: u32,
    #[serde(flatten)]
    token: AddedToken,
}

impl Tokenizer {
    /// Builds the tokenizer that the files describe. Its `limit` is 0 until the model is known.
    pub(crate) fn load(files: &Files, config: Option<&Config>) -> Result<Self> {
        let file = files.get("tokenizer.json").map(|file| serde_json::from_slice::<File>(file));
        let mut file = file.transpose().map_err(|error| wrong("tokenizer.json", error))?;
        let added: Option<BTreeMap<u32, AddedToken>> =
            file.as_ref().map(|file| file.added_tokens.iter().map(|added| (added.id, added.token.clone())).collect());
        let sides = file.as_mut().map(|file| (std::mem::take(&mut file.padding), std::mem::take(&mut file.truncation)));
        let (padding, truncation) = sides.unwrap_or_default();
        let mut settings = Settings::read(files, added.as_ref())?;
        let chosen = chosen(files, config)?;
        let class = CLASSES.iter().find(|class| class.names.contains(&&*chosen));
        let built = match (file, class) {
            (_, Some(class)) if files.contains_key(class.file) && class.rules == Rules::Marian => {
                from_slow(files, class, &mut settings)
            }
            (Some(file), _) => from_json(file, class, &settings).map_err(|error| wrong("tokenizer.json", error)),
            (None, Some(class)) => from_slow(files, class, &mut settings),
            (None, None) if SLOW.contains(&&*chosen) => Err(unsupported(&chosen)),
            (None, None) => from_sentencepiece(files, &mut settings),
        };
        let Built { recipe, post_processor: own, class, is_file, mut ids } = built?;
        let mut inner: Inner = TokenizerImpl::new(recipe.model);
        inner.with_normalizer(Some(recipe.normalizers)).map_err(malformed)?;
        inner.with_pre_tokenizer(Some(recipe.pre_tokenizers));
        inner.with_decoder(recipe.decoder);
        if let Some(added) = added.filter(|_| is_file) {
            add(&mut inner, added.into_values().collect())?;
        }
        settle(&mut settings, class, &padding);
        add_all(&mut inner, &settings, class)?;
        if let Some(ids) = &mut ids {
            ids.add(&settings).map_err(malformed)?;
        }
        let names = Names { inner: &inner, settings: &settings };
        let post_processor = match class {
            Some(class) => post_processor::of_class(class, &names, own)?,
            None => own,
        };
        let post_processor = post_processor.map_or_else(|| names.bos_and_eos(), Ok)?;
        let side = |key: &str, of_file: &Value| {
            let of_file = of_file.get("direction").and_then(Value::as_str);
            settings.text(key).or(of_file).is_some_and(|side| side.eq_ignore_ascii_case("left"))
        };
        let is_xlnet = class.is_some_and(|class| class.rules == Rules::XlNet);
        let stated = || u32::try_from(config?.get("pad_token_id").as_u64()?).ok();
        let pad = settings.named_text(Named::Pad).and_then(|pad| match &ids {
            Some(ids) => ids.known(pad),
            None => inner.token_to_id(pad),
        });
        let inputs = settings.values.get("model_input_names").and_then(Value::as_array);
        let inputs = inputs.map(|names| names.iter().any(|name| name == "token_type_ids"));
        Ok(Self {
            post_processor,
            pad_id: pad.or_else(stated).unwrap_or(0),
            limit: 0,
            lacks_chinese: class.is_some_and(|class| class.rules == Rules::RoFormer),
            pads_left: side("padding_side", &padding) || is_xlnet && settings.text("padding_side").is_none(),
            cuts_left: side("truncation_side", &truncation),
            cleans_up: settings.flag("clean_up_tokenization_spaces", false),
            gives_type_ids: inputs.unwrap_or(class.is_some_and(|class| class.type_ids)),
            settings,
            ids,
            inner,
        })
    }
}

struct Built {
    recipe: Recipe,
    post_processor: Option<PostProcessorWrapper>,
    class: Option<&'static Class>,
    /// The recipe is that of `tokenizer.json`, so its added tokens count.
    is_file: bool,
    /// Where the ids are not the model's own.
    ids: Option<Ids>,
}

/// A tokenizer from `tokenizer.json`. Some classes take only the vocabulary from it.
fn from_json(file: File, class: Option<&'static Class>, settings: &Settings) -> tokenizers::Result<Built> {
    let (vocabulary, model) = file.model.into_parts();
    let post_processor = pipeline::post_processor(&file.post_processor)?;
    let class = class.filter(|class| class.takes(&vocabulary));
    if let Some(class) = class.filter(|class| !class.as_in_file) {
        let charsmap = charsmap(&file.normalizer);
        let unk_id = settings.values.get("unk_id").and_then(Value::as_u64).map(|id| id as usize);
        let unk = unk(class, settings);
        let recipe = class.build(vocabulary, settings, &unk, unk_id, charsmap.as_deref())?;
        return Ok(Built { recipe, post_processor, class: Some(class), is_file: false, ids: None });
    }
    let recipe = Recipe {
        model: vocabulary.build(&model)?,
        normalizers: Normalizers::parse(&file.normalizer)?,
        pre_tokenizers: PreTokenizers::parse(&file.pre_tokenizer)?,
        decoder: pipeline::decoder(&file.decoder)?,
    };
    Ok(Built { recipe, post_processor, class, is_file: true, ids: None })
}

/// The charsmap of the normalizer of a `tokenizer.json`.
fn charsmap(normalizer: &Value) -> Option<Vec<u8>> {
    let steps = match normalizer.get("normalizers") {
        Some(Value::Array(steps)) => steps.as_slice(),
        _ => std::slice::from_ref(normalizer),
    };
    pipeline::base64(steps.iter().find_map(|step| step.get("precompiled_charsmap"))?.as_str()?)
}

/// A tokenizer from the older files.
fn from_slow(files: &Files, class: &'static Class, settings: &mut Settings) -> Result<Built> {
    // Python takes this name for any class.
    let path = if files.contains_key("tokenizer.model") { "tokenizer.model" } else { class.file };
    let absent =
        |path: &str| Error::MalformedTokenizer(format!("the repository has neither tokenizer.json nor {path}"));
    let bytes = files.get(path).ok_or_else(|| absent(path))?;
    let text = |path: &str, bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|error| wrong(path, error));
    let unk = unk(class, settings);
    let mut ids = None;
    let recipe = match path {
        "source.spm" => {
            ids = Some(Ids::read(files).map_err(malformed)?);
            marian::recipe(SentencePiece::parse(bytes).map_err(|error| wrong(path, error))?, &unk)
        }
        "vocab.txt" => class.build(Vocabulary::lines(&text(path, bytes)?), settings, &unk, None, None),
        "vocab.json" => {
            let merges = text("merges.txt", files.get("merges.txt").ok_or_else(|| absent("merges.txt"))?)?;
            let vocabulary = Vocabulary::vocab_and_merges(bytes, &merges).map_err(|error| wrong(path, error))?;
            class.build(vocabulary, settings, &unk, None, None)
        }
        _ => {
            let model = SentencePiece::parse(bytes).map_err(|error| wrong(path, error))?;
            settings.additional = Some(tokens(&model));
            let pieces = model.pieces.into_iter().map(|(piece, score, _)| (piece, score)).collect();
            let vocabulary = Vocabulary::Scores(class.renumber(pieces, settings));
            let charsmap = Some(&*model.charsmap).filter(|charsmap| !charsmap.is_empty());
            class.build(vocabulary, settings, &unk, usize::try_from(model.unk_id).ok(), charsmap)
        }
    };
    let recipe = recipe.map_err(|error| wrong(path, error))?;
    Ok(Built { recipe, post_processor: None, class: Some(class), is_file: false, ids })
}

/// Control and user-defined pieces of a SentencePiece model, which become special and added tokens.
fn tokens(model: &SentencePiece) -> Vec<Token> {
    let added = model.pieces.iter().filter(|(.., kind)| [CONTROL, USER_DEFINED].contains(kind));
    let token = |(piece, _, kind): &(String, f64, u64)| Token::Added {
        token: AddedToken::from(piece.as_str(), *kind == CONTROL),
        normalized: Some(false),
    };
    added.map(token).collect()
}

/// A tokenizer from a SentencePiece model alone, for classes without rules of their own
/// (`build_tokenizer_from_spm_proto`).
fn from_sentencepiece(files: &Files, settings: &mut Settings) -> Result<Built> {
    let names = ["tokenizer.model", "spm.model", "spiece.model", "sentencepiece.bpe.model", "sentencepiece.model"];
    let found = names.iter().find_map(|name| Some((*name, files.get(*name)?)));
    let absent = || Error::MalformedTokenizer("the repository has no file of a tokenizer that is known".to_owned());
    let (path, bytes) = found.ok_or_else(absent)?;
    let model = SentencePiece::parse(bytes).map_err(|error| wrong(path, error))?;
    settings.additional = Some(tokens(&model));
    for (place, named) in settings.named.iter_mut().zip(&model.named) {
        if let (None, Some(text)) = (&place, named) {
            *place = Some(Some(Token::Text(text.clone())));
        }
    }
    let build = || {
        let settings = ModelSettings {
            unk_token: model.named.last().cloned().flatten(),
            fuse_unk: Some(true),
            byte_fallback: Some(model.byte_fallback),
            ..ModelSettings::default()
        };
        let mut normalizers = Normalizers::default();
        if !model.charsmap.is_empty() {
            normalizers.steps.push(pipeline::Normalization::precompiled(&model.charsmap)?);
        }
        normalizers.steps.push(pipeline::Normalization::Replace(pipeline::regex(" ")?, "▁".to_owned()));
        let pieces = model.pieces.iter();
        let built = match model.unigram {
            true => {
                let scores = pieces.map(|(piece, score, _)| (piece.clone(), *score)).collect();
                unigram(scores, usize::try_from(model.unk_id).ok(), settings.byte_fallback)?
            }
            false => {
                let vocab: Vocab = pieces.zip(0..).map(|((piece, ..), id)| (piece.clone(), id)).collect();
                let merges = generated_merges(&vocab);
                bpe(vocab, merges, &settings)?
            }
        };
        let space = r#"{"type":"Replace","pattern":{"String":"▁"},"content":" "}"#;
        let bytes = r#",{"type":"ByteFallback"},{"type":"Fuse"}"#;
        let rest = if model.byte_fallback { bytes } else { "" };
        let decoder = format!(r#"{{"type":"Sequence","decoders":[{space}{rest}]}}"#);
        Ok(Recipe {
            model: built,
            normalizers,
            pre_tokenizers: PreTokenizers::default(),
            decoder: pipeline::decoder(&serde_json::from_str(&decoder)?)?,
        })
    };
    let recipe: tokenizers::Result<Recipe> = build();
    let recipe = recipe.map_err(|error| wrong(path, error))?;
    Ok(Built { recipe, post_processor: None, class: None, is_file: false, ids: None })
}

/// The class, without `Tokenizer`, that `AutoTokenizer` chooses; empty for one without rules of its own.
fn chosen(files: &Files, config: Option<&Config>) -> Result<String> {
    let own = json(files, "tokenizer_config.json")?;
    let own = own.as_ref().and_then(|own| own.get("tokenizer_class")).and_then(Value::as_str);
    let named = own.or_else(|| config?.text("tokenizer_class")).map(|name| {
        let name = name.strip_suffix("Fast").unwrap_or(name);
        name.strip_suffix("Tokenizer").unwrap_or("").to_owned()
    });
    let model_type = config.and_then(|config| config.text("model_type")).unwrap_or_default();
    let listed = MODEL_TYPES.iter().find(|(listed, _)| *listed == model_type);
    let simple = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let names = || CLASSES.iter().flat_map(|class| class.names).chain(SLOW);
    let registered = match listed {
        Some((_, class)) => Some(*class),
        None => names().find(|name| simple(name) == simple(model_type)).copied(),
    };
    let has_file = files.contains_key("tokenizer.json");
    Ok(match (named, registered) {
        // Python takes such a file as it is; without one its class has nothing to build on, but the named one has.
        (_, Some("")) if has_file => String::new(),
        (Some(named), _) => named,
        (None, registered) => registered.unwrap_or_default().to_owned(),
    })
}

/// Fills in what the class says of tokens that the files do not speak of.
fn settle(settings: &mut Settings, class: Option<&Class>, padding: &Value) {
    if let Some(class) = class {
        for (place, (text, name)) in settings.named.iter_mut().zip(class.named.iter().zip(0..)) {
            let is_mask = name == Named::Mask as usize;
            let by_class = || match *text {
                "" => None,
                text => Some(Token::Text(text.to_owned())),
            };
            let token = place.take().unwrap_or_else(by_class);
            *place = Some(match token {
                Some(Token::Text(text)) if is_mask && class.mask_with_space => Some(Token::with_space(&text)),
                token => token,
            });
        }
        let own = match class.rules {
            Rules::Splinter => Some(("question_token", "[QUESTION]")),
            Rules::Tapas => Some(("empty_token", "[EMPTY]")),
            _ => None,
        };
        if let Some((key, text)) = own.filter(|(key, _)| !settings.own.iter().any(|(known, _)| known == key)) {
            settings.own.insert(0, (key.to_owned(), Token::Text(text.to_owned())));
        }
        settings.additional = class.additional(settings.additional.take(), settings);
    }
    let pad = padding.get("pad_token").and_then(Value::as_str);
    let place = settings.named.get_mut(Named::Pad as usize).filter(|place| place.is_none());
    if let (Some(place), Some(pad)) = (place, pad) {
        *place = Some(Some(Token::Text(pad.to_owned())));
    }
    if settings.extra.is_none() {
        settings.extra = settings.additional.take();
    }
}

/// Adds the tokens of the settings, in Python's order.
fn add_all(inner: &mut Inner, settings: &Settings, class: Option<&Class>) -> Result<()> {
    let named = || settings.named.iter().flatten().flatten().chain(settings.own.iter().map(|(_, token)| token));
    let mut all: Vec<AddedToken> = settings.added.values().cloned().collect();
    let mut known: HashSet<String> = inner.get_added_vocabulary().get_vocab().keys().cloned().collect();
    known.extend(all.iter().map(|token| token.content.clone()));
    let mut texts = HashSet::new();
    for token in named().chain(settings.extra.iter().flatten()) {
        let is_again = matches!(token, Token::Text(_)) && !texts.insert(token.text());
        if !is_again && !known.contains(token.text()) {
            all.push(token.clone().added(false));
        }
    }
    let names: HashSet<&str> = named().map(Token::text).collect();
    for token in &mut all {
        token.special |= names.contains(&*token.content);
    }
    if class.is_some_and(|class| class.rules == Rules::Esm) {
        // Every token of the vocabulary is found wherever it stands.
        let vocab = inner.get_vocab(false);
        let specials: HashSet<String> = all.iter().map(|token| token.content.clone()).collect();
        let rest = vocab.into_keys().filter(|token| !specials.contains(token));
        all.extend(rest.map(|token| AddedToken::from(token, false).normalized(false)));
    }
    add(inner, all)
}

fn add(inner: &mut Inner, tokens: Vec<AddedToken>) -> Result<()> {
    let blank = |token: &AddedToken| token.lstrip && token.content.trim().is_empty();
    let known = inner.get_added_vocabulary().get_added_tokens_decoder().values();
    // The library fails where one token takes the spaces that another consists of.
    if tokens.iter().chain(known).any(blank) && tokens.iter().any(|token| token.rstrip) {
        return Err(wrong("added tokens", "one is a space, and another takes the spaces after it"));
    }
    // A token of which nothing is left would be found everywhere, within characters too.
    for token in tokens.iter().filter(|token| token.normalized && !token.content.is_empty()) {
        let mut text = NormalizedString::from(token.content.as_str());
        inner.get_normalizer().map_or(Ok(()), |normalizer| normalizer.normalize(&mut text)).map_err(malformed)?;
        if text.is_empty() {
            return Err(wrong("added tokens", format!("nothing is left of `{}` when normalized", token.content)));
        }
    }
    inner.add_tokens(tokens).map_err(|error| wrong("added tokens", error))?;
    Ok(())
}

fn unk(class: &Class, settings: &Settings) -> String {
    let [_, _, unk, ..] = class.named;
    settings.named_text(Named::Unk).unwrap_or(unk).to_owned()
}

fn unsupported(class: &str) -> Error {
    let what = format!("{class}Tokenizer is not supported without a tokenizer.json, which transformers can save");
    Error::UnsupportedTokenizer(what)
}

fn wrong(path: &str, what: impl std::fmt::Display) -> Error {
    Error::MalformedTokenizer(format!("{path}: {what}"))
}
