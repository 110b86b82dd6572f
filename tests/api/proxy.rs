//! `POST /tools/execute/proxy`: the caller's own request, with a credential that stays at home.

use reqwest::Method;
use serde_json::{Value, json};
use tenon::scheme::Scheme;
use tenon::storage::execution_logs;

use super::execute::{World, problems};
use crate::support::accounts::{NewAccount, first_project};
use crate::support::client::Reply;
use crate::support::upstream::{Answer, Upstream};

const TOKEN: &str = "tok-5f9c1b7e";

struct Proxy {
    world: World,
    account: String,
}

impl Proxy {
    async fn start() -> Self {
        let world = World::start().await;
        let values = json!({ "token": TOKEN });
        let account = NewAccount::new("vault", Scheme::BearerToken, values)
            .store(&world.server)
            .await;
        Self { world, account }
    }

    /// A request with this account; `more` is added to the body.
    async fn send(&self, method: &str, endpoint: &str, more: Value) -> Reply {
        let mut body = json!({
            "connected_account_id": self.account, "method": method, "endpoint": endpoint,
        });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.world.post("proxy", body).await
    }

    async fn get(&self, endpoint: &str) -> Reply {
        self.send("GET", endpoint, json!({})).await
    }

    fn calls(&self) -> usize {
        self.world.upstream.calls().len()
    }
}

fn parameter(kind: &str, name: &str, value: &str) -> Value {
    json!({ "parameters": [{ "type": kind, "name": name, "value": value }] })
}

#[tokio::test]
async fn a_path_goes_below_the_base_url_with_the_credential() {
    let proxy = Proxy::start().await;
    let upstream = &proxy.world.upstream;
    upstream.answer(
        "/api/user",
        Answer::json(201, &json!({ "login": "ada" })).header("x-page", "2"),
    );
    let reply = proxy.get("/user?a=1&b=%20#part").await.expect(200);
    assert_eq!(
        (&reply["status"], &reply["data"]),
        (&json!(201), &json!({ "login": "ada" }))
    );
    assert_eq!(reply["headers"]["content-type"], "application/json");
    assert_eq!(reply["headers"]["x-page"], "2");
    assert!(reply.get("binary_data").is_none(), "{reply}");
    let call = upstream.call();
    assert_eq!(
        (call.path.as_str(), call.query.as_str()),
        ("/api/user", "a=1&b=%20")
    );
    assert_eq!(call.header("authorization"), Some("Bearer tok-5f9c1b7e"));
}

#[tokio::test]
async fn a_whole_url_on_the_toolkits_host_is_called() {
    let proxy = Proxy::start().await;
    let url = format!("{}/elsewhere?x=1", proxy.world.upstream.base);
    proxy.get(&url).await.expect(200);
    let call = proxy.world.upstream.call();
    assert_eq!(
        (call.path.as_str(), call.query.as_str()),
        ("/elsewhere", "x=1")
    );
    assert_eq!(call.header("authorization"), Some("Bearer tok-5f9c1b7e"));
}

#[tokio::test]
async fn a_proxied_url_to_a_foreign_host_is_refused() {
    let proxy = Proxy::start().await;
    let stranger = Upstream::start_at("127.0.0.2").await;
    let neighbour = Upstream::start().await;
    let own = proxy.world.upstream.authority().to_owned();
    let urls = [
        format!("{}/user", stranger.base),
        format!("{}/user", neighbour.base),
        format!("HTTP://{}/user", stranger.authority()),
        format!("http://{own}@{}/user", stranger.authority()),
        format!("https://{own}/user"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
    ];
    for url in &urls {
        proxy.get(url).await.error(400);
    }
    let error = proxy.get(&urls[0]).await.error(400);
    assert!(
        error["message"].as_str().unwrap().contains(&stranger.base),
        "{error}"
    );
    assert!(
        error["suggested_fix"].as_str().unwrap().contains(&own),
        "{error}"
    );
    assert!(stranger.calls().is_empty() && neighbour.calls().is_empty());
    assert_eq!(proxy.calls(), 0);
}

#[tokio::test]
async fn a_path_that_looks_like_a_host_stays_a_path() {
    let proxy = Proxy::start().await;
    let stranger = Upstream::start_at("127.0.0.2").await;
    let host = stranger.authority();
    for endpoint in [
        format!("//{host}/x"),
        format!("@{host}/x"),
        format!("\\\\{host}\\x"),
        format!(":80@{host}"),
    ] {
        proxy.get(&endpoint).await.expect(200);
    }
    proxy.get("/../../x").await.error(400);
    assert!(stranger.calls().is_empty());
    let calls = proxy.world.upstream.calls();
    assert!(
        calls.iter().all(|call| call.path.starts_with("/api/")),
        "{calls:#?}"
    );
}

#[tokio::test]
async fn a_redirect_to_a_foreign_host_is_followed_without_the_credential() {
    let proxy = Proxy::start().await;
    let stranger = Upstream::start_at("127.0.0.2").await;
    let upstream = &proxy.world.upstream;
    upstream.answer(
        "/api/file",
        Answer::redirect(302, &format!("{}/blob", stranger.base)),
    );
    let callers = parameter("header", "x-note", "for the toolkit alone");
    proxy.send("GET", "/file", callers).await.expect(200);
    let call = stranger.call();
    assert_eq!(
        (call.header("authorization"), call.header("x-note")),
        (None, None)
    );
    upstream.answer(
        "/api/meta",
        Answer::redirect(302, "http://169.254.169.254/"),
    );
    let error = proxy.get("/meta").await.error(502);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("redirect was refused"),
        "{error}"
    );
}

