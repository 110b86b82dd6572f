//! Gives back the grants of a toolkit's accounts in bulk: the panic button.

use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::{check_revocable, revoke};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{AccountId, ProjectId};
use crate::storage;
use crate::storage::connected_accounts::{AccountFilter, AccountOrder, ConnectedAccount, Status};
use crate::toolkits;

/// Accounts that are read at a time.
const PAGE: i64 = 500;
const REASON: &str = "the server's operator gave the grant back to the provider";

/// Which accounts.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// The tenant.
    pub project: ProjectId,
    /// Slug of the toolkit, in any case.
    pub toolkit: String,
    /// This user's alone.
    pub user: Option<String>,
    /// Only says what would be done.
    pub dry_run: bool,
    /// Requests to the provider at a time.
    pub at_a_time: usize,
}

/// What became of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The provider confirmed it.
    Revoked,
    /// A dry run: the provider would be asked.
    Revocable,
    /// It holds nothing that could be used.
    Nothing,
    /// The provider takes nothing back.
    Impossible,
    /// The provider did not confirm; the account is unchanged.
    Failed,
}

impl Outcome {
    /// Whether nothing is left to be done for the account.
    #[must_use]
    pub const fn is_good(self) -> bool {
        match self {
            Self::Revoked | Self::Revocable | Self::Nothing => true,
            Self::Impossible | Self::Failed => false,
        }
    }

    /// For a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Revocable => "revocable",
            Self::Nothing => "nothing",
            Self::Impossible => "impossible",
            Self::Failed => "failed",
        }
    }
}

/// The report on one account.
#[derive(Debug, Clone, Serialize)]
pub struct AccountReport {
    /// `ca_…`
    pub account: AccountId,
    /// Whose it is.
    pub user: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What the provider took back, or why it did not and what is left to do.
    pub detail: String,
}

/// Revokes every account that has something to give back, and tells of each as it is done. What is
/// revoked is not asked for again, so a sweep that was cut off is begun anew.
///
/// # Errors
/// [`Error::NotFound`] for a project or toolkit that is not there. What one account's provider
/// answers is no error but its outcome.
pub async fn sweep(app: &App, sweep: &Sweep, mut tell: impl FnMut(&AccountReport)) -> Result<()> {
    let catalog = toolkits::catalog(app, &sweep.project).await?;
    let slug = catalog.toolkit(&sweep.toolkit)?.manifest.slug.clone();
    let accounts = affected(app, sweep, slug).await?;
    let mut reports = stream::iter(accounts)
        .map(|account| async move { one(app, sweep, account).await })
        .buffer_unordered(sweep.at_a_time.max(1));
    while let Some(report) = reports.next().await {
        tell(&report);
    }
    Ok(())
}

/// The accounts that are not revoked yet, as they stand now.
async fn affected(app: &App, sweep: &Sweep, slug: String) -> Result<Vec<ConnectedAccount>> {
    let project = &sweep.project;
    let mut session = app.db.read().await?;
    if storage::projects::find(session.conn(), project)
        .await?
        .is_none()
    {
        return Err(Error::not_found("project", project.as_str()));
    }
    let statuses = [Status::Active.name(), Status::Expired.name(), "INACTIVE"];
    let filter = AccountFilter {
        toolkits: vec![slug],
        statuses: statuses.map(str::to_owned).to_vec(),
        users: sweep.user.clone().into_iter().collect(),
        ..AccountFilter::default()
    };
    let (mut accounts, mut offset) = (Vec::new(), 0);
    loop {
        let order = AccountOrder::CreatedAscending;
        let page = storage::connected_accounts::list(
            session.conn(),
            project,
            &filter,
            order,
            PAGE,
            offset,
        )
        .await?;
        offset += PAGE;
        if page.is_empty() {
            return Ok(accounts);
        }
        accounts.extend(page);
    }
}

async fn one(app: &App, sweep: &Sweep, account: ConnectedAccount) -> AccountReport {
    let ConnectedAccount { id, user_id, .. } = account;
    let done = if sweep.dry_run {
        check_revocable(app, &sweep.project, &id)
            .await
            .map(|()| (Outcome::Revocable, String::new()))
    } else {
        revoke(app, &sweep.project, &id, REASON)
            .await
            .map(|revoked| (Outcome::Revoked, revoked.tokens.join(", ")))
    };
    let (outcome, detail) = done.unwrap_or_else(|error| {
        let outcome = match &error {
            Error::NotFound { .. } | Error::Conflict(_) => Outcome::Nothing,
            Error::Invalid { .. } => Outcome::Impossible,
            _ => Outcome::Failed,
        };
        let fix = error.shown().suggested_fix;
        let detail = match fix {
            Some(fix) => format!("{error}. {fix}"),
            None => error.to_string(),
        };
        (outcome, detail)
    });
    AccountReport {
        account: id,
        user: user_id,
        outcome,
        detail,
    }
}
