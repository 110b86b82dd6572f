//! Who calls: an extractor in a handler's signature is the permission it asks for.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;

use super::middleware::{AllowanceSlot, ApiVersion};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{OrgId, ProjectId, RequestId};
use crate::storage::api_keys::ApiKey;
use crate::tenancy;

const PROJECT_KEY: HeaderName = HeaderName::from_static("x-api-key");
const ORG_KEY: HeaderName = HeaderName::from_static("x-org-api-key");

/// A program with a project API key (`x-api-key`).
#[derive(Debug, Clone)]
pub struct Caller {
    /// The tenant it speaks for.
    pub project: ProjectId,
    /// The key it came with.
    pub key: Arc<ApiKey>,
    /// The prefix it came by.
    pub api: ApiVersion,
    /// The request's id, for records.
    pub request_id: RequestId,
}

/// A program with an organisation API key (`x-org-api-key`).
#[derive(Debug, Clone)]
pub struct OrgCaller {
    /// The organisation it speaks for.
    pub org: OrgId,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let text = header(parts, &PROJECT_KEY)
            .ok_or(Error::Unauthorized("the request has no `x-api-key` header"))?;
        let key = tenancy::authenticate(app, text).await?;
        let Some(project) = key.project_id.clone() else {
            return Err(Error::Unauthorized(
                "this is an organisation key; project endpoints need a project API key",
            ));
        };
        count(parts, app, &key.org_id, Some(&project))?;
        let api = parts.extensions.get().copied().unwrap_or(ApiVersion::V3);
        let request_id = parts
            .extensions
            .get()
            .cloned()
            .unwrap_or_else(RequestId::generate);
        Ok(Self {
            project,
            key,
            api,
            request_id,
        })
    }
}

impl FromRequestParts<App> for OrgCaller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let text = header(parts, &ORG_KEY).ok_or(Error::Unauthorized(
            "the request has no `x-org-api-key` header",
        ))?;
        let key = tenancy::authenticate(app, text).await?;
        if key.project_id.is_some() {
            return Err(Error::Unauthorized(
                "this is a project key; /org/owner endpoints need an organisation API key",
            ));
        }
        count(parts, app, &key.org_id, None)?;
        Ok(Self {
            org: key.org_id.clone(),
        })
    }
}

fn header<'a>(parts: &'a Parts, name: &HeaderName) -> Option<&'a str> {
    parts
        .headers
        .get(name)?
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// Counts the request; the answer tells what is left.
fn count(parts: &Parts, app: &App, org: &OrgId, project: Option<&ProjectId>) -> Result<()> {
    let scarcer = tenancy::count_request(app, org, project)?;
    if let Some(allowance) = scarcer
        && let Some(slot) = parts.extensions.get::<AllowanceSlot>()
    {
        // Already set only if a handler asked for two callers; the first count stands.
        let _ = slot.0.set(allowance);
    }
    Ok(())
}
