//! Tool-router sessions: their configurations, which never change under `/api/v3`, and by version
//! under `/api/v3.1`.

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::stage::Stage;

const SESSIONS: &str = "/api/v3/tool_router/session";
const SESSIONS_3_1: &str = "/api/v3.1/tool_router/session";

/// A session of ada's with these settings.
async fn made(client: &Client, settings: Value) -> Value {
    client.post(SESSIONS, body(&settings)).await.expect(201)
}

fn body(settings: &Value) -> Value {
    let mut body = json!({ "user_id": "ada" });
    for (name, value) in settings.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn path(session: &Value, rest: &str) -> String {
    format!(
        "{SESSIONS_3_1}/{}{rest}",
        session["session_id"].as_str().unwrap()
    )
}

#[tokio::test]
async fn a_session_without_settings_shows_what_holds_by_default() {
    let stage = Stage::start().await;
    let made = made(&stage.server.client, json!({})).await;
    let id = made["session_id"].as_str().unwrap();
    assert!(id.starts_with("trs_"), "{id}");
    assert_eq!(
        made["mcp"],
        json!({ "type": "http", "url": format!("{}/tool_router/{id}/mcp", stage.server.app.config.public_base()) })
    );
    let prompt = made["experimental"]["assistive_prompt"].as_str().unwrap();
    assert!(prompt.contains("COMPOSIO_SEARCH_TOOLS"), "{prompt}");
    insta::assert_json_snapshot!(
        json!({ "config": made["config"], "tools": made["tool_router_tools"] }),
        @r#"
        {
          "config": {
            "user_id": "ada",
            "auth_configs": {},
            "connected_accounts": {},
            "manage_connections": {
              "enabled": true,
              "enable_connection_removal": true,
              "enable_wait_for_connections": false
            },
            "tools": {},
            "workbench": {
              "enable": true,
              "proxy_execution_enabled": true
            },
            "preload": {
              "tools": []
            },
            "search": {
              "enable": true
            },
            "execute": {
              "enable_multi_execute": true
            }
          },
          "tools": [
            "COMPOSIO_SEARCH_TOOLS",
            "COMPOSIO_GET_TOOL_SCHEMAS",
            "COMPOSIO_MULTI_EXECUTE_TOOL",
            "COMPOSIO_MANAGE_CONNECTIONS",
            "COMPOSIO_REMOTE_WORKBENCH",
            "COMPOSIO_REMOTE_BASH_TOOL",
            "COMPOSIO_UPSERT_RECIPE",
            "COMPOSIO_GET_RECIPE"
          ]
        }
        "#
    );
    let shown = stage
        .server
        .client
        .get(&format!("{SESSIONS}/{id}"))
        .await
        .expect(200);
    assert_eq!(shown["config"], made["config"]);
    assert!(shown.get("experimental").is_none(), "{shown}");
}

#[tokio::test]
async fn names_are_kept_as_the_catalog_writes_them_and_shown_as_each_prefix_does() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let account = stage.oauth_account(&config, "ada").await;
    let made = made(
        &stage.server.client,
        json!({
            "toolkits": { "enable": ["ACME", "acme", "Shop"] },
            "tools": { "Acme": { "disable": ["acme_get_me"] } },
            "tags": ["readOnlyHint"],
            "auth_configs": { "ACME": config },
            "connected_accounts": { "Acme": account },
            "manage_connections": { "enable": false, "callback_url": "https://app.test/done?x=1" },
            "workbench": { "enable": false, "auto_offload_threshold": 1000.0 },
            "preload": { "tools": ["shop_get_me"] },
            "search": { "enable": false },
        }),
    )
    .await;
    let shown = &made["config"];
    assert_eq!(shown["toolkits"], json!({ "enabled": ["acme", "shop"] }));
    assert_eq!(
        shown["tools"],
        json!({ "acme": { "disabled": ["ACME_GET_ME"] } })
    );
    assert_eq!(shown["tags"], json!({ "enabled": ["readOnlyHint"] }));
    assert_eq!(shown["auth_configs"], json!({ "acme": config }));
    assert_eq!(shown["connected_accounts"], json!({ "acme": account }));
    assert_eq!(shown["workbench"]["auto_offload_threshold"], 1000);
    assert_eq!(
        made["tool_router_tools"].as_array().unwrap().len(),
        4,
        "{made}"
    );
    let newer = stage.server.client.get(&path(&made, "")).await.expect(200);
    assert_eq!(
        newer["config"]["connected_accounts"],
        json!({ "acme": [account] })
    );
}

