//! The browser's `fetch` as a [`Transport`].

use std::time::Duration;

use gloo_net::http::{RequestBuilder, Response as FetchResponse};
use js_sys::Uint8Array;
use vitrine_hub::{Body, LocalBoxFuture, Method, Request, Response, Transport, TransportError};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestCache, RequestMode};

use crate::{global, message_of, property, sleep};

/// Sends requests with the browser's `fetch`.
#[derive(Debug, Clone, Copy)]
pub struct Fetch;

impl Transport for Fetch {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let abort = Abort::new();
            let message = match fetch(&request, RequestMode::Cors, abort.as_ref()).await {
                Ok(response) => return Ok(answer(response, abort)),
                Err(message) => message,
            };
            let host = request.url.split('/').take(3).collect::<Vec<_>>().join("/");
            if answers_at_all(&request, &host).await {
                // It may have been out of reach for a moment only.
                return match fetch(&request, RequestMode::Cors, abort.as_ref()).await {
                    Ok(response) => Ok(answer(response, abort)),
                    Err(_) => Err(TransportError::Cors(host)),
                };
            }
            let reason = if is_offline() { "this device is offline".to_owned() } else { message };
            Err(TransportError::Network(format!("{host} cannot be reached: {reason}")))
        })
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        Box::pin(sleep(duration))
    }
}

async fn fetch(request: &Request, mode: RequestMode, abort: Option<&Abort>) -> Result<FetchResponse, String> {
    let method = match request.method {
        Method::Get => gloo_net::http::Method::GET,
        Method::Head => gloo_net::http::Method::HEAD,
    };
    let signal = abort.map(|abort| abort.0.signal());
    let mut builder = RequestBuilder::new(&request.url).method(method).mode(mode).abort_signal(signal.as_ref());
    // What is worth keeping, the storage keeps; the browser's own cache would hold it a second time.
    builder = builder.cache(RequestCache::NoStore);
    if let Some((first, last)) = request.range {
        let last = last.map(|last| last.to_string()).unwrap_or_default();
        builder = builder.header("Range", &format!("bytes={first}-{last}"));
    }
    if let Some(token) = &request.token {
        builder = builder.header("Authorization", &token.header());
    }
    builder.send().await.map_err(|error| error.to_string())
}

fn answer(response: FetchResponse, abort: Option<Abort>) -> Response {
    let headers = response.headers().entries().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let reader = response.body().map(|stream| stream.get_reader().unchecked_into());
    Response {
        status: response.status(),
        headers,
        body: Box::new(FetchBody { reader, rest: Uint8Array::new_with_length(0), abort }),
    }
}

/// Tells a host that refuses this page from one that cannot be reached, which `fetch` does not: a request that asks for no
/// permission to read gets through to the former.
async fn answers_at_all(request: &Request, host: &str) -> bool {
    let same_origin = property(&global("location"), "origin").as_string().is_some_and(|origin| origin == host);
    if is_offline() || same_origin {
        return false;
    }
    let plain = Request { range: None, token: None, ..request.clone() };
    let abort = Abort::new();
    fetch(&plain, RequestMode::NoCors, abort.as_ref()).await.is_ok()
}

fn is_offline() -> bool {
    property(&global("navigator"), "onLine") == JsValue::FALSE
}

/// Stops a transfer when dropped.
struct Abort(AbortController);

impl Abort {
    fn new() -> Option<Self> {
        AbortController::new().ok().map(Self)
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The most bytes that are copied at a time: what the browser hands out in one piece would double for a moment otherwise.
const LARGEST_PIECE: u32 = 1 << 16;

struct FetchBody {
    reader: Option<ReadableStreamDefaultReader>,
    /// What is left of the browser's last piece.
    rest: Uint8Array,
    #[allow(dead_code, reason = "stops the transfer when dropped")]
    abort: Option<Abort>,
}

impl Body for FetchBody {
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            let Some(reader) = &self.reader else { return Ok(None) };
            while self.rest.length() == 0 {
                let broken =
                    |error: JsValue| TransportError::Network(format!("the connection broke: {}", message_of(&error)));
                let result = JsFuture::from(reader.read()).await.map_err(broken)?;
                if property(&result, "done").is_truthy() {
                    return Ok(None);
                }
                self.rest = property(&result, "value").unchecked_into();
            }
            let piece = self.rest.subarray(0, LARGEST_PIECE.min(self.rest.length())).to_vec();
            self.rest = self.rest.subarray(piece.len() as u32, self.rest.length());
            Ok(Some(piece))
        })
    }
}
