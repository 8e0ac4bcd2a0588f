//! Requests over HTTP and HTTPS for a command: one at a time, each waited for.

use std::io::Read;
use std::time::Duration;

use ureq::config::RedirectAuthHeaders;
use ureq::{Agent, BodyReader};
use vitrine_hub::{Body, LocalBoxFuture, Method, Request, Response, Transport, TransportError};

/// Bytes of a piece of a body at most.
const PIECE: usize = 256 << 10;

/// A [`Transport`] whose futures wait in place: for a program with one task.
pub struct Https {
    agent: Agent,
}

impl Https {
    /// A transport that trusts the usual certificate authorities.
    pub fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(10)
            // Never to another host, and never from HTTPS to HTTP.
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_per_read(Some(Duration::from_secs(30)))
            .timeout_per_write(Some(Duration::from_secs(30)))
            // What is stored compressed has other offsets than the file.
            .accept_encoding("identity")
            .user_agent(concat!("vitrine/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.new_agent() }
    }

    fn request(&self, request: &Request) -> Result<Response, ureq::Error> {
        let mut call = match request.method {
            Method::Get => self.agent.get(&request.url),
            Method::Head => self.agent.head(&request.url),
        };
        if let Some((first, last)) = request.range {
            let last = last.map(|last| last.to_string()).unwrap_or_default();
            call = call.header("range", format!("bytes={first}-{last}"));
        }
        if let Some(token) = &request.token {
            call = call.header("authorization", token.header());
        }
        let (parts, body) = call.call()?.into_parts();
        let text = |value: &ureq::http::HeaderValue| value.to_str().ok().map(str::to_owned);
        let headers =
            parts.headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect();
        Ok(Response { status: parts.status.as_u16(), headers, body: Box::new(Pieces(body.into_reader())) })
    }
}

impl Transport for Https {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            self.request(&request).map_err(|error| {
                let host = request.url.split('/').nth(2).unwrap_or_default();
                TransportError::Network(format!("{host} cannot be reached: {error}"))
            })
        })
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        Box::pin(async move { std::thread::sleep(duration) })
    }
}

struct Pieces(BodyReader<'static>);

impl Body for Pieces {
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, TransportError>> {
        Box::pin(async {
            let mut piece = vec![0; PIECE];
            let broken = |error| TransportError::Network(format!("the connection broke: {error}"));
            let read = self.0.read(&mut piece).map_err(broken)?;
            piece.truncate(read);
            Ok((read > 0).then_some(piece))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, channel};

    use futures_util::FutureExt;
    use vitrine_hub::Token;

    use super::*;

    /// A host that gives each connection one answer; tells the requests that came.
    fn host(answers: Vec<String>) -> (u16, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
                let request: Vec<String> = lines.map(|line| line.to_lowercase()).collect();
                stream.write_all(answer.as_bytes()).unwrap();
                sender.send(request.join("\n")).unwrap();
            }
        });
        (port, receiver)
    }

    fn answer(head: &str, body: &str) -> String {
        format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    fn get(url: &str) -> Result<Response, TransportError> {
        let token = Token::parse("hf_secret");
        let request = Request { method: Method::Get, url: url.to_owned(), range: Some((3, None)), token };
        Https::new().send(request).now_or_never().unwrap()
    }

    fn read(mut response: Response) -> Result<Vec<u8>, TransportError> {
        let mut bytes = Vec::new();
        while let Some(piece) = response.body.next().now_or_never().unwrap()? {
            assert!((1..=PIECE).contains(&piece.len()));
            bytes.extend(piece);
        }
        Ok(bytes)
    }

    #[test]
    fn a_request_carries_range_token_and_no_compression() {
        let (port, requests) = host(vec![answer("206 Partial Content\r\nX-Repo-Commit: abc", "lo")]);
        let response = get(&format!("http://127.0.0.1:{port}/a%20b")).unwrap();
        assert_eq!((response.status, response.header("x-repo-commit")), (206, Some("abc")));
        assert_eq!(read(response).unwrap(), b"lo");
        let request = requests.recv().unwrap();
        for line in
            ["get /a%20b http/1.1", "range: bytes=3-", "authorization: bearer hf_secret", "accept-encoding: identity"]
        {
            assert!(request.lines().any(|found| found == line), "{line} is not in {request}");
        }
    }

    #[test]
    fn every_status_is_an_answer() {
        for status in [401, 404, 416, 429, 500, 503] {
            let (port, _requests) = host(vec![answer(&format!("{status} Some"), "why")]);
            let response = get(&format!("http://127.0.0.1:{port}/")).unwrap();
            assert_eq!((response.status, read(response).unwrap()), (status, b"why".to_vec()));
        }
    }

    #[test]
    fn the_token_stays_at_its_host() {
        let (port, elsewhere) = host(vec![answer("200 OK", "x")]);
        let (first, here) = host(vec![answer(&format!("302 Found\r\nLocation: http://localhost:{port}/x"), "")]);
        assert_eq!(get(&format!("http://127.0.0.1:{first}/")).unwrap().status, 200);
        assert!(here.recv().unwrap().contains("authorization"));
        assert!(!elsewhere.recv().unwrap().contains("authorization"));
    }

    #[test]
    fn a_body_that_ends_early_is_an_error() {
        let (port, _requests) = host(vec!["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort".to_owned()]);
        assert!(read(get(&format!("http://127.0.0.1:{port}/")).unwrap()).is_err());
    }

    #[test]
    fn a_host_that_is_not_there_is_named_and_the_token_is_not() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let Err(TransportError::Network(message)) = get(&format!("http://127.0.0.1:{port}/x")) else {
            panic!("an answer");
        };
        assert!(message.starts_with(&format!("127.0.0.1:{port} cannot be reached")), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
}
