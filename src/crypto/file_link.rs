//! Links that open one file for a while, to whoever holds them: an HMAC (RFC 2104) with SHA-256
//! over what the link allows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{KEY_BYTES, Vault};
use crate::error::{Error, Result};
use crate::ids::{FileId, ProjectId};
use crate::time::Timestamp;

/// What a link lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAccess {
    /// Fetch the content.
    Read,
    /// Bring the content, which must have the announced hash.
    Write,
}

/// Signs links with the master key in force, and knows those of every accepted one again: a link may
/// be on its way while the master key is replaced.
#[derive(Debug, Clone)]
pub struct FileLinkSigner(Vault);

impl FileLinkSigner {
    pub(super) const fn new(vault: Vault) -> Self {
        Self(vault)
    }

    /// The signature of a link, as it stands in a URL.
    ///
    /// # Errors
    /// Never in practice; HMAC takes keys of any length.
    pub fn sign(
        &self,
        access: FileAccess,
        project: &ProjectId,
        file: &FileId,
        expires_at: Timestamp,
    ) -> Result<String> {
        let keys = self.0.signing_keys();
        let key = keys
            .first()
            .ok_or_else(|| Error::internal("there is no master key"))?;
        let signature = over(&key.file_link_secret, access, project, file, expires_at)?;
        Ok(URL_SAFE_NO_PAD.encode(signature.finalize().into_bytes()))
    }

    /// Whether `signature` is that of this very link; compared in constant time. Whether the link
    /// is over is for the caller to see.
    #[must_use]
    pub fn is_signed(
        &self,
        access: FileAccess,
        project: &ProjectId,
        file: &FileId,
        expires_at: Timestamp,
        signature: &str,
    ) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        let keys = self.0.signing_keys();
        keys.iter().any(|key| {
            over(&key.file_link_secret, access, project, file, expires_at)
                .is_ok_and(|own| own.verify_slice(&signature).is_ok())
        })
    }
}

fn over(
    secret: &Zeroizing<[u8; KEY_BYTES]>,
    access: FileAccess,
    project: &ProjectId,
    file: &FileId,
    expires_at: Timestamp,
) -> Result<Hmac<Sha256>> {
    let verb = match access {
        FileAccess::Read => "GET",
        FileAccess::Write => "PUT",
    };
    // An id may be any text a caller sends; the lengths keep a line break in one from being ours.
    let (project, file) = (project.as_str(), file.as_str());
    let text = format!(
        "{verb}\n{}\n{project}\n{}\n{file}\n{}",
        project.len(),
        file.len(),
        expires_at.as_secs()
    );
    let hmac = Hmac::<Sha256>::new_from_slice(secret.as_slice())
        .map_err(|_| Error::internal("HMAC takes keys of any length"))?;
    Ok(hmac.chain_update(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_its_own_link_alone() {
        let text = || Vault::generate_text().unwrap();
        let (own, newer) = (text(), text());
        let signer = Vault::from_text(&own).unwrap().file_link_signer();
        let (project, other) = (
            ProjectId::from("proj_a".to_owned()),
            ProjectId::from("proj_b".to_owned()),
        );
        let (file, second) = (
            FileId::from("file_a".to_owned()),
            FileId::from("file_b".to_owned()),
        );
        let (soon, later) = (Timestamp::from_millis(1000), Timestamp::from_millis(2000));
        let signature = signer
            .sign(FileAccess::Read, &project, &file, soon)
            .unwrap();
        assert!(signer.is_signed(FileAccess::Read, &project, &file, soon, &signature));
        for (access, project, file, expires_at) in [
            (FileAccess::Write, &project, &file, soon),
            (FileAccess::Read, &other, &file, soon),
            (FileAccess::Read, &project, &second, soon),
            (FileAccess::Read, &project, &file, later),
        ] {
            assert!(!signer.is_signed(access, project, file, expires_at, &signature));
        }
        let stranger = Vault::from_text(&newer).unwrap().file_link_signer();
        assert!(!stranger.is_signed(FileAccess::Read, &project, &file, soon, &signature));
        let both = Vault::with_keys(vec![newer.into(), own.into()]).unwrap();
        let both = both.file_link_signer();
        assert!(both.is_signed(FileAccess::Read, &project, &file, soon, &signature));
        for wrong in ["", "!", &signature[1..]] {
            assert!(!signer.is_signed(FileAccess::Read, &project, &file, soon, wrong));
        }
    }
}
