//! HTTP: one of the doors, and the only layer that knows axum. [`api_routes`] is the table of
//! contents.

pub mod auth;
mod auth_configs;
mod client_address;
mod connect;
mod connected_accounts;
mod execute;
pub mod extract;
mod failure;
mod files;
mod health;
mod listing;
mod logs;
mod mcp;
mod mcp_oauth;
pub mod middleware;
mod not_built;
pub mod openapi;
mod projects;
mod reference;
mod schema_fields;
mod session_info;
mod tool_router;
mod toolkits;
mod tools;
mod unread;

use std::net::SocketAddr;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use middleware::ApiVersion;

/// The documented API, mounted under `/api/v3` and `/api/v3.1`.
pub(crate) fn api_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(session_info::routes())
        .merge(projects::routes())
        .merge(toolkits::routes())
        .merge(tools::routes())
        .merge(execute::routes())
        .merge(files::routes())
        .merge(logs::routes())
        .merge(auth_configs::routes())
        .merge(connected_accounts::routes())
        .merge(mcp::routes())
        .merge(tool_router::routes())
}

/// The whole server.
pub fn router(app: &App) -> Router {
    let versioned = |version: ApiVersion| {
        let (router, _) = api_routes().split_for_parts();
        router
            .merge(connect::callback_routes())
            .merge(files::content_routes())
            .merge(not_built::routes())
            .route_layer(axum::Extension(version))
    };
    let routed = Router::new()
        .nest("/api/v3", versioned(ApiVersion::V3))
        .nest("/api/v3.1", versioned(ApiVersion::V3_1))
        .merge(connect::page_routes())
        .merge(crate::mcp::routes())
        .merge(mcp_oauth::routes())
        .merge(health::routes())
        .merge(openapi::routes())
        .with_state(app.clone());
    middleware::with_manners(routed, app.config.max_body_bytes)
}

/// Answers requests until the server stops; those under way are finished first.
pub async fn serve(app: App, listener: TcpListener) {
    let stopping = app.stopping.clone();
    // Answers are small and whole: the kernel must not hold one back to wait for more.
    let listener = listener.tap_io(|stream| {
        if let Err(cause) = stream.set_nodelay(true) {
            tracing::debug!(%cause, "a connection without TCP_NODELAY");
        }
    });
    let service = router(&app).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service)
        .with_graceful_shutdown(async move { stopping.cancelled().await })
        .await;
    if let Err(cause) = served {
        tracing::error!(%cause, "the HTTP server ended");
    }
}
