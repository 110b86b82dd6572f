//! Toolkits that projects and operators import through the API.

use serde_json::{Value, json};
use tenon::ids::ProjectId;
use tenon::storage;

use crate::support::client::Client;
use crate::support::mcp_server::{Manner, McpServer};
use crate::support::server::TestServer;
use crate::support::upstream::{Answer, Upstream};

const IMPORT: &str = "/api/v3/toolkits/import";
const IMPORT_FOR_ALL: &str = "/api/v3/org/owner/toolkits/import";
const PARTS: &str = "/api/v3/tools/PARTS_LIST_PARTS";
const KEY: &str = "the-key-of-the-parts-shop";

/// An API of two operations, with a key in a header.
fn description(base: &str) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Parts", "version": "1" },
        "servers": [{ "url": base }],
        "components": { "securitySchemes": {
            "key": { "type": "apiKey", "in": "header", "name": "X-Parts-Key" }
        } },
        "security": [{ "key": [] }],
        "paths": {
            "/parts": { "get": {
                "operationId": "listParts", "summary": "List parts",
                "description": "Every widget and sprocket in stock.",
                "parameters": [{ "name": "kind", "in": "query", "schema": { "type": "string" } }],
                "responses": { "200": { "description": "ok" } }
            } },
            "/parts/{id}": { "get": {
                "operationId": "getPart", "summary": "Get a part",
                "parameters": [{ "name": "id", "in": "path", "required": true,
                    "schema": { "type": "string" } }],
                "responses": { "200": { "description": "ok" } }
            } }
        }
    })
}

fn public() -> Value {
    json!({ "document": description("https://parts.test") })
}

async fn second_project(server: &TestServer) -> Client {
    let new = json!({ "name": "the-second", "should_create_api_key": true });
    let made = server.org.post("/api/v3/org/owner/project/new", new).await;
    let key = made.expect(200)["api_key"].as_str().unwrap().to_owned();
    crate::support::secrets::note(&key);
    server.anonymous.with_header("x-api-key", &key)
}

#[tokio::test]
async fn a_project_imports_a_toolkit_connects_to_it_and_executes_its_tools() {
    let upstream = Upstream::start().await;
    upstream.answer("/v1/parts", Answer::json(200, &json!({ "parts": ["cog"] })));
    let server = TestServer::start().await;
    let base = format!("{}/v1", upstream.base);
    let body = json!({ "document": description(&base), "slug": "parts", "name": "Spare parts" });
    let imported = server.client.post(IMPORT, body.clone()).await.expect(200);
    assert_eq!(
        [
            &imported["slug"],
            &imported["name"],
            &imported["tools_count"]
        ],
        [&json!("parts"), &json!("Spare parts"), &json!(2)]
    );
    assert_eq!(imported["has_changed"], true);

    let config = json!({
        "toolkit": { "slug": "parts" },
        "auth_config": { "type": "use_custom_auth", "authScheme": "API_KEY", "credentials": {} }
    });
    let made = server
        .client
        .post("/api/v3/auth_configs", config)
        .await
        .expect(201);
    let account = json!({
        "auth_config": { "id": made["auth_config"]["id"] },
        "connection": { "user_id": "ada", "state": {
            "authScheme": "API_KEY", "val": { "status": "ACTIVE", "generic_api_key": KEY } } }
    });
    crate::support::secrets::note(KEY);
    server
        .client
        .post("/api/v3/connected_accounts", account)
        .await
        .expect(201);
    let call = json!({ "user_id": "ada", "arguments": { "kind": "cog" }, "version": "latest" });
    let path = "/api/v3/tools/execute/PARTS_LIST_PARTS";
    let result = server.client.post(path, call).await.expect(200);
    assert_eq!(result["data"], json!({ "parts": ["cog"] }), "{result}");
    let calls = upstream.calls();
    assert_eq!(calls[0].header("x-parts-key"), Some(KEY));
    assert_eq!(calls[0].query, "kind=cog");

    let error = server
        .client
        .delete("/api/v3/toolkits/parts")
        .await
        .error(409);
    assert!(
        error["message"].as_str().unwrap().contains("auth configs"),
        "{error}"
    );
    server.client.get(PARTS).await.expect(200);
}

