//! Versions of toolkits: `latest`, the base version of old SDKs, and the released ones.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::{Tool, Toolkit};
use crate::error::{Error, Result};

/// Stands for the newest version.
pub const LATEST: &str = "latest";
/// Stands for the first version, of a tool for the first that has it; what a call means that names
/// none.
pub const BASE: &str = "00000000_00";

impl Toolkit {
    /// The newest version.
    #[must_use]
    pub fn latest_version(&self) -> &str {
        self.manifest.versions.first().map_or(BASE, String::as_str)
    }

    /// The version that is asked for; the newest where none is.
    ///
    /// # Errors
    /// [`Error::NotFound`], with the versions there are.
    pub fn version(&self, asked: Option<&str>) -> Result<&str> {
        let found = self.asked(asked)?;
        let oldest = self.manifest.versions.last().map(String::as_str);
        Ok(oldest.filter(|_| found == BASE).unwrap_or(found))
    }

    /// As [`Self::version`], but the base stays the base: what it means depends on the tool.
    pub(super) fn asked(&self, asked: Option<&str>) -> Result<&str> {
        let versions = &self.manifest.versions;
        let found = match asked.map(str::trim) {
            None | Some("" | LATEST) => Some(self.latest_version()),
            Some(BASE) => Some(BASE),
            Some(exact) => versions
                .iter()
                .find(|version| *version == exact)
                .map(String::as_str),
        };
        found.ok_or_else(|| Error::NotFound {
            what: "version",
            id: format!(
                "{} of toolkit {}",
                asked.unwrap_or(LATEST),
                self.manifest.slug
            ),
            fix: Some(format!(
                "Available versions of {}, newest first: {}; `{LATEST}` is the newest.",
                self.manifest.slug,
                versions.join(", ")
            )),
        })
    }
}

impl Toolkit {
    /// Number of tools in this version.
    #[must_use]
    pub fn tools_count(&self, version: &str) -> usize {
        self.tool_counts.get(version).copied().unwrap_or_default()
    }
}

impl Tool {
    /// The version that `asked` means, of a tool that was found by it.
    #[must_use]
    pub fn version(&self, asked: Option<&str>) -> &str {
        let own = |asked: &str| {
            self.versions
                .iter()
                .find(|version| *version == asked.trim())
        };
        let found = match asked {
            Some(asked) if asked.trim() == BASE => self.versions.last(),
            asked => asked.and_then(own).or(self.versions.first()),
        };
        found.map_or(BASE, String::as_str)
    }

    /// Whether this form is the one that a version of the toolkit has; of the base, the first one.
    pub(super) fn is_of(&self, version: &str) -> bool {
        if version == BASE {
            return self.versions.last() == self.available_versions.last();
        }
        self.versions.iter().any(|own| own == version)
    }
}

/// Which version of which toolkit a caller wants: one word for all, or one a toolkit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum VersionPins {
    /// Nothing said: the newest.
    #[default]
    None,
    /// The same word for every toolkit.
    All(String),
    /// By toolkit slug, in lower case.
    Each(BTreeMap<String, String>),
}

impl VersionPins {
    /// What is asked for this toolkit.
    #[must_use]
    pub fn of(&self, toolkit: &str) -> Option<&str> {
        match self {
            Self::None => None,
            Self::All(version) => Some(version),
            Self::Each(versions) => versions.get(toolkit).map(String::as_str),
        }
    }
}

impl<'de> Deserialize<'de> for VersionPins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Pins {
            All(String),
            Each(BTreeMap<String, String>),
        }
        let pins = Option::<Pins>::deserialize(deserializer).map_err(|_| {
            serde::de::Error::custom("must be a version, or a version a toolkit slug")
        })?;
        Ok(match pins {
            None => Self::None,
            Some(Pins::All(version)) if version.is_empty() || version == "null" => Self::None,
            Some(Pins::All(version)) => Self::All(version),
            Some(Pins::Each(versions)) => Self::Each(
                versions
                    .into_iter()
                    .map(|(slug, version)| (slug.to_ascii_lowercase(), version))
                    .collect(),
            ),
        })
    }
}

/// `YYYYMMDD_NN`
pub(super) fn is_version(text: &str) -> bool {
    text.len() == BASE.len()
        && text != BASE
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 => byte == b'_',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pins_are_one_word_for_all_or_one_a_toolkit_in_any_case() {
        let pins = |value| serde_json::from_value::<VersionPins>(value).unwrap();
        assert_eq!(pins(json!("latest")).of("github"), Some("latest"));
        assert_eq!(
            pins(json!({ "GitHub": "20260101_00" })).of("github"),
            Some("20260101_00")
        );
        assert_eq!(pins(json!({ "github": "20260101_00" })).of("slack"), None);
        assert_eq!(pins(json!("null")), VersionPins::None);
        assert_eq!(pins(json!(null)), VersionPins::None);
    }

    #[test]
    fn a_version_is_a_day_and_a_number() {
        for (text, good) in [
            ("20261122_00", true),
            ("00000000_00", false),
            ("2026112_000", false),
            ("latest", false),
        ] {
            assert_eq!(is_version(text), good, "{text}");
        }
    }
}
