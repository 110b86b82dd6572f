//! Giving grants back to their providers: at once, and after a deletion.

use std::time::Duration;

use serde_json::{Value, json};

use super::{PATH, key_account, set_enabled};
use crate::support::provider::{CLIENT_ID, CLIENT_SECRET};
use crate::support::stage::Stage;

const STEP: Duration = Duration::from_millis(20);
const PATIENCE: u32 = 500;

async fn revoke(stage: &Stage, id: &str) -> crate::support::client::Reply {
    let path = format!("/api/v3.1/connected_accounts/{id}/revoke");
    stage.server.client.post(&path, json!({})).await
}

async fn shown(stage: &Stage, version: &str, id: &str) -> Value {
    let path = format!("/api/{version}/connected_accounts/{id}");
    stage.server.client.get(&path).await.expect(200)
}

/// An account by OAuth of the user `ada`, and its auth config.
async fn connected(stage: &Stage, toolkit: &str) -> (String, String) {
    let config = stage.auth_config(toolkit, "OAUTH2").await;
    let id = match toolkit {
        "shop" => {
            let given = json!({ "authScheme": "OAUTH2", "val": { "subdomain": "acme" } });
            let made = stage
                .initiate(&config, json!({ "user_id": "ada", "state": given }))
                .await
                .expect(201);
            let url = made["connectionData"]["val"]["redirectUrl"].as_str();
            assert_eq!(stage.consent(url.unwrap()).await.status, 200);
            made["id"].as_str().unwrap().to_owned()
        }
        _ => stage.oauth_account(&config, "ada").await,
    };
    (config, id)
}

/// Waits until `done`; the clock goes on meanwhile, so that what rests runs again.
async fn until(stage: &Stage, done: impl Fn(&Stage) -> bool) {
    for _ in 0..PATIENCE {
        if done(stage) {
            return;
        }
        stage.server.clock.advance(Duration::from_secs(10));
        stage.server.app.job_stored.notify_one();
        tokio::time::sleep(STEP).await;
    }
    panic!("it did not happen: {:?}", stage.provider.revocations());
}

#[tokio::test]
async fn both_tokens_are_given_back_and_nothing_of_them_stays() {
    let stage = Stage::start().await;
    let (_, id) = connected(&stage, "acme").await;
    let tokens = stage.provider.tokens();
    assert_eq!(tokens.len(), 2);
    let answer = revoke(&stage, &id).await.expect(200);
    let expected = json!({
        "revoked_tokens": ["access_token", "refresh_token"],
        "connected_account": { "id": id, "status": "REVOKED" },
    });
    assert_eq!(answer, expected);
    assert!(stage.provider.tokens().is_empty());
    let asked = stage.provider.revocations();
    for (request, kind) in asked.iter().zip(["refresh_token", "access_token"]) {
        assert_eq!(request["token_type_hint"], kind);
        assert_eq!(request["client_id"], CLIENT_ID);
        assert_eq!(request["client_secret"], CLIENT_SECRET);
        assert!(tokens.contains(&request["token"]));
    }
    let account = shown(&stage, "v3.1", &id).await;
    assert_eq!(account["status"], "REVOKED");
    assert_eq!(
        account["status_reason"],
        "the project gave the grant back to the provider (revoke)"
    );
    let val = json!({ "status": "REVOKED", "revoked_at": "2026-01-01T00:00:00.000Z" });
    assert_eq!(account["state"]["val"], val);
}

#[tokio::test]
async fn clients_that_do_not_know_the_word_are_told_that_it_expired() {
    let stage = Stage::start().await;
    let (_, id) = connected(&stage, "acme").await;
    let path = format!("{PATH}/{id}/revoke");
    let answer = stage.server.client.post(&path, json!({})).await.expect(200);
    assert_eq!(answer["connected_account"]["status"], "EXPIRED");
    let account = shown(&stage, "v3", &id).await;
    assert_eq!(account["status"], "EXPIRED");
    assert!(
        account["status_reason"]
            .as_str()
            .unwrap()
            .contains("gave the grant back")
    );
    let val = json!({ "status": "EXPIRED", "expired_at": "2026-01-01T00:00:00.000Z" });
    assert_eq!(account["state"]["val"], val);
}

#[tokio::test]
async fn a_revoked_account_is_used_by_nobody_and_revoking_it_again_asks_nobody() {
    let stage = Stage::start().await;
    let (_, id) = connected(&stage, "acme").await;
    set_enabled(&stage, &id, false).await;
    revoke(&stage, &id).await.expect(200);
    assert_eq!(shown(&stage, "v3.1", &id).await["status"], "REVOKED");
    set_enabled(&stage, &id, true).await;
    let body = json!({ "connected_account_id": id, "user_id": "ada", "arguments": {} });
    let path = "/api/v3/tools/execute/ACME_GET_ME";
    let error = stage.server.client.post(path, body).await.error(400);
    assert_eq!(error["slug"], "connected_account_unusable");
    let asked = stage.provider.revocations().len();
    let again = revoke(&stage, &id).await.expect(200);
    assert_eq!(again["revoked_tokens"], json!([]));
    assert_eq!(again["connected_account"]["status"], "REVOKED");
    assert_eq!(stage.provider.revocations().len(), asked);
}

