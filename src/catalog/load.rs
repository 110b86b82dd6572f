//! From files and settings to a catalog in force: read, override, check, index.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};

use super::build::{self, Built};
use super::manifest::ToolManifest;
use super::problems::{Place, Problems};
use super::{Catalog, Meanings, Tool, Toolkit, files, oauth_apps};
use crate::config::{Config, OAuthApp, ToolkitOverride};
use crate::error::Result;
use crate::scheme::Scheme;

/// A tag that puts a tool among those an agent gets when it asks for a toolkit only.
pub const IMPORTANT: &str = "important";

/// The bundled toolkits, built once in a process: nothing changes them while it runs.
static BUNDLED: LazyLock<(Vec<Built>, Problems)> = LazyLock::new(|| {
    let mut problems = Problems::default();
    (build::all(files::bundled(), &mut problems), problems)
});

/// The catalog that the bundled files, the operator's folder and the settings make.
///
/// # Errors
/// All problems of all files, each with file and line.
pub(super) fn catalog(config: &Config) -> Result<Catalog> {
    let mut problems = Problems::default();
    let mut kits = kits(config.toolkits_dir.as_deref(), &mut problems);
    let mut overrides = config.toolkit_overrides()?;
    if let Some(path) = &config.oauth_apps {
        let apps = oauth_apps::read(path, &mut problems);
        add_apps(apps, &kits, &mut overrides, &mut problems);
    }
    for (slug, settings) in overrides {
        match kits.remove(&slug) {
            Some(kit) => {
                kits.insert(slug, kit.with(settings, &mut problems));
            }
            None => problems.add_setting(format!(
                "a setting names the toolkit `{slug}`, which does not exist (flags such as \
                 --base-url {slug}=…, variables such as TENON_BASE_URL_{})",
                slug.to_ascii_uppercase()
            )),
        }
    }
    let assembly = Assembly::of(kits, &mut problems);
    problems.or(()).map(|()| assembly.finish())
}

/// By slug of the tools of a bundled toolkit: what people want who need them.
pub(super) fn use_cases(toolkit: &str) -> BTreeMap<&'static str, &'static [String]> {
    let (bundled, _) = &*BUNDLED;
    let kits = bundled.iter().filter(|kit| kit.folder == toolkit);
    let tools = kits.flat_map(|kit| &kit.tools).map(|(tool, _)| tool);
    let said = tools.filter(|tool| !tool.manifest.use_cases.is_empty());
    said.map(|tool| {
        (
            tool.manifest.slug.as_str(),
            tool.manifest.use_cases.as_slice(),
        )
    })
    .collect()
}

/// Whether a toolkit of that slug comes with the server.
pub(super) fn is_bundled(slug: &str) -> bool {
    BUNDLED.0.iter().any(|kit| kit.folder == slug)
}

/// Checks the toolkits of a folder beside the bundled ones, as a server would at its start.
///
/// # Errors
/// All problems of all files, each with file and line.
pub(super) fn lint(dir: &Path) -> Result<Linted> {
    let mut problems = Problems::default();
    let mut own: BTreeSet<String> = BTreeSet::new();
    for source in files::in_folder(dir, &mut Problems::default()) {
        own.insert(source.folder);
    }
    let kits = kits(Some(dir), &mut problems);
    let assembly = Assembly::of(kits, &mut problems);
    let tools = assembly.tools.iter();
    let linted = Linted {
        tools: tools
            .filter(|tool| own.contains(&tool.toolkit.manifest.slug))
            .count(),
        toolkits: own.len(),
    };
    problems.or(linted)
}

/// What a lint looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linted {
    /// Toolkits of the folder.
    pub toolkits: usize,
    /// Their tools.
    pub tools: usize,
}

/// The bundled toolkits and those of the folder, which replace a bundled one whole.
fn kits(dir: Option<&Path>, problems: &mut Problems) -> BTreeMap<String, Built> {
    let (bundled, known) = &*BUNDLED;
    problems.append(known.clone());
    let mut kits = bundled.clone();
    if let Some(dir) = dir {
        let sources = files::in_folder(dir, problems);
        kits.extend(build::all(sources, problems));
    }
    let by_folder = kits.into_iter().map(|kit| (kit.folder.clone(), kit));
    by_folder.collect()
}

/// The apps of the file beside the other settings; one in a flag or variable stands above it.
fn add_apps(
    apps: BTreeMap<String, (Place, OAuthApp)>,
    kits: &BTreeMap<String, Built>,
    overrides: &mut BTreeMap<String, ToolkitOverride>,
    problems: &mut Problems,
) {
    for (slug, (place, app)) in apps {
        let has_oauth = kits.get(&slug).map(|kit| {
            let mut auth = kit.toolkit.manifest.auth.iter();
            auth.any(|auth| auth.scheme == Scheme::OAuth2)
        });
        match has_oauth {
            None => problems.add(&place, format!("the toolkit `{slug}` does not exist")),
            Some(false) => problems.add(&place, format!("the toolkit `{slug}` has no OAUTH2")),
            Some(true) => {
                let settings = overrides.entry(slug).or_default();
                settings.oauth_app.get_or_insert(app);
            }
        }
    }
}

