//! The hosted link: a page that asks a user for what a toolkit needs, or sends the user on to the
//! provider. Whoever holds its token may finish that one connection, once.

use serde_json::{Map, Value};

use super::{CONNECT_WITHIN, Finish, begin_oauth};
use crate::accounts::fields::{self, Checked};
use crate::accounts::refresh::change_of;
use crate::accounts::secrets::{AttemptSecrets, Keyring};
use crate::accounts::{find_auth_config, provider};
use crate::app::App;
use crate::catalog::manifest::{AuthManifest, Field};
use crate::crypto::hash_api_key;
use crate::error::{Error, Result};
use crate::ids::{AttemptId, random_text};
use crate::scheme::Scheme;
use crate::storage::connected_accounts::{self, ConnectedAccount, NewCredentials, Status};
use crate::storage::connection_attempts::{self, AttemptKind, ConnectionAttempt};
use crate::tenancy;
use crate::time::Timestamp;

const TOKEN_PREFIX: &str = "ln_";
/// 190 bits: nobody guesses a token.
const TOKEN_CHARACTERS: usize = 32;

/// A link to the hosted page.
#[derive(Clone)]
pub struct Link {
    /// `ln_…`; stored as a hash only.
    pub token: String,
    /// The page.
    pub url: String,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// Without the token.
impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link(until {})", self.expires_at.to_text())
    }
}

/// What the hosted page shows.
#[derive(Debug, Clone)]
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
    /// What is asked for; empty where the provider alone asks.
    pub fields: Vec<LinkField>,
}

/// One field of the hosted page.
#[derive(Debug, Clone)]
pub struct LinkField {
    /// As the toolkit declares it.
    pub field: Field,
    /// What stands in it; never a secret.
    pub value: String,
    /// What is wrong with what was given.
    pub problem: Option<String>,
}

/// What comes after the form.
#[derive(Debug, Clone)]
pub enum Submitted {
    /// The account is connected.
    Finished(Finish),
    /// The user goes on to the provider.
    GoOn {
        /// The provider's consent page.
        url: String,
    },
    /// Something must be given again.
    Again(LinkPage),
}

/// Makes a link for an account that is not finished.
///
/// # Errors
/// When the database does not answer.
pub async fn make_link(
    app: &App,
    account: &ConnectedAccount,
    callback_url: Option<&str>,
) -> Result<Link> {
    let keyring = Keyring::of(app, &account.project_id).await?;
    let now = app.clock.now();
    let expires_at = account
        .connect_by
        .unwrap_or_else(|| now.after(CONNECT_WITHIN));
    let token = format!("{TOKEN_PREFIX}{}", random_text(TOKEN_CHARACTERS));
    let id = AttemptId::generate();
    let attempt = ConnectionAttempt {
        secrets: keyring.seal_attempt(&id, &AttemptSecrets::default())?,
        id,
        project_id: account.project_id.clone(),
        account_id: account.id.clone(),
        kind: AttemptKind::Link,
        token_hash: Some(hash_api_key(&token)),
        callback_url: callback_url.map(str::to_owned),
        expires_at,
        used_at: None,
        created_at: now,
    };
    let mut tx = app.db.begin().await?;
    connection_attempts::insert(tx.conn(), &attempt).await?;
    tx.commit().await?;
    Ok(Link {
        url: format!("{}/link/{token}", app.config.public_base()),
        token,
        expires_at,
    })
}

/// The page behind a token.
///
/// # Errors
/// [`Error::NotFound`] for an unknown token, [`Error::Gone`] for one that is used or over.
pub async fn open_link(app: &App, token: &str) -> Result<LinkPage> {
    let opened = open(app, token).await?;
    let checked = opened.check(app, Map::new())?;
    page(app, &opened, checked, false).await
}

/// Goes on to the provider where it alone asks the user.
///
/// # Errors
/// As [`open_link`], and what [`begin_oauth`] refuses.
pub async fn start_link(app: &App, token: &str) -> Result<String> {
    let opened = open(app, token).await?;
    begin(app, &opened, &opened.account).await
}

/// Takes what the user gave.
///
/// # Errors
/// As [`open_link`]; what is wrong with a value comes back on the page.
pub async fn submit_link(app: &App, token: &str, given: Map<String, Value>) -> Result<Submitted> {
    let opened = open(app, token).await?;
    let checked = opened.check(app, given)?;
    if !checked.missing.is_empty() || !checked.problems.is_empty() {
        return Ok(Submitted::Again(page(app, &opened, checked, true).await?));
    }
    if opened.account.scheme == Scheme::OAuth2 {
        let account = store(app, &opened, &checked.values, Status::Initiated).await?;
        let url = begin(app, &opened, &account).await?;
        return Ok(Submitted::GoOn { url });
    }
    let account = store(app, &opened, &checked.values, Status::Active).await?;
    let catalog = app.catalog.current();
    Ok(Submitted::Finished(Finish {
        account: account.id,
        toolkit: catalog.toolkit(&account.toolkit)?.manifest.name.clone(),
        failure: None,
        callback_url: opened.attempt.callback_url,
    }))
}

/// A link that can be used, and the account it is for.
struct Opened {
    attempt: ConnectionAttempt,
    account: ConnectedAccount,
    values: Map<String, Value>,
}

