//! What connected accounts look like in answers.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::state::{ShownStatus, State};
use crate::accounts::connect::{Begun, MadeLink};
use crate::accounts::renew::Refreshed;
use crate::accounts::revoke::Revoked;
use crate::accounts::{AccountView, word_id};
use crate::api::middleware::ApiVersion;
use crate::ids::{AccountId, AuthConfigId, JobId, legacy_uuid};
use crate::scheme::Scheme;
use crate::storage::connected_accounts::{ConnectedAccount, Status};
use crate::time::Timestamp;

/// The name of the status that callers see. Clients of `/api/v3` do not know `REVOKED`.
pub(super) fn shown_status(account: &ConnectedAccount, api: ApiVersion) -> &'static str {
    match (account.status, api) {
        (Status::Revoked, ApiVersion::V3) => Status::Expired.name(),
        // What is revoked does not come back by being enabled.
        (Status::Revoked, ApiVersion::V3_1) => Status::Revoked.name(),
        (_, ApiVersion::V3 | ApiVersion::V3_1) if !account.enabled => "INACTIVE",
        (status, ApiVersion::V3 | ApiVersion::V3_1) => status.name(),
    }
}

/// Why an account has the status it shows, or what is to be known of it although it is active.
fn shown_reason(view: &AccountView) -> Option<String> {
    let (account, is_active) = (&view.account, view.account.status == Status::Active);
    match &account.status_reason {
        Some(reason) if !is_active => return Some(reason.clone()),
        _ if !account.enabled => return Some("it was disabled by the project".into()),
        _ if is_active && !view.config.enabled => {
            return Some("its auth config is disabled".into());
        }
        _ => {}
    }
    match &view.lost_app {
        Some(app) if is_active => Some(format!(
            "the server's operator removed the OAuth app {app} that it was connected by: it works \
             until its token ends, then the user must connect again"
        )),
        _ => account.status_reason.clone(),
    }
}

/// Values with the status among them.
fn state(view: &AccountView, status: &'static str) -> Map<String, Value> {
    let mut val = Map::new();
    val.insert("status".into(), status.into());
    val.extend(view.values.clone());
    // The word that clients have for the status they see.
    if status == Status::Expired.name()
        && let Some(instant) = val.shift_remove("revoked_at")
    {
        val.insert("expired_at".into(), instant);
    }
    val
}

/// A toolkit, by its slug.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectedAccountToolkit)]
struct AccountToolkit {
    /// Its slug.
    slug: String,
}

/// An auth config as it stands in an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectedAccountAuthConfig)]
struct AccountAuthConfig {
    /// Its id.
    #[schema(value_type = String, example = "ac_1a2b3c4d5e6f")]
    id: AuthConfigId,
    /// How users connect.
    auth_scheme: Scheme,
    /// Whether it uses the operator's OAuth app.
    is_composio_managed: bool,
    /// Whether it lets its accounts be used.
    is_disabled: bool,
    /// Names of an older API.
    #[schema(required = false)]
    deprecated: DeprecatedConfigNames,
}

/// Names of an older API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectedAccountAuthConfigDeprecated)]
struct DeprecatedConfigNames {
    /// The auth config's id as a UUID.
    uuid: String,
}

/// Names of an older API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectedAccountDeprecated)]
struct DeprecatedNames {
    /// Always empty.
    labels: Vec<String>,
    /// The account's id as a UUID.
    uuid: String,
}

/// A connected account: a user's credentials for a toolkit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectedAccount)]
pub(super) struct AccountItem {
    /// What it connects to.
    toolkit: AccountToolkit,
    /// How it was connected.
    auth_config: AccountAuthConfig,
    /// Its id.
    #[schema(value_type = String, example = "ca_1a2b3c4d5e6f")]
    id: AccountId,
    /// Your name for the user.
    user_id: String,
    /// A name that a model can say: the toolkit and two words.
    #[schema(required = false)]
    word_id: String,
    /// Your name for the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    alias: Option<String>,
    /// How far the connection has come; only `ACTIVE` ones are used.
    #[schema(value_type = ShownStatus)]
    status: &'static str,
    /// When it was made.
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String)]
    updated_at: Timestamp,
    /// Scheme and values.
    state: State,
    /// The values of `state`, for older clients.
    #[schema(value_type = Object, deprecated)]
    data: Map<String, Value>,
    /// Why it is in this status.
    #[schema(required)]
    status_reason: Option<String>,
    /// Whether the project lets nobody use it.
    is_disabled: bool,
    /// The path that shows whose credentials they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    test_request_endpoint: Option<String>,
    /// Names of an older API.
    #[schema(required = false)]
    deprecated: DeprecatedNames,
}

