//! The one door to a network: requests out, statuses, headers and streamed bodies back.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use crate::Token;

/// Sends requests. Implemented over a browser's fetch, over HTTPS natively, and with faults in tests.
pub trait Transport {
    /// Sends a request, following redirects, and answers once the headers are there. Dropping the future or the
    /// body stops the transfer.
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>>;

    /// Waits.
    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()>;
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// GET or HEAD.
    pub method: Method,
    /// An absolute URL.
    pub url: String,
    /// First and, where wanted, last byte (inclusive), for the `Range` header.
    pub range: Option<(u64, Option<u64>)>,
    /// For the `Authorization` header.
    pub token: Option<Token>,
}

/// The methods that reading needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Headers and body.
    Get,
    /// Headers only.
    Head,
}

/// The answer to a request.
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Lower-case names and values of the headers that may be read.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Box<dyn Body>,
}

impl Response {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A body that arrives piece by piece.
pub trait Body {
    /// The next piece, never empty; `None` at the end.
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, TransportError>>;
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportError {
    /// The host cannot be reached, or the connection broke.
    Network(String),
    /// The host is there but refuses this page; carries the host.
    Cors(String),
}

/// A body without bytes.
#[cfg(test)]
pub(crate) struct Empty;

#[cfg(test)]
impl Body for Empty {
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, TransportError>> {
        Box::pin(async { Ok(None) })
    }
}
