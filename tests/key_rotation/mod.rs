//! `tenon keys rotate` on the real binary: under load, killed in the middle, and afterwards.

mod load;
mod retired;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{AssertSqlSafe, PgPool, Row, SqlitePool};
use tenon::crypto::Vault;
use tenon::storage::sealed::COLUMNS;
use tokio::task::JoinSet;

use crate::support::binary::{Ended, Place, Running};
use crate::support::database::{Engine, create_postgres, engine};
use crate::support::kits;
use crate::support::provider::FakeProvider;
use load::Load;

/// Several batches of rows.
const ROWS: usize = 250;
const ROTATE: [&str; 4] = ["keys", "rotate", "--settle", "1"];
const KEYS: [&str; 2] = ["project API key", "organisation API key"];

/// One installation: what all its processes are started with, and its database.
struct Site {
    settings: Vec<(&'static str, String)>,
    /// Where each server runs, and where commands do.
    places: Vec<Place>,
    command: Place,
    postgres: Option<String>,
    _folder: crate::support::toolkits::ToolkitsFolder,
}

impl Site {
    /// With one server on SQLite, two on PostgreSQL.
    async fn new(provider: &FakeProvider) -> Self {
        let folder = kits::folder(&provider.base);
        let (first, command) = (Place::new(), Place::new());
        let data = first.data().display().to_string();
        let mut settings = vec![
            ("TENON_DATA_DIR", data),
            ("TENON_TOOLKITS_DIR", folder.path()),
            ("TENON_ALLOW_CIDRS", "127.0.0.0/8".to_owned()),
            ("TENON_PUBLIC_URL", "http://tenon.test".to_owned()),
        ];
        let (mut places, mut postgres) = (vec![first], None);
        if engine() == Engine::Postgres {
            places.push(Place::new());
            let url = create_postgres().await;
            settings.push(("DATABASE_URL", url.clone()));
            postgres = Some(url);
        }
        Self {
            settings,
            places,
            command,
            postgres,
            _folder: folder,
        }
    }

    fn with<'s>(&'s self, keys: &[(&'s str, &'s str)]) -> Vec<(&'s str, &'s str)> {
        let own = self
            .settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        own.chain(keys.iter().copied()).collect()
    }

    fn start(&self, keys: &[(&str, &str)]) -> Vec<Running> {
        let settings = self.with(keys);
        self.places
            .iter()
            .map(|place| place.start(&settings))
            .collect()
    }

    fn stop(&self, servers: Vec<Running>) -> String {
        let ended = self.places.iter().zip(servers);
        ended
            .map(|(place, server)| place.stop(server).errors)
            .collect()
    }

    fn run(&self, arguments: &[&str], keys: &[(&str, &str)]) -> Ended {
        self.command.run(arguments, &self.with(keys))
    }

    /// Rotates, and is killed again and again before it can finish: at the start, while servers get
    /// to hear of new keys, between keys and rows, among the rows. `true` when a fast machine came to
    /// the end between two of the later kills all the same.
    fn rotate_with_accidents(&self, keys: &[(&str, &str)]) -> bool {
        let rotate = ["keys", "rotate", "--settle", "2"];
        let spans = [30, 200, 1_000, 2_100, 2_150, 70, 100, 130, 400];
        for (kills, millis) in spans.into_iter().enumerate() {
            let span = Duration::from_millis(millis);
            let settings = self.with(keys);
            if !self.command.run_and_kill(&rotate, &settings, span) {
                assert!(kills >= 4, "it was over after {kills} kills");
                return true;
            }
        }
        false
    }

    /// The first five bytes of every sealed value: layout and key.
    async fn keys_in_use(&self) -> BTreeSet<Vec<u8>> {
        let mut columns: Vec<(&str, &str)> = COLUMNS
            .iter()
            .map(|column| (column.table, column.column))
            .collect();
        columns.extend([("projects", "data_key"), ("data_keys", "sealed")]);
        let mut found = self
            .prefixes("value", "installation WHERE name = 'master_key_check'")
            .await;
        for (table, column) in columns {
            found.extend(self.prefixes(column, table).await);
        }
        found.into_iter().collect()
    }

