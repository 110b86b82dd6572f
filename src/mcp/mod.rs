//! MCP: the door by which agents' own clients come in, over Streamable HTTP.
//!
//! Nothing is kept from one request to the next, so any replica answers any of them: a client's session
//! id is only a name for what it has under way, and what a URL opens is read from the database.

mod accept;
mod batch;
mod call;
mod cancel;
mod door;
mod fault;
mod initialize;
mod message;
mod methods;
mod opened;
mod origin;
mod progress;
mod revision;
mod site;
mod stream;
mod tools;

use axum::Router;
use axum::routing::post;

use crate::app::App;

/// The URLs of MCP servers and sessions.
pub fn routes() -> Router<App> {
    let servers = || post(door::post_to_server).fallback(door::other_method);
    let sessions = || post(door::post_to_session).fallback(door::other_method);
    Router::new()
        .route("/v3/mcp/{server}", servers())
        .route("/v3/mcp/{server}/mcp", servers())
        .route("/tool_router/{session}/mcp", sessions())
}
