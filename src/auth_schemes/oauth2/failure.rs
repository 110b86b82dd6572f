//! Why a token request brought no token.

use crate::error::Error;

/// Why a token request brought no token.
#[derive(Debug)]
pub enum TokenFailure {
    /// The provider said no (RFC 6749 section 5.2).
    Refused {
        /// `invalid_grant`, `invalid_client`, …
        code: String,
        /// The provider's own words, if it has any.
        description: Option<String>,
    },
    /// A declared exchange was refused because the credentials are wrong.
    Denied {
        /// The HTTP status.
        status: u16,
        /// The provider's own words, if it has any.
        description: Option<String>,
    },
    /// There was no usable answer: the network, the provider's own trouble, or not OAuth at all.
    NoAnswer(Error),
}

impl TokenFailure {
    /// An answer that is of no use.
    #[must_use]
    pub fn unusable(message: impl Into<String>) -> Self {
        Self::NoAnswer(Error::upstream(message))
    }

    /// Whether the grant is lost for good, so that only the user can give a new one.
    #[must_use]
    pub fn is_lost_grant(&self) -> bool {
        // The second is GitHub's name for it, the others are Slack's.
        let lost = [
            "invalid_grant",
            "bad_refresh_token",
            "invalid_refresh_token",
            "token_revoked",
            "token_expired",
        ];
        match self {
            Self::Refused { code, .. } => lost.contains(&code.as_str()),
            Self::Denied { .. } => true,
            Self::NoAnswer(_) => false,
        }
    }

    /// Whether the provider will have nothing to do with the OAuth app, whoever's grant it brings.
    #[must_use]
    pub fn is_clients_fault(&self) -> bool {
        // The third is GitHub's name for it, the others are Slack's.
        let faults = [
            "invalid_client",
            "unauthorized_client",
            "incorrect_client_credentials",
            "invalid_client_id",
            "bad_client_secret",
        ];
        match self {
            Self::Refused { code, .. } => faults.contains(&code.as_str()),
            Self::Denied { .. } | Self::NoAnswer(_) => false,
        }
    }

    /// For a person: what the provider said, without anything of the request.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Refused {
                code,
                description: Some(description),
            } => {
                format!("the provider answered {code}: {description}")
            }
            Self::Refused {
                code,
                description: None,
            } => format!("the provider answered {code}"),
            Self::Denied {
                status,
                description: Some(description),
            } => format!("the provider answered {status}: {description}"),
            Self::Denied {
                status,
                description: None,
            } => format!("the provider answered {status}"),
            Self::NoAnswer(error) => error.to_string(),
        }
    }
}

const LONGEST_DESCRIPTION: usize = 300;

/// A provider's words, short enough and without control characters.
#[must_use]
pub fn presentable(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(LONGEST_DESCRIPTION)
        .collect()
}
