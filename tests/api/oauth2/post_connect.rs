//! What a new token is asked for besides, and base URLs that schemes have of their own.

use rstest::rstest;
use serde_json::{Value, json};

use super::{ID, SECRET, Stage};

/// As at Atlassian: the token does not say for which site it is good, and a key goes elsewhere.
const SITES: &str = r#"base_url: "{base}/by-id/{site_id}"
auth:
  - scheme: OAUTH2
    authorize_url: "{base}/authorize"
    token_url: "{base}/token"
    post_connect:
      url: "{base}/sites"
      keep:
        site_id: {from: 0.id, pattern: "[a-z0-9-]+"}
        site_name: 0.name
    apply: [{in: header, name: Authorization, value: "Bearer {access_token}"}]
  - scheme: API_KEY
    base_url: "{base}/by-name/{site}"
    fields:
      connection:
        - {name: site, display_name: Site, required: true, pattern: "[a-z]+"}
        - {name: generic_api_key, display_name: Key, required: true, secret: true}
    apply: [{in: header, name: Authorization, value: "Key {generic_api_key}"}]
"#;

async fn connected(stage: &Stage) -> Value {
    let credentials = json!({ "client_id": ID, "client_secret": SECRET });
    let config = stage.custom("OAUTH2", credentials).await;
    let (id, url) = stage.begin(&config, json!({})).await;
    stage.consent(&url).await;
    stage.account(&id).await
}

#[tokio::test]
async fn a_connection_keeps_what_its_token_is_good_for() {
    let stage = Stage::with(SITES).await;
    let sites = json!([{ "id": "alpha-1", "name": "Alpha" }, { "id": "beta-2", "name": "Beta" }]);
    stage.provider.list_sites(200, sites);
    let account = connected(&stage).await;
    assert_eq!(account["status"], "ACTIVE");
    let val = &account["state"]["val"];
    assert_eq!(
        (&val["site_id"], &val["site_name"]),
        (&json!("alpha-1"), &json!("Alpha"))
    );
    let id = account["id"].as_str().unwrap();
    assert_eq!(stage.execute(id).await["successful"], true);
    let bearer = format!("Bearer {}", val["access_token"].as_str().unwrap());
    assert_eq!(
        stage.provider.api_calls(),
        [
            ("/sites".to_owned(), bearer.clone()),
            ("/by-id/alpha-1/api/me".to_owned(), bearer),
        ]
    );
}

#[rstest]
#[case::none(200, json!([]), "`site_id`")]
#[case::another_form(200, json!([{ "id": "../evil" }]), "`site_id`")]
#[case::refused(403, json!({ "message": "no" }), "403")]
#[tokio::test]
async fn a_token_that_is_good_for_nothing_connects_nobody(
    #[case] status: u16,
    #[case] sites: Value,
    #[case] named: &str,
) {
    let stage = Stage::with(SITES).await;
    stage.provider.list_sites(status, sites);
    let account = connected(&stage).await;
    assert_eq!(account["status"], "FAILED");
    let reason = account["status_reason"].as_str().unwrap();
    assert!(reason.contains(named), "{reason}");
}

#[tokio::test]
async fn a_scheme_with_a_base_url_of_its_own_calls_there() {
    let stage = Stage::with(SITES).await;
    let val = json!({ "site": "acme", "generic_api_key": "key-0123456789" });
    let called = stage.call_with("API_KEY", val).await.expect(200);
    assert_eq!(called["successful"], true);
    assert_eq!(
        stage.provider.api_calls(),
        [(
            "/by-name/acme/api/me".to_owned(),
            "Key key-0123456789".to_owned()
        )]
    );
}
