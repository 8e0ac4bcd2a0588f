//! DeBERTa (He et al., 2020; `modeling_deberta.py` of transformers): as DeBERTa v2, with one projection for queries, keys
//! and values, and without buckets of distances.

use std::rc::Rc;

use crate::architectures::Architecture;
use crate::architectures::deberta_v2::{HEADS, load_with, position_kinds};
use crate::head::Head;
use crate::layers::{BlockShape, Disentangled, Linear, Scope};
use crate::weights::Matrix;
use crate::{Config, Error, Result};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "deberta",
    prefix: "deberta.",
    heads: match HEADS {
        [heads @ .., (Head::MultipleChoice, _)] => heads,
        heads => heads,
    },
    unused: &[],
    load: |scope, config, head| load_with(scope, config, head, attention),
};

fn attention(scope: &Scope<'_>, config: &Config, shape: &BlockShape) -> Result<Disentangled> {
    if config.flag_or("talking_head", false) {
        return Err(Error::UnsupportedArchitecture("deberta with talking heads".to_owned()));
    }
    let BlockShape { hidden, heads, .. } = *shape;
    let width = hidden / heads;
    // [heads, 3, width, hidden]
    let projections = scope.table(&["self.in_proj.weight"], &[3 * hidden, hidden])?;
    projections.use_whole();
    let projections = projections.to_vec();
    let weight = |place: usize| -> Result<Rc<Matrix>> {
        let of_heads = projections.chunks_exact((width * hidden).max(1)).skip(place).step_by(3);
        Ok(Rc::new(scope.pack(&of_heads.flatten().copied().collect::<Vec<f32>>(), hidden, hidden)?))
    };
    let bias = |name: &str| scope.numbers(&[name], &[hidden]);
    let kinds = position_kinds(config);
    let relative = config.flag_or("relative_attention", false);
    let distance = |kind: &str, name: &str, bias: bool| {
        let wanted = relative && kinds.contains(&kind);
        wanted.then(|| Linear::load(&scope.at(name), hidden, hidden, bias)).transpose()
    };
    Ok(Disentangled {
        query: Linear::new(weight(0)?, bias("self.q_bias")?),
        key: Linear::new(weight(1)?, Vec::new()),
        value: Linear::new(weight(2)?, bias("self.v_bias")?),
        output: Linear::load(&scope.at("output.dense"), hidden, hidden, true)?,
        heads,
        distance_key: distance("c2p", "self.pos_proj", false)?,
        distance_query: distance("p2c", "self.pos_q_proj", true)?,
        scale: 1.0 / ((width * (1 + kinds.len())) as f32).sqrt(),
    })
}
