//! What is sent again, and when.

use serde_json::json;

use super::{World, token_account};
use crate::support::upstream::Answer;

const BUSY: u16 = 503;

fn busy(after: &str) -> Answer {
    Answer::json(BUSY, &json!({ "message": "busy" })).header("retry-after", after)
}

#[tokio::test]
async fn a_get_is_repeated_when_the_upstream_asks_for_it_in_seconds() {
    let world = World::start().await;
    world.upstream.answer(
        "/things/ada",
        Answer::json(429, &json!({})).header("retry-after", "0"),
    );
    world.upstream.answer("/things/ada", busy("0"));
    world
        .upstream
        .answer("/things/ada", Answer::json(200, &json!({ "id": 7 })));
    let result = world
        .execute("OPEN_GET_THING", json!({ "owner": "ada" }))
        .await
        .expect(200);
    assert_eq!(result["data"], json!({ "id": 7 }));
    assert_eq!(world.upstream.calls().len(), 3);
}

#[tokio::test]
async fn a_date_that_is_over_lets_a_call_be_repeated_at_once() {
    let world = World::start().await;
    // The server's clock stands at the beginning of 2026.
    world
        .upstream
        .answer("/things/ada", busy("Wed, 31 Dec 2025 23:59:59 GMT"));
    world
        .upstream
        .answer("/things/ada", Answer::json(200, &json!({ "id": 7 })));
    let result = world
        .execute("OPEN_GET_THING", json!({ "owner": "ada" }))
        .await
        .expect(200);
    assert_eq!(result["successful"], true);
    assert_eq!(world.upstream.calls().len(), 2);
}

#[tokio::test]
async fn a_wait_beyond_a_callers_patience_is_handed_on() {
    let world = World::start().await;
    for after in ["3600", "Thu, 01 Jan 2026 01:00:00 GMT"] {
        world.upstream.answer(
            "/things/ada",
            Answer::json(429, &json!({})).header("retry-after", after),
        );
        let result = world
            .execute("OPEN_GET_THING", json!({ "owner": "ada" }))
            .await
            .expect(200);
        assert_eq!(result["successful"], false);
        assert_eq!(result["data"]["status_code"], 429);
        assert_eq!(result["data"]["retry_after_s"], 3600, "{result}");
        world.upstream.forget("/things/ada");
    }
    assert_eq!(world.upstream.calls().len(), 2);
}

#[tokio::test]
async fn the_third_refusal_is_the_result() {
    let world = World::start().await;
    world.upstream.answer("/things/ada", busy("0"));
    let result = world
        .execute("OPEN_GET_THING", json!({ "owner": "ada" }))
        .await
        .expect(200);
    assert_eq!(result["error"], "503 busy");
    assert_eq!(world.upstream.calls().len(), 3);
}

#[tokio::test]
async fn what_writes_is_sent_once() {
    let world = World::start().await;
    world.upstream.answer("/ping", busy("0"));
    let result = world.execute("OPEN_PING", json!({})).await.expect(200);
    assert_eq!(result["error"], "503 busy");
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_post_with_a_hint_that_it_only_reads_is_repeated() {
    let world = World::start().await;
    token_account().store(&world.server).await;
    world.upstream.answer("/api/search", busy("0"));
    world
        .upstream
        .answer("/api/search", Answer::json(200, &json!({ "found": 1 })));
    let body = json!({ "user_id": "ada", "arguments": { "what": "x" } });
    let result = world.post("VAULT_SEARCH", body).await.expect(200);
    assert_eq!(result["data"], json!({ "found": 1 }));
    let calls = world.upstream.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].body, calls[1].body);
}

#[tokio::test]
async fn a_get_whose_connection_breaks_is_repeated() {
    let world = World::start().await;
    world.upstream.answer("/things/ada", Answer::broken_off());
    world
        .upstream
        .answer("/things/ada", Answer::json(200, &json!({ "id": 7 })));
    let result = world
        .execute("OPEN_GET_THING", json!({ "owner": "ada" }))
        .await
        .expect(200);
    assert_eq!(result["data"], json!({ "id": 7 }));
}

#[tokio::test]
async fn a_fault_of_the_upstream_is_not_repeated() {
    let world = World::start().await;
    world.upstream.answer(
        "/things/ada",
        Answer::json(500, &json!({ "message": "oops" })),
    );
    let result = world
        .execute("OPEN_GET_THING", json!({ "owner": "ada" }))
        .await
        .expect(200);
    assert_eq!(result["error"], "500 oops");
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_proxied_get_is_repeated_and_a_proxied_post_is_not() {
    let world = World::start().await;
    let account = token_account().store(&world.server).await;
    for (method, sent) in [("GET", 2), ("POST", 1)] {
        let path = format!("/api/{method}");
        world.upstream.answer(&path, busy("0"));
        world.upstream.answer(&path, Answer::json(200, &json!({})));
        let body = json!({ "connected_account_id": account, "endpoint": format!("/{method}"), "method": method });
        world
            .server
            .client
            .post("/api/v3/tools/execute/proxy", body)
            .await
            .expect(200);
        let calls = world.upstream.calls();
        assert_eq!(
            calls.iter().filter(|call| call.path == path).count(),
            sent,
            "{method}"
        );
    }
}
