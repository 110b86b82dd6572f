//! Projects: an organisation's, and the settings of the caller's own.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::server::TestServer;
use crate::support::stage::Stage;

const CONFIG: &str = "/api/v3/org/project/config";

async fn create(server: &TestServer, name: &str) -> (String, Client) {
    let body = json!({ "name": name, "should_create_api_key": true });
    let project = server
        .org
        .post("/api/v3/org/owner/project/new", body)
        .await
        .expect(200);
    let key = project["api_key"].as_str().unwrap();
    let id = project["id"].as_str().unwrap().to_owned();
    (id, server.anonymous.with_header("x-api-key", key))
}

fn path(id: &str) -> String {
    format!("/api/v3/org/owner/project/{id}")
}

async fn first_project(server: &TestServer) -> String {
    let info = server
        .client
        .get("/api/v3/auth/session/info")
        .await
        .expect(200);
    info["project"]["nano_id"].as_str().unwrap().to_owned()
}

/// An organisation beside the server's own, with one project, as two keys.
pub(super) async fn other_organization(server: &TestServer) -> (String, Client) {
    use tenon::storage::{api_keys, projects};
    let now = server.clock.now();
    let id = tenon::ids::OrgId::generate();
    let org = projects::Organization {
        id: id.clone(),
        name: "other".into(),
        created_at: now,
        updated_at: now,
    };
    let secret = tenon::crypto::ApiKeySecret::for_organization();
    let key = api_keys::ApiKey {
        id: tenon::ids::ApiKeyId::generate(),
        org_id: id,
        project_id: None,
        name: "other".into(),
        key_hash: secret.hash(),
        hint: secret.hint(),
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    let mut tx = server.app.db.begin().await.unwrap();
    projects::insert_organization(tx.conn(), &org)
        .await
        .unwrap();
    api_keys::insert(tx.conn(), &key).await.unwrap();
    tx.commit().await.unwrap();
    let client = server
        .anonymous
        .with_header("x-org-api-key", secret.reveal());
    let body = json!({ "name": "theirs" });
    let project = client
        .post("/api/v3/org/owner/project/new", body)
        .await
        .expect(200);
    (project["id"].as_str().unwrap().to_owned(), client)
}

#[tokio::test]
async fn a_project_is_made_with_a_key_that_works_at_once() {
    let server = TestServer::start().await;
    let (id, client) = create(&server, "staging").await;
    let info = client.get("/api/v3/auth/session/info").await.expect(200);
    assert_eq!(info["project"]["nano_id"], id);
    assert_eq!(info["project"]["name"], "staging");
}

#[tokio::test]
async fn a_project_is_made_without_a_key_unless_one_is_wished() {
    let server = TestServer::start().await;
    let body = json!({ "name": "no-key", "an_unknown_field": 1 });
    let project = server
        .org
        .post("/api/v3/org/owner/project/new", body)
        .await
        .expect(200);
    assert_eq!(project["api_key"], Value::Null);
    let detail = server
        .org
        .get(&path(project["id"].as_str().unwrap()))
        .await
        .expect(200);
    assert_eq!(detail["api_keys"], json!([]));
}

#[tokio::test]
async fn a_name_that_breaks_the_rules_is_refused_and_named() {
    let server = TestServer::start().await;
    let too_long = "x".repeat(76);
    for name in [
        "ab",
        too_long.as_str(),
        "with space",
        "dotted.name",
        "ümlaut",
        "",
    ] {
        let body = json!({ "name": name });
        let error = server
            .org
            .post("/api/v3/org/owner/project/new", body)
            .await
            .error(400);
        assert_eq!(error["code"], 10400, "{name}");
        assert!(
            error["errors"][0].as_str().unwrap().starts_with("name: "),
            "{error}"
        );
    }
    for body in [json!({}), json!({ "name": 7 }), json!([])] {
        server
            .org
            .post("/api/v3/org/owner/project/new", body)
            .await
            .error(400);
    }
    let longest = json!({ "name": "x".repeat(75) });
    server
        .org
        .post("/api/v3/org/owner/project/new", longest)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_project_begins_with_the_settings_it_is_given() {
    let server = TestServer::start().await;
    let body = json!({
        "name": "configured",
        "should_create_api_key": true,
        "config": {
            "is_2FA_enabled": true,
            "mask_secret_keys_in_connected_account": false,
            "log_visibility_setting": "dont_store_data",
            "display_name": "Acme",
        },
    });
    let project = server
        .org
        .post("/api/v3/org/owner/project/new", body)
        .await
        .expect(200);
    let key = project["api_key"].as_str().unwrap();
    let config = server
        .anonymous
        .with_header("x-api-key", key)
        .get(CONFIG)
        .await
        .expect(200);
    insta::assert_json_snapshot!(config, @r#"
    {
      "is_2FA_enabled": true,
      "display_name": "Acme",
      "mask_secret_keys_in_connected_account": false,
      "log_visibility_setting": "dont_store_data",
      "require_mcp_api_key": false
    }
    "#);
    let bad = json!({ "name": "bad", "config": { "is_2FA_enabled": true } });
    server
        .org
        .post("/api/v3/org/owner/project/new", bad)
        .await
        .error(400);
}

#[tokio::test]
async fn the_list_pages_through_the_organisations_own_projects_newest_first() {
    let server = TestServer::start().await;
    other_organization(&server).await;
    for name in ["second", "third"] {
        server.clock.advance(Duration::from_secs(1));
        create(&server, name).await;
    }
    let mut names = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = server
            .org
            .get(&format!("/api/v3/org/owner/project/list{query}"))
            .await;
        let page = page.expect(200);
        assert_eq!(
            (&page["total_items"], &page["total_pages"]),
            (&json!(3), &json!(2))
        );
        for project in page["data"].as_array().unwrap() {
            names.push(project["name"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["third", "second", "default"]);
}

#[tokio::test]
async fn a_project_shows_only_hints_of_its_keys() {
    let server = TestServer::start().await;
    let id = first_project(&server).await;
    let reply = server.org.get(&path(&id)).await;
    assert!(!reply.text.contains(&server.api_key), "{}", reply.text);
    let hint = format!("{}...", &server.api_key[..4]);
    assert_eq!(reply.json()["api_keys"][0]["key"], hint);
    insta::assert_json_snapshot!(reply.expect(200), {
        ".id" => "[id]", ".org_id" => "[id]", ".email" => "[email]",
        ".api_keys[].id" => "[id]", ".api_keys[].name" => "[name]",
        ".api_keys[].key" => "[hint]",
    }, @r#"
    {
      "id": "[id]",
      "org_id": "[id]",
      "name": "default",
      "email": "[email]",
      "created_at": "2026-01-01T00:00:00.000Z",
      "updated_at": "2026-01-01T00:00:00.000Z",
      "webhook_url": null,
      "event_webhook_url": null,
      "webhook_secret": null,
      "triggers_enabled": false,
      "last_subscribed_at": null,
      "is_new_webhook": true,
      "webhook_version": "V3",
      "deleted": false,
      "api_keys": [
        {
          "id": "[id]",
          "name": "[name]",
          "key": "[hint]",
          "created_at": "2026-01-01T00:00:00.000Z"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_regenerated_key_revokes_all_others_at_once() {
    let server = TestServer::start().await;
    let (id, old) = create(&server, "rotating").await;
    old.get(CONFIG).await.expect(200);
    let path = format!("{}/regenerate_api_key", path(&id));
    let first = server
        .org
        .send(reqwest::Method::POST, &path, None)
        .await
        .expect(200);
    old.get(CONFIG).await.error(401);
    let key = first["api_key"]["key"].as_str().unwrap();
    let new = server.anonymous.with_header("x-api-key", key);
    new.get(CONFIG).await.expect(200);
    let second = server.org.post(&path, json!({})).await.expect(200);
    new.get(CONFIG).await.error(401);
    let detail = server.org.get(&self::path(&id)).await.expect(200);
    assert_eq!(detail["api_keys"].as_array().unwrap().len(), 1);
    assert_eq!(detail["api_keys"][0]["id"], second["api_key"]["id"]);
    server.client.get(CONFIG).await.expect(200);
}

#[tokio::test]
async fn a_deleted_project_is_gone_for_its_keys_and_its_organisation() {
    let server = TestServer::start().await;
    let (id, client) = create(&server, "doomed").await;
    client.get(CONFIG).await.expect(200);
    let reply = server.org.delete(&path(&id)).await.expect(200);
    assert_eq!(reply, json!({ "status": "success" }));
    client.get(CONFIG).await.error(401);
    server.org.get(&path(&id)).await.error(404);
    server.org.delete(&path(&id)).await.error(404);
    server
        .org
        .post(&format!("{}/regenerate_api_key", path(&id)), json!({}))
        .await
        .error(404);
    let list = server
        .org
        .get("/api/v3/org/owner/project/list")
        .await
        .expect(200);
    assert_eq!(list["total_items"], 1);
}

#[tokio::test]
async fn the_last_project_of_an_organisation_is_not_deleted() {
    let server = TestServer::start().await;
    let first = first_project(&server).await;
    let error = server.org.delete(&path(&first)).await.error(403);
    assert_eq!(error["code"], 10403);
    server.client.get(CONFIG).await.expect(200);
    create(&server, "another").await;
    server.org.delete(&path(&first)).await.expect(200);
}

#[tokio::test]
async fn two_deletions_at_once_leave_one_project() {
    let server = TestServer::start().await;
    let first = first_project(&server).await;
    let (second, _) = create(&server, "second").await;
    let (paths, org) = ([path(&first), path(&second)], &server.org);
    let (one, other) = tokio::join!(org.delete(&paths[0]), org.delete(&paths[1]));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
}

#[tokio::test]
async fn another_organisations_project_is_not_found() {
    let server = TestServer::start().await;
    let (theirs, other) = other_organization(&server).await;
    server.org.get(&path(&theirs)).await.error(404);
    server.org.delete(&path(&theirs)).await.error(404);
    let regenerate = format!("{}/regenerate_api_key", path(&theirs));
    server.org.post(&regenerate, json!({})).await.error(404);
    other.get(&path(&theirs)).await.expect(200);
    other.post(&regenerate, json!({})).await.expect(200);
}

#[tokio::test]
async fn a_new_project_masks_secrets_and_keeps_logs() {
    let server = TestServer::start().await;
    insta::assert_json_snapshot!(server.client.get(CONFIG).await.expect(200), @r#"
    {
      "is_2FA_enabled": false,
      "mask_secret_keys_in_connected_account": true,
      "log_visibility_setting": "show_all",
      "require_mcp_api_key": false
    }
    "#);
}

#[tokio::test]
async fn only_the_given_settings_change() {
    let server = TestServer::start().await;
    let first = json!({
        "mask_secret_keys_in_connected_account": false,
        "logo_url": "https://example.com/logo.png",
        "display_name": "Acme",
    });
    server.client.patch(CONFIG, first).await.expect(200);
    let second = json!({ "log_visibility_setting": "dont_store_data", "display_name": null });
    let changed = server.client.patch(CONFIG, second).await.expect(200);
    insta::assert_json_snapshot!(changed, @r#"
    {
      "is_2FA_enabled": false,
      "logo_url": "https://example.com/logo.png",
      "display_name": "Acme",
      "mask_secret_keys_in_connected_account": false,
      "log_visibility_setting": "dont_store_data",
      "require_mcp_api_key": false
    }
    "#);
    let cleared = server
        .client
        .patch(CONFIG, json!({ "logo_url": "" }))
        .await
        .expect(200);
    assert_eq!(cleared.get("logo_url"), None);
    assert_eq!(server.client.get(CONFIG).await.expect(200), cleared);
    let unchanged = server
        .client
        .send(reqwest::Method::PATCH, CONFIG, None)
        .await
        .expect(200);
    assert_eq!(unchanged, cleared);
}

#[tokio::test]
async fn settings_of_one_project_are_not_anothers() {
    let server = TestServer::start().await;
    let (_, client) = create(&server, "other").await;
    client
        .patch(CONFIG, json!({ "display_name": "Other" }))
        .await
        .expect(200);
    assert_eq!(
        server
            .client
            .get(CONFIG)
            .await
            .expect(200)
            .get("display_name"),
        None
    );
}

#[tokio::test]
async fn settings_that_break_a_rule_are_refused_and_named() {
    let server = TestServer::start().await;
    let long_name = "x".repeat(101);
    for (field, value) in [
        ("logo_url", json!("javascript:alert(1)")),
        ("logo_url", json!("not a url")),
        ("logo_url", json!(7)),
        ("display_name", json!(long_name)),
        ("display_name", json!("two\nlines")),
        ("log_visibility_setting", json!("everything")),
        ("is_2FA_enabled", json!("yes")),
        ("mask_secret_keys_in_connected_account", json!(1)),
    ] {
        let error = server
            .client
            .patch(CONFIG, json!({ field: value }))
            .await
            .error(400);
        assert_eq!(error["code"], 10400);
        let problem = error["errors"][0].as_str().unwrap();
        assert!(problem.starts_with(&format!("{field}: ")), "{problem}");
    }
}

#[tokio::test]
async fn a_deleted_project_leaves_no_credential_behind() {
    let stage = Stage::start().await;
    let server = &stage.server;
    let id = first_project(server).await;
    let body = json!({ "name": "the-one-that-stays" });
    server
        .org
        .post("/api/v3/org/owner/project/new", body)
        .await
        .expect(200);
    let config = stage.auth_config("acme", "OAUTH2").await;
    stage.oauth_account(&config, "ada").await;
    let begun = stage.initiate(&config, json!({ "user_id": "eve" })).await;
    let begun = begun.expect(201);
    let authorize_url = begun["connectionData"]["val"]["redirectUrl"].as_str();
    let held = |rows: &[i64]| rows.iter().all(|count| *count > 0);
    assert!(held(&what_is_held(server, &id).await));

    server.org.delete(&path(&id)).await.expect(200);
    assert_eq!(what_is_held(server, &id).await, [0, 0, 0, 0]);
    // A browser that comes back later finds nothing, and the provider is asked nothing.
    let asked = stage.provider.token_requests().len();
    let page = stage.consent(authorize_url.unwrap()).await;
    assert_eq!(page.status, 400, "{}", page.text);
    assert_eq!(stage.provider.token_requests().len(), asked);
    // Neither do jobs that were stored for it.
    server.clock.advance(Duration::from_mins(20));
    while tenon::jobs::run_due(&server.app).await.unwrap() > 0 {}
}

/// Auth configs, accounts, attempts and bytes of the data key.
async fn what_is_held(server: &TestServer, project: &str) -> Vec<i64> {
    let mut session = server.app.db.read().await.unwrap();
    let mut counts = Vec::new();
    for sql in [
        "SELECT COUNT(*) FROM auth_configs WHERE project_id = $1",
        "SELECT COUNT(*) FROM connected_accounts WHERE project_id = $1",
        "SELECT COUNT(*) FROM connection_attempts WHERE project_id = $1",
        "SELECT CAST(LENGTH(data_key) AS BIGINT) FROM projects WHERE id = $1",
    ] {
        let count: i64 = match session.conn() {
            tenon::storage::Conn::Sqlite(conn) => {
                sqlx::query_scalar(sql).bind(project).fetch_one(conn).await
            }
            tenon::storage::Conn::Postgres(conn) => {
                sqlx::query_scalar(sql).bind(project).fetch_one(conn).await
            }
        }
        .unwrap();
        counts.push(count);
    }
    counts
}
