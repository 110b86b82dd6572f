//! AES-256-GCM with a name for the key in front of every blob.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{KEY_BYTES, fill_random};
use crate::error::{Error, Result};

const NONCE_BYTES: usize = 12;
const KEY_ID_BYTES: usize = 4;
const TAG_BYTES: usize = 16;
/// By how many bytes a blob is longer than what it seals.
pub(super) const OVERHEAD: usize = 1 + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES;
/// First byte of every sealed blob: the layout that follows.
const LAYOUT: u8 = 1;

/// The name of a key, made from the key and telling nothing of it. It stands in front of all that
/// the key sealed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KEY_ID_BYTES]);

impl KeyId {
    /// The key that made a sealed blob; `None` when `blob` is none.
    #[must_use]
    pub fn of_blob(blob: &[u8]) -> Option<Self> {
        match blob.split_first() {
            Some((&LAYOUT, rest)) => rest.first_chunk().copied().map(Self),
            Some(_) | None => None,
        }
    }

    /// From the four bytes that a query cut out of a blob.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// Eight hexadecimal digits.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A key and its name. A blob is layout (1 byte), key id (4), nonce (12), ciphertext and tag.
pub(super) struct SealingKey {
    cipher: Aes256Gcm,
    pub(super) id: KeyId,
}

impl SealingKey {
    pub(super) fn new(key: &Zeroizing<[u8; KEY_BYTES]>) -> Result<Self> {
        let cipher = Aes256Gcm::new_from_slice(key.as_slice())
            .map_err(|_| Error::internal("AES-256 takes 32 bytes"))?;
        let digest = Sha256::digest([b"tenon key id".as_slice(), key.as_slice()].concat());
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&digest[..KEY_ID_BYTES]);
        Ok(Self {
            cipher,
            id: KeyId(id),
        })
    }

    pub(super) fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        fill_random(&mut nonce)?;
        let payload = Payload {
            msg: plain,
            aad: context,
        };
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Error::internal("sealing failed"))?;
        let id = self.id.0;
        Ok([&[LAYOUT], id.as_slice(), nonce.as_slice(), &sealed].concat())
    }

    pub(super) fn open(&self, context: &[u8], blob: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let header = 1 + KEY_ID_BYTES + NONCE_BYTES;
        let Some(made_with) = KeyId::of_blob(blob).filter(|_| blob.len() >= header) else {
            return Err(Error::internal("a sealed value has an unknown layout"));
        };
        if made_with != self.id {
            return Err(Error::internal(format!(
                "a sealed value was made with another key ({made_with})"
            )));
        }
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&blob[1 + KEY_ID_BYTES..header]);
        let payload = Payload {
            msg: &blob[header..],
            aad: context,
        };
        self.cipher
            .decrypt(&Nonce::from(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| Error::internal("a sealed value is damaged or from another place"))
    }
}
