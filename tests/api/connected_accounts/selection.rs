//! Which account a call takes: the one it names, else the newest usable one of its user.

use std::time::Duration;

use serde_json::{Value, json};

use super::{PATH, set_enabled};
use crate::support::client::Reply;
use crate::support::stage::Stage;

async fn execute(stage: &Stage, selector: Value) -> Reply {
    let mut body = json!({ "version": "latest", "arguments": {} });
    body.as_object_mut()
        .unwrap()
        .extend(selector.as_object().unwrap().clone());
    stage
        .server
        .client
        .post("/api/v3/tools/execute/ACME_GET_ME", body)
        .await
}

/// An account whose token the provider does not know; using it shows.
async fn useless_account(stage: &Stage, config: &str, user: &str) -> String {
    stage.server.clock.advance(Duration::from_secs(1));
    let val = json!({ "status": "ACTIVE", "access_token": "useless" });
    let connection = json!({
        "user_id": user, "state": { "authScheme": "OAUTH2", "val": val },
    });
    let made = stage.initiate(config, connection).await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn works(stage: &Stage, selector: Value) -> bool {
    execute(stage, selector).await.expect(200)["successful"] == json!(true)
}

#[tokio::test]
async fn a_call_takes_the_users_newest_account_that_can_be_used() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let older = useless_account(&stage, &config, "u1").await;
    stage.server.clock.advance(Duration::from_secs(1));
    let newer = stage.oauth_account(&config, "u1").await;
    assert!(works(&stage, json!({ "user_id": "u1" })).await);
    // One that waits for its user, or is disabled, is passed over.
    stage.server.clock.advance(Duration::from_secs(1));
    stage
        .initiate(&config, json!({ "user_id": "u1" }))
        .await
        .expect(201);
    assert!(works(&stage, json!({ "user_id": "u1" })).await);
    set_enabled(&stage, &newer, false).await;
    assert!(
        !works(&stage, json!({ "user_id": "u1" })).await,
        "the older one is taken"
    );
    set_enabled(&stage, &newer, true).await;
    assert!(works(&stage, json!({ "user_id": "u1" })).await);
    // One that is named stands above the newest.
    assert!(
        !works(
            &stage,
            json!({ "user_id": "u1", "connected_account_id": older })
        )
        .await
    );
    stage
        .server
        .client
        .delete(&format!("{PATH}/{newer}"))
        .await
        .expect(200);
    assert!(!works(&stage, json!({ "user_id": "u1" })).await);
}

#[tokio::test]
async fn a_call_never_takes_another_users_account() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let id = stage.oauth_account(&config, "u1").await;
    for selector in [
        json!({ "user_id": "u2" }),
        json!({}),
        json!({ "user_id": "U1" }),
    ] {
        let error = execute(&stage, selector).await.error(400);
        assert_eq!(error["code"], 1803);
    }
    let foreign = json!({ "user_id": "u2", "connected_account_id": id });
    execute(&stage, foreign).await.error(404);
}

#[tokio::test]
async fn a_named_account_that_cannot_be_used_says_why() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let made = stage
        .initiate(&config, json!({ "user_id": "u1" }))
        .await
        .expect(201);
    let selector = json!({ "user_id": "u1", "connected_account_id": made["id"] });
    let error = execute(&stage, selector).await.error(400);
    assert!(
        error["message"].as_str().unwrap().contains("INITIATED"),
        "{error}"
    );
    let id = stage.oauth_account(&config, "u1").await;
    set_enabled(&stage, &id, false).await;
    let selector = json!({ "user_id": "u1", "connected_account_id": id });
    let error = execute(&stage, selector).await.error(400);
    assert!(
        error["message"].as_str().unwrap().contains("INACTIVE"),
        "{error}"
    );
}

#[tokio::test]
async fn a_disabled_auth_config_takes_its_accounts_out_of_use() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    stage.oauth_account(&config, "u1").await;
    assert!(works(&stage, json!({ "user_id": "u1" })).await);
    let path = format!("/api/v3/auth_configs/{config}");
    stage
        .server
        .client
        .patch(&format!("{path}/DISABLED"), json!({}))
        .await
        .expect(200);
    let error = execute(&stage, json!({ "user_id": "u1" })).await.error(400);
    assert_eq!(error["code"], 1803);
    stage
        .server
        .client
        .patch(&format!("{path}/ENABLED"), json!({}))
        .await
        .expect(200);
    assert!(works(&stage, json!({ "user_id": "u1" })).await);
}
