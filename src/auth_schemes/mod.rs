//! Puts credentials into requests as the toolkit's manifest says.

mod apply;
mod redact;
mod secrets;
mod values;

pub mod exchange;
pub mod oauth1;
pub mod oauth2;
pub mod revocation;

pub use apply::apply;
pub use redact::Redactor;
pub use secrets::{is_secret, may_be_secret, secrets};

use serde_json::{Map, Value};

use crate::scheme::Scheme;

/// The opened values of a connected account: tokens, keys and connection fields by their names in
/// the API (`access_token`, `generic_api_key`, `subdomain`). Lives only as long as a call.
#[derive(Clone)]
pub struct Credentials {
    /// How the account was connected.
    pub scheme: Scheme,
    /// The values.
    pub values: Map<String, Value>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Credentials({}, {} values)",
            self.scheme,
            self.values.len()
        )
    }
}

impl Credentials {
    /// What a toolkit without auth needs.
    #[must_use]
    pub fn none() -> Self {
        Self {
            scheme: Scheme::NoAuth,
            values: Map::new(),
        }
    }

    /// A value as text, if it is there and is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).and_then(Value::as_str)
    }
}
