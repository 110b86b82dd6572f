//! Connected accounts put into the database as they stand there, past the checks of the API: also
//! such as an older version or another hand could have left.

use serde_json::{Value, json};
use tenon::crypto::Place;
use tenon::ids::{AccountId, AuthConfigId, ProjectId};
use tenon::scheme::Scheme;
use tenon::storage::auth_configs::{self, AuthConfig};
use tenon::storage::changes::Change;
use tenon::storage::connected_accounts::{self, ConnectedAccount, Status};
use tenon::tenancy;

use super::secrets;
use super::server::TestServer;

/// An account to be.
pub struct NewAccount<'a> {
    pub toolkit: &'a str,
    pub user: &'a str,
    pub scheme: Scheme,
    /// What the account holds.
    pub values: Value,
    /// What its auth config holds.
    pub config: Value,
    /// The tools that the auth config lets be executed; none for all.
    pub tools: Option<Vec<String>>,
}

impl<'a> NewAccount<'a> {
    pub fn new(toolkit: &'a str, scheme: Scheme, values: Value) -> Self {
        Self {
            toolkit,
            user: "ada",
            scheme,
            values,
            config: json!({}),
            tools: None,
        }
    }

    /// Stores it in the server's first project, and gives its id.
    pub async fn store(self, server: &TestServer) -> String {
        secrets::note_all(&self.values);
        secrets::note_all(&self.config);
        let now = server.clock.now();
        let project = first_project(server).await;
        let open = tenancy::open_project(&server.app, &project)
            .await
            .expect("the project");
        let (config_id, id) = (AuthConfigId::generate(), AccountId::generate());
        let seal = |table, row: &str, value: &Value| {
            let place = Place {
                table,
                row,
                column: "credentials",
            };
            open.data_key.seal_json(place, value).expect("sealed")
        };
        let config = AuthConfig {
            credentials: seal(
                "auth_configs",
                config_id.as_str(),
                &json!({ "credentials": self.config }),
            ),
            id: config_id.clone(),
            project_id: project.clone(),
            toolkit: self.toolkit.to_owned(),
            name: "test".into(),
            scheme: self.scheme,
            managed: false,
            enabled: true,
            enabled_for_tool_router: true,
            tools_for_account_creation: None,
            tools_for_execution: self.tools,
            created_at: now,
            updated_at: now,
        };
        let account = ConnectedAccount {
            credentials: seal("connected_accounts", id.as_str(), &self.values),
            id: id.clone(),
            project_id: project.clone(),
            auth_config_id: config_id,
            toolkit: self.toolkit.to_owned(),
            user_id: self.user.to_owned(),
            alias: None,
            scheme: self.scheme,
            status: Status::Active,
            status_reason: None,
            enabled: true,
            token_generation: 1,
            token_expires_at: None,
            connect_by: None,
            created_at: now,
            updated_at: now,
        };
        let mut tx = server.app.db.begin().await.expect("a transaction");
        auth_configs::insert(tx.conn(), &config)
            .await
            .expect("stored");
        connected_accounts::insert(tx.conn(), &account)
            .await
            .expect("stored");
        tx.changed(Change::Account {
            project,
            id: id.clone(),
            user: account.user_id.clone(),
            toolkit: account.toolkit.clone(),
        });
        tx.commit().await.expect("committed");
        id.as_str().to_owned()
    }
}

/// The project that the server's first key opens.
pub async fn first_project(server: &TestServer) -> ProjectId {
    let key = tenancy::authenticate(&server.app, &server.api_key)
        .await
        .expect("a key");
    key.project_id.clone().expect("a project key")
}
