//! Links by which a session's user connects an account.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::connect::MadeLink;
use crate::api::auth::Caller;
use crate::api::extract::{Json, Path};
use crate::app::App;
use crate::error::Result;
use crate::ids::SessionId;
use crate::sessions::{LinkWish, Scope};

/// A request for a link.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SessionLinkBody {
    /// Slug of the toolkit to connect, in any case.
    #[schema(min_length = 1, example = "github")]
    toolkit: String,
    /// Where the user's browser goes in the end; the session's own where left out.
    #[serde(default)]
    #[schema(nullable = false, format = "uri")]
    callback_url: Option<String>,
    /// Your name for the account, of which a user has one a toolkit.
    #[serde(default)]
    #[schema(nullable = false, example = "work")]
    alias: Option<String>,
}

/// A link to the page where the user connects.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionLink {
    /// Opens the page.
    link_token: String,
    /// The page.
    #[schema(format = "uri")]
    redirect_url: String,
    /// The account that is connected there.
    #[schema(format = "connectedAccountId", example = "ca_1a2b3c4d5e6f")]
    connected_account_id: String,
}

/// Make a link to connect
///
/// For the session's user, by the session's auth config for the toolkit, else the project's newest; where
/// there is none, one is made if that takes nobody's credentials.
#[utoipa::path(
    post, path = "/tool_router/session/{session_id}/link", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id",
        example = "trs_1a2b3c4d5e6f")),
    request_body(content = SessionLinkBody, example = json!({ "toolkit": "github" })),
    responses((status = 201, description = "The link", body = SessionLink)),
)]
pub(super) async fn create_session_link(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SessionId>,
    Json(body): Json<SessionLinkBody>,
) -> Result<(StatusCode, Json<SessionLink>)> {
    let SessionLinkBody {
        toolkit,
        callback_url,
        alias,
    } = body;
    let scope = Scope::of_session(&app, &caller.project, &id).await?;
    let wish = LinkWish {
        toolkit,
        callback_url,
        alias,
    };
    let MadeLink {
        token,
        url,
        expires_at: _,
        account,
    } = scope.link(&app, wish).await?;
    Ok((
        StatusCode::CREATED,
        Json(SessionLink {
            link_token: token,
            redirect_url: url.into(),
            connected_account_id: account.as_str().to_owned(),
        }),
    ))
}
