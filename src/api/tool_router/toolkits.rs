//! The toolkits of a session, and whether its user is connected to them.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts;
use crate::api::auth::Caller;
use crate::api::extract::{CommaList, Json, Path, Query, flag, number};
use crate::api::listing::Listing;
use crate::app::App;
use crate::catalog::{Toolkit, ToolkitFilter};
use crate::error::{Error, Result};
use crate::ids::SessionId;
use crate::paging::PageRequest;
use crate::scheme::Scheme;
use crate::sessions::{Connections, Scope};
use crate::storage::connected_accounts::ConnectedAccount;

/// Toolkits on a page when the caller names no limit.
const TOOLKITS_ON_A_PAGE: i64 = 20;

/// A toolkit of a session.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct SessionToolkit {
    /// For people.
    #[schema(example = "GitHub")]
    name: String,
    /// Its slug.
    #[schema(example = "github")]
    slug: String,
    /// Whether the session lets it through.
    enabled: bool,
    /// Whether its tools work without an account.
    is_no_auth: bool,
    /// The schemes for which this installation brings an app of its own.
    #[schema(value_type = Vec<String>, example = json!(["OAUTH2"]))]
    composio_managed_auth_schemes: Vec<Scheme>,
    /// What it is.
    #[schema(inline)]
    meta: SessionToolkitMeta,
    /// The account that calls use where they name none; null where the user has none.
    #[schema(required = true)]
    connected_account: Option<SessionAccount>,
}

/// What a toolkit is.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct SessionToolkitMeta {
    /// URL of its logo; empty when there is none.
    #[schema(format = "uri")]
    logo: String,
    /// What the service is.
    description: String,
}

/// An account of the session's user.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct SessionAccount {
    /// Its id.
    #[schema(format = "connectedAccountId", example = "ca_1a2b3c4d5e6f")]
    id: String,
    /// Your name for the user.
    user_id: String,
    /// Its status.
    #[schema(example = "ACTIVE")]
    status: String,
    /// When it was connected.
    #[schema(format = "date-time")]
    created_at: String,
    /// By which auth config.
    #[schema(inline)]
    auth_config: SessionAuthConfig,
}

/// The auth config of an account.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct SessionAuthConfig {
    /// Its id.
    #[schema(example = "ac_1a2b3c4d5e6f")]
    id: String,
    /// The scheme.
    #[schema(value_type = String, example = "OAUTH2")]
    auth_scheme: Scheme,
    /// Whether it uses this installation's own app.
    is_composio_managed: bool,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SessionToolkitsQuery {
    /// Toolkits on a page, at most 1000.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<f64>, nullable)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Exactly these toolkits, by slug, even those that the session does not let through; `enabled`
    /// tells them apart.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>, nullable)]
    toolkits: Option<CommaList>,
    /// Only those that the user is connected to.
    #[serde(default, deserialize_with = "flag")]
    #[param(nullable, default = false)]
    is_connected: Option<bool>,
    /// Text in slug, name or description.
    #[param(nullable = false)]
    search: Option<String>,
}

/// List a session's toolkits
///
/// What the session lets through, the most used first, each with the account that calls would use.
#[utoipa::path(
    get, path = "/tool_router/session/{session_id}/toolkits", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id",
        example = "trs_1a2b3c4d5e6f"), SessionToolkitsQuery),
    responses((status = 200, description = "One page of toolkits", body = Listing<SessionToolkit>)),
)]
pub(super) async fn list_session_toolkits(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SessionId>,
    Query(query): Query<SessionToolkitsQuery>,
) -> Result<Json<Listing<SessionToolkit>>> {
    let limit = query.limit.unwrap_or(TOOLKITS_ON_A_PAGE);
    let page = PageRequest::new(Some(limit), query.cursor.as_deref())?;
    let scope = Scope::of_session(&app, &caller.project, &id).await?;
    let named = query.toolkits.unwrap_or_default().0;
    let filter = ToolkitFilter {
        include_deprecated: !named.is_empty(),
        slugs: named,
        search: query.search.map(|text| text.trim().to_owned()),
        ..ToolkitFilter::default()
    };
    let mut toolkits = scope.catalog.list_toolkits(&filter);
    if filter.slugs.is_empty() {
        toolkits.retain(|toolkit| scope.permits_toolkit(toolkit));
    }
    let connections = scope.connections(&app, &[]).await?;
    if let Some(wanted) = query.is_connected.filter(|wanted| *wanted) {
        toolkits.retain(|toolkit| account(&connections, toolkit).is_some() == wanted);
    }
    let page = page.slice(&toolkits);
    let mut items = Vec::new();
    for toolkit in &page.items {
        let used = account(&connections, toolkit);
        items.push(SessionToolkit {
            name: toolkit.manifest.name.clone(),
            slug: toolkit.manifest.slug.clone(),
            enabled: scope.permits_toolkit(toolkit),
            is_no_auth: toolkit.no_auth(),
            composio_managed_auth_schemes: toolkit.managed_schemes(),
            meta: SessionToolkitMeta {
                logo: toolkit.manifest.logo.clone(),
                description: toolkit.manifest.description.trim().to_owned(),
            },
            connected_account: match used {
                Some(used) => shown(&app, used).await?,
                None => None,
            },
        });
    }
    Ok(Json(page.with(items).into()))
}

fn account<'c>(connections: &'c Connections, toolkit: &Toolkit) -> Option<&'c ConnectedAccount> {
    connections.of(&toolkit.manifest.slug)?.default_account()
}

/// An account with its auth config; none when that is about to go.
async fn shown(app: &App, account: &ConnectedAccount) -> Result<Option<SessionAccount>> {
    let (project, id) = (&account.project_id, &account.auth_config_id);
    let config = match accounts::find_auth_config(app, project, id).await {
        Ok(config) => config,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(SessionAccount {
        id: account.id.as_str().to_owned(),
        user_id: account.user_id.clone(),
        status: account.status.name().to_owned(),
        created_at: account.created_at.to_text(),
        auth_config: SessionAuthConfig {
            id: config.id.as_str().to_owned(),
            auth_scheme: config.scheme,
            is_composio_managed: config.managed,
        },
    }))
}
