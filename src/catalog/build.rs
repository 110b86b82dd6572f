//! From one toolkit's manifests to what calls use: checked, schemas made, with the settings over it.

use std::sync::{Arc, OnceLock};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use url::Url;

use super::files::KitFiles;
use super::manifest::{AuthManifest, ToolManifest};
use super::parse::{self, Kit};
use super::problems::{Place, Problems};
use super::revocation::RevokeManifest;
use super::{Tool, Toolkit, check, forms, hosts, schema, template};
use crate::config::ToolkitOverride;
use crate::scheme::Scheme;

/// A toolkit and its tools, without regard to all others.
#[derive(Debug, Clone)]
pub(super) struct Built {
    /// Name of its folder.
    pub(super) folder: String,
    pub(super) toolkit: Arc<Toolkit>,
    /// Where that stands.
    place: Place,
    /// All forms of its tools, each with its place.
    pub(super) tools: Vec<(Arc<Tool>, Place)>,
}

/// Reads, checks and builds each toolkit apart, on all processors.
pub(super) fn all(sources: Vec<KitFiles>, problems: &mut Problems) -> Vec<Built> {
    let one = |source| {
        let mut own = Problems::default();
        let kit = parse::kit(source, &mut own);
        (kit.map(|kit| toolkit(kit, &mut own)), own)
    };
    let built: Vec<_> = sources.into_par_iter().map(one).collect();
    let mut toolkits = Vec::new();
    for (toolkit, own) in built {
        problems.append(own);
        toolkits.extend(toolkit);
    }
    toolkits
}

fn toolkit(kit: Kit, problems: &mut Problems) -> Built {
    check::kit(&kit, problems);
    let Kit {
        folder,
        toolkit: manifest,
        place,
        tools,
        triggers: _,
        texts: _,
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
        of_project: false,
    };
    if toolkit.manifest.auth.is_empty() {
        toolkit
            .manifest
            .auth
            .push(AuthManifest::new(Scheme::NoAuth));
    }
    let toolkit = Arc::new(toolkit);
    let mut built = Vec::new();
    for forms in tools {
        let all = forms.iter().flat_map(|(_, own)| own.clone());
        let available: Arc<[String]> = all.collect();
        for ((tool, place), own) in forms {
            match build_tool(tool, (own, &available), &toolkit) {
                Ok(tool) => built.push((Arc::new(tool), place)),
                Err(cause) => problems.add(&place, cause),
            }
        }
    }
    Built {
        folder,
        toolkit,
        place,
        tools: built,
    }
}

impl Built {
    /// The toolkit as this installation has it.
    pub(super) fn with(mut self, settings: ToolkitOverride, problems: &mut Problems) -> Self {
        let place = self.place.clone();
        self.change(|toolkit| override_toolkit(toolkit, settings, &place, problems));
        self
    }

    /// Changes the toolkit, which its tools know.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Toolkit)) {
        change(Arc::make_mut(&mut self.toolkit));
        for (tool, _) in &mut self.tools {
            Arc::make_mut(tool).toolkit = Arc::clone(&self.toolkit);
        }
    }
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
        for auth in &mut manifest.auth {
            auth.base_url = None;
        }
    }
    if toolkit.moved {
        // The tokens of an own installation are none of the public service's business.
        for auth in &mut manifest.auth {
            auth.revoke = None;
            auth.post_connect = None;
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
) -> Result<Tool, String> {
    let response = manifest.response.or(&toolkit.manifest.response);
    let published_output = match &response.file {
        Some(file) => raw(&schema::output(Some(file)))?,
        None => common_output()?,
    };
    let early = schema::compiled_early(&manifest)
        .map_err(|cause| format!("{}: args: {cause}", manifest.slug))?;
    Ok(Tool {
        published_input: raw(&schema::input(&manifest))?,
        published_output,
        toolkit: Arc::clone(toolkit),
        versions,
        available_versions: Arc::clone(available),
        response,
        validator: early.map_or_else(OnceLock::new, OnceLock::from),
        manifest: Arc::new(manifest),
    })
}

/// The schema of a result in which no file is known of: nearly all tools have it.
fn common_output() -> Result<Arc<RawValue>, String> {
    static COMMON: OnceLock<Arc<RawValue>> = OnceLock::new();
    if let Some(common) = COMMON.get() {
        return Ok(Arc::clone(common));
    }
    let common = raw(&schema::output(None))?;
    Ok(Arc::clone(COMMON.get_or_init(|| common)))
}

fn raw(schema: &Value) -> Result<Arc<RawValue>, String> {
    to_raw_value(schema)
        .map(Arc::from)
        .map_err(|cause| cause.to_string())
}
