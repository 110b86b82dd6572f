//! One file an area, under the same name as in `src/api`.

mod auth_configs;
mod connect;
mod connect_attacks;
mod connected_accounts;
mod exchange;
pub mod execute;
mod files;
mod files_s3;
mod idempotency;
mod isolation;
mod jobs;
mod logs;
mod managed_apps;
mod manners;
mod not_built;
mod oauth1;
mod oauth2;
mod projects;
mod proxy;
mod proxy_binary;
mod reference;
mod refresh;
mod replicas;
mod robustness;
mod session_info;
mod toolkits;
mod tools;
