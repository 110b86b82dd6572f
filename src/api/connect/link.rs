//! The hosted link page.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::form_guard::{self, FormGuard, is_own_form};
use super::{form, message};
use crate::accounts::connect::{
    Filled, LinkStep, Submission, cancel_link, open_link, refuse_foreign_form, submit_link,
};
use crate::api::extract::Path;
use crate::app::App;
use crate::error::Result;
use crate::executor;

/// A person waits meanwhile, and a credential that cannot be tried is kept all the same.
const TIME_TO_TRY: Duration = Duration::from_secs(10);

pub(super) async fn show(
    State(app): State<App>,
    token: Result<Path<String>>,
    headers: HeaderMap,
) -> Response {
    let page = async {
        let Path(token) = token?;
        let step = open_link(&app, &token).await?;
        answer(&app, &token, &headers, step)
    };
    page.await.unwrap_or_else(message::failed)
}

pub(super) async fn submit(
    State(app): State<App>,
    token: Result<Path<String>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(refused) => return refused.into_response(),
    };
    let page = async {
        let Path(token) = token?;
        let step = take(&app, &token, &headers, &body).await?;
        answer(&app, &token, &headers, step)
    };
    page.await.unwrap_or_else(message::failed)
}

async fn take(app: &App, token: &str, headers: &HeaderMap, body: &[u8]) -> Result<LinkStep> {
    let mut sent: Map<String, Value> = url::form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    let guard = sent.shift_remove(form_guard::FIELD);
    let guard = guard.as_ref().and_then(Value::as_str).unwrap_or_default();
    if !is_own_form(headers, is_secure(app), token, guard) {
        return refuse_foreign_form(app, token).await;
    }
    if sent.get("decision").and_then(Value::as_str) == Some("cancel") {
        return cancel_link(app, token).await;
    }
    match submit_link(app, token, sent).await? {
        Submission::Filled(filled) => keep_or_refuse(app, *filled).await,
        Submission::Step(step) => Ok(*step),
    }
}

/// Keeps what the service does not clearly refuse: an outage of the service is no reason to send a
/// person away.
async fn keep_or_refuse(app: &App, filled: Filled) -> Result<LinkStep> {
    if let Some((toolkit, credentials)) = filled.to_try() {
        match executor::welcomes(app, toolkit, credentials, TIME_TO_TRY).await {
            Ok(true) => {}
            Ok(false) => return filled.refuse(app).await,
            Err(error) => tracing::debug!(%error, "a credential is kept untried"),
        }
    }
    filled.connect(app).await
}

fn answer(app: &App, token: &str, headers: &HeaderMap, step: LinkStep) -> Result<Response> {
    match step {
        LinkStep::Form(link) => {
            let guard = FormGuard::of(headers, is_secure(app));
            form::answer(*link, &guard, token)
        }
        LinkStep::Provider(url, scene) => message::to_provider(&url, &scene),
        LinkStep::Finished(finish, scene) => message::finished_here(&finish, &scene),
        LinkStep::Closed(closed) => message::closed(&closed),
    }
}

fn is_secure(app: &App) -> bool {
    app.config.public_base().starts_with("https:")
}
