//! The page where a user connects: what it asks for, and what comes of the answers.

use serde_json::{Map, Value};
use url::Url;

use super::attempt::{self, AtProvider, Journey, hash_token};
use super::prepare::credentials_only;
use super::{Finish, web_address};
use crate::accounts::blueprint::Blueprint;
use crate::accounts::refresh::change_of;
use crate::accounts::view::read;
use crate::app::App;
use crate::catalog::manifest::{AuthManifest, Field};
use crate::error::{Error, Result};
use crate::storage::connected_accounts::{self, ConnectedAccount, NewCredentials, Status};
use crate::storage::connection_attempts::{self, AttemptKind, ConnectionAttempt};
use crate::tenancy;

/// What the page shows, or where the browser goes instead.
#[derive(Debug)]
pub enum LinkStep {
    /// Ask for these.
    Form(LinkPage),
    /// On to the provider's consent page.
    Provider(Url),
    /// The account is connected.
    Finished(Finish),
}

/// What the hosted page shows.
#[derive(Debug)]
pub struct LinkPage {
    /// Name of the toolkit.
    pub toolkit: String,
    /// URL of the toolkit's logo; empty for none.
    pub toolkit_logo: String,
    /// What the project calls itself on pages.
    pub app_name: Option<String>,
    /// The project's logo.
    pub app_logo: Option<String>,
    /// Whether the user goes on to the provider after the fields.
    pub continues_at_provider: bool,
    /// What is asked for.
    pub fields: Vec<LinkField>,
    /// Origins to which the sent form may lead; none where that depends on what is given.
    pub targets: Option<Vec<String>>,
}

/// One field of the hosted page.
#[derive(Debug)]
pub struct LinkField {
    /// As the toolkit declares it.
    pub field: Field,
    /// What stands in it; never a secret.
    pub value: String,
    /// A secret is there already and need not be given again.
    pub is_held: bool,
    /// What is wrong with what was given.
    pub problem: Option<String>,
}

impl LinkField {
    /// Whether the page must not be sent without it.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.field.required && !self.is_held
    }
}

/// A link that is open.
struct Open {
    attempt: ConnectionAttempt,
    account: ConnectedAccount,
    blueprint: Blueprint,
    values: Map<String, Value>,
}

/// What a link shows when it is opened. Opening it uses nothing up: messengers open links to show
/// a preview.
///
/// # Errors
/// [`Error::NotFound`] for an unknown token, [`Error::Gone`] for one that is used or over.
pub async fn open_link(app: &App, token: &str) -> Result<LinkStep> {
    let open = find(app, token).await?;
    let checked = open
        .blueprint
        .check(credentials_only(open.values.clone()))?;
    if open.blueprint.config.scheme.needs_consent() && checked.missing.is_empty() {
        return go_on(app, &open, &open.values).await;
    }
    form(app, &open, &Map::new(), &[]).await
}

/// Takes what a user filled in: connects the account, goes on to the provider, or asks again.
///
/// # Errors
/// [`Error::NotFound`] for an unknown token, [`Error::Gone`] for one that is used or over.
pub async fn submit_link(app: &App, token: &str, sent: Map<String, Value>) -> Result<LinkStep> {
    let open = find(app, token).await?;
    let auth = open.blueprint.auth()?;
    let given = known(auth, sent);
    let mut values = credentials_only(open.values.clone());
    values.extend(given.clone());
    let checked = open.blueprint.check(values)?;
    let mut problems = checked.problems;
    problems.extend(
        checked
            .missing
            .into_iter()
            .map(|name| (name, "is required".to_owned())),
    );
    if !problems.is_empty() {
        return form(app, &open, &given, &problems).await;
    }
    if !open.blueprint.config.scheme.needs_consent() {
        return connect(app, open, checked.values).await;
    }
    keep(app, &open, checked.values.clone()).await?;
    go_on(app, &open, &checked.values).await
}

fn used() -> Error {
    Error::Gone("this link was used already".into())
}

/// The declared fields of what was sent, without the spaces that come with copied text.
fn known(auth: &AuthManifest, mut sent: Map<String, Value>) -> Map<String, Value> {
    let mut given = Map::new();
    for field in &auth.fields.connection {
        if let Some(Value::String(text)) = sent.shift_remove(&field.name) {
            let text = text.trim();
            if !text.is_empty() {
                given.insert(field.name.clone(), Value::String(text.to_owned()));
            }
        }
    }
    given
}

