//! Rows of numbers added, scaled and brought into another order.

/// Adds numbers to others, one by one.
pub fn add(rows: &mut [f32], others: &[f32]) {
    rows.iter_mut().zip(others).for_each(|(number, other)| *number += other);
}

/// Adds the same numbers to each row as long as they are; nothing where there are none.
pub fn add_to_each(rows: &mut [f32], numbers: &[f32]) {
    if !numbers.is_empty() {
        rows.chunks_exact_mut(numbers.len()).for_each(|row| add(row, numbers));
    }
}

/// Multiplies numbers by others, one by one.
pub fn multiply(rows: &mut [f32], others: &[f32]) {
    rows.iter_mut().zip(others).for_each(|(number, other)| *number *= other);
}

/// Multiplies numbers by one.
pub fn scale(rows: &mut [f32], factor: f32) {
    rows.iter_mut().for_each(|number| *number *= factor);
}

/// `[n * a * b * width]` → `[n * b * a * width]`.
pub fn swap(numbers: &[f32], a: usize, b: usize, width: usize) -> Vec<f32> {
    let mut swapped = Vec::with_capacity(numbers.len());
    for text in numbers.chunks_exact((a * b * width).max(1)) {
        for second in 0..b {
            for first in 0..a {
                let start = (first * b + second) * width;
                swapped.extend_from_slice(text.get(start..start + width).unwrap_or_default());
            }
        }
    }
    swapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_added_and_scaled() {
        let mut rows = [1.0, 2.0, 3.0, 4.0];
        add_to_each(&mut rows, &[10.0, 20.0]);
        assert_eq!(rows, [11.0, 22.0, 13.0, 24.0]);
        add_to_each(&mut rows, &[]);
        add(&mut rows, &[1.0, 1.0, 1.0, 1.0]);
        scale(&mut rows, 0.5);
        assert_eq!(rows, [6.0, 11.5, 7.0, 12.5]);
    }

    #[test]
    fn swapping_twice_changes_nothing() {
        let numbers: Vec<f32> = (0..24).map(|number| number as f32).collect();
        assert_eq!(swap(&numbers[..12], 2, 3, 2), [0., 1., 6., 7., 2., 3., 8., 9., 4., 5., 10., 11.]);
        assert_eq!(swap(&swap(&numbers, 2, 3, 2), 3, 2, 2), numbers);
        assert!(swap(&numbers, 0, 3, 2).is_empty());
    }
}
