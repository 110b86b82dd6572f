//! Answers that stand ready in place of the outside, for whoever tests without it.

use futures_util::future::BoxFuture;

use super::{Failure, FailureKind, OutboundReply, OutboundRequest};
use crate::error::Error;

/// Answers requests in place of the outside.
pub trait Replay: std::fmt::Debug + Send + Sync {
    /// The answer to a request, which went through all checks but goes nowhere.
    fn reply(&self, request: OutboundRequest) -> BoxFuture<'_, Result<OutboundReply, Failure>>;
}

impl Failure {
    /// Of a request for which no answer stands ready.
    #[must_use]
    pub fn unexpected(message: String) -> Self {
        Self::new(FailureKind::Refused, Error::upstream(message))
    }
}
