//! What the words of a manifest make of a call: bindings, jq, forms, GraphQL, and how answers are read.

use serde_json::{Value, json};

use crate::support::client::Reply;
use crate::support::server::TestServer;
use crate::support::toolkits::ToolkitsFolder;
use crate::support::upstream::{Answer, Call, Upstream};

const KIT: &str = r"
base_url: {base}
auth: [{ scheme: NO_AUTH }]
response: { ok: '.status < 300 and (try .body.ok catch null) != false', error: .body.why }
rate_limit: { remaining: x-left, reset: x-reset, statuses: [403] }
pagination:
  cursor: { type: cursor, cursor_arg: cursor, cursor_path: next, items: items }
  page: { type: page, cursor_arg: page, items: items, limit_arg: size, max_limit: 2 }
  offset: { type: offset, cursor_arg: start, items: items, has_more: more }
  link: { type: link }
";

/// A server whose toolkit `words` has these tools, and an upstream.
pub(super) struct Words {
    pub(super) server: TestServer,
    pub(super) upstream: Upstream,
    _folder: ToolkitsFolder,
}

impl Words {
    pub(super) async fn with(tools: &str) -> Self {
        let upstream = Upstream::start().await;
        let folder = ToolkitsFolder::empty().with_kit("words", &upstream.base, KIT, tools);
        let path = folder.path();
        let flags = [
            "--toolkits-dir",
            path.as_str(),
            "--allow-cidrs",
            "127.0.0.0/8",
        ];
        Self {
            server: TestServer::with(&flags).await,
            upstream,
            _folder: folder,
        }
    }

    pub(super) async fn reply(&self, slug: &str, arguments: Value) -> Reply {
        let path = format!("/api/v3/tools/execute/{slug}");
        let body = json!({ "arguments": arguments });
        self.server.client.post(&path, body).await
    }

    pub(super) async fn result(&self, slug: &str, arguments: Value) -> Value {
        self.reply(slug, arguments).await.expect(200)
    }

    async fn sent(&self, slug: &str, arguments: Value) -> Call {
        let result = self.result(slug, arguments).await;
        assert_eq!(result["successful"], true, "{result}");
        self.upstream.call()
    }

    pub(super) fn paths(&self) -> Vec<String> {
        let calls = self.upstream.calls().into_iter();
        let shown = calls.map(|call| match call.query.as_str() {
            "" => call.path,
            query => format!("{}?{query}", call.path),
        });
        shown.collect()
    }
}

const TOOLS: &str = r#"
- slug: WORDS_MAKE
  name: Make
  description: Makes something of an expression.
  require_any: [[title], [lines, folder]]
  exclusive: [[title, lines]]
  args:
    - { arg: title, type: string, in: none, accepts: [integer], description: What. }
    - { arg: lines, type: array, in: none, coerce: wrap, schema: { items: { type: string } }, description: What. }
    - { arg: folder, type: string, in: none, description: Where. }
    - { arg: kind, type: string, const: note }
    - { arg: legacy, type: string, hidden: true, in: none }
  request:
    method: POST
    path: /things
    query: '{folder: .args.folder, tags: ["a", "b"], empty: null}'
    body: '{title: (.args.title // (.args.lines | join(" "))), kind: .args.kind, legacy: .args.legacy, tool: .ctx.tool}'
- slug: WORDS_CONVERT
  name: Convert
  description: Sends values in other forms.
  args:
    - { arg: since, type: string, as: epoch_s, description: When. }
    - { arg: flag, type: boolean, as: bool01, description: Whether. }
    - { arg: filter, type: object, as: json, description: Which. }
    - { arg: ids, type: array, join: pipes, schema: { items: { type: integer } }, description: Which. }
    - { arg: parts, type: array, join: brackets, schema: { items: { type: string } }, description: Which. }
    - { arg: paused, type: boolean, schema: { nullable: true }, description: Whether. }
    - { arg: trace, type: string, in: header, name: X-Trace, schema: { nullable: true }, description: Which. }
  request: { method: GET, path: /converted, headers: { X-Since: "from {since}" } }
