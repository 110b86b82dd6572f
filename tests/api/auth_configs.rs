//! Auth configs: how a project's users connect to a toolkit.

use insta::assert_json_snapshot;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::provider::{CLIENT_ID, CLIENT_SECRET};
use crate::support::stage::Stage;

const PATH: &str = "/api/v3/auth_configs";

fn custom(toolkit: &str, scheme: &str, credentials: impl Into<Value>) -> Value {
    let credentials = credentials.into();
    json!({
        "toolkit": { "slug": toolkit },
        "auth_config": {
            "type": "use_custom_auth", "authScheme": scheme, "credentials": credentials,
        },
    })
}

fn client_credentials() -> Value {
    json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scopes": "read, write" })
}

async fn create(client: &Client, body: Value) -> String {
    let made = client.post(PATH, body).await.expect(201);
    made["auth_config"]["id"].as_str().unwrap().to_owned()
}

async fn get(client: &Client, id: &str) -> Value {
    client.get(&format!("{PATH}/{id}")).await.expect(200)
}

async fn listed(client: &Client, query: &str) -> Vec<String> {
    let list = client.get(&format!("{PATH}?{query}")).await.expect(200);
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_custom_one_is_made_in_the_shape_that_sdks_read() {
    let stage = Stage::start().await;
    // Toolkits may be named in any case.
    let body = custom("ACME", "OAUTH2", client_credentials());
    let made = stage.server.client.post(PATH, body).await.expect(201);
    assert!(
        made["auth_config"]["id"]
            .as_str()
            .unwrap()
            .starts_with("ac_")
    );
    assert_json_snapshot!(made, { ".auth_config.id" => "ac_…" }, @r#"
    {
      "toolkit": {
        "slug": "acme"
      },
      "auth_config": {
        "id": "ac_…",
        "auth_scheme": "OAUTH2",
        "is_composio_managed": false
      }
    }
    "#);
}

#[tokio::test]
async fn one_shows_its_settings_and_cuts_its_secrets() {
    let stage = Stage::start().await;
    let id = create(
        &stage.server.client,
        custom("acme", "OAUTH2", client_credentials()),
    )
    .await;
    let shown = get(&stage.server.client, &id).await;
    assert_json_snapshot!(shown, {
        ".id" => "ac_…", ".uuid" => "…", ".created_by" => "key_…",
        ".deprecated_params.member_uuid" => "…", ".deprecated_params.toolkit_id" => "…",
    }, @r#"
    {
      "id": "ac_…",
      "uuid": "…",
      "type": "custom",
      "toolkit": {
        "slug": "acme",
        "logo": "https://acme.test/logo.png"
      },
      "name": "Acme & Sons Auth Config",
      "auth_scheme": "OAUTH2",
      "is_composio_managed": false,
      "credentials": {
        "client_id": "client-of-tests",
        "client_secret": "secr...",
        "scopes": [
          "read",
          "write"
        ]
      },
      "status": "ENABLED",
      "created_by": "key_…",
      "created_at": "2026-01-01T00:00:00.000Z",
      "last_updated_at": "2026-01-01T00:00:00.000Z",
      "no_of_connections": 0,
      "expected_input_fields": [],
      "restrict_to_following_tools": [],
      "tool_access_config": {},
      "is_enabled_for_tool_router": true,
      "deprecated_params": {
        "default_connector_id": null,
        "member_uuid": "…",
        "toolkit_id": "…",
        "expected_input_fields": []
      }
    }
    "#);
}

#[tokio::test]
async fn secrets_are_shown_whole_where_the_project_wants_it() {
    let stage = Stage::start().await;
    let id = create(
        &stage.server.client,
        custom("acme", "OAUTH2", client_credentials()),
    )
    .await;
    stage.show_secrets().await;
    let shown = get(&stage.server.client, &id).await;
    assert_eq!(shown["credentials"]["client_secret"], CLIENT_SECRET);
}

#[tokio::test]
async fn managed_auth_uses_the_app_of_the_operator_and_is_the_default() {
    let stage = Stage::with_managed_app().await;
    let client = &stage.server.client;
    let default = create(client, json!({ "toolkit": { "slug": "acme" } })).await;
    let body = json!({
        "toolkit": { "slug": "acme" },
        "auth_config": {
            "type": "use_composio_managed_auth", "name": "Ours", "credentials": { "scopes": ["a"] },
        },
    });
    let named = create(client, body).await;
    let (default, named) = (get(client, &default).await, get(client, &named).await);
    for shown in [&default, &named] {
        assert_eq!(shown["type"], "default");
        assert_eq!(shown["is_composio_managed"], true);
        assert_eq!(shown["auth_scheme"], "OAUTH2");
    }
    assert_eq!(named["name"], "Ours");
    assert_eq!(named["credentials"], json!({ "scopes": ["a"] }));
    // The app is the operator's business.
    assert!(!default.to_string().contains(CLIENT_ID), "{default}");
}

#[tokio::test]
async fn managed_auth_without_an_app_of_the_operator_says_how_to_set_one() {
    let stage = Stage::start().await;
    let reply = stage
        .server
        .client
        .post(PATH, json!({ "toolkit": { "slug": "acme" } }))
        .await;
    let fix = reply.error(400)["suggested_fix"].to_string();
    assert!(fix.contains("TENON_OAUTH_CLIENT_ID_ACME"), "{fix}");
    assert!(fix.contains("use_custom_auth"), "{fix}");
}

#[tokio::test]
async fn a_client_of_ones_own_in_managed_auth_is_refused() {
    let stage = Stage::with_managed_app().await;
    let body = json!({
        "toolkit": { "slug": "acme" },
        "auth_config": {
            "type": "use_composio_managed_auth", "credentials": { "client_id": "mine" },
        },
    });
    let error = stage.server.client.post(PATH, body).await.error(400);
    assert!(
        error["errors"][0].as_str().unwrap().contains("client_id"),
        "{error}"
    );
}

#[rstest]
#[case::unknown_toolkit(custom("nope", "API_KEY", json!({})), 404)]
#[case::scheme_of_others(custom("shop", "API_KEY", json!({})), 400)]
#[case::scheme_of_no_toolkit(custom("acme", "SAML", json!({})), 400)]
#[case::no_such_scheme(custom("acme", "MAGIC", json!({})), 400)]
#[case::no_client_secret(custom("acme", "OAUTH2", json!({ "client_id": "x" })), 400)]
#[case::no_credentials_at_all(json!({
    "toolkit": { "slug": "acme" },
    "auth_config": { "type": "use_custom_auth", "authScheme": "OAUTH2" },
}), 400)]
#[case::redirect_uri_that_is_none(custom("acme", "OAUTH2", json!({
    "client_id": "x", "client_secret": "y", "oauth_redirect_uri": "javascript:alert(1)",
})), 400)]
#[case::scopes_that_are_none(custom("acme", "OAUTH2", json!({
    "client_id": "x", "client_secret": "y", "scopes": 7,
})), 400)]
#[case::field_that_does_not_fit_where_a_url_may_name_it(custom("shop", "OAUTH2", json!({
    "client_id": "x", "client_secret": "y", "subdomain": "evil.test/",
})), 400)]
#[case::proxy(json!({
    "toolkit": { "slug": "acme" },
    "auth_config": {
        "type": "use_custom_auth", "authScheme": "API_KEY",
        "proxy_config": { "proxy_url": "https://proxy.test" },
    },
}), 501)]
#[case::unknown_tool(json!({
    "toolkit": { "slug": "acme" },
    "auth_config": {
        "type": "use_custom_auth", "authScheme": "API_KEY",
        "restrict_to_following_tools": ["ACME_NO_SUCH_TOOL"],
    },
}), 404)]
#[case::tool_of_another_toolkit(json!({
    "toolkit": { "slug": "acme" },
    "auth_config": {
        "type": "use_custom_auth", "authScheme": "API_KEY",
        "restrict_to_following_tools": ["SHOP_GET_ME"],
    },
}), 400)]
#[tokio::test]
async fn one_that_cannot_work_is_refused_in_the_usual_shape(
    #[case] body: Value,
    #[case] status: u16,
) {
    let stage = Stage::start().await;
    let error = stage.server.client.post(PATH, body).await.error(status);
    assert!(!error["message"].as_str().unwrap().is_empty());
    assert_eq!(
        listed(&stage.server.client, "show_disabled=true")
            .await
            .len(),
        0
    );
}

