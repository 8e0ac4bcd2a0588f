//! When to ask a host again: which failures pass, how long to wait, and what the host itself says about it.

use std::time::Duration;

use crate::Response;

/// Whether a status says that the same request may succeed later.
pub(crate) fn passes(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// The wait that the host asks for: `Retry-After` in seconds, or the `t` of an exhausted `RateLimit`
/// (`"resolvers";r=0;t=42`). A date in `Retry-After` stands for a minute, since a page cannot trust its clock.
pub(crate) fn asked_wait(response: &Response) -> Option<Duration> {
    if let Some(value) = response.header("retry-after") {
        return Some(Duration::from_secs(value.trim().parse().unwrap_or(60)));
    }
    let limit = response.header("ratelimit")?;
    let field = |name: &str| {
        let value = limit.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))?;
        value.parse::<u64>().ok()
    };
    (field("r") == Some(0)).then(|| field("t")).flatten().map(Duration::from_secs)
}

/// The wait before attempt `attempt` (from 1): doubling from `base`, at most 16 times it.
pub(crate) fn back_off(base: Duration, attempt: u32) -> Duration {
    base * (1 << attempt.saturating_sub(1).min(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response { status: 429, headers, body: Box::new(crate::transport::Empty) }
    }

    #[test]
    fn the_hosts_own_wait_is_read() {
        let seconds = |headers: &[(&str, &str)]| asked_wait(&response(headers)).map(|wait| wait.as_secs());
        assert_eq!(seconds(&[("retry-after", "7")]), Some(7));
        assert_eq!(seconds(&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")]), Some(60));
        assert_eq!(seconds(&[("ratelimit", "\"resolvers\";r=0;t=42")]), Some(42));
        assert_eq!(seconds(&[("ratelimit", "\"resolvers\";r=12;t=42")]), None);
        assert_eq!(seconds(&[("ratelimit", "nonsense")]), None);
        assert_eq!(seconds(&[]), None);
    }

    #[test]
    fn waits_double_up_to_a_limit() {
        let base = Duration::from_millis(500);
        let waits: Vec<u128> = (1..=7).map(|attempt| back_off(base, attempt).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
    }
}
