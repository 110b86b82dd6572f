//! Opens what an installation consists of: the data folder, the master key, the database.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::caches::Caches;
use crate::config::Config;
use crate::crypto::Vault;
use crate::error::{Error, Result};
use crate::storage::Db;
use crate::storage::db::ChangeListener;

const DATABASE_FILE: &str = "tenon.db";
const MASTER_KEY_FILE: &str = "master.key";

/// The database of the settings, with its migrations applied; its changes reach `caches`.
pub(super) async fn open_database(config: &Config, caches: Caches) -> Result<Db> {
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
    let path = config.data_dir.join(DATABASE_FILE);
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

/// The master key of the settings, else the one in the data folder, which the first start makes.
pub(super) fn open_vault(config: &Config) -> Result<Vault> {
    match &config.master_key {
        Some(key) => Vault::from_text(key.expose_secret()),
        None if config.database_url.is_some() => Err(Error::invalid_with_fix(
            "TENON_MASTER_KEY must be set when the database is PostgreSQL",
            "Make one with `openssl rand -base64 32` and give it to every replica.",
        )),
        None => {
            let text = read_or_make_master_key(&config.data_dir)?;
            Vault::from_text(text.expose_secret())
        }
    }
}

fn read_or_make_master_key(data_dir: &Path) -> Result<SecretString> {
    make_data_folder(data_dir)?;
    let path = data_dir.join(MASTER_KEY_FILE);
    if path.exists() {
        return std::fs::read_to_string(&path)
            .map(SecretString::from)
            .map_err(|cause| cannot("read the master key", &path, &cause));
    }
    if data_dir.join(DATABASE_FILE).exists() {
        return Err(Error::invalid_with_fix(
            format!(
                "there is a database, but no master key at {}",
                path.display()
            ),
            "Put the file back, or set TENON_MASTER_KEY to the key of the first start.",
        ));
    }
    let text = Vault::generate_text()?;
    write_secret(&path, &text).map_err(|cause| cannot("write the master key", &path, &cause))?;
    tracing::warn!(
        path = %path.display(),
        "made a master key; keep a copy of it apart from the database"
    );
    Ok(text.into())
}

/// Writes beside the file and renames: a crash half way leaves no half of a key.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let unfinished = path.with_extension("key.new");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(unfinished, path)
}

fn make_data_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|cause| cannot("make the data folder", path, &cause))
}

fn cannot(act: &str, path: &Path, cause: &std::io::Error) -> Error {
    Error::invalid_with_fix(
        format!("cannot {act} {}: {cause}", path.display()),
        "Give this user the right to it, or set TENON_DATA_DIR to another folder.",
    )
}
