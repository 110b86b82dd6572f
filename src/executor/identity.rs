//! Tries credentials at the request that shows whose they are.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::connection::Connection;
use super::request::{fixed_headers, method, set_json, under};
use super::scope;
use crate::accounts;
use crate::app::App;
use crate::auth_schemes::{Credentials, Redactor};
use crate::catalog::Toolkit;
use crate::catalog::manifest::{IdentityManifest, RequestKind};
use crate::error::{Error, Result};
use crate::expressions::Input;
use crate::outbound::{OutboundReply, OutboundRequest};
use crate::storage::connected_accounts::ConnectedAccount;
use crate::toolkits;

/// What a service says to credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Welcome,
    /// With this status.
    Refused(u16),
}

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
    let verdict = probe(app, toolkit, credentials, app.config.upstream_timeout()).await?;
    let status = match verdict {
        Verdict::Welcome => return Ok(()),
        Verdict::Refused(status) => status,
    };
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
    let timeout = app.config.upstream_timeout();
    Ok(probe(app, &toolkit, credentials, timeout).await? == Verdict::Welcome)
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
    Ok(probe(app, toolkit, credentials, timeout).await? == Verdict::Welcome)
}

/// What the service answers to "who am I".
async fn probe(
    app: &App,
    toolkit: &Arc<Toolkit>,
    credentials: Credentials,
    timeout: Duration,
) -> Result<Verdict> {
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
    let mut request = OutboundRequest::new(method(identity.method())?, url);
    request.headers = fixed_headers(&manifest.default_headers)?;
    request.timeout = timeout;
    connection.authorize(&mut request)?;
    if let Some(document) = &identity.document {
        set_json(&mut request, &json!({ "query": document }))?;
    }
    let reply = app.outbound.send(request).await?;
    judge(app, toolkit, identity, &reply).await
}

/// What the answer says of the credentials.
///
/// # Errors
/// [`Error::Upstream`] when it says neither yes nor no.
async fn judge(
    app: &App,
    toolkit: &Toolkit,
    identity: &IdentityManifest,
    reply: &OutboundReply,
) -> Result<Verdict> {
    let status = reply.status;
    let unclear = |words: &str| {
        Err(Error::upstream(format!(
            "`{}` could not tell whether the credentials are good ({words})",
            toolkit.manifest.slug
        )))
    };
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let errors = match &body["errors"] {
        Value::Array(errors) if identity.kind == RequestKind::Graphql => errors.as_slice(),
        _ => &[],
    };
    let is_answer = (200..=299).contains(&status);
    match status {
        401 | 403 => return Ok(Verdict::Refused(status)),
        // Servers of GraphQL answer either status with errors.
        _ if errors.iter().any(is_about_credentials) => return Ok(Verdict::Refused(status)),
        _ if !is_answer => return unclear(&status.to_string()),
        _ if !errors.is_empty() => return unclear("it answered with errors"),
        _ => {}
    }
    let Some(id) = &identity.id else {
        return Ok(Verdict::Welcome);
    };
    let headers = scope::headers(&reply.headers, &Redactor::default());
    let answer = json!({ "status": status, "headers": headers, "body": body });
    match id.evaluate(Input::from(&answer), app.clock.now()).await {
        Ok(Value::Null | Value::Bool(false)) | Err(_) => Ok(Verdict::Refused(status)),
        Ok(_) => Ok(Verdict::Welcome),
    }
}

/// Whether an error of GraphQL says that nobody is let in with this credential, by the codes of common
/// servers: `UNAUTHENTICATED`, `AUTHENTICATION_ERROR`, `FORBIDDEN`.
fn is_about_credentials(error: &Value) -> bool {
    let code = error["extensions"]["code"].as_str().unwrap_or_default();
    let code = code.to_ascii_uppercase();
    code.contains("AUTH") || matches!(code.as_str(), "FORBIDDEN" | "ACCESS_DENIED")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::of_linear("AUTHENTICATION_ERROR", true)]
    #[case::of_apollo("UNAUTHENTICATED", true)]
    #[case::of_shopify("ACCESS_DENIED", true)]
    #[case::too_many("RATELIMITED", false)]
    #[case::trouble("INTERNAL_SERVER_ERROR", false)]
    #[case::nothing("", false)]
    fn an_error_is_about_the_credential_by_its_code(#[case] code: &str, #[case] expected: bool) {
        let error = json!({ "message": "no", "extensions": { "code": code } });
        assert_eq!(is_about_credentials(&error), expected);
    }
}
