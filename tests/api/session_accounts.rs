//! With which accounts a session works, and how its user connects one.

use std::time::Duration;

use serde_json::{Value, json};
use tenon::scheme::Scheme;

use crate::support::accounts::NewAccount;
use crate::support::client::Client;
use crate::support::server::TestServer;
use crate::support::stage::Stage;
use crate::support::toolkits::ToolkitsFolder;
use crate::support::upstream::Upstream;

const SESSIONS: &str = "/api/v3.1/tool_router/session";
/// A toolkit that works with and without an account.
const EITHER: &str = r#"
base_url: {base}
auth:
  - scheme: NO_AUTH
  - scheme: BEARER_TOKEN
    fields: { connection: [{ name: token, display_name: Token, required: true, secret: true }] }
    apply: [{ in: header, name: Authorization, value: "Bearer {token}" }]
"#;

/// The path of a session of ada's with these settings.
async fn session(client: &Client, mut settings: Value) -> String {
    settings["user_id"] = json!("ada");
    let made = client.post(SESSIONS, settings).await.expect(201);
    format!("{SESSIONS}/{}", made["session_id"].as_str().unwrap())
}

/// Whom a request through the session is sent as.
async fn proxied_as(stage: &Stage, session: &str) -> String {
    let request = json!({ "toolkit_slug": "acme", "endpoint": "/me", "method": "GET" });
    let path = format!("{session}/proxy_execute");
    let reply = stage.server.client.post(&path, request).await.expect(200);
    assert_eq!(reply["status"], 200, "{reply}");
    // Records of the same instant come in no order.
    stage.server.clock.advance(Duration::from_secs(1));
    let logs = json!({ "limit": 1 });
    let path = "/api/v3/logs/tool_execution";
    let newest = stage.server.client.post(path, logs).await.expect(200);
    let used = newest["logs"][0]["metadata"]["connected_account_id"].clone();
    let path = format!("{session}/toolkits?toolkits=acme");
    let shown = stage.server.client.get(&path).await.expect(200);
    assert_eq!(shown["items"][0]["connected_account"]["id"], used);
    used.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_account_is_chosen_by_pin_then_by_auth_config_then_by_age() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let (first, second) = (
        stage.auth_config("acme", "OAUTH2").await,
        stage.auth_config("acme", "OAUTH2").await,
    );
    let oldest = stage.oauth_account(&first, "ada").await;
    stage.server.clock.advance(Duration::from_secs(1));
    let middle = stage.oauth_account(&first, "ada").await;
    stage.server.clock.advance(Duration::from_secs(1));
    let newest = stage.oauth_account(&second, "ada").await;
    for (settings, chosen) in [
        (json!({}), &newest),
        (json!({ "auth_configs": { "acme": first } }), &middle),
        (json!({ "connected_accounts": { "acme": oldest } }), &oldest),
        (
            json!({ "auth_configs": { "acme": second }, "connected_accounts": { "acme": [oldest] } }),
            &oldest,
        ),
        (
            json!({ "connected_accounts": { "acme": [middle, newest] }, "multi_account": { "enable": true } }),
            &middle,
        ),
    ] {
        let session = session(client, settings.clone()).await;
        assert_eq!(&proxied_as(&stage, &session).await, chosen, "{settings}");
    }
}

#[tokio::test]
async fn an_account_of_an_auth_config_that_sessions_may_not_pick_is_passed_over() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let (open, closed) = (
        stage.auth_config("acme", "OAUTH2").await,
        stage.auth_config("acme", "OAUTH2").await,
    );
    let own = stage.oauth_account(&open, "ada").await;
    stage.server.clock.advance(Duration::from_secs(1));
    let other = stage.oauth_account(&closed, "ada").await;
    let closing = json!({ "type": "custom", "is_enabled_for_tool_router": false });
    client
        .patch(&format!("/api/v3/auth_configs/{closed}"), closing)
        .await
        .expect(200);
    let free = session(client, json!({})).await;
    assert_eq!(proxied_as(&stage, &free).await, own);
    let pinned = session(client, json!({ "connected_accounts": { "acme": [other] } })).await;
    assert_eq!(proxied_as(&stage, &pinned).await, other);
}

