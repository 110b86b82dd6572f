//! Rows known from the last look, so that a call on the hot path asks the database nothing.
//!
//! Credentials stand here as sealed as they stand in the database. An entry leaves when its row
//! changes: at once for changes of this process, on a notification for those of other replicas,
//! and after [`LONGEST_LIFE`] in any case.

use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;

use crate::catalog::{Catalog, OwnKit};
use crate::crypto::DataKey;
use crate::error::Result;
use crate::ids::{AccountId, AuthConfigId, McpServerId, ProjectId, SessionId};
use crate::running_calls::RunningCalls;
use crate::storage::api_keys::ApiKey;
use crate::storage::auth_configs::AuthConfig;
use crate::storage::changes::Change;
use crate::storage::connected_accounts::ConnectedAccount;
use crate::storage::mcp_servers::McpServer;
use crate::storage::own_toolkits::Revision;
use crate::storage::projects::Project;
use crate::storage::sessions::SessionRow;

const LONGEST_LIFE: Duration = Duration::from_mins(1);
const CAPACITY: u64 = 20_000;
/// Imported toolkits, and catalogs with them, are large; one in use is made again in a moment.
const MOST_KITS: u64 = 500;
const MOST_CATALOGS: u64 = 100;
const LONGEST_IDLE: Duration = Duration::from_hours(1);

/// Whose newest account for which toolkit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountChoice {
    /// The tenant.
    pub project: ProjectId,
    /// The user.
    pub user: String,
    /// Slug of the toolkit.
    pub toolkit: String,
}

/// A project and its opened data key.
#[derive(Debug, Clone)]
pub struct OpenProject {
    /// The row.
    pub project: Project,
    /// Opens the project's secrets.
    pub data_key: DataKey,
}

/// All caches.
#[derive(Debug, Clone)]
pub struct Caches {
    /// Keys by their hash.
    pub api_keys: Rows<Vec<u8>, ApiKey>,
    /// Projects by id.
    pub projects: Rows<ProjectId, OpenProject>,
    /// Auth configs by id.
    pub auth_configs: Rows<(ProjectId, AuthConfigId), AuthConfig>,
    /// Accounts by id.
    pub accounts: Rows<(ProjectId, AccountId), ConnectedAccount>,
    /// Which account a user's call takes when it names none.
    pub choices: Rows<AccountChoice, AccountId>,
    /// Tool-router sessions by id.
    pub sessions: Rows<(ProjectId, SessionId), SessionRow>,
    /// Calls under way, which hear of it when they are given up elsewhere.
    pub running_calls: RunningCalls,
    /// MCP servers by the id that their URL names.
    pub mcp_servers: Rows<McpServerId, McpServer>,
    /// The imported toolkits that a project sees.
    pub own_toolkits: Rows<ProjectId, Vec<Revision>>,
    /// Each of those, built; none for one that breaks a rule.
    pub own_kits: Cache<Revision, Option<Arc<OwnKit>>>,
    /// All of them beside the toolkits of files.
    pub catalogs: Cache<Arc<Vec<Revision>>, Composed>,
}

/// A catalog with imported toolkits in it.
#[derive(Debug, Clone)]
pub struct Composed {
    /// The catalog of files under it: another one after a reload.
    pub base: Arc<Catalog>,
    /// Both together.
    pub catalog: Arc<Catalog>,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            api_keys: Rows::new(),
            projects: Rows::new(),
            auth_configs: Rows::new(),
            accounts: Rows::new(),
            choices: Rows::new(),
            sessions: Rows::new(),
            running_calls: RunningCalls::default(),
            mcp_servers: Rows::new(),
            own_toolkits: Rows::new(),
            own_kits: kept_while_used(MOST_KITS),
            catalogs: kept_while_used(MOST_CATALOGS),
        }
    }
}

/// What is made of rows and named by their revision is never stale.
fn kept_while_used<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>(
    most: u64,
) -> Cache<K, V> {
    let cache = Cache::builder().max_capacity(most);
    cache.time_to_idle(LONGEST_IDLE).build()
}

