//! A JSON body that may come with an idempotency key, and the answer to it.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Json;
use super::body::read_object;
use crate::error::{Error, Result};
use crate::idempotency::{Answer, Asked};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A JSON body, and the request's `idempotency-key` if it has one.
#[derive(Debug)]
pub struct Once<T> {
    body: T,
    /// The key, and the body as it came.
    key: Option<(String, Value)>,
}

impl<T> Once<T> {
    /// The body, and what is asked to be done once; `operation` names what is called.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a key that is too long or empty.
    pub fn take(self, operation: &str) -> Result<(T, Option<Asked>)> {
        let asked = self
            .key
            .map(|(key, body)| Asked::new(&key, operation, &body))
            .transpose()?;
        Ok((self.body, asked))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Once<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let key = read_key(request.headers()).map_err(IntoResponse::into_response)?;
        let Some(key) = key else {
            let Json(body) = Json::from_request(request, state).await?;
            return Ok(Self { body, key: None });
        };
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let read = || Ok((read_object(&bytes)?, read_object(&bytes)?));
        let (body, value) = read().map_err(|error: Error| error.into_response())?;
        Ok(Self {
            body,
            key: Some((key, value)),
        })
    }
}

/// The draft writes the key in quotes (a string of RFC 9651), most clients without: both are the
/// same key.
fn read_key(headers: &HeaderMap) -> Result<Option<String>> {
    let mut given = headers.get_all(KEY).iter();
    let problem = |problem| Err(Error::fields(vec![format!("idempotency-key: {problem}")]));
    match (given.next().map(HeaderValue::to_str), given.next()) {
        (None, _) => Ok(None),
        (Some(Ok(text)), None) => {
            let text = text.trim();
            let quoted = text
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'));
            Ok(Some(quoted.unwrap_or(text).to_owned()))
        }
        (Some(Err(_)), None) => problem("must be of printable ASCII characters"),
        (Some(_), Some(_)) => problem("must be given once"),
    }
}

/// An answer that may be one of before, which the header `idempotent-replayed` says.
#[derive(Debug)]
pub struct OnceAnswer<T>(pub Answer<T>);

impl<T: Serialize> IntoResponse for OnceAnswer<T> {
    fn into_response(self) -> Response {
        match self.0 {
            Answer::First(answer) => Json(answer).into_response(),
            Answer::Again(text) => {
                let headers = [
                    (
                        header::CONTENT_TYPE,
                        HeaderValue::from_static("application/json"),
                    ),
                    (REPLAYED, HeaderValue::from_static("true")),
                ];
                (headers, text).into_response()
            }
        }
    }
}
