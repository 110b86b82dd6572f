//! Declared exchanges: credentials that last for a token that does not, as a toolkit's manifest
//! says it. Builds the request and reads the answer; the caller sends it.

mod answer;
mod jwt;
mod texts;

pub use answer::read;

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use oauth2::HttpRequest;
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::{Redactor, is_secret, values};
use crate::catalog::exchange::{ExchangeManifest, token_name};
use crate::catalog::manifest::AuthManifest;
use crate::error::{Error, Result};
use crate::ids::random_text;
use crate::time::Timestamp;
use texts::{Texts, header_value};

const RANDOM_CHARACTERS: usize = 32;

/// What an exchange comes to.
pub enum Exchange {
    /// A request whose answer has the token.
    Ask {
        /// The request.
        request: HttpRequest,
        /// Knows what it holds; a provider may quote it.
        redactor: Redactor,
    },
    /// The token's values, made here.
    Made(Map<String, Value>),
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ask { .. } => "Ask",
            Self::Made(_) => "Made",
        })
    }
}

/// Prepares the exchange of `values` at `url`, which is the manifest's with its slots filled.
///
/// # Errors
/// [`Error::Invalid`] when a value is missing, or cannot stand where it goes.
pub fn prepare(
    auth: &AuthManifest,
    exchange: &ExchangeManifest,
    url: Option<Url>,
    mut values: Map<String, Value>,
    now: Timestamp,
) -> Result<Exchange> {
    let mut secrets = known_secrets(auth, &values);
    values.insert("random".into(), random_text(RANDOM_CHARACTERS).into());
    if let Some(url) = &url {
        values.insert("url".into(), url.as_str().into());
    }
    let mut texts = Texts { auth, values };
    if let Some(jwt) = &exchange.jwt {
        let signed = jwt::sign(jwt, &texts, now)?;
        let Some(_) = &url else {
            let mut made = Map::new();
            made.insert(token_name(auth.scheme).into(), signed.into());
            made.insert("expires_in".into(), (jwt.lifetime - jwt.backdate).into());
            return Ok(Exchange::Made(made));
        };
        secrets.push(Zeroizing::new(signed.clone()));
        texts.values.insert("jwt".into(), signed.into());
    }
    let url = url.ok_or_else(|| Error::internal("an exchange has neither a URL nor a jwt"))?;
    let request = request(exchange, url, &texts, &mut secrets)?;
    Ok(Exchange::Ask {
        request,
        redactor: Redactor::new(secrets),
    })
}

fn known_secrets(auth: &AuthManifest, given: &Map<String, Value>) -> Vec<Zeroizing<String>> {
    given
        .iter()
        .filter(|(name, _)| is_secret(Some(auth), name))
        .filter_map(|(_, value)| values::plain(value).map(Zeroizing::new))
        .collect()
}

fn request(
    exchange: &ExchangeManifest,
    mut url: Url,
    texts: &Texts<'_>,
    secrets: &mut Vec<Zeroizing<String>>,
) -> Result<HttpRequest> {
    let query = texts.pairs(&exchange.query)?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let (kind, body) = if let Some(json) = &exchange.json {
        let body = texts.json(json)?.unwrap_or_default();
        (Some("application/json"), serde_json::to_vec(&body)?)
    } else if exchange.form.is_empty() {
        (None, Vec::new())
    } else {
        let form = texts.pairs(&exchange.form)?;
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        (
            Some("application/x-www-form-urlencoded"),
            body.finish().into_bytes(),
        )
    };
    let method = Method::from_bytes(exchange.method.as_bytes())
        .map_err(|_| Error::internal("an exchange has no HTTP method"))?;
    let mut request = http::Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = url
        .as_str()
        .parse()
        .map_err(|_| Error::invalid("the connection's values make no URL to log in at"))?;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(kind) = kind {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, text) in texts.pairs(&exchange.headers)? {
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::internal(format!("`{name}` is no header name")))?;
        headers.insert(header, header_value(name, &text)?);
        // `Basic dXNlcjpwYXNz`: what follows the scheme's name is the secret.
        let secret = text.rsplit(' ').next().unwrap_or(&text).to_owned();
        secrets.push(Zeroizing::new(secret));
    }
    Ok(request)
}
