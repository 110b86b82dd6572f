//! What tests stand on.

pub mod binary;
pub mod client;
pub mod database;
pub mod server;
pub mod toolkits;
pub mod upstream;
