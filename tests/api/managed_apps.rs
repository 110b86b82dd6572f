//! The operator's own OAuth apps in a file: managed auth by them, and what becomes of accounts when
//! they change.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::forwarder::Forwarder;
use crate::support::provider::{CLIENT_ID, CLIENT_SECRET};
use crate::support::stage::Stage;

const ACCOUNTS: &str = "/api/v3/connected_accounts";

/// A server with a file of apps, which the test may write anew.
struct Place {
    stage: Stage,
    file: PathBuf,
    _dir: TempDir,
}

impl Place {
    async fn with(apps: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("acme.secret"), format!("{CLIENT_SECRET}\n")).unwrap();
        let file = dir.path().join("apps.yaml");
        std::fs::write(&file, apps).unwrap();
        let stage = Stage::with(&["--oauth-apps", &file.display().to_string()]).await;
        Self {
            stage,
            file,
            _dir: dir,
        }
    }

    /// What SIGHUP does.
    fn reload(&self, apps: &str) -> tenon::error::Result<()> {
        std::fs::write(&self.file, apps).unwrap();
        let app = &self.stage.server.app;
        app.catalog.reload(&app.config)
    }

    async fn managed_config(&self) -> String {
        let body = json!({
            "toolkit": { "slug": "acme" },
            "auth_config": { "type": "use_composio_managed_auth" },
        });
        let client = &self.stage.server.client;
        let made = client.post("/api/v3/auth_configs", body).await.expect(201);
        assert_eq!(made["auth_config"]["is_composio_managed"], true);
        made["auth_config"]["id"].as_str().unwrap().to_owned()
    }

    /// Where a new connection sends its user.
    async fn consent_url(&self, config: &str) -> (String, String) {
        let made = self
            .stage
            .initiate(config, json!({ "user_id": "ada" }))
            .await
            .expect(201);
        let url = made["connectionData"]["val"]["redirectUrl"]
            .as_str()
            .unwrap();
        (made["id"].as_str().unwrap().to_owned(), url.to_owned())
    }

    async fn refresh(&self, id: &str) -> crate::support::client::Reply {
        let path = format!("{ACCOUNTS}/{id}/refresh");
        self.stage.server.client.post(&path, json!({})).await
    }
}

fn app(client_id: &str) -> String {
    format!("acme:\n  client_id: {client_id}\n  client_secret_file: acme.secret\n")
}

fn with_former(client_id: &str, former: &str) -> String {
    let former =
        format!("  former:\n    - {{client_id: {former}, client_secret_file: acme.secret}}\n");
    app(client_id) + &former
}

#[tokio::test]
async fn an_app_in_the_file_makes_managed_auth_work() {
    let place = Place::with(&(app(CLIENT_ID) + "  scopes: [read, things]\n")).await;
    let client = &place.stage.server.client;
    let toolkit = client.get("/api/v3.1/toolkits/acme").await.expect(200);
    assert_eq!(toolkit["composio_managed_auth_schemes"], json!(["OAUTH2"]));
    let expected = json!([{ "mode": "OAUTH2", "scopes": { "available": ["read", "things"] } }]);
    assert_eq!(toolkit["composio_managed_auth"], expected);
    let config = place.managed_config().await;
    let id = place.stage.oauth_account(&config, "ada").await;
    let [asked] = place.stage.provider.authorizations().try_into().unwrap();
    assert_eq!(
        (asked["client_id"].as_str(), asked["scope"].as_str()),
        (CLIENT_ID, "read things")
    );
    assert_eq!(place.stage.account(&id).await["status"], "ACTIVE");
    // The app's secret is nobody's business.
    for path in [
        "/api/v3/toolkits/acme".into(),
        format!("/api/v3/auth_configs/{config}"),
        format!("{ACCOUNTS}/{id}"),
    ] {
        let text = client.get(&path).await.text;
        assert!(!text.contains(CLIENT_SECRET), "{path}: {text}");
    }
}

#[tokio::test]
async fn accounts_go_on_with_the_app_that_they_were_connected_by() {
    let place = Place::with(&app(CLIENT_ID)).await;
    let config = place.managed_config().await;
    let id = place.stage.oauth_account(&config, "ada").await;
    place
        .reload(&with_former("the-new-app", CLIENT_ID))
        .unwrap();
    assert_eq!(place.refresh(&id).await.expect(200)["status"], "ACTIVE");
    let requests = place.stage.provider.token_requests();
    assert_eq!(requests.last().unwrap()["client_id"], CLIENT_ID);
    assert_eq!(place.stage.account(&id).await["status_reason"], Value::Null);
    // New users are shown the new app.
    let (_, url) = place.consent_url(&config).await;
    assert!(url.contains("client_id=the-new-app"), "{url}");
}

#[tokio::test]
async fn a_new_secret_of_the_same_app_is_used_at_once() {
    let place = Place::with(&app(CLIENT_ID)).await;
    let config = place.managed_config().await;
    let id = place.stage.oauth_account(&config, "ada").await;
    place
        .reload(&format!(
            "acme: {{client_id: {CLIENT_ID}, client_secret: a-new-secret}}\n"
        ))
        .unwrap();
    place.refresh(&id).await;
    let requests = place.stage.provider.token_requests();
    assert_eq!(requests.last().unwrap()["client_secret"], "a-new-secret");
}

