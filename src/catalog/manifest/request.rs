//! The words of a manifest about one request.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::{Encoding, Media};
use crate::expressions::Expression;

/// The request of a tool, or of one of its steps.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestManifest {
    /// HTTP method; of GraphQL and MCP `POST` where nothing is said.
    #[serde(default)]
    pub method: String,
    /// Path under the base URL: `{arg}` is percent-encoded, `{+arg}` keeps `/`; in steps also
    /// `{item.id}` and `{steps.list.body.id}`.
    #[serde(default)]
    pub path: String,
    /// In place of a path: an expression that gives a whole URL, as an earlier answer told it. It
    /// must be at a host of the toolkit's.
    #[serde(default)]
    pub url: Option<Expression>,
    /// A name out of `servers`; the base URL where absent.
    #[serde(default)]
    pub server: Option<String>,
    /// Fixed query parameters, or an expression that makes all of them.
    #[serde(default)]
    pub query: Query,
    /// Fixed headers, or templates over the arguments.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What is asked for: a plain request, GraphQL, or a tool of an MCP server.
    #[serde(default)]
    pub kind: RequestKind,
    /// The form of the body.
    #[serde(default)]
    pub encoding: Encoding,
    /// The one part that takes all arguments but the files, as JSON.
    #[serde(default)]
    pub part_json: Option<String>,
    /// With `encoding: related`: what of the body is the content of the upload.
    #[serde(default)]
    pub media: Option<Media>,
    /// How objects and lists stand in a form.
    #[serde(default)]
    pub style: FormStyle,
    /// An expression that makes the body, in place of the arguments.
    #[serde(default)]
    pub body: Option<Expression>,
    /// GraphQL: the document; or `{arg}`, an argument that holds one.
    #[serde(default)]
    pub document: Option<String>,
    /// GraphQL: an expression that makes the variables, in place of the arguments.
    #[serde(default)]
    pub variables: Option<Expression>,
    /// GraphQL: which operation of the document is meant.
    #[serde(default)]
    pub operation: Option<String>,
    /// MCP: what the server calls the tool.
    #[serde(default)]
    pub tool: Option<String>,
    /// In a step: the arguments that this request takes. Where no step says so, the first one takes
    /// them all.
    #[serde(default)]
    pub bind: Option<Vec<String>>,
}

impl RequestManifest {
    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &str {
        match (self.kind, self.method.as_str()) {
            (RequestKind::Graphql | RequestKind::Mcp, "") => "POST",
            (RequestKind::Graphql | RequestKind::Mcp | RequestKind::Http, method) => method,
        }
    }

    /// The fixed query parameters.
    pub fn fixed_query(&self) -> impl Iterator<Item = (&String, &String)> {
        let fixed = match &self.query {
            Query::Fixed(fixed) => Some(fixed),
            Query::Made(_) => None,
        };
        fixed.into_iter().flatten()
    }

    /// The expressions, each with its key.
    pub fn expressions(&self) -> impl Iterator<Item = (&'static str, &Expression)> {
        let made = match &self.query {
            Query::Fixed(_) => None,
            Query::Made(made) => Some(made),
        };
        [
            ("url", self.url.as_ref()),
            ("query", made),
            ("body", self.body.as_ref()),
            ("variables", self.variables.as_ref()),
        ]
        .into_iter()
        .filter_map(|(key, expression)| Some((key, expression?)))
    }
}

/// What kind of request it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RequestKind {
    /// One of HTTP.
    #[default]
    Http,
    /// A document and variables, as the GraphQL over HTTP specification sends them.
    Graphql,
    /// A call of a tool of a remote MCP server, in a session of its own. The arguments of the body
    /// are the tool's.
    Mcp,
}

/// How objects and lists stand in a form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FormStyle {
    /// `a[b]=1`, `a[]=1`
    #[default]
    Brackets,
    /// `a[b]=1`, `a[0]=1`
    Indices,
    /// Lists repeat the name, objects are JSON.
    Plain,
}

/// The query of a request.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(from = "QueryWords", into = "QueryWords")]
pub enum Query {
    /// Parameters that are always the same, or templates over the arguments.
    Fixed(BTreeMap<String, String>),
    /// An expression that gives an object.
    Made(Expression),
}

/// How a manifest writes it.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(
    dead_code,
    reason = "it is there for its schema; [`Query`] reads the words itself"
)]
enum QueryWords {
    /// An expression that gives an object.
    Made(String),
    /// Parameters, each with its text.
    Fixed(BTreeMap<String, QueryText>),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it is there for its schema")]
enum QueryText {
    Text(String),
    Number(f64),
    Flag(bool),
}

impl Default for Query {
    fn default() -> Self {
        Self::Fixed(BTreeMap::new())
    }
}

impl<'de> Deserialize<'de> for Query {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(source) => Ok(Self::Made(Expression::new(source))),
            Value::Object(fixed) => fixed
                .into_iter()
                .map(|(name, value)| match value {
                    Value::String(text) => Ok((name, text)),
                    Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
                    Value::Null | Value::Array(_) | Value::Object(_) => Err(D::Error::custom(
                        format!("query: {name}: must be text, or the whole query one expression"),
                    )),
                })
                .collect::<Result<_, _>>()
                .map(Self::Fixed),
            _ => Err(D::Error::custom(
                "query: must be a mapping of names to texts, or an expression",
            )),
        }
    }
}
