//! `POST /tools/execute/proxy`

use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use utoipa::ToSchema;

use super::context;
use super::custom::{BinaryBody, CustomConnectionData};
use crate::api::auth::Caller;
use crate::api::extract::{Once, OnceAnswer};
use crate::app::App;
use crate::error::{Error, Result};
use crate::executor::{self, BinaryContent, BinaryReply, ProxyCall, ProxyCredential, ProxyReply};
use crate::idempotency;

/// A request to a toolkit's own API.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProxyRequest {
    /// The connected account whose credential is used.
    #[serde(default)]
    #[schema(
        format = "connectedAccountId",
        example = "ca_1a2b3c4d5e6f",
        nullable = false
    )]
    connected_account_id: Option<String>,
    /// A path under the toolkit's base URL, or a whole URL on one of the toolkit's hosts.
    #[schema(example = "/user/repos")]
    endpoint: String,
    /// The HTTP method.
    #[schema(example = "GET")]
    method: ProxyMethod,
    /// The JSON body; a text goes as it is if the `content-type` parameter is not JSON.
    #[serde(default)]
    #[schema(nullable = true, example = json!({ "name": "Hello-World" }))]
    body: Option<Value>,
    /// Bytes to send as they are, in place of `body`: inline, or from a link to a file of this
    /// server or any public address.
    #[serde(default)]
    #[schema(value_type = Option<BinaryBody>, nullable = false)]
    binary_body: Option<BinaryRequest>,
    /// More headers and query parameters. What carries the credential cannot be set.
    #[serde(default)]
    parameters: Option<Vec<ProxyParameter>>,
    /// Credentials in the shape of a connected account's, for this call, in place of one.
    #[serde(default)]
    #[schema(nullable = false, deprecated)]
    custom_connection_data: Option<CustomConnectionData>,
}

/// The methods of proxied requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProxyMethod {
    Get,
    Post,
    Put,
    Delete,
    Patch,
    Head,
}

impl From<ProxyMethod> for Method {
    fn from(method: ProxyMethod) -> Self {
        match method {
            ProxyMethod::Get => Self::GET,
            ProxyMethod::Post => Self::POST,
            ProxyMethod::Put => Self::PUT,
            ProxyMethod::Delete => Self::DELETE,
            ProxyMethod::Patch => Self::PATCH,
            ProxyMethod::Head => Self::HEAD,
        }
    }
}

/// A header or query parameter.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProxyParameter {
    /// Its name.
    #[schema(example = "accept")]
    name: String,
    /// Its value.
    #[schema(example = "application/vnd.github.raw+json")]
    value: String,
    /// Where it goes.
    #[serde(rename = "type")]
    kind: ProxyParameterKind,
}

/// Where a parameter of a proxied request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProxyParameterKind {
    /// Among the headers.
    Header,
    /// Into the query.
    Query,
}

/// The upstream's answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProxyResponse {
    /// The body: JSON, or else text; null if there is none.
    #[schema(required = false, nullable = true, example = json!({ "login": "octocat" }))]
    data: Value,
    /// A link to a body that is no text; `data` is null then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    binary_data: Option<BinaryData>,
    /// The upstream's HTTP status.
    #[schema(value_type = f64, example = 200)]
    status: u16,
    /// The upstream's headers, without cookies.
    #[schema(required = false, value_type = std::collections::BTreeMap<String, String>,
        example = json!({ "content-type": "application/json" }))]
    headers: Map<String, Value>,
}

/// Where a binary body can be fetched.
#[derive(Debug, Serialize, ToSchema)]
pub struct BinaryData {
    /// The link.
    url: String,
    /// The media type.
    content_type: String,
    /// Length in bytes.
    #[schema(value_type = f64)]
    size: u64,
    /// Until when the link works.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_at: Option<String>,
}

impl From<ProxyReply> for ProxyResponse {
    fn from(
        ProxyReply {
            data,
            binary,
            status,
            headers,
        }: ProxyReply,
    ) -> Self {
        Self {
            data,
            binary_data: binary.map(BinaryData::from),
            status,
            headers,
        }
    }
}

impl From<BinaryReply> for BinaryData {
    fn from(
        BinaryReply {
            url,
            content_type,
            size,
            expires_at,
        }: BinaryReply,
    ) -> Self {
        Self {
            url,
            content_type,
            size,
            expires_at: Some(expires_at.to_text()),
        }
    }
}

/// Bytes as a request brings them.
#[derive(Debug, Deserialize)]
pub struct BinaryRequest {
    base64: Option<String>,
    url: Option<String>,
    // The camel case stands in the official description's text.
    #[serde(alias = "contentType")]
    content_type: Option<String>,
}

