//! `S2S_OAUTH2`: tokens for the client's own credentials (RFC 6749 section 4.4).

use std::time::Duration;

use serde_json::{Value, json};

use super::{ID, SECRET, Stage};

const S2S: &str = r#"base_url: "{base}"
auth:
  - scheme: S2S_OAUTH2
    token_url: "{base}/token"
    token_auth: client_secret_basic
    scopes: {default: [things]}
    token_params: {audience: "https://{region}.quirky.test", grant_type: account_credentials}
    fields:
      connection:
        - {name: client_id, display_name: Client ID, required: true}
        - {name: client_secret, display_name: Client secret, required: true, secret: true}
        - {name: region, display_name: Region, default: eu}
    apply: [{in: header, name: Authorization, value: "Bearer {access_token}"}]
"#;

fn state(further: &Value) -> Value {
    let mut val = json!({ "status": "INITIALIZING", "client_id": ID, "client_secret": SECRET });
    for (name, value) in further.as_object().unwrap() {
        val[name] = value.clone();
    }
    json!({ "state": { "authScheme": "S2S_OAUTH2", "val": val } })
}

#[tokio::test]
async fn a_connection_is_active_at_once_and_its_token_is_renewed_by_the_same_credentials() {
    let stage = Stage::with(S2S).await;
    let config = stage.custom("S2S_OAUTH2", json!({})).await;
    let made = stage.initiate(&config, state(&json!({}))).await.expect(201);
    let val = &made["connectionData"]["val"];
    assert_eq!(val["status"], "ACTIVE", "{made}");
    assert_eq!(
        (&val["client_id"], &val["client_secret"]),
        (&json!(ID), &json!(SECRET))
    );
    assert_eq!(val["access_token"], "at-1-0123456789");
    assert_eq!(val["expires_at"], "2026-01-01T01:00:00.000Z", "{val}");
    let asked = &stage.provider.token_requests()[0];
    assert_eq!(asked.basic, Some((ID.to_owned(), SECRET.to_owned())));
    let fields = ["grant_type", "audience", "scope"].map(|name| asked.fields[name].as_str());
    assert_eq!(
        fields,
        ["account_credentials", "https://eu.quirky.test", "things"]
    );
    let id = made["id"].as_str().unwrap();
    assert_eq!(stage.execute(id).await["successful"], true);
    stage.server.clock.advance(Duration::from_secs(3601));
    assert_eq!(stage.execute(id).await["successful"], true);
    let bearers: Vec<String> = stage
        .provider
        .api_calls()
        .into_iter()
        .map(|call| call.1)
        .collect();
    assert_eq!(
        bearers,
        ["Bearer at-1-0123456789", "Bearer at-2-0123456789"]
    );
}

#[tokio::test]
async fn a_wrong_secret_is_refused_with_the_providers_reason_and_nothing_is_kept() {
    let stage = Stage::with(S2S).await;
    let config = stage.custom("S2S_OAUTH2", json!({})).await;
    let wrong = state(&json!({ "client_secret": "wrong-and-secret" }));
    let error = stage.initiate(&config, wrong).await.error(400);
    assert!(error.to_string().contains("invalid_client"), "{error}");
    assert!(!error.to_string().contains("wrong-and-secret"), "{error}");
    let accounts = stage.server.client.get("/api/v3/connected_accounts").await;
    assert_eq!(accounts.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn an_imported_active_state_is_used_until_it_ends() {
    let stage = Stage::with(S2S).await;
    let config = stage.custom("S2S_OAUTH2", json!({})).await;
    let imported = state(&json!({
        "status": "ACTIVE", "access_token": "imported-0123456789",
        "expires_at": "2026-01-01T00:30:00Z",
    }));
    let made = stage.initiate(&config, imported).await.expect(201);
    let id = made["id"].as_str().unwrap();
    stage.execute(id).await;
    stage.server.clock.advance(Duration::from_secs(1801));
    stage.execute(id).await;
    let bearers: Vec<String> = stage
        .provider
        .api_calls()
        .into_iter()
        .map(|call| call.1)
        .collect();
    assert_eq!(
        bearers,
        ["Bearer imported-0123456789", "Bearer at-1-0123456789"]
    );
}

#[tokio::test]
async fn the_credentials_may_stand_in_the_auth_config_for_all_its_connections() {
    let stage = Stage::with(S2S).await;
    let shared = json!({
        "type": "use_custom_auth", "authScheme": "S2S_OAUTH2",
        "shared_credentials": { "client_id": ID, "client_secret": SECRET },
    });
    let config = stage.config(shared).await;
    let made = stage
        .initiate(&config, json!({ "user_id": "u1" }))
        .await
        .expect(201);
    assert_eq!(made["connectionData"]["val"]["status"], "ACTIVE", "{made}");
    // They do not become the connection's own.
    assert_eq!(made["connectionData"]["val"]["client_secret"], Value::Null);
    assert_eq!(
        stage.execute(made["id"].as_str().unwrap()).await["successful"],
        true
    );
}

#[tokio::test]
async fn credentials_of_a_client_that_come_with_a_call_bring_a_token_for_it() {
    let stage = Stage::with(S2S).await;
    let val = json!({ "client_id": ID, "client_secret": SECRET, "region": "us" });
    for turn in 1..=2 {
        let result = stage.call_with("S2S_OAUTH2", val.clone()).await.expect(200);
        assert_eq!(result["successful"], true, "{result}");
        assert_eq!(stage.provider.token_requests().len(), turn);
    }
    let asked = &stage.provider.token_requests()[0];
    assert_eq!(asked.basic, Some((ID.to_owned(), SECRET.to_owned())));
    assert_eq!(asked.fields["audience"], "https://us.quirky.test");
    let with_token =
        json!({ "client_id": ID, "client_secret": SECRET, "access_token": "own-0123456789" });
    stage.call_with("S2S_OAUTH2", with_token).await.expect(200);
    let bearers: Vec<String> = stage
        .provider
        .api_calls()
        .into_iter()
        .map(|call| call.1)
        .collect();
    let expected = ["at-1-0123456789", "at-2-0123456789", "own-0123456789"];
    assert_eq!(bearers, expected.map(|token| format!("Bearer {token}")));
    let mut wrong = val;
    wrong["client_secret"] = json!("wrong-and-secret");
    let error = stage.call_with("S2S_OAUTH2", wrong).await.error(400);
    assert!(error.to_string().contains("invalid_client"), "{error}");
    assert!(!error.to_string().contains("wrong-and-secret"), "{error}");
    let error = stage
        .call_with("S2S_OAUTH2", json!({ "client_id": ID }))
        .await
        .error(400);
    let problem = "custom_connection_data.val.client_secret: is required";
    assert_eq!(error["errors"], json!([problem]));
}