#[tokio::test]
async fn a_session_never_sees_or_uses_another_users_account() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let bobs = stage.oauth_account(&config, "bob").await;
    let session = session(client, json!({ "auth_configs": { "acme": config } })).await;
    let shown = client
        .get(&format!("{session}/toolkits?toolkits=acme"))
        .await
        .expect(200);
    assert_eq!(shown["items"][0]["connected_account"], Value::Null);
    let connected = client
        .get(&format!("{session}/toolkits?is_connected=true"))
        .await;
    assert_eq!(connected.expect(200)["items"], json!([]));
    let request = json!({ "toolkit_slug": "acme", "endpoint": "/me", "method": "GET" });
    let refused = client
        .post(&format!("{session}/proxy_execute"), request)
        .await
        .error(400);
    assert_eq!(refused["slug"], "connected_account_not_found");
    assert!(!refused.to_string().contains(&bobs), "{refused}");
    let pinning = json!({ "user_id": "ada", "connected_accounts": { "acme": bobs } });
    let refused = client.post(SESSIONS, pinning).await.error(400);
    assert!(
        refused["errors"][0]
            .as_str()
            .unwrap()
            .contains("was not found for user `ada`")
    );
}

#[tokio::test]
async fn another_projects_auth_configs_and_accounts_are_unknown_to_a_session() {
    let stage = Stage::start().await;
    let stranger = stage.other_project().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let account = stage.oauth_account(&config, "ada").await;
    for settings in [
        json!({ "user_id": "ada", "auth_configs": { "acme": config } }),
        json!({ "user_id": "ada", "connected_accounts": { "acme": account } }),
    ] {
        let refused = stranger.post(SESSIONS, settings).await.error(400);
        assert!(
            refused["errors"][0]
                .as_str()
                .unwrap()
                .contains("was not found"),
            "{refused}"
        );
    }
    let legacy = json!({
        "user_id": "ada",
        "config": { "toolkits": [{ "toolkit": "acme", "auth_config_id": config }] },
    });
    stranger
        .post("/api/v3/labs/tool_router/session", legacy)
        .await
        .error(400);
    let own = session(&stranger, json!({})).await;
    let shown = stranger
        .get(&format!("{own}/toolkits?toolkits=acme"))
        .await
        .expect(200);
    assert_eq!(shown["items"][0]["connected_account"], Value::Null);
}

#[tokio::test]
async fn a_toolkit_outside_the_session_is_refused_by_the_rule_that_forbids_it() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let config = stage.auth_config("acme", "OAUTH2").await;
    stage.oauth_account(&config, "ada").await;
    for (settings, rule) in [
        (
            json!({ "toolkits": { "enable": ["shop"] } }),
            "`toolkits.enable` does not list `acme`",
        ),
        (
            json!({ "toolkits": { "disable": ["acme"] } }),
            "`toolkits.disable` lists `acme`",
        ),
    ] {
        let session = session(client, settings).await;
        let request = json!({ "toolkit_slug": "acme", "endpoint": "/me", "method": "GET" });
        let calls = [
            ("proxy_execute", request),
            ("link", json!({ "toolkit": "ACME" })),
        ];
        for (call, body) in calls {
            let refused = client
                .post(&format!("{session}/{call}"), body)
                .await
                .error(403);
            assert!(
                refused["message"].as_str().unwrap().contains(rule),
                "{refused}"
            );
        }
        let listed = client
            .get(&format!("{session}/toolkits?limit=1000"))
            .await
            .expect(200);
        let slugs: Vec<&str> = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["slug"].as_str().unwrap())
            .collect();
        assert!(
            !slugs.contains(&"acme") && slugs.contains(&"shop"),
            "{slugs:?}"
        );
        let named = client
            .get(&format!("{session}/toolkits?toolkits=acme"))
            .await
            .expect(200);
        assert_eq!(named["items"][0]["enabled"], false);
    }
}

#[tokio::test]
async fn a_link_leads_back_to_the_session_and_connects_its_user() {
    let stage = Stage::with_managed_app().await;
    let client = &stage.server.client;
    let session = session(
        client,
        json!({ "manage_connections": { "callback_url": "https://app.test/chat?thread=7" } }),
    )
    .await;
    let asked = json!({ "toolkit": "acme", "alias": "work" });
    let link = client
        .post(&format!("{session}/link"), asked)
        .await
        .expect(201);
    let page = link["redirect_url"].as_str().unwrap();
    assert!(
        page.ends_with(link["link_token"].as_str().unwrap()),
        "{page}"
    );
    let account = stage
        .account(link["connected_account_id"].as_str().unwrap())
        .await;
    assert_eq!(
        (&account["user_id"], &account["status"]),
        (&json!("ada"), &json!("INITIATED"))
    );
    assert_eq!(account["alias"], "work");
    assert_eq!(account["auth_config"]["is_composio_managed"], true);
    // The auth config that was made for it serves the next link too.
    client
        .post(&format!("{session}/link"), json!({ "toolkit": "acme" }))
        .await
        .expect(201);
    let configs = client.get("/api/v3/auth_configs").await.expect(200);
    assert_eq!(configs["total_items"], 1);
}

