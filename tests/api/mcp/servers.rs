//! Making, showing, changing and deleting MCP servers.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{SERVERS, id, server};
use crate::support::stage::Stage;

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_server_shows_what_it_was_made_of() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let client = &stage.server.client;
    let body = json!({
        "name": "Anvils", "auth_config_ids": [config], "allowed_tools": ["acme_get_me"],
        "managed_auth_via_composio": true,
    });
    let made = client.post(SERVERS, body).await.expect(201);
    let url = format!("{}/v3/mcp/{}", stage.server.base, id(&made));
    assert_eq!(made["mcp_url"], url);
    assert_eq!(made["auth_config_ids"], json!([config]));
    let command = made["commands"]["cursor"].as_str().unwrap();
    assert!(command.contains(&url), "{command}");
    assert_json_snapshot!(made, {
        ".id" => "[id]", ".mcp_url" => "[url]", ".auth_config_ids" => "[configs]",
        ".commands" => "[commands]",
    }, @r#"
    {
      "id": "[id]",
      "name": "Anvils",
      "auth_config_ids": "[configs]",
      "allowed_tools": [
        "ACME_GET_ME"
      ],
      "mcp_url": "[url]",
      "toolkits": [
        "acme"
      ],
      "toolkit_icons": {
        "acme": "https://acme.test/logo.png"
      },
      "commands": "[commands]",
      "updated_at": "2026-01-01T00:00:00.000Z",
      "created_at": "2026-01-01T00:00:00.000Z",
      "server_instance_count": 0,
      "managed_auth_via_composio": true
    }
    "#);
    let mut shown = client
        .get(&format!("/api/v3.1/mcp/{}", id(&made)))
        .await
        .expect(200);
    assert_eq!(
        shown.as_object_mut().unwrap().remove("deleted"),
        Some(json!(false))
    );
    assert_eq!(shown, made);
    let list = client.get(SERVERS).await.expect(200);
    assert_eq!(list["items"], json!([made]));
}

#[tokio::test]
async fn both_names_of_the_allowed_tools_are_taken_and_answered() {
    let stage = Stage::start().await;
    for (prefix, field) in [("v3", "custom_tools"), ("v3.1", "allowed_tools")] {
        let body = json!({ "name": "Anvils", "toolkits": ["ACME"], field: ["ACME_GET_ME"] });
        let path = format!("/api/{prefix}/mcp/servers/custom");
        let made = stage.server.client.post(&path, body).await.expect(201);
        assert_eq!(made["allowed_tools"], json!(["ACME_GET_ME"]), "{field}");
        assert_eq!(made["custom_tools"], json!(["ACME_GET_ME"]), "{field}");
        assert_eq!(made["toolkits"], json!(["acme"]), "{field}");
    }
}

#[tokio::test]
async fn a_server_of_tools_alone_has_their_toolkits() {
    let stage = Stage::start().await;
    let body = json!({ "name": "Anvils", "allowed_tools": ["SHOP_GET_ME", "ACME_GET_ME"] });
    let path = format!("{SERVERS}/custom");
    let made = stage.server.client.post(&path, body).await.expect(201);
    assert_eq!(made["toolkits"], json!(["acme", "shop"]));
}

#[tokio::test]
async fn what_a_server_may_not_name_is_refused_with_the_way_out() {
    let stage = Stage::start().await;
    let other = stage.other_project().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let cases = [
        (
            json!({ "name": "abc", "toolkits": ["acme"] }),
            "name: must have 4 to 30",
        ),
        (
            json!({ "name": "a_b_c", "toolkits": ["acme"] }),
            "name: must have 4 to 30",
        ),
        (
            json!({ "name": "Anvils", "toolkits": ["acmee"] }),
            "Did you mean `acme`?",
        ),
        (
            json!({ "name": "Anvils", "auth_config_ids": ["ac_nobody"] }),
            "no auth config of this project",
        ),
        (json!({ "name": "Anvils" }), "name at least one toolkit"),
        (
            json!({ "name": "Anvils", "toolkits": ["acme"], "allowed_tools": ["SHOP_GET_ME"] }),
            "add `shop` to `toolkits`",
        ),
        (
            json!({ "name": "Anvils", "toolkits": ["acme"], "allowed_tools": ["ACME_GET_MEE"] }),
            "Did you mean `ACME_GET_ME`",
        ),
    ];
    for (body, expected) in cases {
        let error = stage
            .server
            .client
            .post(&format!("{SERVERS}/custom"), body.clone())
            .await
            .error(400);
        assert!(
            error["errors"].to_string().contains(expected),
            "{body}: {error}"
        );
    }
    let foreign = json!({ "name": "Anvils", "auth_config_ids": [config] });
    let error = other.post(SERVERS, foreign).await.error(400);
    assert!(
        error["errors"][0].as_str().unwrap().contains(&config),
        "{error}"
    );
}

