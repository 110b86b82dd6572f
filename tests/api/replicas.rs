//! Several servers on one PostgreSQL database: what one commits, the others' caches hear of.

use std::time::Duration;

use serde_json::json;
use tenon::cli;

use crate::support::client::Client;
use crate::support::database::{Engine, engine};
use crate::support::server::TestServer;

const CONFIG: &str = "/api/v3/org/project/config";
const STEP: Duration = Duration::from_millis(20);
/// Far less than the minute after which a cache forgets by itself.
const PATIENCE: u32 = 500;

/// A second server on the database of the first; SQLite has no such thing.
pub async fn second_server(first: &TestServer) -> Option<cli::Server> {
    if engine() != Engine::Postgres {
        eprintln!("passed by: replicas need TEST_DATABASE=postgres");
        return None;
    }
    let mut config = first.app.config.clone();
    config.listen.set_port(0);
    let server = cli::start(config, first.clock.clone()).await.unwrap();
    assert!(
        server.first_keys.is_none(),
        "the database was set up already"
    );
    Some(server)
}

async fn wait_for_status(client: &Client, status: u16) {
    for _ in 0..PATIENCE {
        if client.get(CONFIG).await.status == status {
            return;
        }
        tokio::time::sleep(STEP).await;
    }
    panic!("the replica never answered {status}");
}

#[tokio::test]
async fn a_key_revoked_on_one_replica_stops_working_on_the_other() {
    let first = TestServer::start().await;
    let Some(second) = second_server(&first).await else {
        return;
    };
    let other = Client::new(&format!("http://{}", second.address));
    let other = other.with_header("x-api-key", &first.api_key);
    let info = other.get("/api/v3/auth/session/info").await.expect(200);
    let project = info["project"]["nano_id"].as_str().unwrap();
    let path = format!("/api/v3/org/owner/project/{project}/regenerate_api_key");
    first.org.post(&path, json!({})).await.expect(200);
    wait_for_status(&other, 401).await;
    cli::stop(&second.app).await;
}

#[tokio::test]
async fn a_setting_changed_on_one_replica_is_in_force_on_the_other() {
    let first = TestServer::start().await;
    let Some(second) = second_server(&first).await else {
        return;
    };
    let other = Client::new(&format!("http://{}", second.address));
    let other = other.with_header("x-api-key", &first.api_key);
    other.get(CONFIG).await.expect(200);
    first
        .client
        .patch(CONFIG, json!({ "display_name": "Acme" }))
        .await
        .expect(200);
    let mut seen = None;
    for _ in 0..PATIENCE {
        seen = other
            .get(CONFIG)
            .await
            .expect(200)
            .get("display_name")
            .cloned();
        if seen.is_some() {
            break;
        }
        tokio::time::sleep(STEP).await;
    }
    assert_eq!(seen, Some(json!("Acme")));
    cli::stop(&second.app).await;
}
