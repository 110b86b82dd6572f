//! Base64 in both alphabets (RFC 4648 sections 4 and 5).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE};
use serde_json::Value;

use super::text;

/// Senders differ on padding, and readers must bear it.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const ANY: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// `"hi"` is `"aGk="`.
pub(super) fn b64(input: &Value) -> Result<Value, String> {
    Ok(STANDARD.encode(text(input)?).into())
}

/// The same with `-` and `_` in the place of `+` and `/`, padded.
pub(super) fn b64url(input: &Value) -> Result<Value, String> {
    Ok(URL_SAFE.encode(text(input)?).into())
}

/// The text behind Base64 of either alphabet, padded or not. What is no UTF-8 in it is replaced.
pub(super) fn b64d(input: &Value) -> Result<Value, String> {
    let bytes = decode(text(input)?)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned().into())
}

/// The bytes behind Base64 of either alphabet, padded or not, with or without line breaks.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    let plain: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    ANY.decode(plain).map_err(|_| "is no Base64".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn both_alphabets_are_written_padded_and_read_without_padding() {
        assert_eq!(b64(&json!("a??>")), Ok(json!("YT8/Pg==")));
        assert_eq!(b64url(&json!("a??>")), Ok(json!("YT8_Pg==")));
        for form in ["YT8/Pg==", "YT8_Pg", "YT8_\r\nPg=="] {
            assert_eq!(b64d(&json!(form)), Ok(json!("a??>")), "{form}");
        }
    }

    #[test]
    fn what_is_no_text_or_no_base64_is_refused() {
        assert!(b64(&json!(1)).is_err());
        assert!(b64d(&json!("a*b")).is_err());
        assert_eq!(b64d(&json!("/w==")), Ok(json!("\u{fffd}")));
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(content in ".*") {
            for encode in [b64, b64url] {
                let encoded = encode(&json!(content)).unwrap();
                prop_assert_eq!(b64d(&encoded), Ok(json!(content)));
            }
        }
    }
}
