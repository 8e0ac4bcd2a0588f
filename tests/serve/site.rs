//! The static site beside the Hub.

use super::host::{Scratch, Server};

fn start(name: &str, more: &[&str]) -> (Scratch, Server) {
    let scratch = Scratch::new(name);
    scratch.write("secret.txt", "secret");
    scratch.write("models/owner/sample/config.json", "{}");
    scratch.write("site/index.html", "<!doctype html>");
    scratch.write("site/app.js", "export {};");
    scratch.write("site/app.js.br", "compressed");
    scratch.write("site/app.wasm", "wasm");
    scratch.write("site/sub/index.html", "sub");
    scratch.write("site/empty/file.css", "");
    scratch.write("site/.hidden", "secret");
    scratch.write("models/owner/sample/model.safetensors", "weights");
    scratch.write("models/owner/sample/model.safetensors.br", "compressed");
    #[cfg(unix)]
    std::os::unix::fs::symlink(scratch.0.join("secret.txt"), scratch.0.join("site/link.txt")).unwrap();
    let (models, site) = (scratch.path("models"), scratch.path("site"));
    let server = Server::start(&[&[models.as_str(), "--site", site.as_str()], more].concat());
    (scratch, server)
}

#[test]
fn a_site_and_a_hub_share_an_address() {
    let (_scratch, server) = start("site", &[]);
    for (path, kind, content) in [
        ("/", "text/html; charset=utf-8", "<!doctype html>"),
        ("/index.html", "text/html; charset=utf-8", "<!doctype html>"),
        ("/?query", "text/html; charset=utf-8", "<!doctype html>"),
        ("/app.js", "text/javascript; charset=utf-8", "export {};"),
        ("/app.wasm", "application/wasm", "wasm"),
        ("/sub/", "text/html; charset=utf-8", "sub"),
        ("/empty/file.css", "text/css; charset=utf-8", ""),
        ("/owner/sample/resolve/main/config.json", "application/json", "{}"),
    ] {
        let answer = server.get(path, &[]);
        assert_eq!(
            (answer.status, answer.header("content-type"), answer.text().as_str()),
            (200, Some(kind), content),
            "{path}"
        );
        assert_eq!(answer.header("cross-origin-opener-policy"), None);
    }
    assert_eq!(server.get("/app.js", &[]).header("cache-control"), Some("no-cache"));
    let moved = server.get("/sub", &[]);
    assert_eq!((moved.status, moved.header("location")), (301, Some("./sub/")));
    let etag = server.get("/app.js", &[]).header("etag").unwrap().to_owned();
    assert_eq!(server.get("/app.js", &[&format!("If-None-Match: {etag}")]).status, 304);
    for path in [
        "/absent.js",
        "/empty/",
        "/empty",
        "/.hidden",
        "/link.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/../secret.txt",
        "/sub/..%2f..%2fsecret.txt",
        "//",
        "//sub/",
        "/app.js/",
        "/sub//index.html",
        "/..%5csecret.txt",
    ] {
        let answer = server.get(path, &[]);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
    assert_eq!(server.send("POST", "/app.js", &[], "").status, 405);
}

#[test]
fn compressed_twins_are_for_the_site_alone() {
    let (_scratch, server) = start("brotli", &[]);
    let plain = server.get("/app.js", &["Accept-Encoding: gzip, br;q=0"]);
    assert_eq!((plain.text().as_str(), plain.header("content-encoding")), ("export {};", None));
    let twin = server.get("/app.js", &["Accept-Encoding: gzip, deflate, br"]);
    assert_eq!((twin.text().as_str(), twin.header("content-encoding")), ("compressed", Some("br")));
    assert_eq!(twin.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(twin.header("content-length"), Some("10"));
    assert_ne!(twin.header("etag"), plain.header("etag"));
    for answer in [&plain, &twin] {
        let vary: Vec<&str> =
            answer.headers.iter().filter(|(name, _)| name == "vary").map(|(_, value)| value.as_str()).collect();
        assert!(vary.contains(&"Accept-Encoding"), "{vary:?}");
    }
    let part = server.get("/app.js", &["Accept-Encoding: br", "Range: bytes=0-5"]);
    assert_eq!((part.status, part.text().as_str(), part.header("content-encoding")), (206, "export", None));
    let weights = server.get("/owner/sample/resolve/main/model.safetensors", &["Accept-Encoding: br"]);
    assert_eq!((weights.text().as_str(), weights.header("content-encoding")), ("weights", None));
}

#[test]
fn isolation_is_asked_for() {
    let (_scratch, server) = start("isolate", &["--isolate"]);
    for path in ["/", "/app.js", "/owner/sample/resolve/main/config.json", "/absent"] {
        let answer = server.get(path, &[]);
        for (name, value) in [
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "cross-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
    }
}
