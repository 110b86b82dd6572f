//! A fake service where lasting credentials are exchanged for tokens, each by a way of its own: key
//! files, app keys, passwords, sessions. It believes nothing, and lets only its own tokens in.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::secrets;

pub const EMAIL: &str = "robot@project.iam.test";
pub const APP: &str = "4711";
pub const USER: &str = "ada";
pub const DEV_KEY: &str = "01DEVKEYOFTHELEDGER";
pub const CAL_KEY: &str = "cal_live_0123456789";
/// What comes before the PKCS#1 key in the PKCS#8 form of a 2048-bit RSA key (RFC 5958).
const PKCS8_PREFIX: usize = 26;

/// A key of the service's customer, in the forms that services hand out.
pub struct RsaKey {
    pkcs8: Vec<u8>,
    public: Vec<u8>,
}

impl RsaKey {
    pub fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS#8");
        Self {
            pkcs8: der.as_ref().to_vec(),
            public: pair.public_key().as_ref().to_vec(),
        }
    }

    /// `BEGIN PRIVATE KEY`, as Google does it.
    pub fn pkcs8_pem(&self) -> String {
        pem("PRIVATE KEY", &self.pkcs8)
    }

    /// `BEGIN RSA PRIVATE KEY`, as GitHub does it.
    pub fn pkcs1_pem(&self) -> String {
        pem("RSA PRIVATE KEY", &self.pkcs8[PKCS8_PREFIX..])
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|start| &text[start..text.len().min(start + 64)])
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

#[derive(Default)]
struct Inner {
    password: String,
    /// Every login answers with this status, type and body.
    answer: Option<(u16, &'static str, String)>,
    claims: Vec<Value>,
    logins: Vec<(String, String)>,
    tokens: HashSet<String>,
    made: usize,
}

/// The running service.
pub struct Logins {
    /// `http://127.0.0.1:port`
    pub base: String,
    pub key: Arc<RsaKey>,
    inner: Arc<Mutex<Inner>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Service {
    base: String,
    key: Arc<RsaKey>,
    inner: Arc<Mutex<Inner>>,
}

impl Logins {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let key = Arc::new(RsaKey::generate());
        let inner = Arc::new(Mutex::new(Inner {
            password: "first-password".into(),
            ..Inner::default()
        }));
        let service = Service {
            base: base.clone(),
            key: Arc::clone(&key),
            inner: Arc::clone(&inner),
        };
        let router = Router::new()
            .route("/google/token", post(google))
            .route("/app/installations/{id}/access_tokens", post(installation))
            .route("/login", post(login))
            .route("/bill/login", post(bill))
            .route("/cal/token", get(cal))
            .route("/me", get(me))
            .with_state(service);
        let serve = axum::serve(listener, router).into_future();
        #[expect(
            clippy::disallowed_methods,
            reason = "a fake has no shutdown to wait for"
        )]
        let task = tokio::spawn(async move { serve.await.expect("the service serves") });
        Self {
            base,
            key,
            inner,
            task,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic under the lock")
    }

    /// Google's key file.
    pub fn key_file(&self) -> String {
        json!({
            "type": "service_account", "client_email": EMAIL, "private_key_id": "kid-1",
            "private_key": self.key.pkcs8_pem(),
            // Where somebody else would like the assertion to go.
            "token_uri": "https://evil.test/token",
        })
        .to_string()
    }

    pub fn password(&self) -> String {
        self.inner().password.clone()
    }

    /// The users' password from now on.
    pub fn change_password(&self, password: &str) {
        password.clone_into(&mut self.inner().password);
    }

    /// Every login is answered so from now on; `None` ends that.
    pub fn answer(&self, answer: Option<(u16, &'static str, &str)>) {
        self.inner().answer = answer.map(|(status, kind, body)| (status, kind, body.to_owned()));
    }

    /// The claims of every assertion that was signed right.
    pub fn claims(&self) -> Vec<Value> {
        self.inner().claims.clone()
    }

    /// Path and body of every login.
    pub fn logins(&self) -> Vec<(String, String)> {
        self.inner().logins.clone()
    }

    /// No token is known any more.
    pub fn forget_tokens(&self) {
        self.inner().tokens.clear();
    }

    /// Every token that is in force.
    pub fn tokens(&self) -> HashSet<String> {
        self.inner().tokens.clone()
    }
}

impl Drop for Logins {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Service {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic under the lock")
    }

