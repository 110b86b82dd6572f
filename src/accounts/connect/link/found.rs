//! Finds what a link's token opens, and says why it opens nothing any more.

use serde_json::{Map, Value};

use crate::accounts::blueprint::Blueprint;
use crate::accounts::choice::Granted;
use crate::accounts::connect::attempt::hash_token;
use crate::accounts::connect::{Finish, Scene};
use crate::accounts::view::read;
use crate::app::App;
use crate::error::{Error, Result};
use crate::storage::connected_accounts::{ConnectedAccount, Status};
use crate::storage::connection_attempts::{self, AttemptKind, ConnectionAttempt};

/// A link that is open.
pub(super) struct Open {
    pub(super) attempt: ConnectionAttempt,
    pub(super) account: ConnectedAccount,
    pub(super) blueprint: Blueprint,
    pub(super) values: Map<String, Value>,
    /// The grant that waits for its user to choose what the account is for.
    pub(super) granted: Option<Granted>,
}

/// Why a link opens nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The connection came to its end, good or bad.
    Used,
    /// Nobody used it in time.
    Late,
    /// The auth config is switched off.
    Off,
}

/// A link that was good once.
#[derive(Debug)]
pub struct Closed {
    /// Why it is no longer.
    pub why: Closing,
    /// Who meets on it.
    pub scene: Scene,
    /// How the account stands, and the way back.
    pub finish: Finish,
}

pub(super) enum Found {
    Open(Box<Open>),
    Closed(Box<Closed>),
}

/// What a token opens.
///
/// # Errors
/// [`Error::NotFound`] for an unknown token.
pub(super) async fn find(app: &App, token: &str) -> Result<Found> {
    // Not even the beginning of a token belongs on a page or in a log.
    let unknown = || Error::not_found("connect link", "ln_…");
    let mut session = app.db.read().await?;
    let attempt = connection_attempts::find_by_token(session.conn(), &hash_token(token))
        .await?
        .filter(|attempt| attempt.kind == AttemptKind::Link)
        .ok_or_else(unknown)?;
    drop(session);
    let account = read(app, &attempt.project_id, &attempt.account_id)
        .await
        .map_err(|_| unknown())?;
    let blueprint = Blueprint::load(app, &attempt.project_id, &account.auth_config_id).await?;
    let values = blueprint.keyring.open_account(&account)?;
    let granted = blueprint.keyring.open_attempt(&attempt)?.granted;
    // What was open to its end was closed by whoever cleared up after it, and nobody used it.
    let is_late = attempt.expires_at <= attempt.used_at.unwrap_or_else(|| app.clock.now());
    let why = if attempt.used_at.is_some() && (!is_late || account.status == Status::Active) {
        Closing::Used
    } else if is_late {
        Closing::Late
    } else if !blueprint.config.enabled {
        Closing::Off
    } else {
        return Ok(Found::Open(Box::new(Open {
            attempt,
            account,
            blueprint,
            values,
            granted,
        })));
    };
    let open = Open {
        attempt,
        account,
        blueprint,
        values,
        granted,
    };
    Ok(Found::Closed(Box::new(open.closed(app, why).await?)))
}

impl Open {
    pub(super) async fn scene(&self, app: &App) -> Result<Scene> {
        Scene::of(app, &self.account.project_id, &self.account.toolkit).await
    }

    /// The same link, which is good no longer.
    pub(super) async fn closed(&self, app: &App, why: Closing) -> Result<Closed> {
        let is_connected = why == Closing::Used && self.account.status == Status::Active;
        let failure = (!is_connected).then(|| "the link is over".to_owned());
        Ok(Closed {
            why,
            scene: self.scene(app).await?,
            finish: self.finish(failure)?,
        })
    }

    /// The end of the connection.
    pub(super) fn finish(&self, failure: Option<String>) -> Result<Finish> {
        let remembered = self.blueprint.keyring.open_attempt(&self.attempt)?;
        Ok(Finish {
            project: self.account.project_id.clone(),
            account: self.account.id.clone(),
            toolkit: self.account.toolkit.clone(),
            goes_on: failure.is_some() && self.account.status == Status::Active,
            failure,
            callback_url: self.attempt.callback_url.clone(),
            camel_case: remembered.camel_case_callback,
        })
    }
}
