//! The one error type of the product, and the one table from an error to its public answer.
//!
//! Services return [`Error`]; doors render what [`Error::shown`] says. Nothing internal is ever
//! part of the public text: [`Error::Internal`] keeps its cause for the log alone.

use std::sync::Arc;

/// What every fallible function of the product returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The `what` of [`Error::NotFound`] for a connected account.
pub const CONNECTED_ACCOUNT: &str = "connected account";

/// Everything that can keep us from doing what was asked.
///
/// An upstream service that refuses a call is not an error but a result (`successful: false`).
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The named thing is not there, or not for this caller.
    #[error("{what} `{id}` was not found")]
    NotFound {
        /// The kind of thing, as the API calls it: `tool`, `connected account`.
        what: &'static str,
        /// What the caller asked for.
        id: String,
        /// What to do instead, such as the nearest names.
        fix: Option<String>,
    },
    /// No route matches the request's path.
    #[error("there is no endpoint at {path}")]
    UnknownRoute {
        /// The path as it was asked for.
        path: String,
    },
    /// The path exists, but not with this method.
    #[error("{method} is not allowed here")]
    WrongMethod {
        /// The method as it was sent.
        method: String,
    },
    /// The request breaks a rule; `problems` names each field.
    #[error("{message}")]
    Invalid {
        /// One sentence for a person.
        message: String,
        /// One line a problem: `arguments.owner: is required`.
        problems: Vec<String>,
        /// How to mend it, where we know.
        fix: Option<String>,
    },
    /// The user has no usable connected account for the toolkit.
    #[error("No connected account found for user `{user}` and toolkit `{toolkit}`")]
    NoConnectedAccount {
        /// The caller's user id.
        user: String,
        /// Slug of the toolkit.
        toolkit: String,
    },
    /// The account exists and cannot be used as it is.
    #[error("connected account `{account}` is {status} and cannot be used: {reason}")]
    AccountUnusable {
        /// `ca_…`
        account: String,
        /// The account's status.
        status: &'static str,
        /// Why it is in this status.
        reason: String,
    },
    /// No credential came with the request, or one that is unknown or revoked.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// The credential is good, the act is not allowed to it.
    #[error("{0}")]
    Forbidden(String),
    /// An auth config keeps its accounts from executing the tool.
    #[error(
        "auth config `{auth_config}` does not let its accounts execute {tool}, which its \
         `tool_access_config.tools_available_for_execution` does not name"
    )]
    RestrictedTool {
        /// The tool's slug.
        tool: String,
        /// `ac_…`
        auth_config: String,
    },
    /// The act collides with the present state.
    #[error("{0}")]
    Conflict(String),
    /// A call with the same idempotency key is under way.
    #[error("a call with this idempotency key is still running")]
    StillRunning {
        /// Seconds until it is worth another try.
        retry_after_s: u64,
    },
    /// It was there and can no longer be used.
    #[error("{0}")]
    Gone(String),
    /// The request body is larger than the server takes.
    #[error("the request body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The organisation used up its window.
    #[error("rate limit exceeded: {limit} requests per {window_s} seconds")]
    RateLimited {
        /// Requests allowed in a window.
        limit: u32,
        /// Length of the window in seconds.
        window_s: u64,
        /// Seconds until the window resets.
        retry_after_s: u64,
    },
    /// Documented by the API and not built here yet.
    #[error("not built here yet: {0}")]
    NotImplemented(String),
    /// The upstream service could not be reached or did not answer usably.
    #[error("{message}")]
    Upstream {
        /// One sentence, without credentials.
        message: String,
        /// Whether the time limit ran out.
        timed_out: bool,
    },
    /// The upstream is not asked at present; nothing was sent.
    #[error("{message}")]
    UpstreamPaused {
        /// One sentence that says why.
        message: String,
        /// Seconds until it is worth another try.
        retry_after_s: u64,
    },
    /// The server lacks something it needs to serve, such as its database.
    #[error("{0}")]
    Unavailable(&'static str),
    /// The request did not finish in the server's own time limit.
    #[error("the request took longer than the server allows")]
    Timeout,
    /// Our own fault; the cause goes to the log and nowhere else.
    #[error("internal error")]
    Internal(Arc<anyhow::Error>),
}

