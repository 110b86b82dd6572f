//! Connecting by OAuth and by the hosted link: every way through, and every way that must fail.

mod drawing;
mod forgery;
mod link;
mod redirect_uri;
mod trying;

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tenon::jobs;

use crate::support::browser::{Page, onward as location};
use crate::support::client::Reply;
use crate::support::provider::{CLIENT_ID, CLIENT_SECRET};
use crate::support::stage::Stage;

const CALLBACK: &str = "https://app.test/back?user=u%26v&plan=pro";

fn redirect_url(made: &Value) -> String {
    made["connectionData"]["val"]["redirectUrl"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn parameters(url: &url::Url) -> Vec<(String, String)> {
    url.query_pairs().into_owned().collect()
}

/// The `state` of an authorization request.
fn state_of(authorize_url: &str) -> String {
    let url: url::Url = authorize_url.parse().unwrap();
    parameters(&url)
        .into_iter()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
}

async fn begin(stage: &Stage, toolkit: &str, connection: Value) -> (String, String) {
    let config = stage.auth_config(toolkit, "OAUTH2").await;
    let made = stage.initiate(&config, connection).await.expect(201);
    assert_eq!(made["connectionData"]["val"]["status"], "INITIATED");
    (made["id"].as_str().unwrap().to_owned(), redirect_url(&made))
}

async fn make_link(stage: &Stage, config: &str, further: Value) -> Value {
    let mut body = json!({ "auth_config_id": config, "user_id": "u1" });
    body.as_object_mut()
        .unwrap()
        .extend(further.as_object().unwrap().clone());
    stage
        .server
        .client
        .post("/api/v3/connected_accounts/link", body)
        .await
        .expect(201)
}

async fn submit(stage: &Stage, link: &Value, fields: &[(&str, &str)]) -> Reply {
    open(stage, link).await.send(fields).await
}

async fn open(stage: &Stage, link: &Value) -> Page {
    let url = link["redirect_url"].as_str().unwrap();
    Page::open(&stage.server.anonymous, url).await
}

fn assert_is_a_safe_page(reply: &Reply) {
    assert_eq!(
        reply.header("content-type"),
        Some("text/html; charset=utf-8"),
        "{}",
        reply.text
    );
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self';"), "{policy}");
    assert!(policy.contains("base-uri 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("x-frame-options"), Some("DENY"));
    let permissions = reply.header("permissions-policy").unwrap();
    assert!(permissions.contains("camera=()"), "{permissions}");
    for word in ["<script", "javascript:", " style=", " onload="] {
        assert!(!reply.text.contains(word), "{word}: {}", reply.text);
    }
}

#[tokio::test]
async fn consent_at_the_provider_activates_the_account() {
    let stage = Stage::start().await;
    let (id, url) = begin(&stage, "acme", json!({ "user_id": "u1" })).await;
    let page = stage.consent(&url).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert_is_a_safe_page(&page);
    assert!(
        page.text.contains("Acme &#38; Sons is connected"),
        "{}",
        page.text
    );
    let account = stage.account(&id).await;
    assert_eq!(account["status"], "ACTIVE");
    assert_eq!(account["status_reason"], Value::Null);
    assert_eq!(account["state"]["authScheme"], "OAUTH2");
    let val = &account["state"]["val"];
    assert_eq!(
        (&val["status"], &val["access_token"]),
        (&json!("ACTIVE"), &json!("at-2..."))
    );
    assert_eq!(
        (&val["scope"], &val["expires_in"]),
        (&json!("read write"), &json!(3600))
    );
    assert_eq!(val["redirectUrl"], Value::Null);
}

#[tokio::test]
async fn the_authorization_request_says_what_the_toolkit_and_the_rfcs_want() {
    let stage = Stage::start().await;
    let (_, url) = begin(&stage, "acme", json!({})).await;
    stage.consent(&url).await;
    let asked = &stage.provider.authorizations()[0];
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], CLIENT_ID);
    assert_eq!(asked["scope"], "read write");
    assert_eq!(asked["access_type"], "offline");
    assert_eq!(asked["code_challenge_method"], "S256");
    let callback = format!("{}/api/v3/toolkits/auth/callback", stage.server.base);
    assert_eq!(asked["redirect_uri"], callback);
    // The provider itself checks the verifier against the challenge.
    let exchanged = &stage.provider.token_requests()[0];
    assert_eq!(exchanged["grant_type"], "authorization_code");
    assert_eq!(exchanged["redirect_uri"], callback);
    assert!(
        exchanged["code_verifier"].len() >= 43,
        "RFC 7636 section 4.1"
    );
    assert_eq!(exchanged["client_secret"], CLIENT_SECRET);
}

#[tokio::test]
async fn a_toolkit_may_want_a_tenants_host_commas_basic_auth_and_no_pkce() {
    let stage = Stage::start().await;
    // The name that older clients send for the field.
    let given = json!({
        "authScheme": "OAUTH2", "val": { "status": "INITIALIZING", "your-domain": "anvils" },
    });
    let (id, url) = begin(&stage, "shop", json!({ "state": given })).await;
    assert!(
        url.starts_with(&format!("{}/anvils/authorize?", stage.provider.base)),
        "{url}"
    );
    assert_eq!(stage.consent(&url).await.status, 200);
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    assert_eq!(
        stage.account(&id).await["params"],
        json!({ "subdomain": "anvils" })
    );
    assert_eq!(
        stage.provider.authorizations()[0]["scope"],
        "orders,customers"
    );
    assert!(!stage.provider.authorizations()[0].contains_key("code_challenge"));
    assert_eq!(stage.provider.token_requests()[0]["client_auth"], "basic");
}

#[tokio::test]
async fn an_auth_configs_scopes_and_redirect_uri_stand_above_the_toolkits() {
    let stage = Stage::start().await;
    let own = format!(
        "{}/api/v3.1/toolkits/auth/callback?from=us",
        stage.server.base
    );
    let body = json!({
        "toolkit": { "slug": "acme" },
        "auth_config": {
            "type": "use_custom_auth", "authScheme": "OAUTH2",
            "credentials": {
                "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
                "scopes": "one,two", "oauth_redirect_uri": own,
            },
        },
    });
    let made = stage
        .server
        .client
        .post("/api/v3/auth_configs", body)
        .await
        .expect(201);
    let config = made["auth_config"]["id"].as_str().unwrap();
    let made = stage.initiate(config, json!({})).await.expect(201);
    assert_eq!(stage.consent(&redirect_url(&made)).await.status, 200);
    let asked = &stage.provider.authorizations()[0];
    assert_eq!(
        (asked["scope"].as_str(), &asked["redirect_uri"]),
        ("one two", &own)
    );
}

#[rstest]
#[case::in_place_of_the_toolkits_own(json!({}), "profile")]
#[case::beside_the_configs_own(json!({ "scopes": ["read", "profile"] }), "read profile")]
#[case::beside_another(json!({ "scopes": "read" }), "read profile")]
#[tokio::test]
async fn a_connection_asks_for_the_scopes_of_the_tools_it_is_made_for(
    #[case] own: Value,
    #[case] scopes: &str,
) {
    let stage = Stage::start().await;
    let mut credentials = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET });
    if let Some(own) = own.get("scopes") {
        credentials["scopes"] = own.clone();
    }
    let body = json!({
        "toolkit": { "slug": "acme" },
        "auth_config": {
            "type": "use_custom_auth", "authScheme": "OAUTH2",
            "credentials": credentials,
            "tool_access_config": { "tools_for_connected_account_creation": ["ACME_GET_ME"] },
        },
    });
    let made = stage
        .server
        .client
        .post("/api/v3/auth_configs", body)
        .await
        .expect(201);
    let made = stage
        .initiate(made["auth_config"]["id"].as_str().unwrap(), json!({}))
        .await;
    stage.consent(&redirect_url(&made.expect(201))).await;
    assert_eq!(stage.provider.authorizations()[0]["scope"], scopes);
}

