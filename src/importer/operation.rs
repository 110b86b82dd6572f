//! What all dialects are read into: an API, its operations, their parameters and bodies.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::Dialect;
use crate::catalog::manifest::ArgIn;

/// An API as its description has it.
pub(super) struct Api<'d> {
    pub(super) dialect: Dialect,
    pub(super) title: &'d str,
    pub(super) description: &'d str,
    pub(super) docs_url: Option<&'d str>,
    /// Where it lives; may be relative, or have variables.
    pub(super) server: Option<Server<'d>>,
    pub(super) operations: Vec<Operation<'d>>,
    /// By name.
    pub(super) schemes: BTreeMap<&'d str, SecurityScheme<'d>>,
    /// What operations need that say nothing themselves.
    pub(super) security: Vec<Requirement<'d>>,
}

impl<'d> Api<'d> {
    /// Where most operations live that say so themselves.
    pub(super) fn usual_server(&self) -> Option<Server<'d>> {
        let mut counts: BTreeMap<&str, (usize, &Server<'d>)> = BTreeMap::new();
        for server in self.operations.iter().filter_map(|one| one.server.as_ref()) {
            counts.entry(&server.url).or_insert((0, server)).0 += 1;
        }
        let (_, usual) = counts.into_values().max_by_key(|(count, _)| *count)?;
        Some(usual.clone())
    }
}

/// An address with `{variables}`.
#[derive(Clone)]
pub(super) struct Server<'d> {
    pub(super) url: String,
    pub(super) variables: BTreeMap<&'d str, &'d Value>,
}

/// Schemes that are needed together, each with its scopes.
pub(super) type Requirement<'d> = BTreeMap<&'d str, Vec<&'d str>>;

/// One operation.
pub(super) struct Operation<'d> {
    /// Where it stands, as a JSON pointer.
    pub(super) at: String,
    /// Upper case.
    pub(super) method: String,
    /// With a leading slash.
    pub(super) path: String,
    /// What tells it from others of the same method, where the path does not.
    pub(super) full_path: Option<&'d str>,
    pub(super) id: Option<&'d str>,
    pub(super) summary: Option<&'d str>,
    pub(super) description: Option<&'d str>,
    pub(super) tags: Vec<&'d str>,
    pub(super) deprecated: bool,
    pub(super) parameters: Vec<Parameter<'d>>,
    pub(super) body: Option<Body<'d>>,
    pub(super) security: Option<Vec<Requirement<'d>>>,
    /// Where it lives, if not at the API's own address.
    pub(super) server: Option<Server<'d>>,
    /// Discovery describes the content of things beside the things themselves.
    pub(super) content: Option<Content>,
    /// The successful answer is a file.
    pub(super) answers_file: bool,
    /// The form in which the answer is asked for, where the service has to be told.
    pub(super) accept: Option<&'d str>,
    /// What it is, where it is no plain request.
    pub(super) envelope: Option<Envelope<'d>>,
}

/// What is sent to the one address of an API that has but one.
#[derive(Debug, Clone)]
pub(super) enum Envelope<'d> {
    Graphql {
        document: &'d str,
        /// An expression; without it the arguments are the variables.
        variables: Option<&'d str>,
    },
    Mcp {
        tool: &'d str,
        hints: Vec<&'d str>,
        /// It is to be called as a task, which is none of the kinds of calls that tools make.
        is_task: bool,
    },
}

/// How an operation of Discovery moves the content of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// The arguments open a session that takes it.
    Resumable { max_bytes: Option<u64> },
    /// It is the body.
    Simple { max_bytes: Option<u64> },
    /// It is the answer.
    Download,
}

impl Operation<'_> {
    /// What stays the same over imports: `GET /things/{id}`.
    pub(super) fn key(&self) -> String {
        let path = self.full_path.unwrap_or(&self.path).trim_start_matches('/');
        let content = match self.content {
            Some(Content::Download) => "?alt=media",
            Some(Content::Resumable { .. } | Content::Simple { .. }) | None => "",
        };
        format!("{} /{path}{content}", self.method)
    }
}

/// One parameter.
pub(super) struct Parameter<'d> {
    pub(super) at: String,
    pub(super) name: &'d str,
    pub(super) place: Place,
    pub(super) required: bool,
    pub(super) description: Option<&'d str>,
    pub(super) schema: &'d Value,
    pub(super) style: Style,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    In(ArgIn),
    Cookie,
}

/// How a list or an object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// The name once for each item.
    Repeated,
    /// Items with commas between.
    Commas,
    /// Items with another sign between, as manifests call it.
    Separated(&'static str),
    /// `name[member]`
    Deep,
    /// JSON text.
    Json,
    /// A list in any case (Discovery's `repeated`).
    List,
}

/// A request's body.
pub(super) struct Body<'d> {
    pub(super) at: String,
    pub(super) required: bool,
    pub(super) media: Media<'d>,
    pub(super) schema: Option<&'d Value>,
    /// Of a form (OpenAPI): how its members travel, by name.
    pub(super) encoding: Option<&'d Value>,
}

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media<'d> {
    /// JSON; the name where it is not `application/json`.
    Json(Option<&'d str>),
    Form,
    Multipart,
    /// Anything else, by its name.
    Raw(&'d str),
}

impl<'d> Media<'d> {
    pub(super) fn of(name: &'d str) -> Self {
        let plain = name.split(';').next().unwrap_or_default().trim();
        match plain.to_ascii_lowercase().as_str() {
            "application/json" | "*/*" | "text/json" | "application/*" | "" => Self::Json(None),
            "application/x-www-form-urlencoded" => Self::Form,
            "multipart/form-data" | "application/form-data" | "form-data" => Self::Multipart,
            lower if lower.ends_with("+json") => Self::Json(Some(plain)),
            _ => Self::Raw(plain),
        }
    }

    /// The best of several comes first.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Json(None) => 0,
            Self::Json(Some(name)) => json_rank(name),
            Self::Form => 4,
            Self::Multipart => 5,
            Self::Raw(_) => 6,
        }
    }
}

/// A thing changes by its new members more easily than by a list of steps (RFC 7396, RFC 6902).
fn json_rank(name: &str) -> u8 {
    match name.to_ascii_lowercase().as_str() {
        "application/merge-patch+json" => 1,
        "application/json-patch+json" => 3,
        _ => 2,
    }
}

/// A way to prove who one is.
pub(super) enum SecurityScheme<'d> {
    /// A text in a header or the query.
    Key {
        place: ArgIn,
        name: &'d str,
        /// What stands there before it: `Token `.
        before: String,
        description: &'d str,
    },
    Bearer,
    Basic {
        description: &'d str,
    },
    OAuth2(Box<Flow<'d>>),
    /// OAuth 2 whose clients register themselves; the protected resource, which knows where.
    Registered(&'d str),
    /// A token that people get in a way which only they can go; what that is called.
    Token(&'static str),
    /// What it is called.
    Other(&'static str),
}

/// An OAuth 2 flow.
#[derive(Default)]
pub(super) struct Flow<'d> {
    /// Without it the client's own credentials bring the token.
    pub(super) authorize_url: Option<&'d str>,
    pub(super) token_url: Option<&'d str>,
    pub(super) refresh_url: Option<&'d str>,
    pub(super) scopes: BTreeMap<&'d str, &'d str>,
    /// Google's needs more parameters.
    pub(super) authorize_params: BTreeMap<&'static str, &'static str>,
}
