//! `POST /tools/execute/{slug}`: what is checked, what is sent, and what comes back.

use serde_json::{Value, json};

use crate::support::client::Reply;
use crate::support::server::TestServer;
use crate::support::toolkits::ToolkitsFolder;
use crate::support::upstream::{Answer, Call, Upstream};

const OPEN: &str = r"
base_url: {base}
default_headers: { X-Kit: open }
auth: [{ scheme: NO_AUTH }]
";

/// Of every kind of request, for anybody.
const TOOLS: &str = r#"
- slug: OPEN_GET_THING
  name: Get a thing
  description: Reads a thing.
  args:
    - { arg: owner, type: string, required: true, description: Whose. }
    - { arg: limit, type: integer, description: How many., schema: { minimum: 1, maximum: 100 } }
    - { arg: labels, type: array, description: Which., schema: { items: { type: string } } }
    - { arg: ids, type: array, join: csv, description: Which., schema: { items: { type: integer } } }
    - { arg: verbose, type: boolean, name: v, description: More. }
    - { arg: trace, type: string, in: header, name: X-Trace, description: A header. }
    - { arg: pin, type: string, secret: true, description: A secret., schema: { maxLength: 4 } }
  request: { method: GET, path: "/things/{owner}", query: { fixed: "yes" }, headers: { X-Tool: get } }
- slug: OPEN_READ_FILE
  name: Read a file
  description: Reads a file by its path.
  args:
    - { arg: path, type: string, required: true, description: Which. }
  request: { method: GET, path: "/files/{+path}" }
- slug: OPEN_CREATE_NOTE
  name: Create a note
  description: Writes a note.
  args:
    - { arg: folder, type: string, required: true, description: Where. }
    - { arg: title, type: string, description: What. }
    - { arg: author, type: string, name: author.name, description: Who. }
    - { arg: mail, type: string, name: author.contact.mail, description: How. }
    - { arg: draft, type: boolean, default: true, send_default: true, description: Whether. }
    - { arg: size, type: integer, default: 10, description: Only documented. }
  request: { method: POST, path: "/folders/{folder}/notes" }
- slug: OPEN_DELETE_NOTE
  name: Delete a note
  description: Removes a note.
  args:
    - { arg: id, type: string, required: true, description: Which. }
    - { arg: reason, type: string, description: Why. }
  request: { method: DELETE, path: "/notes/{id}" }
- slug: OPEN_DELETE_NOTES
  name: Delete notes
  description: Removes notes.
  args:
    - { arg: ids, type: array, in: body, description: Which., schema: { items: { type: string } } }
  request: { method: DELETE, path: /notes }
- slug: OPEN_PING
  name: Ping
  description: Answers.
  timeout_s: 1
  request: { method: POST, path: /ping }
"#;

struct World {
    server: TestServer,
    upstream: Upstream,
    _toolkits: ToolkitsFolder,
}

impl World {
    async fn start() -> Self {
        let upstream = Upstream::start().await;
        let toolkits = ToolkitsFolder::empty().with_kit("open", &upstream.base, OPEN, TOOLS);
        let flags = [
            "--allow-cidrs",
            "127.0.0.0/8",
            "--toolkits-dir",
            &toolkits.path(),
        ];
        Self {
            server: TestServer::with(&flags).await,
            upstream,
            _toolkits: toolkits,
        }
    }

    async fn execute(&self, slug: &str, arguments: Value) -> Reply {
        self.post(slug, json!({ "arguments": arguments })).await
    }

    async fn post(&self, slug: &str, body: Value) -> Reply {
        self.server
            .client
            .post(&format!("/api/v3/tools/execute/{slug}"), body)
            .await
    }

    /// Executes and gives the one request that reached the upstream.
    async fn sent(&self, slug: &str, arguments: Value) -> Call {
        let result = self.execute(slug, arguments).await.expect(200);
        assert_eq!(result["successful"], true, "{result}");
        self.upstream.call()
    }
}

/// The lines of a refused request.
#[track_caller]
fn problems(reply: &Reply) -> Vec<String> {
    let error = reply.error(400);
    assert_eq!(error["code"], 10400, "{error}");
    serde_json::from_value(error["errors"].clone()).unwrap()
}

