//! From a vector for each token to one for a text (`Pooling` of sentence-transformers).

/// One way to pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolingMode {
    /// The first token.
    Cls,
    /// The largest of each number.
    Max,
    /// The mean.
    Mean,
    /// The sum over the square root of the number of tokens.
    MeanSqrtLen,
    /// The mean with weights 1, 2, 3, … by position in the whole text.
    WeightedMean,
    /// The last token.
    LastToken,
}

/// One way or several, whose results stand one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pooling {
    /// In the order of the result.
    pub modes: Vec<PoolingMode>,
    /// Leading tokens that are left out, because they are a prompt's.
    pub skip: usize,
}

impl Pooling {
    /// Pools the hidden states of one text, `[tokens * hidden]` without padding, to `[modes * hidden]`.
    pub fn apply(&self, hidden_states: &[f32], hidden: usize) -> Vec<f32> {
        let tokens = || hidden_states.chunks_exact(hidden.max(1)).skip(self.skip);
        let mut pooled = Vec::with_capacity(self.modes.len() * hidden);
        for mode in &self.modes {
            let weighted = |weight: fn(usize) -> f32| {
                let mut sum = vec![0.0; hidden];
                let mut total = 0.0;
                for (position, token) in (self.skip..).zip(tokens()) {
                    let weight = weight(position);
                    total += weight;
                    sum.iter_mut().zip(token).for_each(|(sum, number)| *sum += number * weight);
                }
                (sum, total.max(1e-9))
            };
            match mode {
                PoolingMode::Cls => pooled.extend(tokens().next().unwrap_or_default()),
                PoolingMode::LastToken => pooled.extend(tokens().last().unwrap_or_default()),
                PoolingMode::Max => {
                    let mut largest = vec![f32::NEG_INFINITY; hidden];
                    for token in tokens() {
                        largest.iter_mut().zip(token).for_each(|(largest, number)| *largest = largest.max(*number));
                    }
                    pooled.extend(largest);
                }
                PoolingMode::Mean => {
                    let (sum, total) = weighted(|_| 1.0);
                    pooled.extend(sum.iter().map(|sum| sum / total));
                }
                PoolingMode::MeanSqrtLen => {
                    let (sum, total) = weighted(|_| 1.0);
                    pooled.extend(sum.iter().map(|sum| sum / total.sqrt()));
                }
                PoolingMode::WeightedMean => {
                    let (sum, total) = weighted(|position| (position + 1) as f32);
                    pooled.extend(sum.iter().map(|sum| sum / total));
                }
            }
        }
        pooled
    }
}
