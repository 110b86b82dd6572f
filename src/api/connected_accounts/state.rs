//! The state of a connection, as the document describes it: every scheme's values in one object.
//! Requests and answers are read and written as JSON objects, since toolkits add names of their own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::scheme::Scheme;

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = ConnectionStatus)]
pub(super) enum ShownStatus {
    /// Made, but nothing was asked of the user yet.
    Initializing,
    /// Waits for the user; ends after ten minutes.
    Initiated,
    /// Can be used.
    Active,
    /// The user refused, or the provider did.
    Failed,
    /// Was not finished in time, or the provider took the grant back.
    Expired,
    /// Disabled by the project.
    Inactive,
}

/// Scheme and values of a connection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionState)]
pub(super) struct State {
    /// How the account is connected.
    #[serde(rename = "authScheme")]
    pub(super) auth_scheme: Scheme,
    /// Status and values; secrets are cut to four characters and `...` unless the project shows
    /// them.
    #[schema(value_type = StateValues)]
    pub(super) val: Map<String, Value>,
}

/// Scheme and values of a connection that is made or changed.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewConnectionState)]
pub(super) struct GivenState {
    /// Must be the auth config's.
    #[serde(rename = "authScheme")]
    pub(super) auth_scheme: Scheme,
    /// `status` and values. With `ACTIVE` every required value must be there.
    #[schema(value_type = StateValues)]
    pub(super) val: Map<String, Value>,
}

/// Status and values.
#[derive(ToSchema)]
#[schema(as = ConnectionStateValues)]
#[expect(
    dead_code,
    reason = "describes an object that is read and written as JSON"
)]
pub(super) struct StateValues {
    /// How far the connection has come.
    status: ShownStatus,
    #[serde(flatten)]
    values: Values,
}

/// A lifetime in seconds, as a number or a text.
#[derive(ToSchema)]
#[schema(as = ConnectionLifetime)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "describes a value that is read and written as JSON"
)]
enum Lifetime {
    Number(f64),
    Text(String),
}

/// Scopes, as a text or a list.
#[derive(ToSchema)]
#[schema(as = ConnectionScopes)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "describes a value that is read and written as JSON"
)]
enum Scopes {
    Text(String),
    List(Vec<String>),
}

/// What Slack says of the user beside the bot.
#[derive(ToSchema)]
#[schema(as = ConnectionAuthedUser)]
#[expect(
    dead_code,
    reason = "describes an object that is read and written as JSON"
)]
struct AuthedUser {
    #[schema(nullable = false)]
    access_token: Option<String>,
    #[schema(nullable = false)]
    scope: Option<String>,
}

