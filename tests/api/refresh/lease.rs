//! One refresh at a time over all replicas, and what is left of one that was cut off.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{
    HOUR, LEASE_IS_OVER, assert_works, connected, execute, execute_at, lease_taken_by_another,
    queued_events, reason, refreshed_by_another, row, until_the_provider_is_asked,
    written_by_another,
};
use crate::api::replicas::second_server;
use crate::support::client::Client;
use crate::support::stage::Stage;

#[tokio::test]
async fn forty_calls_over_two_servers_refresh_once() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    let Some(second) = second_server(&stage.server).await else {
        return;
    };
    let other = Client::new(&format!("http://{}", second.address));
    let other = other.with_header("x-api-key", &stage.server.api_key);
    for round in 1..=3 {
        stage
            .provider
            .behave(|provider| provider.token_delay = Duration::from_millis(300));
        stage.server.clock.advance(HOUR);
        let own = (0..20).map(|_| execute(&stage));
        let others = (0..20).map(|_| execute_at(&other));
        let (own, others) = tokio::join!(join_all(own), join_all(others));
        for reply in own.into_iter().chain(others) {
            assert_eq!(reply["successful"], true, "{reply}");
        }
        assert_eq!(stage.provider.refreshes(), round);
    }
    assert_eq!(row(&stage, &id).await.refresh_begun_at, None);
    tenon::cli::stop(&second.app).await;
}

#[tokio::test]
async fn who_finds_a_refresh_under_way_elsewhere_waits_and_uses_its_token() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.server.clock.advance(HOUR);
    lease_taken_by_another(&stage, &id).await;
    let call = execute(&stage);
    let other = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        refreshed_by_another(&stage, &id).await;
    };
    let (reply, ()) = tokio::join!(call, other);
    assert_eq!(reply["successful"], true, "{reply}");
    assert_eq!(stage.provider.refreshes(), 0);
}

#[tokio::test]
async fn a_token_that_still_lives_is_used_while_it_is_refreshed_elsewhere() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.server.clock.advance(Duration::from_secs(3600 - 30));
    lease_taken_by_another(&stage, &id).await;
    assert_works(&stage).await;
    assert_eq!(stage.provider.refreshes(), 0);
}

#[tokio::test]
async fn the_refresh_of_a_replica_that_died_is_done_again_when_its_lease_ends() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.server.clock.advance(HOUR);
    lease_taken_by_another(&stage, &id).await;
    let call = execute(&stage);
    let time = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(stage.provider.refreshes(), 0, "the lease still holds");
        stage.server.clock.advance(LEASE_IS_OVER);
    };
    let (reply, ()) = tokio::join!(call, time);
    assert_eq!(reply["successful"], true, "{reply}");
    assert_eq!(stage.provider.refreshes(), 1);
    assert_eq!(row(&stage, &id).await.refresh_begun_at, None);
}

#[tokio::test]
async fn a_grant_that_died_with_an_interrupted_refresh_is_said_to_have_done_so() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.server.clock.advance(HOUR);
    lease_taken_by_another(&stage, &id).await;
    stage.provider.revoke_everything();
    stage.server.clock.advance(LEASE_IS_OVER);
    let reply = execute(&stage).await;
    let message = reply["error"]["message"].as_str().unwrap();
    assert!(message.contains("EXPIRED"), "{reply}");
    let reason = reason(&stage, &id).await;
    assert!(
        reason.contains("interrupted") && reason.contains("connect again"),
        "{reason}"
    );
    assert_eq!(queued_events(&stage).await.len(), 1);
}

#[tokio::test]
async fn new_consent_forgets_the_interrupted_refresh_of_the_old_grant() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.server.clock.advance(HOUR);
    lease_taken_by_another(&stage, &id).await;
    stage.provider.revoke_everything();
    stage.server.clock.advance(LEASE_IS_OVER);
    execute(&stage).await;
    let path = format!("/api/v3/connected_accounts/{id}/refresh");
    let reply = stage.server.client.post(&path, json!({})).await.expect(200);
    stage.consent(reply["redirect_url"].as_str().unwrap()).await;
    let row = row(&stage, &id).await;
    assert_eq!(row.refresh_begun_at, None);
    assert!(row.refresh_due_at.is_some());
    assert_works(&stage).await;
}

#[tokio::test]
async fn a_rotated_token_is_kept_beside_values_that_were_written_meanwhile() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage
        .provider
        .behave(|provider| provider.token_delay = Duration::from_millis(300));
    stage.server.clock.advance(HOUR);
    let other = async {
        until_the_provider_is_asked(&stage).await;
        written_by_another(&stage, &id, |values| {
            values.insert("region".into(), json!("eu"));
        })
        .await;
    };
    let (reply, ()) = tokio::join!(execute(&stage), other);
    assert_eq!(reply["successful"], true, "{reply}");
    // The old refresh token is worthless: only the new one leads on.
    stage.server.clock.advance(HOUR);
    assert_works(&stage).await;
    assert_eq!(stage.provider.refreshes(), 2);
    stage.show_secrets().await;
    assert_eq!(stage.account(&id).await["state"]["val"]["region"], "eu");
}

/// Begins a call that refreshes, and lets another replica store tokens while the provider thinks.
async fn race(stage: &Stage, id: &str) -> serde_json::Value {
    stage
        .provider
        .behave(|provider| provider.token_delay = Duration::from_millis(300));
    stage.server.clock.advance(HOUR);
    let other = async {
        until_the_provider_is_asked(stage).await;
        refreshed_by_another(stage, id).await;
    };
    tokio::join!(execute(stage), other).0
}

#[tokio::test]
async fn a_refresh_does_not_overwrite_the_tokens_of_a_newer_grant() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    let generation = row(&stage, &id).await.account.token_generation;
    let reply = race(&stage, &id).await;
    assert_eq!(reply["successful"], true, "{reply}");
    let row = row(&stage, &id).await;
    assert_eq!(row.account.token_generation, generation + 1);
    assert_eq!(row.refresh_lease_until, None);
}

#[tokio::test]
async fn a_refusal_of_a_token_that_was_replaced_meanwhile_expires_nothing() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    let refusal = (400, json!({ "error": "invalid_grant" }));
    stage
        .provider
        .behave(|provider| provider.token_answer = Some(refusal));
    let reply = race(&stage, &id).await;
    assert_eq!(reply["successful"], true, "{reply}");
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    assert_eq!(queued_events(&stage).await.len(), 0);
}

#[tokio::test]
async fn an_account_deleted_while_it_is_refreshed_stays_deleted() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage
        .provider
        .behave(|provider| provider.token_delay = Duration::from_millis(300));
    stage.server.clock.advance(HOUR);
    let other = async {
        until_the_provider_is_asked(&stage).await;
        let path = format!("/api/v3/connected_accounts/{id}");
        stage.server.client.delete(&path).await.expect(200);
    };
    let (reply, ()) = tokio::join!(execute(&stage), other);
    assert_eq!(reply["error"]["status"], 404, "{reply}");
    let path = format!("/api/v3/connected_accounts/{id}");
    stage.server.client.get(&path).await.error(404);
}
