//! MCP clients that know no API key: they find out, register, a person allows them, and they get tokens.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::client_at;
use crate::api::execute::World;
use crate::support::client::Reply;
use crate::support::mcp_client::McpClient;
use crate::support::server::TestServer;

const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more-x";
const CALLBACK: &str = "http://127.0.0.1/callback";

/// A server whose project asks for a key, and a client that has none.
struct Stage {
    world: World,
    client: McpClient,
    id: String,
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

impl Stage {
    async fn start() -> Self {
        let world = World::start().await;
        let body = json!({ "require_mcp_api_key": true });
        let path = "/api/v3/org/project/config";
        world.server.client.patch(path, body).await.expect(200);
        let with_key = client_at(&world, json!({ "toolkits": ["open"] })).await;
        let client = McpClient::new(&world.server.anonymous, &with_key.path);
        let body = json!({ "client_name": "Editor <b>", "redirect_uris": [CALLBACK] });
        let registered = world.server.anonymous.post("/oauth/register", body).await;
        let registered = registered.expect(201);
        Self {
            world,
            client,
            id: registered["client_id"].as_str().unwrap().to_owned(),
        }
    }

    fn resource(&self) -> String {
        format!("{}{}", self.world.server.base, self.client.path)
    }

    fn authorize(&self, changes: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let resource = self.resource();
        let mut fields: Vec<(&str, &str)> = vec![
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", "http://127.0.0.1:4711/callback"),
            ("state", "s-1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("resource", &resource),
        ];
        for (name, value) in changes {
            fields.retain(|(own, _)| own != name);
            if !value.is_empty() {
                fields.push((name, value));
            }
        }
        format!("/oauth/authorize?{}", form(&fields))
    }

    async fn open(&self, path: &str) -> Reply {
        self.world.server.anonymous.get(path).await
    }

    /// Fills in the page's form.
    async fn fill_in(&self, path: &str, key: &str, decision: &str) -> Reply {
        let page = self.open(path).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let cookie = page
            .header("set-cookie")
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let guard = page
            .text
            .split("name=\"form_token\" value=\"")
            .nth(1)
            .unwrap();
        let guard = guard.split('"').next().unwrap();
        let body = form(&[
            ("form_token", guard),
            ("api_key", key),
            ("decision", decision),
        ]);
        let browser = self.world.server.anonymous.with_header("cookie", &cookie);
        browser.send(Method::POST, path, Some(body)).await
    }

    /// What went back to the client.
    fn back(reply: &Reply) -> HashMap<String, String> {
        let to = match reply.header("refresh") {
            Some(refresh) => refresh.split_once("url=").unwrap().1.to_owned(),
            None => reply.header("location").expect("a redirect").to_owned(),
        };
        assert!(to.starts_with("http://127.0.0.1:4711/callback?"), "{to}");
        let url = Url::parse(&to).unwrap();
        url.query_pairs().into_owned().collect()
    }

    async fn code(&self) -> String {
        let reply = self
            .fill_in(&self.authorize(&[]), &self.world.server.api_key, "allow")
            .await;
        let back = Self::back(&reply);
        assert_eq!(back["state"], "s-1");
        assert_eq!(back["iss"], self.world.server.base);
        back["code"].clone()
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Reply {
        let mut all = vec![("client_id", self.id.as_str())];
        all.extend(fields);
        let body = Some(form(&all));
        self.world
            .server
            .anonymous
            .send(Method::POST, "/oauth/token", body)
            .await
    }

    async fn redeem(&self, code: &str) -> Reply {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", "http://127.0.0.1:4711/callback"),
        ];
        self.token(&fields).await
    }

    async fn refresh(&self, token: &str) -> Reply {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }

    async fn with_token(&self, path: &str, tokens: &Value) -> Reply {
        let token = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let http = self
            .world
            .server
            .anonymous
            .with_header("authorization", &token);
        McpClient::new(&http, path)
            .request("tools/list", json!({}))
            .await
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[tokio::test]
async fn a_client_finds_its_way_from_a_refusal_to_the_token_endpoint() {
    let stage = Stage::start().await;
    let refused = stage.client.request("ping", json!({})).await;
    assert_eq!(refused.status, 401);
    // What it sent is little and was read off, so the connection goes on.
    assert_eq!(refused.header("connection"), None);
    let challenge = refused.header("www-authenticate").unwrap();
    let place = challenge.split('"').nth(1).unwrap();
    let metadata = stage.open(place).await.expect(200);
    assert_eq!(metadata["resource"], stage.resource());
    let issuer = metadata["authorization_servers"][0].as_str().unwrap();
    for name in [
        "oauth-authorization-server",
        "openid-configuration",
        "oauth-authorization-server/v3/mcp/any",
    ] {
        let server = stage
            .open(&format!("{issuer}/.well-known/{name}"))
            .await
            .expect(200);
        assert_eq!(server["issuer"], issuer);
        assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    }
    let other = "/.well-known/oauth-protected-resource/api/v3/tools";
    stage.open(other).await.error(404);
}

#[tokio::test]
async fn a_token_opens_its_url_and_nothing_else() {
    let stage = Stage::start().await;
    let code = stage.code().await;
    let tokens = stage.redeem(&code).await.expect(200);
    assert_eq!(tokens["token_type"], "Bearer");
    for secret in [
        &code,
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    ] {
        for (place, bytes) in stage.world.server.stored() {
            let holds = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!holds, "{place} holds a code or token");
        }
    }
    let path = stage.client.path.clone();
    assert_eq!(stage.with_token(&path, &tokens).await.status, 200);
    let other = client_at(&stage.world, json!({ "toolkits": ["open"] })).await;
    for path in [
        path.replace("ada", "bob"),
        path.split('?').next().unwrap().to_owned(),
        other.path.clone(),
    ] {
        let reply = stage.with_token(&path, &tokens).await;
        assert_eq!(reply.status, 401, "{path}");
        assert!(
            reply
                .header("www-authenticate")
                .unwrap()
                .contains("invalid_token")
        );
    }
    let bearer = format!("Bearer {}", text(&tokens, "access_token"));
    let api = stage
        .world
        .server
        .anonymous
        .with_header("authorization", &bearer);
    api.get("/api/v3/tools").await.error(401);
    stage.world.server.clock.advance(Duration::from_secs(3601));
    assert_eq!(stage.with_token(&path, &tokens).await.status, 401);
}

#[tokio::test]
async fn the_page_says_who_asks_for_what_and_takes_only_its_own_form() {
    let stage = Stage::start().await;
    let path = stage.authorize(&[]);
    let page = stage.open(&path).await;
    for words in ["Editor &#60;b&#62;", "127.0.0.1", "ada", "MCP server"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("form-action 'self'")
    );
    let forged = form(&[
        ("api_key", &stage.world.server.api_key),
        ("decision", "allow"),
    ]);
    let reply = stage
        .world
        .server
        .anonymous
        .send(Method::POST, &path, Some(forged))
        .await;
    assert_eq!((reply.status, reply.header("refresh")), (400, None));
    let wrong = stage.fill_in(&path, "ak_wrong", "allow").await;
    assert_eq!((wrong.status, wrong.header("refresh")), (400, None));
    assert!(wrong.text.contains("role=\"alert\""));
    let org_key = stage.world.server.org_api_key.clone();
    assert_eq!(stage.fill_in(&path, &org_key, "allow").await.status, 400);
    let no = stage.fill_in(&path, "", "cancel").await;
    assert_eq!(Stage::back(&no)["error"], "access_denied");
}

#[tokio::test]
async fn another_projects_key_allows_nothing() {
    let stage = Stage::start().await;
    let body = json!({ "name": "other", "should_create_api_key": true });
    let path = "/api/v3/org/owner/project/new";
    let made = stage.world.server.org.post(path, body).await.expect(200);
    let path = stage.authorize(&[]);
    let reply = stage.fill_in(&path, text(&made, "api_key"), "allow").await;
    assert_eq!((reply.status, reply.header("refresh")), (400, None));
}

#[tokio::test]
async fn wrong_requests_go_back_to_the_client_but_never_to_a_foreign_address() {
    let stage = Stage::start().await;
    for (changes, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("resource", ""), "invalid_target"),
        (
            ("resource", "https://evil.example/v3/mcp/x"),
            "invalid_target",
        ),
    ] {
        let reply = stage.open(&stage.authorize(&[changes])).await;
        let back = Stage::back(&reply);
        assert_eq!(
            (back["error"].as_str(), back["state"].as_str()),
            (error, "s-1")
        );
    }
    for changes in [
        ("redirect_uri", "http://127.0.0.1:4711/other"),
        ("redirect_uri", "https://evil.example/callback"),
        ("client_id", "nobody"),
    ] {
        let reply = stage.open(&stage.authorize(&[changes])).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (400, None),
            "{changes:?}"
        );
    }
}

#[tokio::test]
async fn a_code_works_once_and_its_second_use_ends_the_grant() {
    let stage = Stage::start().await;
    let code = stage.code().await;
    let tokens = stage.redeem(&code).await.expect(200);
    assert_eq!(
        stage.redeem(&code).await.expect(400)["error"],
        "invalid_grant"
    );
    assert_eq!(
        stage.with_token(&stage.client.path, &tokens).await.status,
        401
    );
    let code = stage.code().await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", "wrong"),
    ];
    assert_eq!(
        stage.token(&fields).await.expect(400)["error"],
        "invalid_grant"
    );
    stage.world.server.clock.advance(Duration::from_secs(61));
    assert_eq!(
        stage.redeem(&code).await.expect(400)["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_second_use_ends_the_grant() {
    let stage = Stage::start().await;
    let first = stage.redeem(&stage.code().await).await.expect(200);
    let second = stage
        .refresh(text(&first, "refresh_token"))
        .await
        .expect(200);
    assert_eq!(
        stage.with_token(&stage.client.path, &first).await.status,
        401
    );
    assert_eq!(
        stage.with_token(&stage.client.path, &second).await.status,
        200
    );
    let again = stage.refresh(text(&first, "refresh_token")).await;
    assert_eq!(again.expect(400)["error"], "invalid_grant");
    assert_eq!(
        stage.with_token(&stage.client.path, &second).await.status,
        401
    );
    let last = stage.refresh(text(&second, "refresh_token")).await;
    assert_eq!(last.expect(400)["error"], "invalid_grant");
}

#[tokio::test]
async fn a_grant_ends_with_its_token_its_key_or_its_server() {
    let stage = Stage::start().await;
    let tokens = stage.redeem(&stage.code().await).await.expect(200);
    let body = form(&[
        ("client_id", &stage.id),
        ("token", text(&tokens, "refresh_token")),
    ]);
    let anonymous = &stage.world.server.anonymous;
    let revoked = anonymous
        .send(Method::POST, "/oauth/revoke", Some(body))
        .await;
    assert_eq!(revoked.status, 200);
    assert_eq!(
        stage.with_token(&stage.client.path, &tokens).await.status,
        401
    );
    let tokens = stage.redeem(&stage.code().await).await.expect(200);
    let server = stage
        .client
        .path
        .split(['/', '?'])
        .nth(3)
        .unwrap()
        .to_owned();
    let path = format!("/api/v3/mcp/{server}");
    stage.world.server.client.delete(&path).await.expect(200);
    assert_eq!(
        stage.with_token(&stage.client.path, &tokens).await.status,
        404
    );
    let stage = Stage::start().await;
    let tokens = stage.redeem(&stage.code().await).await.expect(200);
    let info = stage
        .world
        .server
        .client
        .get("/api/v3/auth/session/info")
        .await
        .expect(200);
    let project = info["project"]["nano_id"].as_str().unwrap();
    let path = format!("/api/v3/org/owner/project/{project}/regenerate_api_key");
    stage
        .world
        .server
        .org
        .post(&path, json!({}))
        .await
        .expect(200);
    assert_eq!(
        stage.with_token(&stage.client.path, &tokens).await.status,
        401
    );
}

#[tokio::test]
async fn registrations_are_bounded_and_secrets_are_asked_for() {
    let stage = Stage::start().await;
    let anonymous = &stage.world.server.anonymous;
    for (body, error) in [
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (
            json!({ "redirect_uris": ["http://app.example/"] }),
            "invalid_redirect_uri",
        ),
        (
            json!({ "redirect_uris": [format!("https://app.example/{}", "x".repeat(3000))] }),
            "invalid_redirect_uri",
        ),
        (
            json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt" }),
            "invalid_client_metadata",
        ),
    ] {
        assert_eq!(
            anonymous.post("/oauth/register", body).await.expect(400)["error"],
            error
        );
    }
    let body =
        json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post" });
    let made = anonymous.post("/oauth/register", body).await.expect(201);
    for (secret, expected) in [
        ("wrong", "invalid_client"),
        (text(&made, "client_secret"), "invalid_grant"),
    ] {
        let body = form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", "x"),
            ("client_id", text(&made, "client_id")),
            ("client_secret", secret),
        ]);
        let reply = anonymous
            .send(Method::POST, "/oauth/token", Some(body))
            .await;
        assert_eq!(reply.json()["error"], expected);
    }
}

