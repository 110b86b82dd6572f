//! A project's data keys: one seals, and those that come or go beside it open as well.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::sealing_key::{KeyId, SealingKey};
use crate::error::{Error, Result};
use crate::ids::ProjectId;

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

/// A project's data key, opened, with the project's other keys while the key is being replaced.
#[derive(Clone)]
pub struct DataKey {
    pub(super) project: ProjectId,
    pub(super) current: Arc<SealingKey>,
    pub(super) others: Vec<Arc<SealingKey>>,
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKey({})", self.project)
    }
}

impl DataKey {
    /// The name of the key that seals.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.current.id
    }

    /// Seals `plain` for one place of this project.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        self.current.seal(&self.context(place), plain)
    }

    /// Opens what was sealed for this place of this project.
    ///
    /// # Errors
    /// When the blob is from elsewhere, damaged, or sealed by another key.
    pub fn open(&self, place: Place<'_>, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let made_with = KeyId::of_blob(blob);
        let other = self.others.iter().find(|key| Some(key.id) == made_with);
        let key = other.unwrap_or(&self.current);
        key.open(&self.context(place), blob)
    }

    /// The same value under the current key; `None` when it is that already.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn reseal(&self, place: Place<'_>, blob: &[u8]) -> Result<Option<Vec<u8>>> {
        if KeyId::of_blob(blob) == Some(self.id()) {
            return Ok(None);
        }
        let plain = self.open(place, blob)?;
        self.seal(place, &plain).map(Some)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Vault;

    const PLACE: Place<'static> = Place {
        table: "connected_accounts",
        row: "ca_1",
        column: "credentials",
    };

    fn data_key(project: &str) -> DataKey {
        let vault = Vault::from_text(&Vault::generate_text().unwrap()).unwrap();
        let project = ProjectId::from(project.to_owned());
        let sealed = vault.new_data_key(&project).unwrap();
        vault.open_data_key(&project, &sealed, &[]).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let key = data_key("proj_a");
        let blob = key.seal(PLACE, b"secret").unwrap();
        assert_eq!(key.open(PLACE, &blob).unwrap().as_slice(), b"secret");
        let elsewhere = [
            Place {
                row: "ca_2",
                ..PLACE
            },
            Place {
                column: "other",
                ..PLACE
            },
        ];
        for place in elsewhere {
            assert!(key.open(place, &blob).is_err());
        }
        assert!(!blob.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn a_changed_bit_anywhere_is_noticed() {
        let key = data_key("proj_a");
        let blob = key.seal(PLACE, b"secret").unwrap();
        for at in 0..blob.len() {
            let mut damaged = blob.clone();
            damaged[at] ^= 1;
            assert!(key.open(PLACE, &damaged).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_key_beside_the_current_one_opens_and_its_blob_is_sealed_anew() {
        let (old, mut key) = (data_key("proj_a"), data_key("proj_a"));
        let blob = old.seal(PLACE, b"secret").unwrap();
        assert!(key.open(PLACE, &blob).is_err());
        key.others.push(Arc::clone(&old.current));
        assert_eq!(key.open(PLACE, &blob).unwrap().as_slice(), b"secret");
        let fresh = key.reseal(PLACE, &blob).unwrap().unwrap();
        assert_eq!(KeyId::of_blob(&fresh), Some(key.id()));
        assert_eq!(key.reseal(PLACE, &fresh).unwrap(), None);
        key.others.clear();
        assert_eq!(key.open(PLACE, &fresh).unwrap().as_slice(), b"secret");
    }

    proptest::proptest! {
        #[test]
        fn any_secret_opens_as_it_was_sealed(secret: Vec<u8>) {
            let key = data_key("proj_a");
            let blob = key.seal(PLACE, &secret).unwrap();
            let opened = key.open(PLACE, &blob).unwrap();
            proptest::prop_assert_eq!(opened.as_slice(), secret);
        }
    }
}