    async fn prefixes(&self, column: &str, from: &str) -> Vec<Vec<u8>> {
        let sql = AssertSqlSafe(format!(
            "SELECT DISTINCT SUBSTR({column}, 1, 5) FROM {from}"
        ));
        if let Some(url) = &self.postgres {
            let pool = PgPool::connect(url).await.unwrap();
            let rows = sqlx::query(sql).fetch_all(&pool).await.unwrap();
            pool.close().await;
            return rows.iter().map(|row| row.get(0)).collect();
        }
        let path = self.places[0].data().join("tenon.db");
        let pool = SqlitePool::connect(&path.display().to_string())
            .await
            .unwrap();
        let rows = sqlx::query(sql).fetch_all(&pool).await.unwrap();
        pool.close().await;
        rows.iter().map(|row| row.get(0)).collect()
    }
}

fn bases(servers: &[Running]) -> Vec<String> {
    servers.iter().map(|server| server.base.clone()).collect()
}

fn text() -> String {
    Vault::generate_text().unwrap()
}

/// Does `rotation` while clients are at work, and shows that none of them noticed.
async fn under_load(load: &Arc<Load>, rotation: impl FnOnce()) {
    let before = load.answered();
    let mut at_work = JoinSet::new();
    let working = Arc::clone(load);
    at_work.spawn(async move { working.run().await });
    tokio::task::block_in_place(rotation);
    load.stop();
    at_work.join_all().await;
    let answered = load.answered() - before;
    println!("{answered} requests were answered during the rotation");
    let failures = load.failures();
    assert!(
        failures.is_empty(),
        "{} of {answered} failed, such as {:#?}",
        failures.len(),
        &failures[..failures.len().min(5)]
    );
    assert!(answered > 100, "only {answered} requests: that is no load");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_under_load_fails_no_request_and_leaves_nothing_under_the_old_keys() {
    let provider = FakeProvider::start().await;
    let site = Site::new(&provider).await;
    let (old, new) = (text(), text());
    let only_old = [("TENON_MASTER_KEY", old.as_str())];
    let both = [
        ("TENON_MASTER_KEY", new.as_str()),
        ("TENON_MASTER_KEY_PREVIOUS", old.as_str()),
    ];
    let only_new = [("TENON_MASTER_KEY", new.as_str())];

    let servers = site.start(&only_old);
    let keys = KEYS.map(|label| servers[0].printed_key(label));
    let load = Load::prepare(&bases(&servers), &keys, ROWS).await;
    let (_, sign_in) = load.begin("late").await;
    site.stop(servers);
    let old_keys = site.keys_in_use().await;

    let servers = site.start(&both);
    let load = load.on(&bases(&servers));
    under_load(&load, || {
        if site.rotate_with_accidents(&both) {
            return;
        }
        let ended = site.run(&ROTATE, &both);
        assert!(ended.status.success(), "{ended:?}");
        assert!(
            ended.output.contains("Done: everything is sealed under"),
            "{ended:?}"
        );
    })
    .await;
    // Who went to the provider before all this comes back now.
    load.finish(&sign_in).await;
    assert_eq!(load.failures(), [""; 0]);
    let log = site.stop(servers);
    assert!(!log.contains("ERROR"), "{log}");

    let now: BTreeSet<Vec<u8>> = site.keys_in_use().await;
    let left: Vec<&Vec<u8>> = now.intersection(&old_keys).collect();
    assert!(left.is_empty(), "sealed under an old key: {left:?}");
    let status = site.run(&["keys", "status"], &only_new);
    assert!(
        status.output.contains("No rotation is under way"),
        "{status:?}"
    );
    assert!(!status.output.contains("NOT GIVEN"), "{status:?}");

    let refused = site.places[0].run(&[], &site.with(&only_old));
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        refused
            .errors
            .contains("the master key is not the one this database is sealed by")
    );
    let servers = site.start(&only_new);
    let load = load.on(&bases(&servers));
    assert!(load.check_all().await > ROWS);
    assert_eq!(load.failures(), [""; 0]);
    let again = site.run(&ROTATE, &both);
    assert!(again.errors.contains("nothing to do"), "{again:?}");
    site.stop(servers);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_generated_key_is_replaced_beside_the_running_server() {
    if engine() != Engine::Sqlite {
        eprintln!("passed by: on PostgreSQL no key is generated");
        return;
    }
    let provider = FakeProvider::start().await;
    let site = Site::new(&provider).await;
    let servers = site.start(&[]);
    let keys = KEYS.map(|label| servers[0].printed_key(label));
    let load = Load::prepare(&bases(&servers), &keys, ROWS).await;
    let load = load.on(&bases(&servers));
    let (_, sign_in) = load.begin("late").await;
    let (old_keys, files) = (site.keys_in_use().await, key_files(&site.places[0].data()));

    under_load(&load, || {
        if site.rotate_with_accidents(&[]) {
            return;
        }
        let ended = site.run(&ROTATE, &[]);
        assert!(ended.status.success(), "{ended:?}");
    })
    .await;
    load.finish(&sign_in).await;
    assert_eq!(load.failures(), [""; 0]);
    let left: Vec<Vec<u8>> = site
        .keys_in_use()
        .await
        .intersection(&old_keys)
        .cloned()
        .collect();
    assert!(left.is_empty(), "sealed under an old key: {left:?}");
    let now = key_files(&site.places[0].data());
    assert_eq!(now.len(), 2, "the key and the one before: {now:?}");
    assert!(!files.contains(&now[0]) && now[1].0 == "master.key.previous");
    let log = site.stop(servers);
    assert!(!log.contains("ERROR"), "{log}");

    std::fs::remove_file(site.places[0].data().join("master.key.previous")).unwrap();
    let servers = site.start(&[]);
    let load = load.on(&bases(&servers));
    assert!(load.check_all().await > ROWS);
    assert_eq!(load.failures(), [""; 0]);
}

/// Names and contents, in the order of the names.
fn key_files(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<(String, String)> = names
        .filter(|name| name.starts_with("master.key"))
        .map(|name| {
            let content = std::fs::read_to_string(folder.join(&name)).unwrap();
            (name, content)
        })
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_former_key_does_not_start_into_a_rotation_that_is_not_finished() {
    let provider = FakeProvider::start().await;
    let site = Site::new(&provider).await;
    let (old, new) = (text(), text());
    let only_new = [("TENON_MASTER_KEY", new.as_str())];
    let both = [
        ("TENON_MASTER_KEY", new.as_str()),
        ("TENON_MASTER_KEY_PREVIOUS", old.as_str()),
    ];
    let servers = site.start(&[("TENON_MASTER_KEY", old.as_str())]);
    site.stop(servers);
    let rotate = ["keys", "rotate", "--settle", "60"];
    // Once the new key is in force the command waits for servers, and can be killed there.
    let mut underway = false;
    for _ in 0..20 {
        let span = Duration::from_secs(1);
        site.command.run_and_kill(&rotate, &site.with(&both), span);
        let status = site.run(&["keys", "status"], &both);
        underway = status.output.contains("A rotation is under way");
        if underway {
            break;
        }
    }
    assert!(underway, "the rotation never began");
    let refused = site.places[0].run(&[], &site.with(&only_new));
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        refused.errors.contains("is not finished, and master key"),
        "{refused:?}"
    );
    assert!(
        refused
            .errors
            .contains("fix: Give the former key as TENON_MASTER_KEY_PREVIOUS")
    );
    let refused = site.run(&rotate, &only_new);
    assert!(
        refused.errors.contains("is not finished, and master key"),
        "{refused:?}"
    );
    let ended = site.run(&["keys", "rotate", "--settle", "0"], &both);
    assert!(ended.status.success(), "{ended:?}");
    site.stop(site.start(&only_new));
}
