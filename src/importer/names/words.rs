//! The words of summaries, ids and paths, of which slugs are made.

use crate::importer::document::Dialect;
use crate::importer::operation::Operation;

/// No apostrophes, nothing in parentheses, words as they stand: GitHub stays one. Only what is an
/// identifier as a whole is split.
pub(super) fn summary_words(summary: &str) -> Vec<String> {
    if is_identifier(summary) {
        return upper_words(&split_camel(summary));
    }
    let mut depth = 0_usize;
    let plain: String = summary
        .chars()
        .filter(|c| match c {
            '(' => {
                depth += 1;
                false
            }
            ')' => {
                depth = depth.saturating_sub(1);
                false
            }
            '\'' | '’' | '"' | '`' => false,
            _ => depth == 0,
        })
        .collect();
    upper_words(&plain)
}

/// `getSchema`: nothing that people read.
pub(in crate::importer) fn is_identifier(text: &str) -> bool {
    let is_hump = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
    !text.contains(char::is_whitespace) && text.as_bytes().windows(2).any(is_hump)
}

pub(super) fn upper_words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_uppercase)
        .collect()
}

pub(super) fn id_words(id: &str, dialect: Dialect) -> Vec<String> {
    if dialect == Dialect::Discovery {
        return discovery_words(id);
    }
    upper_words(&split_camel(id))
}

/// `gmail.users.drafts.list` → LIST DRAFTS, `gmail.users.drafts.get` → GET DRAFT
fn discovery_words(id: &str) -> Vec<String> {
    let parts: Vec<&str> = id.split('.').skip(1).collect();
    let (Some(verb), resource) = (parts.last(), parts.iter().rev().nth(1)) else {
        return upper_words(id);
    };
    let mut words = upper_words(&split_camel(verb));
    if let Some(resource) = resource {
        let mut nouns = upper_words(&split_camel(resource));
        let is_many = words.first().is_some_and(|verb| verb == "LIST");
        if let Some(last) = nouns.last_mut().filter(|_| !is_many) {
            *last = singular(last);
        }
        words.extend(nouns);
    }
    words
}

fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("IES") {
        return format!("{stem}Y");
    }
    if word.ends_with("SS") || word.ends_with("US") {
        return word.to_owned();
    }
    word.strip_suffix('S').unwrap_or(word).to_owned()
}

/// `listRepoTags` → `list Repo Tags`, `getHTTPServer` → `get HTTP Server`
pub(super) fn split_camel(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| letters.get(index));
        let after = letters.get(index + 1);
        let begins = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if begins {
            out.push(' ');
        }
        out.push(*letter);
    }
    out
}

/// `GET /users/{id}/keys` → LIST USERS KEYS BY ID
pub(super) fn path_words(operation: &Operation<'_>) -> Vec<String> {
    let mut named = Vec::new();
    let mut last = None;
    for segment in operation
        .path
        .split('/')
        .filter(|segment| !segment.is_empty())
    {
        let Some((before, slot)) = segment.split_once('{') else {
            if !is_version(segment) {
                named.extend(upper_words(&split_camel(segment)));
            }
            continue;
        };
        named.extend(upper_words(&split_camel(before)));
        last = slot.split('}').next();
    }
    let ends_in_slot = operation.path.trim_end_matches('/').ends_with('}');
    let verb = match operation.method.as_str() {
        "GET" if ends_in_slot => "GET",
        "GET" => "LIST",
        "POST" => "CREATE",
        "PUT" => "REPLACE",
        "PATCH" => "UPDATE",
        "DELETE" => "DELETE",
        other => other,
    };
    let mut words = vec![verb.to_owned()];
    words.extend(named);
    if let Some(last) = last {
        words.push("BY".into());
        words.extend(upper_words(&split_camel(last)));
    }
    words
}

/// `v1`, `v2.1`: says nothing.
fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix('v');
    segment.len() <= 4 && number.is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()))
}
