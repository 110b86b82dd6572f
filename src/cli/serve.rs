//! `tenon serve`: builds the [`App`], starts HTTP and the background work, stops in two stages.

use std::future::Future;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::installation::{self, open_database, open_vault};
use crate::app::{App, Parts};
use crate::blobs::BlobStore;
use crate::caches::Caches;
use crate::catalog::CatalogHandle;
use crate::config::Config;
use crate::crypto::Vault;
use crate::embeddings::Embeddings;
use crate::error::{Error, Result};
use crate::execution_log::LogWriter;
use crate::ids::ProjectId;
use crate::outbound::{Outbound, Replay};
use crate::pace::Paces;
use crate::rate_limit::RateLimiter;
use crate::single_flight::SingleFlight;
use crate::storage::changes::Change;
use crate::storage::{self, Db};
use crate::tenancy::rotation::Site;
use crate::tenancy::{self, FirstKeys};
use crate::time::Clock;
use crate::upstreams::{UpstreamLimits, Upstreams};
use crate::{api, jobs, meanings};

/// How long requests under way may take to finish after a stop signal.
const DRAIN_LIMIT: Duration = Duration::from_secs(25);
/// Connections that may wait to be accepted, where the system allows as many. The standard library's
/// 128 are fewer than the calls that an agent's start sends at once; a connection too many is made a
/// second later, when its client tries again.
const BACKLOG: u32 = 4096;
/// Each may hold a description of 64 MB and what is made of it.
const IMPORTS_AT_ONCE: usize = 2;
const LISTENER_RETRY: Duration = Duration::from_secs(1);

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// What it runs on.
    pub app: App,
    /// Where it listens.
    pub address: SocketAddr,
    /// The keys, if this start made them.
    pub first_keys: Option<FirstKeys>,
}

pub(super) async fn run(config: Config) -> Result<()> {
    start_logging(&config)?;
    let server = start(config, Clock::System).await?;
    announce(&server)?;
    prepare_search(&server.app);
    wait_for_stop_signal(&server.app).await?;
    stop(&server.app).await;
    Ok(())
}

/// Starts a server and returns once it listens.
///
/// # Errors
/// When a setting is impossible, the database cannot be opened, or the address is taken.
pub async fn start(mut config: Config, clock: Clock) -> Result<Server> {
    let listener = listen_on(config.listen)
        .map_err(|cause| Error::invalid(format!("cannot listen on {}: {cause}", config.listen)))?;
    let address = listener.local_addr()?;
    config.listen = address;
    // What may fail comes before the keys are made: they are shown once, and only by a start that
    // succeeds.
    let mut tools = Tools::new(&config)?;
    tools.embeddings = Embeddings::of(&config.embeddings)?;
    let vault = open_vault(&config.store)?;
    let caches = Caches::default();
    let db = open_database(&config.store, caches.clone()).await?;
    let first_keys = tenancy::set_up(&db, &vault, &config, clock.now()).await?;
    let app = assemble(config, clock, tools, (db, caches), vault);
    spawn_background(&app);
    app.tasks.spawn(api::serve(app.clone(), listener));
    Ok(Server {
        app,
        address,
        first_keys,
    })
}

