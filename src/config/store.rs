//! Where an installation keeps what it knows, and the keys that open it: what every command needs.

use std::path::PathBuf;

use clap::{Args, value_parser};
use secrecy::{ExposeSecret, SecretString};

use super::read_secret;
use crate::error::Result;

const DATABASE: &str = "Database and keys";

/// The database and the master keys. A secret may be given as `@/path/to/file`.
#[derive(Debug, Clone, Args)]
pub struct StoreConfig {
    /// Folder for the SQLite database and the generated master key.
    #[arg(long, env = "TENON_DATA_DIR", default_value = "./data", value_name = "FOLDER", help_heading = DATABASE)]
    pub data_dir: PathBuf,
    /// `postgres://…`; without it the server uses SQLite in the data folder.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", help_heading = DATABASE)]
    pub database_url: Option<SecretString>,
    /// Most connections to PostgreSQL at a time; one of them only listens for changes.
    #[arg(long, env = "TENON_DATABASE_CONNECTIONS", default_value_t = 20, value_parser = value_parser!(u32).range(2..), value_name = "NUMBER", help_heading = DATABASE)]
    pub database_connections: u32,
    /// The key that seals all others: 32 bytes in base64 or hexadecimal. Without it one is made in
    /// the data folder, which then must be kept as carefully as the key.
    #[arg(long, env = "TENON_MASTER_KEY", hide_env_values = true, value_name = "KEY", help_heading = DATABASE)]
    pub master_key: Option<SecretString>,
    /// Keys that are accepted as well while `tenon keys rotate` replaces them by the master key.
    #[arg(long = "previous-master-key", env = "TENON_MASTER_KEY_PREVIOUS", hide_env_values = true, value_delimiter = ',', value_name = "KEY,…", help_heading = DATABASE)]
    pub previous_master_keys: Vec<SecretString>,
}

impl StoreConfig {
    /// Reads secrets that stand in files; an empty one counts as not given.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn check(mut self) -> Result<Self> {
        for secret in [&mut self.master_key, &mut self.database_url] {
            if let Some(value) = secret {
                *value = read_secret(value)?;
            }
            // Compose files hand variables on that are not set.
            secret.take_if(|value| value.expose_secret().is_empty());
        }
        for key in &mut self.previous_master_keys {
            *key = read_secret(key)?;
        }
        self.previous_master_keys
            .retain(|key| !key.expose_secret().trim().is_empty());
        Ok(self)
    }
}
