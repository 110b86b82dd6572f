//! Upstreams that misbehave, and callers that go away: each ends as documented, none as our fault.

use std::time::Duration;

use serde_json::{Value, json};

use super::{World, token_account};
use crate::support::client::Reply;
use crate::support::files::stored;
use crate::support::upstream::Answer;

/// Every way to misbehave, with what the result says of it.
fn faults() -> Vec<(&'static str, Answer, &'static str)> {
    let loops = Answer::redirect(302, "/api/x");
    vec![
        (
            "503",
            Answer::json(503, &json!({ "message": "busy" })),
            "503 busy",
        ),
        (
            "500 without words",
            Answer::empty(500),
            "500 Internal Server Error",
        ),
        ("a broken body", Answer::broken_off(), "broke off"),
        (
            "a status with a page",
            Answer::text(502, "text/html", "<p>Bad gateway</p>"),
            "502 <p>Bad",
        ),
        (
            "300 MB",
            Answer::flood(300_000_000),
            "larger than 8388608 bytes",
        ),
        (
            "a gzip bomb",
            Answer::gzipped(200, "application/json", &vec![b'1'; 20_000_000]),
            "larger than 8388608 bytes",
        ),
        (
            "no gzip at all",
            Answer::text(200, "application/json", "{}").header("content-encoding", "gzip"),
            "could not be unpacked",
        ),
        ("a redirect loop", loops, "redirected more than 5 times"),
        (
            "a redirect to nowhere",
            Answer::redirect(302, "mailto:x@y.test"),
            "neither http nor https",
        ),
    ]
}

#[tokio::test]
async fn a_misbehaving_upstream_is_an_unsuccessful_result_of_a_tool() {
    let world = World::start().await;
    token_account().store(&world.server).await;
    for (what, answer, expected) in faults() {
        world.upstream.forget("/api/things");
        world.upstream.forget("/api/x");
        world.upstream.answer("/api/x", answer.clone());
        world.upstream.answer("/api/things", answer);
        let body = json!({ "user_id": "ada", "arguments": {} });
        let result = world.post("VAULT_CREATE", body).await.expect(200);
        assert_eq!(result["successful"], false, "{what}: {result}");
        let error = result["error"].as_str().unwrap();
        assert!(error.contains(expected), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_misbehaving_upstream_is_its_own_status_or_a_502_of_the_proxy() {
    let world = World::start().await;
    let account = token_account().store(&world.server).await;
    for (what, answer, expected) in faults() {
        world.upstream.forget("/api/x");
        world.upstream.answer("/api/x", answer);
        let body = json!({ "connected_account_id": account, "endpoint": "/x", "method": "POST" });
        let reply = world
            .server
            .client
            .post("/api/v3/tools/execute/proxy", body)
            .await;
        if reply.status == 200 {
            let status = reply.json()["status"].as_u64().unwrap();
            assert!(status >= 500, "{what}: {}", reply.text);
            continue;
        }
        let error = reply.error(502);
        assert!(
            error["message"].as_str().unwrap().contains(expected),
            "{what}: {error}"
        );
        assert_eq!(reply.header("x-should-retry"), Some("false"), "{what}");
    }
}

/// Until `happened` says so; the test hangs, and fails by that, when it never does.
/// Waits; what never happens is a failure, and no test that never ends.
async fn until(happened: impl Fn() -> bool) {
    let waiting = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(1), waiting).await;
    waited.expect("it happens");
}

async fn give_up(world: &World, path: &str, body: Value) {
    {
        let call = world.server.client.post(path, body);
        tokio::pin!(call);
        tokio::select! {
            reply = &mut call => panic!("answered: {}", reply.text),
            () = until(|| !world.upstream.calls().is_empty()) => {}
        }
        assert_eq!(world.upstream.cut_off(), 0);
    }
    until(|| world.upstream.cut_off() == 1).await;
}

#[tokio::test]
async fn the_upstream_sees_its_connection_end_when_the_caller_of_a_tool_goes_away() {
    let world = World::start().await;
    token_account().store(&world.server).await;
    world.upstream.answer("/api/me", Answer::hang());
    let body = json!({ "user_id": "ada", "arguments": {} });
    give_up(&world, "/api/v3/tools/execute/VAULT_GET_ME", body).await;
}

#[tokio::test]
async fn the_upstream_sees_its_connection_end_when_the_caller_of_the_proxy_goes_away() {
    let world = World::start().await;
    let account = token_account().store(&world.server).await;
    world.upstream.answer("/api/x", Answer::hang());
    let body = json!({ "connected_account_id": account, "endpoint": "/x", "method": "GET" });
    give_up(&world, "/api/v3/tools/execute/proxy", body).await;
}

const LARGEST_FILE: usize = 1_000_000;

async fn world_with_small_files() -> (World, String) {
    let largest = LARGEST_FILE.to_string();
    let flags = ["--allow-cidrs", "127.0.0.0/8", "--max-file-bytes", &largest];
    let world = World::with(&flags).await;
    let account = token_account().store(&world.server).await;
    (world, account)
}

async fn proxied(world: &World, account: &str, method: &str) -> Reply {
    let body = json!({ "connected_account_id": account, "endpoint": "/x", "method": method });
    world.post("proxy", body).await
}

#[tokio::test]
async fn bytes_of_a_misbehaving_upstream_are_a_502_and_leave_no_file() {
    let (world, account) = world_with_small_files().await;
    let kind = "application/octet-stream";
    let bomb = Answer::gzipped(200, kind, &vec![0xff; 20 * LARGEST_FILE]);
    for (what, answer, expected) in [
        (
            "300 MB",
            Answer::flood(300_000_000).in_bytes(),
            "1000000 bytes",
        ),
        ("a gzip bomb", bomb, "1000000 bytes"),
        (
            "a broken body",
            Answer::broken_off().in_bytes(),
            "broke off",
        ),
    ] {
        world.upstream.forget("/api/x");
        world.upstream.answer("/api/x", answer);
        let reply = proxied(&world, &account, "POST").await;
        let error = reply.error(502);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(expected), "{what}: {message}");
        assert_eq!(reply.header("x-should-retry"), Some("false"), "{what}");
        assert!(stored(&world.server).is_empty(), "{what}");
    }
}

#[tokio::test]
async fn the_upstream_sees_its_connection_end_when_the_caller_goes_away_amid_bytes() {
    let world = World::start().await;
    let account = token_account().store(&world.server).await;
    world
        .upstream
        .answer("/api/x", Answer::stalled().in_bytes());
    let body = json!({ "connected_account_id": account, "endpoint": "/x", "method": "GET" });
    give_up(&world, "/api/v3/tools/execute/proxy", body).await;
    until(|| stored(&world.server).is_empty()).await;
}

#[tokio::test]
async fn the_proxy_hands_on_how_long_to_wait() {
    let world = World::start().await;
    let account = token_account().store(&world.server).await;
    for (status, after) in [(429, "3600"), (503, "Thu, 01 Jan 2026 01:00:00 GMT")] {
        world.upstream.forget("/api/x");
        world.upstream.answer(
            "/api/x",
            Answer::json(status, &json!({})).header("retry-after", after),
        );
        for method in ["GET", "POST"] {
            let reply = proxied(&world, &account, method).await.expect(200);
            assert_eq!(reply["status"], status);
            assert_eq!(reply["headers"]["retry-after"], after);
        }
    }
    assert_eq!(world.upstream.calls().len(), 4);
}
