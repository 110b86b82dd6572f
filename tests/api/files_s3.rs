//! Files in a bucket: what programs bring and fetch goes there past the server, by links that the
//! bucket checks.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tenon::error::Shown;
use tenon::ids::FileId;
use tenon::scheme::Scheme;
use tenon::storage::files::File;
use tenon::{files, jobs};

use super::execute::World;
use crate::support::accounts::NewAccount;
use crate::support::client::{Client, Reply};
use crate::support::files::{announce, bring, md5, stored, upload};
use crate::support::object_store::{ACCESS_KEY, BUCKET, Fault, ObjectStore, SECRET_KEY};
use crate::support::stage::Stage;
use crate::support::upstream::{Answer, Upstream};

const HELLO: &str = "hello files";

async fn stage(store: &ObjectStore) -> Stage {
    Stage::with(&store.flags()).await
}

async fn file(stage: &Stage, uploaded: &Value) -> File {
    let id = FileId::from(uploaded["id"].as_str().unwrap().to_owned());
    let project = stage.project().await;
    let found = files::find(&stage.server.app, &project, &id).await;
    found.unwrap()
}

/// A link from which an uploaded file can be fetched.
async fn read_link(stage: &Stage, uploaded: &Value) -> String {
    let file = file(stage, uploaded).await;
    let link = files::read_link(&stage.server.app, &file).await;
    link.unwrap().url
}

/// Why there is no link to an upload.
async fn refusal(stage: &Stage, uploaded: &Value) -> (Shown, String) {
    let file = file(stage, uploaded).await;
    let error = files::read_link(&stage.server.app, &file)
        .await
        .unwrap_err();
    (error.shown(), error.to_string())
}

/// The objects of which a part of the key is `area`.
fn in_area(store: &ObjectStore, area: &str) -> Vec<String> {
    let mut objects = store.objects();
    objects.retain(|key| key.starts_with(&format!("tenon/{area}/")));
    objects
}

#[tokio::test]
async fn what_is_brought_and_fetched_goes_to_the_bucket_past_the_server() {
    let store = ObjectStore::start().await;
    // No tool may call this host: the server's own connection to its store is another one.
    let stage = Stage::with(&store.flags()).await;
    let announced = announce(&stage.server.client, "é.txt", HELLO).await;
    assert_eq!(announced["type"], "new");
    assert_eq!(announced["metadata"]["storage_backend"], "s3");
    let url = announced["new_presigned_url"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("{}/{BUCKET}/", store.base)),
        "{url}"
    );
    assert!(!url.contains(SECRET_KEY));
    assert_eq!(bring(&stage.server.anonymous, url, HELLO).await.status, 200);
    // The server itself only looked for uploads that nobody used.
    let (server, client): (Vec<String>, _) = store
        .seen()
        .into_iter()
        .partition(|seen| seen == &format!("GET /{BUCKET}"));
    assert_eq!((client.len(), server.len() < 2), (1, true), "{client:?}");
    assert_eq!(in_area(&store, "files"), Vec::<String>::new());

    // Looked at when it is first used, and from then on out of the uploader's reach.
    let read = read_link(&stage, &announced).await;
    assert!(
        read.starts_with(&format!("{}/{BUCKET}/", store.base)),
        "{read}"
    );
    assert_eq!(in_area(&store, "uploads"), Vec::<String>::new());
    assert_eq!(in_area(&store, "files").len(), 1);
    bring(&stage.server.anonymous, url, "hello wiles").await;
    let fetched = stage.server.anonymous.get(&read).await;
    assert_eq!((fetched.status, fetched.text.as_str()), (200, HELLO));
    assert_eq!(fetched.header("content-type"), Some("text/plain"));
    assert_eq!(
        fetched.header("content-disposition"),
        Some("attachment; filename*=UTF-8''%C3%A9.txt")
    );
    assert!(stored(&stage.server).is_empty());
}

#[tokio::test]
async fn a_python_upload_without_content_type_is_taken() {
    let store = ObjectStore::start().await;
    let stage = stage(&store).await;
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
    assert_eq!(file(&stage, &announced).await.size, None);
    read_link(&stage, &announced).await;
    assert_eq!(file(&stage, &announced).await.size, Some(11));
}

