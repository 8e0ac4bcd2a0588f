//! Products of contents with distances, made for a few contents of one head at a time: those of all contents would be as
//! large as several whole matrices of scores.

use std::cell::{Ref, RefCell};
use std::ops::Range;

use vitrine_kernels::{Finish, PANEL, product};

/// Contents and the vectors of distances that they are compared with.
pub(super) struct DistanceProducts<'a> {
    /// `[contents * heads * width]`.
    contents: &'a [f32],
    heads: usize,
    width: usize,
    distances: usize,
    /// The vectors of distances, packed head by head.
    panels: Vec<f32>,
    made: RefCell<Made>,
}

/// What was made last.
#[derive(Default)]
struct Made {
    head: usize,
    contents: Range<usize>,
    distances: Range<usize>,
    /// `[contents * distances]`.
    numbers: Vec<f32>,
}

/// Products of some contents with some distances.
pub(super) struct Rows<'a> {
    made: Ref<'a, Made>,
    /// Distances that were made before the first that was asked for.
    before: usize,
}

impl Rows<'_> {
    /// Those of one content, by its place among the contents that were asked for.
    pub(super) fn row(&self, content: usize) -> &[f32] {
        let Made { distances, numbers, .. } = &*self.made;
        let start = content * distances.len();
        numbers.get(start + self.before..start + distances.len()).unwrap_or_default()
    }
}

impl<'a> DistanceProducts<'a> {
    /// Of contents `[contents * heads * width]` with distances `[distances * heads * width]`.
    pub(super) fn new(contents: &'a [f32], distances: &[f32], heads: usize, width: usize) -> Self {
        let count = distances.len() / (heads * width).max(1);
        let of_head = product::packed_len(count, width);
        let mut panels = vec![0.0; heads * of_head];
        for (distance, numbers) in distances.chunks_exact((heads * width).max(1)).enumerate() {
            let parts = panels.chunks_exact_mut(of_head.max(1)).zip(numbers.chunks_exact(width.max(1)));
            parts.for_each(|(panels, numbers)| product::pack(panels, width, distance, 0, numbers));
        }
        Self { contents, heads, width, distances: count, panels, made: RefCell::default() }
    }

    /// How many distances there are.
    pub(super) fn distances(&self) -> usize {
        self.distances
    }

    /// The products of some contents with some distances in a head. Until others are asked for, they are made once.
    pub(super) fn of(&self, head: usize, contents: Range<usize>, distances: Range<usize>) -> Rows<'_> {
        let before = distances.start % PANEL;
        let distances = distances.start - before..distances.end.min(self.distances);
        let is_made = {
            let made = self.made.borrow();
            (made.head, &made.contents, &made.distances) == (head, &contents, &distances)
        };
        if !is_made {
            let numbers = self.make(head, contents.clone(), distances.clone());
            self.made.replace(Made { head, contents, distances, numbers });
        }
        Rows { made: self.made.borrow(), before }
    }

    fn make(&self, head: usize, contents: Range<usize>, distances: Range<usize>) -> Vec<f32> {
        let (width, of_all) = (self.width, self.heads * self.width);
        let rows = self.contents.get(contents.start * of_all..contents.end * of_all).unwrap_or_default();
        let of_head = |row: &[f32]| row.iter().skip(head * width).take(width).copied().collect::<Vec<_>>();
        let rows: Vec<f32> = rows.chunks_exact(of_all.max(1)).flat_map(of_head).collect();
        let first = head * product::packed_len(self.distances, width) + product::packed_len(distances.start, width);
        let mut numbers = vec![0.0; contents.len() * distances.len()];
        let panels = self.panels.get(first..).unwrap_or_default();
        product::product(&rows, panels, width, distances.len(), Finish::default(), &mut numbers);
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_follow_the_definition_and_are_made_for_few_contents() {
        let (heads, width, contents, distances) = (2, 5, 40, 79);
        let numbers = |count: usize, seed: usize| -> Vec<f32> {
            (0..count).map(|index| ((index * 37 + seed * 11) % 101) as f32 / 50.0 - 1.0).collect()
        };
        let (left, right) = (numbers(contents * heads * width, 1), numbers(distances * heads * width, 2));
        let products = DistanceProducts::new(&left, &right, heads, width);
        assert_eq!(products.distances(), distances);
        for (asked, among) in [(0..16, 0..79), (16..32, 13..61), (32..40, 78..79), (3..4, 5..5), (0..40, 70..90)] {
            for head in 0..heads {
                let made = products.of(head, asked.clone(), among.clone());
                assert!(made.made.numbers.len() <= asked.len() * (among.len() + PANEL), "no more than was asked for");
                for (place, content) in asked.clone().enumerate() {
                    let row = made.row(place);
                    assert_eq!(row.len(), among.end.min(distances) - among.start);
                    for (found, distance) in row.iter().zip(among.clone()) {
                        let of = |rows: &[f32], row: usize| rows[(row * heads + head) * width..][..width].to_vec();
                        let pairs = of(&left, content).into_iter().zip(of(&right, distance));
                        let expected: f32 = pairs.map(|(a, b)| a * b).sum();
                        assert!((found - expected).abs() < 1e-5, "{head} {content} {distance}: {found}, {expected}");
                    }
                }
            }
        }
    }
}
