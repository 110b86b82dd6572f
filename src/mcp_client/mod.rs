//! The client's side of the Model Context Protocol over Streamable HTTP (modelcontextprotocol.io,
//! revision 2025-11-25): opens a session, asks, and ends it. Who sends, by which rules and with what
//! credential, is for the caller to say.

mod answer;

use std::future::Future;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::outbound::{OutboundReply, OutboundRequest, StreamAnswer};

/// What is offered; a server that does not know it answers with one that it knows.
const OFFERED: &str = "2025-11-25";
/// The revisions that have this transport and begin with `initialize`.
const SPOKEN: [&str; 3] = [OFFERED, "2025-06-18", "2025-03-26"];
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// Sends what a session has to say.
pub trait Carrier {
    /// Sends one message and waits for its answer.
    ///
    /// # Errors
    /// When it cannot be sent, or nobody answers.
    fn send(&mut self, message: Message) -> impl Future<Output = Result<OutboundReply>> + Send;
}

/// One HTTP request of a session.
#[derive(Debug, Clone)]
pub struct Message {
    method: Method,
    headers: HeaderMap,
    body: Bytes,
    /// Sending it twice does what sending it once does; of a tool's call only the tool can say.
    pub is_repeatable: bool,
}

impl Message {
    /// Makes `request` carry it.
    pub fn put_into(self, request: &mut OutboundRequest) {
        request.method = self.method;
        request.headers.extend(self.headers);
        request.body = self.body;
        request.stream_answer = StreamAnswer::IfEvents;
    }
}

/// Why there is no result.
#[derive(Debug)]
pub enum Stop {
    /// The answer is an error of HTTP's, or of the protocol's, which stands in the body.
    Refused(OutboundReply),
    /// There is no answer, or none that can be read.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// An open session.
#[derive(Debug)]
pub struct Session<'c, C> {
    carrier: &'c mut C,
    headers: HeaderMap,
    /// Of the last request.
    number: u64,
    /// What the server says of itself.
    pub server: Value,
    /// Limit on one answer.
    max_bytes: usize,
}

impl<'c, C: Carrier + Send> Session<'c, C> {
    /// Opens a session; answers may have `max_bytes`.
    ///
    /// # Errors
    /// [`Stop`] when the server does not take part.
    pub async fn open(carrier: &'c mut C, max_bytes: usize) -> Result<Self, Stop> {
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json");
        let both = HeaderValue::from_static("application/json, text/event-stream");
        headers.extend([(CONTENT_TYPE, json), (ACCEPT, both)]);
        let mut session = Self {
            carrier,
            headers,
            number: 0,
            server: Value::Null,
            max_bytes,
        };
        session.begin().await?;
        Ok(session)
    }

    async fn begin(&mut self) -> Result<(), Stop> {
        let client = json!({ "name": "tenon", "version": env!("CARGO_PKG_VERSION") });
        let params =
            json!({ "protocolVersion": OFFERED, "capabilities": {}, "clientInfo": client });
        let (reply, server) = self.request("initialize", params).await?;
        self.server = server;
        let version = self.server["protocolVersion"].as_str().unwrap_or_default();
        let version = SPOKEN.into_iter().find(|known| *known == version);
        let version = version.ok_or_else(|| {
            Error::upstream(format!(
                "the MCP server speaks none of the revisions {}",
                SPOKEN.join(", ")
            ))
        })?;
        self.headers
            .insert(VERSION, HeaderValue::from_static(version));
        if let Some(id) = reply.headers.get(SESSION) {
            self.headers.insert(SESSION, id.clone());
        }
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.post(&ready, true).await.map(drop)
    }

    /// The result of `method`.
    ///
    /// # Errors
    /// [`Stop`] when there is none.
    pub async fn ask(&mut self, method: &str, params: Value) -> Result<Value, Stop> {
        self.request(method, params).await.map(|(_, result)| result)
    }

    /// Tells the server that nothing more will come; one that does not care is none of ours.
    pub async fn close(self) {
        if self.headers.contains_key(SESSION) {
            let message = Message {
                method: Method::DELETE,
                headers: self.headers,
                body: Bytes::new(),
                is_repeatable: false,
            };
            let _ = self.carrier.send(message).await;
        }
    }

    async fn request(
        &mut self,
        method: &str,
        params: Value,
    ) -> Result<(OutboundReply, Value), Stop> {
        self.number += 1;
        let message =
            json!({ "jsonrpc": "2.0", "id": self.number, "method": method, "params": params });
        let reply = self.post(&message, method != "tools/call").await?;
        let mut answer = answer::read(&reply, self.number, self.max_bytes).await?;
        match answer.get_mut("result") {
            Some(result) => Ok((reply, result.take())),
            None => Err(Stop::Refused(OutboundReply::json(reply.status, &answer))),
        }
    }

    async fn post(&mut self, message: &Value, is_repeatable: bool) -> Result<OutboundReply, Stop> {
        let message = Message {
            method: Method::POST,
            headers: self.headers.clone(),
            body: Bytes::from(message.to_string()),
            is_repeatable,
        };
        let reply = self.carrier.send(message).await?;
        match reply.status {
            200..=299 => Ok(reply),
            _ => Err(Stop::Refused(reply)),
        }
    }
}