#[tokio::test]
async fn a_toolkit_whose_users_bring_all_that_is_needed_takes_no_auth_config() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let session = session(client, json!({})).await;
    let link = client
        .post(&format!("{session}/link"), json!({ "toolkit": "acme" }))
        .await
        .expect(201);
    let account = stage
        .account(link["connected_account_id"].as_str().unwrap())
        .await;
    assert_eq!(account["auth_config"]["auth_scheme"], "API_KEY");
    let refused = client
        .post(&format!("{session}/link"), json!({ "toolkit": "shop" }))
        .await
        .error(400);
    assert!(
        refused["suggested_fix"]
            .as_str()
            .unwrap()
            .contains("auth_configs"),
        "{refused}"
    );
    let refused = client
        .post(
            &format!("{session}/link"),
            json!({ "toolkit": "hackernews" }),
        )
        .await;
    assert!(
        refused.error(400)["message"]
            .as_str()
            .unwrap()
            .contains("needs no account")
    );
    client
        .post(&format!("{session}/link"), json!({ "toolkit": "nothing" }))
        .await
        .error(404);
    let evil = json!({ "toolkit": "acme", "callback_url": "javascript:alert(1)" });
    client
        .post(&format!("{session}/link"), evil)
        .await
        .error(400);
}

#[tokio::test]
async fn a_user_connects_as_many_accounts_as_the_session_admits() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let config = stage.auth_config("acme", "OAUTH2").await;
    for _ in 0..2 {
        stage.oauth_account(&config, "ada").await;
    }
    let multi = json!({ "enable": true, "max_accounts_per_toolkit": 2 });
    let session = session(client, json!({ "multi_account": multi })).await;
    let refused = client
        .post(&format!("{session}/link"), json!({ "toolkit": "acme" }))
        .await
        .error(400);
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("as many as the session admits")
    );
}

#[tokio::test]
async fn links_lead_to_the_host_that_a_session_names() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let settings =
        json!({ "experimental": { "link_url_overwrite": "https://connect.app.test/a/" } });
    let session = session(client, settings).await;
    let link = client
        .post(&format!("{session}/link"), json!({ "toolkit": "acme" }))
        .await
        .expect(201);
    let token = link["link_token"].as_str().unwrap();
    assert_eq!(
        link["redirect_url"],
        format!("https://connect.app.test/a/link/{token}")
    );
}

#[tokio::test]
async fn an_account_that_is_never_to_be_used_is_not() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let account = stage.oauth_account(&config, "ada").await;
    let overrides = json!({ format!("*:{account}"): "always_deny" });
    let permissions = json!({ "default": "allow_all", "overrides": overrides });
    let session = session(
        client,
        json!({ "experimental": { "permissions": permissions } }),
    )
    .await;
    let request = json!({ "toolkit_slug": "acme", "endpoint": "/me", "method": "GET" });
    client
        .post(&format!("{session}/proxy_execute"), request)
        .await
        .error(403);
}

#[tokio::test]
async fn a_pinned_account_is_taken_where_the_toolkit_also_works_without_one() {
    let upstream = Upstream::start().await;
    let toolkits = ToolkitsFolder::empty().with_kit(
        "either",
        &upstream.base,
        EITHER,
        "- { slug: EITHER_GET, name: Get, description: Gets it., request: { method: GET, path: /it } }\n",
    );
    let path = toolkits.path();
    let flags = [
        "--toolkits-dir",
        path.as_str(),
        "--allow-cidrs",
        "127.0.0.0/8",
    ];
    let server = TestServer::with(&flags).await;
    let account = |token: &str| {
        let values = json!({ "token": token });
        NewAccount::new("either", Scheme::BearerToken, values).store(&server)
    };
    let old = account("tok-older-1c2d").await;
    server.clock.advance(Duration::from_secs(1));
    account("tok-newer-3e4f").await;
    let newest = || upstream.calls().pop().unwrap();
    for (settings, sent) in [
        (json!({}), Some("Bearer tok-newer-3e4f")),
        (
            json!({ "connected_accounts": { "either": [old] } }),
            Some("Bearer tok-older-1c2d"),
        ),
    ] {
        let session = session(&server.client, settings).await;
        let call = json!({ "tool_slug": "EITHER_GET", "arguments": {} });
        let answer = server
            .client
            .post(&format!("{session}/execute"), call)
            .await;
        assert_eq!(answer.expect(200)["error"], Value::Null);
        assert_eq!(newest().header("authorization"), sent);
    }
    let settings = json!({ "user_id": "eve" });
    let made = server.client.post(SESSIONS, settings).await.expect(201);
    let path = format!(
        "{SESSIONS}/{}/execute",
        made["session_id"].as_str().unwrap()
    );
    let call = json!({ "tool_slug": "EITHER_GET", "arguments": {} });
    server.client.post(&path, call).await.expect(200);
    assert_eq!(newest().header("authorization"), None);
}
