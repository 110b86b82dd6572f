//! Tools of remote MCP servers.

use serde_json::{Value, json};
use tenon::importer::Wishes;
use tenon::importer::folder::{Source, import};
use tenon::scheme::Scheme;
use tenon::time::Timestamp;

use crate::support::accounts::NewAccount;
use crate::support::files::fetch;
use crate::support::mcp_server::{Manner, McpServer, PICTURE, tools};
use crate::support::server::TestServer;
use crate::support::toolkits::ToolkitsFolder;
use crate::support::upstream::{Answer, Upstream};

const TOKEN: &str = "mcp-token-0123456789";

/// A server with the toolkit `acme`, whose tools are those of the MCP server at `url`.
async fn server(url: &str, flags: &[&str]) -> TestServer {
    serve(&imported(url), flags).await
}

/// A folder with the toolkit `acme`.
fn imported(url: &str) -> ToolkitsFolder {
    let folder = ToolkitsFolder::empty();
    let list = json!({ "url": url, "header": "authorization", "bearer": true, "tools": tools() });
    let source = Source {
        from: url.to_owned(),
        bytes: list.to_string().into_bytes(),
    };
    let wishes = Wishes {
        slug: Some("acme".into()),
        ..Wishes::default()
    };
    import(
        &source,
        &wishes,
        folder.path().as_ref(),
        Timestamp::from_millis(0),
    )
    .unwrap();
    folder
}

async fn serve(folder: &ToolkitsFolder, flags: &[&str]) -> TestServer {
    let path = folder.path();
    let own = ["--allow-cidrs", "127.0.0.0/8", "--toolkits-dir", &path];
    let server = TestServer::with(&[&own, flags].concat()).await;
    let account = NewAccount::new("acme", Scheme::BearerToken, json!({ "token": TOKEN }));
    account.store(&server).await;
    server
}

async fn execute(server: &TestServer, slug: &str, arguments: Value) -> Value {
    let body = json!({ "user_id": "ada", "version": "latest", "arguments": arguments });
    let path = format!("/api/v3/tools/execute/{slug}");
    server.client.post(&path, body).await.expect(200)
}

#[tokio::test]
async fn a_tool_is_called_in_a_session_with_the_accounts_credential() {
    for events in [false, true] {
        let mcp = McpServer::start(Manner {
            events,
            authorization: Some(format!("Bearer {TOKEN}")),
            ..Manner::default()
        })
        .await;
        let server = server(&mcp.url, &[]).await;
        let result = execute(&server, "ACME_ADD", json!({ "a": 2, "b": 3 })).await;
        assert_eq!(
            (&result["successful"], &result["data"]),
            (&json!(true), &json!({ "sum": 5 }))
        );
        let heard = mcp.heard();
        let whats: Vec<&str> = heard.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(
            whats,
            [
                "POST initialize",
                "POST notifications/initialized",
                "POST tools/call",
                "DELETE"
            ]
        );
        assert_eq!(
            heard[2].params,
            json!({ "name": "add", "arguments": { "a": 2, "b": 3 } })
        );
        for one in &heard[1..] {
            assert_eq!(one.headers["mcp-session-id"], "session-1", "{}", one.what);
            assert_eq!(
                one.headers["mcp-protocol-version"], "2025-11-25",
                "{}",
                one.what
            );
        }
        assert_eq!(
            heard[0].headers["accept"],
            "application/json, text/event-stream"
        );
        assert_eq!(heard[0].headers.get("mcp-session-id"), None);
    }
}

#[tokio::test]
async fn every_message_counts_where_the_server_allows_so_many_a_second() {
    let mcp = McpServer::start(Manner::default()).await;
    let folder = imported(&mcp.url);
    let manifest = format!("{}/acme/toolkit.yaml", folder.path());
    let unpaced = std::fs::read_to_string(&manifest).unwrap();
    let paced = format!("{unpaced}\nrate_limit: {{per_second: 0.01}}\n");
    std::fs::write(&manifest, paced).unwrap();
    let server = serve(&folder, &[]).await;
    let result = execute(&server, "ACME_ADD", json!({ "a": 2, "b": 3 })).await;
    let error = result["error"].as_str().unwrap();
    assert!(error.contains("0.01 requests a second"), "{error}");
    let whats = mcp.heard().into_iter().map(|one| one.what);
    assert_eq!(whats.collect::<Vec<_>>(), ["POST initialize"]);
}

