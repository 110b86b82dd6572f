//! Files: announced, brought and fetched through signed links, listed, shared, removed.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use reqwest::Method;
use serde_json::{Value, json};
use tenon::crypto::FileAccess;
use tenon::ids::FileId;
use tenon::{files, jobs};

use crate::support::files::{announce, bring, md5, stored, upload};
use crate::support::server::TestServer;
use crate::support::stage::Stage;

const HELLO: &str = "hello files";

/// A link from which an uploaded file can be fetched.
async fn read_link(stage: &Stage, uploaded: &Value) -> String {
    let id = FileId::from(uploaded["id"].as_str().unwrap().to_owned());
    let project = stage.project().await;
    let file = files::find(&stage.server.app, &project, &id).await.unwrap();
    files::read_link(&stage.server.app, &file)
        .await
        .unwrap()
        .url
}

/// Lets everything that is stored now end, and be removed.
async fn let_all_pass(server: &TestServer) {
    server.clock.advance(Duration::from_hours(7 * 24));
    server.clock.advance(files::PURGE_GRACE);
    jobs::run_due(&server.app).await.unwrap();
}

#[tokio::test]
async fn an_upload_is_announced_brought_and_fetched() {
    let stage = Stage::start().await;
    let server = &stage.server;
    let announced = announce(&server.client, "hello.txt", HELLO).await;
    assert_eq!(announced["type"], "new");
    assert_eq!(announced["new_presigned_url"], announced["newPresignedUrl"]);
    assert_eq!(announced["metadata"]["storage_backend"], "s3");
    let url = announced["new_presigned_url"].as_str().unwrap();
    assert!(url.starts_with(&server.base), "{url}");

    // No key goes with the content: the link is enough.
    let brought = bring(&server.anonymous, url, HELLO).await;
    assert_eq!((brought.status, brought.text.as_str()), (200, ""));
    let fetched = server
        .anonymous
        .get(&read_link(&stage, &announced).await)
        .await;
    assert_eq!((fetched.status, fetched.text.as_str()), (200, HELLO));
    assert_eq!(fetched.header("content-length"), Some("11"));
    assert_eq!(fetched.header("content-type"), Some("text/plain"));
}

#[tokio::test]
async fn a_python_upload_without_content_type_is_taken() {
    let stage = Stage::start().await;
    let announced = announce(&stage.server.client, "hello.txt", HELLO).await;
    #[expect(
        clippy::disallowed_methods,
        reason = "another client than the tests' own"
    )]
    let reply = reqwest::Client::new()
        .put(announced["new_presigned_url"].as_str().unwrap())
        .body(HELLO)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
}

#[tokio::test]
async fn a_content_that_was_not_announced_is_refused_and_leaves_nothing() {
    let server = TestServer::start().await;
    let announced = announce(&server.client, "hello.txt", HELLO).await;
    let url = announced["new_presigned_url"].as_str().unwrap();
    let error = bring(&server.anonymous, url, "another").await.error(400);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&md5(HELLO.as_bytes())), "{message}");
    assert!(stored(&server).is_empty());
    assert_eq!(bring(&server.anonymous, url, HELLO).await.status, 200);
}

#[tokio::test]
async fn a_link_opens_its_own_file_by_its_own_method_for_its_own_time() {
    let stage = Stage::start().await;
    let server = &stage.server;
    let uploaded = upload(&server.client, "hello.txt", HELLO).await;
    let second = upload(&server.client, "second.txt", "second").await;
    let write = uploaded["new_presigned_url"].as_str().unwrap();
    let read = read_link(&stage, &uploaded).await;
    let (id, other) = (
        uploaded["id"].as_str().unwrap(),
        second["id"].as_str().unwrap(),
    );
    let (_, signature) = read.rsplit_once("signature=").unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let expires = "expires=";
    let at = read.find(expires).unwrap() + expires.len();
    for (what, url) in [
        ("for writing", write.to_owned()),
        ("of another file", read.replace(id, other)),
        ("of another project", read.replace("project=", "project=x")),
        (
            "that lasts longer",
            format!("{}9{}", &read[..at], &read[at + 1..]),
        ),
        (
            "that is damaged",
            read.replace(signature, &format!("{flipped}{}", &signature[1..])),
        ),
        ("without a signature", read.replace(signature, "")),
        (
            "without anything",
            read.split('?').next().unwrap().to_owned(),
        ),
    ] {
        let error = server.anonymous.get(&url).await.error(403);
        assert_eq!(error["slug"], "forbidden", "a link {what}");
    }
    bring(&server.anonymous, &read, HELLO).await.error(403);

    assert_eq!(server.anonymous.get(&read).await.status, 200);
    server.clock.advance(Duration::from_hours(1));
    for url in [read.as_str(), write] {
        let method = if url == write {
            Method::PUT
        } else {
            Method::GET
        };
        let error = server.anonymous.send(method, url, None).await.error(403);
        assert!(error["message"].as_str().unwrap().contains("expired"));
    }
}

