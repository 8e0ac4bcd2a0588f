//! Products in f32.

use vitrine_kernels::Finish;
use vitrine_kernels::product::{pack, packed_len, product, product_of, unpack};

use super::functions::definitions;
use super::{Random, assert_near};

const ROWS: [usize; 11] = [1, 2, 3, 4, 5, 7, 8, 9, 17, 32, 129];

/// A matrix `[outputs, inputs]`, packed.
fn packed(weights: &[f32], outputs: usize, inputs: usize) -> Vec<f32> {
    let mut panels = vec![0.0; packed_len(outputs, inputs)];
    for output in 0..outputs {
        let row = &weights[output * inputs..][..inputs];
        let (start, rest) = row.split_at(inputs / 3);
        pack(&mut panels, inputs, output, 0, start);
        pack(&mut panels, inputs, output, start.len(), rest);
    }
    panels
}

/// `rows · weightsᵀ` in f64.
pub fn definition(rows: &[f32], weights: &[f32], count: usize, inputs: usize, outputs: usize) -> Vec<f64> {
    let mut out = Vec::with_capacity(count * outputs);
    for row in 0..count {
        for output in 0..outputs {
            let (row, weights) = (&rows[row * inputs..][..inputs], &weights[output * inputs..][..inputs]);
            out.push(row.iter().zip(weights).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum());
        }
    }
    out
}

fn check(count: usize, inputs: usize, outputs: usize) {
    let mut random = Random::new(count * 1_000_003 + inputs * 1009 + outputs);
    let (rows, weights) = (random.numbers(count * inputs), random.numbers(outputs * inputs));
    let panels = packed(&weights, outputs, inputs);
    let expected = definition(&rows, &weights, count, inputs, outputs);
    let what = format!("{count} rows, {inputs} inputs, {outputs} outputs");
    let tolerance = 6e-8 * inputs as f64 + 1e-6;
    let mut out = vec![f32::NAN; count * outputs];
    product(&rows, &panels, inputs, outputs, Finish::default(), &mut out);
    assert_near(&out, &expected, tolerance, &what);
    let mut asked = vec![0; outputs.div_ceil(8)];
    let mut again = vec![f32::NAN; count * outputs];
    let mut panel = |index: usize, numbers: &mut [f32]| {
        asked[index] += 1;
        numbers.copy_from_slice(&panels[index * inputs * 8..][..inputs * 8]);
    };
    product_of(&rows, &mut panel, inputs, outputs, Finish::default(), &mut again);
    assert_eq!(out, again, "{what}");
    assert!(count == 0 || inputs == 0 || asked.iter().all(|times| *times == 1), "{what}: panels asked for {asked:?}");
}

pub fn follow_their_definition() -> u64 {
    for count in ROWS {
        for inputs in (1..=70).step_by(if count < 5 { 1 } else { 23 }) {
            for outputs in [1, 2, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33] {
                check(count, inputs, outputs);
            }
        }
    }
    for (count, inputs, outputs) in [(0, 3, 3), (3, 0, 3), (3, 3, 0), (0, 0, 0), (1, 1, 1), (200, 1, 70)] {
        check(count, inputs, outputs);
    }
    0
}

pub fn of_wide_rows_follow_their_definition() -> u64 {
    for count in ROWS {
        check(count, 384, 41);
        check(count, 1536, 36);
    }
    check(5, 64, 384);
    check(17, 384, 261);
    check(1, 3072, 40);
    check(300, 1537, 9);
    0
}

pub fn finish_as_told() -> u64 {
    for (count, inputs, outputs) in [(1, 5, 3), (4, 16, 32), (7, 9, 45), (6, 3, 64), (9, 4, 530)] {
        let mut random = Random::new(outputs);
        let (rows, weights) = (random.numbers(count * inputs), random.numbers(outputs * inputs));
        let (bias, before) = (random.numbers(outputs), random.numbers(count * outputs));
        let panels = packed(&weights, outputs, inputs);
        let plain = definition(&rows, &weights, count, inputs, outputs);
        for has_bias in [false, true] {
            for activation in std::iter::once(None).chain(definitions().map(Some)) {
                for add in [false, true] {
                    let bias: &[f32] = if has_bias { &bias } else { &[] };
                    let finish = Finish { bias, activation: activation.map(|(function, ..)| function), add };
                    let expected: Vec<f64> = (plain.iter().enumerate())
                        .map(|(index, number)| {
                            let number = number + if has_bias { f64::from(bias[index % outputs]) } else { 0.0 };
                            let number = activation.map_or(number, |(_, definition, _)| definition(number));
                            number + if add { f64::from(before[index]) } else { 0.0 }
                        })
                        .collect();
                    let mut out = before.clone();
                    product(&rows, &panels, inputs, outputs, finish, &mut out);
                    assert_near(&out, &expected, 3e-6, &format!("{count} × {inputs} × {outputs}, {finish:?}"));
                }
            }
        }
    }
    0
}

pub fn keep_what_is_no_number_in_its_row() -> u64 {
    for count in ROWS {
        for flaw in [f32::NAN, f32::INFINITY] {
            let (inputs, outputs) = (11, 19);
            let mut random = Random::new(count);
            let (mut rows, weights) = (random.numbers(count * inputs), random.numbers(outputs * inputs));
            rows[(count - 1) * inputs + 4] = flaw;
            let mut out = vec![0.0; count * outputs];
            product(&rows, &packed(&weights, outputs, inputs), inputs, outputs, Finish::default(), &mut out);
            let expected = definition(&rows, &weights, count, inputs, outputs);
            assert!(expected[(count - 1) * outputs..].iter().all(|number| !number.is_finite()));
            assert_near(&out, &expected, 1e-5, &format!("{flaw} in {count} rows"));
        }
    }
    0
}

pub fn keep_what_is_no_number_in_a_weight() -> u64 {
    for count in ROWS {
        for flaw in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let (inputs, outputs) = (11, 19);
            let mut random = Random::new(count);
            let (rows, mut weights) = (random.numbers(count * inputs), random.numbers(outputs * inputs));
            weights[5 * inputs + 4] = flaw;
            let mut out = vec![0.0; count * outputs];
            product(&rows, &packed(&weights, outputs, inputs), inputs, outputs, Finish::default(), &mut out);
            let expected = definition(&rows, &weights, count, inputs, outputs);
            let flawed = (0..out.len()).filter(|index| !expected[*index].is_finite());
            assert!(flawed.eq((5..out.len()).step_by(outputs)));
            assert_near(&out, &expected, 1e-5, &format!("{flaw} as a weight of {count} rows"));
        }
    }
    0
}

pub fn packed_rows_come_back() -> u64 {
    let (outputs, inputs) = (11, 13);
    let weights = Random::new(1).numbers(outputs * inputs);
    let panels = packed(&weights, outputs, inputs);
    assert_eq!(panels.len(), 16 * inputs);
    for (output, expected) in weights.chunks(inputs).enumerate() {
        let mut row = vec![0.0; inputs];
        unpack(&panels, inputs, output, &mut row);
        assert_eq!(row, expected);
        for (input, number) in expected.iter().enumerate() {
            assert_eq!(panels[output / 8 * inputs * 8 + input * 8 + output % 8], *number);
        }
    }
    0
}
