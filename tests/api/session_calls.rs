//! Calls of tools and meta tools through sessions: what a session does not let through is refused
//! whichever way it is asked for.

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::stage::Stage;

const SESSIONS: &str = "/api/v3/tool_router/session";
const TOOL: &str = "ACME_GET_ME";

/// The path of a session of ada's with these settings.
async fn session(client: &Client, mut settings: Value) -> String {
    settings["user_id"] = json!("ada");
    let made = client.post(SESSIONS, settings).await.expect(201);
    format!("{SESSIONS}/{}", made["session_id"].as_str().unwrap())
}

async fn meta(client: &Client, session: &str, slug: &str, arguments: Value) -> Value {
    let call = json!({ "slug": slug, "arguments": arguments });
    client
        .post(&format!("{session}/execute_meta"), call)
        .await
        .expect(200)
}

async fn connected() -> Stage {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    stage.oauth_account(&config, "ada").await;
    stage
}

#[tokio::test]
async fn a_tool_is_executed_in_its_newest_version_and_recorded() {
    let stage = connected().await;
    let client = &stage.server.client;
    let session = session(client, json!({})).await;
    let call = json!({ "tool_slug": "acme_get_me", "arguments": {} });
    let done = client
        .post(&format!("{session}/execute"), call)
        .await
        .expect(200);
    assert_eq!(
        (&done["error"], &done["result_type"]),
        (&Value::Null, &json!("completed"))
    );
    let log = format!(
        "/api/v3.1/logs/tool_execution/{}",
        done["log_id"].as_str().unwrap()
    );
    client.get(&log).await.expect(200);
    let unknown = json!({ "tool_slug": "ACME_GET_YOU" });
    let error = client
        .post(&format!("{session}/execute"), unknown)
        .await
        .error(404);
    assert!(
        error["suggested_fix"].as_str().unwrap().contains(TOOL),
        "{error}"
    );
}

#[tokio::test]
async fn a_tool_outside_the_session_is_refused_whichever_way_it_is_called() {
    let stage = connected().await;
    let client = &stage.server.client;
    for (settings, rule) in [
        (
            json!({ "toolkits": { "enable": ["shop"] } }),
            "`toolkits.enable` does not list `acme`",
        ),
        (
            json!({ "toolkits": { "disable": ["acme"] } }),
            "`toolkits.disable` lists `acme`",
        ),
        (
            json!({ "tools": { "acme": { "enable": [] } } }),
            "`tools.acme.enable` does not list it",
        ),
        (
            json!({ "tools": { "acme": { "disable": [TOOL] } } }),
            "`tools.acme.disable` lists it",
        ),
        (
            json!({ "tags": ["destructiveHint"] }),
            "`tags.enable` asks for destructiveHint",
        ),
        (
            json!({ "tags": { "disable": ["readOnlyHint"] } }),
            "`tags.disable` lists readOnlyHint",
        ),
        (
            json!({ "tools": { "acme": { "tags": ["idempotentHint", "destructiveHint"] } } }),
            "`tools.acme.tags.enable` asks for idempotentHint or destructiveHint",
        ),
    ] {
        let session = session(client, settings.clone()).await;
        let call = json!({ "tool_slug": TOOL });
        let refused = client
            .post(&format!("{session}/execute"), call)
            .await
            .error(403);
        assert!(
            refused["message"].as_str().unwrap().contains(rule),
            "{refused}"
        );
        let tools = json!({ "tools": [{ "tool_slug": TOOL }] });
        let many = meta(client, &session, "COMPOSIO_MULTI_EXECUTE_TOOL", tools).await;
        let told = many["data"]["results"][0]["error"].as_str().unwrap();
        assert!(told.contains(rule), "{told}");
        let slugs = json!({ "tool_slugs": [TOOL] });
        let schemas = meta(client, &session, "COMPOSIO_GET_TOOL_SCHEMAS", slugs).await;
        assert!(
            schemas["data"]["tool_schemas"].get(TOOL).is_none(),
            "{schemas}"
        );
        let search = json!({ "queries": [{ "use_case": "whose acme account is connected" }] });
        let found = client
            .post(&format!("{session}/search"), search)
            .await
            .expect(200);
        assert!(!found.to_string().contains(TOOL), "{settings}: {found}");
    }
}