impl Opened {
    /// What is known with what is given.
    fn check(&self, app: &App, given: Map<String, Value>) -> Result<Checked> {
        let catalog = app.catalog.current();
        let toolkit = catalog.toolkit(&self.account.toolkit)?;
        let auth = provider::auth_block(toolkit, self.account.scheme)?;
        let mut all = self.values.clone();
        // A page may fill its own fields and nothing else.
        let declared = |name: &String| {
            auth.fields
                .connection
                .iter()
                .any(|field| field.name == *name)
        };
        let is_given = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
        all.extend(
            given
                .into_iter()
                .filter(|(name, value)| declared(name) && is_given(value)),
        );
        fields::check(toolkit, &auth.fields.connection, self.account.scheme, all)
    }
}

async fn open(app: &App, token: &str) -> Result<Opened> {
    let now = app.clock.now();
    let over = || Error::Gone("this link was used already or is over".into());
    let mut session = app.db.read().await?;
    let attempt = connection_attempts::find_by_token(session.conn(), &hash_api_key(token))
        .await?
        .filter(|attempt| attempt.kind == AttemptKind::Link)
        .ok_or_else(|| {
            let beginning: String = token.chars().take(6).collect();
            Error::not_found("connect link", format!("{beginning}…"))
        })?;
    if attempt.used_at.is_some() || attempt.expires_at <= now {
        return Err(over());
    }
    let account =
        connected_accounts::find(session.conn(), &attempt.project_id, &attempt.account_id)
            .await?
            .filter(|account| account.status.is_unfinished())
            .ok_or_else(over)?;
    drop(session);
    let keyring = Keyring::of(app, &account.project_id).await?;
    let values = keyring.open_account(&account)?;
    Ok(Opened {
        attempt,
        account,
        values,
    })
}

async fn page(
    app: &App,
    opened: &Opened,
    checked: Checked,
    was_submitted: bool,
) -> Result<LinkPage> {
    let project = tenancy::open_project(app, &opened.account.project_id).await?;
    let catalog = app.catalog.current();
    let toolkit = catalog.toolkit(&opened.account.toolkit)?;
    let auth = provider::auth_block(toolkit, opened.account.scheme)?;
    let settings = &project.project.settings;
    Ok(LinkPage {
        toolkit: toolkit.manifest.name.clone(),
        toolkit_logo: toolkit.manifest.logo.clone(),
        app_name: settings.display_name.clone(),
        app_logo: settings.logo_url.clone(),
        continues_at_provider: auth.scheme == Scheme::OAuth2,
        fields: link_fields(auth, &checked, was_submitted),
    })
}

/// A provider that needs nothing beforehand gets no form.
fn link_fields(auth: &AuthManifest, checked: &Checked, was_submitted: bool) -> Vec<LinkField> {
    let asks = auth.scheme != Scheme::OAuth2
        || !checked.missing.is_empty()
        || !checked.problems.is_empty();
    let fields = auth.fields.connection.iter().filter(|_| asks);
    fields
        .map(|field| link_field(field, checked, was_submitted))
        .collect()
}

fn link_field(field: &Field, checked: &Checked, was_submitted: bool) -> LinkField {
    let value = checked.values.get(&field.name).and_then(Value::as_str);
    let wrong = checked
        .problems
        .iter()
        .find(|(name, _)| *name == field.name);
    let is_missing = was_submitted && checked.missing.contains(&field.name);
    LinkField {
        value: value
            .filter(|_| !field.secret)
            .unwrap_or_default()
            .to_owned(),
        problem: wrong
            .map(|(_, problem)| problem.clone())
            .or_else(|| is_missing.then(|| "is required".to_owned())),
        field: field.clone(),
    }
}

async fn begin(app: &App, opened: &Opened, account: &ConnectedAccount) -> Result<String> {
    let config = find_auth_config(app, &account.project_id, &account.auth_config_id).await?;
    begin_oauth(
        app,
        account,
        &config,
        opened.attempt.callback_url.as_deref(),
    )
    .await
}

/// Stores the values; with the last step of a connection the link is used up.
async fn store(
    app: &App,
    opened: &Opened,
    values: &Map<String, Value>,
    status: Status,
) -> Result<ConnectedAccount> {
    let Opened {
        attempt, account, ..
    } = opened;
    let keyring = Keyring::of(app, &account.project_id).await?;
    let now = app.clock.now();
    let (project, id) = (&account.project_id, &account.id);
    let new = NewCredentials {
        seen_generation: account.token_generation,
        credentials: keyring.seal_account(id, values)?,
        token_expires_at: None,
        status,
        connect_by: account.connect_by.filter(|_| status.is_unfinished()),
    };
    let mut tx = app.db.begin().await?;
    let is_last = !status.is_unfinished();
    let used =
        is_last && !connection_attempts::consume(tx.conn(), project, &attempt.id, now).await?;
    if used || !connected_accounts::store_credentials(tx.conn(), project, id, &new, now).await? {
        return Err(Error::Gone("this link was used already or is over".into()));
    }
    if is_last {
        connection_attempts::close(tx.conn(), project, id, now).await?;
    }
    let stored = connected_accounts::find(tx.conn(), project, id).await?;
    tx.changed(change_of(account));
    tx.commit().await?;
    stored.ok_or_else(|| Error::Gone("the account of this link was deleted".into()))
}
