//! Connected accounts: how users connect, which account a call takes, and its credentials, opened.

pub mod auth_configs;
mod config_credentials;
pub mod connect;
mod expire;
mod fields;
mod mask;
mod pick;
mod provider;
mod refresh;
mod secrets;
mod token;

pub use expire::expire_unfinished;
pub use pick::{AccountSelector, DEFAULT_USER, find, find_auth_config, pick};
pub use refresh::{fresh_credentials, refresh_after_unauthorized};
