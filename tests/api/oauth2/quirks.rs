//! What providers do beside RFC 6749, as a manifest declares it.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use super::{ID, SECRET, Stage};

/// A provider with every peculiarity at once.
const QUIRKY: &str = r#"base_url: "{instance_url}/{realm}"
auth:
  - scheme: OAUTH2
    authorize_url: "{base}/{shop}/authorize"
    token_url: "{base}/{realm}/token"
    refresh_url: "{base}/refresh/token"
    issuer: "{base}"
    token_auth: client_secret_basic
    token_body: json
    token_headers: {User-Agent: "acme/1.0"}
    pkce: required
    scopes: {default: [b1, b2], separator: ",", param: bot_scope, user_default: [u1]}
    authorize_params: {prompt: consent, tenant: "{shop}", hint: "{login_hint}"}
    token_params: {context: "stores/{shop}", request: token}
    refresh_params: {request: refresh}
    token_response: {access_token: authed_user.access_token, default_expires_in: 1800}
    keep:
      bot_token: access_token
      instance_url: {from: team.url, pattern: "http://127\\.0\\.0\\.1:[0-9]{4,5}"}
    callback_keep: {realm: {from: realmId, pattern: "[0-9]+"}}
    fields:
      connection:
        - {name: shop, display_name: Shop, required: true, pattern: "[a-z]+"}
        - {name: login_hint, display_name: Hint}
    apply:
      - {in: header, name: Authorization, value: "Bearer {access_token}"}
"#;

async fn quirky() -> Stage {
    let stage = Stage::with(QUIRKY).await;
    let base = stage.provider.base.clone();
    stage.provider.call_back_with("iss", &base);
    stage.provider.call_back_with("realmId", "4711");
    stage.provider.answer_with(json!({
        "access_token": "bot-token-0123456789", "expires_in": null,
        "authed_user": { "access_token": "user-token-0123456789" },
        "team": { "url": base },
        // Not where the manifest looks for it.
        "shop": "evil", "instance_url": "http://evil.test", "client_id": "other",
    }));
    stage
}

async fn connected(stage: &Stage) -> String {
    let credentials = json!({ "client_id": ID, "client_secret": SECRET });
    let config = stage.custom("OAUTH2", credentials).await;
    let begun =
        json!({ "authScheme": "OAUTH2", "val": { "status": "INITIALIZING", "shop": "anvils" } });
    let (id, url) = stage.begin(&config, json!({ "state": begun })).await;
    stage.consent(&url).await;
    id
}

#[tokio::test]
async fn the_requests_are_made_as_the_manifest_wants_them() {
    let stage = quirky().await;
    let id = connected(&stage).await;
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    let asked = &stage.provider.authorizations()[0];
    assert_eq!(
        (asked["bot_scope"].as_str(), asked["user_scope"].as_str()),
        ("b1,b2", "u1")
    );
    assert_eq!(
        (asked["prompt"].as_str(), asked["tenant"].as_str()),
        ("consent", "anvils")
    );
    // Its field was not given.
    assert!(
        !asked.contains_key("hint") && !asked.contains_key("scope"),
        "{asked:?}"
    );
    let exchanged = &stage.provider.token_requests()[0];
    // The provider said with the code where it is to be exchanged.
    assert_eq!(exchanged.path, "/4711/token");
    assert_eq!(exchanged.headers["content-type"], "application/json");
    assert_eq!(exchanged.headers["user-agent"], "acme/1.0");
    assert_eq!(exchanged.basic, Some((ID.to_owned(), SECRET.to_owned())));
    assert!(!exchanged.fields.contains_key("client_secret"));
    assert_eq!(exchanged.fields["context"], "stores/anvils");
    assert_eq!(exchanged.fields["request"], "token");
}

#[tokio::test]
async fn tokens_and_values_are_kept_from_where_the_manifest_says() {
    let stage = quirky().await;
    let id = connected(&stage).await;
    let val = stage.account(&id).await["state"]["val"].clone();
    assert_eq!(val["access_token"], "user-token-0123456789");
    assert_eq!(val["bot_token"], "bot-token-0123456789");
    assert_eq!(
        (&val["shop"], &val["realm"]),
        (&json!("anvils"), &json!("4711"))
    );
    assert_eq!(val["instance_url"], stage.provider.base.as_str());
    assert_eq!(
        (&val["expires_in"], &val["client_id"]),
        (&json!(1800), &Value::Null)
    );
    // What the answer does not say was granted as it was asked for.
    assert_eq!(val["scope"], "b1 b2");
    assert_eq!(stage.execute(&id).await["successful"], true);
    let calls = stage.provider.api_calls();
    assert_eq!(
        calls,
        [("/4711/api/me".into(), "Bearer user-token-0123456789".into())]
    );
}