async fn find(app: &App, token: &str) -> Result<Open> {
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
    if attempt.used_at.is_some() {
        return Err(used());
    }
    if attempt.expires_at <= app.clock.now() {
        return Err(Error::Gone(
            "this link was not used in time and is over".into(),
        ));
    }
    let blueprint = Blueprint::load(app, &attempt.project_id, &account.auth_config_id).await?;
    if !blueprint.config.enabled {
        return Err(Error::Gone(
            "this connection is switched off at the moment".into(),
        ));
    }
    let values = blueprint.keyring.open_account(&account)?;
    Ok(Open {
        attempt,
        account,
        blueprint,
        values,
    })
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
    Ok(LinkStep::Provider(url))
}

/// Keeps fields for the exchange that comes after consent.
async fn keep(app: &App, open: &Open, mut values: Map<String, Value>) -> Result<()> {
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
        return Err(used());
    }
    tx.changed(change_of(&open.account));
    tx.commit().await
}

/// Uses the link up and activates the account.
async fn connect(app: &App, open: Open, values: Map<String, Value>) -> Result<LinkStep> {
    let Open {
        attempt,
        account,
        blueprint,
        ..
    } = open;
    let (project, id, now) = (&account.project_id, &account.id, app.clock.now());
    let new = NewCredentials {
        seen_generation: account.token_generation,
        credentials: blueprint.keyring.seal_account(id, &values)?,
        token_expires_at: None,
        status: Status::Active,
        connect_by: None,
    };
    let camel_case = blueprint
        .keyring
        .open_attempt(&attempt)?
        .camel_case_callback;
    let mut tx = app.db.begin().await?;
    if !connection_attempts::consume(tx.conn(), project, &attempt.id, now).await?
        || !connected_accounts::store_credentials(tx.conn(), project, id, &new, now).await?
    {
        return Err(used());
    }
    connection_attempts::close(tx.conn(), project, id, now).await?;
    tx.changed(change_of(&account));
    tx.commit().await?;
    Ok(LinkStep::Finished(Finish {
        account: account.id,
        toolkit: account.toolkit,
        toolkit_name: blueprint.toolkit.manifest.name.clone(),
        failure: None,
        callback_url: attempt.callback_url,
        camel_case,
    }))
}

async fn form(
    app: &App,
    open: &Open,
    given: &Map<String, Value>,
    problems: &[(String, String)],
) -> Result<LinkStep> {
    let project = tenancy::open_project(app, &open.account.project_id).await?;
    let auth = open.blueprint.auth()?;
    let text = |name: &str| {
        let value = given.get(name).or_else(|| open.values.get(name));
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let fields = auth.fields.connection.iter().map(|field| LinkField {
        value: if field.secret {
            String::new()
        } else {
            text(&field.name)
        },
        is_held: field.secret && open.values.contains_key(&field.name),
        problem: problems
            .iter()
            .find(|(name, _)| *name == field.name)
            .map(|(_, problem)| problem.clone()),
        field: field.clone(),
    });
    let manifest = &open.blueprint.toolkit.manifest;
    let settings = &project.project.settings;
    Ok(LinkStep::Form(LinkPage {
        toolkit: manifest.name.clone(),
        toolkit_logo: manifest.logo.clone(),
        app_name: settings.display_name.clone(),
        app_logo: settings.logo_url.clone(),
        fields: fields.collect(),
        continues_at_provider: auth.scheme.needs_consent(),
        targets: targets(auth, open.attempt.callback_url.as_deref()),
    }))
}

/// Where the browser may be led after the form: the provider and the caller.
fn targets(auth: &AuthManifest, callback_url: Option<&str>) -> Option<Vec<String>> {
    let mut targets = Vec::new();
    for url in [auth.authorize_url.as_deref(), callback_url]
        .into_iter()
        .flatten()
    {
        // A template whose host depends on a field is no such address: it has a brace in it.
        targets.push(web_address(url)?.origin().ascii_serialization());
    }
    Some(targets)
}
