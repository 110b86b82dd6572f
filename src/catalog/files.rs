//! Where manifests come from: the folder compiled into the binary, and the operator's own.

use std::fs;
use std::path::Path;

use crate::catalog::problems::{Place, Problems};

/// The toolkits that come with the server (read from disk in debug builds).
#[derive(rust_embed::RustEmbed)]
#[folder = "toolkits"]
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
        let mut parts = path.split('/');
        let (folder, second, third) =
            (parts.next().unwrap_or_default(), parts.next(), parts.next());
        if kits.last().is_none_or(|kit| kit.folder != folder) {
            kits.push(KitFiles {
                folder: folder.to_owned(),
                toolkit: (format!("{folder}/toolkit.yaml"), String::new()),
                tools: Vec::new(),
            });
        }
        let Some(kit) = kits.last_mut() else { continue };
        match (second, third) {
            (Some("toolkit.yaml"), None) => kit.toolkit.1 = text,
            (Some("tools"), Some(name)) if is_yaml(Path::new(name)) => {
                kit.tools.push((path.clone().into_owned(), text));
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
        .filter(|path| path.join("toolkit.yaml").is_file())
        .filter_map(|path| match read_kit(path) {
            Ok(kit) => Some(kit),
            Err((place, cause)) => {
                problems.add(&place, format!("cannot be read: {cause}"));
                None
            }
        })
        .collect()
}

fn read_kit(folder: &Path) -> Result<KitFiles, (Place, std::io::Error)> {
    let read = |path: &Path| {
        let text = fs::read_to_string(path).map_err(|cause| (whole(path), cause))?;
        Ok((path.display().to_string(), text))
    };
    let toolkit = read(&folder.join("toolkit.yaml"))?;
    let tools_dir = folder.join("tools");
    let tools = if tools_dir.is_dir() {
        sorted_entries(&tools_dir).map_err(|cause| (whole(&tools_dir), cause))?
    } else {
        Vec::new()
    };
    let tools = tools
        .iter()
        .filter(|path| is_yaml(path))
        .map(|path| read(path))
        .collect::<Result<_, _>>()?;
    let folder = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(KitFiles {
        folder,
        toolkit,
        tools,
    })
}

fn sorted_entries(dir: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut paths = fs::read_dir(dir)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn whole(path: &Path) -> Place {
    Place {
        file: path.display().to_string(),
        line: 0,
    }
}
