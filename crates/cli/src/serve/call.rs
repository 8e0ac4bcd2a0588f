//! A request taken apart: decoded path, query, headers and body.

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// One request.
pub struct Call {
    /// Its method.
    pub method: Method,
    /// The parts of its path between the slashes, each decoded.
    pub segments: Vec<String>,
    /// The parameters of its query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, if it is short.
    pub body: Bytes,
}

impl Call {
    /// Takes a request apart; `None` where its path is not UTF-8.
    pub fn new(parts: Parts, body: Bytes) -> Option<Self> {
        let path = parts.uri.path();
        let segments = path.strip_prefix('/').unwrap_or(path).split('/').map(decode).collect::<Option<_>>()?;
        let query = pairs(parts.uri.query().unwrap_or_default());
        Some(Self { method: parts.method, segments, query, headers: parts.headers, body })
    }

    /// A header's value, where it is text.
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first query parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every query parameter of this name.
    pub fn parameters<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a query parameter is set and not `false`.
    pub fn flag(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(is_true)
    }

    /// The address of the page of a list that begins at `cursor`, under the name by which the client knows this host.
    pub fn page(&self, cursor: usize) -> String {
        let is_host = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        let host = self.header(header::HOST).filter(is_host).unwrap_or("localhost");
        let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let path: Vec<String> = self.segments.iter().map(|segment| escape(segment)).collect();
        let kept = self.query.iter().filter(|(key, _)| key != "cursor");
        let query: String = kept.map(|(key, value)| format!("{}={}&", escape(key), escape(value))).collect();
        format!("http://{host}/{}?{query}cursor={cursor}", path.join("/"))
    }
}

/// Whether the value of a flag means yes.
pub fn is_true(value: &str) -> bool {
    !matches!(value.to_ascii_lowercase().as_str(), "false" | "0")
}

/// The names and values of a query or a form; what is not UTF-8 is left out.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| decode(&text.replace('+', " "));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decoded(name)?, decoded(value)?))
    };
    text.split('&').filter(|text| !text.is_empty()).filter_map(pair).collect()
}

fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned())
}
