//! Finds an authorization server's endpoints in its metadata (RFC 8414, OpenID Connect Discovery)
//! and the server of a protected resource (RFC 9728). What a document says counts only for the one
//! it was asked about, and only as far as the manifest's hosts go.

use serde::Deserialize;
use url::Url;

use crate::catalog::manifest::TokenAuth;
use crate::error::{Error, Result};
use crate::outbound::AllowedHosts;

/// What is used of an authorization server's metadata.
#[derive(Debug, Clone)]
pub struct ServerMetadata {
    /// Who it is.
    pub issuer: String,
    /// RFC 6749 section 3.1.
    pub authorize_url: Url,
    /// RFC 6749 section 3.2.
    pub token_url: Url,
    /// RFC 7591 section 3; none where it registers nobody.
    pub registration_url: Option<Url>,
    /// Whether it names itself in the callback (RFC 9207 section 3).
    pub names_itself: bool,
    /// How clients may prove themselves, as far as we can, the server's own order.
    pub token_auth: Vec<TokenAuth>,
}

#[derive(Deserialize)]
struct ResourceDocument {
    resource: String,
    #[serde(default)]
    authorization_servers: Vec<String>,
}

#[derive(Deserialize)]
struct ServerDocument {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    registration_endpoint: Option<Url>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
}

/// Where the metadata of a protected resource may be (RFC 9728 section 3.1), the likelier first.
#[must_use]
pub fn resource_urls(resource: &Url) -> Vec<Url> {
    let mut urls = vec![well_known(resource, "oauth-protected-resource")];
    if !is_root(resource) {
        urls.push(at_path(resource, "/.well-known/oauth-protected-resource"));
    }
    urls
}

/// Where the metadata of an authorization server may be (RFC 8414 section 3.1 and OpenID Connect
/// Discovery 1.0 section 4), the likelier first.
#[must_use]
pub fn server_urls(issuer: &Url) -> Vec<Url> {
    let mut urls = vec![
        well_known(issuer, "oauth-authorization-server"),
        well_known(issuer, "openid-configuration"),
    ];
    if !is_root(issuer) {
        let path = issuer.path().trim_end_matches('/');
        let appended = format!("{path}/.well-known/openid-configuration");
        urls.push(at_path(issuer, &appended));
    }
    urls
}

fn is_root(url: &Url) -> bool {
    url.path().trim_matches('/').is_empty()
}

/// The well-known name between host and path.
fn well_known(url: &Url, name: &str) -> Url {
    let path = url.path().trim_end_matches('/');
    at_path(url, &format!("/.well-known/{name}{path}"))
}

