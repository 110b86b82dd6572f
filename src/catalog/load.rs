//! From files and settings to a catalog in force: read, override, check, index.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde_json::value::to_raw_value;
use url::Url;

use super::manifest::{AuthManifest, ToolManifest};
use super::parse::Kit;
use super::problems::{Place, Problems};
use super::revocation::RevokeManifest;
use super::{
    Catalog, Tool, Toolkit, check, files, forms, hosts, oauth_apps, parse, schema, search, template,
};
use crate::config::{Config, OAuthApp, ToolkitOverride};
use crate::error::Result;
use crate::scheme::Scheme;

/// A tag that puts a tool among those an agent gets when it asks for a toolkit only.
pub const IMPORTANT: &str = "important";

/// The catalog that the bundled files, the operator's folder and the settings make.
///
/// # Errors
/// All problems of all files, each with file and line.
pub(super) fn catalog(config: &Config) -> Result<Catalog> {
    let mut problems = Problems::default();
    let kits = kits(config.toolkits_dir.as_deref(), &mut problems);
    let mut overrides = config.toolkit_overrides()?;
    if let Some(path) = &config.oauth_apps {
        let apps = oauth_apps::read(path, &mut problems);
        add_apps(apps, &kits, &mut overrides, &mut problems);
    }
    let mut assembly = Assembly::default();
    for (slug, kit) in kits {
        check::kit(&kit, &mut problems);
        assembly.add(
            kit,
            overrides.remove(&slug).unwrap_or_default(),
            &mut problems,
        );
    }
    for slug in overrides.keys() {
        problems.add_setting(format!(
            "a setting names the toolkit `{slug}`, which does not exist (flags such as \
             --base-url {slug}=…, variables such as TENON_BASE_URL_{})",
            slug.to_ascii_uppercase()
        ));
    }
    problems.or(()).map(|()| assembly.finish())
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
    let mut assembly = Assembly::default();
    for kit in kits(Some(dir), &mut problems).into_values() {
        check::kit(&kit, &mut problems);
        assembly.add(kit, ToolkitOverride::default(), &mut problems);
    }
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
fn kits(dir: Option<&Path>, problems: &mut Problems) -> BTreeMap<String, Kit> {
    let mut sources = files::bundled();
    if let Some(dir) = dir {
        sources.extend(files::in_folder(dir, problems));
    }
    sources
        .into_iter()
        .filter_map(|source| parse::kit(source, problems))
        .map(|kit| (kit.folder.clone(), kit))
        .collect()
}

/// The apps of the file beside the other settings; one in a flag or variable stands above it.
fn add_apps(
    apps: BTreeMap<String, (Place, OAuthApp)>,
    kits: &BTreeMap<String, Kit>,
    overrides: &mut BTreeMap<String, ToolkitOverride>,
    problems: &mut Problems,
) {
    for (slug, (place, app)) in apps {
        let has_oauth = kits.get(&slug).map(|kit| {
            let mut auth = kit.toolkit.auth.iter();
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
    fn add(&mut self, kit: Kit, settings: ToolkitOverride, problems: &mut Problems) {
        let Kit {
            folder,
            toolkit: manifest,
            place,
            tools,
            triggers: _,
        } = kit;
        let tools = forms::of_tools(tools, &manifest.versions, problems);
        let having = |version: &String| {
            let mut own = tools.iter().flatten().map(|(_, own)| own);
            own.by_ref().filter(|own| own.contains(version)).count()
        };
        let mut toolkit = Toolkit {
            tool_counts: manifest
                .versions
                .iter()
                .map(|version| (version.clone(), having(version)))
                .collect(),
            manifest,
            managed_app: None,
            moved: false,
        };
        if toolkit.manifest.auth.is_empty() {
            toolkit
                .manifest
                .auth
                .push(AuthManifest::new(Scheme::NoAuth));
        }
        override_toolkit(&mut toolkit, settings, &place, problems);
        let toolkit = Arc::new(toolkit);
        let output_schema = Arc::new(schema::output(None));
        for forms in tools {
            let all = forms.iter().flat_map(|(_, own)| own.clone());
            let available: Arc<[String]> = all.collect();
            for ((tool, place), own) in forms {
                self.take_slugs(&tool, &place, problems);
                match build_tool(tool, (own, &available), &toolkit, &output_schema) {
                    Ok(tool) => self.tools.push(Arc::new(tool)),
                    Err(cause) => problems.add(&place, cause),
                }
            }
        }
        self.toolkits.insert(folder, toolkit);
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
        let Self {
            toolkits,
            mut tools,
            aliases,
            taken: _,
        } = self;
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
        let search = search::Index::new(tools.iter().map(AsRef::as_ref));
        Catalog {
            toolkits,
            toolkit_list,
            tools_by_slug,
            tools,
            aliases,
            search,
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

fn override_toolkit(
    toolkit: &mut Toolkit,
    settings: ToolkitOverride,
    place: &Place,
    problems: &mut Problems,
) {
    let ToolkitOverride {
        base_url,
        authorize_url,
        token_url,
        revoke_url,
        oauth_app,
    } = settings;
    let manifest = &mut toolkit.manifest;
    if let Some(url) = base_url {
        toolkit.moved = leads_elsewhere(&manifest.base_url, &url);
        url.as_str()
            .trim_end_matches('/')
            .clone_into(&mut manifest.base_url);
    }
    if toolkit.moved {
        // The tokens of an own installation are none of the public service's business.
        for auth in &mut manifest.auth {
            auth.revoke = None;
        }
    }
    if authorize_url.is_some() || token_url.is_some() || revoke_url.is_some() || oauth_app.is_some()
    {
        let oauth = manifest
            .auth
            .iter_mut()
            .find(|auth| auth.scheme == Scheme::OAuth2);
        let Some(oauth) = oauth else {
            problems.add(
                place,
                "a setting gives it OAuth URLs or an OAuth app, but it has no OAUTH2",
            );
            return;
        };
        override_oauth(oauth, authorize_url, token_url, revoke_url);
    }
    toolkit.managed_app = oauth_app;
}

fn override_oauth(
    oauth: &mut AuthManifest,
    authorize_url: Option<Url>,
    token_url: Option<Url>,
    revoke_url: Option<Url>,
) {
    if let Some(url) = authorize_url {
        oauth.authorize_url = Some(url.into());
    }
    if let Some(url) = token_url {
        let former = oauth.token_url.replace(url.to_string());
        if former.is_none_or(|former| leads_elsewhere(&former, &url)) {
            oauth.revoke = None;
        }
    }
    if let Some(url) = revoke_url {
        match &mut oauth.revoke {
            Some(revoke) => revoke.url = url.into(),
            none => *none = Some(RevokeManifest::at(url.into())),
        }
    }
}

/// Whether `url` is at another host than a URL of the manifest, or that one depends on fields.
fn leads_elsewhere(template: &str, url: &Url) -> bool {
    let former = template::fill(template, |_| None)
        .ok()
        .and_then(|text| Url::parse(&text).ok());
    former.as_ref().and_then(hosts::host_of) != hosts::host_of(url)
}

fn build_tool(
    manifest: ToolManifest,
    (versions, available): (Vec<String>, &Arc<[String]>),
    toolkit: &Arc<Toolkit>,
    output_schema: &Arc<serde_json::Value>,
) -> Result<Tool, String> {
    let input_schema = schema::input(&manifest);
    let response = manifest.response.or(&toolkit.manifest.response);
    let output_schema = match &response.file {
        Some(file) => Arc::new(schema::output(Some(file))),
        None => Arc::clone(output_schema),
    };
    let validator = jsonschema::validator_for(&schema::checked(&manifest))
        .map_err(|cause| format!("{}: args: {cause}", manifest.slug))?;
    let raw = |schema| {
        to_raw_value(schema)
            .map(Arc::from)
            .map_err(|cause| cause.to_string())
    };
    Ok(Tool {
        published_input: raw(&input_schema)?,
        published_output: raw(&output_schema)?,
        toolkit: Arc::clone(toolkit),
        versions,
        available_versions: Arc::clone(available),
        output_schema,
        input_schema,
        response,
        validator,
        manifest,
    })
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
        for (index, tool) in catalog.tools.iter().enumerate() {
            let manifest = &tool.manifest;
            // Tools of several toolkits may have the same name, and a few near descriptions.
            for (query, among) in [
                (&manifest.slug, 1),
                (&manifest.name, 3),
                (&manifest.description, 5),
            ] {
                let hits = catalog.search.search(query);
                assert!(
                    hits.iter().take(among).any(|hit| *hit == index),
                    "{}: {query}",
                    manifest.slug
                );
            }
        }
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
