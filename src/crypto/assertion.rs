//! Signs assertions (RFC 7519) with keys of an account.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::catalog::exchange::JwtAlgorithm;

const PEM_LINE: usize = 64;

/// The signed token; none when `key` is no key for the algorithm.
#[must_use]
pub fn sign_assertion(
    algorithm: JwtAlgorithm,
    key: &str,
    key_id: Option<String>,
    claims: &Map<String, Value>,
) -> Option<String> {
    let encoding = encoding_key(algorithm, key)?;
    let mut header = Header::new(match algorithm {
        JwtAlgorithm::RS256 => Algorithm::RS256,
        JwtAlgorithm::ES256 => Algorithm::ES256,
        JwtAlgorithm::HS256 => Algorithm::HS256,
    });
    header.kid = key_id;
    jsonwebtoken::encode(&header, claims, &encoding).ok()
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
