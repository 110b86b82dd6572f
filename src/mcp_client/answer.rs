//! Reads the answer to one request: JSON, or an event of a stream that may go on after it.

use futures_util::{StreamExt, stream};
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::outbound::OutboundReply;

/// The answer to request `id`, with its result or its error.
pub(super) async fn read(reply: &OutboundReply, id: u64, max_bytes: usize) -> Result<Value> {
    let kind = reply.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_stream = kind.to_ascii_lowercase().starts_with("text/event-stream");
    let none = || Error::upstream("the MCP server's answer holds no result");
    if !is_stream {
        let message = serde_json::from_slice(&reply.body).map_err(|_| none())?;
        return answer_to(id, message).ok_or_else(none);
    }
    let mut pieces = match &reply.streamed {
        Some(streamed) => streamed.take()?,
        None => stream::iter([Ok(reply.body.clone())]).boxed(),
    };
    let mut events = Events::default();
    let mut bytes = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        bytes += piece.len();
        if bytes > max_bytes {
            return Err(Error::upstream(format!(
                "the MCP server's answer is larger than {max_bytes} bytes"
            )));
        }
        for data in events.read(&piece) {
            let message = serde_json::from_str(&data).unwrap_or_default();
            if let Some(answer) = answer_to(id, message) {
                return Ok(answer);
            }
        }
    }
    Err(none())
}

/// Beside the answer come notices, requests of the server's, and in 2025-03-26 lists of them all.
fn answer_to(id: u64, message: Value) -> Option<Value> {
    let messages = match message {
        Value::Array(messages) => messages,
        message => vec![message],
    };
    messages.into_iter().find(|one| {
        one.get("id").and_then(Value::as_u64) == Some(id)
            && (one.get("result").is_some() || one.get("error").is_some())
    })
}

/// Server-sent events, of which only the data matter (WHATWG HTML section 9.2.6).
#[derive(Default)]
struct Events {
    line: Vec<u8>,
    data: String,
}

impl Events {
    /// The data of the events that end in `piece`.
    fn read(&mut self, piece: &[u8]) -> Vec<String> {
        let mut ended = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if !part.ends_with(b"\n") {
                break;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(line.trim_ascii_end());
            if line.is_empty() && !self.data.is_empty() {
                ended.push(std::mem::take(&mut self.data));
            } else if let Some(data) = line.strip_prefix("data:") {
                self.data.push_str(data);
                self.data.push('\n');
            }
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue};
    use serde_json::json;

    const EVENTS: &str = ": hello\r\nid: 1\r\ndata: {\"method\": \"notifications/progress\"}\r\n\r\n\
         event: message\ndata: {\"jsonrpc\": \"2.0\",\ndata:  \"id\": 7, \"result\": {\"a\": \"é\"}}\n\n";

    async fn answer(kind: &'static str, body: &str) -> Result<Value> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        let reply = OutboundReply {
            status: 200,
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
            streamed: None,
        };
        read(&reply, 7, 500).await
    }

    #[tokio::test]
    async fn an_answer_is_found_in_json_in_a_list_and_among_events() {
        let plain = r#"{"jsonrpc": "2.0", "id": 7, "result": {"a": "é"}}"#;
        let list = format!(r#"[{{"id": 7, "method": "ping"}}, {plain}]"#);
        for (kind, body) in [
            ("application/json", plain),
            ("application/json; charset=utf-8", &list),
            ("text/event-stream; charset=utf-8", EVENTS),
        ] {
            let found = answer(kind, body).await.unwrap();
            assert_eq!(found["result"], json!({ "a": "é" }), "{body}");
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_or_too_large_is_told() {
        let other = r#"{"jsonrpc": "2.0", "id": 8, "result": {}}"#;
        let large = format!("data: {}\n\n", "x".repeat(500));
        for (kind, body, says) in [
            ("application/json", other, "holds no result"),
            ("application/json", "{", "holds no result"),
            ("text/html", "<p>Hello</p>", "holds no result"),
            ("text/event-stream", "data: {\"id\": 7", "holds no result"),
            ("text/event-stream", &large, "larger than 500 bytes"),
        ] {
            let error = answer(kind, body).await.unwrap_err().to_string();
            assert!(error.ends_with(says), "{error}");
        }
    }

    #[test]
    fn events_are_the_same_wherever_the_pieces_end() {
        let whole = Events::default().read(EVENTS.as_bytes());
        assert_eq!(whole.len(), 2);
        for cut in 0..EVENTS.len() {
            let mut events = Events::default();
            let mut found = events.read(&EVENTS.as_bytes()[..cut]);
            found.extend(events.read(&EVENTS.as_bytes()[cut..]));
            assert_eq!(found, whole, "{cut}");
        }
    }
}
