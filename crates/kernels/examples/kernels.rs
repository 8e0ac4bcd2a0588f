//! The checks and timings of the kernels for a browser.
#![allow(unsafe_code, clippy::indexing_slicing)]

#[path = "../tests/checks/mod.rs"]
mod checks;
#[path = "kernels/layers.rs"]
mod layers;

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::OnceLock;

use checks::{CHECKS, Random};
use vitrine_kernels::attention::{Shape, attend};
use vitrine_kernels::{Finish, Function, int8, norm, product, softmax};

/// Where a text is: its address and, times 2³², its length.
fn place(text: &str) -> u64 {
    text.as_ptr() as u64 | (text.len() as u64) << 32
}

/// The name of check `index`, as its address and, times 2³², its length; 0 where there are no more checks.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
extern "C" fn check_name(index: usize) -> u64 {
    CHECKS.get(index).map_or(0, |(name, _)| place(name))
}

/// The digest of check `index`; traps where it fails.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
extern "C" fn check(index: usize) -> u64 {
    std::panic::set_hook(Box::new(|failure| {
        let _ = FAILURE.set(failure.to_string());
    }));
    CHECKS[index].1()
}

/// Why the last check has failed.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
extern "C" fn failure() -> u64 {
    FAILURE.get().map_or(0, |text| place(text))
}

static FAILURE: OnceLock<String> = OnceLock::new();

/// A work, and the numbers that it reads and writes.
struct Bench {
    rows: Vec<f32>,
    run: Run,
    out: Vec<f32>,
}

/// From the numbers that are read to those that are written.
type Run = Box<dyn FnMut(&[f32], &mut [f32])>;

thread_local! {
    static BENCH: RefCell<Option<Bench>> = const { RefCell::new(None) };
}

/// Prepares work: 0 product in f32, 1 the same with bias and GELU, 2 product in int8, 3 the same with rows that are
/// quantized already, 4 attention of `a` tokens in `b` heads of `c` numbers, 5 softmax of `a` rows of `b` numbers, 6 GELU
/// and 7 layer norm of the same (5 to 7 copy the rows too), 8 sums in registers in `a` steps, 9 and 10 [layers](layers::layers) in f32
/// and in int8 of `a` tokens, `b` of them, one a time, the parts `c`. For products, `a` rows, `b` inputs, `c` outputs.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
extern "C" fn prepare(work: u32, a: usize, b: usize, c: usize) {
    let mut random = Random::new(work as usize);
    let plain = Finish::default();
    let (read, written) = match work {
        4 => (a * b * c, a * b * c),
        9 | 10 => (a * layers::HIDDEN, a * layers::HIDDEN),
        _ => (a * b, a * b.max(c)),
    };
    let (rows, out) = (random.numbers(read), vec![0.0; written]);
    let run: Run = match work {
        0 | 1 => {
            let panels = random.numbers(product::packed_len(c, b));
            let bias = random.numbers(c);
            Box::new(move |rows, out| {
                let gelu = Finish { bias: &bias, activation: Some(Function::Gelu), add: false };
                product::product(rows, &panels, b, c, if work == 0 { plain } else { gelu }, &mut out[..a * c]);
            })
        }
        2 | 3 => {
            let matrix = checks::int8::matrix(&mut random, c, b).0;
            let quantized = int8::Rows::quantize(&rows, b);
            Box::new(move |rows, out| {
                let again = (work == 2).then(|| int8::Rows::quantize(rows, b));
                matrix.product(again.as_ref().unwrap_or(&quantized), plain, &mut out[..a * c]);
            })
        }
        4 => {
            let shape = Shape {
                heads: b,
                key_heads: b,
                queries: a,
                keys: a,
                width: c,
                value_width: c,
                scale: 0.2,
                window: None,
            };
            Box::new(move |rows, out| attend(rows, rows, rows, &shape, None, out))
        }
        5 => Box::new(move |rows, out| {
            out.copy_from_slice(rows);
            out.chunks_mut(b).for_each(|row| softmax::softmax(row, b));
        }),
        6 => Box::new(move |rows, out| {
            out.copy_from_slice(rows);
            Function::Gelu.apply(out);
        }),
        7 => {
            let weight = random.numbers(b);
            Box::new(move |rows, out| {
                out.copy_from_slice(rows);
                norm::layer_norm(out, &weight, &weight, 1e-12);
            })
        }
        9 | 10 => layers::layers(&mut random, work == 10, b, c),
        #[cfg(target_arch = "wasm32")]
        _ => Box::new(move |_, out| peak(a, out)),
        #[cfg(not(target_arch = "wasm32"))]
        _ => Box::new(|_, _| {}),
    };
    BENCH.set(Some(Bench { rows, run, out }));
}

/// Does the prepared work so many times.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
extern "C" fn work(times: u32) {
    BENCH.with_borrow_mut(|bench| {
        let Some(bench) = bench else { return };
        for _ in 0..times {
            (bench.run)(black_box(&bench.rows), black_box(&mut bench.out));
        }
    });
}

/// Sums of eight vectors, `4 * 8 * 2 * steps` operations: what the processor does at most.
#[cfg(target_arch = "wasm32")]
#[inline(never)]
fn peak(steps: usize, out: &mut [f32]) {
    use std::arch::wasm32::*;
    let (factor, summand) = (f32x4_splat(black_box(0.999)), f32x4_splat(black_box(0.001)));
    let mut sums = [f32x4_splat(1.0); 8];
    for _ in 0..steps {
        for sum in &mut sums {
            #[cfg(target_feature = "relaxed-simd")]
            (*sum = f32x4_relaxed_madd(factor, summand, *sum));
            #[cfg(not(target_feature = "relaxed-simd"))]
            (*sum = f32x4_add(*sum, f32x4_mul(factor, summand)));
        }
    }
    for (to, sum) in out.iter_mut().zip(sums) {
        *to = f32x4_extract_lane::<0>(sum);
    }
}
