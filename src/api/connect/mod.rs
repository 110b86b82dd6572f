//! What a user's browser sees while an account is connected: the hosted link page, and the address
//! that OAuth providers send the browser back to.

mod callback;
mod form;
mod form_guard;
mod input;
mod link;
mod mcp_grant;
mod message;
mod page;
mod scopes;

use axum::Router;
use axum::routing::get;

use crate::app::App;
use crate::config::OAUTH_CALLBACK_PATH;

/// The callback, under every prefix of the API.
pub(super) fn callback_routes() -> Router<App> {
    let routes = get(callback::return_from_provider).head(callback::look);
    Router::new().route(OAUTH_CALLBACK_PATH, routes)
}

/// The hosted pages, at an address short enough to be read out.
pub(super) fn page_routes() -> Router<App> {
    Router::new()
        .route("/link/{token}", get(link::show).post(link::submit))
        .route(
            "/oauth/authorize",
            get(mcp_grant::show).post(mcp_grant::submit),
        )
}
