//! What is checked before a call, and what is sent.

use serde_json::json;

use super::{World, problems};

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
async fn text_without_a_language_model_is_refused_and_the_way_out_named() {
    let world = World::start().await;
    let words = json!({ "text": "ping it" });
    let error = world.post("OPEN_PING", words).await.error(501);
    assert_eq!(error["slug"], "not_implemented");
    assert!(
        error["message"].as_str().unwrap().contains("TENON_LLM_URL"),
        "{error}"
    );
    let both = json!({ "text": "ping it", "arguments": { "page": 1 } });
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
async fn empty_forms_of_what_may_be_left_out_are_taken() {
    let world = World::start().await;
    let body = json!({ "custom_auth_params": {}, "custom_connection_data": null, "text": "" });
    assert_eq!(
        world.post("OPEN_PING", body).await.expect(200)["successful"],
        true
    );
}

#[tokio::test]
async fn a_private_upstream_is_refused_unless_the_operator_allows_it() {
    let world = World::with(&[]).await;
    let reply = world.execute("OPEN_PING", json!({})).await;
    let error = reply.error(400);
    assert!(
        error["suggested_fix"]
            .as_str()
            .unwrap()
            .contains("TENON_ALLOW_CIDRS"),
        "{error}"
    );
    assert!(world.upstream.calls().is_empty());
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