#[tokio::test]
async fn lists_are_filtered_ordered_and_paged() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let config = stage.auth_config("shop", "OAUTH2").await;
    for (name, body) in [
        ("First one", json!({ "toolkits": ["acme"] })),
        ("Second 100", json!({ "toolkits": ["acme", "shop"] })),
        ("Third one", json!({ "auth_config_ids": [config] })),
    ] {
        let mut body = body;
        body["name"] = json!(name);
        client
            .post(&format!("{SERVERS}/custom"), body)
            .await
            .expect(201);
        stage
            .server
            .clock
            .advance(std::time::Duration::from_secs(1));
    }
    for (query, expected) in [
        ("", vec!["Third one", "Second 100", "First one"]),
        (
            "?order_by=created_at&order_direction=asc",
            vec!["First one", "Second 100", "Third one"],
        ),
        ("?name=ONE", vec!["Third one", "First one"]),
        ("?name=%25", vec![]),
        ("?toolkits=ACME", vec!["Second 100", "First one"]),
        (
            "?toolkits=shop,acme",
            vec!["Third one", "Second 100", "First one"],
        ),
        ("?toolkits=a_me", vec![]),
        (&format!("?auth_config_ids={config}"), vec!["Third one"]),
        ("?auth_config_ids=ac_nobody", vec![]),
        ("?limit=2", vec!["Third one", "Second 100"]),
        ("?limit=2&page_no=2", vec!["First one"]),
        ("?page_no=9", vec![]),
    ] {
        let list = client.get(&format!("{SERVERS}{query}")).await.expect(200);
        assert_eq!(names(&list), expected, "{query}");
    }
    let list = client
        .get(&format!("{SERVERS}?limit=2&page_no=2"))
        .await
        .expect(200);
    assert_eq!(
        (&list["total_pages"], &list["current_page"]),
        (&json!(2), &json!(2))
    );
    client.get(&format!("{SERVERS}?page_no=0")).await.error(400);
    let of_app = client
        .get("/api/v3/mcp/app/Shop?toolkits=acme")
        .await
        .expect(200);
    assert_eq!(names(&of_app), ["Second 100"]);
}

#[tokio::test]
async fn a_change_replaces_what_it_names() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let made = server(&stage, &["shop"], &[&config]).await;
    let path = format!("/api/v3/mcp/{}", id(&made));
    let changed = client
        .patch(
            &path,
            json!({ "name": "Other name", "allowed_tools": ["ACME_GET_ME"] }),
        )
        .await
        .expect(200);
    assert_eq!(changed["name"], "Other name");
    assert_eq!(changed["toolkits"], json!(["acme", "shop"]));
    let error = client
        .patch(&path, json!({ "toolkits": ["shop"] }))
        .await
        .error(400);
    assert!(
        error["errors"][0].as_str().unwrap().contains("ACME_GET_ME"),
        "{error}"
    );
    let changed = client
        .patch(&path, json!({ "toolkits": ["shop"], "allowed_tools": [] }))
        .await
        .expect(200);
    assert_eq!(changed["toolkits"], json!(["shop"]));
    assert_eq!(changed["auth_config_ids"], json!([]), "its toolkit is gone");
    client
        .patch(&path, json!({ "name": "no" }))
        .await
        .error(400);
}

#[tokio::test]
async fn urls_name_users_and_accounts() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let account = stage.oauth_account(&config, "ada").await;
    let made = server(&stage, &[], &[&config]).await;
    let path = format!("{SERVERS}/generate");
    let body = json!({
        "mcp_server_id": id(&made), "user_ids": ["ada", "a&b=c d"],
        "connected_account_ids": [account],
    });
    let urls = stage.server.client.post(&path, body).await.expect(200);
    let base = made["mcp_url"].as_str().unwrap();
    assert_eq!(
        urls,
        json!({
            "mcp_url": base,
            "connected_account_urls": [format!("{base}?connected_account_id={account}")],
            "user_ids_url": [
                format!("{base}?user_id=ada"), format!("{base}?user_id=a%26b%3Dc+d"),
            ],
        })
    );
    let body = json!({
        "mcp_server_id": id(&made), "user_ids": ["ada"], "managed_auth_by_composio": true,
    });
    let urls = stage.server.client.post(&path, body).await.expect(200);
    assert_eq!(
        urls["user_ids_url"][0],
        format!("{base}?user_id=ada&managed_auth=true")
    );
    let body = json!({ "mcp_server_id": id(&made), "connected_account_ids": ["ca_nobody"] });
    stage.server.client.post(&path, body).await.error(400);
}

#[tokio::test]
async fn another_project_finds_nothing_under_a_servers_id() {
    let stage = Stage::start().await;
    let other = stage.other_project().await;
    let made = server(&stage, &["acme"], &[]).await;
    let path = format!("/api/v3/mcp/{}", id(&made));
    let instances = format!("{SERVERS}/{}/instances", id(&made));
    other.get(&path).await.error(404);
    other
        .patch(&path, json!({ "name": "Mine now" }))
        .await
        .error(404);
    other.delete(&path).await.error(404);
    other.get(&instances).await.error(404);
    other
        .post(&instances, json!({ "user_id": "eve" }))
        .await
        .error(404);
    other.delete(&format!("{instances}/eve")).await.error(404);
    let body = json!({ "mcp_server_id": id(&made), "user_ids": ["eve"] });
    other
        .post(&format!("{SERVERS}/generate"), body)
        .await
        .error(404);
    assert_eq!(other.get(SERVERS).await.expect(200)["items"], json!([]));
    assert_eq!(
        stage.server.client.get(&path).await.expect(200)["name"],
        "Test server"
    );
}

#[tokio::test]
async fn a_deleted_server_is_not_found() {
    let stage = Stage::start().await;
    let made = server(&stage, &["acme"], &[]).await;
    let path = format!("/api/v3/mcp/{}", id(&made));
    let client = &stage.server.client;
    let deleted = client.delete(&path).await.expect(200);
    assert_eq!(deleted, json!({ "id": id(&made), "deleted": true }));
    client.get(&path).await.error(404);
    client.delete(&path).await.error(404);
    client.patch(&path, json!({})).await.error(404);
}
