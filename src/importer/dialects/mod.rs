//! One reader a dialect: each makes an [`Api`](super::operation::Api) of a document.

mod discovery;
mod openapi;
mod paths;
mod security;
mod server;
mod swagger;
mod told;

pub(super) use paths::{MOST_OPERATIONS, is_file};
use serde_json::Value;
pub(super) use server::{is_nowhere, is_shelf};

use super::document::{Dialect, Document};
use super::operation::Api;
use super::report::Report;

/// The API that a document describes.
pub(super) fn read<'d>(document: Document<'d>, report: &mut Report) -> Api<'d> {
    match document.dialect {
        Dialect::OpenApi | Dialect::Graphql | Dialect::Mcp => openapi::read(document, report),
        Dialect::Swagger => swagger::read(document, report),
        Dialect::Discovery => discovery::read(document, report),
    }
}

/// The text under a key, if it is one and not empty.
fn text<'d>(value: &'d Value, key: &str) -> Option<&'d str> {
    value
        .get(key)
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

fn flag(value: &Value, key: &str) -> bool {
    value.get(key) == Some(&Value::Bool(true))
}

/// The texts of a list under a key.
fn texts<'d>(value: &'d Value, key: &str) -> Vec<&'d str> {
    let list = value.get(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The entries of an object under a key.
fn entries<'d>(value: &'d Value, key: &str) -> impl Iterator<Item = (&'d str, &'d Value)> {
    let object = value.get(key).and_then(Value::as_object);
    object
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}
