//! The generated master key in the data folder, and its neighbours while it is replaced.
//!
//! `master.key` is the key; `master.key.next` the one that takes its place when a rotation ends;
//! `master.key.previous` the one before, until nothing needs it. Each is written whole or not at
//! all, and at no moment is a key on no disk that something is sealed by.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::installation::cannot;
use crate::crypto::{MasterKeySource, Vault};
use crate::error::Result;
use crate::ids::random_text;

const MASTER_KEY_FILE: &str = "master.key";
const UNFINISHED: &str = "master.key.unfinished-";

/// The key files of one data folder.
#[derive(Debug, Clone)]
pub(super) struct KeyFiles {
    folder: PathBuf,
}

impl KeyFiles {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    pub(super) fn master(&self) -> PathBuf {
        self.folder.join(MASTER_KEY_FILE)
    }

    fn next(&self) -> PathBuf {
        self.folder.join(format!("{MASTER_KEY_FILE}.next"))
    }

    fn previous(&self) -> PathBuf {
        self.folder.join(format!("{MASTER_KEY_FILE}.previous"))
    }

    pub(super) fn exist(&self) -> bool {
        self.master().exists()
    }

    /// Makes the key of a first start.
    pub(super) fn make_first(&self) -> Result<()> {
        let path = self.master();
        self.make(&path)?;
        tracing::warn!(
            path = %path.display(),
            "made a master key; keep a copy of it apart from the database"
        );
        Ok(())
    }

    /// Makes the key that a rotation leads to, unless one that was cut off has made it.
    pub(super) fn make_next(&self) -> Result<()> {
        self.remove_unfinished()?;
        self.make(&self.next())
    }

    /// Ends a rotation: the next key becomes the key, and the key the previous one.
    pub(super) fn adopt_next(&self) -> Result<()> {
        let (master, next, previous) = (self.master(), self.next(), self.previous());
        if !next.exists() {
            return Ok(());
        }
        let adopt = || -> std::io::Result<()> {
            let beside = self.unfinished();
            std::fs::hard_link(&master, &beside)?;
            std::fs::rename(beside, previous)?;
            // Both keys are on the disk before the old name leads to the new key.
            File::open(&self.folder)?.sync_all()?;
            std::fs::rename(&next, &master)?;
            File::open(&self.folder)?.sync_all()
        };
        adopt().map_err(|cause| cannot("replace the master key", &master, &cause))
    }

    /// Writes beside the file and links: a crash leaves no half of a key, and a key that is there
    /// stays.
    fn make(&self, path: &Path) -> Result<()> {
        let text = Zeroizing::new(Vault::generate_text()?);
        let write = || -> std::io::Result<()> {
            let beside = self.unfinished();
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            let linked = std::fs::hard_link(&beside, path);
            std::fs::remove_file(beside)?;
            match linked {
                Err(cause) if cause.kind() != ErrorKind::AlreadyExists => Err(cause),
                Ok(()) | Err(_) => File::open(&self.folder)?.sync_all(),
            }
        };
        write().map_err(|cause| cannot("write the master key", path, &cause))
    }

    /// A name that no other process uses.
    fn unfinished(&self) -> PathBuf {
        let name = format!("{UNFINISHED}{}", random_text(8));
        self.folder.join(name)
    }

    /// A process that was killed may have left a key under such a name.
    fn remove_unfinished(&self) -> Result<()> {
        let remove = || -> std::io::Result<()> {
            for entry in std::fs::read_dir(&self.folder)? {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    std::fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        };
        remove().map_err(|cause| cannot("tidy", &self.folder, &cause))
    }
}

impl MasterKeySource for KeyFiles {
    fn read(&self) -> Result<Vec<SecretString>> {
        let mut keys = Vec::new();
        // In this order, because the next key may become the key between two looks.
        for path in [self.next(), self.master(), self.previous()] {
            match std::fs::read_to_string(&path) {
                Ok(text) => keys.push(text.into()),
                Err(cause) if cause.kind() == ErrorKind::NotFound => {}
                Err(cause) => return Err(cannot("read the master key", &path, &cause)),
            }
        }
        Ok(keys)
    }

    fn forget_replaced(&self) -> Result<()> {
        let path = self.previous();
        match std::fs::remove_file(&path) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => {
                Err(cannot("remove the former master key", &path, &cause))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(files: &KeyFiles) -> Vec<String> {
        use secrecy::ExposeSecret;
        let keys = files.read().unwrap();
        let text = |key: &SecretString| key.expose_secret().to_owned();
        keys.iter().map(text).collect()
    }

    #[test]
    fn a_replaced_key_stays_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let files = KeyFiles::in_folder(folder.path());
        files.make_first().unwrap();
        let first = texts(&files);
        // What a killed process left is not kept.
        std::fs::write(files.unfinished(), &first[0]).unwrap();
        files.make_next().unwrap();
        let both = texts(&files);
        assert_eq!((both.len(), &both[1]), (2, &first[0]));
        // A second run goes on with the key that is there.
        files.make_next().unwrap();
        assert_eq!(texts(&files), both);
        files.adopt_next().unwrap();
        files.adopt_next().unwrap();
        assert_eq!(texts(&files), both);
        assert_eq!(std::fs::read_to_string(files.master()).unwrap(), both[0]);
        files.forget_replaced().unwrap();
        files.forget_replaced().unwrap();
        assert_eq!(texts(&files), both[..1]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
