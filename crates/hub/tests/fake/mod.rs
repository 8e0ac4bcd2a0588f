//! A host that does what a test says: files, faults in order, and a record of what it was asked.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where its own data is wrong")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};
use vitrine_hub::{
    Body, Endpoint, Http, LocalBoxFuture, Method, Options, RepoId, Repositories, Request, Response, Revision, Snapshot,
    Source, Storage, Token, Transport, TransportError,
};

pub const COMMIT: &str = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf";
pub const REPO: &str = "org/name";
pub const WEIGHTS: &str = "model.safetensors";

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing goes wrong.
    Clean,
    /// The connection is refused.
    Refuse,
    /// The host refuses pages of other sites.
    Cors,
    /// The body breaks off after so many of its bytes.
    Cut(usize),
    /// The body stops coming after so many of its bytes.
    Stall(usize),
    /// A status with headers and no body.
    Status(u16, Vec<(&'static str, &'static str)>),
    /// Another body, with status 200.
    Instead(&'static [u8], &'static str),
    /// A byte of the body differs.
    Flip(usize),
    /// The whole file with status 200, whatever the range.
    IgnoreRange,
    /// Status 206 with another part than was asked for.
    WrongPart,
    /// The body ends after so many bytes as if that were all.
    Short(usize),
    /// More bytes than the file has.
    Long,
}

#[derive(Default)]
pub struct State {
    pub files: BTreeMap<String, Vec<u8>>,
    /// Applied to requests whose URL contains the text, each once (or always).
    pub faults: Vec<(&'static str, Fault, bool)>,
    pub requests: Vec<Request>,
    pub slept: Vec<Duration>,
    pub api: bool,
    /// Milliseconds that a piece of a body takes, by the number of connections. Without it there is no time.
    pub slow: Option<fn(usize) -> u64>,
    pub clock: Rc<Clock>,
}

/// The time of a host that takes some, in milliseconds, and its connections.
#[derive(Default)]
pub struct Clock {
    now: Cell<u64>,
    open: Cell<usize>,
    pub most_open: Cell<usize>,
}

impl Clock {
    async fn wait(&self, milliseconds: u64) {
        let until = self.now.get() + milliseconds;
        poll_fn(|context| {
            context.waker().wake_by_ref();
            if self.now.get() < until { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

#[derive(Clone)]
pub struct Host(pub Rc<RefCell<State>>);

impl Host {
    /// A Hub with one repository: a config and weights of `size` bytes.
    pub fn new(size: usize) -> Self {
        let weights = (0..size).map(|index| (index * 31 % 251) as u8).collect();
        let files = BTreeMap::from([("config.json".to_owned(), b"{}".to_vec()), (WEIGHTS.to_owned(), weights)]);
        Self(Rc::new(RefCell::new(State { files, api: true, ..State::default() })))
    }

    pub fn fault(&self, matching: &'static str, fault: Fault) {
        self.0.borrow_mut().faults.push((matching, fault, false));
    }

    /// Runs a future while time passes, and answers how many milliseconds it took.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> (T, u64) {
        let clock = self.0.borrow().clock.clone();
        let (mut future, begin) = (pin!(future), clock.now.get());
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return (value, clock.now.get() - begin);
            }
            clock.now.set(clock.now.get() + 1);
        }
    }

    /// First byte and end of the requests for the weights so far, which are forgotten.
    pub fn parts(&self) -> Vec<(u64, Option<u64>)> {
        let requests = std::mem::take(&mut self.0.borrow_mut().requests);
        let weights = requests.iter().filter(|request| request.method == Method::Get && request.url.contains(WEIGHTS));
        weights
            .map(|request| request.range.map_or((0, None), |(first, last)| (first, last.map(|last| last + 1))))
            .collect()
    }

    pub fn always(&self, matching: &'static str, fault: Fault) {
        self.0.borrow_mut().faults.push((matching, fault, true));
    }

    pub fn weights(&self) -> Vec<u8> {
        self.0.borrow().files[WEIGHTS].clone()
    }

    /// Paths and first bytes of the requests so far, which are forgotten.
    pub fn asked(&self) -> Vec<(String, u64)> {
        let requests = std::mem::take(&mut self.0.borrow_mut().requests);
        let path = |url: &str| url.strip_prefix("https://hub.test").unwrap_or(url).to_owned();
        requests.iter().map(|request| (path(&request.url), request.range.map_or(0, |(first, _)| first))).collect()
    }

    pub fn source(&self, storage: impl Storage + 'static) -> Http {
        self.source_with(storage, Options::default())
    }

    pub fn source_with(&self, storage: impl Storage + 'static, options: Options) -> Http {
        let endpoint = Endpoint::parse("https://hub.test").unwrap();
        Http::new(Box::new(self.clone()), Box::new(storage), endpoint, Token::parse("hf_secret"), options)
    }

    fn info(&self) -> Vec<u8> {
        let state = self.0.borrow();
        let sibling = |(path, bytes): (&String, &Vec<u8>)| {
            let sha: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            let lfs = path.ends_with("safetensors").then(|| json!({"sha256": sha, "size": bytes.len()}));
            json!({"rfilename": path, "size": bytes.len(), "lfs": lfs})
        };
        let siblings: Vec<_> = state.files.iter().map(sibling).collect();
        json!({"sha": COMMIT, "siblings": siblings, "pipeline_tag": "feature-extraction"}).to_string().into_bytes()
    }

    fn answer(&self, request: &Request) -> Result<Response, TransportError> {
        let fault = {
            let mut state = self.0.borrow_mut();
            state.requests.push(request.clone());
            let position = state.faults.iter().position(|(matching, ..)| request.url.contains(matching));
            position.map(|at| if state.faults[at].2 { state.faults[at].1.clone() } else { state.faults.remove(at).1 })
        };
        let path = request.url.rsplit("/resolve/").next().and_then(|rest| rest.split_once('/')).map(|(_, path)| path);
        let file = match path {
            _ if request.url.contains("/api/") => self.0.borrow().api.then(|| self.info()),
            Some(path) => self.0.borrow().files.get(path).cloned(),
            None => None,
        };
        let Some(file) = file else { return Ok(response(404, &[], Vec::new(), End::Clean)) };
        let (first, last) = request.range.unwrap_or((0, None));
        let last = last.map_or(file.len(), |last| (last as usize + 1).min(file.len()));
        let whole = [("content-length", file.len().to_string())];
        if request.method == Method::Head {
            return Ok(response(200, &whole, Vec::new(), End::Clean));
        }
        let part = file.get(first as usize..last).unwrap_or_default().to_vec();
        let range = [("content-range", format!("bytes {first}-{}/{}", last.saturating_sub(1), file.len()))];
        let plain = |body: Vec<u8>, end| match request.range {
            Some(_) => response(206, &range, body, end),
            None => response(200, &whole, body, end),
        };
        Ok(match fault {
            None if request.range.is_some() && first as usize >= file.len() => {
                response(416, &[], Vec::new(), End::Clean)
            }
            None | Some(Fault::Clean) => plain(part, End::Clean),
            Some(Fault::Refuse) => return Err(TransportError::Network("refused".to_owned())),
            Some(Fault::Cors) => return Err(TransportError::Cors("https://hub.test".to_owned())),
            Some(Fault::Cut(at)) => plain(part[..at.min(part.len())].to_vec(), End::Broken),
            Some(Fault::Stall(at)) => plain(part[..at.min(part.len())].to_vec(), End::Silent),
            Some(Fault::Short(at)) => plain(part[..at.min(part.len())].to_vec(), End::Clean),
            Some(Fault::Long) => plain([part, vec![0; 9]].concat(), End::Clean),
            Some(Fault::Status(status, headers)) => {
                let headers: Vec<(&str, String)> =
                    headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
                response(status, &headers, Vec::new(), End::Clean)
            }
            Some(Fault::Instead(body, kind)) => {
                response(200, &[("content-type", kind.to_owned())], body.to_vec(), End::Clean)
            }
            Some(Fault::Flip(at)) => {
                let mut part = part;
                if let Some(byte) = part.get_mut(at) {
                    *byte ^= 1;
                }
                plain(part, End::Clean)
            }
            Some(Fault::IgnoreRange) => response(200, &whole, file, End::Clean),
            Some(Fault::WrongPart) => {
                let range = [("content-range", format!("bytes 0-{}/{}", file.len() - 1, file.len()))];
                response(206, &range, file, End::Clean)
            }
        })
    }
}

impl Transport for Host {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let response = self.answer(&request)?;
            let (slow, clock) = (self.0.borrow().slow, self.0.borrow().clock.clone());
            Ok(Response { body: Box::new(Connection::new(response.body, slow, clock)), ..response })
        })
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        self.0.borrow_mut().slept.push(duration);
        let (slow, clock) = (self.0.borrow().slow, self.0.borrow().clock.clone());
        Box::pin(async move { clock.wait(if slow.is_some() { duration.as_millis() as u64 } else { 0 }).await })
    }
}

