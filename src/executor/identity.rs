//! Tries credentials at the request that shows whose they are.

use std::sync::Arc;
use std::time::Duration;

use super::connection::Connection;
use super::request::{fixed_headers, method, under};
use crate::accounts;
use crate::app::App;
use crate::auth_schemes::Credentials;
use crate::catalog::Toolkit;
use crate::error::{Error, Result};
use crate::outbound::OutboundRequest;
use crate::storage::connected_accounts::ConnectedAccount;
use crate::toolkits;

/// Makes sure that the service lets these credentials in.
///
/// # Errors
/// [`Error::Invalid`] when the service refuses them, or the toolkit names no request to try them
/// with; [`Error::Upstream`] when the service does not answer.
pub async fn try_credentials(
    app: &App,
    toolkit: &Arc<Toolkit>,
    credentials: Credentials,
) -> Result<()> {
    let status = probe(app, toolkit, credentials, app.config.upstream_timeout()).await?;
    if is_welcome(toolkit, status)? {
        return Ok(());
    }
    let slug = &toolkit.manifest.slug;
    Err(Error::invalid_with_fix(
        format!("`{slug}` refused the credentials (it answered {status})"),
        "Check them, and that they were not revoked.",
    ))
}

/// Whether the service lets an account's credentials in.
///
/// # Errors
/// [`Error::Invalid`] when the toolkit names no request to try them with; [`Error::Upstream`] when
/// the service does not answer.
pub async fn lets_in(app: &App, account: &ConnectedAccount) -> Result<bool> {
    let catalog = toolkits::catalog(app, &account.project_id).await?;
    let toolkit = Arc::clone(catalog.toolkit(&account.toolkit)?);
    let credentials = accounts::fresh_credentials(app, account).await?;
    let status = probe(app, &toolkit, credentials, app.config.upstream_timeout()).await?;
    is_welcome(&toolkit, status)
}

/// Whether the service lets in credentials that nobody has stored yet, asked while a person waits:
/// no longer than `timeout`.
///
/// # Errors
/// [`Error::Invalid`] when the toolkit names no request to try them with; [`Error::Upstream`] when
/// the service says neither yes nor no in time.
pub async fn welcomes(
    app: &App,
    toolkit: &Arc<Toolkit>,
    credentials: Credentials,
    timeout: Duration,
) -> Result<bool> {
    let status = probe(app, toolkit, credentials, timeout).await?;
    is_welcome(toolkit, status)
}

/// What the service answers to "who am I".
async fn probe(
    app: &App,
    toolkit: &Arc<Toolkit>,
    credentials: Credentials,
    timeout: Duration,
) -> Result<u16> {
    let manifest = &toolkit.manifest;
    let slug = &manifest.slug;
    let identity = manifest.identity.as_ref().ok_or_else(|| {
        Error::invalid_with_fix(
            format!("toolkit `{slug}` names no request to try credentials with"),
            "Send the request again without `validate_credentials`.",
        )
    })?;
    let connection = Connection::of_credentials(app, toolkit, credentials);
    let url = under(&connection.base_url(None)?, &identity.path)?;
    let mut request = OutboundRequest::new(method(&identity.method)?, url);
    request.headers = fixed_headers(&manifest.default_headers)?;
    request.timeout = timeout;
    connection.authorize(&mut request)?;
    Ok(app.outbound.send(request).await?.status)
}

fn is_welcome(toolkit: &Toolkit, status: u16) -> Result<bool> {
    match status {
        200..=299 => Ok(true),
        401 | 403 => Ok(false),
        _ => Err(Error::upstream(format!(
            "`{}` could not tell whether the credentials are good ({status})",
            toolkit.manifest.slug
        ))),
    }
}
