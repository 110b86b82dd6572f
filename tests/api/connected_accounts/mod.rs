//! Connected accounts: making, showing, changing and removing them; the rest stands in files of
//! its own.

mod isolation;
mod list;
mod races;
mod refresh;
mod revoke;
mod secrets;
mod selection;
mod sweep;
mod verify;

use insta::assert_json_snapshot;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::stage::Stage;

const PATH: &str = "/api/v3/connected_accounts";

/// The `connection` of an account with an API key.
fn with_key(user: &str, key: &str) -> Value {
    json!({
        "user_id": user,
        "state": { "authScheme": "API_KEY", "val": { "status": "ACTIVE", "generic_api_key": key } },
    })
}

/// The id of a new active account with an API key.
async fn key_account(stage: &Stage, config: &str, user: &str) -> String {
    let made = stage
        .initiate(config, with_key(user, "ak-1234-secret"))
        .await
        .expect(201);
    made["id"].as_str().unwrap().to_owned()
}

async fn set_enabled(stage: &Stage, id: &str, enabled: bool) {
    let path = format!("{PATH}/{id}/status");
    let reply = stage
        .server
        .client
        .patch(&path, json!({ "enabled": enabled }))
        .await;
    assert_eq!(reply.expect(200), json!({ "success": true }));
}

#[tokio::test]
async fn credentials_in_hand_make_an_active_account_in_the_shape_that_sdks_read() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let made = stage
        .initiate(&config, with_key("u1", "ak-1234-secret"))
        .await
        .expect(201);
    assert_json_snapshot!(made, {
        ".id" => "ca_…", ".deprecated.uuid" => "…", ".deprecated.authConfigUuid" => "…",
    }, @r#"
    {
      "id": "ca_…",
      "connectionData": {
        "authScheme": "API_KEY",
        "val": {
          "status": "ACTIVE",
          "generic_api_key": "ak-1...",
          "region": "eu"
        }
      },
      "status": "ACTIVE",
      "redirect_url": null,
      "redirect_uri": null,
      "deprecated": {
        "uuid": "…",
        "authConfigUuid": "…"
      }
    }
    "#);
    let shown = stage.account(made["id"].as_str().unwrap()).await;
    assert_json_snapshot!(shown, {
        ".id" => "ca_…", ".auth_config.id" => "ac_…", ".word_id" => "…",
        ".deprecated.uuid" => "…", ".auth_config.deprecated.uuid" => "…",
    }, @r#"
    {
      "toolkit": {
        "slug": "acme"
      },
      "auth_config": {
        "id": "ac_…",
        "auth_scheme": "API_KEY",
        "is_composio_managed": false,
        "is_disabled": false,
        "deprecated": {
          "uuid": "…"
        }
      },
      "id": "ca_…",
      "user_id": "u1",
      "word_id": "…",
      "status": "ACTIVE",
      "created_at": "2026-01-01T00:00:00.000Z",
      "updated_at": "2026-01-01T00:00:00.000Z",
      "state": {
        "authScheme": "API_KEY",
        "val": {
          "status": "ACTIVE",
          "generic_api_key": "ak-1...",
          "region": "eu"
        }
      },
      "data": {
        "status": "ACTIVE",
        "generic_api_key": "ak-1...",
        "region": "eu"
      },
      "status_reason": null,
      "is_disabled": false,
      "test_request_endpoint": "/me",
      "deprecated": {
        "labels": [],
        "uuid": "…"
      },
      "params": {
        "generic_api_key": "ak-1...",
        "region": "eu"
      }
    }
    "#);
}

#[tokio::test]
async fn a_connection_that_waits_for_its_user_says_where_the_user_goes_on() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let made = stage
        .initiate(&config, json!({ "user_id": "u1" }))
        .await
        .expect(201);
    let url = made["connectionData"]["val"]["redirectUrl"]
        .as_str()
        .unwrap();
    assert!(url.starts_with(&stage.provider.base), "{url}");
    assert_eq!(made["status"], "INITIATED");
    assert_eq!(
        (&made["redirect_url"], &made["redirect_uri"]),
        (&json!(url), &json!(url))
    );
    let shown = stage.account(made["id"].as_str().unwrap()).await;
    assert_eq!(
        shown["state"]["val"],
        json!({ "status": "INITIATED", "redirectUrl": url })
    );
}

#[tokio::test]
async fn a_key_that_is_not_given_is_asked_for_on_the_page() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let made = stage
        .initiate(&config, json!({ "user_id": "u1" }))
        .await
        .expect(201);
    let url = made["connectionData"]["val"]["redirectUrl"]
        .as_str()
        .unwrap();
    assert!(
        url.starts_with(&format!("{}/link/ln_", stage.server.base)),
        "{url}"
    );
    assert_eq!(made["connectionData"]["val"]["status"], "INITIATED");
    assert_eq!(stage.open(url).await.status, 200);
}

