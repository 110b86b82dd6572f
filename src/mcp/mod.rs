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
mod stream;
mod tools;

use axum::Router;
use axum::routing::post;

use crate::app::App;

/// The URLs of MCP servers.
pub fn routes() -> Router<App> {
    let methods = || post(door::post).fallback(door::other_method);
    Router::new()
        .route("/v3/mcp/{server}", methods())
        .route("/v3/mcp/{server}/mcp", methods())
}