#[tokio::test]
async fn every_setting_that_does_not_fit_is_named_and_nothing_is_made() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let bobs = stage.oauth_account(&config, "bob").await;
    let settings = json!({
        "toolkits": { "enable": ["acmee"] },
        "tools": { "acme": { "enable": ["ACME_GET_M", "SHOP_GET_ME"] } },
        "auth_configs": { "shop": config, "acme": "ac_nobodys" },
        "connected_accounts": { "acme": [bobs, "ca_nobodys"] },
        "manage_connections": { "callback_url": "javascript:alert(1)" },
        "workbench": { "auto_offload_threshold": 0 },
        "multi_account": { "max_accounts_per_toolkit": 11 },
        "preload": { "tools": ["SHOP_GET_ME"] },
    });
    let refused = stage
        .server
        .client
        .post(SESSIONS, body(&settings))
        .await
        .error(400);
    let problems: Vec<String> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let line = line.as_str().unwrap();
            line.replace(&config, "CONFIG").replace(&bobs, "BOBS")
        })
        .collect();
    insta::assert_json_snapshot!(problems, @r#"
    [
      "toolkits.enable: toolkit `acmee` was not found. Did you mean `acme`?",
      "tools.acme.enable: tool `ACME_GET_M` was not found. Did you mean `ACME_GET_ME` or `SHOP_GET_ME`?",
      "tools.acme.enable: `SHOP_GET_ME` is a tool of `shop`",
      "auth_configs.acme: auth config `ac_nobodys` was not found",
      "auth_configs.shop: auth config `CONFIG` is for `acme`",
      "connected_accounts.acme: names several accounts, which takes `multi_account.enable`",
      "connected_accounts.acme: connected account `BOBS` was not found for user `ada`",
      "connected_accounts.acme: connected account `ca_nobodys` was not found for user `ada`",
      "multi_account.max_accounts_per_toolkit: must be 2 to 10",
      "manage_connections.callback_url: must be an absolute http or https URL",
      "workbench.auto_offload_threshold: must be above 0",
      "preload.tools: SHOP_GET_ME is not permitted: its `toolkits.enable` does not list `shop`"
    ]
    "#);
    for (wrong, place) in [
        (json!({ "user_id": "" }), "user_id"),
        (
            json!({ "toolkits": { "enable": ["acme"], "disable": ["shop"] } }),
            "toolkits",
        ),
        (json!({ "tags": ["friendlyHint"] }), "tags"),
        (json!({ "preload": { "tools": "all" } }), "preload.tools"),
        (json!({ "preload": { "tools": "some" } }), "preload"),
    ] {
        let refused = stage
            .server
            .client
            .post(SESSIONS, body(&wrong))
            .await
            .error(400);
        assert!(
            refused["errors"][0].as_str().unwrap().contains(place),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn asking_the_user_before_a_call_is_refused_as_not_built() {
    let stage = Stage::start().await;
    for permissions in [
        json!({ "default": "ask_every_call" }),
        json!({ "default": "allow_all", "overrides": { "ACME_GET_ME:__none__": "ask_once" } }),
    ] {
        let settings = json!({ "experimental": { "permissions": permissions } });
        stage
            .server
            .client
            .post(SESSIONS, body(&settings))
            .await
            .error(501);
    }
}

#[tokio::test]
async fn a_change_makes_a_new_version_and_keeps_the_former() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let session = made(
        client,
        json!({
            "toolkits": { "enable": ["acme"] },
            "manage_connections": { "callback_url": "https://app.test/done", "enable": false },
        }),
    )
    .await;
    let change = json!({
        "toolkits": { "disable": ["shop"] },
        "manage_connections": { "callback_url": null },
        "expected_config_version": 1,
    });
    let changed = client
        .patch(&path(&session, ""), change.clone())
        .await
        .expect(200);
    assert_eq!(changed["config_version"], 2);
    assert_eq!(
        changed["config"]["toolkits"],
        json!({ "disabled": ["shop"] })
    );
    assert_eq!(
        changed["config"]["manage_connections"],
        json!({ "enabled": false, "enable_connection_removal": true, "enable_wait_for_connections": false })
    );
    let late = client.patch(&path(&session, ""), change).await;
    assert_eq!(late.error(409)["slug"], "conflict");
    let unpinned = json!({ "toolkits": null, "manage_connections": null });
    let again = client
        .patch(&path(&session, ""), unpinned)
        .await
        .expect(200);
    assert!(again["config"].get("toolkits").is_none(), "{again}");
    assert_eq!(again["config"]["manage_connections"]["enabled"], true);

    let history = client
        .get(&path(&session, "/config_history?limit=2"))
        .await
        .expect(200);
    let versions = |page: &Value| -> Vec<(i64, bool)> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| {
                (
                    item["version"].as_i64().unwrap(),
                    item["is_current"].as_bool().unwrap(),
                )
            })
            .collect()
    };
    assert_eq!(versions(&history), [(3, true), (2, false)]);
    assert_eq!(history["total_items"], 3);
    let next = history["next_cursor"].as_str().unwrap();
    let rest = client
        .get(&path(
            &session,
            &format!("/config_history?limit=2&cursor={next}"),
        ))
        .await
        .expect(200);
    assert_eq!(versions(&rest), [(1, false)]);
    assert_eq!(
        rest["items"][0]["config"]["toolkits"],
        json!({ "enabled": ["acme"] })
    );
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_refused_change_leaves_the_session_as_it_was() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let session = made(client, json!({})).await;
    let wrong = json!({ "toolkits": { "enable": ["nothing"] } });
    client.patch(&path(&session, ""), wrong).await.error(400);
    let id = session["session_id"].as_str().unwrap();
    let of_v3 = client
        .patch(&format!("{SESSIONS}/{id}"), json!({ "toolkits": null }))
        .await;
    assert!(
        of_v3.error(403)["message"]
            .as_str()
            .unwrap()
            .contains("/api/v3.1")
    );
    let shown = client.get(&path(&session, "")).await.expect(200);
    assert_eq!(shown["config_version"], 1);
}

