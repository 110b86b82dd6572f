//! A fake OAuth 1 provider with an API behind it. It recomputes every signature its own way, takes
//! no nonce twice, and writes down what it let in.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::secrets;

pub const CONSUMER_KEY: &str = "chirp app";
pub const CONSUMER_SECRET: &str = "consumer s&cret+%4711";
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[derive(Debug, Default)]
struct Inner {
    /// The user says no.
    denies: bool,
    /// Sends the browser back with this request token.
    returns_token: Option<String>,
    /// Request and access tokens, with their secrets.
    tokens: HashMap<String, String>,
    /// Where the browser of a request token goes back to.
    callbacks: HashMap<String, String>,
    verifiers: HashMap<String, String>,
    nonces: HashSet<String>,
    /// Request tokens are answered with this status instead.
    broken: Option<u16>,
    accepted: Vec<Value>,
    refused: Vec<String>,
}

/// The running provider.
pub struct Chirp {
    /// `http://127.0.0.1:port`
    pub base: String,
    inner: Arc<Mutex<Inner>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Provider {
    base: String,
    inner: Arc<Mutex<Inner>>,
}

impl Chirp {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Arc::new(Mutex::new(Inner::default()));
        let provider = Provider {
            base: base.clone(),
            inner: Arc::clone(&inner),
        };
        let router = Router::new()
            .route("/request_token", post(request_token))
            .route("/authorize", get(authorize))
            .route("/access_token", post(access_token))
            .fallback(any(api))
            .with_state(provider);
        let serve = axum::serve(listener, router).into_future();
        #[expect(
            clippy::disallowed_methods,
            reason = "a fake has no shutdown to wait for"
        )]
        let task = tokio::spawn(async move { serve.await.expect("the provider serves") });
        Self { base, inner, task }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic under the lock")
    }

    pub fn deny(&self) {
        self.inner().denies = true;
    }

    pub fn return_token(&self, token: &str) {
        self.inner().returns_token = Some(token.to_owned());
    }

    pub fn break_down(&self, status: u16) {
        self.inner().broken = Some(status);
    }

    /// A token of a user, as another application may have got it.
    pub fn issue(&self) -> (String, String) {
        let mut inner = self.inner();
        let pair = pair("at");
        inner.tokens.insert(pair.0.clone(), pair.1.clone());
        pair
    }

    /// What the API let in: method, target, nonce and body.
    pub fn accepted(&self) -> Vec<Value> {
        self.inner().accepted.clone()
    }

    /// Why signatures were refused.
    pub fn refused(&self) -> Vec<String> {
        self.inner().refused.clone()
    }

    /// Every secret that it gave out.
    pub fn secrets(&self) -> Vec<String> {
        self.inner().tokens.values().cloned().collect()
    }
}

impl Drop for Chirp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn pair(kind: &str) -> (String, String) {
    (
        format!("{kind}-{}", tenon::ids::random_text(20)),
        format!("{kind}/s+{}", secrets::random()),
    )
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// The parameters of an `OAuth` header, decoded.
fn protocol(headers: &HeaderMap) -> Option<HashMap<String, String>> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    text.strip_prefix("OAuth ")?
        .split(", ")
        .map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let value = value.strip_prefix('"')?.strip_suffix('"')?;
            let value = percent_decode_str(value).decode_utf8().ok()?;
            Some((name.to_owned(), value.into_owned()))
        })
        .collect()
}

impl Provider {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic under the lock")
    }

    /// The `oauth_` parameters of a request that is signed right.
    fn verify(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<HashMap<String, String>, String> {
        let mut protocol = protocol(headers).ok_or("no OAuth header")?;
        let signature = protocol.remove("oauth_signature").ok_or("no signature")?;
        let given = |name: &str| protocol.get(name).cloned().unwrap_or_default();
        if given("oauth_consumer_key") != CONSUMER_KEY || given("oauth_version") != "1.0" {
            return Err("no such consumer".into());
        }
        if given("oauth_signature_method") != "HMAC-SHA1" {
            return Err("another method".into());
        }
        let token_secret = match protocol.get("oauth_token") {
            None => String::new(),
            Some(token) => self
                .inner()
                .tokens
                .get(token)
                .cloned()
                .ok_or("no such token")?,
        };
        let query = uri.query().unwrap_or_default().as_bytes();
        let is_form = headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form"));
        let form = if is_form { body } else { b"" };
        let sent = url::form_urlencoded::parse(query).chain(url::form_urlencoded::parse(form));
        let mut parameters: Vec<String> = sent
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .chain(protocol.clone())
            .map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value)))
            .collect();
        parameters.sort();
        let base = [
            method.to_string(),
            encoded(&format!("{}{}", self.base, uri.path())),
            encoded(&parameters.join("&")),
        ];
        let key = format!("{}&{}", encoded(CONSUMER_SECRET), encoded(&token_secret));
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
        let expected = STANDARD.encode(hmac::sign(&key, base.join("&").as_bytes()).as_ref());
        if signature != expected {
            return Err(format!("wrong signature over {}", base.join("&")));
        }
        if !self.inner().nonces.insert(given("oauth_nonce")) {
            return Err("a nonce was used twice".into());
        }
        Ok(protocol)
    }

    fn refuse(&self, why: String) -> Response {
        self.inner().refused.push(why);
        (StatusCode::UNAUTHORIZED, "Could not authenticate you.").into_response()
    }
}

