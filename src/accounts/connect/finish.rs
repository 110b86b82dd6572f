//! The end of a connection, and where it leaves the user's browser.

use url::Url;

use crate::ids::{AccountId, ProjectId};

/// A URL has to fit into one header.
const LONGEST_URL: usize = 4096;

/// The URL that a user's browser may be sent to: absolute, http or https, with a plain host and
/// nobody's name in it; none for anything else.
#[must_use]
pub fn web_address(text: &str) -> Option<Url> {
    let is_one_word = !text
        .chars()
        .any(|character| character.is_control() || character.is_whitespace());
    let (_, rest) = text.split_once("://")?;
    if !is_one_word || text.len() > LONGEST_URL || rest.starts_with('/') {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    // The URL standard lets `;` and `,` stand in a host, which means something in our headers.
    let is_plain = url.host_str().is_some_and(|host| {
        host.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
    });
    let is_nobodys = url.username().is_empty() && url.password().is_none();
    (is_web && is_plain && is_nobodys).then_some(url)
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// The tenant.
    pub project: ProjectId,
    /// The account.
    pub account: AccountId,
    /// Slug of the toolkit.
    pub toolkit: String,
    /// Why it failed; none when it succeeded.
    pub failure: Option<String>,
    /// The account works although this failed: it did before, and its user was asked once more.
    pub goes_on: bool,
    /// Where the caller wants the browser to go.
    pub callback_url: Option<String>,
    /// Whether that URL gets the names that `initiate` has always used as well.
    pub camel_case: bool,
}

impl Finish {
    /// The caller's URL with its own parameters kept and the outcome added; none where the caller
    /// gave no URL.
    #[must_use]
    pub fn redirect(&self) -> Option<Url> {
        // It was checked when it came; what stands in the database is not trusted for that.
        let mut url = web_address(self.callback_url.as_deref()?)?;
        let status = if self.failure.is_none() {
            "success"
        } else {
            "failed"
        };
        url.query_pairs_mut()
            .append_pair("status", status)
            .append_pair("connected_account_id", self.account.as_str());
        if self.camel_case {
            url.query_pairs_mut()
                .append_pair("connectedAccountId", self.account.as_str())
                .append_pair("appName", &self.toolkit);
        }
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(callback_url: &str, failure: Option<&str>, camel_case: bool) -> String {
        let finish = Finish {
            project: ProjectId::from("pr_1".to_owned()),
            account: AccountId::from("ca_1".to_owned()),
            toolkit: "acme".into(),
            failure: failure.map(str::to_owned),
            goes_on: false,
            callback_url: Some(callback_url.into()),
            camel_case,
        };
        finish.redirect().unwrap().into()
    }

    #[test]
    fn the_callers_own_parameters_are_kept_and_the_outcome_is_added() {
        assert_eq!(
            redirect("https://app.test/cb?user=a%26b#top", None, false),
            "https://app.test/cb?user=a%26b&status=success&connected_account_id=ca_1#top"
        );
        assert_eq!(
            redirect("https://app.test/cb", Some("denied"), false),
            "https://app.test/cb?status=failed&connected_account_id=ca_1"
        );
    }

    #[test]
    fn a_connection_by_initiate_gives_the_older_names_as_well() {
        assert_eq!(
            redirect("https://app.test/cb", None, true),
            "https://app.test/cb?status=success&connected_account_id=ca_1\
             &connectedAccountId=ca_1&appName=acme"
        );
    }
}
