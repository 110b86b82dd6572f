//! What a server may name: toolkits and tools of the project's catalog, its own auth configs.

use std::collections::BTreeSet;

use crate::app::App;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::ids::ProjectId;
use crate::storage;
use crate::storage::auth_configs::AuthConfig;
use crate::toolkits;

const SHORTEST_NAME: usize = 4;
const LONGEST_NAME: usize = 30;
/// Toolkits, auth configs and tools that one server may name, each.
const MOST_NAMED: usize = 1000;

pub(super) fn check_name(name: &str) -> Result<()> {
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"- ".contains(&byte));
    if is_plain && (SHORTEST_NAME..=LONGEST_NAME).contains(&name.len()) {
        return Ok(());
    }
    Err(Error::fields(vec![format!(
        "name: must have {SHORTEST_NAME} to {LONGEST_NAME} characters out of letters, digits, \
         spaces and `-`"
    )]))
}

/// What a server offers.
pub(super) struct Choice {
    pub(super) toolkits: Vec<String>,
    pub(super) auth_configs: Vec<String>,
    pub(super) allowed_tools: Vec<String>,
}

impl Choice {
    /// The same under the catalog's own names, each once, with the toolkits of the auth configs; where
    /// neither names a toolkit, with those of the tools.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names every problem.
    pub(super) async fn checked(self, app: &App, project: &ProjectId) -> Result<Self> {
        self.check_lengths()?;
        let catalog = toolkits::catalog(app, project).await?;
        let mut problems = Vec::new();
        let mut toolkits = BTreeSet::new();
        for slug in &self.toolkits {
            match catalog.toolkit(slug) {
                Ok(toolkit) => _ = toolkits.insert(toolkit.manifest.slug.clone()),
                Err(error) => problems.push(problem("toolkits", &error)),
            }
        }
        let auth_configs: BTreeSet<String> = self.auth_configs.into_iter().collect();
        let auth_configs: Vec<String> = auth_configs.into_iter().collect();
        let found = find_all(app, project, &auth_configs).await?;
        for id in &auth_configs {
            match found.iter().find(|config| config.id.as_str() == id) {
                Some(config) => _ = toolkits.insert(config.toolkit.clone()),
                None => problems.push(format!(
                    "auth_config_ids: `{id}` is no auth config of this project; GET \
                     /api/v3/auth_configs lists those there are"
                )),
            }
        }
        let from_tools = toolkits.is_empty() && problems.is_empty();
        let allowed_tools = allowed(
            &catalog,
            &self.allowed_tools,
            &mut toolkits,
            from_tools,
            &mut problems,
        );
        if toolkits.is_empty() && problems.is_empty() {
            problems.push("toolkits: name at least one toolkit, auth config or tool".into());
        }
        if !problems.is_empty() {
            return Err(Error::fields(problems));
        }
        Ok(Self {
            toolkits: toolkits.into_iter().collect(),
            auth_configs,
            allowed_tools,
        })
    }

    fn check_lengths(&self) -> Result<()> {
        let lists = [
            ("toolkits", &self.toolkits),
            ("auth_config_ids", &self.auth_configs),
            ("allowed_tools", &self.allowed_tools),
        ];
        let long = lists
            .iter()
            .filter(|(_, list)| list.len() > MOST_NAMED)
            .map(|(name, _)| format!("{name}: must have at most {MOST_NAMED} items"));
        let long: Vec<String> = long.collect();
        if long.is_empty() {
            Ok(())
        } else {
            Err(Error::fields(long))
        }
    }
}

/// The tools' own slugs; `from_tools` adds their toolkits, else each must be of one that is there.
fn allowed(
    catalog: &Catalog,
    asked: &[String],
    toolkits: &mut BTreeSet<String>,
    from_tools: bool,
    problems: &mut Vec<String>,
) -> Vec<String> {
    let mut tools = BTreeSet::new();
    for slug in asked {
        let tool = match catalog.newest_form(slug) {
            Ok(tool) => tool,
            Err(error) => {
                problems.push(problem("allowed_tools", &error));
                continue;
            }
        };
        let toolkit = &tool.toolkit.manifest.slug;
        if from_tools {
            toolkits.insert(toolkit.clone());
        }
        if toolkits.contains(toolkit) {
            tools.insert(tool.manifest.slug.clone());
        } else {
            problems.push(format!(
                "allowed_tools: {} is a tool of `{toolkit}`, which the server does not have; add \
                 `{toolkit}` to `toolkits`, or leave the tool out",
                tool.manifest.slug
            ));
        }
    }
    tools.into_iter().collect()
}

fn problem(field: &str, error: &Error) -> String {
    let fix = error.shown().suggested_fix;
    let fix = fix.map(|fix| format!("; {fix}")).unwrap_or_default();
    format!("{field}: {error}{fix}")
}

async fn find_all(app: &App, project: &ProjectId, ids: &[String]) -> Result<Vec<AuthConfig>> {
    let mut session = app.db.read().await?;
    storage::auth_configs::find_all(session.conn(), project, ids).await
}

/// Those of the auth configs that are of these toolkits, in any case.
pub(super) async fn of_toolkits(
    app: &App,
    project: &ProjectId,
    ids: &[String],
    toolkits: &[String],
) -> Result<Vec<String>> {
    let configs = find_all(app, project, ids).await?;
    let is_kept = |config: &AuthConfig| {
        let mut toolkits = toolkits.iter();
        toolkits.any(|slug| slug.eq_ignore_ascii_case(&config.toolkit))
    };
    let kept = configs.into_iter().filter(is_kept);
    Ok(kept.map(|config| config.id.as_str().to_owned()).collect())
}