    /// Writes a login down; the answer, where one is fixed.
    fn fixed(&self, path: &str, body: &[u8]) -> Option<Response> {
        let mut inner = self.inner();
        let body = String::from_utf8_lossy(body).into_owned();
        inner.logins.push((path.to_owned(), body));
        let (status, kind, body) = inner.answer.clone()?;
        let status = StatusCode::from_u16(status).expect("a status");
        Some((status, [(header::CONTENT_TYPE, kind)], body).into_response())
    }

    fn new_token(&self) -> String {
        let mut inner = self.inner();
        inner.made += 1;
        let token = format!("tk-{}-{}", inner.made, secrets::random());
        inner.tokens.insert(token.clone());
        token
    }

    /// The claims of an assertion, if the customer's key signed it. Its times are the test's to
    /// judge: its clock is not the machine's.
    fn verify(&self, assertion: &str) -> Option<Value> {
        let key = DecodingKey::from_rsa_der(&self.key.public);
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        let token = jsonwebtoken::decode::<Value>(assertion, &key, &validation).ok()?;
        self.inner().claims.push(token.claims.clone());
        Some(token.claims)
    }
}

fn reply(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, body.to_string()).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}

/// RFC 7523 section 2.1, as Google keeps it: no life of more than an hour.
async fn google(State(service): State<Service>, body: Bytes) -> Response {
    if let Some(answer) = service.fixed("/google/token", &body) {
        return answer;
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let refused = |what: &str| {
        reply(
            400,
            &json!({ "error": "invalid_grant", "error_description": what }),
        )
    };
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    if form.get("grant_type").map(String::as_str) != Some(grant) {
        return reply(400, &json!({ "error": "unsupported_grant_type" }));
    }
    let Some(claims) = service.verify(&form["assertion"]) else {
        return refused("Invalid JWT Signature.");
    };
    let life = claims["exp"].as_i64().unwrap_or_default() - claims["iat"].as_i64().unwrap_or(1);
    if claims["aud"] != json!(format!("{}/google/token", service.base)) || claims["iss"] != EMAIL {
        return refused("Invalid JWT: wrong issuer or audience.");
    }
    if !(1..=3600).contains(&life) {
        return refused("Invalid JWT: Token must be a short-lived token.");
    }
    let token = service.new_token();
    let body = json!({ "access_token": token, "expires_in": 3599, "token_type": "Bearer" });
    reply(200, &body)
}

/// As GitHub does it for an app's installation.
async fn installation(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(answer) = service.fixed(uri.path(), &body) {
        return answer;
    }
    let claims = bearer(&headers).and_then(|assertion| service.verify(assertion));
    if claims.is_none_or(|claims| claims["iss"] != APP) {
        let words = "A JSON web token could not be decoded";
        return reply(401, &json!({ "message": words }));
    }
    if uri.path() != "/app/installations/42/access_tokens" {
        return reply(404, &json!({ "message": "Not Found" }));
    }
    let body = json!({
        "token": service.new_token(), "expires_at": "2026-01-01T01:00:00Z",
        "permissions": { "contents": "read" },
    });
    reply(201, &body)
}

/// A password for a token that says by itself when it ends.
async fn login(State(service): State<Service>, body: Bytes) -> Response {
    if let Some(answer) = service.fixed("/login", &body) {
        return answer;
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_right = body["user"]["name"] == USER && body["user"]["password"] == service.password();
    if !is_right {
        let said = body["user"]["password"].as_str().unwrap_or_default();
        return reply(401, &json!({ "message": format!("wrong: {said}") }));
    }
    let claims = URL_SAFE_NO_PAD.encode(json!({ "exp": 1_767_225_600 + 900 }).to_string());
    let token = format!("e30.{claims}.{}", service.new_token());
    service.inner().tokens.insert(token.clone());
    reply(
        200,
        &json!({ "data": { "jwt": token, "user": { "id": 7 } } }),
    )
}

impl Service {
    fn password(&self) -> String {
        self.inner().password.clone()
    }
}

/// A session for a developer's key and a user's password.
async fn bill(State(service): State<Service>, body: Bytes) -> Response {
    if let Some(answer) = service.fixed("/bill/login", &body) {
        return answer;
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let expected = json!({
        "devKey": DEV_KEY, "username": USER, "password": service.password(),
        "organizationId": "00801",
    });
    if body != expected {
        return reply(
            400,
            &json!([{ "code": "BDC_1108", "message": "Login failed" }]),
        );
    }
    reply(
        200,
        &json!({ "sessionId": service.new_token(), "userId": "u-1" }),
    )
}

/// A key for a token that is the whole answer.
async fn cal(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(answer) = service.fixed("/cal/token", &body) {
        return answer;
    }
    if bearer(&headers) != Some(CAL_KEY) {
        return reply(403, &json!({ "error": "no such key" }));
    }
    service.new_token().into_response()
}

/// Who am I, for a bearer token or for a session beside the developer's key.
async fn me(State(service): State<Service>, headers: HeaderMap) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let session = text("sessionId").filter(|_| text("devKey") == Some(DEV_KEY));
    match bearer(&headers).or(session) {
        Some(token) if service.inner().tokens.contains(token) => reply(200, &json!({ "id": 1 })),
        _ => reply(401, &json!({ "message": "Who are you?" })),
    }
}

/// The toolkit that leads there; goes after its identity.
pub const LEDGER: &str = r#"
base_url: "{base}"
identity: {method: GET, path: /me}
auth:
  - scheme: GOOGLE_SERVICE_ACCOUNT
    scopes: {default: [books.read, books.write]}
    fields:
      auth_config:
        - {name: subject, display_name: Acts for}
      connection:
        - {name: credentials_json, display_name: Key file, required: true, secret: true, multiline: true}
    exchange:
      url: /google/token
      form:
        grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer"
        assertion: "{jwt}"
      jwt:
        key: "{credentials_json.private_key}"
        key_id: "{credentials_json.private_key_id}"
        claims:
          iss: "{credentials_json.client_email}"
          sub: "{subject}"
          scope: "{scopes}"
          aud: "{url}"
        lifetime: 3600
    apply: [{in: header, name: Authorization, value: "Bearer {access_token}"}]
  - scheme: SERVICE_ACCOUNT
    fields:
      connection:
        - {name: application_id, display_name: App ID, required: true}
        - {name: installation_id, display_name: Installation ID, required: true, pattern: "[0-9]+"}
        - {name: private_key, display_name: Private key, required: true, secret: true, multiline: true}
    exchange:
      url: "/app/installations/{installation_id}/access_tokens"
      headers: {Authorization: "Bearer {jwt}"}
      jwt: {key: "{private_key}", claims: {iss: "{application_id}"}, backdate: 60}
      token: token
      expires_at: expires_at
      keep: {permissions: permissions}
      wrong: [404]
    apply: [{in: header, name: Authorization, value: "Bearer {access_token}"}]
  - scheme: BASIC_WITH_JWT
    fields:
      connection:
        - {name: username, display_name: User name, required: true}
        - {name: password, display_name: Password, required: true, secret: true}
    exchange:
      url: /login
      json: {user: {name: "{username}", password: "{password}"}}
      token: data.jwt
      keep: {user_id: data.user.id}
    apply: [{in: header, name: Authorization, value: "Bearer {access_token}"}]
  - scheme: BILLCOM_AUTH
    fields:
      auth_config:
        - {name: organizationId, display_name: Organisation, required: true}
      connection:
        - {name: devKey, display_name: Developer key, required: true, secret: true}
        - {name: username, display_name: User name, required: true}
        - {name: password, display_name: Password, required: true, secret: true}
    exchange:
      url: /bill/login
      json:
        devKey: "{devKey}"
        username: "{username}"
        password: "{password}"
        organizationId: "{organizationId}"
      lifetime: 1800
      error: 0.message
      wrong: [400]
    apply:
      - {in: header, name: sessionId, value: "{sessionId}"}
      - {in: header, name: devKey, value: "{devKey}"}
  - scheme: CALCOM_AUTH
    fields:
      connection: [{name: apiKey, display_name: API key, required: true, secret: true}]
    exchange:
      method: GET
      url: /cal/token
      headers: {Authorization: "Bearer {apiKey}"}
      token: "."
      lifetime: 600
    apply: [{in: header, name: Authorization, value: "Bearer {access_token}"}]
  - scheme: API_KEY
    fields:
      connection:
        - {name: key_id, display_name: Key ID, required: true}
        - {name: generic_api_key, display_name: Secret, required: true, secret: true}
    exchange:
      jwt: {algorithm: HS256, key: "{generic_api_key}", key_id: "{key_id}", claims: {aud: /admin/}, lifetime: 300}
    apply: [{in: header, name: Authorization, value: "Ghost {access_token}"}]
"#;

pub const LEDGER_TOOLS: &str = r"
  - slug: LEDGER_GET_ME
    name: Get me
    description: Tells whose account is connected.
    tags: [readOnlyHint]
    request: { method: GET, path: /me }
";
