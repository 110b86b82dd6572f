//! Execution logs by id and by search, what a step tells, and how long they stay.

use std::time::Duration;

use serde_json::{Value, json};
use tenon::scheme::Scheme;

use super::execute::{World, problems};
use crate::support::accounts::NewAccount;
use crate::support::upstream::Answer;

const SEARCH: &str = "/api/v3/logs/tool_execution";

impl World {
    async fn found(&self, body: Value) -> Value {
        self.server.client.post(SEARCH, body).await.expect(200)
    }

    /// The ids that a search with one filter finds, the newest first.
    async fn with_filter(&self, field: &str, operator: &str, value: &str) -> Vec<String> {
        let filter = json!({ "field": field, "operator": operator, "value": value });
        ids(&self.found(json!({ "filters": [filter] })).await)
    }

    async fn log(&self, result: &Value) -> Value {
        let id = result["log_id"].as_str().unwrap();
        let path = format!("{SEARCH}/{id}");
        self.server.client.get(&path).await.expect(200)
    }
}

fn ids(page: &Value) -> Vec<String> {
    let logs = page["logs"].as_array().unwrap();
    let id = |log: &Value| log["id"].as_str().unwrap().to_owned();
    logs.iter().map(id).collect()
}

fn steps(log: &Value) -> Vec<(&str, &Value)> {
    let steps = log["data"]["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| (step["step"].as_str().unwrap(), &step["detail"]))
        .collect()
}

fn id_of(result: &Value) -> String {
    result["log_id"].as_str().unwrap().to_owned()
}

/// A token account of Ada's that a test can look for.
async fn account(world: &World) -> String {
    let values = json!({ "token": "tok-of-the-log" });
    NewAccount::new("vault", Scheme::BearerToken, values)
        .store(&world.server)
        .await
}

#[tokio::test]
async fn a_log_tells_step_by_step_what_a_call_did() {
    let world = World::start().await;
    let account = account(&world).await;
    world.upstream.answer(
        "/api/search",
        Answer::json(503, &json!({})).header("retry-after", "0"),
    );
    let echo = json!({ "echo": "tok-of-the-log", "again": ["tok-of-the-log"] });
    world
        .upstream
        .answer("/api/search", Answer::json(200, &echo));
    let body = json!({ "user_id": "ada", "arguments": { "what": "x" } });
    let result = world.post("VAULT_SEARCH", body).await.expect(200);
    let log = world.log(&result).await;
    assert!(!log.to_string().contains("tok-of-the-log"), "{log}");
    let steps = steps(&log);
    let names: Vec<&str> = steps.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "tool",
            "account",
            "credentials",
            "attempt",
            "pause",
            "attempt",
            "redaction"
        ]
    );
    assert_eq!(steps[1].1["account"], account);
    assert_eq!(
        steps[1].1["why"],
        "the newest active account of the user for the toolkit"
    );
    assert_eq!(steps[2].1["scheme"], "BEARER_TOKEN");
    assert_eq!(steps[2].1["refreshed"], false);
    assert_eq!(
        (&steps[3].1["status"], &steps[5].1["status"]),
        (&json!(503), &json!(200))
    );
    assert_eq!(steps[3].1["host"], world.upstream.base);
    assert_eq!(steps[6].1["places_in_answer"], 2);
    assert_eq!(log["data"]["arguments"], json!({ "what": "x" }));
    assert_eq!(log["metrics"]["attempts"], 2);
    assert_eq!(log["metadata"]["credential_source"], "connected_account");
    assert_eq!(log["metadata"]["connected_account_id"], account);
    assert_eq!(
        (&log["type"], &log["status"], &log["level"]),
        (&json!("tool.execution"), &json!("success"), &json!("info"))
    );
}

#[tokio::test]
async fn a_log_tells_of_credentials_that_came_with_the_call_and_not_what_they_were() {
    let world = World::start().await;
    let auth = json!({ "parameters": [{ "in": "header", "name": "X-Key", "value": "key-of-the-caller" }] });
    let body = json!({ "custom_auth_params": auth });
    let result = world.post("VAULT_GET_ME", body).await.expect(200);
    let log = world.log(&result).await;
    assert_eq!(log["metadata"]["credential_source"], "custom_auth");
    assert_eq!(
        steps(&log)[1].1["why"],
        "the call brought custom_auth_params"
    );
    assert!(!log.to_string().contains("key-of-the-caller"), "{log}");
}

