//! Extractors that fail in our error shape. They refuse what one database engine would keep and the
//! other would not, and repeat no value that they refuse.

mod body;
mod once;
mod query;
mod words;

pub use body::Json;
pub use once::{Once, OnceAnswer};
pub use query::Query;
pub use words::{CommaList, flag, number};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// The path's parameters.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        if parts.uri.path().contains("%00") {
            return Err(nul("path"));
        }
        #[expect(clippy::disallowed_types, reason = "wrapped here, with our error")]
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|cause| Error::invalid(format!("the path cannot be read: {cause}")))
    }
}

/// PostgreSQL keeps no NUL in text, SQLite does; refused at the door, both engines behave alike.
fn nul(place: &str) -> Error {
    Error::fields(vec![format!("{place}: must not contain the NUL character")])
}

fn explain(cause: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let path = cause.path().to_string();
    let place = if path == "." { "body" } else { &path };
    let problem = without_value(&cause.inner().to_string());
    Error::fields(vec![format!("{place}: {problem}")])
}

/// serde quotes the value it did not expect, which may be a secret in the wrong place:
/// `invalid type: string "…", expected a boolean` loses its middle.
fn without_value(problem: &str) -> String {
    let quote = problem.find(['"', '`']);
    match (quote, problem.rfind(", expected ")) {
        (Some(start), Some(end)) if start < end => {
            format!("{}{}", problem[..start].trim_end(), &problem[end..])
        }
        _ => problem.to_owned(),
    }
}