#[tokio::test]
async fn two_changes_at_once_are_both_versions_or_one_is_told() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let session = made(client, json!({})).await;
    let change = |slug: &str| {
        let body = json!({ "toolkits": { "enable": [slug] } });
        let path = path(&session, "");
        async move { client.patch(&path, body).await.status }
    };
    let statuses = tokio::join!(
        change("acme"),
        change("shop"),
        change("acme"),
        change("shop")
    );
    let statuses = [statuses.0, statuses.1, statuses.2, statuses.3];
    let done = statuses.iter().filter(|status| **status == 200).count();
    assert!(
        done >= 1 && statuses.iter().all(|status| [200, 409].contains(status)),
        "{statuses:?}"
    );
    let shown = client.get(&path(&session, "")).await.expect(200);
    assert_eq!(shown["config_version"], done + 1);
}

#[tokio::test]
async fn a_removed_session_is_gone_for_every_call() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let session = made(client, json!({})).await;
    client
        .patch(
            &path(&session, ""),
            json!({ "toolkits": { "enable": ["acme"] } }),
        )
        .await
        .expect(200);
    let gone = client.delete(&path(&session, "")).await.expect(200);
    assert_eq!(
        gone,
        json!({ "session_id": session["session_id"], "deleted": true })
    );
    client.delete(&path(&session, "")).await.error(404);
    client.get(&path(&session, "")).await.error(404);
    client.get(&path(&session, "/toolkits")).await.error(404);
    client
        .get(&path(&session, "/config_history"))
        .await
        .error(404);
    client
        .post(&path(&session, "/link"), json!({ "toolkit": "acme" }))
        .await
        .error(404);
}