#[tokio::test]
async fn parameters_become_headers_and_query() {
    let proxy = Proxy::start().await;
    let more = json!({ "parameters": [
        { "type": "query", "name": "q", "value": "a b&c" },
        { "type": "query", "name": "q", "value": "2" },
        { "type": "header", "name": "Accept", "value": "application/vnd.test+json" },
    ] });
    proxy.send("GET", "/search?z=0", more).await.expect(200);
    let call = proxy.world.upstream.call();
    assert_eq!(call.query, "z=0&q=a+b%26c&q=2");
    assert_eq!(call.header("accept"), Some("application/vnd.test+json"));
}

#[tokio::test]
async fn headers_that_are_not_the_callers_to_set_are_refused() {
    let proxy = Proxy::start().await;
    for name in [
        "Authorization",
        "authorization",
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Proxy-Authorization",
        "Upgrade",
        "bad name",
    ] {
        let reply = proxy
            .send("GET", "/user", parameter("header", name, "x"))
            .await;
        assert!(
            problems(&reply)[0].starts_with("parameters: "),
            "{name}: {}",
            reply.text
        );
    }
    let reply = proxy
        .send(
            "GET",
            "/user",
            parameter("header", "x-note", "a\r\nHost: b"),
        )
        .await;
    assert!(problems(&reply)[0].contains("x-note"), "{}", reply.text);
    assert_eq!(proxy.calls(), 0);
}

#[tokio::test]
async fn a_query_parameter_that_carries_the_credential_cannot_be_set() {
    let world = World::start().await;
    let values = json!({ "generic_api_key": "key-12345678", "node": "1" });
    let account = NewAccount::new("tenant", Scheme::ApiKey, values)
        .store(&world.server)
        .await;
    let send = |endpoint: &str, more: Value| {
        let mut body =
            json!({ "connected_account_id": account, "method": "GET", "endpoint": endpoint });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        world.post("proxy", body)
    };
    problems(&send("/me", parameter("query", "key", "mine")).await);
    problems(&send("/me?key=mine", json!({})).await);
    assert!(world.upstream.calls().is_empty());
    let authorization = parameter("header", "authorization", "Bearer of-the-caller");
    send("/me", authorization).await.expect(200);
    let call = world.upstream.call();
    assert_eq!(call.query, "key=key-12345678");
    assert_eq!(call.header("authorization"), Some("Bearer of-the-caller"));
}

#[tokio::test]
async fn a_body_goes_as_json_or_as_the_text_that_a_header_says_it_is() {
    let proxy = Proxy::start().await;
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        proxy
            .send(method, "/x", json!({ "body": { "a": [1, null] } }))
            .await
            .expect(200);
    }
    proxy
        .send("POST", "/x", json!({ "body": "just text" }))
        .await
        .expect(200);
    let mut form = parameter(
        "header",
        "Content-Type",
        "application/x-www-form-urlencoded",
    );
    form["body"] = json!("a=1&b=2");
    proxy.send("POST", "/x", form).await.expect(200);
    proxy.send("POST", "/x", json!({})).await.expect(200);
    let calls = proxy.world.upstream.calls();
    for (call, method) in calls.iter().zip(["POST", "PUT", "PATCH", "DELETE"]) {
        assert_eq!(
            (call.method.as_str(), call.json()),
            (method, json!({ "a": [1, null] }))
        );
        assert_eq!(call.header("content-type"), Some("application/json"));
    }
    assert_eq!(calls[4].body, "\"just text\"");
    assert_eq!(calls[5].body, "a=1&b=2");
    assert_eq!(
        calls[5].header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(
        (calls[6].body.as_str(), calls[6].header("content-type")),
        ("", None)
    );
}

