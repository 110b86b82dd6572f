//! What every page has: its frame, and the headers that keep it from being framed, cached or leaked.

use std::sync::LazyLock;

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use url::Url;

use crate::accounts::connect::Scene;
use crate::error::{Error, Result};

const STYLE: &str = include_str!("../../../templates/connect/style.css");
/// What a logo that is missing is replaced by.
const MOST_INITIALS: usize = 2;

static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE.as_bytes())));

/// How a page feels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// It worked.
    Good,
    /// It did not.
    Bad,
    /// It is under way.
    Calm,
}

impl Tone {
    /// The style's class.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Calm => "calm",
        }
    }
}

/// What surrounds the content of a page.
pub(super) struct Frame<'a> {
    pub(super) title: String,
    pub(super) style: &'static str,
    pub(super) tone: Tone,
    pub(super) parties: Option<Parties<'a>>,
}

/// The pictures of the application and the service.
pub(super) struct Parties<'a> {
    pub(super) app: Badge<'a>,
    pub(super) toolkit: Badge<'a>,
}

/// A logo, and what stands in its place while it is not there.
pub(super) struct Badge<'a> {
    /// Empty where there is no name either.
    pub(super) initials: String,
    pub(super) logo: Option<&'a Url>,
}

impl<'a> Frame<'a> {
    /// A page's frame; `title` says the page's state.
    pub(super) fn new(title: &str, tone: Tone, scene: Option<&'a Scene>) -> Self {
        let app_name = scene.and_then(|scene| scene.app_name.as_deref());
        Self {
            title: match app_name {
                Some(name) => format!("{title} – {name}"),
                None => title.to_owned(),
            },
            style: STYLE,
            tone,
            parties: scene.map(|scene| Parties {
                app: Badge {
                    initials: initials(app_name.unwrap_or_default()),
                    logo: scene.app_logo.as_ref(),
                },
                toolkit: Badge {
                    initials: initials(&scene.toolkit_name),
                    logo: scene.toolkit_logo.as_ref(),
                },
            }),
        }
    }

    /// Nothing but the page's own style, and pictures from where its logos are. Forms go to the
    /// page itself: browsers apply `form-action` to every redirect after a form, so pages lead on
    /// by [`go_on`] instead.
    fn policy(&self) -> String {
        let style = &*STYLE_HASH;
        let parties = self.parties.iter();
        let mut pictures: Vec<String> = parties
            .flat_map(|parties| [parties.app.logo, parties.toolkit.logo])
            .flatten()
            .map(|url| url.origin().ascii_serialization())
            .collect();
        pictures.sort();
        pictures.dedup();
        if pictures.is_empty() {
            pictures.push("'none'".into());
        }
        let pictures = pictures.join(" ");
        format!(
            "default-src 'none'; style-src 'sha256-{style}'; img-src {pictures}; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    }
}

/// The first letters of a name's first words.
fn initials(name: &str) -> String {
    name.split_whitespace()
        .filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()))
        .take(MOST_INITIALS)
        .flat_map(char::to_uppercase)
        .collect()
}

/// A page as an answer.
pub(super) fn render(
    status: StatusCode,
    frame: &Frame<'_>,
    page: &impl Template,
) -> Result<Response> {
    let html = page
        .render()
        .map_err(|cause| Error::internal(format!("a page cannot be made: {cause}")))?;
    let policy = HeaderValue::from_str(&frame.policy())
        .map_err(|_| Error::internal("a page's policy is no header value"))?;
    let mut response = protect((status, Html(html)).into_response());
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// On to another site, from an address that no form was sent to.
pub(super) fn redirect(url: &Url) -> Result<Response> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    response
        .headers_mut()
        .insert(header::LOCATION, header_of(url.as_str())?);
    Ok(protect(response))
}

/// Has the browser go on from `page` at once. A redirect would be held against the policy of the
/// page with the form, and so would each redirect after it, which nobody can foresee.
pub(super) fn go_on(mut page: Response, url: &Url) -> Result<Response> {
    let refresh = header_of(&format!("0; url={url}"))?;
    page.headers_mut().insert(header::REFRESH, refresh);
    Ok(page)
}

fn header_of(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| Error::internal("a URL to go to is no header value"))
}

fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 5] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_stand_for_any_name() {
        for (name, expected) in [
            ("Acme & Sons", "AS"),
            ("github", "G"),
            ("ärger über alles", "ÄÜ"),
            ("<b>Our App</b>", "BA"),
            ("…", ""),
            ("", ""),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
