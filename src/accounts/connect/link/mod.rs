//! The page where a user connects: what it asks for, and what comes of the answers.

mod choosing;
mod filled;
mod found;
mod page;

pub use crate::accounts::choice::Former;
pub use filled::Filled;
pub use found::{Closed, Closing};
pub use page::{AskedChoice, AskedScope, LinkField, LinkPage, Notice};

use serde_json::{Map, Value};
use url::Url;

use super::attempt::{self, AtProvider, Journey};
use super::prepare::credentials_only;
use super::{Finish, Scene};
use crate::accounts::refresh::change_of;
use crate::accounts::view::read;
use crate::app::App;
use crate::catalog::manifest::{AuthManifest, Field};
use crate::error::{Error, Result};
use crate::storage::connected_accounts::{self, NewCredentials, Status};
use crate::storage::connection_attempts;
use found::{Found, Open};
use page::Sent;

/// How often a form is taken beside other writers of the account.
const ATTEMPTS: usize = 5;

/// What the page shows, or where the browser goes instead.
#[derive(Debug)]
pub enum LinkStep {
    /// Ask for these.
    Form(Box<LinkPage>),
    /// On to the provider's consent page.
    Provider(Url, Scene),
    /// The connection came to its end.
    Finished(Finish, Scene),
    /// The link is good no longer.
    Closed(Box<Closed>),
}

/// What came of a form that was sent.
#[derive(Debug)]
pub enum Submission {
    /// Everything is there: try it, if that can be, then connect.
    Filled(Box<Filled>),
    /// Anything else.
    Step(Box<LinkStep>),
}

/// What a link shows when it is opened. Opening it begins nothing and uses nothing up: messengers
/// open links to show a preview.
///
/// # Errors
/// [`Error::NotFound`] for an unknown token.
pub async fn open_link(app: &App, token: &str) -> Result<LinkStep> {
    match found::find(app, token).await? {
        Found::Open(open) => form(app, &open, &Sent::default()).await,
        Found::Closed(closed) => Ok(LinkStep::Closed(closed)),
    }
}

/// What a link shows to somebody whose form did not come from its page: nothing of what was sent.
///
/// # Errors
/// [`Error::NotFound`] for an unknown token.
pub async fn refuse_foreign_form(app: &App, token: &str) -> Result<LinkStep> {
    match found::find(app, token).await? {
        Found::Open(open) => filled::ask_again(app, &open, Map::new(), Notice::Foreign).await,
        Found::Closed(closed) => Ok(LinkStep::Closed(closed)),
    }
}

/// Takes what a user filled in: hands complete credentials back, goes on to the provider, or asks
/// again.
///
/// # Errors
/// [`Error::NotFound`] for an unknown token.
pub async fn submit_link(app: &App, token: &str, sent: Map<String, Value>) -> Result<Submission> {
    for _ in 0..ATTEMPTS {
        let open = match found::find(app, token).await? {
            Found::Open(open) => *open,
            Found::Closed(closed) => {
                return Ok(Submission::Step(Box::new(LinkStep::Closed(closed))));
            }
        };
        if let Some(granted) = &open.granted {
            let step = choosing::take(app, &open, granted, &sent).await?;
            return Ok(Submission::Step(Box::new(step)));
        }
        // Boxed: it holds what every scheme may ask of its provider.
        let outcome = Box::pin(take(app, open, sent.clone())).await?;
        if let Some(submission) = outcome {
            return Ok(submission);
        }
    }
    Err(Error::Conflict(
        "this page was sent too many times at once".into(),
    ))
}

/// What comes of a filled form; none when somebody else has changed the account meanwhile, as a
/// second click does.
async fn take(app: &App, open: Open, sent: Map<String, Value>) -> Result<Option<Submission>> {
    let given = known(open.blueprint.auth()?, sent);
    let before = credentials_only(open.values.clone());
    let mut values = before.clone();
    values.extend(given.clone());
    let checked = open.blueprint.check(values)?;
    let missing = checked.missing.into_iter();
    let mut problems = checked.problems;
    problems.extend(missing.map(|name| (name, "is required".to_owned())));
    if !problems.is_empty() {
        let sent = Sent {
            given,
            problems,
            notice: None,
        };
        let step = form(app, &open, &sent).await?;
        return Ok(Some(Submission::Step(Box::new(step))));
    }
    if !open.blueprint.config.scheme.needs_consent() {
        let submission = filled::fill(app, open, given, checked.values).await?;
        return Ok(Some(submission));
    }
    if checked.values != before && !keep(app, &open, checked.values.clone()).await? {
        return Ok(None);
    }
    let step = match go_on(app, &open, &checked.values).await {
        Err(Error::Upstream { .. }) => {
            filled::ask_again(app, &open, given, Notice::Unreachable).await
        }
        outcome => outcome,
    };
    Ok(Some(Submission::Step(Box::new(step?))))
}

