//! `idempotency-key` of tool execution and of the proxy.

mod faults;
mod races;

use std::time::Duration;

use serde_json::{Value, json};
use tenon::scheme::Scheme;
use tenon::storage::idempotent_calls;

use super::execute::{World, problems};
use crate::support::accounts::NewAccount;
use crate::support::client::{Client, Reply};
use crate::support::upstream::Answer;

const KEY: &str = "idempotency-key";
const REPLAYED: &str = "idempotent-replayed";
const DAY: Duration = Duration::from_hours(24);
const NOTES: &str = "/folders/inbox/notes";

/// Writes a note, which nobody wants twice.
async fn note(client: &Client, key: &str, title: &str) -> Reply {
    let body = json!({ "arguments": { "folder": "inbox", "title": title } });
    send(client, key, "OPEN_CREATE_NOTE", body).await
}

async fn send(client: &Client, key: &str, tool: &str, body: Value) -> Reply {
    let path = format!("/api/v3/tools/execute/{tool}");
    client.with_header(KEY, key).post(&path, body).await
}

#[track_caller]
fn conflict(reply: &Reply) -> String {
    let error = reply.error(409);
    assert_eq!(error["code"], 10409, "{error}");
    error["message"].as_str().unwrap().to_owned()
}

/// How many keys were expired by now; they are gone after it.
async fn purged(world: &World, limit: i64) -> u64 {
    let now = world.server.clock.now();
    let mut tx = world.server.app.db.begin().await.unwrap();
    let removed = idempotent_calls::purge(tx.conn(), now, limit)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    removed
}

