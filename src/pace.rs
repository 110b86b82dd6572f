//! How many requests a second a service allows an account: whoever would be one too many waits for the
//! next second, or is told to come back.
//!
//! All of it is this process's alone: several replicas have the number each.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::catalog::manifest::RateLimit;
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::time::Timestamp;

/// Accounts that are remembered before idle ones are forgotten.
const MOST_REMEMBERED: usize = 4_096;

/// When each account's last requests were, or will be, sent.
#[derive(Debug, Default)]
pub struct Paces(Mutex<HashMap<AccountId, VecDeque<i64>>>);

impl Paces {
    /// Takes the next turn of an account that may make `per_second` requests: how long to wait for it.
    ///
    /// # Errors
    /// [`Error::UpstreamPaused`] when that is longer than `longest`; the turn is then not taken.
    pub fn take(
        &self,
        account: &AccountId,
        per_second: f64,
        now: Timestamp,
        longest: Duration,
    ) -> Result<Duration> {
        let (most, window) = window(per_second);
        let now = now.as_millis();
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.len() >= MOST_REMEMBERED && !paces.contains_key(account) {
            paces.retain(|_, turns| turns.back().is_some_and(|last| last + window > now));
            if paces.len() >= MOST_REMEMBERED {
                // Rather one request too many than memory without end.
                return Ok(Duration::ZERO);
            }
        }
        let turns = paces.entry(account.clone()).or_default();
        while turns.len() > most {
            turns.pop_front();
        }
        let next = match turns.front() {
            Some(first) if turns.len() == most => now.max(first + window),
            Some(_) | None => now,
        };
        let wait = Duration::from_millis(u64::try_from(next - now).unwrap_or(0));
        if wait > longest {
            return Err(Error::UpstreamPaused {
                message: format!(
                    "connected account `{account}` has made the {per_second} requests a second that \
                     the service allows"
                ),
                retry_after_s: wait.as_secs() + u64::from(wait.subsec_nanos() > 0),
            });
        }
        if turns.len() == most {
            turns.pop_front();
        }
        turns.push_back(next);
        Ok(wait)
    }
}

/// How many requests any span of so many milliseconds may have.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is held between its bounds"
)]
fn window(per_second: f64) -> (usize, i64) {
    let (least, most) = RateLimit::PER_SECOND;
    let per_second = per_second.clamp(least, most);
    let most = per_second.floor().max(1.0);
    (most as usize, (most * 1_000.0 / per_second).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const LONG: Duration = Duration::from_secs(20);

    fn id(name: &str) -> AccountId {
        AccountId::from(name.to_owned())
    }

    fn waits(paces: &Paces, per_second: f64, at: &[i64]) -> Vec<Option<u128>> {
        let take = |millis: &i64| {
            let now = Timestamp::from_millis(*millis);
            let taken = paces.take(&id("ca_1"), per_second, now, LONG);
            taken.ok().map(|wait| wait.as_millis())
        };
        at.iter().map(take).collect()
    }

    #[rstest]
    #[case::a_burst(3.0, &[0, 0, 0, 0, 0, 0, 0], &[0, 0, 0, 1_000, 1_000, 1_000, 2_000])]
    #[case::spread(3.0, &[0, 400, 800, 900, 1_500], &[0, 0, 0, 100, 0])]
    #[case::no_whole_number(2.5, &[0, 0, 0, 0], &[0, 0, 800, 800])]
    #[case::less_than_one(0.5, &[0, 0, 5_000], &[0, 2_000, 0])]
    fn no_second_has_more_requests_than_are_allowed(
        #[case] per_second: f64,
        #[case] at: &[i64],
        #[case] expected: &[u128],
    ) {
        let expected: Vec<_> = expected.iter().copied().map(Some).collect();
        assert_eq!(waits(&Paces::default(), per_second, at), expected);
    }

    #[test]
    fn who_would_wait_too_long_is_told_when_to_come_back_and_takes_no_turn() {
        let paces = Paces::default();
        let at = [0, 1, 1, 100_000];
        assert_eq!(waits(&paces, 0.01, &at), [Some(0), None, None, Some(0)]);
        let now = Timestamp::from_millis(100_500);
        let Err(error) = paces.take(&id("ca_1"), 0.01, now, LONG) else {
            panic!("a turn");
        };
        assert!(
            matches!(
                error,
                Error::UpstreamPaused {
                    retry_after_s: 100,
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(
            paces
                .take(&id("ca_2"), 0.01, now, LONG)
                .is_ok_and(|wait| wait.is_zero())
        );
    }

    #[test]
    fn idle_accounts_are_forgotten() {
        let paces = Paces::default();
        for number in 0..MOST_REMEMBERED + 10 {
            let at = Timestamp::from_millis(i64::try_from(number).unwrap() * 10);
            paces
                .take(&id(&format!("ca_{number}")), 1.0, at, LONG)
                .unwrap();
        }
        assert!(paces.0.lock().unwrap().len() < 200);
    }
}
