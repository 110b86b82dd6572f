//! Gives the grants of accounts back to their providers: at once when that is asked for, in the
//! background when an account is deleted, or when nobody chose what a grant is for.

mod after_delete;
mod held;
mod sweep;
mod unchosen;

pub(super) use after_delete::Batch;
pub use after_delete::{GiveBack, give_back_batch};
pub use sweep::{AccountReport, Outcome, Sweep, sweep};
pub use unchosen::give_back_unchosen;

use serde_json::{Map, Value};

use super::blueprint::Blueprint;
use super::refresh::change_of;
use super::token;
use super::view::read;
use crate::app::App;
use crate::auth_schemes::is_secret;
use crate::catalog::manifest::AuthManifest;
use crate::error::{Error, Result};
use crate::ids::{AccountId, ProjectId};
use crate::storage::connected_accounts::{self, ConnectedAccount, Status};
use crate::storage::connection_attempts;
use crate::time::Timestamp;
use held::{Failure, HeldGrant, Holding, holding};

/// How often an account is tried to be marked beside other writers.
const STORE_ATTEMPTS: usize = 5;

/// What came of a revocation.
#[derive(Debug)]
pub struct Revoked {
    /// The account as it stands now.
    pub account: ConnectedAccount,
    /// The names of the values that the provider took back now; empty when they were worthless
    /// before.
    pub tokens: Vec<String>,
}

/// Gives an account's grant back to its provider and forgets its credentials here. The account
/// becomes REVOKED only once the provider has confirmed it; `reason` is its status reason.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] when there is nothing to give back;
/// [`Error::Invalid`] when the provider takes nothing back; [`Error::Upstream`] when it did not
/// confirm, with the account unchanged.
pub async fn revoke(
    app: &App,
    project: &ProjectId,
    id: &AccountId,
    reason: &'static str,
) -> Result<Revoked> {
    // The caller may go away, but what the provider took back must be marked.
    let task = {
        let (app, project, id) = (app.clone(), project.clone(), id.clone());
        async move { revoke_account(&app, &project, &id, reason).await }
    };
    app.tasks
        .spawn(task)
        .await
        .map_err(|cause| Error::internal(format!("a revocation was cut off: {cause}")))?
}

async fn revoke_account(
    app: &App,
    project: &ProjectId,
    id: &AccountId,
    reason: &str,
) -> Result<Revoked> {
    let mut tokens: Vec<String> = Vec::new();
    for _ in 0..STORE_ATTEMPTS {
        let account = read(app, project, id).await?;
        if account.status == Status::Revoked {
            return Ok(Revoked { account, tokens });
        }
        let blueprint = Blueprint::load(app, project, &account.auth_config_id).await?;
        let held = what_is_held(app, &blueprint, &account)?;
        match held.give_back(app, &blueprint.toolkit).await {
            Ok(taken) => tokens.extend(taken),
            Err(failure) => return Err(unconfirmed(&blueprint, &account, &failure)),
        }
        tokens.sort_unstable();
        tokens.dedup();
        if mark(app, &blueprint, &account, reason).await? {
            let account = read(app, project, id).await?;
            return Ok(Revoked { account, tokens });
        }
        // New tokens came meanwhile: they are given back as well.
    }
    Err(Error::Conflict(
        "the account is changed by others without a break".into(),
    ))
}

/// Whether a revocation would ask the provider for this account: what a dry run tells.
///
/// # Errors
/// As [`revoke`], without asking anybody.
pub async fn check_revocable(app: &App, project: &ProjectId, id: &AccountId) -> Result<()> {
    let account = read(app, project, id).await?;
    let blueprint = Blueprint::load(app, project, &account.auth_config_id).await?;
    what_is_held(app, &blueprint, &account).map(drop)
}

fn what_is_held(app: &App, blueprint: &Blueprint, account: &ConnectedAccount) -> Result<HeldGrant> {
    let name = &blueprint.toolkit.manifest.name;
    match holding(app, blueprint, blueprint.keyring.open_account(account)?)? {
        Holding::Grant(held) => Ok(held),
        Holding::NoEndpoint => Err(Error::invalid_with_fix(
            format!(
                "{name} offers no way to revoke the credentials of an account by {}",
                account.scheme
            ),
            format!(
                "Delete or disable the account here, and let its user take the access away in the \
                 settings of {name}."
            ),
        )),
        Holding::NoToken => Err(Error::Conflict(format!(
            "connected account `{}` is {} and holds nothing that {name} could revoke",
            account.id,
            account.status.name()
        ))),
    }
}

fn unconfirmed(blueprint: &Blueprint, account: &ConnectedAccount, failure: &Failure) -> Error {
    let name = &blueprint.toolkit.manifest.name;
    let Failure {
        reason,
        may_pass,
        revoked,
    } = failure;
    let so_far = if revoked.is_empty() {
        String::new()
    } else {
        format!(" (it took back: {})", revoked.join(", "))
    };
    let advice = if *may_pass {
        "Try again later"
    } else {
        "Check the auth config's OAuth app and try again"
    };
    Error::upstream(format!(
        "{name} did not confirm that the grant of connected account `{}` is \
             revoked{so_far}: {reason}. The account is unchanged. {advice}; disable it to end its \
             use here, or let its user take the access away in the settings of {name}.",
        account.id
    ))
}

/// Marks the account and wipes its credentials; `false` when they changed meanwhile.
async fn mark(
    app: &App,
    blueprint: &Blueprint,
    account: &ConnectedAccount,
    reason: &str,
) -> Result<bool> {
    let now = app.clock.now();
    let (project, id) = (&account.project_id, &account.id);
    let rest = what_stays(
        blueprint.auth()?,
        blueprint.keyring.open_account(account)?,
        now,
    )?;
    let credentials = blueprint.keyring.seal_account(id, &rest)?;
    let mut tx = app.db.begin().await?;
    let seen = account.token_generation;
    let left = (credentials.as_slice(), reason);
    if !connected_accounts::revoke(tx.conn(), project, id, seen, left, now).await? {
        return Ok(false);
    }
    connection_attempts::close(tx.conn(), project, id, now).await?;
    tx.changed(change_of(account));
    tx.commit().await?;
    tracing::info!(account.id = %id, reason, "the account was revoked");
    Ok(true)
}

/// The fields that lead to the provider, for a user who connects again, and no secret.
fn what_stays(
    auth: &AuthManifest,
    mut values: Map<String, Value>,
    now: Timestamp,
) -> Result<Map<String, Value>> {
    let fields = &auth.fields.connection;
    values.retain(|name, _| {
        fields.iter().any(|field| field.name == *name) && !is_secret(Some(auth), name)
    });
    values.insert(token::REVOKED_AT.into(), serde_json::to_value(now)?);
    Ok(values)
}