#[rstest]
#[case::own_name("API_KEY", json!({ "generic_api_key": "ak-1" }), json!({ "generic_api_key": "ak-1" }))]
#[case::name_of_older_clients("API_KEY", json!({ "api_key": "ak-1" }), json!({ "generic_api_key": "ak-1" }))]
#[case::bearer("BEARER_TOKEN", json!({ "token": "t-1" }), json!({ "token": "t-1" }))]
#[case::bearer_by_another_name("BEARER_TOKEN", json!({ "bearer_token": "t-1" }), json!({ "token": "t-1" }))]
#[case::basic(
    "BASIC",
    json!({ "username": "me", "password": "pw-1" }),
    json!({ "username": "me", "password": "pw-1" })
)]
#[case::imported_oauth_token(
    "OAUTH2",
    json!({ "access_token": "gho_1", "token_type": "Bearer" }),
    json!({ "access_token": "gho_1", "token_type": "Bearer" })
)]
#[tokio::test]
async fn every_built_scheme_takes_credentials_in_hand(
    #[case] scheme: &str,
    #[case] val: Value,
    #[case] kept: Value,
) {
    let stage = Stage::start().await;
    stage.show_secrets().await;
    let config = stage.auth_config("acme", scheme).await;
    let mut state = json!({ "authScheme": scheme, "val": { "status": "ACTIVE" } });
    state["val"]
        .as_object_mut()
        .unwrap()
        .extend(val.as_object().unwrap().clone());
    let made = stage
        .initiate(&config, json!({ "state": state }))
        .await
        .expect(201);
    assert_eq!(made["connectionData"]["val"]["status"], "ACTIVE");
    assert_eq!(made["redirect_url"], Value::Null);
    let shown = stage.account(made["id"].as_str().unwrap()).await;
    assert_eq!(shown["user_id"], "default");
    for (name, value) in kept.as_object().unwrap() {
        assert_eq!(&shown["state"]["val"][name], value, "{shown}");
    }
    // The same by the shape of older clients.
    let made = stage
        .initiate(&config, json!({ "data": val, "user_id": "u1" }))
        .await
        .expect(201);
    assert_eq!(made["status"], "ACTIVE");
}

#[tokio::test]
async fn a_toolkit_without_auth_can_have_accounts_too() {
    let stage = Stage::start().await;
    let config = stage.auth_config("hackernews", "NO_AUTH").await;
    let made = stage
        .initiate(&config, json!({ "user_id": "u1" }))
        .await
        .expect(201);
    assert_eq!(
        made["connectionData"],
        json!({ "authScheme": "NO_AUTH", "val": { "status": "ACTIVE" } })
    );
}

#[rstest]
#[case::required_value_that_is_claimed_complete(
    json!({ "state": { "authScheme": "API_KEY", "val": { "status": "ACTIVE" } } }),
    "connection.state.val.generic_api_key: is required"
)]
#[case::value_that_does_not_fit(
    with_key("u1", "not a key"),
    "connection.state.val.generic_api_key"
)]
#[case::another_scheme(
    json!({ "state": { "authScheme": "BASIC", "val": { "status": "ACTIVE" } } }),
    "connects by API_KEY"
)]
#[case::no_such_scheme(
    json!({ "state": { "authScheme": "MAGIC", "val": {} } }),
    "connection.state.authScheme"
)]
#[case::status_that_nothing_begins_with(
    json!({ "state": { "authScheme": "API_KEY", "val": { "status": "EXPIRED" } } }),
    "connection.state.val.status"
)]
#[case::callback_that_is_no_web_address(json!({ "callback_url": "javascript:alert(1)" }), "callback_url")]
#[case::callback_without_a_host(json!({ "callback_url": "/back" }), "callback_url")]
#[case::empty_user(json!({ "user_id": "" }), "user_id")]
#[case::user_that_fits_no_index(json!({ "user_id": "u".repeat(5000) }), "user_id")]
#[case::wrong_type(json!({ "user_id": 7 }), "connection.user_id")]
#[tokio::test]
async fn a_connection_that_cannot_work_is_refused_and_the_field_is_named(
    #[case] connection: Value,
    #[case] expected: &str,
) {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let error = stage.initiate(&config, connection).await.error(400);
    assert!(error.to_string().contains(expected), "{error}");
    let list = stage.server.client.get(PATH).await.expect(200);
    assert_eq!(list["total_items"], 0);
}