#[tokio::test]
async fn the_same_key_and_request_give_the_first_answer_again() {
    let world = World::start().await;
    let answer = json!({ "id": 7, "exact": 12_345_678_901_234_567_u64, "z": 1, "a": "ä" });
    world.upstream.answer(NOTES, Answer::json(201, &answer));
    world
        .upstream
        .answer(NOTES, Answer::json(201, &json!({ "id": 8 })));
    let client = &world.server.client;
    let first = note(client, "order-7", "Hi").await;
    assert_eq!(first.expect(200)["data"]["id"], 7);
    assert_eq!(first.header(REPLAYED), None);
    world.server.clock.advance(Duration::from_hours(23));
    // The draft's spelling is a quoted string; v3.1 is the same handler.
    for (key, prefix) in [("order-7", "v3"), ("\"order-7\"", "v3.1")] {
        let again = client
            .with_header(KEY, key)
            .post(
                &format!("/api/{prefix}/tools/execute/open_create_note"),
                json!({ "arguments": { "title": "Hi", "folder": "inbox" } }),
            )
            .await;
        assert_eq!(again.status, 200, "{}", again.text);
        assert_eq!(again.text, first.text);
        assert_eq!(again.header(REPLAYED), Some("true"));
        assert_eq!(again.header("content-type"), Some("application/json"));
    }
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_key_with_another_body_or_tool_is_a_conflict_and_calls_nobody() {
    let world = World::start().await;
    let client = &world.server.client;
    note(client, "k", "Hi").await.expect(200);
    let other_body = note(client, "k", "Ho").await;
    let arguments = json!({ "arguments": { "folder": "inbox", "title": "Hi" } });
    let other_tool = send(client, "k", "OPEN_GET_THING", arguments).await;
    let proxied = json!({ "connected_account_id": "ca_1", "endpoint": "/x", "method": "GET" });
    let other_endpoint = send(client, "k", "proxy", proxied).await;
    for reply in [other_body, other_tool, other_endpoint] {
        assert!(conflict(&reply).contains("belongs to another request"));
        assert_eq!(reply.header("x-should-retry"), Some("false"));
    }
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_its_project_and_calls_without_one_are_made_each_time() {
    let world = World::start().await;
    note(&world.server.client, "k", "Hi").await.expect(200);
    let body = json!({ "name": "other", "should_create_api_key": true });
    let path = "/api/v3/org/owner/project/new";
    let made = world.server.org.post(path, body).await.expect(200);
    let key = made["api_key"].as_str().unwrap();
    let other = world.server.anonymous.with_header("x-api-key", key);
    let reply = note(&other, "k", "Ho").await;
    assert_eq!(reply.header(REPLAYED), None);
    reply.expect(200);
    for _ in 0..2 {
        let arguments = json!({ "folder": "inbox", "title": "Hi" });
        world
            .execute("OPEN_CREATE_NOTE", arguments)
            .await
            .expect(200);
    }
    assert_eq!(world.upstream.calls().len(), 4);
}

#[tokio::test]
async fn a_key_has_1_to_255_characters_and_comes_once() {
    let world = World::start().await;
    let client = &world.server.client;
    note(client, &"x".repeat(255), "Hi").await.expect(200);
    for (key, problem) in [
        (
            "x".repeat(256),
            "must have 1 to 255 characters, and has 256",
        ),
        (String::new(), "must have 1 to 255 characters, and has 0"),
        ("\"\"".into(), "must have 1 to 255 characters, and has 0"),
        ("käse".into(), "must be of printable ASCII characters"),
    ] {
        let reply = note(client, &key, "Hi").await;
        assert_eq!(problems(&reply), [format!("{KEY}: {problem}")]);
    }
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_key_is_free_again_after_its_time_and_is_purged_in_batches() {
    let world = World::with(&[
        "--allow-cidrs",
        "127.0.0.0/8",
        "--idempotency-lifetime",
        "600",
    ])
    .await;
    let client = &world.server.client;
    for key in ["a", "b", "c"] {
        note(client, key, "Hi").await.expect(200);
    }
    assert_eq!(purged(&world, 10).await, 0);
    world.server.clock.advance(Duration::from_mins(10));
    let reply = note(client, "a", "Ho").await;
    assert_eq!((reply.status, reply.header(REPLAYED)), (200, None));
    assert_eq!(world.upstream.calls().len(), 4);
    // `a` was taken anew; the two others are over.
    assert_eq!(purged(&world, 1).await, 1);
    assert_eq!(purged(&world, 10).await, 1);
    let again = note(client, "a", "Ho").await;
    assert_eq!(again.header(REPLAYED), Some("true"));
}

#[tokio::test]
async fn an_answer_of_the_proxy_is_given_again_with_its_status_and_headers() {
    let world = World::start().await;
    let values = json!({ "token": "tok-5f9c1b7e" });
    let account = NewAccount::new("vault", Scheme::BearerToken, values);
    let account = account.store(&world.server).await;
    let answer = Answer::json(422, &json!({ "why": "no" })).header("x-mine", "yes");
    world.upstream.answer("/api/x", answer);
    let body = json!({ "connected_account_id": account, "endpoint": "/x", "method": "POST" });
    let client = &world.server.client;
    let first = send(client, "k", "proxy", body.clone()).await;
    let shown = first.expect(200);
    assert_eq!(
        (&shown["status"], &shown["headers"]["x-mine"]),
        (&json!(422), &json!("yes"))
    );
    let again = send(client, "k", "proxy", body).await;
    assert_eq!(
        (&again.text, again.header(REPLAYED)),
        (&first.text, Some("true"))
    );
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_project_that_stores_no_data_is_protected_and_keeps_no_answer() {
    let world = World::start().await;
    let client = &world.server.client;
    let setting = json!({ "log_visibility_setting": "dont_store_data" });
    client
        .patch("/api/v3/org/project/config", setting)
        .await
        .expect(200);
    note(client, "k", "Hi").await.expect(200);
    let again = note(client, "k", "Hi").await;
    assert!(conflict(&again).contains("not kept, since the project stores no data"));
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_too_large_to_keep_is_said_to_be_so_and_not_asked_for_again() {
    let world = World::with(&[
        "--allow-cidrs",
        "127.0.0.0/8",
        "--idempotency-max-bytes",
        "200",
    ])
    .await;
    let client = &world.server.client;
    let large = json!({ "text": "x".repeat(200) });
    world.upstream.answer(NOTES, Answer::json(200, &large));
    let first = note(client, "k", "Hi").await;
    assert_eq!(first.expect(200)["data"], large);
    let again = conflict(&note(client, "k", "Hi").await);
    let told = format!(
        "its answer had {} bytes, too many to be kept",
        first.text.len()
    );
    assert!(again.contains(&told), "{again}");
    assert_eq!(world.upstream.calls().len(), 1);
}
