//! Proxied calls: the caller writes the request, we add the credential, and only where it belongs.

use std::sync::Arc;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};
use url::Url;

use super::binary::{self, BinaryBody, BinaryReply, ReadyBody};
use super::connection::Connection;
use super::recording::Recording;
use super::response::Body;
use super::{CallContext, OwnAuth, attempts, explain, request, retry};
use crate::accounts::{self, AccountSelector, GivenConnection};
use crate::app::App;
use crate::auth_schemes::Redactor;
use crate::catalog::Toolkit;
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::outbound::{OutboundReply, OutboundRequest, StreamAnswer};
use crate::tenancy;
use crate::toolkits;

/// A request that the caller wrote.
#[derive(Debug, Clone)]
pub struct ProxyCall {
    /// Whose credential.
    pub credential: ProxyCredential,
    /// A path under the toolkit's base URL, or a whole URL on one of its hosts.
    pub endpoint: String,
    /// HTTP method.
    pub method: Method,
    /// JSON, or text if a header says it is something else.
    pub body: Option<Value>,
    /// Bytes, in place of `body`.
    pub binary: Option<BinaryBody>,
    /// Headers by name.
    pub headers: Vec<(String, String)>,
    /// Query parameters by name.
    pub query: Vec<(String, String)>,
}

/// As whom a request is proxied.
#[derive(Debug, Clone)]
pub enum ProxyCredential {
    /// With a connected account.
    Account(AccountId),
    /// With credentials that came with the call.
    Given(GivenConnection),
}

/// The upstream's answer, whatever its status.
#[derive(Debug, Clone)]
pub struct ProxyReply {
    /// JSON where it is JSON, else text; null for an empty body and for one that is no text.
    pub data: Value,
    /// Where a body that is no text can be fetched.
    pub binary: Option<BinaryReply>,
    /// HTTP status.
    pub status: u16,
    /// Headers that are the caller's business.
    pub headers: Map<String, Value>,
}

/// Sends a caller's own request with an account's credential and records it.
///
/// # Errors
/// [`Error::NotFound`] and [`Error::AccountUnusable`] for the account, [`Error::Invalid`] for a
/// URL on a foreign host or a header that is not the caller's to set, [`Error::Upstream`] when no
/// usable answer came.
pub async fn proxy(app: &App, context: &CallContext, call: ProxyCall) -> Result<ProxyReply> {
    let toolkit = match &call.credential {
        ProxyCredential::Account(id) => accounts::find(app, &context.project, id)
            .await?
            .toolkit
            .clone(),
        ProxyCredential::Given(given) => given.toolkit.clone(),
    };
    let catalog = toolkits::catalog(app, &context.project).await?;
    let toolkit = Arc::clone(catalog.toolkit(&toolkit)?);
    let recording = Recording::begin(app, context, "proxy", &toolkit.manifest.slug);
    recording.name(call.method.as_str(), None);
    let outcome = run(app, context, &call, &toolkit, &recording).await;
    match &outcome {
        Ok(reply) if reply.status >= 400 => {
            let failure = format!("the upstream answered {}", reply.status);
            recording.finish(Some(&failure), &failure);
        }
        Ok(_) => recording.finish(None, ""),
        Err(error) => recording.finish(Some(&error.to_string()), error.shown().slug),
    }
    outcome
}

async fn run(
    app: &App,
    context: &CallContext,
    call: &ProxyCall,
    toolkit: &Arc<Toolkit>,
    recording: &Recording,
) -> Result<ProxyReply> {
    let project = tenancy::open_project(app, &context.project).await?;
    if recording.stores_data(&project.project.settings) {
        recording.name(&shown_call(call), None);
    }
    let mut connection = match &call.credential {
        ProxyCredential::Account(id) => {
            let selector = AccountSelector {
                account: Some(id.clone()),
                user: None,
            };
            let slug = &toolkit.manifest.slug;
            let account = accounts::pick(app, &context.project, slug, &selector).await?;
            recording.account(&account);
            explain::account(recording, Some(&*account), &selector, None);
            Connection::open(app, toolkit, Some(account)).await?
        }
        ProxyCredential::Given(given) => {
            let own = OwnAuth::Connection(given.clone());
            explain::account(recording, None, &AccountSelector::default(), Some(&own));
            Connection::of_caller(app, &context.project, toolkit, own).await?
        }
    };
    explain::credentials(app, recording, &connection).await?;
    let slug = &toolkit.manifest.slug;
    let ready = match &call.binary {
        Some(body) => Some(binary::prepare(app, context, slug, body).await?),
        None => None,
    };
    let build = |connection: &Connection| build(app, call, ready.as_ref(), connection);
    let repeatable = retry::is_repeatable(&call.method);
    let sent = attempts::send(app, &mut connection, build, repeatable, recording).await?;
    let (data, binary) = if let Some(data) = data(&sent.reply, &sent.redactor) {
        (data, None)
    } else {
        let reply = binary::hand_over(app, context, slug, &sent).await?;
        (Value::Null, Some(reply))
    };
    let mut headers = shown_headers(&sent.reply.headers);
    sent.redactor.fields(&mut headers);
    Ok(ProxyReply {
        data,
        binary,
        status: sent.reply.status,
        headers,
    })
}

/// Method and path, without the query, which is the caller's data.
fn shown_call(call: &ProxyCall) -> String {
    let end = call
        .endpoint
        .find(['?', '#'])
        .unwrap_or(call.endpoint.len());
    format!(
        "{} {}",
        call.method,
        call.endpoint[..end].chars().take(500).collect::<String>()
    )
}

