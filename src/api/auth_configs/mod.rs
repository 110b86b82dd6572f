//! Auth configs: how a project's users connect to a toolkit.

mod answer;
mod request;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::extract::{CommaList, Json, Path, Query, flag, number};
use super::listing::Listing;
use super::middleware::ApiVersion;
use crate::accounts::auth_configs;
use crate::app::App;
use crate::error::Result;
use crate::ids::AuthConfigId;
use crate::paging::PageRequest;
use crate::storage::auth_configs::ConfigFilter;
use answer::{AuthConfigDetail, ConfigStatus, CreatedAuthConfig, DeletedAuthConfig};
use request::{CreateAuthConfigBody, UpdateAuthConfigBody};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_auth_configs, create_auth_config))
        .routes(routes!(
            get_auth_config,
            update_auth_config,
            delete_auth_config
        ))
        .routes(routes!(set_auth_config_status))
}

/// Make an auth config
///
/// Says how users of this project connect to a toolkit: with credentials of yours
/// (`use_custom_auth`), or with the OAuth app that this server's operator registered for the
/// toolkit (`use_composio_managed_auth`, also the default). An auth config is made once and used
/// for every user.
#[utoipa::path(
    post, path = "/auth_configs", tag = "Auth Configs", security(("ApiKeyAuth" = [])),
    request_body(
        content = CreateAuthConfigBody,
        example = json!({
            "toolkit": { "slug": "github" },
            "auth_config": {
                "type": "use_custom_auth",
                "name": "GitHub of our team",
                "authScheme": "OAUTH2",
                "credentials": { "client_id": "Iv1.abc", "client_secret": "…", "scopes": "repo,user" }
            }
        }),
    ),
    responses((status = 201, description = "The auth config", body = CreatedAuthConfig)),
)]
async fn create_auth_config(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateAuthConfigBody>,
) -> Result<(StatusCode, Json<CreatedAuthConfig>)> {
    let request = body.into_request(caller.key.id.as_str())?;
    let config = auth_configs::create(&app, &caller.project, request).await?;
    Ok((StatusCode::CREATED, Json(config.into())))
}

/// A boolean, or its name.
#[derive(Debug, utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a parameter that is read as text")]
enum FlagOrText {
    Flag(bool),
    Text(String),
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListAuthConfigsQuery {
    /// Only those that use the operator's OAuth app (`true`), or only the others (`false`).
    #[serde(default, deserialize_with = "flag")]
    #[param(inline, value_type = Option<FlagOrText>, nullable = false)]
    is_composio_managed: Option<bool>,
    /// Slugs of toolkits, with commas between them.
    #[serde(default)]
    #[param(value_type = Option<String>, nullable = false, example = "github,gmail")]
    toolkit_slug: CommaList,
    /// Read by nobody; accepted from older clients.
    #[serde(default, rename = "deprecated_app_id")]
    #[param(nullable = false)]
    _deprecated_app_id: Option<String>,
    /// Read by nobody; accepted from older clients.
    #[serde(default, rename = "deprecated_status")]
    #[param(nullable = false)]
    _deprecated_status: Option<String>,
    /// Disabled ones too.
    #[serde(default, deserialize_with = "flag")]
    #[param(nullable)]
    show_disabled: Option<bool>,
    /// Part of the name, in any case.
    #[param(nullable = false)]
    search: Option<String>,
    /// Auth configs on a page, at most 1000.
    #[serde(default, deserialize_with = "number")]
    #[param(nullable)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List auth configs
///
/// The project's auth configs, newest first, a page at a time. Disabled ones are left out unless
/// `show_disabled` is set.
#[utoipa::path(
    get, path = "/auth_configs", tag = "Auth Configs", security(("ApiKeyAuth" = [])),
    params(ListAuthConfigsQuery),
    responses((status = 200, description = "One page of auth configs", body = Listing<AuthConfigDetail>)),
)]
async fn list_auth_configs(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListAuthConfigsQuery>,
) -> Result<Json<Listing<AuthConfigDetail>>> {
    let page = PageRequest::new(query.limit, query.cursor.as_deref())?;
    let filter = ConfigFilter {
        toolkits: query
            .toolkit_slug
            .0
            .iter()
            .map(|slug| slug.to_ascii_lowercase())
            .collect(),
        managed: query.is_composio_managed,
        with_disabled: query.show_disabled.unwrap_or(false),
        search: query.search,
    };
    Ok(Json(
        auth_configs::list(&app, &caller.project, &filter, page)
            .await?
            .map(AuthConfigDetail::from)
            .into(),
    ))
}

