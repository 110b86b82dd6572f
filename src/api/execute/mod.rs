//! Executing tools, and calling a toolkit's API directly with an account's credentials.

pub(super) mod custom;
mod input;
pub(super) mod proxy;
mod scopes;
mod tool;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use crate::app::App;
use crate::executor::{CallContext, Reach};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(tool::execute_tool))
        .routes(routes!(input::generate_tool_input))
        .routes(routes!(proxy::execute_proxy_request))
        .routes(routes!(scopes::required_scopes))
        .routes(routes!(scopes::get_scopes_required))
}

pub(super) fn context(caller: Caller) -> CallContext {
    CallContext {
        project: caller.project,
        request_id: caller.request_id,
        reach: Reach::default(),
    }
}
