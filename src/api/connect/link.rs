//! The hosted link page.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value};

use super::page;
use crate::accounts::connect::{LinkStep, open_link, submit_link};
use crate::api::extract::Path;
use crate::app::App;
use crate::error::Result;

pub(super) async fn show(State(app): State<App>, Path(token): Path<String>) -> Response {
    let step = open_link(&app, &token).await.and_then(|step| answer(&step));
    step.unwrap_or_else(page::failed)
}

fn answer(step: &LinkStep) -> Result<Response> {
    match step {
        LinkStep::Form(link) => page::form(link),
        LinkStep::Provider(url) => Ok(page::go_to(url.as_str())),
        LinkStep::Finished(finish) => Ok(page::finished(finish)),
    }
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
    answer(&submit_link(app, token, given).await?)
}
