//! What comes back from a tool.

use serde_json::{Value, json};

use super::World;
use crate::support::upstream::Answer;

#[tokio::test]
async fn a_tool_returns_what_the_upstream_answers() {
    let world = World::start().await;
    world.upstream.answer(
        "/things/ada",
        Answer::json(200, &json!({ "id": 7, "name": null })),
    );
    let result = world
        .execute("OPEN_GET_THING", json!({ "owner": "ada" }))
        .await
        .expect(200);
    assert_eq!(result["data"], json!({ "id": 7, "name": null }));
    assert_eq!(result["successful"], true);
    assert_eq!(result["error"], Value::Null);
    assert!(
        result["log_id"].as_str().unwrap().starts_with("log_"),
        "{result}"
    );
    let mut keys: Vec<&String> = result.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["data", "error", "log_id", "successful"]);
}

#[tokio::test]
async fn an_upstream_refusal_is_an_unsuccessful_result() {
    let world = World::start().await;
    let body = json!({ "message": "Not Found", "documentation_url": "https://docs.test" });
    world
        .upstream
        .answer("/things/ada", Answer::json(404, &body));
    let mut result = world
        .execute("OPEN_GET_THING", json!({ "owner": "ada" }))
        .await
        .expect(200);
    result["log_id"].take();
    let http_error = format!(
        "404 Client Error: Not Found for url: {}/things/ada",
        world.upstream.base
    );
    assert_eq!(
        result,
        json!({
            "data": { "status_code": 404, "message": body.to_string(), "http_error": http_error },
            "error": "404 Not Found",
            "successful": false,
            "log_id": null,
        })
    );
}

#[tokio::test]
async fn a_broken_upstream_is_an_unsuccessful_result() {
    let world = World::start().await;
    for answer in [
        Answer::broken_off(),
        Answer::hang(),
        Answer::redirect(302, "http://10.0.0.1/"),
    ] {
        world.upstream.answer("/ping", answer.clone());
        let result = world.execute("OPEN_PING", json!({})).await.expect(200);
        assert_eq!(result["successful"], false, "{answer:?}: {result}");
        assert!(!result["error"].as_str().unwrap().is_empty());
        assert_eq!(result["data"]["message"], result["error"]);
        world.upstream.forget("/ping");
    }
}

#[tokio::test]
async fn an_answer_over_the_size_limit_is_an_unsuccessful_result() {
    let flags = [
        "--allow-cidrs",
        "127.0.0.0/8",
        "--max-upstream-bytes",
        "1000",
    ];
    let world = World::with(&flags).await;
    world.upstream.answer(
        "/ping",
        Answer::gzipped(200, "application/json", "1".repeat(1_000_000).as_bytes()),
    );
    let reply = world.execute("OPEN_PING", json!({})).await;
    let result = reply.expect(200);
    assert_eq!(result["successful"], false);
    assert!(
        result["error"]
            .as_str()
            .unwrap()
            .contains("larger than 1000 bytes"),
        "{result}"
    );
}

#[tokio::test]
async fn answers_that_are_no_json_object_are_wrapped() {
    let world = World::start().await;
    let cases = [
        (
            Answer::json(200, &json!([1, 2])),
            json!({ "response_data": [1, 2] }),
        ),
        (
            Answer::text(200, "text/plain", "pong"),
            json!({ "response_data": "pong" }),
        ),
        (
            Answer::text(200, "application/json", "{\"a\":"),
            json!({ "response_data": "{\"a\":" }),
        ),
        (Answer::empty(204), json!({})),
        (Answer::empty(200), json!({})),
    ];
    for (answer, data) in cases {
        world.upstream.answer("/ping", answer);
        let result = world.execute("OPEN_PING", json!({})).await.expect(200);
        assert_eq!(
            (&result["data"], &result["successful"]),
            (&data, &json!(true))
        );
        world.upstream.forget("/ping");
    }
}
