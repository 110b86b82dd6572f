//! `binary_body` and `binary_data` of the proxy.

use std::time::Duration;

use serde_json::{Value, json};
use tenon::files;
use tenon::ids::FileId;
use tenon::scheme::Scheme;

use super::execute::{World, problems};
use crate::support::accounts::{NewAccount, first_project};
use crate::support::client::Reply;
use crate::support::files::{fetch, md5, stored, upload};
use crate::support::upstream::{Answer, Upstream};

const TOKEN: &str = "tok-5f9c1b7e";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0";

struct Proxy {
    world: World,
    account: String,
}

impl Proxy {
    async fn start() -> Self {
        let world = World::start().await;
        let values = json!({ "token": TOKEN });
        let account = NewAccount::new("vault", Scheme::BearerToken, values)
            .store(&world.server)
            .await;
        Self { world, account }
    }

    async fn send(&self, method: &str, more: Value) -> Reply {
        let mut body = json!({
            "connected_account_id": self.account, "method": method, "endpoint": "/x",
        });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.world.post("proxy", body).await
    }

    /// A link to a file of the first project that holds `content`.
    async fn link_to(&self, content: &str) -> String {
        let server = &self.world.server;
        let uploaded = upload(&server.client, "photo.bin", content).await;
        let id = FileId::from(uploaded["id"].as_str().unwrap().to_owned());
        let project = first_project(server).await;
        let file = files::find(&server.app, &project, &id).await.unwrap();
        files::read_link(&server.app, &file).await.unwrap().url
    }
}

#[tokio::test]
async fn an_answer_that_is_no_text_is_handed_over_as_a_link() {
    let proxy = Proxy::start().await;
    let disposition = "attachment; filename=\"a photo.png\"";
    let answer = Answer::bytes(200, "image/png", PNG).header("content-disposition", disposition);
    proxy.world.upstream.answer("/api/x", answer);
    let reply = proxy.send("GET", json!({})).await.expect(200);
    assert_eq!(reply["data"], Value::Null);
    assert_eq!(reply["status"], 200);
    let binary = &reply["binary_data"];
    assert_eq!(binary["content_type"], "image/png");
    assert_eq!(binary["size"], PNG.len());
    assert_eq!(binary["expires_at"], "2026-01-01T01:00:00.000Z");
    assert_eq!(fetch(binary["url"].as_str().unwrap()).await, PNG);
    let client = &proxy.world.server.client;
    let list = client.get("/api/v3/files/list").await.expect(200);
    assert_eq!(list["items"][0]["filename"], "a photo.png");
    assert_eq!(list["items"][0]["md5"], md5(PNG));
}

#[tokio::test]
async fn bytes_under_the_name_of_text_are_handed_over_too_and_text_under_another_is_text() {
    let proxy = Proxy::start().await;
    let upstream = &proxy.world.upstream;
    upstream.answer("/api/x", Answer::bytes(200, "text/plain", b"\xff\xfe"));
    let reply = proxy.send("GET", json!({})).await.expect(200);
    assert_eq!(
        fetch(reply["binary_data"]["url"].as_str().unwrap()).await,
        b"\xff\xfe"
    );
    upstream.forget("/api/x");
    let kind = "application/octet-stream";
    let long = "é".repeat(3000);
    upstream.answer("/api/x", Answer::bytes(404, kind, long.as_bytes()));
    let reply = proxy.send("GET", json!({})).await.expect(200);
    assert_eq!(reply["data"], long);
    assert!(reply.get("binary_data").is_none(), "{reply}");
}

#[tokio::test]
async fn an_answer_larger_than_a_file_may_be_is_an_error_and_leaves_nothing() {
    let proxy = Proxy {
        world: World::with(&["--allow-cidrs", "127.0.0.0/8", "--max-file-bytes", "9"]).await,
        account: String::new(),
    };
    let values = json!({ "token": TOKEN });
    let account = NewAccount::new("vault", Scheme::BearerToken, values)
        .store(&proxy.world.server)
        .await;
    let proxy = Proxy { account, ..proxy };
    let upstream = &proxy.world.upstream;
    upstream.answer("/api/x", Answer::bytes(200, "image/png", PNG));
    let error = proxy.send("GET", json!({})).await.error(502);
    assert!(error["message"].as_str().unwrap().contains("9 bytes"));
    assert!(stored(&proxy.world.server).is_empty());
}

