//! Where an OAuth provider sends the browser back to (RFC 6749 section 4.1.2).

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;

use super::page;
use crate::accounts::connect::{Finish, Returned, complete_consent};
use crate::api::extract::Query;
use crate::app::App;
use crate::error::{Error, Result};

pub(super) async fn return_from_provider(
    State(app): State<App>,
    returned: Result<Query<BTreeMap<String, String>>>,
) -> Response {
    let finished = match returned {
        Ok(Query(returned)) => finish(&app, returned).await,
        Err(error) => Err(error),
    };
    match finished {
        Ok(finish) => page::finished(&finish),
        Err(error) => page::failed(error),
    }
}

async fn finish(app: &App, mut returned: BTreeMap<String, String>) -> Result<Finish> {
    let state = returned
        .remove("state")
        .ok_or_else(|| Error::invalid("the provider sent no `state` back"))?;
    complete_consent(app, &state, Returned(returned)).await
}
