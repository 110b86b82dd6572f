//! What an operation is called: by what it does.

use super::{Field, Schema};

/// A mutation is named by what it does, wherever its name says that.
const VERBS: [&str; 41] = [
    "create",
    "update",
    "delete",
    "archive",
    "unarchive",
    "add",
    "remove",
    "set",
    "unset",
    "cancel",
    "send",
    "upload",
    "import",
    "export",
    "complete",
    "connect",
    "disconnect",
    "enable",
    "disable",
    "activate",
    "deactivate",
    "publish",
    "move",
    "reset",
    "upsert",
    "duplicate",
    "start",
    "stop",
    "mark",
    "unmark",
    "approve",
    "reject",
    "resolve",
    "unresolve",
    "assign",
    "unassign",
    "revoke",
    "restore",
    "generate",
    "close",
    "reopen",
];
/// A query that begins so says itself what it does.
const ASKS: [&str; 14] = [
    "get", "list", "find", "search", "fetch", "count", "check", "lookup", "validate", "verify",
    "is", "has", "can", "preview",
];

/// `issueCreate` → `createIssue`, `issues` → `listIssues`, `issue` → `getIssue`
pub(super) fn spoken(schema: &Schema, field: &Field, is_mutation: bool) -> String {
    let name = &field.name;
    if is_mutation {
        let start = name.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or(0);
        let (noun, verb) = name.split_at(start);
        let verb = verb.to_ascii_lowercase();
        // `createStatusUpdate` creates.
        let is_said = noun.is_empty() || VERBS.contains(&first_word(name));
        if !is_said && VERBS.contains(&verb.as_str()) {
            return format!("{verb}{}", capital(noun));
        }
        return name.clone();
    }
    if ASKS.contains(&first_word(name)) {
        return name.clone();
    }
    let of = schema.types.get(field.of.name());
    let is_page = of.is_some_and(|of| of.is_page);
    let verb = if is_page || field.of.is_list() {
        "list"
    } else {
        "get"
    };
    format!("{verb}{}", capital(name))
}

fn first_word(name: &str) -> &str {
    let end = name.find(|c: char| !c.is_ascii_lowercase());
    &name[..end.unwrap_or(name.len())]
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}
