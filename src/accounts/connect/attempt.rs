//! Attempts to connect: what is stored before a user's browser leaves.

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use crate::accounts::blueprint::Blueprint;
use crate::accounts::choice::Granted;
use crate::accounts::consent::{self, Asked};
use crate::accounts::secrets::AttemptSecrets;
use crate::app::App;
use crate::crypto::hash_api_key;
use crate::error::{Error, Result};
use crate::ids::{AccountId, AttemptId, ProjectId, random_text};
use crate::storage::connection_attempts::{AttemptKind, ConnectionAttempt};
use crate::time::Timestamp;

/// How long a user has to finish a connection.
pub(in crate::accounts) const TIME_TO_CONNECT: Duration = Duration::from_mins(10);
/// 190 bits, so that a plain hash of a token cannot be searched.
const TOKEN_CHARACTERS: usize = 32;

/// What both kinds of attempt have in common.
#[derive(Debug, Clone)]
pub(in crate::accounts) struct Journey {
    /// The account that is to be connected.
    pub account: AccountId,
    /// Where the user's browser goes in the end.
    pub callback_url: Option<String>,
    /// Until when it may be finished.
    pub expires_at: Timestamp,
    /// Whether the caller's URL gets the names that `initiate` has always used as well.
    pub camel_case_callback: bool,
}

/// An attempt at the provider, to be stored.
pub(in crate::accounts) struct AtProvider {
    /// Where the user's browser goes.
    pub url: Url,
    /// What the account shows of it meanwhile.
    pub shown: Map<String, Value>,
    /// The row.
    pub attempt: ConnectionAttempt,
}

/// An attempt at the provider. May ask the provider first, so it is called before a transaction
/// begins.
///
/// # Errors
/// When the auth config or the values make no authorization request.
pub(in crate::accounts) async fn at_provider(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
    journey: Journey,
) -> Result<AtProvider> {
    let id = AttemptId::generate();
    let project = &blueprint.config.project_id;
    let state = app.state_signer.sign(project, &id, journey.expires_at)?;
    let Asked {
        url,
        mut secrets,
        shown,
    } = consent::ask(app, blueprint, values, state).await?;
    secrets.camel_case_callback = journey.camel_case_callback;
    let attempt = attempt(
        app,
        blueprint,
        id,
        AttemptKind::OAuth,
        journey,
        &secrets,
        None,
    )?;
    Ok(AtProvider {
        url,
        shown,
        attempt,
    })
}

/// An attempt by a link to our own page, where a user fills in fields or chooses what a grant is to
/// be used for: its token, the link, and what to store.
///
/// # Errors
/// When the public URL is none.
pub(in crate::accounts) fn by_link(
    app: &App,
    blueprint: &Blueprint,
    journey: Journey,
    granted: Option<Granted>,
) -> Result<(String, Url, ConnectionAttempt)> {
    let token = format!("ln_{}", random_text(TOKEN_CHARACTERS));
    let link = Url::parse(&format!("{}/link/{token}", app.config.public_base()))
        .map_err(|_| Error::internal("the public URL is no URL"))?;
    let secrets = AttemptSecrets {
        camel_case_callback: journey.camel_case_callback,
        granted,
        ..AttemptSecrets::default()
    };
    let (id, hash) = (AttemptId::generate(), hash_token(&token));
    let attempt = attempt(
        app,
        blueprint,
        id,
        AttemptKind::Link,
        journey,
        &secrets,
        Some(hash),
    )?;
    Ok((token, link, attempt))
}

/// What is stored of a link's token.
pub(super) fn hash_token(token: &str) -> Vec<u8> {
    hash_api_key(token)
}

fn attempt(
    app: &App,
    blueprint: &Blueprint,
    id: AttemptId,
    kind: AttemptKind,
    journey: Journey,
    secrets: &AttemptSecrets,
    token_hash: Option<Vec<u8>>,
) -> Result<ConnectionAttempt> {
    let Journey {
        account,
        callback_url,
        expires_at,
        camel_case_callback: _,
    } = journey;
    let project_id: ProjectId = blueprint.config.project_id.clone();
    Ok(ConnectionAttempt {
        secrets: blueprint.keyring.seal_attempt(&id, secrets)?,
        id,
        project_id,
        account_id: account,
        kind,
        token_hash,
        callback_url,
        expires_at,
        used_at: None,
        created_at: app.clock.now(),
    })
}