fn build(
    app: &App,
    call: &ProxyCall,
    ready: Option<&ReadyBody>,
    connection: &Connection,
) -> Result<OutboundRequest> {
    let mut request = OutboundRequest::new(call.method.clone(), target(call, connection)?);
    super::limit(app, &mut request);
    connection.authorize(&mut request)?;
    if !call.query.is_empty() {
        request.url.query_pairs_mut().extend_pairs(&call.query);
    }
    let defaults = &connection.toolkit.manifest.default_headers;
    request.headers = request::fixed_headers(defaults)?;
    request.headers.extend(callers_headers(call)?);
    refuse_overrides(&request, call)?;
    set_body(&mut request, call, ready)?;
    request.stream_answer = StreamAnswer::IfBinary;
    Ok(request)
}

/// Where the call goes: only where the credential may go.
fn target(call: &ProxyCall, connection: &Connection) -> Result<Url> {
    let endpoint = call.endpoint.trim();
    let is_absolute = ["http://", "https://"].iter().any(|scheme| {
        endpoint
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    if !is_absolute {
        let mut url = request::under(&connection.base_url(None)?, endpoint)?;
        url.set_fragment(None);
        return Ok(url);
    }
    let mut url = Url::parse(endpoint)
        .map_err(|_| Error::fields(vec!["endpoint: is neither a path nor a URL".into()]))?;
    url.set_fragment(None);
    let hosts = connection.hosts();
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::fields(vec![
            "endpoint: must not hold a user name or password".into(),
        ]));
    }
    if !hosts.permits(&url) {
        return Err(Error::invalid_with_fix(
            format!(
                "{} is not a host of {}, so its credential may not go there",
                url.origin().ascii_serialization(),
                connection.toolkit.manifest.slug
            ),
            format!("Give a path, or a URL on one of: {}.", hosts.0.join(", ")),
        ));
    }
    Ok(url)
}

fn callers_headers(call: &ProxyCall) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let mut problems = Vec::new();
    for (name, value) in &call.headers {
        let parsed = HeaderName::from_bytes(name.trim().as_bytes()).ok();
        match (parsed, HeaderValue::from_str(value)) {
            (None, _) => problems.push(format!("parameters: `{name}` is no header name")),
            (Some(name), Err(_)) => {
                problems.push(format!(
                    "parameters: the value of header `{name}` must not hold line breaks"
                ));
            }
            (Some(name), Ok(_)) if request::is_ours(&name) => {
                problems.push(format!("parameters: header `{name}` is set by this server"));
            }
            (Some(name), Ok(value)) => {
                headers.insert(name, value);
            }
        }
    }
    if problems.is_empty() {
        Ok(headers)
    } else {
        Err(Error::fields(problems))
    }
}

/// A caller who sets what the credential fills believes to act as somebody else, so it is told.
fn refuse_overrides(request: &OutboundRequest, call: &ProxyCall) -> Result<()> {
    let headers = request
        .credential_header_names()
        .filter(|name| request.headers.contains_key(*name))
        .map(|name| format!("header `{name}`"));
    let parameters = request
        .credential_query
        .iter()
        .filter(|(name, _)| request.url.query_pairs().any(|(given, _)| given == *name))
        .map(|(name, _)| format!("query parameter `{name}`"));
    let problems: Vec<String> = headers
        .chain(parameters)
        .map(|what| {
            let whose = match &call.credential {
                ProxyCredential::Account(id) => id.as_str(),
                ProxyCredential::Given(_) => "custom_connection_data",
            };
            format!("parameters: {what} carries the credential of {whose}")
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::fields(problems))
    }
}

fn set_body(
    request: &mut OutboundRequest,
    call: &ProxyCall,
    ready: Option<&ReadyBody>,
) -> Result<()> {
    if (call.body.is_some() || ready.is_some()) && matches!(call.method, Method::GET | Method::HEAD)
    {
        return Err(Error::fields(vec![format!(
            "body: {} takes none",
            call.method
        )]));
    }
    let body = match (ready, &call.body) {
        (Some(_), Some(_)) => {
            return Err(Error::fields(vec![
                "binary_body: give either it or body".into(),
            ]));
        }
        (Some(ready), None) => {
            ready.put_into(request);
            return Ok(());
        }
        (None, Some(body)) => body,
        (None, None) => return Ok(()),
    };
    let kind = request
        .headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    match (body, kind) {
        (Value::String(text), Some(kind)) if !kind.contains("json") => {
            request.body = text.clone().into();
            Ok(())
        }
        _ => request::set_json(request, body),
    }
}

/// None for a body that is no text.
fn data(reply: &OutboundReply, redactor: &Redactor) -> Option<Value> {
    if reply.streamed.is_some() {
        return None;
    }
    match Body::read(reply, redactor) {
        Body::Empty => Some(Value::Null),
        Body::Json(value) => Some(value),
        Body::Text(text) => Some(Value::String(text)),
        Body::Binary => None,
    }
}

fn shown_headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut shown: Map<String, Value> = Map::new();
    for (name, value) in headers {
        if [SET_COOKIE, CONTENT_LENGTH].contains(name) || request::is_hop_by_hop(name) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        match shown.get_mut(name.as_str()) {
            Some(Value::String(present)) => {
                present.push_str(", ");
                present.push_str(&value);
            }
            _ => {
                shown.insert(name.as_str().to_owned(), Value::String(value.into_owned()));
            }
        }
    }
    shown
}
