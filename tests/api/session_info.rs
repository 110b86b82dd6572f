//! `/auth/session/info`.

use crate::support::server::TestServer;

#[tokio::test]
async fn the_session_names_project_organisation_and_key_without_the_key() {
    let server = TestServer::start().await;
    let reply = server.client.get("/api/v3/auth/session/info").await;
    assert!(!reply.text.contains(&server.api_key), "{}", reply.text);
    let info = reply.expect(200);
    assert_eq!(info["api_key"]["project_id"], info["project"]["nano_id"]);
    assert_eq!(info["api_key"]["org_member_id"], info["org_member"]["id"]);
    assert_eq!(
        info["api_key"]["key"],
        format!("{}...", &server.api_key[..4])
    );
    insta::assert_json_snapshot!(info, {
        ".**.id" => "[id]", ".**.auto_id" => "[number]", ".**.email" => "[email]",
        ".project.org_id" => "[id]", ".project.nano_id" => "[id]",
        ".api_key.name" => "[name]", ".api_key.key" => "[hint]", ".api_key.project_id" => "[id]",
        ".api_key.org_member_id" => "[id]",
    }, @r#"
    {
      "project": {
        "auto_id": "[number]",
        "id": "[id]",
        "org_id": "[id]",
        "name": "default",
        "email": "[email]",
        "nano_id": "[id]",
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
        "webhook_url": null,
        "event_webhook_url": null,
        "webhook_secret": null,
        "triggers_enabled": false,
        "last_subscribed_at": null,
        "deleted": false,
        "is_new_webhook": true,
        "webhook_version": "V3",
        "org": {
          "id": "[id]",
          "name": "default",
          "plan": "SELF_HOSTED"
        }
      },
      "api_key": {
        "auto_id": "[number]",
        "id": "[id]",
        "name": "[name]",
        "project_id": "[id]",
        "org_member_id": "[id]",
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
        "deleted_at": null,
        "key": "[hint]",
        "deleted": false
      },
      "org_member": {
        "id": "[id]",
        "email": "[email]",
        "name": "default",
        "role": "admin"
      }
    }
    "#);
}

#[tokio::test]
async fn the_session_of_one_key_never_changes_its_ids() {
    let server = TestServer::start().await;
    let first = server
        .client
        .get("/api/v3/auth/session/info")
        .await
        .expect(200);
    let again = server
        .client
        .get("/api/v3.1/auth/session/info")
        .await
        .expect(200);
    assert_eq!(first, again);
}
