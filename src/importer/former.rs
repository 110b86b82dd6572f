//! What an earlier import left in a folder, and how a new one goes together with it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde_json::{Map, Value, json};

use super::folder::{Source, TOOLKIT, dates};
use super::groups::Groups;
use super::lock::{self, Lock, LockedTool, SourceMark};
use super::merge::merge;
use super::report::Report;
use super::{Converted, manifest_of, problems_of};
use crate::error::{Error, Result};
use crate::time::Timestamp;

/// Version of the importer's rules.
const RULES: u32 = 1;
/// Keys of `toolkit.yaml` that no description says anything about.
const OWN: [&str; 4] = ["created_at", "updated_at", "versions", "changelog"];

/// What stands in the folder.
#[derive(Default)]
pub(super) struct Former {
    pub(super) lock: Lock,
    pub(super) toolkit: Map<String, Value>,
    /// By slug: the file, and the manifest as it stands there.
    tools: BTreeMap<String, (String, Map<String, Value>)>,
    /// Slugs of tools in files that are not the importer's.
    foreign: BTreeSet<String>,
}

/// Tools by the file that they are to stand in.
pub(super) type Files<'c> = BTreeMap<String, Vec<Cow<'c, Map<String, Value>>>>;

/// What is to stand there.
#[derive(Default)]
pub(super) struct Written<'c> {
    pub(super) lock: Lock,
    pub(super) toolkit: Map<String, Value>,
    /// By name, the tools of each file.
    pub(super) files: Files<'c>,
    pub(super) has_changed: bool,
    /// Slugs that have their place.
    placed: BTreeSet<String>,
}

impl Former {
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let lock_path = folder.join(lock::FILE);
        if !lock_path.exists() {
            if folder.join(TOOLKIT).exists() {
                return Err(Error::invalid_with_fix(
                    format!("{} holds a toolkit that was not imported", folder.display()),
                    "Choose another slug with --slug, or another folder with --to.",
                ));
            }
            return Ok(Self::default());
        }
        let lock: Lock = serde_json::from_str(&text(&lock_path)?)
            .map_err(|cause| Error::invalid(format!("{}: {cause}", lock_path.display())))?;
        if !lock.stays_in_its_folder() {
            let path = lock_path.display();
            return Err(Error::invalid(format!(
                "{path}: names files that are none of `tools/`"
            )));
        }
        let mut former = Self {
            toolkit: mapping(&folder.join(TOOLKIT))?,
            ..Self::default()
        };
        for name in names_of_tool_files(folder)? {
            let file = mapping(&folder.join("tools").join(&name))?;
            let tools = file.get("tools").and_then(Value::as_array);
            for tool in tools.into_iter().flatten().filter_map(Value::as_object) {
                let slug = tool.get("slug").and_then(Value::as_str).unwrap_or_default();
                if lock.files.contains(&name) {
                    former
                        .tools
                        .insert(slug.to_owned(), (name.clone(), tool.clone()));
                } else {
                    former.foreign.insert(slug.to_owned());
                }
            }
        }
        former.lock = lock;
        Ok(former)
    }

    /// What is to stand there now: the import's, with what people changed.
    pub(super) fn merge<'c>(
        &'c self,
        converted: &'c Converted,
        report: &mut Report,
        source: &Source,
        now: Timestamp,
    ) -> Written<'c> {
        let mut written = Written {
            lock: Lock {
                importer: RULES,
                source: SourceMark {
                    from: source.from.clone(),
                    sha256: lock::sha256(&source.bytes),
                    dialect: converted.dialect.name().to_owned(),
                    imported_at: now.to_text(),
                },
                toolkit: lock::marks(&converted.toolkit),
                ..Lock::default()
            },
            ..Written::default()
        };
        self.merge_tools(converted, report, &mut written);
        self.keep_others(report, &mut written);
        written.lock.files = written.files.keys().cloned().collect();
        let (mut toolkit, kept) = merge(&converted.toolkit, &self.toolkit, &self.lock.toolkit);
        let kept = kept.into_iter().filter(|key| !OWN.contains(&key.as_str()));
        let kept = kept.map(|key| format!("toolkit.yaml: {key}"));
        report.kept_edits.extend(kept);
        self.keep_servers(&written.files, &mut toolkit);
        written.has_changed = self.differs(&toolkit, &written.files);
        if written.has_changed {
            stamp(&mut toolkit, now);
        }
        written.toolkit = toolkit;
        written
    }

    fn merge_tools<'c>(
        &'c self,
        converted: &'c Converted,
        report: &mut Report,
        written: &mut Written<'c>,
    ) {
        let mut groups = Groups::new(self.lock.files.iter().cloned().collect());
        let toolkit = manifest_of(&converted.toolkit);
        let marked = converted.tools.par_iter();
        let marked: Vec<_> = marked.map(|tool| lock::marks(&tool.manifest)).collect();
        for (tool, parts) in converted.tools.iter().zip(marked) {
            let slug = slug_of(&tool.manifest);
            let locked = LockedTool {
                slug: slug.clone(),
                parts,
            };
            written.lock.tools.insert(tool.operation.clone(), locked);
            if self.foreign.contains(&slug) {
                let edit = format!("{slug}: stands in a file of yours");
                report.kept_edits.push(edit);
                continue;
            }
            let former = self.lock.tools.get(&tool.operation);
            let (file, manifest) = match (former, self.tools.get(&slug)) {
                (Some(_), None) => {
                    report.removed_by_hand.push(slug);
                    continue;
                }
                (Some(former), Some((file, current))) => {
                    let (merged, kept) = merge(&tool.manifest, current, &former.parts);
                    if let (false, Ok(toolkit)) = (kept.is_empty(), &toolkit) {
                        let problems = problems_of(&merged, toolkit).into_iter();
                        let problems = problems.map(|problem| format!("{slug}: {problem}"));
                        report.broken_edits.extend(problems);
                    }
                    let kept = kept.into_iter().map(|part| format!("{slug}: {part}"));
                    report.kept_edits.extend(kept);
                    (file.clone(), Cow::Owned(merged))
                }
                (None, _) => (groups.file_for(tool), Cow::Borrowed(&tool.manifest)),
            };
            written.placed.insert(slug);
            written.files.entry(file).or_default().push(manifest);
        }
    }

    /// What the description has no more, and what people wrote into the importer's files.
    fn keep_others<'c>(&'c self, report: &mut Report, written: &mut Written<'c>) {
        let known: BTreeMap<&str, (&String, &LockedTool)> = self
            .lock
            .tools
            .iter()
            .map(|(operation, tool)| (tool.slug.as_str(), (operation, tool)))
            .collect();
        for (slug, (file, current)) in &self.tools {
            if written.placed.contains(slug) {
                continue;
            }
            if let Some((operation, former)) = known.get(slug.as_str()) {
                report.vanished.push(slug.clone());
                let tools = &mut written.lock.tools;
                tools.insert((*operation).clone(), (*former).clone());
            }
            let tools = written.files.entry(file.clone()).or_default();
            tools.push(Cow::Borrowed(current));
        }
    }

    /// Servers that the description has no more, as long as tools name them that stay.
    fn keep_servers(&self, files: &Files<'_>, toolkit: &mut Map<String, Value>) {
        let tools = files.values().flatten();
        let named = tools.filter_map(|tool| tool.get("request")?.get("server")?.as_str());
        let named: BTreeSet<&str> = named.collect();
        let former = self.toolkit.get("servers").and_then(Value::as_object);
        let former = former.into_iter().flatten();
        for (name, url) in former.filter(|(name, _)| named.contains(name.as_str())) {
            let servers = toolkit.entry("servers").or_insert_with(|| json!({}));
            if let Some(servers) = servers.as_object_mut() {
                servers.entry(name).or_insert_with(|| url.clone());
            }
        }
    }

    fn differs(&self, toolkit: &Map<String, Value>, files: &Files<'_>) -> bool {
        let tools: Vec<&Map<String, Value>> = files.values().flatten().map(AsRef::as_ref).collect();
        let is_same = |tool: &&Map<String, Value>| {
            self.tools
                .get(&slug_of(tool))
                .is_some_and(|(_, current)| current == *tool)
        };
        tools.len() != self.tools.len() || !tools.iter().all(is_same) || *toolkit != self.toolkit
    }
}

