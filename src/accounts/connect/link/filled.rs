//! A form that was filled in well: its credentials may be tried before they are kept.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::found::{Closing, Open};
use super::page::{Notice, Sent, page};
use super::{LinkStep, Submission, finished};
use crate::accounts::connect::complete::fail;
use crate::accounts::refresh::change_of;
use crate::accounts::{grant, token};
use crate::app::App;
use crate::auth_schemes::Credentials;
use crate::auth_schemes::oauth2::TokenFailure;
use crate::catalog::Toolkit;
use crate::error::{Error, Result};
use crate::storage::connected_accounts::{self, NewCredentials, Status};
use crate::storage::connection_attempts;

/// What a person filled in, checked and complete.
pub struct Filled {
    open: Open,
    given: Map<String, Value>,
    values: Map<String, Value>,
}

impl std::fmt::Debug for Filled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filled({})", self.open.account.id)
    }
}

/// Takes checked values, and gets the first token where the scheme has one.
pub(super) async fn fill(
    app: &App,
    open: Open,
    given: Map<String, Value>,
    values: Map<String, Value>,
) -> Result<Submission> {
    let notice = match grant::with_first_token(app, &open.blueprint, values).await {
        Ok(Ok(values)) => {
            return Ok(Submission::Filled(Box::new(Filled {
                open,
                given,
                values,
            })));
        }
        Ok(Err(TokenFailure::NoAnswer(_))) | Err(Error::Upstream { .. }) => Notice::Unreachable,
        Ok(Err(failure @ (TokenFailure::Refused { .. } | TokenFailure::Denied { .. }))) => {
            Notice::Refused(Some(failure.reason()))
        }
        // A key that is none, for example.
        Err(error @ Error::Invalid { .. }) => Notice::Refused(Some(error.to_string())),
        Err(error) => return Err(error),
    };
    let step = ask_again(app, &open, given, notice).await?;
    Ok(Submission::Step(Box::new(step)))
}

pub(super) async fn ask_again(
    app: &App,
    open: &Open,
    given: Map<String, Value>,
    notice: Notice,
) -> Result<LinkStep> {
    let sent = Sent {
        given,
        problems: Vec::new(),
        notice: Some(notice),
    };
    Ok(LinkStep::Form(Box::new(page(app, open, &sent).await?)))
}

impl Filled {
    /// The credentials as a tool would use them, if the toolkit has a request that shows whose they
    /// are.
    #[must_use]
    pub fn to_try(&self) -> Option<(&Arc<Toolkit>, Credentials)> {
        let blueprint = &self.open.blueprint;
        let toolkit = &blueprint.toolkit;
        let can_be_tried = toolkit.manifest.identity.is_some();
        can_be_tried.then(|| (toolkit, blueprint.credentials(self.values.clone())))
    }

    /// The page again, since the service refused the credentials. The link stays good.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn refuse(self, app: &App) -> Result<LinkStep> {
        ask_again(app, &self.open, self.given, Notice::Refused(None)).await
    }

    /// Uses the link up and activates the account.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn connect(self, app: &App) -> Result<LinkStep> {
        let Self { open, values, .. } = self;
        let (account, now) = (&open.account, app.clock.now());
        let (project, id) = (&account.project_id, &account.id);
        let new = NewCredentials {
            seen_generation: account.token_generation,
            credentials: open.blueprint.keyring.seal_account(id, &values)?,
            token_expires_at: token::end_of_life(&values, now),
            status: Status::Active,
            connect_by: None,
        };
        let mut tx = app.db.begin().await?;
        if !connection_attempts::consume(tx.conn(), project, &open.attempt.id, now).await?
            || !connected_accounts::store_credentials(tx.conn(), project, id, &new, now).await?
        {
            drop(tx);
            return super::closed_meanwhile(app, &open).await;
        }
        connection_attempts::close(tx.conn(), project, id, now).await?;
        tx.changed(change_of(account));
        tx.commit().await?;
        finished(app, &open, None).await
    }
}

/// Ends the connection because the person does not want it. An account that worked before goes on.
pub(super) async fn cancel(app: &App, open: &Open) -> Result<LinkStep> {
    const REASON: &str = "the user cancelled on the connect page";
    let (project, now) = (&open.account.project_id, app.clock.now());
    let mut tx = app.db.begin().await?;
    if !connection_attempts::consume(tx.conn(), project, &open.attempt.id, now).await? {
        drop(tx);
        return Ok(LinkStep::Closed(Box::new(
            open.closed(app, Closing::Used).await?,
        )));
    }
    tx.commit().await?;
    fail(app, &open.account, REASON).await?;
    finished(app, open, Some(REASON.to_owned())).await
}
