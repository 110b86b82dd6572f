//! Which tools a session lets through, and by which rule it refuses the others.

use std::sync::Arc;

use super::config::{Choice, SessionConfig, TagRule, ToolRule};
use super::scope::Scope;
use crate::catalog::versions::LATEST;
use crate::catalog::{Tool, Toolkit};
use crate::error::{Error, Result};

impl Scope {
    /// Refuses a tool that the session does not let through.
    ///
    /// # Errors
    /// [`Error::Forbidden`], which names the rule.
    pub fn permit(&self, tool: &Tool) -> Result<()> {
        let Some(session) = &self.session else {
            return Ok(());
        };
        let refused = |rule: String| {
            Error::Forbidden(format!(
                "session `{}` does not permit {}: {rule}",
                session.id, tool.manifest.slug
            ))
        };
        refusal(&session.config, tool).map_or(Ok(()), |rule| Err(refused(rule)))
    }

    /// Whether the session lets a tool through.
    #[must_use]
    pub fn permits(&self, tool: &Tool) -> bool {
        self.config()
            .is_none_or(|config| refusal(config, tool).is_none())
    }

    /// Refuses a toolkit that the session does not let through.
    ///
    /// # Errors
    /// [`Error::Forbidden`], which names the rule.
    pub fn permit_toolkit(&self, slug: &str) -> Result<()> {
        let Some(session) = &self.session else {
            return Ok(());
        };
        toolkit_refusal(&session.config, slug).map_or(Ok(()), |rule| {
            Err(Error::Forbidden(format!(
                "session `{}` does not permit toolkit `{slug}`: {rule}",
                session.id
            )))
        })
    }

    /// Whether the session lets a toolkit through.
    #[must_use]
    pub fn permits_toolkit(&self, toolkit: &Toolkit) -> bool {
        let slug = &toolkit.manifest.slug;
        self.config()
            .is_none_or(|config| toolkit_refusal(config, slug).is_none())
    }

    /// A tool by slug or alias, in its newest form, if the session lets it through.
    ///
    /// # Errors
    /// [`Error::NotFound`] with the nearest slugs, [`Error::Forbidden`] by the session's rules.
    pub fn tool(&self, slug: &str) -> Result<&Arc<Tool>> {
        let tool = self.catalog.tool(slug, Some(LATEST))?;
        self.permit(tool)?;
        Ok(tool)
    }
}

/// The rule of a configuration by which a tool is refused; none where it is let through.
pub(super) fn refusal(config: &SessionConfig, tool: &Tool) -> Option<String> {
    let toolkit = &tool.toolkit.manifest.slug;
    if let Some(rule) = toolkit_refusal(config, toolkit) {
        return Some(rule);
    }
    let slug = &tool.manifest.slug;
    match config.tools.get(toolkit) {
        Some(ToolRule::Enabled(slugs)) if !slugs.contains(slug) => {
            Some(format!("its `tools.{toolkit}.enable` does not list it"))
        }
        Some(ToolRule::Disabled(slugs)) if slugs.contains(slug) => {
            Some(format!("its `tools.{toolkit}.disable` lists it"))
        }
        Some(ToolRule::Enabled(_) | ToolRule::Disabled(_)) => None,
        Some(ToolRule::Tags(rule)) => tag_refusal(rule, tool, &format!("tools.{toolkit}.tags")),
        None => config
            .tags
            .as_ref()
            .and_then(|rule| tag_refusal(rule, tool, "tags")),
    }
}

fn toolkit_refusal(config: &SessionConfig, slug: &str) -> Option<String> {
    let choice = config.toolkits.as_ref()?;
    if choice.admits(slug) {
        return None;
    }
    Some(match choice {
        Choice::Enabled(_) => format!("its `toolkits.enable` does not list `{slug}`"),
        Choice::Disabled(_) => format!("its `toolkits.disable` lists `{slug}`"),
    })
}

fn tag_refusal(rule: &TagRule, tool: &Tool, place: &str) -> Option<String> {
    let TagRule { enabled, disabled } = rule;
    let unwanted = disabled.iter().find(|hint| tool.has_tag(hint.name()));
    if let Some(hint) = unwanted {
        let name = hint.name();
        return Some(format!(
            "its `{place}.disable` lists {name}, which the tool has"
        ));
    }
    let has_one = enabled.is_empty() || enabled.iter().any(|hint| tool.has_tag(hint.name()));
    if has_one {
        return None;
    }
    let names: Vec<&str> = enabled.iter().map(|hint| hint.name()).collect();
    Some(format!(
        "its `{place}.enable` asks for {}, which the tool has not",
        names.join(" or ")
    ))
}
