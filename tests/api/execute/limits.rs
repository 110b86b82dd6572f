//! Places at upstream hosts, circuits, and what a full or failing host means for others.

use std::time::Duration;

use serde_json::json;

use super::{World, token_account};
use crate::support::upstream::Answer;

const LOOPBACK: [&str; 2] = ["--allow-cidrs", "127.0.0.0/8"];

async fn world(flags: &[&str]) -> World {
    World::with(&[&LOOPBACK, flags].concat()).await
}

#[tokio::test]
async fn a_full_host_lets_a_call_wait_until_its_own_deadline() {
    let world = world(&["--upstream-concurrency", "1"]).await;
    world.upstream.answer("/things/ada", Answer::hang());
    let slow = world.execute("OPEN_GET_THING", json!({ "owner": "ada" }));
    tokio::pin!(slow);
    while world.upstream.calls().is_empty() {
        tokio::select! {
            reply = &mut slow => panic!("answered: {}", reply.text),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
    }
    // This tool has a second.
    let result = tokio::select! {
        reply = &mut slow => panic!("answered: {}", reply.text),
        reply = world.execute("OPEN_PING", json!({})) => reply.expect(200),
    };
    assert_eq!(result["successful"], false);
    let error = result["error"].as_str().unwrap();
    assert!(error.contains("had 1 calls under way"), "{error}");
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn one_accounts_calls_leave_places_to_others() {
    let world = world(&["--account-concurrency", "1"]).await;
    token_account().store(&world.server).await;
    world.upstream.answer("/api/me", Answer::hang());
    let body = json!({ "user_id": "ada", "arguments": {} });
    let slow = world.post("VAULT_GET_ME", body);
    tokio::pin!(slow);
    while world.upstream.calls().is_empty() {
        tokio::select! {
            reply = &mut slow => panic!("answered: {}", reply.text),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
    }
    let result = tokio::select! {
        reply = &mut slow => panic!("answered: {}", reply.text),
        reply = world.execute("OPEN_PING", json!({})) => reply.expect(200),
    };
    assert_eq!(result["successful"], true);
}

#[tokio::test]
async fn a_host_that_fails_is_left_alone_for_a_while_and_then_tried_again() {
    let world = world(&["--circuit-failures", "2"]).await;
    let account = token_account().store(&world.server).await;
    world
        .upstream
        .answer("/ping", Answer::json(503, &json!({})));
    for _ in 0..2 {
        world.execute("OPEN_PING", json!({})).await.expect(200);
    }
    let result = world.execute("OPEN_PING", json!({})).await.expect(200);
    assert_eq!(result["successful"], false);
    let error = result["error"].as_str().unwrap();
    assert!(
        error.contains("rest for 30 s: the last 2 failed"),
        "{error}"
    );
    // The circuit is the host's, whichever toolkit leads there.
    let body = json!({ "connected_account_id": account, "endpoint": "/me", "method": "GET" });
    let proxy = || {
        world
            .server
            .client
            .post("/api/v3/tools/execute/proxy", body.clone())
    };
    let reply = proxy().await;
    assert_eq!(reply.error(503)["slug"], "upstream_paused");
    assert_eq!(reply.header("retry-after"), Some("30"));
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    assert_eq!(world.upstream.calls().len(), 2);
    world.server.clock.advance(Duration::from_secs(30));
    assert_eq!(proxy().await.expect(200)["status"], 200);
    world.execute("OPEN_PING", json!({})).await.expect(200);
    assert_eq!(world.upstream.calls().len(), 4);
}

#[tokio::test]
async fn refusals_are_no_failures_of_a_host() {
    let world = world(&["--circuit-failures", "1"]).await;
    for status in [400, 401, 404, 429, 500] {
        world
            .upstream
            .answer("/ping", Answer::json(status, &json!({})));
        let result = world.execute("OPEN_PING", json!({})).await.expect(200);
        assert_eq!(result["data"]["status_code"], status, "{result}");
        world.upstream.forget("/ping");
    }
}
