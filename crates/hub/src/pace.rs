//! How many connections a download uses: one more is tried while the last one made it faster.

use std::time::Duration;

/// How long a rate is measured.
pub(crate) const TICK: Duration = Duration::from_millis(500);

/// The most connections for one file's large parts.
const MOST: usize = 4;

/// Bytes of a tick, more or less, by which a connection more is worth it: 15 %.
const GAIN: (u64, u64) = (115, 100);

/// The number of connections of a download, found by trying.
pub(crate) struct Pace {
    connections: usize,
    /// Whether the number stays as it is.
    settled: bool,
    /// Bytes of the tick so far.
    arrived: u64,
    /// Whether the tick is the first with this number, in which connections are still getting up to speed.
    starting: bool,
    /// Bytes of a tick with one connection less.
    before: Option<u64>,
}

impl Pace {
    /// Begins with one connection.
    pub(crate) fn adaptive() -> Self {
        Self { connections: 1, settled: false, arrived: 0, starting: true, before: None }
    }

    /// As many connections as this.
    pub(crate) fn fixed(connections: usize) -> Self {
        Self { connections, settled: true, ..Self::adaptive() }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }

    pub(crate) fn arrived(&mut self, bytes: usize) {
        self.arrived += bytes as u64;
    }

    /// A tick has passed.
    pub(crate) fn tick(&mut self) {
        let rate = std::mem::take(&mut self.arrived);
        // A host that is silent, or not there yet, tells nothing of the connections.
        if self.settled || rate == 0 || std::mem::replace(&mut self.starting, false) {
            return;
        }
        if self.before.is_some_and(|before| rate * GAIN.1 < before * GAIN.0) {
            self.connections -= 1;
            self.settled = true;
        } else if self.connections == MOST {
            self.settled = true;
        } else {
            self.connections += 1;
            self.before = Some(rate);
            self.starting = true;
        }
    }

    /// A connection failed while others went on: the host may not want so many.
    pub(crate) fn fewer(&mut self) {
        self.connections = self.connections.saturating_sub(1).max(1);
        self.settled = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of connections tick by tick, on a link where `rate(n)` bytes come over `n` of them.
    fn numbers(ticks: usize, rate: impl Fn(usize) -> usize) -> Vec<usize> {
        let mut pace = Pace::adaptive();
        let tick = |_| {
            pace.arrived(rate(pace.connections()));
            pace.tick();
            pace.connections()
        };
        (0..ticks).map(tick).collect()
    }

    #[test]
    fn connections_are_added_while_they_help() {
        assert_eq!(numbers(10, |connections| 1000 * connections), [1, 2, 2, 3, 3, 4, 4, 4, 4, 4]);
        assert_eq!(numbers(6, |_| 1000), [1, 2, 2, 1, 1, 1]);
        assert_eq!(numbers(6, |connections| 1000 + connections * 150), [1, 2, 2, 1, 1, 1]);
        assert_eq!(numbers(8, |connections| 1000 * connections.min(2)), [1, 2, 2, 3, 3, 2, 2, 2]);
        assert_eq!(numbers(4, |_| 0), [1; 4]);
    }

    #[test]
    fn a_host_that_refuses_more_gets_fewer() {
        let mut pace = Pace::fixed(6);
        pace.fewer();
        assert_eq!((pace.connections(), pace.is_settled()), (5, true));
        (0..9).for_each(|_| pace.fewer());
        assert_eq!(pace.connections(), 1);
    }
}
