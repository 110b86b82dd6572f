//! The schemas of what a search found: whole for what was probably meant, as far as there is room.

use serde_json::{Map, Value, json};

use super::super::schemas::named;
use super::Hits;
use crate::catalog::Tool;
use crate::error::Result;
use crate::sessions::MetaTool;

/// Bytes of all whole schemas of one answer.
const ROOM: usize = 24 * 1024;
/// Of one, so that no tool takes the room of all.
const LARGEST: usize = 12 * 1024;

/// Schemas by tool, each once.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    by_slug: Map<String, Value>,
    taken: usize,
}

impl Schemas {
    /// Adds the tools of one query.
    ///
    /// # Errors
    /// When a schema of the catalog is no JSON, which its load has ruled out.
    pub(super) fn add(&mut self, hits: &Hits<'_>) -> Result<()> {
        for tool in &hits.custom {
            let shown = json!({
                "toolkit": tool.extends_toolkit.as_deref().unwrap_or("custom"),
                "tool_slug": tool.slug,
                "description": tool.description,
                "input_schema": tool.input_schema,
                "hasFullSchema": true,
            });
            self.by_slug.insert(tool.slug.clone(), shown);
        }
        for recipe in &hits.recipes {
            self.by_slug
                .insert(recipe.slug().to_owned(), recipe.as_tool());
        }
        for tool in &hits.primary {
            self.add_tool(tool, true)?;
        }
        for tool in &hits.related {
            self.add_tool(tool, false)?;
        }
        Ok(())
    }

    /// A tool that one query means and another is near to is shown whole.
    fn add_tool(&mut self, tool: &Tool, is_primary: bool) -> Result<()> {
        let slug = &tool.manifest.slug;
        let is_whole = |known: &Value| known["hasFullSchema"] == true;
        if self
            .by_slug
            .get(slug)
            .is_some_and(|known| !is_primary || is_whole(known))
        {
            return Ok(());
        }
        let mut shown = named(tool);
        let input = tool.published_input.get();
        let fits = input.len() <= LARGEST && self.taken + input.len() <= ROOM;
        shown["hasFullSchema"] = (is_primary && fits).into();
        if is_primary && fits {
            self.taken += input.len();
            shown["input_schema"] = serde_json::from_str(input)?;
        } else {
            shown["schemaRef"] = json!({
                "tool": MetaTool::GetToolSchemas.slug(),
                "args": { "tool_slugs": [slug] },
                "message": "Get the arguments before you call it.",
            });
        }
        self.by_slug.insert(slug.clone(), shown);
        Ok(())
    }

    pub(super) fn shown(self) -> Map<String, Value> {
        self.by_slug
    }
}
