//! Providers that differ from RFC 6749 as manifests say, client credentials, and clients that are
//! registered for an auth config.

mod choosing;
mod client_credentials;
mod post_connect;
mod quirks;
mod registration;
mod unchosen;

use serde_json::{Value, json};

use crate::support::authorization_server::AuthorizationServer;
use crate::support::client::Reply;
use crate::support::server::TestServer;
use crate::support::toolkits::ToolkitsFolder;

const ID: &str = "client of tests";
/// What form-encoding changes, and Base64 as well.
const SECRET: &str = "s3cret:@+/% &=of-tests";

/// A server, a provider, and one toolkit, `quirky`.
struct Stage {
    server: TestServer,
    provider: AuthorizationServer,
    _folder: ToolkitsFolder,
}

impl Stage {
    /// With this auth block; `{base}` in it stands for the provider.
    async fn with(rest: &str) -> Self {
        let provider = AuthorizationServer::start().await;
        provider.know(ID, SECRET);
        let folder = ToolkitsFolder::empty().with_kit("quirky", &provider.base, rest, TOOLS);
        let path = folder.path();
        let flags = ["--allow-cidrs", "127.0.0.0/8", "--toolkits-dir", &path];
        let server = TestServer::with(&flags).await;
        let stage = Self {
            server,
            provider,
            _folder: folder,
        };
        let body = json!({ "mask_secret_keys_in_connected_account": false });
        let shown = stage
            .server
            .client
            .patch("/api/v3/org/project/config", body);
        shown.await.expect(200);
        stage
    }

    async fn make_config(&self, auth_config: Value) -> Reply {
        let body = json!({ "toolkit": { "slug": "quirky" }, "auth_config": auth_config });
        self.server.client.post("/api/v3/auth_configs", body).await
    }

    async fn config(&self, auth_config: Value) -> String {
        let made = self.make_config(auth_config).await.expect(201);
        made["auth_config"]["id"].as_str().unwrap().to_owned()
    }

    async fn custom(&self, scheme: &str, credentials: Value) -> String {
        let custom = json!({
            "type": "use_custom_auth", "authScheme": scheme, "credentials": credentials,
        });
        self.config(custom).await
    }

    async fn initiate(&self, config: &str, connection: Value) -> Reply {
        let body = json!({ "auth_config": { "id": config }, "connection": connection });
        let accounts = "/api/v3/connected_accounts";
        self.server.client.post(accounts, body).await
    }

    /// Id and URL of a connection that waits for the user.
    async fn begin(&self, config: &str, connection: Value) -> (String, String) {
        let made = self.initiate(config, connection).await.expect(201);
        let url = made["connectionData"]["val"]["redirectUrl"].as_str();
        let url = url.unwrap().to_owned();
        (made["id"].as_str().unwrap().to_owned(), url)
    }

    /// To the provider and back.
    async fn consent(&self, url: &str) -> Reply {
        let provider = self.server.anonymous.get(url).await;
        let back = provider
            .header("location")
            .expect("the way back")
            .to_owned();
        self.server.anonymous.get(&back).await
    }

    async fn account(&self, id: &str) -> Value {
        let path = format!("/api/v3/connected_accounts/{id}");
        self.server.client.get(&path).await.expect(200)
    }

    async fn call(&self, id: &str) -> Reply {
        let body = json!({ "connected_account_id": id, "arguments": {} });
        let path = "/api/v3/tools/execute/QUIRKY_GET_ME";
        self.server.client.post(path, body).await
    }

    /// A call that brings its credentials.
    async fn call_with(&self, scheme: &str, val: Value) -> Reply {
        let data = json!({ "authScheme": scheme, "toolkitSlug": "quirky", "val": val });
        let body = json!({ "custom_connection_data": data, "arguments": {} });
        let path = "/api/v3/tools/execute/QUIRKY_GET_ME";
        self.server.client.post(path, body).await
    }

    async fn execute(&self, id: &str) -> Value {
        self.call(id).await.expect(200)
    }

    /// A call by an account that must not work any more.
    async fn refused(&self, id: &str) {
        assert_eq!(
            self.call(id).await.error(400)["slug"],
            "connected_account_unusable"
        );
    }
}

const TOOLS: &str = "  - slug: QUIRKY_GET_ME\n    name: Get me\n    description: Who am I.\n    \
                     request: {method: GET, path: /api/me}\n";
