//! Gives a grant back to the provider (RFC 7009, and what providers have instead): builds the
//! requests and reads the answers; the caller sends them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Method, header};
use percent_encoding::utf8_percent_encode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::Redactor;
use super::oauth2::presentable;
use super::redact::RESERVED;
use crate::catalog::manifest::TokenAuth;
use crate::catalog::revocation::{RevokeAuth, RevokeManifest, TokenPlace};
use crate::catalog::template::{self, Slot};
use crate::error::{Error, Result};
use crate::outbound::{AllowedHosts, OutboundReply, OutboundRequest};

/// What providers call a token that is worthless already (RFC 6750 section 3.1, RFC 6749 section
/// 5.2; the others are Slack's and GitHub's).
const WORTHLESS: [&str; 5] = [
    "invalid_token",
    "invalid_grant",
    "token_revoked",
    "token_expired",
    "bad_refresh_token",
];

/// Who gives a grant back, and where.
pub struct Revoker<'a> {
    /// How the provider wants it.
    pub manifest: &'a RevokeManifest,
    /// How the client proves itself at the token endpoint.
    pub token_auth: TokenAuth,
    /// The OAuth app's public name, where there is an app.
    pub client_id: Option<&'a str>,
    /// Its secret, where it has one.
    pub client_secret: Option<&'a SecretString>,
    /// The values of the connection.
    pub values: &'a Map<String, Value>,
}

/// Without the values, which are secret.
impl std::fmt::Debug for Revoker<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Revoker({})", self.manifest.url)
    }
}

/// What the provider answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The token is worthless from now on.
    Revoked,
    /// It was worthless before.
    Worthless,
    /// The provider said no; asking again does not help.
    Refused(String),
    /// The provider could not say; asking later may help.
    Unclear(String),
}

/// A client's proof, as a request carries it.
enum Proof {
    Header(String),
    Parameters,
    Nothing,
}

