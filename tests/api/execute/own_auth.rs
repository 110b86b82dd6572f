//! Credentials that come with a call: `custom_auth_params` and `custom_connection_data`.

use rstest::rstest;
use serde_json::{Value, json};

use super::{World, problems};
use crate::support::client::Reply;
use crate::support::upstream::{Answer, Upstream};

impl World {
    async fn with_parameters(&self, tool: &str, auth: Value) -> Reply {
        self.post(tool, json!({ "custom_auth_params": auth })).await
    }

    async fn with_data(&self, tool: &str, toolkit: &str, scheme: &str, val: Value) -> Reply {
        let data = json!({ "authScheme": scheme, "toolkitSlug": toolkit, "val": val });
        self.post(tool, json!({ "custom_connection_data": data }))
            .await
    }
}

#[tokio::test]
async fn parameters_of_the_callers_own_go_into_the_request_and_no_account_is_needed() {
    let world = World::start().await;
    let parameters = json!([
        { "in": "header", "name": "X-Key", "value": "key-of-the-caller" },
        { "in": "header", "name": "Api-Version", "value": "2026-01-01" },
        { "in": "query", "name": "tenant", "value": 7 },
    ]);
    let auth = json!({ "parameters": parameters, "body": { "pin": "pin-of-the-caller" } });
    let reply = world.with_parameters("VAULT_CREATE", auth).await;
    assert_eq!(reply.expect(200)["successful"], true);
    let call = world.upstream.call();
    assert_eq!(call.header("x-key"), Some("key-of-the-caller"));
    assert_eq!(call.header("api-version"), Some("2026-01-01"));
    assert_eq!(call.query, "tenant=7");
    assert_eq!(call.json(), json!({ "pin": "pin-of-the-caller" }));
}

#[rstest]
#[case("base_url")]
#[case("baseURL")]
#[tokio::test]
async fn a_base_url_of_the_callers_own_stands_for_the_toolkits(#[case] spelling: &str) {
    let world = World::start().await;
    let own = Upstream::start_at("127.0.0.2").await;
    let mut auth =
        json!({ "parameters": [{ "in": "header", "name": "X-Key", "value": "caller-key" }] });
    auth[spelling] = json!(format!("{}/own/", own.base));
    // The toolkit's own URL lacks a field here, which is nobody's business then.
    let reply = world.with_parameters("TENANT_GET_ME", auth).await;
    assert_eq!(reply.expect(200)["successful"], true);
    let call = own.call();
    assert_eq!(
        (call.path.as_str(), call.header("x-key")),
        ("/own/me", Some("caller-key"))
    );
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_key_for_the_callers_own_base_url_does_not_follow_a_redirect_to_the_toolkit() {
    let world = World::start().await;
    let own = Upstream::start_at("127.0.0.2").await;
    let target = format!("{}/api/me", world.upstream.base);
    own.answer("/me", Answer::redirect(302, &target));
    let auth = json!({
        "base_url": own.base,
        "parameters": [{ "in": "header", "name": "X-Key", "value": "caller-key" }],
    });
    world
        .with_parameters("VAULT_GET_ME", auth)
        .await
        .expect(200);
    assert_eq!(own.call().header("x-key"), Some("caller-key"));
    assert_eq!(world.upstream.call().header("x-key"), None);
}

#[tokio::test]
async fn a_base_url_at_a_private_address_is_refused() {
    let world = World::start().await;
    for base in [
        "http://169.254.169.254/latest",
        "http://10.0.0.1",
        "http://[::1]:1",
    ] {
        let auth = json!({ "base_url": base, "parameters": [] });
        let error = world.with_parameters("VAULT_GET_ME", auth).await.error(400);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("not public"), "{base}: {message}");
    }
}

