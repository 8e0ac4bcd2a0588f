//! Lists, trees and descriptions: the JSON side of the Hub's protocol.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{DIGITS, HELLO, start};

#[test]
fn lists_come_in_pages() {
    let (_scratch, server) = start("pages");
    let pages = |first: &str, name: &str| -> (Vec<String>, Vec<usize>) {
        let (mut path, mut names, mut sizes) = (first.to_owned(), Vec::new(), Vec::new());
        loop {
            let answer = server.get(&path, &[]);
            let page: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
            names.extend(page.iter().map(|entry| entry[name].as_str().unwrap().to_owned()));
            sizes.push(page.len());
            let Some(link) = answer.header("link") else { return (names, sizes) };
            let url = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap();
            path = url.strip_prefix(&format!("http://127.0.0.1:{}", server.port)).unwrap().to_owned();
        }
    };
    let (ids, sizes) = pages("/api/models?limit=2", "id");
    assert_eq!(ids, ["other/third", "owner/many", "owner/sample", "owner/second", "solo"]);
    assert_eq!(sizes, [2, 2, 1]);
    let (paths, sizes) = pages("/api/models/owner/many/tree/main?recursive=true&expand=false", "path");
    assert_eq!((paths.iter().collect::<BTreeSet<_>>().len(), sizes), (1006, vec![1000, 6]));
    let (paths, sizes) = pages("/api/models/owner/many/tree/main?expand=true", "path");
    assert_eq!((paths.len(), sizes.len(), sizes[0]), (1006, 21, 50));
    let (words, _) = pages("/api/models?search=OWNER+s&author=owner&filter=license:mit&limit=1", "id");
    assert_eq!(words, ["owner/sample", "owner/second"]);
}

#[test]
fn descriptions_have_the_hubs_fields() {
    let (scratch, server) = start("fields");
    let info = server.json("/api/models/owner/sample/revision/main?blobs=true");
    let (sha, plain) = (info["sha"].clone(), server.json("/api/models/owner/sample"));
    assert_eq!(plain["sha"], sha);
    for (field, value) in [
        ("id", json!("owner/sample")),
        ("modelId", json!("owner/sample")),
        ("author", json!("owner")),
        ("private", json!(false)),
        ("gated", json!(false)),
        ("disabled", json!(false)),
        ("downloads", json!(0)),
        ("likes", json!(0)),
        ("pipeline_tag", json!("text-classification")),
        ("library_name", json!("transformers")),
        ("config", json!({ "architectures": ["BertForSequenceClassification"], "model_type": "bert" })),
        ("safetensors", json!({ "parameters": { "F32": 6, "I64": 3 }, "total": 9 })),
    ] {
        assert_eq!(info[field], value, "{field}");
    }
    assert_eq!(info["cardData"]["datasets"], "imdb");
    for tag in [
        "transformers",
        "safetensors",
        "bert",
        "text-classification",
        "glass",
        "en",
        "de",
        "dataset:imdb",
        "license:mit",
    ] {
        assert!(info["tags"].as_array().unwrap().contains(&json!(tag)), "{tag}");
    }
    let siblings = info["siblings"].as_array().unwrap();
    let sibling = |name: &str| siblings.iter().find(|sibling| sibling["rfilename"] == name).unwrap();
    assert_eq!(sibling("hello.txt"), &json!({ "rfilename": "hello.txt", "size": 6, "blobId": HELLO }));
    assert_eq!(sibling("sub/deeper/digits.bin")["lfs"], json!({ "sha256": DIGITS, "size": 10, "pointerSize": 127 }));
    assert!(sibling("sub/large.txt")["lfs"].is_object());
    assert_eq!(plain["siblings"][0].as_object().unwrap().len(), 1);
    let tree = server.json("/api/models/owner/sample/tree/main/sub");
    let paths: Vec<&str> = tree.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["sub/config.json", "sub/deeper", "sub/large.txt"]);
    assert_eq!(tree[1]["type"], "directory");
    // A change of one file is another commit, and the old one is gone.
    scratch.write("models/owner/sample/hello.txt", "changed");
    assert_ne!(server.json("/api/models/owner/sample")["sha"], sha);
    assert_eq!(server.get(&format!("/api/models/owner/sample/revision/{}", sha.as_str().unwrap()), &[]).status, 404);
}
