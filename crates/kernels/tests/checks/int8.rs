//! Products of quantized numbers.

use vitrine_kernels::Finish;
use vitrine_kernels::int8::{Matrix, Rows};

use super::{Random, assert_near, digest, functions::definitions, product::definition};

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

/// A matrix, and the weights that it is made of: what a sum of four such numbers may be is like in trained matrices.
pub fn matrix(random: &mut Random, outputs: usize, inputs: usize) -> (Matrix, Vec<f32>) {
    let weights: Vec<f32> = random.numbers(outputs * inputs).into_iter().map(|number| number.powi(3)).collect();
    (quantized(&weights, outputs, inputs), weights)
}

#[allow(clippy::unwrap_used, reason = "a check fails where there is no memory")]
fn zeros(outputs: usize, inputs: usize) -> Matrix {
    Matrix::zeros(outputs, inputs).unwrap()
}

fn quantized(weights: &[f32], outputs: usize, inputs: usize) -> Matrix {
    let mut matrix = zeros(outputs, inputs);
    weights.chunks_exact(inputs).enumerate().for_each(|(output, row)| matrix.set(output, row));
    matrix
}

pub fn weights_come_back() -> u64 {
    for (outputs, inputs) in [(1, 1), (3, 5), (11, 13), (16, 32)] {
        let (made, weights) = matrix(&mut Random::new(inputs), outputs, inputs);
        let mut again = zeros(outputs, inputs);
        for (output, row) in weights.chunks(inputs).enumerate() {
            let mut found = vec![0; inputs];
            let scale = made.row(output, &mut found);
            let largest = row.iter().fold(0f32, |largest, x| largest.max(x.abs()));
            assert!(scale >= largest / 127.0);
            for (found, number) in found.iter().zip(row) {
                assert!((f64::from(*found) - f64::from(*number) / f64::from(scale)).abs() < 0.5001);
            }
            again.set_quantized(output, &found, scale);
            assert_eq!(made.sums[output], found.iter().map(|x| i32::from(*x)).sum::<i32>());
        }
        assert_eq!(again, made);
    }
    let mut nothing = zeros(8, 3);
    nothing.set(2, &[0.0, f32::NAN, 0.0]);
    assert_eq!((nothing.scales[2], nothing.sums[2]), (0.0, 0));
    0
}

/// The scale is `largest / 127` unless four weights of one sign, two inputs and the two that are four behind them, are
/// more than 256 of it, and no larger than that asks for.
pub fn weights_fit_as_they_are_quantized() -> u64 {
    let scale = |row: &[f32]| {
        let matrix = quantized(row, 1, row.len());
        assert!(matrix.fits, "{row:?}");
        matrix.scales[0] * 127.0
    };
    assert_eq!(scale(&[1.0, 1.0, 0.0, 0.0, 0.0, 0.0]), 1.0);
    assert_eq!(scale(&[1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0, -1.0]), 1.0);
    for four in [[0, 1, 4, 5], [2, 3, 6, 7]] {
        for sign in [1.0, -1.0] {
            let mut row = [0.0; 24];
            four.iter().for_each(|place| row[8 + place] = sign);
            assert!((scale(&row) - 4.0 * 127.0 / 256.0).abs() < 1e-6);
            // Beside others, what is left of a row is cut off.
            assert!((scale(&row[..14]) - if four[0] == 0 { 4.0 * 127.0 / 256.0 } else { 1.0 }).abs() < 1e-6);
        }
    }
    let mut random = Random::new(3);
    for inputs in 1..40 {
        scale(&random.numbers(inputs));
    }
    0
}

/// Of weights that were not [quantized](Matrix::set) here, whether they fit in 16 bits or do not by one.
pub fn products_of_the_heaviest_weights_are_exact() -> u64 {
    let mut bits = 0;
    for sign in [1, -1] {
        for (weights, fits) in [([127, 127, 3, 1], true), ([127, 127, 3, 2], false), ([127, 127, 127, 127], false)] {
            let [a, b, c, d] = weights.map(|weight| weight * sign);
            let mut matrix = zeros(9, 16);
            let row = [a, b, 1, 1, c, d, 1, 1, 1, 1, a, b, 1, 1, c, d];
            (0..9).for_each(|output| matrix.set_quantized(output, &row, 1.0));
            assert_eq!(matrix.fits, fits);
            let rows = [1.0; 16 * 5];
            let mut out = [0.0; 9 * 5];
            matrix.product(&Rows::quantize(&rows, 16), Finish::default(), &mut out);
            let expected: i32 = row.iter().map(|weight| i32::from(*weight)).sum();
            // A row of ones is quantized to 127 of 1/126.99.
            assert!(out.iter().all(|found| (found - expected as f32 * 127.0 / 126.99).abs() < 0.01), "{out:?}");
            bits = digest(bits, &out);
        }
    }
    bits
}

