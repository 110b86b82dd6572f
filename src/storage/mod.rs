//! The only place with SQL. One table (or aggregate) a file: statements on top, one short function
//! a statement below. Every function that reads a tenant's rows takes the project's id first.

pub mod api_keys;
pub mod auth_configs;
pub mod changes;
pub mod connected_accounts;
pub mod connection_attempts;
pub mod data_keys;
pub mod db;
pub mod events;
pub mod execution_logs;
pub mod files;
pub mod idempotent_calls;
pub mod installation;
pub mod jobs;
pub mod mcp_grants;
pub mod mcp_instances;
pub mod mcp_servers;
pub mod memories;
pub mod own_toolkits;
pub mod projects;
pub mod recipes;
pub mod revocations;
pub mod sealed;
pub mod session_files;
pub mod sessions;
pub mod token_refresh;
pub mod tool_vectors;

pub use db::{Conn, Db, Session, Statement, Tx};

/// Every statement of the product, for the guard that prepares each on both engines.
#[must_use]
pub fn statements() -> Vec<Statement> {
    [
        api_keys::STATEMENTS,
        auth_configs::STATEMENTS,
        changes::STATEMENTS,
        connected_accounts::STATEMENTS,
        connection_attempts::STATEMENTS,
        data_keys::STATEMENTS,
        events::STATEMENTS,
        execution_logs::STATEMENTS,
        files::STATEMENTS,
        idempotent_calls::STATEMENTS,
        installation::STATEMENTS,
        jobs::STATEMENTS,
        mcp_grants::STATEMENTS,
        mcp_instances::STATEMENTS,
        mcp_servers::STATEMENTS,
        memories::STATEMENTS,
        own_toolkits::STATEMENTS,
        projects::STATEMENTS,
        recipes::STATEMENTS,
        revocations::STATEMENTS,
        session_files::STATEMENTS,
        sessions::STATEMENTS,
        token_refresh::STATEMENTS,
        tool_vectors::STATEMENTS,
    ]
    .concat()
}