/// The names that official clients know. A toolkit may have others, and asks for those it declares.
#[derive(ToSchema)]
#[schema(as = ConnectionValues)]
#[expect(
    dead_code,
    reason = "describes an object that is read and written as JSON"
)]
pub(super) struct Values {
    #[schema(nullable = false)]
    subdomain: Option<String>,
    #[serde(rename = "your-domain")]
    #[schema(nullable = false)]
    your_domain: Option<String>,
    #[schema(nullable = false)]
    region: Option<String>,
    #[schema(nullable = false)]
    shop: Option<String>,
    #[schema(nullable = false)]
    account_url: Option<String>,
    #[serde(rename = "COMPANYDOMAIN")]
    #[schema(nullable = false)]
    company_domain: Option<String>,
    #[schema(nullable = false)]
    extension: Option<String>,
    #[schema(nullable = false)]
    form_api_base_url: Option<String>,
    #[serde(rename = "instanceEndpoint")]
    #[schema(nullable = false)]
    instance_endpoint: Option<String>,
    #[schema(nullable = false)]
    api_url: Option<String>,
    #[schema(nullable = false)]
    borneo_dashboard_url: Option<String>,
    #[schema(nullable = false)]
    proxy_username: Option<String>,
    #[schema(nullable = false)]
    proxy_password: Option<String>,
    #[schema(nullable = false)]
    domain: Option<String>,
    #[schema(nullable = false)]
    version: Option<String>,
    #[schema(nullable = false)]
    dc: Option<String>,
    #[schema(nullable = false)]
    site_name: Option<String>,
    #[serde(rename = "instanceName")]
    #[schema(nullable = false)]
    instance_name: Option<String>,
    #[schema(nullable = false)]
    account_id: Option<String>,
    #[schema(nullable = false)]
    your_server: Option<String>,
    #[schema(nullable = false)]
    server_location: Option<String>,
    #[schema(nullable = false)]
    base_url: Option<String>,
    #[schema(nullable = false)]
    oauth_token: Option<String>,
    #[serde(rename = "authUri")]
    #[schema(nullable = false)]
    auth_uri: Option<String>,
    #[schema(nullable = false)]
    oauth_token_secret: Option<String>,
    /// Where the user goes to finish the connection.
    #[serde(rename = "redirectUrl")]
    #[schema(nullable = false)]
    redirect_url: Option<String>,
    #[serde(rename = "callbackUrl")]
    #[schema(nullable = false)]
    callback_url: Option<String>,
    #[schema(nullable = false)]
    oauth_verifier: Option<String>,
    #[schema(nullable = false)]
    consumer_key: Option<String>,
    #[serde(rename = "callback_url")]
    #[schema(nullable = false)]
    callback_url_snake: Option<String>,
    #[schema(nullable = false)]
    error: Option<String>,
    #[schema(nullable = false)]
    error_description: Option<String>,
    #[schema(nullable = false)]
    expired_at: Option<String>,
    #[schema(nullable = false)]
    state_prefix: Option<String>,
    #[schema(nullable = false)]
    long_redirect_url: Option<bool>,
    #[schema(nullable = false)]
    code_verifier: Option<String>,
    #[serde(rename = "finalRedirectUri")]
    #[schema(nullable = false)]
    final_redirect_uri: Option<String>,
    #[schema(nullable = false)]
    webhook_signature: Option<String>,
    #[schema(nullable = false)]
    access_token: Option<String>,
    #[schema(nullable = false)]
    id_token: Option<String>,
    #[schema(nullable = false)]
    token_type: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<Lifetime>,
    scope: Option<Scopes>,
    #[schema(nullable = false)]
    authed_user: Option<AuthedUser>,
    #[schema(nullable = false)]
    generic_api_key: Option<String>,
    #[schema(nullable = false)]
    api_key: Option<String>,
    #[schema(nullable = false)]
    bearer_token: Option<String>,
    #[schema(nullable = false)]
    basic_encoded: Option<String>,
    #[schema(nullable = false)]
    username: Option<String>,
    #[schema(nullable = false)]
    password: Option<String>,
    #[schema(nullable = false)]
    token: Option<String>,
    #[schema(nullable = false)]
    composio_link_redirect_url: Option<String>,
    #[schema(nullable = false)]
    credentials_json: Option<String>,
    #[serde(rename = "sessionId")]
    #[schema(nullable = false)]
    session_id: Option<String>,
    #[serde(rename = "devKey")]
    #[schema(nullable = false)]
    dev_key: Option<String>,
    #[schema(nullable = false)]
    application_id: Option<String>,
    #[schema(nullable = false)]
    installation_id: Option<String>,
    #[schema(nullable = false)]
    private_key: Option<String>,
    #[schema(nullable = false)]
    client_id: Option<String>,
    #[schema(nullable = false)]
    client_secret: Option<String>,
    #[schema(nullable = false)]
    client_id_issued_at: Option<f64>,
    #[schema(nullable = false)]
    client_secret_expires_at: Option<f64>,
    /// What else the toolkit declares or the provider adds.
    #[serde(flatten)]
    further: Map<String, Value>,
}
