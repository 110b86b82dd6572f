//! What each upstream host and each account may have under way, and which hosts are left alone for a
//! while because they fail.
//!
//! A slow provider fills its own places and nobody else's. All of it is this process's alone: with
//! several replicas each has its own places and circuits.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::time::Timestamp;

/// So many calls may wait for each place; who comes later is sent away at once, which bounds memory.
const WAITING_PER_PLACE: usize = 4;
/// Hosts and accounts that are remembered before idle ones are forgotten.
const MOST_REMEMBERED: usize = 4_096;

/// The limits in force.
#[derive(Debug, Clone, Copy)]
pub struct UpstreamLimits {
    /// Calls under way to one host (scheme, name and port).
    pub per_host: usize,
    /// Calls under way for one connected account.
    pub per_account: usize,
    /// Failures in a row that open a host's circuit; 0 for never.
    pub circuit_failures: u32,
    /// How long an open circuit lets nothing through.
    pub circuit_rest: Duration,
}

/// The places and circuits of all upstreams.
#[derive(Debug)]
pub struct Upstreams {
    limits: UpstreamLimits,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    accounts: Mutex<HashMap<AccountId, Arc<Places>>>,
}

#[derive(Debug)]
struct Host {
    places: Arc<Places>,
    circuit: Mutex<Circuit>,
}

#[derive(Debug)]
struct Places {
    free: Arc<Semaphore>,
    all: usize,
    waiting: AtomicUsize,
}

#[derive(Debug, Default)]
struct Circuit {
    /// In a row.
    failures: u32,
    /// Set while it is open.
    open_until: Option<Timestamp>,
    /// One call is finding out whether the host is back.
    is_probed: bool,
}

/// Leave to make one call. Dropped without [`Pass::settle`], it says nothing about the host.
#[derive(Debug)]
pub struct Pass {
    host: Arc<Host>,
    limits: UpstreamLimits,
    is_probe: bool,
    _places: (Option<OwnedSemaphorePermit>, OwnedSemaphorePermit),
}

impl Upstreams {
    /// With these limits.
    #[must_use]
    pub fn new(limits: UpstreamLimits) -> Self {
        Self {
            limits,
            hosts: Mutex::default(),
            accounts: Mutex::default(),
        }
    }

    /// Waits for a place at `origin`, and for one of the account's, until `deadline`.
    ///
    /// # Errors
    /// [`Error::UpstreamPaused`] while the host's circuit is open or too many wait already,
    /// [`Error::Upstream`] when no place got free in time.
    pub async fn enter(
        &self,
        origin: &str,
        account: Option<&AccountId>,
        deadline: Instant,
        now: impl Fn() -> Timestamp,
    ) -> Result<Pass> {
        let host = self.host(origin);
        host.check(origin, now())?;
        let of_account = match account {
            None => None,
            Some(id) => {
                let places = self.account(id);
                let name = format!("connected account `{id}`");
                Some(places.take(&name, deadline).await?)
            }
        };
        let of_host = host.places.take(origin, deadline).await?;
        // While this call waited, others may have found out that the host is down.
        let is_probe = host.admit(origin, now())?;
        Ok(Pass {
            host,
            limits: self.limits,
            is_probe,
            _places: (of_account, of_host),
        })
    }

    fn host(&self, origin: &str) -> Arc<Host> {
        let mut hosts = lock(&self.hosts);
        forget_idle(&mut hosts, |host| lock(&host.circuit).failures == 0);
        let host = hosts.entry(origin.to_owned()).or_insert_with(|| {
            Arc::new(Host {
                places: Places::new(self.limits.per_host),
                circuit: Mutex::default(),
            })
        });
        Arc::clone(host)
    }

    fn account(&self, id: &AccountId) -> Arc<Places> {
        let mut accounts = lock(&self.accounts);
        forget_idle(&mut accounts, |_| true);
        let places = accounts
            .entry(id.clone())
            .or_insert_with(|| Places::new(self.limits.per_account));
        Arc::clone(places)
    }
}

/// Keeps the table small: what nobody uses, and of which nothing is to be remembered, goes.
fn forget_idle<K: Hash + Eq, V>(table: &mut HashMap<K, Arc<V>>, is_plain: impl Fn(&V) -> bool) {
    if table.len() >= MOST_REMEMBERED {
        table.retain(|_, value| Arc::strong_count(value) > 1 || !is_plain(value));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Places {
    fn new(all: usize) -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(all)),
            all,
            waiting: AtomicUsize::new(0),
        })
    }

    async fn take(&self, what: &str, deadline: Instant) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting =
            Waiting::begin(&self.waiting, self.all * WAITING_PER_PLACE).ok_or_else(|| {
                Error::UpstreamPaused {
                    message: format!(
                        "{what} has {} calls under way, and as many wait as may",
                        self.all
                    ),
                    retry_after_s: 1,
                }
            })?;
        let free = Arc::clone(&self.free).acquire_owned();
        match tokio::time::timeout_at(deadline, free).await {
            Ok(permit) => permit.map_err(|_| Error::internal("a semaphore was closed")),
            Err(_) => Err(Error::Upstream {
                message: format!(
                    "{what} had {} calls under way until the call's time was over",
                    self.all
                ),
                timed_out: true,
            }),
        }
    }
}