/// Toolkits and tools on their way into a catalog.
#[derive(Default)]
struct Assembly {
    toolkits: HashMap<String, Arc<Toolkit>>,
    tools: Vec<Arc<Tool>>,
    aliases: HashMap<String, String>,
    /// Where each slug and alias was first seen, and of which tool.
    taken: HashMap<String, (Place, String)>,
}

impl Assembly {
    fn of(kits: BTreeMap<String, Built>, problems: &mut Problems) -> Self {
        let mut assembly = Self::default();
        for kit in kits.into_values() {
            assembly.add(kit, problems);
        }
        assembly
    }

    fn add(&mut self, kit: Built, problems: &mut Problems) {
        for (tool, place) in kit.tools {
            self.take_slugs(&tool.manifest, &place, problems);
            self.tools.push(tool);
        }
        self.toolkits.insert(kit.folder, kit.toolkit);
    }

    fn take_slugs(&mut self, tool: &ToolManifest, place: &Place, problems: &mut Problems) {
        for slug in std::iter::once(&tool.slug).chain(&tool.aliases) {
            match self.taken.get(slug) {
                // Another form of the tool.
                Some((_, owner)) if *owner == tool.slug => {}
                Some((first, _)) => problems.add(
                    place,
                    format!("{}: `{slug}` is taken at {first}", tool.slug),
                ),
                None => {
                    let owner = (place.clone(), tool.slug.clone());
                    self.taken.insert(slug.clone(), owner);
                }
            }
        }
        for alias in &tool.aliases {
            self.aliases.insert(alias.clone(), tool.slug.clone());
        }
    }

    fn finish(self) -> Catalog {
        Catalog::of(self.toolkits, self.tools, self.aliases)
    }
}

impl Catalog {
    /// A catalog of what is checked already.
    pub(super) fn of(
        toolkits: HashMap<String, Arc<Toolkit>>,
        mut tools: Vec<Arc<Tool>>,
        aliases: HashMap<String, String>,
    ) -> Self {
        tools.sort_by_cached_key(|tool| order(&tool.manifest));
        let mut toolkit_list: Vec<Arc<Toolkit>> = toolkits.values().map(Arc::clone).collect();
        toolkit_list
            .sort_by_cached_key(|toolkit| (toolkit.manifest.rank, toolkit.manifest.slug.clone()));
        let mut tools_by_slug: HashMap<String, Vec<Arc<Tool>>> = HashMap::new();
        for tool in &tools {
            let forms = tools_by_slug.entry(tool.manifest.slug.clone());
            forms.or_default().push(Arc::clone(tool));
        }
        for forms in tools_by_slug.values_mut() {
            forms.sort_by(|one, other| other.versions.cmp(&one.versions));
        }
        Self {
            toolkits,
            toolkit_list,
            tools_by_slug,
            tools,
            aliases,
            search: OnceLock::new(),
            meanings: Meanings::default(),
            text_hashes: OnceLock::new(),
        }
    }
}

