//! Credentials of the caller's own making for one call: headers, query parameters, fields of the
//! body, and where the API is.

use http::{HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::request;
use crate::error::{Error, Result};
use crate::outbound::OutboundRequest;

/// Headers that describe a request and prove nothing.
const PLAIN_HEADERS: [&str; 5] = [
    "accept",
    "accept-language",
    "content-language",
    "content-type",
    "user-agent",
];
const PATH: &str = "custom_auth_params";

/// What goes into the request in place of an account's credentials.
#[derive(Clone)]
pub struct CustomAuth {
    /// In place of the toolkit's base URL; the parameters then go to its origin alone.
    pub base_url: Option<String>,
    /// Headers and query parameters.
    pub parameters: Vec<CustomParameter>,
    /// Added to the JSON body.
    pub body: Map<String, Value>,
}

/// One header or query parameter.
#[derive(Clone)]
pub struct CustomParameter {
    /// Its name.
    pub name: String,
    /// Where it goes.
    pub place: CustomPlace,
    /// Its value.
    pub value: Zeroizing<String>,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomPlace {
    /// Among the headers.
    Header,
    /// Into the query.
    Query,
}

impl std::fmt::Debug for CustomAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CustomAuth({} parameters)", self.parameters.len())
    }
}

impl std::fmt::Debug for CustomParameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.place, self.name)
    }
}

impl CustomAuth {
    /// The caller's own base URL, if it gave one.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no plain http or https URL.
    pub(super) fn base_url(&self) -> Result<Option<Url>> {
        let Some(text) = &self.base_url else {
            return Ok(None);
        };
        let url = Url::parse(text.trim()).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        url.map(Some).ok_or_else(|| {
            Error::fields(vec![format!(
                "{PATH}.base_url: must be an http:// or https:// URL without user name, query and \
                 fragment"
            )])
        })
    }

    /// Adds the parameters to `request`, as credentials where they could be ones.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names each parameter that cannot be sent.
    pub(super) fn apply(&self, request: &mut OutboundRequest) -> Result<()> {
        let mut problems = Vec::new();
        for (index, parameter) in self.parameters.iter().enumerate() {
            let CustomParameter { name, place, value } = parameter;
            match place {
                CustomPlace::Query => {
                    let pair = (name.clone(), value.to_string());
                    request.credential_query.push(pair);
                }
                CustomPlace::Header => {
                    if let Err(problem) = set_header(request, name, value) {
                        problems.push(format!("{PATH}.parameters[{index}]: {problem}"));
                    }
                }
            }
        }
        if !problems.is_empty() {
            return Err(Error::fields(problems));
        }
        self.add_body(request)
    }

    fn add_body(&self, request: &mut OutboundRequest) -> Result<()> {
        if self.body.is_empty() {
            return Ok(());
        }
        if matches!(request.method, Method::GET | Method::HEAD) {
            return Err(Error::fields(vec![format!(
                "{PATH}.body: {} requests have none",
                request.method
            )]));
        }
        let no_object =
            || Error::fields(vec![format!("{PATH}.body: the tool sends no JSON object")]);
        let mut fields = if request.streamed_body.is_some() {
            return Err(no_object());
        } else if request.body.is_empty() {
            Map::new()
        } else {
            serde_json::from_slice(&request.body).map_err(|_| no_object())?
        };
        fields.extend(self.body.clone());
        request::set_json(request, &Value::Object(fields))
    }

    /// What of the body must not be shown; parameters are known from the request.
    pub(super) fn body_secrets(&self) -> Vec<Zeroizing<String>> {
        let mut found = Vec::new();
        self.body
            .values()
            .for_each(|value| texts(value, &mut found));
        found
    }
}

fn texts(value: &Value, found: &mut Vec<Zeroizing<String>>) {
    match value {
        Value::String(text) => found.push(Zeroizing::new(text.clone())),
        Value::Number(number) => found.push(Zeroizing::new(number.to_string())),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn set_header(request: &mut OutboundRequest, name: &str, value: &str) -> Result<(), String> {
    let header = HeaderName::from_bytes(name.trim().as_bytes())
        .map_err(|_| format!("`{name}` is no header name"))?;
    if request::is_ours(&header) {
        return Err(format!("header `{name}` is set by this server"));
    }
    let mut content = HeaderValue::from_str(value)
        .map_err(|_| format!("the value of header `{name}` must not hold line breaks"))?;
    // `Notion-Version: 2022-06-28` is no secret, and would be taken out of every answer.
    if PLAIN_HEADERS.contains(&header.as_str()) || header.as_str().ends_with("version") {
        request.headers.insert(header, content);
    } else {
        content.set_sensitive(true);
        request.credential_headers.insert(header, content);
    }
    Ok(())
}
