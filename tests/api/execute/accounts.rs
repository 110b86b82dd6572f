//! Whose credential a tool uses, where it goes, and that nobody gets to see it.

use serde_json::{Value, json};
use tenon::scheme::Scheme;

use super::{TOKEN, World, token_account};
use crate::support::accounts::NewAccount;
use crate::support::upstream::{Answer, Upstream};

const OTHER_TOKEN: &str = "tok-91d2aa03";

impl World {
    async fn as_user(&self, user: &str, tool: &str) -> Value {
        let body = json!({ "user_id": user, "arguments": {} });
        self.post(tool, body).await.expect(200)
    }
}

#[tokio::test]
async fn each_scheme_puts_its_credential_where_the_manifest_says() {
    let world = World::start().await;
    let cases = [
        (
            Scheme::ApiKey,
            json!({ "generic_api_key": "key-1" }),
            "x-key",
            "key-1",
        ),
        (
            Scheme::BearerToken,
            json!({ "token": "tok-1" }),
            "authorization",
            "Bearer tok-1",
        ),
        (
            Scheme::Basic,
            json!({ "username": "ada", "password": "pw" }),
            "authorization",
            "Basic YWRhOnB3",
        ),
        (
            Scheme::Basic,
            json!({ "username": "ada" }),
            "authorization",
            "Basic YWRhOg==",
        ),
        (
            Scheme::OAuth2,
            json!({ "access_token": "at-1" }),
            "authorization",
            "Bearer at-1",
        ),
    ];
    for (scheme, values, header, expected) in cases {
        let account = NewAccount::new("vault", scheme, values)
            .store(&world.server)
            .await;
        let body = json!({ "connected_account_id": account, "arguments": {} });
        assert_eq!(
            world.post("VAULT_GET_ME", body).await.expect(200)["successful"],
            true
        );
        let calls = world.upstream.calls();
        let call = calls.last().unwrap();
        assert_eq!((call.path.as_str(), call.query.as_str()), ("/api/me", ""));
        assert_eq!(call.header(header), Some(expected), "{scheme}");
        assert_eq!(call.header("x-key").is_some(), scheme == Scheme::ApiKey);
    }
}

