//! A client of Tenon's MCP URLs that speaks bare JSON-RPC, so that tests can say anything.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, Reply};

/// One URL, with the credential of `http`.
#[derive(Clone)]
pub struct McpClient {
    pub http: Client,
    pub path: String,
}

impl McpClient {
    pub fn new(http: &Client, path: &str) -> Self {
        Self {
            http: http.clone(),
            path: path.to_owned(),
        }
    }

    /// The same client with one more header.
    #[must_use]
    pub fn with_header(&self, name: &'static str, value: &str) -> Self {
        Self::new(&self.http.with_header(name, value), &self.path)
    }

    /// Any body.
    pub async fn raw(&self, body: &str) -> Reply {
        let body = Some(body.to_owned());
        self.http.send(Method::POST, &self.path, body).await
    }

    /// A request, and its whole answer.
    pub async fn request(&self, method: &str, params: Value) -> Reply {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.raw(&message.to_string()).await
    }

    /// A request that must succeed, and its result.
    #[track_caller]
    pub fn result(reply: &Reply) -> Value {
        assert_eq!(reply.status, 200, "{}", reply.text);
        let message = messages(reply).pop().expect("a message");
        assert!(message.get("error").is_none(), "{message}");
        message["result"].clone()
    }

    /// The result of `initialize`, and the same client with the session that it began.
    pub async fn initialize(&self, revision: &str) -> (Value, Self) {
        let params = json!({
            "protocolVersion": revision, "capabilities": {},
            "clientInfo": { "name": "tests", "version": "1" },
        });
        let reply = self.request("initialize", params).await;
        let session = reply.header("mcp-session-id").expect("a session id");
        let result = Self::result(&reply);
        let agreed = result["protocolVersion"].as_str().unwrap().to_owned();
        let client = self
            .with_header("mcp-session-id", session)
            .with_header("mcp-protocol-version", &agreed);
        (result, client)
    }

    /// Calls a tool, which must have a result.
    pub async fn call(&self, name: &str, arguments: Value) -> Value {
        let params = json!({ "name": name, "arguments": arguments });
        Self::result(&self.request("tools/call", params).await)
    }

    /// The names of the tools.
    pub async fn tools(&self) -> Vec<String> {
        let list = Self::result(&self.request("tools/list", json!({})).await);
        let tools = list["tools"].as_array().unwrap().iter();
        let mut names: Vec<String> = tools
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort_unstable();
        names
    }
}

/// The messages of an answer, be it JSON or a stream of events.
pub fn messages(reply: &Reply) -> Vec<Value> {
    if reply.header("content-type") != Some("text/event-stream") {
        return vec![reply.json()];
    }
    let data = reply
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
}
