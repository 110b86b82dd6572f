//! Lists of toolkits and tools: the filters of the API over what is in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::load::IMPORTANT;
use super::{Catalog, Tool, Toolkit, VersionPins, search};
use crate::error::Result;

/// Which toolkits a list shows; an empty list filters nothing.
#[derive(Debug, Clone, Default)]
pub struct ToolkitFilter {
    /// Only these slugs, in any case.
    pub slugs: Vec<String>,
    /// Only those of a category, by id or by name.
    pub category: Option<String>,
    /// Only those whose slug, name or description holds this text.
    pub search: Option<String>,
    /// Deprecated ones as well.
    pub include_deprecated: bool,
    /// By name instead of the most used first.
    pub alphabetically: bool,
    /// Only those that the project brought itself, or only the others.
    pub of_project: Option<bool>,
}

/// Which tools a list shows; an empty list filters nothing, several filters must all be met.
#[derive(Debug, Clone, Default)]
pub struct ToolFilter {
    /// Only those of these toolkits, in any case.
    pub toolkits: Vec<String>,
    /// Only those that one of these accesses opens; `None` filters nothing.
    pub accesses: Option<Vec<ToolAccess>>,
    /// Only those with one of these tags.
    pub tags: Vec<String>,
    /// Only those that need one of these OAuth scopes.
    pub scopes: Vec<String>,
    /// Only those that an agent gets by default: the ones marked as important, and all of a toolkit
    /// that marks none.
    pub important: bool,
    /// Deprecated ones as well.
    pub include_deprecated: bool,
    /// Ranked by these words, and only those that hold one or are near in meaning.
    pub search: Option<String>,
    /// The vector of `search`, if an embedding model made one.
    pub meaning: Option<Arc<[f32]>>,
}

/// The tools that an auth config opens.
#[derive(Debug, Clone)]
pub struct ToolAccess {
    /// Slug of its toolkit.
    pub toolkit: String,
    /// The tools it is limited to; none means all.
    pub tools: Option<Vec<String>>,
}

impl Catalog {
    /// The toolkits that pass.
    #[must_use]
    pub fn list_toolkits(&self, filter: &ToolkitFilter) -> Vec<Arc<Toolkit>> {
        let search = filter.search.as_deref().map(str::to_lowercase);
        let passes = |toolkit: &&Arc<Toolkit>| {
            let manifest = &toolkit.manifest;
            let holds = |search: &String| {
                [&manifest.slug, &manifest.name, &manifest.description]
                    .iter()
                    .any(|text| text.to_lowercase().contains(search))
            };
            (filter.slugs.is_empty() || is_among(&filter.slugs, &manifest.slug))
                && (filter.include_deprecated || !manifest.deprecated)
                && filter
                    .of_project
                    .is_none_or(|own| own == toolkit.of_project)
                && filter.category.as_ref().is_none_or(|wanted| {
                    manifest.categories.iter().any(|name| {
                        name.eq_ignore_ascii_case(wanted)
                            || category_id(name).eq_ignore_ascii_case(wanted)
                    })
                })
                && search.as_ref().is_none_or(holds)
        };
        let mut toolkits: Vec<Arc<Toolkit>> = self
            .toolkit_list
            .iter()
            .filter(passes)
            .map(Arc::clone)
            .collect();
        if filter.alphabetically {
            toolkits.sort_by_cached_key(|toolkit| toolkit.manifest.name.to_lowercase());
        }
        toolkits
    }

    /// The categories that toolkits name: name by id.
    #[must_use]
    pub fn categories(&self) -> BTreeMap<String, String> {
        self.toolkit_list
            .iter()
            .flat_map(|toolkit| &toolkit.manifest.categories)
            .map(|name| (category_id(name), name.clone()))
            .collect()
    }

    /// The tools that pass, the important ones first, then by name; a search ranks by its words
    /// instead. Tools of a toolkit that lacks the pinned version are left out.
    ///
    /// # Errors
    /// [`crate::error::Error::NotFound`] when no toolkit that the filter admits has the pinned
    /// version.
    pub fn list_tools(&self, filter: &ToolFilter, pins: &VersionPins) -> Result<Vec<&Arc<Tool>>> {
        let admitted = self.admitted(filter, pins)?;
        let is_asked_for = |tool: &&Arc<Tool>| {
            let version = admitted.get(&Arc::as_ptr(&tool.toolkit));
            version.is_some_and(|version| tool.is_of(version))
        };
        let marking: BTreeSet<&str> = if filter.important {
            let tools = self.tools.iter().filter(is_asked_for);
            let marked = tools.filter(|tool| tool.has_tag(IMPORTANT));
            marked
                .map(|tool| tool.toolkit.manifest.slug.as_str())
                .collect()
        } else {
            BTreeSet::new()
        };
        let is_left_out = |tool: &Tool| {
            marking.contains(tool.toolkit.manifest.slug.as_str()) && !tool.has_tag(IMPORTANT)
        };
        let passes = |tool: &&Arc<Tool>| {
            is_asked_for(tool) && !is_left_out(tool) && self.passes(filter, tool)
        };
        Ok(match &filter.search {
            None => self.tools.iter().filter(passes).collect(),
            Some(query) => self
                .sought(query, filter.meaning.as_deref(), |tool| passes(&tool))
                .into_iter()
                .filter_map(|hit| self.tools.get(hit.document))
                .collect(),
        })
    }

