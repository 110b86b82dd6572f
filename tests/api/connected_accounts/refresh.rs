//! Tokens are refreshed in time, once, and nothing that works is ever broken by it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{PATH, key_account};
use crate::support::stage::Stage;

const HOUR: Duration = Duration::from_hours(1);

async fn execute(stage: &Stage, user: &str) -> Value {
    let body = json!({ "version": "latest", "arguments": {}, "user_id": user });
    let reply = stage
        .server
        .client
        .post("/api/v3/tools/execute/ACME_GET_ME", body)
        .await;
    reply.json()
}

async fn refresh(stage: &Stage, id: &str, body: Value) -> Value {
    let path = format!("{PATH}/{id}/refresh");
    stage.server.client.post(&path, body).await.expect(200)
}

async fn connected(stage: &Stage) -> String {
    let config = stage.auth_config("acme", "OAUTH2").await;
    stage.oauth_account(&config, "u1").await
}

#[tokio::test]
async fn a_token_with_life_left_is_used_and_one_about_to_end_is_refreshed_first() {
    let stage = Stage::start().await;
    connected(&stage).await;
    stage.server.clock.advance(Duration::from_secs(3600 - 61));
    assert_eq!(execute(&stage, "u1").await["successful"], true);
    assert_eq!(stage.provider.refreshes(), 0);
    stage.server.clock.advance(Duration::from_secs(52));
    assert_eq!(execute(&stage, "u1").await["successful"], true);
    assert_eq!(stage.provider.refreshes(), 1);
    // The new one lives an hour again.
    assert_eq!(execute(&stage, "u1").await["successful"], true);
    assert_eq!(stage.provider.refreshes(), 1);
}

#[tokio::test]
async fn forty_calls_at_once_refresh_once() {
    let stage = Stage::start().await;
    connected(&stage).await;
    stage
        .provider
        .behave(|provider| provider.token_delay = Duration::from_millis(200));
    stage.server.clock.advance(HOUR);
    let calls = (0..40).map(|_| execute(&stage, "u1"));
    let replies = futures_util::future::join_all(calls).await;
    for reply in replies {
        assert_eq!(reply["successful"], true, "{reply}");
    }
    assert_eq!(stage.provider.refreshes(), 1);
}

#[tokio::test]
async fn a_rotated_refresh_token_is_used_the_next_time() {
    let stage = Stage::start().await;
    connected(&stage).await;
    for round in 1..=3 {
        stage.server.clock.advance(HOUR);
        assert_eq!(execute(&stage, "u1").await["successful"], true);
        assert_eq!(stage.provider.refreshes(), round);
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_not_replaced_stays_in_use() {
    let stage = Stage::start().await;
    stage.provider.behave(|provider| provider.rotates = false);
    connected(&stage).await;
    for round in 1..=3 {
        stage.server.clock.advance(HOUR);
        assert_eq!(execute(&stage, "u1").await["successful"], true);
        assert_eq!(stage.provider.refreshes(), round);
    }
}

#[tokio::test]
async fn a_grant_that_is_taken_back_expires_the_account_with_the_reason() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.provider.revoke_everything();
    stage.server.clock.advance(HOUR);
    let error = execute(&stage, "u1").await["error"].clone();
    assert!(
        error["message"].as_str().unwrap().contains("EXPIRED"),
        "{error}"
    );
    let account = stage.account(&id).await;
    assert_eq!(account["status"], "EXPIRED");
    assert!(
        account["status_reason"]
            .as_str()
            .unwrap()
            .contains("invalid_grant"),
        "{account}"
    );
    // And is used no more.
    assert_eq!(execute(&stage, "u1").await["error"]["code"], 1803);
    assert_eq!(stage.provider.refreshes(), 1);
}

#[tokio::test]
async fn an_outage_of_the_provider_expires_nothing() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    let outages = [
        (500, json!({ "error": "invalid_grant" })),
        (503, json!({})),
        (429, json!({ "error": "slow_down" })),
        // The auth config's fault, not the user's.
        (401, json!({ "error": "invalid_client" })),
        (200, json!({ "no": "token" })),
    ];
    stage.server.clock.advance(HOUR);
    for (status, body) in outages {
        stage
            .provider
            .behave(|provider| provider.token_answer = Some((status, body)));
        let reply = execute(&stage, "u1").await;
        assert_ne!(reply["successful"], true, "{reply}");
        assert_eq!(stage.account(&id).await["status"], "ACTIVE", "{status}");
        // After a failure it rests.
        stage.server.clock.advance(Duration::from_secs(30));
    }
    stage
        .provider
        .behave(|provider| provider.token_answer = None);
    assert_eq!(execute(&stage, "u1").await["successful"], true);
}

#[tokio::test]
async fn a_token_that_still_lives_is_used_while_the_provider_is_out() {
    let stage = Stage::start().await;
    connected(&stage).await;
    stage
        .provider
        .behave(|provider| provider.token_answer = Some((503, json!({}))));
    stage.server.clock.advance(Duration::from_secs(3600 - 5));
    assert_eq!(execute(&stage, "u1").await["successful"], true);
    assert_eq!(stage.provider.refreshes(), 1);
}

