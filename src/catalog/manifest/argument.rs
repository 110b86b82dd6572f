//! The words of a manifest about one argument of a tool.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::FileText;

/// One argument: its JSON Schema, and where it goes.
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are flags of the manifest, and any of them may stand beside any other"
)]
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArgManifest {
    /// The name a model uses.
    pub arg: String,
    /// JSON type: `string`, `integer`, `number`, `boolean`, `array`, `object`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For a model.
    #[serde(default)]
    pub description: String,
    /// Must be given.
    #[serde(default)]
    pub required: bool,
    /// Documented default; sent only with `send_default`.
    #[serde(default)]
    pub default: Option<Value>,
    /// Further JSON Schema keys: `enum`, `items`, `properties`, `minimum`, `examples`, …; and
    /// `accepts` in the schemas of items and members, as it is below.
    #[serde(default)]
    pub schema: Map<String, Value>,
    /// Where it goes; by default path if the path names it, else query for GET and DELETE, else
    /// body.
    #[serde(default, rename = "in")]
    pub place: Option<ArgIn>,
    /// The name on the wire; dotted in bodies (`author.name`), where `\.` is a plain dot.
    #[serde(default)]
    pub name: Option<String>,
    /// Other names a caller may use for it, each with the value that is made of what came:
    /// `{owner: "{owner}", branch: "heads/{branch}"}`. Not published.
    #[serde(default)]
    pub instead: BTreeMap<String, String>,
    /// The text on the wire, where it is more than the value itself: `points>={min_points}`.
    #[serde(default)]
    pub template: Option<String>,
    /// Taken off the front of the value, where it stands there: `refs/`.
    #[serde(default)]
    pub strip: Option<String>,
    /// How an array travels in a query.
    #[serde(default)]
    pub join: Join,
    /// Sends the default when the argument is absent.
    #[serde(default)]
    pub send_default: bool,
    /// Never logged.
    #[serde(default)]
    pub secret: bool,
    /// It is a file (`object`) or several (`array`), which callers name by `s3key`.
    #[serde(default)]
    pub file: bool,
    /// The form in which it is sent, where it is not its own; of a file, that in a JSON body.
    #[serde(default, rename = "as")]
    pub sent_as: Option<As>,
    /// Further JSON types that callers may give, besides `type`; `any` stands for all of them. Not
    /// published.
    #[serde(default)]
    pub accepts: Vec<String>,
    /// What is done to a value of another type before it is checked.
    #[serde(default)]
    pub coerce: Option<Coerce>,
    /// It is the whole body.
    #[serde(default)]
    pub whole: bool,
    /// Callers may give it, and models do not see it.
    #[serde(default)]
    pub hidden: bool,
    /// Always this, whatever callers give; models do not see it.
    #[serde(default, rename = "const")]
    pub fixed: Option<Value>,
    /// The largest file that the service takes, in bytes.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// The key of the body that gets the file's name.
    #[serde(default)]
    pub sends_name: Option<String>,
    /// The key of the body that gets the file's media type.
    #[serde(default)]
    pub sends_type: Option<String>,
}

/// The part of a request that an argument fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArgIn {
    /// A segment of the path, percent-encoded.
    Path,
    /// A query parameter.
    Query,
    /// A header.
    Header,
    /// A key of the body, of GraphQL a variable.
    Body,
    /// None: it is there for expressions alone.
    None,
}

/// How an array travels where it is one text, or several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Join {
    /// The parameter repeated.
    #[default]
    Multi,
    /// One text, with commas.
    Csv,
    /// One text, with spaces.
    Ssv,
    /// One text, with `|`.
    Pipes,
    /// The parameter repeated, with `[]` behind its name.
    Brackets,
    /// The parameter repeated, with `[0]`, `[1]` and so on behind its name.
    Indexed,
    /// One text, the array as JSON.
    Json,
}

impl Join {
    /// What stands between the items of one text.
    #[must_use]
    pub const fn separator(self) -> &'static str {
        match self {
            Self::Ssv => " ",
            Self::Pipes => "|",
            Self::Multi | Self::Csv | Self::Brackets | Self::Indexed | Self::Json => ",",
        }
    }
}

/// The form in which a value is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum As {
    /// Text: a number or a boolean in its digits or letters.
    String,
    /// Text: the value as JSON.
    Json,
    /// 1 for true, 0 for false.
    Bool01,
    /// An instant, or a day at its beginning in UTC, in seconds since 1970.
    EpochS,
    /// The same in milliseconds.
    EpochMs,
    /// An instant as RFC 3339 has it.
    Rfc3339,
    /// The day of an instant, in UTC.
    Date,
    /// In small letters.
    Lower,
    /// In capital letters.
    Upper,
    /// RFC 4648 section 4.
    Base64,
    /// RFC 4648 section 5, with padding.
    Base64url,
    /// A file that an expression puts into a mail, for `encoding: related`. Its `content` there stands
    /// for the file, which takes that place as it is sent.
    Mime,
}

/// What is done to a value of another type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Coerce {
    /// What is no array becomes one of one item.
    Wrap,
}

impl ArgManifest {
    /// The form of a file in a text.
    #[must_use]
    pub const fn file_text(&self) -> Option<FileText> {
        match self.sent_as {
            Some(As::Base64) => Some(FileText::Base64),
            Some(As::Base64url) => Some(FileText::Base64url),
            Some(As::Mime) => Some(FileText::Mime),
            _ => None,
        }
    }

    /// Whether models see it.
    #[must_use]
    pub const fn is_published(&self) -> bool {
        !self.hidden && self.fixed.is_none()
    }
}