    /// The tool of this slug or alias, if it passes; what a filter says of its place among others, by
    /// `important` and `search`, is not asked.
    ///
    /// # Errors
    /// [`crate::error::Error::NotFound`] when its toolkit lacks the pinned version.
    pub fn listed_tool(
        &self,
        slug: &str,
        filter: &ToolFilter,
        pins: &VersionPins,
    ) -> Result<Option<&Arc<Tool>>> {
        let named = self.named_tools(&[slug.to_owned()], pins)?.into_iter();
        let mut tools = named.map(|(_, tool)| tool);
        Ok(tools.find(|tool| filter.admits(&tool.toolkit) && self.passes(filter, tool)))
    }

    /// The words of all tools; the first call makes the index, which takes a moment for thousands.
    pub(super) fn search_index(&self) -> &search::Index {
        let tools = || self.tools.iter().map(AsRef::as_ref);
        self.search.get_or_init(|| search::Index::new(tools()))
    }

    /// The toolkits that the filter admits, by their place in memory, which is compared faster than a
    /// slug, each with the version that is asked of it.
    fn admitted(
        &self,
        filter: &ToolFilter,
        pins: &VersionPins,
    ) -> Result<HashMap<*const Toolkit, &str>> {
        let mut missing = None;
        let mut admitted = HashMap::new();
        for toolkit in self.toolkit_list.iter().filter(|one| filter.admits(one)) {
            match toolkit.asked(pins.of(&toolkit.manifest.slug)) {
                Ok(version) => {
                    admitted.insert(Arc::as_ptr(toolkit), version);
                }
                Err(error) => {
                    missing.get_or_insert(error);
                }
            }
        }
        match missing {
            Some(error) if admitted.is_empty() => Err(error),
            _ => Ok(admitted),
        }
    }

    fn passes(&self, filter: &ToolFilter, tool: &Tool) -> bool {
        let ToolFilter {
            toolkits: _,
            accesses,
            tags,
            scopes,
            important: _,
            include_deprecated,
            search: _,
            meaning: _,
        } = filter;
        let opens = |access: &ToolAccess| {
            access.toolkit == tool.toolkit.manifest.slug
                && access
                    .tools
                    .as_ref()
                    .is_none_or(|slugs| self.names_tool(slugs, tool))
        };
        (*include_deprecated || tool.manifest.deprecated.is_none())
            && (tags.is_empty() || tags.iter().any(|tag| tool.has_tag(tag)))
            && (scopes.is_empty()
                || scopes
                    .iter()
                    .any(|scope| tool.manifest.scopes.contains(scope)))
            && accesses
                .as_ref()
                .is_none_or(|accesses| accesses.iter().any(opens))
    }

    /// Whether one of the slugs or aliases means this tool.
    fn names_tool(&self, slugs: &[String], tool: &Tool) -> bool {
        slugs.iter().any(|slug| {
            self.find_forms(&slug.to_ascii_uppercase())
                .is_some_and(|forms| forms[0].manifest.slug == tool.manifest.slug)
        })
    }

    /// The tools behind these slugs or aliases, each once and with the slug it was asked for (in
    /// upper case); slugs that no tool has, or none in the pinned version, are left out.
    ///
    /// # Errors
    /// [`crate::error::Error::NotFound`] when a toolkit lacks the pinned version.
    pub fn named_tools(
        &self,
        slugs: &[String],
        pins: &VersionPins,
    ) -> Result<Vec<(String, &Arc<Tool>)>> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for slug in slugs.iter().map(|slug| slug.to_ascii_uppercase()) {
            let Some(forms) = self.find_forms(&slug).filter(|_| seen.insert(slug.clone())) else {
                continue;
            };
            let toolkit = &forms[0].toolkit;
            let version = toolkit.asked(pins.of(&toolkit.manifest.slug))?;
            if let Some(tool) = forms.iter().find(|tool| tool.is_of(version)) {
                found.push((slug, tool));
            }
        }
        Ok(found)
    }

    /// The slugs of all tools of the newest versions, in order, aliases left out.
    #[must_use]
    pub fn tool_slugs(&self) -> Vec<&str> {
        let newest = |tool: &&Arc<Tool>| tool.is_of(tool.toolkit.latest_version());
        let tools = self.tools.iter().filter(newest);
        let mut slugs: Vec<&str> = tools.map(|tool| tool.manifest.slug.as_str()).collect();
        slugs.sort_unstable();
        slugs
    }
}

impl ToolFilter {
    fn admits(&self, toolkit: &Toolkit) -> bool {
        let slug = &toolkit.manifest.slug;
        (self.toolkits.is_empty() || is_among(&self.toolkits, slug))
            && self
                .accesses
                .as_ref()
                .is_none_or(|accesses| accesses.iter().any(|access| access.toolkit == *slug))
    }
}

fn is_among(wanted: &[String], slug: &str) -> bool {
    wanted.iter().any(|one| one.eq_ignore_ascii_case(slug))
}

/// The id of a category is its name with hyphens for spaces: `developer-tools-&-devops`.
#[must_use]
pub fn category_id(name: &str) -> String {
    name.replace(' ', "-")
}
