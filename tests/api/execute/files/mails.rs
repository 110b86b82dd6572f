//! Files in mails that are uploaded beside what is said of them.

use mail_parser::{Message, MessageParser, MimeHeaders as _};
use serde_json::{Value, json};

use super::super::World;
use super::taking::long;
use super::{depot, done, run, uploaded};

/// What was said of the mail, and the mail, in the one request that arrived.
fn parts(world: &World) -> (Value, Vec<u8>) {
    let call = world.upstream.call();
    assert_eq!(call.query, "uploadType=multipart");
    let length = call.bytes.len().to_string();
    assert_eq!(call.header("content-length"), Some(length.as_str()));
    let kind = call.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/related; boundary=").unwrap();
    let head = format!("--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n");
    let rest = call.body.strip_prefix(&head).unwrap();
    let middle = format!("\r\n--{boundary}\r\nContent-Type: message/rfc822\r\n\r\n");
    let (said, mail) = rest.split_once(&middle).unwrap();
    let mail = mail
        .strip_suffix(&format!("\r\n--{boundary}--\r\n"))
        .unwrap();
    (
        serde_json::from_str(said).unwrap(),
        mail.as_bytes().to_vec(),
    )
}

fn parsed(mail: &[u8]) -> Message<'_> {
    MessageParser::default().parse(mail).unwrap()
}

#[tokio::test]
async fn a_large_file_stands_in_a_mail_as_it_was() {
    let world = depot(&[]).await;
    let content = long(6_000_000);
    let file = uploaded(&world.server.client, "Räume.txt", &content).await;
    let arguments = json!({ "to": "jane@x.test", "thread": "t1", "file": file });
    done(&world, "DEPOT_POST", arguments).await;
    let (said, mail) = parts(&world);
    assert_eq!(
        said,
        json!({ "message": { "threadId": "t1", "size": 6_000_000 } })
    );
    let mail = parsed(&mail);
    assert_eq!(mail.subject(), Some("Hello"));
    assert_eq!(mail.body_text(0).as_deref(), Some("Hi"));
    let attachment = mail.attachment(0).unwrap();
    assert_eq!(attachment.attachment_name(), Some("Räume.txt"));
    assert_eq!(attachment.contents(), content.as_bytes());
}

#[tokio::test]
async fn a_mail_may_have_an_empty_file_or_none() {
    let world = depot(&[]).await;
    done(&world, "DEPOT_POST", json!({ "to": "jane@x.test" })).await;
    assert_eq!(parsed(&parts(&world).1).attachment_count(), 0);
    let world = depot(&[]).await;
    let file = uploaded(&world.server.client, "empty.txt", "").await;
    done(
        &world,
        "DEPOT_POST",
        json!({ "to": "jane@x.test", "file": file }),
    )
    .await;
    let (_, mail) = parts(&world);
    assert_eq!(parsed(&mail).attachment(0).unwrap().contents(), b"");
}

#[tokio::test]
async fn what_is_more_than_the_service_takes_is_not_sent() {
    let world = depot(&[]).await;
    for (bytes, words) in [
        (
            7_000_001,
            "has 7000001 bytes, and the service takes 7000000 at most",
        ),
        (6_999_999, "bytes, and the service takes 9000000 at most"),
    ] {
        let file = uploaded(&world.server.client, "a.txt", &"x".repeat(bytes)).await;
        let arguments = json!({ "to": "jane@x.test", "file": file });
        let refused = run(&world, "DEPOT_POST", arguments).await;
        let told = refused.error(400).to_string();
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(world.upstream.calls().len(), 0);
}
