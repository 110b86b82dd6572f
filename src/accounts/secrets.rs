//! Opens and seals the secrets of auth configs and accounts. What is opened lives as long as a
//! call; memory and database hold it sealed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::choice::Granted;
use super::consent::Memory;
use crate::app::App;
use crate::auth_schemes::oauth2::registration::Registration;
use crate::caches::OpenProject;
use crate::crypto::{DataKey, Place};
use crate::error::Result;
use crate::ids::{AccountId, AttemptId, AuthConfigId, ProjectId};
use crate::storage::auth_configs::AuthConfig;
use crate::storage::connected_accounts::ConnectedAccount;
use crate::storage::connection_attempts::ConnectionAttempt;
use crate::tenancy;

/// The sealed part of an auth config.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct ConfigSecrets {
    /// `client_id`, `client_secret`, `scopes`, `oauth_redirect_uri` and fields of the toolkit.
    pub credentials: Map<String, Value>,
    /// Values that every account of the config has unless it has its own.
    #[serde(default)]
    pub shared_credentials: Map<String, Value>,
    /// The API key that made the config (`key_…`); no secret, but of no use elsewhere.
    #[serde(default)]
    pub created_by: String,
    /// The client that a provider registered for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
}

impl ConfigSecrets {
    /// A credential as text, if it is there and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.credentials
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// A credential that is a list of texts.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let values = self.credentials.get(name).and_then(Value::as_array);
        values
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    /// What accounts inherit: the shared values and the toolkit's own fields, without the OAuth
    /// app's secret.
    pub(super) fn inherited(&self) -> Map<String, Value> {
        let own = [
            "client_secret",
            "scopes",
            "user_scopes",
            "oauth_redirect_uri",
        ];
        let mut values = self.credentials.clone();
        values.retain(|name, _| !own.contains(&name.as_str()));
        values.extend(self.shared_credentials.clone());
        values
    }

    /// What a connection that has `own` works with: those over what it inherits.
    pub(super) fn inherited_with(&self, own: Map<String, Value>) -> Map<String, Value> {
        let mut values = self.inherited();
        values.extend(own);
        values
    }
}

/// What an attempt must remember until the browser returns.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct AttemptSecrets {
    /// RFC 7636 section 4.1.
    #[serde(default)]
    pub code_verifier: Option<String>,
    /// The scopes that were asked for, with spaces between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The client that asked, where it is a registered one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
    /// What the provider was shown and must be shown again.
    #[serde(default)]
    pub memory: Memory,
    /// The request token and its secret (RFC 5849 section 2.1).
    #[serde(default)]
    pub request_token: Option<(String, String)>,
    /// Whether the caller's URL gets the names that `initiate` has always used as well.
    #[serde(default)]
    pub camel_case_callback: bool,
    /// The grant that waits for its user to choose what the account is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Granted>,
}

/// Opens and seals for one project.
pub(super) struct Keyring(DataKey);

impl Keyring {
    /// The project's keyring. Asks the database when the project is not known yet, so it is taken
    /// before a transaction begins.
    pub(super) async fn of(app: &App, project: &ProjectId) -> Result<Self> {
        Ok(Self::in_hand(&*tenancy::open_project(app, project).await?))
    }

    /// The keyring of a project that is open already.
    pub(super) fn in_hand(open: &OpenProject) -> Self {
        Self(open.data_key.clone())
    }

    pub(super) fn open_config(&self, config: &AuthConfig) -> Result<ConfigSecrets> {
        self.0
            .open_json(config_place(&config.id), &config.credentials)
    }

    pub(super) fn seal_config(
        &self,
        id: &AuthConfigId,
        secrets: &ConfigSecrets,
    ) -> Result<Vec<u8>> {
        self.0.seal_json(config_place(id), secrets)
    }

    pub(super) fn open_account(&self, account: &ConnectedAccount) -> Result<Map<String, Value>> {
        self.0
            .open_json(account_place(&account.id), &account.credentials)
    }

    pub(super) fn seal_account(
        &self,
        id: &AccountId,
        values: &Map<String, Value>,
    ) -> Result<Vec<u8>> {
        self.0.seal_json(account_place(id), values)
    }

    pub(super) fn open_attempt(&self, attempt: &ConnectionAttempt) -> Result<AttemptSecrets> {
        self.0
            .open_json(attempt_place(&attempt.id), &attempt.secrets)
    }

    /// Opens what was sealed for a place of the project.
    pub(super) fn open<T: serde::de::DeserializeOwned>(
        &self,
        place: Place<'_>,
        blob: &[u8],
    ) -> Result<T> {
        self.0.open_json(place, blob)
    }

    /// Seals a value for a place of the project.
    pub(super) fn seal<T: Serialize>(&self, place: Place<'_>, value: &T) -> Result<Vec<u8>> {
        self.0.seal_json(place, value)
    }

    pub(super) fn seal_attempt(&self, id: &AttemptId, secrets: &AttemptSecrets) -> Result<Vec<u8>> {
        self.0.seal_json(attempt_place(id), secrets)
    }
}

fn config_place(id: &AuthConfigId) -> Place<'_> {
    Place {
        table: "auth_configs",
        row: id.as_str(),
        column: "credentials",
    }
}

fn account_place(id: &AccountId) -> Place<'_> {
    Place {
        table: "connected_accounts",
        row: id.as_str(),
        column: "credentials",
    }
}

fn attempt_place(id: &AttemptId) -> Place<'_> {
    Place {
        table: "connection_attempts",
        row: id.as_str(),
        column: "secrets",
    }
}