#[tokio::test]
async fn an_auth_config_that_is_unknown_or_disabled_connects_nobody() {
    let stage = Stage::start().await;
    stage.initiate("ac_nothing", json!({})).await.error(404);
    let config = stage.auth_config("acme", "API_KEY").await;
    let path = format!("/api/v3/auth_configs/{config}/DISABLED");
    stage
        .server
        .client
        .patch(&path, json!({}))
        .await
        .expect(200);
    let error = stage
        .initiate(&config, with_key("u1", "ak-1"))
        .await
        .error(400);
    assert!(
        error["message"].as_str().unwrap().contains("disabled"),
        "{error}"
    );
    let link = json!({ "auth_config_id": config, "user_id": "u1" });
    stage
        .server
        .client
        .post(&format!("{PATH}/link"), link)
        .await
        .error(400);
}

#[rstest]
#[case::no_user(json!({}), "user_id")]
#[case::empty_user(json!({ "user_id": "" }), "user_id")]
#[case::callback(json!({ "user_id": "u1", "callback_url": "ftp://x.test/" }), "callback_url")]
#[case::value_that_does_not_fit(
    json!({ "user_id": "u1", "connection_data": { "region": "Europe" } }),
    "connection_data.region"
)]
#[tokio::test]
async fn a_link_that_cannot_work_is_refused(#[case] further: Value, #[case] expected: &str) {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let mut body = json!({ "auth_config_id": config });
    body.as_object_mut()
        .unwrap()
        .extend(further.as_object().unwrap().clone());
    let error = stage
        .server
        .client
        .post(&format!("{PATH}/link"), body)
        .await
        .error(400);
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn credentials_are_tried_first_where_the_caller_wishes() {
    let stage = Stage::start().await;
    let oauth = stage.auth_config("acme", "OAUTH2").await;
    stage.oauth_account(&oauth, "u1").await;
    let token = stage
        .provider
        .tokens()
        .into_iter()
        .find(|token| token.starts_with("at-"))
        .unwrap();
    let config = stage.auth_config("acme", "BEARER_TOKEN").await;
    let body = |token: &str| {
        let given = json!({
            "authScheme": "BEARER_TOKEN", "val": { "status": "ACTIVE", "token": token },
        });
        json!({
            "auth_config": { "id": config },
            "connection": { "user_id": "u2", "state": given },
            "validate_credentials": true,
        })
    };
    let made = stage
        .server
        .client
        .post(PATH, body(&token))
        .await
        .expect(201);
    assert_eq!(made["status"], "ACTIVE");
    let error = stage
        .server
        .client
        .post(PATH, body("wrong-token"))
        .await
        .error(400);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("refused the credentials"),
        "{error}"
    );
    assert!(!error.to_string().contains("wrong-token"), "{error}");
    let list = stage
        .server
        .client
        .get(&format!("{PATH}?user_ids=u2"))
        .await
        .expect(200);
    assert_eq!(list["total_items"], 1);
}

#[tokio::test]
async fn a_toolkit_without_an_identity_cannot_try_credentials_and_says_so() {
    let stage = Stage::start().await;
    let config = stage.auth_config("shop", "OAUTH2").await;
    let val = json!({ "status": "ACTIVE", "subdomain": "anvils", "access_token": "at" });
    let body = json!({
        "auth_config": { "id": config },
        "connection": { "state": { "authScheme": "OAUTH2", "val": val } },
        "validate_credentials": true,
    });
    stage.server.client.post(PATH, body).await.error(400);
}

#[tokio::test]
async fn a_disabled_account_shows_as_inactive_until_it_is_enabled() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let id = key_account(&stage, &config, "u1").await;
    set_enabled(&stage, &id, false).await;
    let shown = stage.account(&id).await;
    assert_eq!(
        (&shown["status"], &shown["is_disabled"]),
        (&json!("INACTIVE"), &json!(true))
    );
    assert_eq!(shown["state"]["val"]["status"], "INACTIVE");
    set_enabled(&stage, &id, true).await;
    let shown = stage.account(&id).await;
    assert_eq!(
        (&shown["status"], &shown["is_disabled"]),
        (&json!("ACTIVE"), &json!(false))
    );
    stage
        .server
        .client
        .patch(&format!("{PATH}/{id}/status"), json!({}))
        .await
        .error(400);
}

#[tokio::test]
async fn an_account_that_is_deleted_is_gone() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let id = key_account(&stage, &config, "u1").await;
    let path = format!("{PATH}/{id}");
    let reply = stage
        .server
        .client
        .delete(&format!("{path}?revoke_on_delete=true"))
        .await;
    assert_eq!(reply.expect(200), json!({ "success": true }));
    let error = stage.server.client.get(&path).await.error(404);
    assert_eq!(error["code"], 1803);
    stage.server.client.delete(&path).await.error(404);
}