/// Important tools first, then by name.
fn order(tool: &ToolManifest) -> (bool, String, String) {
    (
        !tool.tags.iter().any(|tag| tag == IMPORTANT),
        tool.name.to_lowercase(),
        tool.slug.clone(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        config: Config,
    }

    fn config(flags: &[&str]) -> Config {
        Arguments::try_parse_from(std::iter::once(&"tenon").chain(flags))
            .unwrap()
            .config
    }

    #[test]
    fn the_bundled_toolkits_keep_every_rule() {
        let catalog = catalog(&config(&[])).unwrap_or_else(|error| panic!("{:#?}", error.shown()));
        assert!(catalog.tool("GITHUB_CREATE_ISSUE", None).is_ok());
        assert!(catalog.tool("hackernews_get_user", Some("latest")).is_ok());
    }

    #[test]
    fn every_tool_is_found_by_its_slug_its_name_and_its_description() {
        let catalog = catalog(&config(&[])).unwrap();
        let mut lost = Vec::new();
        for (index, tool) in catalog.tools.iter().enumerate() {
            let manifest = &tool.manifest;
            // Tools of several toolkits may have the same name, and a few near descriptions.
            for (query, among) in [
                (&manifest.slug, 1),
                (&manifest.name, 3),
                (&manifest.description, 5),
            ] {
                let hits = catalog.search_index().search(query);
                if !hits.iter().take(among).any(|hit| hit.document == index) {
                    lost.push(format!("{}: {query}", manifest.slug));
                }
            }
        }
        assert_eq!(lost, Vec::<String>::new());
    }

    #[test]
    fn a_search_among_allowed_tools_tells_what_was_meant_from_what_is_near() {
        let catalog = catalog(&config(&[])).unwrap();
        let pins = crate::catalog::VersionPins::None;
        let found = catalog.search_tools("create an issue", None, &pins, |tool| {
            tool.toolkit.manifest.slug == "github"
        });
        assert_eq!(found[0].tool.manifest.slug, "GITHUB_CREATE_AN_ISSUE");
        assert!(found[0].is_primary && found[0].score > 0.5);
        assert!(found.iter().any(|found| !found.is_primary));
        assert!(found.is_sorted_by(|one, next| one.score >= next.score));
        let slugs = found.iter().map(|found| &found.tool.manifest.slug);
        assert!(slugs.into_iter().all(|slug| slug.starts_with("GITHUB_")));
        assert!(
            catalog
                .search_tools("qwertz", None, &pins, |_| true)
                .is_empty()
        );
    }

    fn problems(flags: &[&str]) -> Vec<String> {
        catalog(&config(flags)).map_or_else(|error| error.shown().errors, |_| Vec::new())
    }

    #[test]
    fn a_setting_for_a_toolkit_that_does_not_exist_is_refused() {
        let found = problems(&["--base-url", "nosuch=https://x.test"]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("a setting names the toolkit `nosuch`"),
            "{found:#?}"
        );
    }

    #[test]
    fn an_oauth_app_for_a_toolkit_without_oauth_is_refused() {
        let found = problems(&["--token-url", "hackernews=https://x.test"]);
        assert_eq!(
            found,
            [
                "hackernews/toolkit.yaml:1: a setting gives it OAuth URLs or an OAuth app, but it has \
              no OAUTH2"
            ]
        );
    }

    #[rstest::rstest]
    #[case(&[], Some("https://api.github.com/applications/{client_id}/grant"))]
    #[case(&["--base-url", "github=https://ghe.test/api/v3"], None)]
    #[case(&["--token-url", "github=https://ghe.test/login/oauth/access_token"], None)]
    #[case(&["--token-url", "github=https://github.com/other"],
        Some("https://api.github.com/applications/{client_id}/grant"))]
    #[case(&["--base-url", "github=https://ghe.test/api/v3", "--revoke-url", "github=https://ghe.test/revoke"],
        Some("https://ghe.test/revoke"))]
    fn grants_of_a_moved_toolkit_are_not_given_back_to_the_public_service(
        #[case] flags: &[&str],
        #[case] expected: Option<&str>,
    ) {
        let catalog = catalog(&config(flags)).unwrap();
        let auth = catalog.toolkit("github").unwrap().auth(Scheme::OAuth2);
        let revoke = auth.unwrap().revoke.as_ref();
        assert_eq!(revoke.map(|revoke| revoke.url.as_str()), expected);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_problem() {
        let found = problems(&["--toolkits-dir", "/no/such/folder"]);
        assert!(
            found[0].starts_with("/no/such/folder: cannot be read"),
            "{found:#?}"
        );
    }

    #[test]
    fn two_tools_cannot_have_the_same_slug_or_alias() {
        let dir = tempfile::tempdir().unwrap();
        let kit = dir.path().join("acme");
        std::fs::create_dir_all(kit.join("tools")).unwrap();
        std::fs::write(
            kit.join("toolkit.yaml"),
            "manifest: 1\nslug: acme\nname: Acme\ndescription: d\nversions: ['20260101_00']\n\
             created_at: 2026-01-01T00:00:00Z\nupdated_at: 2026-01-01T00:00:00Z\n\
             base_url: https://acme.test\n",
        )
        .unwrap();
        let tool = "  - slug: ACME_X\n    aliases: [GITHUB_GET_ISSUE]\n    name: n\n    \
                    description: d\n    request: {method: GET, path: /}\n";
        std::fs::write(kit.join("tools/a.yaml"), format!("tools:\n{tool}{tool}")).unwrap();
        let found = problems(&["--toolkits-dir", &dir.path().display().to_string()]);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(
            found
                .iter()
                .any(|line| line.contains("a.yaml:7: ACME_X: `ACME_X` is taken at"))
        );
        assert!(
            found
                .iter()
                .any(|line| line.contains("`GITHUB_GET_ISSUE` is taken at"))
        );
    }

    #[test]
    fn arguments_are_accepted_under_their_other_names_and_cleaned() {
        let catalog = catalog(&config(&[])).unwrap();
        let accept = |slug, given: serde_json::Value| {
            let tool = catalog.tool(slug, None).unwrap();
            serde_json::Value::Object(tool.accept(given.as_object().unwrap().clone()))
        };
        assert_eq!(
            accept(
                "GITHUB_GET_REPOS",
                serde_json::json!({ "owner": "octocat", "page": null, "x": 1 })
            ),
            serde_json::json!({ "username": "octocat" })
        );
        assert_eq!(
            accept(
                "GITHUB_DELETE_BRANCH",
                serde_json::json!({ "owner": "o", "branch": "b/c" })
            ),
            serde_json::json!({ "owner": "o", "ref": "heads/b/c" })
        );
        assert_eq!(
            accept(
                "GITHUB_GET_A_REFERENCE",
                serde_json::json!({ "ref": "refs/tags/v1" })
            ),
            serde_json::json!({ "ref": "tags/v1" })
        );
    }
}
