//! Sealing of secrets, hashing of API keys, signing of state. The master key lives only here.
//!
//! Two levels (envelope encryption): the master key seals one data key a project, the data key
//! seals the project's secrets with AES-256-GCM. A sealed blob is bound to its [`Place`] and its
//! project as associated data, so that it opens nowhere else.

mod api_key;
mod state;

pub use api_key::{ApiKeySecret, hash_api_key, same_hash};
pub use state::StateSigner;

use std::sync::Arc;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::ids::ProjectId;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const KEY_ID_BYTES: usize = 4;
/// First byte of every sealed blob: the layout that follows.
const LAYOUT: u8 = 1;
const CHECK_TEXT: &[u8] = b"tenon master key check";

/// Where a sealed value stands; a blob moved elsewhere does not open.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The row's id.
    pub row: &'a str,
    /// The column.
    pub column: &'static str,
}

/// The master key of this installation.
#[derive(Clone)]
pub struct Vault {
    master: Arc<SealingKey>,
    state_secret: Arc<Zeroizing<[u8; KEY_BYTES]>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

/// A project's data key, opened.
#[derive(Clone)]
pub struct DataKey {
    project: ProjectId,
    key: Arc<SealingKey>,
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKey({})", self.project)
    }
}

impl Vault {
    /// From the operator's master key: 32 bytes in base64 or hexadecimal.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn from_text(text: &str) -> Result<Self> {
        let text = text.trim();
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
            master: Arc::new(SealingKey::new(&derive(b"tenon/v1/seal-data-keys")?)?),
            state_secret: Arc::new(derive(b"tenon/v1/sign-state")?),
        })
    }

    /// A fresh master key as text, for the first start without one.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate_text() -> Result<String> {
        Ok(STANDARD.encode(random_key()?.as_slice()))
    }

    /// What is stored at the first start, to notice another master key later.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn check_value(&self) -> Result<Vec<u8>> {
        self.master
            .seal(b"installation|master_key_check", CHECK_TEXT)
    }

    /// Whether the stored check value was made with this master key.
    #[must_use]
    pub fn matches(&self, check_value: &[u8]) -> bool {
        self.master
            .open(b"installation|master_key_check", check_value)
            .is_ok()
    }

    /// A new data key for a project, sealed for storage.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn new_data_key(&self, project: &ProjectId) -> Result<Vec<u8>> {
        self.master
            .seal(&data_key_context(project), random_key()?.as_slice())
    }

    /// Opens a project's data key.
    ///
    /// # Errors
    /// When it was sealed by another master key or for another project.
    pub fn open_data_key(&self, project: &ProjectId, sealed: &[u8]) -> Result<DataKey> {
        let opened = self.master.open(&data_key_context(project), sealed)?;
        let bytes: [u8; KEY_BYTES] = opened
            .as_slice()
            .try_into()
            .map_err(|_| Error::internal("a data key has the wrong length"))?;
        let key = SealingKey::new(&Zeroizing::new(bytes))?;
        Ok(DataKey {
            project: project.clone(),
            key: Arc::new(key),
        })
    }

    /// The signer of OAuth state.
    #[must_use]
    pub fn state_signer(&self) -> StateSigner {
        StateSigner::new(self.state_secret.as_slice())
    }
}

impl DataKey {
    /// Seals `plain` for one place of this project.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        self.key.seal(&self.context(place), plain)
    }

    /// Opens what was sealed for this place of this project.
    ///
    /// # Errors
    /// When the blob is from elsewhere, damaged, or sealed by another key.
    pub fn open(&self, place: Place<'_>, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        self.key.open(&self.context(place), blob)
    }

    /// Seals a value as JSON.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_json<T: serde::Serialize>(&self, place: Place<'_>, value: &T) -> Result<Vec<u8>> {
        let plain = Zeroizing::new(serde_json::to_vec(value)?);
        self.seal(place, &plain)
    }

    /// Opens a value that was sealed as JSON.
    ///
    /// # Errors
    /// As [`Self::open`], or when the content is not a `T`.
    pub fn open_json<T: serde::de::DeserializeOwned>(
        &self,
        place: Place<'_>,
        blob: &[u8],
    ) -> Result<T> {
        let plain = self.open(place, blob)?;
        // The cause could quote the content, so it is left out.
        serde_json::from_slice(&plain)
            .map_err(|_| Error::internal("a sealed value is not of the expected shape"))
    }

    fn context(&self, place: Place<'_>) -> Vec<u8> {
        format!(
            "{}|{}|{}|{}",
            place.table, place.row, place.column, self.project
        )
        .into_bytes()
    }
}

