//! What requests about connected accounts bring.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::state::{GivenState, Values};
use crate::accounts::DEFAULT_USER;
use crate::accounts::connect::{NewConnection, NewLink, web_address};
use crate::accounts::update::AccountUpdate;
use crate::error::{Error, Result};
use crate::ids::AuthConfigId;

/// An auth config, named by its id.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AuthConfigName)]
struct AuthConfigName {
    /// Its id.
    #[schema(value_type = String, example = "ac_1a2b3c4d5e6f")]
    id: AuthConfigId,
}

/// A connection to be made.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CreateConnectedAccountBody {
    /// How it is made.
    auth_config: AuthConfigName,
    /// Whose it is, and what is known of it.
    connection: ConnectionBody,
    /// Whether the credentials are tried at the service before they are kept.
    #[serde(default)]
    #[schema(default = false)]
    pub(super) validate_credentials: bool,
}

/// Whose a connection is, and what is known of it.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewConnectedAccount)]
struct ConnectionBody {
    /// Scheme and values; without them the user is asked.
    #[schema(nullable = false)]
    state: Option<GivenState>,
    /// The values alone, as older clients send them.
    #[schema(value_type = Option<Object>, nullable = false, deprecated)]
    data: Option<Map<String, Value>>,
    /// Your name for the user.
    #[schema(default = "default", nullable = false)]
    user_id: Option<String>,
    /// Your name for the account; no other of the user and toolkit may have it.
    #[schema(nullable = false)]
    alias: Option<String>,
    /// Where the user's browser goes in the end; `status` and `connected_account_id` are added.
    #[schema(nullable = false)]
    callback_url: Option<String>,
    /// The same, as older clients call it.
    #[schema(nullable = false, deprecated)]
    redirect_uri: Option<String>,
    /// Read by nobody; accepted from older clients.
    #[serde(default, rename = "deprecated_is_v1_rerouted")]
    #[schema(nullable = false, deprecated)]
    _deprecated_is_v1_rerouted: Option<bool>,
    /// Features that clients try out. Shared accounts are not built.
    #[schema(value_type = Option<Object>, nullable = false)]
    experimental: Option<Map<String, Value>>,
}

impl CreateConnectedAccountBody {
    /// The request, as the service takes it.
    ///
    /// # Errors
    /// When a URL is none, a status cannot be begun with, or something is not built.
    pub(super) fn into_request(self) -> Result<NewConnection> {
        let Self {
            auth_config,
            connection,
            validate_credentials: _,
        } = self;
        let ConnectionBody {
            state,
            data,
            user_id,
            alias,
            callback_url,
            redirect_uri,
            _deprecated_is_v1_rerouted: _,
            experimental,
        } = connection;
        refuse_sharing(experimental.as_ref())?;
        let callback_url = match callback_url.filter(|url| !url.is_empty()) {
            Some(url) => Some(web_url("connection.callback_url", url)?),
            None => redirect_uri
                .filter(|url| !url.is_empty())
                .map(|url| web_url("connection.redirect_uri", url))
                .transpose()?,
        };
        let (scheme, values) = match state {
            Some(GivenState { auth_scheme, val }) => (Some(auth_scheme), val),
            None => (None, data.unwrap_or_default()),
        };
        let status = values.get("status").and_then(Value::as_str);
        let (is_complete, enabled) = match status {
            Some("ACTIVE") => (true, true),
            Some("INACTIVE") => (true, false),
            None | Some("INITIALIZING" | "INITIATED") => (false, true),
            Some(_) => {
                let problem = "connection.state.val.status: a connection begins with ACTIVE, \
                               INITIATED or INITIALIZING";
                return Err(Error::fields(vec![problem.into()]));
            }
        };
        Ok(NewConnection {
            auth_config: auth_config.id,
            user: user_id.unwrap_or_else(|| DEFAULT_USER.into()),
            alias,
            callback_url,
            scheme,
            is_complete,
            enabled,
            values,
        })
    }
}

/// A link to be made.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CreateLinkBody {
    /// How the user connects.
    #[schema(value_type = String, example = "ac_1a2b3c4d5e6f")]
    auth_config_id: AuthConfigId,
    /// Your name for the user.
    #[schema(min_length = 1, example = "user-1")]
    user_id: String,
    /// Your name for the account; no other of the user and toolkit may have it.
    #[schema(nullable = false)]
    alias: Option<String>,
    /// Where the user's browser goes in the end; `status` and `connected_account_id` are added.
    #[schema(nullable = false)]
    callback_url: Option<String>,
    /// Fields that the page need not ask for.
    #[schema(value_type = Option<Values>, nullable = false)]
    connection_data: Option<Map<String, Value>>,
    /// Features that clients try out. Shared accounts are not built.
    #[schema(value_type = Option<Object>, nullable = false)]
    experimental: Option<Map<String, Value>>,
}