#[tokio::test]
async fn an_api_key_one_needs_no_credentials_and_says_what_a_connection_needs() {
    let stage = Stage::start().await;
    let id = create(&stage.server.client, custom("acme", "API_KEY", json!({}))).await;
    let shown = get(&stage.server.client, &id).await;
    assert_json_snapshot!(shown["expected_input_fields"], @r#"
    [
      {
        "name": "generic_api_key",
        "displayName": "API key",
        "type": "string",
        "description": "Found in Acme's settings under <Keys>.",
        "required": true
      },
      {
        "name": "region",
        "displayName": "Region",
        "type": "string",
        "description": "",
        "required": false,
        "default": "eu"
      }
    ]
    "#);
}

#[tokio::test]
async fn a_list_is_narrowed_by_toolkit_kind_name_and_being_enabled() {
    let stage = Stage::with_managed_app().await;
    let client = &stage.server.client;
    let managed = create(client, json!({ "toolkit": { "slug": "acme" } })).await;
    let key = create(client, custom("acme", "API_KEY", json!({}))).await;
    let mut body = custom("shop", "OAUTH2", client_credentials());
    body["auth_config"]["name"] = json!("100% of the_shop");
    let shop = create(client, body).await;
    let sorted = |ids: &[&String]| {
        let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        ids.sort();
        ids
    };
    for (query, expected) in [
        ("", vec![&managed, &key, &shop]),
        ("toolkit_slug=ACME", vec![&managed, &key]),
        ("toolkit_slug=acme%2Cshop", vec![&managed, &key, &shop]),
        ("is_composio_managed=true", vec![&managed]),
        ("is_composio_managed=false", vec![&key, &shop]),
        ("search=OF%20THE_", vec![&shop]),
        // Nothing in a search has a meaning of its own.
        ("search=100%25%20of", vec![&shop]),
        ("search=%25x", vec![]),
        ("toolkit_slug=nope", vec![]),
    ] {
        let mut ids = listed(client, query).await;
        ids.sort();
        assert_eq!(ids, sorted(&expected), "{query}");
    }
    client
        .send(
            reqwest::Method::PATCH,
            &format!("{PATH}/{key}/DISABLED"),
            None,
        )
        .await
        .expect(200);
    assert_eq!(listed(client, "").await.len(), 2);
    assert_eq!(listed(client, "show_disabled=true").await.len(), 3);
}

#[tokio::test]
async fn following_the_cursors_shows_every_one_once() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(create(client, custom("acme", "API_KEY", json!({}))).await);
    }
    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = client.get(&format!("{PATH}?{query}")).await.expect(200);
        assert_eq!(
            (&page["total_pages"], &page["total_items"]),
            (&json!(3), &json!(5))
        );
        let items = page["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("limit=2&cursor={cursor}"),
            None => break,
        }
    }
    made.sort();
    seen.sort();
    assert_eq!(seen, made);
}

