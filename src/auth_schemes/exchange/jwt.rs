//! Signs the assertion of an exchange (RFC 7519, RFC 7523 section 3).

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::texts::Texts;
use crate::catalog::exchange::{JwtAlgorithm, JwtManifest};
use crate::error::{Error, Result};
use crate::time::Timestamp;

const PEM_LINE: usize = 64;

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
    let encoding = encoding_key(*algorithm, &Zeroizing::new(texts.needed(key)?))
        .ok_or_else(|| no_key(key, *algorithm))?;
    let mut header = Header::new(match algorithm {
        JwtAlgorithm::RS256 => Algorithm::RS256,
        JwtAlgorithm::ES256 => Algorithm::ES256,
        JwtAlgorithm::HS256 => Algorithm::HS256,
    });
    if let Some(key_id) = key_id {
        header.kid = texts.optional(key_id)?;
    }
    let mut claims: Map<String, Value> = match texts.json(&Value::Object(claims.clone()))? {
        Some(Value::Object(claims)) => claims,
        _ => Map::new(),
    };
    let issued = now.as_secs() - i64::from(*backdate);
    claims.insert("iat".into(), issued.into());
    claims.insert("exp".into(), (issued + i64::from(*lifetime)).into());
    jsonwebtoken::encode(&header, &claims, &encoding).map_err(|_| no_key(key, *algorithm))
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

fn encoding_key(algorithm: JwtAlgorithm, key: &str) -> Option<EncodingKey> {
    match algorithm {
        JwtAlgorithm::RS256 => EncodingKey::from_rsa_pem(mended_pem(key)?.as_bytes()).ok(),
        JwtAlgorithm::ES256 => EncodingKey::from_ec_pem(mended_pem(key)?.as_bytes()).ok(),
        JwtAlgorithm::HS256 => (!key.is_empty()).then(|| EncodingKey::from_secret(key.as_bytes())),
    }
}

/// PEM (RFC 7468) out of what people paste: with `\n` written out, as it stands in JSON and
/// environment files, or with its lines lost, as a one-line form field leaves it.
fn mended_pem(text: &str) -> Option<Zeroizing<String>> {
    let text = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|c| !c.is_whitespace()).collect());
    if !body.is_ascii() {
        return None;
    }
    let mut pem = Zeroizing::new(format!("-----BEGIN {label}-----\n"));
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, further) = rest.split_at(rest.len().min(PEM_LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = further;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    Some(pem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_lost_its_lines_gets_them_back() {
        let body = "A".repeat(70);
        let expected = format!(
            "-----BEGIN RSA PRIVATE KEY-----\n{}\n{}\n-----END RSA PRIVATE KEY-----\n",
            "A".repeat(64),
            "A".repeat(6)
        );
        for pasted in [
            format!("-----BEGIN RSA PRIVATE KEY-----\\n{body}\\n-----END RSA PRIVATE KEY-----\\n"),
            format!("-----BEGIN RSA PRIVATE KEY-----{body}-----END RSA PRIVATE KEY-----"),
            format!(" -----BEGIN RSA PRIVATE KEY----- {body} -----END RSA PRIVATE KEY-----"),
            format!("-----BEGIN RSA PRIVATE KEY-----\r\n{body}\r\n-----END RSA PRIVATE KEY-----"),
        ] {
            assert_eq!(*mended_pem(&pasted).unwrap(), expected, "{pasted}");
        }
        assert!(mended_pem("MIIEvQIBADANBg").is_none());
    }
}
