//! Which OAuth scopes tools need, and which of them a refused call lacked.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::connection::Connection;
use super::response::Shaped;
use crate::app::App;
use crate::catalog::Tool;
use crate::error::{Error, Result};
use crate::ids::ProjectId;
use crate::toolkits;

/// What one tool needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolScopes {
    /// Its slug.
    pub tool: String,
    /// All of these; none when it needs no scope.
    pub scopes: Vec<String>,
}

/// What these tools need, in the order they were asked for.
///
/// # Errors
/// [`Error::NotFound`] for an unknown tool or version, [`Error::Invalid`] for tools of several
/// toolkits or none at all.
pub async fn required_scopes(
    app: &App,
    project: &ProjectId,
    tools: &[String],
    version: Option<&str>,
) -> Result<Vec<ToolScopes>> {
    let catalog = toolkits::catalog(app, project).await?;
    let found: Vec<_> = tools
        .iter()
        .map(|slug| catalog.tool(slug, version))
        .collect::<Result<_>>()?;
    let toolkits: BTreeSet<&str> = found
        .iter()
        .map(|tool| tool.toolkit.manifest.slug.as_str())
        .collect();
    if toolkits.len() != 1 {
        let problem = if toolkits.is_empty() {
            "tools: must name at least one tool".to_owned()
        } else {
            let names: Vec<&str> = toolkits.into_iter().collect();
            format!(
                "tools: must be of one toolkit, these are of {}",
                names.join(", ")
            )
        };
        return Err(Error::fields(vec![problem]));
    }
    let needs = found.into_iter().map(|tool| ToolScopes {
        tool: tool.manifest.slug.clone(),
        scopes: tool.manifest.scopes.clone(),
    });
    Ok(needs.collect())
}

/// After a 403: says which scopes of the tool the connection was not granted, as far as is known.
/// The upstream's own words stay.
pub(super) fn explain_refusal(shaped: &mut Shaped, tool: &Tool, connection: &Connection) {
    let required = &tool.manifest.scopes;
    if required.is_empty() {
        return;
    }
    let sentence = match connection.granted_scopes() {
        None => format!(
            "the tool needs the scopes {}; which ones this connection has is not known",
            required.join(", ")
        ),
        Some(granted) => {
            let missing: Vec<&String> = required
                .iter()
                .filter(|scope| !granted.contains(*scope))
                .collect();
            if missing.is_empty() {
                return;
            }
            let names: Vec<&str> = missing.iter().map(|scope| scope.as_str()).collect();
            let sentence = format!(
                "the connection was not granted {}, which the tool needs: add it to the auth \
                 config and let the user connect again",
                names.join(", ")
            );
            shaped.data.insert("missing_scopes".into(), json!(missing));
            sentence
        }
    };
    shaped
        .data
        .insert("required_scopes".into(), json!(required));
    if let Some(error) = &mut shaped.error {
        error.push_str(&format!(" ({sentence})"));
    }
}

/// A `scope` value as providers give it (RFC 6749 section 3.3; some separate by commas, some give a
/// list).
pub(super) fn read(scope: &Value) -> Option<BTreeSet<String>> {
    let scopes: BTreeSet<String> = match scope {
        Value::String(text) => text
            .split([' ', ','])
            .filter(|one| !one.is_empty())
            .map(str::to_owned)
            .collect(),
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    (!scopes.is_empty()).then_some(scopes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(json!("repo user"))]
    #[case(json!("repo,user"))]
    #[case(json!(["repo", "user"]))]
    fn scopes_are_read_as_providers_write_them(#[case] scope: Value) {
        let expected = BTreeSet::from(["repo".to_owned(), "user".to_owned()]);
        assert_eq!(read(&scope), Some(expected));
    }

    #[test]
    fn nothing_said_is_not_nothing_granted() {
        assert_eq!(read(&json!(null)), None);
        assert_eq!(read(&json!("")), None);
    }
}