#[tokio::test]
async fn rules_of_a_toolkit_stand_above_the_sessions_tags() {
    let stage = connected().await;
    let client = &stage.server.client;
    for settings in [
        json!({ "tags": ["destructiveHint"], "tools": { "acme": { "enable": [TOOL] } } }),
        json!({ "tags": ["destructiveHint"], "tools": { "acme": { "disable": [] } } }),
        json!({ "tags": ["destructiveHint"], "tools": { "acme": { "tags": ["readOnlyHint"] } } }),
        json!({ "tags": { "enable": ["readOnlyHint"], "disable": ["destructiveHint"] } }),
    ] {
        let session = session(client, settings).await;
        let call = json!({ "tool_slug": TOOL });
        client
            .post(&format!("{session}/execute"), call)
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_meta_tool_that_is_switched_off_is_neither_shown_nor_executed() {
    let stage = connected().await;
    let client = &stage.server.client;
    for (settings, slug) in [
        (
            json!({ "manage_connections": { "enable": false } }),
            "COMPOSIO_MANAGE_CONNECTIONS",
        ),
        (json!({}), "COMPOSIO_WAIT_FOR_CONNECTIONS"),
        (
            json!({ "search": { "enable": false } }),
            "COMPOSIO_SEARCH_TOOLS",
        ),
        (
            json!({ "execute": { "enable_multi_execute": false } }),
            "COMPOSIO_MULTI_EXECUTE_TOOL",
        ),
        (
            json!({ "search": { "enable": false }, "execute": { "enable_multi_execute": false } }),
            "COMPOSIO_GET_TOOL_SCHEMAS",
        ),
        (
            json!({ "workbench": { "enable": false } }),
            "COMPOSIO_REMOTE_WORKBENCH",
        ),
    ] {
        let session = session(client, settings).await;
        let shown = client.get(&format!("{session}/tools")).await.expect(200);
        let mut items = shown["items"].as_array().unwrap().iter();
        assert!(items.all(|item| item["slug"] != slug), "{slug}");
        for (path, name) in [("execute_meta", "slug"), ("execute", "tool_slug")] {
            let call = json!({ name: slug, "arguments": {} });
            let refused = client
                .post(&format!("{session}/{path}"), call)
                .await
                .error(403);
            assert!(
                refused["message"]
                    .as_str()
                    .unwrap()
                    .contains("switches it off"),
                "{refused}"
            );
        }
    }
}

#[tokio::test]
async fn preloaded_tools_stand_beside_the_meta_tools_as_far_as_the_session_lets_them() {
    let stage = connected().await;
    let client = &stage.server.client;
    let slugs = |listed: &Value| -> Vec<String> {
        let items = listed["items"].as_array().unwrap().iter();
        let slugs = items.map(|item| item["slug"].as_str().unwrap().to_owned());
        slugs
            .filter(|slug| !slug.starts_with("COMPOSIO_"))
            .collect()
    };
    let named = session(
        client,
        json!({ "preload": { "tools": ["SHOP_GET_ME", TOOL, TOOL] } }),
    )
    .await;
    let listed = client.get(&format!("{named}/tools")).await.expect(200);
    assert_eq!(slugs(&listed), ["SHOP_GET_ME", TOOL]);
    let settings = json!({ "toolkits": { "enable": ["acme"] }, "preload": { "tools": "all" } });
    let all = session(client, settings).await;
    let listed = client.get(&format!("{all}/tools")).await.expect(200);
    assert_eq!(slugs(&listed), [TOOL]);
    let first = client
        .get(&format!("{all}/tools?limit=1"))
        .await
        .expect(200);
    assert_eq!(first["items"][0]["slug"], "COMPOSIO_SEARCH_TOOLS");
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = client
        .get(&format!("{all}/tools?limit=500&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(rest["total_items"], listed["total_items"]);
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[tokio::test]
async fn an_account_is_named_by_id_alias_or_words_and_must_be_the_sessions() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let work = stage.oauth_account(&config, "ada").await;
    let home = stage.oauth_account(&config, "ada").await;
    let bobs = stage.oauth_account(&config, "bob").await;
    let rename = json!({ "alias": "work" });
    client
        .patch(&format!("/api/v3/connected_accounts/{work}"), rename)
        .await
        .expect(200);
    let several = json!({
        "multi_account": { "enable": true, "require_explicit_selection": true },
    });
    let open = session(client, several).await;
    let call = |account: Value| json!({ "tool_slug": TOOL, "account": account });
    let path = format!("{open}/execute");
    let refused = client.post(&path, call(Value::Null)).await.error(400);
    let fix = refused["suggested_fix"].as_str().unwrap();
    assert!(
        fix.contains(&home) && fix.contains(&format!("{work} (work)")),
        "{fix}"
    );
    for account in [&work, "work", &home] {
        client.post(&path, call(json!(account))).await.expect(200);
    }
    let refused = client.post(&path, call(json!(bobs))).await.error(404);
    assert!(
        refused["suggested_fix"].as_str().unwrap().contains(&home),
        "{refused}"
    );
    let pinned = session(client, json!({ "connected_accounts": { "acme": home } })).await;
    let path = format!("{pinned}/execute");
    client.post(&path, call(json!("work"))).await.error(404);
    client.post(&path, call(json!(home))).await.expect(200);
}

#[tokio::test]
async fn a_tool_of_the_callers_own_is_found_and_is_not_executed_here() {
    let stage = connected().await;
    let client = &stage.server.client;
    let schema = json!({ "type": "object", "properties": { "customer": { "type": "string" } } });
    let tool = json!({
        "slug": "FIND_CUSTOMER", "name": "Find customer", "input_schema": schema,
        "description": "Looks a customer up in the company's own customer register.",
    });
    let custom = json!({ "custom_tools": [tool] });
    let search = json!({ "queries": [{ "use_case": "look up a customer in our register" }] });
    let kept = session(client, json!({ "experimental": custom })).await;
    let found = client
        .post(&format!("{kept}/search"), search.clone())
        .await
        .expect(200);
    assert!(
        found["results"][0]
            .to_string()
            .contains("LOCAL_FIND_CUSTOMER"),
        "{found}"
    );
    let call = json!({ "tool_slug": "LOCAL_FIND_CUSTOMER", "arguments": {} });
    let refused = client
        .post(&format!("{kept}/execute"), call)
        .await
        .error(400);
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("your own process"),
        "{refused}"
    );
    // Newer clients send them with each call.
    let plain = session(client, json!({})).await;
    let mut inline = search;
    inline["experimental"] = custom;
    let path = format!("{plain}/search").replace("/api/v3/", "/api/v3.1/");
    let found = client.post(&path, inline).await.expect(200);
    assert!(
        found["results"][0]
            .to_string()
            .contains("LOCAL_FIND_CUSTOMER"),
        "{found}"
    );
}

#[tokio::test]
async fn with_an_idempotency_key_a_call_through_a_session_is_made_once() {
    let stage = connected().await;
    let session = session(&stage.server.client, json!({})).await;
    let plain = &stage.server.client;
    let client = plain.with_header("idempotency-key", "once-7");
    let call = json!({ "tool_slug": TOOL });
    let path = format!("{session}/execute");
    let first = client.post(&path, call.clone()).await.expect(200);
    let again = client.post(&path, call).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.expect(200), first);
    let logs = "/api/v3/logs/tool_execution";
    let made = plain.post(logs, json!({})).await.expect(200);
    assert_eq!(made["logs"].as_array().unwrap().len(), 1, "{made}");
}
