//! Rules for what stands in no file yet.

pub use super::published::{LARGEST_SCHEMA, MOST_CHOICES, is_member_name, json_size};
use serde_json::Value;

use super::{Report, published, tool, toolkit};
use crate::catalog::manifest::{ToolManifest, ToolkitManifest};
use crate::catalog::problems::{Place, Problems};
use crate::catalog::schema;

/// What the rules say against a toolkit that stands in no file yet.
pub(in crate::catalog) fn of_toolkit(manifest: &ToolkitManifest) -> Vec<String> {
    alone(|report| toolkit::check(manifest, &manifest.slug, report))
}

/// What the rules say against a tool that stands in no file yet.
pub(in crate::catalog) fn of_tool(
    manifest: &ToolManifest,
    toolkit: &ToolkitManifest,
) -> Vec<String> {
    let mut problems = alone(|report| tool::check(manifest, toolkit, report));
    problems.extend(schema::compiled_early(manifest).err());
    problems
}

/// What the rules say against a published schema.
pub(in crate::catalog) fn of_schema(schema: &Value) -> Vec<String> {
    alone(|report| published::of_schema("schema", schema, Vec::new(), report))
}

fn alone(check: impl FnOnce(&mut Report<'_>)) -> Vec<String> {
    let mut problems = Problems::default();
    let place = Place::default();
    check(&mut Report {
        place: &place,
        text: None,
        about: None,
        problems: &mut problems,
    });
    problems.into_messages()
}
