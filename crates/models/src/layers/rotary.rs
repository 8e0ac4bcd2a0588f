//! Rotary position embeddings (Su et al., 2021): pairs of numbers turned by an angle that grows with the position.

/// How fast each pair of numbers turns.
pub(crate) struct Rotary {
    frequencies: Vec<f32>,
    pairing: Pairing,
}

/// Which two numbers of a head are turned together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// Number `i` with number `i + width/2` (`rotate_half` of transformers).
    Halves,
    /// Number `2i` with number `2i + 1` (the paper, RoFormer).
    Neighbours,
}

impl Rotary {
    /// Of the first `width` numbers of each head; pair `i` turns by `theta^(-2i / width)` a position.
    pub(crate) fn new(theta: f32, width: usize, pairing: Pairing) -> Self {
        let frequency = |pair: usize| 1.0 / theta.powf((2 * pair) as f32 / width as f32);
        Self { frequencies: (0..width / 2).map(frequency).collect(), pairing }
    }

    /// The angles of the positions below `tokens`, made once a forward pass.
    pub(crate) fn angles(&self, tokens: usize) -> Angles {
        let turn = |position: usize, frequency: f32| {
            let angle = position as f32 * frequency;
            (angle.cos(), angle.sin())
        };
        let row = |position: usize| self.frequencies.iter().map(|frequency| turn(position, *frequency)).collect();
        Angles { positions: (0..tokens).map(row).collect(), pairing: self.pairing }
    }
}

/// Cosines and sines of the positions of one forward pass, `[tokens][pairs]`.
pub(crate) struct Angles {
    positions: Vec<Vec<(f32, f32)>>,
    pairing: Pairing,
}

impl Angles {
    /// Turns `[batch * tokens * heads * width]` in place; numbers of a head beyond the pairs stay.
    pub(crate) fn forward(&self, rows: &mut [f32], heads: usize, width: usize) {
        let mut positions = self.positions.iter().cycle();
        for row in rows.chunks_exact_mut((heads * width).max(1)) {
            let Some(angles) = positions.next() else { return };
            for head in row.chunks_exact_mut(width.max(1)) {
                let turned = head.get_mut(..2 * angles.len()).unwrap_or_default();
                match self.pairing {
                    Pairing::Halves => {
                        let (first, second) = turned.split_at_mut(angles.len());
                        first.iter_mut().zip(second).zip(angles).for_each(|((a, b), angle)| turn(a, b, *angle));
                    }
                    Pairing::Neighbours => {
                        let pairs = turned.as_chunks_mut::<2>().0;
                        pairs.iter_mut().zip(angles).for_each(|([a, b], angle)| turn(a, b, *angle));
                    }
                }
            }
        }
    }
}

fn turn(a: &mut f32, b: &mut f32, (cos, sin): (f32, f32)) {
    (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
}
