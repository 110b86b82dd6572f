//! Connected accounts: a user's credentials for a toolkit.

mod answer;
mod filter;
mod request;
mod state;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::extract::{Json, Path, Query, flag};
use super::listing::Listing;
use super::middleware::ApiVersion;
use crate::accounts;
use crate::accounts::revoke::GiveBack;
use crate::accounts::{connect, manage, renew, revoke, update};
use crate::app::App;
use crate::error::Result;
use crate::executor;
use crate::ids::AccountId;
use crate::paging::PageRequest;
use answer::{
    AccountDetail, AccountItem, CreatedConnectedAccount, CreatedLink, DeletedConnectedAccount,
    Done, RefreshedConnectedAccount, RevokedConnectedAccount, UpdatedConnectedAccount,
};
use filter::ListConnectedAccountsQuery;
use request::{
    CreateConnectedAccountBody, CreateLinkBody, RefreshBody, SetEnabledBody,
    UpdateConnectedAccountBody, web_url,
};

/// The status reason of an account that was revoked here.
const REVOKED_BY_CALLER: &str = "the project gave the grant back to the provider (revoke)";

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_connected_accounts, create_connected_account))
        .routes(routes!(create_connect_link))
        .routes(routes!(
            get_connected_account,
            update_connected_account,
            delete_connected_account
        ))
        .routes(routes!(set_connected_account_status))
        .routes(routes!(refresh_connected_account))
        .routes(routes!(revoke_connected_account))
}

/// List connected accounts
///
/// The project's accounts, a page at a time. Filters narrow the list together; a filter with
/// several values lets each of them through.
#[utoipa::path(
    get, path = "/connected_accounts", tag = "Connected Accounts",
    security(("ApiKeyAuth" = [])),
    params(ListConnectedAccountsQuery),
    responses((status = 200, description = "One page of accounts", body = Listing<AccountItem>)),
)]
async fn list_connected_accounts(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListConnectedAccountsQuery>,
) -> Result<Json<Listing<AccountItem>>> {
    let page = PageRequest::new(query.limit, query.cursor.as_deref())?;
    let order = query.order();
    let filter = query.into_filter(caller.api)?;
    let list = accounts::list(&app, &caller.project, &filter, order, page).await?;
    let list = list.map(|view| AccountItem::new(view, caller.api));
    Ok(Json(list.into()))
}

/// Connect an account
///
/// Connects a user's account by an auth config. Credentials in `connection.state` make it `ACTIVE`
/// at once. Without them it is `INITIATED`, and `connectionData.val.redirectUrl` is where the user
/// goes on: to the provider's consent, or to a page that asks for what is missing. An unfinished
/// connection ends after ten minutes.
#[utoipa::path(
    post, path = "/connected_accounts", tag = "Connected Accounts",
    security(("ApiKeyAuth" = [])),
    request_body(
        content = CreateConnectedAccountBody,
        example = json!({
            "auth_config": { "id": "ac_1a2b3c4d5e6f" },
            "connection": {
                "user_id": "user-1",
                "state": {
                    "authScheme": "API_KEY",
                    "val": { "status": "ACTIVE", "generic_api_key": "…" }
                }
            }
        }),
    ),
    responses((status = 201, description = "The account", body = CreatedConnectedAccount)),
)]
async fn create_connected_account(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateConnectedAccountBody>,
) -> Result<(StatusCode, Json<CreatedConnectedAccount>)> {
    let validate = body.validate_credentials;
    let prepared = connect::prepare(&app, &caller.project, body.into_request()?).await?;
    if validate && let Some((toolkit, credentials)) = prepared.to_try() {
        executor::try_credentials(&app, toolkit, credentials).await?;
    }
    let begun = connect::initiate(&app, prepared).await?;
    Ok((
        StatusCode::CREATED,
        Json(CreatedConnectedAccount::new(begun, caller.api)),
    ))
}