impl AccountItem {
    pub(super) fn new(view: AccountView, api: ApiVersion) -> Self {
        let status = shown_status(&view.account, api);
        let val = state(&view, status);
        let status_reason = shown_reason(&view);
        let AccountView {
            account,
            config,
            values: _,
            params: _,
            identity_path,
            lost_app: _,
        } = view;
        Self {
            toolkit: AccountToolkit {
                slug: account.toolkit.clone(),
            },
            auth_config: AccountAuthConfig {
                id: config.id.clone(),
                auth_scheme: config.scheme,
                is_composio_managed: config.managed,
                is_disabled: !config.enabled,
                deprecated: DeprecatedConfigNames {
                    uuid: legacy_uuid(config.id.as_str()),
                },
            },
            word_id: word_id(&account.toolkit, &account.id),
            status,
            state: State {
                auth_scheme: account.scheme,
                val: val.clone(),
            },
            data: val,
            is_disabled: !account.enabled,
            test_request_endpoint: identity_path,
            deprecated: DeprecatedNames {
                labels: Vec::new(),
                uuid: legacy_uuid(account.id.as_str()),
            },
            id: account.id,
            user_id: account.user_id,
            alias: account.alias,
            created_at: account.created_at,
            updated_at: account.updated_at,
            status_reason,
        }
    }
}

/// One account, with what it was begun with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectedAccountDetail)]
pub(super) struct AccountDetail {
    #[serde(flatten)]
    item: AccountItem,
    /// The toolkit's own fields that the user gave.
    #[schema(value_type = Object, deprecated)]
    params: Map<String, Value>,
}

impl AccountDetail {
    pub(super) fn new(mut view: AccountView, api: ApiVersion) -> Self {
        let params = std::mem::take(&mut view.params);
        Self {
            params,
            item: AccountItem::new(view, api),
        }
    }
}

/// A connection that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedConnectedAccount {
    /// The account's id.
    #[schema(value_type = String, example = "ca_1a2b3c4d5e6f")]
    id: AccountId,
    /// Scheme and values; `redirectUrl` is where the user goes on.
    #[serde(rename = "connectionData")]
    connection_data: State,
    /// As in `connectionData`.
    #[schema(value_type = ShownStatus, deprecated)]
    status: &'static str,
    /// As in `connectionData`.
    #[schema(required, deprecated)]
    redirect_url: Option<String>,
    /// As in `connectionData`.
    #[schema(required, deprecated)]
    redirect_uri: Option<String>,
    /// Names of an older API.
    deprecated: DeprecatedIds,
}

/// Names of an older API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedConnectedAccountDeprecated)]
struct DeprecatedIds {
    /// The account's id as a UUID.
    uuid: String,
    /// The auth config's id as a UUID.
    #[serde(rename = "authConfigUuid")]
    auth_config_uuid: String,
}

impl CreatedConnectedAccount {
    pub(super) fn new(begun: Begun, api: ApiVersion) -> Self {
        let Begun { view, redirect_url } = begun;
        let status = shown_status(&view.account, api);
        Self {
            connection_data: State {
                auth_scheme: view.account.scheme,
                val: state(&view, status),
            },
            status,
            redirect_uri: redirect_url.clone(),
            redirect_url,
            deprecated: DeprecatedIds {
                uuid: legacy_uuid(view.account.id.as_str()),
                auth_config_uuid: legacy_uuid(view.config.id.as_str()),
            },
            id: view.account.id,
        }
    }
}

