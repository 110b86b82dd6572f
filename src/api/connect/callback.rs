//! Where an OAuth provider sends the browser back to (RFC 6749 section 4.1.2).

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::page;
use crate::accounts::connect::{Verdict, complete_oauth};
use crate::api::extract::Query;
use crate::app::App;
use crate::error::{Error, Result};

/// What comes back. Further parameters, such as `iss` (RFC 9207) and `scope`, are left unread.
#[derive(Deserialize)]
pub(super) struct Returned {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

pub(super) async fn return_from_provider(
    State(app): State<App>,
    returned: Result<Query<Returned>>,
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

async fn finish(app: &App, returned: Returned) -> Result<crate::accounts::connect::Finish> {
    let Returned {
        state,
        code,
        error,
        error_description,
    } = returned;
    let state = state.ok_or_else(|| Error::invalid("the provider sent no `state` back"))?;
    let verdict = match (error, code) {
        (Some(error), _) => Verdict::Refused {
            error,
            description: error_description,
        },
        (None, Some(code)) => Verdict::Code(code),
        (None, None) => Verdict::Refused {
            error: "neither a code nor an error".into(),
            description: None,
        },
    };
    complete_oauth(app, &state, verdict).await
}