#[tokio::test]
async fn a_change_replaces_what_it_names_and_leaves_the_rest() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    stage.show_secrets().await;
    let id = create(client, custom("acme", "OAUTH2", client_credentials())).await;
    let change = json!({
        "type": "custom",
        "credentials": { "client_id": "another" },
        "tool_access_config": { "tools_available_for_execution": ["acme_get_me"] },
        "is_enabled_for_tool_router": false,
    });
    let reply = client.patch(&format!("{PATH}/{id}"), change).await;
    assert_eq!(reply.expect(200), json!({}));
    let shown = get(client, &id).await;
    assert_eq!(
        shown["credentials"],
        json!({
            "client_id": "another", "client_secret": CLIENT_SECRET, "scopes": ["read", "write"],
        })
    );
    assert_eq!(
        shown["tool_access_config"],
        json!({ "tools_available_for_execution": ["ACME_GET_ME"] })
    );
    assert_eq!(shown["is_enabled_for_tool_router"], false);
}

#[tokio::test]
async fn a_cut_secret_that_is_sent_back_does_not_replace_the_secret() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let id = create(client, custom("acme", "OAUTH2", client_credentials())).await;
    let shown = get(client, &id).await;
    let change = json!({ "type": "custom", "credentials": shown["credentials"] });
    client
        .patch(&format!("{PATH}/{id}"), change)
        .await
        .expect(200);
    stage.show_secrets().await;
    assert_eq!(
        get(client, &id).await["credentials"]["client_secret"],
        CLIENT_SECRET
    );
}