/// Counts a waiting call for as long as it waits, also when its caller goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        let before = count.fetch_add(1, Ordering::SeqCst);
        let waiting = Self(count);
        (before < most).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Host {
    /// Refuses while the circuit is open.
    fn check(&self, origin: &str, now: Timestamp) -> Result<()> {
        let circuit = lock(&self.circuit);
        circuit.check(origin, now)
    }

    /// Refuses as [`Self::check`]; says whether the call is the one that tries a resting host.
    fn admit(&self, origin: &str, now: Timestamp) -> Result<bool> {
        let mut circuit = lock(&self.circuit);
        circuit.check(origin, now)?;
        let is_probe = circuit.open_until.is_some();
        circuit.is_probed |= is_probe;
        Ok(is_probe)
    }
}

impl Circuit {
    fn check(&self, origin: &str, now: Timestamp) -> Result<()> {
        let Some(until) = self.open_until else {
            return Ok(());
        };
        if until <= now && !self.is_probed {
            return Ok(());
        }
        let left = until.as_millis().saturating_sub(now.as_millis());
        let retry_after_s = u64::try_from(left).unwrap_or(0).div_ceil(1_000).max(1);
        Err(Error::UpstreamPaused {
            message: format!(
                "calls to {origin} rest for {retry_after_s} s: the last {} failed, and this one \
                 was not sent",
                self.failures
            ),
            retry_after_s,
        })
    }
}

impl Pass {
    /// Tells how the call went: whether the host failed to serve it.
    pub fn settle(self, failed: bool, now: Timestamp) {
        let UpstreamLimits {
            circuit_failures,
            circuit_rest,
            ..
        } = self.limits;
        let mut circuit = lock(&self.host.circuit);
        if !failed {
            circuit.failures = 0;
            circuit.open_until = None;
            return;
        }
        circuit.failures = circuit.failures.saturating_add(1);
        if circuit_failures > 0 && circuit.failures >= circuit_failures {
            circuit.open_until = Some(now.after(circuit_rest));
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.is_probe {
            lock(&self.host.circuit).is_probed = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "https://api.test";

    fn upstreams(per_host: usize, circuit_failures: u32) -> Upstreams {
        Upstreams::new(UpstreamLimits {
            per_host,
            per_account: 1,
            circuit_failures,
            circuit_rest: Duration::from_secs(30),
        })
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    async fn enter(
        upstreams: &Upstreams,
        account: Option<&AccountId>,
        second: i64,
    ) -> Result<Pass> {
        let deadline = Instant::now() + Duration::from_secs(5);
        upstreams
            .enter(ORIGIN, account, deadline, || at(second))
            .await
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_waits_until_its_deadline() {
        let upstreams = upstreams(1, 0);
        let held = enter(&upstreams, None, 0).await.unwrap();
        let refused = enter(&upstreams, None, 0).await.unwrap_err();
        assert!(
            matches!(
                &refused,
                Error::Upstream {
                    timed_out: true,
                    ..
                }
            ),
            "{refused:?}"
        );
        drop(held);
        enter(&upstreams, None, 0).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn accounts_have_places_of_their_own_and_other_hosts_too() {
        let upstreams = upstreams(2, 0);
        let (ada, bob) = (AccountId::generate(), AccountId::generate());
        let _held = enter(&upstreams, Some(&ada), 0).await.unwrap();
        assert!(enter(&upstreams, Some(&ada), 0).await.is_err());
        let _second = enter(&upstreams, Some(&bob), 0).await.unwrap();
        assert!(enter(&upstreams, None, 0).await.is_err());
        let deadline = Instant::now();
        let other = upstreams.enter("https://other.test", None, deadline, || at(0));
        assert!(other.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_may_wait_are_sent_away_at_once() {
        let upstreams = upstreams(1, 0);
        let _held = enter(&upstreams, None, 0).await.unwrap();
        let waiting: Vec<_> = (0..5).map(|_| enter(&upstreams, None, 0)).collect();
        let outcomes = futures_util::future::join_all(waiting).await;
        let paused = |outcome: &&Result<Pass>| matches!(outcome, Err(Error::UpstreamPaused { .. }));
        assert_eq!(outcomes.iter().filter(paused).count(), 1);
    }

    #[tokio::test]
    async fn a_circuit_opens_after_failures_in_a_row_and_one_call_tries_the_host_again() {
        let upstreams = upstreams(9, 2);
        for failed in [true, false, true, true] {
            enter(&upstreams, None, 0)
                .await
                .unwrap()
                .settle(failed, at(0));
        }
        let refused = enter(&upstreams, None, 10).await.unwrap_err();
        assert!(
            matches!(
                refused,
                Error::UpstreamPaused {
                    retry_after_s: 20,
                    ..
                }
            ),
            "{refused:?}"
        );
        let probe = enter(&upstreams, None, 30).await.unwrap();
        assert!(enter(&upstreams, None, 30).await.is_err());
        probe.settle(true, at(30));
        assert!(enter(&upstreams, None, 59).await.is_err());
        // A probe whose caller goes away leaves the question open.
        drop(enter(&upstreams, None, 60).await.unwrap());
        enter(&upstreams, None, 60)
            .await
            .unwrap()
            .settle(false, at(60));
        assert!(enter(&upstreams, None, 60).await.is_ok());
    }
}
