//! API keys: made here once, kept as a hash, compared in constant time.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::ids::random_text;

/// 32 letters and digits: 190 bits, so a plain hash of it cannot be searched.
const RANDOM_CHARACTERS: usize = 32;
const HINT_CHARACTERS: usize = 4;

/// A new API key, shown once.
#[derive(Debug)]
pub struct ApiKeySecret(SecretString);

impl ApiKeySecret {
    /// A key for a project.
    #[must_use]
    pub fn for_project() -> Self {
        Self::with_prefix("ak_")
    }

    /// A key for an organisation.
    #[must_use]
    pub fn for_organization() -> Self {
        Self::with_prefix("oak_")
    }

    /// A key the operator gave.
    #[must_use]
    pub fn given(text: SecretString) -> Self {
        Self(text)
    }

    fn with_prefix(prefix: &str) -> Self {
        Self(format!("{prefix}{}", random_text(RANDOM_CHARACTERS)).into())
    }

    /// The key itself, for the one answer that shows it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is stored.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        hash_api_key(self.reveal())
    }

    /// What lists show instead of the key: its first characters and `...`.
    #[must_use]
    pub fn hint(&self) -> String {
        let shown: String = self.reveal().chars().take(HINT_CHARACTERS).collect();
        format!("{shown}...")
    }
}

/// SHA-256 of a key.
#[must_use]
pub fn hash_api_key(key: &str) -> Vec<u8> {
    Sha256::digest(key.as_bytes()).to_vec()
}

/// Compares two hashes in a time that does not depend on where they differ.
#[must_use]
pub fn same_hash(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