#[tokio::test]
async fn what_a_project_imports_no_other_project_sees() {
    let server = TestServer::start().await;
    let other = second_project(&server).await;
    server.client.post(IMPORT, public()).await.expect(200);
    let slugs = |list: Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|item| item["slug"].as_str().unwrap().to_owned())
            .collect()
    };
    let own = "/api/v3/toolkits?managed_by=project";
    assert_eq!(slugs(server.client.get(own).await.expect(200)), ["parts"]);
    assert_eq!(slugs(other.get(own).await.expect(200)), [""; 0]);
    let rest = server
        .client
        .get("/api/v3/toolkits?managed_by=composio&limit=1000")
        .await;
    assert!(!slugs(rest.expect(200)).contains(&"parts".to_owned()));
    let found = "/api/v3/tools?search=sprocket";
    assert_eq!(
        slugs(server.client.get(found).await.expect(200))[0],
        "PARTS_LIST_PARTS"
    );
    assert!(!slugs(other.get(found).await.expect(200)).contains(&"PARTS_LIST_PARTS".to_owned()));

    other.get(PARTS).await.error(404);
    other.get("/api/v3/toolkits/parts").await.error(404);
    let call = json!({ "user_id": "ada", "arguments": {} });
    other
        .post("/api/v3/tools/execute/PARTS_LIST_PARTS", call)
        .await
        .error(404);
    other.delete("/api/v3/toolkits/parts").await.error(404);
    let all = other.get("/api/v3/tools/enum").await.expect(200);
    assert!(!all.as_array().unwrap().contains(&json!("PARTS_LIST_PARTS")));

    // The same slug is the other project's to take, for something else.
    let mut mine = public();
    mine["include"] = json!(["/parts/{id}"]);
    other.post(IMPORT, mine).await.expect(200);
    other.get(PARTS).await.error(404);
    server.client.get(PARTS).await.expect(200);
}

#[tokio::test]
async fn what_the_organisation_imports_every_project_has() {
    let server = TestServer::start().await;
    let other = second_project(&server).await;
    server
        .anonymous
        .post(IMPORT_FOR_ALL, public())
        .await
        .error(401);
    server
        .client
        .post(IMPORT_FOR_ALL, public())
        .await
        .error(401);
    server.org.post(IMPORT_FOR_ALL, public()).await.expect(200);
    for project in [&server.client, &other] {
        project.get(PARTS).await.expect(200);
        // It is not the project's to change.
        project.delete("/api/v3/toolkits/parts").await.error(404);
        project.post(IMPORT, public()).await.error(409);
    }
    server
        .org
        .delete("/api/v3/org/owner/toolkits/parts")
        .await
        .expect(200);
    server.client.get(PARTS).await.error(404);
    server
        .org
        .delete("/api/v3/org/owner/toolkits/parts")
        .await
        .error(404);
}

#[tokio::test]
async fn a_second_import_makes_a_version_only_of_what_changed() {
    let server = TestServer::start().await;
    let first = server.client.post(IMPORT, public()).await.expect(200);
    let again = server.client.post(IMPORT, public()).await.expect(200);
    assert_eq!(again["has_changed"], false);
    assert_eq!(again["version"], first["version"]);
    server.clock.advance(std::time::Duration::from_hours(24));
    let mut newer = public();
    newer["document"]["paths"]["/parts"]["post"] = json!({
        "operationId": "createPart", "summary": "Create a part",
        "responses": { "201": { "description": "ok" } }
    });
    let third = server.client.post(IMPORT, newer).await.expect(200);
    assert_eq!(
        (&third["has_changed"], &third["tools_count"]),
        (&json!(true), &json!(3))
    );
    assert_ne!(third["version"], first["version"]);
    server
        .client
        .get("/api/v3/tools/PARTS_CREATE_A_PART")
        .await
        .expect(200);
    server.client.get(PARTS).await.expect(200);
}

#[tokio::test]
async fn a_second_import_sends_no_credential_to_a_host_that_nobody_named() {
    let server = TestServer::start().await;
    let first = server.client.post(IMPORT, public()).await.expect(200);
    assert_eq!(first["credential_hosts"], json!(["https://parts.test"]));
    let mut moved = public();
    moved["document"]["servers"][0]["url"] = "https://parts.evil.test".into();
    let mut token = public();
    token["document"]["components"]["securitySchemes"]["app"] = json!({
        "type": "oauth2", "flows": { "authorizationCode": {
            "authorizationUrl": "https://parts.test/authorize",
            "tokenUrl": "https://parts.evil.test/token", "scopes": {}
        } }
    });
    token["document"]["security"] = json!([{ "app": [] }]);
    let mut one = public();
    one["document"]["paths"]["/parts"]["get"]["servers"] =
        json!([{ "url": "https://parts.evil.test" }]);
    let left = server.client.post(IMPORT, one.clone()).await.expect(200);
    assert_eq!(left["skipped_by_reason"], json!({ "foreign_server": 1 }));
    assert_eq!(left["credential_hosts"], first["credential_hosts"]);
    one["allow_hosts"] = json!(["parts.evil.test"]);
    let allowed = server.client.post(IMPORT, one).await.expect(200);
    assert_eq!(
        allowed["credential_hosts"],
        json!(["https://parts.evil.test", "https://parts.test"])
    );
    server
        .client
        .delete("/api/v3/toolkits/parts")
        .await
        .expect(200);
    server.client.post(IMPORT, public()).await.expect(200);
    for mut newer in [moved, token] {
        let error = server.client.post(IMPORT, newer.clone()).await.error(409);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(": https://parts.evil.test;"), "{message}");
        let again = server.client.post(IMPORT, public()).await.expect(200);
        assert_eq!(again["has_changed"], false, "the former one is in force");
        newer["allow_hosts"] = json!(["parts.evil.test"]);
        let meant = server.client.post(IMPORT, newer).await.expect(200);
        let hosts = meant["credential_hosts"].as_array().unwrap();
        assert!(hosts.contains(&json!("https://parts.evil.test")));
        server
            .client
            .delete("/api/v3/toolkits/parts")
            .await
            .expect(200);
        server.client.post(IMPORT, public()).await.expect(200);
    }
    let own = json!({ "document": description("https://parts.evil.test"),
        "base_url": "https://parts.own.test" });
    server.client.post(IMPORT, own).await.expect(200);
}

