//! Toolkits that stand in no folder of the server's: read from the text of their files, and put
//! beside the others in a catalog of their owner's.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::build::{self, Built};
use super::files::{self, KitFiles};
use super::problems::Problems;
use super::{Catalog, Tool, Toolkit};
use crate::error::Result;

/// A toolkit of a project or of the installation, checked and ready for use.
#[derive(Debug, Clone)]
pub struct OwnKit(Built);

impl OwnKit {
    /// The toolkit that files make, by the rules of all toolkits; `files` is text by path
    /// (`toolkit.yaml`, `tools/issues.yaml`).
    ///
    /// # Errors
    /// Every problem, with file and line.
    pub fn read(slug: &str, files: &BTreeMap<String, String>, of_project: bool) -> Result<Self> {
        let mut problems = Problems::default();
        let built = build::all(vec![kit_files(slug, files)], &mut problems);
        let built = problems.or(built)?.pop();
        let mut built = built.ok_or_else(|| {
            crate::error::Error::invalid(format!("the toolkit `{slug}` has no files"))
        })?;
        if of_project {
            built.change(|toolkit| toolkit.of_project = true);
        }
        Ok(Self(built))
    }

    /// The toolkit.
    #[must_use]
    pub fn toolkit(&self) -> &Arc<Toolkit> {
        &self.0.toolkit
    }

    pub(super) fn forms(&self) -> impl Iterator<Item = &Arc<Tool>> {
        self.0.tools.iter().map(|(tool, _)| tool)
    }

    /// Number of its tools, in all their forms.
    #[must_use]
    pub fn tools(&self) -> usize {
        self.0.tools.len()
    }
}

fn kit_files(slug: &str, texts: &BTreeMap<String, String>) -> KitFiles {
    let place = |path: &str| format!("{slug}/{path}");
    let below = |folder: &str| {
        let texts = texts.iter().filter(|(path, _)| {
            let path = Path::new(path);
            path.parent() == Some(Path::new(folder)) && files::is_yaml(path)
        });
        texts
            .map(|(path, text)| (place(path), text.clone()))
            .collect()
    };
    let toolkit = texts.get(files::TOOLKIT_FILE).cloned().unwrap_or_default();
    KitFiles {
        folder: slug.to_owned(),
        toolkit: (place(files::TOOLKIT_FILE), toolkit),
        tools: below("tools"),
        triggers: below("triggers"),
    }
}

impl Catalog {
    /// This catalog with more toolkits. What is here already keeps its slugs, and of the new ones what
    /// comes first: a toolkit whose slug is taken is left out, and so is a tool; [`Self::taken_by`]
    /// tells of them.
    #[must_use]
    pub fn with(&self, kits: &[Arc<OwnKit>]) -> Self {
        let mut toolkits = self.toolkits.clone();
        let mut tools = self.tools.clone();
        let mut aliases = self.aliases.clone();
        // The new toolkits by the names of their tools, whose forms share one.
        let mut owners: HashMap<&str, &str> = HashMap::new();
        for OwnKit(kit) in kits.iter().map(AsRef::as_ref) {
            if toolkits.contains_key(&kit.folder) {
                continue;
            }
            let mut takes = |name| {
                self.find_forms(name).is_none()
                    && *owners.entry(name).or_insert(&kit.folder) == kit.folder
            };
            for (tool, _) in &kit.tools {
                if !takes(tool.manifest.slug.as_str()) {
                    continue;
                }
                for alias in &tool.manifest.aliases {
                    if takes(alias.as_str()) {
                        let slug = || tool.manifest.slug.clone();
                        aliases.entry(alias.clone()).or_insert_with(slug);
                    }
                }
                tools.push(Arc::clone(tool));
            }
            toolkits.insert(kit.folder.clone(), Arc::clone(&kit.toolkit));
        }
        Self {
            meanings: self.meanings.clone(),
            ..Self::of(toolkits, tools, aliases)
        }
    }

    /// The slugs of a toolkit and its tools that are taken here.
    #[must_use]
    pub fn taken_by(&self, OwnKit(kit): &OwnKit) -> Vec<String> {
        let own = self.toolkits.contains_key(&kit.folder);
        let tools = kit.tools.iter().flat_map(|(tool, _)| {
            std::iter::once(&tool.manifest.slug).chain(&tool.manifest.aliases)
        });
        let taken = tools.filter(|slug| self.find_forms(slug).is_some());
        let own = own.then(|| kit.folder.clone());
        own.into_iter().chain(taken.cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kit(slug: &str, tools: &[(&str, &str)]) -> Arc<OwnKit> {
        let toolkit = format!(
            "manifest: 1\nslug: {slug}\nname: {slug}\ndescription: A service of the tests.\n\
             created_at: 2026-01-01T00:00:00Z\nupdated_at: 2026-01-01T00:00:00Z\n\
             versions: [\"20260101_00\"]\nbase_url: https://{slug}.example\n\
             auth: [{{ scheme: NO_AUTH }}]\n"
        );
        let tool = |(tool, aliases): &(&str, &str)| {
            format!(
                "  - slug: {tool}\n    name: Get it\n    description: Gets what there is to get.\n    \
                 tags: [readOnlyHint]\n    aliases: [{aliases}]\n    \
                 request: {{ method: GET, path: /it }}\n"
            )
        };
        let tools: String = tools.iter().map(tool).collect();
        let files = BTreeMap::from([
            ("toolkit.yaml".to_owned(), toolkit),
            ("tools/all.yaml".to_owned(), format!("tools:\n{tools}")),
        ]);
        Arc::new(OwnKit::read(slug, &files, true).unwrap())
    }

    #[test]
    fn of_two_toolkits_that_bring_one_slug_the_first_has_it() {
        let (first, second) = (
            kit("gh", &[("GH_GET_IT", "GH_GET_THAT")]),
            kit(
                "gh_get",
                &[
                    ("GH_GET_IT", ""),
                    ("GH_GET_THAT", ""),
                    ("GH_GET_OTHER", "GH_GET_ALSO"),
                ],
            ),
        );
        let both = Catalog::default().with(&[first, second]);
        let owner = |slug: &str| {
            let tool = both.newest_form(slug).unwrap();
            (
                tool.manifest.slug.clone(),
                tool.toolkit.manifest.slug.clone(),
            )
        };
        for (slug, tool, toolkit) in [
            ("GH_GET_IT", "GH_GET_IT", "gh"),
            ("GH_GET_THAT", "GH_GET_IT", "gh"),
            ("GH_GET_OTHER", "GH_GET_OTHER", "gh_get"),
            ("GH_GET_ALSO", "GH_GET_OTHER", "gh_get"),
        ] {
            assert_eq!(owner(slug), (tool.to_owned(), toolkit.to_owned()), "{slug}");
        }
        assert_eq!(both.tools.len(), 2);
    }
}
