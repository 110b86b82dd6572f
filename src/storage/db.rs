//! The dual-engine layer: one connection type over SQLite and PostgreSQL, chosen at run time.
//!
//! One SQL text serves both engines (`$1` placeholders work on SQLite too); [`Statement::split`]
//! is for the few that must differ. SQLite has one writer connection, and its transactions begin
//! IMMEDIATE: a read that turns into a write inside a deferred transaction fails at once with
//! "database is locked" instead of waiting.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool,
    Transaction,
};

use super::changes::Change;
use crate::error::Result;
use crate::time::Timestamp;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

const SQLITE_READERS: u32 = 8;
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Rows of one transaction of [`Db::remove_in_batches`].
const REMOVED_AT_A_TIME: i64 = 1_000;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// The database of this installation.
#[derive(Debug, Clone)]
pub enum Db {
    /// One file, many readers, one writer.
    Sqlite {
        /// Connections that only read.
        read: SqlitePool,
        /// The one connection that writes.
        write: SqlitePool,
        /// Told of every committed change.
        listener: ChangeListener,
        /// Whether this is a command beside a server, which must hear of its changes by the file.
        beside: bool,
        /// Counts what is opened.
        opened: Arc<AtomicU64>,
    },
    /// A server, shared by all replicas.
    Postgres {
        /// Connections that read and write.
        pool: PgPool,
        /// Told of every committed change.
        listener: ChangeListener,
        /// Counts what is opened.
        opened: Arc<AtomicU64>,
    },
}

/// Hears of each change right after its commit, before the caller goes on.
#[derive(Clone)]
pub struct ChangeListener(pub Arc<dyn Fn(&Change) + Send + Sync>);

impl std::fmt::Debug for ChangeListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChangeListener")
    }
}

/// An open connection, borrowed: what every storage function takes, and all it may touch.
#[derive(Debug)]
pub enum Conn<'c> {
    /// A connection to the SQLite file.
    Sqlite(&'c mut SqliteConnection),
    /// A connection to the PostgreSQL server.
    Postgres(&'c mut PgConnection),
}

/// Runs one expression on whichever engine the connection is; it is compiled once an engine.
macro_rules! on {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::storage::db::Conn::Sqlite($c) => $body,
            $crate::storage::db::Conn::Postgres($c) => $body,
        }
    };
}
pub(super) use on;

/// A statement with a name, so that a test can prepare every one on both engines.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    /// `table.verb`
    pub name: &'static str,
    /// The text for SQLite.
    pub sqlite: &'static str,
    /// The text for PostgreSQL.
    pub postgres: &'static str,
}

impl Statement {
    /// One text for both engines.
    #[must_use]
    pub const fn both(name: &'static str, sql: &'static str) -> Self {
        Self {
            name,
            sqlite: sql,
            postgres: sql,
        }
    }

    /// Two texts, where the engines must differ.
    #[must_use]
    pub const fn split(name: &'static str, sqlite: &'static str, postgres: &'static str) -> Self {
        Self {
            name,
            sqlite,
            postgres,
        }
    }

