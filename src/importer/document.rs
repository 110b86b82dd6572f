//! A description as a whole: what it is written in, and what its references lead to.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{graphql, mcp};
use crate::error::{Error, Result};

/// What a description is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAPI 3.0 and 3.1.
    OpenApi,
    /// Swagger 2.0, the former OpenAPI.
    Swagger,
    /// Google's Discovery documents.
    Discovery,
    /// A GraphQL schema, made into an OpenAPI description.
    Graphql,
    /// The tools of an MCP server, made into an OpenAPI description.
    Mcp,
}

impl Dialect {
    /// The dialect of a document, by the key that names it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for everything else.
    pub(super) fn of(root: &Value) -> Result<Self> {
        // YAML reads an unquoted `2.0` as a number.
        let text = |key: &str| match root.get(key) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let is_version = |key: &str, start: &str| text(key).is_some_and(|v| v.starts_with(start));
        if root.get(graphql::MARK).is_some() {
            return Ok(Self::Graphql);
        }
        if root.get(mcp::MARK).is_some() {
            return Ok(Self::Mcp);
        }
        if is_version("openapi", "3.") {
            return Ok(Self::OpenApi);
        }
        if is_version("swagger", "2") {
            return Ok(Self::Swagger);
        }
        if is_version("kind", "discovery#restDescription") || text("discoveryVersion").is_some() {
            return Ok(Self::Discovery);
        }
        Err(Error::invalid_with_fix(
            "the description is of no kind that can be imported",
            "It must be OpenAPI 3.0 or 3.1 (`openapi: 3.…`), Swagger 2 (`swagger: \"2.0\"`), a \
             Google Discovery document (`kind: discovery#restDescription`), a GraphQL schema, in \
             its own language or as the answer to an introspection query, or an MCP server's answer \
             to `tools/list`.",
        ))
    }

    /// For reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenApi => "openapi-3",
            Self::Swagger => "swagger-2",
            Self::Discovery => "google-discovery",
            Self::Graphql => "graphql",
            Self::Mcp => "mcp",
        }
    }
}

/// A description and how to find one's way in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'d> {
    pub(super) root: &'d Value,
    pub(super) dialect: Dialect,
}

/// Where a reference leads.
pub(super) enum Target<'d> {
    Found(&'d Value),
    /// Out of the document: neither files nor hosts are asked.
    External,
    Nowhere,
}

impl<'d> Document<'d> {
    pub(super) fn follow(&self, reference: &str) -> Target<'d> {
        let pointer = match reference.split_once('#') {
            Some(("", pointer)) => percent_decode_str(pointer).decode_utf8_lossy().into_owned(),
            Some(_) => return Target::External,
            None if reference.contains(['/', '.']) => return Target::External,
            // Discovery names schemas alone, and so did early Swagger.
            None => match self.dialect {
                Dialect::Discovery => format!("/schemas/{reference}"),
                Dialect::Swagger => format!("/definitions/{reference}"),
                Dialect::OpenApi | Dialect::Graphql | Dialect::Mcp => {
                    format!("/components/schemas/{reference}")
                }
            },
        };
        self.root
            .pointer(&pointer)
            .map_or(Target::Nowhere, Target::Found)
    }

    /// A parameter, body or answer that may stand elsewhere in the document.
    pub(super) fn deref(&self, value: &'d Value) -> Target<'d> {
        let mut value = value;
        for _ in 0..16 {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                return Target::Found(value);
            };
            match self.follow(reference) {
                Target::Found(target) => value = target,
                other => return other,
            }
        }
        Target::Nowhere
    }
}

/// A step further in a JSON pointer (RFC 6901).
pub(super) fn pointer(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}
