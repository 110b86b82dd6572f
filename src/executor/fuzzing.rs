//! What the fuzz targets call beside what everybody may; in no other build.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::Url;

use super::files::Attachments;
use super::request::{Evaluated, Parts, build};
use super::scope::Scope;
use crate::catalog::manifest::ToolManifest;
use crate::error::Result;

/// The address and the body of the tool's one request.
///
/// # Errors
/// As a call would have them.
pub fn request(
    tool: &ToolManifest,
    arguments: Map<String, Value>,
    base: &Url,
) -> Result<Option<(Url, Vec<u8>)>> {
    let Some(request) = &tool.request else {
        return Ok(None);
    };
    let parts = Parts {
        tool,
        default_headers: &BTreeMap::new(),
        request,
        scope: &Scope::of_arguments(arguments),
        made: &Evaluated::default(),
        files: &Attachments::default(),
    };
    let built = build(parts, base)?;
    Ok(Some((built.url, built.body.to_vec())))
}