#[tokio::test]
async fn an_address_registers_only_so_often() {
    let flags = [
        "--registration-limit",
        "2",
        "--trusted-proxies",
        "127.0.0.0/8",
    ];
    let server = TestServer::with(&flags).await;
    let register = |from: &'static str| {
        let client = server.anonymous.with_header("x-forwarded-for", from);
        async move {
            let body = json!({ "redirect_uris": [CALLBACK] });
            client.post("/oauth/register", body).await
        }
    };
    for _ in 0..2 {
        register("198.51.100.7").await.expect(201);
    }
    let refused = register("203.0.113.9, 198.51.100.7").await;
    assert_eq!(refused.expect(429)["error"], "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), Some("600"));
    register("198.51.100.8").await.expect(201);
    server.clock.advance(Duration::from_mins(10));
    register("198.51.100.7").await.expect(201);
}

#[tokio::test]
async fn the_page_says_for_whom_a_session_is_and_whose() {
    let stage = Stage::start().await;
    let client = &stage.world.server.client;
    let body = json!({ "user_id": "ada <img src=x>" });
    let made = client
        .post("/api/v3/tool_router/session", body)
        .await
        .expect(201);
    let url = text(&made["mcp"], "url");
    let page = stage.open(&stage.authorize(&[("resource", url)])).await;
    let project = client.get("/api/v3/auth/session/info").await.expect(200);
    let project = text(&project["project"], "name");
    let whose = format!("<dd>ada &#60;img src=x&#62;</dd>\n<dt>In project</dt><dd>{project}</dd>");
    assert!(page.text.contains(&whose), "{}", page.text);

    let gone = format!("{}/tool_router/trs_none/mcp", stage.world.server.base);
    let page = stage.open(&stage.authorize(&[("resource", &gone)])).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("In project"), "{}", page.text);
}
