//! The name that a `Content-Disposition` gives to a file (RFC 6266): pure.

use http::HeaderMap;
use http::header::CONTENT_DISPOSITION;
use percent_encoding::percent_decode_str;

/// The file's name; `filename*` stands above `filename` (RFC 6266 section 4.3).
pub(super) fn filename(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_DISPOSITION)?;
    // Many servers send UTF-8 as it is, which no RFC allows and every browser reads.
    let text = String::from_utf8_lossy(value.as_bytes());
    let parameters = parameters(&text);
    let find = |wanted: &str| {
        let mut all = parameters.iter();
        let (_, value) = all.find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        Some(value.as_str())
    };
    let extended = find("filename*").and_then(extended);
    let name = extended.or_else(|| find("filename").map(str::to_owned))?;
    (!name.trim().is_empty()).then_some(name)
}

/// `UTF-8''na%C3%AFve.txt` (RFC 8187 section 3.2.1).
fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let decoded = percent_decode_str(encoded);
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" => decoded.decode_utf8().ok().map(Into::into),
        // Every byte is the letter of its number.
        "iso-8859-1" => Some(decoded.map(char::from).collect()),
        _ => None,
    }
}

/// The parameters behind the first `;`, without their quotes.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut letters = text.chars().skip_while(|letter| *letter != ';').skip(1);
    loop {
        let name: String = letters
            .by_ref()
            .take_while(|letter| *letter != '=')
            .collect();
        if name.is_empty() {
            return found;
        }
        let (mut value, mut quoted) = (String::new(), false);
        while let Some(letter) = letters.next() {
            match letter {
                '"' => quoted = !quoted,
                '\\' if quoted => value.extend(letters.next()),
                ';' if !quoted => break,
                letter => value.push(letter),
            }
        }
        found.push((name.trim().to_owned(), value.trim().to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("attachment; filename=plain.txt", Some("plain.txt"))]
    #[case("attachment; filename=\"a; b.txt\"; size=3", Some("a; b.txt"))]
    #[case(r#"inline; filename="q\"uote.txt""#, Some("q\"uote.txt"))]
    #[case("attachment; FILENAME = spaced.txt", Some("spaced.txt"))]
    #[case(
        "attachment; filename=fallback.txt; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt",
        Some("naïve €.txt")
    )]
    #[case("attachment; filename*=iso-8859-1'en'%A3.txt", Some("£.txt"))]
    #[case("attachment; filename*=utf-7''x; filename=kept.txt", Some("kept.txt"))]
    #[case("attachment; filename=Grüße.txt", Some("Grüße.txt"))]
    #[case("attachment", None)]
    #[case("attachment; filename=\"\"", None)]
    #[case("attachment; filename=\"never ends", Some("never ends"))]
    #[case("attachment; filename=\"ends in \\", Some("ends in"))]
    fn the_name_is_found(#[case] header: &str, #[case] name: Option<&str>) {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(header.as_bytes()).unwrap();
        headers.insert(CONTENT_DISPOSITION, value);
        assert_eq!(filename(&headers).as_deref(), name);
    }
}
