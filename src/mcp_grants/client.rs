//! Clients that register themselves (RFC 7591), and where codes may be sent (RFC 8252).

use url::{Host, Url};

use super::OAuthError;
use crate::app::App;
use crate::crypto::McpClientClaims;
use crate::error::{Error, Result};

const LONGEST_NAME: usize = 100;
const MOST_URIS: usize = 10;
/// Of all redirect URIs together: they stand in the client's id.
const LONGEST_URIS: usize = 2000;
const METHODS: [&str; 3] = ["none", "client_secret_post", "client_secret_basic"];
/// Schemes by which a browser runs or opens something of its own.
const REFUSED_SCHEMES: [&str; 9] = [
    "about",
    "blob",
    "data",
    "file",
    "ftp",
    "javascript",
    "vbscript",
    "view-source",
    "ws",
];

/// A request for registration.
#[derive(Debug, Clone, Default)]
pub struct NewClient {
    /// For people.
    pub name: Option<String>,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// How it would prove itself at the token endpoint.
    pub auth_method: Option<String>,
}

/// A registered client.
#[derive(Debug, Clone)]
pub struct Registration {
    /// What it calls itself by from now on.
    pub id: String,
    /// What it proves itself with, unless it is public.
    pub secret: Option<String>,
    /// What it said of itself.
    pub client: McpClientClaims,
}

/// Registers a client. Nothing is stored: its id is what it said, signed.
///
/// # Errors
/// `invalid_redirect_uri` and `invalid_client_metadata`.
pub fn register(app: &App, new: NewClient) -> Result<Registration, super::GrantError> {
    let NewClient {
        name,
        redirect_uris,
        auth_method,
    } = new;
    let length: usize = redirect_uris.iter().map(String::len).sum();
    if redirect_uris.is_empty() || redirect_uris.len() > MOST_URIS || length > LONGEST_URIS {
        return Err(OAuthError::new(
            "invalid_redirect_uri",
            format!("give 1 to {MOST_URIS} redirect URIs of {LONGEST_URIS} characters together"),
        )
        .into());
    }
    if let Some(uri) = redirect_uris.iter().find(|uri| !is_allowed(uri)) {
        let uri: String = uri.chars().take(100).collect();
        return Err(OAuthError::new(
            "invalid_redirect_uri",
            format!(
                "`{uri}` is neither https, nor http on this computer, nor a scheme of an app's own"
            ),
        )
        .into());
    }
    let auth_method = auth_method.unwrap_or_else(|| "none".to_owned());
    if !METHODS.contains(&auth_method.as_str()) {
        return Err(OAuthError::new(
            "invalid_client_metadata",
            format!(
                "token_endpoint_auth_method must be one of {}",
                METHODS.join(", ")
            ),
        )
        .into());
    }
    let client = McpClientClaims {
        name: shown_name(name.as_deref()),
        redirect_uris,
        auth_method,
    };
    let signer = app.vault.mcp_client_signer();
    let id = signer.sign(client.clone())?;
    let secret = (client.auth_method != "none")
        .then(|| signer.secrets(&id).into_iter().next())
        .flatten();
    Ok(Registration { id, secret, client })
}

/// One line that fits on a page.
fn shown_name(name: Option<&str>) -> String {
    let name = name.unwrap_or_default().trim();
    let shown: String = name
        .chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST_NAME)
        .collect();
    if shown.is_empty() {
        "An MCP client".to_owned()
    } else {
        shown
    }
}

/// A client, and where it wants its code.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// For people.
    pub name: String,
    /// Where the code goes.
    pub redirect_uri: Url,
}

/// The client of an authorization request. Where this fails, nothing may be sent to the redirect URI.
///
/// # Errors
/// [`Error::Invalid`] for an unknown client, or a redirect URI that it did not register.
pub fn check_client(app: &App, id: &str, redirect_uri: Option<&str>) -> Result<Client> {
    let claims = app.vault.mcp_client_signer().read(id).ok_or_else(|| {
        Error::invalid_with_fix(
            "this server does not know the client",
            "Let the client register again.",
        )
    })?;
    let given = match (redirect_uri, claims.redirect_uris.as_slice()) {
        (Some(given), known) if known.iter().any(|own| is_same(own, given)) => given,
        (None, [only]) => only,
        _ => {
            return Err(Error::invalid(
                "the client did not register the address that it wants to be answered at",
            ));
        }
    };
    let redirect_uri = Url::parse(given)
        .ok()
        .filter(|_| is_allowed(given))
        .ok_or_else(|| Error::invalid("the address for the answer cannot be read"))?;
    Ok(Client {
        id: id.to_owned(),
        name: claims.name,
        redirect_uri,
    })
}

fn is_allowed(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else {
        return false;
    };
    if url.fragment().is_some() || uri.chars().any(char::is_control) {
        return false;
    }
    match url.scheme() {
        "https" => url.has_host() && url.username().is_empty(),
        "http" => is_loopback(&url),
        other => !REFUSED_SCHEMES.contains(&other) && other.len() > 2,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Equal but for the port on this computer, which an app does not know beforehand (RFC 8252 section
/// 7.3).
fn is_same(registered: &str, given: &str) -> bool {
    if registered == given {
        return true;
    }
    let (Ok(mut own), Ok(mut other)) = (Url::parse(registered), Url::parse(given)) else {
        return false;
    };
    if own.scheme() != "http" || !is_loopback(&own) || !is_loopback(&other) {
        return false;
    }
    own.set_port(None).is_ok() && other.set_port(None).is_ok() && own == other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_to_https_to_this_computer_or_to_apps() {
        for uri in [
            "https://app.example/cb",
            "http://127.0.0.1:1/cb",
            "http://localhost/cb",
            "http://[::1]:9/",
            "cursor://anysphere.cursor/cb",
            "com.example.app:/cb",
        ] {
            assert!(is_allowed(uri), "{uri}");
        }
        for uri in [
            "http://app.example/cb",
            "https://app.example/cb#x",
            "https://user@app.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "not a uri",
            "",
            "http://127.0.0.1.evil.example/",
        ] {
            assert!(!is_allowed(uri), "{uri}");
        }
    }

    #[test]
    fn only_the_port_on_this_computer_may_differ() {
        assert!(is_same("http://127.0.0.1/cb", "http://127.0.0.1:5123/cb"));
        assert!(is_same("http://localhost:1/cb", "http://localhost:2/cb"));
        assert!(!is_same("http://localhost/cb", "http://127.0.0.1/cb"));
        assert!(!is_same("http://127.0.0.1/cb", "http://127.0.0.1/other"));
        assert!(!is_same(
            "https://app.example/cb",
            "https://app.example:8443/cb"
        ));
    }
}