/// Make a connect link
///
/// Makes a link to a page of this server where a user connects an account: it asks for what the
/// toolkit needs, or leads to the provider's consent. The link works once, for ten minutes.
#[utoipa::path(
    post, path = "/connected_accounts/link", tag = "Connected Accounts",
    security(("ApiKeyAuth" = [])),
    request_body(
        content = CreateLinkBody,
        example = json!({
            "auth_config_id": "ac_1a2b3c4d5e6f",
            "user_id": "user-1",
            "callback_url": "https://app.example.com/connected?plan=pro"
        }),
    ),
    responses((status = 201, description = "The link", body = CreatedLink)),
)]
async fn create_connect_link(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateLinkBody>,
) -> Result<(StatusCode, Json<CreatedLink>)> {
    let link = connect::link(&app, &caller.project, body.into_request()?).await?;
    Ok((StatusCode::CREATED, Json(link.into())))
}

/// Get a connected account
///
/// One account. While the user is connecting it, ask until `status` is `ACTIVE`; `FAILED` and
/// `EXPIRED` are final, and `status_reason` says why.
#[utoipa::path(
    get, path = "/connected_accounts/{nanoid}", tag = "Connected Accounts",
    security(("ApiKeyAuth" = [])),
    params(("nanoid" = String, Path, description = "The account's id",
        example = "ca_1a2b3c4d5e6f")),
    responses((status = 200, description = "The account", body = AccountDetail)),
)]
async fn get_connected_account(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<Json<AccountDetail>> {
    let view = accounts::get(&app, &caller.project, &id).await?;
    Ok(Json(AccountDetail::new(view, caller.api)))
}

/// Change a connected account
///
/// Gives the account another alias, or replaces single credentials of an account that was not
/// connected by OAuth. All of it is done or nothing.
#[utoipa::path(
    patch, path = "/connected_accounts/{nanoid}", tag = "Connected Accounts",
    security(("ApiKeyAuth" = [])),
    params(("nanoid" = String, Path, description = "The account's id",
        example = "ca_1a2b3c4d5e6f")),
    request_body(content = UpdateConnectedAccountBody, example = json!({ "alias": "work" })),
    responses((status = 200, description = "It is changed", body = UpdatedConnectedAccount)),
)]
async fn update_connected_account(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
    Json(body): Json<UpdateConnectedAccountBody>,
) -> Result<Json<UpdatedConnectedAccount>> {
    let validate = body.validate_credentials;
    let prepared = update::prepare_update(&app, &caller.project, &id, body.into_update()?).await?;
    if validate && let Some((toolkit, credentials)) = prepared.to_try() {
        executor::try_credentials(&app, toolkit, credentials).await?;
    }
    let account = update::apply_update(&app, prepared).await?;
    Ok(Json(UpdatedConnectedAccount::new(account, caller.api)))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct DeleteConnectedAccountQuery {
    /// Whether the grant is given back to the provider in the background. Where it is absent:
    /// `false` under `/api/v3.1`; under `/api/v3` it is, unless the user has another account by the
    /// same auth config, which may live on the same grant.
    #[serde(default, deserialize_with = "flag")]
    #[param(nullable = false)]
    revoke_on_delete: Option<bool>,
}

/// Delete a connected account
///
/// Removes the account and its credentials at once. This cannot be undone: the user has to connect
/// again. Where the provider takes grants back, it can be given back in the background;
/// `revoke_job_id` shows that it is.
#[utoipa::path(
    delete, path = "/connected_accounts/{nanoid}", tag = "Connected Accounts",
    security(("ApiKeyAuth" = [])),
    params(
        ("nanoid" = String, Path, description = "The account's id", example = "ca_1a2b3c4d5e6f"),
        DeleteConnectedAccountQuery,
    ),
    responses((status = 200, description = "It is gone", body = DeletedConnectedAccount)),
)]
async fn delete_connected_account(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
    Query(query): Query<DeleteConnectedAccountQuery>,
) -> Result<Json<DeletedConnectedAccount>> {
    let mode = match (query.revoke_on_delete, caller.api) {
        (Some(true), _) => GiveBack::Always,
        (None, ApiVersion::V3) => GiveBack::UnlessShared,
        (Some(false), _) | (None, ApiVersion::V3_1) => GiveBack::Never,
    };
    let job = manage::delete(&app, &caller.project, &id, mode).await?;
    Ok(Json(DeletedConnectedAccount::new(job)))
}

