//! Sends a user to an OAuth provider.

use secrecy::ExposeSecret;

use super::CONNECT_WITHIN;
use crate::accounts::provider;
use crate::accounts::secrets::{AttemptSecrets, Keyring};
use crate::app::App;
use crate::error::Result;
use crate::ids::AttemptId;
use crate::scheme::Scheme;
use crate::storage::auth_configs::AuthConfig;
use crate::storage::connected_accounts::ConnectedAccount;
use crate::storage::connection_attempts::{self, AttemptKind, ConnectionAttempt};

/// Stores an attempt for an account and gives the URL of the provider's consent page
/// (RFC 6749 section 4.1.1). Its `state` is signed, names the attempt, and is used once.
///
/// # Errors
/// When the auth config's OAuth app is incomplete, or a connection value that a URL needs is
/// missing.
pub async fn begin_oauth(
    app: &App,
    account: &ConnectedAccount,
    config: &AuthConfig,
    callback_url: Option<&str>,
) -> Result<String> {
    let project = &account.project_id;
    let keyring = Keyring::of(app, project).await?;
    let catalog = app.catalog.current();
    let toolkit = catalog.toolkit(&account.toolkit)?;
    let secrets = keyring.open_config(config)?;
    let values = keyring.open_account(account)?;
    let client = provider::client(app, toolkit, config, &secrets, &values)?;
    let auth = provider::auth_block(toolkit, Scheme::OAuth2)?;

    let now = app.clock.now();
    let expires_at = now.after(CONNECT_WITHIN);
    let id = AttemptId::generate();
    let state = app.state_signer.sign(project, &id, expires_at)?;
    let scopes = provider::scopes(app, auth, config, &secrets);
    let authorization = client.authorize(state, &scopes, &secrets.list("user_scopes"));
    let remembered = AttemptSecrets {
        code_verifier: authorization
            .code_verifier
            .map(|text| text.expose_secret().to_owned()),
    };
    let attempt = ConnectionAttempt {
        secrets: keyring.seal_attempt(&id, &remembered)?,
        id,
        project_id: project.clone(),
        account_id: account.id.clone(),
        kind: AttemptKind::OAuth,
        token_hash: None,
        callback_url: callback_url.map(str::to_owned),
        expires_at,
        used_at: None,
        created_at: now,
    };
    let mut tx = app.db.begin().await?;
    connection_attempts::insert(tx.conn(), &attempt).await?;
    tx.commit().await?;
    Ok(authorization.url.into())
}