#[tokio::test]
async fn a_file_larger_than_allowed_is_refused_whether_its_length_is_announced_or_not() {
    let server = TestServer::with(&["--max-file-bytes", "10"]).await;
    let announced = announce(&server.client, "hello.txt", HELLO).await;
    let url = announced["new_presigned_url"].as_str().unwrap();
    let error = bring(&server.anonymous, url, HELLO).await.error(413);
    assert!(error["message"].as_str().unwrap().contains("10 bytes"));
    let pieces = ["hello ", "files"].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
    #[expect(clippy::disallowed_methods, reason = "sends without a length")]
    let reply = reqwest::Client::new()
        .put(url)
        .body(reqwest::Body::wrap_stream(stream::iter(pieces)))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 413);
    assert!(stored(&server).is_empty());
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let server = TestServer::start().await;
    let announced = announce(&server.client, "hello.txt", HELLO).await;
    let pieces = [Ok(Bytes::from("hello ")), Err(std::io::Error::other("cut"))];
    #[expect(clippy::disallowed_methods, reason = "breaks off on purpose")]
    let sent = reqwest::Client::new()
        .put(announced["new_presigned_url"].as_str().unwrap())
        .body(reqwest::Body::wrap_stream(stream::iter(pieces)))
        .send()
        .await;
    assert!(sent.is_err());
    let id = announced["id"].as_str().unwrap();
    // The server notices a moment after the client has gone.
    for _ in 0..100 {
        if stored(&server).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(stored(&server).is_empty(), "{id}");
}

#[tokio::test]
async fn the_same_content_is_stored_once_in_a_project_and_apart_in_another() {
    let stage = Stage::start().await;
    let (server, other) = (&stage.server, stage.other_project().await);
    let first = upload(&server.client, "hello.txt", HELLO).await;
    let again = upload(&server.client, "hello.txt", HELLO).await;
    assert_eq!(first["id"], again["id"]);
    assert_eq!(first["key"], again["key"]);
    let renamed = upload(&server.client, "renamed.txt", HELLO).await;
    assert_ne!(first["id"], renamed["id"]);
    assert_eq!(stored(server).len(), 1);
    for file in [&first, &renamed] {
        let fetched = server.anonymous.get(&read_link(&stage, file).await).await;
        assert_eq!(fetched.text, HELLO);
    }
    upload(&other, "hello.txt", HELLO).await;
    assert_eq!(stored(server).len(), 2);
}

#[tokio::test]
async fn what_is_stored_is_sealed() {
    let server = TestServer::start().await;
    upload(&server.client, "hello.txt", HELLO).await;
    let stored = stored(&server);
    let content = std::fs::read(&stored[0]).unwrap();
    assert!(content.len() > HELLO.len());
    assert!(!content.windows(5).any(|window| window == b"hello"));
}

#[tokio::test]
async fn a_damaged_content_is_not_handed_over() {
    let stage = Stage::start().await;
    let uploaded = upload(&stage.server.client, "hello.txt", HELLO).await;
    let path = &stored(&stage.server)[0];
    let mut content = std::fs::read(path).unwrap();
    *content.last_mut().unwrap() ^= 1;
    std::fs::write(path, content).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the body is expected to fail")]
    let reply = reqwest::Client::new()
        .get(read_link(&stage, &uploaded).await)
        .send()
        .await;
    let body = match reply {
        Ok(reply) => reply.bytes().await,
        Err(cause) => Err(cause),
    };
    assert!(body.is_err(), "{body:?}");
}

#[tokio::test]
async fn a_browser_saves_a_file_and_runs_nothing_of_it() {
    let stage = Stage::start().await;
    let body = json!({
        "toolkit_slug": "acme", "tool_slug": "ACME_SEND", "filename": "../é \"x\".html",
        "mimetype": "text/html", "md5": md5(b"<script>"),
    });
    let path = "/api/v3/files/upload/request";
    let announced = stage.server.client.post(path, body).await.expect(200);
    let url = announced["new_presigned_url"].as_str().unwrap();
    bring(&stage.server.anonymous, url, "<script>").await;
    let url = read_link(&stage, &announced).await;
    let fetched = stage.server.anonymous.get(&url).await;
    assert_eq!(
        fetched.header("content-disposition"),
        Some("attachment; filename*=UTF-8''%C3%A9%20%22x%22.html")
    );
    assert_eq!(fetched.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(
        fetched.header("content-security-policy"),
        Some("default-src 'none'; sandbox")
    );
}

#[tokio::test]
async fn files_are_listed_by_project_toolkit_and_tool() {
    let stage = Stage::start().await;
    let (client, other) = (&stage.server.client, stage.other_project().await);
    upload(client, "hello.txt", HELLO).await;
    let body = json!({
        "toolkit_slug": "SHOP", "tool_slug": "shop_sell", "filename": "b.pdf",
        "mimetype": "application/pdf", "md5": md5(b"b"),
    });
    client
        .post("/api/v3/files/upload/request", body)
        .await
        .expect(200);
    upload(&other, "theirs.txt", HELLO).await;

    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap();
        let name = |item: &Value| item["filename"].as_str().unwrap().to_owned();
        items.iter().map(name).collect()
    };
    let list = client.get("/api/v3/files/list").await.expect(200);
    assert_eq!(list["total_items"], 2);
    let mut all = names(&list);
    all.sort();
    assert_eq!(all, ["b.pdf", "hello.txt"]);
    for (query, expected) in [
        ("toolkit_slug=Shop", "b.pdf"),
        ("tool_slug=acme_send", "hello.txt"),
    ] {
        let path = format!("/api/v3.1/files/list?{query}");
        assert_eq!(names(&client.get(&path).await.expect(200)), [expected]);
    }
    let first = client.get("/api/v3/files/list?limit=1").await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/api/v3/files/list?limit=1&cursor={cursor}");
    let second = client.get(&path).await.expect(200);
    assert_eq!(second["next_cursor"], Value::Null);
    assert_ne!(names(&first), names(&second));
    assert_eq!(
        first["items"][0]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["toolkit_slug", "tool_slug", "filename", "mimetype", "md5"]
    );
}