#[tokio::test]
async fn a_secret_argument_is_named_and_not_kept() {
    let world = World::start().await;
    account(&world).await;
    let body = json!({ "user_id": "ada", "arguments": { "what": "x", "pin": "pin-of-the-log" } });
    let result = world.post("VAULT_CREATE", body).await.expect(200);
    let log = world.log(&result).await;
    assert_eq!(steps(&log).last().unwrap().1["arguments"], json!(["pin"]));
    assert!(!log.to_string().contains("pin-of-the-log"), "{log}");
}

#[tokio::test]
async fn a_project_that_stores_no_data_has_logs_without_any() {
    let world = World::start().await;
    let setting = json!({ "log_visibility_setting": "dont_store_data" });
    world
        .server
        .client
        .patch("/api/v3/org/project/config", setting)
        .await
        .expect(200);
    world.upstream.answer(
        "/things/word-of-mine",
        Answer::json(404, &json!({ "message": "no word-of-mine" })),
    );
    let result = world
        .execute("OPEN_GET_THING", json!({ "owner": "word-of-mine" }))
        .await
        .expect(200);
    let log = world.log(&result).await;
    assert_eq!(log["data"]["arguments"], Value::Null);
    assert_eq!(log["message"], "the upstream answered 404");
    assert!(!log.to_string().contains("word-of-mine"), "{log}");
}

#[tokio::test]
async fn logs_are_found_by_what_they_are_of() {
    let world = World::start().await;
    let account = account(&world).await;
    let execute = |tool: &'static str, user: &'static str| {
        let (world, body) = (&world, json!({ "user_id": user, "arguments": {} }));
        async move {
            world.server.clock.advance(Duration::from_secs(1));
            id_of(&world.post(tool, body).await.expect(200))
        }
    };
    let first = execute("OPEN_PING", "bob").await;
    let second = execute("VAULT_GET_ME", "ada").await;
    world
        .upstream
        .answer("/ping", Answer::json(400, &json!({})));
    let third = execute("OPEN_PING", "100%").await;
    let cases: [(&str, &str, &str, &[&String]); 16] = [
        ("tool_slug", "==", "OPEN_PING", &[&third, &first]),
        ("tool_slug", "!=", "OPEN_PING", &[&second]),
        ("tool_slug", "contains", "get_me", &[&second]),
        ("toolkit_slug", "==", "VAULT", &[&second]),
        ("toolkit_slug", "not_contains", "aul", &[&third, &first]),
        ("connected_account_id", "==", &account, &[&second]),
        ("connected_account_id", "!=", &account, &[&third, &first]),
        ("status", "==", "failed", &[&third]),
        ("status", "==", "success", &[&second, &first]),
        ("status", "!=", "failed", &[&second, &first]),
        ("user_id", "==", "bob", &[&first]),
        ("user_id", "contains", "0%", &[&third]),
        ("user_id", "contains", "_", &[]),
        ("log_id", "==", &second, &[&second]),
        ("session_id", "==", "trs_1", &[]),
        ("session_id", "!=", "trs_1", &[&third, &second, &first]),
    ];
    for (field, operator, value, expected) in cases {
        let found = world.with_filter(field, operator, value).await;
        let expected: Vec<String> = expected.iter().map(|id| (*id).clone()).collect();
        assert_eq!(found, expected, "{field} {operator} {value}");
    }
    let log = world.log(&json!({ "log_id": second })).await;
    let (request, config) = (
        &log["context"]["request_id"],
        &log["metadata"]["auth_config_id"],
    );
    for (field, value) in [("request_id", request), ("auth_config_id", config)] {
        assert_eq!(
            world
                .with_filter(field, "==", value.as_str().unwrap())
                .await,
            std::slice::from_ref(&second)
        );
    }
}

