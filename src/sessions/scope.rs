//! For whom a call is made, and what it may reach.

use std::sync::Arc;

use serde::Deserialize as _;

use super::config::{EveryTool, PreloadedTools, SessionConfig};
use super::custom::CustomTools;
use super::read_config;
use crate::app::App;
use crate::catalog::{Catalog, Tool, ToolFilter, VersionPins};
use crate::error::Result;
use crate::ids::{ProjectId, SessionId};
use crate::storage::sessions::SessionRow;
use crate::toolkits;

/// A session, read.
#[derive(Debug, Clone)]
pub struct Session {
    /// `trs_…`
    pub id: SessionId,
    /// The caller's name for the user.
    pub user: String,
    /// The API key that made it.
    pub created_by: String,
    /// What it may reach.
    pub config: SessionConfig,
    /// Grows by one with every change of the configuration, from 1.
    pub config_version: i64,
    /// Tools that run at the caller's.
    pub custom: CustomTools,
}

impl Session {
    pub(super) fn of(row: &SessionRow) -> Result<Self> {
        Ok(Self {
            id: row.id.clone(),
            user: row.user_id.clone(),
            created_by: row.created_by.clone(),
            config: read_config(&row.config)?,
            config_version: row.config_version,
            custom: CustomTools::deserialize(&row.custom_tools)?,
        })
    }
}

/// For whom a call is made and what it may reach: what a session lets through or, without one, all that
/// the user has.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The tenant.
    pub project: ProjectId,
    /// The caller's name for the user.
    pub user: String,
    /// Whom new auth configs are made for: an API key's id.
    pub created_by: String,
    /// The session; none for calls outside one.
    pub session: Option<Arc<Session>>,
    /// What its project sees.
    pub catalog: Arc<Catalog>,
}

impl Scope {
    /// All that a user has.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of_user(
        app: &App,
        project: &ProjectId,
        user: &str,
        created_by: &str,
    ) -> Result<Self> {
        Ok(Self {
            project: project.clone(),
            user: user.to_owned(),
            created_by: created_by.to_owned(),
            session: None,
            catalog: toolkits::catalog(app, project).await?,
        })
    }

    /// What a session lets through.
    ///
    /// # Errors
    /// [`crate::error::Error::NotFound`] when the project has no such session.
    pub async fn of_session(app: &App, project: &ProjectId, id: &SessionId) -> Result<Self> {
        let session = super::find(app, project, id).await?;
        Self::with(app, project, session).await
    }

    /// What a session at hand lets through.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn with(app: &App, project: &ProjectId, session: Session) -> Result<Self> {
        Ok(Self {
            project: project.clone(),
            user: session.user.clone(),
            created_by: session.created_by.clone(),
            session: Some(Arc::new(session)),
            catalog: toolkits::catalog(app, project).await?,
        })
    }

    /// The same with other tools that run at the caller's, which came with this call.
    #[must_use]
    pub fn with_custom(mut self, custom: CustomTools) -> Self {
        if let Some(session) = self.session.as_mut().filter(|_| !custom.is_empty()) {
            Arc::make_mut(session).custom = custom;
        }
        self
    }

    /// The tools that stand beside the meta tools.
    #[must_use]
    pub fn preloaded(&self) -> Vec<&Arc<Tool>> {
        let Some(config) = self.config() else {
            return Vec::new();
        };
        match &config.preload.tools {
            // A tool may be gone, or forbidden by a rule, since it was named.
            PreloadedTools::Slugs(slugs) => slugs
                .iter()
                .filter_map(|slug| self.tool(slug).ok())
                .collect(),
            PreloadedTools::All(EveryTool::All) => self.tools().collect(),
        }
    }

    /// One of them, by slug or alias.
    #[must_use]
    pub fn preloaded_tool(&self, slug: &str) -> Option<&Arc<Tool>> {
        let (filter, pins) = (ToolFilter::default(), VersionPins::default());
        match &self.config()?.preload.tools {
            PreloadedTools::Slugs(_) => {
                let meant = self.tool(slug).ok()?;
                let mut preloaded = self.preloaded().into_iter();
                preloaded.find(|tool| Arc::ptr_eq(tool, meant))
            }
            PreloadedTools::All(EveryTool::All) => {
                let found = self
                    .catalog
                    .listed_tool(slug, &filter, &pins)
                    .ok()
                    .flatten();
                found.filter(|tool| self.permits(tool))
            }
        }
    }

    /// The tools that may be called, in their newest form, the important ones first.
    pub fn tools(&self) -> impl Iterator<Item = &Arc<Tool>> {
        let all = self
            .catalog
            .list_tools(&ToolFilter::default(), &VersionPins::default());
        let all = all.unwrap_or_default().into_iter();
        all.filter(|tool| self.permits(tool))
    }

    /// The session's configuration; none outside a session.
    #[must_use]
    pub fn config(&self) -> Option<&SessionConfig> {
        self.session.as_deref().map(|session| &session.config)
    }
}
