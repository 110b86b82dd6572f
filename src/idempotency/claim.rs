//! The right to make a call: one row, inserted before the call and committed before anything is
//! sent, so that of any number of requests on any number of replicas one makes it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::LONGEST_CALL;
use super::asked::Asked;
use super::kept::{Content, Outcome};
use crate::app::App;
use crate::caches::OpenProject;
use crate::crypto::Place;
use crate::error::{Error, Result};
use crate::ids::random_text;
use crate::storage::idempotent_calls::{self, IdempotentCall};

/// What replicas' clocks may differ by.
const CLOCK_SKEW: Duration = Duration::from_secs(30);
/// When to ask again for a call that runs.
const RETRY_AFTER_S: u64 = 2;

/// Whose call it is.
pub(super) enum Taken {
    /// This request's.
    Mine(Claim),
    /// Another's, which has ended with this answer.
    Before(String),
}

/// The right to make one call.
pub(super) struct Claim {
    project: Arc<OpenProject>,
    row: String,
    holder: String,
    fingerprint: String,
}

/// Claims the call, or finds what came of it.
pub(super) async fn take(app: &App, project: &Arc<OpenProject>, asked: &Asked) -> Result<Taken> {
    let now = app.clock.now();
    let claim = Claim {
        row: asked.row(&project.project.id),
        project: Arc::clone(project),
        holder: random_text(16),
        fingerprint: asked.fingerprint.clone(),
    };
    let row = IdempotentCall {
        id: claim.row.clone(),
        project_id: project.project.id.clone(),
        holder: claim.holder.clone(),
        content: claim.seal(None)?,
        ends_by: now.after(LONGEST_CALL + CLOCK_SKEW),
        ended_at: None,
        expires_at: now.after(app.config.idempotency.lifetime()),
    };
    let mut tx = app.db.begin().await?;
    idempotent_calls::forget(tx.conn(), &row.project_id, &row.id, now).await?;
    let is_mine = idempotent_calls::claim(tx.conn(), &row).await?;
    let held = if is_mine {
        None
    } else {
        idempotent_calls::find(tx.conn(), &row.project_id, &row.id).await?
    };
    tx.commit().await?;
    match held {
        None if is_mine => Ok(Taken::Mine(claim)),
        // It was given back between the two looks: the next try may have it.
        None => Err(still_running()),
        Some(held) => claim.read(app, &held).map(Taken::Before),
    }
}

fn still_running() -> Error {
    Error::StillRunning {
        retry_after_s: RETRY_AFTER_S,
    }
}

impl Claim {
    /// Notes what came of a call that reached the service.
    pub(super) async fn finish<T: Serialize + Sync>(
        self,
        app: &App,
        outcome: &Result<T>,
    ) -> Result<()> {
        let keeps_data = self.project.project.settings.stores_data();
        let most = app.config.idempotency.idempotency_max_bytes;
        let content = self.seal(Some(Outcome::of(outcome, keeps_data, most)?))?;
        let project = &self.project.project.id;
        let mut tx = app.db.begin().await?;
        let now = app.clock.now();
        let is_noted =
            idempotent_calls::finish(tx.conn(), project, &self.row, &self.holder, &content, now)
                .await?;
        tx.commit().await?;
        if !is_noted {
            tracing::warn!("a call with an idempotency key ended after its key had expired");
        }
        Ok(())
    }

    /// Leaves the key as it was: the call never reached the service.
    pub(super) async fn release(self, app: &App) -> Result<()> {
        let project = &self.project.project.id;
        let mut tx = app.db.begin().await?;
        idempotent_calls::release(tx.conn(), project, &self.row, &self.holder).await?;
        tx.commit().await
    }

    /// The answer of the call that holds the row.
    fn read(&self, app: &App, held: &IdempotentCall) -> Result<String> {
        let data_key = &self.project.data_key;
        let content: Content = data_key.open_json(place(&held.id), &held.content)?;
        if content.fingerprint != self.fingerprint {
            return Err(Error::Conflict(
                "this idempotency key belongs to another request: send a new key with a new \
                 request"
                    .into(),
            ));
        }
        match content.outcome {
            Some(outcome) => outcome.answer(),
            None if app.clock.now() < held.ends_by => Err(still_running()),
            None => Err(Error::Conflict(
                "the first call with this idempotency key was cut off, and its outcome is not \
                 known: look at the service before you send it again with a new key"
                    .into(),
            )),
        }
    }

    fn seal(&self, outcome: Option<Outcome>) -> Result<Vec<u8>> {
        let content = Content {
            fingerprint: self.fingerprint.clone(),
            outcome,
        };
        self.project.data_key.seal_json(place(&self.row), &content)
    }
}

fn place(row: &str) -> Place<'_> {
    Place {
        table: "idempotent_calls",
        row,
        column: "content",
    }
}
