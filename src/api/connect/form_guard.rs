//! Proves that a form was sent from the page that it stands on: the page gives the browser a
//! cookie, and the form carries a value that only who knows both cookie and link can make. Another
//! site can send a form here, but neither read the cookie nor have it sent along (`SameSite`).

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};
use crate::ids::random_text;

/// The name of the form's hidden field.
pub(super) const FIELD: &str = "form_token";
const NONCE_CHARACTERS: usize = 32;
/// Longer than any link is good for.
const COOKIE_SECONDS: u32 = 3600;

/// What a browser is known by while it has a page open.
pub(super) struct FormGuard {
    nonce: String,
    is_secure: bool,
}

impl FormGuard {
    /// The browser's own, or a new one. Several pages of a browser share it, so that one does not
    /// end another's.
    pub(super) fn of(headers: &HeaderMap, is_secure: bool) -> Self {
        let nonce = known_nonce(headers, is_secure);
        Self {
            nonce: nonce.unwrap_or_else(|| random_text(NONCE_CHARACTERS)),
            is_secure,
        }
    }

    /// The value of the form's hidden field on the page of `link`.
    pub(super) fn value(&self, link: &str) -> String {
        seal(&self.nonce, link)
    }

    /// The cookie that belongs to it.
    pub(super) fn cookie(&self) -> Result<HeaderValue> {
        let (name, nonce) = (cookie_name(self.is_secure), &self.nonce);
        let secure = if self.is_secure { "; Secure" } else { "" };
        HeaderValue::from_str(&format!(
            "{name}={nonce}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax{secure}"
        ))
        .map_err(|_| Error::internal("a cookie is no header value"))
    }
}

/// Whether `value` came from the page of `link`, in the browser that the request comes from.
pub(super) fn is_own_form(headers: &HeaderMap, is_secure: bool, link: &str, value: &str) -> bool {
    // Fetch Metadata: browsers that send it say themselves when another site is behind it.
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|site| !matches!(site, b"same-origin" | b"none")) {
        return false;
    }
    known_nonce(headers, is_secure)
        .is_some_and(|nonce| bool::from(seal(&nonce, link).as_bytes().ct_eq(value.as_bytes())))
}

/// Browsers keep a name with this prefix from other hosts of the same domain (RFC 6265bis).
const fn cookie_name(is_secure: bool) -> &'static str {
    if is_secure {
        "__Host-tenon_page"
    } else {
        "tenon_page"
    }
}

fn known_nonce(headers: &HeaderMap, is_secure: bool) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == cookie_name(is_secure))
        .map(|(_, nonce)| nonce.to_owned())
        .filter(|nonce| {
            nonce.len() == NONCE_CHARACTERS
                && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

fn seal(nonce: &str, link: &str) -> String {
    let digest = Sha256::new()
        .chain_update("tenon connect page\0")
        .chain_update(nonce)
        .chain_update("\0")
        .chain_update(link)
        .finalize();
    URL_SAFE_NO_PAD.encode(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(cookie: &str) -> HeaderMap {
        let value = HeaderValue::from_str(cookie).unwrap();
        HeaderMap::from_iter([(header::COOKIE, value)])
    }

    fn cookie_of(guard: &FormGuard) -> String {
        let cookie = guard.cookie().unwrap();
        let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
        format!("other=1; {pair}")
    }

    #[test]
    fn a_form_counts_with_its_own_link_and_cookie_only() {
        let guard = FormGuard::of(&HeaderMap::new(), true);
        let value = guard.value("ln_a");
        let own = browser(&cookie_of(&guard));
        assert!(is_own_form(&own, true, "ln_a", &value));
        assert!(!is_own_form(&own, true, "ln_b", &value));
        assert!(!is_own_form(&own, true, "ln_a", ""));
        assert!(!is_own_form(&HeaderMap::new(), true, "ln_a", &value));
        let other = browser(&cookie_of(&FormGuard::of(&HeaderMap::new(), true)));
        assert!(!is_own_form(&other, true, "ln_a", &value));
        assert_eq!(FormGuard::of(&own, true).value("ln_a"), value);
    }

    #[test]
    fn a_browser_that_says_another_site_is_behind_it_is_believed() {
        let guard = FormGuard::of(&HeaderMap::new(), false);
        for (site, expected) in [
            ("same-origin", true),
            ("none", true),
            ("cross-site", false),
            ("same-site", false),
        ] {
            let mut headers = browser(&cookie_of(&guard));
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            let is_own = is_own_form(&headers, false, "ln_a", &guard.value("ln_a"));
            assert_eq!(is_own, expected, "{site}");
        }
    }
}
