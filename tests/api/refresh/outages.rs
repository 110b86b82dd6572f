//! Providers that are out, lie or refuse: what ends an account and what does not.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tenon::storage::token_refresh;
use tenon::tenancy;

use super::{HOUR, assert_works, connected, execute, queued_events, reason, row};
use crate::support::provider::Lie;
use crate::support::stage::Stage;

const REST: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_hours(24);

#[rstest]
#[case::html_page(Lie::HtmlPage)]
#[case::nothing(Lie::Nothing)]
#[case::broken_connection(Lie::Break)]
#[tokio::test]
async fn nonsense_from_the_provider_expires_nothing(#[case] lie: Lie) {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.server.clock.advance(HOUR);
    stage.provider.behave(|provider| provider.lie = Some(lie));
    for _ in 0..20 {
        assert_ne!(execute(&stage).await["successful"], true);
        stage.server.clock.advance(REST);
    }
    let account = stage.account(&id).await;
    assert_eq!(account["status"], "ACTIVE", "{account}");
    assert!(reason(&stage, &id).await.contains("the last refresh"));
    stage.provider.behave(|provider| provider.lie = None);
    assert_works(&stage).await;
    assert_eq!(stage.account(&id).await["status_reason"], Value::Null);
    assert_eq!(row(&stage, &id).await.refresh_failures, 0);
}

#[tokio::test]
async fn a_provider_that_is_out_is_asked_once_in_half_a_minute_however_many_calls_there_are() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.server.clock.advance(HOUR);
    stage
        .provider
        .behave(|provider| provider.token_answer = Some((503, json!({}))));
    for round in 1..=8 {
        for _ in 0..5 {
            let reply = execute(&stage).await;
            assert_eq!(reply["successful"], false, "{reply}");
        }
        assert_eq!(stage.provider.refreshes(), round);
        stage.server.clock.advance(REST);
    }
    let row = row(&stage, &id).await;
    assert_eq!(row.refresh_failures, 8);
    // The worker comes back later each time; a call need not wait for it.
    let rest = row.refresh_due_at.unwrap().as_secs() - row.refresh_failed_at.unwrap().as_secs();
    assert_eq!(rest, 3600);
}

#[tokio::test]
async fn who_asks_for_a_refresh_by_name_gets_one_in_spite_of_the_rest() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.server.clock.advance(HOUR);
    stage
        .provider
        .behave(|provider| provider.token_answer = Some((503, json!({}))));
    execute(&stage).await;
    stage
        .provider
        .behave(|provider| provider.token_answer = None);
    let path = format!("/api/v3/connected_accounts/{id}/refresh");
    stage.server.client.post(&path, json!({})).await.expect(200);
    assert_works(&stage).await;
    assert_eq!(stage.provider.refreshes(), 2);
}

#[tokio::test]
async fn an_answer_that_was_lost_after_the_provider_replaced_the_token_is_owned_up_to() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    stage.server.clock.advance(HOUR);
    stage
        .provider
        .behave(|provider| provider.lie = Some(Lie::BreakAfterGrant));
    assert_ne!(execute(&stage).await["successful"], true);
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    stage.provider.behave(|provider| provider.lie = None);
    stage.server.clock.advance(REST);
    execute(&stage).await;
    assert_eq!(stage.account(&id).await["status"], "EXPIRED");
    let reason = reason(&stage, &id).await;
    assert!(reason.contains("was interrupted"), "{reason}");
}

#[tokio::test]
async fn a_refused_client_is_noted_on_the_auth_config_and_ends_no_account() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let id = stage.oauth_account(&config, "u1").await;
    let refusal = (401, json!({ "error": "invalid_client" }));
    stage
        .provider
        .behave(|provider| provider.token_answer = Some(refusal));
    stage.server.clock.advance(HOUR);
    for _ in 0..5 {
        execute(&stage).await;
        stage.server.clock.advance(DAY);
    }
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    assert!(reason(&stage, &id).await.contains(&config));
    let problem = client_problem(&stage, &config).await;
    assert!(problem.unwrap().contains("invalid_client"));
    // Other credentials get their chance at once.
    execute(&stage).await;
    stage
        .provider
        .behave(|provider| provider.token_answer = None);
    let asked = stage.provider.refreshes();
    let secret = crate::support::provider::CLIENT_SECRET;
    let body = json!({ "type": "custom", "credentials": { "client_secret": secret } });
    let path = format!("/api/v3/auth_configs/{config}");
    stage.server.client.patch(&path, body).await.expect(200);
    assert_eq!(client_problem(&stage, &config).await, None);
    assert_works(&stage).await;
    assert_eq!(stage.provider.refreshes(), asked + 1);
}

