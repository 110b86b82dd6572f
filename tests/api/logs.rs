//! Execution logs by id and by search, what a step tells, and how long they stay.

use std::time::Duration;

use serde_json::{Value, json};
use tenon::ids::LogId;
use tenon::scheme::Scheme;

use super::execute::{World, problems};
use crate::leaks::leaks;
use crate::support::accounts::{NewAccount, first_project};
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

/// Calls of every kind and end that have and are answered with words of the caller; gives those words.
async fn say_words(world: &World) -> Vec<(String, String)> {
    let account = account(world).await;
    let unique = |kind: &str| format!("word-of-{kind}-{}", tenon::ids::random_text(12));
    let [argument, refused, result, path, body] =
        ["argument", "refused", "result", "path", "body"].map(unique);
    let echo = |status| {
        Answer::json(
            status,
            &json!({ "message": result, "fault": { "why": result } }),
        )
    };
    for (status, fault) in [(200, None), (404, None), (200, Some(Answer::broken_off()))] {
        let answer = fault.unwrap_or_else(|| echo(status));
        let proxied = format!("/{path}");
        for at in [
            format!("/things/{argument}"),
            "/api/things".into(),
            format!("/api{proxied}"),
        ] {
            world.upstream.forget(&at);
            world.upstream.answer(&at, answer.clone());
        }
        let arguments = json!({ "owner": argument });
        world.execute("OPEN_GET_THING", arguments).await.expect(200);
        let call = json!({ "user_id": "ada", "arguments": { "what": argument } });
        world.post("VAULT_CREATE", call).await.expect(200);
        let call = json!({
            "connected_account_id": account, "endpoint": format!("{proxied}?q={argument}"),
            "method": "POST", "body": { "text": body },
        });
        world.post("proxy", call).await;
    }
    let wrong = json!({ "owner": [refused], refused.as_str(): refused });
    world.execute("OPEN_GET_THING", wrong).await.error(400);
    let words = [argument, refused, result, path, body];
    words.map(|word| ("a word".to_owned(), word)).to_vec()
}

fn words_in(world: &World, words: &[(String, String)]) -> Vec<String> {
    let stored = world.server.stored();
    let found = stored
        .iter()
        .map(|(name, content)| leaks(name, content, words));
    found.flatten().collect()
}

#[tokio::test]
async fn no_word_of_a_call_is_in_the_database_of_a_project_that_stores_no_data() {
    let world = World::start().await;
    let setting = |setting: &str| {
        let body = json!({ "log_visibility_setting": setting });
        let client = &world.server.client;
        async move {
            client
                .patch("/api/v3/org/project/config", body)
                .await
                .expect(200)
        }
    };
    setting("dont_store_data").await;
    let words = say_words(&world).await;
    assert_eq!(ids(&world.found(json!({ "limit": 100 })).await).len(), 10);
    assert_eq!(words_in(&world, &words), Vec::<String>::new());
    // Of one that does, there is what to find.
    setting("show_all").await;
    let words = say_words(&world).await;
    world.found(json!({})).await;
    assert!(words_in(&world, &words).len() >= 3);
}

#[tokio::test]
async fn a_user_and_a_path_of_any_length_cost_no_record() {
    let world = World::start().await;
    let account = account(&world).await;
    let long = || tenon::ids::random_text(6_000);
    let call = json!({ "user_id": long(), "arguments": {} });
    let result = world.post("OPEN_PING", call).await.expect(200);
    assert_eq!(
        world.log(&result).await["metadata"]["user_id"]
            .as_str()
            .unwrap()
            .len(),
        512
    );
    let call = json!({
        "connected_account_id": account, "endpoint": format!("/{}", "\u{1F600}".repeat(600)), "method": "GET",
    });
    world.post("proxy", call).await.expect(200);
    assert_eq!(ids(&world.found(json!({})).await).len(), 2);
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

/// As many copies of a record, a millisecond apart; gives the first and the last.
async fn copies(world: &World, result: &Value, count: u64) -> [LogId; 2] {
    let app = &world.server.app;
    let project = first_project(&world.server).await;
    let id = LogId::from(id_of(result));
    let mut record = tenon::executor::record(app, &project, &id).await.unwrap();
    let mut made = Vec::new();
    for number in 0..count {
        record.id = LogId::generate();
        record.created_at = record.created_at.after(Duration::from_millis(1));
        made.push(record.id.clone());
        app.execution_log.record(record.clone());
        if number % 4_000 == 0 {
            app.execution_log.flush(&app.db).await;
        }
    }
    app.execution_log.flush(&app.db).await;
    assert_eq!(app.execution_log.dropped(), 0);
    [made[0].clone(), made[made.len() - 1].clone()]
}

#[tokio::test]
async fn writers_go_on_while_old_logs_are_removed() {
    let world = World::start().await;
    let (server, app) = (&world.server, &world.server.app);
    let result = world.execute("OPEN_PING", json!({})).await.expect(200);
    let old = copies(&world, &result, 8_000).await;
    server.clock.advance(Duration::from_hours(24 * 31));
    let is_there = async |id: &LogId| {
        let path = format!("{SEARCH}/{}", id.as_str());
        server.client.get(&path).await.status == 200
    };
    let writing = async {
        let (mut new, mut in_between) = (Vec::new(), 0);
        while is_there(&old[1]).await {
            let body = json!({ "is_2FA_enabled": new.len() % 2 == 0 });
            let changed = server
                .client
                .patch("/api/v3/org/project/config", body)
                .await;
            changed.expect(200);
            new.push(id_of(
                &world.execute("OPEN_PING", json!({})).await.expect(200),
            ));
            if !is_there(&old[0]).await && is_there(&old[1]).await {
                in_between += 1;
            }
        }
        (new, in_between)
    };
    let (removed, (new, in_between)) =
        tokio::join!(tenon::executor::forget_old_records(app), writing);
    removed.unwrap();
    assert!(in_between > 0, "every writer waited for the end");
    let mut left = Vec::new();
    let mut cursor = Value::Null;
    while left.is_empty() || !cursor.is_null() {
        let page = world.found(json!({ "limit": 100, "cursor": cursor })).await;
        left.extend(ids(&page));
        cursor = page["next_cursor"].clone();
    }
    left.sort();
    let mut new = new;
    new.sort();
    assert_eq!(left, new);
}

#[tokio::test]
async fn logs_are_removed_when_they_are_old_and_more_than_a_batch_at_that() {
    let world = World::start().await;
    let app = &world.server.app;
    let result = world.execute("OPEN_PING", json!({})).await.expect(200);
    copies(&world, &result, 2_500).await;
    world.server.clock.advance(Duration::from_hours(24 * 29));
    tenon::executor::forget_old_records(app).await.unwrap();
    let newer = id_of(&world.execute("OPEN_PING", json!({})).await.expect(200));
    world.log(&result).await;
    world.server.clock.advance(Duration::from_hours(24 * 2));
    tenon::executor::forget_old_records(app).await.unwrap();
    assert_eq!(ids(&world.found(json!({ "limit": 100 })).await), [newer]);
}
