//! Who may use an MCP server, and as whom.

use serde_json::{Value, json};
use tenon::scheme::Scheme;

use super::{SERVERS, client_at, id};
use crate::api::execute::World;
use crate::support::accounts::NewAccount;
use crate::support::client::Client;
use crate::support::mcp_client::McpClient;

async fn other_project(world: &World) -> Client {
    let body = json!({ "name": "other", "should_create_api_key": true });
    let path = "/api/v3/org/owner/project/new";
    let made = world.server.org.post(path, body).await.expect(200);
    let key = made["api_key"].as_str().unwrap();
    world.server.anonymous.with_header("x-api-key", key)
}

async fn require_key(world: &World, require: bool) {
    let body = json!({ "require_mcp_api_key": require });
    let path = "/api/v3/org/project/config";
    world.server.client.patch(path, body).await.expect(200);
}

#[tokio::test]
async fn a_project_says_whether_its_urls_need_a_key() {
    let world = World::start().await;
    let with_key = client_at(&world, json!({ "toolkits": ["open"] })).await;
    let without = McpClient::new(&world.server.anonymous, &with_key.path);
    for require in [true, false] {
        require_key(&world, require).await;
        assert_eq!(with_key.tools().await.len(), 6);
        let reply = without.request("tools/list", json!({})).await;
        assert_eq!(
            reply.status,
            if require { 401 } else { 200 },
            "{}",
            reply.text
        );
    }
    let wrong = without.with_header("x-api-key", "ak_nobody");
    assert_eq!(
        wrong.request("ping", json!({})).await.status,
        401,
        "a wrong key is not passed by"
    );
    let org = McpClient::new(&world.server.anonymous, &with_key.path);
    let org = org.with_header("x-api-key", &world.server.org_api_key);
    assert_eq!(org.request("ping", json!({})).await.status, 401);
}

#[tokio::test]
async fn a_server_of_another_project_looks_as_one_that_is_not_there() {
    let world = World::start().await;
    require_key(&world, true).await;
    let own = client_at(&world, json!({ "toolkits": ["open"] })).await;
    let nowhere = "/v3/mcp/00000000-0000-8000-a000-000000000000?user_id=ada".to_owned();
    let other = other_project(&world).await;
    for (http, status) in [(&other, 404), (&world.server.anonymous, 401)] {
        let mut answers = Vec::new();
        for path in [&own.path, &nowhere] {
            let reply = McpClient::new(http, path)
                .request("tools/list", json!({}))
                .await;
            assert_eq!(reply.status, status, "{}", reply.text);
            let server = path.split(['/', '?']).nth(3).unwrap();
            answers.push(reply.text.replace(server, "SERVER"));
        }
        assert_eq!(answers[0], answers[1]);
    }
}

#[tokio::test]
async fn a_deleted_server_is_404_at_once() {
    let world = World::start().await;
    let client = client_at(&world, json!({ "toolkits": ["open"] })).await;
    let (_, client) = client.initialize("2025-06-18").await;
    let server = client.path.split(['/', '?']).nth(3).unwrap().to_owned();
    let path = format!("/api/v3/mcp/{server}");
    world.server.client.delete(&path).await.expect(200);
    let reply = client.request("tools/list", json!({})).await;
    assert_eq!(reply.status, 404, "{}", reply.text);
}

#[tokio::test]
async fn a_session_id_that_was_not_given_out_here_is_404() {
    let world = World::start().await;
    let client = client_at(&world, json!({ "toolkits": ["open"] })).await;
    for session in ["", "x", "mcp_short", &"0".repeat(36)] {
        let reply = client
            .with_header("mcp-session-id", session)
            .request("ping", json!({}))
            .await;
        assert_eq!(
            (reply.status, &reply.json()["error"]["code"]),
            (404, &json!(-32001))
        );
    }
}

#[tokio::test]
async fn pages_of_other_sites_may_not_speak() {
    let world = World::start().await;
    let client = client_at(&world, json!({ "toolkits": ["open"] })).await;
    let own = world.server.base.clone();
    for (origin, status) in [
        ("http://evil.example", 403),
        ("https://127.0.0.1.evil.example", 403),
        ("null", 403),
        ("http://localhost:6274", 200),
        (own.as_str(), 200),
    ] {
        let reply = client
            .with_header("origin", origin)
            .request("ping", json!({}))
            .await;
        assert_eq!(reply.status, status, "{origin}");
    }
}

#[tokio::test]
async fn requests_count_in_the_rate_limit() {
    let flags = ["--allow-cidrs", "127.0.0.0/8", "--rate-limit", "3"];
    let world = World::with(&flags).await;
    let client = client_at(&world, json!({ "toolkits": ["open"] })).await;
    assert_eq!(client.request("ping", json!({})).await.status, 200);
    assert_eq!(client.request("ping", json!({})).await.status, 200);
    let reply = client.request("ping", json!({})).await;
    assert_eq!(reply.status, 429);
    assert!(reply.header("retry-after").is_some());
}

