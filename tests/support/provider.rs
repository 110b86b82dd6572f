//! A fake OAuth 2 provider and the API behind it. It keeps the rules of RFC 6749 and RFC 7636
//! strictly, writes down what it is asked, and fails as it is told.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, delete, get, post};
use axum::{Form, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use super::secrets;

pub const CLIENT_ID: &str = "client-of-tests";
pub const CLIENT_SECRET: &str = "secret-of-tests-4711";

/// How the provider behaves; a test changes it while the provider runs.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Behaviour {
    /// The user says no.
    pub denies: bool,
    /// Every token answer, in seconds; none says nothing.
    pub expires_in: Option<u64>,
    /// Gives a refresh token with a code.
    pub gives_refresh_token: bool,
    /// A refresh makes the old refresh token worthless and gives a new one.
    pub rotates: bool,
    /// Answers the token endpoint with this status and body instead.
    pub token_answer: Option<(u16, Value)>,
    /// How long the token endpoint takes.
    pub token_delay: Duration,
    /// Token answers as a form, as GitHub does.
    pub answers_form: bool,
    /// Further fields of a token answer.
    pub further: Value,
    /// The API refuses every token.
    pub lets_nobody_in: bool,
    /// Answers revocations with this status instead.
    pub revoke_answer: Option<(u16, Value)>,
    /// Answers the token endpoint with nonsense.
    pub lie: Option<Lie>,
    /// Answers the token endpoint with what this makes of the request's parameters instead.
    pub refuses: Option<Refuses>,
}

/// What else than an answer may come from a token endpoint.
#[derive(Debug, Clone, Copy)]
pub enum Lie {
    /// A page for people, with status 500.
    HtmlPage,
    /// Status 200 and nothing.
    Nothing,
    /// A broken connection; the request was not looked at.
    Break,
    /// A broken connection after the tokens were replaced.
    BreakAfterGrant,
}

/// Status and body of a refusal, from the parameters that were refused.
pub type Refuses = fn(&HashMap<String, String>) -> (u16, Value);

#[derive(Debug)]
struct Code {
    challenge: Option<String>,
    redirect_uri: String,
}

#[derive(Debug)]
struct Inner {
    behaviour: Behaviour,
    codes: HashMap<String, Code>,
    refresh_tokens: HashSet<String>,
    access_tokens: HashSet<String>,
    keys: HashSet<String>,
    authorizations: Vec<HashMap<String, String>>,
    token_requests: Vec<HashMap<String, String>>,
    revocations: Vec<HashMap<String, String>>,
    made: u32,
    at_token: usize,
    most_at_token: usize,
}

/// The running provider.
pub struct FakeProvider {
    /// `http://127.0.0.1:port`
    pub base: String,
    inner: Arc<Mutex<Inner>>,
    task: JoinHandle<()>,
}