fn data_key_context(project: &ProjectId) -> Vec<u8> {
    format!("projects|{project}|data_key").into_bytes()
}

/// AES-256-GCM with a name for the key in front of every blob:
/// layout (1 byte), key id (4), nonce (12), ciphertext and tag.
struct SealingKey {
    cipher: Aes256Gcm,
    id: [u8; KEY_ID_BYTES],
}

impl SealingKey {
    fn new(key: &Zeroizing<[u8; KEY_BYTES]>) -> Result<Self> {
        let cipher = Aes256Gcm::new_from_slice(key.as_slice())
            .map_err(|_| Error::internal("AES-256 takes 32 bytes"))?;
        let digest = Sha256::digest([b"tenon key id".as_slice(), key.as_slice()].concat());
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&digest[..KEY_ID_BYTES]);
        Ok(Self { cipher, id })
    }

    fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        fill_random(&mut nonce)?;
        let sealed = self
            .cipher
            .encrypt(
                &Nonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: context,
                },
            )
            .map_err(|_| Error::internal("sealing failed"))?;
        Ok([
            &[LAYOUT],
            self.id.as_slice(),
            nonce.as_slice(),
            sealed.as_slice(),
        ]
        .concat())
    }

    fn open(&self, context: &[u8], blob: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let header = 1 + KEY_ID_BYTES + NONCE_BYTES;
        if blob.len() < header || blob[0] != LAYOUT {
            return Err(Error::internal("a sealed value has an unknown layout"));
        }
        if blob[1..=KEY_ID_BYTES] != self.id {
            return Err(Error::internal("a sealed value was made with another key"));
        }
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&blob[1 + KEY_ID_BYTES..header]);
        self.cipher
            .decrypt(
                &Nonce::from(nonce),
                Payload {
                    msg: &blob[header..],
                    aad: context,
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| Error::internal("a sealed value is damaged or from another place"))
    }
}

fn random_key() -> Result<Zeroizing<[u8; KEY_BYTES]>> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    fill_random(key.as_mut_slice())?;
    Ok(key)
}

fn fill_random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes)
        .map_err(|cause| Error::internal(format!("no randomness from the system: {cause}")))
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

    const PLACE: Place<'static> = Place {
        table: "connected_accounts",
        row: "ca_1",
        column: "credentials",
    };

    fn vault() -> Vault {
        Vault::from_text(&Vault::generate_text().unwrap()).unwrap()
    }

    fn data_key(vault: &Vault, project: &str) -> DataKey {
        let project = ProjectId::from(project.to_owned());
        let sealed = vault.new_data_key(&project).unwrap();
        vault.open_data_key(&project, &sealed).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let key = data_key(&vault(), "proj_a");
        let blob = key.seal(PLACE, b"secret").unwrap();
        assert_eq!(key.open(PLACE, &blob).unwrap().as_slice(), b"secret");
        assert!(
            key.open(
                Place {
                    row: "ca_2",
                    ..PLACE
                },
                &blob
            )
            .is_err()
        );
        assert!(
            key.open(
                Place {
                    column: "other",
                    ..PLACE
                },
                &blob
            )
            .is_err()
        );
        assert!(!blob.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn a_data_key_of_one_project_does_not_open_for_another() {
        let vault = vault();
        let project = ProjectId::from("proj_a".to_owned());
        let sealed = vault.new_data_key(&project).unwrap();
        assert!(
            vault
                .open_data_key(&ProjectId::from("proj_b".to_owned()), &sealed)
                .is_err()
        );
    }

    #[test]
    fn a_changed_bit_anywhere_is_noticed() {
        let key = data_key(&vault(), "proj_a");
        let blob = key.seal(PLACE, b"secret").unwrap();
        for at in 0..blob.len() {
            let mut damaged = blob.clone();
            damaged[at] ^= 1;
            assert!(key.open(PLACE, &damaged).is_err(), "byte {at}");
        }
    }

    #[test]
    fn another_master_key_does_not_match_the_check_value() {
        let first = vault();
        let check = first.check_value().unwrap();
        assert!(first.matches(&check));
        assert!(!vault().matches(&check));
    }

    #[test]
    fn a_master_key_of_the_wrong_length_is_refused() {
        assert!(Vault::from_text("c2hvcnQ=").is_err());
        assert!(Vault::from_text(&"ab".repeat(32)).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn any_secret_opens_as_it_was_sealed(secret: Vec<u8>) {
            let key = data_key(&vault(), "proj_a");
            let blob = key.seal(PLACE, &secret).unwrap();
            let opened = key.open(PLACE, &blob).unwrap();
            proptest::prop_assert_eq!(opened.as_slice(), secret);
        }
    }
}
