//! Files that go into an upload session, piece by piece.

use bytes::BytesMut;
use serde_json::{Value, json};

use super::super::World;
use super::{TOKEN, depot, done, run, uploaded};
use crate::support::upstream::{Answer, Call, Upstream};

const PIECE: usize = 8 * 1024 * 1024;
const OPEN: &str = "/depot/uploads";
const SESSION: &str = "/depot/session";

/// A depot whose uploads open a session.
async fn opened() -> World {
    let world = depot(&[]).await;
    let opens =
        Answer::json(200, &Value::Null).header("location", &format!("{SESSION}?upload_id=7"));
    world.upstream.answer(OPEN, opens);
    world
}

fn has(bytes: usize) -> Answer {
    Answer::empty(308).header("range", &format!("bytes=0-{}", bytes - 1))
}

async fn send(world: &World, content: &str) -> Value {
    let file = uploaded(&world.server.client, "big.bin", content).await;
    let arguments = json!({ "folder": "inbox", "file": file });
    let reply = run(world, "DEPOT_UPLOAD", arguments).await;
    reply.expect(200)
}

/// The calls at the session, as range and length.
fn ranges(world: &World) -> Vec<(String, usize)> {
    let calls = world.upstream.calls();
    let session = calls.iter().filter(|call| call.path == SESSION);
    let range = |call: &Call| call.header("content-range").unwrap().to_owned();
    session
        .map(|call| (range(call), call.bytes.len()))
        .collect()
}

#[tokio::test]
async fn a_large_file_goes_in_pieces_to_the_session_that_was_opened_for_it() {
    let world = opened().await;
    let size = PIECE + 12_345;
    let content: String = ('a'..='z').cycle().take(size).collect();
    world.upstream.answer(SESSION, has(PIECE));
    world
        .upstream
        .answer(SESSION, Answer::json(201, &json!({ "id": "f1" })));
    let result = send(&world, &content).await;
    assert_eq!(result["data"], json!({ "id": "f1" }), "{result}");
    let calls = world.upstream.calls();
    let open = &calls[0];
    assert_eq!(
        (open.method.as_str(), open.query.as_str()),
        ("POST", "uploadType=resumable")
    );
    assert_eq!(
        open.json(),
        json!({ "folder": "inbox", "name": "big.bin", "mimeType": "text/plain" })
    );
    assert_eq!(open.header("x-upload-content-type"), Some("text/plain"));
    let length = size.to_string();
    assert_eq!(
        open.header("x-upload-content-length"),
        Some(length.as_str())
    );
    assert_eq!(
        ranges(&world),
        [
            (format!("bytes 0-{}/{size}", PIECE - 1), PIECE),
            (format!("bytes {PIECE}-{}/{size}", size - 1), size - PIECE),
        ]
    );
    let mut arrived = BytesMut::new();
    for call in &calls[1..] {
        assert_eq!(
            (call.method.as_str(), call.query.as_str()),
            ("PUT", "upload_id=7")
        );
        let authorization = format!("Bearer {TOKEN}");
        assert_eq!(call.header("authorization"), Some(authorization.as_str()));
        arrived.extend_from_slice(&call.bytes);
    }
    assert!(arrived == content.as_bytes(), "another content arrived");
}

#[tokio::test]
async fn an_upload_that_was_interrupted_goes_on_where_it_stopped() {
    let world = opened().await;
    let content: String = ('a'..='z').cycle().take(1000).collect();
    let answers = [
        Answer::empty(503).header("retry-after", "0"),
        has(400),
        Answer::broken_off(),
        has(700),
        Answer::json(200, &json!({ "id": "f1" })),
    ];
    for answer in answers {
        world.upstream.answer(SESSION, answer);
    }
    let result = send(&world, &content).await;
    assert_eq!(result["data"], json!({ "id": "f1" }), "{result}");
    let range = |range: &str, length| (range.to_owned(), length);
    assert_eq!(
        ranges(&world),
        [
            range("bytes 0-999/1000", 1000),
            range("bytes */1000", 0),
            range("bytes 400-999/1000", 600),
            range("bytes */1000", 0),
            range("bytes 700-999/1000", 300),
        ]
    );
    let calls = world.upstream.calls();
    let last = calls.last().unwrap();
    assert_eq!(last.body, content[700..]);
}

#[tokio::test]
async fn an_empty_file_is_uploaded_too() {
    let world = opened().await;
    let result = send(&world, "").await;
    assert_eq!(result["successful"], true, "{result}");
    assert_eq!(ranges(&world), [("bytes */0".to_owned(), 0)]);
}

#[tokio::test]
async fn an_upload_that_does_not_move_ends() {
    let world = opened().await;
    world.upstream.answer(SESSION, Answer::empty(308));
    let result = send(&world, "hello").await;
    assert_eq!(result["error"], "the upload stopped at 0 of 5 bytes");
    assert_eq!(ranges(&world).len(), 3);
}

#[tokio::test]
async fn a_refusal_on_the_way_is_the_result() {
    let world = opened().await;
    let gone = Answer::json(404, &json!({ "message": "no such session" }));
    world.upstream.answer(SESSION, gone);
    let result = send(&world, "hello").await;
    assert_eq!(result["error"], "404 no such session");
    world.upstream.forget(OPEN);
    let full = Answer::json(403, &json!({ "message": "no room" }));
    world.upstream.answer(OPEN, full);
    let result = send(&world, "hello").await;
    assert_eq!(result["error"], "403 no room");
    assert_eq!(ranges(&world).len(), 1);
}

#[tokio::test]
async fn a_session_at_a_foreign_host_gets_neither_file_nor_token() {
    let world = depot(&[]).await;
    let stranger = Upstream::start_at("127.0.0.9").await;
    let away = format!("{}/session", stranger.base);
    let opens = Answer::empty(200).header("location", &away);
    world.upstream.answer(OPEN, opens);
    let result = send(&world, "secret plans").await;
    assert_eq!(result["successful"], false);
    let error = result["error"].as_str().unwrap();
    assert!(error.contains("not one of its hosts"), "{error}");
    assert!(stranger.calls().is_empty());
    world.upstream.forget(OPEN);
    let result = send(&world, "secret plans").await;
    let error = result["error"].as_str().unwrap();
    assert!(error.contains("did not say where"), "{error}");
}

#[tokio::test]
async fn a_session_is_opened_again_after_a_passing_failure() {
    let world = depot(&[]).await;
    let busy = Answer::empty(503).header("retry-after", "0");
    world.upstream.answer(OPEN, busy);
    let opens = Answer::empty(200).header("location", SESSION);
    world.upstream.answer(OPEN, opens);
    let file = uploaded(&world.server.client, "a.txt", "hello").await;
    done(&world, "DEPOT_UPLOAD", json!({ "file": file })).await;
    assert_eq!(world.upstream.calls().len(), 3);
}
