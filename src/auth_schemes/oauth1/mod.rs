//! OAuth 1.0 (RFC 5849): signs requests one by one, and reads the answers that give tokens.

mod reply;
mod signature;

pub use reply::{Tokens, read};

use http::header::{CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::catalog::manifest::Signature;
use crate::error::{Error, Result};
use crate::ids::random_text;
use crate::outbound::SignRequest;
use crate::time::Clock;

const NONCE_CHARACTERS: usize = 32;
const FORM: &str = "application/x-www-form-urlencoded";

/// Signs requests of one consumer, on behalf of a user where there is a token.
#[derive(Debug, Clone)]
pub struct Signer {
    /// How.
    pub method: Signature,
    /// The application's public name.
    pub consumer_key: String,
    /// The application's secret.
    pub consumer_secret: SecretString,
    /// A token and its secret: a request token or one of a user.
    pub token: Option<(String, SecretString)>,
    /// `oauth_callback` or `oauth_verifier`, with its value.
    pub further: Option<(&'static str, String)>,
    /// For the timestamp.
    pub clock: Clock,
}

impl Signer {
    /// The `Authorization` header of a request (RFC 5849 section 3.5.1), which no other request
    /// can use.
    ///
    /// # Errors
    /// Never in practice: all that stands in it is encoded.
    pub fn header(&self, method: &Method, url: &Url, form: &[u8]) -> Result<HeaderValue> {
        let timestamp = self.clock.now().as_secs();
        self.header_at(method, url, form, timestamp, random_text(NONCE_CHARACTERS))
    }

    fn header_at(
        &self,
        method: &Method,
        url: &Url,
        form: &[u8],
        timestamp: i64,
        nonce: String,
    ) -> Result<HeaderValue> {
        let mut protocol = vec![
            ("oauth_consumer_key", self.consumer_key.clone()),
            ("oauth_nonce", nonce),
            (
                "oauth_signature_method",
                signature::name(self.method).to_owned(),
            ),
            ("oauth_timestamp", timestamp.to_string()),
            ("oauth_version", "1.0".to_owned()),
        ];
        protocol.extend(self.further.clone());
        if let Some((token, _)) = &self.token {
            protocol.push(("oauth_token", token.clone()));
        }
        let token_secret = self.token.as_ref().map(|(_, secret)| secret);
        let signature = signature::sign(
            self.method,
            (method, url, form),
            &protocol,
            self.consumer_secret.expose_secret(),
            token_secret.map_or("", ExposeSecret::expose_secret),
        );
        protocol.push(("oauth_signature", signature));
        let parameters: Vec<String> = protocol
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", signature::encoded(value.as_bytes())))
            .collect();
        let mut header = HeaderValue::from_str(&format!("OAuth {}", parameters.join(", ")))
            .map_err(|_| Error::internal("a signature is no header"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

impl SignRequest for Signer {
    fn authorization(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<HeaderValue> {
        let is_form = headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .and_then(|kind| kind.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM));
        self.header(method, url, if is_form { body } else { &[] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn signer() -> Signer {
        Signer {
            method: Signature::HmacSha1,
            consumer_key: "dpf43f3p2l4k3l03".into(),
            consumer_secret: "kd94hf93k423kf44".to_owned().into(),
            token: None,
            further: None,
            clock: Clock::manual(Timestamp::from_millis(137_131_200_000)),
        }
    }

    #[test]
    fn every_request_has_a_nonce_of_its_own_and_the_time() {
        let url: Url = "https://api.test/a?b=c".parse().unwrap();
        let signer = signer();
        let sign = || signer.header(&Method::GET, &url, b"").unwrap();
        let (first, second) = (sign(), sign());
        assert_ne!(first, second);
        let text = first.to_str().unwrap();
        assert!(text.contains("oauth_timestamp=\"137131200\""), "{text}");
        assert!(first.is_sensitive());
        assert!(!format!("{signer:?}").contains("kd94hf93k423kf44"));
    }

    #[test]
    fn a_header_is_written_as_the_rfc_wants_it() {
        let url: Url = "https://photos.example.net/initiate".parse().unwrap();
        let mut signer = signer();
        signer.further = Some(("oauth_callback", "http://a.test/ready?x=1".into()));
        signer.token = Some(("t k".into(), "s".to_owned().into()));
        let header = signer
            .header_at(&Method::POST, &url, b"", 137_131_200, "wIjqoxSZeui".into())
            .unwrap();
        let text = header.to_str().unwrap();
        assert!(text.starts_with("OAuth oauth_consumer_key=\"dpf43f3p2l4k3l03\", "));
        assert!(text.contains("oauth_callback=\"http%3A%2F%2Fa.test%2Fready%3Fx%3D1\", "));
        assert!(text.contains("oauth_token=\"t%20k\", "), "{text}");
        assert!(text.contains("oauth_signature=\""), "{text}");
    }

    #[test]
    fn only_a_form_is_part_of_what_is_signed() {
        let url: Url = "https://api.test/".parse().unwrap();
        let mut signer = signer();
        signer.method = Signature::HmacSha256;
        let signature = |form: &[u8]| {
            let header = signer.header_at(&Method::POST, &url, form, 1, "n".into());
            header.unwrap().to_str().unwrap().to_owned()
        };
        assert_ne!(signature(b""), signature(b"a=1"));
        assert_eq!(signature(b"a=1&b=2"), signature(b"b=2&a=1"));
    }
}
