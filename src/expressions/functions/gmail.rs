//! Messages as Gmail's API has them, read for people and models.

use serde_json::{Map, Value, json};

use super::base64;
use super::html::{decoded, plain};
use super::times;

/// Parts in parts; real mails have a handful.
const DEEPEST: usize = 40;

/// A message resource as `{messageId, threadId, labelIds, messageTimestamp, sender, to, cc, bcc,
/// subject, messageText, preview, attachmentList, headers, payload}`, without what it does not have.
/// Header names are in lower case, the text is the plain one or made of the HTML.
pub(super) fn gmail_payload(input: &Value) -> Result<Value, String> {
    if !(input.is_object() || input.is_null()) {
        return Err("gmail_payload wants a message".into());
    }
    let payload = &input["payload"];
    let headers = headers(payload);
    let mut attachments = Vec::new();
    list_attachments(payload, &mut attachments, 0);
    let mut message = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            message.insert(key.into(), value);
        }
    };
    let header = |name: &str| headers.get(name).cloned();
    put("messageId", input.get("id").cloned());
    put("threadId", input.get("threadId").cloned());
    put("labelIds", input.get("labelIds").cloned());
    put(
        "messageTimestamp",
        times::parse_time(&input["internalDate"]).ok(),
    );
    put("sender", header("from"));
    put("to", header("to"));
    put("cc", header("cc"));
    put("bcc", header("bcc"));
    put("subject", header("subject"));
    put("messageText", text(payload, 0).map(Value::from));
    let snippet = input["snippet"].as_str().map(decoded);
    put(
        "preview",
        snippet.map(|body| json!({ "subject": header("subject"), "body": body })),
    );
    put("attachmentList", Some(attachments.into()));
    put("headers", Some(Value::Object(headers)));
    put("payload", input.get("payload").cloned());
    Ok(Value::Object(message))
}

/// The first of each name, as mail readers show it.
fn headers(payload: &Value) -> Map<String, Value> {
    let mut headers = Map::new();
    for header in payload["headers"].as_array().into_iter().flatten() {
        if let (Some(name), Some(value)) = (header["name"].as_str(), header["value"].as_str()) {
            headers
                .entry(name.to_ascii_lowercase())
                .or_insert_with(|| value.into());
        }
    }
    headers
}

fn parts(part: &Value) -> impl Iterator<Item = &Value> {
    part["parts"].as_array().into_iter().flatten()
}

fn is_attachment(part: &Value) -> bool {
    let named = part["filename"]
        .as_str()
        .is_some_and(|name| !name.is_empty());
    named || part["body"]["attachmentId"].is_string()
}

fn list_attachments(part: &Value, found: &mut Vec<Value>, depth: usize) {
    if is_attachment(part) && part["body"]["attachmentId"].is_string() {
        found.push(json!({
            "attachmentId": part["body"]["attachmentId"],
            "filename": part["filename"],
            "mimeType": part["mimeType"],
            "size": part["body"]["size"],
        }));
    }
    if depth < DEEPEST {
        parts(part).for_each(|part| list_attachments(part, found, depth + 1));
    }
}

/// What a person reads of a part: of alternatives the plainest, of other parts all.
fn text(part: &Value, depth: usize) -> Option<String> {
    if depth > DEEPEST || is_attachment(part) {
        return None;
    }
    let kind = part["mimeType"].as_str().unwrap_or_default();
    if kind == "multipart/alternative" {
        let of = |wanted: &str| {
            let mut parts = parts(part).filter(|part| part["mimeType"] == wanted);
            parts.find_map(|part| text(part, depth + 1).filter(|text| !text.trim().is_empty()))
        };
        let other = || parts(part).find_map(|part| text(part, depth + 1));
        return of("text/plain").or_else(other);
    }
    if kind.starts_with("text/") {
        let bytes = base64::decode(part["body"]["data"].as_str()?).ok()?;
        let content = String::from_utf8_lossy(&bytes);
        return Some(match kind {
            "text/html" => plain(&content),
            _ => content.replace("\r\n", "\n"),
        });
    }
    let texts: Vec<String> = parts(part)
        .filter_map(|part| text(part, depth + 1))
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: &str, text: &str) -> Value {
        let data = base64::b64url(&json!(text)).unwrap();
        json!({ "mimeType": kind, "filename": "", "body": { "data": data } })
    }

    #[test]
    fn a_message_is_read_with_headers_text_and_attachments() {
        let message = json!({
            "id": "1", "threadId": "2", "labelIds": ["INBOX"], "internalDate": "1769853600000",
            "snippet": "Tom &amp; Jerry",
            "payload": {
                "mimeType": "multipart/mixed", "filename": "",
                "headers": [
                    { "name": "From", "value": "A <a@x.test>" }, { "name": "SUBJECT", "value": "s" },
                    { "name": "Received", "value": "new" }, { "name": "Received", "value": "old" },
                ],
                "parts": [
                    { "mimeType": "multipart/alternative", "filename": "", "parts": [
                        part("text/html", "<p>wild</p>"), part("text/plain", "plain ü\r\n"),
                    ] },
                    { "mimeType": "application/pdf", "filename": "a.pdf",
                      "body": { "attachmentId": "att", "size": 7 } },
                ],
            },
        });
        let mut read = gmail_payload(&message).unwrap();
        read.as_object_mut().unwrap().remove("payload");
        assert_eq!(
            read,
            json!({
                "messageId": "1", "threadId": "2", "labelIds": ["INBOX"],
                "messageTimestamp": "2026-01-31T10:00:00Z", "sender": "A <a@x.test>", "subject": "s",
                "messageText": "plain ü\n", "preview": { "subject": "s", "body": "Tom & Jerry" },
                "attachmentList": [
                    { "attachmentId": "att", "filename": "a.pdf", "mimeType": "application/pdf", "size": 7 },
                ],
                "headers": { "from": "A <a@x.test>", "subject": "s", "received": "new" },
            })
        );
    }

    #[test]
    fn html_alone_becomes_text() {
        let message = json!({ "payload": part("text/html", "<p>a</p><p>b &amp; c</p>") });
        assert_eq!(
            gmail_payload(&message).unwrap()["messageText"],
            "a\n\nb & c"
        );
    }

    #[test]
    fn what_is_missing_or_too_deep_does_no_harm() {
        let empty = json!({ "attachmentList": [], "headers": {} });
        assert_eq!(gmail_payload(&json!(null)), Ok(empty.clone()));
        assert_eq!(gmail_payload(&json!({})), Ok(empty));
        assert!(gmail_payload(&json!([])).is_err());
        let deep = (0..200).fold(
            part("text/plain", "x"),
            |inner, _| json!({ "mimeType": "multipart/mixed", "parts": [inner] }),
        );
        assert!(gmail_payload(&json!({ "payload": deep })).is_ok());
    }
}
