//! Where an account's access token comes from, scheme by scheme: from the user's consent and then
//! from refresh tokens, or at any time from credentials that last.

use serde_json::{Map, Value};

use super::blueprint::Blueprint;
use super::{exchange, kept, registration, token, token_endpoint};
use crate::app::App;
use crate::auth_schemes::oauth2::TokenFailure;
use crate::catalog::manifest::{AuthManifest, Refresh};
use crate::error::{Error, Result};
use crate::scheme::Scheme;
use crate::time::Timestamp;

/// Where the access tokens of a scheme come from.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// There are none: the credentials go into requests as they are.
    Nowhere,
    /// The user consents at the provider; refresh tokens bring the next ones.
    Consent,
    /// The user consents at the provider, once and for all.
    LastingConsent,
    /// The client's own credentials (RFC 6749 section 4.4).
    Client,
    /// The account's lasting credentials, by the exchange that the manifest declares.
    Exchange,
}

fn source(auth: &AuthManifest) -> Source {
    match auth.scheme {
        Scheme::OAuth2 | Scheme::DcrOauth => Source::Consent,
        Scheme::OAuth1 => Source::LastingConsent,
        Scheme::S2sOAuth2 => Source::Client,
        Scheme::ApiKey
        | Scheme::Basic
        | Scheme::BillcomAuth
        | Scheme::BearerToken
        | Scheme::GoogleServiceAccount
        | Scheme::BasicWithJwt
        | Scheme::CalcomAuth
        | Scheme::ServiceAccount
            if auth.exchange.is_some() =>
        {
            Source::Exchange
        }
        Scheme::ApiKey
        | Scheme::Basic
        | Scheme::BillcomAuth
        | Scheme::BearerToken
        | Scheme::GoogleServiceAccount
        | Scheme::NoAuth
        | Scheme::BasicWithJwt
        | Scheme::CalcomAuth
        | Scheme::ServiceAccount
        | Scheme::Saml => Source::Nowhere,
    }
}

/// Whether a new access token can be had without the user.
pub(super) fn is_renewable(auth: &AuthManifest, values: &Map<String, Value>) -> bool {
    match source(auth) {
        Source::Nowhere | Source::LastingConsent => false,
        Source::Consent => {
            auth.refresh == Refresh::Supported
                && values.get("refresh_token").is_some_and(Value::is_string)
        }
        Source::Client => true,
        Source::Exchange => exchange::is_possible(auth, values),
    }
}

/// What consent brings and a finished account must therefore have.
pub(super) const fn fruits_of_consent(scheme: Scheme) -> &'static [&'static str] {
    match scheme {
        Scheme::OAuth2 | Scheme::DcrOauth => &["access_token"],
        Scheme::OAuth1 => &["oauth_token", "oauth_token_secret"],
        Scheme::ApiKey
        | Scheme::Basic
        | Scheme::BillcomAuth
        | Scheme::BearerToken
        | Scheme::GoogleServiceAccount
        | Scheme::NoAuth
        | Scheme::BasicWithJwt
        | Scheme::CalcomAuth
        | Scheme::ServiceAccount
        | Scheme::Saml
        | Scheme::S2sOAuth2 => &[],
    }
}

/// Whether the first token of an account that has `values` comes from lasting credentials.
pub(super) fn asks_for_first_token(auth: &AuthManifest, values: &Map<String, Value>) -> bool {
    match source(auth) {
        Source::Nowhere | Source::Consent | Source::LastingConsent => false,
        Source::Client => !values.contains_key("access_token"),
        Source::Exchange => !exchange::has_token(auth, values),
    }
}

/// The values of an account that is being connected, with its first token where that comes from
/// lasting credentials; any others as they are. Asks the provider, so it is called before a
/// transaction begins.
///
/// # Errors
/// When the request cannot be made; the inner one is the provider's.
pub(super) async fn with_first_token(
    app: &App,
    blueprint: &Blueprint,
    values: Map<String, Value>,
) -> Result<Result<Map<String, Value>, TokenFailure>> {
    let auth = blueprint.auth()?;
    if !asks_for_first_token(auth, &values) {
        return Ok(Ok(values));
    }
    let tokens = obtain(app, blueprint, &values).await?;
    Ok(tokens.map(|tokens| token::renewed(values, tokens, &auth.fields.connection)))
}

/// The error for credentials to which the provider gave no token.
pub(super) fn refused(failure: TokenFailure) -> Error {
    match failure {
        TokenFailure::Refused { .. } | TokenFailure::Denied { .. } => Error::invalid_with_fix(
            format!("no token came for these credentials: {}", failure.reason()),
            "Check the credentials and send them again.",
        ),
        TokenFailure::NoAnswer(error) => error,
    }
}

/// A new access token in place of the one that is about to end, with whatever the provider sends
/// beside it.
///
/// # Errors
/// When the request cannot be made; the inner one is the provider's.
pub(super) async fn renew(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
) -> Result<Result<Map<String, Value>, TokenFailure>> {
    match source(blueprint.auth()?) {
        Source::Consent => Box::pin(by_refresh_token(app, blueprint, values)).await,
        Source::Nowhere | Source::LastingConsent | Source::Client | Source::Exchange => {
            obtain(app, blueprint, values).await
        }
    }
}

async fn by_refresh_token(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
) -> Result<Result<Map<String, Value>, TokenFailure>> {
    let is_registered = blueprint.config.scheme == Scheme::DcrOauth;
    let client = if is_registered {
        Box::pin(registration::client_of_account(app, blueprint, values)).await?
    } else {
        blueprint.client(app, values)?
    };
    let refresh_token = values
        .get("refresh_token")
        .and_then(Value::as_str)
        .ok_or_else(|| Error::invalid("the account has no refresh token"))?;
    let send = token_endpoint::sender(app);
    let answer = client.refresh(refresh_token.to_owned(), &send).await;
    match answer {
        Ok(answer) => Ok(Ok(kept::of_later(blueprint, answer))),
        Err(failure) if is_registered && failure.is_clients_fault() => {
            Box::pin(registration::lost(app, blueprint, values))
                .await
                .map(Err)
        }
        Err(failure) => Ok(Err(failure)),
    }
}

/// A token from credentials that last.
async fn obtain(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
) -> Result<Result<Map<String, Value>, TokenFailure>> {
    match source(blueprint.auth()?) {
        Source::Exchange => exchange::run(app, blueprint, values).await,
        Source::Client => Box::pin(by_client_credentials(app, blueprint, values)).await,
        Source::Nowhere | Source::Consent | Source::LastingConsent => {
            Err(Error::internal(format!(
                "{} gives no token without the user",
                blueprint.config.scheme
            )))
        }
    }
}

/// RFC 6749 section 4.4.
async fn by_client_credentials(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
) -> Result<Result<Map<String, Value>, TokenFailure>> {
    let client = blueprint.client(app, values)?;
    let scopes = blueprint.scopes(blueprint.auth()?);
    let send = token_endpoint::sender(app);
    let answer = client.client_credentials(&scopes, &send).await;
    let tokens = answer.and_then(|answer| kept::of_first(blueprint, answer));
    Ok(tokens.map(|mut tokens| {
        // The lifetime of the former token is none of this one's.
        tokens.entry("expires_in").or_insert(Value::Null);
        let end = token::end_of_life(&tokens, app.clock.now());
        tokens.insert("expires_at".into(), end.map(Timestamp::to_text).into());
        tokens
    }))
}