/// What the outside sees of an [`Error`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// HTTP status.
    pub status: u16,
    /// The API's number for the error.
    pub code: u32,
    /// A stable name for the error.
    pub slug: &'static str,
    /// What the caller can do about it.
    pub suggested_fix: Option<String>,
    /// One line a problem.
    pub errors: Vec<String>,
    /// `Some(false)` stops old SDKs, which otherwise repeat 409 and 5xx three times.
    pub should_retry: Option<bool>,
}

impl Error {
    /// A thing that is not there, without advice.
    pub fn not_found(what: &'static str, id: impl Into<String>) -> Self {
        Self::NotFound {
            what,
            id: id.into(),
            fix: None,
        }
    }

    /// An upstream that could not be reached or did not answer usably, in one sentence without
    /// credentials.
    pub fn upstream(message: impl Into<String>) -> Self {
        Self::Upstream {
            message: message.into(),
            timed_out: false,
        }
    }

    /// A request that breaks one rule.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid {
            message: message.into(),
            problems: Vec::new(),
            fix: None,
        }
    }

    /// A request that breaks one rule, with the way out.
    pub fn invalid_with_fix(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Invalid {
            message: message.into(),
            problems: Vec::new(),
            fix: Some(fix.into()),
        }
    }

    /// A request whose named fields are wrong, one line each.
    #[must_use]
    pub fn fields(problems: Vec<String>) -> Self {
        Self::Invalid {
            message: "Validation error while processing request".into(),
            problems,
            fix: Some("Correct the fields listed in `errors` and send the request again.".into()),
        }
    }

    /// A fault of ours that has no foreign error behind it.
    pub fn internal(message: impl std::fmt::Display) -> Self {
        Self::Internal(Arc::new(anyhow::anyhow!("{message}")))
    }

    /// The error with the causes of a fault of ours, for the log and never for an answer.
    #[must_use]
    pub fn with_causes(&self) -> String {
        if let Self::Internal(cause) = self {
            return format!("{cause:#}");
        }
        self.to_string()
    }

    /// The one table from an error to its public answer.
    #[must_use]
    pub fn shown(&self) -> Shown {
        let (status, code, slug) = match self {
            // SDKs know a missing account by its code, whether a user has none or named a wrong one.
            Self::NotFound {
                what: CONNECTED_ACCOUNT,
                ..
            } => (404, 1803, "connected_account_not_found"),
            Self::NotFound { .. } => (404, 10404, "not_found"),
            Self::UnknownRoute { .. } => (404, 10404, "unknown_route"),
            Self::WrongMethod { .. } => (405, 10405, "method_not_allowed"),
            Self::Invalid { .. } => (400, 10400, "validation_error"),
            Self::NoConnectedAccount { .. } => (400, 1803, "connected_account_not_found"),
            Self::AccountUnusable { .. } => (400, 1810, "connected_account_unusable"),
            Self::Unauthorized(_) => (401, 10401, "unauthorized"),
            Self::Forbidden(_) => (403, 10403, "forbidden"),
            Self::RestrictedTool { .. } => (403, 10403, "tool_restricted"),
            Self::Conflict(_) => (409, 10409, "conflict"),
            Self::StillRunning { .. } => (409, 10409, "still_running"),
            Self::Gone(_) => (410, 10410, "gone"),
            Self::TooLarge { .. } => (413, 10413, "request_too_large"),
            Self::RateLimited { .. } => (429, 10429, "rate_limited"),
            Self::NotImplemented(_) => (501, 10501, "not_implemented"),
            Self::Upstream {
                timed_out: true, ..
            } => (504, 10504, "upstream_timeout"),
            Self::Upstream {
                timed_out: false, ..
            } => (502, 10502, "upstream_unreachable"),
            Self::UpstreamPaused { .. } => (503, 10503, "upstream_paused"),
            Self::Unavailable(_) => (503, 10503, "unavailable"),
            Self::Timeout => (504, 10504, "timeout"),
            Self::Internal(_) => (500, 10500, "internal_error"),
        };
        Shown {
            status,
            code,
            slug,
            suggested_fix: self.suggested_fix(),
            errors: if let Self::Invalid { problems, .. } = self {
                problems.clone()
            } else {
                vec![]
            },
            should_retry: self.should_retry(),
        }
    }

    fn suggested_fix(&self) -> Option<String> {
        match self {
            Self::NotFound { fix, .. } | Self::Invalid { fix, .. } => fix.clone(),
            Self::NoConnectedAccount { .. } => Some(
                "Connect the user to the toolkit first, for example with \
                 POST /api/v3/connected_accounts/link."
                    .into(),
            ),
            Self::AccountUnusable { .. } => {
                Some("Enable the account, or let the user connect again.".into())
            }
            Self::Unauthorized(_) => Some(
                "Send a project API key in the `x-api-key` header (an organisation key in \
                 `x-org-api-key` for /org/owner endpoints)."
                    .into(),
            ),
            Self::UnknownRoute { .. } => {
                Some("Check the path against /openapi.json; the API lives under /api/v3.".into())
            }
            Self::RateLimited { .. } => Some("Wait for `Retry-After` seconds.".into()),
            Self::NotImplemented(_) => {
                Some("See the list of gaps in the README of this server.".into())
            }
            Self::UpstreamPaused { .. } => Some(
                "Wait as the `retry-after` header says; the service behind the tool is failing or \
                 busy."
                    .into(),
            ),
            Self::StillRunning { .. } => Some(
                "Send the same request again in a while, with the same key: it gets the first \
                 call's answer."
                    .into(),
            ),
            Self::RestrictedTool { tool, auth_config } => Some(format!(
                "Add {tool} to that list with PATCH /api/v3/auth_configs/{auth_config} (an empty \
                 list lets every tool through), or use an account of another auth config."
            )),
            Self::WrongMethod { .. }
            | Self::Forbidden(_)
            | Self::Conflict(_)
            | Self::Gone(_)
            | Self::TooLarge { .. }
            | Self::Upstream { .. }
            | Self::Unavailable(_)
            | Self::Timeout
            | Self::Internal(_) => None,
        }
    }

    fn should_retry(&self) -> Option<bool> {
        match self {
            Self::StillRunning { .. } => Some(true),
            Self::Conflict(_)
            | Self::NotImplemented(_)
            | Self::Upstream { .. }
            | Self::UpstreamPaused { .. }
            | Self::Unavailable(_)
            | Self::Timeout
            | Self::Internal(_) => Some(false),
            Self::NotFound { .. }
            | Self::UnknownRoute { .. }
            | Self::WrongMethod { .. }
            | Self::Invalid { .. }
            | Self::NoConnectedAccount { .. }
            | Self::AccountUnusable { .. }
            | Self::Unauthorized(_)
            | Self::Forbidden(_)
            | Self::RestrictedTool { .. }
            | Self::Gone(_)
            | Self::TooLarge { .. }
            | Self::RateLimited { .. } => None,
        }
    }
}

/// Foreign errors that are always our own fault become [`Error::Internal`].
macro_rules! internal_from {
    ($($foreign:ty),+ $(,)?) => { $(
        impl From<$foreign> for Error {
            fn from(cause: $foreign) -> Self {
                Self::Internal(Arc::new(anyhow::Error::from(cause)))
            }
        }
    )+ };
}

internal_from!(sqlx::Error, std::io::Error, serde_json::Error);

impl From<anyhow::Error> for Error {
    fn from(cause: anyhow::Error) -> Self {
        Self::Internal(Arc::new(cause))
    }
}
