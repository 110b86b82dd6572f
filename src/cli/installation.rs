//! Opens what an installation consists of: the data folder, the master key, the database.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::ExposeSecret;

use super::key_files::KeyFiles;
use crate::caches::Caches;
use crate::config::StoreConfig;
use crate::crypto::Vault;
use crate::error::{Error, Result};
use crate::storage::Db;
use crate::storage::db::ChangeListener;
use crate::tenancy::rotation::Site;
use crate::time::Clock;

const DATABASE_FILE: &str = "tenon.db";

/// The database of the settings, with its migrations applied; its changes reach `caches`.
pub(super) async fn open_database(config: &StoreConfig, caches: Caches) -> Result<Db> {
    let listener = ChangeListener(Arc::new(move |change| caches.forget(change)));
    if let Some(url) = &config.database_url {
        let connections = config.database_connections;
        let opened = Db::open_postgres(url.expose_secret(), connections, listener).await;
        return opened.map_err(|cause| {
            Error::invalid_with_fix(
                format!(
                    "the PostgreSQL database cannot be opened: {}",
                    cause.with_causes()
                ),
                "Check DATABASE_URL (postgres://user:password@host:port/database) and that the \
                 server runs and lets this user make tables.",
            )
        });
    }
    make_data_folder(&config.data_dir)?;
    let path = database_file(config);
    Db::open_sqlite(&path, listener).await.map_err(|cause| {
        Error::invalid_with_fix(
            format!(
                "the database {} cannot be opened: {}",
                path.display(),
                cause.with_causes()
            ),
            "Check that the file is a database of Tenon's and that this user may write to it and \
             its folder.",
        )
    })
}

/// The master keys of the settings, else those in the data folder, where the first start makes one.
pub(super) fn open_vault(config: &StoreConfig) -> Result<Vault> {
    if let Some(key) = &config.master_key {
        let mut keys = vec![key.clone()];
        keys.extend(config.previous_master_keys.iter().cloned());
        return Vault::with_keys(keys);
    }
    if config.database_url.is_some() {
        return Err(Error::invalid_with_fix(
            "TENON_MASTER_KEY must be set when the database is PostgreSQL",
            "Make one with `openssl rand -base64 32` and give it to every replica.",
        ));
    }
    if !config.previous_master_keys.is_empty() {
        return Err(Error::invalid_with_fix(
            "TENON_MASTER_KEY_PREVIOUS is set without TENON_MASTER_KEY",
            "Set TENON_MASTER_KEY to the new key. The key in the data folder needs neither: `tenon \
             keys rotate` replaces it there.",
        ));
    }
    let files = key_files(config);
    if !files.exist() {
        make_data_folder(&config.data_dir)?;
        if database_file(config).exists() {
            return Err(Error::invalid_with_fix(
                format!(
                    "there is a database, but no master key at {}",
                    files.master().display()
                ),
                "Put the file back, or set TENON_MASTER_KEY to the key of the first start.",
            ));
        }
        files.make_first()?;
    }
    Vault::open(files)
}

/// An installation that a command works on, while a server may run on it.
pub(super) async fn open_beside_a_server(config: &StoreConfig) -> Result<Site> {
    if config.database_url.is_none() && !database_file(config).exists() {
        return Err(Error::invalid_with_fix(
            format!(
                "there is no database at {}",
                database_file(config).display()
            ),
            "Set TENON_DATA_DIR or DATABASE_URL as for the server.",
        ));
    }
    let vault = open_vault(config)?;
    let db = open_database(config, Caches::default()).await?;
    Ok(Site {
        db: db.beside_a_server(),
        vault,
        clock: Clock::System,
    })
}

/// The key files of the settings; a server that is given its key has none.
pub(super) fn key_files(config: &StoreConfig) -> KeyFiles {
    KeyFiles::in_folder(&config.data_dir)
}

fn database_file(config: &StoreConfig) -> PathBuf {
    config.data_dir.join(DATABASE_FILE)
}

fn make_data_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|cause| cannot("make the data folder", path, &cause))
}

pub(super) fn cannot(act: &str, path: &Path, cause: &std::io::Error) -> Error {
    Error::invalid_with_fix(
        format!("cannot {act} {}: {cause}", path.display()),
        "Give this user the right to it, or set TENON_DATA_DIR to another folder.",
    )
}