#[tokio::test]
async fn a_refresh_goes_to_its_own_url_and_a_wrong_value_changes_nothing() {
    let stage = quirky().await;
    let id = connected(&stage).await;
    stage.provider.answer_with(json!({
        "authed_user": { "access_token": "second-token-0123456789" },
        "team": { "url": "http://evil.test" },
    }));
    stage.server.clock.advance(Duration::from_secs(1801));
    assert_eq!(stage.execute(&id).await["successful"], true);
    let refreshed = stage.provider.token_requests()[1].clone();
    assert_eq!(refreshed.path, "/refresh/token");
    assert_eq!(refreshed.fields["request"], "refresh");
    assert_eq!(refreshed.fields["refresh_token"], "rt-1-0123456789");
    assert!(!refreshed.fields.contains_key("context"), "{refreshed:?}");
    assert_eq!(
        stage.provider.api_calls()[0].1,
        "Bearer second-token-0123456789"
    );
    let val = stage.account(&id).await["state"]["val"].clone();
    assert_eq!(val["instance_url"], stage.provider.base.as_str());
}

#[rstest]
#[case::other_host(json!("http://evil.test"))]
#[case::user_info(json!("http://127.0.0.1:8080@evil.test"))]
#[case::path(json!("http://127.0.0.1:8080/x"))]
#[case::missing(json!(null))]
#[tokio::test]
async fn a_provider_that_names_another_host_connects_nobody(#[case] url: Value) {
    let stage = quirky().await;
    stage.provider.answer_with(json!({
        "authed_user": { "access_token": "user-token-0123456789" }, "team": { "url": url },
    }));
    let id = connected(&stage).await;
    let account = stage.account(&id).await;
    assert_eq!(account["status"], "FAILED");
    let reason = account["status_reason"].as_str().unwrap();
    assert!(reason.contains("`instance_url`"), "{reason}");
    assert!(!reason.contains("user-token"), "{reason}");
    assert_eq!(stage.provider.api_calls().len(), 0);
}

#[tokio::test]
async fn a_kept_value_that_is_imported_is_checked_as_well() {
    let stage = quirky().await;
    let credentials = json!({ "client_id": ID, "client_secret": SECRET });
    let config = stage.custom("OAUTH2", credentials).await;
    let val = json!({
        "status": "ACTIVE", "access_token": "imported", "shop": "anvils", "realm": "1",
        "instance_url": "http://evil.test",
    });
    let begun = json!({ "authScheme": "OAUTH2", "val": val });
    let refused = stage.initiate(&config, json!({ "state": begun })).await;
    let error = refused.error(400);
    assert!(error.to_string().contains("instance_url"), "{error}");
}

#[rstest]
#[case::another("http://evil.test")]
#[case::nobody("")]
#[tokio::test]
async fn an_answer_of_another_issuer_is_refused_before_the_code_is_sent(#[case] iss: &str) {
    let stage = Stage::with(QUIRKY).await;
    stage.provider.call_back_with("iss", iss);
    stage.provider.call_back_with("realmId", "4711");
    let id = connected(&stage).await;
    assert_eq!(stage.account(&id).await["status"], "FAILED");
    assert_eq!(stage.provider.token_requests().len(), 0);
}

const LASTING: &str = r#"base_url: "{base}"
auth:
  - scheme: OAUTH2
    authorize_url: "{base}/authorize"
    token_url: "{base}/token"
    token_auth: none
    pkce: none
    refresh: none
    apply: [{in: header, name: Authorization, value: "Bearer {access_token}"}]
"#;

#[tokio::test]
async fn a_public_client_without_pkce_gets_a_token_that_is_never_renewed() {
    let stage = Stage::with(LASTING).await;
    stage.provider.know("public", "");
    stage.provider.answer_with(json!({ "expires_in": null }));
    let config = stage
        .custom("OAUTH2", json!({ "client_id": "public" }))
        .await;
    let (id, url) = stage.begin(&config, json!({})).await;
    stage.consent(&url).await;
    let exchanged = &stage.provider.token_requests()[0];
    assert_eq!(
        (&exchanged.basic, exchanged.fields.get("client_secret")),
        (&None, None)
    );
    assert!(!exchanged.fields.contains_key("code_verifier"));
    stage.server.clock.advance(Duration::from_hours(2400));
    assert_eq!(stage.execute(&id).await["successful"], true);
    assert_eq!(stage.provider.token_requests().len(), 1);
}

#[tokio::test]
async fn a_public_clients_auth_config_asks_for_no_secret() {
    let stage = Stage::with(LASTING).await;
    let detail = stage
        .server
        .client
        .get("/api/v3/toolkits/quirky")
        .await
        .expect(200);
    let fields = &detail["auth_config_details"][0]["fields"]["auth_config_creation"];
    let names = |list: &Value| -> Vec<String> {
        let items = list.as_array().unwrap().iter();
        items
            .map(|field| field["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&fields["required"]), ["client_id"]);
    assert_eq!(names(&fields["optional"]), ["oauth_redirect_uri", "scopes"]);
}