#[tokio::test]
async fn a_tool_returns_what_the_upstream_answers() {
    let world = World::start().await;
    world.upstream.answer(
        "/things/ada",
        Answer::json(200, &json!({ "id": 7, "name": null })),
    );
    let result = world
        .execute("OPEN_GET_THING", json!({ "owner": "ada" }))
        .await
        .expect(200);
    assert_eq!(result["data"], json!({ "id": 7, "name": null }));
    assert_eq!(result["successful"], true);
    assert_eq!(result["error"], Value::Null);
    assert!(
        result["log_id"].as_str().unwrap().starts_with("log_"),
        "{result}"
    );
    let mut keys: Vec<&String> = result.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["data", "error", "log_id", "successful"]);
}

#[tokio::test]
async fn arguments_go_where_the_manifest_binds_them() {
    let world = World::start().await;
    let call = world
        .sent(
            "OPEN_GET_THING",
            json!({
                "owner": "ada", "limit": 5, "labels": ["a", "b c"], "ids": [1, 2],
                "verbose": true, "trace": "t-1",
            }),
        )
        .await;
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("GET", "/things/ada")
    );
    assert_eq!(
        call.query,
        "fixed=yes&limit=5&labels=a&labels=b+c&ids=1%2C2&v=true"
    );
    assert_eq!(call.header("x-trace"), Some("t-1"));
    assert_eq!(
        (call.header("x-kit"), call.header("x-tool")),
        (Some("open"), Some("get"))
    );
    assert_eq!(
        (call.body.as_str(), call.header("content-type")),
        ("", None)
    );
    assert_eq!(call.header("authorization"), None);
}