fn form(pairs: &[(&str, &str)]) -> Response {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    // As Twitter does it.
    ([(header::CONTENT_TYPE, "text/html")], body).into_response()
}

async fn request_token(
    State(provider): State<Provider>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Some(status) = provider.inner().broken {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    let protocol = match provider.verify(&method, &uri, &headers, b"") {
        Ok(protocol) => protocol,
        Err(why) => return provider.refuse(why),
    };
    let (token, secret) = pair("rt");
    let mut inner = provider.inner();
    let callback = protocol["oauth_callback"].clone();
    inner.callbacks.insert(token.clone(), callback);
    inner.tokens.insert(token.clone(), secret.clone());
    form(&[
        ("oauth_token", &token),
        ("oauth_token_secret", &secret),
        ("oauth_callback_confirmed", "true"),
    ])
}

async fn authorize(State(provider): State<Provider>, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default().as_bytes();
    let query: HashMap<String, String> = url::form_urlencoded::parse(query).into_owned().collect();
    let mut inner = provider.inner();
    assert_eq!(query["expiration"], "never", "the manifest's parameters");
    let token = query["oauth_token"].clone();
    let mut back: url::Url = inner.callbacks[&token].parse().expect("a URL");
    if inner.denies {
        back.query_pairs_mut().append_pair("denied", &token);
        return Redirect::to(back.as_str()).into_response();
    }
    let verifier = secrets::random();
    inner.verifiers.insert(token.clone(), verifier.clone());
    let token = inner.returns_token.clone().unwrap_or(token);
    back.query_pairs_mut()
        .append_pair("oauth_token", &token)
        .append_pair("oauth_verifier", &verifier);
    Redirect::to(back.as_str()).into_response()
}

async fn access_token(
    State(provider): State<Provider>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let protocol = match provider.verify(&method, &uri, &headers, b"") {
        Ok(protocol) => protocol,
        Err(why) => return provider.refuse(why),
    };
    let token = &protocol["oauth_token"];
    let mut inner = provider.inner();
    // It is used up, whatever comes of it.
    inner.tokens.remove(token);
    if inner.verifiers.remove(token).as_ref() != protocol.get("oauth_verifier") {
        drop(inner);
        return provider.refuse("wrong verifier".into());
    }
    let (token, secret) = pair("at");
    inner.tokens.insert(token.clone(), secret.clone());
    form(&[
        ("oauth_token", &token),
        ("oauth_token_secret", &secret),
        ("screen_name", "ada"),
    ])
}

/// Lets in what is signed for a user; `/away?to=` redirects.
async fn api(
    State(provider): State<Provider>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let protocol = match provider.verify(&method, &uri, &headers, &body) {
        Ok(protocol) => protocol,
        Err(why) => return provider.refuse(why),
    };
    if !protocol
        .get("oauth_token")
        .is_some_and(|token| token.starts_with("at-"))
    {
        return provider.refuse("no token of a user".into());
    }
    provider.inner().accepted.push(json!({
        "method": method.as_str(), "target": uri.to_string(),
        "body": String::from_utf8_lossy(&body), "nonce": protocol["oauth_nonce"],
        "timestamp": protocol["oauth_timestamp"],
    }));
    let query = uri.query().unwrap_or_default().as_bytes();
    let to = url::form_urlencoded::parse(query)
        .find(|(name, _)| name == "to")
        .map(|(_, to)| to.into_owned());
    match to {
        Some(to) => Redirect::temporary(&to).into_response(),
        None => axum::Json(json!({ "screen_name": "ada" })).into_response(),
    }
}

/// The toolkit that leads there; goes after its identity.
pub const CHIRP: &str = r#"
base_url: "{base}"
identity: {method: GET, path: /me}
auth:
  - scheme: OAUTH1
    request_url: "{base}/request_token"
    authorize_url: "{base}/authorize"
    token_url: "{base}/access_token"
    authorize_params: {expiration: never}
"#;

pub const CHIRP_TOOLS: &str = r"
  - slug: CHIRP_SEARCH
    name: Search
    description: Finds chirps.
    args:
      - {arg: q, type: string, required: true, description: What for.}
    request: { method: GET, path: /search }
  - slug: CHIRP_POST
    name: Post
    description: Says something.
    args:
      - {arg: text, type: string, required: true, description: What.}
    request: { method: POST, path: /chirps }
";
