//! GraphQL schemas, as SDL or as the answer to an introspection query. One is made into an OpenAPI
//! description whose operations carry a GraphQL document, so that everything after that is the same.

mod describe;
mod inputs;
mod introspection;
mod sdl;
mod selection;
mod spoken;
mod values;

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use crate::error::Result;

/// The key under which an operation of the made description has its document.
pub(super) const DOCUMENT: &str = "x-graphql-document";
/// The key of the expression that makes the variables, where the arguments are not they.
pub(super) const VARIABLES: &str = "x-graphql-variables";
/// The key by which the made description is known.
pub(super) const MARK: &str = "x-graphql";

/// Deeper lists of lists are no schema's.
const DEEPEST_TYPE: usize = 8;

/// A schema's types and where its operations begin.
#[derive(Debug, Default)]
struct Schema {
    query: Option<String>,
    mutation: Option<String>,
    types: BTreeMap<String, Type>,
}

#[derive(Debug, Default)]
struct Type {
    kind: Kind,
    description: String,
    /// Of objects and interfaces.
    fields: Vec<Field>,
    /// Of input objects.
    inputs: Vec<Input>,
    /// Of enums.
    values: Vec<String>,
    /// Of unions and interfaces.
    possible: Vec<String>,
    /// An input object of which exactly one member is given.
    is_one_of: bool,
    /// The places of the fields that are asked for, by [`Schema::settle`].
    asked: Vec<usize>,
    /// Whether it is the way to more things than it holds, by the same.
    is_page: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    Input,
}

#[derive(Debug)]
struct Field {
    name: String,
    description: String,
    arguments: Vec<Input>,
    of: TypeRef,
    is_deprecated: bool,
}

#[derive(Debug)]
struct Input {
    name: String,
    description: String,
    of: TypeRef,
    has_default: bool,
    is_deprecated: bool,
}

/// A type as it is named: `[Issue!]!`.
#[derive(Debug, Clone)]
enum TypeRef {
    Named(String),
    List(Box<TypeRef>),
    NonNull(Box<TypeRef>),
}

impl TypeRef {
    /// The type without lists and exclamation marks.
    fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::List(inner) | Self::NonNull(inner) => inner.name(),
        }
    }

    fn is_list(&self) -> bool {
        match self {
            Self::Named(_) => false,
            Self::List(_) => true,
            Self::NonNull(inner) => inner.is_list(),
        }
    }

    /// As documents write it.
    fn text(&self) -> String {
        match self {
            Self::Named(name) => name.clone(),
            Self::List(inner) => format!("[{}]", inner.text()),
            Self::NonNull(inner) => format!("{}!", inner.text()),
        }
    }
}

impl Input {
    fn is_required(&self) -> bool {
        matches!(self.of, TypeRef::NonNull(_)) && !self.has_default
    }

    /// What need not be given is left out where it is going to go, or is a file, which travels
    /// in forms that are no GraphQL.
    fn is_wanted(&self) -> bool {
        self.is_required() || !self.is_deprecated && self.of.name() != "Upload"
    }

    /// The type of its variable, which may be missing where there is a default.
    fn declared(&self) -> String {
        match &self.of {
            TypeRef::NonNull(inner) if self.has_default => inner.text(),
            of => of.text(),
        }
    }
}

impl Field {
    fn needs_arguments(&self) -> bool {
        self.arguments.iter().any(Input::is_required)
    }

    /// The arguments that a tool has.
    fn wanted(&self) -> impl Iterator<Item = &Input> {
        self.arguments.iter().filter(|input| input.is_wanted())
    }
}

/// Whether a text is a schema in GraphQL's own language.
pub(super) fn is_sdl(text: &str) -> bool {
    let start = r#"^(?:[\s,]|\#[^\n]*\n|"""(?s:.*?)"""|"(?:[^"\\\n]|\\.)*")*(?:extend\s+)?(?:schema|type|interface|input|enum|scalar|union|directive)\s+[@A-Za-z_{]"#;
    Regex::new(start).is_ok_and(|start| start.is_match(text))
}

/// The description that a schema in SDL makes.
pub(super) fn of_sdl(text: &str) -> Result<Value> {
    sdl::schema(text).map(described)
}

/// The description that the answer to an introspection query makes; none if it is no such answer.
pub(super) fn of_introspection(root: &Value) -> Option<Value> {
    let schema = [root.pointer("/data/__schema"), root.get("__schema")];
    let schema = schema.into_iter().flatten().next()?;
    Some(described(introspection::schema(schema)))
}

fn described(mut schema: Schema) -> Value {
    schema.settle();
    describe::description(&schema)
}
