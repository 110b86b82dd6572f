//! Renews tokens before they end. Each replica looks for itself; the lease on an account's row
//! keeps them from doing the same twice.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use super::{jitter, report};
use crate::accounts;
use crate::app::App;
use crate::error::Result;
use crate::ids::{AccountId, random_text};
use crate::storage::connected_accounts::ConnectedAccount;

const LOOK_EVERY: Duration = Duration::from_secs(5);
/// An account that could not even be tried is left alone this long.
const REST_AFTER_ERROR: Duration = Duration::from_mins(1);
/// Renewals of one toolkit's accounts at a time, a replica: its provider is one and the same.
const AT_ONE_PROVIDER: usize = 8;
/// Renewals at a time, a replica.
const IN_ALL: usize = 64;
const BATCH: i64 = 200;

/// Runs until the server stops. A renewal under way ends by itself.
pub async fn run(app: App) {
    let pause = LOOK_EVERY + jitter(&random_text(16));
    let mut hands = Hands::default();
    while !app.stopping.is_cancelled() {
        if let Err(error) = hands.fill(&app).await {
            report(
                &error,
                "the accounts that are due for a refresh could not be read",
            );
        }
        tokio::select! {
            () = hands.finish_one(), if !hands.are_empty() => {}
            () = tokio::time::sleep(pause) => {}
            () = app.stopping.cancelled() => {}
        }
    }
}

/// Renews everything that is due now, and says how many accounts that were.
///
/// # Errors
/// When the database does not answer.
pub async fn renew_due(app: &App) -> Result<usize> {
    let mut hands = Hands::default();
    let mut begun = 0;
    loop {
        begun += hands.fill(app).await?;
        if hands.are_empty() {
            return Ok(begun);
        }
        hands.finish_one().await;
    }
}

/// The renewals under way here.
#[derive(Default)]
struct Hands {
    running: FuturesUnordered<BoxFuture<'static, ConnectedAccount>>,
    accounts: HashSet<AccountId>,
    by_toolkit: HashMap<String, usize>,
}

impl Hands {
    fn are_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Begins as many renewals as there is room for, and says how many.
    async fn fill(&mut self, app: &App) -> Result<usize> {
        if self.running.len() >= IN_ALL {
            return Ok(0);
        }
        let full: Vec<String> = self
            .by_toolkit
            .iter()
            .filter(|(_, count)| **count >= AT_ONE_PROVIDER)
            .map(|(toolkit, _)| toolkit.clone())
            .collect();
        let due = accounts::due_for_refresh(app, &full, BATCH).await?;
        Ok(due
            .into_iter()
            .map(|account| usize::from(self.begin(app, account)))
            .sum())
    }

    /// Begins a renewal, unless it is under way or there is no room for it.
    fn begin(&mut self, app: &App, account: ConnectedAccount) -> bool {
        let of_toolkit = self.by_toolkit.get(&account.toolkit).copied();
        let of_toolkit = of_toolkit.unwrap_or_default();
        if self.running.len() >= IN_ALL
            || of_toolkit >= AT_ONE_PROVIDER
            || !self.accounts.insert(account.id.clone())
        {
            return false;
        }
        self.by_toolkit
            .insert(account.toolkit.clone(), of_toolkit + 1);
        let app = app.clone();
        self.running.push(Box::pin(async move {
            if let Err(error) = accounts::renew_ahead(&app, &account).await {
                report(
                    &error,
                    "an account that is due could not be tried to refresh",
                );
                let rest = tokio::time::sleep(REST_AFTER_ERROR);
                app.stopping.run_until_cancelled(rest).await;
            }
            account
        }));
        true
    }

    async fn finish_one(&mut self) {
        let Some(account) = self.running.next().await else {
            return;
        };
        self.accounts.remove(&account.id);
        if let Some(count) = self.by_toolkit.get_mut(&account.toolkit) {
            *count -= 1;
        }
        self.by_toolkit.retain(|_, count| *count > 0);
    }
}