fn at_path(url: &Url, path: &str) -> Url {
    let mut url = url.clone();
    url.set_path(path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// The authorization server that a resource names; none where it names none.
///
/// # Errors
/// [`Error::Upstream`] when the document is no such document, is another resource's, or names a
/// server outside of `hosts`.
pub fn read_resource(resource: &Url, body: &[u8], hosts: &AllowedHosts) -> Result<Option<Url>> {
    let document: ResourceDocument = serde_json::from_slice(body)
        .map_err(|_| Error::upstream("the metadata of the resource are not those of RFC 9728"))?;
    let is_own = Url::parse(&document.resource).is_ok_and(|named| covers(&named, resource));
    if !is_own {
        return Err(Error::upstream(format!(
            "the metadata of {resource} are those of another resource"
        )));
    }
    let Some(server) = document.authorization_servers.first() else {
        return Ok(None);
    };
    let server = Url::parse(server).map_err(|_| {
        Error::upstream("the resource names an authorization server that is no URL")
    })?;
    check_host(&server, "authorization server", hosts)?;
    Ok(Some(server))
}

/// Whether `named` is `resource` or stands above it at the same origin.
fn covers(named: &Url, resource: &Url) -> bool {
    let above = named.path().trim_end_matches('/');
    let rest = resource.path().strip_prefix(above);
    named.origin() == resource.origin()
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a server says of itself.
///
/// # Errors
/// [`Error::Upstream`] when the document is no such document, is another server's (RFC 8414 section
/// 3.3), names an endpoint outside of `hosts`, or knows no S256.
pub fn read_server(issuer: &Url, body: &[u8], hosts: &AllowedHosts) -> Result<ServerMetadata> {
    let ServerDocument {
        issuer: named,
        authorization_endpoint,
        token_endpoint,
        registration_endpoint,
        authorization_response_iss_parameter_supported,
        token_endpoint_auth_methods_supported,
        code_challenge_methods_supported,
    } = serde_json::from_slice(body).map_err(|_| {
        Error::upstream("the metadata of the authorization server are not those of RFC 8414")
    })?;
    if !is_same(&named, issuer) {
        return Err(Error::upstream(format!(
            "the metadata of {issuer} are those of another server"
        )));
    }
    let endpoints = [
        ("authorization endpoint", Some(&authorization_endpoint)),
        ("token endpoint", Some(&token_endpoint)),
        ("registration endpoint", registration_endpoint.as_ref()),
    ];
    for (what, endpoint) in endpoints {
        if let Some(endpoint) = endpoint {
            check_host(endpoint, what, hosts)?;
        }
    }
    let challenges = code_challenge_methods_supported;
    if challenges.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
        return Err(Error::upstream(format!(
            "{issuer} takes no S256 code challenge"
        )));
    }
    Ok(ServerMetadata {
        issuer: named,
        authorize_url: authorization_endpoint,
        token_url: token_endpoint,
        registration_url: registration_endpoint,
        names_itself: authorization_response_iss_parameter_supported,
        token_auth: token_endpoint_auth_methods_supported.map_or_else(
            || vec![TokenAuth::ClientSecretBasic],
            |methods| methods.iter().filter_map(|name| token_auth(name)).collect(),
        ),
    })
}

/// The same issuer, but for a slash at its end.
fn is_same(named: &str, issuer: &Url) -> bool {
    named.trim_end_matches('/') == issuer.as_str().trim_end_matches('/')
}

/// A method by its registered name (RFC 7591 section 2), if it is one of ours.
#[must_use]
pub fn token_auth(name: &str) -> Option<TokenAuth> {
    match name {
        "client_secret_basic" => Some(TokenAuth::ClientSecretBasic),
        "client_secret_post" => Some(TokenAuth::ClientSecretPost),
        "none" => Some(TokenAuth::None),
        _ => None,
    }
}

fn check_host(url: &Url, what: &str, hosts: &AllowedHosts) -> Result<()> {
    if hosts.permits(url) && url.username().is_empty() && url.password().is_none() {
        return Ok(());
    }
    let origin = url.origin().ascii_serialization();
    Err(Error::upstream(format!(
        "the {what} at {origin} is not on a host that the toolkit declares"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn texts(urls: Vec<Url>) -> Vec<String> {
        urls.into_iter().map(String::from).collect()
    }

    #[test]
    fn metadata_are_looked_for_where_the_rfcs_put_them() {
        let issuer: Url = "https://a.test/tenant/".parse().unwrap();
        assert_eq!(
            texts(server_urls(&issuer)),
            [
                "https://a.test/.well-known/oauth-authorization-server/tenant",
                "https://a.test/.well-known/openid-configuration/tenant",
                "https://a.test/tenant/.well-known/openid-configuration",
            ]
        );
        let resource: Url = "https://a.test/mcp?x=1".parse().unwrap();
        assert_eq!(
            texts(resource_urls(&resource)),
            [
                "https://a.test/.well-known/oauth-protected-resource/mcp",
                "https://a.test/.well-known/oauth-protected-resource",
            ]
        );
    }

    fn server(change: Value) -> Result<ServerMetadata> {
        let mut document = json!({
            "issuer": "https://a.test",
            "authorization_endpoint": "https://a.test/authorize",
            "token_endpoint": "https://a.test/token",
            "registration_endpoint": "https://reg.a.test/register",
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
            "code_challenge_methods_supported": ["plain", "S256"],
        });
        let Value::Object(change) = change else {
            panic!("an object")
        };
        document.as_object_mut().unwrap().extend(change);
        let hosts = AllowedHosts(vec!["a.test".into(), "*.a.test".into()]);
        let issuer = "https://a.test/".parse().unwrap();
        read_server(&issuer, document.to_string().as_bytes(), &hosts)
    }

    #[test]
    fn the_methods_that_we_can_are_read() {
        assert_eq!(server(json!({})).unwrap().token_auth, [TokenAuth::None]);
    }

    #[rstest]
    #[case::other_issuer(json!({ "issuer": "https://evil.test" }), "those of another server")]
    #[case::other_host(json!({ "token_endpoint": "https://evil.test/token" }), "token endpoint at https://evil.test")]
    #[case::look_alike(json!({ "authorization_endpoint": "https://a.test.evil.test/" }), "authorization endpoint")]
    #[case::no_tls(json!({ "registration_endpoint": "http://a.test/register" }), "registration endpoint at http://a.test")]
    #[case::user(json!({ "token_endpoint": "https://me@a.test/token" }), "token endpoint")]
    #[case::plain_only(json!({ "code_challenge_methods_supported": ["plain"] }), "no S256")]
    #[case::no_endpoint(json!({ "token_endpoint": null }), "not those of RFC 8414")]
    fn a_document_that_lies_is_refused(#[case] change: Value, #[case] expected: &str) {
        let refused = server(change).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }

    #[rstest]
    #[case("https://r.test/mcp", true)]
    #[case("https://r.test", true)]
    #[case("https://r.test/mc", false)]
    #[case("https://other.test/mcp", false)]
    fn a_resources_document_counts_for_that_resource(#[case] named: &str, #[case] good: bool) {
        let body = json!({ "resource": named, "authorization_servers": ["https://a.test"] });
        let hosts = AllowedHosts(vec!["a.test".into()]);
        let resource = "https://r.test/mcp".parse().unwrap();
        let read = read_resource(&resource, body.to_string().as_bytes(), &hosts);
        assert_eq!(read.is_ok(), good, "{read:?}");
    }
}
