//! Identifiers: an official prefix and a nanoid, one type each so that they cannot be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const ALPHABET: [char; 62] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I',
    'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b',
    'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u',
    'v', 'w', 'x', 'y', 'z',
];

/// `length` random letters and digits from the operating system's generator.
#[must_use]
pub fn random_text(length: usize) -> String {
    nanoid::nanoid!(length, &ALPHABET)
}

/// A UUID that always belongs to the same id, for the API's deprecated `uuid` fields (RFC 9562,
/// version 8: the bits are ours to choose; here they are the id's SHA-256).
#[must_use]
pub fn legacy_uuid(id: &str) -> String {
    let digest = Sha256::digest(id.as_bytes());
    let mut hex: String = digest
        .iter()
        .take(16)
        .fold(String::new(), |mut text, byte| {
            text.push_str(&format!("{byte:02x}"));
            text
        });
    hex.replace_range(12..13, "8");
    hex.replace_range(16..17, "a");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..32]
    )
}

/// A UUID that nobody can guess: 122 random bits.
#[must_use]
pub fn random_uuid() -> String {
    legacy_uuid(&random_text(32))
}

/// A whole number below 2^48 that always belongs to the same id, for the API's `auto_id` fields: a
/// row here has no number of its own.
#[must_use]
pub fn legacy_number(id: &str) -> u64 {
    let digest = Sha256::digest(id.as_bytes());
    digest
        .iter()
        .take(6)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id: the prefix and twelve random letters and digits.
            #[must_use]
            pub fn generate() -> Self {
                Self(format!("{}{}", $prefix, random_text(12)))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Any text may be asked for; what is not an id of ours is simply not found.
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// An organisation: the owner of projects.
    OrgId, "org_"
);
id!(
    /// A project: the tenant. Every row of a tenant carries it.
    ProjectId, "proj_"
);
id!(
    /// An API key (its name, not its secret).
    ApiKeyId, "key_"
);
id!(
    /// An auth config.
    AuthConfigId, "ac_"
);
id!(
    /// A connected account.
    AccountId, "ca_"
);
id!(
    /// A data key beside the one that seals a project's secrets (its name, not the key).
    DataKeyId, "dk_"
);
id!(
    /// A tool-router session.
    SessionId, "trs_"
);
id!(
    /// One try to connect an account: the `jti` of a state token, or a connect link.
    AttemptId, "att_"
);
id!(
    /// One execution, as its log calls it.
    LogId, "log_"
);
id!(
    /// One request, as answers and logs call it.
    RequestId, "req_"
);
id!(
    /// A background job.
    JobId, "job_"
);
id!(
    /// A file that a tool takes or gives.
    FileId, "file_"
);
id!(
    /// An MCP server. It is a UUID, which [`random_uuid`] makes.
    McpServerId, ""
);
id!(
    /// A user noted for an MCP server. It is a UUID, which [`random_uuid`] makes.
    McpInstanceId, ""
);
id!(
    /// A recipe, in all its versions.
    RecipeId, "rcp_"
);
id!(
    /// What an MCP client was granted.
    McpGrantId, "grant"
);
id!(
    /// Something that happened and is told to a project.
    EventId, "evt_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_id_has_the_official_prefix_and_twelve_characters() {
        let id = AccountId::generate();
        assert!(id.as_str().starts_with("ca_"), "{id}");
        assert_eq!(id.as_str().len(), "ca_".len() + 12);
    }

    #[test]
    fn the_legacy_uuid_of_an_id_never_changes_and_looks_like_a_uuid() {
        let uuid = legacy_uuid("ca_abc");
        assert_eq!(uuid, legacy_uuid("ca_abc"));
        assert_ne!(uuid, legacy_uuid("ca_abd"));
        let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!((&uuid[14..15], &uuid[19..20]), ("8", "a"));
    }
}
