//! The layers of a small BERT (MiniLM: 384 numbers a token, 12 heads, 1,536 inner numbers), kernel by kernel:
//! what a product costs whose weights are in no cache.

use vitrine_kernels::attention::{Shape, attend};
use vitrine_kernels::{Finish, Function, int8, norm, product, rows::add};

use crate::checks::{Random, int8::matrix};

/// Numbers of a token.
pub const HIDDEN: usize = 384;
const INNER: usize = 1536;
const HEADS: usize = 12;

/// Parts of a layer, to be put together: the time of one is what is missing without it.
const PRODUCTS: usize = 1;
const ATTENTION: usize = 2;
const NORMS: usize = 4;
const QUANTIZATION: usize = 8;

enum Panels {
    F32(Vec<f32>),
    Int8(int8::Matrix),
}

struct Matrix {
    panels: Panels,
    bias: Vec<f32>,
    inputs: usize,
}

impl Matrix {
    fn new(random: &mut Random, quantized: bool, outputs: usize, inputs: usize) -> Self {
        let panels = if quantized {
            Panels::Int8(matrix(random, outputs, inputs).0)
        } else {
            Panels::F32(random.numbers(product::packed_len(outputs, inputs)))
        };
        Self { panels, bias: random.numbers(outputs), inputs }
    }

    /// As layers of a model do: into room of its own, the rows quantized once for all matrices that take them.
    fn product(&self, rows: &[f32], quantized: &Option<int8::Rows>, activation: Option<Function>) -> Vec<f32> {
        let outputs = self.bias.len();
        let mut out = vec![0.0; rows.len() / self.inputs * outputs];
        let finish = Finish { bias: &self.bias, activation, add: false };
        match (&self.panels, quantized) {
            (Panels::F32(panels), _) => product::product(rows, panels, self.inputs, outputs, finish, &mut out),
            (Panels::Int8(matrix), Some(rows)) => matrix.product(rows, finish, &mut out),
            _ => {}
        }
        out
    }
}

/// So many layers, in f32 or in int8: each call does the `parts` of the next one.
pub fn layers(random: &mut Random, quantized: bool, count: usize, parts: usize) -> super::Run {
    let shapes = [(HIDDEN, HIDDEN); 4].into_iter().chain([(INNER, HIDDEN), (HIDDEN, INNER)]);
    let mut matrices = Vec::new();
    for (outputs, inputs) in std::iter::repeat_n(shapes, count).flatten() {
        matrices.push(Matrix::new(random, quantized, outputs, inputs));
    }
    let numbers = random.numbers(HIDDEN);
    let mut next = 0;
    Box::new(move |rows, out| {
        out.copy_from_slice(rows);
        let quantize =
            |rows: &[f32], inputs| (quantized && parts & QUANTIZATION != 0).then(|| int8::Rows::quantize(rows, inputs));
        let residual = |rows: &mut [f32], others: &[f32]| {
            if parts & NORMS != 0 {
                add(rows, others);
                norm::layer_norm(rows, &numbers, &numbers, 1e-12);
            }
        };
        let matrix = |index: usize, rows: &[f32], quantized: &Option<int8::Rows>, activation| {
            let matrix = &matrices[next % count * 6 + index];
            if parts & PRODUCTS != 0 {
                return matrix.product(rows, quantized, activation);
            }
            vec![0.5; rows.len() / matrix.inputs * matrix.bias.len()]
        };
        let input = quantize(out, HIDDEN);
        let [query, key, value] = [0, 1, 2].map(|index| matrix(index, out, &input, None));
        let mut attended = vec![0.0; out.len()];
        if parts & ATTENTION != 0 {
            let (tokens, width) = (out.len() / HIDDEN, HIDDEN / HEADS);
            let shape = Shape {
                heads: HEADS,
                key_heads: HEADS,
                queries: tokens,
                keys: tokens,
                width,
                value_width: width,
                scale: 0.2,
                window: None,
            };
            attend(&query, &key, &value, &shape, None, &mut attended);
        }
        residual(out, &matrix(3, &attended, &quantize(&attended, HIDDEN), None));
        let inner = matrix(4, out, &quantize(out, HIDDEN), Some(Function::Gelu));
        residual(out, &matrix(5, &inner, &quantize(&inner, INNER), None));
        next += 1;
    })
}
