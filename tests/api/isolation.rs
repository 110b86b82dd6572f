//! No key reaches into another tenant. The operations come from the OpenAPI document, so that a new
//! endpoint with an id fails here until it is covered.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::projects::other_organization;
use crate::support::client::{Client, Reply};
use crate::support::stage::Stage;

const DOCUMENT: &str = include_str!("../../openapi/openapi.json");

/// Parameters of paths that name nothing of a tenant.
/// `instanceId` is a user, in the caller's words.
const PUBLIC: [&str; 6] = [
    "slug",
    "tool_slug",
    "status",
    "appKey",
    "instanceId",
    "mount_id",
];

/// Names that end like an id and are words of the caller's own, or of a provider.
const OWN_WORDS: [&str; 8] = [
    "user_id",
    "user_ids",
    "entity_id",
    "deprecated_app_id",
    "application_id",
    "account_id",
    "installation_id",
    "client_id",
];

/// Every id in a query or a body, each tried below.
const IDS_INSIDE: [&str; 15] = [
    "get /api/v3/connected_accounts auth_config_ids",
    "get /api/v3/connected_accounts connected_account_ids",
    "get /api/v3/mcp/app/{appKey} auth_config_ids",
    "get /api/v3/mcp/servers auth_config_ids",
    "get /api/v3/tools auth_config_ids",
    "patch /api/v3/mcp/{id} auth_config_ids",
    "post /api/v3/connected_accounts auth_config.id",
    "post /api/v3/connected_accounts/link auth_config_id",
    "post /api/v3/labs/tool_router/session config.toolkits.auth_config_id",
    "post /api/v3/mcp/servers auth_config_ids",
    "post /api/v3/mcp/servers/custom auth_config_ids",
    "post /api/v3/mcp/servers/generate connected_account_ids",
    "post /api/v3/mcp/servers/generate mcp_server_id",
    "post /api/v3/tools/execute/proxy connected_account_id",
    "post /api/v3/tools/execute/{tool_slug} connected_account_id",
];

struct Operation {
    method: String,
    path: String,
    is_of_organisation: bool,
    definition: Value,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn http_method(&self) -> Method {
        self.method.to_ascii_uppercase().parse().unwrap()
    }

    fn ids_of_path(&self) -> Vec<&str> {
        let slots = self.path.split('/').filter_map(|part| {
            let name = part.strip_prefix('{')?.strip_suffix('}')?;
            (!PUBLIC.contains(&name)).then_some(name)
        });
        slots.collect()
    }

    async fn send(&self, client: &Client, id: &str) -> Reply {
        let path = self
            .path
            .replace("{nanoid}", id)
            .replace("{nano_id}", id)
            .replace("{id}", id)
            .replace("{session_id}", id)
            .replace("{serverId}", id)
            .replace("{instanceId}", "ada")
            .replace("{mount_id}", "files")
            .replace("{status}", "DISABLED")
            .replace("{tool_slug}", "ACME_GET_ME")
            .replace("{slug}", "acme");
        // Sessions change under this prefix alone.
        let path = match (self.method.as_str(), path.contains("/tool_router/")) {
            ("patch", true) => path.replace("/api/v3/", "/api/v3.1/"),
            _ => path,
        };
        let body = (self.method != "get").then(|| sample_body(&self.name()).to_string());
        client.send(self.http_method(), &path, body).await
    }
}

