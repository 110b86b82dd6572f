//! Users noted for an MCP server.

use serde_json::json;

use super::{SERVERS, id, server};
use crate::support::stage::Stage;

#[tokio::test]
async fn a_user_needs_an_account_by_each_auth_config() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let made = server(&stage, &["shop"], &[&config]).await;
    let path = format!("{SERVERS}/{}/instances", id(&made));
    let body = json!({ "user_id": "ada" });
    let error = client.post(&path, body.clone()).await.error(400);
    assert!(
        error["errors"][0].as_str().unwrap().contains(&config),
        "{error}"
    );
    stage.oauth_account(&config, "ada").await;
    let noted = client.post(&path, body.clone()).await.expect(201);
    assert_eq!(noted["instance_id"], "ada");
    assert_eq!(noted["mcp_server_id"], made["id"]);
    client.post(&path, body).await.error(409);
    client
        .post(&path, json!({ "user_id": " " }))
        .await
        .error(400);
    let longest = json!({ "user_id": "ä".repeat(257) });
    client.post(&path, longest).await.error(400);
    let list = client.get(&path).await.expect(200);
    assert_eq!(list["instances"], json!([noted]));
    assert_eq!(list["server_name"], "Test server");
    let shown = client
        .get(&format!("/api/v3/mcp/{}", id(&made)))
        .await
        .expect(200);
    assert_eq!(shown["server_instance_count"], 1);
}

#[tokio::test]
async fn users_are_searched_and_paged() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let made = server(&stage, &["acme"], &[]).await;
    let path = format!("{SERVERS}/{}/instances", id(&made));
    for user in ["ada", "bob", "b_b"] {
        client
            .post(&path, json!({ "user_id": user }))
            .await
            .expect(201);
        stage
            .server
            .clock
            .advance(std::time::Duration::from_secs(1));
    }
    for (query, expected) in [
        ("", vec!["b_b", "bob", "ada"]),
        ("?search=B", vec!["b_b", "bob"]),
        ("?search=b_b", vec!["b_b"]),
        (
            "?order_by=created_at&order_direction=asc&limit=2",
            vec!["ada", "bob"],
        ),
        ("?limit=2&page_no=2", vec!["ada"]),
    ] {
        let list = client.get(&format!("{path}{query}")).await.expect(200);
        let users = list["instances"].as_array().unwrap().iter();
        let users: Vec<&str> = users
            .map(|one| one["instance_id"].as_str().unwrap())
            .collect();
        // A note's own id may hold a letter that is searched for.
        assert!(
            users
                .iter()
                .filter(|user| expected.contains(user))
                .eq(expected.iter()),
            "{query}: {users:?}"
        );
    }
}

#[tokio::test]
async fn a_user_who_leaves_takes_the_accounts_of_the_servers_configs_along() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let (config, elsewhere) = (
        stage.auth_config("acme", "OAUTH2").await,
        stage.auth_config("acme", "OAUTH2").await,
    );
    let gone = stage.oauth_account(&config, "ada").await;
    let kept = [
        stage.oauth_account(&elsewhere, "ada").await,
        stage.oauth_account(&config, "bob").await,
    ];
    let made = server(&stage, &[], &[&config]).await;
    let path = format!("{SERVERS}/{}/instances", id(&made));
    client
        .post(&path, json!({ "user_id": "ada" }))
        .await
        .expect(201);
    let left = client.delete(&format!("{path}/ada")).await.expect(200);
    assert_eq!(left["deleted_connected_accounts"], 1);
    client
        .get(&format!("/api/v3/connected_accounts/{gone}"))
        .await
        .error(404);
    for id in kept {
        assert_eq!(stage.account(&id).await["status"], "ACTIVE");
    }
    client.delete(&format!("{path}/ada")).await.error(404);
}

#[tokio::test]
async fn a_users_name_is_as_long_as_everywhere() {
    let stage = Stage::start().await;
    let made = server(&stage, &["acme"], &[]).await;
    let path = format!("{SERVERS}/{}/instances", id(&made));
    let body = json!({ "user_id": "ä".repeat(256) });
    let noted = stage.server.client.post(&path, body.clone()).await;
    assert_eq!(noted.expect(201)["instance_id"], body["user_id"]);
}
