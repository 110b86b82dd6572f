//! Credentials that are tried at the service when a caller wishes, and the reasons that accounts
//! give for not being used.

use serde_json::{Value, json};

use super::{PATH, key_account, set_enabled};
use crate::support::stage::Stage;

async fn patch(stage: &Stage, id: &str, body: Value) -> crate::support::client::Reply {
    stage
        .server
        .client
        .patch(&format!("{PATH}/{id}"), body)
        .await
}

async fn refresh(stage: &Stage, id: &str, body: Value) -> Value {
    let path = format!("{PATH}/{id}/refresh");
    stage.server.client.post(&path, body).await.expect(200)
}

/// An account with a bearer token that is in force.
async fn bearer_account(stage: &Stage) -> (String, String) {
    let oauth = stage.auth_config("acme", "OAUTH2").await;
    stage.oauth_account(&oauth, "owner").await;
    let tokens = stage.provider.tokens();
    let good = tokens
        .iter()
        .find(|token| token.starts_with("at-"))
        .unwrap();
    let config = stage.auth_config("acme", "BEARER_TOKEN").await;
    let given =
        json!({ "authScheme": "BEARER_TOKEN", "val": { "status": "ACTIVE", "token": good } });
    let made = stage
        .initiate(&config, json!({ "user_id": "ada", "state": given }))
        .await
        .expect(201);
    (made["id"].as_str().unwrap().to_owned(), good.clone())
}

fn with_token(token: &str, alias: &str) -> Value {
    json!({
        "alias": alias,
        "validate_credentials": true,
        "connection": { "state": { "authScheme": "BEARER_TOKEN", "val": { "token": token } } },
    })
}

#[tokio::test]
async fn new_credentials_that_the_service_refuses_change_nothing() {
    let stage = Stage::start().await;
    stage.show_secrets().await;
    let (id, good) = bearer_account(&stage).await;
    let error = patch(&stage, &id, with_token("wrong-token", "work"))
        .await
        .error(400);
    assert_eq!(
        error["message"],
        "`acme` refused the credentials (it answered 401)"
    );
    let account = stage.account(&id).await;
    assert_eq!(account["state"]["val"]["token"], good.as_str());
    assert_eq!(account.get("alias"), None);
    patch(&stage, &id, with_token(&good, "work"))
        .await
        .expect(200);
    assert_eq!(stage.account(&id).await["alias"], "work");
}

#[tokio::test]
async fn a_change_with_an_alias_that_is_taken_leaves_the_credentials_too() {
    let stage = Stage::start().await;
    stage.show_secrets().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let first = key_account(&stage, &config, "ada").await;
    patch(&stage, &first, json!({ "alias": "work" }))
        .await
        .expect(200);
    let second = key_account(&stage, &config, "ada").await;
    let before = stage.account(&second).await["state"].clone();
    let body = json!({
        "alias": "work",
        "connection": { "state": { "authScheme": "API_KEY", "val": { "generic_api_key": "ak-new" } } },
    });
    patch(&stage, &second, body).await.error(409);
    assert_eq!(stage.account(&second).await["state"], before);
}

#[tokio::test]
async fn a_refresh_tries_the_credentials_where_the_caller_wishes() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let id = stage.oauth_account(&config, "ada").await;
    let validate = json!({ "validate_credentials": true });
    let answer = refresh(&stage, &id, validate.clone()).await;
    assert_eq!(
        (&answer["status"], &answer["redirect_url"]),
        (&json!("ACTIVE"), &Value::Null)
    );
    // The provider gives tokens that the service does not want: only the user can help, and the
    // account goes on as it was meanwhile.
    stage
        .provider
        .behave(|behaviour| behaviour.lets_nobody_in = true);
    let answer = refresh(&stage, &id, validate).await;
    assert_eq!(answer["status"], "ACTIVE");
    assert!(
        answer["redirect_url"]
            .as_str()
            .unwrap()
            .contains("/authorize?")
    );
}

#[tokio::test]
async fn a_key_that_the_service_refuses_is_asked_for_again() {
    let stage = Stage::start().await;
    let (id, _) = bearer_account(&stage).await;
    let validate = json!({ "validate_credentials": true });
    let answer = refresh(&stage, &id, validate.clone()).await;
    assert_eq!(answer["redirect_url"], Value::Null);
    stage
        .provider
        .behave(|behaviour| behaviour.lets_nobody_in = true);
    let answer = refresh(&stage, &id, validate).await;
    assert!(
        answer["redirect_url"]
            .as_str()
            .unwrap()
            .contains("/link/ln_")
    );
    assert_eq!(answer["status"], "ACTIVE");
}

#[tokio::test]
async fn a_disabled_auth_config_refreshes_nothing() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let id = stage.oauth_account(&config, "ada").await;
    let path = format!("/api/v3/auth_configs/{config}/DISABLED");
    stage
        .server
        .client
        .send(reqwest::Method::PATCH, &path, None)
        .await
        .expect(200);
    let reply = stage
        .server
        .client
        .post(&format!("{PATH}/{id}/refresh"), json!({}))
        .await;
    let message = reply.error(400)["message"].clone();
    assert_eq!(message, format!("auth config `{config}` is disabled"));
    assert_eq!(stage.provider.refreshes(), 0);
    let account = stage.account(&id).await;
    assert_eq!(
        (&account["status"], &account["status_reason"]),
        (&json!("ACTIVE"), &json!("its auth config is disabled"))
    );
}

#[tokio::test]
async fn a_disabled_account_says_why_it_is_inactive() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let id = key_account(&stage, &config, "ada").await;
    set_enabled(&stage, &id, false).await;
    let account = stage.account(&id).await;
    assert_eq!(account["status"], "INACTIVE");
    assert_eq!(account["status_reason"], "it was disabled by the project");
    set_enabled(&stage, &id, true).await;
    assert_eq!(stage.account(&id).await["status_reason"], Value::Null);
}
