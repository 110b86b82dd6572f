//! What is said at the URL of an MCP server: revisions, lists, forms of answers, and nonsense.

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use super::client_at;
use crate::api::execute::World;
use crate::support::mcp_client::{McpClient, messages};

async fn open(world: &World) -> McpClient {
    client_at(world, json!({ "toolkits": ["open"] })).await
}

#[tokio::test]
async fn a_client_gets_the_revision_it_asks_for_or_the_newest_with_a_handshake() {
    let world = World::start().await;
    let client = open(&world).await;
    for (asked, agreed) in [
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("2031-01-01", "2025-11-25"),
    ] {
        let (result, client) = client.initialize(asked).await;
        assert_eq!(result["protocolVersion"], agreed);
        assert_eq!(result["serverInfo"]["title"], "Test server");
        let noted = client.raw(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        assert_eq!(noted.await.status, 202);
        assert_eq!(client.tools().await.len(), 6, "{asked}");
    }
}

#[tokio::test]
async fn a_tool_is_listed_with_its_schemas_and_what_it_does() {
    let world = World::start().await;
    let body = json!({ "toolkits": ["vault"], "allowed_tools": ["VAULT_SEARCH"] });
    let client = client_at(&world, body).await;
    let list = McpClient::result(&client.request("tools/list", json!({})).await);
    assert_json_snapshot!(list["tools"][0], { ".outputSchema" => "[schema]" }, @r#"
    {
      "name": "VAULT_SEARCH",
      "title": "Search",
      "description": "Looks by a query in the body.",
      "inputSchema": {
        "type": "object",
        "properties": {
          "what": {
            "type": "string",
            "title": "What",
            "description": "What."
          }
        }
      },
      "outputSchema": "[schema]",
      "annotations": {
        "title": "Search",
        "readOnlyHint": true,
        "openWorldHint": false
      }
    }
    "#);
    assert_eq!(list["tools"][0]["outputSchema"]["type"], "object");
    let error = client
        .request("tools/list", json!({ "cursor": "nonsense" }))
        .await;
    assert_eq!(error.json()["error"]["code"], -32602);
}

fn modern(params: Value) -> Value {
    let mut params = params;
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    params
}

#[tokio::test]
async fn the_revision_without_sessions_is_spoken_too() {
    let world = World::start().await;
    let client = open(&world)
        .await
        .with_header("mcp-protocol-version", "2026-07-28");
    let discover = client.with_header("mcp-method", "server/discover");
    let reply = discover.request("server/discover", modern(json!({}))).await;
    let result = McpClient::result(&reply);
    assert_eq!(result["resultType"], "complete");
    assert!(
        result["supportedVersions"]
            .to_string()
            .contains("2026-07-28")
    );
    assert_eq!(reply.header("mcp-session-id"), None);
    let list = client.with_header("mcp-method", "tools/list");
    let result = McpClient::result(&list.request("tools/list", modern(json!({}))).await);
    assert_eq!(
        (&result["resultType"], &result["cacheScope"]),
        (&json!("complete"), &json!("private"))
    );
    let call = client
        .with_header("mcp-method", "tools/call")
        .with_header("mcp-name", "OPEN_PING");
    let params = modern(json!({ "name": "OPEN_PING", "arguments": {} }));
    let result = McpClient::result(&call.request("tools/call", params).await);
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["structuredContent"]["data"]["ok"], true);
    let reply = client
        .with_header("mcp-method", "no/such")
        .request("no/such", modern(json!({})))
        .await;
    assert_eq!(
        (reply.status, &reply.json()["error"]["code"]),
        (404, &json!(-32601))
    );
}

#[tokio::test]
async fn headers_and_body_must_say_the_same() {
    let world = World::start().await;
    let client = open(&world).await;
    let newest = client.with_header("mcp-protocol-version", "2026-07-28");
    for (client, params, code) in [
        (
            client.with_header("mcp-protocol-version", "1999-01-01"),
            json!({}),
            -32022,
        ),
        (newest.clone(), json!({}), -32602),
        (newest.clone(), modern(json!({})), -32020),
        (
            newest.with_header("mcp-method", "tools/call"),
            modern(json!({})),
            -32020,
        ),
        (client.clone(), modern(json!({})), -32020),
    ] {
        let reply = client.request("tools/list", params).await;
        assert_eq!(
            (reply.status, &reply.json()["error"]["code"]),
            (400, &json!(code)),
            "{}",
            reply.text
        );
        assert_eq!(reply.json()["id"], 1);
    }
}

#[tokio::test]
async fn answers_come_in_the_form_that_a_client_takes() {
    let world = World::start().await;
    let client = open(&world).await;
    let ping = json!({ "name": "OPEN_PING", "arguments": {} });
    for (accept, method, form) in [
        (
            "application/json, text/event-stream",
            "tools/list",
            "application/json",
        ),
        (
            "application/json, text/event-stream",
            "tools/call",
            "text/event-stream",
        ),
        ("text/event-stream", "tools/list", "text/event-stream"),
        ("application/json", "tools/call", "application/json"),
        (
            "application/json, text/event-stream;q=0",
            "tools/call",
            "application/json",
        ),
        ("*/*", "tools/list", "application/json"),
    ] {
        let client = client.with_header("accept", accept);
        let reply = client.request(method, ping.clone()).await;
        assert_eq!(
            reply.header("content-type"),
            Some(form),
            "{accept} {method}"
        );
        McpClient::result(&reply);
    }
    let reply = client
        .with_header("accept", "text/html")
        .request("ping", json!({}))
        .await;
    assert_eq!(reply.status, 406);
}

#[tokio::test]
async fn several_messages_at_once_are_answered_in_the_revision_that_has_them() {
    let world = World::start().await;
    let client = open(&world).await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": "a", "method": "ping" },
        { "jsonrpc": "2.0", "method": "notifications/initialized" },
        { "jsonrpc": "2.0", "id": 2, "method": "tools/call",
          "params": { "name": "OPEN_PING", "arguments": {} } },
        { "jsonrpc": "2.0", "id": 3, "method": "initialize", "params": {} },
        7,
    ])
    .to_string();
    let answers = client.raw(&batch).await.expect(200);
    let ids: Vec<&Value> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(ids, [&json!("a"), &json!(2), &json!(3), &Value::Null]);
    assert_eq!(
        answers[1]["result"]["structuredContent"]["successful"],
        true
    );
    assert_eq!(answers[2]["error"]["code"], -32600);
    let notices = r#"[{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","method":"b"}]"#;
    assert_eq!(client.raw(notices).await.status, 202);
    let newer = client.with_header("mcp-protocol-version", "2025-06-18");
    assert_eq!(newer.raw(&batch).await.expect(400)["error"]["code"], -32600);
}

