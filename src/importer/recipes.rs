//! Recipes: what is known of a vendor beside its description. Facts only: where the description is,
//! how its users connect, and what its tools are called elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Converted, Selection, SlugFrom, Wishes};
use crate::catalog;
use crate::error::{Error, Result};

/// The recipes that come with the program (read from disk in debug builds).
#[derive(rust_embed::RustEmbed)]
#[folder = "recipes"]
struct Bundled;

/// How a toolkit is made of one description.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Where the description is, as `tenon toolkits import` takes it.
    pub source: String,
    /// The toolkit's slug.
    pub toolkit: String,
    /// Its name.
    pub name: String,
    /// GraphQL: the path of the one address.
    #[serde(default)]
    endpoint: Option<String>,
    #[serde(default = "auto")]
    slug_from: SlugFrom,
    #[serde(default)]
    snake: bool,
    #[serde(default)]
    include: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    /// Keys of `toolkit.yaml`, above what the description says.
    #[serde(default)]
    keys: Map<String, Value>,
    /// How many slugs the official catalog has; none where it has no such toolkit.
    #[serde(default)]
    official: Option<usize>,
    /// By operation (`GET /things`) the official slugs without the toolkit's, the tool's own first.
    #[serde(default)]
    slugs: BTreeMap<String, Vec<String>>,
    /// By slug, without the toolkit's: what people want who need the tool.
    #[serde(default)]
    use_cases: BTreeMap<String, Vec<String>>,
}

fn auto() -> SlugFrom {
    SlugFrom::Auto
}

/// How many of the official slugs execute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Slugs and aliases of tools that are official.
    pub found: usize,
    /// All official ones.
    pub official: usize,
}

impl Recipe {
    /// The recipe of that name, or in that file.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown name; [`Error::Invalid`] when a file is no recipe.
    pub fn load(name: &str) -> Result<Self> {
        let path = Path::new(name);
        let is_file = path.components().count() > 1 || path.extension().is_some();
        if !is_file {
            return Self::bundled(name);
        }
        let text = std::fs::read_to_string(path)
            .map_err(|cause| Error::invalid(format!("{name} cannot be read: {cause}")))?;
        Self::parse(name, &text)
    }

    /// The recipe of that name, of those that come with the program.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown name.
    pub fn bundled(name: &str) -> Result<Self> {
        let file = Bundled::get(&format!("{name}.yaml")).filter(|_| !name.contains(['/', '.']));
        let file = file.ok_or_else(|| Error::NotFound {
            what: "recipe",
            id: name.to_owned(),
            fix: Some("`tenon toolkits recipes` lists all there are.".into()),
        })?;
        Self::parse(name, &String::from_utf8_lossy(&file.data))
    }

    fn parse(name: &str, text: &str) -> Result<Self> {
        serde_saphyr::from_str(text)
            .map_err(|cause| Error::invalid(format!("recipe {name}: {}", cause.without_snippet())))
    }

    /// The names of the recipes that come with the program.
    #[must_use]
    pub fn names() -> Vec<String> {
        let mut names: Vec<String> = Bundled::iter()
            .filter_map(|file| Some(file.strip_suffix(".yaml")?.to_owned()))
            .collect();
        names.sort();
        names
    }

    /// What an import by this recipe wishes; `slug` stands above the recipe's.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a pattern of the selection is none.
    pub fn wishes(&self, slug: Option<String>) -> Result<Wishes> {
        let slug = slug.unwrap_or_else(|| self.toolkit.clone());
        let prefix = slug.to_ascii_uppercase();
        let slugs = self.slugs.iter().map(|(operation, slugs)| {
            let whole = slugs.iter().map(|slug| format!("{prefix}_{slug}"));
            (operation.clone(), whole.collect())
        });
        // A toolkit that stands for a bundled one is asked for in the same words.
        let bundled = catalog::bundled_use_cases(&self.toolkit);
        let bare = self.toolkit.len() + 1;
        let use_cases = bundled
            .iter()
            .map(|(tool, use_cases)| (&tool[bare..], *use_cases))
            .chain(
                self.use_cases
                    .iter()
                    .map(|(tool, said)| (tool.as_str(), said.as_slice())),
            )
            .map(|(tool, use_cases)| (format!("{prefix}_{tool}"), use_cases.to_vec()));
        Ok(Wishes {
            use_cases: use_cases.collect(),
            slugs: slugs.collect(),
            slug: Some(slug),
            name: Some(self.name.clone()),
            endpoint: self.endpoint.clone(),
            slug_from: self.slug_from,
            selection: Selection::new(&self.include, &self.exclude)?,
            snake: self.snake,
            toolkit: self.keys.clone(),
            ..Wishes::default()
        })
    }

    /// The share of official slugs in what was made by it, where there are any.
    #[must_use]
    pub fn share(&self, converted: &Converted) -> Option<Share> {
        let tools = converted.tools.iter();
        let named = tools.filter_map(|tool| self.slugs.get(&tool.operation));
        Some(Share {
            found: named.map(Vec::len).sum(),
            official: self.official?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::importer::sources::Origin;

    #[test]
    fn every_recipe_is_whole() {
        let names = Recipe::names();
        assert!(names.len() >= 25, "{names:?}");
        for name in names {
            let recipe = Recipe::load(&name).unwrap_or_else(|error| panic!("{error}"));
            let origin = Origin::parse(&recipe.source).unwrap_or_else(|error| panic!("{error}"));
            let is_package = matches!(origin, Origin::Npm(_) | Origin::Pypi(_) | Origin::Crate(_));
            assert!(is_package, "{name}");
            let wishes = recipe.wishes(None).unwrap();
            let said: Vec<&String> = wishes.use_cases.values().flatten().collect();
            assert!(
                said.iter().all(|one| (1..=80).contains(&one.len())),
                "{name}"
            );
            let slugs: Vec<&String> = recipe.slugs.values().flatten().collect();
            let different: BTreeSet<&String> = slugs.iter().copied().collect();
            assert_eq!(
                slugs.len(),
                different.len(),
                "{name}: a slug stands there twice"
            );
            assert!(slugs.len() <= recipe.official.unwrap_or_default(), "{name}");
            let prefix = recipe.toolkit.len() + 1;
            for slug in slugs {
                assert!(slug.len() + prefix <= 65, "{name}: {slug}");
            }
        }
    }

    #[test]
    fn a_toolkit_that_stands_for_a_bundled_one_keeps_what_people_want_of_it() {
        let wishes = Recipe::load("gmail-full")
            .unwrap()
            .wishes(Some("mail".into()));
        let use_cases = wishes.unwrap().use_cases;
        assert!(use_cases.contains_key("MAIL_FETCH_EMAILS"), "{use_cases:?}");
        let trello = Recipe::load("trello-full").unwrap().wishes(None).unwrap();
        assert!(trello.use_cases.contains_key("TRELLO_ADD_CARDS"));
    }

    #[test]
    fn an_unknown_recipe_is_told_with_the_way_out() {
        let error = Recipe::load("nothing").unwrap_err();
        assert!(matches!(error, Error::NotFound { what: "recipe", .. }));
        let error = Recipe::load("./nothing.yaml").unwrap_err().to_string();
        assert!(
            error.starts_with("./nothing.yaml cannot be read"),
            "{error}"
        );
    }
}
