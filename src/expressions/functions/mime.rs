//! Mails as RFC 5322 and MIME have them. The same mail always becomes the same text: no clock, no
//! random boundaries; services add date and id.

mod addresses;

use mail_builder::headers::Header;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{base64, html};

const KEYS: [&str; 11] = [
    "from",
    "to",
    "cc",
    "bcc",
    "reply_to",
    "subject",
    "text",
    "html",
    "attachments",
    "in_reply_to",
    "references",
];
/// Of all attachments, decoded: what Gmail takes in one mail.
const LARGEST_CONTENT: usize = 25 * 1024 * 1024;
const ANY_TYPE: &str = "application/octet-stream";

/// The mail that `{from, to, cc, bcc, reply_to, subject, text, html, attachments, in_reply_to,
/// references}` describes. Addresses are a text, which may hold several, or a list, also of lists;
/// null is nothing. HTML without a text gets one. An attachment is `{name, mimetype, content}`, its
/// content in Base64. Nothing that stands in a header can begin another one.
pub(super) fn mime_message(input: &Value) -> Result<Value, String> {
    let Value::Object(mail) = input else {
        return Err("mime_message wants an object".into());
    };
    if let Some(key) = mail.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("mime_message knows no `{key}`"));
    }
    let mut out = Vec::new();
    write_headers(mail, &mut out)?;
    body(mail)?.write_part(&mut out);
    let message = String::from_utf8(out).map_err(|_| "mime_message: is no text")?;
    Ok(message.into())
}

fn write_headers(mail: &Map<String, Value>, out: &mut Vec<u8>) -> Result<(), String> {
    for (key, name) in [
        ("from", "From"),
        ("to", "To"),
        ("cc", "Cc"),
        ("bcc", "Bcc"),
        ("reply_to", "Reply-To"),
    ] {
        let addresses = addresses::read(key, mail.get(key))?;
        if !addresses.is_empty() {
            write(name, &Address::new_list(addresses), out);
        }
    }
    let subject = one_line(string(mail, "subject")?.unwrap_or_default());
    if !subject.is_empty() {
        write("Subject", &Text::new(subject), out);
    }
    for (key, name) in [("in_reply_to", "In-Reply-To"), ("references", "References")] {
        let ids = addresses::message_ids(mail.get(key));
        if !ids.is_empty() {
            write(name, &MessageId::new_list(ids.into_iter()), out);
        }
    }
    out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    Ok(())
}

fn write(name: &str, value: &impl Header, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    value.write_header(out, name.len() + 2);
}

fn string<'m>(mail: &'m Map<String, Value>, key: &str) -> Result<Option<&'m str>, String> {
    match mail.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("mime_message: `{key}` must be a text")),
    }
}

/// Line breaks become spaces, other control characters go.
fn one_line(text: &str) -> String {
    let spaced = text.replace(['\r', '\n', '\t'], " ");
    let shown: String = spaced.chars().filter(|c| !c.is_control()).collect();
    shown.trim().to_owned()
}