- slug: WORDS_FORM
  name: Form
  description: Sends a form.
  args:
    - { arg: email, type: string, description: Whose. }
    - { arg: address, type: object, description: Where. }
    - { arg: items, type: array, schema: { items: { type: object } }, description: Which. }
    - { arg: expand, type: array, schema: { items: { type: string } }, description: What else. }
  request: { method: POST, path: /form, encoding: form }
- slug: WORDS_GRAPHQL
  name: GraphQL
  description: Asks by GraphQL.
  args:
    - { arg: team, type: string, name: filter.team.key, description: Which. }
  request: { kind: graphql, path: /graphql, operation: Find, document: 'query Find($filter: F) { found { id } }' }
  response: { ok: (.body.errors | not), error: '.body.errors[0].message' }
- slug: WORDS_WHOLE
  name: Whole
  description: Sends a list.
  args:
    - { arg: rows, type: array, whole: true, required: true, schema: { items: { type: integer } }, description: All. }
  request: { method: PUT, path: /rows }
- slug: WORDS_SAY
  name: Say
  description: Sends what it is given.
  args:
    - { arg: choice, type: string, accepts: [object], schema: { enum: [auto, none] }, description: How. }
    - arg: messages
      type: array
      accepts: [string]
      description: What.
      schema:
        items:
          type: object
          properties:
            content: { type: array, accepts: [string], items: { type: object } }
            accepts: { type: string, accepts: [any] }
          required: [content]
  request: { method: POST, path: /said }
- slug: WORDS_WHOLE_OR_NOTHING
  name: Whole or nothing
  description: Sends a list, if there is one.
  args:
    - { arg: rows, type: array, whole: true, schema: { items: { type: integer } }, description: All. }
  request: { method: POST, path: /rows }
- slug: WORDS_READ
  name: Read
  description: Reads something.
  tags: [readOnlyHint]
  args: [{ arg: id, type: string, required: true, description: Which. }]
  request: { method: GET, path: "/read/{id}" }
  response: { data: '{thing: .body.thing, page: .headers["x-page"], id: .args.id, more: 1}', drop: [more] }
- slug: WORDS_LOCAL
  name: Local
  description: Asks nobody.
  args: [{ arg: names, type: array, schema: { items: { type: string } }, description: Whom. }]
  response: { data: '{greeting: "Hello \(.args.names // ["world"] | join(" and "))", day: .ctx.now[:4]}' }
- slug: WORDS_LOOP
  name: Loop
  description: Never ends.
  request: { method: POST, path: /loop, body: 'def f: f; f' }
- slug: WORDS_FAIL
  name: Fail
  description: Cannot be made.
  args: [{ arg: json, type: string, in: none, description: What. }]
  request: { method: POST, path: /fail, body: .args.json | fromjson }
"#;

#[tokio::test]
async fn an_expression_makes_body_and_query() {
    let words = Words::with(TOOLS).await;
    let arguments = json!({ "lines": "one", "folder": "f g", "kind": "other", "legacy": "old" });
    let call = words.sent("WORDS_MAKE", arguments).await;
    assert_eq!(call.query, "folder=f+g&tags=a&tags=b");
    let expected = json!({ "title": "one", "kind": "note", "legacy": "old", "tool": "WORDS_MAKE" });
    assert_eq!(call.json(), expected);
}

#[tokio::test]
async fn values_of_the_other_types_that_are_taken_are_sent_as_they_came() {
    let words = Words::with(TOOLS).await;
    for given in [
        json!({ "messages": "Hello" }),
        json!({ "messages": [{ "content": "Hello" }, { "content": [{}], "accepts": [5] }] }),
        json!({ "choice": { "name": "x" } }),
        // Text that holds JSON is text.
        json!({ "choice": "auto", "messages": "[]" }),
    ] {
        words.result("WORDS_SAY", given.clone()).await;
        assert_eq!(words.upstream.calls().pop().unwrap().json(), given);
    }
    let given = json!({ "choice": "some", "messages": [{ "content": 5 }, 6, {}] });
    let mut problems = super::problems(&words.reply("WORDS_SAY", given).await);
    problems.sort_unstable();
    let expected = [
        "arguments.choice: must be one of [\"auto\",\"none\"]",
        "arguments.messages[0].content: must be string or array",
        "arguments.messages[1]: must be object",
        "arguments.messages[2].content: is required",
    ];
    assert_eq!(problems, expected);
}

