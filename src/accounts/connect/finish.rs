//! The end of a connection, and where it leaves the user's browser.

use url::Url;

use crate::ids::AccountId;

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// The account.
    pub account: AccountId,
    /// Slug of the toolkit.
    pub toolkit: String,
    /// Name of the toolkit, for people.
    pub toolkit_name: String,
    /// Why it failed; none when it succeeded.
    pub failure: Option<String>,
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
        let mut url = Url::parse(self.callback_url.as_deref()?).ok()?;
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
            account: AccountId::from("ca_1".to_owned()),
            toolkit: "acme".into(),
            toolkit_name: "Acme".into(),
            failure: failure.map(str::to_owned),
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
