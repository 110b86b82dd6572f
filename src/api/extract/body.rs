//! JSON bodies, in and out.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{explain, nul};
use crate::error::{Error, Result};

/// A JSON body. The content type is not asked for, and no body is `{}`: SDKs send either.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        // A body that is too large keeps its own status, which the border turns into our error.
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        read_object(&bytes)
            .map(Self)
            .map_err(IntoResponse::into_response)
    }
}

pub(super) fn read_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let text = match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => b"{}",
        // serde would read a list as an object's fields in order.
        Some(b'[') => return Err(Error::fields(vec!["body: must be a JSON object".into()])),
        Some(_) => bytes,
    };
    if has_nul(text) {
        return Err(nul("body"));
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|cause| explain(&cause))?;
    reader
        .end()
        .map_err(|cause| Error::fields(vec![format!("body: {cause}")]))?;
    Ok(value)
}

/// Whether a string of the JSON text holds an escaped NUL (a plain one is no JSON).
fn has_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        if rest[at + 1..].starts_with(b"u0000") {
            return true;
        }
        // The escaped character may itself be a backslash.
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[test]
    fn a_problem_never_quotes_the_value_behind_it() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Choice {
            First,
        }
        let cases = [
            (
                explain_body::<bool>(r#""s3cr3t\", expected x""#),
                "body: invalid type: string, expected a boolean",
            ),
            (
                explain_body::<Choice>(r#""s3cr3t`""#),
                "body: unknown variant, expected `first`",
            ),
            (
                explain_body::<u8>("70000"),
                "body: invalid value: integer, expected u8",
            ),
        ];
        for (problem, expected) in cases {
            assert!(problem.starts_with(expected), "{problem}");
            assert!(!problem.contains("s3cr3t"), "{problem}");
        }
    }

    fn explain_body<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
        read_object::<T>(text.as_bytes())
            .unwrap_err()
            .shown()
            .errors
            .remove(0)
    }

    #[test]
    fn an_escaped_nul_is_found_and_an_escaped_backslash_before_it_is_not_one() {
        assert!(has_nul(br#"{"a":"b\u0000"}"#));
        assert!(has_nul(br#"{"a":"\\\u0000"}"#));
        assert!(!has_nul(br#"{"a":"\\u0000"}"#));
        assert!(!has_nul(br#"{"a":"\u0001 0000"}"#));
        assert!(!has_nul(b"\\"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_by_name(bytes: Vec<u8>) {
            if let Err(error) = read_object::<serde_json::Value>(&bytes) {
                proptest::prop_assert_eq!(error.shown().status, 400);
                proptest::prop_assert!(!error.shown().errors.is_empty());
            }
        }
    }
}
