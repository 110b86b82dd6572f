//! Every SQL statement of the product: it prepares, and it stays inside its tenant.

use sqlx::Executor;
use tenon::storage::{self, Conn};

use crate::support::server::TestServer;

/// Tables whose rows belong to a project.
const TENANT_TABLES: &[&str] = &[
    "auth_configs",
    "connected_accounts",
    "connection_attempts",
    "data_keys",
    "events",
    "execution_logs",
    "files",
    "mcp_grants",
    "mcp_instances",
    "mcp_servers",
    "revocations",
];

/// Statements that look across projects on purpose, and why they may.
const ACROSS_PROJECTS: &[(&str, &str)] = &[
    (
        "connection_attempts.find_by_token",
        "the token of a connect link is all a browser brings; it names its project",
    ),
    (
        "connection_attempts.purge",
        "housekeeping removes what is over, whoever it belonged to",
    ),
    (
        "execution_logs.project_of",
        "the operator, who holds the database, asks for a record by its id; it gives the project's \
         id alone",
    ),
    (
        "execution_logs.purge",
        "housekeeping removes what is old, whoever it belonged to",
    ),
    (
        "data_keys.page",
        "a rotation of keys walks through all projects, and nothing opens the rows without the \
         master key",
    ),
    (
        "connected_accounts.due_for_refresh",
        "the worker renews what is due, whoever it belongs to, and each in its own project",
    ),
    (
        "mcp_grants.find",
        "a token is all that an MCP client brings; it names its grant, whose hashes are compared, and \
         the grant its project",
    ),
    (
        "mcp_grants.delete_of_key",
        "the operator revokes a key by its id, and with it what it proved the right to",
    ),
    (
        "mcp_grants.purge",
        "housekeeping removes what is over, whoever it belonged to",
    ),
    (
        "mcp_servers.find_by_url",
        "the id in a URL is all that a client brings where the project asks for no key; the row names \
         its project",
    ),
    (
        "files.expired",
        "housekeeping removes what is over, whoever it belonged to",
    ),
    (
        "events.purge",
        "housekeeping removes what is over, whoever it belonged to",
    ),
    (
        "revocations.purge",
        "housekeeping forgets grants that nobody takes back, whoever they belonged to",
    ),
];

#[tokio::test]
async fn every_statement_prepares_on_this_engine() {
    let server = TestServer::start().await;
    let mut failures = Vec::new();
    for statement in storage::statements() {
        let mut session = server.app.db.read().await.unwrap();
        let conn = session.conn();
        let sql = sqlx::SqlStr::from_static(statement.on(&conn));
        let prepared = match conn {
            Conn::Sqlite(conn) => conn.prepare(sql).await.map(drop),
            Conn::Postgres(conn) => conn.prepare(sql).await.map(drop),
        };
        if let Err(cause) = prepared {
            failures.push(format!("{}: {cause}", statement.name));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn every_statement_is_listed_under_its_own_name() {
    let statements = storage::statements();
    let mut names: Vec<&str> = statements.iter().map(|statement| statement.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "two statements have the same name");
    let written: usize = super::sources()
        .iter()
        .filter(|source| source.path.starts_with("src/storage/"))
        .map(|source| {
            let code = source.code.replace(char::is_whitespace, "");
            code.matches(":Statement=Statement::").count()
        })
        .sum();
    assert_eq!(
        count, written,
        "a `Statement` const is missing from its file's STATEMENTS"
    );
}

#[test]
fn statements_are_split_only_where_the_engines_differ() {
    let statements = storage::statements();
    let split: Vec<&str> = statements
        .iter()
        .filter(|statement| statement.sqlite != statement.postgres)
        .map(|statement| statement.name)
        .collect();
    println!(
        "{} of {} statements are split: {split:?}",
        split.len(),
        statements.len()
    );
    let written: usize = super::sources()
        .iter()
        .filter(|source| source.path.starts_with("src/storage/"))
        .map(|source| source.code.matches("= Statement::split(").count())
        .sum();
    assert_eq!(
        split.len(),
        written,
        "a split statement has one text twice: use Statement::both"
    );
}

#[test]
fn every_statement_on_a_tenants_rows_names_the_project() {
    let mut loose = Vec::new();
    for statement in storage::statements() {
        let table = statement.name.split('.').next().unwrap_or_default();
        let reads = !statement.postgres.trim_start().starts_with("INSERT");
        let is_named = statement.postgres.contains("project_id = $1");
        let may = ACROSS_PROJECTS
            .iter()
            .any(|(name, _)| *name == statement.name);
        if TENANT_TABLES.contains(&table) && reads && !is_named && !may {
            loose.push(statement.name);
        }
    }
    assert!(
        loose.is_empty(),
        "filter on `project_id = $1`, or add to ACROSS_PROJECTS with the reason: {loose:?}"
    );
    for (name, reason) in ACROSS_PROJECTS {
        let exists = storage::statements()
            .iter()
            .any(|statement| statement.name == *name);
        assert!(
            exists,
            "{name} is gone; remove it from ACROSS_PROJECTS ({reason})"
        );
    }
}
