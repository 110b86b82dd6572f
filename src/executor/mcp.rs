//! Calls of tools of remote MCP servers: a session is opened, the tool called and the session ended,
//! each request as any other request goes out.

use serde_json::{Map, Value, json};

use super::attempts::Sent;
use super::call::Call;
use super::connection::Connection;
use super::request::{self, Parts};
use super::retry;
use crate::auth_schemes::Redactor;
use crate::error::{Error, Result};
use crate::mcp_client::{Carrier, Message, Session, Stop};
use crate::outbound::OutboundReply;

/// One session's way out.
struct Wire<'a, 'c> {
    call: &'c Call<'a>,
    parts: Parts<'c>,
    connection: &'c mut Connection,
    /// Of the last answer: what must not be shown of it, and where it came from.
    last: Option<(Redactor, String)>,
}

impl Carrier for Wire<'_, '_> {
    async fn send(&mut self, message: Message) -> Result<OutboundReply> {
        let Parts {
            tool: _, request, ..
        } = self.parts;
        let is_repeatable =
            message.is_repeatable || retry::is_repeatable_request(self.call.tool, request);
        let (call, parts) = (self.call, self.parts);
        let build = |connection: &Connection| {
            let mut request = call.build(parts, connection)?;
            message.clone().put_into(&mut request);
            Ok(request)
        };
        let sent = call
            .send_built(self.connection, build, is_repeatable)
            .await?;
        let Sent {
            reply,
            redactor,
            url,
        } = sent;
        self.last = Some((redactor, url));
        Ok(reply)
    }
}

/// Calls the tool that `parts` name; the answer's body is the tool's result, or an error of the
/// protocol's.
///
/// # Errors
/// What [`Call::send`] returns.
pub(super) async fn send(
    call: &Call<'_>,
    parts: Parts<'_>,
    connection: &mut Connection,
) -> Result<Sent> {
    let arguments = match request::whole(parts) {
        Some(Value::Object(all)) => all,
        _ => request::members(parts)?.unwrap_or_default(),
    };
    let mut wire = Wire {
        call,
        parts,
        connection,
        last: None,
    };
    let reply = match result(&mut wire, arguments).await {
        Ok(result) => OutboundReply::json(200, &result),
        Err(Stop::Refused(reply)) => reply,
        Err(Stop::Failed(error)) => return Err(error),
    };
    let (redactor, url) = wire
        .last
        .ok_or_else(|| Error::internal("a session without a message"))?;
    Ok(Sent {
        reply,
        redactor,
        url,
    })
}

async fn result(wire: &mut Wire<'_, '_>, arguments: Map<String, Value>) -> Result<Value, Stop> {
    let max_bytes = wire.call.app.config.max_upstream_bytes;
    let name = wire.parts.request.tool.as_deref().unwrap_or_default();
    let params = json!({ "name": name, "arguments": arguments });
    let mut session = Session::open(wire, max_bytes).await?;
    let result = session.ask("tools/call", params).await;
    session.close().await;
    result
}

/// Whether a body is the result of a tool that did what was asked.
pub(super) fn is_success(body: &Value) -> bool {
    let is_result = body.get("content").or(body.get("structuredContent"));
    is_result.is_some() && body.get("isError") != Some(&Value::Bool(true))
}

/// What a result says: its structured content, else its texts, which may be JSON; with anything else
/// in it all of its parts.
pub(super) fn data(body: &Value) -> Value {
    let parts = body.get("content").and_then(Value::as_array);
    let parts = parts.map_or(&[][..], Vec::as_slice);
    let texts: Vec<&str> = parts.iter().filter_map(text).collect();
    let structured = body.get("structuredContent").filter(|one| one.is_object());
    if texts.len() < parts.len() {
        let mut all = json!({ "content": parts });
        if let Some(structured) = structured {
            all["structuredContent"] = structured.clone();
        }
        return all;
    }
    if let Some(structured) = structured {
        return structured.clone();
    }
    let read = |text: &str| match serde_json::from_str(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
        Ok(_) | Err(_) => Value::String(text.to_owned()),
    };
    match texts.as_slice() {
        [] => json!({}),
        [only] => read(only),
        several => several.iter().map(|text| read(text)).collect(),
    }
}

fn text(part: &Value) -> Option<&str> {
    let is_text = part.get("type").and_then(Value::as_str) == Some("text");
    part.get("text").and_then(Value::as_str).filter(|_| is_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::structured(json!({ "content": [{ "type": "text", "text": "{}" }], "structuredContent": { "a": 1 } }), json!({ "a": 1 }))]
    #[case::json(json!({ "content": [{ "type": "text", "text": " {\"a\": 1}" }] }), json!({ "a": 1 }))]
    #[case::text(json!({ "content": [{ "type": "text", "text": "42" }] }), json!("42"))]
    #[case::texts(json!({ "content": [{ "type": "text", "text": "[1]" }, { "type": "text", "text": "b" }] }), json!([[1], "b"]))]
    #[case::nothing(json!({ "content": [] }), json!({}))]
    #[case::a_link(
        json!({ "content": [{ "type": "resource_link", "uri": "x://y" }], "structuredContent": { "a": 1 } }),
        json!({ "content": [{ "type": "resource_link", "uri": "x://y" }], "structuredContent": { "a": 1 } })
    )]
    fn the_data_are_what_a_result_says(#[case] body: Value, #[case] expected: Value) {
        assert!(is_success(&body));
        assert_eq!(data(&body), expected);
    }

    #[test]
    fn an_error_of_the_tool_or_of_the_protocol_is_no_success() {
        for body in [
            json!({ "content": [{ "type": "text", "text": "no" }], "isError": true }),
            json!({ "jsonrpc": "2.0", "id": 2, "error": { "code": -32602, "message": "no" } }),
            json!("no"),
        ] {
            assert!(!is_success(&body), "{body}");
        }
    }
}
