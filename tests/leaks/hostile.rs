//! Providers, upstreams and callers that quote secrets wherever they can: in refusals, redirects,
//! headers and forms. The real binary runs at its most talkative.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{files, leaks};
use crate::support::binary::{Place, Running};
use crate::support::browser::Page;
use crate::support::client::{Client, Reply};
use crate::support::provider::{CLIENT_ID, CLIENT_SECRET, FakeProvider};
use crate::support::toolkits::ToolkitsFolder;
use crate::support::upstream::{Answer, Upstream};

const PASTED_KEY: &str = "sk-Pasted9KeyOfAda7xQ";

const KIT: &str = r#"
base_url: UPSTREAM
auth:
  - scheme: OAUTH2
    authorize_url: PROVIDER/authorize
    token_url: PROVIDER/token
    pkce: required
    scopes: { default: [read] }
    apply: [{ in: header, name: Authorization, value: "Bearer {access_token}" }]
  - scheme: API_KEY
    fields:
      connection:
        - { name: generic_api_key, display_name: Key, required: true, secret: true, pattern: "[a-z]{3}" }
        - { name: region, display_name: Region, default: eu, pattern: "[a-z]{2}" }
    apply: [{ in: query, name: key, value: "{generic_api_key}" }]
"#;

const TOOLS: &str = "- slug: HOSTILE_GET_ME\n  name: Get me\n  description: Tells who asks.\n  \
                     request: { method: GET, path: /me }\n";

/// The server, those it talks with, and what it answered.
struct Scene {
    provider: FakeProvider,
    upstream: Upstream,
    running: Running,
    client: Client,
    keys: Vec<String>,
    /// Values of the states and links, which belong to the user's browser alone.
    capabilities: Vec<String>,
    answers: Vec<String>,
    _folder: ToolkitsFolder,
}

impl Scene {
    async fn start(place: &Place) -> Self {
        let (provider, upstream) = (FakeProvider::start().await, Upstream::start().await);
        let kit = KIT
            .replace("PROVIDER", &provider.base)
            .replace("UPSTREAM", &upstream.base);
        let folder = ToolkitsFolder::empty().with_kit("hostile", "", &kit, TOOLS);
        let running = place.start(&[
            ("RUST_LOG", "trace"),
            ("TENON_ALLOW_CIDRS", "127.0.0.0/8"),
            ("TENON_TOOLKITS_DIR", &folder.path()),
        ]);
        let keys =
            ["project API key", "organisation API key"].map(|label| running.printed_key(label));
        let client = running.client().with_header("x-api-key", &keys[0]);
        Self {
            provider,
            upstream,
            running,
            client,
            keys: keys.to_vec(),
            capabilities: Vec::new(),
            answers: Vec::new(),
            _folder: folder,
        }
    }

    fn keep(&mut self, reply: Reply) -> Reply {
        self.answers
            .push(format!("{:?}\n{}", reply.headers, reply.text));
        reply
    }

    async fn post(&mut self, path: &str, body: Value) -> Reply {
        let reply = self.client.post(path, body).await;
        self.keep(reply)
    }

    async fn get(&mut self, path: &str) -> Reply {
        let reply = self.client.get(path).await;
        self.keep(reply)
    }

    async fn auth_config(&mut self, scheme: &str, credentials: Value) -> String {
        let body = json!({
            "toolkit": { "slug": "hostile" },
            "auth_config": {
                "type": "use_custom_auth", "authScheme": scheme, "credentials": credentials,
            },
        });
        let made = self.post("/api/v3/auth_configs", body).await.expect(201);
        made["auth_config"]["id"].as_str().unwrap().to_owned()
    }

    /// Begins a connection and lets the user consent; gives the account and the callback's answer.
    async fn connect(&mut self, config: &str) -> (String, Reply) {
        let body = json!({ "auth_config": { "id": config }, "connection": { "user_id": "ada" } });
        let made = self
            .post("/api/v3/connected_accounts", body)
            .await
            .expect(201);
        let url = made["connectionData"]["val"]["redirectUrl"]
            .as_str()
            .unwrap();
        let consent = self.client.get(url).await;
        let back = consent.header("location").unwrap().to_owned();
        let state = url::Url::parse(&back).unwrap();
        let state = state
            .query_pairs()
            .find(|(name, _)| name == "state")
            .unwrap();
        self.capabilities.push(state.1.into_owned());
        let reply = self.running.client().get(&back).await;
        (made["id"].as_str().unwrap().to_owned(), self.keep(reply))
    }

    async fn execute(&mut self) -> Reply {
        let body = json!({ "user_id": "ada", "version": "latest" });
        self.post("/api/v3/tools/execute/HOSTILE_GET_ME", body)
            .await
    }

    async fn proxy(&mut self, account: &str) -> Reply {
        let body = json!({ "connected_account_id": account, "endpoint": "/me", "method": "GET" });
        self.post("/api/v3/tools/execute/proxy", body).await
    }

