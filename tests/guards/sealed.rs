//! Every column of bytes is known: sealed, and so in the list that key rotation walks through, or no
//! secret.

use std::collections::BTreeSet;

use sqlx::Executor;
use tenon::storage::Conn;
use tenon::storage::sealed::{COLUMNS, SealedColumn};

use super::repository;
use crate::support::server::TestServer;

/// Columns of bytes that no data key seals, and why.
const NOT_SEALED: [(&str, &str); 11] = [
    ("installation.value", "check values and marks"),
    (
        "projects.data_key",
        "sealed by the master key; rotation replaces it",
    ),
    (
        "data_keys.sealed",
        "sealed by the master key; rotation replaces it",
    ),
    ("api_keys.key_hash", "a hash"),
    ("connection_attempts.token_hash", "a hash"),
    ("mcp_grants.access_hash", "a hash"),
    ("mcp_grants.client_hash", "a hash"),
    ("mcp_grants.code_hash", "a hash"),
    ("mcp_grants.refresh_hash", "a hash"),
    ("tool_vectors.text_hash", "a hash"),
    (
        "tool_vectors.vector",
        "made of texts that stand in the clear",
    ),
];

/// `table.column` of every column of bytes that the migrations make.
fn columns_of_bytes() -> BTreeSet<String> {
    let folder = repository().join("migrations/sqlite");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut table = String::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let ["CREATE" | "ALTER", "TABLE", name, ..] = words.as_slice() {
                (*name).clone_into(&mut table);
            }
            let add = words
                .iter()
                .position(|word| *word == "COLUMN")
                .map_or(0, |at| at + 1);
            let is_bytes = words
                .get(add + 1)
                .is_some_and(|kind| kind.starts_with("BLOB"));
            if is_bytes && !line.trim_start().starts_with("--") {
                found.insert(format!("{table}.{}", words[add]));
            }
        }
    }
    found
}

#[test]
fn every_column_of_bytes_is_rotated_or_no_secret() {
    let known = |(name, _): (&str, &str)| name.to_owned();
    let mut expected: BTreeSet<String> = NOT_SEALED.into_iter().map(known).collect();
    expected.extend(
        COLUMNS
            .iter()
            .map(|sealed| format!("{}.{}", sealed.table, sealed.column)),
    );
    let found = columns_of_bytes();
    assert_eq!(
        found, expected,
        "a sealed column belongs into storage::sealed::COLUMNS, another into NOT_SEALED"
    );
}

#[tokio::test]
async fn the_statements_of_every_sealed_column_prepare_on_this_engine() {
    let server = TestServer::start().await;
    for statement in COLUMNS.iter().flat_map(SealedColumn::statements) {
        let mut session = server.app.db.read().await.unwrap();
        let conn = session.conn();
        let sql = sqlx::SqlStr::from_static(statement.on(&conn));
        let prepared = match conn {
            Conn::Sqlite(conn) => conn.prepare(sql).await.map(drop),
            Conn::Postgres(conn) => conn.prepare(sql).await.map(drop),
        };
        assert!(prepared.is_ok(), "{}: {prepared:?}", statement.name);
    }
}