#[tokio::test]
async fn the_newest_account_of_the_user_is_used_and_no_one_elses() {
    let world = World::start().await;
    token_account().store(&world.server).await;
    let other = NewAccount::new(
        "vault",
        Scheme::BearerToken,
        json!({ "token": OTHER_TOKEN }),
    );
    let others = NewAccount {
        user: "bob",
        ..other
    }
    .store(&world.server)
    .await;
    world.as_user("ada", "VAULT_GET_ME").await;
    assert_eq!(
        world.upstream.call().header("authorization"),
        Some("Bearer tok-5f9c1b7e")
    );
    let body = json!({ "user_id": "ada", "connected_account_id": others, "arguments": {} });
    let reply = world.post("VAULT_GET_ME", body).await;
    assert!(reply.status >= 400, "{}", reply.text);
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn the_old_name_of_the_user_is_taken_too() {
    let world = World::start().await;
    token_account().store(&world.server).await;
    let body = json!({ "entity_id": "ada", "arguments": {} });
    assert_eq!(
        world.post("VAULT_GET_ME", body).await.expect(200)["successful"],
        true
    );
}

#[tokio::test]
async fn without_an_account_the_code_is_the_one_that_sdks_know() {
    let world = World::start().await;
    let reply = world.execute("VAULT_GET_ME", json!({})).await;
    let error = reply.error(400);
    assert_eq!(error["code"], 1803);
    assert!(
        error["message"].as_str().unwrap().contains("`default`"),
        "{error}"
    );
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_tool_that_the_auth_config_leaves_out_is_refused() {
    let world = World::start().await;
    let tools = Some(vec!["VAULT_GET_ME".to_owned()]);
    NewAccount {
        tools,
        ..token_account()
    }
    .store(&world.server)
    .await;
    world.as_user("ada", "VAULT_GET_ME").await;
    let body = json!({ "user_id": "ada", "arguments": {} });
    let error = world.post("VAULT_CREATE", body).await.error(403);
    assert!(
        error["message"].as_str().unwrap().contains("VAULT_CREATE"),
        "{error}"
    );
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_redirect_to_a_foreign_host_is_followed_without_the_credential() {
    let world = World::start().await;
    let stranger = Upstream::start_at("127.0.0.2").await;
    let location = format!("{}/collect", stranger.base);
    world
        .upstream
        .answer("/api/me", Answer::redirect(302, &location));
    token_account().store(&world.server).await;
    assert_eq!(
        world.as_user("ada", "VAULT_GET_ME").await["successful"],
        true
    );
    let call = stranger.call();
    assert_eq!(call.header("authorization"), None);
    assert!(!format!("{call:?}").contains(TOKEN));
}

#[tokio::test]
async fn a_body_does_not_follow_a_redirect_to_a_foreign_host() {
    let world = World::start().await;
    let stranger = Upstream::start_at("127.0.0.2").await;
    let location = format!("{}/collect", stranger.base);
    world
        .upstream
        .answer("/api/things", Answer::redirect(307, &location));
    token_account().store(&world.server).await;
    let body = json!({ "user_id": "ada", "arguments": { "what": "private" } });
    let result = world.post("VAULT_CREATE", body).await.expect(200);
    assert_eq!(result["successful"], false);
    assert!(
        result["error"].as_str().unwrap().starts_with("307 "),
        "{result}"
    );
    assert!(stranger.calls().is_empty());
}

#[tokio::test]
async fn a_redirect_to_the_metadata_address_is_not_followed() {
    let world = World::start().await;
    let target = "http://169.254.169.254/latest/meta-data/";
    world
        .upstream
        .answer("/api/me", Answer::redirect(302, target));
    token_account().store(&world.server).await;
    let result = world.as_user("ada", "VAULT_GET_ME").await;
    assert_eq!(result["successful"], false);
    assert!(
        result["error"]
            .as_str()
            .unwrap()
            .contains("redirect was refused"),
        "{result}"
    );
}

#[tokio::test]
async fn a_token_that_would_break_the_header_is_refused_by_its_name() {
    let world = World::start().await;
    let values = json!({ "token": "tok-12345678\r\nX-Admin: 1" });
    NewAccount::new("vault", Scheme::BearerToken, values)
        .store(&world.server)
        .await;
    let body = json!({ "user_id": "ada", "arguments": {} });
    let reply = world.post("VAULT_GET_ME", body).await;
    assert!(
        reply.error(400)["message"]
            .as_str()
            .unwrap()
            .contains("`token`")
    );
    assert!(!reply.text.contains("tok-12345678"), "{}", reply.text);
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_field_enters_the_url_only_in_the_form_that_it_declares() {
    let world = World::start().await;
    let values = |node: &str| json!({ "generic_api_key": "key-1", "node": node });
    for node in ["1@evil.test", "1/x", "1#", "1:80", "01x", "1.evil.test"] {
        let account = NewAccount::new("tenant", Scheme::ApiKey, values(node));
        let id = NewAccount {
            user: "eve",
            ..account
        }
        .store(&world.server)
        .await;
        let body = json!({ "connected_account_id": id, "arguments": {} });
        let error = world.post("TENANT_GET_ME", body).await.error(400);
        assert!(
            error["message"].as_str().unwrap().contains("`node`"),
            "{node}: {error}"
        );
    }
    assert!(world.upstream.calls().is_empty());
    NewAccount::new("tenant", Scheme::ApiKey, values("1"))
        .store(&world.server)
        .await;
    world.as_user("ada", "TENANT_GET_ME").await;
    let call = world.upstream.call();
    assert_eq!(
        (call.path.as_str(), call.query.as_str()),
        ("/v1/me", "key=key-1")
    );
}

#[tokio::test]
async fn what_an_upstream_echoes_of_a_credential_is_taken_out() {
    let world = World::start().await;
    token_account().store(&world.server).await;
    let body = json!({ "authorization": format!("Bearer {TOKEN}"), TOKEN: [TOKEN] });
    world.upstream.answer("/api/me", Answer::json(200, &body));
    let result = world.as_user("ada", "VAULT_GET_ME").await;
    assert_eq!(
        result["data"],
        json!({ "authorization": "Bearer [redacted]", "[redacted]": ["[redacted]"] })
    );
    world.upstream.forget("/api/me");
    let refusal = json!({ "fault": { "why": format!("token {TOKEN} is bad") } });
    world
        .upstream
        .answer("/api/me", Answer::json(403, &refusal));
    let result = world.as_user("ada", "VAULT_GET_ME").await;
    assert_eq!(result["error"], "403 token [redacted] is bad");
    assert!(!result.to_string().contains(TOKEN), "{result}");
}

#[tokio::test]
async fn echoes_of_passwords_and_of_keys_in_urls_are_taken_out_too() {
    let world = World::start().await;
    let basic = json!({ "username": "ada", "password": "correct-horse" });
    NewAccount::new("vault", Scheme::Basic, basic)
        .store(&world.server)
        .await;
    let echo = json!({ "seen": "Basic YWRhOmNvcnJlY3QtaG9yc2U=", "password": "correct-horse" });
    world.upstream.answer("/api/me", Answer::json(200, &echo));
    let result = world.as_user("ada", "VAULT_GET_ME").await;
    assert_eq!(
        result["data"],
        json!({ "seen": "Basic [redacted]", "password": "[redacted]" })
    );
    let values = json!({ "generic_api_key": "k/1 2+3456", "node": "1" });
    NewAccount::new("tenant", Scheme::ApiKey, values)
        .store(&world.server)
        .await;
    let echo = json!({ "url": "/v1/me?key=k%2F1+2%2B3456" });
    world.upstream.answer("/v1/me", Answer::json(200, &echo));
    let result = world.as_user("ada", "TENANT_GET_ME").await;
    assert_eq!(result["data"], json!({ "url": "/v1/me?key=[redacted]" }));
}

#[tokio::test]
async fn a_failed_call_does_not_show_the_key_of_its_url() {
    let world = World::start().await;
    let values = json!({ "generic_api_key": "key-12345678", "node": "3" });
    NewAccount::new("tenant", Scheme::ApiKey, values)
        .store(&world.server)
        .await;
    let result = world.as_user("ada", "TENANT_GET_ME").await;
    assert_eq!(result["successful"], false);
    assert!(!result.to_string().contains("key-12345678"), "{result}");
}

/// An account whose access token can be renewed at the upstream.
fn renewable() -> NewAccount<'static> {
    let values = json!({ "access_token": TOKEN, "refresh_token": "refresh-123456" });
    let config = json!({ "client_id": "client", "client_secret": "secret-123456" });
    NewAccount {
        config,
        ..NewAccount::new("vault", Scheme::OAuth2, values)
    }
}

#[tokio::test]
async fn after_a_401_the_token_is_renewed_and_the_call_made_once_more() {
    let world = World::start().await;
    renewable().store(&world.server).await;
    let renewed =
        json!({ "access_token": OTHER_TOKEN, "token_type": "bearer", "expires_in": 3600 });
    world.upstream.answer("/token", Answer::json(200, &renewed));
    world.upstream.answer(
        "/api/me",
        Answer::json(401, &json!({ "message": "expired" })),
    );
    world.upstream.answer(
        "/api/me",
        Answer::json(200, &json!({ "seen": OTHER_TOKEN })),
    );
    let result = world.as_user("ada", "VAULT_GET_ME").await;
    assert_eq!(
        (&result["successful"], &result["data"]),
        (&json!(true), &json!({ "seen": "[redacted]" }))
    );
    let calls = world.upstream.calls();
    let paths: Vec<&str> = calls.iter().map(|call| call.path.as_str()).collect();
    assert_eq!(paths, ["/api/me", "/token", "/api/me"]);
    assert_eq!(
        calls[0].header("authorization"),
        Some("Bearer tok-5f9c1b7e")
    );
    assert_eq!(
        calls[2].header("authorization"),
        Some("Bearer tok-91d2aa03")
    );
}

#[tokio::test]
async fn a_second_401_is_the_result() {
    let world = World::start().await;
    renewable().store(&world.server).await;
    let renewed = json!({ "access_token": OTHER_TOKEN, "token_type": "bearer" });
    world.upstream.answer("/token", Answer::json(200, &renewed));
    world
        .upstream
        .answer("/api/me", Answer::json(401, &json!({ "message": "no" })));
    let result = world.as_user("ada", "VAULT_GET_ME").await;
    assert_eq!(
        (&result["successful"], &result["error"]),
        (&json!(false), &json!("401 no"))
    );
    assert_eq!(world.upstream.calls().len(), 3);
}

#[tokio::test]
async fn a_401_without_anything_to_renew_is_the_result() {
    let world = World::start().await;
    token_account().store(&world.server).await;
    world
        .upstream
        .answer("/api/me", Answer::json(401, &json!({ "message": "no" })));
    assert_eq!(
        world.as_user("ada", "VAULT_GET_ME").await["error"],
        "401 no"
    );
    assert_eq!(world.upstream.calls().len(), 1);
}
