//! A strict authorization server with metadata (RFC 8414, RFC 9728), registration (RFC 7591), client
//! credentials and an API, for toolkits that differ from RFC 6749. A test scripts its answers; it
//! writes down what it is asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::any;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

/// A request to the token endpoint.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    pub path: String,
    pub headers: HeaderMap,
    /// The body's fields, of a form or of JSON.
    pub fields: HashMap<String, String>,
    /// Client id and secret of the `Authorization` header, decoded (RFC 6749 section 2.3.1).
    pub basic: Option<(String, String)>,
}

#[derive(Default)]
struct Inner {
    /// Client id → secret, empty for a public client.
    clients: HashMap<String, String>,
    /// Code → challenge and client.
    codes: HashMap<String, (Option<String>, String)>,
    authorizations: Vec<HashMap<String, String>>,
    token_requests: Vec<TokenRequest>,
    registrations: Vec<Value>,
    /// Laid over every token answer.
    answer: Value,
    /// Laid over the server's metadata.
    metadata: Value,
    /// Laid over every registration's answer.
    registered: Value,
    /// Added to the callback.
    callback: Vec<(String, String)>,
    api_calls: Vec<(String, String)>,
    /// What a token is good for, and the status of the answer that says so.
    sites: Option<(u16, Value)>,
    /// Every token that was given back.
    revocations: Vec<String>,
    /// The status of answers to those who give tokens back, where it is not 200.
    revoke_status: Option<u16>,
    made: u32,
}

/// The running server.
pub struct AuthorizationServer {
    /// `http://127.0.0.1:port`
    pub base: String,
    inner: Arc<Mutex<Inner>>,
    task: JoinHandle<()>,
}

impl AuthorizationServer {
    pub async fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let state = (Arc::clone(&inner), base.clone());
        let router = Router::new().fallback(any(answer)).with_state(state);
        let serve = axum::serve(listener, router).into_future();
        #[expect(
            clippy::disallowed_methods,
            reason = "a fake has no shutdown to wait for"
        )]
        let task = tokio::spawn(async move { serve.await.expect("it serves") });
        Self { base, inner, task }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic under the lock")
    }

    /// Knows a client from now on.
    pub fn know(&self, id: &str, secret: &str) {
        self.inner().clients.insert(id.into(), secret.into());
    }

    /// Knows no client any more.
    pub fn forget_clients(&self) {
        self.inner().clients.clear();
    }

    pub fn answer_with(&self, further: Value) {
        self.inner().answer = further;
    }

    pub fn describe_with(&self, further: Value) {
        self.inner().metadata = further;
    }

    pub fn register_with(&self, further: Value) {
        self.inner().registered = further;
    }

    pub fn call_back_with(&self, name: &str, value: &str) {
        self.inner().callback.push((name.into(), value.into()));
    }

    /// Answers `/sites` with this, and notes who asked as a call of the API.
    pub fn list_sites(&self, status: u16, sites: Value) {
        self.inner().sites = Some((status, sites));
    }

    /// Answers who gives a token back with this status.
    pub fn take_back_with(&self, status: u16) {
        self.inner().revoke_status = Some(status);
    }

    /// Every token that came to `/revoke`, in order.
    pub fn revocations(&self) -> Vec<String> {
        self.inner().revocations.clone()
    }

    pub fn authorizations(&self) -> Vec<HashMap<String, String>> {
        self.inner().authorizations.clone()
    }

    pub fn token_requests(&self) -> Vec<TokenRequest> {
        self.inner().token_requests.clone()
    }

    pub fn registrations(&self) -> Vec<Value> {
        self.inner().registrations.clone()
    }

    /// Path and `Authorization` of every call of the API.
    pub fn api_calls(&self) -> Vec<(String, String)> {
        self.inner().api_calls.clone()
    }
}

impl Drop for AuthorizationServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State((inner, base)): State<(Arc<Mutex<Inner>>, String)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let mut inner = inner.lock().expect("no panic under the lock");
    let path = parts.uri.path().to_owned();
    if path.ends_with("/authorize") {
        return inner.authorize(&parts.uri);
    }
    if path.ends_with("/token") && parts.method == Method::POST {
        return inner.token(path, parts.headers, &body);
    }
    match path.as_str() {
        "/register" => inner.register(&body),
        "/revoke" => {
            let mut fields = url::form_urlencoded::parse(&body);
            let token = fields.find(|(name, _)| name == "token").expect("a token");
            inner.revocations.push(token.1.into_owned());
            json_reply(inner.revoke_status.unwrap_or(200), &json!({}))
        }
        "/.well-known/oauth-authorization-server" => inner.metadata(&base),
        "/.well-known/oauth-protected-resource/mcp" => {
            let resource = format!("{base}/mcp");
            json_reply(
                200,
                &json!({ "resource": resource, "authorization_servers": [base] }),
            )
        }
        _ if path.contains("/api/") || path == "/sites" => {
            let is_sites = path == "/sites";
            let credential = parts.headers.get("authorization");
            let credential = credential.and_then(|value| value.to_str().ok());
            let call = (path, credential.unwrap_or_default().to_owned());
            inner.api_calls.push(call);
            match &inner.sites {
                Some((status, sites)) if is_sites => json_reply(*status, sites),
                _ => json_reply(200, &json!({ "ok": true })),
            }
        }
        _ => json_reply(404, &json!({})),
    }
}

