//! What follows a redirect: the next request, with nothing in it that its host should not see.

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, HeaderMap, HeaderName, LOCATION, USER_AGENT};
use http::{Method, StatusCode};
use url::Url;

use super::OutboundRequest;
use crate::error::{Error, Result};

/// All that a foreign host learns from a request's headers.
const FOR_STRANGERS: [HeaderName; 3] = [ACCEPT, ACCEPT_LANGUAGE, USER_AGENT];

/// Shorter values are words that occur by themselves.
const SHORTEST_SECRET: usize = 8;

/// The request that an answer with `status` and `headers` asks for; none if the answer stands.
///
/// Methods change as browsers do it (Fetch standard, HTTP-redirect fetch; RFC 9110 section 15.4):
/// 303, and 301 or 302 after POST, ask again by GET without the body; 307 and 308 repeat the
/// request. Credentials are dropped for good on the way to a host that may not have them and from
/// https to http. A body is never handed to a foreign host: such a redirect is not followed.
///
/// # Errors
/// [`Error::Upstream`] when the target is no http or https URL, or a stranger's that holds the
/// credential.
pub(super) fn next(
    request: &OutboundRequest,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<OutboundRequest>> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(LOCATION) else {
        return Ok(None);
    };
    let url = target(request, location.as_bytes())?;
    let mut next = OutboundRequest {
        url,
        ..request.clone()
    };
    if becomes_get(status, &request.method) {
        next.method = Method::GET;
        next.body = Bytes::new();
        next.streamed_body = None;
        drop_body_headers(&mut next.headers);
    }
    if !is_home(request, &next.url) {
        if carries_credential(request, &next.url) {
            return Err(Error::upstream(format!(
                "{} redirected to another host with the credential in the URL",
                request.host()
            )));
        }
        if !next.body.is_empty() || next.streamed_body.is_some() {
            return Ok(None);
        }
        next.headers = FOR_STRANGERS
            .into_iter()
            .filter_map(|name| Some((name.clone(), request.headers.get(name)?.clone())))
            .collect();
        drop_credentials(&mut next);
    }
    if request.url.scheme() == "https" && next.url.scheme() == "http" {
        drop_credentials(&mut next);
    }
    Ok(Some(next))
}

fn target(request: &OutboundRequest, location: &[u8]) -> Result<Url> {
    let host = request.host();
    let refused = |what: &str| Error::upstream(format!("{host} redirected to {what}"));
    let mut url = std::str::from_utf8(location)
        .ok()
        .and_then(|location| request.url.join(location).ok())
        .ok_or_else(|| refused("something that is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(refused("a URL that is neither http nor https"));
    }
    url.set_fragment(None);
    // A name and password in a Location would become an Authorization header.
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return Err(refused("a URL that cannot be called"));
    }
    remove_parameters(&mut url, &request.credential_query);
    Ok(url)
}

/// Takes out what an upstream copied from the request's query into its Location.
fn remove_parameters(url: &mut Url, names: &[(String, String)]) {
    let is_named = |name: &str| names.iter().any(|(credential, _)| credential == name);
    if !url.query_pairs().any(|(name, _)| is_named(&name)) {
        return;
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !is_named(name))
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
}

fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        301 | 302 => method == Method::POST,
        303 => method != Method::GET && method != Method::HEAD,
        _ => false,
    }
}

fn drop_body_headers(headers: &mut HeaderMap) {
    for name in [
        "content-type",
        "content-length",
        "content-encoding",
        "content-language",
    ] {
        headers.remove(name);
    }
}

fn is_home(request: &OutboundRequest, url: &Url) -> bool {
    url.origin() == request.url.origin() || request.credential_hosts.permits(url)
}

/// Whether an upstream put what it was sent into the URL of a stranger. Hosts lose their case.
fn carries_credential(request: &OutboundRequest, url: &Url) -> bool {
    let headers = request
        .credential_headers
        .values()
        .filter_map(|value| value.to_str().ok())
        // `Bearer token`: what follows the scheme's name is the secret.
        .map(|value| value.rsplit(' ').next().unwrap_or(value));
    let parameters = request
        .credential_query
        .iter()
        .map(|(_, value)| value.as_str());
    let text = url.as_str().to_lowercase();
    let decoded = percent_encoding::percent_decode_str(&text).decode_utf8_lossy();
    headers
        .chain(parameters)
        .filter(|secret| secret.len() >= SHORTEST_SECRET)
        .map(str::to_lowercase)
        .any(|secret| text.contains(&secret) || decoded.contains(&secret))
}

