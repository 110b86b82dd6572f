//! How many requests an organisation, a project or an address has left in the present window.

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
    present: Mutex<Window<K>>,
}

/// Who used how many requests in a window. All begin at once, so the next one forgets them all.
#[derive(Debug)]
struct Window<K> {
    number: i64,
    used: HashMap<K, u32>,
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
            present: Mutex::new(Window {
                number: 0,
                used: HashMap::new(),
            }),
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
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        if present.number != number {
            present.number = number;
            present.used.clear();
        }
        let used = present.used.entry(key.clone()).or_default();
        if *used >= limit {
            let retry_after_s = (number + 1).saturating_mul(length) - now.as_secs();
            return Err(Error::RateLimited {
                limit,
                window_s: self.window_s,
                retry_after_s: u64::try_from(retry_after_s).unwrap_or(1).max(1),
            });
        }
        *used += 1;
        Ok(Some(Allowance {
            limit,
            remaining: limit - *used,
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