#[rstest]
#[case::no_url(json!({ "base_url": "nowhere" }), "custom_auth_params.base_url: must be")]
#[case::a_file(json!({ "base_url": "file:///etc/passwd" }), "custom_auth_params.base_url: must be")]
#[case::a_name(json!({ "base_url": "https://me@x.test" }), "custom_auth_params.base_url: must be")]
#[case::no_header(
    json!({ "parameters": [{ "in": "header", "name": "a b", "value": "x" }] }),
    "custom_auth_params.parameters[0]: `a b` is no header name"
)]
#[case::our_header(
    json!({ "parameters": [{ "in": "header", "name": "Host", "value": "x.test" }] }),
    "custom_auth_params.parameters[0]: header `Host` is set by this server"
)]
#[case::a_line_break(
    json!({ "parameters": [{ "in": "header", "name": "X-Key", "value": "a\r\nb: c" }] }),
    "custom_auth_params.parameters[0]: the value of header `X-Key` must not"
)]
#[case::a_place_that_is_none(
    json!({ "parameters": [{ "in": "cookie", "name": "a", "value": "x" }] }),
    "custom_auth_params.parameters[0].in: unknown variant"
)]
#[case::a_body_for_get(
    json!({ "body": { "key": "x" } }),
    "custom_auth_params.body: GET requests have none"
)]
#[tokio::test]
async fn parameters_that_cannot_be_sent_are_refused_by_name(
    #[case] auth: Value,
    #[case] problem: &str,
) {
    let world = World::start().await;
    let reply = world.with_parameters("VAULT_GET_ME", auth).await;
    let found = problems(&reply);
    assert!(found[0].starts_with(problem), "{found:?}");
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_url_that_needs_fields_needs_a_base_url_with_parameters_of_the_callers_own() {
    let world = World::start().await;
    let auth = json!({ "parameters": [{ "in": "query", "name": "key", "value": "caller-key" }] });
    let reply = world.with_parameters("TENANT_GET_ME", auth).await;
    assert!(problems(&reply)[0].starts_with("custom_auth_params.base_url: is required"));
}

#[tokio::test]
async fn empty_parameters_mean_the_users_account() {
    let world = World::start().await;
    for auth in [json!({}), json!({ "parameters": [] }), json!(null)] {
        let error = world.with_parameters("VAULT_GET_ME", auth).await.error(400);
        assert_eq!(error["code"], 1803, "{error}");
    }
}

#[rstest]
#[case("API_KEY", json!({ "generic_api_key": "key-12345" }), "x-key", "key-12345")]
#[case("API_KEY", json!({ "api_key": "key-12345" }), "x-key", "key-12345")]
#[case("BEARER_TOKEN", json!({ "token": "tok-12345" }), "authorization", "Bearer tok-12345")]
#[case("BASIC", json!({ "username": "me", "password": "pw" }), "authorization", "Basic bWU6cHc=")]
#[case("BASIC", json!({ "username": "me" }), "authorization", "Basic bWU6")]
#[case(
    "OAUTH2",
    json!({ "access_token": "tok-12345", "scope": ["a"], "expires_in": 3600 }),
    "authorization",
    "Bearer tok-12345"
)]
#[tokio::test]
async fn connection_data_is_used_like_an_account(
    #[case] scheme: &str,
    #[case] val: Value,
    #[case] header: &str,
    #[case] expected: &str,
) {
    let world = World::start().await;
    let reply = world.with_data("VAULT_GET_ME", "VAULT", scheme, val).await;
    assert_eq!(reply.expect(200)["successful"], true);
    assert_eq!(world.upstream.call().header(header), Some(expected));
}

#[tokio::test]
async fn connection_data_without_auth_is_nothing() {
    let world = World::start().await;
    let reply = world
        .with_data("OPEN_PING", "open", "NO_AUTH", json!({}))
        .await;
    assert_eq!(reply.expect(200)["successful"], true);
}

