//! `/health` (the process lives) and `/ready` (it can serve).

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Value, json};

use super::extract::Json;
use crate::app::App;
use crate::error::{Error, Result};
use crate::storage::installation;

/// Outside the documented API.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
}

async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn ready(State(app): State<App>) -> Result<Json<Value>> {
    match ask_database(&app).await {
        Ok(()) => Ok(Json(json!({ "status": "ready" }))),
        Err(cause) => {
            tracing::warn!(cause = cause.with_causes(), "not ready");
            Err(Error::Unavailable("the database does not answer"))
        }
    }
}

async fn ask_database(app: &App) -> Result<()> {
    let mut session = app.db.read().await?;
    installation::find(session.conn(), "ready").await?;
    Ok(())
}
