//! A call whose key, account and tool are known asks the database nothing, and still hears at once
//! when one of them is no longer good.

use serde_json::json;
use tenon::ids::AccountId;
use tenon::storage::changes::Change;
use tenon::storage::connected_accounts;

use super::{World, token_account};
use crate::support::accounts::first_project;

/// How often one call of each kind is watched. Records and jobs open sessions of their own beside
/// the calls, several times a second, so one look that sees none is what proves the point.
const LOOKS: usize = 200;

impl World {
    async fn call_vault(&self) -> u16 {
        let body = json!({ "user_id": "ada", "arguments": {} });
        self.post("VAULT_GET_ME", body).await.status
    }
}

#[tokio::test]
async fn a_known_call_asks_the_database_nothing() {
    let world = World::start().await;
    let account = token_account().store(&world.server).await;
    let proxied = json!({ "connected_account_id": account, "endpoint": "/me", "method": "GET" });
    assert_eq!(world.call_vault().await, 200);
    world.post("proxy", proxied.clone()).await.expect(200);
    let mut quietest = [u64::MAX; 2];
    for _ in 0..LOOKS {
        let before = world.server.app.db.sessions_opened();
        assert_eq!(world.call_vault().await, 200);
        let between = world.server.app.db.sessions_opened();
        assert_eq!(world.post("proxy", proxied.clone()).await.status, 200);
        let after = world.server.app.db.sessions_opened();
        quietest[0] = quietest[0].min(between - before);
        quietest[1] = quietest[1].min(after - between);
        if quietest == [0, 0] {
            break;
        }
    }
    assert_eq!(
        quietest,
        [0, 0],
        "sessions during the quietest execution and proxy call"
    );
}

#[tokio::test]
async fn an_account_is_refused_as_soon_as_it_is_disabled_or_deleted() {
    let world = World::start().await;
    let id = AccountId::from(token_account().store(&world.server).await);
    let project = first_project(&world.server).await;
    let app = &world.server.app;
    let changed = || Change::Account {
        project: project.clone(),
        id: id.clone(),
        user: "ada".into(),
        toolkit: "vault".into(),
    };
    assert_eq!(world.call_vault().await, 200);

    let mut tx = app.db.begin().await.unwrap();
    let now = world.server.clock.now();
    connected_accounts::set_enabled(tx.conn(), &project, &id, false, now)
        .await
        .unwrap();
    tx.changed(changed());
    tx.commit().await.unwrap();
    assert_eq!(world.call_vault().await, 400);
    let named = json!({ "connected_account_id": id.as_str(), "arguments": {} });
    world.post("VAULT_GET_ME", named.clone()).await.error(400);

    let mut tx = app.db.begin().await.unwrap();
    connected_accounts::delete(tx.conn(), &project, &id)
        .await
        .unwrap();
    tx.changed(changed());
    tx.commit().await.unwrap();
    assert_eq!(world.call_vault().await, 400);
    world.post("VAULT_GET_ME", named).await.error(404);
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_replaced_key_is_refused_at_once() {
    let world = World::start().await;
    token_account().store(&world.server).await;
    assert_eq!(world.call_vault().await, 200);
    let project = first_project(&world.server).await;
    let path = format!("/api/v3/org/owner/project/{project}/regenerate_api_key");
    let reply = world.server.org.post(&path, json!({})).await;
    assert!(reply.status < 300, "{}", reply.text);
    assert_eq!(world.call_vault().await, 401);
    assert_eq!(world.upstream.calls().len(), 1);
}