impl CreateLinkBody {
    /// The request, as the service takes it.
    ///
    /// # Errors
    /// When the URL is none, or something is not built.
    pub(super) fn into_request(self) -> Result<NewLink> {
        let Self {
            auth_config_id,
            user_id,
            alias,
            callback_url,
            connection_data,
            experimental,
        } = self;
        refuse_sharing(experimental.as_ref())?;
        Ok(NewLink {
            auth_config: auth_config_id,
            user: user_id,
            alias,
            callback_url: callback_url
                .filter(|url| !url.is_empty())
                .map(|url| web_url("callback_url", url))
                .transpose()?,
            values: connection_data.unwrap_or_default(),
        })
    }
}

/// A change of an account; what is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct UpdateConnectedAccountBody {
    /// Your name for the account; empty removes it.
    #[schema(nullable = false)]
    alias: Option<String>,
    /// New credentials.
    #[schema(nullable = false)]
    connection: Option<ConnectionUpdate>,
    /// Whether new credentials are tried at the service before they are kept.
    #[serde(default)]
    #[schema(default = false)]
    pub(super) validate_credentials: bool,
    /// Features that clients try out. Shared accounts are not built.
    #[schema(value_type = Option<Object>, nullable = false)]
    experimental: Option<Map<String, Value>>,
}

/// New credentials of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ConnectedAccountUpdate)]
struct ConnectionUpdate {
    /// The account's scheme, and single values; null removes one.
    state: GivenUpdate,
}

/// The account's scheme, and single values.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ConnectedAccountStateUpdate)]
struct GivenUpdate {
    /// Must be the account's.
    #[serde(rename = "authScheme")]
    auth_scheme: crate::scheme::Scheme,
    /// Single values; null removes one.
    #[schema(value_type = Object)]
    val: Map<String, Value>,
}

impl UpdateConnectedAccountBody {
    /// The change, as the service takes it.
    ///
    /// # Errors
    /// When something is not built.
    pub(super) fn into_update(self) -> Result<AccountUpdate> {
        let Self {
            alias,
            connection,
            validate_credentials: _,
            experimental,
        } = self;
        if experimental.is_some_and(|features| !features.is_empty()) {
            return Err(sharing());
        }
        let credentials = connection.map(
            |ConnectionUpdate {
                 state: GivenUpdate { auth_scheme, val },
             }| (auth_scheme, val),
        );
        Ok(AccountUpdate { alias, credentials })
    }
}

/// Whether an account is to be enabled.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SetEnabledBody {
    /// `false` keeps the account and lets nobody use it.
    pub(super) enabled: bool,
}

/// How an account is to be renewed.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct RefreshBody {
    /// Where the user's browser goes, if the user must consent again.
    #[schema(nullable = false)]
    pub(super) redirect_url: Option<String>,
    /// Whether the credentials are tried at the service afterwards.
    #[serde(default)]
    #[schema(required = false)]
    pub(super) validate_credentials: bool,
    /// Whether the user is asked again although the account works: for other credentials, other
    /// permissions or another site. An extension of ours.
    #[serde(default)]
    #[schema(required = false)]
    pub(super) reconnect: bool,
}

/// An absolute address of the web: the user's browser is sent there.
///
/// # Errors
/// [`Error::Invalid`] that names the field.
pub(super) fn web_url(field: &str, text: String) -> Result<String> {
    if web_address(&text).is_some() {
        return Ok(text);
    }
    Err(Error::fields(vec![format!(
        "{field}: must be an absolute http or https URL of at most 4096 characters, without a user \
         name in it"
    )]))
}

/// Private accounts are what every account is.
fn refuse_sharing(experimental: Option<&Map<String, Value>>) -> Result<()> {
    let kind = experimental.and_then(|features| features.get("account_type"));
    match kind.and_then(Value::as_str) {
        Some("SHARED") => Err(sharing()),
        _ => Ok(()),
    }
}

fn sharing() -> Error {
    Error::NotImplemented("sharing connected accounts between users".into())
}
