//! Nothing of one project can be seen, changed or used by another.

use serde_json::{Value, json};

use super::{PATH, key_account};
use crate::support::stage::Stage;

#[tokio::test]
async fn another_project_finds_nothing_under_an_accounts_id() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let id = stage.oauth_account(&config, "u1").await;
    let other = stage.other_project().await;
    let path = format!("{PATH}/{id}");
    other.get(&path).await.error(404);
    other
        .patch(&path, json!({ "alias": "mine" }))
        .await
        .error(404);
    other
        .patch(&format!("{path}/status"), json!({ "enabled": false }))
        .await
        .error(404);
    other
        .post(&format!("{path}/refresh"), json!({}))
        .await
        .error(404);
    other.delete(&path).await.error(404);
    for query in ["", "?user_ids=u1", &format!("?connected_account_ids={id}")] {
        let list = other.get(&format!("{PATH}{query}")).await.expect(200);
        assert_eq!(
            (&list["items"], &list["total_items"]),
            (&json!([]), &json!(0)),
            "{query}"
        );
    }
    let shown = stage.account(&id).await;
    assert_eq!(
        (&shown["status"], &shown["alias"]),
        (&json!("ACTIVE"), &Value::Null)
    );
    assert_eq!(stage.provider.refreshes(), 0);
}

#[tokio::test]
async fn another_project_cannot_connect_by_an_auth_config() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let other = stage.other_project().await;
    let body = json!({ "auth_config": { "id": config }, "connection": { "user_id": "u1" } });
    other.post(PATH, body).await.error(404);
    let body = json!({ "auth_config_id": config, "user_id": "u1" });
    other.post(&format!("{PATH}/link"), body).await.error(404);
}

#[tokio::test]
async fn another_project_cannot_execute_with_an_account() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let id = stage.oauth_account(&config, "u1").await;
    let other = stage.other_project().await;
    let execute = "/api/v3/tools/execute/ACME_GET_ME";
    let body = json!({ "user_id": "u1", "connected_account_id": id, "version": "latest" });
    other.post(execute, body.clone()).await.error(404);
    let by_user = json!({ "user_id": "u1", "version": "latest" });
    let error = other.post(execute, by_user).await.error(400);
    assert_eq!(error["code"], 1803);
    let reply = stage.server.client.post(execute, body).await.expect(200);
    assert_eq!(reply["successful"], true, "{reply}");
}

#[tokio::test]
async fn a_request_without_a_key_reaches_no_endpoint() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let id = key_account(&stage, &config, "u1").await;
    let nobody = &stage.server.anonymous;
    nobody.get(PATH).await.error(401);
    nobody.get(&format!("{PATH}/{id}")).await.error(401);
    nobody.delete(&format!("{PATH}/{id}")).await.error(401);
    nobody
        .post(&format!("{PATH}/link"), json!({}))
        .await
        .error(401);
    nobody.get("/api/v3/auth_configs").await.error(401);
}
