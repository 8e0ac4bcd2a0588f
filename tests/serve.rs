//! `vitrine serve` against the Hub's protocol: raw requests, hostile ones among them, and the unmodified Python client.

#[path = "serve/host.rs"]
mod host;
#[path = "serve/listings.rs"]
mod listings;
#[path = "serve/site.rs"]
mod site;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use host::{Answer, Scratch, Server, repositories};
use vitrine_tests::root;

const EXPOSED: &str = "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash";

/// `printf 'hello\n' | git hash-object --stdin`
const HELLO: &str = "ce013625030ba8dba906f756967f9e9ca394464a";

/// `printf 0123456789 | sha256sum`
const DIGITS: &str = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882";

fn start(name: &str) -> (Scratch, Server) {
    let scratch = repositories(name);
    let server = Server::start(&[&scratch.path("models")]);
    (scratch, server)
}

#[test]
fn files_have_the_hubs_headers() {
    let (_scratch, server) = start("headers");
    let answer = server.get("/owner/sample/resolve/main/hello.txt", &[]);
    assert_eq!((answer.status, answer.text()), (200, "hello\n".to_owned()));
    assert_eq!(answer.header("etag"), Some(format!("\"{HELLO}\"").as_str()));
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    assert_eq!(answer.header("content-length"), Some("6"));
    let commit = answer.header("x-repo-commit").unwrap();
    assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{commit}");
    for absent in ["x-linked-size", "x-linked-etag", "x-xet-hash", "content-encoding"] {
        assert_eq!(answer.header(absent), None, "{absent}");
    }
    let lfs = server.get("/owner/sample/resolve/main/sub/deeper/digits.bin", &["Accept-Encoding: gzip, br"]);
    let etag = format!("\"{DIGITS}\"");
    assert_eq!((lfs.header("etag"), lfs.header("x-linked-etag")), (Some(etag.as_str()), Some(etag.as_str())));
    assert_eq!((lfs.header("x-linked-size"), lfs.header("content-encoding")), (Some("10"), None));
    assert_eq!((lfs.header("x-repo-commit"), lfs.text()), (Some(commit), "0123456789".to_owned()));
    let page = server.get("/owner/sample/resolve/main/page.html", &[]);
    assert_eq!(page.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(page.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    // The same commit by its name, and git's view of both kinds of files.
    assert_eq!(server.get(&format!("/owner/sample/resolve/{commit}/hello.txt"), &[]).text(), "hello\n");
    assert_eq!(server.get("/owner/sample/raw/main/hello.txt", &[]).text(), "hello\n");
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{DIGITS}\nsize 10\n");
    assert_eq!(server.get("/owner/sample/raw/main/sub/deeper/digits.bin", &[]).text(), pointer);
}

#[test]
fn head_answers_like_get_without_the_body() {
    let (_scratch, server) = start("head");
    let undated = |answer: &Answer| -> Vec<(String, String)> {
        answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect()
    };
    for path in [
        "/owner/sample/resolve/main/hello.txt",
        "/owner/sample/resolve/main/sub/large.txt",
        "/owner/sample/resolve/main/absent.txt",
        "/owner/sample/raw/main/model.safetensors",
        "/api/models",
        "/api/models/owner/sample",
        "/api/models/owner/sample/tree/main?recursive=true",
        "/api/models/nobody/nothing",
        "/nothing",
    ] {
        let (get, head) = (server.get(path, &[]), server.head(path, &[]));
        assert_eq!((head.status, undated(&head)), (get.status, undated(&get)), "{path}");
        assert!(head.body.is_empty() && !get.body.is_empty(), "{path}");
    }
}

#[test]
fn ranges_are_served() {
    let (_scratch, server) = start("ranges");
    let path = "/owner/sample/resolve/main/sub/deeper/digits.bin";
    for (range, part, content_range) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=4-5", "45", "bytes 4-5/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=7-100", "789", "bytes 7-9/10"),
        ("bytes=-5", "56789", "bytes 5-9/10"),
        ("bytes=-50", "0123456789", "bytes 0-9/10"),
    ] {
        let answer = server.get(path, &[&format!("Range: {range}")]);
        assert_eq!((answer.status, answer.text().as_str()), (206, part), "{range}");
        assert_eq!(answer.header("content-range"), Some(content_range), "{range}");
        assert_eq!(answer.header("content-length"), Some(part.len().to_string().as_str()), "{range}");
    }
    for range in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-"] {
        let answer = server.get(path, &[&format!("Range: {range}")]);
        assert_eq!((answer.status, answer.header("content-range")), (416, Some("bytes */10")), "{range}");
        assert!(answer.body.is_empty(), "{range}");
    }
    for range in ["bytes=0-1,4-5", "bytes=5-2", "bytes=x", "lines=1-2"] {
        let answer = server.get(path, &[&format!("Range: {range}")]);
        assert_eq!((answer.status, answer.text().as_str()), (200, "0123456789"), "{range}");
    }
    let large = server.get("/owner/sample/resolve/main/sub/large.txt", &["Range: bytes=1-1000000"]);
    assert_eq!((large.status, large.body.len()), (206, 1_000_000));
    assert_eq!(server.get("/owner/sample/resolve/main/empty.txt", &["Range: bytes=0-0"]).status, 416);
    assert_eq!(server.get("/owner/sample/resolve/main/empty.txt", &[]).header("content-length"), Some("0"));
}