#[tokio::test]
async fn managed_auth_connects_by_the_operators_app() {
    let stage = Stage::with_managed_app().await;
    let body = json!({ "toolkit": { "slug": "acme" } });
    let made = stage
        .server
        .client
        .post("/api/v3/auth_configs", body)
        .await
        .expect(201);
    let config = made["auth_config"]["id"].as_str().unwrap().to_owned();
    let id = stage.oauth_account(&config, "u1").await;
    assert_eq!(
        stage.account(&id).await["auth_config"]["is_composio_managed"],
        true
    );
    assert_eq!(
        stage.provider.token_requests()[0]["client_secret"],
        CLIENT_SECRET
    );
}

#[tokio::test]
async fn the_callers_url_keeps_its_parameters_and_learns_the_outcome() {
    let stage = Stage::start().await;
    let (id, url) = begin(&stage, "acme", json!({ "callback_url": CALLBACK })).await;
    let back = location(&stage.consent(&url).await);
    let expected = [
        ("user", "u&v"),
        ("plan", "pro"),
        ("status", "success"),
        ("connected_account_id", &id),
        // `initiate` has always given these as well.
        ("connectedAccountId", &id),
        ("appName", "acme"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(parameters(&back), expected);
}

#[tokio::test]
async fn a_user_who_says_no_fails_the_connection_with_the_providers_words() {
    let stage = Stage::start().await;
    stage.provider.behave(|provider| provider.denies = true);
    let (id, url) = begin(&stage, "acme", json!({ "redirect_uri": CALLBACK })).await;
    let back = location(&stage.consent(&url).await);
    assert!(
        parameters(&back).contains(&("status".into(), "failed".into())),
        "{back}"
    );
    assert!(
        parameters(&back).contains(&("plan".into(), "pro".into())),
        "{back}"
    );
    let account = stage.account(&id).await;
    assert_eq!(account["status"], "FAILED");
    let reason = account["status_reason"].as_str().unwrap();
    assert!(
        reason.contains("access_denied") && reason.contains("The user said <no>"),
        "{reason}"
    );
    assert_eq!(stage.provider.token_requests().len(), 0);
}

#[tokio::test]
async fn without_a_url_of_the_caller_a_refusal_is_a_page_with_nothing_unescaped() {
    let stage = Stage::start().await;
    stage.provider.behave(|provider| provider.denies = true);
    let (_, url) = begin(&stage, "acme", json!({})).await;
    let page = stage.consent(&url).await;
    assert_eq!(page.status, 400);
    assert_is_a_safe_page(&page);
    assert!(
        page.text.contains("The user said &#60;no&#62;"),
        "{}",
        page.text
    );
}

#[rstest]
#[case::refusal(400, json!({ "error": "invalid_client" }), "invalid_client")]
#[case::refusal_with_status_200(200, json!({ "error": "bad_verification_code" }), "bad_verif")]
#[case::outage(503, json!({ "error": "invalid_grant" }), "token endpoint")]
#[case::no_token(200, json!({ "hello": "world" }), "token endpoint")]
#[tokio::test]
async fn a_code_that_cannot_be_exchanged_fails_the_connection_with_a_reason(
    #[case] status: u16,
    #[case] body: Value,
    #[case] expected: &str,
) {
    let stage = Stage::start().await;
    stage
        .provider
        .behave(|provider| provider.token_answer = Some((status, body)));
    let (id, url) = begin(&stage, "acme", json!({ "callback_url": CALLBACK })).await;
    let back = location(&stage.consent(&url).await);
    assert!(
        parameters(&back).contains(&("status".into(), "failed".into())),
        "{back}"
    );
    let account = stage.account(&id).await;
    assert_eq!(account["status"], "FAILED");
    let reason = account["status_reason"].as_str().unwrap();
    assert!(reason.contains(expected), "{reason}");
    assert!(
        !reason.contains(CLIENT_SECRET) && !reason.contains("code-"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_token_answer_as_a_form_with_further_fields_is_kept() {
    let stage = Stage::start().await;
    stage.provider.behave(|provider| {
        provider.answers_form = true;
        // A provider may add fields, but not put one in the place of what the user gave.
        provider.further = json!({ "team_id": "T1", "subdomain": "evil" });
    });
    let given = json!({ "authScheme": "OAUTH2", "val": { "subdomain": "anvils" } });
    let (id, url) = begin(&stage, "shop", json!({ "state": given })).await;
    stage.consent(&url).await;
    let val = stage.account(&id).await["state"]["val"].clone();
    assert_eq!(
        (&val["team_id"], &val["subdomain"]),
        (&json!("T1"), &json!("anvils"))
    );
    assert_eq!(val["expires_in"], 3600);
}

#[tokio::test]
async fn a_state_works_once() {
    let stage = Stage::start().await;
    let (id, url) = begin(&stage, "acme", json!({})).await;
    let provider = stage.open(&url).await;
    let back = provider.header("location").unwrap();
    assert_eq!(stage.open(back).await.status, 200);
    let replayed = stage.open(back).await;
    assert_eq!(replayed.status, 400);
    assert_is_a_safe_page(&replayed);
    assert_eq!(stage.provider.token_requests().len(), 1);
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
}

#[tokio::test]
async fn a_state_that_arrives_many_times_at_once_is_exchanged_once() {
    let stage = Stage::start().await;
    let (id, url) = begin(&stage, "acme", json!({})).await;
    let provider = stage.open(&url).await;
    let back = provider.header("location").unwrap();
    let replies = futures_util::future::join_all((0..20).map(|_| stage.open(back))).await;
    let good = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!((good, stage.provider.token_requests().len()), (1, 1));
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
}

#[tokio::test]
async fn a_state_is_over_after_ten_minutes() {
    let stage = Stage::start().await;
    let (_, url) = begin(&stage, "acme", json!({})).await;
    stage.server.clock.advance(Duration::from_secs(601));
    assert_eq!(stage.consent(&url).await.status, 400);
    assert_eq!(stage.provider.token_requests().len(), 0);
}

#[tokio::test]
async fn a_state_that_is_foreign_tampered_with_or_absent_is_refused() {
    let stage = Stage::start().await;
    let other = Stage::start().await;
    let (id, url) = begin(&stage, "acme", json!({})).await;
    let (_, foreign) = begin(&other, "acme", json!({})).await;
    let own = state_of(&url);
    let mut tampered = own.clone().into_bytes();
    let middle = own.find('.').unwrap() + 5;
    tampered[middle] = if tampered[middle] == b'A' { b'B' } else { b'A' };
    // Signed by nobody: `{"alg":"none"}` before the same claims.
    let claims = own.split('.').nth(1).unwrap();
    let states = [
        state_of(&foreign),
        String::from_utf8(tampered).unwrap(),
        format!("eyJhbGciOiJub25lIn0.{claims}."),
        "nonsense".into(),
        String::new(),
    ];
    for state in states {
        let callback = "/api/v3/toolkits/auth/callback";
        let page = stage
            .open(&format!("{callback}?code=x&state={state}"))
            .await;
        assert_eq!(page.status, 400, "{state}");
        assert_is_a_safe_page(&page);
        assert!(!page.text.contains(&id), "{}", page.text);
    }
    assert_eq!(stage.provider.token_requests().len(), 0);
    assert_eq!(stage.account(&id).await["status"], "INITIATED");
}

#[tokio::test]
async fn a_state_of_a_deleted_account_is_refused() {
    let stage = Stage::start().await;
    let (id, url) = begin(&stage, "acme", json!({})).await;
    stage
        .server
        .client
        .delete(&format!("/api/v3/connected_accounts/{id}"))
        .await
        .expect(200);
    assert_eq!(stage.consent(&url).await.status, 400);
    assert_eq!(stage.provider.token_requests().len(), 0);
}

#[tokio::test]
async fn a_connection_that_nobody_finishes_expires_with_a_reason() {
    let stage = Stage::start().await;
    let (id, _) = begin(&stage, "acme", json!({})).await;
    let (finished, url) = begin(&stage, "acme", json!({})).await;
    stage.consent(&url).await;
    assert_eq!(stage.account(&id).await["status"], "INITIATED");
    stage.server.clock.advance(Duration::from_mins(10));
    let account = loop {
        jobs::run_due(&stage.server.app).await.unwrap();
        let account = stage.account(&id).await;
        // One of the server's own workers may have been first and be at it still.
        if account["status"] != "INITIATED" {
            break account;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(account["status"], "EXPIRED");
    assert!(
        account["status_reason"]
            .as_str()
            .unwrap()
            .contains("10 minutes"),
        "{account}"
    );
    assert_eq!(stage.account(&finished).await["status"], "ACTIVE");
}
