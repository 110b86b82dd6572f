//! Rules of the house that a test keeps. Each failure names the file and the way out.

mod documents;
mod layers;
mod openapi;
mod places;
mod schema;
mod sealed;
mod sizes;
mod statements;

use std::path::{Path, PathBuf};

/// A file of `src/`, with what a guard may look at.
struct Source {
    /// Relative to the repository, with `/`.
    path: String,
    /// As it stands.
    text: String,
    /// Without comments and the content of strings, line for line.
    code: String,
}

impl Source {
    /// The top module the file belongs to; none for `lib.rs` and `main.rs`.
    fn module(&self) -> Option<&str> {
        let inner = self.path.strip_prefix("src/")?;
        let first = inner.split('/').next()?;
        Some(first.strip_suffix(".rs").unwrap_or(first))
            .filter(|name| !matches!(*name, "lib" | "main"))
    }

    /// `path:line` of every line of code that has `word`.
    fn lines_with(&self, word: &str) -> Vec<String> {
        let lines = self.code.lines().enumerate();
        lines
            .filter(|(_, line)| line.contains(word))
            .map(|(index, line)| format!("{}:{}: {}", self.path, index + 1, line.trim()))
            .collect()
    }
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of `src/`.
fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&repository().join("src"), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let relative = path.strip_prefix(repository()).unwrap();
            Source {
                path: relative.to_string_lossy().replace('\\', "/"),
                code: without_comments_and_strings(&text),
                text,
            }
        })
        .collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Blanks comments and string contents, so that a guard reads code alone. It knows as much of Rust
/// as the guards need: line comments, nested block comments, plain and raw strings, characters.
fn without_comments_and_strings(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment_length(rest)
        } else if let Some(length) = string_length(rest, code.chars().last()) {
            length
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        // Lines keep their numbers.
        code.extend(
            rest[..length]
                .chars()
                .filter(|character| *character == '\n'),
        );
        code.push(' ');
        rest = &rest[length..];
    }
    code
}

fn block_comment_length(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            match text[at..].chars().next() {
                Some(character) => at += character.len_utf8(),
                None => return text.len(),
            }
        }
        if depth == 0 {
            return at;
        }
    }
}

/// The length of the string or character literal that `text` begins with.
fn string_length(text: &str, before: Option<char>) -> Option<usize> {
    let in_word = before.is_some_and(|character| character.is_alphanumeric() || character == '_');
    if !in_word && let Some(raw) = text.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = 1 + hashes + 1;
            return text[body..].find(&end).map(|at| body + at + end.len());
        }
    }
    if let Some(escaped) = text.strip_prefix("'\\") {
        let mut inner = escaped.char_indices().skip(1);
        return inner
            .find(|(_, character)| *character == '\'')
            .map(|(at, _)| 3 + at);
    }
    if text.starts_with('\'') {
        let mut inner = text.char_indices().skip(1);
        let _ = inner.next()?;
        // A lifetime has no closing quote here.
        return inner
            .next()
            .filter(|(_, c)| *c == '\'')
            .map(|(at, _)| at + 1);
    }
    let mut inner = text.strip_prefix('"')?.char_indices();
    while let Some((at, character)) = inner.next() {
        match character {
            '\\' => drop(inner.next()),
            '"' => return Some(at + 2),
            _ => {}
        }
    }
    Some(text.len())
}

#[test]
fn the_guards_read_code_and_neither_comments_nor_strings() {
    let text =
        "a // crate::x\nb /* crate::y /* z */ */ c \"crate::\\\" q\" d 'e' '\\'' r#\"\"f\"# 'g";
    let code = without_comments_and_strings(text);
    let words: Vec<&str> = code.split_whitespace().collect();
    assert_eq!(words, ["a", "b", "c", "d", "'g"]);
    assert_eq!(code.lines().count(), 2);
}