/// A body with which the owner's call succeeds.
fn sample_body(operation: &str) -> Value {
    match operation {
        "patch /api/v3/auth_configs/{nanoid}" => {
            json!({ "type": "custom", "name": "taken over" })
        }
        "patch /api/v3/connected_accounts/{nanoid}" => json!({ "alias": "taken over" }),
        "patch /api/v3/connected_accounts/{nanoid}/status" => json!({ "enabled": false }),
        "post /api/v3/tool_router/session/{session_id}/link" => json!({ "toolkit": "acme" }),
        "post /api/v3/tool_router/session/{session_id}/proxy_execute" => {
            json!({ "toolkit_slug": "acme", "endpoint": "/me", "method": "GET" })
        }
        "post /api/v3/tool_router/session/{session_id}/execute" => {
            json!({ "tool_slug": "ACME_GET_ME" })
        }
        "post /api/v3/tool_router/session/{session_id}/execute_meta" => {
            json!({ "slug": "COMPOSIO_GET_TOOL_SCHEMAS", "arguments": { "tool_slugs": ["ACME_GET_ME"] } })
        }
        "post /api/v3/tool_router/session/{session_id}/search" => {
            json!({ "queries": [{ "use_case": "whose account is it" }] })
        }
        other if other.contains("/mounts/{mount_id}/") => json!({ "mount_relative_path": "a.txt" }),
        "patch /api/v3/mcp/{id}" => json!({ "name": "Taken over" }),
        "post /api/v3/mcp/servers/{serverId}/instances" => json!({ "user_id": "bob" }),
        _ => json!({}),
    }
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, definition) in methods.as_object().unwrap() {
            operations.push(Operation {
                method: method.clone(),
                path: path.clone(),
                is_of_organisation: definition["security"][0].get("OrgApiKeyAuth").is_some(),
                definition: definition.clone(),
            });
        }
    }
    operations
}

/// Everything the owner sees, to be compared before and after.
async fn everything(stage: &Stage) -> String {
    let mut all = String::new();
    for path in [
        "/api/v3/auth_configs?show_disabled=true",
        "/api/v3/connected_accounts",
        "/api/v3/org/project/config",
        "/api/v3/mcp/servers",
    ] {
        all.push_str(&stage.server.client.get(path).await.expect(200).to_string());
    }
    all.push_str(
        &stage
            .server
            .org
            .get("/api/v3/org/owner/project/list")
            .await
            .text,
    );
    all
}

/// The id of a session of ada's that knows the file `a.txt`.
async fn session_with_a_file(stage: &Stage) -> String {
    let client = &stage.server.client;
    let path = "/api/v3/tool_router/session";
    let made = client.post(path, json!({ "user_id": "ada" })).await;
    let id = made.expect(201)["session_id"].as_str().unwrap().to_owned();
    let path = format!("{path}/{id}/mounts/files/upload_url");
    let file = json!({ "mount_relative_path": "a.txt" });
    let link = client.post(&path, file).await.expect(200);
    let (link, content) = (
        link["upload_url"].as_str().unwrap(),
        "of the owner".to_owned(),
    );
    stage
        .server
        .anonymous
        .send(Method::PUT, link, Some(content))
        .await;
    id
}

/// The id of an MCP server that ada is noted for.
async fn mcp_server_with_a_user(stage: &Stage) -> String {
    let client = &stage.server.client;
    let body = json!({ "name": "Of the owner", "auth_config_ids": [], "toolkits": ["acme"] });
    let made = client.post("/api/v3/mcp/servers/custom", body).await;
    let id = made.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v3/mcp/servers/{id}/instances");
    client
        .post(&path, json!({ "user_id": "ada" }))
        .await
        .expect(201);
    id
}