#[tokio::test]
async fn arguments_that_the_tools_schema_forbids_reach_no_server() {
    let mcp = McpServer::start(Manner::default()).await;
    let server = server(&mcp.url, &[]).await;
    let body = json!({ "user_id": "ada", "arguments": { "a": "two" } });
    let refused = server
        .client
        .post("/api/v3/tools/execute/ACME_ADD", body)
        .await;
    refused.error(400);
    assert_eq!(mcp.heard().len(), 0);
}

#[tokio::test]
async fn what_a_tool_or_its_server_refuses_is_a_result() {
    let mcp = McpServer::start(Manner::default()).await;
    let server = server(&mcp.url, &[]).await;
    for (slug, arguments, says) in [
        (
            "ACME_NOTES_DELETE",
            json!({ "note_id": "7" }),
            "there is no such note",
        ),
        ("ACME_GONE", json!({}), "Unknown tool: gone"),
    ] {
        let result = execute(&server, slug, arguments).await;
        assert_eq!(
            (&result["successful"], &result["error"]),
            (&json!(false), &json!(says))
        );
    }
    let closed = Upstream::start().await;
    closed.answer(
        "/mcp",
        Answer::json(403, &json!({ "error": "members only" })),
    );
    let server = self::server(&format!("{}/mcp", closed.base), &[]).await;
    let result = execute(&server, "ACME_GONE", json!({})).await;
    assert_eq!(result["error"], "403 members only");
    assert_eq!(result["data"]["status_code"], 403);
}

#[tokio::test]
async fn pictures_and_other_bytes_of_a_result_become_files() {
    let mcp = McpServer::start(Manner::default()).await;
    let server = server(&mcp.url, &[]).await;
    let mut result = execute(&server, "ACME_DRAW", json!({})).await;
    let parts = result["data"]["content"].as_array_mut().unwrap();
    let urls: Vec<String> = parts[1..]
        .iter_mut()
        .map(|part| part["file"]["s3url"].take().as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        result["data"]["content"],
        json!([
            { "type": "text", "text": "Here it is." },
            { "type": "image", "mimeType": "image/png", "file": { "name": "file", "mimetype": "image/png", "s3url": null } },
            { "type": "resource", "resource": { "uri": "acme://things/a.bin", "mimeType": "application/x-acme" },
              "file": { "name": "a.bin", "mimetype": "application/x-acme", "s3url": null } },
        ])
    );
    assert_eq!(fetch(&urls[0]).await, PICTURE);
}

#[tokio::test]
async fn an_answer_ends_where_the_servers_limits_are() {
    for events in [false, true] {
        let mcp = McpServer::start(Manner {
            events,
            ..Manner::default()
        })
        .await;
        let server = server(&mcp.url, &["--max-upstream-bytes", "50000"]).await;
        let result = execute(&server, "ACME_LARGE", json!({})).await;
        let error = result["error"].as_str().unwrap();
        assert!(error.contains("larger than 50000 bytes"), "{error}");
    }
    let silent = Upstream::start().await;
    silent.answer("/mcp", Answer::hang());
    let server = server(
        &format!("{}/mcp", silent.base),
        &["--upstream-timeout-s", "1"],
    )
    .await;
    let result = execute(&server, "ACME_GONE", json!({})).await;
    let error = result["error"].as_str().unwrap();
    assert!(error.contains("did not answer within 1 seconds"), "{error}");
}

#[tokio::test]
async fn the_credential_does_not_follow_a_redirect_to_another_host() {
    let (here, there) = (
        Upstream::start().await,
        Upstream::start_at("127.0.0.2").await,
    );
    here.answer(
        "/mcp",
        Answer::redirect(307, &format!("{}/mcp", there.base)),
    );
    let server = server(&format!("{}/mcp", here.base), &[]).await;
    let result = execute(&server, "ACME_GONE", json!({})).await;
    assert_eq!(result["successful"], false);
    assert_eq!(
        here.call().header("authorization"),
        Some(&*format!("Bearer {TOKEN}"))
    );
    assert!(
        there
            .calls()
            .iter()
            .all(|call| call.header("authorization").is_none())
    );
}