impl Caches {
    /// Drops what a committed change made stale.
    pub fn forget(&self, change: &Change) {
        match change {
            Change::ApiKeys => self.api_keys.clear(),
            Change::Project { project } => {
                self.projects.forget(project);
                // A deleted project's keys must stop opening it.
                self.api_keys.clear();
            }
            Change::OwnToolkits { project } => self.own_toolkits.forget(project),
            Change::GivenUp { call } => self.running_calls.give_up(call),
            Change::McpServer { id } => self.mcp_servers.forget(id),
            Change::AuthConfig { project, id } => {
                self.auth_configs.forget(&(project.clone(), id.clone()));
                // Disabling a config changes which account is the newest usable one.
                self.choices.clear();
            }
            Change::Account {
                project,
                id,
                user,
                toolkit,
            } => {
                self.accounts.forget(&(project.clone(), id.clone()));
                self.choices.forget(&AccountChoice {
                    project: project.clone(),
                    user: user.clone(),
                    toolkit: toolkit.clone(),
                });
            }
            Change::Session { project, id } => {
                self.sessions.forget(&(project.clone(), id.clone()));
            }
            Change::Everything => {
                self.api_keys.clear();
                self.projects.clear();
                self.auth_configs.clear();
                self.accounts.clear();
                self.choices.clear();
                self.sessions.clear();
                self.mcp_servers.clear();
                self.own_toolkits.clear();
            }
        }
    }
}

/// One cache: loads a missing row once, and never keeps a row that changed while it was loaded.
#[derive(Debug, Clone)]
pub struct Rows<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    entries: Cache<K, Arc<V>>,
    /// Grows with every removal. A loader that saw another number does not store its row.
    removals: Arc<AtomicU64>,
}

impl<K, V> Rows<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn new() -> Self {
        Self {
            entries: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(LONGEST_LIFE)
                .build(),
            removals: Arc::default(),
        }
    }

    /// The row, from memory or by `load`; a row that is not there is not remembered.
    ///
    /// # Errors
    /// What `load` returns.
    pub async fn get<F>(&self, key: &K, load: impl FnOnce() -> F) -> Result<Option<Arc<V>>>
    where
        F: Future<Output = Result<Option<V>>>,
    {
        if let Some(row) = self.entries.get(key) {
            return Ok(Some(row));
        }
        let seen = self.removals.load(Ordering::SeqCst);
        let Some(row) = load().await?.map(Arc::new) else {
            return Ok(None);
        };
        self.entries.insert(key.clone(), Arc::clone(&row));
        if self.removals.load(Ordering::SeqCst) != seen {
            self.entries.invalidate(key);
        }
        Ok(Some(row))
    }

    fn forget(&self, key: &K) {
        self.removals.fetch_add(1, Ordering::SeqCst);
        self.entries.invalidate(key);
    }

    fn clear(&self) {
        self.removals.fetch_add(1, Ordering::SeqCst);
        self.entries.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_row_that_changed_while_it_was_loaded_is_not_kept() {
        let rows: Rows<u8, &str> = Rows::new();
        let stale = rows
            .get(&1, || async {
                rows.forget(&1);
                Ok(Some("old"))
            })
            .await
            .unwrap();
        assert_eq!(*stale.unwrap(), "old");
        let fresh = rows.get(&1, || async { Ok(Some("new")) }).await.unwrap();
        assert_eq!(*fresh.unwrap(), "new");
    }

    #[tokio::test]
    async fn a_known_row_is_not_loaded_again() {
        let rows: Rows<u8, u8> = Rows::new();
        for expected_loads in [1, 1] {
            let mut loads = 1;
            rows.get(&7, || async { Ok(Some(7)) }).await.unwrap();
            rows.get(&7, || async {
                loads += 1;
                Ok(Some(7))
            })
            .await
            .unwrap();
            assert_eq!(loads, expected_loads);
        }
    }
}
