//! What happens after a rotation: late rows are sealed anew, retired keys go, no write is lost.

use std::time::Duration;

use serde_json::json;
use tenon::crypto::Vault;
use tenon::jobs;
use tenon::storage::sealed::{COLUMNS, SealedColumn, SealedRow};
use tenon::tenancy::rotation::{self, Site};

use crate::support::accounts::NewAccount;
use crate::support::database::{Engine, engine};
use crate::support::server::TestServer;

const HOUR: Duration = Duration::from_hours(1);

/// A server that accepts a second master key, and what a rotation to that one works on.
async fn server_and_site() -> (TestServer, Site) {
    let (present, next) = (
        Vault::generate_text().unwrap(),
        Vault::generate_text().unwrap(),
    );
    let mut flags = vec!["--previous-master-key", &next];
    if engine() == Engine::Sqlite {
        // On PostgreSQL every test has one.
        flags.extend(["--master-key", &present]);
    }
    let server = TestServer::with(&flags).await;
    let present = server.app.config.store.master_key.clone().unwrap();
    let site = Site {
        db: server.app.db.clone(),
        vault: Vault::with_keys(vec![next.into(), present]).unwrap(),
        clock: server.clock.clone(),
    };
    (server, site)
}

async fn rotate(site: &Site) {
    let rotated = Box::pin(rotation::rotate(site, Duration::ZERO, &|_| {}))
        .await
        .unwrap();
    assert!(rotated.had_work && rotated.unreadable.is_empty());
}

fn accounts() -> &'static SealedColumn {
    let mut columns = COLUMNS.iter();
    columns
        .find(|column| column.table == "connected_accounts")
        .unwrap()
}

async fn only_row(site: &Site) -> SealedRow {
    let mut session = site.db.read().await.unwrap();
    let rows = accounts().page(session.conn(), "", 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.into_iter().next().unwrap()
}

async fn replace(site: &Site, row: &SealedRow, new: &[u8]) -> bool {
    let mut tx = site.db.begin().await.unwrap();
    let replaced = accounts().replace(tx.conn(), row, new).await.unwrap();
    tx.commit().await.unwrap();
    replaced
}

async fn stored_account(server: &TestServer) -> String {
    let values = json!({ "token": "tok-12345678", "status": "ACTIVE" });
    let account = NewAccount::new("github", tenon::scheme::Scheme::BearerToken, values);
    account.store(server).await
}

#[tokio::test]
async fn what_a_late_writer_sealed_by_a_retired_key_opens_and_is_sealed_anew_within_the_hour() {
    let (server, site) = server_and_site().await;
    let path = format!(
        "/api/v3/connected_accounts/{}",
        stored_account(&server).await
    );
    let before = only_row(&site).await;
    rotate(&site).await;
    let after = only_row(&site).await;
    assert_ne!(before.sealed, after.sealed);

    assert!(replace(&site, &after, &before.sealed).await);
    server.client.get(&path).await.expect(200);
    let left = |status: &rotation::Status| -> usize {
        status.columns.iter().map(|column| column.left).sum()
    };
    let status = rotation::status(&site).await.unwrap();
    assert_eq!((left(&status), status.retired), (1, 1));
    // The keys are kept for those that may still be writing.
    server.clock.advance(HOUR / 2);
    jobs::run_due(&server.app).await.unwrap();
    assert_eq!(rotation::status(&site).await.unwrap().retired, 1);

    server.clock.advance(HOUR);
    jobs::run_due(&server.app).await.unwrap();
    let status = rotation::status(&site).await.unwrap();
    assert_eq!((left(&status), status.retired), (0, 0));
    assert_eq!(status.data_keys.len(), 1, "{status:?}");
    server.client.get(&path).await.expect(200);
}

#[tokio::test]
async fn a_row_that_changed_after_it_was_read_keeps_the_change() {
    let (server, site) = server_and_site().await;
    stored_account(&server).await;
    let read = only_row(&site).await;
    assert!(replace(&site, &read, b"a newer token").await);
    assert!(!replace(&site, &read, b"the same, sealed anew").await);
    assert_eq!(only_row(&site).await.sealed, b"a newer token");
}

#[tokio::test]
async fn a_rotation_changes_no_generation_and_no_time() {
    let (server, site) = server_and_site().await;
    let id = stored_account(&server).await;
    let project = crate::support::accounts::first_project(&server).await;
    let read = async || {
        let mut session = site.db.read().await.unwrap();
        let id = id.clone().into();
        let found = tenon::storage::connected_accounts::find(session.conn(), &project, &id).await;
        found.unwrap().unwrap()
    };
    let before = read().await;
    server.clock.advance(HOUR);
    rotate(&site).await;
    let after = read().await;
    assert_ne!(before.credentials, after.credentials);
    assert_eq!(
        (before.token_generation, before.updated_at),
        (after.token_generation, after.updated_at)
    );
}

#[tokio::test]
async fn a_damaged_row_is_named_and_does_not_stop_the_others() {
    let (server, site) = server_and_site().await;
    let id = stored_account(&server).await;
    let row = only_row(&site).await;
    let mut damaged = row.sealed.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(replace(&site, &row, &damaged).await);
    let rotated = Box::pin(rotation::rotate(&site, Duration::ZERO, &|_| {}))
        .await
        .unwrap();
    assert_eq!(rotated.unreadable, [format!("connected_accounts/{id}")]);
    assert_eq!(only_row(&site).await.sealed, damaged);
    let status = rotation::status(&site).await.unwrap();
    assert_eq!(status.rotating_since, None);
}

#[tokio::test]
async fn a_deleted_project_is_passed_over_and_stays_without_a_key() {
    let (server, site) = server_and_site().await;
    let body = json!({ "name": "gone" });
    let made = server.org.post("/api/v3/org/owner/project/new", body).await;
    let id = made.expect(200)["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v3/org/owner/project/{id}");
    server.org.delete(&path).await.expect(200);
    rotate(&site).await;
    let status = rotation::status(&site).await.unwrap();
    let keys: usize = status.data_keys.values().sum();
    assert_eq!(
        keys, 2,
        "one that seals and one that is retired: {status:?}"
    );
}
