//! Tries credentials at the request that shows whose they are.

use std::sync::Arc;

use super::connection::Connection;
use super::request::{fixed_headers, method, under};
use crate::app::App;
use crate::auth_schemes::Credentials;
use crate::catalog::Toolkit;
use crate::error::{Error, Result};
use crate::outbound::OutboundRequest;

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
    let manifest = &toolkit.manifest;
    let slug = &manifest.slug;
    let identity = manifest.identity.as_ref().ok_or_else(|| {
        Error::invalid_with_fix(
            format!("toolkit `{slug}` names no request to try credentials with"),
            "Send the request again without `validate_credentials`.",
        )
    })?;
    let connection = Connection::of_credentials(toolkit, credentials);
    let url = under(&connection.base_url(None)?, &identity.path)?;
    let mut request = OutboundRequest::new(method(&identity.method)?, url);
    request.headers = fixed_headers(&manifest.default_headers)?;
    request.timeout = app.config.upstream_timeout();
    connection.authorize(&mut request)?;
    let status = app.outbound.send(request).await?.status;
    match status {
        200..=299 => Ok(()),
        401 | 403 => Err(Error::invalid_with_fix(
            format!("`{slug}` refused the credentials (it answered {status})"),
            "Check them, and that they were not revoked.",
        )),
        _ => Err(Error::Upstream {
            message: format!("`{slug}` could not tell whether the credentials are good ({status})"),
            timed_out: false,
        }),
    }
}
