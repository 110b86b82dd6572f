//! The hosted link page.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value};

use super::page;
use crate::accounts::connect::{Submitted, open_link, start_link, submit_link};
use crate::api::extract::Path;
use crate::app::App;
use crate::error::Result;

pub(super) async fn show(State(app): State<App>, Path(token): Path<String>) -> Response {
    show_or_go_on(&app, &token)
        .await
        .unwrap_or_else(page::failed)
}

/// A provider that needs nothing beforehand is the next page.
async fn show_or_go_on(app: &App, token: &str) -> Result<Response> {
    let link = open_link(app, token).await?;
    if link.fields.is_empty() && link.continues_at_provider {
        return Ok(page::go_to(&start_link(app, token).await?));
    }
    page::form(&link)
}

pub(super) async fn submit(
    State(app): State<App>,
    Path(token): Path<String>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    match body {
        Ok(body) => take(&app, &token, &body).await.unwrap_or_else(page::failed),
        Err(refused) => axum::response::IntoResponse::into_response(refused),
    }
}

async fn take(app: &App, token: &str, body: &[u8]) -> Result<Response> {
    let given: Map<String, Value> = url::form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.trim().to_owned())))
        .collect();
    match submit_link(app, token, given).await? {
        Submitted::Finished(finish) => Ok(page::finished(&finish)),
        Submitted::GoOn { url } => Ok(page::go_to(&url)),
        Submitted::Again(link) => page::form(&link),
    }
}