fn drop_credentials(request: &mut OutboundRequest) {
    request.credential_headers = HeaderMap::new();
    request.credential_query = Vec::new();
    request.signer = None;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::AllowedHosts;
    use http::HeaderValue;
    use rstest::rstest;

    fn request(method: Method) -> OutboundRequest {
        let has_body = !matches!(method, Method::GET | Method::HEAD);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert("x-tenant", HeaderValue::from_static("acme"));
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let mut credential_headers = HeaderMap::new();
        credential_headers.insert("authorization", HeaderValue::from_static("Bearer s3cret"));
        OutboundRequest {
            headers,
            credential_headers,
            credential_query: vec![("api_key".into(), "s3cret".into())],
            credential_hosts: AllowedHosts(vec!["api.test".into(), "*.files.test".into()]),
            body: if has_body {
                Bytes::from_static(b"{}")
            } else {
                Bytes::new()
            },
            ..OutboundRequest::new(method, "https://api.test/start?page=1".parse().unwrap())
        }
    }

    fn follow(request: &OutboundRequest, status: u16, location: &str) -> Option<OutboundRequest> {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, HeaderValue::from_str(location).unwrap());
        next(request, StatusCode::from_u16(status).unwrap(), &headers).unwrap()
    }

    fn has_credentials(request: &OutboundRequest) -> bool {
        assert_eq!(
            request.credential_headers.is_empty(),
            request.credential_query.is_empty()
        );
        !request.credential_headers.is_empty()
    }

    #[rstest]
    #[case::as_it_was("https://evil.test/x?t=s3cret-token")]
    #[case::encoded("https://evil.test/s3cret%2Dtoken")]
    #[case::as_a_host("https://S3CRET-TOKEN.evil.test/")]
    fn a_strangers_url_that_holds_the_credential_is_not_called(#[case] location: &'static str) {
        let mut request = request(Method::GET);
        let credential = HeaderValue::from_static("Bearer s3cret-token");
        request
            .credential_headers
            .insert("authorization", credential);
        let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(location))]);
        let refused = next(&request, StatusCode::FOUND, &headers).err().unwrap();
        assert!(!refused.to_string().contains("s3cret"), "{refused}");
    }

    #[rstest]
    #[case(301, Method::POST, Method::GET)]
    #[case(302, Method::POST, Method::GET)]
    #[case(303, Method::POST, Method::GET)]
    #[case(303, Method::PUT, Method::GET)]
    #[case(303, Method::HEAD, Method::HEAD)]
    #[case(302, Method::PUT, Method::PUT)]
    #[case(307, Method::POST, Method::POST)]
    #[case(308, Method::DELETE, Method::DELETE)]
    #[case(302, Method::GET, Method::GET)]
    fn the_method_changes_as_browsers_do_it(
        #[case] status: u16,
        #[case] before: Method,
        #[case] after: Method,
    ) {
        let first = request(before);
        let second = follow(&first, status, "/next").unwrap();
        assert_eq!(second.method, after);
        assert_eq!(second.url.as_str(), "https://api.test/next");
        let kept_body = !second.body.is_empty();
        assert_eq!(kept_body, after == first.method && !first.body.is_empty());
        assert_eq!(
            second.headers.contains_key("content-type"),
            second.method == first.method
        );
    }

    #[rstest]
    #[case::same_host("https://api.test/next")]
    #[case::allowed_pattern("https://eu.files.test/next")]
    fn credentials_go_along_to_hosts_that_may_have_them(#[case] location: &str) {
        let next = follow(&request(Method::GET), 302, location).unwrap();
        assert!(has_credentials(&next));
        assert!(next.headers.contains_key("x-tenant"));
    }

    #[rstest]
    #[case::foreign("https://evil.test/next")]
    #[case::other_port("https://api.test:8443/next")]
    #[case::downgrade("http://api.test/next")]
    #[case::scheme_relative("//evil.test/next")]
    fn a_foreign_host_learns_nothing(#[case] location: &str) {
        let next = follow(&request(Method::GET), 302, location).unwrap();
        assert!(!has_credentials(&next));
        assert_eq!(next.headers.keys().collect::<Vec<_>>(), [ACCEPT]);
    }

    #[test]
    fn credentials_do_not_come_back_after_a_foreign_host() {
        let away = follow(&request(Method::GET), 302, "https://evil.test/").unwrap();
        let back = follow(&away, 302, "https://api.test/admin").unwrap();
        assert!(!has_credentials(&back));
    }

    #[test]
    fn a_downgrade_drops_credentials_even_where_http_is_allowed() {
        let mut first = request(Method::GET);
        first.credential_hosts.0.push("http://api.test".into());
        assert!(!has_credentials(
            &follow(&first, 302, "http://api.test/next").unwrap()
        ));
    }

    #[test]
    fn a_body_is_not_handed_to_a_foreign_host() {
        assert!(follow(&request(Method::POST), 307, "https://evil.test/next").is_none());
        assert!(follow(&request(Method::PUT), 302, "https://evil.test/next").is_none());
    }

    #[test]
    fn a_credential_parameter_copied_into_the_location_is_taken_out() {
        let next = follow(
            &request(Method::GET),
            302,
            "https://evil.test/n?a=1&api_key=s3cret&b=2",
        )
        .unwrap();
        assert_eq!(next.url.as_str(), "https://evil.test/n?a=1&b=2");
    }

    #[test]
    fn user_info_in_a_location_is_dropped() {
        let next = follow(&request(Method::GET), 302, "https://u:p@evil.test/n#f").unwrap();
        assert_eq!(next.url.as_str(), "https://evil.test/n");
    }

    #[rstest]
    #[case(300)]
    #[case(304)]
    #[case(200)]
    fn other_answers_stand(#[case] status: u16) {
        assert!(follow(&request(Method::GET), status, "/next").is_none());
    }

    #[rstest]
    #[case("file:///etc/passwd")]
    #[case("ftp://api.test/x")]
    #[case("http://")]
    fn a_redirect_to_anything_but_http_is_an_error(#[case] location: &str) {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, HeaderValue::from_str(location).unwrap());
        let refused = next(&request(Method::GET), StatusCode::FOUND, &headers)
            .err()
            .unwrap();
        assert!(matches!(refused, Error::Upstream { .. }), "{refused:?}");
    }
}
