//! Every architecture, under its `model_type`: the names of its tensors, and how it is composed of layers.

mod albert;
mod bart;
mod bert;
mod big_bird;
mod camembert;
mod convbert;
mod deberta;
mod deberta_v2;
mod distilbert;
mod electra;
mod encoder_decoder;
mod ernie;
mod esm;
mod eurobert;
mod funnel;
mod layoutlm;
mod longformer;
mod mbart;
mod megatron_bert;
mod mobilebert;
mod modernbert;
mod mpnet;
mod mt5;
mod nomic_bert;
mod nystromformer;
mod rembert;
mod roberta;
mod roberta_prelayernorm;
mod roformer;
mod rotary_body;
mod splinter;
mod squeezebert;
mod t5;
mod tapas;
mod xlm;
mod xlm_roberta;
mod xlnet;
mod xmod;

use crate::layers::Scope;
use crate::{Asked, Config, Encoder, Error, Head, Result, Weights};

/// An architecture under its `model_type`.
pub struct Architecture {
    /// `model_type` of `config.json`.
    pub model_type: &'static str,
    /// What stands before the body's tensor names in checkpoints that were saved with a head, for instance `bert.`.
    pub prefix: &'static str,
    /// The heads, each with what its tensors' names begin with, without the prefix: last the layer that makes the logits,
    /// without which there is no such head. A tensor of none is the body's.
    heads: &'static [(Head, &'static [&'static str])],
    /// What the names of tensors that nothing here uses begin with, without the prefix.
    unused: &'static [&'static str],
    /// Builds the body with the head.
    load: fn(&Scope<'_>, &Config, Head) -> Result<Encoder>,
}

/// Every architecture that can be built.
pub static ARCHITECTURES: &[Architecture] = &[
    albert::ARCHITECTURE,
    bart::ARCHITECTURE,
    bert::ARCHITECTURE,
    big_bird::ARCHITECTURE,
    camembert::ARCHITECTURE,
    convbert::ARCHITECTURE,
    deberta::ARCHITECTURE,
    deberta_v2::ARCHITECTURE,
    distilbert::ARCHITECTURE,
    electra::ARCHITECTURE,
    ernie::ARCHITECTURE,
    esm::ARCHITECTURE,
    eurobert::ARCHITECTURE,
    funnel::ARCHITECTURE,
    layoutlm::ARCHITECTURE,
    longformer::ARCHITECTURE,
    mbart::ARCHITECTURE,
    megatron_bert::ARCHITECTURE,
    mobilebert::ARCHITECTURE,
    modernbert::ARCHITECTURE,
    mpnet::ARCHITECTURE,
    mt5::ARCHITECTURE,
    nomic_bert::ARCHITECTURE,
    nystromformer::ARCHITECTURE,
    rembert::ARCHITECTURE,
    roberta::ARCHITECTURE,
    roberta_prelayernorm::ARCHITECTURE,
    roformer::ARCHITECTURE,
    splinter::ARCHITECTURE,
    squeezebert::ARCHITECTURE,
    t5::ARCHITECTURE,
    tapas::ARCHITECTURE,
    xlm::ARCHITECTURE,
    xlm_roberta::ARCHITECTURE,
    xlnet::ARCHITECTURE,
    xmod::ARCHITECTURE,
];

/// The architecture that a config names.
pub fn architecture(config: &Config) -> Result<&'static Architecture> {
    let model_type = config.model_type()?;
    ARCHITECTURES
        .iter()
        .find(|architecture| architecture.model_type == model_type)
        .ok_or_else(|| Error::UnsupportedArchitecture(model_type.to_owned()))
}

impl Architecture {
    /// The heads that can be built, [`Head::None`] among them.
    pub fn heads(&self) -> impl Iterator<Item = Head> {
        std::iter::once(Head::None).chain(self.heads.iter().map(|(head, _)| *head))
    }

    /// Whether a tensor of a checkpoint is part of the model with this head.
    pub fn uses(&self, name: &str, head: Head) -> bool {
        let name = name.strip_prefix(self.prefix).unwrap_or(name);
        let among = |names: &[&str]| names.iter().any(|begin| name.starts_with(begin));
        let mut of_heads = self.heads.iter().filter(|(_, names)| among(names)).map(|(head, _)| *head).peekable();
        !among(self.unused) && (of_heads.peek().is_none() || of_heads.any(|of| of == head))
    }

    /// The heads whose last layer is among tensors of these names. That of a masked language model may be the words' own
    /// table, so that any of its layers tells of it.
    pub fn heads_among(&self, names: &[&str]) -> Vec<Head> {
        let has =
            |begin: &&str| names.iter().any(|name| name.strip_prefix(self.prefix).unwrap_or(name).starts_with(begin));
        let found = self.heads.iter().filter(|(head, begins)| match head {
            Head::MaskedLm => begins.iter().any(has),
            _ => begins.last().is_some_and(has),
        });
        found.map(|(head, _)| *head).collect()
    }

    /// Whether a checkpoint of this config can have a trained head, as far as the class tells from which it was saved.
    pub fn check(&self, config: &Config, head: Head) -> Result<()> {
        if !self.heads().any(|known| known == head) {
            return Err(Error::UnsupportedHead(format!("{} models have none", self.model_type)));
        }
        match config.architectures().first().and_then(|class| Head::of_class(class)) {
            Some(of) if ![Head::None, of].contains(&head) && of != Head::None => {
                Err(Error::UnsupportedHead(format!("its head is for {}", of.name())))
            }
            _ => Ok(()),
        }
    }

    /// In which forms a model of this config and head wants its tensors, which `workers` share, by the names and shapes of
    /// all that there are; a shape that is not known is taken for the right one. An error as [`Architecture::load`] would
    /// give it, before any weights have come.
    pub fn ask(
        &self,
        config: &Config,
        head: Head,
        tensors: impl IntoIterator<Item = (String, Option<Vec<usize>>)>,
        workers: usize,
    ) -> Result<Asked> {
        let weights = Weights::asking(tensors.into_iter().collect(), self.prefix, workers);
        self.load(config, head, &weights)?;
        Ok(weights.into_asked())
    }

    /// Builds the model; names the tensor that is missing or of the wrong shape.
    pub fn load(&self, config: &Config, head: Head, weights: &Weights) -> Result<Encoder> {
        self.check(config, head)?;
        (self.load)(&Scope::new(weights), config, head).map_err(|error| match error {
            Error::MissingTensor(name) if self.is_of_head(&name, head) => {
                Error::UnsupportedHead(format!("tensor `{name}` is absent"))
            }
            error => error,
        })
    }

    fn is_of_head(&self, name: &str, head: Head) -> bool {
        let names = self.heads.iter().filter(|(of, _)| *of == head).flat_map(|(_, names)| names.iter());
        names.copied().any(|begin| name.starts_with(begin))
    }
}
