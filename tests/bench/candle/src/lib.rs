//! candle's own BERT compiled to wasm: token ids in, hidden states out.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use wasm_bindgen::prelude::*;

/// A loaded model.
#[wasm_bindgen]
pub struct Bert(BertModel);

#[wasm_bindgen]
impl Bert {
    /// The model of a checkpoint: the bytes of `model.safetensors` and the text of `config.json`.
    ///
    /// # Errors
    /// What candle says of a checkpoint that it cannot take.
    #[wasm_bindgen(constructor)]
    pub fn new(weights: Vec<u8>, config: &str) -> Result<Bert, JsError> {
        let config: Config = serde_json::from_str(config)?;
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)?;
        Ok(Self(BertModel::load(weights, &config)?))
    }

    /// The last hidden states, `[rows, tokens, width]` in one list, of `rows` texts of equal length.
    ///
    /// # Errors
    /// What candle says of ids that it cannot take.
    pub fn hidden_states(&self, ids: Vec<u32>, rows: usize) -> Result<Vec<f32>, JsError> {
        let tokens = ids.len() / rows.max(1);
        let ids = Tensor::from_vec(ids, (rows, tokens), &Device::Cpu)?;
        let output = self.0.forward(&ids, &ids.zeros_like()?, None)?;
        Ok(output.flatten_all()?.to_vec1()?)
    }
}
