//! Sealing of secrets, hashing of API keys, signing of state. The master key lives only here.
//!
//! Two levels (envelope encryption): the master key seals one data key a project, the data key
//! seals the project's secrets with AES-256-GCM. A sealed blob is bound to its [`Place`] and its
//! project as associated data, so that it opens nowhere else.

mod api_key;
mod assertion;
mod content_key;
mod data_key;
mod file_link;
mod mac;
mod mcp_client;
mod sealing_key;
mod state;
mod vault;

pub use api_key::{ApiKeySecret, hash_api_key, same_hash};
pub use assertion::sign_assertion;
pub use content_key::{ContentKey, SEALED_OVERHEAD};
pub use data_key::{DataKey, Place};
pub use file_link::{FileAccess, FileLinkSigner};
pub use mac::{hmac_sha1, hmac_sha256};
pub use mcp_client::{McpClientClaims, McpClientSigner};
pub use sealing_key::KeyId;
pub use state::StateSigner;
pub use vault::{MasterKeySource, Vault};

use crate::error::{Error, Result};

const KEY_BYTES: usize = 32;

fn fill_random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes)
        .map_err(|cause| Error::internal(format!("no randomness from the system: {cause}")))
}
