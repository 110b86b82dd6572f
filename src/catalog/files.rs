//! Where manifests come from: the folder compiled into the binary, and the operator's own.

use std::fs;
use std::path::Path;

use crate::catalog::problems::{Place, Problems};

pub(super) const TOOLKIT_FILE: &str = "toolkit.yaml";

/// The toolkits that come with the server (read from disk in debug builds).
#[derive(rust_embed::RustEmbed)]
#[folder = "toolkits"]
#[exclude = "*/fixtures/*"]
struct Bundled;

/// A toolkit's folder, read.
#[derive(Debug)]
pub(super) struct KitFiles {
    /// Name of the folder; must be the slug.
    pub(super) folder: String,
    /// `toolkit.yaml` and its path, as problems show it.
    pub(super) toolkit: (String, String),
    /// `tools/*.yaml` and their paths.
    pub(super) tools: Vec<(String, String)>,
    /// `triggers/*.yaml` and their paths.
    pub(super) triggers: Vec<(String, String)>,
}

/// The bundled toolkits.
pub(super) fn bundled() -> Vec<KitFiles> {
    let mut kits: Vec<KitFiles> = Vec::new();
    // Sorted by path, so that a toolkit's files stand together.
    let mut paths: Vec<_> = Bundled::iter().collect();
    paths.sort();
    for path in paths {
        let Some(file) = Bundled::get(&path) else {
            continue;
        };
        let text = String::from_utf8_lossy(&file.data).into_owned();
        match path.split('/').collect::<Vec<_>>().as_slice() {
            // It sorts before its `tools/`.
            [folder, TOOLKIT_FILE] => kits.push(KitFiles {
                folder: (*folder).to_owned(),
                toolkit: (path.to_string(), text),
                tools: Vec::new(),
                triggers: Vec::new(),
            }),
            [folder, kind @ ("tools" | "triggers"), name] if is_yaml(Path::new(name)) => {
                if let Some(kit) = kits.last_mut().filter(|kit| kit.folder == *folder) {
                    let files = match *kind {
                        "tools" => &mut kit.tools,
                        _ => &mut kit.triggers,
                    };
                    files.push((path.to_string(), text));
                }
            }
            _ => {}
        }
    }
    kits
}

/// The toolkits in the operator's folder; what cannot be read becomes a problem.
pub(super) fn in_folder(dir: &Path, problems: &mut Problems) -> Vec<KitFiles> {
    let folders = match sorted_entries(dir) {
        Ok(entries) => entries,
        Err(cause) => {
            problems.add(&whole(dir), format!("cannot be read: {cause}"));
            return Vec::new();
        }
    };
    folders
        .iter()
        .filter(|path| looks_like_kit(path))
        .filter_map(|path| match read_kit(path) {
            Ok(kit) => Some(kit),
            Err((place, cause)) => {
                problems.add(&place, format!("cannot be read: {cause}"));
                None
            }
        })
        .collect()
}

/// A folder with any YAML in it is meant to be a toolkit; one without `toolkit.yaml` is then a
/// mistake to be told, not a folder to be passed over.
fn looks_like_kit(path: &Path) -> bool {
    path.join("tools").is_dir()
        || sorted_entries(path).is_ok_and(|entries| entries.iter().any(|entry| is_yaml(entry)))
}

fn read_kit(folder: &Path) -> Result<KitFiles, (Place, std::io::Error)> {
    let read = |path: &Path| {
        let text = fs::read_to_string(path).map_err(|cause| (whole(path), cause))?;
        Ok((path.display().to_string(), text))
    };
    let toolkit = read(&folder.join(TOOLKIT_FILE))?;
    let files = |name: &str| {
        let dir = folder.join(name);
        let paths = if dir.is_dir() {
            sorted_entries(&dir).map_err(|cause| (whole(&dir), cause))?
        } else {
            Vec::new()
        };
        let yaml = paths.iter().filter(|path| is_yaml(path));
        yaml.map(|path| read(path)).collect::<Result<Vec<_>, _>>()
    };
    let tools = files("tools")?;
    let triggers = files("triggers")?;
    let folder = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(KitFiles {
        folder,
        toolkit,
        tools,
        triggers,
    })
}

fn sorted_entries(dir: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut paths = fs::read_dir(dir)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

pub(super) fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn whole(path: &Path) -> Place {
    Place {
        file: path.display().to_string(),
        line: 0,
    }
}