#[tokio::test]
async fn nonsense_is_answered_as_json_rpc_does() {
    let world = World::start().await;
    let client = open(&world).await;
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let nested = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}1{}}}"#,
        r#"{"a":"#.repeat(5000),
        "}".repeat(5000)
    );
    let many = format!("[{}1]", "1,".repeat(60));
    for (body, status, code) in [
        ("", 400, -32700),
        ("{", 400, -32700),
        ("\u{feff}{}", 400, -32700),
        (deep.as_str(), 400, -32700),
        (nested.as_str(), 400, -32700),
        ("null", 400, -32600),
        ("7", 400, -32600),
        ("[]", 400, -32600),
        (many.as_str(), 400, -32600),
        ("{}", 400, -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, 400, -32600),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            400,
            -32600,
        ),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, 400, -32600),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, 400, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, 400, -32600),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#,
            400,
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"pi\u0000ng"}"#,
            400,
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"no/such"}"#,
            200,
            -32601,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#,
            200,
            -32602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
            200,
            -32602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"OPEN_PING","arguments":[]}}"#,
            200,
            -32602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"NO_TOOL"}}"#,
            200,
            -32602,
        ),
    ] {
        let reply = client.raw(body).await;
        let shown = &body[..body.len().min(120)];
        assert_eq!(reply.status, status, "{shown}: {}", reply.text);
        assert_eq!(messages(&reply)[0]["error"]["code"], code, "{shown}");
    }
    let answer = r#"{"jsonrpc":"2.0","id":9,"result":{}}"#;
    assert_eq!(client.raw(answer).await.status, 202);
    let plain = client.with_header("content-type", "text/plain");
    let reply = plain.http.send(Method::POST, &plain.path, None).await;
    assert_eq!(
        (reply.status, &reply.json()["error"]["code"]),
        (415, &json!(-32000))
    );
}

#[tokio::test]
async fn other_methods_say_what_there_is() {
    let world = World::start().await;
    let client = open(&world).await;
    for method in [Method::GET, Method::DELETE, Method::PUT] {
        let reply = client.http.send(method, &client.path, None).await;
        assert_eq!(reply.status, 405);
        assert_eq!(reply.header("allow"), Some("POST"));
    }
    let twin = McpClient::new(&client.http, &client.path.replace('?', "/mcp?"));
    assert_eq!(twin.tools().await, client.tools().await);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let world = World::with(&["--allow-cidrs", "127.0.0.0/8", "--max-body-bytes", "100000"]).await;
    let client = open(&world).await;
    let reply = client.raw(&"x".repeat(200_000)).await;
    assert_eq!(
        (reply.status, &reply.json()["error"]["code"]),
        (413, &json!(-32000))
    );
}
