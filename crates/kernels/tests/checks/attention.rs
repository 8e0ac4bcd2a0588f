//! Attention.

use vitrine_kernels::attention::{Shape, attend};

use super::{Random, assert_near};

/// The definition in f64, with a bias that is added.
fn definition(
    query: &[f32],
    key: &[f32],
    value: &[f32],
    shape: &Shape,
    bias: impl Fn(usize, usize, usize) -> f64,
) -> Vec<f64> {
    let Shape { heads, key_heads, queries, keys, width, value_width, scale, window } = *shape;
    let mut out = vec![0.0; queries * heads * value_width];
    for head in 0..heads {
        let key_head = head / (heads / key_heads);
        for at in 0..queries {
            let scores: Vec<f64> = (0..keys)
                .map(|other| {
                    if window.is_some_and(|window| at.abs_diff(other) > window) {
                        return f64::NEG_INFINITY;
                    }
                    let query = &query[(at * heads + head) * width..][..width];
                    let key = &key[(other * key_heads + key_head) * width..][..width];
                    let sum: f64 = query.iter().zip(key).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                    sum * f64::from(scale) + bias(head, at, other)
                })
                .collect();
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if largest == f64::NEG_INFINITY {
                continue;
            }
            let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
            let sum: f64 = powers.iter().sum();
            for (other, power) in powers.iter().enumerate() {
                for number in 0..value_width {
                    let value = value[(other * key_heads + key_head) * value_width + number];
                    out[(at * heads + head) * value_width + number] += power / sum * f64::from(value);
                }
            }
        }
    }
    out
}

fn check(shape: &Shape, biased: bool) {
    let mut random = Random::new(shape.keys * 7 + shape.width);
    let query = random.numbers(shape.queries * shape.heads * shape.width);
    // One key more than there are: padding.
    let mut key = random.numbers((shape.keys + 1) * shape.key_heads * shape.width);
    let mut value = random.numbers((shape.keys + 1) * shape.key_heads * shape.value_width);
    key[shape.keys * shape.key_heads * shape.width..].fill(f32::NAN);
    value[shape.keys * shape.key_heads * shape.value_width..].fill(f32::NAN);
    let bias = |head: usize, query: usize, key: usize| ((head * 5 + query * 3 + key * 7) % 11) as f64 / 4.0 - 1.0;
    let add = |head: usize, query: usize, scores: &mut [f32]| {
        assert_eq!(scores.len(), shape.keys);
        for (key, score) in scores.iter_mut().enumerate() {
            *score += bias(head, query, key) as f32;
        }
    };
    let expected =
        definition(&query, &key, &value, shape, |head, query, key| if biased { bias(head, query, key) } else { 0.0 });
    let mut out = vec![f32::NAN; expected.len()];
    attend(&query, &key, &value, shape, if biased { Some(&add) } else { None }, &mut out);
    assert_near(&out, &expected, 3e-6, &format!("{shape:?}"));
}

fn shape(heads: usize, key_heads: usize, queries: usize, keys: usize, width: usize, value_width: usize) -> Shape {
    Shape { heads, key_heads, queries, keys, width, value_width, scale: 2.5, window: None }
}

pub fn follows_its_definition() -> u64 {
    for biased in [false, true] {
        for tokens in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 70, 131] {
            check(&shape(2, 2, tokens, tokens, 32, 32), biased);
            check(&shape(4, 2, tokens, tokens + 3, 5, 9), biased);
            check(&shape(3, 1, tokens + 5, tokens, 16, 7), biased);
        }
        check(&shape(1, 1, 3, 0, 4, 4), biased);
        check(&shape(1, 1, 0, 3, 4, 4), biased);
        check(&shape(1, 1, 2, 3, 0, 4), biased);
        check(&shape(2, 2, 2, 3, 4, 0), biased);
        check(&Shape { scale: -1.0, ..shape(1, 1, 20, 20, 8, 8) }, biased);
    }
    0
}

pub fn reaches_no_farther_than_its_window() -> u64 {
    for biased in [false, true] {
        for window in [0, 1, 3, 8, 17, 64, 1000, usize::MAX] {
            for (queries, keys) in [(1, 1), (9, 9), (40, 40), (100, 100), (60, 30), (30, 60)] {
                let window = Some(window);
                check(&Shape { window, ..shape(2, 1, queries, keys, 8, 8) }, biased);
            }
        }
    }
    0
}

pub fn biased_to_nothing_is_0() -> u64 {
    let shape = shape(2, 2, 19, 19, 8, 8);
    let numbers = Random::new(3).numbers(19 * 16);
    let mut out = vec![1.0; 19 * 16];
    let bias = |head: usize, query: usize, scores: &mut [f32]| {
        if head == 1 && query == 17 {
            scores.fill(f32::NEG_INFINITY);
        }
    };
    attend(&numbers, &numbers, &numbers, &shape, Some(&bias), &mut out);
    assert_eq!(out[17 * 16 + 8..18 * 16], [0.0; 8]);
    assert!(out[..17 * 16 + 8].iter().all(|number| *number != 0.0 && number.is_finite()));
    0
}

pub fn of_long_texts_follows_its_definition() -> u64 {
    for biased in [false, true] {
        check(&Shape { scale: 0.2, ..shape(1, 1, 5, 2048, 32, 32) }, biased);
        check(&Shape { scale: 0.2, window: Some(256), ..shape(1, 1, 2048, 2048, 8, 4) }, biased);
    }
    0
}

pub fn keeps_what_is_no_number_with_whom_it_concerns() -> u64 {
    let (tokens, width) = (21, 8);
    let shape = shape(1, 1, tokens, tokens, width, width);
    for flaw in [f32::NAN, f32::INFINITY] {
        let numbers = Random::new(4).numbers(tokens * width);
        let mut flawed = numbers.clone();
        flawed[17 * width + 3] = flaw;
        let with = |query: &[f32], key: &[f32], value: &[f32]| {
            let mut out = vec![0.0; tokens * width];
            attend(query, key, value, &shape, None, &mut out);
            out
        };
        // A query's flaw is its own row's; that of a value is in one column of all rows, and that of a key in all that
        // give it any weight.
        let sound = with(&numbers, &numbers, &numbers);
        let of_query = with(&flawed, &numbers, &numbers);
        let differs = |(index, (a, b)): (usize, (&f32, &f32))| (!(a == b)).then_some(index);
        let places: Vec<usize> = of_query.iter().zip(&sound).enumerate().filter_map(differs).collect();
        assert_eq!(places, (17 * width..18 * width).collect::<Vec<_>>(), "{flaw}");
        assert!(of_query[17 * width..18 * width].iter().all(|number| number.is_nan()), "{flaw}");
        let of_value = with(&numbers, &numbers, &flawed);
        for (place, number) in of_value.iter().enumerate() {
            assert_eq!(place % width == 3, !number.is_finite(), "{flaw} at {place}: {number}");
        }
        let of_key = with(&numbers, &flawed, &numbers);
        let lost = of_key.chunks(width).filter(|row| row.iter().all(|number| number.is_nan())).count();
        assert!(lost > 0 && of_key.iter().all(|number| number.is_finite() || number.is_nan()), "{flaw}: {lost}");
    }
    0
}