fn body(mail: &Map<String, Value>) -> Result<MimePart<'static>, String> {
    let (text, html) = (string(mail, "text")?, string(mail, "html")?);
    let written = match (text, html) {
        (text, None) => MimePart::new("text/plain", text.unwrap_or_default().to_owned()),
        (text, Some(html)) => {
            let text = text.map_or_else(|| html::plain(html), str::to_owned);
            let boundary = boundary("alternative", &[text.as_bytes(), html.as_bytes()]);
            let text = MimePart::new("text/plain", text);
            let html = MimePart::new("text/html", html.to_owned());
            multipart("multipart/alternative", boundary, vec![text, html])
        }
    };
    let attachments = match mail.get("attachments") {
        None | Some(Value::Null) => return Ok(written),
        Some(Value::Array(items)) => items.iter().filter(|item| !item.is_null()),
        Some(_) => return Err("mime_message: `attachments` must be a list".into()),
    };
    let attachments: Vec<_> = attachments.map(attachment).collect::<Result<_, _>>()?;
    if attachments.is_empty() {
        return Ok(written);
    }
    let size: usize = attachments.iter().map(MimePart::size).sum();
    if size > LARGEST_CONTENT {
        return Err(format!(
            "the attachments have {size} bytes, and a mail takes {LARGEST_CONTENT}"
        ));
    }
    let contents = attachments.iter().map(|part| match &part.contents {
        BodyPart::Binary(content) => content.as_ref(),
        BodyPart::Text(_) | BodyPart::Multipart(_) => &[],
    });
    let texts = [text, html].map(|text| text.unwrap_or_default().as_bytes());
    let boundary = boundary(
        "mixed",
        &texts.into_iter().chain(contents).collect::<Vec<_>>(),
    );
    let parts = std::iter::once(written).chain(attachments).collect();
    Ok(multipart("multipart/mixed", boundary, parts))
}

fn multipart(
    kind: &'static str,
    boundary: String,
    parts: Vec<MimePart<'static>>,
) -> MimePart<'static> {
    let kind = ContentType::new(kind).attribute("boundary", boundary);
    MimePart::new(kind, BodyPart::Multipart(parts))
}

/// A line that no part can hold, since it is made of a hash of them all.
fn boundary(kind: &str, parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new_with_prefix(kind);
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let id = u128::from_be_bytes(std::array::from_fn(|at| digest[at]));
    format!("=_{id:032x}")
}

fn attachment(item: &Value) -> Result<MimePart<'static>, String> {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    let content = text("content").ok_or("mime_message: an attachment has no `content`")?;
    let content = base64::decode(content).map_err(|problem| format!("an attachment {problem}"))?;
    let kind = text("mimetype").filter(|kind| is_plain_type(kind));
    let name = match one_line(text("name").unwrap_or_default()).as_str() {
        "" => "attachment".to_owned(),
        name => name.to_owned(),
    };
    let kind = ContentType::new(kind.unwrap_or(ANY_TYPE).to_owned());
    Ok(MimePart::new(kind, BodyPart::Binary(content.into())).attachment(name))
}