impl BinaryRequest {
    fn read(self) -> Result<executor::BinaryBody> {
        let problem = |problem: &str| Error::fields(vec![format!("binary_body{problem}")]);
        let content = match (self.base64, self.url) {
            (Some(text), None) if !text.is_empty() => STANDARD
                .decode(text.trim())
                .map(|bytes| BinaryContent::Inline(bytes.into()))
                .map_err(|_| problem(".base64: is no base64"))?,
            (None, Some(url)) => Url::parse(&url)
                .map(BinaryContent::At)
                .map_err(|_| problem(".url: is no URL"))?,
            (None | Some(_), None) => return Err(problem(": must have either `base64` or `url`")),
            (Some(_), Some(_)) => return Err(problem(": give either `base64` or `url`")),
        };
        Ok(executor::BinaryBody {
            content,
            content_type: self.content_type.filter(|kind| !kind.is_empty()),
        })
    }
}

/// Call a toolkit's API directly
///
/// Sends the request with the account's credential, which goes to the toolkit's own hosts and
/// nowhere else. The upstream's status, whatever it is, is part of a 200 answer.
#[utoipa::path(
    post, path = "/tools/execute/proxy", tag = "Tools",
    security(("ApiKeyAuth" = [])),
    params(
        ("idempotency-key" = inline(Option<String>), Header, min_length = 1, max_length = 255,
            description = "Makes the call at most once: with the same key and request the first \
                answer is given again, with the header `idempotent-replayed: true`"),
    ),
    request_body(content = ProxyRequest, example = json!({
        "connected_account_id": "ca_1a2b3c4d5e6f", "endpoint": "/user/repos", "method": "GET",
        "parameters": [{ "name": "per_page", "value": "5", "type": "query" }],
    })),
    responses((status = 200, description = "The upstream answered", body = ProxyResponse)),
)]
pub(super) async fn execute_proxy_request(
    State(app): State<App>,
    caller: Caller,
    request: Once<ProxyRequest>,
) -> Result<OnceAnswer<ProxyResponse>> {
    let (request, asked) = request.take("proxy")?;
    let call = request.into_call()?;
    let context = context(caller);
    let (own_app, own_context) = (app.clone(), context.clone());
    let proxying = Box::pin(async move {
        let reply = executor::proxy(&own_app, &own_context, call).await?;
        Ok(ProxyResponse::from(reply))
    });
    let answer = idempotency::once(&app, &context, asked, proxying).await?;
    Ok(OnceAnswer(answer))
}

impl ProxyRequest {
    fn into_call(self) -> Result<ProxyCall> {
        let account = self.connected_account_id.filter(|id| !id.is_empty());
        let problem = match (account, self.custom_connection_data) {
            (Some(id), None) => Ok(ProxyCredential::Account(id.into())),
            (None, Some(data)) => Ok(ProxyCredential::Given(data.into())),
            (None, None) => Err("connected_account_id: is required"),
            (Some(_), Some(_)) => {
                Err("connected_account_id: give either it or custom_connection_data")
            }
        };
        let credential = problem.map_err(|problem| Error::fields(vec![problem.into()]))?;
        let written = Written {
            endpoint: self.endpoint,
            method: self.method,
            body: self.body,
            binary_body: self.binary_body,
            parameters: self.parameters,
        };
        written.into_call(credential)
    }
}

/// A request as its caller wrote it, without the credential.
pub(in crate::api) struct Written {
    pub(in crate::api) endpoint: String,
    pub(in crate::api) method: ProxyMethod,
    pub(in crate::api) body: Option<Value>,
    pub(in crate::api) binary_body: Option<BinaryRequest>,
    pub(in crate::api) parameters: Option<Vec<ProxyParameter>>,
}

impl Written {
    /// # Errors
    /// [`Error::Invalid`] for a binary body that is none and an empty endpoint.
    pub(in crate::api) fn into_call(self, credential: ProxyCredential) -> Result<ProxyCall> {
        let binary = self.binary_body.map(BinaryRequest::read).transpose()?;
        if self.endpoint.trim().is_empty() {
            return Err(Error::fields(vec!["endpoint: must not be empty".into()]));
        }
        let mut call = ProxyCall {
            credential,
            endpoint: self.endpoint,
            method: self.method.into(),
            body: self.body,
            binary,
            headers: Vec::new(),
            query: Vec::new(),
        };
        for ProxyParameter { name, value, kind } in self.parameters.unwrap_or_default() {
            match kind {
                ProxyParameterKind::Header => call.headers.push((name, value)),
                ProxyParameterKind::Query => call.query.push((name, value)),
            }
        }
        Ok(call)
    }
}
