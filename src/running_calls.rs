//! Calls under way that whoever began them may give up from elsewhere, also from another replica.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// The calls of this process, by name; clones share them.
#[derive(Debug, Clone, Default)]
pub struct RunningCalls {
    calls: Arc<Mutex<HashMap<String, (u64, CancellationToken)>>>,
    next: Arc<AtomicU64>,
}

/// A call under way; dropped, it is over.
#[derive(Debug)]
pub struct RunningCall {
    name: String,
    number: u64,
    given_up: CancellationToken,
    all: RunningCalls,
}

impl RunningCalls {
    /// Notes a call.
    #[must_use]
    pub fn begin(&self, name: String) -> RunningCall {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let given_up = CancellationToken::new();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.insert(name.clone(), (number, given_up.clone()));
        drop(calls);
        RunningCall {
            name,
            number,
            given_up,
            all: self.clone(),
        }
    }

    /// Gives a call up, if it is under way here.
    pub fn give_up(&self, name: &str) {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, call)) = calls.get(name) {
            call.cancel();
        }
    }
}

impl RunningCall {
    /// Waits until it is given up.
    pub async fn given_up(&self) {
        self.given_up.cancelled().await;
    }
}

impl Drop for RunningCall {
    fn drop(&mut self) {
        let calls = &self.all.calls;
        let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls
            .get(&self.name)
            .is_some_and(|(own, _)| *own == self.number)
        {
            calls.remove(&self.name);
        }
    }
}