async fn vault_account(world: &World, user: &'static str, token: &str) -> String {
    let values = json!({ "token": token });
    let mut account = NewAccount::new("vault", Scheme::BearerToken, values);
    account.user = user;
    account.store(&world.server).await
}

fn who(world: &World) -> Option<String> {
    let calls = world.upstream.calls();
    let call = calls.last()?;
    let value = call.headers.get("authorization")?;
    Some(value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_url_acts_as_its_user_or_account_and_never_as_another() {
    let world = World::start().await;
    let ada = vault_account(&world, "ada", "token-of-ada").await;
    let bob = vault_account(&world, "bob", "token-of-bob").await;
    vault_account(&world, "default", "token-of-default").await;
    let client = client_at(&world, json!({ "toolkits": ["vault", "open"] })).await;
    let base = client.path.split('?').next().unwrap().to_owned();
    let at = |query: &str| McpClient::new(&client.http, &format!("{base}{query}"));
    for (query, token) in [
        ("?user_id=ada".to_owned(), "Bearer token-of-ada"),
        ("?user_id=bob".to_owned(), "Bearer token-of-bob"),
        (String::new(), "Bearer token-of-default"),
        (
            format!("?connected_account_id={bob}"),
            "Bearer token-of-bob",
        ),
        (
            format!("?connected_account_ids={ada}&user_id=ada"),
            "Bearer token-of-ada",
        ),
    ] {
        let result = at(&query).call("VAULT_GET_ME", json!({})).await;
        assert_eq!(result["isError"], false, "{query}: {result}");
        assert_eq!(who(&world).as_deref(), Some(token), "{query}");
    }
    let before = world.upstream.calls().len();
    for query in [
        format!("?user_id=ada&connected_account_id={bob}"),
        format!("?connected_account_ids={ada},{bob}"),
        "?connected_account_id=ca_nobody".to_owned(),
    ] {
        let reply = at(&query).request("tools/list", json!({})).await;
        assert_eq!(reply.status, 404, "{query}: {}", reply.text);
    }
    let result = at("?user_id=eve").call("VAULT_GET_ME", json!({})).await;
    assert_eq!(result["isError"], true);
    assert_eq!(world.upstream.calls().len(), before, "nothing was sent");
}

#[tokio::test]
async fn accounts_by_other_auth_configs_are_not_taken() {
    let world = World::start().await;
    let by_other = vault_account(&world, "ada", "token-of-another-config").await;
    let by_own = vault_account(&world, "ada", "token-of-this-config").await;
    vault_account(&world, "ada", "token-of-the-newest").await;
    let path = format!("/api/v3/connected_accounts/{by_own}");
    let account = world.server.client.get(&path).await.expect(200);
    let config = account["auth_config"]["id"].clone();
    let client = client_at(&world, json!({ "auth_config_ids": [config] })).await;
    client.call("VAULT_GET_ME", json!({})).await;
    assert_eq!(who(&world).as_deref(), Some("Bearer token-of-this-config"));
    let base = client.path.split('?').next().unwrap();
    let path = format!("{base}?connected_account_id={by_other}");
    let reply = McpClient::new(&client.http, &path)
        .request("ping", json!({}))
        .await;
    assert_eq!(reply.status, 400, "{}", reply.text);
}

#[tokio::test]
async fn lists_hold_what_the_server_and_its_auth_configs_allow() {
    let world = World::start().await;
    let mut account = NewAccount::new(
        "vault",
        Scheme::BearerToken,
        json!({ "token": "token-limited" }),
    );
    account.tools = Some(vec!["VAULT_GET_ME".into(), "VAULT_SEARCH".into()]);
    let account = account.store(&world.server).await;
    let path = format!("/api/v3/connected_accounts/{account}");
    let shown = world.server.client.get(&path).await.expect(200);
    let config: Value = shown["auth_config"]["id"].clone();
    for (body, expected) in [
        (
            json!({ "auth_config_ids": [config] }),
            vec!["VAULT_GET_ME", "VAULT_SEARCH"],
        ),
        (
            json!({ "auth_config_ids": [config], "allowed_tools": ["VAULT_SEARCH", "VAULT_SHARE"] }),
            vec!["VAULT_SEARCH"],
        ),
        (
            json!({ "toolkits": ["vault", "open"], "allowed_tools": ["VAULT_CREATE"] }),
            vec!["VAULT_CREATE"],
        ),
    ] {
        let client = client_at(&world, body.clone()).await;
        assert_eq!(client.tools().await, expected, "{body}");
        let params = json!({ "name": "OPEN_PING", "arguments": {} });
        let reply = client.request("tools/call", params).await;
        assert!(reply.text.contains("unknown tool"), "{}", reply.text);
    }
    let list = world.server.client.get(SERVERS).await.expect(200);
    assert!(!id(&list["items"][0]).is_empty());
}