/// Of the form `type/subtype` and no container, whose inside would have to be right as well.
fn is_plain_type(kind: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    match kind.split_once('/') {
        Some(("message" | "multipart", _)) | None => false,
        Some((kind, subtype)) => is_token(kind) && is_token(subtype),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::{Message, MessageParser, MimeHeaders as _};
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    fn raw(mail: &Value) -> String {
        let message = mime_message(mail).unwrap();
        message.as_str().unwrap().to_owned()
    }

    fn parsed(raw: &str) -> Message<'_> {
        MessageParser::default().parse(raw).unwrap()
    }

    #[test]
    fn a_plain_mail_reads_back_as_it_was_given() {
        let raw = raw(&json!({
            "from": "Me <me@x.test>", "to": ["Jané Doe <jane@x.test>", null, ["b@x.test, \"C, D\" <c@x.test>"]],
            "cc": "d@x.test", "bcc": [], "subject": "Grüße, 世界", "text": "Zeile 1\nZeile 2 äöü",
            "in_reply_to": "<1@x>", "references": ["<0@x> <1@x>", null, "no id"],
        }));
        let mail = parsed(&raw);
        let to: Vec<_> = mail
            .to()
            .unwrap()
            .iter()
            .map(|one| (one.name(), one.address()))
            .collect();
        assert_eq!(
            to,
            [
                (Some("Jané Doe"), Some("jane@x.test")),
                (None, Some("b@x.test")),
                (Some("C, D"), Some("c@x.test")),
            ]
        );
        assert_eq!(
            mail.cc().unwrap().first().unwrap().address(),
            Some("d@x.test")
        );
        assert!(mail.bcc().is_none());
        assert_eq!(mail.subject(), Some("Grüße, 世界"));
        assert_eq!(
            mail.body_text(0).unwrap().replace("\r\n", "\n"),
            "Zeile 1\nZeile 2 äöü"
        );
        assert_eq!(mail.in_reply_to().as_text(), Some("1@x"));
        assert_eq!(mail.references().as_text_list().unwrap(), ["0@x", "1@x"]);
        assert!(raw.is_ascii(), "{raw}");
    }

    #[test]
    fn html_brings_a_plain_text_and_attachments_keep_their_bytes() {
        let content: Vec<u8> = (0..=255).collect();
        let raw = raw(&json!({
            "to": "a@x.test", "html": "<p>Hello<br>you</p>",
            "attachments": [
                null,
                { "name": "Jahresabschluß.pdf", "mimetype": "application/pdf",
                  "content": base64_of(&content) },
                { "name": "a.csv", "mimetype": "text/csv", "content": base64_of(b"a,b\r\n1,2\n") },
            ],
        }));
        let mail = parsed(&raw);
        assert_eq!(mail.body_text(0).unwrap(), "Hello\r\nyou");
        assert_eq!(mail.body_html(0).unwrap(), "<p>Hello<br>you</p>");
        let names: Vec<_> = mail
            .attachments()
            .map(|part| part.attachment_name())
            .collect();
        assert_eq!(names, [Some("Jahresabschluß.pdf"), Some("a.csv")]);
        let contents: Vec<_> = mail
            .attachments()
            .map(|part| part.contents().to_vec())
            .collect();
        assert_eq!(contents, [content, b"a,b\r\n1,2\n".to_vec()]);
    }

    fn base64_of(content: &[u8]) -> String {
        use ::base64::Engine as _;
        ::base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(content)
    }

    #[test]
    fn the_same_mail_is_the_same_text() {
        let mail = json!({ "to": "a@x.test", "text": "t", "html": "<b>h</b>",
            "attachments": [{ "content": "" }] });
        assert_eq!(raw(&mail), raw(&mail));
    }

    #[rstest]
    #[case(json!({ "to": "a@x.test\r\nBcc: evil@x.test" }))]
    #[case(json!({ "to": "no address" }))]
    #[case(json!({ "to": "a@x.test>\u{0}<b@x.test" }))]
    #[case(json!({ "from": { "name": "a" } }))]
    #[case(json!({ "subject": 1 }))]
    #[case(json!({ "attachments": [{ "name": "a" }] }))]
    #[case(json!({ "attachments": [{ "content": "no base64!" }] }))]
    #[case(json!({ "body": "a typing mistake" }))]
    fn what_makes_no_mail_is_refused(#[case] mail: Value) {
        assert!(mime_message(&mail).is_err(), "{mail}");
    }

    proptest! {
        /// Whatever stands in texts that go into headers, the mail has the headers it should have.
        #[test]
        fn no_value_begins_a_header_of_its_own(
            value in "(\r|\n|\r\n|[a-z:<>@,;\"\\\\ ü\u{0}\u{85}\u{2028}]){0,30}", inject in any::<bool>(),
        ) {
            let value = if inject { format!("{value}\r\nX-Evil: 1\r\n\r\nbody") } else { value };
            let mail = json!({
                "to": "a@x.test", "from": format!("\"{value}\" <me@x.test>"), "subject": value,
                "in_reply_to": value, "references": [value], "text": value,
                "attachments": [{ "name": value, "mimetype": value, "content": "YQ" }],
            });
            let Ok(message) = mime_message(&mail) else {
                return Ok(());
            };
            let raw = message.as_str().unwrap();
            let mail = parsed(raw);
            let known = ["From", "To", "Subject", "In-Reply-To", "References", "MIME-Version", "Content-Type"];
            for header in mail.headers() {
                prop_assert!(known.contains(&header.name()), "{}", raw);
            }
            prop_assert_eq!(mail.attachment_count(), 1, "{}", raw);
        }
    }
}
