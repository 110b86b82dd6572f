//! A fake MCP server over Streamable HTTP: writes down what it hears, and has a tool for every way
//! that a call can end.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

const SESSION: &str = "session-1";
/// A picture, more or less.
pub const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// How the server is.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// It answers with events, and leaves the stream open after a tool's result.
    pub events: bool,
    /// It wants this in `Authorization`.
    pub authorization: Option<String>,
    /// Its list of tools never ends.
    pub endless: bool,
    /// The revision it speaks, whatever it is offered.
    pub version: Option<&'static str>,
}

/// A message as it was heard.
#[derive(Debug, Clone)]
pub struct Heard {
    /// `POST initialize`, `DELETE`
    pub what: String,
    pub headers: HeaderMap,
    pub params: Value,
}

#[derive(Clone)]
struct Ears {
    manner: Manner,
    heard: Arc<Mutex<Vec<Heard>>>,
}

/// A running server; it stops when dropped.
pub struct McpServer {
    /// Its one address.
    pub url: String,
    ears: Ears,
    task: JoinHandle<()>,
}

impl McpServer {
    pub async fn start(manner: Manner) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/mcp", listener.local_addr().unwrap());
        let ears = Ears {
            manner,
            heard: Arc::default(),
        };
        let router = Router::new()
            .route("/v1/mcp", axum::routing::any(serve))
            .with_state(ears.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "the fake is not part of the server"
        )]
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, ears, task }
    }

    /// Everything so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.ears.heard.lock().unwrap().clone()
    }

    /// What was heard so far, and forgets it.
    pub fn take(&self) -> Vec<String> {
        let heard = std::mem::take(&mut *self.ears.heard.lock().unwrap());
        heard.into_iter().map(|one| one.what).collect()
    }
}

impl Drop for McpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    State(ears): State<Ears>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let name = message["method"].as_str().unwrap_or_default().to_owned();
    ears.heard.lock().unwrap().push(Heard {
        what: format!("{method} {name}").trim().to_owned(),
        headers: headers.clone(),
        params: message["params"].clone(),
    });
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let wanted = ears.manner.authorization.as_deref();
    if wanted.is_some() && header("authorization") != wanted {
        let challenge = "Bearer resource_metadata=\"http://127.0.0.1/.well-known/x\"";
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", challenge)]).into_response();
    }
    if method == Method::GET {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    if name != "initialize" && header("mcp-session-id") != Some(SESSION) {
        return (StatusCode::BAD_REQUEST, "no session").into_response();
    }
    if method == Method::DELETE {
        return StatusCode::NO_CONTENT.into_response();
    }
    let Some(id) = message.get("id") else {
        return StatusCode::ACCEPTED.into_response();
    };
    let answer = answer(&ears.manner, &name, &message["params"]);
    let mut whole = json!({ "jsonrpc": "2.0", "id": id });
    whole
        .as_object_mut()
        .unwrap()
        .extend(answer.as_object().unwrap().clone());
    let mut response = if ears.manner.events {
        in_events(&whole, name == "tools/call")
    } else {
        ([("content-type", "application/json")], whole.to_string()).into_response()
    };
    if name == "initialize" {
        response
            .headers_mut()
            .insert("mcp-session-id", SESSION.parse().unwrap());
    }
    response
}

fn in_events(message: &Value, stays_open: bool) -> Response {
    let notice = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": {} });
    let text = format!(": here\n\ndata: {notice}\n\nevent: message\ndata: {message}\n\n");
    let sent = stream::iter([Ok::<_, Infallible>(Bytes::from(text))]);
    let body = if stays_open {
        Body::from_stream(sent.chain(stream::pending()))
    } else {
        Body::from_stream(sent)
    };
    ([("content-type", "text/event-stream")], body).into_response()
}

fn answer(manner: &Manner, method: &str, params: &Value) -> Value {
    match method {
        "initialize" => {
            let offered = params["protocolVersion"].as_str().unwrap_or_default();
            json!({ "result": {
                "protocolVersion": manner.version.unwrap_or(offered),
                "capabilities": { "tools": {} },
                "serverInfo": { "name": "Acme Tools", "version": "1" },
                "instructions": "Tools for tests.",
            } })
        }
        "tools/list" => {
            let first = params.get("cursor").is_none();
            let mut page = if first {
                tools()[..2].to_vec()
            } else {
                tools()[2..].to_vec()
            };
            page.truncate(10);
            let mut result = json!({ "tools": page });
            if first || manner.endless {
                result["nextCursor"] = "more".into();
            }
            json!({ "result": result })
        }
        "tools/call" => called(params),
        _ => json!({ "error": { "code": -32601, "message": "no such method" } }),
    }
}

fn called(params: &Value) -> Value {
    let text = |text: &str| json!({ "content": [{ "type": "text", "text": text }] });
    match params["name"].as_str().unwrap_or_default() {
        "add" => {
            let sum = params["arguments"]["a"].as_i64().unwrap()
                + params["arguments"]["b"].as_i64().unwrap_or_default();
            let mut result = text(&format!("{{\"sum\": {sum}}}"));
            result["structuredContent"] = json!({ "sum": sum });
            json!({ "result": result })
        }
        "notes/delete" => {
            let mut result = text("there is no such note");
            result["isError"] = true.into();
            json!({ "result": result })
        }
        "draw" => {
            use base64::Engine;
            let data = base64::engine::general_purpose::STANDARD.encode(PICTURE);
            json!({ "result": { "content": [
                { "type": "text", "text": "Here it is." },
                { "type": "image", "data": data, "mimeType": "image/png" },
                { "type": "resource", "resource": { "uri": "acme://things/a.bin", "blob": "AAH/", "mimeType": "application/x-acme" } },
            ] } })
        }
        "large" => json!({ "result": text(&"x".repeat(100_000)) }),
        other => {
            json!({ "error": { "code": -32602, "message": format!("Unknown tool: {other}") } })
        }
    }
}

/// What the server can do.
pub fn tools() -> Vec<Value> {
    let tools = json!([
        { "name": "add", "title": "Adder", "description": "Adds two numbers.\u{7}", "annotations": { "readOnlyHint": true, "openWorldHint": false },
          "inputSchema": { "type": "object", "required": ["a"], "properties": {
              "a": { "$ref": "#/$defs/number" },
              "b": { "anyOf": [{ "$ref": "#/$defs/number" }, { "type": "null" }], "description": "The second." } },
              "$defs": { "number": { "type": "integer", "description": "A number." } } } },
        { "name": "notes/delete", "description": "Deletes a note.",
          "inputSchema": { "type": "object", "properties": { "note-id": { "type": "string" } }, "required": ["note-id"] } },
        { "name": "draw", "inputSchema": { "type": "object", "properties": {} } },
        { "name": "large", "description": "Says much.", "inputSchema": { "type": "object" } },
        { "name": "gone", "description": "Is not there.", "annotations": { "destructiveHint": true, "idempotentHint": true },
          "inputSchema": { "type": "object", "properties": { "how": { "enum": ["soon", "late"] } } } },
        { "name": "research", "inputSchema": { "type": "object" }, "execution": { "taskSupport": "required" } },
    ]);
    tools.as_array().unwrap().clone()
}
