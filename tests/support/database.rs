//! A database of its own for every test, on the engine that `TEST_DATABASE` names.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use tokio::sync::OnceCell;

/// The engine under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

#[expect(clippy::disallowed_methods, reason = "tests have no config.rs")]
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What `TEST_DATABASE` says; SQLite when it says nothing.
pub fn engine() -> Engine {
    match env("TEST_DATABASE").as_deref() {
        None | Some("" | "sqlite") => Engine::Sqlite,
        Some("postgres") => Engine::Postgres,
        Some(other) => panic!("TEST_DATABASE must be sqlite or postgres, not {other}"),
    }
}

fn server_url() -> String {
    env("TEST_DATABASE_URL").expect("TEST_DATABASE=postgres needs TEST_DATABASE_URL")
}

/// An empty database on the server, and its URL. The server itself is thrown away after the run.
pub async fn create_postgres() -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let template = TEMPLATE
        .get_or_init(|| async {
            let name = format!("tenon_template_{}", unique());
            run(&format!(
                "CREATE DATABASE {name} LC_COLLATE 'C' TEMPLATE template0"
            ))
            .await;
            let listener = tenon::storage::db::ChangeListener(std::sync::Arc::new(|_| {}));
            let db = tenon::storage::Db::open_postgres(&url_of(&name), 1, listener)
                .await
                .expect("the migrations run");
            db.close().await;
            name
        })
        .await;
    let name = format!("tenon_test_{}", unique());
    run(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    url_of(&name)
}

/// All columns of all tables on PostgreSQL.
#[tokio::main(flavor = "current_thread")]
pub async fn contents(url: &str) -> Vec<u8> {
    let mut connection = PgConnection::connect(url).await.expect("the database");
    let tables = "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    let mut text = String::new();
    for table in connection.fetch_all(tables).await.expect("the tables") {
        let name: String = table.get(0);
        let rows = format!("SELECT t::text FROM \"{name}\" t");
        for row in connection
            .fetch_all(AssertSqlSafe(rows))
            .await
            .expect("rows")
        {
            text.push_str(row.get(0));
            text.push('\n');
        }
    }
    text.into_bytes()
}

fn unique() -> String {
    tenon::ids::random_text(16).to_lowercase()
}

fn url_of(database: &str) -> String {
    let mut url = url::Url::parse(&server_url()).expect("TEST_DATABASE_URL is a URL");
    url.set_path(database);
    url.into()
}

async fn run(sql: &str) {
    let mut connection = PgConnection::connect(&server_url())
        .await
        .expect("PostgreSQL answers at TEST_DATABASE_URL");
    connection
        .execute(AssertSqlSafe(sql))
        .await
        .expect("the test database is made");
    connection.close().await.expect("the connection closes");
}
