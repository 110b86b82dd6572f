//! The signed `state` of an OAuth round trip (RFC 6749 section 10.12, as a JWT, RFC 7519).

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::Vault;
use crate::error::{Error, Result};
use crate::ids::{AttemptId, ProjectId};
use crate::time::Timestamp;

const AUDIENCE: &str = "tenon-oauth-state";

/// Signs state tokens with the master key in force, and reads those of every accepted one: a user
/// may be at the provider while the master key is replaced.
#[derive(Debug, Clone)]
pub struct StateSigner(Vault);

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    aud: String,
    jti: String,
    prj: String,
    exp: i64,
}

impl StateSigner {
    pub(super) fn new(vault: Vault) -> Self {
        Self(vault)
    }

    /// A state that names one attempt and ends at `expires_at`.
    ///
    /// # Errors
    /// Never in practice; signing with HMAC needs only memory.
    pub fn sign(
        &self,
        project: &ProjectId,
        attempt: &AttemptId,
        expires_at: Timestamp,
    ) -> Result<String> {
        let claims = Claims {
            aud: AUDIENCE.into(),
            jti: attempt.as_str().into(),
            prj: project.as_str().into(),
            exp: expires_at.as_secs(),
        };
        let keys = self.0.signing_keys();
        let key = keys
            .first()
            .ok_or_else(|| Error::internal("there is no master key"))?;
        let key = EncodingKey::from_secret(key.state_secret.as_slice());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
            .map_err(|cause| Error::internal(format!("state cannot be signed: {cause}")))
    }

    /// Whose attempt a state names; `None` when it is not ours or over.
    #[must_use]
    pub fn read(&self, state: &str, now: Timestamp) -> Option<(ProjectId, AttemptId)> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        // The expiry is checked against our own clock below.
        validation.validate_exp = false;
        let keys = self.0.signing_keys();
        let claims = keys.iter().find_map(|key| {
            let key = DecodingKey::from_secret(key.state_secret.as_slice());
            jsonwebtoken::decode::<Claims>(state, &key, &validation).ok()
        });
        let claims = claims?.claims;
        (claims.exp >= now.as_secs()).then(|| (claims.prj.into(), claims.jti.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_of_the_former_master_key_is_read_as_long_as_that_key_is_accepted() {
        let (old, new) = (
            Vault::generate_text().unwrap(),
            Vault::generate_text().unwrap(),
        );
        let now = Timestamp::from_millis(0);
        let (project, attempt) = (ProjectId::generate(), AttemptId::generate());
        let before = Vault::from_text(&old).unwrap().state_signer();
        let state = before.sign(&project, &attempt, now).unwrap();
        let both = Vault::with_keys(vec![new.clone().into(), old.into()]).unwrap();
        let read = both.state_signer().read(&state, now);
        assert_eq!(read, Some((project.clone(), attempt.clone())));
        let after = Vault::from_text(&new).unwrap().state_signer();
        assert_eq!(after.read(&state, now), None);
        let fresh = both.state_signer().sign(&project, &attempt, now).unwrap();
        assert!(after.read(&fresh, now).is_some());
    }
}
