//! Sends requests to token endpoints.

use std::time::Duration;

use futures_util::future::BoxFuture;
use http::header;
use oauth2::{HttpRequest, HttpResponse};
use url::Url;

use crate::app::App;
use crate::auth_schemes::oauth2::TokenFailure;
use crate::error::{Error, Result};
use crate::outbound::{AllowedHosts, OutboundRequest};

/// After this the provider is taken to give no answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
const LARGEST_REPLY: usize = 1024 * 1024;

/// [`send`] as the OAuth 2 client takes it.
pub(super) fn sender<'a>(
    app: &'a App,
) -> impl Fn(HttpRequest) -> BoxFuture<'a, Result<HttpResponse>> {
    move |request| Box::pin(send(app, request))
}

/// [`send`], with no answer for one of the provider's failures.
///
/// # Errors
/// When the request cannot be made; the inner one is the provider's.
pub(super) async fn ask(
    app: &App,
    request: HttpRequest,
) -> Result<Result<HttpResponse, TokenFailure>> {
    match send(app, request).await {
        Ok(reply) => Ok(Ok(reply)),
        Err(error @ Error::Upstream { .. }) => Ok(Err(TokenFailure::NoAnswer(error))),
        Err(error) => Err(error),
    }
}

/// Sends a request to a token endpoint. It holds the client's secret and the grant, so they go to
/// that endpoint's origin alone and no redirect is followed.
///
/// # Errors
/// [`Error::Upstream`] when there is no answer.
pub(super) async fn send(app: &App, request: HttpRequest) -> Result<HttpResponse> {
    let (mut parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string())
        .map_err(|_| Error::internal("a token request has no valid URL"))?;
    let mut outbound = OutboundRequest::new(parts.method, url);
    if let Some(authorization) = parts.headers.remove(header::AUTHORIZATION) {
        outbound
            .credential_headers
            .insert(header::AUTHORIZATION, authorization);
    }
    outbound.credential_hosts = AllowedHosts::of_url(&outbound.url);
    outbound.headers = parts.headers;
    outbound.body = body.into();
    outbound.timeout = TIMEOUT;
    outbound.max_bytes = LARGEST_REPLY;
    outbound.max_redirects = 0;
    let reply = app.outbound.send(outbound).await?;
    let mut response = http::Response::new(reply.body.to_vec());
    *response.status_mut() = http::StatusCode::from_u16(reply.status)
        .map_err(|_| Error::internal("an answer has an impossible status"))?;
    *response.headers_mut() = reply.headers;
    Ok(response)
}
