//! What OAuth 1 signs, and the signature (RFC 5849 section 3.4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use url::Url;
use zeroize::Zeroizing;

use crate::catalog::manifest::Signature;
use crate::crypto::{hmac_sha1, hmac_sha256};

/// All but what RFC 3986 section 2.3 calls unreserved (RFC 5849 section 3.6).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text in the encoding of RFC 5849 section 3.6.
pub(super) fn encoded(text: &[u8]) -> String {
    percent_encode(text, RESERVED).to_string()
}

/// The name that `oauth_signature_method` has.
pub(super) const fn name(method: Signature) -> &'static str {
    match method {
        Signature::HmacSha1 => "HMAC-SHA1",
        Signature::HmacSha256 => "HMAC-SHA256",
        Signature::Plaintext => "PLAINTEXT",
    }
}

/// The signature over a request whose `oauth_` parameters are `protocol`, by both secrets.
pub(super) fn sign(
    method: Signature,
    request: (&Method, &Url, &[u8]),
    protocol: &[(&str, String)],
    consumer_secret: &str,
    token_secret: &str,
) -> String {
    let key = Zeroizing::new(format!(
        "{}&{}",
        encoded(consumer_secret.as_bytes()),
        encoded(token_secret.as_bytes())
    ));
    let base = || base_string(request, protocol);
    match method {
        Signature::Plaintext => key.as_str().to_owned(),
        Signature::HmacSha1 => STANDARD.encode(hmac_sha1(key.as_bytes(), base().as_bytes())),
        Signature::HmacSha256 => STANDARD.encode(hmac_sha256(key.as_bytes(), base().as_bytes())),
    }
}

/// RFC 5849 section 3.4.1.1. The form is the body, where it is one.
fn base_string((method, url, form): (&Method, &Url, &[u8]), protocol: &[(&str, String)]) -> String {
    let mut parameters: Vec<(String, String)> = protocol
        .iter()
        .map(|(name, value)| (encoded(name.as_bytes()), encoded(value.as_bytes())))
        .collect();
    parameters.extend(pairs(url.query().unwrap_or_default().as_bytes()));
    parameters.extend(pairs(form));
    // Sorted as they are encoded (section 3.4.1.3.2), bytes before their meaning.
    parameters.sort_unstable();
    let parameters: Vec<String> = parameters
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    // The origin leaves the usual port out (section 3.4.1.2).
    let target = format!("{}{}", url.origin().ascii_serialization(), url.path());
    format!(
        "{}&{}&{}",
        method.as_str(),
        encoded(target.as_bytes()),
        encoded(parameters.join("&").as_bytes())
    )
}

/// The parameters of a query or form, decoded and encoded anew (section 3.4.1.3.1). Bytes, not
/// characters: a parameter need not be UTF-8.
fn pairs(text: &[u8]) -> impl Iterator<Item = (String, String)> {
    text.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(end) => (&pair[..end], &pair[end + 1..]),
                None => (pair, &[][..]),
            };
            (renewed(name), renewed(value))
        })
}

fn renewed(text: &[u8]) -> String {
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    let decoded: Vec<u8> = percent_decode(&spaced).collect();
    encoded(&decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protocol<'p>(pairs: &[(&'p str, &str)]) -> Vec<(&'p str, String)> {
        pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect()
    }

    #[test]
    fn the_base_string_of_the_rfc_comes_out() {
        // RFC 5849 section 3.4.1.1.
        let url = "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b";
        let url: Url = url.parse().unwrap();
        let protocol = protocol(&[
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ]);
        assert_eq!(
            base_string((&Method::POST, &url, b"c2&a3=2+q"), &protocol),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D\
             %253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce\
             %3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26\
             oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    #[test]
    fn the_published_example_of_twitter_comes_out() {
        let url = "https://api.twitter.com/1.1/statuses/update.json?include_entities=true";
        let url: Url = url.parse().unwrap();
        let form = b"status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21";
        let protocol = protocol(&[
            ("oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"),
            ("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1318622958"),
            (
                "oauth_token",
                "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            ),
            ("oauth_version", "1.0"),
        ]);
        let signed = |method| {
            sign(
                method,
                (&Method::POST, &url, form.as_slice()),
                &protocol,
                "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
                "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
            )
        };
        assert_eq!(signed(Signature::HmacSha1), "hCtSmYh+iHYCEqBWrE7C7hYmtUk=");
        assert_eq!(
            signed(Signature::Plaintext),
            "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw&LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"
        );
    }

    #[test]
    fn ports_and_odd_bytes_are_signed_as_they_are() {
        let url: Url = "https://Example.com:443/a%20b?x=%FF&y=%2B+*'~"
            .parse()
            .unwrap();
        assert_eq!(
            base_string((&Method::GET, &url, b""), &[]),
            "GET&https%3A%2F%2Fexample.com%2Fa%2520b&x%3D%25FF%26y%3D%252B%2520%252A%2527~"
        );
        let url: Url = "http://example.com:8080/".parse().unwrap();
        assert_eq!(
            base_string((&Method::GET, &url, b""), &[]),
            "GET&http%3A%2F%2Fexample.com%3A8080%2F&"
        );
    }
}
