//! Message authentication codes of signed requests.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// HMAC-SHA1 (RFC 2104): broken as a hash, sound as this, and what OAuth 1 asks for.
#[must_use]
pub fn hmac_sha1(key: &[u8], text: &[u8]) -> Vec<u8> {
    authenticate(Hmac::<Sha1>::new_from_slice(key), text)
}

/// HMAC-SHA256 (RFC 4231).
#[must_use]
pub fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    authenticate(Hmac::<Sha256>::new_from_slice(key), text)
}

/// HMAC takes keys of any length, so there is always one.
fn authenticate<M: Mac, E>(mac: Result<M, E>, text: &[u8]) -> Vec<u8> {
    mac.map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;

    fn base64(bytes: &[u8]) -> String {
        base64::engine::general_purpose::STANDARD.encode(bytes)
    }

    #[test]
    fn the_published_examples_come_out() {
        // RFC 2202 and RFC 4231, test case 2, there in hexadecimal.
        let (key, text) = (b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            base64(&hmac_sha1(key, text)),
            "7/zfauXrL6LSdBbV8YTfnCWafHk="
        );
        assert_eq!(
            base64(&hmac_sha256(key, text)),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
        );
    }
}
