//! MCP servers: their tools as toolkits.

use std::collections::BTreeMap;

use serde_json::json;
use tenon::error::{Error, Result};
use tenon::importer::sources::{Origin, Registries};
use tenon::importer::{Converted, Dialect, Wishes, convert, read};
use tenon::outbound::Outbound;

use super::tools_of;
use crate::support::mcp_server::{Manner, McpServer, tools};
use crate::support::upstream::{Answer, Upstream};

const TOKEN: &str = "Bearer a-token-of-mine";

async fn fetch(url: &str, header: Option<&str>) -> Result<Vec<u8>> {
    let mut origin = Origin::parse(url)?;
    if let Some(header) = header {
        origin = origin.with_header(header.parse().unwrap());
    }
    let outbound = Outbound::new(&["127.0.0.0/8".parse().unwrap()]).unwrap();
    origin.fetch(&outbound, &Registries::default()).await
}

fn kit(document: &[u8]) -> Converted {
    let root = read::document(document).unwrap();
    convert(&root, &Wishes::default(), &BTreeMap::new()).unwrap()
}

#[tokio::test]
async fn the_tools_of_a_server_become_tools_page_by_page() {
    for events in [false, true] {
        let server = McpServer::start(Manner {
            events,
            ..Manner::default()
        })
        .await;
        let kit = kit(&fetch(&server.url, None).await.unwrap());
        assert_eq!(
            server.take(),
            [
                "GET",
                "POST initialize",
                "POST notifications/initialized",
                "POST tools/list",
                "POST tools/list",
                "DELETE"
            ]
        );
        assert_eq!(
            (kit.dialect, kit.slug.as_str()),
            (Dialect::Mcp, "acme_tools")
        );
        let base = server.url.strip_suffix("/mcp").unwrap();
        assert_eq!(kit.toolkit["base_url"], base);
        assert_eq!(kit.toolkit["description"], "Tools for tests.");
        assert_eq!(kit.toolkit.get("auth"), None);
        let left_out: Vec<&str> = kit
            .report
            .skipped
            .iter()
            .map(|one| one.operation.as_str())
            .collect();
        assert_eq!(left_out, ["POST /tools/research"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(tools_of(&kit), @r#"
            slug: "ACME_TOOLS_ADD"
            name: "Add"
            description: "Adds two numbers."
            tags: ["readOnlyHint"]
            args:
              {"arg":"a","type":"integer","description":"A number.","required":true}
              {"arg":"b","type":"integer","description":"The second.","schema":{"nullable":true}}
            request: {"kind":"mcp","path":"/mcp","tool":"add"}

            slug: "ACME_TOOLS_NOTES_DELETE"
            name: "Notes delete"
            description: "Deletes a note."
            tags: ["destructiveHint","openWorldHint"]
            args:
              {"arg":"note_id","type":"string","description":"Note id.","required":true,"name":"note-id"}
            request: {"kind":"mcp","path":"/mcp","tool":"notes/delete"}

            slug: "ACME_TOOLS_DRAW"
            name: "Draw"
            description: "draw"
            tags: ["openWorldHint"]
            request: {"kind":"mcp","path":"/mcp","tool":"draw"}

            slug: "ACME_TOOLS_LARGE"
            name: "Large"
            description: "Says much."
            tags: ["openWorldHint"]
            request: {"kind":"mcp","path":"/mcp","tool":"large"}

            slug: "ACME_TOOLS_GONE"
            name: "Gone"
            description: "Is not there."
            tags: ["destructiveHint","idempotentHint","openWorldHint"]
            args:
              {"arg":"how","type":"string","description":"How.","schema":{"enum":["soon","late"]}}
            request: {"kind":"mcp","path":"/mcp","tool":"gone"}
            "#);
        }
    }
}

#[tokio::test]
async fn users_connect_by_the_kind_of_credential_that_let_the_tools_be_read() {
    let server = McpServer::start(Manner {
        authorization: Some(TOKEN.into()),
        ..Manner::default()
    })
    .await;
    let error = fetch(&server.url, None).await.unwrap_err();
    assert!(
        matches!(&error, Error::Invalid { fix: Some(fix), .. } if fix.contains("--header")),
        "{error:?}"
    );
    let document = fetch(&server.url, Some(&format!("Authorization: {TOKEN}")))
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&document).contains("a-token-of-mine"));
    assert_eq!(
        kit(&document).toolkit["auth"],
        json!([
            { "scheme": "DCR_OAUTH", "resource": server.url,
              "apply": [{ "in": "header", "name": "Authorization", "value": "Bearer {access_token}" }] },
            { "scheme": "BEARER_TOKEN",
              "fields": { "connection": [{ "name": "token", "display_name": "Token", "required": true, "secret": true }] },
              "apply": [{ "in": "header", "name": "Authorization", "value": "Bearer {token}" }] },
        ])
    );
    let open = McpServer::start(Manner::default()).await;
    let document = fetch(&open.url, Some("X-Key: abc")).await.unwrap();
    let auth = &kit(&document).toolkit["auth"];
    assert_eq!(auth[0]["scheme"], "API_KEY");
    assert_eq!(auth[0]["apply"][0]["name"], "x-key");
    assert_eq!(auth[1], json!(null));
}

#[test]
fn a_saved_answer_is_imported_like_the_server() {
    let saved = json!({ "jsonrpc": "2.0", "id": 2, "result": { "tools": tools() } });
    let root = read::document(saved.to_string().as_bytes()).unwrap();
    let wishes = Wishes {
        slug: Some("acme".into()),
        base_url: Some("https://acme.test/tools/mcp".parse().unwrap()),
        ..Wishes::default()
    };
    let kit = convert(&root, &wishes, &BTreeMap::new()).unwrap();
    assert_eq!(kit.toolkit["base_url"], "https://acme.test/tools");
    assert_eq!(
        kit.tools[1].manifest["request"],
        json!({ "kind": "mcp", "path": "/mcp", "tool": "notes/delete" })
    );
}

#[tokio::test]
async fn a_server_that_cannot_be_read_is_told_with_the_reason() {
    let endless = McpServer::start(Manner {
        endless: true,
        ..Manner::default()
    })
    .await;
    let foreign = McpServer::start(Manner {
        version: Some("2099-01-01"),
        ..Manner::default()
    })
    .await;
    let upstream = Upstream::start().await;
    upstream.answer("/page", Answer::empty(405));
    upstream.answer("/page", Answer::text(200, "text/html", "<p>"));
    upstream.answer("/rpc", Answer::empty(405));
    upstream.answer(
        "/rpc",
        Answer::json(
            200,
            &json!({ "id": 1, "error": { "message": "not today" } }),
        ),
    );
    upstream.answer("/none", Answer::empty(404));
    upstream.answer(
        "/host",
        Answer::text(403, "text/plain", "Only as localhost"),
    );
    upstream.answer(
        "/closed",
        Answer::json(403, &json!({ "error": "forbidden" })),
    );
    let at = |path: &str| format!("{}{path}", upstream.base);
    for (url, says) in [
        (endless.url.clone(), "more than 200 pages"),
        (foreign.url.clone(), "speaks none of the revisions"),
        (format!("{}?key=secret", foreign.url), "has a query"),
        (at("/page"), "holds no result"),
        (at("/rpc"), "not today"),
        (at("/none"), "there is nothing at"),
        (at("/host"), "/host refuses: Only as localhost"),
        (at("/closed"), "wants a credential"),
    ] {
        let error = fetch(&url, None).await.unwrap_err();
        assert!(
            matches!(error, Error::Invalid { .. } | Error::Upstream { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(says), "{error}");
    }
}
