//! `DCR_OAUTH`: clients that the provider registers for an auth config (RFC 7591).

use std::time::Duration;

use futures_util::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};

use super::Stage;

/// The authorization server is found by the resource's metadata.
const BY_RESOURCE: &str = r#"base_url: "{base}"
auth:
  - scheme: DCR_OAUTH
    resource: "{base}/mcp"
    scopes: {default: [things, offline_access]}
    apply: [{in: header, name: Authorization, value: "Bearer {access_token}"}]
"#;

async fn managed(stage: &Stage) -> String {
    stage
        .config(json!({ "type": "use_composio_managed_auth" }))
        .await
}

async fn connected(stage: &Stage, config: &str) -> String {
    let (id, url) = stage.begin(config, json!({})).await;
    assert_eq!(stage.consent(&url).await.status, 200);
    id
}

#[tokio::test]
async fn a_client_is_registered_when_the_first_user_connects_and_serves_all() {
    let stage = Stage::with(BY_RESOURCE).await;
    let toolkit = stage
        .server
        .client
        .get("/api/v3/toolkits/quirky")
        .await
        .expect(200);
    assert_eq!(
        toolkit["composio_managed_auth_schemes"],
        json!(["DCR_OAUTH"])
    );
    let config = managed(&stage).await;
    assert_eq!(stage.provider.registrations().len(), 0);
    let made = stage.initiate(&config, json!({})).await.expect(201);
    let val = &made["connectionData"]["val"];
    assert_eq!(
        (&val["status"], &val["client_id"]),
        (&json!("INITIATED"), &json!("dyn-1"))
    );
    let url = val["redirectUrl"].as_str().unwrap();
    assert_eq!(stage.consent(url).await.status, 200);
    let account = stage.account(made["id"].as_str().unwrap()).await;
    let val = &account["state"]["val"];
    assert_eq!(
        (&val["status"], &val["client_id"]),
        (&json!("ACTIVE"), &json!("dyn-1"))
    );
    assert_eq!(val["access_token"], "at-1-0123456789");
    connected(&stage, &config).await;
    let registrations = stage.provider.registrations();
    assert_eq!(registrations.len(), 1);
    let callback = format!("{}/api/v3/toolkits/auth/callback", stage.server.base);
    assert_eq!(registrations[0]["redirect_uris"], json!([callback]));
    assert_eq!(
        registrations[0]["token_endpoint_auth_method"],
        "client_secret_basic"
    );
    assert_eq!(registrations[0]["scope"], "things offline_access");
}

#[tokio::test]
async fn the_resource_and_the_proof_go_along_with_every_request() {
    let stage = Stage::with(BY_RESOURCE).await;
    let config = managed(&stage).await;
    let id = connected(&stage, &config).await;
    stage.server.clock.advance(Duration::from_secs(3601));
    assert_eq!(stage.execute(&id).await["successful"], true);
    let resource = format!("{}/mcp", stage.provider.base);
    assert_eq!(stage.provider.authorizations()[0]["resource"], resource);
    assert_eq!(
        stage.provider.authorizations()[0]["code_challenge_method"],
        "S256"
    );
    let requests = stage.provider.token_requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.fields["resource"], resource);
        let client = ("dyn-1".to_owned(), "s3cret:of/dyn+clients".to_owned());
        assert_eq!(request.basic, Some(client));
    }
}

#[tokio::test]
async fn users_who_connect_at_once_consent_to_one_client() {
    let stage = Stage::with(BY_RESOURCE).await;
    let config = managed(&stage).await;
    let begun = join_all((0..8).map(|_| stage.begin(&config, json!({})))).await;
    assert_eq!(begun.len(), 8);
    assert_eq!(stage.provider.registrations().len(), 1);
}

