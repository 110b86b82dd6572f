//! How a manifest speaks of files: those that arguments bring, and those that answers are.

use schemars::JsonSchema;
use serde::Deserialize;

/// The form of a request's body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// One JSON object.
    #[default]
    Json,
    /// A part for each argument (RFC 7578).
    Multipart,
    /// One file and nothing else.
    Raw,
    /// The arguments as JSON open an upload session, which then takes one file in pieces, as
    /// Google's APIs do it.
    Resumable,
    /// `application/x-www-form-urlencoded` (HTML standard).
    Form,
    /// The body as JSON, and one text of it apart as the content of an upload (RFC 2387), as Google's
    /// APIs take it.
    Related,
}

/// Which text of a body is the content of an upload.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// Dotted path in the body to the text, which goes from there.
    pub from: String,
    /// Its media type.
    #[serde(rename = "type")]
    pub media_type: String,
    /// How many bytes the service takes at most, all parts together.
    #[serde(default)]
    pub max_bytes: Option<u64>,
}

/// How the content of a file stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileText {
    /// RFC 4648 section 4.
    Base64,
    /// RFC 4648 section 5, with padding.
    Base64url,
    /// Base64 in lines, as mails have it (RFC 2045 section 6.8).
    Mime,
}

/// Where an answer is a file, or holds one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileRule {
    /// The key of the tool's data under which the file stands.
    pub field: String,
    /// Dotted path in the data to the content in Base64, which goes from there; without it the
    /// whole body is the file.
    #[serde(default)]
    pub from: Option<String>,
    /// Its name, where the service does not tell: a template over the arguments and,
    /// as `{steps.meta.body.name}`, answers of steps.
    #[serde(default)]
    pub name: Option<String>,
    /// Its media type, where the service does not tell.
    #[serde(default, rename = "type")]
    pub media_type: Option<String>,
}