#[tokio::test]
async fn slugs_that_are_taken_are_refused_by_name() {
    let server = TestServer::start().await;
    let mut named = public();
    named["slug"] = "github".into();
    let error = server.client.post(IMPORT, named).await.error(409);
    assert!(
        error["message"].as_str().unwrap().contains("github"),
        "{error}"
    );
    // A toolkit whose tools begin as another's do.
    let mut prefix = public();
    prefix["slug"] = "github_get".into();
    prefix["slug_from"] = "operation_id".into();
    prefix["document"]["paths"] = json!({
        "/x": { "get": { "operationId": "AReference", "responses": {} } }
    });
    let error = server.client.post(IMPORT, prefix).await.error(409);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("GITHUB_GET_A_REFERENCE"),
        "{error}"
    );
}

#[tokio::test]
async fn a_description_is_brought_from_an_address_but_never_from_the_servers_disk_or_network() {
    let upstream = Upstream::start().await;
    let answer = Answer::json(200, &description("https://parts.test"));
    upstream.answer("/openapi.json", answer);
    let source = json!({ "source": format!("{}/openapi.json", upstream.base) });
    let server = TestServer::start().await;
    server.client.post(IMPORT, source.clone()).await.expect(200);
    server.client.get(PARTS).await.expect(200);

    for file in ["/etc/passwd", "openapi.json", "file:///etc/passwd"] {
        let error = server
            .client
            .post(IMPORT, json!({ "source": file }))
            .await
            .error(400);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("a file of the server"), "{error}");
    }
    let error = server
        .client
        .post(IMPORT, json!({ "recipe": "../recipes/stripe" }))
        .await;
    error.error(404);

    let guarded = TestServer::with(&[]).await;
    let error = guarded.client.post(IMPORT, source.clone()).await;
    assert!((400..600).contains(&error.status), "{}", error.text);
    guarded.client.get(PARTS).await.error(404);
}

#[tokio::test]
async fn an_mcp_servers_tools_are_listed_with_a_header_that_is_not_kept() {
    let token = "listing-token-of-the-mcp-server";
    crate::support::secrets::note(token);
    let mcp = McpServer::start(Manner {
        authorization: Some(format!("Bearer {token}")),
        ..Manner::default()
    })
    .await;
    let server = TestServer::start().await;
    let mut body = json!({ "source": mcp.url, "slug": "remote" });
    server.client.post(IMPORT, body.clone()).await.error(400);
    body["header"] = format!("Authorization: Bearer {token}").into();
    let imported = server.client.post(IMPORT, body).await.expect(200);
    assert_eq!(imported["dialect"], "mcp");
    let listed = server.client.get("/api/v3/tools?toolkit_slug=remote").await;
    assert_eq!(listed.expect(200)["total_items"], imported["tools_count"]);
}

#[tokio::test]
async fn what_makes_no_toolkit_is_refused_and_changes_nothing() {
    let server = TestServer::start().await;
    for body in [
        json!({}),
        json!({ "source": "https://a.test", "recipe": "stripe" }),
        json!({ "document": { "hello": "world" } }),
        json!({ "document": "not: [closed" }),
        json!({ "document": description("https://parts.test"), "slug": "No Slug" }),
        json!({ "document": description("https://parts.test"), "include": ["/nothing"] }),
    ] {
        let reply = server.client.post(IMPORT, body.clone()).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text);
    }
    let own = server
        .client
        .get("/api/v3/toolkits?managed_by=project")
        .await;
    assert_eq!(own.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_deleted_projects_toolkits_are_gone() {
    let server = TestServer::start().await;
    let other = second_project(&server).await;
    other.post(IMPORT, public()).await.expect(200);
    let list = server
        .org
        .get("/api/v3/org/owner/project/list")
        .await
        .expect(200);
    let second = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "the-second");
    let id = second.unwrap()["id"].as_str().unwrap();
    let project = ProjectId::from(id.to_owned());
    let count = async || {
        let mut session = server.app.db.read().await.unwrap();
        let rows = storage::own_toolkits::list(session.conn(), &project).await;
        rows.unwrap().len()
    };
    assert_eq!(count().await, 1);
    let path = format!("/api/v3/org/owner/project/{id}");
    server.org.delete(&path).await.expect(200);
    assert_eq!(count().await, 0);
}