impl Revoker<'_> {
    /// The tokens that the connection has of those that are given back, by their names.
    pub fn tokens(&self) -> impl Iterator<Item = (&str, &str)> {
        self.manifest.tokens.iter().filter_map(|name| {
            let token = self.values.get(name)?.as_str()?;
            (!token.is_empty()).then_some((name.as_str(), token))
        })
    }

    /// The request that gives `token` back. It goes to the endpoint's origin alone, and no redirect
    /// is followed.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the connection or its app lacks what the request needs.
    pub fn request(&self, name: &str, token: &str) -> Result<OutboundRequest> {
        let manifest = self.manifest;
        let url = Url::parse(&self.fill(&manifest.url, token, true)?)
            .map_err(|_| Error::invalid("the connection's values make no revocation URL"))?;
        let method = Method::from_bytes(manifest.method.as_bytes())
            .map_err(|_| Error::internal("a revocation has no HTTP method"))?;
        let mut request = OutboundRequest::new(method, url);
        request.credential_hosts = AllowedHosts::of_url(&request.url);
        request.max_redirects = 0;
        let mut parameters = Vec::new();
        match self.proof(token)? {
            Proof::Header(value) => credential_header(&mut request, "authorization", &value)?,
            Proof::Parameters => {
                parameters.push(("client_id".to_owned(), self.client_id()?.to_owned()));
                if let Some(secret) = self.client_secret {
                    let secret = secret.expose_secret().to_owned();
                    parameters.push(("client_secret".to_owned(), secret));
                }
            }
            Proof::Nothing => {}
        }
        for (name, value) in &manifest.params {
            parameters.push((name.clone(), self.fill(value, token, false)?));
        }
        for (name, value) in &manifest.headers {
            credential_header(&mut request, name, &self.fill(value, token, false)?)?;
        }
        request
            .headers
            .entry(header::ACCEPT)
            .or_insert(HeaderValue::from_static("application/json"));
        self.place(&mut request, name, token, parameters);
        Ok(request)
    }

    fn proof(&self, token: &str) -> Result<Proof> {
        Ok(match (self.manifest.auth, self.token_auth) {
            (RevokeAuth::None, _) => Proof::Nothing,
            (RevokeAuth::Bearer, _) => Proof::Header(format!("Bearer {token}")),
            (RevokeAuth::ClientSecretBasic, _)
            | (RevokeAuth::TokenAuth, TokenAuth::ClientSecretBasic) => {
                let form = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect();
                let id: String = form(self.client_id()?);
                let secret: String = form(self.client_secret.map_or("", |s| s.expose_secret()));
                Proof::Header(format!(
                    "Basic {}",
                    STANDARD.encode(format!("{id}:{secret}"))
                ))
            }
            (RevokeAuth::ClientSecretPost, _)
            | (RevokeAuth::TokenAuth, TokenAuth::ClientSecretPost | TokenAuth::None) => {
                Proof::Parameters
            }
        })
    }

    fn client_id(&self) -> Result<&str> {
        self.client_id
            .ok_or_else(|| Error::invalid("there is no OAuth app to revoke the grant with"))
    }

    /// Puts the token and the parameters where the provider looks for them.
    fn place(
        &self,
        request: &mut OutboundRequest,
        name: &str,
        token: &str,
        mut parameters: Vec<(String, String)>,
    ) {
        let manifest = self.manifest;
        let own = (manifest.param.clone(), token.to_owned());
        let (kind, body) = match manifest.place {
            TokenPlace::Query => {
                request.credential_query.push(own);
                request.credential_query.append(&mut parameters);
                return;
            }
            TokenPlace::Json => {
                parameters.push(own);
                let fields = parameters
                    .into_iter()
                    .map(|(name, value)| (name, Value::String(value)));
                let body = Value::Object(fields.collect()).to_string();
                ("application/json", body)
            }
            TokenPlace::Form => {
                parameters.insert(0, own);
                if manifest.hint && matches!(name, "access_token" | "refresh_token") {
                    parameters.insert(1, ("token_type_hint".into(), name.to_owned()));
                }
                let body = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(parameters)
                    .finish();
                ("application/x-www-form-urlencoded", body)
            }
            TokenPlace::None if parameters.is_empty() => return,
            TokenPlace::None => {
                let body = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(parameters)
                    .finish();
                ("application/x-www-form-urlencoded", body)
            }
        };
        request
            .headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        request.body = body.into();
    }

    /// A template with its slots filled. In a URL a connection's fields stand as they are, since a
    /// pattern limits them; what comes from a provider is encoded.
    fn fill(&self, text: &str, token: &str, in_url: bool) -> Result<String> {
        let own = |value: &str| {
            if in_url {
                utf8_percent_encode(value, RESERVED).to_string()
            } else {
                value.to_owned()
            }
        };
        let value = |slot: Slot<'_>| match slot.name {
            "token" => Some(own(token)),
            "client_id" => self.client_id.map(own),
            "client_secret" => self.client_secret.map(|secret| own(secret.expose_secret())),
            name => match self.values.get(name)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            },
        };
        template::fill(text, value)
            .map_err(|name| Error::invalid(format!("the connection has no `{name}`")))
    }

    /// What an answer means for the token.
    #[must_use]
    pub fn read(&self, reply: &OutboundReply) -> Answer {
        let status = reply.status;
        let error = error_of(&reply.body);
        let is_worthless = error
            .as_deref()
            .is_some_and(|code| WORTHLESS.contains(&code));
        // Where the token itself is the proof, a 401 says that it proves nothing any more.
        let proves_nothing = status == 401 && self.manifest.auth == RevokeAuth::Bearer;
        let reason = || match &error {
            Some(error) => format!("the provider answered {status}: {}", self.quoted(error)),
            None => format!("the provider answered {status}"),
        };
        match status {
            _ if is_worthless || proves_nothing => Answer::Worthless,
            200..=299 if error.is_none() => Answer::Revoked,
            _ if self.manifest.ok_statuses.contains(&status) => Answer::Worthless,
            408 | 425 | 429 | 500.. => Answer::Unclear(reason()),
            _ => Answer::Refused(reason()),
        }
    }

    /// A provider's words without what it was sent.
    fn quoted(&self, text: &str) -> String {
        let tokens = self.tokens().map(|(_, token)| token);
        let secret = self.client_secret.map(ExposeSecret::expose_secret);
        let known = tokens.chain(secret);
        let redactor = Redactor::new(known.map(|text| Zeroizing::new(text.to_owned())));
        let mut text = text.to_owned();
        redactor.text(&mut text);
        presentable(&text)
    }
}