fn slug_of(tool: &Map<String, Value>) -> String {
    let slug = tool.get("slug").and_then(Value::as_str);
    slug.unwrap_or_default().to_owned()
}

/// A version of its own for whatever has changed.
fn stamp(toolkit: &mut Map<String, Value>, now: Timestamp) {
    let instant = now.to_text();
    let day = instant[..10].replace('-', "");
    let mut versions = toolkit
        .get("versions")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let newest = versions.first().and_then(Value::as_str).unwrap_or_default();
    let number = newest
        .strip_prefix(&format!("{day}_"))
        .and_then(|number| number.parse::<u32>().ok())
        .map_or(0, |number| number + 1);
    let version = format!("{day}_{number:02}");
    versions.insert(0, version.clone().into());
    for (key, value) in dates(&instant, &version) {
        match key.as_str() {
            "created_at" => {
                toolkit.entry(key).or_insert(value);
            }
            "versions" => {
                toolkit.insert(key, Value::Array(versions.clone()));
            }
            _ => {
                toolkit.insert(key, value);
            }
        }
    }
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path)
        .map_err(|cause| Error::invalid(format!("{} cannot be read: {cause}", path.display())))
}

fn mapping(path: &Path) -> Result<Map<String, Value>> {
    match serde_saphyr::from_str(&text(path)?) {
        Ok(Value::Object(mapping)) => Ok(mapping),
        Ok(_) => Err(Error::invalid(format!("{}: is no mapping", path.display()))),
        Err(cause) => Err(Error::invalid(format!(
            "{}: {}",
            path.display(),
            cause.without_snippet()
        ))),
    }
}

fn names_of_tool_files(folder: &Path) -> Result<Vec<String>> {
    let dir = folder.join("tools");
    let entries = fs::read_dir(&dir)
        .map_err(|cause| Error::invalid(format!("{} cannot be read: {cause}", dir.display())))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| {
            let extension = Path::new(name).extension();
            extension.is_some_and(|extension| extension == "yaml" || extension == "yml")
        })
        .collect();
    names.sort();
    Ok(names)
}
