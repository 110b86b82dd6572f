//! Why a call to the outside failed, and of what kind that is.

use crate::error::Error;

/// A call that brought no answer.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What it means for retries and for the upstream's reputation.
    pub kind: FailureKind,
    /// What the caller is told.
    pub error: Error,
}

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// We did not send it; the upstream knows nothing of it.
    Refused,
    /// There was no connection; the upstream knows nothing of it.
    NoConnection,
    /// The connection broke, or the answer broke off or could not be unpacked.
    Broken,
    /// The time limit ran out.
    TimedOut,
    /// An answer that cannot be used: too large, or redirecting where nobody may go.
    Unusable,
}

impl Failure {
    pub(super) const fn new(kind: FailureKind, error: Error) -> Self {
        Self { kind, error }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}
