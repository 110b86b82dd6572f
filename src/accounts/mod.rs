//! Connected accounts: how users connect, which account a call takes, and its credentials, opened.

mod announce;
pub mod auth_configs;
mod blueprint;
mod choice;
mod code_grant;
mod config_credentials;
pub mod connect;
mod consent;
mod exchange;
mod expire;
mod fields;
mod given;
mod grant;
mod kept;
pub mod manage;
mod mask;
mod oauth1;
mod pick;
mod post_connect;
mod refresh;
mod registration;
pub mod renew;
pub mod revoke;
mod secrets;
mod token;
mod token_endpoint;
pub mod update;
mod view;
mod word_id;

pub use expire::expire_unfinished;
pub use given::{GivenConnection, given_credentials};
pub use pick::{AccountSelector, DEFAULT_USER, find, find_auth_config, pick};
pub use refresh::{due_for_refresh, fresh_credentials, refresh_after_unauthorized, renew_ahead};
pub use view::{AccountView, get, list};
pub use word_id::word_id;
