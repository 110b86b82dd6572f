//! The three steps of OAuth 1 (RFC 5849 section 2): a request token, the user's consent, a token.

use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::blueprint::Blueprint;
use super::consent::{Asked, Returned};
use super::secrets::AttemptSecrets;
use super::token_endpoint;
use crate::app::App;
use crate::auth_schemes::Redactor;
use crate::auth_schemes::oauth1::{self, Signer, Tokens};
use crate::auth_schemes::oauth2::TokenFailure;
use crate::error::{Error, Result};

/// Asks the provider for a request token, with which the user then goes there.
///
/// # Errors
/// [`Error::Invalid`] when the provider will have nothing to do with the consumer,
/// [`Error::Upstream`] when it does not answer.
pub(super) async fn ask(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
    state: &str,
) -> Result<Asked> {
    let auth = blueprint.auth()?;
    let mut callback = blueprint.redirect_uri(app)?;
    callback.query_pairs_mut().append_pair("state", state);
    let signer = Signer {
        further: Some(("oauth_callback", callback.into())),
        ..consumer(app, blueprint)?
    };
    let url = endpoint(blueprint, auth.request_url.as_deref(), values)?;
    let Tokens { token, secret, .. } =
        tokens(app, &signer, url).await?.map_err(no_request_token)?;
    let mut url = endpoint(blueprint, auth.authorize_url.as_deref(), values)?;
    url.query_pairs_mut()
        .append_pair("oauth_token", &token)
        .extend_pairs(&auth.authorize_params);
    let mut shown = Map::new();
    shown.insert("authUri".into(), url.as_str().into());
    shown.insert("oauth_token".into(), token.as_str().into());
    shown.insert("oauth_token_secret".into(), secret.expose_secret().into());
    Ok(Asked {
        url,
        secrets: AttemptSecrets {
            request_token: Some((token, secret.expose_secret().to_owned())),
            ..AttemptSecrets::default()
        },
        shown,
    })
}

fn no_request_token(failure: TokenFailure) -> Error {
    match failure {
        TokenFailure::Refused { .. } | TokenFailure::Denied { .. } => Error::invalid_with_fix(
            format!("the provider gave no request token: {}", failure.reason()),
            "Check consumer_key and consumer_secret of the auth config, and that the application \
             at the provider knows this server's callback URL.",
        ),
        TokenFailure::NoAnswer(error) => error,
    }
}

/// Takes the verifier that the user's browser brought back for a token.
///
/// # Errors
/// [`Error::Invalid`] when the browser brought another request token than the one asked for; the
/// inner one is the provider's.
pub(super) async fn redeem(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
    remembered: AttemptSecrets,
    returned: &Returned,
) -> Result<Result<Map<String, Value>, TokenFailure>> {
    let (token, secret) = remembered
        .request_token
        .filter(|(token, _)| returned.text("oauth_token") == Some(token))
        .ok_or_else(|| Error::invalid("the browser came back with another request token"))?;
    let verifier = returned.text("oauth_verifier").unwrap_or_default();
    let signer = Signer {
        token: Some((token, secret.into())),
        further: Some(("oauth_verifier", verifier.to_owned())),
        ..consumer(app, blueprint)?
    };
    let url = endpoint(blueprint, blueprint.auth()?.token_url.as_deref(), values)?;
    Ok(tokens(app, &signer, url).await?.map(|tokens| {
        let Tokens {
            token,
            secret,
            further,
        } = tokens;
        let mut values = further;
        values.insert("oauth_token".into(), token.into());
        values.insert("oauth_token_secret".into(), secret.expose_secret().into());
        values
    }))
}

/// The auth config's application, without a token.
fn consumer(app: &App, blueprint: &Blueprint) -> Result<Signer> {
    let needed = |name: &str| {
        blueprint.secrets.text(name).ok_or_else(|| {
            Error::invalid(format!(
                "auth config `{}` has no {name}",
                blueprint.config.id
            ))
        })
    };
    Ok(Signer {
        method: blueprint.auth()?.signature,
        consumer_key: needed("consumer_key")?.to_owned(),
        consumer_secret: needed("consumer_secret")?.to_owned().into(),
        token: None,
        further: None,
        clock: app.clock.clone(),
    })
}

fn endpoint(
    blueprint: &Blueprint,
    template: Option<&str>,
    values: &Map<String, Value>,
) -> Result<Url> {
    let template = template.ok_or_else(|| Error::internal("an OAUTH1 block lacks a URL"))?;
    let all = blueprint.secrets.inherited_with(values.clone());
    let scheme = blueprint.config.scheme;
    blueprint.toolkit.check_url_values(scheme, template, &all)?;
    blueprint.toolkit.filled_url(scheme, template, &all)
}

/// Asks for a token by a signed request without a body.
async fn tokens(app: &App, signer: &Signer, url: Url) -> Result<Result<Tokens, TokenFailure>> {
    let authorization = signer.header(&Method::POST, &url, &[])?;
    let mut request = http::Request::new(Vec::new());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url
        .as_str()
        .parse()
        .map_err(|_| Error::internal("a token request has no valid URL"))?;
    request.headers_mut().insert(AUTHORIZATION, authorization);
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("*/*"));
    let answer = token_endpoint::ask(app, request).await?;
    Ok(answer.and_then(|reply| oauth1::read(&reply, &redactor(signer))))
}

fn redactor(signer: &Signer) -> Redactor {
    let token = signer.token.as_ref().map(|(_, secret)| secret);
    let further = signer.further.iter().map(|(_, value)| value.as_str());
    let secrets = [Some(&signer.consumer_secret), token].into_iter().flatten();
    let all = secrets.map(SecretString::expose_secret).chain(further);
    Redactor::new(all.map(|secret| Zeroizing::new(secret.to_owned())))
}