#[tokio::test]
async fn an_auth_config_takes_its_accounts_with_it() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "API_KEY").await;
    let kept = stage.auth_config("acme", "API_KEY").await;
    for _ in 0..3 {
        key_account(&stage, &config, "u1").await;
    }
    let other = key_account(&stage, &kept, "u1").await;
    let path = format!("/api/v3/auth_configs/{config}");
    let shown = stage.server.client.get(&path).await.expect(200);
    assert_eq!(shown["no_of_connections"], 3);
    stage.server.client.delete(&path).await.expect(200);
    let list = stage.server.client.get(PATH).await.expect(200);
    assert_eq!(
        (&list["total_items"], &list["items"][0]["id"]),
        (&json!(1), &json!(other))
    );
}

#[tokio::test]
async fn an_alias_is_given_changed_and_removed_and_belongs_to_one_account() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let config = stage.auth_config("acme", "API_KEY").await;
    let mut connection = with_key("u1", "ak-1");
    connection["alias"] = json!("work");
    let made = stage
        .initiate(&config, connection.clone())
        .await
        .expect(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(stage.account(id).await["alias"], "work");
    stage.initiate(&config, connection.clone()).await.error(409);
    connection["user_id"] = json!("u2");
    stage.initiate(&config, connection).await.expect(201);

    let second = key_account(&stage, &config, "u1").await;
    client
        .patch(&format!("{PATH}/{second}"), json!({ "alias": "work" }))
        .await
        .error(409);
    let reply = client
        .patch(&format!("{PATH}/{id}"), json!({ "alias": "home" }))
        .await;
    assert_eq!(
        reply.expect(200),
        json!({ "id": id, "status": "ACTIVE", "success": true })
    );
    client
        .patch(&format!("{PATH}/{second}"), json!({ "alias": "work" }))
        .await
        .expect(200);
    client
        .patch(&format!("{PATH}/{id}"), json!({ "alias": "" }))
        .await
        .expect(200);
    assert_eq!(stage.account(id).await["alias"], Value::Null);
}

#[tokio::test]
async fn single_credentials_are_replaced_and_the_others_stay() {
    let stage = Stage::start().await;
    stage.show_secrets().await;
    let client = &stage.server.client;
    let config = stage.auth_config("acme", "BASIC").await;
    let val = json!({ "status": "ACTIVE", "username": "me", "password": "first" });
    let connection = json!({ "state": { "authScheme": "BASIC", "val": val } });
    let made = stage.initiate(&config, connection).await.expect(201);
    let id = made["id"].as_str().unwrap();
    let path = format!("{PATH}/{id}");
    let change = |scheme: &str, val: Value| json!({ "connection": { "state": { "authScheme": scheme, "val": val } } });
    client
        .patch(&path, change("BASIC", json!({ "password": "second" })))
        .await
        .expect(200);
    let val = stage.account(id).await["state"]["val"].clone();
    assert_eq!(
        (&val["username"], &val["password"]),
        (&json!("me"), &json!("second"))
    );
    // What is needed cannot be removed, and the scheme is what it is.
    client
        .patch(&path, change("BASIC", json!({ "password": null })))
        .await
        .error(400);
    client
        .patch(&path, change("API_KEY", json!({ "api_key": "x" })))
        .await
        .error(400);
    let val = stage.account(id).await["state"]["val"].clone();
    assert_eq!(val["password"], "second");
}

#[tokio::test]
async fn the_tokens_of_an_oauth_account_cannot_be_set_by_hand() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let id = stage.oauth_account(&config, "u1").await;
    let given = json!({ "authScheme": "OAUTH2", "val": { "access_token": "mine" } });
    let body = json!({ "connection": { "state": given } });
    stage
        .server
        .client
        .patch(&format!("{PATH}/{id}"), body)
        .await
        .error(400);
}

#[tokio::test]
async fn what_is_not_built_is_said_to_be_so() {
    let stage = Stage::start().await;
    let client = &stage.server.client;
    let config = stage.auth_config("acme", "API_KEY").await;
    client
        .post("/api/v3.1/connected_accounts/complete_auth", json!({}))
        .await
        .error(501);
    let mut shared = with_key("u1", "ak-1");
    shared["experimental"] = json!({ "account_type": "SHARED" });
    stage.initiate(&config, shared.clone()).await.error(501);
    shared["experimental"] = json!({ "account_type": "PRIVATE" });
    stage.initiate(&config, shared).await.expect(201);
}