    /// What the provider ever gave or was given, by what it is.
    fn secrets(&self) -> Vec<(String, String)> {
        let mut secrets = vec![
            ("client secret".to_owned(), CLIENT_SECRET.to_owned()),
            ("pasted key".to_owned(), PASTED_KEY.to_owned()),
        ];
        secrets.extend(
            self.provider
                .tokens()
                .into_iter()
                .map(|token| ("token".into(), token)),
        );
        for request in self.provider.token_requests() {
            for name in ["code", "code_verifier", "refresh_token"] {
                if let Some(value) = request.get(name) {
                    secrets.push((name.to_owned(), value.clone()));
                }
            }
        }
        secrets.extend(
            self.keys
                .iter()
                .map(|key| ("API key".to_owned(), key.clone())),
        );
        secrets
    }

    fn newest_token(&self) -> String {
        let tokens = self.provider.tokens();
        let number = |token: &&String| -> u32 { token.split('-').nth(1).unwrap().parse().unwrap() };
        let access = tokens.iter().filter(|token| token.starts_with("at-"));
        access.max_by_key(number).unwrap().clone()
    }
}

/// All that the provider was sent, in its own words.
fn all(form: &HashMap<String, String>) -> String {
    let mut words: Vec<&str> = form.values().map(String::as_str).collect();
    words.sort_unstable();
    words.join(" ")
}

fn quoted(form: &HashMap<String, String>) -> (u16, Value) {
    (
        400,
        json!({ "error": "invalid_client", "error_description": all(form) }),
    )
}

fn quoted_late(form: &HashMap<String, String>) -> (u16, Value) {
    // So that a limit on the length cuts a secret in two.
    let long = format!("{}{}", "x".repeat(285), form["client_secret"]);
    (
        401,
        json!({ "error": { "code": "denied", "message": long } }),
    )
}

fn quoted_in_the_code(form: &HashMap<String, String>) -> (u16, Value) {
    (200, json!({ "error": format!("bad {}", all(form)) }))
}

fn quoted_in_a_fault(form: &HashMap<String, String>) -> (u16, Value) {
    (500, json!({ "error": all(form), "message": all(form) }))
}

fn quoted_in_no_answer(form: &HashMap<String, String>) -> (u16, Value) {
    (200, json!([all(form)]))
}

fn quoted_for_good(form: &HashMap<String, String>) -> (u16, Value) {
    (
        400,
        json!({ "error": "invalid_grant", "error_description": all(form) }),
    )
}

/// Echoes of a token wherever an upstream can put one.
fn echoes(token: &str) -> Vec<Answer> {
    let long = |before: usize| format!("{}{token}", "y".repeat(before));
    vec![
        Answer::json(
            200,
            &json!({ "you": token, token: 1, "deep": [[format!("Bearer {token}")]] }),
        ),
        Answer::json(400, &json!({ "message": format!("bad {token}") })),
        Answer::json(400, &json!({ "message": long(985) })),
        Answer::text(500, "text/plain", &long(985)),
        Answer::text(502, "text/html", &long(19_985)),
        Answer::json(422, &json!({ "x": long(19_970) })),
        Answer::json(400, &json!({ "message": format!("a \u{0} {token}") })),
        Answer::bytes(200, &format!("application/{token}"), &[0xff, 0]),
        Answer::bytes(400, &format!("image/png; name={token}"), &[0xff, 0]),
        Answer::json(200, &json!({}))
            .header("x-echo", token)
            .header("www-authenticate", token),
        Answer::redirect(302, &format!("http://169.254.169.254/{token}?t={token}")),
        Answer::redirect(302, &format!("ftp://{token}/")),
        Answer::redirect(307, &format!("http://{token}.invalid/")),
        Answer::redirect(302, &format!("http://{token}:{token}@127.0.0.1:1/{token}")),
        Answer::empty(401).header("www-authenticate", token),
    ]
}

async fn fail_to_connect(scene: &mut Scene, config: &str) {
    for refuses in [
        quoted,
        quoted_late,
        quoted_in_the_code,
        quoted_in_a_fault,
        quoted_in_no_answer,
    ] {
        scene
            .provider
            .behave(|behaviour| behaviour.refuses = Some(refuses));
        let (account, page) = scene.connect(config).await;
        assert_eq!(page.status, 400, "{}", page.text);
        let shown = scene
            .get(&format!("/api/v3/connected_accounts/{account}"))
            .await;
        assert_eq!(shown.expect(200)["status"], "FAILED");
    }
    scene.provider.behave(|behaviour| behaviour.refuses = None);
}

async fn use_the_account(scene: &mut Scene, account: &str) {
    for turn in 0..echoes("").len() {
        scene.upstream.forget("/me");
        let token = scene.newest_token();
        scene.upstream.answer("/me", echoes(&token).remove(turn));
        scene.execute().await;
        scene.upstream.forget("/me");
        let token = scene.newest_token();
        scene.upstream.answer("/me", echoes(&token).remove(turn));
        scene.proxy(account).await;
    }
    scene.upstream.forget("/me");
}