#[tokio::test]
async fn a_provider_with_a_way_of_its_own_is_asked_in_that_way() {
    let stage = Stage::start().await;
    let (_, id) = connected(&stage, "shop").await;
    let answer = revoke(&stage, &id).await.expect(200);
    assert_eq!(answer["revoked_tokens"], json!(["access_token"]));
    let [request] = stage.provider.revocations().try_into().unwrap();
    assert_eq!(request["tenant"], "acme");
    assert_eq!(request["client"], CLIENT_ID);
    assert_eq!(request["client_secret"], CLIENT_SECRET);
    // What leads to the provider stays, for a user who connects again.
    let account = shown(&stage, "v3.1", &id).await;
    assert_eq!(account["state"]["val"]["subdomain"], "acme");
    let renewed = stage
        .server
        .client
        .post(&format!("{PATH}/{id}/refresh"), json!({}))
        .await;
    let url = renewed.expect(200)["redirect_url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(stage.consent(&url).await.status, 200);
    let account = shown(&stage, "v3.1", &id).await;
    assert_eq!(account["status"], "ACTIVE");
    assert_eq!(account["status_reason"], Value::Null);
    assert_eq!(account["state"]["val"].get("revoked_at"), None);
}

#[tokio::test]
async fn a_token_that_the_provider_does_not_know_any_more_counts_as_revoked() {
    let stage = Stage::start().await;
    let (_, id) = connected(&stage, "shop").await;
    stage.provider.revoke_everything();
    let answer = revoke(&stage, &id).await.expect(200);
    assert_eq!(answer["revoked_tokens"], json!([]));
    assert_eq!(answer["connected_account"]["status"], "REVOKED");
}

#[tokio::test]
async fn what_no_provider_takes_back_is_said_to_be_so_and_stays() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let id = key_account(&stage, &config, "ada").await;
    let error = revoke(&stage, &id).await.error(400);
    assert_eq!(
        error["message"],
        "Acme & Sons offers no way to revoke the credentials of an account by API_KEY"
    );
    assert!(
        error["suggested_fix"]
            .as_str()
            .unwrap()
            .contains("in the settings of Acme & Sons")
    );
    assert_eq!(stage.account(&id).await["status"], "ACTIVE");
}

#[tokio::test]
async fn an_account_that_was_never_connected_has_nothing_to_give_back() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let made = stage
        .initiate(&config, json!({ "user_id": "ada" }))
        .await
        .expect(201);
    let id = made["id"].as_str().unwrap();
    let error = revoke(&stage, id).await.error(409);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("is INITIATED and holds nothing")
    );
    revoke(&stage, "ca_nosuch").await.error(404);
}

#[tokio::test]
async fn a_provider_that_does_not_confirm_leaves_the_account_as_it_was() {
    let stage = Stage::start().await;
    let (_, id) = connected(&stage, "acme").await;
    for (answer, reason) in [
        ((503, json!({})), "the provider answered 503"),
        (
            (401, json!({ "error": "invalid_client" })),
            "the provider answered 401: invalid_client",
        ),
    ] {
        stage
            .provider
            .behave(|behaviour| behaviour.revoke_answer = Some(answer));
        let error = revoke(&stage, &id).await.error(502);
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(reason) && message.contains("The account is unchanged"),
            "{message}"
        );
        assert_eq!(shown(&stage, "v3.1", &id).await["status"], "ACTIVE");
    }
    stage
        .provider
        .behave(|behaviour| behaviour.revoke_answer = None);
    revoke(&stage, &id).await.expect(200);
    assert!(stage.provider.tokens().is_empty());
}

#[tokio::test]
async fn a_refresh_at_the_same_moment_does_not_bring_the_account_back() {
    let stage = Stage::start().await;
    let (_, id) = connected(&stage, "acme").await;
    stage
        .provider
        .behave(|behaviour| behaviour.token_delay = Duration::from_millis(100));
    let path = format!("{PATH}/{id}/refresh");
    let refresh = stage.server.client.post(&path, json!({}));
    let (_, revoked) = tokio::join!(refresh, revoke(&stage, &id));
    revoked.expect(200);
    assert_eq!(shown(&stage, "v3.1", &id).await["status"], "REVOKED");
    assert!(stage.provider.tokens().is_empty());
}