#[tokio::test]
async fn get_and_head_take_no_body() {
    let proxy = Proxy::start().await;
    for method in ["GET", "HEAD"] {
        let reply = proxy.send(method, "/x", json!({ "body": {} })).await;
        assert!(problems(&reply)[0].starts_with("body: "), "{}", reply.text);
        proxy
            .send(method, "/x", json!({ "body": null }))
            .await
            .expect(200);
    }
    assert_eq!(proxy.calls(), 2);
}

#[tokio::test]
async fn any_answer_of_the_upstream_is_passed_on_with_its_status() {
    let proxy = Proxy::start().await;
    let cases = [
        (
            "GET",
            Answer::json(404, &json!({ "message": "no" })),
            json!({ "message": "no" }),
        ),
        (
            "GET",
            Answer::text(503, "text/html", "<h1>down</h1>"),
            json!("<h1>down</h1>"),
        ),
        ("DELETE", Answer::empty(204), Value::Null),
        ("HEAD", Answer::json(200, &json!({ "a": 1 })), Value::Null),
        (
            "GET",
            Answer::text(200, "application/json", "{\"a\":"),
            json!("{\"a\":"),
        ),
        ("GET", Answer::json(200, &json!([1])), json!([1])),
    ];
    let statuses = [404, 503, 204, 200, 200, 200];
    for ((method, answer, data), status) in cases.into_iter().zip(statuses) {
        proxy.world.upstream.answer("/api/x", answer);
        let reply = proxy.send(method, "/x", json!({})).await.expect(200);
        assert_eq!((&reply["status"], &reply["data"]), (&json!(status), &data));
        proxy.world.upstream.forget("/api/x");
    }
}

