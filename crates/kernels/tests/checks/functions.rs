//! Functions of single numbers and of rows.

use vitrine_kernels::Function;
use vitrine_kernels::norm::{layer_norm, rms_norm};
use vitrine_kernels::softmax::softmax;

use super::{Random, assert_near};

/// A function, its definition, and the largest error that it may have, in parts of the result, at least 1.
pub type Defined = (Function, fn(f64) -> f64, f64);

pub fn definitions() -> [Defined; 7] {
    fn sigmoid(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }
    [
        (Function::Gelu, |x| 0.5 * x * (1.0 + libm::erf(x / 2f64.sqrt())), 1e-6),
        (
            Function::GeluTanh,
            |x| x * sigmoid(2.0 * (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)),
            1e-6,
        ),
        (Function::QuickGelu, |x| x * sigmoid(1.702 * x), 3e-7),
        (Function::Relu, |x| x.max(0.0), 0.0),
        (Function::Sigmoid, sigmoid, 2e-7),
        (Function::Silu, |x| x * sigmoid(x), 3e-7),
        (Function::Tanh, f64::tanh, 5e-7),
    ]
}

pub fn follow_their_definitions() -> u64 {
    for (function, definition, tolerance) in definitions() {
        let mut numbers: Vec<f32> = (-40_000..=40_000).map(|index| index as f32 / 1024.0).collect();
        numbers.extend((0..90).flat_map(|power| [2f32.powi(-power), -(2f32.powi(-power))]));
        let expected: Vec<f64> = numbers.iter().map(|x| definition(f64::from(*x))).collect();
        let small: Vec<usize> = (0..numbers.len()).filter(|index| numbers[*index].abs() < 0.5).collect();
        let before = numbers.clone();
        function.apply(&mut numbers);
        assert_near(&numbers, &expected, tolerance, &format!("{function:?}"));
        // Near 0 the error is small against the result too.
        for index in small {
            let (found, expected) = (f64::from(numbers[index]), expected[index]);
            let error = (found - expected).abs();
            assert!(error <= 1e-6 * expected.abs(), "{function:?} of {}: {found}, not {expected}", before[index]);
        }
        for length in 0..20 {
            let mut start = before[3000..3000 + length].to_vec();
            function.apply(&mut start);
            assert_eq!(start, &numbers[3000..3000 + length], "{function:?} of {length} numbers");
        }
    }
    0
}

pub fn keep_their_limits() -> u64 {
    for (function, _, _) in definitions() {
        let mut numbers = [f32::NAN, f32::INFINITY, -1e30, 1e30, -100.0, f32::MIN_POSITIVE, 0.0, -0.0, f32::NAN];
        function.apply(&mut numbers);
        let [nan, infinity, low, high, hundred, tiny, zero, negative, last] = numbers;
        assert!(nan.is_nan() && last.is_nan(), "{function:?}: {numbers:?}");
        let bounded = matches!(function, Function::Sigmoid | Function::Tanh);
        assert!(
            if bounded { (infinity - 1.0).abs() < 1e-6 } else { infinity == f32::INFINITY },
            "{function:?}: {infinity}"
        );
        assert!(
            if bounded { (high - 1.0).abs() < 1e-6 } else { (high / 1e30 - 1.0).abs() < 1e-6 },
            "{function:?}: {high}"
        );
        let lowest = if function == Function::Tanh { -1.0 } else { 0.0 };
        assert!((low - lowest).abs() < 1e-6 && (hundred - lowest).abs() < 1e-6, "{function:?}: {low} {hundred}");
        let middle = if function == Function::Sigmoid { 0.5 } else { 0.0 };
        assert!([tiny, zero, negative].iter().all(|x| (x - middle).abs() < 1e-30), "{function:?}: {numbers:?}");
    }
    0
}