/// The same URL with one parameter changed.
fn with(url: &str, name: &str, change: impl Fn(&str) -> String) -> String {
    let mut url = url::Url::parse(url).unwrap();
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(key, value)| {
            let changed = if key == name {
                change(&value)
            } else {
                value.to_string()
            };
            (key.into_owned(), changed)
        })
        .collect();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.into()
}

#[tokio::test]
async fn a_link_opens_its_own_object_by_its_own_method_with_its_own_words() {
    let store = ObjectStore::start().await;
    let stage = stage(&store).await;
    let client = &stage.server.anonymous;
    let uploaded = upload(&stage.server.client, "hello.txt", HELLO).await;
    let second = upload(&stage.server.client, "second.txt", "second").await;
    let (read, other) = (
        read_link(&stage, &uploaded).await,
        read_link(&stage, &second).await,
    );
    let write = uploaded["new_presigned_url"].as_str().unwrap();
    assert_eq!(client.get(&read).await.status, 200);
    let query = read.split_once('?').unwrap().1;
    let flip = |value: &str| {
        let first = if value.starts_with('0') { "1" } else { "0" };
        format!("{first}{}", &value[1..])
    };
    for (what, url) in [
        ("for writing", write.to_owned()),
        (
            "to another file",
            format!("{}?{query}", other.split_once('?').unwrap().0),
        ),
        ("that is damaged", with(&read, "X-Amz-Signature", flip)),
        (
            "that lasts longer",
            with(&read, "X-Amz-Expires", |_| "86400".into()),
        ),
        (
            "that shows another type",
            with(&read, "response-content-type", |_| "text/html".into()),
        ),
        (
            "with another key",
            with(&read, "X-Amz-Credential", |value| {
                value.replace(ACCESS_KEY, "AKIDSTRANGER")
            }),
        ),
        ("without anything", read.split('?').next().unwrap().into()),
    ] {
        let status = client.get(&url).await.status;
        assert_eq!(status, 403, "a link {what}");
    }
    assert_eq!(bring(client, &read, HELLO).await.status, 403);
}

#[tokio::test]
async fn a_link_ends_with_its_time() {
    let store = ObjectStore::start().await;
    let flags = [store.flags(), vec!["--file-link-lifetime-s", "5"]].concat();
    let stage = Stage::with(&flags).await;
    let uploaded = upload(&stage.server.client, "hello.txt", HELLO).await;
    let read = read_link(&stage, &uploaded).await;
    // The store has its own clock, which nobody can move.
    tokio::time::sleep(Duration::from_millis(6500)).await;
    for (method, url) in [
        (Method::GET, read.as_str()),
        (Method::PUT, uploaded["new_presigned_url"].as_str().unwrap()),
    ] {
        let reply = stage.server.anonymous.send(method, url, Some("x".into()));
        assert_eq!(reply.await.status, 403);
    }
}

#[tokio::test]
async fn an_upload_that_is_not_what_was_announced_is_refused_when_it_is_used_and_goes() {
    for fault in [Fault::None, Fault::NoHashes] {
        let store = ObjectStore::start().await;
        store.misbehave(fault);
        let stage = stage(&store).await;
        let announced = announce(&stage.server.client, "hello.txt", HELLO).await;
        let url = announced["new_presigned_url"].as_str().unwrap();
        bring(&stage.server.anonymous, url, "hello wiles").await;
        let (shown, message) = refusal(&stage, &announced).await;
        assert_eq!(shown.status, 400);
        assert!(message.contains(&md5(HELLO.as_bytes())), "{message}");
        assert_eq!(store.objects(), Vec::<String>::new());

        bring(&stage.server.anonymous, url, HELLO).await;
        let read = read_link(&stage, &announced).await;
        assert_eq!(stage.server.anonymous.get(&read).await.text, HELLO);
    }
}