impl FakeProvider {
    pub async fn start() -> Self {
        let behaviour = Behaviour {
            denies: false,
            expires_in: Some(3600),
            gives_refresh_token: true,
            rotates: true,
            token_answer: None,
            token_delay: Duration::ZERO,
            answers_form: false,
            further: json!({}),
            lets_nobody_in: false,
            refuses: None,
            revoke_answer: None,
            lie: None,
        };
        let inner = Arc::new(Mutex::new(Inner {
            behaviour,
            codes: HashMap::new(),
            refresh_tokens: HashSet::new(),
            access_tokens: HashSet::new(),
            keys: HashSet::new(),
            authorizations: Vec::new(),
            token_requests: Vec::new(),
            revocations: Vec::new(),
            made: 0,
            at_token: 0,
            most_at_token: 0,
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/authorize", get(authorize))
            .route("/{tenant}/authorize", get(authorize))
            .route("/token", post(token))
            .route("/{tenant}/token", post(token))
            .route("/revoke", post(revoke))
            .route("/{tenant}/grants/{client}", delete(revoke_grant))
            .route("/me", any(me))
            .with_state(Arc::clone(&inner));
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

    /// Changes how it behaves from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.inner().behaviour);
    }

    /// The parameters of every authorization request.
    pub fn authorizations(&self) -> Vec<HashMap<String, String>> {
        self.inner().authorizations.clone()
    }

    /// The parameters of every request to the token endpoint.
    pub fn token_requests(&self) -> Vec<HashMap<String, String>> {
        self.inner().token_requests.clone()
    }

    /// The parameters of every revocation, with the client's proof among them.
    pub fn revocations(&self) -> Vec<HashMap<String, String>> {
        self.inner().revocations.clone()
    }

    /// How many refreshes were asked for.
    pub fn refreshes(&self) -> usize {
        let is_refresh =
            |request: &&HashMap<String, String>| request["grant_type"] == "refresh_token";
        self.inner()
            .token_requests
            .iter()
            .filter(is_refresh)
            .count()
    }

    /// How many requests the token endpoint had at a time, at most.
    pub fn most_at_token(&self) -> usize {
        self.inner().most_at_token
    }

    /// Lets a key or a token in that a user has had from the service before.
    pub fn know(&self, key: &str) {
        self.inner().keys.insert(key.to_owned());
    }

    /// Takes back every grant: refresh tokens are worthless from now on.
    pub fn revoke_everything(&self) {
        let mut inner = self.inner();
        inner.refresh_tokens.clear();
        inner.access_tokens.clear();
    }

    /// New tokens for the one grant there is, as another holder of its refresh token would get.
    pub fn grant_anew(&self) -> serde_json::Map<String, Value> {
        let mut inner = self.inner();
        let token = inner.refresh_tokens.iter().next().cloned();
        let form = [
            ("client_id", CLIENT_ID.to_owned()),
            ("client_secret", CLIENT_SECRET.to_owned()),
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", token.expect("a grant")),
        ];
        let form = form.map(|(name, value)| (name.to_owned(), value)).into();
        let body = grant(&mut inner, &form).expect("the grant is good");
        body.as_object().expect("an object").clone()
    }

    /// The API knows the access tokens no more; the refresh tokens stay good.
    pub fn forget_access_tokens(&self) {
        self.inner().access_tokens.clear();
    }

    /// Every token that is in force.
    pub fn tokens(&self) -> Vec<String> {
        let inner = self.inner();
        inner
            .access_tokens
            .iter()
            .chain(&inner.refresh_tokens)
            .cloned()
            .collect()
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Shared = State<Arc<Mutex<Inner>>>;

async fn authorize(State(inner): Shared, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let parameters: HashMap<String, String> =
        url::form_urlencoded::parse(query).into_owned().collect();
    let mut inner = inner.lock().expect("no panic under the lock");
    inner.authorizations.push(parameters.clone());
    let given = |name: &str| parameters.get(name).map(String::as_str);
    if given("response_type") != Some("code") || given("client_id") != Some(CLIENT_ID) {
        return (StatusCode::BAD_REQUEST, "not an authorization request").into_response();
    }
    let redirect_uri = given("redirect_uri").expect("a redirect URI").to_owned();
    let mut back = url::Url::parse(&redirect_uri).expect("a valid redirect URI");
    if inner.behaviour.denies {
        back.query_pairs_mut()
            .append_pair("error", "access_denied")
            .append_pair("error_description", "The user said <no>");
    } else {
        inner.made += 1;
        let code = format!("code-{}-{}", inner.made, secrets::random());
        if let Some(method) = given("code_challenge_method") {
            assert_eq!(method, "S256");
        }
        let challenge = given("code_challenge").map(str::to_owned);
        inner.codes.insert(
            code.clone(),
            Code {
                challenge,
                redirect_uri,
            },
        );
        // RFC 9207: providers may say who they are.
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("iss", "http://provider");
    }
    if let Some(state) = given("state") {
        back.query_pairs_mut().append_pair("state", state);
    }
    Redirect::to(back.as_str()).into_response()
}

async fn token(
    State(inner): Shared,
    headers: HeaderMap,
    Form(mut form): Form<HashMap<String, String>>,
) -> Response {
    if let Some(basic) = basic_client(&headers) {
        form.extend(basic);
        form.insert("client_auth".into(), "basic".into());
    }
    let (delay, answer) = {
        let mut inner = inner.lock().expect("no panic under the lock");
        inner.token_requests.push(form.clone());
        inner.at_token += 1;
        inner.most_at_token = inner.most_at_token.max(inner.at_token);
        let refused = inner.behaviour.refuses.map(|refuses| refuses(&form));
        let fixed = inner.behaviour.token_answer.clone();
        (inner.behaviour.token_delay, refused.or(fixed))
    };
    tokio::time::sleep(delay).await;
    let mut inner = inner.lock().expect("no panic under the lock");
    inner.at_token -= 1;
    if let Some((status, body)) = answer {
        return reply(status, &body);
    }
    let lie = inner.behaviour.lie;
    match lie {
        None | Some(Lie::BreakAfterGrant) => {}
        Some(Lie::HtmlPage) => {
            return (StatusCode::INTERNAL_SERVER_ERROR, Html("<h1>Oops</h1>")).into_response();
        }
        Some(Lie::Nothing) => return StatusCode::OK.into_response(),
        Some(Lie::Break) => return broken(),
    }
    let granted = grant(&mut inner, &form);
    if lie.is_some() {
        return broken();
    }
    match granted {
        Ok(body) if inner.behaviour.answers_form => form_reply(&body),
        Ok(body) => reply(200, &body),
        Err(code) => reply(
            400,
            &json!({ "error": code, "error_description": "as the RFC says" }),
        ),
    }
}

/// RFC 7009: a refresh token takes every token of the client with it.
async fn revoke(
    State(inner): Shared,
    headers: HeaderMap,
    Form(mut form): Form<HashMap<String, String>>,
) -> Response {
    form.extend(basic_client(&headers).unwrap_or_default());
    let mut inner = inner.lock().expect("no panic under the lock");
    inner.revocations.push(form.clone());
    if let Some((status, body)) = inner.behaviour.revoke_answer.clone() {
        return reply(status, &body);
    }
    if form.get("client_secret").map(String::as_str) != Some(CLIENT_SECRET) {
        return reply(401, &json!({ "error": "invalid_client" }));
    }
    let token = form.get("token").cloned().unwrap_or_default();
    inner.refresh_tokens.remove(&token);
    inner.access_tokens.remove(&token);
    StatusCode::OK.into_response()
}

/// A grant ends by its access token, as GitHub has it.
async fn revoke_grant(State(inner): Shared, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let proof = basic_client(request.headers()).unwrap_or_default();
    let body = axum::body::to_bytes(request.into_body(), 65536).await;
    let body = body.expect("a whole body");
    let mut given: HashMap<String, String> = serde_json::from_slice(&body).expect("an object");
    let mut parts = path.split('/').skip(1);
    let mut part = || parts.next().expect("a part of the path").to_owned();
    let (tenant, _, client) = (part(), part(), part());
    given.extend(proof);
    given.extend([("tenant".into(), tenant), ("client".into(), client)]);
    let mut inner = inner.lock().expect("no panic under the lock");
    inner.revocations.push(given.clone());
    if inner.access_tokens.remove(&given["access_token"]) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// The connection breaks in the middle of the body.
fn broken() -> Response {
    let pieces = [
        Ok("{\"acc"),
        Err(std::io::Error::other("broken on purpose")),
    ];
    Body::from_stream(futures_util::stream::iter(pieces)).into_response()
}

fn basic_client(headers: &HeaderMap) -> Option<HashMap<String, String>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let pair = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let (id, secret) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    let own = [("client_id", id), ("client_secret", secret)];
    Some(
        own.map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    )
}

fn grant(inner: &mut Inner, form: &HashMap<String, String>) -> Result<Value, &'static str> {
    let given = |name: &str| form.get(name).map(String::as_str);
    if given("client_id") != Some(CLIENT_ID) || given("client_secret") != Some(CLIENT_SECRET) {
        return Err("invalid_client");
    }
    let with_refresh_token = match given("grant_type") {
        Some("authorization_code") => {
            let code = given("code").and_then(|code| inner.codes.remove(code));
            let code = code.ok_or("invalid_grant")?;
            if given("redirect_uri") != Some(&code.redirect_uri)
                || !is_proven(&code, given("code_verifier"))
            {
                return Err("invalid_grant");
            }
            inner.behaviour.gives_refresh_token
        }
        Some("refresh_token") => {
            let token = given("refresh_token").unwrap_or_default();
            if !inner.refresh_tokens.contains(token) {
                return Err("invalid_grant");
            }
            if inner.behaviour.rotates {
                inner.refresh_tokens.remove(token);
            }
            inner.behaviour.rotates
        }
        _ => return Err("unsupported_grant_type"),
    };
    inner.made += 1;
    let access_token = format!("at-{}-{}", inner.made, secrets::random());
    let mut body =
        json!({ "access_token": access_token, "token_type": "Bearer", "scope": "read write" });
    inner.access_tokens.insert(access_token);
    if with_refresh_token {
        let refresh_token = format!("rt-{}-{}", inner.made, secrets::random());
        body["refresh_token"] = json!(refresh_token);
        inner.refresh_tokens.insert(refresh_token);
    }
    if let Some(seconds) = inner.behaviour.expires_in {
        body["expires_in"] = json!(seconds);
    }
    if let (Some(body), Some(further)) = (body.as_object_mut(), inner.behaviour.further.as_object())
    {
        body.extend(further.clone());
    }
    Ok(body)
}

fn is_proven(code: &Code, verifier: Option<&str>) -> bool {
    match (&code.challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            *challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn reply(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

fn form_reply(body: &Value) -> Response {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let pairs = body
        .as_object()
        .expect("an object")
        .iter()
        .map(|(name, value)| (name, text(value)));
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    (
        [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")],
        form,
    )
        .into_response()
}

/// Who am I: only a token that is in force is let in.
async fn me(State(inner): Shared, headers: HeaderMap) -> Response {
    let inner = inner.lock().expect("no panic under the lock");
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = text(header::AUTHORIZATION.as_str()).unwrap_or_default();
    let password = basic_client(&headers).map(|pair| pair["client_secret"].clone());
    let credential = authorization
        .strip_prefix("Bearer ")
        .or(text("x-acme-key"))
        .or(password.as_deref());
    let is_good = |credential: &str| {
        inner.access_tokens.contains(credential) || inner.keys.contains(credential)
    };
    match credential {
        Some(credential) if !inner.behaviour.lets_nobody_in && is_good(credential) => {
            reply(200, &json!({ "login": "octo" }))
        }
        _ => reply(401, &json!({ "message": "Bad credentials" })),
    }
}
