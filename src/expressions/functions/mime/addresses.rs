//! Addresses and message ids as people and programs write them.

use mail_builder::headers::address::Address;
use serde_json::Value;

use super::one_line;

/// The longest that mail servers take (RFC 5321 section 4.5.3.1.3).
const LONGEST_ADDRESS: usize = 254;

/// The addresses of a text, a list or a list of lists.
pub(super) fn read(key: &str, value: Option<&Value>) -> Result<Vec<Address<'static>>, String> {
    let mut found = Vec::new();
    match value {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => {
            for one in split(text) {
                found.push(address(one).ok_or_else(|| {
                    format!(
                        "`{key}` holds what is no address; jane@example.com or \
                             Jane Doe <jane@example.com> is one"
                    )
                })?);
            }
        }
        Some(Value::Array(items)) => {
            for item in items {
                found.extend(read(key, Some(item))?);
            }
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
            return Err(format!("`{key}` must be addresses"));
        }
    }
    Ok(found)
}

/// At the commas and semicolons that stand in no quotes and no `<>`.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut angled, mut escaped) = (false, false, false);
    let parts = text.split(move |c| {
        let was_escaped = std::mem::take(&mut escaped);
        match c {
            '\\' if quoted && !was_escaped => escaped = true,
            '"' if !was_escaped && !angled => quoted = !quoted,
            '<' if !quoted => angled = true,
            '>' if !quoted => angled = false,
            ',' | ';' => return !quoted && !angled,
            _ => {}
        }
        false
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

/// `jane@x.test` or `Jane Doe <jane@x.test>`.
fn address(text: &str) -> Option<Address<'static>> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let Some((name, address)) = text
        .strip_suffix('>')
        .and_then(|text| text.rsplit_once('<'))
    else {
        return is_address(text).then(|| Address::new_address(None::<String>, text.to_owned()));
    };
    let name = name.trim();
    let inner = name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'));
    let name = one_line(&inner.map_or_else(|| name.to_owned(), unescaped));
    let name = (!name.is_empty()).then_some(name);
    let address = address.trim();
    is_address(address).then(|| Address::new_address(name, address.to_owned()))
}

fn unescaped(text: &str) -> String {
    text.replace("\\\"", "\"").replace("\\\\", "\\")
}

fn is_address(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "<>,;:\"\\()[]".contains(c);
    text.len() <= LONGEST_ADDRESS
        && !text.contains(forbidden)
        && parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

/// The ids of a text such as `<a@x> <b@x>`, or of a list of such. They come from other people's
/// mails: what is no id is passed over.
pub(super) fn message_ids(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => {
            text.split_whitespace()
                .filter_map(message_id)
                .fold(Vec::new(), |mut ids, id| {
                    ids.push(id.to_owned());
                    ids
                })
        }
        Some(Value::Array(items)) => {
            let mut ids: Vec<String> = Vec::new();
            for id in items.iter().flat_map(|item| message_ids(Some(item))) {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            ids
        }
        _ => Vec::new(),
    }
}

fn message_id(text: &str) -> Option<&str> {
    let id = text.strip_prefix('<')?.strip_suffix('>')?;
    let is_plain = id.contains('@') && !id.contains(|c: char| c.is_control() || "<>".contains(c));
    is_plain.then_some(id)
}
