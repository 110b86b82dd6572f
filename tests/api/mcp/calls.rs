//! Results of tools, and what a model is told when there is none.

use serde_json::json;
use tenon::storage::execution_logs;

use super::{SERVERS, client_at, id};
use crate::api::execute::World;
use crate::support::accounts::first_project;
use crate::support::mcp_client::{McpClient, messages};
use crate::support::stage::Stage;
use crate::support::upstream::Answer;

#[tokio::test]
async fn a_result_is_structured_and_stands_as_text_too() {
    let world = World::start().await;
    let client = client_at(&world, json!({ "toolkits": ["open"] })).await;
    let result = client
        .call("open_get_thing", json!({ "owner": "ada" }))
        .await;
    assert_eq!(result["isError"], false);
    let structured = &result["structuredContent"];
    assert_eq!(
        *structured,
        json!({ "data": { "ok": true }, "successful": true })
    );
    let text = result["content"][0]["text"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(text).unwrap(),
        *structured
    );
    let log = result["_meta"]["log_id"].as_str().unwrap();
    assert!(log.starts_with("log_"));
}

#[tokio::test]
async fn a_service_that_refuses_is_a_result_with_an_error() {
    let world = World::start().await;
    let client = client_at(&world, json!({ "toolkits": ["open"] })).await;
    world
        .upstream
        .answer("/ping", Answer::json(403, &json!({ "message": "not you" })));
    let result = client.call("OPEN_PING", json!({})).await;
    assert_eq!(result["isError"], true);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("not you"), "{text}");
    assert_eq!(result["structuredContent"]["successful"], false);
}

#[tokio::test]
async fn wrong_arguments_are_named_so_that_a_model_can_mend_them() {
    let world = World::start().await;
    let client = client_at(&world, json!({ "toolkits": ["open"] })).await;
    let result = client.call("OPEN_GET_THING", json!({ "limit": 0 })).await;
    assert_eq!(result["isError"], true);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("owner") && text.contains("limit"), "{text}");
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_user_without_an_account_is_told_how_to_connect() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    for (managed, query, has_link) in [
        (false, "", false),
        (true, "", true),
        (false, "&managed_auth=true", true),
    ] {
        let body = json!({
            "name": "Anvils", "auth_config_ids": [config], "managed_auth_via_composio": managed,
        });
        let made = stage.server.client.post(SERVERS, body).await.expect(201);
        let path = format!("/v3/mcp/{}?user_id=ada{query}", id(&made));
        let client = McpClient::new(&stage.server.client, &path);
        let result = client.call("ACME_GET_ME", json!({})).await;
        assert_eq!(result["isError"], true);
        let text = result["content"][0]["text"].as_str().unwrap();
        let link = text
            .split_whitespace()
            .find(|word| word.contains("/link/ln_"));
        assert_eq!(link.is_some(), has_link, "{text}");
        let Some(link) = link else {
            assert!(text.contains("/connected_accounts/link"), "{text}");
            continue;
        };
        let page = stage.open(link).await;
        assert_eq!(page.status, 200, "{link}");
    }
}

#[tokio::test]
async fn a_client_that_wants_to_hear_of_progress_does() {
    let world = World::start().await;
    let client = client_at(&world, json!({ "toolkits": ["open"] })).await;
    let params = json!({
        "name": "OPEN_PING", "arguments": {}, "_meta": { "progressToken": "p-1" },
    });
    let reply = client.request("tools/call", params).await;
    let messages = messages(&reply);
    let first = &messages[0];
    assert_eq!(first["method"], "notifications/progress", "{messages:?}");
    assert_eq!(first["params"]["progressToken"], "p-1");
    assert_eq!(messages.last().unwrap()["id"], 1);
}

#[tokio::test]
async fn a_call_is_recorded_as_any_other() {
    let world = World::start().await;
    let client = client_at(&world, json!({ "toolkits": ["open"] })).await;
    client.call("OPEN_PING", json!({})).await;
    let app = &world.server.app;
    app.execution_log.flush(&app.db).await;
    let project = first_project(&world.server).await;
    let mut session = app.db.read().await.unwrap();
    let found = execution_logs::newest(session.conn(), &project, 10)
        .await
        .unwrap();
    assert_eq!((found.len(), found[0].tool.as_str()), (1, "OPEN_PING"));
}
