//! Products of quantized numbers.

use vitrine_kernels::Finish;
use vitrine_kernels::int8::{Rows, pack, pack_quantized, packed_len, product, unpack};

use super::{Random, digest, product::definition};

const SHAPES: &[(usize, usize, usize)] = &[
    (1, 1, 1),
    (1, 3, 33),
    (1, 4, 64),
    (9, 10, 530),
    (2, 5, 7),
    (2, 384, 40),
    (3, 6, 8),
    (3, 70, 17),
    (4, 7, 9),
    (5, 8, 31),
    (6, 9, 32),
    (7, 12, 33),
    (8, 13, 100),
    (9, 384, 65),
    (17, 33, 24),
    (32, 64, 16),
    (129, 70, 41),
    (3, 1536, 12),
    (1, 3072, 35),
];

struct Matrix {
    weights: Vec<f32>,
    panels: Vec<i8>,
    scales: Vec<f32>,
    sums: Vec<i32>,
}

fn matrix(random: &mut Random, outputs: usize, inputs: usize) -> Matrix {
    let weights = random.numbers(outputs * inputs);
    let mut panels = vec![0; packed_len(outputs, inputs)];
    let rows = weights.chunks_exact(inputs).enumerate();
    let (scales, sums) = rows.map(|(output, row)| pack(&mut panels, inputs, output, row)).unzip();
    Matrix { weights, panels, scales, sums }
}

pub fn weights_come_back() -> u64 {
    for (outputs, inputs) in [(1, 1), (3, 5), (11, 13), (16, 32)] {
        let made = matrix(&mut Random::new(inputs), outputs, inputs);
        let mut again = vec![0; packed_len(outputs, inputs)];
        for (output, row) in made.weights.chunks(inputs).enumerate() {
            let mut found = vec![0; inputs];
            unpack(&made.panels, inputs, output, &mut found);
            let largest = row.iter().fold(0f32, |largest, x| largest.max(x.abs()));
            assert_eq!(made.scales[output], largest / 127.0);
            for (found, number) in found.iter().zip(row) {
                assert!((f64::from(*found) - f64::from(*number) / f64::from(largest) * 127.0).abs() < 0.5001);
            }
            assert_eq!(pack_quantized(&mut again, inputs, output, &found), made.sums[output]);
            assert_eq!(made.sums[output], found.iter().map(|x| i32::from(*x)).sum::<i32>());
        }
        assert_eq!(again, made.panels);
    }
    let mut panels = vec![1; 8 * 4];
    assert_eq!(pack(&mut panels, 3, 2, &[0.0, f32::NAN, 0.0]), (0.0, 0));
    0
}

/// The product of the numbers as they are quantized by definition.
pub fn products_are_exact() -> u64 {
    let mut bits = 0;
    for &(count, inputs, outputs) in SHAPES {
        let mut random = Random::new(count * 31 + inputs);
        let Matrix { panels, scales, sums, .. } = matrix(&mut random, outputs, inputs);
        let (bias, rows) = (random.numbers(outputs), random.numbers(count * inputs));
        let mut out = vec![f32::NAN; count * outputs];
        let finish = Finish { bias: &bias, ..Finish::default() };
        product(&Rows::quantize(&rows, inputs), &panels, &scales, &sums, outputs, finish, &mut out);
        for (row, out) in rows.chunks(inputs).zip(out.chunks(outputs)) {
            let (lowest, highest) = row.iter().fold((0f32, 0f32), |(low, high), x| (low.min(*x), high.max(*x)));
            let scale = (highest - lowest) / 126.99;
            let zero = (-lowest * (1.0 / scale)).round_ties_even();
            let numbers: Vec<i32> =
                row.iter().map(|x| (x * (1.0 / scale)).round_ties_even().clamp(-zero, 127.0 - zero) as i32).collect();
            for (output, found) in out.iter().enumerate() {
                let mut weights = vec![0; inputs];
                unpack(&panels, inputs, output, &mut weights);
                let sum: i32 = numbers.iter().zip(weights).map(|(a, b)| a * i32::from(b)).sum();
                let expected = sum as f32 * (scale * scales[output]) + bias[output];
                // Rounding to whole numbers together with the zero point differs at ties alone.
                let step = 127.0 * f64::from(scale * scales[output]) * (inputs as f64 / 1e3).max(1.0);
                let far = f64::from(found - expected).abs();
                assert!(far <= step * 1.01, "{found}, not {expected}: {count} × {inputs} × {outputs}");
            }
        }
        bits = digest(bits, &out);
    }
    bits
}

pub fn products_are_near_those_of_f32() -> u64 {
    for &(count, inputs, outputs) in SHAPES {
        let mut random = Random::new(inputs * 7 + outputs);
        let Matrix { weights, panels, scales, sums } = matrix(&mut random, outputs, inputs);
        let rows = random.numbers(count * inputs);
        let expected = definition(&rows, &weights, count, inputs, outputs);
        let before = random.numbers(count * outputs);
        let mut out = before.clone();
        let finish = Finish { add: true, ..Finish::default() };
        product(&Rows::quantize(&rows, inputs), &panels, &scales, &sums, outputs, finish, &mut out);
        // Half a step of a row (2/127) and of a weight (1/127) for each of `inputs` products of up to 1.
        let bound = inputs as f64 * (0.5 * 2.0 / 127.0 + 0.5 / 127.0 + 1e-4) + 1e-5;
        let mut errors = 0.0;
        for ((found, before), expected) in out.iter().zip(&before).zip(&expected) {
            let error = f64::from(*found) - f64::from(*before) - expected;
            assert!(error.abs() <= bound, "{error} in {count} × {inputs} × {outputs}");
            errors += error * error;
        }
        let deviation = (errors / out.len().max(1) as f64).sqrt();
        assert!(deviation <= 0.006 * (inputs as f64).sqrt() + 1e-3, "{deviation} in {count} × {inputs} × {outputs}");
    }
    0
}

pub fn products_keep_what_is_no_number_in_its_row() -> u64 {
    let (inputs, outputs) = (9, 10);
    let mut random = Random::new(5);
    let Matrix { panels, scales, sums, .. } = matrix(&mut random, outputs, inputs);
    for flaw in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for place in 0..inputs {
            let mut rows = random.numbers(3 * inputs);
            rows[inputs + place] = flaw;
            rows[2 * inputs..].fill(0.0);
            let mut out = vec![1.0; 3 * outputs];
            let quantized = Rows::quantize(&rows, inputs);
            product(&quantized, &panels, &scales, &sums, outputs, Finish::default(), &mut out);
            assert!(out[..outputs].iter().all(|number| number.is_finite()));
            assert!(out[outputs..2 * outputs].iter().all(|number| number.is_nan()), "{flaw} at {place}: {out:?}");
            assert!(out[2 * outputs..].iter().all(|number| *number == 0.0), "a row of zeros");
        }
    }
    0
}