/// By the end the account is expired.
async fn fail_to_refresh(scene: &mut Scene, account: &str) {
    let path = format!("/api/v3/connected_accounts/{account}");
    scene.upstream.answer("/me", Answer::empty(401));
    for refuses in [
        quoted,
        quoted_late,
        quoted_in_the_code,
        quoted_in_a_fault,
        quoted_for_good,
    ] {
        scene
            .provider
            .behave(|behaviour| behaviour.refuses = Some(refuses));
        scene.execute().await;
        scene.proxy(account).await;
        scene.post(&format!("{path}/refresh"), json!({})).await;
    }
    scene.provider.behave(|behaviour| behaviour.refuses = None);
    scene.upstream.forget("/me");
    scene.get(&path).await.expect(200);
    scene.get("/api/v3/connected_accounts").await.expect(200);
    scene.execute().await;
}

/// A user pastes a key that is wrong, into the right place and into others.
async fn paste_a_key(scene: &mut Scene) {
    let config = scene.auth_config("API_KEY", json!({})).await;
    let body = json!({ "auth_config_id": config, "user_id": "ada" });
    let link = scene
        .client
        .post("/api/v3/connected_accounts/link", body)
        .await
        .expect(201);
    let token = link["link_token"].as_str().unwrap().to_owned();
    let url = link["redirect_url"].as_str().unwrap().to_owned();
    scene.capabilities.push(token.clone());
    let browser = scene.running.client();
    let page = Page::open(&browser, &url).await;
    for form in [
        format!("generic_api_key={PASTED_KEY}"),
        format!("generic_api_key=abc&region={PASTED_KEY}"),
        format!("{PASTED_KEY}={PASTED_KEY}"),
    ] {
        let reply = page.send_text(&form).await;
        assert_eq!(reply.status, 422, "{}", reply.text);
        if !reply.text.contains("inputmode=\"text\" value=\"sk-") {
            scene.keep(reply);
        }
    }
    for path in [
        format!("/link/{token}"),
        format!("/link/{token}/"),
        format!("/api/v3/link/{token}"),
        format!("/link//{token}?x={PASTED_KEY}"),
        format!("/api/v3/toolkits?search={PASTED_KEY}&limit={PASTED_KEY}"),
        format!("/api/v3/toolkits/auth/callback?code={PASTED_KEY}&state={PASTED_KEY}"),
        format!("/api/v3/toolkits/auth/callback?error={PASTED_KEY}"),
    ] {
        let reply = browser.get(&path).await;
        assert!(reply.status < 500, "{path}: {}", reply.text);
        scene.keep(reply);
    }
    for body in [
        json!({ "auth_config": PASTED_KEY, "connection": { "user_id": "ada" } }),
        json!({ "auth_config": { "id": config }, "connection": {
            "state": { "authScheme": PASTED_KEY, "val": { "generic_api_key": PASTED_KEY } } } }),
        json!({ "auth_config": { "id": config }, "connection": {
            "state": { "authScheme": "API_KEY", "val": { "generic_api_key": PASTED_KEY } } } }),
        json!({ "auth_config": { "id": config }, "connection": {
            "data": { "generic_api_key": { "a": PASTED_KEY } } } }),
    ] {
        scene
            .post("/api/v3/connected_accounts", body)
            .await
            .error(400);
    }
    scene
        .running
        .client()
        .with_header("x-api-key", PASTED_KEY)
        .get("/api/v3/tools")
        .await
        .error(401);
}

#[tokio::test]
async fn no_secret_is_left_in_logs_files_or_answers_however_the_others_behave() {
    let place = Place::new();
    let mut scene = Scene::start(&place).await;
    let credentials = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET });
    let config = scene.auth_config("OAUTH2", credentials).await;
    fail_to_connect(&mut scene, &config).await;
    let (account, page) = scene.connect(&config).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(scene.execute().await.expect(200)["successful"], true);
    use_the_account(&mut scene, &account).await;
    fail_to_refresh(&mut scene, &account).await;
    paste_a_key(&mut scene).await;

    let secrets = scene.secrets();
    assert!(
        secrets.len() > 20,
        "the journey had only {} secrets",
        secrets.len()
    );
    let answers = scene.answers.join("\n");
    let mut found = leaks("an answer", answers.as_bytes(), &secrets);
    let unseen = scene
        .capabilities
        .iter()
        .map(|text| ("capability".to_owned(), text.clone()));
    let secrets: Vec<_> = secrets.into_iter().chain(unseen).collect();
    let log = place.stop(scene.running).errors;
    let is_talkative = log.contains("TRACE") && log.contains("DEBUG");
    assert!(
        is_talkative && log.lines().count() > 200,
        "the log is not talkative"
    );
    found.extend(leaks("the log", log.as_bytes(), &secrets));
    let contents = files(&place.data());
    assert!(contents.len() >= 2, "{contents:?}");
    for (name, content) in &contents {
        found.extend(leaks(name, content, &secrets));
    }
    found.sort();
    found.dedup();
    assert!(
        found.is_empty(),
        "{} leaks:\n{}",
        found.len(),
        found.join("\n")
    );
}
