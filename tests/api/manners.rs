//! What every endpoint does alike.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::client::{Client, Reply};
use crate::support::server::TestServer;

const CONFIG: &str = "/api/v3/org/project/config";
const INFO: &str = "/api/v3/auth/session/info";
const LIST: &str = "/api/v3/org/owner/project/list";

/// Sends bytes that no client library would send, and reads the answer as text.
async fn raw(server: &TestServer, request: &[u8]) -> String {
    let address = server.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn raw_get(server: &TestServer, target: &str) -> String {
    let request = format!(
        "GET {target} HTTP/1.1\r\nhost: tenon\r\nx-api-key: {}\r\nconnection: close\r\n\r\n",
        server.api_key
    );
    raw(server, request.as_bytes()).await
}

/// The parts of the error object that are the same for every error.
#[track_caller]
fn check_error(reply: &Reply, status: u16, code: u32, slug: &str) {
    let error = reply.error(status);
    assert_eq!(error["status"], status, "{error}");
    assert_eq!(error["code"], code, "{error}");
    assert_eq!(error["slug"], slug, "{error}");
    assert!(!error["message"].as_str().unwrap().is_empty(), "{error}");
    let request_id = error["request_id"].as_str();
    assert!(
        request_id.is_some() && reply.header("x-request-id") == request_id,
        "{error}"
    );
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn an_unknown_path_answers_the_error_object() {
    let server = TestServer::start().await;
    for path in ["/api/v3/no/such/thing", "/", "/api", "/api/v4/tools"] {
        check_error(&server.client.get(path).await, 404, 10404, "unknown_route");
    }
}

#[tokio::test]
async fn a_wrong_method_is_refused_and_told_the_right_ones() {
    let server = TestServer::start().await;
    for (method, path, allowed) in [
        (Method::DELETE, CONFIG, "GET,HEAD,PATCH"),
        (Method::PUT, INFO, "GET,HEAD"),
        (Method::GET, "/api/v3/org/owner/project/new", "POST"),
        (Method::POST, "/health", "GET,HEAD"),
    ] {
        let reply = server.client.send(method, path, None).await;
        check_error(&reply, 405, 10405, "method_not_allowed");
        let mut methods: Vec<&str> = reply.header("allow").unwrap().split(',').collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allowed, "{path}");
    }
}

#[tokio::test]
async fn both_prefixes_and_doubled_slashes_lead_to_the_same_endpoint() {
    let server = TestServer::start().await;
    let expected = server.client.get(CONFIG).await.expect(200);
    for path in [
        "/api/v3.1/org/project/config",
        "//api/v3/org/project/config",
        "/api//v3.1///org/project//config",
    ] {
        assert_eq!(
            server.client.get(path).await.expect(200),
            expected,
            "{path}"
        );
        let answer = raw_get(&server, path).await;
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n"),
            "{path}: {answer}"
        );
    }
    let page = server
        .org
        .get("/api//v3//org/owner/project/list?limit=1")
        .await
        .expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    // A target in absolute form is as good as one in origin form (RFC 9112 section 3.2.2).
    let answer = raw_get(&server, "http://tenon//api/v3/org/project/config").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn a_get_route_answers_head_without_a_body() {
    let server = TestServer::start().await;
    for (path, status) in [(CONFIG, 200), ("/health", 200), ("/api/v3/nothing", 404)] {
        let reply = server.client.send(Method::HEAD, path, None).await;
        assert_eq!((reply.status, reply.text.as_str()), (status, ""), "{path}");
    }
}

#[tokio::test]
async fn malformed_json_is_refused_with_its_place() {
    let server = TestServer::start().await;
    for body in ["{", "{\"logo_url\": }", "nonsense", "{} {}", "{\"a\": 1,}"] {
        let reply = server
            .client
            .send(Method::PATCH, CONFIG, Some(body.into()))
            .await;
        check_error(&reply, 400, 10400, "validation_error");
        let problem = reply.json()["error"]["errors"][0]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(problem.contains("line 1 column"), "{body}: {problem}");
    }
    let reply = server.client.patch(CONFIG, json!([true])).await;
    assert_eq!(
        reply.error(400)["errors"],
        json!(["body: must be a JSON object"])
    );
}

#[tokio::test]
async fn a_body_that_is_no_utf_8_is_refused() {
    let server = TestServer::start().await;
    let head = format!(
        "PATCH {CONFIG} HTTP/1.1\r\nhost: tenon\r\nx-api-key: {}\r\nconnection: close\r\n\
         content-length: 20\r\n\r\n",
        server.api_key
    );
    let body = b"{\"display_name\":\"\xff\"}";
    let answer = raw(&server, &[head.as_bytes(), body].concat()).await;
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
    assert!(answer.contains("\"code\":10400"), "{answer}");
}

#[tokio::test]
async fn a_wrong_type_is_refused_by_name_and_its_value_is_not_repeated() {
    let server = TestServer::start().await;
    let reply = server
        .client
        .patch(CONFIG, json!({ "is_2FA_enabled": "s3cr3t" }))
        .await;
    check_error(&reply, 400, 10400, "validation_error");
    let error = reply.error(400);
    let problem = error["errors"][0].as_str().unwrap();
    assert!(
        problem.starts_with("is_2FA_enabled: invalid type: string, expected a boolean"),
        "{problem}"
    );
    assert!(!reply.text.contains("s3cr3t"), "{}", reply.text);
}

#[tokio::test]
async fn a_body_needs_no_content_type_and_an_empty_one_counts_as_an_empty_object() {
    let server = TestServer::start().await;
    let key = &server.api_key;
    let unmarked = format!(
        "PATCH {CONFIG} HTTP/1.1\r\nhost: tenon\r\nx-api-key: {key}\r\nconnection: close\r\n\
         content-length: 21\r\n\r\n{{\"display_name\":\"Me\"}}"
    );
    let answer = raw(&server, unmarked.as_bytes()).await;
    assert!(answer.contains("\"display_name\":\"Me\""), "{answer}");
    for body in [None, Some(String::new()), Some(" \n".to_owned())] {
        let config = server
            .client
            .send(Method::PATCH, CONFIG, body)
            .await
            .expect(200);
        assert_eq!(config["display_name"], "Me");
    }
}

#[tokio::test]
async fn a_delete_may_say_json_and_bring_nothing() {
    let server = TestServer::start().await;
    let body = json!({ "name": "doomed" });
    let project = server
        .org
        .post("/api/v3/org/owner/project/new", body)
        .await
        .expect(200);
    let path = format!(
        "/api/v3/org/owner/project/{}",
        project["id"].as_str().unwrap()
    );
    let org = server.org.with_header("content-type", "application/json");
    org.delete(&path).await.expect(200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let server = TestServer::with(&["--max-body-bytes", "1000"]).await;
    let body = |length: usize| Some(format!("{{\"unknown\":\"{}\"}}", "x".repeat(length - 14)));
    server
        .client
        .send(Method::PATCH, CONFIG, body(1000))
        .await
        .expect(200);
    let reply = server.client.send(Method::PATCH, CONFIG, body(1001)).await;
    check_error(&reply, 413, 10413, "request_too_large");
    assert!(reply.text.contains("1000 bytes"), "{}", reply.text);
    // The length need not be told beforehand.
    let chunked = format!(
        "PATCH {CONFIG} HTTP/1.1\r\nhost: tenon\r\nx-api-key: {}\r\nconnection: close\r\n\
         transfer-encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n",
        server.api_key,
        " ".repeat(1001)
    );
    let answer = raw(&server, chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn odd_percent_encodings_are_refused_or_not_found_but_never_a_fault() {
    let server = TestServer::start().await;
    let by_id = "/api/v3/org/owner/project";
    for (id, status) in [
        ("%FF%FE", 400),
        ("%zz", 404),
        ("%", 404),
        ("%00", 400),
        ("a%2Fb", 404),
    ] {
        let request = format!(
            "GET {by_id}/{id} HTTP/1.1\r\nhost: tenon\r\nx-org-api-key: {}\r\n\
             connection: close\r\n\r\n",
            server.org_api_key
        );
        let answer = raw(&server, request.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{id}: {answer}"
        );
        assert!(answer.contains("\"request_id\":"), "{id}: {answer}");
    }
    server
        .org
        .get(&format!("{LIST}?limit=%FF"))
        .await
        .error(400);
    server
        .org
        .get(&format!("{LIST}?unknown=%FF&limit=1"))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_nul_character_is_refused_on_both_engines() {
    let server = TestServer::start().await;
    let body = json!({ "display_name": "a\u{0}b" });
    let error = server.client.patch(CONFIG, body).await.error(400);
    assert_eq!(
        error["errors"],
        json!(["body: must not contain the NUL character"])
    );
    server
        .org
        .get(&format!("{LIST}?cursor=%00"))
        .await
        .error(400);
}

#[tokio::test]
async fn a_key_opens_its_own_doors_only() {
    let server = TestServer::start().await;
    let anonymous = &server.anonymous;
    let org_key = server.org_api_key.clone();
    let refused = [
        (anonymous.clone(), INFO),
        (anonymous.with_header("x-api-key", ""), INFO),
        (anonymous.with_header("x-api-key", "ak_unknown"), INFO),
        (anonymous.with_header("x-api-key", "schlüssel"), INFO),
        (anonymous.with_header("x-api-key", &org_key), INFO),
        (anonymous.with_header("x-org-api-key", &org_key), INFO),
        (anonymous.clone(), LIST),
        (anonymous.with_header("x-org-api-key", "oak_unknown"), LIST),
        (
            anonymous.with_header("x-org-api-key", &server.api_key),
            LIST,
        ),
        (anonymous.with_header("x-api-key", &server.api_key), LIST),
    ];
    for (client, path) in refused {
        let reply = client.get(path).await;
        check_error(&reply, 401, 10401, "unauthorized");
        assert!(reply.header("www-authenticate").is_some());
        assert!(!reply.text.contains(&org_key) && !reply.text.contains(&server.api_key));
    }
}

#[tokio::test]
async fn a_refused_key_is_named_before_the_body_is_read() {
    let server = TestServer::start().await;
    let reply = server
        .anonymous
        .send(Method::PATCH, CONFIG, Some("{".into()))
        .await;
    check_error(&reply, 401, 10401, "unauthorized");
}

#[tokio::test]
async fn a_sane_request_id_is_taken_and_any_other_replaced() {
    let server = TestServer::start().await;
    for path in [INFO, "/api/v3/nothing"] {
        let given = server
            .client
            .with_header("x-request-id", "trace-1.a:B_2")
            .get(path)
            .await;
        assert_eq!(
            given.header("x-request-id"),
            Some("trace-1.a:B_2"),
            "{path}"
        );
    }
    let long = "x".repeat(129);
    for odd in ["two words", "a\"b", "<script>", "ü", "", long.as_str()] {
        let reply = server
            .client
            .with_header("x-request-id", odd)
            .get(INFO)
            .await;
        let made = reply.header("x-request-id").unwrap();
        assert!(made.starts_with("req_"), "{odd}: {made}");
    }
}

#[tokio::test]
async fn two_requests_have_two_request_ids() {
    let server = TestServer::start().await;
    let (one, other) = (server.client.get(INFO).await, server.client.get(INFO).await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[tokio::test]
async fn a_limit_is_clamped_and_any_whole_number_is_taken() {
    let server = TestServer::start().await;
    for (limit, pages) in [
        ("9999", 1),
        ("0", 1),
        ("-5", 1),
        ("1.0", 1),
        ("", 1),
        ("null", 1),
    ] {
        let page = server
            .org
            .get(&format!("{LIST}?limit={limit}"))
            .await
            .expect(200);
        assert_eq!(page["total_pages"], pages, "{limit}");
        assert_eq!(page["data"].as_array().unwrap().len(), 1, "{limit}");
    }
    for limit in ["ten", "1.5", "NaN", "inf"] {
        let error = server
            .org
            .get(&format!("{LIST}?limit={limit}"))
            .await
            .error(400);
        assert_eq!(
            error["errors"],
            json!(["limit: must be a whole number"]),
            "{limit}"
        );
    }
}

#[tokio::test]
async fn a_cursor_that_is_not_ours_is_refused() {
    let server = TestServer::start().await;
    for cursor in [
        "abc",
        "eyJvZmZzZXQiOi0xfQ",
        "eyJvZmZzZXQiOjE4NDQ2NzQ0MDczNzA5NTUxNjE1fQ",
    ] {
        let reply = server.org.get(&format!("{LIST}?cursor={cursor}")).await;
        check_error(&reply, 400, 10400, "validation_error");
        assert!(
            reply.json()["error"]["suggested_fix"].is_string(),
            "{cursor}"
        );
    }
    let beyond = "eyJvZmZzZXQiOjk5fQ";
    let page = server
        .org
        .get(&format!("{LIST}?cursor={beyond}"))
        .await
        .expect(200);
    assert_eq!(
        (&page["data"], &page["next_cursor"]),
        (&json!([]), &json!(null))
    );
}

#[tokio::test]
async fn without_a_limit_there_are_no_rate_limit_headers() {
    let server = TestServer::start().await;
    let reply = server.client.get(INFO).await;
    assert_eq!(reply.header("x-ratelimit"), None);
}

fn allowance(reply: &Reply) -> [Option<&str>; 3] {
    [
        "x-ratelimit",
        "x-ratelimit-remaining",
        "x-ratelimit-window-size",
    ]
    .map(|name| reply.header(name))
}

#[tokio::test]
async fn an_organisation_over_its_limit_waits_for_the_next_window() {
    let server = TestServer::with(&["--rate-limit", "2"]).await;
    server.clock.advance(Duration::from_secs(30));
    let first = server.client.get(INFO).await;
    assert_eq!(first.status, 200);
    assert_eq!(allowance(&first), [Some("2"), Some("1"), Some("600s")]);
    // The organisation's own key draws on the same window, and so does a request that fails.
    let second = server.org.get("/api/v3/org/owner/project/proj_none").await;
    assert_eq!(second.status, 404);
    assert_eq!(allowance(&second), [Some("2"), Some("0"), Some("600s")]);
    for (client, path) in [(&server.client, INFO), (&server.org, LIST)] {
        let refused = client.get(path).await;
        check_error(&refused, 429, 10429, "rate_limited");
        assert_eq!(allowance(&refused), [Some("2"), Some("0"), Some("600s")]);
        assert_eq!(refused.header("retry-after"), Some("570"));
        assert_eq!(refused.header("x-should-retry"), None);
    }
    // Who has no valid key uses nothing up, and health is not counted.
    server.anonymous.get(INFO).await.error(401);
    server.anonymous.get("/health").await.expect(200);
    server.clock.advance(Duration::from_secs(570));
    assert_eq!(
        allowance(&server.client.get(INFO).await),
        [Some("2"), Some("1"), Some("600s")]
    );
}

#[tokio::test]
async fn a_project_over_its_limit_waits_and_its_organisation_does_not() {
    let server = TestServer::with(&["--project-rate-limit", "1", "--rate-limit", "9"]).await;
    let first = server.client.get(INFO).await;
    assert_eq!(allowance(&first), [Some("1"), Some("0"), Some("600s")]);
    let refused = server.client.get(INFO).await;
    check_error(&refused, 429, 10429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("600"));
    // What the project is refused costs the organisation nothing.
    let org = server.org.get(LIST).await;
    assert_eq!(allowance(&org), [Some("9"), Some("7"), Some("600s")]);
    server.clock.advance(Duration::from_mins(10));
    assert_eq!(server.client.get(INFO).await.status, 200);
}

#[tokio::test]
async fn a_server_without_its_database_lives_but_is_not_ready() {
    let server = TestServer::start().await;
    server.anonymous.get("/ready").await.expect(200);
    server.app.db.close().await;
    server.anonymous.get("/health").await.expect(200);
    let reply = server.anonymous.get("/ready").await;
    check_error(&reply, 503, 10503, "unavailable");
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    let fault = server
        .anonymous
        .with_header("x-api-key", "ak_unknown")
        .get(INFO)
        .await;
    check_error(&fault, 500, 10500, "internal_error");
    assert_eq!(fault.json()["error"]["message"], "internal error");
    assert_eq!(fault.header("x-should-retry"), Some("false"));
}

#[tokio::test]
async fn an_endpoint_that_is_not_built_says_so_and_asks_for_no_retry() {
    let server = TestServer::start().await;
    let reply = server.client.get("/api/v3/triggers_types").await;
    check_error(&reply, 501, 10501, "not_implemented");
    assert_eq!(reply.header("x-should-retry"), Some("false"));
}

#[tokio::test]
async fn headers_that_nobody_knows_are_tolerated() {
    let server = TestServer::start().await;
    let mut client: Client = server.client.clone();
    for (name, value) in [
        ("x-stainless-lang", "python"),
        ("x-stainless-retry-count", "2"),
        ("authorization", "Bearer something"),
        ("cookie", "authToken=something"),
        ("origin", "https://example.com"),
    ] {
        client = client.with_header(name, value);
    }
    let reply = client.get(INFO).await;
    reply.expect(200);
    // API keys belong to servers, so no browser is let in.
    assert_eq!(reply.header("access-control-allow-origin"), None);
}