#[tokio::test]
async fn fields_of_connection_data_enter_the_url_only_in_the_form_that_they_declare() {
    let world = World::start().await;
    let val = |node: &str| json!({ "generic_api_key": "key-12345", "node": node });
    let reply = world
        .with_data("TENANT_GET_ME", "tenant", "API_KEY", val("1"))
        .await;
    assert_eq!(reply.expect(200)["successful"], true);
    assert_eq!(world.upstream.call().query, "key=key-12345");
    let evil = val("1.evil.test/");
    let reply = world
        .with_data("TENANT_GET_ME", "tenant", "API_KEY", evil)
        .await;
    assert!(problems(&reply)[0].starts_with("custom_connection_data.val.node:"));
}

#[rstest]
#[case::of_another_toolkit("open", "BEARER_TOKEN", json!({ "token": "x" }), "custom_connection_data.toolkitSlug: the tool is of `vault`")]
#[case::by_another_scheme("vault", "SAML", json!({}), "custom_connection_data.authScheme: `vault` takes API_KEY, BEARER_TOKEN, BASIC, OAUTH2")]
#[case::without_the_token("vault", "BEARER_TOKEN", json!({}), "custom_connection_data.val.token: is required")]
#[case::without_the_grant("vault", "OAUTH2", json!({ "refresh_token": "x" }), "custom_connection_data.val.access_token: is required")]
#[tokio::test]
async fn connection_data_that_does_not_fit_is_refused_by_name(
    #[case] toolkit: &str,
    #[case] scheme: &str,
    #[case] val: Value,
    #[case] problem: &str,
) {
    let world = World::start().await;
    let reply = world.with_data("VAULT_GET_ME", toolkit, scheme, val).await;
    assert_eq!(problems(&reply), [problem]);
}

#[tokio::test]
async fn connection_data_stands_above_parameters_and_beside_no_account() {
    let world = World::start().await;
    let data = json!({ "authScheme": "BEARER_TOKEN", "toolkitSlug": "vault", "val": { "token": "tok-12345" } });
    let both = json!({
        "custom_connection_data": data,
        "custom_auth_params": { "parameters": [{ "in": "header", "name": "X-Key", "value": "k" }] },
    });
    world.post("VAULT_GET_ME", both).await.expect(200);
    let call = world.upstream.call();
    assert_eq!(call.header("authorization"), Some("Bearer tok-12345"));
    assert_eq!(call.header("x-key"), None);
    let with_account = json!({ "custom_connection_data": data, "connected_account_id": "ca_1" });
    let reply = world.post("VAULT_GET_ME", with_account).await;
    assert!(problems(&reply)[0].starts_with("connected_account_id: give either"));
}

#[tokio::test]
async fn what_an_upstream_echoes_of_credentials_that_came_with_the_call_is_taken_out() {
    let world = World::start().await;
    let echo = json!({ "header": "key-of-the-caller", "body": "pin-of-the-caller" });
    world
        .upstream
        .answer("/api/things", Answer::json(200, &echo));
    let auth = json!({
        "parameters": [{ "in": "header", "name": "X-Key", "value": "key-of-the-caller" }],
        "body": { "pin": "pin-of-the-caller" },
    });
    let result = world
        .with_parameters("VAULT_CREATE", auth)
        .await
        .expect(200);
    assert_eq!(
        result["data"],
        json!({ "header": "[redacted]", "body": "[redacted]" })
    );
}

#[tokio::test]
async fn the_proxy_takes_connection_data_too() {
    let world = World::start().await;
    let data = json!({ "authScheme": "BEARER_TOKEN", "toolkitSlug": "vault", "val": { "token": "tok-12345" } });
    let body = json!({ "endpoint": "/me", "method": "GET", "custom_connection_data": data });
    let proxy = |body| {
        world
            .server
            .client
            .post("/api/v3/tools/execute/proxy", body)
    };
    assert_eq!(proxy(body.clone()).await.expect(200)["status"], 200);
    let call = world.upstream.call();
    assert_eq!(
        (call.path.as_str(), call.header("authorization")),
        ("/api/me", Some("Bearer tok-12345"))
    );
    let mut foreign = body;
    foreign["endpoint"] = json!("http://127.0.0.9/me");
    proxy(foreign).await.error(400);
}