#[tokio::test]
async fn pages_follow_one_another_and_lose_and_repeat_nothing() {
    let world = World::start().await;
    let mut made = Vec::new();
    for index in 0..7 {
        // Some share an instant.
        if index % 3 == 0 {
            world.server.clock.advance(Duration::from_secs(1));
        }
        made.push(id_of(
            &world.execute("OPEN_PING", json!({})).await.expect(200),
        ));
    }
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let page = world.found(json!({ "limit": 3, "cursor": cursor })).await;
        seen.extend(ids(&page));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen.len(), 7);
    seen.sort();
    made.sort();
    assert_eq!(seen, made);
}

#[tokio::test]
async fn a_time_range_narrows_a_search() {
    let world = World::start().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        world.server.clock.advance(Duration::from_secs(10));
        let at = world.server.clock.now().as_millis();
        let id = id_of(&world.execute("OPEN_PING", json!({})).await.expect(200));
        made.push((at, id));
    }
    let (at, id) = &made[1];
    let page = world
        .found(json!({ "time_range": { "from": at, "to": at } }))
        .await;
    assert_eq!(ids(&page), std::slice::from_ref(id));
}

#[tokio::test]
async fn a_search_that_cannot_be_meant_is_refused_by_name() {
    let world = World::start().await;
    let filter = |field: &str, operator: &str, value: &str| json!({ "filters": [{ "field": field, "operator": operator, "value": value }] });
    for (body, problem) in [
        (
            filter("status", "==", "maybe"),
            "filters[0].value: must be `success` or `failed`",
        ),
        (
            filter("colour", "==", "red"),
            "filters[0].field: unknown variant",
        ),
        (
            filter("status", "~", "failed"),
            "filters[0].operator: unknown variant",
        ),
    ] {
        let found = problems(&world.server.client.post(SEARCH, body).await);
        assert!(found[0].starts_with(problem), "{found:?}");
    }
    let reply = world
        .server
        .client
        .post(SEARCH, json!({ "cursor": "x" }))
        .await;
    assert_eq!(reply.error(400)["message"], "the cursor is not valid");
}

#[tokio::test]
async fn a_log_of_another_project_is_not_found() {
    let world = World::start().await;
    let result = world.execute("OPEN_PING", json!({})).await.expect(200);
    let body = json!({ "name": "other", "should_create_api_key": true });
    let made = world
        .server
        .org
        .post("/api/v3/org/owner/project/new", body)
        .await
        .expect(200);
    let other = world
        .server
        .anonymous
        .with_header("x-api-key", made["api_key"].as_str().unwrap());
    let path = format!("{SEARCH}/{}", id_of(&result));
    assert_eq!(other.get(&path).await.error(404)["slug"], "not_found");
    assert!(ids(&other.post(SEARCH, json!({})).await.expect(200)).is_empty());
    world.server.client.get(&path).await.expect(200);
    // The newer prefix serves the same.
    world
        .server
        .client
        .get(&path.replace("v3", "v3.1"))
        .await
        .expect(200);
}

#[tokio::test]
async fn logs_are_removed_when_they_are_old_and_more_than_a_batch_at_that() {
    let world = World::start().await;
    let app = &world.server.app;
    let result = world.execute("OPEN_PING", json!({})).await.expect(200);
    app.execution_log.flush(&app.db).await;
    let project = crate::support::accounts::first_project(&world.server).await;
    let id = tenon::ids::LogId::from(id_of(&result));
    let record = tenon::executor::record(app, &project, &id).await.unwrap();
    for _ in 0..2_500 {
        let mut other = record.clone();
        other.id = tenon::ids::LogId::generate();
        app.execution_log.record(other);
    }
    app.execution_log.flush(&app.db).await;
    world.server.clock.advance(Duration::from_hours(24 * 29));
    tenon::executor::forget_old_records(app).await.unwrap();
    let newer = id_of(&world.execute("OPEN_PING", json!({})).await.expect(200));
    world.log(&result).await;
    world.server.clock.advance(Duration::from_hours(24 * 2));
    tenon::executor::forget_old_records(app).await.unwrap();
    assert_eq!(ids(&world.found(json!({ "limit": 100 })).await), [newer]);
}