/// Ends a connection that its user does not want.
///
/// # Errors
/// [`Error::NotFound`] for an unknown token.
pub async fn cancel_link(app: &App, token: &str) -> Result<LinkStep> {
    match found::find(app, token).await? {
        Found::Open(open) => filled::cancel(app, &open).await,
        Found::Closed(closed) => Ok(LinkStep::Closed(closed)),
    }
}

async fn form(app: &App, open: &Open, sent: &Sent) -> Result<LinkStep> {
    Ok(LinkStep::Form(Box::new(page::page(app, open, sent).await?)))
}

async fn finished(app: &App, open: &Open, failure: Option<String>) -> Result<LinkStep> {
    Ok(LinkStep::Finished(
        open.finish(failure)?,
        open.scene(app).await?,
    ))
}

/// Somebody else was faster; the account as it stands now says how.
async fn closed_meanwhile(app: &App, open: &Open) -> Result<LinkStep> {
    let account = read(app, &open.account.project_id, &open.account.id).await?;
    let mut closed = open.closed(app, Closing::Used).await?;
    if account.status == Status::Active {
        closed.finish.failure = None;
    }
    Ok(LinkStep::Closed(Box::new(closed)))
}

/// The declared fields of what was sent, as a form sends them.
fn known(auth: &AuthManifest, mut sent: Map<String, Value>) -> Map<String, Value> {
    let mut given = Map::new();
    for field in &auth.fields.connection {
        if let Some(value) = as_sent(field, sent.shift_remove(&field.name)) {
            given.insert(field.name.clone(), value);
        }
    }
    given
}

/// Without the spaces that come with copied text, and with the line ends of the text itself: forms
/// send CR LF (HTML standard, "multipart-form-data" and its kin). A box that is not ticked is not
/// sent at all.
fn as_sent(field: &Field, value: Option<Value>) -> Option<Value> {
    if field.kind == "boolean" {
        return Some(Value::Bool(value.is_some()));
    }
    let text = value?.as_str()?.trim().replace("\r\n", "\n");
    (!text.is_empty()).then_some(Value::String(text))
}

/// To the provider, with an attempt of its own; the link stays good until the account is
/// connected, so that a user may begin again.
async fn go_on(app: &App, open: &Open, values: &Map<String, Value>) -> Result<LinkStep> {
    let secrets = open.blueprint.keyring.open_attempt(&open.attempt)?;
    let journey = Journey {
        account: open.account.id.clone(),
        callback_url: open.attempt.callback_url.clone(),
        expires_at: open.attempt.expires_at,
        camel_case_callback: secrets.camel_case_callback,
    };
    let AtProvider { url, attempt, .. } =
        attempt::at_provider(app, &open.blueprint, values, journey).await?;
    let mut tx = app.db.begin().await?;
    connection_attempts::insert(tx.conn(), &attempt).await?;
    tx.commit().await?;
    Ok(LinkStep::Provider(url, open.scene(app).await?))
}

/// Keeps fields for the exchange that comes after consent; `false` when somebody else has changed
/// the account meanwhile.
async fn keep(app: &App, open: &Open, mut values: Map<String, Value>) -> Result<bool> {
    if let Some(url) = open.values.get("redirectUrl") {
        values.insert("redirectUrl".into(), url.clone());
    }
    let now = app.clock.now();
    let new = NewCredentials {
        seen_generation: open.account.token_generation,
        credentials: open
            .blueprint
            .keyring
            .seal_account(&open.account.id, &values)?,
        token_expires_at: open.account.token_expires_at,
        // One that works goes on working until the new consent is there.
        status: open.account.status,
        connect_by: open.account.connect_by,
    };
    let mut tx = app.db.begin().await?;
    let (project, id) = (&open.account.project_id, &open.account.id);
    if !connected_accounts::store_credentials(tx.conn(), project, id, &new, now).await? {
        return Ok(false);
    }
    tx.changed(change_of(&open.account));
    tx.commit().await?;
    Ok(true)
}