#[tokio::test]
async fn every_operation_with_an_id_in_its_path_is_closed_to_other_tenants() {
    let stage = Stage::start().await;
    let server = &stage.server;
    let stranger = stage.other_project().await;
    let (_, foreign_org) = other_organization(server).await;
    let mut tried = 0;
    for operation in operations() {
        let ids = operation.ids_of_path();
        if ids.is_empty() {
            continue;
        }
        assert_eq!(
            ids.len(),
            1,
            "{}: say how to fill two ids",
            operation.name()
        );
        let config = stage.auth_config("acme", "OAUTH2").await;
        let (id, owner, other) = match operation.path.split('/').nth(3).unwrap() {
            "auth_configs" => (config, &server.client, &stranger),
            "connected_accounts" => {
                let account = stage.oauth_account(&config, "ada").await;
                (account, &server.client, &stranger)
            }
            "mcp" => {
                let id = mcp_server_with_a_user(&stage).await;
                (id, &server.client, &stranger)
            }
            "tool_router" => {
                stage.oauth_account(&config, "ada").await;
                (session_with_a_file(&stage).await, &server.client, &stranger)
            }
            "org" => {
                let body = json!({ "name": "victim", "should_create_api_key": true });
                let new = server.org.post("/api/v3/org/owner/project/new", body).await;
                let id = new.expect(200)["id"].as_str().unwrap().to_owned();
                (id, &server.org, &foreign_org)
            }
            "logs" => {
                stage.oauth_account(&config, "ada").await;
                let call = json!({ "user_id": "ada", "arguments": {} });
                let path = "/api/v3/tools/execute/ACME_GET_ME";
                let done = server.client.post(path, call).await.expect(200);
                let log = done["log_id"].as_str().unwrap().to_owned();
                (log, &server.client, &stranger)
            }
            area => panic!("{area}: say whose ids these are"),
        };
        let before = everything(&stage).await;
        let reply = operation.send(other, &id).await;
        let error = reply.error(404);
        let unknown = operation.send(other, "xx_nobodysxxxxx").await.error(404);
        let told = |error: &Value, id: &str| error["message"].as_str().unwrap().replace(id, "ID");
        assert_eq!(
            told(&error, &id),
            told(&unknown, "xx_nobodysxxxxx"),
            "{}: an id of another tenant is told apart from one of nobody",
            operation.name()
        );
        assert_eq!(everything(&stage).await, before, "{}", operation.name());
        let reply = operation.send(owner, &id).await;
        assert!(
            (200..300).contains(&reply.status),
            "{}: the owner's own call must work, or the test shows nothing: {}",
            operation.name(),
            reply.text
        );
        tried += 1;
    }
    assert!(tried >= 11, "only {tried} operations have ids");
}

#[test]
fn every_id_in_a_query_or_a_body_is_known_to_the_tests_below() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let mut found = BTreeSet::new();
    for operation in operations() {
        let name = operation.name();
        let parameters = operation.definition["parameters"].as_array();
        for parameter in parameters.into_iter().flatten() {
            let own = parameter["name"].as_str().unwrap();
            if parameter["in"] == "query" && is_id(own) {
                found.insert(format!("{name} {own}"));
            }
        }
        let schema = &operation.definition["requestBody"]["content"]["application/json"]["schema"];
        walk(&document, schema, "", &mut |place| {
            found.insert(format!("{name} {place}"));
        });
    }
    let known: BTreeSet<String> = IDS_INSIDE.map(str::to_owned).into();
    assert_eq!(found, known);
}

fn is_id(name: &str) -> bool {
    let is_like_one = name == "id" || name.ends_with("_id") || name.ends_with("_ids");
    is_like_one && !OWN_WORDS.contains(&name)
}

fn walk(document: &Value, schema: &Value, place: &str, found: &mut impl FnMut(String)) {
    if let Some(target) = schema["$ref"].as_str() {
        // What is not built is refused as a whole (tests/api/execute/requests.rs).
        if !target.ends_with("/CustomConnectionData") {
            let target = document.pointer(&target[1..]).unwrap();
            walk(document, target, place, found);
        }
        return;
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        for part in schema[name].as_array().into_iter().flatten() {
            walk(document, part, place, found);
        }
    }
    if schema["items"].is_object() {
        walk(document, &schema["items"], place, found);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let inner_place = if place.is_empty() {
            name.clone()
        } else {
            format!("{place}.{name}")
        };
        if is_id(name) {
            found(inner_place.clone());
        }
        walk(document, inner, &inner_place, found);
    }
}