#[tokio::test]
async fn an_announcement_that_names_no_hash_or_tool_is_refused_by_field() {
    let server = TestServer::start().await;
    let body = json!({
        "toolkit_slug": " ", "tool_slug": "", "filename": "x", "mimetype": "", "md5": "d41d8",
    });
    let path = "/api/v3/files/upload/request";
    let error = server.client.post(path, body).await.error(400);
    assert_eq!(error["errors"].as_array().unwrap().len(), 2);
    let body = json!({
        "toolkit_slug": "a", "tool_slug": "b", "filename": "x", "mimetype": "", "md5": "d41d8",
    });
    let error = server.client.post(path, body).await.error(400);
    assert!(error["errors"][0].as_str().unwrap().starts_with("md5:"));
    server.anonymous.post(path, json!({})).await.error(401);
}

#[tokio::test]
async fn a_file_ends_after_its_time_and_a_shared_content_with_the_last_of_its_files() {
    let stage = Stage::start().await;
    let server = &stage.server;
    upload(&server.client, "hello.txt", HELLO).await;
    server.clock.advance(Duration::from_hours(5 * 24));
    let later = upload(&server.client, "later.txt", HELLO).await;
    server.clock.advance(Duration::from_hours(3 * 24));
    jobs::run_due(&server.app).await.unwrap();
    assert_eq!(stored(server).len(), 1);
    let fetched = server.anonymous.get(&read_link(&stage, &later).await).await;
    assert_eq!(fetched.text, HELLO);
    let_all_pass(server).await;
    let list = server.client.get("/api/v3/files/list").await.expect(200);
    assert_eq!(list["total_items"], 0);
    assert!(stored(server).is_empty());
}

#[tokio::test]
async fn a_deleted_projects_files_go_with_the_next_purge_and_no_others() {
    let stage = Stage::start().await;
    let server = &stage.server;
    let other = stage.other_project().await;
    upload(&other, "theirs.txt", HELLO).await;
    upload(&server.client, "ours.txt", HELLO).await;
    let info = other.get("/api/v3/auth/session/info").await.expect(200);
    let id = info["project"]["nano_id"].as_str().unwrap();
    let path = format!("/api/v3/org/owner/project/{id}");
    let deleted = server.org.delete(&path).await;
    assert_eq!(deleted.status, 200, "{}", deleted.text);
    server
        .clock
        .advance(files::PURGE_GRACE + Duration::from_mins(1));
    jobs::run_due(&server.app).await.unwrap();
    assert_eq!(stored(server).len(), 1);
    let list = server.client.get("/api/v3/files/list").await.expect(200);
    assert_eq!(list["items"][0]["filename"], "ours.txt");
}

#[tokio::test]
async fn a_file_that_was_never_brought_has_no_link_and_nothing_behind_one() {
    let stage = Stage::start().await;
    let announced = announce(&stage.server.client, "hello.txt", HELLO).await;
    let id = FileId::from(announced["id"].as_str().unwrap().to_owned());
    let (app, project) = (&stage.server.app, stage.project().await);
    let file = files::find(app, &project, &id).await.unwrap();
    let refused = files::read_link(app, &file).await.unwrap_err().shown();
    assert_eq!(refused.status, 404);
    assert!(refused.suggested_fix.unwrap().contains("Upload"));
    let until = app.clock.now().after(Duration::from_hours(1));
    let signature = app.file_links.sign(FileAccess::Read, &project, &id, until);
    let url = format!(
        "/api/v3/files/content/{id}?project={project}&expires={}&signature={}",
        until.as_secs(),
        signature.unwrap()
    );
    let error = stage.server.anonymous.get(&url).await.error(404);
    assert!(error["suggested_fix"].as_str().unwrap().contains("Upload"));
}