#[tokio::test]
async fn a_secret_that_ended_is_replaced_and_older_accounts_go_on_by_their_own_client() {
    let stage = Stage::with(BY_RESOURCE).await;
    // 2026-01-01T02:00:00Z
    stage
        .provider
        .register_with(json!({ "client_secret_expires_at": 1_767_232_800 }));
    let config = managed(&stage).await;
    let first = connected(&stage, &config).await;
    stage.server.clock.advance(Duration::from_hours(2));
    let second = connected(&stage, &config).await;
    assert_eq!(stage.provider.registrations().len(), 2);
    let client = |account: Value| account["state"]["val"]["client_id"].clone();
    assert_eq!(client(stage.account(&first).await), "dyn-1");
    assert_eq!(client(stage.account(&second).await), "dyn-2");
    assert_eq!(stage.execute(&first).await["successful"], true);
    let refreshed = stage.provider.token_requests().pop().unwrap();
    assert_eq!(refreshed.fields["grant_type"], "refresh_token");
    assert_eq!(refreshed.basic.unwrap().0, "dyn-1");
}

#[tokio::test]
async fn a_client_that_the_provider_forgot_ends_its_accounts_and_is_registered_anew() {
    let stage = Stage::with(BY_RESOURCE).await;
    let config = managed(&stage).await;
    let id = connected(&stage, &config).await;
    stage.provider.forget_clients();
    stage.server.clock.advance(Duration::from_hours(2));
    stage.refused(&id).await;
    let account = stage.account(&id).await;
    assert_eq!(account["status"], "EXPIRED", "{account}");
    let again = connected(&stage, &config).await;
    assert_eq!(
        stage.account(&again).await["state"]["val"]["client_id"],
        "dyn-2"
    );
}

#[rstest]
#[case::token_endpoint(json!({ "token_endpoint": "https://evil.test/token" }), "token endpoint")]
#[case::issuer(json!({ "issuer": "https://evil.test" }), "another server")]
#[case::no_pkce(json!({ "code_challenge_methods_supported": ["plain"] }), "S256")]
#[case::no_registration(json!({ "registration_endpoint": null }), "registers no clients")]
#[tokio::test]
async fn metadata_that_lie_or_lack_something_register_nobody(
    #[case] metadata: Value,
    #[case] expected: &str,
) {
    let stage = Stage::with(BY_RESOURCE).await;
    stage.provider.describe_with(metadata);
    let config = managed(&stage).await;
    let refused = stage.initiate(&config, json!({})).await;
    assert!((400..600).contains(&refused.status), "{}", refused.text);
    assert!(refused.text.contains(expected), "{}", refused.text);
    assert_eq!(stage.provider.registrations().len(), 0);
}

#[tokio::test]
async fn a_client_of_ones_own_is_used_and_none_is_registered() {
    let stage = Stage::with(BY_RESOURCE).await;
    stage.provider.know("own", "own-secret-4711");
    let credentials = json!({ "client_id": "own", "client_secret": "own-secret-4711" });
    let config = stage.custom("DCR_OAUTH", credentials).await;
    let id = connected(&stage, &config).await;
    assert_eq!(stage.account(&id).await["state"]["val"]["client_id"], "own");
    assert_eq!(stage.provider.registrations().len(), 0);
}

#[tokio::test]
async fn a_server_that_names_itself_must_do_so_in_the_callback() {
    let stage = Stage::with(BY_RESOURCE).await;
    let names_itself = json!({ "authorization_response_iss_parameter_supported": true });
    stage.provider.describe_with(names_itself);
    let config = managed(&stage).await;
    let (id, url) = stage.begin(&config, json!({})).await;
    stage.consent(&url).await;
    assert_eq!(stage.account(&id).await["status"], "FAILED");
    let base = stage.provider.base.clone();
    stage.provider.call_back_with("iss", &base);
    connected(&stage, &config).await;
}

#[tokio::test]
async fn a_token_that_comes_with_a_call_needs_no_registered_client() {
    let stage = Stage::with(BY_RESOURCE).await;
    let val = json!({ "client_id": "dyn-of-the-caller", "access_token": "own-0123456789" });
    let result = stage.call_with("DCR_OAUTH", val).await.expect(200);
    assert_eq!(result["successful"], true, "{result}");
    assert_eq!(stage.provider.api_calls()[0].1, "Bearer own-0123456789");
    assert!(stage.provider.registrations().is_empty());
    let error = stage
        .call_with("DCR_OAUTH", json!({ "client_id": "x" }))
        .await
        .error(400);
    let problem = "custom_connection_data.val.access_token: is required";
    assert_eq!(error["errors"], json!([problem]));
}