fn listen_on(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A server that starts again finds connections of the one before still closing.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The parts of a server for a command that works on its installation, while it may run.
///
/// # Errors
/// When a setting is impossible, there is no database, or it cannot be opened.
pub(super) async fn open_beside_a_server(config: Config) -> Result<App> {
    let tools = Tools::new(&config)?;
    let Site { db, vault, clock } = installation::open_beside_a_server(&config.store).await?;
    Ok(assemble(
        config,
        clock,
        tools,
        (db, Caches::default()),
        vault,
    ))
}

/// The parts of a new installation that calls nobody, and its project.
///
/// # Errors
/// When the toolkits cannot be loaded, or the database cannot be made.
pub(super) async fn for_fixtures(
    config: Config,
    clock: Clock,
    replay: Arc<dyn Replay>,
) -> Result<(App, ProjectId)> {
    let mut tools = Tools::new(&config)?;
    tools.outbound = tools.outbound.with_replay(replay);
    let vault = open_vault(&config.store)?;
    let caches = Caches::default();
    let db = open_database(&config.store, caches.clone()).await?;
    let keys = tenancy::set_up(&db, &vault, &config, clock.now()).await?;
    let app = assemble(config, clock, tools, (db, caches), vault);
    let keys = keys.ok_or_else(|| Error::internal("the database was there before"))?;
    let key = tenancy::authenticate(&app, keys.project.reveal()).await?;
    let project = key.project_id.clone();
    let project = project.ok_or_else(|| Error::internal("the key has no project"))?;
    Ok((app, project))
}

/// What is made of the settings alone.
struct Tools {
    catalog: CatalogHandle,
    /// None: only a server searches.
    embeddings: Embeddings,
    outbound: Outbound,
    blobs: BlobStore,
    tasks: TaskTracker,
}

impl Tools {
    fn new(config: &Config) -> Result<Self> {
        let tasks = TaskTracker::new();
        Ok(Self {
            catalog: CatalogHandle::load(config)?,
            embeddings: Embeddings::default(),
            outbound: Outbound::new(&config.allow_cidrs)?,
            blobs: BlobStore::new(&config.files, &config.store.data_dir, &tasks)?,
            tasks,
        })
    }
}

fn assemble(
    config: Config,
    clock: Clock,
    tools: Tools,
    (db, caches): (Db, Caches),
    vault: Vault,
) -> App {
    let Tools {
        catalog,
        embeddings,
        outbound,
        blobs,
        tasks,
    } = tools;
    App::new(Parts {
        catalog,
        embeddings,
        outbound,
        state_signer: vault.state_signer(),
        file_links: vault.file_link_signer(),
        blobs,
        rate_limiter: RateLimiter::new(config.rate_limit, config.rate_limit_window_s),
        project_rate_limiter: RateLimiter::new(
            config.project_rate_limit,
            config.rate_limit_window_s,
        ),
        registration_limiter: RateLimiter::new(
            Some(config.registration_limit),
            config.rate_limit_window_s,
        ),
        upstreams: Upstreams::new(upstream_limits(&config)),
        paces: Paces::default(),
        execution_log: LogWriter::default(),
        refreshes: SingleFlight::default(),
        registrations: SingleFlight::default(),
        imports: Semaphore::new(IMPORTS_AT_ONCE),
        job_stored: Notify::new(),
        tasks,
        stopping: CancellationToken::new(),
        config,
        clock,
        db,
        vault,
        caches,
    })
}

fn upstream_limits(config: &Config) -> UpstreamLimits {
    let places = |calls: u32| usize::try_from(calls).unwrap_or(usize::MAX);
    UpstreamLimits {
        per_host: places(config.upstream_concurrency),
        per_account: places(config.account_concurrency),
        circuit_failures: config.circuit_failures,
        circuit_rest: Duration::from_secs(config.circuit_rest_s),
    }
}

/// Stops taking work, then waits for what is under way, up to a limit.
pub async fn stop(app: &App) {
    app.stopping.cancel();
    app.tasks.close();
    if tokio::time::timeout(DRAIN_LIMIT, app.tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!("some work did not finish in time and is cut off");
    }
    app.execution_log.flush(&app.db).await;
    app.db.close().await;
}

fn spawn_background(app: &App) {
    // Ends by itself, after the job under way.
    app.tasks.spawn(jobs::run(app.clone()));
    if app.config.refresh_ahead {
        app.tasks.spawn(jobs::renewals::run(app.clone()));
    }
    spawn_until_stopped(app, hear_changes(app.clone()));
    spawn_until_stopped(app, meanings::run(app.clone()));
    meanings::learn_catalog(app);
    let writer = app.clone();
    app.tasks
        .spawn(async move { writer.execution_log.run(&writer.db, &writer.stopping).await });
}

/// Runs `work` beside requests until the server stops.
fn spawn_until_stopped(app: &App, work: impl Future<Output = ()> + Send + 'static) {
    let stopping = app.stopping.clone();
    app.tasks
        .spawn(async move { stopping.run_until_cancelled(work).await });
}

async fn hear_changes(app: App) {
    loop {
        let heard = |change| {
            app.caches.forget(&change);
            if change == Change::Everything {
                // Another process may have put another master key in force.
                app.tasks.spawn(follow_master_key(app.clone()));
            }
        };
        let ended = storage::changes::listen(&app.db, heard).await;
        // What was said while nobody listened is unknown.
        app.caches.forget(&Change::Everything);
        if let Err(cause) = ended {
            tracing::warn!(%cause, "lost the connection that tells of changes; trying again");
        }
        tokio::time::sleep(LISTENER_RETRY).await;
    }
}

async fn follow_master_key(app: App) {
    let followed = tenancy::rotation::follow_master_key(&app.db, &app.vault).await;
    if let Err(error) = followed {
        tracing::error!(
            error = error.with_causes(),
            fix = error.shown().suggested_fix,
            "this server cannot follow the master key that is in force now"
        );
    }
}

/// Says on standard output where the server is and, at the first start, the keys that it made.
fn announce(server: &Server) -> Result<()> {
    let config = &server.app.config;
    let url = config.public_base();
    let mut text = format!(
        "Tenon listens on http://{} (public URL {url})\n",
        server.address
    );
    if let Some(keys) = &server.first_keys {
        // A key that the operator gave is known to them, and this output may be kept by others.
        let (project, example) = match config.api_key {
            Some(_) => ("as given in TENON_API_KEY", "$TENON_API_KEY"),
            None => (keys.project.reveal(), keys.project.reveal()),
        };
        let organization = match config.org_api_key {
            Some(_) => "as given in TENON_ORG_API_KEY",
            None => keys.organization.reveal(),
        };
        text.push_str(&format!(
            "First start. A key that was made here is shown this once:\n\
             \x20 project API key       {project}\n\
             \x20 organisation API key  {organization}\n\
             Try: curl -H \"x-api-key: {example}\" {url}/api/v3/toolkits\n"
        ));
    }
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

async fn wait_for_stop_signal(app: &App) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut reload = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = reload.recv() => match app.catalog.reload(&app.config) {
                Ok(()) => {
                    prepare_search(app);
                    meanings::learn_catalog(app);
                    tracing::info!("reloaded the toolkits");
                }
                Err(error) => tracing::error!(
                    %error, problems = ?error.shown().errors,
                    "the toolkits were not reloaded; those before stay in force"
                ),
            },
        }
    }
}

/// In the background: a server answers before it has read every tool's words.
fn prepare_search(app: &App) {
    let catalog = app.catalog.clone();
    app.tasks.spawn_blocking(move || catalog.prepare_search());
}

fn start_logging(config: &Config) -> Result<()> {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_new(&config.log_filter)
        .map_err(|cause| Error::invalid(format!("RUST_LOG cannot be read: {cause}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let set = if config.log_json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
    set.map_err(|cause| Error::internal(format!("logging cannot start: {cause}")))
}
