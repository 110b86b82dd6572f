//! The master keys of this installation. Usually there is one; while it is replaced, the vault
//! opens with several and seals with the one that the database names.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::data_key::DataKey;
use super::sealing_key::{KeyId, SealingKey};
use super::{FileLinkSigner, KEY_BYTES, McpClientSigner, StateSigner, fill_random};
use crate::error::{Error, Result};
use crate::ids::ProjectId;

const CHECK_TEXT: &[u8] = b"tenon master key check";
const CHECK_CONTEXT: &[u8] = b"installation|master_key_check";

/// Where master keys come from.
pub trait MasterKeySource: Send + Sync {
    /// Every key that is to be accepted, the newest first, as 32 bytes in base64 or hexadecimal.
    ///
    /// # Errors
    /// When they cannot be read.
    fn read(&self) -> Result<Vec<SecretString>>;

    /// Removes what was kept of keys that nothing needs any more, as far as that is ours to do.
    ///
    /// # Errors
    /// When it cannot be removed.
    fn forget_replaced(&self) -> Result<()>;
}

/// Keys that stay what they are while the process lives.
struct Fixed(Vec<SecretString>);

impl MasterKeySource for Fixed {
    fn read(&self) -> Result<Vec<SecretString>> {
        Ok(self.0.clone())
    }

    fn forget_replaced(&self) -> Result<()> {
        Ok(())
    }
}

/// The master keys of this installation.
#[derive(Clone)]
pub struct Vault {
    source: Arc<dyn MasterKeySource>,
    keys: Arc<RwLock<Arc<MasterKeys>>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

/// Never empty; the newest key is the first.
struct MasterKeys {
    all: Vec<Arc<MasterKey>>,
    in_force: Arc<MasterKey>,
}

pub(super) struct MasterKey {
    sealing: SealingKey,
    pub(super) state_secret: Zeroizing<[u8; KEY_BYTES]>,
    pub(super) file_link_secret: Zeroizing<[u8; KEY_BYTES]>,
}

impl MasterKey {
    fn read(text: &SecretString) -> Result<Self> {
        let text = text.expose_secret().trim();
        let bytes = Zeroizing::new(
            if text.len() == 2 * KEY_BYTES {
                decode_hex(text)
            } else {
                STANDARD.decode(text).ok()
            }
            .unwrap_or_default(),
        );
        let key: Zeroizing<[u8; KEY_BYTES]> = match bytes.as_slice().try_into() {
            Ok(key) => Zeroizing::new(key),
            Err(_) => {
                return Err(Error::invalid_with_fix(
                    "the master key must be 32 bytes in base64 or hexadecimal",
                    "make one with: openssl rand -base64 32",
                ));
            }
        };
        let derive = |purpose: &[u8]| -> Result<Zeroizing<[u8; KEY_BYTES]>> {
            let mut derived = Zeroizing::new([0; KEY_BYTES]);
            Hkdf::<Sha256>::new(None, key.as_slice())
                .expand(purpose, derived.as_mut_slice())
                .map_err(|_| Error::internal("HKDF cannot make a key of this length"))?;
            Ok(derived)
        };
        Ok(Self {
            sealing: SealingKey::new(&derive(b"tenon/v1/seal-data-keys")?)?,
            state_secret: derive(b"tenon/v1/sign-state")?,
            file_link_secret: derive(b"tenon/v1/sign-file-links")?,
        })
    }
}

impl Vault {
    /// From where the operator keeps the keys. The newest is in force until the database says
    /// otherwise ([`Self::follow`]).
    ///
    /// # Errors
    /// When a key cannot be read or is none.
    pub fn open(source: impl MasterKeySource + 'static) -> Result<Self> {
        let keys = read_keys(&source, None)?;
        Ok(Self {
            source: Arc::new(source),
            keys: Arc::new(RwLock::new(Arc::new(keys))),
        })
    }

    /// With given keys, the newest first: 32 bytes each, in base64 or hexadecimal.
    ///
    /// # Errors
    /// When one is neither.
    pub fn with_keys(keys: Vec<SecretString>) -> Result<Self> {
        Self::open(Fixed(keys))
    }

    /// With one key: 32 bytes in base64 or hexadecimal.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn from_text(text: &str) -> Result<Self> {
        Self::with_keys(vec![text.into()])
    }

