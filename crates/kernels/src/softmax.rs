//! Softmax, in place.

/// `eˣ / Σ eˣ` over the first `length` numbers of a row; the others, which are padding, become 0. A row of nothing but
/// -∞ becomes 0.
pub fn softmax(row: &mut [f32], length: usize) {
    let (text, padding) = row.split_at_mut(length.min(row.len()));
    let largest = text.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    padding.fill(0.0);
    if largest == f32::NEG_INFINITY {
        return text.fill(0.0);
    }
    text.iter_mut().for_each(|x| *x = (*x - largest).exp());
    let sum: f32 = text.iter().sum();
    text.iter_mut().for_each(|x| *x /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_follow_the_definition() {
        for length in [1, 2, 5, 17, 128] {
            let mut row: Vec<f32> = (0..128).map(|index| ((index * 53 % 97) as f32 - 40.0) / 3.0).collect();
            let exponentials: Vec<f64> = row[..length].iter().map(|x| f64::from(*x).exp()).collect();
            let sum: f64 = exponentials.iter().sum();
            softmax(&mut row, length);
            for (found, expected) in row.iter().zip(exponentials.iter().chain(std::iter::repeat(&0.0))) {
                assert!((f64::from(*found) - expected / sum).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn what_is_masked_counts_nothing() {
        let mut row = [f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY, 5.0];
        softmax(&mut row, 3);
        assert_eq!(row, [0.0, 1.0, 0.0, 0.0]);
        let mut row = [f32::NEG_INFINITY; 3];
        softmax(&mut row, 3);
        assert_eq!(row, [0.0; 3]);
    }

    #[test]
    fn large_numbers_do_not_overflow() {
        let mut row = [1e30, 1e30, -1e30];
        softmax(&mut row, 3);
        assert_eq!(row, [0.5, 0.5, 0.0]);
    }
}
