//! Checkpoints in the styles of other versions of transformers: other names of tensors, other keys of configs. What is
//! computed must be what the checkpoints of `logits.rs` give, which are compared with Python.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use futures_executor::block_on;
use futures_util::future::LocalBoxFuture;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, serialize};
use serde_json::{Value, json};
use vitrine_models::{ARCHITECTURES, Architecture, Batch, Config, Head, Resident, Turn, WeightsReader};

struct GoOn;

impl Turn for GoOn {
    fn turn(&self) -> LocalBoxFuture<'_, bool> {
        Box::pin(async { true })
    }
}

/// A tensor's name, shape and bytes.
type Tensor = (String, Vec<usize>, Vec<u8>);

/// A checkpoint without a head, which tests change.
#[derive(Clone)]
struct Checkpoint {
    architecture: &'static Architecture,
    config: Value,
    tensors: Vec<Tensor>,
}

impl Checkpoint {
    fn read(model_type: &str) -> Self {
        let architecture = ARCHITECTURES.iter().find(|architecture| architecture.model_type == model_type).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/checkpoints/architectures");
        let read = |file: &str| std::fs::read(folder.join(model_type).join("none").join(file)).unwrap();
        let bytes = read("model.safetensors");
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = tensors.iter().map(|(name, tensor)| {
            assert_eq!(tensor.dtype(), Dtype::F32);
            (name.to_owned(), tensor.shape().to_vec(), tensor.data().to_vec())
        });
        Self { architecture, config: serde_json::from_slice(&read("config.json")).unwrap(), tensors: tensors.collect() }
    }

