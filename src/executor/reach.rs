//! Whether a call came so far that the service may have acted on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::outbound::{Failure, FailureKind, OutboundReply};

const UNAUTHORIZED: u16 = 401;
const TOO_MANY: u16 = 429;

/// Shared by a call and by whoever wants to know, also after the call was dropped.
#[derive(Debug, Clone, Default)]
pub struct Reach(Arc<AtomicBool>);

impl Reach {
    /// Whether the service may have acted. Once it may have, it stays so.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Takes one attempt's outcome into account.
    pub(super) fn note(&self, outcome: &Result<OutboundReply, Failure>) {
        let may_have_acted = match outcome {
            // Turned away at the door: nothing was done.
            Ok(reply) => !matches!(reply.status, UNAUTHORIZED | TOO_MANY),
            Err(failure) => match failure.kind {
                FailureKind::Refused | FailureKind::NoConnection => false,
                FailureKind::Broken | FailureKind::TimedOut | FailureKind::Unusable => true,
            },
        };
        if may_have_acted {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}