#[tokio::test]
async fn dotted_names_make_nested_bodies_and_only_sent_defaults_are_sent() {
    let world = World::start().await;
    let arguments = json!({ "folder": "f", "title": "T", "author": "ada", "mail": "a@b.test" });
    let call = world.sent("OPEN_CREATE_NOTE", arguments).await;
    assert_eq!(call.path, "/folders/f/notes");
    assert_eq!(
        call.json(),
        json!({
            "title": "T",
            "author": { "name": "ada", "contact": { "mail": "a@b.test" } },
            "draft": true,
        })
    );
    assert_eq!(call.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn delete_sends_a_query_unless_an_argument_is_bound_to_the_body() {
    let world = World::start().await;
    let call = world
        .sent("OPEN_DELETE_NOTE", json!({ "id": "n1", "reason": "old" }))
        .await;
    assert_eq!(
        (call.query.as_str(), call.body.as_str()),
        ("reason=old", "")
    );
    world
        .execute("OPEN_DELETE_NOTES", json!({ "ids": ["a"] }))
        .await
        .expect(200);
    assert_eq!(world.upstream.calls()[1].json(), json!({ "ids": ["a"] }));
}

#[tokio::test]
async fn a_post_without_arguments_says_that_its_body_is_empty() {
    let world = World::start().await;
    let call = world.sent("OPEN_PING", json!({})).await;
    assert_eq!(
        (call.header("content-length"), call.body.as_str()),
        (Some("0"), "")
    );
}

#[tokio::test]
async fn a_path_argument_is_one_encoded_segment() {
    let world = World::start().await;
    let call = world
        .sent("OPEN_GET_THING", json!({ "owner": "a/../b?x=1#y%2e é" }))
        .await;
    assert_eq!(call.path, "/things/a%2F..%2Fb%3Fx%3D1%23y%252e%20%C3%A9");
    assert_eq!(call.query, "fixed=yes");
}

#[tokio::test]
async fn a_path_argument_that_keeps_slashes_encodes_everything_else() {
    let world = World::start().await;
    let call = world
        .sent("OPEN_READ_FILE", json!({ "path": "/src/a b/ma?in.rs" }))
        .await;
    assert_eq!(
        (call.path.as_str(), call.query.as_str()),
        ("/files/src/a%20b/ma%3Fin.rs", "")
    );
}

#[tokio::test]
async fn a_path_argument_cannot_leave_its_place() {
    let world = World::start().await;
    for path in ["..", "a/../../admin", "./x", "a/.", "../"] {
        let reply = world
            .execute("OPEN_READ_FILE", json!({ "path": path }))
            .await;
        assert!(
            problems(&reply)[0].starts_with("arguments.path: "),
            "{path}: {}",
            reply.text
        );
    }
    for owner in ["..", ".", ""] {
        let reply = world
            .execute("OPEN_GET_THING", json!({ "owner": owner }))
            .await;
        assert!(
            problems(&reply)[0].starts_with("arguments.owner: "),
            "{owner}: {}",
            reply.text
        );
    }
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_line_break_in_a_header_argument_is_refused() {
    let world = World::start().await;
    let arguments = json!({ "owner": "ada", "trace": "x\r\nAuthorization: evil" });
    let reply = world.execute("OPEN_GET_THING", arguments).await;
    assert!(
        problems(&reply)[0].starts_with("arguments.trace: "),
        "{}",
        reply.text
    );
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn forbidden_arguments_are_listed_by_name_and_never_reach_the_upstream() {
    let world = World::start().await;
    let arguments = json!({
        "limit": 0, "labels": ["a", 2], "verbose": "maybe", "pin": "12345-secret",
    });
    let reply = world.execute("OPEN_GET_THING", arguments).await;
    let mut lines = problems(&reply);
    lines.sort();
    assert_eq!(
        lines,
        [
            "arguments.labels[1]: must be string",
            "arguments.limit: must be at least 1",
            "arguments.owner: is required",
            "arguments.pin: must have at most 4 characters",
            "arguments.verbose: must be boolean",
        ]
    );
    assert!(!reply.text.contains("12345-secret"), "{}", reply.text);
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn null_is_absent_and_unknown_arguments_are_dropped() {
    let world = World::start().await;
    let arguments = json!({ "owner": "ada", "limit": null, "nonsense": { "a": 1 } });
    assert_eq!(
        world.sent("OPEN_GET_THING", arguments).await.query,
        "fixed=yes"
    );
    let reply = world
        .execute("OPEN_GET_THING", json!({ "owner": null }))
        .await;
    assert_eq!(problems(&reply), ["arguments.owner: is required"]);
}

#[tokio::test]
async fn arguments_that_are_no_object_are_refused() {
    let world = World::start().await;
    let reply = world.execute("OPEN_PING", json!("a text")).await;
    assert!(
        problems(&reply)[0].starts_with("arguments: "),
        "{}",
        reply.text
    );
}

#[tokio::test]
async fn a_body_may_be_absent() {
    let world = World::start().await;
    let path = "/api/v3/tools/execute/open_ping";
    let reply = world
        .server
        .client
        .send(reqwest::Method::POST, path, None)
        .await;
    assert_eq!(reply.expect(200)["successful"], true);
}

#[tokio::test]
async fn an_unknown_tool_and_an_unknown_version_are_not_found() {
    let world = World::start().await;
    let reply = world.execute("OPEN_PINGS", json!({})).await;
    assert!(
        reply.error(404)["suggested_fix"]
            .as_str()
            .unwrap()
            .contains("OPEN_PING")
    );
    world
        .post("OPEN_PING", json!({ "version": "19990101_00" }))
        .await
        .error(404);
    for version in ["latest", "00000000_00", "20260101_00"] {
        world
            .post("OPEN_PING", json!({ "version": version }))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn what_is_not_built_is_refused_and_not_ignored() {
    let world = World::start().await;
    for body in [
        json!({ "text": "ping it" }),
        json!({ "custom_auth_params": { "base_url": "https://evil.test" } }),
        json!({ "custom_connection_data": { "authScheme": "NO_AUTH" } }),
    ] {
        let error = world.post("OPEN_PING", body).await.error(501);
        assert_eq!(error["slug"], "not_implemented");
    }
    let both = json!({ "text": "ping it", "arguments": {} });
    assert_eq!(problems(&world.post("OPEN_PING", both).await).len(), 1);
    world
        .post("OPEN_PING/input", json!({ "text": "ping it" }))
        .await
        .error(501);
    world
        .post("NO_SUCH_TOOL/input", json!({ "text": "ping it" }))
        .await
        .error(404);
    world.post("OPEN_PING/input", json!({})).await.error(400);
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn empty_forms_of_what_is_not_built_are_taken() {
    let world = World::start().await;
    let body = json!({ "custom_auth_params": {}, "custom_connection_data": null, "text": "" });
    assert_eq!(
        world.post("OPEN_PING", body).await.expect(200)["successful"],
        true
    );
}

#[tokio::test]
async fn an_upstream_refusal_is_an_unsuccessful_result() {
    let world = World::start().await;
    let body = json!({ "message": "Not Found", "documentation_url": "https://docs.test" });
    world
        .upstream
        .answer("/things/ada", Answer::json(404, &body));
    let mut result = world
        .execute("OPEN_GET_THING", json!({ "owner": "ada" }))
        .await
        .expect(200);
    result["log_id"].take();
    let http_error = format!(
        "404 Client Error: Not Found for url: {}/things/ada",
        world.upstream.base
    );
    assert_eq!(
        result,
        json!({
            "data": { "status_code": 404, "message": body.to_string(), "http_error": http_error },
            "error": "404 Not Found",
            "successful": false,
            "log_id": null,
        })
    );
}

#[tokio::test]
async fn a_broken_upstream_is_an_unsuccessful_result() {
    let world = World::start().await;
    for answer in [
        Answer::broken_off(),
        Answer::hang(),
        Answer::redirect(302, "http://10.0.0.1/"),
    ] {
        world.upstream.answer("/ping", answer.clone());
        let result = world.execute("OPEN_PING", json!({})).await.expect(200);
        assert_eq!(result["successful"], false, "{answer:?}: {result}");
        assert!(!result["error"].as_str().unwrap().is_empty());
        assert_eq!(result["data"]["message"], result["error"]);
        world.upstream.forget("/ping");
    }
}

#[tokio::test]
async fn an_answer_over_the_size_limit_is_an_unsuccessful_result() {
    let upstream = Upstream::start().await;
    let toolkits = ToolkitsFolder::empty().with_kit("open", &upstream.base, OPEN, TOOLS);
    let server = TestServer::with(&[
        "--allow-cidrs",
        "127.0.0.0/8",
        "--toolkits-dir",
        &toolkits.path(),
        "--max-upstream-bytes",
        "1000",
    ])
    .await;
    upstream.answer(
        "/ping",
        Answer::gzipped(200, "application/json", "1".repeat(1_000_000).as_bytes()),
    );
    let reply = server
        .client
        .post("/api/v3/tools/execute/OPEN_PING", json!({}))
        .await;
    let result = reply.expect(200);
    assert_eq!(result["successful"], false);
    assert!(
        result["error"]
            .as_str()
            .unwrap()
            .contains("larger than 1000 bytes"),
        "{result}"
    );
}

#[tokio::test]
async fn answers_that_are_no_json_object_are_wrapped() {
    let world = World::start().await;
    let cases = [
        (
            Answer::json(200, &json!([1, 2])),
            json!({ "response_data": [1, 2] }),
        ),
        (
            Answer::text(200, "text/plain", "pong"),
            json!({ "response_data": "pong" }),
        ),
        (
            Answer::text(200, "application/json", "{\"a\":"),
            json!({ "response_data": "{\"a\":" }),
        ),
        (Answer::empty(204), json!({})),
        (Answer::empty(200), json!({})),
    ];
    for (answer, data) in cases {
        world.upstream.answer("/ping", answer);
        let result = world.execute("OPEN_PING", json!({})).await.expect(200);
        assert_eq!(
            (&result["data"], &result["successful"]),
            (&data, &json!(true))
        );
        world.upstream.forget("/ping");
    }
}

#[tokio::test]
async fn a_private_upstream_is_refused_unless_the_operator_allows_it() {
    let upstream = Upstream::start().await;
    let toolkits = ToolkitsFolder::empty().with_kit("open", &upstream.base, OPEN, TOOLS);
    let server = TestServer::with(&["--toolkits-dir", &toolkits.path()]).await;
    let reply = server
        .client
        .post("/api/v3/tools/execute/OPEN_PING", json!({}))
        .await;
    let error = reply.error(400);
    assert!(
        error["suggested_fix"]
            .as_str()
            .unwrap()
            .contains("TENON_ALLOW_CIDRS"),
        "{error}"
    );
    assert!(upstream.calls().is_empty());
}

#[tokio::test]
async fn executing_needs_a_project_key() {
    let world = World::start().await;
    for path in ["OPEN_PING", "OPEN_PING/input", "proxy"] {
        let path = format!("/api/v3/tools/execute/{path}");
        world
            .server
            .anonymous
            .post(&path, json!({}))
            .await
            .error(401);
        world.server.org.post(&path, json!({})).await.error(401);
    }
    assert!(world.upstream.calls().is_empty());
}
