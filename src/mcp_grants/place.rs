//! The one URL that a grant is for (RFC 8707), written one way.

use url::{Url, form_urlencoded};

use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{McpServerId, ProjectId, SessionId};
use crate::mcp_servers;
use crate::sessions;
use crate::tenancy;

/// What of a URL's query says for whom it is.
const KNOWN: [&str; 4] = [
    "user_id",
    "connected_account_id",
    "connected_account_ids",
    "managed_auth",
];

/// The URL of an MCP server or a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    site: Site,
    /// In order of their names.
    query: Vec<(String, String)>,
}

/// Whom a place belongs to, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// The caller's name for the user.
    pub user: Option<String>,
    /// The project's name.
    pub project: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Site {
    Server(McpServerId),
    Session(SessionId),
}

impl Place {
    /// The place that a path and a query name; none for another path.
    #[must_use]
    pub fn read(path: &str, query: Option<&str>) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let site = match parts.as_slice() {
            ["v3", "mcp", id] | ["v3", "mcp", id, "mcp"] => {
                Site::Server(McpServerId::from((*id).to_owned()))
            }
            ["tool_router", id, "mcp"] => Site::Session(SessionId::from((*id).to_owned())),
            _ => return None,
        };
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let mut query: Vec<(String, String)> = pairs
            .filter(|(name, value)| KNOWN.contains(&&**name) && !value.trim().is_empty())
            .map(|(name, value)| (name.into_owned(), value.trim().to_owned()))
            .collect();
        query.sort();
        Some(Self { site, query })
    }

    /// The place of a URL of this server's.
    #[must_use]
    pub fn of_url(app: &App, url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let base = Url::parse(&app.config.public_base()).ok()?;
        if url.origin() != base.origin() || url.fragment().is_some() {
            return None;
        }
        let path = url.path().strip_prefix(base.path().trim_end_matches('/'))?;
        Self::read(path, url.query())
    }

    /// As it is stored and compared: path and query.
    #[must_use]
    pub fn text(&self) -> String {
        let path = match &self.site {
            Site::Server(id) => format!("/v3/mcp/{id}"),
            Site::Session(id) => format!("/tool_router/{id}/mcp"),
        };
        if self.query.is_empty() {
            return path;
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query);
        format!("{path}?{}", query.finish())
    }

    /// For people: what it is.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.site {
            Site::Server(id) => format!("MCP server {id}"),
            Site::Session(id) => format!("session {id}"),
        }
    }

    /// For people: for whom it is and whose, as far as this is known. A place that nobody has belongs to
    /// nobody.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn owner(&self, app: &App) -> Result<Owner> {
        let found = match &self.site {
            Site::Server(id) => {
                let mut query = self.query.iter();
                let user = query.find(|(name, _)| name == "user_id");
                let user = user.map(|(_, user)| user.clone());
                let server = mcp_servers::by_url(app, id).await;
                server.map(|server| (server.project_id.clone(), user))
            }
            Site::Session(id) => {
                let owner = sessions::owner(app, id).await;
                owner.map(|(project, user)| (project, Some(user)))
            }
        };
        let named = async {
            let (project, user) = found?;
            let project = tenancy::open_project(app, &project)
                .await?
                .project
                .name
                .clone();
            Ok(Owner {
                user,
                project: Some(project),
            })
        };
        match named.await {
            Err(Error::NotFound { .. }) => Ok(Owner::default()),
            named => named,
        }
    }

    /// Whether the project has it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_of(&self, app: &App, project: &ProjectId) -> Result<bool> {
        let found = match &self.site {
            Site::Server(id) => mcp_servers::get(app, project, id).await.map(drop),
            Site::Session(id) => sessions::find(app, project, id).await.map(drop),
        };
        match found {
            Ok(()) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_is_written_one_way() {
        let text = |path, query| Place::read(path, query).map(|place| place.text());
        let expected = Some("/v3/mcp/abc?user_id=a+b".to_owned());
        assert_eq!(text("/v3/mcp/abc", Some("user_id=a%20b")), expected);
        assert_eq!(text("/v3/mcp/abc/mcp", Some("x=1&user_id=a+b")), expected);
        assert_eq!(text("/v3/mcp/abc/", None).as_deref(), Some("/v3/mcp/abc"));
        assert_ne!(text("/v3/mcp/abc", Some("user_id=b")), expected);
        let session = text("/tool_router/trs_1/mcp", None);
        assert_eq!(session.as_deref(), Some("/tool_router/trs_1/mcp"));
        assert_eq!(text("/api/v3/tools", None), None);
    }
}
