//! `App`: the handles that services and doors share, built once at the start.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::blobs::BlobStore;
use crate::caches::Caches;
use crate::catalog::CatalogHandle;
use crate::config::Config;
use crate::crypto::{FileLinkSigner, StateSigner, Vault};
use crate::embeddings::Embeddings;
use crate::execution_log::LogWriter;
use crate::ids::{AccountId, AuthConfigId, OrgId, ProjectId};
use crate::outbound::Outbound;
use crate::pace::Paces;
use crate::rate_limit::RateLimiter;
use crate::single_flight::SingleFlight;
use crate::storage::Db;
use crate::storage::auth_configs::AuthConfig;
use crate::storage::connected_accounts::ConnectedAccount;
use crate::time::Clock;
use crate::upstreams::Upstreams;

/// A cheap handle on everything the product needs; clones share the same parts.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// The settings in force.
    pub config: Config,
    /// Where the time comes from.
    pub clock: Clock,
    /// The database.
    pub db: Db,
    /// The master key.
    pub vault: Vault,
    /// Signs OAuth state.
    pub state_signer: StateSigner,
    /// Signs links to files.
    pub file_links: FileLinkSigner,
    /// Where the content of files lies.
    pub blobs: BlobStore,
    /// Toolkits and tools.
    pub catalog: CatalogHandle,
    /// The embedding model, and what it made of queries.
    pub embeddings: Embeddings,
    /// The HTTP client.
    pub outbound: Outbound,
    /// Rows known from the last look, sealed as in the database.
    pub caches: Caches,
    /// Requests an organisation has left.
    pub rate_limiter: RateLimiter<OrgId>,
    /// Requests a project has left.
    pub project_rate_limiter: RateLimiter<ProjectId>,
    /// Registrations of OAuth clients that an address has left; of IPv6, a /64.
    pub registration_limiter: RateLimiter<IpAddr>,
    /// Places and circuits of upstream hosts.
    pub upstreams: Upstreams,
    /// Requests a second of accounts whose service allows so many.
    pub paces: Paces,
    /// Takes execution records and writes them in batches.
    pub execution_log: LogWriter,
    /// Token refreshes under way, one an account.
    pub refreshes: SingleFlight<AccountId, Arc<ConnectedAccount>>,
    /// Registrations of OAuth clients under way, one an auth config.
    pub registrations: SingleFlight<AuthConfigId, Arc<AuthConfig>>,
    /// Descriptions of APIs that are imported at once, of all callers.
    pub imports: Semaphore,
    /// Wakes the runner of background work after a job was stored that is due at once.
    pub job_stored: Notify,
    /// Everything that runs beside a request; shutdown waits for it.
    pub tasks: TaskTracker,
    /// Cancelled when the server should stop taking work.
    pub stopping: CancellationToken,
}

impl App {
    /// Shares the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
