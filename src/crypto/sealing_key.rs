//! AES-256-GCM with a name for the key in front of every blob.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::KEY_BYTES;
use crate::error::{Error, Result};

const NONCE_BYTES: usize = 12;
const KEY_ID_BYTES: usize = 4;
const TAG_BYTES: usize = 16;
/// What stands in front of the ciphertext.
const HEADER: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;
/// By how many bytes a blob is longer than what it seals.
pub(super) const OVERHEAD: usize = HEADER + TAG_BYTES;
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
    cipher: RandomizedNonceKey,
    pub(super) id: KeyId,
}

impl SealingKey {
    pub(super) fn new(key: &Zeroizing<[u8; KEY_BYTES]>) -> Result<Self> {
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, key.as_slice())
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
        let mut blob = Vec::with_capacity(OVERHEAD + plain.len());
        blob.push(LAYOUT);
        blob.extend_from_slice(&self.id.0);
        blob.extend_from_slice(&[0; NONCE_BYTES]);
        blob.extend_from_slice(plain);
        let (nonce, tag) = self
            .cipher
            .seal_in_place_separate_tag(Aad::from(context), &mut blob[HEADER..])
            .map_err(|_| Error::internal("sealing failed"))?;
        blob[HEADER - NONCE_BYTES..HEADER].copy_from_slice(nonce.as_ref());
        blob.extend_from_slice(tag.as_ref());
        Ok(blob)
    }

    pub(super) fn open(&self, context: &[u8], blob: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let Some(made_with) = KeyId::of_blob(blob).filter(|_| blob.len() >= OVERHEAD) else {
            return Err(Error::internal("a sealed value has an unknown layout"));
        };
        if made_with != self.id {
            return Err(Error::internal(format!(
                "a sealed value was made with another key ({made_with})"
            )));
        }
        let damaged = |_| Error::internal("a sealed value is damaged or from another place");
        let (header, sealed) = blob.split_at(HEADER);
        let nonce = Nonce::try_assume_unique_for_key(&header[HEADER - NONCE_BYTES..]);
        let nonce = nonce.map_err(damaged)?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let opened = self
            .cipher
            .open_in_place(nonce, Aad::from(context), &mut plain);
        let length = opened.map_err(damaged)?.len();
        plain.truncate(length);
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SealingKey {
        SealingKey::new(&Zeroizing::new(std::array::from_fn(|at| {
            at.to_le_bytes()[0]
        })))
        .unwrap()
    }

    /// Made by Python's `cryptography`, of "a secret" with that key.
    #[test]
    fn what_another_implementation_sealed_opens() {
        let blob =
            "0133496f566465666768696a6b6c6d6e6f293bad031a9b33ea9cf72a0c8525e362c52c3bdfa59720f0";
        let digits = blob.as_bytes().chunks(2);
        let blob: Vec<u8> = digits
            .map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap())
            .collect();
        assert_eq!(
            key().open(b"context", &blob).unwrap().as_slice(),
            b"a secret"
        );
        assert!(key().open(b"another", &blob).is_err());
    }

    #[test]
    fn a_value_sealed_twice_looks_different_and_none_of_its_parts_may_change() {
        let [one, two] = [(); 2].map(|()| key().seal(b"context", b"a secret").unwrap());
        assert_ne!(one, two);
        for at in 0..one.len() {
            let mut damaged = one.clone();
            damaged[at] ^= 1;
            assert!(key().open(b"context", &damaged).is_err(), "byte {at}");
            assert!(key().open(b"context", &one[..at]).is_err(), "{at} bytes");
        }
        assert_eq!(key().seal(b"context", b"").unwrap().len(), OVERHEAD);
    }
}