/// Get an auth config
///
/// One auth config, enabled or not. `expected_input_fields` says what a connection needs from the
/// user.
#[utoipa::path(
    get, path = "/auth_configs/{nanoid}", tag = "Auth Configs", security(("ApiKeyAuth" = [])),
    params(("nanoid" = String, Path, description = "The auth config's id",
        example = "ac_1a2b3c4d5e6f")),
    responses((status = 200, description = "The auth config", body = AuthConfigDetail)),
)]
async fn get_auth_config(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AuthConfigId>,
) -> Result<Json<AuthConfigDetail>> {
    Ok(Json(
        auth_configs::get(&app, &caller.project, &id).await?.into(),
    ))
}

/// Change an auth config
///
/// Replaces the values that are given and leaves the others. `type` must be the auth config's own:
/// `custom` or `default` (managed). Accounts that were connected before go on with the new
/// credentials.
#[utoipa::path(
    patch, path = "/auth_configs/{nanoid}", tag = "Auth Configs", security(("ApiKeyAuth" = [])),
    params(("nanoid" = String, Path, description = "The auth config's id",
        example = "ac_1a2b3c4d5e6f")),
    request_body(
        content = Option<UpdateAuthConfigBody>,
        example = json!({ "type": "custom", "credentials": { "client_secret": "…" } }),
    ),
    responses((status = 200, description = "It is changed", body = Object)),
)]
async fn update_auth_config(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AuthConfigId>,
    Json(body): Json<UpdateAuthConfigBody>,
) -> Result<Json<Value>> {
    auth_configs::update(&app, &caller.project, &id, body.into_update()?).await?;
    Ok(Json(json!({})))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct DeleteAuthConfigQuery {
    /// Whether the grants of its accounts are given back to the provider in the background. Where
    /// it is absent: yes under `/api/v3`, no under `/api/v3.1`.
    #[serde(default, deserialize_with = "flag")]
    #[param(nullable = false)]
    revoke_on_delete: Option<bool>,
}

/// Delete an auth config
///
/// Removes the auth config together with every account that was connected by it, and their
/// credentials, at once. This cannot be undone. Where the provider takes grants back, they can be
/// given back in the background; `revoke_job_id` shows that they are.
#[utoipa::path(
    delete, path = "/auth_configs/{nanoid}", tag = "Auth Configs", security(("ApiKeyAuth" = [])),
    params(
        ("nanoid" = String, Path, description = "The auth config's id",
            example = "ac_1a2b3c4d5e6f"),
        DeleteAuthConfigQuery,
    ),
    responses((status = 200, description = "It is gone", body = DeletedAuthConfig)),
)]
async fn delete_auth_config(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AuthConfigId>,
    Query(query): Query<DeleteAuthConfigQuery>,
) -> Result<Json<DeletedAuthConfig>> {
    let give_back = query
        .revoke_on_delete
        .unwrap_or(caller.api == ApiVersion::V3);
    let job = auth_configs::delete(&app, &caller.project, &id, give_back).await?;
    Ok(Json(DeletedAuthConfig::new(job)))
}

/// Enable or disable an auth config
///
/// While it is disabled, no account is connected by it and none of its accounts is used; nothing
/// is lost.
#[utoipa::path(
    patch, path = "/auth_configs/{nanoid}/{status}", tag = "Auth Configs",
    security(("ApiKeyAuth" = [])),
    params(
        ("nanoid" = String, Path, description = "The auth config's id",
            example = "ac_1a2b3c4d5e6f"),
        ("status" = inline(ConfigStatus), Path, description = "The status from now on"),
    ),
    responses((status = 200, description = "It has the status", body = Object)),
)]
async fn set_auth_config_status(
    State(app): State<App>,
    caller: Caller,
    Path((id, status)): Path<(AuthConfigId, ConfigStatus)>,
) -> Result<Json<Value>> {
    let enabled = match status {
        ConfigStatus::Enabled => true,
        ConfigStatus::Disabled => false,
    };
    auth_configs::set_enabled(&app, &caller.project, &id, enabled).await?;
    Ok(Json(json!({})))
}