#[tokio::test]
async fn an_account_whose_app_is_gone_says_so_and_works_until_its_token_ends() {
    let place = Place::with(&app(CLIENT_ID)).await;
    let config = place.managed_config().await;
    let id = place.stage.oauth_account(&config, "ada").await;
    for gone in [app("another-app"), "{}\n".into()] {
        place.reload(&gone).unwrap();
        let account = place.stage.account(&id).await;
        assert_eq!(account["status"], "ACTIVE");
        let reason = account["status_reason"].as_str().unwrap();
        assert!(
            reason.contains("removed the OAuth app client-of-tests"),
            "{reason}"
        );
        let call = json!({ "connected_account_id": id, "user_id": "ada", "arguments": {} });
        let path = "/api/v3/tools/execute/ACME_GET_ME";
        let done = place.stage.server.client.post(path, call).await.expect(200);
        assert_eq!(done["successful"], true);
    }
    // Put back, it is refreshed again.
    place
        .reload(&with_former("another-app", CLIENT_ID))
        .unwrap();
    assert_eq!(place.stage.account(&id).await["status_reason"], Value::Null);
    place.refresh(&id).await.expect(200);
}

#[tokio::test]
async fn a_refresh_by_an_app_that_is_gone_is_refused_and_expires_nothing() {
    let place = Place::with(&app(CLIENT_ID)).await;
    let config = place.managed_config().await;
    let id = place.stage.oauth_account(&config, "ada").await;
    place.reload(&app("another-app")).unwrap();
    let error = place.refresh(&id).await.error(400);
    assert_eq!(
        error["message"],
        "the account was connected by the OAuth app `client-of-tests`, which this server no longer has"
    );
    assert!(
        error["suggested_fix"]
            .as_str()
            .unwrap()
            .contains("`former`")
    );
    assert_eq!(place.stage.account(&id).await["status"], "ACTIVE");
}

#[tokio::test]
async fn a_user_who_is_at_the_provider_while_the_app_changes_gets_connected() {
    let place = Place::with(&app(CLIENT_ID)).await;
    let config = place.managed_config().await;
    let (id, url) = place.consent_url(&config).await;
    place
        .reload(&with_former("the-new-app", CLIENT_ID))
        .unwrap();
    assert_eq!(place.stage.consent(&url).await.status, 200);
    assert_eq!(place.stage.account(&id).await["status"], "ACTIVE");
}

#[tokio::test]
async fn a_file_with_a_mistake_changes_nothing() {
    let place = Place::with(&app(CLIENT_ID)).await;
    for (apps, problem) in [
        (
            "acme:\n  client_id: x\n",
            "apps.yaml:2: acme: client_secret or client_secret_file is missing",
        ),
        (
            "nosuch: {client_id: x, client_secret: y}\n",
            "apps.yaml:1: the toolkit `nosuch` does not exist",
        ),
        (
            "hackernews: {client_id: x, client_secret: y}\n",
            "apps.yaml:1: the toolkit `hackernews` has no OAUTH2",
        ),
    ] {
        let error = place.reload(apps).unwrap_err();
        let problems = error.shown().errors;
        assert!(
            problems.iter().any(|line| line.ends_with(problem)),
            "{problems:#?}"
        );
    }
    let config = place.managed_config().await;
    place.stage.oauth_account(&config, "ada").await;
}

#[tokio::test]
async fn an_app_may_send_browsers_back_to_an_address_of_its_own() {
    let forwarder = Forwarder::start().await;
    let place =
        Place::with(&(app(CLIENT_ID) + &format!("  redirect_uri: {}\n", forwarder.url))).await;
    forwarder.lead_to(&place.stage.server.base);
    let config = place.managed_config().await;
    let (id, url) = place.consent_url(&config).await;
    let at_forwarder = place.stage.consent(&url).await;
    let back = at_forwarder.header("location").unwrap();
    assert_eq!(place.stage.open(back).await.status, 200);
    assert_eq!(place.stage.account(&id).await["status"], "ACTIVE");
}

#[tokio::test]
async fn a_managed_account_is_revoked_by_the_app_that_it_was_connected_by() {
    let place = Place::with(&app(CLIENT_ID)).await;
    let config = place.managed_config().await;
    let id = place.stage.oauth_account(&config, "ada").await;
    place
        .reload(&with_former("the-new-app", CLIENT_ID))
        .unwrap();
    place.stage.server.clock.advance(Duration::from_secs(1));
    let path = format!("/api/v3.1/connected_accounts/{id}/revoke");
    place
        .stage
        .server
        .client
        .post(&path, json!({}))
        .await
        .expect(200);
    for request in place.stage.provider.revocations() {
        assert_eq!(request["client_id"], CLIENT_ID);
    }
    assert!(place.stage.provider.tokens().is_empty());
}