    /// The text for the engine of `conn`.
    #[must_use]
    pub const fn on(&self, conn: &Conn<'_>) -> &'static str {
        match conn {
            Conn::Sqlite(_) => self.sqlite,
            Conn::Postgres(_) => self.postgres,
        }
    }
}

impl Db {
    /// Opens (and creates) the SQLite file at `path` and applies its migrations.
    ///
    /// # Errors
    /// When the file cannot be opened or a migration fails.
    pub async fn open_sqlite(path: &Path, listener: ChangeListener) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: what was acknowledged survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.clone())
            .await?;
        SQLITE_MIGRATIONS
            .run(&write)
            .await
            .map_err(anyhow::Error::from)?;
        let read = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        Ok(Self::Sqlite {
            read,
            write,
            listener,
            beside: false,
            opened: Arc::default(),
        })
    }

    /// Connects to the PostgreSQL server at `url` and applies its migrations; replicas that start
    /// together wait for one another by sqlx's advisory lock.
    ///
    /// # Errors
    /// When the server cannot be reached or a migration fails.
    pub async fn open_postgres(
        url: &str,
        max_connections: u32,
        listener: ChangeListener,
    ) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)?.application_name("tenon");
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options)
            .await?;
        POSTGRES_MIGRATIONS
            .run(&pool)
            .await
            .map_err(anyhow::Error::from)?;
        Ok(Self::Postgres {
            pool,
            listener,
            opened: Arc::default(),
        })
    }

    /// For a command that works on the database while a server may run on it: what it commits is
    /// told to that server. On PostgreSQL every process tells the others anyway.
    #[must_use]
    pub fn beside_a_server(mut self) -> Self {
        match &mut self {
            Self::Sqlite { beside, .. } => *beside = true,
            Self::Postgres { .. } => {}
        }
        self
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// When none is free in time.
    pub async fn read(&self) -> Result<Session> {
        self.opened().fetch_add(1, Ordering::Relaxed);
        Ok(match self {
            Self::Sqlite { read, .. } => Session::SqliteRead(read.acquire().await?),
            Self::Postgres { pool, .. } => Session::PostgresRead(pool.acquire().await?),
        })
    }

    /// A transaction; dropped without [`Tx::commit`] it is rolled back. No network call may happen
    /// while it is open: SQLite has one writer.
    ///
    /// # Errors
    /// When no connection is free in time.
    pub async fn begin(&self) -> Result<Tx> {
        self.opened().fetch_add(1, Ordering::Relaxed);
        let (open, listener, beside) = match self {
            Self::Sqlite {
                write,
                listener,
                beside,
                ..
            } => (
                OpenTx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
                listener,
                *beside,
            ),
            Self::Postgres { pool, listener, .. } => {
                (OpenTx::Postgres(pool.begin().await?), listener, false)
            }
        };
        Ok(Tx {
            open,
            beside,
            changes: Vec::new(),
            listener: listener.clone(),
        })
    }

    /// Removes rows by `remove`, which takes at most as many as it is told and says how many it took:
    /// a batch a transaction, until nothing is left. Others write in between.
    ///
    /// # Errors
    /// When the database does not answer; what was removed stays removed.
    pub async fn remove_in_batches(
        &self,
        remove: impl for<'c> Fn(Conn<'c>, i64) -> BoxFuture<'c, Result<u64>> + Send,
    ) -> Result<()> {
        loop {
            let mut tx = self.begin().await?;
            let removed = remove(tx.conn(), REMOVED_AT_A_TIME).await?;
            tx.commit().await?;
            if removed < REMOVED_AT_A_TIME.unsigned_abs() {
                return Ok(());
            }
            // SQLite has one writer: let those that wait come first.
            tokio::task::yield_now().await;
        }
    }

    /// How often a session or transaction was opened since the start: what a request costs the
    /// database is the difference.
    #[must_use]
    pub fn sessions_opened(&self) -> u64 {
        self.opened().load(Ordering::Relaxed)
    }

    const fn opened(&self) -> &Arc<AtomicU64> {
        match self {
            Self::Sqlite { opened, .. } | Self::Postgres { opened, .. } => opened,
        }
    }

    /// Closes all connections after their present work.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { read, write, .. } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres { pool, .. } => pool.close().await,
        }
    }
}

/// A pooled connection that reads.
#[derive(Debug)]
pub enum Session {
    /// From the pool of readers.
    SqliteRead(PoolConnection<Sqlite>),
    /// From the server's pool.
    PostgresRead(PoolConnection<Postgres>),
}

impl Session {
    /// Lends the connection to a storage function.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::SqliteRead(connection) => Conn::Sqlite(connection),
            Self::PostgresRead(connection) => Conn::Postgres(connection),
        }
    }
}

#[derive(Debug)]
enum OpenTx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// An open transaction and the changes that caches must hear of when it commits.
#[derive(Debug)]
pub struct Tx {
    open: OpenTx,
    beside: bool,
    changes: Vec<Change>,
    listener: ChangeListener,
}

impl Tx {
    /// Lends the connection to a storage function.
    pub fn conn(&mut self) -> Conn<'_> {
        match &mut self.open {
            OpenTx::Sqlite(tx) => Conn::Sqlite(tx),
            OpenTx::Postgres(tx) => Conn::Postgres(tx),
        }
    }

    /// Notes that cached copies of a row are stale once this transaction commits.
    pub fn changed(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Commits, then tells this process's caches; on PostgreSQL other replicas hear of the changes
    /// by a notification that the server sends with the commit, on SQLite the server hears of a
    /// command's changes by a mark in the file.
    ///
    /// # Errors
    /// When the commit fails; nothing of the transaction holds then.
    pub async fn commit(self) -> Result<()> {
        let Self {
            open,
            beside,
            changes,
            listener,
        } = self;
        match open {
            OpenTx::Sqlite(mut tx) => {
                if beside && !changes.is_empty() {
                    super::changes::mark(&mut tx).await?;
                }
                tx.commit().await?;
            }
            OpenTx::Postgres(mut tx) => {
                for change in &changes {
                    super::changes::notify(&mut tx, change).await?;
                }
                tx.commit().await?;
            }
        }
        for change in &changes {
            (listener.0)(change);
        }
        Ok(())
    }
}

