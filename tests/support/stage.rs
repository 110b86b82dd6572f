//! A server, a provider, and toolkits that lead from one to the other.

use serde_json::{Value, json};

use super::client::{Client, Reply};
use super::kits;
use super::provider::{CLIENT_ID, CLIENT_SECRET, FakeProvider};
use super::server::TestServer;
use super::toolkits::ToolkitsFolder;

/// What most tests of connections stand on.
pub struct Stage {
    pub server: TestServer,
    pub provider: FakeProvider,
    _folder: ToolkitsFolder,
}

impl Stage {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With further flags of the server.
    pub async fn with(flags: &[&str]) -> Self {
        let provider = FakeProvider::start().await;
        let folder = kits::folder(&provider.base);
        let path = folder.path();
        let own = [
            "--allow-cidrs",
            "127.0.0.0/8",
            "--toolkits-dir",
            path.as_str(),
        ];
        let server = TestServer::with(&[&own, flags].concat()).await;
        Self {
            server,
            provider,
            _folder: folder,
        }
    }

    /// With the operator's own OAuth app for `acme`.
    pub async fn with_managed_app() -> Self {
        let (id, secret) = (format!("acme={CLIENT_ID}"), format!("acme={CLIENT_SECRET}"));
        Self::with(&["--oauth-client-id", &id, "--oauth-client-secret", &secret]).await
    }

    /// A second project of the same organisation, as a client with its key.
    pub async fn other_project(&self) -> Client {
        let body = json!({ "name": "other", "should_create_api_key": true });
        let made = self
            .server
            .org
            .post("/api/v3/org/owner/project/new", body)
            .await
            .expect(200);
        self.server
            .anonymous
            .with_header("x-api-key", made["api_key"].as_str().unwrap())
    }

    /// The id of a new custom auth config.
    pub async fn auth_config(&self, toolkit: &str, scheme: &str) -> String {
        let credentials = if scheme == "OAUTH2" {
            json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET })
        } else {
            json!({})
        };
        let body = json!({
            "toolkit": { "slug": toolkit },
            "auth_config": {
                "type": "use_custom_auth", "authScheme": scheme, "credentials": credentials,
            },
        });
        let made = self
            .server
            .client
            .post("/api/v3/auth_configs", body)
            .await
            .expect(201);
        made["auth_config"]["id"].as_str().unwrap().to_owned()
    }

    /// Begins a connection as `initiate` does; `connection` is that part of the body.
    pub async fn initiate(&self, auth_config: &str, connection: Value) -> Reply {
        let body = json!({ "auth_config": { "id": auth_config }, "connection": connection });
        self.server
            .client
            .post("/api/v3/connected_accounts", body)
            .await
    }

    /// Opens a page of the provider or the server as a browser does, without following redirects.
    pub async fn open(&self, url: &str) -> Reply {
        self.server.anonymous.get(url).await
    }

    /// Goes to the provider, whose user says yes (or no, as the provider behaves), and back to the
    /// server: the answer of its callback.
    pub async fn consent(&self, authorize_url: &str) -> Reply {
        let provider = self.open(authorize_url).await;
        let back = provider
            .header("location")
            .expect("the provider sends the browser back");
        self.open(back).await
    }

    /// An account of a user that was connected by OAuth.
    pub async fn oauth_account(&self, auth_config: &str, user: &str) -> String {
        let made = self
            .initiate(auth_config, json!({ "user_id": user }))
            .await
            .expect(201);
        let url = made["connectionData"]["val"]["redirectUrl"]
            .as_str()
            .unwrap();
        assert_eq!(self.consent(url).await.status, 200);
        made["id"].as_str().unwrap().to_owned()
    }

    /// An account as the API shows it.
    pub async fn account(&self, id: &str) -> Value {
        self.server
            .client
            .get(&format!("/api/v3/connected_accounts/{id}"))
            .await
            .expect(200)
    }

    /// The first project's id.
    pub async fn project(&self) -> tenon::ids::ProjectId {
        let info = self
            .server
            .client
            .get("/api/v3/auth/session/info")
            .await
            .expect(200);
        info["project"]["nano_id"]
            .as_str()
            .unwrap()
            .to_owned()
            .into()
    }

    /// Turns the project's masking of secrets off.
    pub async fn show_secrets(&self) {
        let body = json!({ "mask_secret_keys_in_connected_account": false });
        self.server
            .client
            .patch("/api/v3/org/project/config", body)
            .await
            .expect(200);
    }
}
