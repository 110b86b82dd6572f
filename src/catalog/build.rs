//! From one toolkit's manifests to what calls use: checked, with the settings over it, schemas made.

use std::sync::Arc;

use serde_json::value::to_raw_value;
use url::Url;

use super::manifest::{AuthManifest, ToolManifest};
use super::parse::Kit;
use super::problems::{Place, Problems};
use super::revocation::RevokeManifest;
use super::{Tool, Toolkit, check, forms, hosts, schema, template};
use crate::config::ToolkitOverride;
use crate::scheme::Scheme;

/// A toolkit and its tools, without regard to all others.
pub(super) struct Built {
    /// Name of its folder.
    pub(super) folder: String,
    pub(super) toolkit: Arc<Toolkit>,
    /// All forms of its tools, each with its place.
    pub(super) tools: Vec<(Arc<Tool>, Place)>,
    pub(super) problems: Problems,
}

/// Checks and builds a toolkit.
pub(super) fn toolkit(kit: Kit, settings: ToolkitOverride) -> Built {
    let mut problems = Problems::default();
    check::kit(&kit, &mut problems);
    let Kit {
        folder,
        toolkit: manifest,
        place,
        tools,
        triggers: _,
    } = kit;
    let tools = forms::of_tools(tools, &manifest.versions, &mut problems);
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
    override_toolkit(&mut toolkit, settings, &place, &mut problems);
    let toolkit = Arc::new(toolkit);
    let output_schema = Arc::new(schema::output(None));
    let mut built = Vec::new();
    for forms in tools {
        let all = forms.iter().flat_map(|(_, own)| own.clone());
        let available: Arc<[String]> = all.collect();
        for ((tool, place), own) in forms {
            match build_tool(tool, (own, &available), &toolkit, &output_schema) {
                Ok(tool) => built.push((Arc::new(tool), place)),
                Err(cause) => problems.add(&place, cause),
            }
        }
    }
    Built {
        folder,
        toolkit,
        tools: built,
        problems,
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
