//! A converted toolkit as a folder: written whole the first time, merged with what people changed
//! in it later.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde_json::{Map, Value, json};

use super::former::{Former, Written};
use super::report::Report;
use super::{Converted, Wishes, convert, lock, reach, read, yaml};
use crate::error::{Error, Result};
use crate::time::Timestamp;

pub(super) const TOOLKIT: &str = "toolkit.yaml";
const REPORT: &str = "import-report.json";

/// A description to be imported.
#[derive(Debug)]
pub struct Source {
    /// As the user named it.
    pub from: String,
    /// The document.
    pub bytes: Vec<u8>,
}

/// What became of it.
#[derive(Debug)]
pub struct Imported {
    /// The folder that was written.
    pub folder: PathBuf,
    /// The toolkit, as it was made of the description.
    pub converted: Converted,
    /// Something differs from what stood there before.
    pub has_changed: bool,
}

/// The slug of the toolkit that an import of `source` makes.
///
/// # Errors
/// When the description cannot be read, or says nothing to make a slug of.
pub fn slug_of(source: &Source, wishes: &Wishes) -> Result<String> {
    let root = match &wishes.slug {
        Some(_) => Value::Null,
        None => read::document(&source.bytes)?,
    };
    super::slug(&root, wishes)
}

/// Imports `source` into a folder below `to`, named by the toolkit's slug.
///
/// # Errors
/// When the description cannot be converted, or a folder of that name holds a toolkit that was
/// not imported, or files cannot be written; [`Error::Conflict`] when a second import would send
/// credentials to hosts that nobody named.
pub fn import(source: &Source, wishes: &Wishes, to: &Path, now: Timestamp) -> Result<Imported> {
    let root = read::document(&source.bytes)?;
    // The slug names the folder, and the folder knows the slugs of tools.
    let slug = super::slug(&root, wishes)?;
    let folder = to.join(&slug);
    let former = Former::read(&folder)?;
    let mut converted = convert(&root, wishes, &former.lock.slugs())?;
    // Millions of values, whose end nobody waits for.
    rayon::spawn(move || drop(root));
    let mut report = std::mem::take(&mut converted.report);
    let written = former.merge(&converted, &mut report, source, now);
    let has_changed = written.has_changed;
    report.credential_hosts = reach::hosts(&written.toolkit);
    reach::check(&former.toolkit, &report.credential_hosts, wishes)?;
    write(&folder, &former, written, &report)?;
    converted.report = report;
    Ok(Imported {
        folder,
        converted,
        has_changed,
    })
}

/// Dates and versions of a toolkit's first day.
pub(super) fn dates(instant: &str, version: &str) -> Map<String, Value> {
    let dates = json!({
        "created_at": instant,
        "updated_at": instant,
        "versions": [version],
    });
    dates.as_object().cloned().unwrap_or_default()
}

fn write(folder: &Path, former: &Former, written: Written<'_>, report: &Report) -> Result<()> {
    let tools = folder.join("tools");
    fs::create_dir_all(&tools).map_err(|cause| unwritten(&tools, &cause))?;
    let Written {
        lock,
        toolkit,
        files,
        ..
    } = written;
    files.par_iter().try_for_each(|(name, of_file)| {
        let text = yaml::tools(of_file.iter().map(AsRef::as_ref));
        replace(&tools.join(name), &text)
    })?;
    replace(&folder.join(TOOLKIT), &yaml::toolkit(&toolkit))?;
    for name in former
        .lock
        .files
        .iter()
        .filter(|name| !files.contains_key(*name))
    {
        let path = tools.join(name);
        fs::remove_file(&path).map_err(|cause| unwritten(&path, &cause))?;
    }
    replace(&folder.join(lock::FILE), &pretty(&lock)?)?;
    replace(&folder.join(REPORT), &pretty(report)?)
}

fn pretty(value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// A server that reads the folder meanwhile sees the file before or after.
fn replace(path: &Path, text: &str) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|cause| unwritten(path, &cause))
}

fn unwritten(path: &Path, cause: &std::io::Error) -> Error {
    Error::invalid(format!("{} cannot be written: {cause}", path.display()))
}
