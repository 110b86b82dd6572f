//! The URLs of servers, and of a user or account at one.

use url::Url;

use super::get;
use crate::accounts;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{AccountId, McpServerId, ProjectId};

const MOST_URLS: usize = 1000;

/// Which URLs are wanted.
#[derive(Debug, Clone)]
pub struct Generate {
    /// Of this server.
    pub server: McpServerId,
    /// One for each of these users.
    pub users: Vec<String>,
    /// One for each of these accounts.
    pub accounts: Vec<AccountId>,
    /// A tool whose toolkit is not connected answers with a link to connect it.
    pub managed_auth: bool,
}

/// The URLs.
#[derive(Debug, Clone)]
pub struct Generated {
    /// Of the server.
    pub base: String,
    /// Of the users, in the order asked for.
    pub users: Vec<String>,
    /// Of the accounts, in the order asked for.
    pub accounts: Vec<String>,
}

/// Where the server is found, without a user.
#[must_use]
pub fn url(app: &App, id: &McpServerId) -> String {
    format!("{}/v3/mcp/{id}", app.config.public_base())
}

/// The URLs of users and accounts at a server.
///
/// # Errors
/// [`Error::NotFound`] for the server; [`Error::Invalid`] for an account of another project, a blank
/// user, or too many of them.
pub async fn generate(app: &App, project: &ProjectId, asked: Generate) -> Result<Generated> {
    let Generate {
        server,
        users,
        accounts: account_ids,
        managed_auth,
    } = asked;
    get(app, project, &server).await?;
    let mut problems = Vec::new();
    if users.len() + account_ids.len() > MOST_URLS {
        problems.push(format!("user_ids: at most {MOST_URLS} URLs at a time"));
    }
    if users.iter().any(|user| user.trim().is_empty()) {
        problems.push("user_ids: must not be blank".into());
    }
    if problems.is_empty() {
        for id in &account_ids {
            if accounts::find(app, project, id).await.is_err() {
                problems.push(format!(
                    "connected_account_ids: `{id}` is no connected account of this project"
                ));
            }
        }
    }
    if !problems.is_empty() {
        return Err(Error::fields(problems));
    }
    let base = url(app, &server);
    let with = |name: &str, value: &str| -> Result<String> {
        let mut url = Url::parse(&base).map_err(Error::internal)?;
        let mut query = url.query_pairs_mut();
        query.append_pair(name, value);
        if managed_auth {
            query.append_pair("managed_auth", "true");
        }
        drop(query);
        Ok(url.into())
    };
    let user_urls: Result<_> = users.iter().map(|user| with("user_id", user)).collect();
    let account_urls: Result<_> = account_ids
        .iter()
        .map(|id| with("connected_account_id", id.as_str()))
        .collect();
    Ok(Generated {
        users: user_urls?,
        accounts: account_urls?,
        base,
    })
}
