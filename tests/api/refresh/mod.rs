//! The refreshing of tokens beside other replicas, with providers that lie, and ahead of need.

mod ahead;
mod lease;
mod outages;

use std::time::Duration;

use serde_json::{Map, Value, json};
use tenon::crypto::Place;
use tenon::ids::AccountId;
use tenon::storage::connected_accounts::{self, NewCredentials, Status};
use tenon::storage::events::{self, Event};
use tenon::storage::token_refresh::{self, Refreshing};
use tenon::tenancy;

use crate::support::client::Client;
use crate::support::stage::Stage;

const HOUR: Duration = Duration::from_hours(1);
/// Longer than the lease on an account.
const LEASE_IS_OVER: Duration = Duration::from_secs(46);

async fn execute_at(client: &Client) -> Value {
    let body = json!({ "version": "latest", "arguments": {}, "user_id": "u1" });
    let path = "/api/v3/tools/execute/ACME_GET_ME";
    client.post(path, body).await.json()
}

async fn execute(stage: &Stage) -> Value {
    execute_at(&stage.server.client).await
}

async fn assert_works(stage: &Stage) {
    let reply = execute(stage).await;
    assert_eq!(reply["successful"], true, "{reply}");
}

async fn connected(stage: &Stage) -> String {
    let config = stage.auth_config("acme", "OAUTH2").await;
    stage.oauth_account(&config, "u1").await
}

/// An account's row.
async fn row(stage: &Stage, id: &str) -> Refreshing {
    let project = stage.project().await;
    let mut session = stage.server.app.db.read().await.unwrap();
    token_refresh::find(session.conn(), &project, &AccountId::from(id.to_owned()))
        .await
        .unwrap()
        .unwrap()
}

/// What another replica does that begins a refresh and is not heard of again.
async fn lease_taken_by_another(stage: &Stage, id: &str) {
    let (row, now) = (row(stage, id).await, stage.server.clock.now());
    let until = now.after(Duration::from_secs(45));
    let mut tx = stage.server.app.db.begin().await.unwrap();
    let taken = token_refresh::take(tx.conn(), &row.account, "another", until, now).await;
    assert!(taken.unwrap());
    tx.commit().await.unwrap();
}

/// What another writer does: it stores the values that `change` makes of the account's.
async fn written_by_another(stage: &Stage, id: &str, change: impl Fn(&mut Map<String, Value>)) {
    let account = row(stage, id).await.account;
    let app = &stage.server.app;
    let open = tenancy::open_project(app, &account.project_id)
        .await
        .unwrap();
    let place = || Place {
        table: "connected_accounts",
        row: id,
        column: "credentials",
    };
    let mut values: Map<String, Value> = open
        .data_key
        .open_json(place(), &account.credentials)
        .unwrap();
    change(&mut values);
    let now = stage.server.clock.now();
    let new = NewCredentials {
        seen_generation: account.token_generation,
        credentials: open.data_key.seal_json(place(), &values).unwrap(),
        token_expires_at: account.token_expires_at,
        status: Status::Active,
        connect_by: None,
    };
    let (project, id) = (&account.project_id, &account.id);
    let mut tx = app.db.begin().await.unwrap();
    let stored = connected_accounts::store_credentials(tx.conn(), project, id, &new, now).await;
    assert!(stored.unwrap());
    tx.commit().await.unwrap();
}

/// New tokens, as the provider gives them to whoever holds the present refresh token.
async fn refreshed_by_another(stage: &Stage, id: &str) {
    let tokens = stage.provider.grant_anew();
    written_by_another(stage, id, |values| values.extend(tokens.clone())).await;
}

async fn until_the_provider_is_asked(stage: &Stage) {
    while stage.provider.refreshes() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn queued_events(stage: &Stage) -> Vec<Event> {
    let project = stage.project().await;
    let mut session = stage.server.app.db.read().await.unwrap();
    events::list(session.conn(), &project, 100).await.unwrap()
}

async fn reason(stage: &Stage, id: &str) -> String {
    let account = stage.account(id).await;
    account["status_reason"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
