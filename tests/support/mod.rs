//! What tests stand on.

pub mod accounts;
pub mod authorization_server;
pub mod binary;
pub mod browser;
pub mod client;
pub mod database;
pub mod embedding_model;
pub mod files;
pub mod forwarder;
pub mod kits;
pub mod language_model;
pub mod logins;
pub mod mcp_client;
pub mod mcp_server;
pub mod oauth1;
pub mod object_store;
pub mod provider;
pub mod secrets;
pub mod server;
pub mod stage;
pub mod toolkits;
pub mod upstream;
