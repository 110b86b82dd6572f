//! What an import leaves for the next one: which operation became which tool, and how each part of
//! it was written, so that what people changed since is known and kept.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The file's name, in the toolkit's folder.
pub(super) const FILE: &str = "import.lock";

/// `import.lock`
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Lock {
    /// Version of the importer's rules.
    pub(super) importer: u32,
    pub(super) source: SourceMark,
    /// Hash of each key of `toolkit.yaml` as it was written.
    pub(super) toolkit: BTreeMap<String, String>,
    /// Files below `tools/` that are the importer's.
    pub(super) files: Vec<String>,
    /// By operation: `GET /things`.
    pub(super) tools: BTreeMap<String, LockedTool>,
}

/// What was imported.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SourceMark {
    pub(super) from: String,
    pub(super) sha256: String,
    pub(super) dialect: String,
    pub(super) imported_at: String,
}

/// A tool as it was written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LockedTool {
    pub(super) slug: String,
    /// Hash of each key, and of each argument as `args.<name>`.
    pub(super) parts: BTreeMap<String, String>,
}

impl Lock {
    /// Whether it names files below `tools/` alone: those that are gone are removed.
    pub(super) fn stays_in_its_folder(&self) -> bool {
        let mut files = self.files.iter();
        files.all(|name| {
            let mut parts = Path::new(name).components();
            matches!((parts.next(), parts.next()), (Some(Component::Normal(own)), None) if own == name.as_str())
        })
    }

    /// Slugs by operation.
    pub(super) fn slugs(&self) -> BTreeMap<String, String> {
        let tools = self.tools.iter();
        tools
            .map(|(key, tool)| (key.clone(), tool.slug.clone()))
            .collect()
    }
}

/// The parts of a manifest, each argument a part of its own.
pub(super) fn parts(manifest: &Map<String, Value>) -> BTreeMap<String, &Value> {
    let mut parts = BTreeMap::new();
    for (key, value) in manifest {
        match (key.as_str(), value) {
            ("args", Value::Array(args)) => {
                for arg in args {
                    let name = arg.get("arg").and_then(Value::as_str).unwrap_or_default();
                    parts.insert(format!("args.{name}"), arg);
                }
            }
            _ => {
                parts.insert(key.clone(), value);
            }
        }
    }
    parts
}

/// The hashes of a manifest's parts.
pub(super) fn marks(manifest: &Map<String, Value>) -> BTreeMap<String, String> {
    let parts = parts(manifest).into_iter();
    parts.map(|(name, value)| (name, mark(value))).collect()
}

/// Equal for equal values.
pub(super) fn mark(value: &Value) -> String {
    let text = serde_json::to_vec(value).unwrap_or_default();
    hexadecimal(&Sha256::digest(text)[..8])
}

/// In hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| DIGITS[usize::from(digit)]).collect()
}