#[tokio::test]
async fn a_401_of_the_service_is_tried_once_more_with_a_new_token() {
    let stage = Stage::start().await;
    connected(&stage).await;
    stage.provider.forget_access_tokens();
    assert_eq!(execute(&stage, "u1").await["successful"], true);
    assert_eq!(stage.provider.refreshes(), 1);
    // One that it does not help is not refreshed again and again.
    stage
        .provider
        .behave(|provider| provider.lets_nobody_in = true);
    let reply = execute(&stage, "u1").await;
    assert_eq!(reply["successful"], false, "{reply}");
    assert_eq!(stage.provider.refreshes(), 2);
}

#[tokio::test]
async fn a_token_without_a_lifetime_is_not_refreshed() {
    let stage = Stage::start().await;
    stage.provider.behave(|provider| provider.expires_in = None);
    connected(&stage).await;
    stage.server.clock.advance(Duration::from_hours(24 * 365));
    assert_eq!(execute(&stage, "u1").await["successful"], true);
    assert_eq!(stage.provider.refreshes(), 0);
}

#[tokio::test]
async fn a_changed_client_secret_is_used_for_the_next_refresh() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    stage.oauth_account(&config, "u1").await;
    let body = json!({ "type": "custom", "credentials": { "client_secret": "another" } });
    let path = format!("/api/v3/auth_configs/{config}");
    stage.server.client.patch(&path, body).await.expect(200);
    stage.server.clock.advance(HOUR);
    execute(&stage, "u1").await;
    assert_eq!(
        stage.provider.token_requests().last().unwrap()["client_secret"],
        "another"
    );
}

#[tokio::test]
async fn the_endpoint_refreshes_by_the_refresh_token_and_the_account_stays_active() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    let before = stage.account(&id).await["updated_at"].clone();
    stage.server.clock.advance(Duration::from_mins(1));
    let reply = refresh(&stage, &id, json!({})).await;
    assert_eq!(
        reply,
        json!({ "id": id, "status": "ACTIVE", "redirect_url": null })
    );
    assert_eq!(stage.provider.refreshes(), 1);
    assert_ne!(stage.account(&id).await["updated_at"], before);
}

#[tokio::test]
async fn without_a_refresh_token_the_user_is_asked_again_and_the_account_goes_on_working() {
    let stage = Stage::start().await;
    stage
        .provider
        .behave(|provider| provider.gives_refresh_token = false);
    let id = connected(&stage).await;
    let reply = refresh(
        &stage,
        &id,
        json!({ "redirect_url": "https://app.test/back" }),
    )
    .await;
    assert_eq!(reply["status"], "ACTIVE");
    let url = reply["redirect_url"].as_str().unwrap();
    assert_eq!(execute(&stage, "u1").await["successful"], true);
    // A user who says no takes nothing away.
    stage.provider.behave(|provider| provider.denies = true);
    let back = stage.consent(url).await;
    assert!(back.header("location").unwrap().contains("status=failed"));
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    // One who says yes gives a new token.
    stage.provider.behave(|provider| provider.denies = false);
    let reply = refresh(&stage, &id, json!({})).await;
    stage.provider.forget_access_tokens();
    assert_eq!(
        stage
            .consent(reply["redirect_url"].as_str().unwrap())
            .await
            .status,
        200
    );
    assert_eq!(execute(&stage, "u1").await["successful"], true);
}

#[tokio::test]
async fn an_expired_account_becomes_active_again_by_new_consent() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.provider.revoke_everything();
    // The refresh itself finds the grant lost, and offers the way out at once.
    let reply = refresh(&stage, &id, json!({})).await;
    assert_eq!(reply["status"], "INITIATED", "so that it can be waited for");
    let url = reply["redirect_url"].as_str().unwrap();
    assert_eq!(stage.consent(url).await.status, 200);
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    assert_eq!(stage.account(&id).await["status_reason"], Value::Null);
    assert_eq!(execute(&stage, "u1").await["successful"], true);
}

#[tokio::test]
async fn a_provider_that_is_out_is_said_to_be_so_and_the_account_stays_as_it_is() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage
        .provider
        .behave(|provider| provider.token_answer = Some((503, json!({}))));
    let path = format!("{PATH}/{id}/refresh");
    let reply = stage.server.client.post(&path, json!({})).await;
    reply.error(502);
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
}

#[tokio::test]
async fn an_account_without_tokens_has_nothing_to_refresh() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let id = key_account(&stage, &config, "u1").await;
    let reply = refresh(&stage, &id, json!({})).await;
    assert_eq!(
        reply,
        json!({ "id": id, "status": "ACTIVE", "redirect_url": null })
    );
    let path = format!("{PATH}/{id}/refresh?redirect_url=nonsense");
    stage.server.client.post(&path, json!({})).await.error(400);
}