/// A value that a [`Filter`] binds.
#[derive(Debug, Clone)]
pub(super) enum Arg {
    Text(String),
    Bool(bool),
    Int(i64),
    Time(Timestamp),
}

/// A `WHERE` clause that grows: static text with numbered placeholders, values always bound.
#[derive(Debug, Default)]
pub(super) struct Filter {
    sql: String,
    pub(super) args: Vec<Arg>,
}

impl Filter {
    /// Starts with the tenant: no list leaves its project.
    pub(super) fn of_project(project: &crate::ids::ProjectId) -> Self {
        let mut filter = Self::default();
        filter.and("project_id = ?", [Arg::Text(project.as_str().into())]);
        filter
    }

    /// Adds `AND condition`; each `?` in `condition` stands for the next value.
    pub(super) fn and(&mut self, condition: &'static str, values: impl IntoIterator<Item = Arg>) {
        self.sql.push_str(if self.sql.is_empty() {
            " WHERE "
        } else {
            " AND "
        });
        let mut values = values.into_iter();
        for piece in condition.split_inclusive('?') {
            match (piece.strip_suffix('?'), values.next()) {
                (Some(before), Some(value)) => {
                    self.args.push(value);
                    self.sql.push_str(before);
                    self.sql.push_str(&format!("${}", self.args.len()));
                }
                _ => self.sql.push_str(piece),
            }
        }
    }

    /// Adds `AND column IN (values)`; no values means no condition.
    pub(super) fn and_in(&mut self, column: &'static str, values: &[String]) {
        if values.is_empty() {
            return;
        }
        self.sql.push_str(if self.sql.is_empty() {
            " WHERE "
        } else {
            " AND "
        });
        self.sql.push_str(column);
        self.sql.push_str(" IN (");
        for (index, value) in values.iter().enumerate() {
            self.args.push(Arg::Text(value.clone()));
            if index > 0 {
                self.sql.push_str(", ");
            }
            self.sql.push_str(&format!("${}", self.args.len()));
        }
        self.sql.push(')');
    }

    /// Adds `AND (column test OR column test …)`, a `?` in `test` standing for each of the values; no
    /// values means no condition.
    pub(super) fn and_any(
        &mut self,
        column: &'static str,
        test: &'static str,
        values: impl IntoIterator<Item = Arg>,
    ) {
        let mut next = if self.sql.is_empty() {
            " WHERE ("
        } else {
            " AND ("
        };
        for value in values {
            self.args.push(value);
            let test = test.replacen('?', &format!("${}", self.args.len()), 1);
            self.sql.push_str(&format!("{next}{column}{test}"));
            next = " OR ";
        }
        if next == " OR " {
            self.sql.push(')');
        }
    }

    /// The whole statement of one page, and its values: `head`, this clause, `order`, the limits.
    pub(super) fn page(
        mut self,
        head: &'static str,
        order: &'static str,
        limit: i64,
        offset: i64,
    ) -> (AssertSqlSafe<String>, Vec<Arg>) {
        self.args.extend([Arg::Int(limit), Arg::Int(offset)]);
        let (last, count) = (self.args.len(), self.args.len() - 1);
        let tail = format!(" ORDER BY {order} LIMIT ${count} OFFSET ${last}");
        (self.statement(head, &tail), self.args)
    }

    /// The whole statement: `head`, this clause, `tail`. All three are static text but for the
    /// placeholders' numbers, which is why it may be called safe.
    pub(super) fn statement(&self, head: &'static str, tail: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(format!("{head}{}{tail}", self.sql))
    }
}

/// What a pattern of LIKE would read otherwise, for `ESCAPE '\'`.
pub(super) fn literal(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_")
}

/// Binds a filter's values to a query in order.
macro_rules! bind_all {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                $crate::storage::db::Arg::Text(value) => query.bind(value),
                $crate::storage::db::Arg::Bool(value) => query.bind(value),
                $crate::storage::db::Arg::Int(value) => query.bind(value),
                $crate::storage::db::Arg::Time(value) => query.bind(value),
            };
        }
        query
    }};
}
pub(super) use bind_all;
