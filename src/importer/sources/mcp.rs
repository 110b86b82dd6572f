//! MCP servers: what they say of themselves and their tools, page by page, as one document.

use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Header, LARGEST_DOCUMENT};
use crate::catalog::json_size;
use crate::error::{Error, Result};
use crate::mcp_client::{Carrier, Message, Session, Stop};
use crate::outbound::{Outbound, OutboundReply, OutboundRequest};

/// Pages of a list; more are a server that never ends.
const MOST_PAGES: usize = 200;
/// Of a refusal in plain words, in bytes.
const LONGEST_WORDS: usize = 200;

/// Sends to one address, with one credential.
struct Wire<'w> {
    outbound: &'w Outbound,
    url: &'w Url,
    header: Option<&'w Header>,
}

impl Carrier for Wire<'_> {
    async fn send(&mut self, message: Message) -> Result<OutboundReply> {
        let mut request = OutboundRequest::new(Method::POST, self.url.clone());
        request.max_bytes = LARGEST_DOCUMENT;
        if let Some(header) = self.header {
            header.put_into(&mut request);
        }
        message.put_into(&mut request);
        self.outbound.send(request).await
    }
}

/// The document of the server at `url`; `None` where there is none.
pub(super) async fn document(
    outbound: &Outbound,
    url: &Url,
    header: Option<&Header>,
) -> Result<Option<Vec<u8>>> {
    if url.query().is_some() {
        return Err(Error::invalid_with_fix(
            "the address of an MCP server has a query, which a toolkit does not keep",
            "What proves who you are goes by --header; leave out the rest.",
        ));
    }
    let mut wire = Wire {
        outbound,
        url,
        header,
    };
    let mut list = match list(&mut wire).await {
        Ok(list) => list,
        Err(Stop::Failed(error)) => return Err(error),
        Err(Stop::Refused(reply)) => return refused(&reply, url),
    };
    list.insert("url".into(), url.as_str().into());
    if let Some(header) = header {
        list.insert("header".into(), header.name().into());
        list.insert("bearer".into(), header.is_bearer().into());
        list.insert("oauth".into(), asks_for_oauth(outbound, url).await.into());
    }
    Ok(Some(serde_json::to_vec(&list)?))
}

async fn list(wire: &mut Wire<'_>) -> Result<Map<String, Value>, Stop> {
    let mut session = Session::open(wire, LARGEST_DOCUMENT).await?;
    let tools = pages(&mut session).await;
    let mut server = session.server.take();
    session.close().await;
    let mut list = Map::new();
    list.insert("tools".into(), Value::Array(tools?));
    for key in ["serverInfo", "instructions"] {
        list.insert(key.into(), server[key].take());
    }
    Ok(list)
}

async fn pages(session: &mut Session<'_, Wire<'_>>) -> Result<Vec<Value>, Stop> {
    let mut tools = Vec::new();
    let (mut bytes, mut params) = (0, json!({}));
    for _ in 0..MOST_PAGES {
        let mut page = session.ask("tools/list", params).await?;
        bytes += json_size(&page);
        if bytes > LARGEST_DOCUMENT {
            return Err(too_much(&format!("more than {LARGEST_DOCUMENT} bytes")));
        }
        if let Some(Value::Array(more)) = page.get_mut("tools").map(Value::take) {
            tools.extend(more);
        }
        match page.get("nextCursor").and_then(Value::as_str) {
            Some(next) => params = json!({ "cursor": next }),
            None => return Ok(tools),
        }
    }
    Err(too_much(&format!("more than {MOST_PAGES} pages")))
}

fn too_much(what: &str) -> Stop {
    Stop::Failed(Error::invalid(format!(
        "the MCP server's list of tools has {what}"
    )))
}

fn refused(reply: &OutboundReply, url: &Url) -> Result<Option<Vec<u8>>> {
    let place = format!("{}{}", url.origin().ascii_serialization(), url.path());
    match StatusCode::from_u16(reply.status) {
        // Some refuse a name that they are not known by, and say so.
        Ok(StatusCode::FORBIDDEN) if !words(reply).is_empty() => Err(Error::invalid_with_fix(
            format!("{place} refuses: {}", words(reply)),
            "Where a credential is missing, give one: --header 'Authorization: Bearer …'.",
        )),
        Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err(Error::invalid_with_fix(
            format!("{place} wants a credential"),
            "Give one that may read: --header 'Authorization: Bearer …' or TENON_IMPORT_HEADER.",
        )),
        Ok(status) if status.is_success() => {
            let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let said = said["error"]["message"].as_str().unwrap_or_default();
            Err(Error::upstream(format!(
                "the MCP server at {place} refuses: {said}"
            )))
        }
        Ok(_) | Err(_) => Ok(None),
    }
}

/// What a refusal says in plain words; nothing where it is more than a line.
fn words(reply: &OutboundReply) -> String {
    let text = std::str::from_utf8(&reply.body).unwrap_or_default().trim();
    let is_line =
        text.len() <= LONGEST_WORDS && !text.contains(|c: char| c.is_control() || "<{".contains(c));
    if is_line {
        text.to_owned()
    } else {
        String::new()
    }
}

/// Whether the server tells those without a credential where to get one (RFC 9728 section 5.1).
async fn asks_for_oauth(outbound: &Outbound, url: &Url) -> bool {
    let mut wire = Wire {
        outbound,
        url,
        header: None,
    };
    match Session::open(&mut wire, LARGEST_DOCUMENT).await {
        Err(Stop::Refused(reply)) => names_metadata(&reply.headers),
        Err(Stop::Failed(_)) => false,
        Ok(session) => {
            session.close().await;
            false
        }
    }
}

fn names_metadata(headers: &HeaderMap) -> bool {
    let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter();
    challenges
        .filter_map(|challenge| challenge.to_str().ok())
        .any(|challenge| challenge.contains("resource_metadata="))
}