/// Revoke a connected account
///
/// Gives the account's grant back to the provider and removes its credentials here. The account
/// stays, `REVOKED`, once the provider has confirmed it; revoking it again changes nothing. Answers
/// 400 where the provider takes nothing back, 409 where there is nothing to give back, and 502, with
/// the account unchanged, where the provider did not confirm.
#[utoipa::path(
    post, path = "/connected_accounts/{nanoid}/revoke", tag = "Connected Accounts",
    security(("ApiKeyAuth" = [])),
    params(("nanoid" = String, Path, description = "The account's id",
        example = "ca_1a2b3c4d5e6f")),
    responses((status = 200, description = "It is revoked", body = RevokedConnectedAccount)),
)]
async fn revoke_connected_account(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<Json<RevokedConnectedAccount>> {
    let revoked = revoke::revoke(&app, &caller.project, &id, REVOKED_BY_CALLER).await?;
    Ok(Json(RevokedConnectedAccount::new(revoked, caller.api)))
}

/// Enable or disable a connected account
///
/// A disabled account keeps its credentials, shows as `INACTIVE`, and is used by nobody.
#[utoipa::path(
    patch, path = "/connected_accounts/{nanoid}/status", tag = "Connected Accounts",
    security(("ApiKeyAuth" = [])),
    params(("nanoid" = String, Path, description = "The account's id",
        example = "ca_1a2b3c4d5e6f")),
    request_body(content = SetEnabledBody, example = json!({ "enabled": false })),
    responses((status = 200, description = "It is so", body = Done)),
)]
async fn set_connected_account_status(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
    Json(body): Json<SetEnabledBody>,
) -> Result<Json<Done>> {
    manage::set_enabled(&app, &caller.project, &id, body.enabled).await?;
    Ok(Json(Done::new()))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct RefreshQuery {
    /// Where the user's browser goes, if the user must consent again; the body's stands above it.
    #[param(nullable = false)]
    redirect_url: Option<String>,
}

/// Refresh a connected account
///
/// Gets a new access token by the refresh token. Where there is none, or the provider took the
/// grant back, `redirect_url` is where the user consents again; an account that works goes on
/// working meanwhile. For schemes without tokens nothing happens. With `validate_credentials` the
/// toolkit's "who am I" request is made, and a user whose credentials the service refuses is asked
/// for new ones. With `reconnect` the user is asked in any case, and may choose another site where
/// the consent reaches several.
#[utoipa::path(
    post, path = "/connected_accounts/{nanoid}/refresh", tag = "Connected Accounts",
    security(("ApiKeyAuth" = [])),
    params(
        ("nanoid" = String, Path, description = "The account's id", example = "ca_1a2b3c4d5e6f"),
        RefreshQuery,
    ),
    request_body(content = Option<RefreshBody>, example = json!({})),
    responses((status = 200, description = "How it stands now",
        body = RefreshedConnectedAccount)),
)]
async fn refresh_connected_account(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
    Query(query): Query<RefreshQuery>,
    Json(body): Json<Option<RefreshBody>>,
) -> Result<Json<RefreshedConnectedAccount>> {
    let RefreshBody {
        redirect_url,
        validate_credentials,
        reconnect,
    } = body.unwrap_or_default();
    let callback_url = redirect_url
        .or(query.redirect_url)
        .filter(|url| !url.is_empty())
        .map(|url| web_url("redirect_url", url))
        .transpose()?;
    let project = &caller.project;
    if reconnect {
        let refreshed = renew::ask_again(&app, project, &id, callback_url).await?;
        return Ok(Json(RefreshedConnectedAccount::new(refreshed, caller.api)));
    }
    let mut refreshed = renew::renew(&app, project, &id, callback_url.clone()).await?;
    if validate_credentials
        && refreshed.redirect_url.is_none()
        && !executor::lets_in(&app, &refreshed.account).await?
    {
        refreshed = renew::ask_again(&app, project, &id, callback_url).await?;
    }
    Ok(Json(RefreshedConnectedAccount::new(refreshed, caller.api)))
}