/// The product of the numbers as they are quantized by definition.
pub fn products_are_exact() -> u64 {
    let mut bits = 0;
    for &(count, inputs, outputs) in SHAPES {
        let mut random = Random::new(count * 31 + inputs);
        let (matrix, _) = matrix(&mut random, outputs, inputs);
        let (bias, rows) = (random.numbers(outputs), random.numbers(count * inputs));
        let mut out = vec![f32::NAN; count * outputs];
        let finish = Finish { bias: &bias, ..Finish::default() };
        matrix.product(&Rows::quantize(&rows, inputs), finish, &mut out);
        for (row, out) in rows.chunks(inputs).zip(out.chunks(outputs)) {
            let (lowest, highest) = row.iter().fold((0f32, 0f32), |(low, high), x| (low.min(*x), high.max(*x)));
            let scale = (highest - lowest) / 126.99;
            let zero = (-lowest * (1.0 / scale)).round_ties_even();
            let numbers: Vec<i32> =
                row.iter().map(|x| (x * (1.0 / scale)).round_ties_even().clamp(-zero, 127.0 - zero) as i32).collect();
            for (output, found) in out.iter().enumerate() {
                let mut weights = vec![0; inputs];
                let of_weights = matrix.row(output, &mut weights);
                let sum: i32 = numbers.iter().zip(weights).map(|(a, b)| a * i32::from(b)).sum();
                let expected = sum as f32 * (scale * of_weights) + bias[output];
                // Rounding to whole numbers together with the zero point differs at ties alone.
                let step = 127.0 * f64::from(scale * of_weights) * (inputs as f64 / 1e3).max(1.0);
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
        let (matrix, weights) = matrix(&mut random, outputs, inputs);
        let rows = random.numbers(count * inputs);
        let expected = definition(&rows, &weights, count, inputs, outputs);
        let before = random.numbers(count * outputs);
        let mut out = before.clone();
        let finish = Finish { add: true, ..Finish::default() };
        matrix.product(&Rows::quantize(&rows, inputs), finish, &mut out);
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

pub fn products_finish_as_told() -> u64 {
    for &(count, inputs, outputs) in SHAPES {
        let mut random = Random::new(inputs + outputs);
        let (matrix, _) = matrix(&mut random, outputs, inputs);
        let (rows, bias) = (random.numbers(count * inputs), random.numbers(outputs));
        let rows = Rows::quantize(&rows, inputs);
        let mut plain = vec![0.0; count * outputs];
        matrix.product(&rows, Finish { bias: &bias, ..Finish::default() }, &mut plain);
        for (function, definition, tolerance) in definitions() {
            let mut out = vec![f32::NAN; count * outputs];
            matrix.product(&rows, Finish { bias: &bias, activation: Some(function), add: false }, &mut out);
            let expected: Vec<f64> = plain.iter().map(|number| definition(f64::from(*number))).collect();
            assert_near(&out, &expected, tolerance, &format!("{function:?} of {count} × {inputs} × {outputs}"));
        }
    }
    0
}

pub fn products_keep_what_is_no_number_in_its_row() -> u64 {
    let (inputs, outputs) = (9, 10);
    let mut random = Random::new(5);
    let (matrix, _) = matrix(&mut random, outputs, inputs);
    for flaw in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for place in 0..inputs {
            let mut rows = random.numbers(3 * inputs);
            rows[inputs + place] = flaw;
            rows[2 * inputs..].fill(0.0);
            let mut out = vec![1.0; 3 * outputs];
            let quantized = Rows::quantize(&rows, inputs);
            matrix.product(&quantized, Finish::default(), &mut out);
            assert!(out[..outputs].iter().all(|number| number.is_finite()));
            assert!(out[outputs..2 * outputs].iter().all(|number| number.is_nan()), "{flaw} at {place}: {out:?}");
            assert!(out[2 * outputs..].iter().all(|number| *number == 0.0), "a row of zeros");
        }
    }
    0
}