#[tokio::test]
async fn a_change_must_name_the_right_type_and_stay_possible() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let id = create(client, custom("acme", "OAUTH2", client_credentials())).await;
    for change in [
        json!({ "type": "default", "scopes": "a" }),
        json!({ "type": "neither" }),
        json!({}),
        json!({ "type": "custom", "credentials": { "client_secret": null } }),
    ] {
        client
            .patch(&format!("{PATH}/{id}"), change)
            .await
            .error(400);
    }
    stage.show_secrets().await;
    assert_eq!(
        get(client, &id).await["credentials"]["client_secret"],
        CLIENT_SECRET
    );
}

#[tokio::test]
async fn one_is_disabled_and_enabled_without_a_body() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let id = create(client, custom("acme", "API_KEY", json!({}))).await;
    for status in ["DISABLED", "ENABLED"] {
        let path = format!("{PATH}/{id}/{status}");
        let reply = client.send(reqwest::Method::PATCH, &path, None).await;
        assert_eq!(reply.expect(200), json!({}));
        assert_eq!(get(client, &id).await["status"], status);
    }
    client
        .send(
            reqwest::Method::PATCH,
            &format!("{PATH}/{id}/SLEEPING"),
            None,
        )
        .await
        .error(400);
}

#[tokio::test]
async fn one_that_is_deleted_is_gone() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let id = create(client, custom("acme", "API_KEY", json!({}))).await;
    let path = format!("{PATH}/{id}");
    assert_eq!(
        client
            .delete(&format!("{path}?revoke_on_delete=true"))
            .await
            .expect(200),
        json!({ "success": true, "message": "The auth config and its accounts are deleted" })
    );
    client.get(&path).await.error(404);
    client.delete(&path).await.error(404);
    assert_eq!(listed(client, "show_disabled=true").await.len(), 0);
}

#[tokio::test]
async fn another_project_sees_nothing_of_one() {
    let stage = Stage::start().await;
    let id = create(
        &stage.server.client,
        custom("acme", "OAUTH2", client_credentials()),
    )
    .await;
    let other = stage.other_project().await;
    let path = format!("{PATH}/{id}");
    other.get(&path).await.error(404);
    other
        .patch(&path, json!({ "type": "custom" }))
        .await
        .error(404);
    other
        .patch(&format!("{path}/DISABLED"), json!({}))
        .await
        .error(404);
    other.delete(&path).await.error(404);
    assert_eq!(listed(&other, "show_disabled=true").await.len(), 0);
    let shown = get(&stage.server.client, &id).await;
    assert_eq!(shown["status"], "ENABLED");
}

#[tokio::test]
async fn changes_at_the_same_moment_are_all_kept() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let id = create(client, custom("acme", "API_KEY", json!({}))).await;
    let path = format!("{PATH}/{id}");
    let change = |number: usize| {
        let path = &path;
        let shared = json!({ format!("v{number}"): "x" });
        let body = json!({ "type": "custom", "shared_credentials": shared });
        async move { client.patch(path, body).await.expect(200) }
    };
    futures_util::future::join_all((0..12).map(change)).await;
    let kept = get(client, &id).await["shared_credentials"].clone();
    assert_eq!(kept.as_object().unwrap().len(), 12, "{kept}");
}