#[tokio::test]
async fn cookies_and_the_token_are_kept_from_the_caller() {
    let proxy = Proxy::start().await;
    let answer = Answer::json(
        200,
        &json!({ "echo": { "Authorization": format!("Bearer {TOKEN}") } }),
    )
    .header("set-cookie", "session=1")
    .header("set-cookie", "other=2")
    .header("link", "<a>; rel=next")
    .header("link", "<b>; rel=last")
    .header("x-echo", "Bearer tok-5f9c1b7e");
    proxy.world.upstream.answer("/api/x", answer);
    let reply = proxy.get("/x").await.expect(200);
    assert_eq!(
        reply["data"],
        json!({ "echo": { "Authorization": "Bearer [redacted]" } })
    );
    let headers = reply["headers"].as_object().unwrap();
    assert_eq!(headers["x-echo"], "Bearer [redacted]");
    assert_eq!(headers["link"], "<a>; rel=next, <b>; rel=last");
    for hidden in [
        "set-cookie",
        "connection",
        "transfer-encoding",
        "content-length",
    ] {
        assert!(!headers.contains_key(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn an_upstream_that_breaks_off_or_cannot_be_reached_is_an_error_that_is_not_repeated() {
    let proxy = Proxy::start().await;
    proxy.world.upstream.answer("/api/x", Answer::broken_off());
    let reply = proxy.get("/x").await;
    reply.error(502);
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    assert!(!reply.text.contains(TOKEN), "{}", reply.text);
}

#[tokio::test]
async fn a_slow_upstream_is_a_504() {
    let world = World::with(&["--allow-cidrs", "127.0.0.0/8", "--upstream-timeout-s", "1"]).await;
    let values = json!({ "token": TOKEN });
    let account = NewAccount::new("vault", Scheme::BearerToken, values)
        .store(&world.server)
        .await;
    world.upstream.answer("/api/x", Answer::hang());
    let body = json!({ "connected_account_id": account, "method": "GET", "endpoint": "/x" });
    let error = world.post("proxy", body).await.error(504);
    assert_eq!(error["slug"], "upstream_timeout");
}

#[tokio::test]
async fn after_a_401_the_token_is_renewed_and_the_request_made_once_more() {
    let world = World::start().await;
    let values = json!({ "access_token": TOKEN, "refresh_token": "refresh-123456" });
    let config = json!({ "client_id": "client", "client_secret": "secret-123456" });
    let account = NewAccount {
        config,
        ..NewAccount::new("vault", Scheme::OAuth2, values)
    };
    let account = account.store(&world.server).await;
    let renewed = json!({ "access_token": "tok-91d2aa03", "token_type": "bearer" });
    world.upstream.answer("/token", Answer::json(200, &renewed));
    world
        .upstream
        .answer("/api/x", Answer::json(401, &json!({})));
    world
        .upstream
        .answer("/api/x", Answer::json(200, &json!({ "ok": 1 })));
    let body = json!({
        "connected_account_id": account, "method": "POST", "endpoint": "/x", "body": { "n": 1 },
    });
    let reply = world.post("proxy", body).await.expect(200);
    assert_eq!(
        (&reply["status"], &reply["data"]),
        (&json!(200), &json!({ "ok": 1 }))
    );
    let calls = world.upstream.calls();
    assert_eq!(
        calls[2].header("authorization"),
        Some("Bearer tok-91d2aa03")
    );
    assert_eq!(calls[2].json(), json!({ "n": 1 }));
}

#[tokio::test]
async fn what_is_missing_wrong_or_not_built_is_refused_by_name() {
    let proxy = Proxy::start().await;
    let account = &proxy.account;
    let cases = [
        (
            json!({ "endpoint": "/x", "method": "GET" }),
            "connected_account_id",
        ),
        (
            json!({ "connected_account_id": account, "method": "GET" }),
            "endpoint",
        ),
        (
            json!({ "connected_account_id": account, "endpoint": " ", "method": "GET" }),
            "endpoint",
        ),
        (
            json!({ "connected_account_id": account, "endpoint": "/x" }),
            "method",
        ),
        (
            json!({ "connected_account_id": account, "endpoint": "/x", "method": "TRACE" }),
            "method",
        ),
    ];
    for (body, name) in cases {
        let reply = proxy.world.post("proxy", body).await;
        assert!(problems(&reply)[0].contains(name), "{name}: {}", reply.text);
    }
    assert_eq!(proxy.calls(), 0);
}

#[tokio::test]
async fn an_account_that_is_not_there_or_not_of_the_project_is_not_found() {
    let proxy = Proxy::start().await;
    let made = json!({ "name": "other", "should_create_api_key": true });
    let server = &proxy.world.server;
    let other = server
        .org
        .post("/api/v3/org/owner/project/new", made)
        .await
        .expect(200);
    let client = server
        .anonymous
        .with_header("x-api-key", other["api_key"].as_str().unwrap());
    let body = json!({ "connected_account_id": proxy.account, "endpoint": "/x", "method": "GET" });
    client
        .post("/api/v3/tools/execute/proxy", body)
        .await
        .error(404);
    let body = json!({ "connected_account_id": "ca_nothing", "endpoint": "/x", "method": "GET" });
    proxy.world.post("proxy", body).await.error(404);
    assert_eq!(proxy.calls(), 0);
}

#[tokio::test]
async fn a_proxied_call_is_recorded_without_its_query_and_body() {
    let proxy = Proxy::start().await;
    proxy
        .world
        .upstream
        .answer("/api/no", Answer::json(404, &json!({ "message": "no" })));
    proxy
        .send(
            "POST",
            "/x?secret=1",
            json!({ "body": { "private": true } }),
        )
        .await
        .expect(200);
    proxy.get("/no?secret=1").await.expect(200);
    let app = &proxy.world.server.app;
    app.execution_log.flush(&app.db).await;
    let project = first_project(&proxy.world.server).await;
    let mut session = app.db.read().await.unwrap();
    let mut found = execution_logs::newest(session.conn(), &project, 10)
        .await
        .unwrap();
    found.sort_by_key(|record| record.tool.clone());
    let [refused, done] = found.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(
        (done.kind.as_str(), done.tool.as_str()),
        ("proxy", "POST /x")
    );
    assert_eq!((done.successful, done.upstream_status), (true, Some(200)));
    assert_eq!(done.arguments, None);
    assert_eq!(
        (refused.tool.as_str(), refused.successful),
        ("GET /no", false)
    );
    assert_eq!(refused.error.as_deref(), Some("the upstream answered 404"));
}

#[tokio::test]
async fn a_path_needs_no_slash_in_front_and_the_newer_prefix_is_served_too() {
    let proxy = Proxy::start().await;
    let path = "/api/v3.1/tools/execute/proxy";
    let body = json!({
        "connected_account_id": proxy.account, "endpoint": "user", "method": "GET",
    });
    let reply = proxy
        .world
        .server
        .client
        .send(Method::POST, path, Some(body.to_string()))
        .await;
    reply.expect(200);
    assert_eq!(proxy.world.upstream.call().path, "/api/user");
}