fn response(status: u16, headers: &[(&str, String)], body: Vec<u8>, end: End) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Response { status, headers, body: Box::new(Pieces { body, at: 0, end }) }
}

/// A body that takes its time.
struct Connection {
    body: Box<dyn Body>,
    slow: Option<fn(usize) -> u64>,
    clock: Rc<Clock>,
}

impl Connection {
    fn new(body: Box<dyn Body>, slow: Option<fn(usize) -> u64>, clock: Rc<Clock>) -> Self {
        clock.open.set(clock.open.get() + 1);
        clock.most_open.set(clock.most_open.get().max(clock.open.get()));
        Self { body, slow, clock }
    }
}

impl Body for Connection {
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            if let Some(slow) = self.slow {
                self.clock.wait(slow(self.clock.open.get())).await;
            }
            self.body.next().await
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.clock.open.set(self.clock.open.get() - 1);
    }
}

enum End {
    Clean,
    Broken,
    Silent,
}

/// A body in pieces of odd sizes.
struct Pieces {
    body: Vec<u8>,
    at: usize,
    end: End,
}

impl Body for Pieces {
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            let rest = self.body.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                return match self.end {
                    End::Clean => Ok(None),
                    End::Broken => Err(TransportError::Network("the connection broke".to_owned())),
                    End::Silent => pending().await,
                };
            }
            let piece = rest[..rest.len().min(300_007)].to_vec();
            self.at += piece.len();
            Ok(Some(piece))
        })
    }
}

pub async fn snapshot(source: &Http) -> vitrine_hub::Result<Snapshot> {
    source.snapshot(&RepoId::parse(REPO).unwrap(), &Revision::parse("main").unwrap()).await
}

/// Reads the weights as a load does.
pub async fn read(source: &Http) -> vitrine_hub::Result<Vec<u8>> {
    let snapshot = snapshot(source).await?;
    let mut bytes = Vec::new();
    source.read(&snapshot, snapshot.file(WEIGHTS).unwrap(), None, &mut bytes).await?;
    Ok(bytes)
}
