//! From YAML text to manifests that know where they stand.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;

use super::files::KitFiles;
use super::manifest::{ToolManifest, ToolkitManifest, TriggerManifest};
use super::problems::{Place, Problems};

/// A toolkit as its files say it, not yet checked.
#[derive(Debug)]
pub(super) struct Kit {
    /// Name of its folder.
    pub(super) folder: String,
    /// `toolkit.yaml`
    pub(super) toolkit: ToolkitManifest,
    /// Where that stands.
    pub(super) place: Place,
    /// Its tools, each with its place.
    pub(super) tools: Vec<(ToolManifest, Place)>,
    /// Its triggers, each with its place.
    pub(super) triggers: Vec<(TriggerManifest, Place)>,
}

/// `tools/*.yaml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolsFile {
    tools: Vec<Spanned<ToolManifest>>,
}

/// `triggers/*.yaml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TriggersFile {
    triggers: Vec<Spanned<TriggerManifest>>,
}

/// Reads a toolkit's files; `None` when `toolkit.yaml` cannot be read.
pub(super) fn kit(files: KitFiles, problems: &mut Problems) -> Option<Kit> {
    let KitFiles {
        folder,
        toolkit: (path, text),
        tools,
        triggers,
    } = files;
    let tools = listed(tools, problems, |file: ToolsFile| file.tools);
    let triggers = listed(triggers, problems, |file: TriggersFile| file.triggers);
    let toolkit = yaml(&path, &text, problems)?;
    Some(Kit {
        folder,
        toolkit,
        place: Place {
            file: path,
            line: 1,
        },
        tools,
        triggers,
    })
}

/// What the files list, each with its place.
fn listed<F: DeserializeOwned, T>(
    files: Vec<(String, String)>,
    problems: &mut Problems,
    list: impl Fn(F) -> Vec<Spanned<T>>,
) -> Vec<(T, Place)> {
    let mut found = Vec::new();
    for (path, text) in files {
        let Some(file) = yaml::<F>(&path, &text, problems) else {
            continue;
        };
        found.extend(list(file).into_iter().map(|one| {
            let place = Place {
                file: path.clone(),
                line: one.referenced.line(),
            };
            (one.value, place)
        }));
    }
    found
}

fn yaml<T: DeserializeOwned>(path: &str, text: &str, problems: &mut Problems) -> Option<T> {
    serde_saphyr::from_str(text)
        .map_err(|error| {
            let (line, message) = explain(&error);
            let file = path.to_owned();
            problems.add(&Place { file, line }, message);
        })
        .ok()
}

/// What a key does wrong may be told of a file with secrets; anything else may quote one.
const HARMLESS: [&str; 3] = ["unknown field", "missing field", "duplicate mapping key"];

/// As `yaml`, for a file with secrets: what is wrong is told without the values that stand there.
pub(super) fn secret_yaml<T: DeserializeOwned>(
    path: &str,
    text: &str,
    problems: &mut Problems,
) -> Option<T> {
    serde_saphyr::from_str(text)
        .map_err(|error| {
            let (line, mut message) = explain(&error);
            if !HARMLESS.iter().any(|start| message.starts_with(start)) {
                message =
                    "is not written as YAML, or a value is not of the kind that belongs there"
                        .into();
            }
            let file = path.to_owned();
            problems.add(&Place { file, line }, message);
        })
        .ok()
}

fn explain(error: &serde_saphyr::Error) -> (u64, String) {
    let error = error.without_snippet();
    let line = error.location().map_or(0, |location| location.line());
    (line, one_line(&error.to_string()))
}

/// Problems are shown one a line, and their place stands before them already.
fn one_line(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    match words.as_slice() {
        [cause @ .., "at", "line", _, "column", _] => cause.join(" "),
        all => all.join(" "),
    }
}
