//! Sends requests to token endpoints.

use std::time::Duration;

use http::header;
use oauth2::{HttpRequest, HttpResponse};
use url::Url;

use crate::app::App;
use crate::error::{Error, Result};
use crate::outbound::{AllowedHosts, OutboundRequest};

/// After this the provider is taken to give no answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
const LARGEST_REPLY: usize = 1024 * 1024;

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