#[tokio::test]
async fn a_client_that_is_taken_again_is_not_blamed_any_longer() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    stage.oauth_account(&config, "u1").await;
    let refusal = (400, json!({ "error": "unauthorized_client" }));
    stage
        .provider
        .behave(|provider| provider.token_answer = Some(refusal));
    stage.server.clock.advance(HOUR);
    execute(&stage).await;
    assert!(client_problem(&stage, &config).await.is_some());
    stage
        .provider
        .behave(|provider| provider.token_answer = None);
    stage.server.clock.advance(REST);
    assert_works(&stage).await;
    assert_eq!(client_problem(&stage, &config).await, None);
}

async fn client_problem(stage: &Stage, config: &str) -> Option<String> {
    let project = stage.project().await;
    let mut session = stage.server.app.db.read().await.unwrap();
    token_refresh::client_problem(session.conn(), &project, &config.to_owned().into())
        .await
        .unwrap()
}

async fn after_days_of_outage(stage: &Stage, days: u32) {
    stage
        .provider
        .behave(|provider| provider.token_answer = Some((500, json!({}))));
    stage.server.clock.advance(HOUR);
    execute(stage).await;
    for _ in 0..days {
        stage.server.clock.advance(DAY);
        execute(stage).await;
    }
}

#[tokio::test]
async fn an_outage_of_a_hundred_days_expires_nothing_unless_the_operator_says_so() {
    let stage = Stage::start().await;
    let id = connected(&stage).await;
    after_days_of_outage(&stage, 100).await;
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    assert_eq!(queued_events(&stage).await.len(), 0);
}

#[tokio::test]
async fn an_operators_limit_on_outages_ends_an_account_that_failed_all_that_while() {
    let stage = Stage::with(&["--refresh-give-up-days", "3"]).await;
    let id = connected(&stage).await;
    after_days_of_outage(&stage, 2).await;
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    // A success begins the count anew.
    stage
        .provider
        .behave(|provider| provider.token_answer = None);
    stage.server.clock.advance(REST);
    assert_works(&stage).await;
    after_days_of_outage(&stage, 2).await;
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    stage.server.clock.advance(DAY);
    execute(&stage).await;
    assert_eq!(stage.account(&id).await["status"], "EXPIRED");
    assert_eq!(queued_events(&stage).await.len(), 1);
}

#[tokio::test]
async fn an_account_that_expires_queues_one_event_in_the_documented_form() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let id = stage.oauth_account(&config, "u1").await;
    stage.provider.revoke_everything();
    stage.server.clock.advance(HOUR);
    let calls = (0..5).map(|_| execute(&stage));
    futures_util::future::join_all(calls).await;
    let events = queued_events(&stage).await;
    let [event] = &events[..] else {
        panic!("{events:?}")
    };
    let project = stage.project().await;
    let open = tenancy::open_project(&stage.server.app, &project).await;
    let org = open.unwrap().project.org_id.clone();
    assert_eq!(event.delivered_at, None);
    assert_eq!(
        event.payload,
        json!({
            "id": event.id,
            "type": "composio.connected_account.expired",
            "metadata": { "project_id": project, "org_id": org },
            "data": {
                "id": id,
                "user_id": "u1",
                "toolkit": { "slug": "acme" },
                "auth_config": { "id": config, "auth_scheme": "OAUTH2" },
                "status": "EXPIRED",
                "status_reason": "the token could not be refreshed: the provider answered \
                                  invalid_grant: as the RFC says",
            },
            "timestamp": "2026-01-01T01:00:00.000Z",
        })
    );
}

#[tokio::test]
async fn an_answer_without_a_lifetime_leaves_the_former_one_in_force() {
    let stage = Stage::start().await;
    connected(&stage).await;
    stage.provider.behave(|provider| provider.expires_in = None);
    for round in 1..=3 {
        stage.server.clock.advance(HOUR);
        assert_works(&stage).await;
        assert_eq!(stage.provider.refreshes(), round);
    }
}
