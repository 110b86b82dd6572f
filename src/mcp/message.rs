//! JSON-RPC messages as they come in: requests, notifications, answers to what nobody asked.

use serde_json::{Map, Value};

use super::fault::Fault;

/// Messages in one request.
const MOST_IN_A_BATCH: usize = 50;

/// What a client sent.
#[derive(Debug)]
pub(super) enum Sent {
    One(Message),
    Several(Vec<Result<Message, Fault>>),
}

/// One message.
#[derive(Debug)]
pub(super) enum Message {
    Request(Request),
    Notification(Notification),
    /// An answer; nothing is ever asked of clients here.
    Answer,
}

/// What wants an answer.
#[derive(Debug)]
pub(super) struct Request {
    /// Text or a number.
    pub(super) id: Value,
    pub(super) method: String,
    pub(super) params: Map<String, Value>,
}

/// What wants none.
#[derive(Debug)]
pub(super) struct Notification {
    pub(super) method: String,
    pub(super) params: Map<String, Value>,
}

impl Request {
    pub(super) fn meta(&self) -> Option<&Map<String, Value>> {
        self.params.get("_meta").and_then(Value::as_object)
    }

    /// Under which name the client wants to hear of progress.
    pub(super) fn progress_token(&self) -> Option<&Value> {
        let token = self.meta()?.get("progressToken")?;
        (token.is_string() || token.is_number()).then_some(token)
    }
}

impl Sent {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is no JSON, or neither a message nor a list of them.
    pub(super) fn read(body: &[u8]) -> Result<Self, Fault> {
        let value: Value = serde_json::from_slice(body)
            .map_err(|cause| Fault::no_json(&format!("the body is no JSON: {cause}")))?;
        match value {
            Value::Array(list) if list.is_empty() => {
                Err(Fault::no_message("a list of no messages"))
            }
            Value::Array(list) if list.len() > MOST_IN_A_BATCH => Err(Fault::no_message(&format!(
                "at most {MOST_IN_A_BATCH} messages at a time"
            ))),
            Value::Array(list) => Ok(Self::Several(list.into_iter().map(Message::read).collect())),
            one => Message::read(one).map(Self::One),
        }
    }
}

impl Message {
    fn read(value: Value) -> Result<Self, Fault> {
        // One database engine would keep it, the other not.
        if holds_nul(&value) {
            return Err(Fault::no_message("text must not contain the NUL character"));
        }
        let Value::Object(mut object) = value else {
            return Err(Fault::no_message("a message is an object"));
        };
        if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err(Fault::no_message("`jsonrpc` must be \"2.0\""));
        }
        let (id, method) = (object.remove("id"), object.remove("method"));
        let method = match method {
            Some(Value::String(method)) => method,
            Some(_) => return Err(Fault::no_message("`method` must be text")),
            None if object.contains_key("result") || object.contains_key("error") => {
                return Ok(Self::Answer);
            }
            None => return Err(Fault::no_message("`method` is missing")),
        };
        let params = match object.remove("params") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(params)) => params,
            Some(_) => return Err(Fault::no_message("`params` must be an object")),
        };
        match id {
            None => Ok(Self::Notification(Notification { method, params })),
            Some(id) if id.is_string() || id.is_i64() || id.is_u64() => {
                Ok(Self::Request(Request { id, method, params }))
            }
            Some(_) => Err(Fault::no_message("`id` must be text or a whole number")),
        }
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body: Vec<u8>) {
            let _ = Sent::read(&body);
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Sent::read(deep.as_bytes()).is_err());
    }
}