pub fn softmax_follows_its_definition() -> u64 {
    for length in (1..40).chain([127, 128, 129, 512]) {
        for spread in [1.0, 20.0, 200.0] {
            let mut row: Vec<f32> = Random::new(length).numbers(length + 3).iter().map(|x| x * spread).collect();
            let largest = row[..length].iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let powers: Vec<f64> = row[..length].iter().map(|x| (f64::from(*x) - f64::from(largest)).exp()).collect();
            let sum: f64 = powers.iter().sum();
            let expected: Vec<f64> = powers.iter().map(|power| power / sum).chain([0.0; 3]).collect();
            softmax(&mut row, length);
            for (found, expected) in row.iter().zip(expected) {
                let error = (f64::from(*found) - expected).abs();
                // Differences of up to 400 are rounded to 1.5e-5; below e⁻⁸⁷ there is 0.
                assert!(error <= expected * (4e-7 + spread as f64 * 1.3e-7) + 2e-38, "{found}, not {expected}");
            }
        }
    }
    for (before, after) in [
        ([f32::NEG_INFINITY; 3], [0.0; 3]),
        ([0.0, f32::NEG_INFINITY, 0.0], [0.5, 0.0, 0.5]),
        ([3e38, -3e38, -1e30], [1.0, 0.0, 0.0]),
    ] {
        let mut row = before;
        softmax(&mut row, 3);
        assert_eq!(row, after);
    }
    for flaw in [f32::NAN, f32::INFINITY] {
        for place in [0, 3, 8, 9] {
            let mut row = [f32::NEG_INFINITY; 10];
            row[place] = flaw;
            softmax(&mut row, 10);
            assert!(row.iter().any(|number| number.is_nan()), "{flaw} at {place}");
        }
    }
    0
}

pub fn norms_follow_their_definitions() -> u64 {
    for width in (1..35).chain([384, 385]) {
        for shift in [0.0, 100.0] {
            let mut random = Random::new(width);
            let (weight, bias) = (random.numbers(width), random.numbers(width));
            let rows: Vec<f32> = random.numbers(3 * width).iter().map(|x| 5.0 * x + shift).collect();
            let (mut layer, mut square) = (Vec::new(), Vec::new());
            for row in rows.chunks(width) {
                let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / width as f64;
                let variance = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / width as f64;
                let squares = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / width as f64;
                for (index, x) in row.iter().enumerate() {
                    let (x, weight) = (f64::from(*x), f64::from(weight[index]));
                    layer.push((x - mean) / (variance + 1e-5).sqrt() * weight + f64::from(bias[index]));
                    square.push(x / (squares + 1e-5).sqrt() * weight);
                }
            }
            let mut found = rows.clone();
            layer_norm(&mut found, &weight, &bias, 1e-5);
            assert_near(&found, &layer, if shift == 0.0 { 3e-6 } else { 1e-4 }, &format!("width {width}"));
            let mut found = rows;
            rms_norm(&mut found, &weight, 1e-5);
            assert_near(&found, &square, 2e-6, &format!("width {width}"));
        }
    }
    0
}

pub fn norms_keep_their_limits() -> u64 {
    for width in [1, 3, 8, 11, 384] {
        let mut random = Random::new(width);
        let (weight, bias, row) = (random.numbers(width), random.numbers(width), random.numbers(width));
        // Zeros, equal numbers, one flaw at either end, and a row that nothing is wrong with.
        let mut rows = vec![0.0; width];
        rows.extend(vec![3.0; width]);
        for (flaw, place) in [(f32::NAN, 0), (f32::INFINITY, width - 1), (f32::NEG_INFINITY, 0)] {
            let mut flawed = row.clone();
            flawed[place] = flaw;
            rows.extend(flawed);
        }
        rows.extend(&row);
        let (mut layer, mut square, mut alone) = (rows.clone(), rows, row);
        layer_norm(&mut layer, &weight, &bias, 1e-5);
        rms_norm(&mut square, &weight, 1e-5);
        // What is equal is the mean.
        assert_eq!([&layer[..width], &layer[width..2 * width]], [&*bias, &*bias], "width {width}");
        assert!(square[..width].iter().all(|number| *number == 0.0), "width {width}");
        let expected: Vec<f64> =
            weight.iter().map(|weight| 3.0 / (9.0 + 1e-5f64).sqrt() * f64::from(*weight)).collect();
        assert_near(&square[width..2 * width], &expected, 1e-6, &format!("width {width}"));
        assert!(layer[2 * width..5 * width].iter().all(|number| number.is_nan()), "width {width}: {layer:?}");
        // Divided by infinity, numbers are 0, and infinity is none.
        assert!(square[2 * width..3 * width].iter().all(|number| number.is_nan()), "width {width}: {square:?}");
        for (row, place) in [(3, width - 1), (4, 0)] {
            let row = &square[row * width..][..width];
            let sound = |(index, number): (usize, &f32)| if index == place { number.is_nan() } else { *number == 0.0 };
            assert!(row.iter().enumerate().all(sound), "width {width}: {row:?}");
        }
        layer_norm(&mut alone, &weight, &bias, 1e-5);
        assert_eq!(layer[5 * width..], alone, "width {width}");
        assert!(square[5 * width..].iter().all(|number| number.is_finite()), "width {width}");
    }
    0
}