#[tokio::test]
async fn inline_bytes_are_sent_as_they_are_under_their_type() {
    let proxy = Proxy::start().await;
    let body = json!({ "binary_body": { "base64": "aGVsbG8=", "content_type": "image/x" } });
    proxy.send("POST", body).await.expect(200);
    let call = proxy.world.upstream.call();
    assert_eq!(call.body, "hello");
    assert_eq!(call.header("content-type"), Some("image/x"));
    assert_eq!(call.header("content-length"), Some("5"));
    assert_eq!(call.header("authorization"), Some("Bearer tok-5f9c1b7e"));
}

#[tokio::test]
async fn a_file_of_the_project_is_sent_by_its_link_and_again_after_a_passing_failure() {
    let proxy = Proxy::start().await;
    let upstream = &proxy.world.upstream;
    // More than one chunk of the store.
    let content = "0123456789".repeat(60_000);
    let url = proxy.link_to(&content).await;
    upstream.answer("/api/x", Answer::empty(503));
    upstream.answer("/api/x", Answer::json(200, &json!({ "ok": true })));
    let body = json!({ "binary_body": { "url": url } });
    let reply = proxy.send("PUT", body).await.expect(200);
    assert_eq!(reply["data"], json!({ "ok": true }));
    let calls = upstream.calls();
    assert_eq!(calls.len(), 2);
    for call in calls {
        assert_eq!(call.header("content-length"), Some("600000"));
        assert!(call.body == content, "{} bytes", call.body.len());
    }
}

#[tokio::test]
async fn a_link_that_is_over_or_of_another_project_sends_nothing() {
    let proxy = Proxy::start().await;
    let server = &proxy.world.server;
    let url = proxy.link_to("hello").await;
    let made = server
        .org
        .post(
            "/api/v3/org/owner/project/new",
            json!({ "name": "other", "should_create_api_key": true }),
        )
        .await
        .expect(200);
    let key = made["api_key"].as_str().unwrap();
    let other = server.anonymous.with_header("x-api-key", key);
    let foreign = upload(&other, "theirs.bin", "theirs").await;
    let id = FileId::from(foreign["id"].as_str().unwrap().to_owned());
    let project = tenon::ids::ProjectId::from(made["id"].as_str().unwrap().to_owned());
    let file = files::find(&server.app, &project, &id).await.unwrap();
    let theirs = files::read_link(&server.app, &file).await.unwrap().url;
    let body = |url: &str| json!({ "binary_body": { "url": url } });
    proxy.send("POST", body(&theirs)).await.error(404);
    let broken = url.replace("signature=", "signature=x");
    proxy.send("POST", body(&broken)).await.error(403);
    server.clock.advance(Duration::from_hours(1));
    proxy.send("POST", body(&url)).await.error(403);
    assert_eq!(proxy.world.upstream.calls().len(), 0);
}

#[tokio::test]
async fn a_foreign_url_is_fetched_without_any_credential_and_sent_on() {
    let proxy = Proxy::start().await;
    let stranger = Upstream::start_at("127.0.0.9").await;
    stranger.answer("/photo.bin", Answer::text(200, "text/plain", "foreign"));
    let url = format!("{}/photo.bin", stranger.base);
    let body = json!({ "binary_body": { "url": url } });
    proxy.send("POST", body).await.expect(200);
    assert_eq!(stranger.call().header("authorization"), None);
    assert_eq!(proxy.world.upstream.call().body, "foreign");
    stranger.answer("/gone", Answer::empty(404));
    let body = json!({ "binary_body": { "url": format!("{}/gone", stranger.base) } });
    proxy.send("POST", body).await.error(400);
    let body = json!({ "binary_body": { "url": "http://10.0.0.1/secret" } });
    proxy.send("POST", body).await.error(400);
    assert_eq!(proxy.world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_binary_body_that_says_nothing_or_too_much_is_refused_by_name() {
    let proxy = Proxy::start().await;
    for (method, more) in [
        ("POST", json!({ "binary_body": {} })),
        ("POST", json!({ "binary_body": { "base64": "" } })),
        ("POST", json!({ "binary_body": { "base64": "a b c" } })),
        ("POST", json!({ "binary_body": { "url": "no url" } })),
        (
            "POST",
            json!({ "binary_body": { "base64": "AAAA", "url": "https://a.test" } }),
        ),
        (
            "POST",
            json!({ "body": {}, "binary_body": { "base64": "AAAA" } }),
        ),
        ("GET", json!({ "binary_body": { "base64": "AAAA" } })),
    ] {
        let reply = proxy.send(method, more).await;
        assert!(problems(&reply)[0].contains("body"), "{}", reply.text);
    }
    assert_eq!(proxy.world.upstream.calls().len(), 0);
}
