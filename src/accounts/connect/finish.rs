//! The end of a connection, and where it leaves the user's browser.

use url::Url;

use crate::ids::AccountId;

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// The account.
    pub account: AccountId,
    /// Name of the toolkit, for people.
    pub toolkit: String,
    /// Why it failed; none when it succeeded.
    pub failure: Option<String>,
    /// Where the caller wants the browser to go.
    pub callback_url: Option<String>,
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
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_own_parameters_are_kept_and_the_outcome_is_added() {
        let finish = |callback_url: &str, failure: Option<&str>| Finish {
            account: AccountId::from("ca_1".to_owned()),
            toolkit: "Acme".into(),
            failure: failure.map(str::to_owned),
            callback_url: Some(callback_url.into()),
        };
        let success = finish("https://app.test/cb?user=a%26b#top", None)
            .redirect()
            .unwrap();
        assert_eq!(
            success.as_str(),
            "https://app.test/cb?user=a%26b&status=success&connected_account_id=ca_1#top"
        );
        let failure = finish("https://app.test/cb", Some("denied"))
            .redirect()
            .unwrap();
        assert_eq!(
            failure.as_str(),
            "https://app.test/cb?status=failed&connected_account_id=ca_1"
        );
    }
}