    /// A fresh master key as text, for the first start without one.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate_text() -> Result<String> {
        Ok(STANDARD.encode(random_key()?.as_slice()))
    }

    /// The names of all keys that are accepted, the newest first.
    #[must_use]
    pub fn key_ids(&self) -> Vec<KeyId> {
        let keys = self.keys();
        keys.all.iter().map(|key| key.sealing.id).collect()
    }

    /// The name of the key that seals.
    #[must_use]
    pub fn in_force(&self) -> KeyId {
        self.keys().in_force.sealing.id
    }

    /// Puts an accepted key in force; `false` when there is none of this name.
    #[must_use]
    pub fn put_in_force(&self, id: KeyId) -> bool {
        let present = self.keys();
        let Some(key) = present.all.iter().find(|key| key.sealing.id == id) else {
            return false;
        };
        self.store(MasterKeys {
            all: present.all.clone(),
            in_force: Arc::clone(key),
        });
        true
    }

    /// What is stored in the database, to name the key in force and to notice a foreign one.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn check_value(&self) -> Result<Vec<u8>> {
        self.check_value_of(self.in_force())
    }

    /// The same of an accepted key.
    ///
    /// # Errors
    /// When there is none of this name, or the operating system gives no randomness.
    pub fn check_value_of(&self, id: KeyId) -> Result<Vec<u8>> {
        let keys = self.keys();
        let key = keys.all.iter().find(|key| key.sealing.id == id);
        let key = key.ok_or_else(|| Error::internal(format!("there is no master key {id}")))?;
        key.sealing.seal(CHECK_CONTEXT, CHECK_TEXT)
    }

    /// Puts the key in force that made the stored check value; `false` when it is none of ours. A
    /// key that appeared at the source since the start is found.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn follow(&self, check_value: &[u8]) -> Result<bool> {
        if let Some(id) = self.maker_of(check_value) {
            return Ok(self.put_in_force(id));
        }
        self.read_again()?;
        let maker = self.maker_of(check_value);
        Ok(maker.is_some_and(|id| self.put_in_force(id)))
    }

    fn maker_of(&self, check_value: &[u8]) -> Option<KeyId> {
        let keys = self.keys();
        let mut sealing = keys.all.iter().map(|key| &key.sealing);
        let maker = sealing.find(|key| key.open(CHECK_CONTEXT, check_value).is_ok());
        maker.map(|key| key.id)
    }

    /// Reads the keys anew; the one in force stays if it is still there.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn read_again(&self) -> Result<()> {
        let keys = read_keys(&*self.source, Some(self.in_force()))?;
        self.store(keys);
        Ok(())
    }

    /// Lets keys go that were replaced and that nothing needs any more.
    ///
    /// # Errors
    /// When the source keeps them and cannot remove them.
    pub fn forget_replaced(&self) -> Result<()> {
        self.source.forget_replaced()?;
        self.read_again()
    }

    /// A new data key for a project, sealed for storage.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn new_data_key(&self, project: &ProjectId) -> Result<Vec<u8>> {
        let key = random_key()?;
        let keys = self.keys();
        let sealing = &keys.in_force.sealing;
        sealing.seal(&data_key_context(project), key.as_slice())
    }

    /// A data key, sealed by the master key in force; `None` when it is that already.
    ///
    /// # Errors
    /// As [`Self::open_data_key`].
    pub fn reseal_data_key(&self, project: &ProjectId, sealed: &[u8]) -> Result<Option<Vec<u8>>> {
        let keys = self.keys();
        if KeyId::of_blob(sealed) == Some(keys.in_force.sealing.id) {
            return Ok(None);
        }
        let plain = self.open_sealed(project, sealed)?;
        let sealing = &keys.in_force.sealing;
        sealing.seal(&data_key_context(project), &plain).map(Some)
    }

    /// Opens a project's data key, and those beside it while it is being replaced.
    ///
    /// # Errors
    /// When one was sealed by a master key that is not here, or for another project.
    pub fn open_data_key(
        &self,
        project: &ProjectId,
        current: &[u8],
        others: &[Vec<u8>],
    ) -> Result<DataKey> {
        let open = |sealed: &[u8]| -> Result<Arc<SealingKey>> {
            let opened = self.open_sealed(project, sealed)?;
            let bytes: [u8; KEY_BYTES] = opened
                .as_slice()
                .try_into()
                .map_err(|_| Error::internal("a data key has the wrong length"))?;
            SealingKey::new(&Zeroizing::new(bytes)).map(Arc::new)
        };
        Ok(DataKey {
            project: project.clone(),
            current: open(current)?,
            others: others
                .iter()
                .map(|sealed| open(sealed))
                .collect::<Result<_>>()?,
        })
    }

    /// The signer of OAuth state.
    #[must_use]
    pub fn state_signer(&self) -> StateSigner {
        StateSigner::new(self.clone())
    }

    /// The signer of MCP clients' ids.
    #[must_use]
    pub fn mcp_client_signer(&self) -> McpClientSigner {
        McpClientSigner::new(self.clone())
    }

    /// The signer of links to files.
    #[must_use]
    pub fn file_link_signer(&self) -> FileLinkSigner {
        FileLinkSigner::new(self.clone())
    }

    /// The key in force first, then the others.
    pub(super) fn signing_keys(&self) -> Vec<Arc<MasterKey>> {
        let keys = self.keys();
        let mut all = vec![Arc::clone(&keys.in_force)];
        all.extend(keys.all.iter().cloned());
        all
    }

    fn open_sealed(&self, project: &ProjectId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let maker = KeyId::of_blob(sealed)
            .ok_or_else(|| Error::internal("a sealed data key has an unknown layout"))?;
        let find = || {
            let keys = self.keys();
            let mut all = keys.all.iter();
            all.find(|key| key.sealing.id == maker).cloned()
        };
        if find().is_none() {
            // A rotation in another process may have put a new key beside the present one.
            self.read_again()?;
        }
        let key = find().ok_or_else(|| {
            Error::internal(format!(
                "the data key of {project} is sealed by master key {maker}, which this process was \
                 not given"
            ))
        })?;
        key.sealing.open(&data_key_context(project), sealed)
    }

    fn keys(&self) -> Arc<MasterKeys> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&keys)
    }

    fn store(&self, keys: MasterKeys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

fn read_keys(source: &dyn MasterKeySource, in_force: Option<KeyId>) -> Result<MasterKeys> {
    let texts = source.read()?;
    let mut all: Vec<Arc<MasterKey>> = Vec::new();
    for text in &texts {
        let key = MasterKey::read(text)?;
        if !all.iter().any(|known| known.sealing.id == key.sealing.id) {
            all.push(Arc::new(key));
        }
    }
    let newest = all.first();
    let kept = all.iter().find(|key| Some(key.sealing.id) == in_force);
    let in_force = kept.or(newest).cloned();
    let in_force = in_force.ok_or_else(|| Error::internal("there is no master key"))?;
    Ok(MasterKeys { all, in_force })
}

fn data_key_context(project: &ProjectId) -> Vec<u8> {
    format!("projects|{project}|data_key").into_bytes()
}

pub(super) fn random_key() -> Result<Zeroizing<[u8; KEY_BYTES]>> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    fill_random(key.as_mut_slice())?;
    Ok(key)
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> ProjectId {
        ProjectId::from("proj_a".to_owned())
    }

    fn text() -> String {
        Vault::generate_text().unwrap()
    }

    #[test]
    fn a_data_key_of_one_project_does_not_open_for_another() {
        let vault = Vault::from_text(&text()).unwrap();
        let sealed = vault.new_data_key(&project()).unwrap();
        let other = ProjectId::from("proj_b".to_owned());
        assert!(vault.open_data_key(&other, &sealed, &[]).is_err());
    }

    #[test]
    fn another_master_key_does_not_match_the_check_value() {
        let first = Vault::from_text(&text()).unwrap();
        let check = first.check_value().unwrap();
        assert!(first.follow(&check).unwrap());
        assert!(!Vault::from_text(&text()).unwrap().follow(&check).unwrap());
    }

    #[test]
    fn a_master_key_of_the_wrong_length_is_refused() {
        assert!(Vault::from_text("c2hvcnQ=").is_err());
        assert!(Vault::from_text(&"ab".repeat(32)).is_ok());
    }

    #[test]
    fn the_key_that_the_database_names_seals_and_both_open() {
        let (old, new) = (text(), text());
        let before = Vault::from_text(&old).unwrap();
        let check = before.check_value().unwrap();
        let sealed = before.new_data_key(&project()).unwrap();
        let both = Vault::with_keys(vec![new.clone().into(), old.into()]).unwrap();
        assert_ne!(both.in_force(), before.in_force());
        assert!(both.follow(&check).unwrap());
        assert_eq!(both.in_force(), before.in_force());
        assert_eq!(both.reseal_data_key(&project(), &sealed).unwrap(), None);

        let newest = both.key_ids()[0];
        assert!(both.put_in_force(newest));
        let resealed = both.reseal_data_key(&project(), &sealed).unwrap().unwrap();
        let after = Vault::from_text(&new).unwrap();
        let (from_old, from_new) = (
            before.open_data_key(&project(), &sealed, &[]).unwrap(),
            after.open_data_key(&project(), &resealed, &[]).unwrap(),
        );
        assert_eq!(from_old.id(), from_new.id());
        assert!(before.open_data_key(&project(), &resealed, &[]).is_err());
    }

    /// Keys that can be exchanged behind the vault's back.
    struct Changing(Arc<RwLock<Vec<String>>>);

    impl MasterKeySource for Changing {
        fn read(&self) -> Result<Vec<SecretString>> {
            let texts = self.0.read().unwrap().clone();
            Ok(texts.into_iter().map(SecretString::from).collect())
        }

        fn forget_replaced(&self) -> Result<()> {
            self.0.write().unwrap().truncate(1);
            Ok(())
        }
    }

    #[test]
    fn a_key_that_appears_at_the_source_is_found_when_it_is_needed() {
        let (old, new) = (text(), text());
        let texts = Arc::new(RwLock::new(vec![old.clone()]));
        let running = Vault::open(Changing(Arc::clone(&texts))).unwrap();
        let rotating = Vault::from_text(&new).unwrap();
        let sealed = rotating.new_data_key(&project()).unwrap();
        assert!(running.open_data_key(&project(), &sealed, &[]).is_err());
        *texts.write().unwrap() = vec![new, old];
        assert!(running.open_data_key(&project(), &sealed, &[]).is_ok());
        assert_eq!(running.key_ids().len(), 2);
        assert_ne!(running.in_force(), rotating.in_force());
        assert!(running.follow(&rotating.check_value().unwrap()).unwrap());
        running.forget_replaced().unwrap();
        assert_eq!(running.key_ids(), rotating.key_ids());
    }
}
