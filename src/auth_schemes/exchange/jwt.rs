//! Signs the assertion of an exchange (RFC 7519, RFC 7523 section 3).

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::texts::Texts;
use crate::catalog::exchange::{JwtAlgorithm, JwtManifest};
use crate::crypto::sign_assertion;
use crate::error::{Error, Result};
use crate::time::Timestamp;

/// The signed token.
///
/// # Errors
/// [`Error::Invalid`] when a field that it needs is not there, or the key is none.
pub(super) fn sign(jwt: &JwtManifest, texts: &Texts<'_>, now: Timestamp) -> Result<String> {
    let JwtManifest {
        algorithm,
        key,
        key_id,
        claims,
        lifetime,
        backdate,
    } = jwt;
    let text = Zeroizing::new(texts.needed(key)?);
    let key_id = match key_id {
        None => None,
        Some(key_id) => texts.optional(key_id)?,
    };
    let mut claims: Map<String, Value> = match texts.json(&Value::Object(claims.clone()))? {
        Some(Value::Object(claims)) => claims,
        _ => Map::new(),
    };
    let issued = now.as_secs() - i64::from(*backdate);
    claims.insert("iat".into(), issued.into());
    claims.insert("exp".into(), (issued + i64::from(*lifetime)).into());
    sign_assertion(*algorithm, &text, key_id, &claims).ok_or_else(|| no_key(key, *algorithm))
}

fn no_key(template: &str, algorithm: JwtAlgorithm) -> Error {
    let field = template.trim_matches(['{', '}']);
    let wanted = match algorithm {
        JwtAlgorithm::RS256 => "an RSA private key in PEM form",
        JwtAlgorithm::ES256 => "a P-256 private key in PEM form (PKCS#8)",
        JwtAlgorithm::HS256 => "a secret to sign with",
    };
    Error::invalid_with_fix(
        format!("`{field}` is not {wanted}"),
        "Give the key as the service handed it out, with its BEGIN and END lines.",
    )
}
