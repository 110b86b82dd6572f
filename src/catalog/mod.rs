//! Toolkits and tools in memory: loaded from data, checked when loaded, swapped whole on reload.

mod arguments;
mod build;
mod check;
pub mod exchange;
mod files;
mod forms;
pub mod grammar;
mod hosts;
mod list;
mod load;
mod lookup;
pub mod manifest;
mod oauth_apps;
mod own;
mod parse;
mod problems;
pub mod revocation;
mod schema;
mod search;
pub mod template;
pub mod versions;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde_json::value::RawValue;

use crate::config::{Config, OAuthApp};
use crate::error::{Error, Result};
use crate::scheme::Scheme;
pub use check::alone::{LARGEST_SCHEMA, MOST_CHOICES, is_member_name, json_size};
pub use list::{ToolAccess, ToolFilter, ToolkitFilter, category_id};
pub use load::{IMPORTANT, Linted};
use manifest::{AuthManifest, ResponseRule, ToolManifest, ToolkitManifest};
pub use own::OwnKit;
pub use parse::MOST_ARGUMENTS;
pub use schema::ACCEPTS;
pub use search::{Found, Meanings, TextHash, ToolText};
pub use versions::VersionPins;

/// A toolkit, checked and ready for use.
#[derive(Debug, Clone)]
pub struct Toolkit {
    /// What its manifest says, with the operator's overrides applied.
    pub manifest: ToolkitManifest,
    /// Number of its tools in each of its versions.
    tool_counts: BTreeMap<String, usize>,
    /// The OAuth app that this installation's operator configured: what makes managed auth work.
    pub managed_app: Option<OAuthApp>,
    /// The operator moved the base URL to another host.
    moved: bool,
    /// A project brought it, for itself alone.
    pub of_project: bool,
}

impl Toolkit {
    /// The auth block for a scheme, if the toolkit has one.
    #[must_use]
    pub fn auth(&self, scheme: Scheme) -> Option<&AuthManifest> {
        self.manifest.auth.iter().find(|auth| auth.scheme == scheme)
    }

    /// The names of its schemes in the toolkit's order, separated by commas.
    #[must_use]
    pub fn scheme_names(&self) -> String {
        let names: Vec<&str> = self
            .manifest
            .auth
            .iter()
            .map(|auth| auth.scheme.name())
            .collect();
        names.join(", ")
    }

    /// Whether it works without a connected account.
    #[must_use]
    pub fn no_auth(&self) -> bool {
        self.manifest
            .auth
            .iter()
            .any(|auth| auth.scheme == Scheme::NoAuth)
    }

    /// Whether this installation has the OAuth app with this client id, now in use or kept for the
    /// accounts that were connected by it.
    #[must_use]
    pub fn has_app(&self, client_id: &str) -> bool {
        self.managed_app.as_ref().is_some_and(|app| {
            let mut former = app.former.iter();
            app.client_id == client_id || former.any(|former| former.client_id == client_id)
        })
    }

    /// The schemes for which this installation brings its own app, the preferred first: where its
    /// operator gave one, or where providers register one for whoever asks.
    #[must_use]
    pub fn managed_schemes(&self) -> Vec<Scheme> {
        let is_managed = |scheme: Scheme| match scheme {
            Scheme::OAuth2 => self.managed_app.is_some(),
            Scheme::DcrOauth => true,
            _ => false,
        };
        let schemes = self.manifest.auth.iter().map(|auth| auth.scheme);
        schemes.filter(|scheme| is_managed(*scheme)).collect()
    }
}

/// A tool in one of its forms, checked and ready for use.
#[derive(Debug, Clone)]
pub struct Tool {
    /// What its manifest says.
    pub manifest: Arc<ToolManifest>,
    /// Its toolkit.
    pub toolkit: Arc<Toolkit>,
    /// The versions of the toolkit that have it in this form, newest first.
    pub versions: Vec<String>,
    /// The versions that have it in any form, newest first.
    pub available_versions: Arc<[String]>,
    /// The published JSON Schema of its arguments.
    pub published_input: Arc<RawValue>,
    /// The published JSON Schema of its result.
    pub published_output: Arc<RawValue>,
    /// How its answers are read: what its manifest says, and what its toolkit's says besides.
    pub response: ResponseRule,
    /// Compiled when a call first asks for it.
    validator: OnceLock<jsonschema::Validator>,
}