/// A link to the page where a user connects.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedLink {
    /// Opens the page; keep it as carefully as a password until it is used.
    link_token: String,
    /// The page.
    redirect_url: String,
    /// Until when.
    #[schema(value_type = String)]
    expires_at: Timestamp,
    /// The account that is connected there.
    #[schema(value_type = String, example = "ca_1a2b3c4d5e6f")]
    connected_account_id: AccountId,
}

impl From<MadeLink> for CreatedLink {
    fn from(link: MadeLink) -> Self {
        let MadeLink {
            token,
            url,
            expires_at,
            account,
        } = link;
        Self {
            link_token: token,
            redirect_url: url.into(),
            expires_at,
            connected_account_id: account,
        }
    }
}

/// It was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectedAccountDone)]
pub(super) struct Done {
    /// Always `true`.
    success: bool,
}

impl Done {
    pub(super) const fn new() -> Self {
        Self { success: true }
    }
}

/// An account that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeletedConnectedAccount {
    /// Always `true`.
    success: bool,
    /// The background job that gives its grant back to the provider, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "job_1a2b3c4d5e6f")]
    revoke_job_id: Option<JobId>,
}

impl DeletedConnectedAccount {
    pub(super) const fn new(revoke_job_id: Option<JobId>) -> Self {
        Self {
            success: true,
            revoke_job_id,
        }
    }
}

/// A grant that was given back to its provider.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RevokedConnectedAccount {
    /// What the provider took back now; empty when it was worthless already.
    revoked_tokens: Vec<RevokedToken>,
    /// The account that held it.
    connected_account: RevokedAccount,
}

/// A kind of value that was given back.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RevokedToken {
    /// An OAuth 2 access token.
    AccessToken,
    /// An OAuth 2 refresh token.
    RefreshToken,
    /// Anything else.
    Credential,
}

/// An account whose grant was given back.
#[derive(Debug, Serialize, ToSchema)]
struct RevokedAccount {
    /// Its id.
    #[schema(value_type = String, example = "ca_1a2b3c4d5e6f")]
    id: AccountId,
    /// Its status now: `REVOKED`, or `EXPIRED` under `/api/v3`, whose clients do not know the word.
    status: &'static str,
}

impl RevokedConnectedAccount {
    pub(super) fn new(revoked: Revoked, api: ApiVersion) -> Self {
        let Revoked { account, tokens } = revoked;
        let mut revoked_tokens = Vec::new();
        for name in tokens {
            let token = match name.as_str() {
                "access_token" => RevokedToken::AccessToken,
                "refresh_token" => RevokedToken::RefreshToken,
                _ => RevokedToken::Credential,
            };
            if !revoked_tokens.contains(&token) {
                revoked_tokens.push(token);
            }
        }
        Self {
            revoked_tokens,
            connected_account: RevokedAccount {
                status: shown_status(&account, api),
                id: account.id,
            },
        }
    }
}

/// An account that was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UpdatedConnectedAccount {
    /// The account's id.
    #[schema(value_type = String, example = "ca_1a2b3c4d5e6f")]
    id: AccountId,
    /// Its status now.
    #[schema(value_type = ShownStatus)]
    status: &'static str,
    /// Always `true`.
    success: bool,
}

impl UpdatedConnectedAccount {
    pub(super) fn new(account: ConnectedAccount, api: ApiVersion) -> Self {
        Self {
            status: shown_status(&account, api),
            id: account.id,
            success: true,
        }
    }
}

/// What came of a refresh.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefreshedConnectedAccount {
    /// The account's id.
    #[schema(value_type = String, example = "ca_1a2b3c4d5e6f")]
    id: AccountId,
    /// Its status now.
    #[schema(value_type = ShownStatus)]
    status: &'static str,
    /// Where the user must go, when only the user can help.
    #[schema(required)]
    redirect_url: Option<String>,
}

impl RefreshedConnectedAccount {
    pub(super) fn new(refreshed: Refreshed, api: ApiVersion) -> Self {
        let Refreshed {
            account,
            redirect_url,
        } = refreshed;
        Self {
            status: shown_status(&account, api),
            id: account.id,
            redirect_url,
        }
    }
}
