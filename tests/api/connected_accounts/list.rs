//! Lists of connected accounts.

use std::time::Duration;

use serde_json::{Value, json};

use super::{PATH, key_account, set_enabled};
use crate::support::stage::Stage;

async fn ids(stage: &Stage, query: &str) -> Vec<String> {
    let list = stage
        .server
        .client
        .get(&format!("{PATH}?{query}"))
        .await
        .expect(200);
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_list_is_narrowed_by_toolkit_status_user_auth_config_and_id() {
    let stage = Stage::start().await;
    let keys = stage.auth_config("acme", "API_KEY").await;
    let oauth = stage.auth_config("acme", "OAUTH2").await;
    let shop = stage.auth_config("shop", "OAUTH2").await;
    let a = key_account(&stage, &keys, "u1").await;
    let b = stage.oauth_account(&oauth, "u2").await;
    let waiting = stage
        .initiate(&shop, json!({ "user_id": "u1" }))
        .await
        .expect(201);
    let c = waiting["id"].as_str().unwrap().to_owned();
    let d = key_account(&stage, &keys, "u,3").await;
    set_enabled(&stage, &d, false).await;
    for (query, expected) in [
        ("", vec![&a, &b, &c, &d]),
        ("toolkit_slugs=ACME", vec![&a, &b, &d]),
        ("toolkit_slugs=acme%2Cshop", vec![&a, &b, &c, &d]),
        ("statuses=ACTIVE", vec![&a, &b]),
        ("statuses=ACTIVE&statuses=INITIATED", vec![&a, &b, &c]),
        ("statuses=INACTIVE", vec![&d]),
        ("statuses=EXPIRED", vec![]),
        ("user_ids=u1", vec![&a, &c]),
        ("user_ids=u1%2Cu2", vec![&a, &b, &c]),
        ("user_ids=nobody", vec![]),
        (&format!("auth_config_ids={keys}"), vec![&a, &d]),
        (&format!("connected_account_ids={a}%2C{c}"), vec![&a, &c]),
        (
            &format!("auth_config_ids={keys}&statuses=ACTIVE&user_ids=u1"),
            vec![&a],
        ),
        ("account_type=PRIVATE", vec![&a, &b, &c, &d]),
        ("account_type=SHARED", vec![]),
    ] {
        let mut found = ids(&stage, query).await;
        found.sort();
        let mut expected: Vec<String> = expected.into_iter().cloned().collect();
        expected.sort();
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn what_no_list_can_be_narrowed_by_is_refused() {
    let stage = Stage::start().await;
    for query in [
        "statuses=HAPPY",
        "order_by=name",
        "order_direction=up",
        "cursor=x",
        "limit=y",
    ] {
        stage
            .server
            .client
            .get(&format!("{PATH}?{query}"))
            .await
            .error(400);
    }
    for query in ["limit=99999", "limit=null", "statuses=", "limit=0"] {
        stage
            .server
            .client
            .get(&format!("{PATH}?{query}"))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_list_is_ordered_as_it_is_asked_to_be() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let mut made = Vec::new();
    for _ in 0..3 {
        stage.server.clock.advance(Duration::from_secs(1));
        made.push(key_account(&stage, &config, "u1").await);
    }
    stage.server.clock.advance(Duration::from_secs(1));
    set_enabled(&stage, &made[1], false).await;
    let [a, b, c] = [&made[0], &made[1], &made[2]];
    for (query, expected) in [
        ("", [c, b, a]),
        ("order_direction=asc", [a, b, c]),
        ("order_by=created_at&order_direction=desc", [c, b, a]),
        ("order_by=updated_at", [b, c, a]),
        ("order_by=updated_at&order_direction=asc", [a, c, b]),
    ] {
        assert_eq!(
            ids(&stage, query).await.iter().collect::<Vec<_>>(),
            expected,
            "{query}"
        );
    }
}

#[tokio::test]
async fn following_the_cursors_shows_every_account_once() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(key_account(&stage, &config, "u1").await);
    }
    let (mut seen, mut query) = (Vec::new(), "limit=3".to_owned());
    loop {
        let page = stage
            .server
            .client
            .get(&format!("{PATH}?{query}"))
            .await
            .expect(200);
        assert_eq!(
            (&page["total_pages"], &page["total_items"]),
            (&json!(3), &json!(7))
        );
        let items = page["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match &page["next_cursor"] {
            Value::String(cursor) => query = format!("limit=3&cursor={cursor}"),
            other => {
                assert_eq!(*other, Value::Null);
                break;
            }
        }
    }
    made.sort();
    seen.sort();
    assert_eq!(seen, made);
}

#[tokio::test]
async fn a_revoked_account_shows_as_expired_to_clients_that_do_not_know_the_word() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let id = key_account(&stage, &config, "u1").await;
    let account = tenon::ids::AccountId::from(id.clone());
    let key = tenon::crypto::hash_api_key(&stage.server.api_key);
    let mut tx = stage.server.app.db.begin().await.unwrap();
    let key = tenon::storage::api_keys::find_by_hash(tx.conn(), &key)
        .await
        .unwrap()
        .unwrap();
    let (outcome, now) = (
        (
            tenon::storage::connected_accounts::Status::Revoked,
            "given back",
        ),
        stage.server.clock.now(),
    );
    let project = key.project_id.unwrap();
    tenon::storage::connected_accounts::fail(tx.conn(), &project, &account, 0, outcome, now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(stage.account(&id).await["status"], "EXPIRED");
    assert_eq!(ids(&stage, "statuses=EXPIRED").await, [id.as_str()]);
    let newer = format!("/api/v3.1/connected_accounts/{id}");
    assert_eq!(
        stage.server.client.get(&newer).await.expect(200)["status"],
        "REVOKED"
    );
}
