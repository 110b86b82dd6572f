//! Files on their way to a service.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::problems;
use super::{TOKEN, depot, done, run, uploaded};
use crate::support::files::announce;
use crate::support::upstream::{Answer, Call};

/// Larger than a chunk of the store, and no two pieces alike.
pub(super) fn long(bytes: usize) -> String {
    let mut text = String::new();
    for number in 0..bytes.div_ceil(8) {
        text.push_str(&format!("{number:08}"));
    }
    text.truncate(bytes);
    text
}

fn busy() -> Answer {
    Answer::json(503, &json!({})).header("retry-after", "0")
}

/// A form as it must be, byte for byte.
fn assert_form(call: &Call, parts: &[&str]) {
    let kind = call.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let mut expected = String::new();
    for part in parts {
        expected.push_str(&format!("--{boundary}\r\n{part}\r\n"));
    }
    expected.push_str(&format!("--{boundary}--\r\n"));
    assert_eq!(call.body, expected);
    assert_eq!(
        call.header("content-length"),
        Some(expected.len().to_string().as_str())
    );
}

#[tokio::test]
async fn files_go_into_a_form_beside_the_other_arguments_and_again_after_a_passing_failure() {
    let world = depot(&[]).await;
    let client = &world.server.client;
    let file = uploaded(client, "Grüße \"an\" alle.txt", "hello").await;
    let empty = uploaded(client, "empty.txt", "").await;
    world.upstream.answer("/depot/form", busy());
    world
        .upstream
        .answer("/depot/form", Answer::json(200, &json!({ "id": 1 })));
    let arguments = json!({
        "title": "Räume", "copies": 2, "tags": ["a", "b"], "city": "Köln",
        "file": file, "more": [empty],
    });
    let data = done(&world, "DEPOT_SEND_FORM", arguments).await;
    assert_eq!(data, json!({ "id": 1 }));
    let calls = world.upstream.calls();
    assert_eq!(calls.len(), 2);
    for call in calls {
        let authorization = format!("Bearer {TOKEN}");
        assert_eq!(call.header("authorization"), Some(authorization.as_str()));
        let start = "Content-Disposition: form-data; name=";
        assert_form(
            &call,
            &[
                &format!("{start}\"title\"\r\n\r\nRäume"),
                &format!("{start}\"copies\"\r\n\r\n2"),
                &format!("{start}\"tags\"\r\n\r\na"),
                &format!("{start}\"tags\"\r\n\r\nb"),
                &format!(
                    "{start}\"address\"\r\nContent-Type: application/json\r\n\r\n{{\"city\":\"Köln\"}}"
                ),
                &format!(
                    "{start}\"upload\"; filename=\"Grüße %22an%22 alle.txt\"\r\n\
                     Content-Type: text/plain\r\n\r\nhello"
                ),
                &format!(
                    "{start}\"more\"; filename=\"empty.txt\"\r\n\
                     Content-Type: text/plain\r\n\r\n"
                ),
            ],
        );
    }
}

#[tokio::test]
async fn a_form_can_hold_the_other_arguments_as_one_part_and_do_without_its_file() {
    let world = depot(&[]).await;
    let file = uploaded(&world.server.client, "a.txt", "hello").await;
    let arguments = json!({ "text": "hi", "file": file });
    done(&world, "DEPOT_SEND_MESSAGE", arguments).await;
    done(&world, "DEPOT_SEND_MESSAGE", json!({ "text": "alone" })).await;
    let calls = world.upstream.calls();
    let payload = "Content-Disposition: form-data; name=\"payload\"\r\n\
                   Content-Type: application/json\r\n\r\n";
    assert_form(
        &calls[0],
        &[
            &format!("{payload}{{\"text\":\"hi\",\"attachment\":{{\"name\":\"a.txt\"}}}}"),
            "Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
             Content-Type: text/plain\r\n\r\nhello",
        ],
    );
    assert_form(&calls[1], &[&format!("{payload}{{\"text\":\"alone\"}}")]);
}

#[tokio::test]
async fn a_file_is_the_body_itself_and_again_after_a_passing_failure() {
    let world = depot(&[]).await;
    let content = long(600_000);
    let mut file = uploaded(&world.server.client, "big.txt", &content).await;
    file["mimetype"] = json!("text/x-log; charset=utf-8");
    world.upstream.answer("/depot/store/a/b", busy());
    world
        .upstream
        .answer("/depot/store/a/b", Answer::json(201, &json!({ "ok": 1 })));
    let arguments = json!({ "path": "a/b", "file": file });
    done(&world, "DEPOT_PUT_FILE", arguments).await;
    let calls = world.upstream.calls();
    assert_eq!(calls.len(), 2);
    for call in calls {
        assert!(call.body == content, "{} bytes", call.body.len());
        assert_eq!(call.header("content-length"), Some("600000"));
        let kind = call.header("content-type");
        assert_eq!(kind, Some("text/x-log; charset=utf-8"));
    }
}