#[test]
fn copies_are_validated() {
    let (_scratch, server) = start("validators");
    let path = "/owner/sample/resolve/main/sub/deeper/digits.bin";
    for tag in [format!("\"{DIGITS}\""), format!("W/\"{DIGITS}\""), format!("\"old\", \"{DIGITS}\""), "*".to_owned()] {
        let answer = server.get(path, &[&format!("If-None-Match: {tag}")]);
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{tag}");
        assert_eq!(answer.header("etag"), Some(format!("\"{DIGITS}\"").as_str()));
        assert!(answer.header("x-repo-commit").is_some());
    }
    assert_eq!(server.get(path, &["If-None-Match: \"old\""]).status, 200);
    let ranged = |tag: &str| server.get(path, &["Range: bytes=8-", &format!("If-Range: {tag}")]);
    let current = ranged(&format!("\"{DIGITS}\""));
    assert_eq!((current.status, current.text().as_str()), (206, "89"));
    for stale in ["\"old\"".to_owned(), format!("W/\"{DIGITS}\""), "Wed, 21 Oct 2026 07:28:00 GMT".to_owned()] {
        assert_eq!(ranged(&stale).status, 200, "{stale}");
    }
}

#[test]
fn nothing_outside_a_repository_is_served() {
    let (_scratch, server) = start("hostile");
    let up = [
        "../",
        "..%2f",
        "..%2F",
        "%2e%2e/",
        "%2e%2e%2f",
        ".%2e/",
        "..\\",
        "..%5c",
        "%2e%2e%5c",
        "..%252f",
        "....//",
        "..;/",
    ];
    let mut paths: Vec<String> = Vec::new();
    for climb in up {
        for depth in 1..6 {
            for secret in ["secret.txt", "models/secret.txt", ".token", "etc/hostname"] {
                paths.push(format!("/owner/sample/resolve/main/{}{secret}", climb.repeat(depth)));
                paths.push(format!("/{}{secret}", climb.repeat(depth)));
            }
        }
        paths.push(format!("/owner/{climb}resolve/main/secret.txt"));
        paths.push(format!("/api/models/owner/sample/tree/main/{climb}"));
        paths.push(format!("/api/models/{climb}{climb}tree/main"));
    }
    for path in [
        "//etc/hostname",
        "/etc/hostname",
        "/owner/sample/resolve/main//etc/hostname",
        "/owner/sample/resolve/main/%2Fetc/hostname",
        "/owner/sample/resolve/main/.git/config",
        "/owner/sample/resolve/main/.env",
        "/owner/sample/resolve/main/sub/../.env",
        "/owner/sample/resolve/main/outside.txt",
        "/owner/sample/resolve/main/token.txt",
        "/owner/sample/resolve/main/up/secret.txt",
        "/owner/sample/resolve/main/hello.txt%00",
        "/owner/sample/resolve/main/hello.txt/",
        "/owner/sample/resolve/main/./hello.txt",
        "/owner/sample/resolve/main/",
        "/owner/sample/resolve/main/%ff",
        "/owner/sample/resolve/main/sub",
        "/secret.txt",
        "/.token",
        "/not-a-repository/resolve/main/notes.txt",
        "/owner/bad%20name/resolve/main/config.json",
        "/owner/resolve/main/sample/hello.txt",
        "/sample/sub/resolve/main/config.json",
    ] {
        paths.push(path.to_owned());
    }
    for path in paths {
        let answer = server.get(&path, &[]);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(!answer.text().contains("secret"), "{path}");
    }
    // Links that stay inside are files like any other.
    assert_eq!(server.get("/owner/sample/resolve/main/link.txt", &[]).text(), "hello\n");
    assert_eq!(
        server.get("/owner/sample/resolve/main/a%20folder/%C3%BC%20%231%2050%252F.txt", &[]).text(),
        "hard to name"
    );
    assert_eq!(server.get("/owner/sample/resolve/main/sub%2Fdeeper%2Fdigits.bin", &[]).text(), "0123456789");
    assert_eq!(server.get("/solo/resolve/main/config.json", &[]).status, 200);
}

