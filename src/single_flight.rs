//! One run at a time for a key, shared by all who ask while it is under way.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Result;

/// Runs work for a key; callers that come while it runs wait and share its outcome.
#[derive(Debug)]
pub struct SingleFlight<K, T> {
    flights: Mutex<HashMap<K, Arc<Flight<T>>>>,
}

#[derive(Debug)]
struct Flight<T> {
    /// Grows with every finished run, so that a waiter sees whether one ended while it waited.
    finished: AtomicU64,
    last: tokio::sync::Mutex<Option<Result<T>>>,
}

impl<K, T> Default for SingleFlight<K, T> {
    fn default() -> Self {
        Self {
            flights: Mutex::default(),
        }
    }
}

impl<K: Hash + Eq + Clone, T: Clone> SingleFlight<K, T> {
    /// The outcome of `work`, or of the same key's work that ended while this call waited.
    ///
    /// # Errors
    /// What the work returned.
    pub async fn run(&self, key: &K, work: impl Future<Output = Result<T>>) -> Result<T> {
        let flight = Arc::clone(self.flights().entry(key.clone()).or_insert_with(|| {
            Arc::new(Flight {
                finished: AtomicU64::new(0),
                last: tokio::sync::Mutex::new(None),
            })
        }));
        let _leaving = Leaving { all: self, key };
        let seen = flight.finished.load(Ordering::SeqCst);
        let mut last = flight.last.lock().await;
        if flight.finished.load(Ordering::SeqCst) != seen
            && let Some(outcome) = last.as_ref()
        {
            return outcome.clone();
        }
        let outcome = work.await;
        *last = Some(outcome.clone());
        flight.finished.fetch_add(1, Ordering::SeqCst);
        outcome
    }

    /// Whether somebody runs the key's work now.
    pub fn is_under_way(&self, key: &K) -> bool {
        self.flights().contains_key(key)
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<K, Arc<Flight<T>>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the flight with its last passenger, also when that one is cancelled.
struct Leaving<'a, K: Hash + Eq + Clone, T: Clone> {
    all: &'a SingleFlight<K, T>,
    key: &'a K,
}

impl<K: Hash + Eq + Clone, T: Clone> Drop for Leaving<'_, K, T> {
    fn drop(&mut self) {
        let mut flights = self.all.flights();
        // The map's own handle and this passenger's: nobody else is aboard.
        if flights
            .get(self.key)
            .is_some_and(|flight| Arc::strong_count(flight) <= 2)
        {
            flights.remove(self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn callers_that_come_during_a_run_share_its_outcome() {
        let flights = SingleFlight::default();
        let runs = AtomicU64::new(0);
        let call = || {
            flights.run(&"key", async {
                tokio::task::yield_now().await;
                Ok(runs.fetch_add(1, Ordering::SeqCst))
            })
        };
        let outcomes = futures_util::future::join_all((0..40).map(|_| call())).await;
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(0))));
        assert!(matches!(call().await, Ok(1)));
        assert!(flights.flights().is_empty());
    }
}
