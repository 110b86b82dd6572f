//! How many requests an organisation or a project has left in the present window.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::time::Timestamp;

/// Counts the requests of each `K` in fixed windows; without a limit it counts nothing.
#[derive(Debug)]
pub struct RateLimiter<K> {
    limit: Option<u32>,
    window_s: u64,
    windows: Mutex<HashMap<K, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    number: i64,
    used: u32,
}

/// What an answer's rate-limit headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests allowed in a window.
    pub limit: u32,
    /// Requests left in the present window.
    pub remaining: u32,
    /// Length of a window in seconds.
    pub window_s: u64,
}

impl<K: Hash + Eq + Clone> RateLimiter<K> {
    /// `limit` requests in every `window_s` seconds; none for no limit.
    #[must_use]
    pub fn new(limit: Option<u32>, window_s: u64) -> Self {
        Self {
            limit,
            window_s: window_s.max(1),
            windows: Mutex::default(),
        }
    }

    /// Counts one request.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when the window is used up.
    pub fn take(&self, key: &K, now: Timestamp) -> Result<Option<Allowance>> {
        let Some(limit) = self.limit else {
            return Ok(None);
        };
        let length = i64::try_from(self.window_s).unwrap_or(i64::MAX);
        let number = now.as_secs().div_euclid(length);
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows
            .entry(key.clone())
            .or_insert(Window { number, used: 0 });
        if window.number != number {
            *window = Window { number, used: 0 };
        }
        if window.used >= limit {
            let retry_after_s = (number + 1).saturating_mul(length) - now.as_secs();
            return Err(Error::RateLimited {
                limit,
                window_s: self.window_s,
                retry_after_s: u64::try_from(retry_after_s).unwrap_or(1).max(1),
            });
        }
        window.used += 1;
        Ok(Some(Allowance {
            limit,
            remaining: limit - window.used,
            window_s: self.window_s,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OrgId;

    #[test]
    fn a_used_up_window_refuses_until_the_next_begins() {
        let limiter = RateLimiter::new(Some(2), 60);
        let org = OrgId::generate();
        let at = |second: i64| Timestamp::from_millis(second * 1000);
        assert_eq!(limiter.take(&org, at(0)).unwrap().unwrap().remaining, 1);
        assert_eq!(limiter.take(&org, at(1)).unwrap().unwrap().remaining, 0);
        let refused = limiter.take(&org, at(45)).unwrap_err();
        assert!(
            matches!(
                refused,
                Error::RateLimited {
                    retry_after_s: 15,
                    ..
                }
            ),
            "{refused:?}"
        );
        assert!(limiter.take(&OrgId::generate(), at(45)).is_ok());
        assert!(limiter.take(&org, at(60)).is_ok());
    }
}