    /// The hidden states of two texts, one of them padded.
    fn hidden_states(&self) -> Result<Vec<f32>, String> {
        let config = Config::parse(self.config.to_string().as_bytes()).unwrap();
        let architecture = self.architecture;
        let mut reader = WeightsReader::new(Resident::F32, move |name| architecture.uses(name, Head::None));
        reader.begin_file(None);
        let views = self
            .tensors
            .iter()
            .map(|(name, shape, bytes)| (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
        reader.write(&serialize(views, None).unwrap()).unwrap();
        let weights = reader.finish(architecture.prefix);
        let encoder = architecture.load(&config, Head::None, &weights).map_err(|error| error.to_string())?;
        let long: Vec<u32> = (5..25).collect();
        let texts: [(&[u32], &[u32]); 2] = [(&long, &[0; 20]), (&[9, 8, 7], &[0; 3])];
        let batch = Batch::new(&texts, config.get("pad_token_id").as_u64().unwrap_or(0) as u32);
        let rows = block_on(encoder.hidden_states(&batch, &GoOn)).map_err(|error| error.to_string())?;
        let hidden = encoder.hidden_size();
        Ok([&rows[..20 * hidden], &rows[20 * hidden..23 * hidden]].concat())
    }

    fn renamed(&self, rename: impl Fn(&str) -> String) -> Self {
        let tensors = self.tensors.iter().map(|(name, shape, bytes)| (rename(name), shape.clone(), bytes.clone()));
        Self { tensors: tensors.collect(), ..self.clone() }
    }

    /// With the keys `new` in place of `old`.
    fn with_config(&self, old: &[&str], new: Value) -> Self {
        let mut changed = self.clone();
        let config = changed.config.as_object_mut().unwrap();
        for key in old {
            config.remove(*key).unwrap_or_else(|| panic!("the config has no `{key}`"));
        }
        config.extend(new.as_object().unwrap().clone());
        changed
    }

    fn assert_same(&self, other: &Self, what: &str) {
        let (expected, found) = (self.hidden_states().unwrap(), other.hidden_states());
        let model_type = self.architecture.model_type;
        assert!(found.as_ref() == Ok(&expected), "{model_type}, {what}: {:?}", found.map(|found| found[..8].to_vec()));
    }
}

#[test]
fn bodies_are_found_with_their_prefix_and_without() {
    for architecture in ARCHITECTURES {
        let checkpoint = Checkpoint::read(architecture.model_type);
        let prefixed = checkpoint.renamed(|name| format!("{}{name}", architecture.prefix));
        checkpoint.assert_same(&prefixed, "with its prefix");
    }
}

#[test]
fn norms_are_found_under_their_old_names() {
    for architecture in ARCHITECTURES {
        let checkpoint = Checkpoint::read(architecture.model_type);
        let old = |name: &str| {
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        };
        checkpoint.assert_same(&checkpoint.renamed(old), "with gamma and beta");
    }
}

#[test]
fn token_embeddings_are_found_under_each_name() {
    for model_type in ["bart", "mbart", "t5", "mt5"] {
        let checkpoint = Checkpoint::read(model_type);
        let names = ["shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
        // Without a head, T5 is its encoder.
        let found = if model_type.contains("t5") { &names[1..2] } else { &names[1..] };
        for other in found {
            let renamed =
                checkpoint.renamed(|name| if name == names[0] { (*other).to_owned() } else { name.to_owned() });
            checkpoint.assert_same(&renamed, other);
        }
        let mut every = checkpoint.clone();
        let shared = checkpoint.tensors.iter().find(|(name, ..)| name == names[0]).unwrap();
        every.tensors.extend(names[1..].iter().map(|name| ((*name).to_owned(), shared.1.clone(), shared.2.clone())));
        checkpoint.assert_same(&every, "every name");
        // An encoder's own table that differs is not tied.
        every.tensors.iter_mut().find(|(name, ..)| name == names[1]).unwrap().2.fill(0);
        assert_ne!(checkpoint.hidden_states(), every.hidden_states());
    }
}

#[test]
fn nomic_bert_is_read_in_the_names_of_transformers() {
    let checkpoint = Checkpoint::read("nomic_bert");
    let renames = [
        ("encoder.layers", "layers"),
        ("emb_ln", "embeddings.LayerNorm"),
        ("attn.out_proj", "self_attn.o_proj"),
        ("fc11", "up_proj"),
        ("fc12", "gate_proj"),
        ("fc2", "down_proj"),
        ("norm1", "post_attention_layernorm"),
        ("norm2", "post_mlp_layernorm"),
    ];
    let mut renamed =
        checkpoint.renamed(|name| renames.iter().fold(name.to_owned(), |name, (old, new)| name.replace(old, new)));
    let (fused, others): (Vec<Tensor>, Vec<Tensor>) =
        renamed.tensors.into_iter().partition(|(name, ..)| name.contains("attn.Wqkv"));
    assert_eq!(fused.len(), 2);
    renamed.tensors = others;
    for (name, shape, bytes) in fused {
        let shape = vec![shape[0] / 3, shape[1]];
        for (part, bytes) in ["q_proj", "k_proj", "v_proj"].iter().zip(bytes.chunks(bytes.len() / 3)) {
            let name = name.replace("attn.Wqkv", &format!("self_attn.{part}"));
            renamed.tensors.push((name, shape.clone(), bytes.to_vec()));
        }
    }
    checkpoint.assert_same(&renamed, "new names");
}

#[test]
fn nomic_bert_is_read_by_its_old_config() {
    let checkpoint = Checkpoint::read("nomic_bert");
    let old = json!({
        "n_embd": 16, "n_head": 2, "n_layer": 2, "n_inner": 20, "layer_norm_epsilon": 1e-12, "rotary_emb_base": 1000,
        "activation_function": "swiglu", "prenorm": false, "rotary_scaling_factor": null, "qkv_proj_bias": false,
    });
    let keys = [
        "hidden_size",
        "num_attention_heads",
        "num_hidden_layers",
        "intermediate_size",
        "layer_norm_eps",
        "head_dim",
        "rope_parameters",
        "hidden_act",
    ];
    checkpoint.assert_same(&checkpoint.with_config(&keys, old), "old config");
    for (key, value) in [("num_experts", json!(8)), ("prenorm", json!(true)), ("qkv_proj_bias", json!(true))] {
        let other = checkpoint.with_config(&[], json!({ key: value }));
        assert!(other.hidden_states().unwrap_err().contains("nomic_bert with"), "{key}");
    }
}

#[test]
fn modernbert_is_read_by_a_config_of_transformers_4() {
    let checkpoint = Checkpoint::read("modernbert");
    let old = json!({
        "global_attn_every_n_layers": 3, "global_rope_theta": 160000.0, "local_rope_theta": 10000.0,
    });
    checkpoint.assert_same(&checkpoint.with_config(&["layer_types", "rope_parameters"], old), "old config");
    let other = json!({ "global_attn_every_n_layers": 3, "global_rope_theta": 500.0, "local_rope_theta": null });
    let other = checkpoint.with_config(&["layer_types", "rope_parameters"], other);
    assert_ne!(checkpoint.hidden_states(), other.hidden_states());
    assert!(checkpoint.with_config(&[], json!({ "layer_types": ["full_attention"] })).hidden_states().is_err());
}

#[test]
fn rotary_embeddings_are_read_in_both_styles() {
    let checkpoint = Checkpoint::read("eurobert");
    let old = json!({ "rope_theta": 10000.0, "rope_scaling": null });
    checkpoint.assert_same(&checkpoint.with_config(&["rope_parameters"], old), "old config");
    let linear = |key: &str, scaling: Value| {
        checkpoint.with_config(&["rope_parameters"], json!({ "rope_theta": 10000.0, key: scaling }))
    };
    let new = linear("rope_parameters", json!({ "rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0 }));
    new.assert_same(&linear("rope_scaling", json!({ "type": "linear", "factor": 4.0 })), "linear");
    assert_ne!(checkpoint.hidden_states(), new.hidden_states());
    let yarn = linear("rope_scaling", json!({ "type": "yarn", "factor": 4.0 }));
    assert!(yarn.hidden_states().unwrap_err().contains("eurobert with yarn rotary embeddings"));
    assert!(linear("rope_scaling", json!({ "type": "linear", "factor": 0 })).hidden_states().is_err());
}

#[test]
fn esm_takes_its_frequencies_from_the_checkpoint() {
    let checkpoint = Checkpoint::read("esm");
    let stored = "encoder.layer.*.attention.self.rotary_embeddings.inv_freq";
    for name in ["rotary_embeddings.inv_freq", "encoder.layer.0.attention.self.rotary_embeddings.inv_freq"] {
        let renamed = checkpoint.renamed(|other| if other == stored { name.to_owned() } else { other.to_owned() });
        checkpoint.assert_same(&renamed, name);
    }
    let mut other = checkpoint.clone();
    other.tensors.iter_mut().find(|(name, ..)| name == stored).unwrap().2.fill(0);
    assert_ne!(checkpoint.hidden_states(), other.hidden_states());
    other.tensors.retain(|(name, ..)| name != stored);
    checkpoint.assert_same(&other, "by the config");
}

#[test]
fn configs_that_cannot_be_built_are_refused() {
    let huge = json!(16_000_000);
    for (model_type, key, value) in [
        ("bart", "decoder_attention_heads", json!(5)),
        ("bart", "d_model", huge.clone()),
        ("bart", "max_position_embeddings", huge.clone()),
        ("esm", "position_embedding_type", json!("relative_key")),
        ("esm", "mask_token_id", json!(-4)),
        ("esm", "is_decoder", json!(true)),
        ("eurobert", "num_key_value_heads", json!(3)),
        ("eurobert", "head_dim", json!(5)),
        ("eurobert", "head_dim", huge.clone()),
        ("modernbert", "num_attention_heads", json!(3)),
        ("modernbert", "num_hidden_layers", huge.clone()),
        ("modernbert", "local_attention", json!(0)),
        ("nomic_bert", "head_dim", json!(3)),
        ("roformer", "num_attention_heads", json!(16)),
        ("roformer", "embedding_size", json!(0)),
        ("t5", "feed_forward_proj", json!("gated-gelu-new")),
        ("t5", "d_kv", huge.clone()),
        ("t5", "num_heads", huge.clone()),
        ("t5", "relative_attention_num_buckets", json!(1)),
        ("t5", "relative_attention_max_distance", json!(2)),
    ] {
        let checkpoint = Checkpoint::read(model_type);
        assert!(checkpoint.with_config(&[key], json!({ key: value })).hidden_states().is_err(), "{model_type} {key}");
    }
}
