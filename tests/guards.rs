//! Rules of the house that a test keeps.

use sqlx::Executor;
use tenon::storage::{self, Conn};

use crate::support::server::TestServer;

#[tokio::test]
async fn every_statement_prepares_on_this_engine() {
    let server = TestServer::start().await;
    let mut failures = Vec::new();
    for statement in storage::statements() {
        let mut session = server.app.db.read().await.unwrap();
        let conn = session.conn();
        let sql = statement.on(&conn);
        let prepared = match conn {
            Conn::Sqlite(conn) => conn.prepare(sqlx::SqlStr::from_static(sql)).await.map(drop),
            Conn::Postgres(conn) => conn.prepare(sqlx::SqlStr::from_static(sql)).await.map(drop),
        };
        if let Err(cause) = prepared {
            failures.push(format!("{}: {cause}", statement.name));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
