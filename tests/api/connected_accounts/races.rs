//! Requests that come while what they stand on is taken away.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::stage::Stage;

#[tokio::test]
async fn an_auth_config_deleted_while_accounts_are_made_leaves_none_behind() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let create = |number: usize| {
        let (stage, config) = (&stage, &config);
        async move {
            let values = json!({ "status": "ACTIVE", "generic_api_key": "ak-racing" });
            let connection = json!({
                "user_id": format!("racer-{number}"),
                "state": { "authScheme": "API_KEY", "val": values },
            });
            stage.initiate(config, connection).await.status
        }
    };
    let path = format!("/api/v3/auth_configs/{config}");
    let delete = stage.server.client.delete(&path);
    let (statuses, deleted) = tokio::join!(join_all((0..20).map(create)), delete);
    assert_eq!(deleted.status, 200, "{}", deleted.text);
    for status in statuses {
        assert!(matches!(status, 201 | 404), "{status}");
    }
    let left = stage.server.client.get("/api/v3/connected_accounts").await;
    assert_eq!(left.expect(200)["total_items"], 0);
}

#[tokio::test]
async fn of_many_accounts_that_want_one_alias_at_once_one_gets_it() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let create = |_: usize| async {
        let values = json!({ "status": "ACTIVE", "generic_api_key": "ak-racing" });
        let connection = json!({
            "user_id": "ada", "alias": "work",
            "state": { "authScheme": "API_KEY", "val": values },
        });
        stage.initiate(&config, connection).await.status
    };
    let mut statuses = join_all((0..10).map(create)).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn of_many_accounts_that_are_renamed_alike_at_once_one_gets_the_name() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(super::key_account(&stage, &config, "ada").await);
    }
    let rename = |id: &String| {
        let path = format!("/api/v3/connected_accounts/{id}");
        let client = &stage.server.client;
        async move { client.patch(&path, json!({ "alias": "work" })).await.status }
    };
    let mut statuses = join_all(ids.iter().map(rename)).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
}
