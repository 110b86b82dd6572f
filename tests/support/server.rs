//! A real server on port 0, with its own database and a clock that only the test moves.

use clap::Parser;
use tempfile::TempDir;
use tenon::app::App;
use tenon::cli;
use tenon::config::Config;
use tenon::time::{Clock, Timestamp};

use super::client::Client;
use super::database::{Engine, contents, create_postgres, engine};
use super::secrets;
use crate::leaks::files;

/// 2026-01-01T00:00:00Z, where every test's clock begins.
const START_MILLIS: i64 = 1_767_225_600_000;

/// A running server and how to reach it.
pub struct TestServer {
    pub app: App,
    pub clock: Clock,
    /// `http://127.0.0.1:port`
    pub base: String,
    /// Without a key.
    pub anonymous: Client,
    /// With the first project's key.
    pub client: Client,
    /// With the organisation's key.
    pub org: Client,
    /// The first project's key.
    pub api_key: String,
    /// The organisation's key.
    pub org_api_key: String,
    /// The data folder (the SQLite file lies in it).
    pub dir: TempDir,
    /// Of the database on PostgreSQL.
    database_url: Option<String>,
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
}

/// The settings of a server on a free port.
pub fn parse_config(flags: &[&str]) -> Config {
    let fixed = ["tenon", "--listen", "127.0.0.1:0"];
    let arguments = Arguments::try_parse_from([&fixed, flags].concat()).expect("valid flags");
    arguments.config.check().expect("possible settings")
}

impl TestServer {
    /// Default settings; loopback upstreams are allowed, since fakes live there.
    pub async fn start() -> Self {
        Self::with(&["--allow-cidrs", "127.0.0.0/8"]).await
    }

    /// The given flags beside the ones every test needs.
    pub async fn with(flags: &[&str]) -> Self {
        secrets::listen();
        let dir = tempfile::tempdir().expect("a folder");
        // A worker that renews tokens by itself would do so between any two lines of a test.
        let mut arguments = vec!["--refresh-ahead".to_owned(), "false".to_owned()];
        arguments.extend(["--data-dir".to_owned(), dir.path().display().to_string()]);
        let mut database_url = None;
        if engine() == Engine::Postgres {
            let key = tenon::crypto::Vault::generate_text().expect("a key");
            let url = create_postgres().await;
            let own = [
                "--database-url",
                &url,
                "--master-key",
                &key,
                "--database-connections",
                "5",
            ];
            arguments.extend(own.map(str::to_owned));
            secrets::note(&key);
            database_url = Some(url);
        }
        arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let flags: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let config = parse_config(&flags);
        let clock = Clock::manual(Timestamp::from_millis(START_MILLIS));
        let server = cli::start(config, clock.clone())
            .await
            .expect("the server starts");
        let keys = server.first_keys.expect("a new database makes keys");
        let base = format!("http://{}", server.address);
        let anonymous = Client::new(&base);
        let api_key = keys.project.reveal().to_owned();
        let org_api_key = keys.organization.reveal().to_owned();
        secrets::note(&api_key);
        secrets::note(&org_api_key);
        Self {
            client: anonymous.with_header("x-api-key", &api_key),
            org: anonymous.with_header("x-org-api-key", keys.organization.reveal()),
            app: server.app,
            anonymous,
            api_key,
            org_api_key,
            base,
            clock,
            dir,
            database_url,
        }
    }
}

impl TestServer {
    /// Everything that is in the database and the data folder, but for the master key.
    pub fn stored(&self) -> Vec<(String, Vec<u8>)> {
        let mut places = files(self.dir.path());
        places.retain(|(name, _)| !name.ends_with("master.key"));
        let waiting = format!("{:?}", self.app.execution_log);
        places.push(("records to be written".into(), waiting.into_bytes()));
        if let Some(url) = self.database_url.clone() {
            // The test's own runtime stands still meanwhile.
            let rows = std::thread::spawn(move || contents(&url)).join();
            places.push(("the database".into(), rows.expect("the database is read")));
        }
        places
    }

    /// Where a secret of the test is in the database, the data folder, the log or an answer; forgets
    /// the secrets.
    pub fn leaks(&self) -> Vec<String> {
        secrets::found_in(self.stored())
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.app.stopping.cancel();
        if std::thread::panicking() {
            return;
        }
        let found = self.leaks();
        assert!(
            found.is_empty(),
            "a secret of this test is in\n{}",
            found.join("\n")
        );
    }
}
