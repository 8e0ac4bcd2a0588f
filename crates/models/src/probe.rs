//! How fast this core is.

use vitrine_kernels::{Finish, product};

/// Rows, inputs and outputs of the product that is measured.
const SHAPE: [usize; 3] = [128, 384, 384];

/// Milliseconds that a measurement takes.
const LONGEST: f64 = 50.0;

/// What this core does in f32, in 10⁹ operations a second, by the fastest of the products of 50 ms; `clock` tells
/// milliseconds.
pub fn gflops(clock: impl Fn() -> f64) -> f64 {
    let [rows, inputs, outputs] = SHAPE;
    let (numbers, panels) = (vec![1.0; rows * inputs], vec![1.0; product::packed_len(outputs, inputs)]);
    let mut out = vec![0.0; rows * outputs];
    let (begin, mut fastest) = (clock(), f64::INFINITY);
    while clock() - begin < LONGEST {
        let start = clock();
        // Several at a time: clocks of browsers are coarse.
        for _ in 0..4 {
            product::product(&numbers, &panels, inputs, outputs, Finish::default(), &mut out);
        }
        fastest = fastest.min((clock() - start) / 4.0);
    }
    2.0 * (rows * inputs * outputs) as f64 / fastest.max(1e-3) / 1e6
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::gflops;

    #[test]
    fn a_core_has_a_speed() {
        let begin = Instant::now();
        let found = gflops(|| begin.elapsed().as_secs_f64() * 1e3);
        assert!(found > 0.01 && found < 1e4, "{found}");
    }
}
