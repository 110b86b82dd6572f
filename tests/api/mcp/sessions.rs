//! Sessions as MCP clients see them.

use serde_json::{Value, json};

use crate::api::execute::World;
use crate::support::mcp_client::{McpClient, messages};

/// A client at a new session of `ada`.
async fn session(world: &World, config: Value) -> McpClient {
    let mut body = config;
    body["user_id"] = json!("ada");
    let path = "/api/v3.1/tool_router/session";
    let made = world.server.client.post(path, body).await.expect(201);
    let url = made["mcp"]["url"].as_str().unwrap();
    let path = url.strip_prefix(&world.server.base).unwrap();
    McpClient::new(&world.server.client, path)
}

#[tokio::test]
async fn a_session_shows_the_meta_tools_and_what_is_preloaded() {
    let world = World::start().await;
    let client = session(&world, json!({ "preload": { "tools": ["OPEN_PING"] } })).await;
    let tools = client.tools().await;
    for expected in [
        "COMPOSIO_SEARCH_TOOLS",
        "COMPOSIO_MULTI_EXECUTE_TOOL",
        "OPEN_PING",
    ] {
        assert!(tools.iter().any(|tool| tool == expected), "{tools:?}");
    }
    assert!(
        !tools.iter().any(|tool| tool == "OPEN_GET_THING"),
        "{tools:?}"
    );
    let result = client.call("OPEN_PING", json!({})).await;
    assert_eq!(result["structuredContent"]["data"]["ok"], true);
    let params = json!({ "name": "OPEN_GET_THING", "arguments": { "owner": "ada" } });
    let reply = client.request("tools/call", params).await;
    assert_eq!(messages(&reply)[0]["error"]["code"], -32602);
}

#[tokio::test]
async fn calls_side_by_side_tell_how_many_are_done() {
    let world = World::start().await;
    let client = session(&world, json!({})).await;
    let ping = json!({ "tool_slug": "OPEN_PING", "arguments": {} });
    let params = json!({
        "name": "COMPOSIO_MULTI_EXECUTE_TOOL",
        "arguments": { "tools": [ping, ping, ping] },
        "_meta": { "progressToken": 7 },
    });
    let reply = client.request("tools/call", params).await;
    let heard = messages(&reply);
    let told: Vec<&Value> = heard
        .iter()
        .filter(|message| message["method"] == "notifications/progress")
        .map(|message| &message["params"])
        .collect();
    let last = told.last().unwrap();
    assert_eq!(
        (&last["progress"], &last["total"]),
        (&json!(3), &json!(3)),
        "{heard:?}"
    );
    let result = &heard.last().unwrap()["result"];
    assert_eq!(result["isError"], false, "{result}");
}

#[tokio::test]
async fn a_session_needs_a_key_of_its_project() {
    let world = World::start().await;
    let client = session(&world, json!({})).await;
    let anonymous = McpClient::new(&world.server.anonymous, &client.path);
    assert_eq!(anonymous.request("ping", json!({})).await.status, 401);
    let body = json!({ "name": "other", "should_create_api_key": true });
    let path = "/api/v3/org/owner/project/new";
    let made = world.server.org.post(path, body).await.expect(200);
    let other = anonymous.with_header("x-api-key", made["api_key"].as_str().unwrap());
    assert_eq!(other.request("ping", json!({})).await.status, 404);
    let nowhere = McpClient::new(&client.http, "/tool_router/trs_nobody/mcp");
    assert_eq!(nowhere.request("ping", json!({})).await.status, 404);
}

#[tokio::test]
async fn a_url_of_a_session_has_the_sessions_user_whatever_its_query_says() {
    let world = World::start().await;
    let client = session(&world, json!({})).await;
    let path = format!("{}?user_id=bob", client.path);
    let other = McpClient::new(&client.http, &path);
    let (result, _) = other.initialize("2025-11-25").await;
    let told = result["instructions"].as_str().unwrap();
    assert!(told.contains("`ada`") && !told.contains("bob"), "{told}");
}