#[tokio::test]
async fn an_empty_file_is_an_empty_body() {
    let world = depot(&[]).await;
    let file = uploaded(&world.server.client, "empty.txt", "").await;
    let arguments = json!({ "path": "a", "file": file });
    done(&world, "DEPOT_PUT_FILE", arguments).await;
    let call = world.upstream.call();
    assert_eq!(
        (call.body.as_str(), call.header("content-length")),
        ("", Some("0"))
    );
}

#[tokio::test]
async fn files_stand_in_a_json_body_as_base64_and_again_after_a_passing_failure() {
    let world = depot(&[]).await;
    let client = &world.server.client;
    let letter = uploaded(client, "brief.txt", "dear ada???").await;
    let first = uploaded(client, "1.txt", "???").await;
    let empty = uploaded(client, "2.txt", "").await;
    world.upstream.answer("/depot/mail", busy());
    world
        .upstream
        .answer("/depot/mail", Answer::json(200, &json!({})));
    let arguments = json!({ "to": "ada", "letter": letter, "pages": [first, empty] });
    done(&world, "DEPOT_MAIL", arguments).await;
    let calls = world.upstream.calls();
    assert_eq!(calls.len(), 2);
    for call in calls {
        assert_eq!(
            call.json(),
            json!({
                "to": "ada",
                "letter": { "content": "ZGVhciBhZGE/Pz8=", "name": "brief.txt", "type": "text/plain" },
                "pages": ["Pz8_", ""],
            })
        );
        let length = call.bytes.len().to_string();
        assert_eq!(call.header("content-length"), Some(length.as_str()));
        assert_eq!(call.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn a_long_file_arrives_whole_as_base64_in_json() {
    use base64::Engine as _;
    let world = depot(&[]).await;
    let content = long(500_001);
    let page = uploaded(&world.server.client, "page.txt", &content).await;
    done(&world, "DEPOT_MAIL", json!({ "pages": [page] })).await;
    let text = world.upstream.call().json()["pages"][0].clone();
    let engine = base64::engine::general_purpose::URL_SAFE;
    let sent = engine.decode(text.as_str().unwrap()).unwrap();
    assert!(sent == content.as_bytes(), "{} bytes", sent.len());
}

#[tokio::test]
async fn a_file_that_is_larger_than_the_service_takes_is_refused_by_its_argument() {
    let world = depot(&[]).await;
    let client = &world.server.client;
    for (slug, name, limit) in [
        ("DEPOT_MAIL", "letter", 20),
        ("DEPOT_PUT_FILE", "file", 700_000),
    ] {
        let file = uploaded(client, "big.txt", &long(limit + 1)).await;
        let reply = run(&world, slug, json!({ "path": "a", name: file })).await;
        assert_eq!(
            problems(&reply),
            [format!(
                "arguments.{name}: has {} bytes, and the service takes {limit} at most",
                limit + 1
            )]
        );
    }
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_file_that_is_not_there_for_the_project_is_not_found_and_nothing_is_sent() {
    let world = depot(&[]).await;
    let server = &world.server;
    let made = server
        .org
        .post(
            "/api/v3/org/owner/project/new",
            json!({ "name": "other", "should_create_api_key": true }),
        )
        .await
        .expect(200);
    let key = made["api_key"].as_str().unwrap();
    let other = server.anonymous.with_header("x-api-key", key);
    let theirs = uploaded(&other, "theirs.txt", "theirs").await;
    // Their file under our own project's name.
    let mine = uploaded(&server.client, "mine.txt", "mine").await;
    let project = |file: &Value| {
        let key = file["s3key"].as_str().unwrap();
        key.split('/').nth(1).unwrap().to_owned()
    };
    let renamed = theirs["s3key"].as_str().unwrap();
    let renamed = renamed.replace(&project(&theirs), &project(&mine));
    let announced = announce(&server.client, "never.txt", "never brought").await;
    let named = |key: &Value| json!({ "name": "x", "mimetype": "text/plain", "s3key": key });
    for (file, advice) in [
        (theirs, "`key`"),
        (named(&json!(renamed)), "`key`"),
        (named(&json!("/etc/passwd")), "`file.s3key`"),
        (named(&json!("")), "upload"),
        (named(&announced["key"]), "Upload it"),
    ] {
        let reply = run(
            &world,
            "DEPOT_PUT_FILE",
            json!({ "path": "a", "file": file }),
        )
        .await;
        let error = reply.error(404);
        let told = error["suggested_fix"].as_str().unwrap();
        assert!(told.contains(advice), "{error}");
    }
    server.clock.advance(Duration::from_hours(7 * 24));
    let arguments = json!({ "path": "a", "file": mine });
    run(&world, "DEPOT_PUT_FILE", arguments).await.error(404);
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn what_does_not_describe_a_file_is_refused_by_name() {
    let world = depot(&[]).await;
    let file = uploaded(&world.server.client, "a.txt", "hello").await;
    let with = |key: &str, value: Value| {
        let mut file = file.clone();
        file[key] = value;
        file
    };
    for (file, problem) in [
        (json!("/home/ada/a.txt"), "arguments.file: must be object"),
        (
            json!({ "name": "a" }),
            "arguments.file.mimetype: is required",
        ),
        (
            with("s3key", json!(7)),
            "arguments.file.s3key: must be string",
        ),
        (
            with("mimetype", json!("text/plain\r\nx: y")),
            "arguments.file.mimetype: must be a media type such as text/plain",
        ),
        (
            with("mimetype", json!("text")),
            "arguments.file.mimetype: must be a media type such as text/plain",
        ),
    ] {
        let reply = run(
            &world,
            "DEPOT_PUT_FILE",
            json!({ "path": "a", "file": file }),
        )
        .await;
        assert_eq!(problems(&reply)[0], problem);
    }
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_file_without_a_name_or_type_of_the_call_has_those_of_its_upload() {
    let world = depot(&[]).await;
    let mut file = uploaded(&world.server.client, "kept.txt", "hello").await;
    (file["name"], file["mimetype"]) = (json!(""), json!(" "));
    done(&world, "DEPOT_MAIL", json!({ "letter": file })).await;
    let sent = world.upstream.call().json()["letter"].clone();
    assert_eq!(sent["name"], "kept.txt");
    assert_eq!(sent["type"], "text/plain");
}

#[tokio::test]
async fn fields_of_custom_auth_join_a_json_body_and_are_refused_beside_a_form() {
    let world = depot(&[]).await;
    let file = uploaded(&world.server.client, "a.txt", "hello").await;
    let body = |argument: &str| {
        json!({
            "custom_auth_params": { "parameters": [], "body": { "api_user": "ada" } },
            "arguments": { argument: file },
        })
    };
    let result = world.post("DEPOT_MAIL", body("letter")).await.expect(200);
    assert_eq!(result["successful"], true, "{result}");
    let sent = world.upstream.call().json();
    assert_eq!(sent["api_user"], "ada");
    assert_eq!(sent["letter"]["content"], "aGVsbG8=");
    let reply = world.post("DEPOT_SEND_FORM", body("file")).await;
    assert_eq!(
        problems(&reply),
        ["custom_auth_params.body: the tool sends no JSON object"]
    );
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn the_log_of_a_call_tells_which_argument_was_a_file_of_how_many_bytes() {
    let world = depot(&[]).await;
    let file = uploaded(&world.server.client, "a.txt", "hello").await;
    let arguments = json!({ "path": "a", "file": file });
    let result = run(&world, "DEPOT_PUT_FILE", arguments).await.expect(200);
    let path = format!(
        "/api/v3/logs/tool_execution/{}",
        result["log_id"].as_str().unwrap()
    );
    let log = world.server.client.get(&path).await.expect(200);
    let steps = log["data"]["steps"].as_array().unwrap();
    let taken = steps.iter().find(|step| step["step"] == "file_taken");
    assert_eq!(
        taken.unwrap()["detail"],
        json!({ "argument": "file", "bytes": 5 })
    );
}

#[tokio::test]
async fn a_file_is_published_as_sdks_look_for_it() {
    let world = depot(&[]).await;
    let get = async |slug: &str| {
        let path = format!("/api/v3/tools/{slug}");
        world.server.client.get(&path).await.expect(200)
    };
    let takes = json!({
        "type": "object",
        "file_uploadable": true,
        "properties": {
            "name": { "type": "string", "title": "Name" },
            "mimetype": { "type": "string", "title": "Mimetype" },
            "s3key": { "type": "string", "title": "S3key" },
        },
        "required": ["name", "mimetype", "s3key"],
    });
    let form = get("DEPOT_SEND_FORM").await;
    let arguments = &form["input_parameters"]["properties"];
    let mut single = takes.clone();
    single["title"] = json!("File");
    single["description"] = json!("Which.");
    assert_eq!(arguments["file"], single);
    assert_eq!(arguments["more"]["items"], takes);
    let fetch = get("DEPOT_FETCH").await;
    let data = &fetch["output_parameters"]["properties"]["data"];
    let content = &data["properties"]["content"];
    assert_eq!(content["file_downloadable"], true);
    assert_eq!(content["required"], json!(["name", "mimetype", "s3url"]));
    let look = get("DEPOT_LOOK").await;
    let data = &look["output_parameters"]["properties"]["data"];
    assert_eq!(data.get("properties"), None);
}
