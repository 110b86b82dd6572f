//! The key of one file's content, which is sealed in chunks so that no file is held in memory.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::sealing_key::{OVERHEAD, SealingKey};
use super::vault::random_key;
use super::{DataKey, KEY_BYTES, Place};
use crate::error::{Error, Result};

/// By how many bytes a sealed chunk is longer than the plain one.
pub const SEALED_OVERHEAD: usize = OVERHEAD;

/// The key of one file's content, opened.
#[derive(Clone)]
pub struct ContentKey(Arc<SealingKey>);

impl std::fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContentKey")
    }
}

impl ContentKey {
    /// A new key, and how it is stored at `place`.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate(project: &DataKey, place: Place<'_>) -> Result<(Self, Vec<u8>)> {
        let key = random_key()?;
        let sealed = project.seal(place, key.as_slice())?;
        Ok((Self(Arc::new(SealingKey::new(&key)?)), sealed))
    }

    /// Opens a key that was sealed for `place`.
    ///
    /// # Errors
    /// As [`DataKey::open`].
    pub fn open(project: &DataKey, place: Place<'_>, sealed: &[u8]) -> Result<Self> {
        let opened = project.open(place, sealed)?;
        let bytes: [u8; KEY_BYTES] = opened
            .as_slice()
            .try_into()
            .map_err(|_| Error::internal("the key of a file has the wrong length"))?;
        Ok(Self(Arc::new(SealingKey::new(&Zeroizing::new(bytes))?)))
    }

    /// Seals a chunk. It opens as this chunk of this blob only: chunks cannot change places, and a
    /// content that ends without its last chunk was cut short.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn seal(&self, blob: &str, index: u64, is_last: bool, plain: &[u8]) -> Result<Vec<u8>> {
        self.0.seal(&context(blob, index, is_last), plain)
    }

    /// Opens a chunk.
    ///
    /// # Errors
    /// When it is damaged, of another blob, or not this chunk.
    pub fn open_chunk(
        &self,
        blob: &str,
        index: u64,
        is_last: bool,
        sealed: &[u8],
    ) -> Result<Vec<u8>> {
        let mut opened = self.0.open(&context(blob, index, is_last), sealed)?;
        Ok(std::mem::take(&mut *opened))
    }
}

fn context(blob: &str, index: u64, is_last: bool) -> Vec<u8> {
    format!("file content|{blob}|{index}|{is_last}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Vault;
    use crate::ids::ProjectId;

    const PLACE: Place<'static> = Place {
        table: "files",
        row: "file_1",
        column: "content_key",
    };

    fn data_key() -> DataKey {
        let vault = Vault::from_text(&Vault::generate_text().unwrap()).unwrap();
        let project = ProjectId::from("proj_a".to_owned());
        let sealed = vault.new_data_key(&project).unwrap();
        vault.open_data_key(&project, &sealed, &[]).unwrap()
    }

    #[test]
    fn a_chunk_opens_in_its_place_and_nowhere_else() {
        let data_key = data_key();
        let (key, sealed) = ContentKey::generate(&data_key, PLACE).unwrap();
        let chunk = key.seal("blob", 3, false, b"content").unwrap();
        assert_eq!(chunk.len(), b"content".len() + SEALED_OVERHEAD);
        let again = ContentKey::open(&data_key, PLACE, &sealed).unwrap();
        assert_eq!(
            again.open_chunk("blob", 3, false, &chunk).unwrap(),
            b"content"
        );
        for (blob, index, is_last) in [("other", 3, false), ("blob", 4, false), ("blob", 3, true)] {
            assert!(key.open_chunk(blob, index, is_last, &chunk).is_err());
        }
    }
}
