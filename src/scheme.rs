//! The auth schemes of the API, by their official names.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// How a toolkit's users prove who they are. The names are the API's.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    schemars::JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "each name is the API's own and says it all")]
pub enum Scheme {
    #[serde(rename = "OAUTH2")]
    OAuth2,
    #[serde(rename = "OAUTH1")]
    OAuth1,
    ApiKey,
    Basic,
    BillcomAuth,
    BearerToken,
    GoogleServiceAccount,
    NoAuth,
    BasicWithJwt,
    CalcomAuth,
    ServiceAccount,
    Saml,
    DcrOauth,
    /// Client credentials (RFC 6749 section 4.4); newer than the official document.
    #[serde(rename = "S2S_OAUTH2")]
    S2sOAuth2,
}

impl Scheme {
    /// Every scheme, in the order the official document lists them.
    pub const ALL: [Self; 14] = [
        Self::OAuth2,
        Self::OAuth1,
        Self::ApiKey,
        Self::Basic,
        Self::BillcomAuth,
        Self::BearerToken,
        Self::GoogleServiceAccount,
        Self::NoAuth,
        Self::BasicWithJwt,
        Self::CalcomAuth,
        Self::ServiceAccount,
        Self::Saml,
        Self::DcrOauth,
        Self::S2sOAuth2,
    ];

    /// The scheme with this official name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == name)
    }

    /// The official name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OAuth2 => "OAUTH2",
            Self::OAuth1 => "OAUTH1",
            Self::ApiKey => "API_KEY",
            Self::Basic => "BASIC",
            Self::BillcomAuth => "BILLCOM_AUTH",
            Self::BearerToken => "BEARER_TOKEN",
            Self::GoogleServiceAccount => "GOOGLE_SERVICE_ACCOUNT",
            Self::NoAuth => "NO_AUTH",
            Self::BasicWithJwt => "BASIC_WITH_JWT",
            Self::CalcomAuth => "CALCOM_AUTH",
            Self::ServiceAccount => "SERVICE_ACCOUNT",
            Self::Saml => "SAML",
            Self::DcrOauth => "DCR_OAUTH",
            Self::S2sOAuth2 => "S2S_OAUTH2",
        }
    }

    /// Whether a user connects by consenting on a page of the provider.
    #[must_use]
    pub const fn needs_consent(self) -> bool {
        match self {
            Self::OAuth2 | Self::OAuth1 | Self::DcrOauth => true,
            Self::ApiKey
            | Self::Basic
            | Self::BillcomAuth
            | Self::BearerToken
            | Self::GoogleServiceAccount
            | Self::NoAuth
            | Self::BasicWithJwt
            | Self::CalcomAuth
            | Self::ServiceAccount
            | Self::Saml
            | Self::S2sOAuth2 => false,
        }
    }
}

/// For rows of the database, which hold the official name.
impl TryFrom<String> for Scheme {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        Self::from_name(&name)
            .ok_or_else(|| Error::internal(format!("a row has the unknown auth scheme {name}")))
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_reads_and_writes_its_official_name() {
        for scheme in Scheme::ALL {
            assert_eq!(serde_json::to_value(scheme).unwrap(), scheme.name());
            assert_eq!(Scheme::from_name(scheme.name()), Some(scheme));
        }
    }
}
