//! The worker: what is due is renewed without a call, and nothing else is touched.

use std::time::Duration;

use serde_json::json;
use tenon::accounts;
use tenon::jobs::renewals::renew_due;

use super::{HOUR, connected, queued_events, row};
use crate::api::replicas::second_server;
use crate::support::provider::FakeProvider;
use crate::support::stage::Stage;

async fn patch(stage: &Stage, path: &str) {
    let path = format!("/api/v3/{path}");
    stage
        .server
        .client
        .patch(&path, json!({}))
        .await
        .expect(200);
}

async fn renew(stage: &Stage) -> usize {
    renew_due(&stage.server.app).await.unwrap()
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_though_no_call_needs_it() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.server.clock.advance(Duration::from_mins(41));
    assert_eq!(renew(&stage).await, 0);
    stage.server.clock.advance(Duration::from_mins(8));
    assert_eq!(renew(&stage).await, 1);
    assert_eq!(stage.provider.refreshes(), 1);
    assert_eq!(renew(&stage).await, 0, "the new one is not due");
    let row = row(&stage, &id).await;
    assert!(row.refresh_due_at > Some(stage.server.clock.now()));
}

#[tokio::test]
async fn the_worker_ends_an_account_whose_grant_is_lost() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.provider.revoke_everything();
    stage.server.clock.advance(Duration::from_mins(50));
    renew(&stage).await;
    assert_eq!(stage.account(&id).await["status"], "EXPIRED");
    assert_eq!(queued_events(&stage).await.len(), 1);
    stage.server.clock.advance(HOUR);
    assert_eq!(renew(&stage).await, 0, "it is not tried again");
}

#[tokio::test]
async fn the_worker_rests_longer_after_each_failure() {
    let stage = Stage::start().await;
    connected(&stage).await;
    stage
        .provider
        .behave(|provider| provider.token_answer = Some((503, json!({}))));
    stage.server.clock.advance(Duration::from_mins(50));
    for (tries, rest) in [(1, 5), (2, 30), (3, 120), (4, 600), (5, 1800), (6, 3600)] {
        renew(&stage).await;
        assert_eq!(renew(&stage).await, 0);
        assert_eq!(stage.provider.refreshes(), tries);
        stage.server.clock.advance(Duration::from_secs(rest - 1));
        assert_eq!(renew(&stage).await, 0, "after failure {tries}");
        stage.server.clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_disabled_account_is_not_renewed_until_it_is_enabled_again() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    let path = format!("connected_accounts/{id}/status");
    let set = |enabled: bool| {
        let (path, client) = (format!("/api/v3/{path}"), &stage.server.client);
        async move {
            client
                .patch(&path, json!({ "enabled": enabled }))
                .await
                .expect(200)
        }
    };
    set(false).await;
    stage.server.clock.advance(HOUR);
    assert_eq!(renew(&stage).await, 0);
    set(true).await;
    assert_eq!(renew(&stage).await, 1);
    assert_eq!(stage.provider.refreshes(), 1);
}

#[tokio::test]
async fn the_accounts_of_a_disabled_auth_config_are_not_renewed_until_it_is_enabled_again() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    stage.oauth_account(&config, "u1").await;
    patch(&stage, &format!("auth_configs/{config}/DISABLED")).await;
    stage.server.clock.advance(HOUR);
    renew(&stage).await;
    assert_eq!(renew(&stage).await, 0, "looked at once and laid aside");
    assert_eq!(stage.provider.refreshes(), 0);
    patch(&stage, &format!("auth_configs/{config}/ENABLED")).await;
    assert_eq!(renew(&stage).await, 1);
    assert_eq!(stage.provider.refreshes(), 1);
}

#[tokio::test]
async fn an_account_without_a_refresh_token_is_laid_aside() {
    let stage = Stage::start().await;
    stage
        .provider
        .behave(|provider| provider.gives_refresh_token = false);
    let id = connected(&stage).await;
    stage.server.clock.advance(HOUR);
    renew(&stage).await;
    assert_eq!(renew(&stage).await, 0);
    assert_eq!(row(&stage, &id).await.refresh_due_at, None);
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
}

#[tokio::test]
async fn a_deleted_project_is_not_asked_about() {
    let stage = Stage::start().await;
    connected(&stage).await;
    let project = stage.project().await;
    let other = json!({ "name": "other" });
    let path = "/api/v3/org/owner/project/new";
    stage.server.org.post(path, other).await.expect(200);
    let path = format!("/api/v3/org/owner/project/{project}");
    stage.server.org.delete(&path).await.expect(200);
    stage.server.clock.advance(HOUR);
    assert_eq!(renew(&stage).await, 0);
    assert_eq!(stage.provider.refreshes(), 0);
}

async fn many_accounts(stage: &Stage, count: usize) {
    let config = stage.auth_config("acme", "OAUTH2").await;
    for number in 0..count {
        stage
            .oauth_account(&config, &format!("user-{number}"))
            .await;
    }
}

#[tokio::test]
async fn one_provider_is_asked_for_few_tokens_at_a_time() {
    let stage = Stage::start().await;
    many_accounts(&stage, 30).await;
    stage
        .provider
        .behave(|provider| provider.token_delay = Duration::from_millis(50));
    stage.server.clock.advance(HOUR);
    let before = stage.provider.token_requests().len();
    assert_eq!(renew(&stage).await, 30);
    assert_eq!(stage.provider.token_requests().len(), before + 30);
    let most = stage.provider.most_at_token();
    assert!((2..=8).contains(&most), "{most}");
}

#[tokio::test]
async fn a_slow_provider_does_not_stand_before_another() {
    let slow = FakeProvider::start().await;
    let [authorize, token] =
        ["authorize", "token"].map(|path| format!("shop={}/{path}", slow.base));
    let stage = Stage::with(&["--authorize-url", &authorize, "--token-url", &token]).await;
    let config = stage.auth_config("shop", "OAUTH2").await;
    for number in 0..20 {
        let values = json!({ "status": "INITIALIZING", "subdomain": "eu" });
        let connection = json!({
            "user_id": format!("user-{number}"),
            "state": { "authScheme": "OAUTH2", "val": values },
        });
        let made = stage.initiate(&config, connection).await.expect(201);
        let url = made["connectionData"]["val"]["redirectUrl"].as_str();
        assert_eq!(stage.consent(url.unwrap()).await.status, 200);
    }
    many_accounts(&stage, 3).await;
    slow.behave(|provider| provider.token_delay = HOUR);
    stage.server.clock.advance(HOUR);
    let others = accounts::due_for_refresh(&stage.server.app, &["shop".into()], 100).await;
    assert_eq!(others.unwrap().len(), 3);
    let quick = async {
        while stage.provider.refreshes() < 3 || slow.refreshes() < 8 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = renew(&stage) => panic!("the slow provider answered"),
        () = quick => {}
    }
    assert_eq!(slow.refreshes(), 8);
}

#[tokio::test]
async fn two_replicas_renew_each_account_once() {
    let stage = Stage::start().await;
    many_accounts(&stage, 20).await;
    let Some(second) = second_server(&stage.server).await else {
        return;
    };
    stage
        .provider
        .behave(|provider| provider.token_delay = Duration::from_millis(20));
    stage.server.clock.advance(HOUR);
    let (own, other) = tokio::join!(renew(&stage), renew_due(&second.app));
    assert!(own + other.unwrap() >= 20);
    assert_eq!(stage.provider.refreshes(), 20);
    tenon::cli::stop(&second.app).await;
}
