//! Tags: what a call does to the service, by method and name, and the groups of the description.

use super::operation::{Envelope, Operation};

/// A POST by one of these names only looks.
const LOOKS: [&str; 14] = [
    "search", "query", "list", "get", "find", "lookup", "count", "validate", "preview", "export",
    "retrieve", "read", "batchget", "fetch",
];
/// And one by these takes something away.
const REMOVES: [&str; 3] = ["delete", "remove", "destroy"];
const MOST_GROUPS: usize = 3;
const LONGEST_GROUP: usize = 40;

/// The tags of an operation.
pub(super) fn tags(operation: &Operation<'_>) -> Vec<String> {
    if let Some(Envelope::Mcp { hints, .. }) = &operation.envelope {
        return hints.iter().map(|hint| (*hint).to_owned()).collect();
    }
    // Whatever it is called, a query only looks, and a mutation does more than that.
    let is_query = operation
        .envelope
        .is_some()
        .then(|| operation.tags.contains(&"query"));
    let hints: &[&str] = match operation.method.as_str() {
        "POST" if is_query == Some(true) => &["readOnlyHint"],
        "GET" | "HEAD" | "OPTIONS" => &["readOnlyHint", "idempotentHint"],
        "POST" if is_query.is_none() && begins_with(operation, &LOOKS) => &["readOnlyHint"],
        "POST" if begins_with(operation, &REMOVES) => &["destructiveHint"],
        "PUT" => &["updateHint", "idempotentHint"],
        "PATCH" => &["updateHint"],
        "DELETE" => &["destructiveHint", "idempotentHint"],
        _ => &[],
    };
    let hints = hints
        .iter()
        .chain(&["openWorldHint"])
        .map(|hint| (*hint).to_owned());
    let groups = operation.tags.iter().map(|tag| tag.trim().to_lowercase());
    let groups = groups.filter(|tag| (1..=LONGEST_GROUP).contains(&tag.len()));
    hints.chain(groups.take(MOST_GROUPS)).collect()
}

fn begins_with(operation: &Operation<'_>, words: &[&str]) -> bool {
    let of_id = operation
        .id
        .and_then(|id| id.rsplit(['.', '/', '_']).next());
    let names = [
        of_id,
        operation.summary,
        operation.path.rsplit(['/', ':']).next(),
    ];
    names.into_iter().flatten().any(|name| {
        let lower = name.to_ascii_lowercase();
        words.iter().any(|look| {
            let rest = lower.strip_prefix(look);
            // `getUser` and `get a user`, not `getaway`.
            rest.is_some_and(|rest| {
                rest.is_empty()
                    || rest.starts_with(|c: char| !c.is_ascii_lowercase())
                    || name[look.len()..].starts_with(|c: char| c.is_ascii_uppercase())
            })
        })
    })
}
