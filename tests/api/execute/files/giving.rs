//! Files on their way from a service.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::World;
use super::{TOKEN, depot, done, run};
use crate::support::files::{fetch, md5, stored};
use crate::support::upstream::Answer;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0";

/// What is behind the file that a tool gave.
async fn content(file: &Value) -> Vec<u8> {
    fetch(file["s3url"].as_str().unwrap()).await
}

fn named(file: &Value) -> (&str, &str) {
    let text = |key: &str| file[key].as_str().unwrap();
    (text("name"), text("mimetype"))
}

/// The error of a call that gives no file and leaves none.
async fn failed(world: &World, slug: &str, arguments: Value) -> String {
    let result = run(world, slug, arguments).await.expect(200);
    assert_eq!(result["successful"], false, "{result}");
    assert!(stored(&world.server).is_empty());
    let list = world.server.client.get("/api/v3/files/list").await;
    assert_eq!(list.expect(200)["items"], json!([]));
    result["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_answer_that_is_a_file_is_given_as_a_link_under_the_name_that_the_service_says() {
    let world = depot(&[]).await;
    let disposition = "attachment; filename=x.txt; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt";
    let answer = Answer::text(
        200,
        "text/plain; charset=utf-8",
        "{\"is\": \"no JSON here\"}",
    );
    let answer = answer.header("content-disposition", disposition);
    world.upstream.answer("/depot/fetch/7", answer);
    let data = done(&world, "DEPOT_FETCH", json!({ "id": "7" })).await;
    assert_eq!(
        named(&data["content"]),
        ("Grüße.txt", "text/plain; charset=utf-8")
    );
    let fetched = content(&data["content"]).await;
    assert_eq!(fetched, b"{\"is\": \"no JSON here\"}");
    let list = world
        .server
        .client
        .get("/api/v3/files/list")
        .await
        .expect(200);
    let listed = &list["items"][0];
    assert_eq!(listed["md5"], md5(&fetched));
    assert_eq!(listed["tool_slug"], "DEPOT_FETCH");
}

#[tokio::test]
async fn what_the_service_does_not_say_the_manifest_does() {
    let world = depot(&[]).await;
    let answer = Answer::bytes(200, "application/octet-stream", b"a;b");
    world.upstream.answer("/depot/fetch/7", answer);
    let data = done(&world, "DEPOT_FETCH", json!({ "id": "7" })).await;
    assert_eq!(named(&data["content"]), ("thing-7.csv", "text/csv"));
}

#[tokio::test]
async fn files_without_a_byte_and_without_a_length_are_files() {
    let world = depot(&[]).await;
    world.upstream.answer("/depot/fetch/0", Answer::empty(200));
    let data = done(&world, "DEPOT_FETCH", json!({ "id": "0" })).await;
    assert_eq!(content(&data["content"]).await, b"");
    let length = 10 * 64 * 1024;
    world
        .upstream
        .answer("/depot/fetch/x", Answer::flood(length));
    let data = done(&world, "DEPOT_FETCH", json!({ "id": "x" })).await;
    let fetched = content(&data["content"]).await;
    assert!(fetched == vec![b'x'; length], "{} bytes", fetched.len());
}

#[tokio::test]
async fn a_file_that_breaks_off_is_an_error_of_the_tool_and_leaves_nothing() {
    let world = depot(&[]).await;
    world
        .upstream
        .answer("/depot/fetch/7", Answer::broken_off());
    let error = failed(&world, "DEPOT_FETCH", json!({ "id": "7" })).await;
    assert!(error.contains("broke off"), "{error}");
}

#[tokio::test]
async fn a_file_above_the_limit_is_an_error_of_the_tool_and_leaves_nothing() {
    let world = depot(&["--max-file-bytes", "9"]).await;
    world
        .upstream
        .answer("/depot/fetch/7", Answer::bytes(200, "a/b", PNG));
    let error = failed(&world, "DEPOT_FETCH", json!({ "id": "7" })).await;
    assert!(error.contains("9 bytes"), "{error}");
    let packed = Answer::gzipped(200, "a/b", &[b'x'; 10_000]);
    world.upstream.answer("/depot/fetch/8", packed);
    let error = failed(&world, "DEPOT_FETCH", json!({ "id": "8" })).await;
    assert!(error.contains("9 bytes"), "{error}");
}

#[tokio::test]
async fn a_refusal_in_the_place_of_a_file_is_a_refusal() {
    let world = depot(&[]).await;
    let missing = Answer::json(404, &json!({ "message": "no such file" }));
    world.upstream.answer("/depot/fetch/7", missing);
    let error = failed(&world, "DEPOT_FETCH", json!({ "id": "7" })).await;
    assert_eq!(error, "404 no such file");
    world
        .upstream
        .answer("/depot/fetch/8", Answer::bytes(500, "image/png", PNG));
    let error = failed(&world, "DEPOT_FETCH", json!({ "id": "8" })).await;
    assert_eq!(error, "500 Internal Server Error");
}

#[tokio::test]
async fn an_answer_that_is_no_text_is_a_file_though_nobody_said_so() {
    let world = depot(&[]).await;
    world
        .upstream
        .answer("/depot/look", Answer::bytes(200, "image/png", PNG));
    let data = done(&world, "DEPOT_LOOK", json!({})).await;
    assert_eq!(named(&data["file"]), ("look", "image/png"));
    assert_eq!(content(&data["file"]).await, PNG);
    // Called text, and found to be none when it was read.
    world.upstream.forget("/depot/look");
    world
        .upstream
        .answer("/depot/look", Answer::bytes(200, "text/plain", b"\xff\xfe"));
    let data = done(&world, "DEPOT_LOOK", json!({})).await;
    assert_eq!(content(&data["file"]).await, b"\xff\xfe");
}

#[tokio::test]
async fn a_file_within_an_object_takes_its_place_there() {
    let world = depot(&[]).await;
    let answer = json!({ "size": 10, "part": { "data": STANDARD.encode(PNG), "id": 3 } });
    world
        .upstream
        .answer("/depot/attachment", Answer::json(200, &answer));
    let data = done(&world, "DEPOT_ATTACHMENT", json!({ "name": "a/b.png" })).await;
    assert_eq!(named(&data["file"]), ("b.png", "image/png"));
    assert_eq!(content(&data["file"]).await, PNG);
    assert_eq!(data["size"], 10);
    assert_eq!(data["part"], json!({ "id": 3 }));
}

#[tokio::test]
async fn an_object_without_its_file_is_an_error_of_the_tool() {
    let world = depot(&[]).await;
    for answer in [
        json!({ "size": 10 }),
        json!({ "part": { "data": "no base64!" } }),
        json!([1]),
    ] {
        world.upstream.forget("/depot/attachment");
        world
            .upstream
            .answer("/depot/attachment", Answer::json(200, &answer));
        let error = failed(&world, "DEPOT_ATTACHMENT", json!({ "name": "x" })).await;
        assert_eq!(error, "the answer has no file in Base64 at `part.data`");
    }
}

#[tokio::test]
async fn a_service_that_names_a_file_after_the_token_does_not_get_it_shown() {
    let world = depot(&[]).await;
    let echo = format!("x/{TOKEN}");
    let disposition = format!("attachment; filename*=UTF-8''{TOKEN}.txt");
    let answer = Answer::bytes(200, &echo, PNG).header("content-disposition", &disposition);
    world.upstream.answer("/depot/fetch/7", answer.clone());
    world.upstream.answer("/depot/look", answer);
    for (slug, arguments) in [
        ("DEPOT_FETCH", json!({ "id": "7" })),
        ("DEPOT_LOOK", json!({})),
    ] {
        let data = done(&world, slug, arguments).await;
        assert!(!data.to_string().contains(TOKEN), "{data}");
        assert!(data.to_string().contains("[redacted].txt"), "{data}");
    }
    let list = world.server.client.get("/api/v3/files/list").await;
    assert!(!list.text.contains(TOKEN), "{}", list.text);
}