fn credential_header(request: &mut OutboundRequest, name: &str, value: &str) -> Result<()> {
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::internal("a revocation names a header that is none"))?;
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| Error::invalid("a value of the connection cannot stand in a header"))?;
    value.set_sensitive(true);
    request.credential_headers.insert(name, value);
    Ok(())
}

/// The error code in a body, whatever the status: some providers refuse with 200, Slack says
/// `ok: false`.
fn error_of(body: &[u8]) -> Option<String> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return None;
    };
    match fields.get("error") {
        Some(Value::String(code)) if !code.is_empty() => Some(code.clone()),
        Some(Value::Object(error)) => ["code", "status", "type", "message"]
            .iter()
            .find_map(|name| error.get(*name)?.as_str())
            .map(str::to_owned)
            .or_else(|| Some("error".into())),
        _ if fields.get("ok") == Some(&Value::Bool(false)) => Some("error".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::HeaderMap;
    use rstest::rstest;
    use serde_json::json;

    fn manifest(value: Value) -> RevokeManifest {
        serde_json::from_value(value).unwrap()
    }

    fn with<T>(
        manifest: &RevokeManifest,
        auth: TokenAuth,
        use_it: impl FnOnce(&Revoker<'_>) -> T,
    ) -> T {
        let values = json!({ "access_token": "at/1", "refresh_token": "rt 2", "shop": "acme" });
        let secret = SecretString::from("hush:hush");
        use_it(&Revoker {
            manifest,
            token_auth: auth,
            client_id: Some("an id"),
            client_secret: Some(&secret),
            values: values.as_object().unwrap(),
        })
    }

    fn body(request: &OutboundRequest) -> &str {
        std::str::from_utf8(&request.body).unwrap()
    }

    #[test]
    fn what_a_manifest_does_not_say_is_rfc_7009() {
        let manifest = RevokeManifest::at("https://acme.test/revoke".into());
        with(&manifest, TokenAuth::ClientSecretBasic, |revoker| {
            let tokens: Vec<_> = revoker.tokens().collect();
            assert_eq!(
                tokens,
                [("refresh_token", "rt 2"), ("access_token", "at/1")]
            );
            let request = revoker.request("refresh_token", "rt 2").unwrap();
            assert_eq!(request.method, Method::POST);
            assert_eq!(body(&request), "token=rt+2&token_type_hint=refresh_token");
            // RFC 6749 section 2.3.1: both halves are encoded as a form before base64.
            let expected = format!("Basic {}", STANDARD.encode("an+id:hush%3Ahush"));
            assert_eq!(request.credential_headers["authorization"], expected);
            assert_eq!(request.max_redirects, 0);
        });
        with(&manifest, TokenAuth::ClientSecretPost, |revoker| {
            let request = revoker.request("access_token", "at/1").unwrap();
            assert_eq!(
                body(&request),
                "token=at%2F1&token_type_hint=access_token&client_id=an+id&client_secret=hush%3Ahush"
            );
            assert!(request.credential_headers.is_empty());
        });
    }

    #[test]
    fn a_provider_with_ways_of_its_own_gets_them() {
        let github = manifest(json!({
            "url": "https://api.test/applications/{client_id}/grant", "method": "DELETE",
            "auth": "client_secret_basic", "tokens": ["access_token"], "in": "json",
            "param": "access_token",
        }));
        with(&github, TokenAuth::ClientSecretPost, |revoker| {
            let request = revoker.request("access_token", "at/1").unwrap();
            assert_eq!(request.method, Method::DELETE);
            assert_eq!(request.url.path(), "/applications/an%20id/grant");
            assert_eq!(body(&request), r#"{"access_token":"at/1"}"#);
        });
        let shop = manifest(json!({
            "url": "https://{shop}.test/permissions/{token}", "method": "DELETE", "auth": "none",
            "tokens": ["access_token"], "in": "none", "headers": { "X-Token": "{token}" },
        }));
        with(&shop, TokenAuth::ClientSecretPost, |revoker| {
            let request = revoker.request("access_token", "at/1").unwrap();
            assert_eq!(request.url.as_str(), "https://acme.test/permissions/at%2F1");
            assert_eq!(request.credential_headers["x-token"], "at/1");
            assert!(request.body.is_empty());
        });
        let slack = manifest(json!({
            "url": "https://s.test/revoke", "auth": "bearer", "in": "none",
            "params": { "app": "{client_id}" },
        }));
        with(&slack, TokenAuth::None, |revoker| {
            let request = revoker.request("access_token", "at/1").unwrap();
            assert_eq!(request.credential_headers["authorization"], "Bearer at/1");
            assert_eq!(body(&request), "app=an+id");
        });
    }

    #[rstest]
    #[case("token_auth", 200, "", Answer::Revoked)]
    #[case("token_auth", 204, "", Answer::Revoked)]
    #[case("token_auth", 200, r#"{"ok":true,"revoked":true}"#, Answer::Revoked)]
    #[case("token_auth", 404, "", Answer::Worthless)]
    #[case("token_auth", 400, r#"{"error":"invalid_token"}"#, Answer::Worthless)]
    #[case(
        "token_auth",
        200,
        r#"{"ok":false,"error":"token_revoked"}"#,
        Answer::Worthless
    )]
    #[case("bearer", 401, "", Answer::Worthless)]
    #[case("token_auth", 401, r#"{"error":"invalid_client"}"#,
        Answer::Refused("the provider answered 401: invalid_client".into()))]
    #[case("token_auth", 200, r#"{"ok":false}"#, Answer::Refused("the provider answered 200: error".into()))]
    #[case("token_auth", 302, "", Answer::Refused("the provider answered 302".into()))]
    #[case("token_auth", 503, "down", Answer::Unclear("the provider answered 503".into()))]
    #[case("token_auth", 429, "", Answer::Unclear("the provider answered 429".into()))]
    fn an_answer_is_taken_for_what_it_is(
        #[case] auth: &str,
        #[case] status: u16,
        #[case] body: &str,
        #[case] expected: Answer,
    ) {
        let manifest = manifest(json!({
            "url": "https://acme.test/revoke", "auth": auth, "ok_statuses": [404],
        }));
        let reply = OutboundReply {
            status,
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            streamed: None,
        };
        let answer = with(&manifest, TokenAuth::ClientSecretPost, |it| it.read(&reply));
        assert_eq!(answer, expected);
    }

    #[test]
    fn a_refusal_does_not_repeat_what_was_sent() {
        let manifest = RevokeManifest::at("https://acme.test/revoke".into());
        let values = json!({ "access_token": "a-long-access-token" });
        let secret = SecretString::from("a-long-client-secret");
        let revoker = Revoker {
            manifest: &manifest,
            token_auth: TokenAuth::ClientSecretPost,
            client_id: Some("id"),
            client_secret: Some(&secret),
            values: values.as_object().unwrap(),
        };
        let body = r#"{"error":"no: a-long-access-token, a-long-client-secret"}"#;
        let reply = OutboundReply {
            status: 400,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
            streamed: None,
        };
        let Answer::Refused(reason) = revoker.read(&reply) else {
            panic!("a refusal")
        };
        assert_eq!(
            reason,
            "the provider answered 400: no: [redacted], [redacted]"
        );
        let sent = revoker
            .request("access_token", "a-long-access-token")
            .unwrap();
        assert!(!format!("{revoker:?} {sent:?}").contains("a-long"));
    }
}
