//! Asks with a new token for what the token does not tell: which of a provider's sites it is good
//! for.

use http::{Method, header};
use serde_json::{Map, Value};
use url::Url;

use super::blueprint::Blueprint;
use super::choice::{self, Granted};
use super::{kept, token_endpoint};
use crate::app::App;
use crate::auth_schemes;
use crate::auth_schemes::oauth2::TokenFailure;
use crate::error::{Error, Result};
use crate::outbound::{AllowedHosts, OutboundRequest};

/// Far more than a list of sites has.
const LARGEST_REPLY: usize = 1024 * 1024;

/// `tokens` of a new grant, with what the manifest wants known besides, or with what its user must
/// choose from; as they are where it wants nothing. `values` are those of the connection. Asks the provider, so it is called before a
/// transaction begins.
///
/// # Errors
/// When the request cannot be made; the inner one is the provider's.
pub(super) async fn with_told(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
    mut tokens: Map<String, Value>,
) -> Result<Result<Granted, TokenFailure>> {
    let auth = blueprint.auth()?;
    let Some(asked) = &auth.post_connect else {
        return Ok(Ok(Granted::whole(tokens)));
    };
    let url = Url::parse(&asked.url)
        .map_err(|_| Error::internal("a manifest's post_connect.url is no URL"))?;
    let mut request = OutboundRequest::new(Method::GET, url);
    let accept = header::HeaderValue::from_static("application/json");
    request.headers.insert(header::ACCEPT, accept);
    request.credential_hosts = AllowedHosts::of_url(&request.url);
    request.timeout = token_endpoint::TIMEOUT;
    request.max_bytes = LARGEST_REPLY;
    request.max_redirects = 0;
    let mut all = values.clone();
    all.extend(tokens.clone());
    let credentials = blueprint.credentials(all);
    auth_schemes::apply(auth, &credentials, &app.clock, &mut request)?;
    let reply = match app.outbound.send(request).await {
        Ok(reply) => reply,
        Err(error @ Error::Upstream { .. }) => return Ok(Err(TokenFailure::NoAnswer(error))),
        Err(error) => return Err(error),
    };
    if !(200..=299).contains(&reply.status) {
        return Ok(Err(TokenFailure::unusable(format!(
            "the provider answered {} when it was asked what the token is good for",
            reply.status
        ))));
    }
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let Some(choose) = &asked.choose else {
        return Ok(kept::of_asked(asked, &answer).map(|told| {
            tokens.extend(told);
            Granted::whole(tokens)
        }));
    };
    let values = blueprint.secrets.inherited_with(values.clone());
    let fitting = choice::fitting(asked, choose, &answer, &values);
    Ok(fitting.map(|fitting| Granted::among(tokens, &choose.what, fitting)))
}
