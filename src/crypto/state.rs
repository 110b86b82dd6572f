//! The signed `state` of an OAuth round trip (RFC 6749 section 10.12, as a JWT, RFC 7519).

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ids::{AttemptId, ProjectId};
use crate::time::Timestamp;

const AUDIENCE: &str = "tenon-oauth-state";

/// Signs and reads state tokens.
#[derive(Clone)]
pub struct StateSigner {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl std::fmt::Debug for StateSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StateSigner")
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    aud: String,
    jti: String,
    prj: String,
    exp: i64,
}

impl StateSigner {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
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
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|cause| Error::internal(format!("state cannot be signed: {cause}")))
    }

    /// Whose attempt a state names; `None` when it is not ours or over.
    #[must_use]
    pub fn read(&self, state: &str, now: Timestamp) -> Option<(ProjectId, AttemptId)> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        // The expiry is checked against our own clock below.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(state, &self.decoding, &validation)
            .ok()?
            .claims;
        (claims.exp >= now.as_secs()).then(|| (claims.prj.into(), claims.jti.into()))
    }
}
