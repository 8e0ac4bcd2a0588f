//! `vitrine serve` started over a folder of repositories made for the test, and plain HTTP to talk to it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use vitrine_tests::root;

/// A running server, ended when dropped.
pub struct Server {
    process: Child,
    pub port: u16,
}

/// What a server answered.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The binary, built as this test is.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let folder = test.parent().and_then(Path::parent).unwrap();
        let profile: &[&str] = if folder.ends_with("release") { &["--release"] } else { &[] };
        let cargo = std::env::var("CARGO").unwrap_or("cargo".to_owned());
        let built =
            Command::new(cargo).args(["build", "-q", "-p", "vitrine-cli"]).args(profile).current_dir(root()).status();
        assert!(built.unwrap().success(), "the command line does not build");
        folder.join("vitrine")
    })
}

impl Server {
    /// Starts a server on a free port.
    pub fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(binary())
            .args(["serve", "--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("Serving "), "{line:?}");
        let port = line.trim().rsplit_once(" on http://127.0.0.1:").expect(&line).1.parse().unwrap();
        Self { process, port }
    }

    pub fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.send("GET", path, headers, "")
    }

    pub fn head(&self, path: &str, headers: &[&str]) -> Answer {
        self.send("HEAD", path, headers, "")
    }

    /// The JSON of an answer that must be a success.
    pub fn json(&self, path: &str) -> serde_json::Value {
        let answer = self.get(path, &[]);
        assert_eq!(answer.status, 200, "{path}");
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Sends one request, exactly as it is written.
    pub fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let host = format!("Host: 127.0.0.1:{}\r\nConnection: close\r\nContent-Length: {}\r\n", self.port, body.len());
        stream.write_all(format!("{method} {path} HTTP/1.1\r\n{host}{headers}\r\n{body}").as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("headers");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Answer { status, headers, body: bytes[end + 4..].to_vec() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A folder that is removed when dropped.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("vitrine-serve-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder.canonicalize().unwrap())
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let place = self.0.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    }

    pub fn path(&self, path: &str) -> String {
        self.0.join(path).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const CARD: &str = "---\nlicense: mit\nlanguage: [en, de]\ndatasets: imdb\ntags: [glass]\npipeline_tag: text-classification\n---\n# Sample\n";

/// A folder of repositories with names that are hard to serve, and with things that must not be served.
pub fn repositories(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    scratch.write("secret.txt", "secret");
    scratch.write("models/secret.txt", "secret");
    scratch.write("models/.token", "secret");
    scratch.write("models/owner/sample/README.md", CARD);
    scratch.write(
        "models/owner/sample/config.json",
        r#"{"architectures":["BertForSequenceClassification"],"model_type":"bert"}"#,
    );
    scratch.write("models/owner/sample/model.safetensors", safetensors());
    scratch.write("models/owner/sample/hello.txt", "hello\n");
    scratch.write("models/owner/sample/empty.txt", "");
    scratch.write("models/owner/sample/page.html", "<script>alert(1)</script>");
    scratch.write("models/owner/sample/a folder/ü #1 50%2F.txt", "hard to name");
    scratch.write("models/owner/sample/sub/deeper/digits.bin", "0123456789");
    scratch.write("models/owner/sample/sub/large.txt", "x".repeat(1_000_001));
    scratch.write("models/owner/sample/sub/config.json", "{}");
    scratch.write("models/owner/sample/.git/config", "secret");
    scratch.write("models/owner/sample/.env", "secret");
    scratch.write("models/owner/second/README.md", "---\npipeline_tag: fill-mask\nlicense: mit\n---\n");
    scratch.write("models/other/third/weights.safetensors", safetensors());
    scratch.write("models/solo/config.json", r#"{"model_type":"gpt2"}"#);
    scratch.write("models/not-a-repository/notes.txt", "secret");
    scratch.write("models/owner/bad name/config.json", "{}");
    for number in 0..1005 {
        scratch.write(&format!("models/owner/many/{number:04}.txt"), format!("{number}"));
    }
    scratch.write("models/owner/many/README.md", "");
    #[cfg(unix)]
    for (target, link) in
        [("secret.txt", "outside.txt"), ("models/owner/sample/hello.txt", "link.txt"), ("models/.token", "token.txt")]
    {
        std::os::unix::fs::symlink(scratch.0.join(target), scratch.0.join("models/owner/sample").join(link)).unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(&scratch.0, scratch.0.join("models/owner/sample/up")).unwrap();
    scratch
}

/// A safetensors file with two tensors.
fn safetensors() -> Vec<u8> {
    let header = concat!(
        r#"{"__metadata__":{"format":"pt"},"weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#,
        r#""ids":{"dtype":"I64","shape":[3],"data_offsets":[24,48]}}"#
    );
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([0; 48]);
    bytes
}