#[tokio::test]
async fn an_upload_that_is_larger_than_allowed_is_refused_when_it_is_used_and_goes() {
    let store = ObjectStore::start().await;
    let flags = [store.flags(), vec!["--max-file-bytes", "10"]].concat();
    let stage = Stage::with(&flags).await;
    let uploaded = upload(&stage.server.client, "hello.txt", HELLO).await;
    let (shown, message) = refusal(&stage, &uploaded).await;
    assert_eq!(shown.status, 400);
    assert!(message.contains("11 bytes"), "{message}");
    assert_eq!(store.objects(), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_that_was_never_brought_has_no_link() {
    let store = ObjectStore::start().await;
    let stage = stage(&store).await;
    let announced = announce(&stage.server.client, "hello.txt", HELLO).await;
    let (shown, _) = refusal(&stage, &announced).await;
    assert_eq!(shown.status, 404);
    assert!(shown.suggested_fix.unwrap().contains("Upload"));
}

#[tokio::test]
async fn the_same_content_is_stored_once_in_a_project_and_apart_in_another() {
    let store = ObjectStore::start().await;
    let stage = stage(&store).await;
    let other = stage.other_project().await;
    let first = upload(&stage.server.client, "hello.txt", HELLO).await;
    let again = upload(&stage.server.client, "hello.txt", HELLO).await;
    assert_eq!(first["id"], again["id"]);
    let renamed = upload(&stage.server.client, "renamed.txt", HELLO).await;
    assert_ne!(first["id"], renamed["id"]);
    for uploaded in [&first, &renamed] {
        let read = read_link(&stage, uploaded).await;
        assert_eq!(stage.server.anonymous.get(&read).await.text, HELLO);
    }
    assert_eq!(store.objects().len(), 1);
    upload(&other, "hello.txt", HELLO).await;
    assert_eq!(in_area(&store, "uploads").len(), 1);
    assert_eq!(in_area(&store, "files").len(), 1);
}

#[tokio::test]
async fn a_file_ends_after_its_time_used_or_not_and_a_shared_content_with_the_last_of_its_files() {
    let store = ObjectStore::start().await;
    let stage = stage(&store).await;
    let server = &stage.server;
    let first = upload(&server.client, "hello.txt", HELLO).await;
    read_link(&stage, &first).await;
    upload(&server.client, "unused.txt", "unused").await;
    server.clock.advance(Duration::from_hours(5 * 24));
    let later = upload(&server.client, "later.txt", HELLO).await;
    read_link(&stage, &later).await;
    assert_eq!(store.objects().len(), 2);
    server.clock.advance(Duration::from_hours(3 * 24));
    jobs::run_due(&server.app).await.unwrap();
    assert_eq!(store.objects().len(), 1);
    let read = read_link(&stage, &later).await;
    assert_eq!(server.anonymous.get(&read).await.text, HELLO);
    server.clock.advance(Duration::from_hours(7 * 24));
    server.clock.advance(files::PURGE_GRACE);
    jobs::run_due(&server.app).await.unwrap();
    assert_eq!(store.objects(), Vec::<String>::new());
}

#[tokio::test]
async fn an_upload_that_came_after_its_content_was_there_is_swept() {
    let store = ObjectStore::start().await;
    let stage = stage(&store).await;
    let server = &stage.server;
    let uploaded = upload(&server.client, "hello.txt", HELLO).await;
    read_link(&stage, &uploaded).await;
    upload(&server.client, "hello.txt", HELLO).await;
    assert_eq!(in_area(&store, "uploads").len(), 1);
    // The store's own clock is years behind then, and the file's row is gone long since.
    server.clock.advance(Duration::from_hours(50 * 365 * 24));
    jobs::run_due(&server.app).await.unwrap();
    assert_eq!(store.objects(), Vec::<String>::new());
}

#[tokio::test]
async fn the_purge_survives_a_store_that_is_out() {
    let store = ObjectStore::start().await;
    let stage = stage(&store).await;
    let server = &stage.server;
    upload(&server.client, "hello.txt", HELLO).await;
    server.clock.advance(Duration::from_hours(8 * 24));
    store.misbehave(Fault::Redirect("/elsewhere".into()));
    for _ in 0..12 {
        jobs::run_due(&server.app).await.unwrap();
        server.clock.advance(Duration::from_hours(1));
    }
    assert_eq!(store.objects().len(), 1);
    store.misbehave(Fault::None);
    jobs::run_due(&server.app).await.unwrap();
    assert_eq!(store.objects(), Vec::<String>::new());
}

/// A proxy to a toolkit's host, with files in a bucket.
struct Proxy {
    world: World,
    account: String,
}

impl Proxy {
    async fn start(store: &ObjectStore, more: &[&'static str]) -> Self {
        let mut flags = store.flags();
        flags.extend(["--allow-cidrs", "127.0.0.0/30"]);
        flags.extend(more);
        let world = World::with(&flags).await;
        let account = NewAccount::new(
            "vault",
            Scheme::BearerToken,
            json!({ "token": "tok-5f9c1b7e" }),
        )
        .store(&world.server)
        .await;
        Self { world, account }
    }

    async fn send(&self, method: &str, more: Value) -> Reply {
        let mut body = json!({
            "connected_account_id": self.account, "method": method, "endpoint": "/x",
        });
        let more = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        self.world.post("proxy", body).await
    }
}

#[tokio::test]
async fn an_answer_of_many_parts_becomes_a_file_in_the_bucket_and_is_sent_on_by_its_link() {
    let store = ObjectStore::start().await;
    let proxy = Proxy::start(&store, &[]).await;
    let content = "\u{0}23456789\n".repeat(900_000);
    let answer = Answer::bytes(200, "application/zip", content.as_bytes());
    proxy.world.upstream.answer("/api/x", answer);
    let reply = proxy.send("GET", json!({})).await.expect(200);
    let binary = &reply["binary_data"];
    assert_eq!(binary["size"], content.len());
    let url = binary["url"].as_str().unwrap();
    let fetched = proxy.world.server.anonymous.get(url).await;
    assert!(fetched.text == content, "{} bytes", fetched.text.len());
    assert_eq!((store.objects().len(), store.loose_parts()), (1, 0));
    let list = proxy.world.server.client.get("/api/v3/files/list").await;
    assert_eq!(list.json()["items"][0]["md5"], md5(content.as_bytes()));

    // The same content again is not kept a second time.
    let again = proxy.send("GET", json!({})).await.expect(200);
    assert_eq!(again["binary_data"]["size"], content.len());
    settled(&store, 1).await;

    proxy.world.upstream.forget("/api/x");
    let body = json!({ "binary_body": { "url": url, "content_type": "application/zip" } });
    proxy.send("PUT", body).await.expect(200);
    let call = proxy.world.upstream.calls().pop().unwrap();
    assert!(call.body == content, "{} bytes", call.body.len());
    assert_eq!(call.header("content-type"), Some("application/zip"));
}

/// Waits until nothing but whole objects is left: parts are given up beside the request.
async fn settled(store: &ObjectStore, objects: usize) {
    for _ in 0..200 {
        if (store.loose_parts(), store.objects().len()) == (0, objects) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} loose parts, {:?}", store.loose_parts(), store.objects());
}

#[tokio::test]
async fn an_answer_larger_than_a_file_may_be_leaves_no_part() {
    let store = ObjectStore::start().await;
    let proxy = Proxy::start(&store, &["--max-file-bytes", "9000000"]).await;
    let content = "\u{0}23456789\n".repeat(1_000_000);
    let answer = Answer::bytes(200, "application/zip", content.as_bytes());
    proxy.world.upstream.answer("/api/x", answer);
    let error = proxy.send("GET", json!({})).await.error(502);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("9000000 bytes"), "{message}");
    let begun = store.seen().iter().any(|seen| seen.starts_with("POST "));
    assert!(begun, "{:?}", store.seen());
    settled(&store, 0).await;
}

#[tokio::test]
async fn a_store_link_that_is_damaged_or_of_another_project_sends_nothing() {
    let store = ObjectStore::start().await;
    let proxy = Proxy::start(&store, &[]).await;
    let server = &proxy.world.server;
    let upstream = &proxy.world.upstream;
    upstream.answer("/api/x", Answer::bytes(200, "application/zip", b"\0\x02"));
    let reply = proxy.send("GET", json!({})).await.expect(200);
    let url = reply["binary_data"]["url"].as_str().unwrap();
    let send = |client: &Client, url: &str| {
        let connection = json!({
            "authScheme": "BEARER_TOKEN", "toolkitSlug": "vault", "val": { "token": "tok" },
        });
        let body = json!({
            "method": "POST", "endpoint": "/x", "binary_body": { "url": url },
            "custom_connection_data": connection,
        });
        let client = client.clone();
        async move { client.post("/api/v3/tools/execute/proxy", body).await }
    };
    let body = json!({ "name": "other", "should_create_api_key": true });
    let made = server.org.post("/api/v3/org/owner/project/new", body).await;
    let key = made.json()["api_key"].as_str().unwrap().to_owned();
    let other = server.anonymous.with_header("x-api-key", &key);
    send(&other, url).await.error(404);
    let damaged = with(url, "X-Amz-Signature", |value| {
        value.replace(['0', '1'], "2")
    });
    send(&server.client, &damaged).await.error(403);
    assert_eq!(upstream.calls().len(), 1);
    send(&server.client, url).await.expect(200);
    assert_eq!(upstream.calls().len(), 2);
}

#[tokio::test]
async fn a_store_that_is_out_ends_in_a_clear_error_and_not_in_a_hang() {
    for fault in [Fault::Unavailable, Fault::Hang] {
        let store = ObjectStore::start().await;
        let proxy = Proxy::start(&store, &["--files-s3-timeout", "1"]).await;
        let answer = Answer::bytes(200, "application/zip", b"\0\x02");
        proxy.world.upstream.answer("/api/x", answer);
        store.misbehave(fault.clone());
        let error = proxy.send("GET", json!({})).await.error(503);
        assert_eq!(error["slug"], "unavailable", "{fault:?}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("store of files"), "{message}");
        assert!(!message.contains(&store.base), "{message}");
        // An upload is announced all the same: no word of the store is needed for that.
        announce(&proxy.world.server.client, "hello.txt", HELLO).await;
    }
}

#[tokio::test]
async fn a_store_that_died_ends_in_a_clear_error() {
    let store = ObjectStore::start().await;
    let stage = stage(&store).await;
    let uploaded = upload(&stage.server.client, "hello.txt", HELLO).await;
    store.die();
    let (shown, message) = refusal(&stage, &uploaded).await;
    assert_eq!(shown.status, 503, "{message}");
}

#[tokio::test]
async fn a_store_that_sends_us_elsewhere_is_not_followed() {
    let store = ObjectStore::start().await;
    let stranger = Upstream::start_at("127.0.0.9").await;
    let stage = stage(&store).await;
    let uploaded = upload(&stage.server.client, "hello.txt", HELLO).await;
    store.misbehave(Fault::Redirect(format!("{}/take", stranger.base)));
    let (shown, _) = refusal(&stage, &uploaded).await;
    assert_eq!(shown.status, 503);
    assert_eq!(stranger.calls().len(), 0);
}

#[tokio::test]
async fn a_server_with_another_secret_is_told_that_its_operator_must_look() {
    let store = ObjectStore::start().await;
    let mut flags = store.flags();
    let secret = flags.iter().position(|flag| *flag == SECRET_KEY).unwrap();
    flags[secret] = "another-secret";
    let stage = Stage::with(&flags).await;
    let announced = announce(&stage.server.client, "hello.txt", HELLO).await;
    let url = announced["new_presigned_url"].as_str().unwrap();
    assert_eq!(bring(&stage.server.anonymous, url, HELLO).await.status, 403);
    let (shown, message) = refusal(&stage, &announced).await;
    assert_eq!(shown.status, 503);
    assert!(message.contains("operator"), "{message}");
    assert!(!format!("{:?}", stage.server.app.config).contains("another-secret"));
    assert!(!format!("{:?}", stage.server.app.blobs).contains("another-secret"));
}
