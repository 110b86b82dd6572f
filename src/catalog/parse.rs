//! From YAML text to manifests that know where they stand.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;

use super::files::KitFiles;
use super::manifest::{ToolManifest, ToolkitManifest, TriggerManifest};
use super::problems::{Place, Problems};

/// Of a file, in bytes; the importer begins another after one million.
const LARGEST_FILE: usize = 8 * 1024 * 1024;
/// Mappings and lists in one another: the stack of a thread holds so many.
const DEEPEST: usize = 48;
/// Of a toolkit. What is checked of one is compared with all of another, so these come first.
const MOST_VERSIONS: usize = 1_000;
/// Arguments of a tool or a trigger. The published schema has no room for so many: the others are
/// hidden.
pub const MOST_ARGUMENTS: usize = 1_000;
/// Of a path or a URL, in bytes.
const LONGEST_PATH: usize = 4_096;

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
    /// Its files as they are written, by path.
    pub(super) texts: BTreeMap<String, String>,
}

/// `tools/*.yaml`
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolsFile {
    /// The tools, each in every form that it has.
    #[schemars(with = "Vec<ToolManifest>")]
    tools: Vec<Spanned<ToolManifest>>,
}

/// `triggers/*.yaml`
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TriggersFile {
    /// The triggers.
    #[schemars(with = "Vec<TriggerManifest>")]
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
    let mut texts = BTreeMap::new();
    let tools = listed(tools, problems, &mut texts, |file: ToolsFile| file.tools);
    let triggers = listed(triggers, problems, &mut texts, |file: TriggersFile| {
        file.triggers
    });
    let toolkit: ToolkitManifest = yaml(&path, &text, problems)?;
    if toolkit.versions.len() > MOST_VERSIONS {
        let place = Place {
            file: path,
            line: 1,
        };
        problems.add(&place, format!("versions: are more than {MOST_VERSIONS}"));
        return None;
    }
    let tools = bounded(tools, problems, |tool: &ToolManifest| {
        let paths = tool.requests().map(|request| request.path.len());
        (&tool.slug, tool.args.len(), paths.max())
    });
    let triggers = bounded(triggers, problems, |trigger: &TriggerManifest| {
        let paths = trigger.requests().map(|(_, request)| request.path.len());
        (&trigger.slug, trigger.config.len(), paths.max())
    });
    texts.insert(path.clone(), text);
    Some(Kit {
        folder,
        toolkit,
        place: Place {
            file: path,
            line: 1,
        },
        tools,
        triggers,
        texts,
    })
}

/// Without those that are too large to be checked; `measure` gives slug, arguments and longest path.
fn bounded<T>(
    all: Vec<(T, Place)>,
    problems: &mut Problems,
    measure: impl Fn(&T) -> (&String, usize, Option<usize>),
) -> Vec<(T, Place)> {
    let mut kept = Vec::new();
    for (one, place) in all {
        let (slug, arguments, path) = measure(&one);
        if arguments > MOST_ARGUMENTS {
            problems.add(
                &place,
                format!("{slug}: has {arguments} arguments, more than {MOST_ARGUMENTS}"),
            );
        } else if path > Some(LONGEST_PATH) {
            problems.add(
                &place,
                format!("{slug}: a path has more than {LONGEST_PATH} bytes"),
            );
        } else {
            kept.push((one, place));
        }
    }
    kept
}

/// What the files list, each with its place.
fn listed<F: DeserializeOwned, T>(
    files: Vec<(String, String)>,
    problems: &mut Problems,
    texts: &mut BTreeMap<String, String>,
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
        texts.insert(path, text);
    }
    found
}

fn yaml<T: DeserializeOwned>(path: &str, text: &str, problems: &mut Problems) -> Option<T> {
    if text.len() > LARGEST_FILE {
        let place = Place {
            file: path.to_owned(),
            line: 0,
        };
        let size = text.len();
        problems.add(
            &place,
            format!("has {size} bytes, more than {LARGEST_FILE}"),
        );
        return None;
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DEEPEST, flow_nesting_limit: DEEPEST },
    };
    serde_saphyr::from_str_with_options(text, options)
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
