//! Grants of deleted accounts: kept sealed with the job that gives them back, which is tried again
//! until the provider has answered or the table of retries is at its end.

use futures_util::{StreamExt, stream};

use super::held::{HeldGrant, Holding, holding};
use crate::accounts::blueprint::Blueprint;
use crate::accounts::secrets::Keyring;
use crate::app::App;
use crate::crypto::Place;
use crate::error::{Error, Result};
use crate::ids::{AccountId, JobId, ProjectId};
use crate::storage::connected_accounts::ConnectedAccount;
use crate::storage::jobs::{self, Job};
use crate::storage::revocations::{self, Revocation};
use crate::storage::{Tx, connected_accounts};
use crate::toolkits;

/// Requests to providers at a time, for one job.
const AT_A_TIME: usize = 8;

/// Whether a deletion gives the grants back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveBack {
    /// It forgets them.
    Never,
    /// It does, unless the user has another account by the same auth config: many providers have
    /// one grant for a user and an app, and the other account would lose it.
    UnlessShared,
    /// It does.
    Always,
}

/// Collects the grants of one deletion.
pub(in crate::accounts) struct Batch {
    id: JobId,
    mode: GiveBack,
    count: usize,
}

impl Batch {
    pub(in crate::accounts) fn new(mode: GiveBack) -> Self {
        Self {
            id: JobId::generate(),
            mode,
            count: 0,
        }
    }

    /// Keeps the grant of an account that `tx` is about to remove, where it is to be given back
    /// and can be.
    ///
    /// # Errors
    /// When the database does not answer. What cannot be given back is no error: the deletion goes
    /// on.
    pub(in crate::accounts) async fn add(
        &mut self,
        app: &App,
        tx: &mut Tx,
        blueprint: &Blueprint,
        account: &ConnectedAccount,
    ) -> Result<()> {
        let is_wanted = match self.mode {
            GiveBack::Never => false,
            GiveBack::Always => true,
            GiveBack::UnlessShared => !connected_accounts::has_sibling(tx.conn(), account).await?,
        };
        if !is_wanted {
            return Ok(());
        }
        let own = blueprint.keyring.open_account(account);
        let held = match own.and_then(|own| holding(app, blueprint, own)) {
            Ok(Holding::Grant(held)) => held,
            Ok(Holding::NoEndpoint | Holding::NoToken) => return Ok(()),
            Err(error) => {
                tracing::warn!(account.id = %account.id, %error, "its grant is not given back");
                return Ok(());
            }
        };
        let revocation = Revocation {
            account_id: account.id.clone(),
            project_id: account.project_id.clone(),
            batch_id: self.id.clone(),
            toolkit: account.toolkit.clone(),
            secrets: blueprint.keyring.seal(place(&account.id), &held)?,
            created_at: app.clock.now(),
        };
        revocations::insert(tx.conn(), &revocation).await?;
        self.count += 1;
        Ok(())
    }

    /// Stores the job that gives the grants back, and names it; none when there is no grant.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(in crate::accounts) async fn enqueue(
        self,
        app: &App,
        tx: &mut Tx,
        project: &ProjectId,
    ) -> Result<Option<JobId>> {
        if self.count == 0 {
            return Ok(None);
        }
        let job = Job::GiveBack {
            project: project.clone(),
            batch: self.id.clone(),
        };
        let now = app.clock.now();
        jobs::enqueue(tx.conn(), &job, now, now).await?;
        Ok(Some(self.id))
    }
}

fn place(account: &AccountId) -> Place<'_> {
    Place {
        table: "revocations",
        row: account.as_str(),
        column: "secrets",
    }
}

/// Gives back what is left of a batch.
///
/// # Errors
/// [`Error::Upstream`] when some provider could not say; the job is tried again.
pub async fn give_back_batch(app: &App, project: &ProjectId, batch: &JobId) -> Result<()> {
    let keyring = match Keyring::of(app, project).await {
        Ok(keyring) => keyring,
        // The project is gone, and with it the key to its secrets.
        Err(Error::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut session = app.db.read().await?;
    let left = revocations::of_batch(session.conn(), project, batch).await?;
    drop(session);
    let keyring = &keyring;
    let mut outcomes = stream::iter(left)
        .map(|revocation| async move { give_back(app, keyring, &revocation).await })
        .buffer_unordered(AT_A_TIME);
    let mut failed = None;
    while let Some(outcome) = outcomes.next().await {
        if let Err(error) = outcome {
            failed = Some(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn give_back(app: &App, keyring: &Keyring, revocation: &Revocation) -> Result<()> {
    let Revocation {
        account_id: account,
        project_id: project,
        batch_id: _,
        toolkit,
        secrets,
        created_at: _,
    } = revocation;
    let held: HeldGrant = keyring.open(place(account), secrets)?;
    let catalog = toolkits::catalog(app, project).await?;
    let Ok(toolkit) = catalog.toolkit(toolkit) else {
        return forget(app, project, account).await;
    };
    match held.give_back(app, toolkit).await {
        Ok(_) => tracing::info!(account.id = %account, "its grant is given back"),
        Err(failure) if failure.may_pass => {
            return Err(Error::upstream(format!(
                "the grant of the deleted account `{account}` is not given back yet: {}",
                failure.reason
            )));
        }
        Err(failure) => tracing::warn!(
            account.id = %account, toolkit = toolkit.manifest.slug, reason = failure.reason,
            "the provider refused to take the grant of a deleted account back; its user can take \
             the access away there"
        ),
    }
    forget(app, project, account).await
}

async fn forget(app: &App, project: &ProjectId, account: &AccountId) -> Result<()> {
    let mut tx = app.db.begin().await?;
    revocations::delete(tx.conn(), project, account).await?;
    tx.commit().await
}
