//! How fast bytes come to a page, from the downloads that it has seen.

/// A connection's speed in bytes a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Link {
    /// Measured with the page's own downloads.
    Measured(f64),
    /// What the browser takes the connection for (`navigator.connection.downlink`).
    Told(f64),
}

/// The body of one download: when its first and last byte came, in milliseconds, and how many bytes it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Download {
    /// When the first byte came.
    pub start: f64,
    /// When the last byte came.
    pub end: f64,
    /// Bytes as they were sent.
    pub bytes: f64,
}

/// Smaller downloads end before a connection has reached its speed.
const LEAST_BYTES: f64 = 50e3;

impl Link {
    /// Bytes a second; more than 0.
    pub fn rate(self) -> f64 {
        match self {
            Self::Measured(rate) | Self::Told(rate) => rate.max(1.0),
        }
    }

    /// The speed that these downloads had. Those that overlap share the connection and count together; of several such
    /// bursts the largest decides, since the speed of small ones is that of their delays.
    pub fn measured(downloads: &[Download]) -> Option<Self> {
        let mut large: Vec<&Download> = downloads.iter().filter(|one| one.bytes >= LEAST_BYTES).collect();
        large.sort_by(|a, b| a.start.total_cmp(&b.start));
        let mut bursts: Vec<Download> = Vec::new();
        for download in large {
            match bursts.last_mut().filter(|burst| download.start <= burst.end) {
                Some(burst) => {
                    burst.end = burst.end.max(download.end);
                    burst.bytes += download.bytes;
                }
                None => bursts.push(*download),
            }
        }
        let largest = bursts.into_iter().max_by(|a, b| a.bytes.total_cmp(&b.bytes))?;
        let seconds = (largest.end - largest.start) / 1000.0;
        (seconds > 0.0).then(|| Self::Measured(largest.bytes / seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn download(start: f64, end: f64, bytes: f64) -> Download {
        Download { start, end, bytes }
    }

    #[test]
    fn downloads_that_overlap_count_together() {
        let one = download(100.0, 300.0, 500e3);
        assert_eq!(Link::measured(&[one]), Some(Link::Measured(2.5e6)));
        // A second one in the same time halves what each gets, not what comes.
        let two = [download(200.0, 500.0, 250e3), one];
        assert_eq!(Link::measured(&two), Some(Link::Measured(750e3 / 0.4)));
        // One within another does not shorten it.
        let within = [one, download(150.0, 200.0, 100e3)];
        assert_eq!(Link::measured(&within), Some(Link::Measured(3e6)));
    }

    #[test]
    fn the_largest_burst_decides() {
        let all = [download(0.0, 1.0, 60e3), download(10.0, 210.0, 400e3), download(300.0, 400.0, 70e3)];
        assert_eq!(Link::measured(&all), Some(Link::Measured(2e6)));
    }

    #[test]
    fn what_is_too_small_or_too_quick_is_no_measurement() {
        assert_eq!(Link::measured(&[]), None);
        assert_eq!(Link::measured(&[download(0.0, 10.0, 49_999.0)]), None);
        assert_eq!(Link::measured(&[download(5.0, 5.0, 1e6)]), None);
        assert_eq!(Link::Told(0.0).rate(), 1.0);
        assert_eq!(Link::Measured(f64::NAN).rate(), 1.0);
    }
}
