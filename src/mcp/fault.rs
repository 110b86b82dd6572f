//! What is answered in place of a result: JSON-RPC errors, also where HTTP has a status for them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Error;

const PARSE: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const NO_METHOD: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const INTERNAL: i64 = -32603;
const SERVER: i64 = -32000;
const NOT_FOUND: i64 = -32001;
const HEADER_MISMATCH: i64 = -32020;
const UNSUPPORTED_VERSION: i64 = -32022;

/// A request that gets no result.
#[derive(Debug, Clone)]
pub(super) struct Fault(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    /// The HTTP status, where the whole answer is this.
    status: StatusCode,
    error: RpcError,
    /// What it came of, for the log.
    cause: Option<Error>,
    /// `WWW-Authenticate`
    challenge: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct RpcError {
    code: i64,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

impl Fault {
    fn new(status: StatusCode, code: i64, message: &str) -> Self {
        Self(Box::new(Parts {
            status,
            error: RpcError {
                code,
                message: message.to_owned(),
                data: None,
            },
            cause: None,
            challenge: None,
        }))
    }

    pub(super) fn no_json(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, PARSE, message)
    }

    pub(super) fn no_message(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID_REQUEST, message)
    }

    /// A request that lacks what its revision asks of every one.
    pub(super) fn incomplete(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID_PARAMS, message)
    }

    pub(super) fn header_mismatch(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, HEADER_MISMATCH, message)
    }

    pub(super) fn unsupported_version(data: Value) -> Self {
        let message = "this revision of the protocol is not spoken here";
        let mut fault = Self::new(StatusCode::BAD_REQUEST, UNSUPPORTED_VERSION, message);
        fault.0.error.data = Some(data);
        fault
    }

    /// A method that is not there; where the revision has no handshake, with the status 404.
    pub(super) fn no_method(method: &str, is_stateless: bool) -> Self {
        let status = if is_stateless {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::OK
        };
        Self::new(status, NO_METHOD, &format!("there is no method `{method}`"))
    }

    /// Wrong parameters of a method.
    pub(super) fn invalid_params(message: &str) -> Self {
        Self::new(StatusCode::OK, INVALID_PARAMS, message)
    }

    /// A session id that is not of this server: the client should initialise again.
    pub(super) fn unknown_session() -> Self {
        let message = "there is no such session; initialize again";
        Self::new(StatusCode::NOT_FOUND, NOT_FOUND, message)
    }

    /// What HTTP itself refuses.
    pub(super) fn http(status: StatusCode, message: &str) -> Self {
        Self::new(status, SERVER, message)
    }

    /// The same with a challenge that says how to come in.
    pub(super) fn with_challenge(mut self, challenge: String) -> Self {
        self.0.challenge = Some(challenge);
        self
    }

    /// The same as an answer to one request, whatever HTTP says of it.
    pub(super) fn in_band(mut self) -> Self {
        self.0.status = StatusCode::OK;
        self
    }

    /// Whether the status says that a result is missing for a reason of HTTP's own.
    pub(super) fn is_refusal(&self) -> bool {
        self.0.status != StatusCode::OK
    }

    /// The JSON-RPC message.
    pub(super) fn message(&self, id: &Value) -> String {
        json!({ "jsonrpc": "2.0", "id": id, "error": self.0.error }).to_string()
    }

    /// The whole answer.
    pub(super) fn answer(self, id: &Value) -> Response {
        let json = HeaderValue::from_static("application/json");
        let body = self.message(id);
        let parts = *self.0;
        let mut response = (parts.status, [(header::CONTENT_TYPE, json)], body).into_response();
        if let Some(challenge) = parts.challenge
            && let Ok(value) = HeaderValue::from_str(&challenge)
        {
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
        if let Some(Error::RateLimited { retry_after_s, .. }) = &parts.cause {
            let after = HeaderValue::from(*retry_after_s);
            response.headers_mut().insert(header::RETRY_AFTER, after);
        }
        if let Some(cause) = parts.cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let shown = error.shown();
        let status =
            StatusCode::from_u16(shown.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let code = match status {
            StatusCode::NOT_FOUND => NOT_FOUND,
            StatusCode::BAD_REQUEST => INVALID_PARAMS,
            StatusCode::INTERNAL_SERVER_ERROR => INTERNAL,
            _ => SERVER,
        };
        let mut fault = Self::new(status, code, &error.to_string());
        let mut data = json!({ "slug": shown.slug });
        if let Some(fix) = shown.suggested_fix {
            data["suggested_fix"] = fix.into();
        }
        if !shown.errors.is_empty() {
            data["errors"] = shown.errors.into();
        }
        fault.0.error.data = Some(data);
        fault.0.cause = Some(error);
        fault
    }
}
