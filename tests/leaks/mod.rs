//! No secret leaves the server where it has no business: no log line, no file and no answer holds a
//! part of one. Everything that the real binary left behind is searched.

mod credentials;
mod hostile;
mod suite;

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::files::hex;

/// Of a secret that was cut off in the middle, this much is still too much.
pub const PIECE: usize = 12;

/// Every part of `secrets` that `haystack` shows in any spelling.
pub fn leaks(place: &str, haystack: &[u8], secrets: &[(String, String)]) -> Vec<String> {
    let haystack = String::from_utf8_lossy(haystack).to_lowercase();
    let mut found = Vec::new();
    for (kind, secret) in secrets {
        let base64 = STANDARD.encode(secret);
        let hexadecimal = hex(secret.as_bytes());
        for text in [secret.as_str(), base64.trim_end_matches('='), &hexadecimal] {
            let text = text.to_lowercase();
            for piece in [&text[..PIECE], &text[text.len() - PIECE..]] {
                if let Some(at) = haystack.find(piece) {
                    let from = haystack[..at]
                        .char_indices()
                        .rev()
                        .nth(80)
                        .map_or(0, |(i, _)| i);
                    found.push(format!("{kind} in {place}: …{}<HERE>", &haystack[from..at]));
                }
            }
        }
    }
    found
}

/// Every file below a folder, with its content.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut contents = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            contents.extend(files(&path));
        } else {
            contents.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    contents
}