#[tokio::test]
async fn tools_of_the_callers_own_get_slugs_and_are_kept_under_v3_alone() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let schema = json!({ "type": "object", "properties": { "id": { "type": "string" } } });
    let tool = |slug: &str| json!({ "slug": slug, "name": slug, "description": "Finds.", "input_schema": schema });
    let mut extending = tool("THINGS");
    extending["extends_toolkit"] = json!("acme");
    let custom = json!({
        "custom_tools": [tool("find"), extending],
        "custom_toolkits": [{ "slug": "crm", "name": "CRM", "description": "Ours.", "tools": [tool("FIND")] }],
    });
    let slugs = |answer: &Value| -> Vec<String> {
        let experimental = &answer["experimental"];
        let alone = experimental["custom_tools"]
            .as_array()
            .into_iter()
            .flatten();
        let kits = experimental["custom_toolkits"]
            .as_array()
            .into_iter()
            .flatten();
        let inner = kits.flat_map(|kit| kit["tools"].as_array().unwrap());
        alone
            .chain(inner)
            .map(|tool| tool["slug"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = ["LOCAL_FIND", "LOCAL_ACME_THINGS", "LOCAL_CRM_FIND"];
    for (prefix, kept) in [(SESSIONS, true), (SESSIONS_3_1, false)] {
        let made = client
            .post(prefix, body(&json!({ "experimental": custom })))
            .await
            .expect(201);
        assert_eq!(slugs(&made), all);
        let id = made["session_id"].as_str().unwrap();
        let shown = client.get(&format!("{prefix}/{id}")).await.expect(200);
        assert_eq!(slugs(&shown).is_empty(), !kept, "{prefix}");
        let attached = client
            .post(
                &format!("{prefix}/{id}/attach"),
                json!({ "experimental": custom }),
            )
            .await
            .expect(200);
        assert_eq!(slugs(&attached), all);
    }
    let wrong = json!({
        "custom_tools": [
            { "slug": "a b", "name": "x", "description": "x", "input_schema": {} },
            { "slug": "TWICE", "name": "x", "description": "x", "input_schema": schema, "extends_toolkit": "nothing" },
            { "slug": "TWICE", "name": "x", "description": "x", "input_schema": schema, "extends_toolkit": "nothing" },
        ],
        "custom_toolkits": [{ "slug": "acme", "name": "x", "description": "x", "tools": [] }],
    });
    let refused = client
        .post(SESSIONS, body(&json!({ "experimental": wrong })))
        .await
        .error(400);
    insta::assert_json_snapshot!(refused["errors"], @r#"
    [
      "experimental.custom_tools[0].slug: must have letters, digits, underscores and hyphens only",
      "experimental.custom_tools[0].input_schema: must have `type: object` and `properties`",
      "experimental.custom_tools[1].extends_toolkit: is no toolkit's slug",
      "experimental.custom_tools[2].extends_toolkit: is no toolkit's slug",
      "experimental.custom_toolkits[0].slug: is a toolkit of the catalog",
      "experimental: two custom tools are LOCAL_NOTHING_TWICE"
    ]
    "#);
}

#[tokio::test]
async fn the_first_shape_of_sessions_is_still_understood() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let wanted = json!({
        "user_id": "ada",
        "config": {
            "manually_manage_connections": true,
            "toolkits": [{ "toolkit": "acme", "auth_config_id": config }, { "toolkit": "shop" }],
        },
    });
    let made = client
        .post("/api/v3/labs/tool_router/session", wanted)
        .await
        .expect(201);
    let shown = client.get(&path(&made, "")).await.expect(200);
    assert_eq!(shown["mcp"]["url"], made["chat_session_mcp_url"]);
    assert_eq!(
        shown["config"]["toolkits"],
        json!({ "enabled": ["acme", "shop"] })
    );
    assert_eq!(shown["config"]["auth_configs"], json!({ "acme": config }));
    assert_eq!(shown["config"]["manage_connections"]["enabled"], false);
}