#[tokio::test]
async fn ids_of_another_project_in_queries_list_nothing() {
    let stage = Stage::start().await;
    let stranger = stage.other_project().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let account = stage.oauth_account(&config, "ada").await;
    for query in [
        String::new(),
        format!("?auth_config_ids={config}"),
        format!("?connected_account_ids={account}"),
        "?user_ids=ada".to_owned(),
    ] {
        let path = format!("/api/v3/connected_accounts{query}");
        let own = stage.server.client.get(&path).await.expect(200);
        assert_eq!(own["total_items"], 1, "{query}");
        let foreign = stranger.get(&path).await.expect(200);
        assert_eq!(foreign["items"], json!([]), "{query}");
        assert_eq!(foreign["total_items"], 0, "{query}");
    }
    let tools = |id: &str| format!("/api/v3/tools?auth_config_ids={id}");
    let own = stage.server.client.get(&tools(&config)).await.expect(200);
    assert_ne!(own["items"], json!([]));
    let foreign = stranger.get(&tools(&config)).await;
    let unknown = stranger.get(&tools("ac_nobodysxxxxx")).await;
    assert_eq!(foreign.status, unknown.status);
    assert!(!foreign.text.contains("ACME_GET_ME"), "{}", foreign.text);
}

#[tokio::test]
async fn ids_of_another_project_in_bodies_are_not_found_and_call_nobody() {
    let stage = Stage::start().await;
    let stranger = stage.other_project().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let account = stage.oauth_account(&config, "ada").await;
    let asked = stage.provider.token_requests().len();
    let body = json!({ "name": "Of the owner", "auth_config_ids": [config], "toolkits": [] });
    let made = stage
        .server
        .client
        .post("/api/v3/mcp/servers/custom", body)
        .await;
    let server_id = made.expect(201)["id"].clone();
    let before = everything(&stage).await;
    for (path, body) in [
        (
            "/api/v3/connected_accounts",
            json!({ "auth_config": { "id": config }, "connection": { "user_id": "ada" } }),
        ),
        (
            "/api/v3/connected_accounts/link",
            json!({ "auth_config_id": config, "user_id": "ada" }),
        ),
        (
            "/api/v3/mcp/servers/generate",
            json!({ "mcp_server_id": server_id, "managed_auth_by_composio": false }),
        ),
        (
            "/api/v3/tools/execute/proxy",
            json!({ "connected_account_id": account, "endpoint": "/me", "method": "GET" }),
        ),
        (
            "/api/v3/tools/execute/ACME_GET_ME",
            json!({ "connected_account_id": account, "user_id": "ada", "version": "latest" }),
        ),
    ] {
        let error = stranger.post(path, body).await.error(404);
        assert!(!error.to_string().contains("acme"), "{path}: {error}");
    }
    // Not by the user's name either.
    let body = json!({ "user_id": "ada", "version": "latest" });
    let refused = stranger
        .post("/api/v3/tools/execute/ACME_GET_ME", body)
        .await;
    assert_eq!(refused.error(400)["slug"], "connected_account_not_found");
    assert_eq!(everything(&stage).await, before);
    assert_eq!(stage.provider.token_requests().len(), asked);
}

#[tokio::test]
async fn every_operation_asks_for_its_own_kind_of_key() {
    let stage = Stage::start().await;
    let server = &stage.server;
    let swapped = |name: &'static str, key: &str| server.anonymous.with_header(name, key);
    for operation in operations() {
        let (name, wrong) = if operation.is_of_organisation {
            ("x-org-api-key", &server.api_key)
        } else {
            ("x-api-key", &server.org_api_key)
        };
        let wrong_place = if operation.is_of_organisation {
            server.client.clone()
        } else {
            server.org.clone()
        };
        for client in [&server.anonymous, &swapped(name, wrong), &wrong_place] {
            let reply = operation.send(client, "ac_nobodysxxxxx").await;
            assert_eq!(reply.status, 401, "{}: {}", operation.name(), reply.text);
        }
    }
}
