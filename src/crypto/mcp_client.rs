//! Ids of MCP clients that registered themselves (RFC 7591): the registration itself, signed. Anybody may
//! register, so nothing of it is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::{Vault, hmac_sha256};
use crate::error::{Error, Result};

const AUDIENCE: &str = "tenon-mcp-client";

/// What a client said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct McpClientClaims {
    /// For people.
    pub name: String,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// How it proves itself at the token endpoint: `none`, `client_secret_post` or
    /// `client_secret_basic`.
    pub auth_method: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    #[serde(flatten)]
    client: McpClientClaims,
}

/// Signs ids with the master key in force, and reads those of every accepted one.
#[derive(Debug, Clone)]
pub struct McpClientSigner(Vault);

impl McpClientSigner {
    pub(super) const fn new(vault: Vault) -> Self {
        Self(vault)
    }

    /// The id of a client.
    ///
    /// # Errors
    /// Never in practice; signing with HMAC needs only memory.
    pub fn sign(&self, client: McpClientClaims) -> Result<String> {
        let claims = Claims {
            aud: AUDIENCE.into(),
            client,
        };
        let keys = self.0.signing_keys();
        let key = keys
            .first()
            .ok_or_else(|| Error::internal("there is no master key"))?;
        let key = EncodingKey::from_secret(key.state_secret.as_slice());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
            .map_err(|cause| Error::internal(format!("a client id cannot be signed: {cause}")))
    }

    /// Whose id it is; `None` when it is not ours.
    #[must_use]
    pub fn read(&self, id: &str) -> Option<McpClientClaims> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let keys = self.0.signing_keys();
        keys.iter().find_map(|key| {
            let key = DecodingKey::from_secret(key.state_secret.as_slice());
            let claims = jsonwebtoken::decode::<Claims>(id, &key, &validation).ok()?;
            Some(claims.claims.client)
        })
    }

    /// The secrets of a client, that of the master key in force first.
    #[must_use]
    pub fn secrets(&self, id: &str) -> Vec<String> {
        let keys = self.0.signing_keys();
        let secret = |text: String| {
            keys.iter()
                .map(|key| {
                    let mac = hmac_sha256(key.state_secret.as_slice(), text.as_bytes());
                    URL_SAFE_NO_PAD.encode(mac)
                })
                .collect()
        };
        secret(format!("tenon-mcp-client-secret\n{id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_and_a_changed_or_foreign_one_is_not() {
        let vault = Vault::from_text(&Vault::generate_text().unwrap()).unwrap();
        let signer = vault.mcp_client_signer();
        let client = McpClientClaims {
            name: "Editor".into(),
            redirect_uris: vec!["http://127.0.0.1/callback".into()],
            auth_method: "none".into(),
        };
        let id = signer.sign(client.clone()).unwrap();
        assert_eq!(signer.read(&id), Some(client));
        assert_eq!(signer.read(&id.replace('.', "..")), None);
        assert_eq!(signer.read(""), None);
        let other = Vault::from_text(&Vault::generate_text().unwrap()).unwrap();
        assert_eq!(other.mcp_client_signer().read(&id), None);
        assert_ne!(signer.secrets(&id), other.mcp_client_signer().secrets(&id));
    }
}