impl Tool {
    /// Whether it works without a connected account.
    #[must_use]
    pub fn no_auth(&self) -> bool {
        self.toolkit.no_auth()
    }

    /// The arguments' schema, for what [`Self::accept`] returns.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be compiled, which its load has ruled out.
    pub fn validator(&self) -> Result<&jsonschema::Validator> {
        if let Some(compiled) = self.validator.get() {
            return Ok(compiled);
        }
        let compiled = schema::compiled(&self.manifest).map_err(Error::internal)?;
        Ok(self.validator.get_or_init(|| compiled))
    }

    /// Whether it carries this tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.manifest
            .tags
            .iter()
            .any(|own| own.eq_ignore_ascii_case(tag))
    }
}

/// All toolkits and tools of this installation, as of the last load.
#[derive(Debug, Default)]
pub struct Catalog {
    toolkits: HashMap<String, Arc<Toolkit>>,
    /// The most used first.
    toolkit_list: Vec<Arc<Toolkit>>,
    /// The forms of each tool, newest first; never empty.
    tools_by_slug: HashMap<String, Vec<Arc<Tool>>>,
    /// All forms of all tools, the important ones first, then by name.
    tools: Vec<Arc<Tool>>,
    /// Alias → slug.
    aliases: HashMap<String, String>,
    /// Over `tools`; made when it is first asked for.
    search: OnceLock<search::Index>,
    /// What embedding models made of the tools' texts.
    meanings: Meanings,
    /// Of `tools`; made when it is first asked for.
    text_hashes: OnceLock<Vec<TextHash>>,
}

/// Checks the toolkits of a folder as a server that reads it would.
///
/// # Errors
/// Every problem, with file and line.
pub fn lint(dir: &Path) -> Result<Linted> {
    load::lint(dir)
}

/// What the rules say against a toolkit that stands in no file yet.
#[must_use]
pub fn problems_of_toolkit(toolkit: &ToolkitManifest) -> Vec<String> {
    check::alone::of_toolkit(toolkit)
}

/// What the rules say against a tool that stands in no file yet.
#[must_use]
pub fn problems_of_tool(tool: &ToolManifest, toolkit: &ToolkitManifest) -> Vec<String> {
    check::alone::of_tool(tool, toolkit)
}

/// What the rules of published schemas say against one that stands in no file.
#[must_use]
pub fn problems_of_schema(schema: &serde_json::Value) -> Vec<String> {
    check::alone::of_schema(schema)
}

/// The pattern of a field as it is matched: against the whole value.
///
/// # Errors
/// When it is no regular expression.
pub fn whole_match(pattern: &str) -> Result<regex::Regex, regex::Error> {
    regex::Regex::new(&format!("^(?:{pattern})$"))
}

/// What people want who need the tools of a bundled toolkit, by slug; nothing of any other toolkit.
#[must_use]
pub fn bundled_use_cases(toolkit: &str) -> BTreeMap<&'static str, &'static [String]> {
    load::use_cases(toolkit)
}

/// Whether a toolkit of that slug comes with the server.
#[must_use]
pub fn is_bundled(slug: &str) -> bool {
    load::is_bundled(slug)
}

/// The catalog in force; a reload swaps it whole, calls under way keep theirs.
#[derive(Debug, Clone, Default)]
pub struct CatalogHandle(Arc<RwLock<Arc<Catalog>>>);

impl CatalogHandle {
    /// A handle on a first catalog.
    #[must_use]
    pub fn new(catalog: Catalog) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(catalog))))
    }

    /// Loads the bundled toolkits and the operator's.
    ///
    /// # Errors
    /// When a file breaks a rule or a setting names an unknown toolkit; the error lists every
    /// problem with file and line.
    pub fn load(config: &Config) -> Result<Self> {
        Ok(Self::new(load::catalog(config)?))
    }

    /// Loads again; the catalog before stays in force when that fails.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn reload(&self, config: &Config) -> Result<()> {
        self.replace(load::catalog(config)?);
        Ok(())
    }

    /// The catalog in force.
    #[must_use]
    pub fn current(&self) -> Arc<Catalog> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes the index of the catalog in force, for whose making the first search would wait.
    pub fn prepare_search(&self) {
        self.current().search_index();
    }

    /// Puts another catalog in force.
    pub fn replace(&self, catalog: Catalog) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }
}
