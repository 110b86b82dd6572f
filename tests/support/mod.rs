//! What tests stand on.

pub mod client;
pub mod database;
pub mod server;
pub mod upstream;