#[tokio::test]
async fn a_deletion_gives_the_grant_back_in_the_background() {
    let stage = Stage::start().await;
    for (query, version) in [("", "v3"), ("?revoke_on_delete=true", "v3.1")] {
        let (_, id) = connected(&stage, "acme").await;
        let path = format!("/api/{version}/connected_accounts/{id}{query}");
        let answer = stage.server.client.delete(&path).await.expect(200);
        assert_eq!(answer["success"], true);
        assert!(
            answer["revoke_job_id"]
                .as_str()
                .unwrap()
                .starts_with("job_")
        );
        stage.server.client.get(&path).await.error(404);
        until(&stage, |stage| stage.provider.tokens().is_empty()).await;
    }
}

#[tokio::test]
async fn a_deletion_that_is_not_to_give_the_grant_back_asks_nobody() {
    let stage = Stage::start().await;
    for path in [
        "/api/v3.1/connected_accounts/{}",
        "/api/v3/connected_accounts/{}?revoke_on_delete=false",
    ] {
        let (_, id) = connected(&stage, "acme").await;
        let answer = stage
            .server
            .client
            .delete(&path.replace("{}", &id))
            .await
            .expect(200);
        assert_eq!(answer, json!({ "success": true }));
    }
    assert_eq!(left(&stage, "revocations").await, 0);
}

#[tokio::test]
async fn a_grant_that_another_account_may_live_on_is_given_back_only_when_asked_for() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(stage.oauth_account(&config, "ada").await);
    }
    let path = |id: &str| format!("{PATH}/{id}");
    let first = stage.server.client.delete(&path(&ids[0])).await.expect(200);
    assert_eq!(first, json!({ "success": true }));
    let second = stage.server.client.delete(&path(&ids[1])).await.expect(200);
    assert!(second["revoke_job_id"].is_string());
}

#[tokio::test]
async fn a_deletion_is_not_held_up_by_a_provider_that_is_out() {
    let stage = Stage::start().await;
    let (_, id) = connected(&stage, "acme").await;
    let tokens = stage.provider.tokens();
    stage
        .provider
        .behave(|behaviour| behaviour.revoke_answer = Some((500, json!({}))));
    stage
        .server
        .client
        .delete(&format!("{PATH}/{id}"))
        .await
        .expect(200);
    until(&stage, |stage| stage.provider.revocations().len() > 2).await;
    // Meanwhile the grant waits sealed.
    for table in ["revocations", "jobs"] {
        let text = super::secrets::rows_as_text(&stage, table).await;
        assert!(!text.is_empty());
        for secret in tokens.iter().map(String::as_str).chain([CLIENT_SECRET]) {
            assert!(!text.contains(secret), "{table} holds {secret}");
        }
    }
    stage
        .provider
        .behave(|behaviour| behaviour.revoke_answer = None);
    until(&stage, |stage| stage.provider.tokens().is_empty()).await;
    for _ in 0..PATIENCE {
        if left(&stage, "revocations").await == 0 {
            return;
        }
        tokio::time::sleep(STEP).await;
    }
    panic!("the grant is given back and still kept");
}

#[tokio::test]
async fn a_grant_that_nobody_takes_back_is_forgotten_in_the_end() {
    let stage = Stage::start().await;
    let (_, id) = connected(&stage, "acme").await;
    stage
        .provider
        .behave(|behaviour| behaviour.revoke_answer = Some((500, json!({}))));
    stage
        .server
        .client
        .delete(&format!("{PATH}/{id}"))
        .await
        .expect(200);
    for _ in 0..PATIENCE {
        if left(&stage, "revocations").await == 0 {
            return;
        }
        stage.server.clock.advance(Duration::from_hours(1));
        stage.server.app.job_stored.notify_one();
        tokio::time::sleep(STEP).await;
    }
    panic!("a sealed grant is kept for ever");
}

#[tokio::test]
async fn an_auth_config_gives_the_grants_of_its_accounts_back() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    for user in ["ada", "bob", "cyd"] {
        stage.oauth_account(&config, user).await;
    }
    let path = format!("/api/v3.1/auth_configs/{config}?revoke_on_delete=true");
    let answer = stage.server.client.delete(&path).await.expect(200);
    assert!(
        answer["revoke_job_id"]
            .as_str()
            .unwrap()
            .starts_with("job_")
    );
    until(&stage, |stage| stage.provider.tokens().is_empty()).await;
}

async fn left(stage: &Stage, table: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    let mut session = stage.server.app.db.read().await.unwrap();
    match session.conn() {
        tenon::storage::Conn::Sqlite(c) => sqlx::query_scalar(sql).fetch_one(c).await.unwrap(),
        tenon::storage::Conn::Postgres(c) => sqlx::query_scalar(sql).fetch_one(c).await.unwrap(),
    }
}