#[test]
fn refusals_have_the_hubs_codes() {
    let (_scratch, server) = start("refusals");
    let old = "0123456789012345678901234567890123456789";
    for (path, code, message) in [
        ("/api/models/nobody/nothing".to_owned(), "RepoNotFound", "Repository not found"),
        ("/api/models/nobody/nothing/tree/main".to_owned(), "RepoNotFound", "Repository not found"),
        ("/nobody/nothing/resolve/main/config.json".to_owned(), "RepoNotFound", "Repository not found"),
        ("/owner/sample/resolve/dev/config.json".to_owned(), "RevisionNotFound", "Invalid rev id: dev"),
        ("/owner/sample/resolve/refs%2Fpr%2F1/config.json".to_owned(), "RevisionNotFound", "Invalid rev id: refs/pr/1"),
        (
            format!("/api/models/owner/sample/revision/{old}"),
            "RevisionNotFound",
            "Invalid rev id: 0123456789012345678901234567890123456789",
        ),
        ("/api/models/owner/sample/commits/%0d%0aX:y".to_owned(), "RevisionNotFound", "Invalid rev id: ??X:y"),
        ("/owner/sample/resolve/main/absent.txt".to_owned(), "EntryNotFound", "Entry not found"),
        ("/api/models/owner/sample/tree/main/additional_chat_templates".to_owned(), "EntryNotFound", "Entry not found"),
    ] {
        let answer = server.get(&path, &[]);
        assert_eq!((answer.status, answer.header("x-error-code")), (404, Some(code)), "{path}");
        assert_eq!(answer.header("x-error-message"), Some(message), "{path}");
        assert_eq!(answer.header("x-repo-commit").is_some(), code == "EntryNotFound", "{path}");
    }
    let whoami = server.get("/api/whoami-v2", &["Authorization: Bearer hf_x"]);
    assert_eq!((whoami.status, whoami.header("x-error-code")), (401, None));
    assert_eq!(whoami.header("x-error-message"), Some("Invalid username or password."));
    for (method, path) in [
        ("POST", "/owner/sample/resolve/main/config.json"),
        ("DELETE", "/api/models/owner/sample"),
        ("PUT", "/owner/sample/resolve/main/config.json"),
        ("POST", "/api/repos/create"),
        ("GET", "/api/models/owner/sample/paths-info/main"),
    ] {
        let answer = server.send(method, path, &[], "{}");
        assert_eq!((answer.status, answer.header("allow").is_some()), (405, true), "{method} {path}");
    }
    for path in ["/api/models?limit=x", "/api/models?sort=nonsense", "/api/models?cursor=-1"] {
        assert_eq!(server.get(path, &[]).status, 400, "{path}");
    }
}

#[test]
fn pages_of_other_origins_may_read_everything() {
    let (_scratch, server) = start("cors");
    for path in [
        "/api/models/owner/sample",
        "/owner/sample/resolve/main/hello.txt",
        "/owner/sample/resolve/main/absent",
        "/nothing",
    ] {
        let answer = server.get(path, &["Origin: https://page.test"]);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://page.test"), "{path}");
        assert_eq!(answer.header("access-control-expose-headers"), Some(EXPOSED), "{path}");
        assert_eq!(answer.header("vary"), Some("Origin"), "{path}");
        assert_eq!(server.get(path, &[]).header("access-control-allow-origin"), Some("*"), "{path}");
        let asked = [
            "Origin: https://page.test",
            "Access-Control-Request-Method: GET",
            "Access-Control-Request-Headers: authorization,range",
        ];
        let preflight = server.send("OPTIONS", path, &asked, "");
        assert_eq!((preflight.status, preflight.body.len()), (204, 0), "{path}");
        assert_eq!(preflight.header("access-control-allow-origin"), Some("https://page.test"));
        assert_eq!(preflight.header("access-control-allow-headers"), Some("authorization,range"));
        assert!(preflight.header("access-control-allow-methods").unwrap().contains("GET"));
        assert_eq!(preflight.header("access-control-max-age"), Some("86400"));
    }
}

#[test]
fn many_clients_at_once_get_the_same_commit() {
    let (_scratch, server) = start("many");
    let commits: BTreeSet<String> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..24)
            .map(|_| {
                scope.spawn(|| {
                    server.head("/owner/many/resolve/main/0007.txt", &[]).header("x-repo-commit").unwrap().to_owned()
                })
            })
            .collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert_eq!(commits.len(), 1);
}

#[test]
fn a_port_in_use_and_a_missing_folder_are_told() {
    let (scratch, server) = start("in-use");
    for (arguments, sentence) in [
        ([scratch.path("models"), "--port".to_owned(), server.port.to_string()], "is in use by another program"),
        ([scratch.path("absent"), "--port".to_owned(), "0".to_owned()], "cannot be served"),
    ] {
        let output = Command::new(host::binary()).arg("serve").args(arguments).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        assert!(message.starts_with("error: ") && message.contains(sentence), "{message}");
    }
}

#[test]
fn the_python_client_works_unmodified() {
    let python = std::env::var_os("VITRINE_PYTHON").map_or(root().join("target/python/bin/python"), PathBuf::from);
    assert!(python.is_file(), "there is no {}: run ./build.sh test, which makes it", python.display());
    let (scratch, server) = start("python");
    let output = Command::new(python)
        .arg(root().join("tests/huggingface_hub_client.py"))
        .arg(scratch.path("models"))
        .env("HF_ENDPOINT", format!("http://127.0.0.1:{}", server.port))
        .env("HF_HOME", scratch.path("home"))
        .env_remove("HF_TOKEN")
        .env_remove("HF_HUB_OFFLINE")
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.trim_end().ends_with("all checks passed"), "{stdout}");
}
