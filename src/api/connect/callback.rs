//! Where an OAuth provider sends the browser back to (RFC 6749 section 4.1.2).

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::message::{self, Failure};
use super::page::redirect;
use crate::accounts::connect::{Consented, Returned, Scene, complete_consent};
use crate::api::extract::Query;
use crate::app::App;
use crate::error::{Error, Result};

pub(super) async fn return_from_provider(
    State(app): State<App>,
    returned: Result<Query<BTreeMap<String, String>>>,
) -> Response {
    let page = async {
        let Query(returned) = returned?;
        finish(&app, returned).await
    };
    page.await.unwrap_or_else(message::failed)
}

/// A program that only looks must not use a code up.
pub(super) async fn look() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}

async fn finish(app: &App, mut returned: BTreeMap<String, String>) -> Result<Response> {
    let state = returned
        .remove("state")
        .ok_or_else(|| Error::invalid("the provider sent no `state` back"))?;
    // RFC 6749 section 4.1.2.1; OAuth 1 providers name the refused token.
    let is_no = returned
        .get("error")
        .is_some_and(|error| error == "access_denied")
        || returned.contains_key("denied");
    let finish = match complete_consent(app, &state, Returned(returned)).await? {
        Consented::Over(finish) => finish,
        Consented::Choose(url) => return redirect(&url),
    };
    let scene = Scene::of(app, &finish.project, &finish.toolkit).await?;
    let failure = if is_no {
        Failure::Declined
    } else {
        Failure::Broken
    };
    message::finished_elsewhere(&finish, &scene, failure)
}
