//! Tags: what a call does to the service, by method and name, and the groups of the description.

use super::operation::Operation;

/// A POST by one of these names only looks.
const LOOKS: [&str; 14] = [
    "search", "query", "list", "get", "find", "lookup", "count", "validate", "preview", "export",
    "retrieve", "read", "batchget", "fetch",
];
const MOST_GROUPS: usize = 3;
const LONGEST_GROUP: usize = 40;

/// The tags of an operation.
pub(super) fn tags(operation: &Operation<'_>) -> Vec<String> {
    let hints: &[&str] = match operation.method.as_str() {
        "GET" | "HEAD" | "OPTIONS" => &["readOnlyHint", "idempotentHint"],
        "POST" if only_looks(operation) => &["readOnlyHint"],
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

fn only_looks(operation: &Operation<'_>) -> bool {
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
        LOOKS.iter().any(|look| {
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