#[tokio::test]
async fn types_that_are_taken_besides_are_not_published() {
    let words = Words::with(TOOLS).await;
    let tool = words.server.client.get("/api/v3/tools/WORDS_SAY").await;
    let published = tool.expect(200)["input_parameters"]["properties"].clone();
    assert_eq!(published["choice"]["type"], "string");
    assert_eq!(published["choice"].get("accepts"), None);
    let members = json!({
        "content": { "type": "array", "items": { "type": "object" } }, "accepts": { "type": "string" }
    });
    assert_eq!(published["messages"]["items"]["properties"], members);
}

#[tokio::test]
async fn hidden_and_fixed_arguments_are_not_published() {
    let words = Words::with(TOOLS).await;
    let tool = words
        .server
        .client
        .get("/api/v3/tools/WORDS_MAKE")
        .await
        .expect(200);
    let names: Vec<&String> = tool["input_parameters"]["properties"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(names, ["title", "lines", "folder"]);
    assert_eq!(
        tool["input_parameters"]["properties"]["title"]["type"],
        "string"
    );
}

#[tokio::test]
async fn arguments_that_belong_together_or_exclude_one_another_are_told() {
    let words = Words::with(TOOLS).await;
    for (arguments, problem) in [
        (
            json!({}),
            "arguments: title, or lines and folder is required",
        ),
        (
            json!({ "lines": ["a"] }),
            "arguments: title, or lines and folder is required",
        ),
        (
            json!({ "title": "t", "lines": ["a"] }),
            "arguments: only one of title, lines may be given",
        ),
        (
            json!({ "title": true }),
            "arguments.title: must be integer or string",
        ),
    ] {
        let problems = super::problems(&words.reply("WORDS_MAKE", arguments).await);
        assert_eq!(problems, [problem]);
    }
    assert!(words.upstream.calls().is_empty());
    let call = words.sent("WORDS_MAKE", json!({ "title": 7 })).await;
    assert_eq!(call.json()["title"], 7);
}

#[tokio::test]
async fn values_travel_in_the_form_that_is_asked_for() {
    let words = Words::with(TOOLS).await;
    let arguments = json!({
        "since": "2026-01-31", "flag": true, "filter": { "a": 1 }, "ids": [1, 2], "parts": ["x", "y"],
    });
    let call = words.sent("WORDS_CONVERT", arguments).await;
    assert_eq!(
        call.query,
        "since=1769817600&flag=1&filter=%7B%22a%22%3A1%7D&ids=1%7C2&parts%5B%5D=x&parts%5B%5D=y"
    );
    assert_eq!(call.header("x-since"), Some("from 2026-01-31"));
    let problems = super::problems(
        &words
            .reply("WORDS_CONVERT", json!({ "since": "soon" }))
            .await,
    );
    assert!(
        problems[0].starts_with("arguments.since: must be an instant"),
        "{problems:?}"
    );
}

#[tokio::test]
async fn null_is_in_no_query_and_no_header() {
    let words = Words::with(TOOLS).await;
    let arguments = json!({ "paused": null, "trace": null, "flag": false });
    let call = words.sent("WORDS_CONVERT", arguments).await;
    assert_eq!(
        (call.query.as_str(), call.header("x-trace")),
        ("flag=0", None)
    );
}

#[tokio::test]
async fn a_form_has_what_is_nested_in_brackets() {
    let words = Words::with(TOOLS).await;
    let arguments = json!({
        "email": "a@b.test", "address": { "city": "Ulm", "lines": ["x"] },
        "items": [{ "price": "p1" }, { "price": "p2" }], "expand": ["data"],
    });
    let call = words.sent("WORDS_FORM", arguments).await;
    assert_eq!(
        call.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(call.body.as_bytes())
        .into_owned()
        .collect();
    let shown: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        shown,
        [
            "email=a@b.test",
            "address[city]=Ulm",
            "address[lines][]=x",
            "items[0][price]=p1",
            "items[1][price]=p2",
            "expand[]=data",
        ]
    );
}

#[tokio::test]
async fn graphql_sends_arguments_as_variables_and_an_answer_with_errors_failed() {
    let words = Words::with(TOOLS).await;
    words.upstream.answer(
        "/graphql",
        Answer::json(200, &json!({ "data": { "found": { "id": 1 } } })),
    );
    words.upstream.answer(
        "/graphql",
        Answer::json(
            200,
            &json!({ "data": null, "errors": [{ "message": "no such team" }] }),
        ),
    );
    let result = words
        .result("WORDS_GRAPHQL", json!({ "team": "ENG" }))
        .await;
    assert_eq!(result["data"], json!({ "found": { "id": 1 } }));
    assert_eq!(
        words.upstream.call().json(),
        json!({
            "query": "query Find($filter: F) { found { id } }",
            "variables": { "filter": { "team": { "key": "ENG" } } },
            "operationName": "Find",
        })
    );
    let result = words.result("WORDS_GRAPHQL", json!({})).await;
    assert_eq!(
        (&result["successful"], &result["error"]),
        (&json!(false), &json!("no such team"))
    );
}

#[tokio::test]
async fn one_argument_may_be_the_whole_body() {
    let words = Words::with(TOOLS).await;
    let call = words.sent("WORDS_WHOLE", json!({ "rows": [1, 2] })).await;
    assert_eq!(call.json(), json!([1, 2]));
}

#[tokio::test]
async fn a_whole_body_that_is_not_given_is_none() {
    let words = Words::with(TOOLS).await;
    let call = words.sent("WORDS_WHOLE_OR_NOTHING", json!({})).await;
    assert_eq!(
        (call.body.as_str(), call.header("content-type")),
        ("", None)
    );
}

#[tokio::test]
async fn the_rules_of_toolkit_and_tool_read_an_answer_together() {
    let words = Words::with(TOOLS).await;
    let good = Answer::json(200, &json!({ "thing": 5 })).header("x-page", "2");
    words.upstream.answer("/read/a", good);
    words.upstream.answer(
        "/read/b",
        Answer::json(200, &json!({ "ok": false, "why": "locked" })),
    );
    words
        .upstream
        .answer("/read/c", Answer::json(404, &json!({ "why": "gone" })));
    let result = words.result("WORDS_READ", json!({ "id": "a" })).await;
    assert_eq!(
        result["data"],
        json!({ "thing": 5, "page": "2", "id": "a" })
    );
    for (id, error) in [("b", "locked"), ("c", "404 gone")] {
        let result = words.result("WORDS_READ", json!({ "id": id })).await;
        assert_eq!(
            (&result["successful"], &result["error"]),
            (&json!(false), &json!(error))
        );
    }
}

#[tokio::test]
async fn a_service_that_asks_for_a_rest_by_its_own_headers_gets_one() {
    let words = Words::with(TOOLS).await;
    let limited = Answer::json(403, &json!({ "why": "slow down" }));
    let limited = limited.header("x-left", "0").header("x-reset", "0");
    words.upstream.answer("/read/a", limited);
    words
        .upstream
        .answer("/read/a", Answer::json(200, &json!({ "thing": 1 })));
    let result = words.result("WORDS_READ", json!({ "id": "a" })).await;
    assert_eq!(result["data"]["thing"], 1);
    assert_eq!(words.upstream.calls().len(), 2);
}

#[tokio::test]
async fn a_tool_without_a_request_makes_its_data_of_its_arguments() {
    let words = Words::with(TOOLS).await;
    let result = words
        .result("WORDS_LOCAL", json!({ "names": ["Ada", "Bo"] }))
        .await;
    assert_eq!(result["data"]["greeting"], "Hello Ada and Bo");
    assert_eq!(result["successful"], true);
    assert!(words.upstream.calls().is_empty());
}

#[tokio::test]
async fn an_expression_that_does_not_end_or_cannot_be_made_is_told_and_nothing_is_sent() {
    let words = Words::with(TOOLS).await;
    let error = words.reply("WORDS_LOOP", json!({})).await.error(400);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("WORDS_LOOP: request.body: "),
        "{message}"
    );
    let error = words
        .reply("WORDS_FAIL", json!({ "json": "{" }))
        .await
        .error(400);
    assert_eq!(
        error["message"],
        "WORDS_FAIL: request.body: the text is no JSON"
    );
    assert!(words.upstream.calls().is_empty());
}