impl Inner {
    fn metadata(&self, base: &str) -> Response {
        let own = json!({
            "issuer": base,
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "registration_endpoint": format!("{base}/register"),
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        });
        json_reply(200, &over(own, &self.metadata))
    }

    fn register(&mut self, body: &Bytes) -> Response {
        let asked: Value = serde_json::from_slice(body).expect("JSON");
        self.registrations.push(asked.clone());
        let (id, secret) = (
            format!("dyn-{}", self.registrations.len()),
            "s3cret:of/dyn+clients",
        );
        self.clients.insert(id.clone(), secret.into());
        let mut answer = asked;
        answer["client_id"] = json!(id);
        answer["client_secret"] = json!(secret);
        answer["client_secret_expires_at"] = json!(0);
        json_reply(201, &over(answer, &self.registered))
    }

    fn authorize(&mut self, uri: &Uri) -> Response {
        let query = uri.query().unwrap_or_default().as_bytes();
        let given: HashMap<String, String> =
            url::form_urlencoded::parse(query).into_owned().collect();
        self.authorizations.push(given.clone());
        if !self.clients.contains_key(&given["client_id"]) {
            return json_reply(400, &json!({ "error": "invalid_client" }));
        }
        let code = format!("code-{}", self.authorizations.len());
        let challenge = given.get("code_challenge").cloned();
        self.codes
            .insert(code.clone(), (challenge, given["client_id"].clone()));
        let mut back: url::Url = given["redirect_uri"].parse().expect("a redirect URI");
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &given["state"])
            .extend_pairs(&self.callback);
        Redirect::to(back.as_str()).into_response()
    }

    fn token(&mut self, path: String, headers: HeaderMap, body: &Bytes) -> Response {
        let is_json = headers["content-type"] == "application/json";
        let fields: HashMap<String, String> = if is_json {
            serde_json::from_slice(body).expect("a JSON object of texts")
        } else {
            url::form_urlencoded::parse(body).into_owned().collect()
        };
        let basic = basic(&headers);
        let request = TokenRequest {
            path,
            headers,
            fields,
            basic,
        };
        self.token_requests.push(request.clone());
        match self.grant(&request) {
            Ok(()) => {
                self.made += 1;
                let own = json!({
                    "access_token": format!("at-{}-0123456789", self.made),
                    "refresh_token": format!("rt-{}-0123456789", self.made),
                    "token_type": "Bearer", "expires_in": 3600,
                });
                json_reply(200, &over(own, &self.answer))
            }
            Err(code) => json_reply(400, &json!({ "error": code })),
        }
    }

    fn grant(&mut self, request: &TokenRequest) -> Result<(), &'static str> {
        let given = |name: &str| request.fields.get(name).cloned().unwrap_or_default();
        let (id, secret) = match &request.basic {
            Some(pair) => pair.clone(),
            None => (given("client_id"), given("client_secret")),
        };
        if self.clients.get(&id) != Some(&secret) {
            return Err("invalid_client");
        }
        match given("grant_type").as_str() {
            "authorization_code" => {
                let code = self.codes.remove(&given("code")).ok_or("invalid_grant")?;
                let proof = request
                    .fields
                    .get("code_verifier")
                    .map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())));
                let is_good = code == (proof, id);
                is_good.then_some(()).ok_or("invalid_grant")
            }
            "refresh_token" | "client_credentials" | "account_credentials" => Ok(()),
            _ => Err("unsupported_grant_type"),
        }
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get("authorization")?.to_str().ok()?;
    let pair = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |text: &str| {
        let pair = format!("x={text}");
        let mut pairs = url::form_urlencoded::parse(pair.as_bytes()).into_owned();
        pairs.next().map(|(_, value)| value)
    };
    Some((decoded(id)?, decoded(secret)?))
}

/// The first object with the fields of the second; null takes one away.
fn over(mut own: Value, further: &Value) -> Value {
    for (name, value) in further.as_object().into_iter().flatten() {
        own[name] = value.clone();
    }
    if let Some(fields) = own.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    own
}

fn json_reply(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let kind = [("content-type", "application/json")];
    (status, kind, body.to_string()).into_response()
}
