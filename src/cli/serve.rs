//! `tenon serve`: builds the [`App`], starts HTTP and the background work, stops in two stages.

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, Parts};
use crate::caches::Caches;
use crate::catalog::CatalogHandle;
use crate::config::Config;
use crate::crypto::Vault;
use crate::error::{Error, Result};
use crate::execution_log::LogWriter;
use crate::outbound::Outbound;
use crate::rate_limit::RateLimiter;
use crate::storage::db::ChangeListener;
use crate::storage::{self, Db};
use crate::tenancy::{self, FirstKeys};
use crate::time::Clock;
use crate::{api, jobs};

const DATABASE_FILE: &str = "tenon.db";
const MASTER_KEY_FILE: &str = "master.key";
/// How long requests under way may take to finish after a stop signal.
const DRAIN_LIMIT: Duration = Duration::from_secs(25);
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
    wait_for_stop_signal(&server.app).await?;
    stop(&server.app).await;
    Ok(())
}

/// Starts a server and returns once it listens.
///
/// # Errors
/// When a setting is impossible, the database cannot be opened, or the address is taken.
pub async fn start(mut config: Config, clock: Clock) -> Result<Server> {
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|cause| Error::invalid(format!("cannot listen on {}: {cause}", config.listen)))?;
    let address = listener.local_addr()?;
    config.listen = address;
    let vault = open_vault(&config)?;
    let caches = Caches::default();
    let db = open_database(&config, caches.clone()).await?;
    let first_keys = tenancy::set_up(&db, &vault, &config, clock.now()).await?;
    let app = App::new(Parts {
        catalog: CatalogHandle::load(&config)?,
        outbound: Outbound::new(&config.allow_cidrs)?,
        state_signer: vault.state_signer(),
        rate_limiter: RateLimiter::new(config.rate_limit, config.rate_limit_window_s),
        execution_log: LogWriter::default(),
        tasks: TaskTracker::new(),
        stopping: CancellationToken::new(),
        config,
        clock,
        db,
        vault,
        caches,
    });
    spawn_background(&app);
    app.tasks.spawn(api::serve(app.clone(), listener));
    Ok(Server {
        app,
        address,
        first_keys,
    })
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
    app.db.close().await;
}

fn spawn_background(app: &App) {
    spawn_until_stopped(app, jobs::run(app.clone()));
    spawn_until_stopped(app, hear_changes(app.clone()));
}

/// Runs `work` beside requests until the server stops.
fn spawn_until_stopped(app: &App, work: impl Future<Output = ()> + Send + 'static) {
    let stopping = app.stopping.clone();
    app.tasks
        .spawn(async move { stopping.run_until_cancelled(work).await });
}

async fn hear_changes(app: App) {
    loop {
        let caches = app.caches.clone();
        let ended = storage::changes::listen(&app.db, |change| caches.forget(&change)).await;
        // What was said while nobody listened is unknown.
        app.caches.forget(&storage::changes::Change::Everything);
        if let Err(cause) = ended {
            tracing::warn!(%cause, "lost the connection that tells of changes; trying again");
        }
        tokio::time::sleep(LISTENER_RETRY).await;
    }
}

async fn open_database(config: &Config, caches: Caches) -> Result<Db> {
    let listener = ChangeListener(std::sync::Arc::new(move |change| caches.forget(change)));
    match &config.database_url {
        Some(url) => {
            Db::open_postgres(url.expose_secret(), config.database_connections, listener).await
        }
        None => {
            std::fs::create_dir_all(&config.data_dir)?;
            Db::open_sqlite(&config.data_dir.join(DATABASE_FILE), listener).await
        }
    }
}

fn open_vault(config: &Config) -> Result<Vault> {
    match &config.master_key {
        Some(key) => Vault::from_text(key.expose_secret()),
        None if config.database_url.is_some() => Err(Error::invalid_with_fix(
            "TENON_MASTER_KEY must be set when the database is PostgreSQL",
            "Make one with `openssl rand -base64 32` and give it to every replica.",
        )),
        None => {
            let text = read_or_make_master_key(&config.data_dir)?;
            Vault::from_text(text.expose_secret())
        }
    }
}

fn read_or_make_master_key(data_dir: &Path) -> Result<SecretString> {
    std::fs::create_dir_all(data_dir)?;
    let path = data_dir.join(MASTER_KEY_FILE);
    if path.exists() {
        return Ok(std::fs::read_to_string(&path)?.into());
    }
    if data_dir.join(DATABASE_FILE).exists() {
        return Err(Error::invalid_with_fix(
            format!(
                "there is a database, but no master key at {}",
                path.display()
            ),
            "Put the file back, or set TENON_MASTER_KEY to the key of the first start.",
        ));
    }
    let text = Vault::generate_text()?;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    tracing::warn!(
        path = %path.display(),
        "made a master key; keep a copy of it apart from the database"
    );
    Ok(text.into())
}

fn announce(server: &Server) -> Result<()> {
    let url = server.app.config.public_base();
    let mut text = format!(
        "Tenon listens on http://{} (public URL {url})\n",
        server.address
    );
    if let Some(keys) = &server.first_keys {
        text.push_str("First start. These keys are shown once:\n");
        text.push_str(&format!(
            "  project API key       {}\n",
            keys.project.reveal()
        ));
        text.push_str(&format!(
            "  organisation API key  {}\n",
            keys.organization.reveal()
        ));
        text.push_str(&format!(
            "Try: curl -H 'x-api-key: {}' {url}/api/v3/toolkits\n",
            keys.project.reveal()
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
                Ok(()) => tracing::info!("reloaded the toolkits"),
                Err(error) => tracing::error!(
                    %error, problems = ?error.shown().errors,
                    "the toolkits were not reloaded; those before stay in force"
                ),
            },
        }
    }
}

fn start_logging(config: &Config) -> Result<()> {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_new(&config.log_filter)
        .map_err(|cause| Error::invalid(format!("RUST_LOG cannot be read: {cause}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let set = if config.log_json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
    set.map_err(|cause| Error::internal(format!("logging cannot start: {cause}")))
}
