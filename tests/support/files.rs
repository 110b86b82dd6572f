//! Uploads as SDKs make them, and what the file store holds.

use std::path::PathBuf;

use md5::{Digest, Md5};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, Reply};
use super::server::TestServer;

/// MD5 in hexadecimal.
pub fn md5(content: &[u8]) -> String {
    hex(&Md5::digest(content))
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Asks for an upload of `content` under `name`, for a tool of `acme`.
pub async fn announce(client: &Client, name: &str, content: &str) -> Value {
    let body = json!({
        "toolkit_slug": "acme", "tool_slug": "ACME_SEND", "filename": name,
        "mimetype": "text/plain", "md5": md5(content.as_bytes()),
    });
    client
        .post("/api/v3/files/upload/request", body)
        .await
        .expect(200)
}

/// Brings `content` to a link.
pub async fn bring(client: &Client, url: &str, content: &str) -> Reply {
    client
        .send(Method::PUT, url, Some(content.to_owned()))
        .await
}

/// Announces and brings; the answer to the announcement.
pub async fn upload(client: &Client, name: &str, content: &str) -> Value {
    let announced = announce(client, name, content).await;
    let url = announced["new_presigned_url"].as_str().unwrap();
    let reply = bring(client, url, content).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    announced
}

/// What is behind a link, as bytes.
pub async fn fetch(url: &str) -> Vec<u8> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests' own client reads text"
    )]
    let reply = reqwest::Client::new().get(url).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    reply.bytes().await.unwrap().to_vec()
}

/// The files below the server's file store.
pub fn stored(server: &TestServer) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![server.dir.path().join("files")];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}
