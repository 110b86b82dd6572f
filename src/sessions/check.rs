//! Checks a configuration against the catalog and the project's rows, and writes every name in it the
//! way they do.

use std::collections::BTreeMap;

use super::config::{
    Choice, EveryTool, ExperimentalConfig, MultiAccount, PermissionDefault, PermissionOverride,
    Pinned, PreloadedTools, SessionConfig, ToolRule,
};
use super::permits::refusal;
use crate::accounts::{
    self,
    connect::{LONGEST_USER, web_address},
};
use crate::app::App;
use crate::catalog::versions::LATEST;
use crate::catalog::{Catalog, ToolFilter, VersionPins};
use crate::error::{Error, Result};
use crate::ids::{AccountId, AuthConfigId, ProjectId};

const MOST_PRELOADED: usize = 1000;
const FEWEST_ACCOUNTS: u32 = 2;
const MOST_ACCOUNTS: u32 = 10;

/// The configuration with all names as the catalog writes them.
///
/// # Errors
/// [`Error::Invalid`] naming every field that does not fit; [`Error::NotImplemented`] where users would
/// have to be asked.
pub(super) async fn checked(
    app: &App,
    project: &ProjectId,
    user: &str,
    catalog: &Catalog,
    mut config: SessionConfig,
) -> Result<SessionConfig> {
    refuse_asking(&config.experimental)?;
    let mut check = Check {
        app,
        project,
        user,
        catalog,
        problems: Vec::new(),
    };
    if user.is_empty() || user.len() > LONGEST_USER {
        check.problem("user_id", &format!("must have 1 to {LONGEST_USER} bytes"));
    }
    check.toolkits(&mut config);
    check.tools(&mut config);
    check.auth_configs(&mut config).await?;
    check.connected_accounts(&mut config).await?;
    check.multi_account(config.multi_account.as_ref());
    check.urls(&config);
    check.offload(&config);
    check.preload(&mut config);
    if check.problems.is_empty() {
        Ok(config)
    } else {
        Err(Error::fields(check.problems))
    }
}

/// Asking a user before a call is not built, so no session may rely on it.
fn refuse_asking(experimental: &ExperimentalConfig) -> Result<()> {
    let Some(permissions) = &experimental.permissions else {
        return Ok(());
    };
    let asks = |(_, given): (&String, &PermissionOverride)| match given {
        PermissionOverride::AskOnce | PermissionOverride::AskAlways => true,
        PermissionOverride::AlwaysAllow | PermissionOverride::AlwaysDeny => false,
    };
    let asks_by_default = match permissions.default {
        PermissionDefault::AllowAll => false,
        PermissionDefault::AskEveryCall | PermissionDefault::AskOncePerSession => true,
    };
    if asks_by_default || permissions.overrides.iter().any(asks) {
        return Err(Error::NotImplemented(
            "sessions that ask the user before a call (`experimental.permissions`)".into(),
        ));
    }
    Ok(())
}

struct Check<'a> {
    app: &'a App,
    project: &'a ProjectId,
    user: &'a str,
    catalog: &'a Catalog,
    problems: Vec<String>,
}

impl Check<'_> {
    fn problem(&mut self, place: &str, problem: &str) {
        self.problems.push(format!("{place}: {problem}"));
    }

    /// A toolkit's slug as the catalog writes it.
    fn toolkit(&mut self, place: &str, slug: &str) -> Option<String> {
        match self.catalog.toolkit(slug) {
            Ok(toolkit) => Some(toolkit.manifest.slug.clone()),
            Err(error) => {
                self.unknown(place, &error);
                None
            }
        }
    }

    /// Tells of a name that is not known, and the nearest one.
    fn unknown(&mut self, place: &str, error: &Error) {
        let advice = error.shown().suggested_fix.unwrap_or_default();
        let problem = format!("{error}. {advice}");
        self.problem(place, problem.trim_end());
    }

    fn toolkits(&mut self, config: &mut SessionConfig) {
        let (place, slugs) = match &mut config.toolkits {
            None => return,
            Some(Choice::Enabled(slugs)) => ("toolkits.enable", slugs),
            Some(Choice::Disabled(slugs)) => ("toolkits.disable", slugs),
        };
        *slugs = slugs
            .iter()
            .filter_map(|slug| self.toolkit(place, slug))
            .collect();
        without_doubles(slugs);
    }

    fn tools(&mut self, config: &mut SessionConfig) {
        let given = std::mem::take(&mut config.tools);
        for (name, mut rule) in given {
            let place = format!("tools.{name}");
            let Some(toolkit) = self.toolkit(&place, &name) else {
                continue;
            };
            match &mut rule {
                ToolRule::Enabled(slugs) => {
                    *slugs = self.slugs(&toolkit, slugs, &format!("{place}.enable"));
                }
                ToolRule::Disabled(slugs) => {
                    *slugs = self.slugs(&toolkit, slugs, &format!("{place}.disable"));
                }
                ToolRule::Tags(_) => {}
            }
            config.tools.insert(toolkit, rule);
        }
    }

    /// The tools' slugs as the catalog writes them: aliases are known by the name they stand for.
    fn slugs(&mut self, toolkit: &str, given: &[String], place: &str) -> Vec<String> {
        let mut slugs = Vec::new();
        for slug in given {
            match self.catalog.newest_form(slug) {
                Ok(tool) if tool.toolkit.manifest.slug == toolkit => {
                    slugs.push(tool.manifest.slug.clone());
                }
                Ok(tool) => {
                    let other = &tool.toolkit.manifest.slug;
                    self.problem(place, &format!("`{slug}` is a tool of `{other}`"));
                }
                Err(error) => self.unknown(place, &error),
            }
        }
        without_doubles(&mut slugs);
        slugs
    }

    async fn auth_configs(&mut self, config: &mut SessionConfig) -> Result<()> {
        let given = std::mem::take(&mut config.auth_configs);
        for (name, id) in given {
            let place = format!("auth_configs.{name}");
            let Some(toolkit) = self.toolkit(&place, &name) else {
                continue;
            };
            if let Some(problem) = self.auth_config_problem(&toolkit, &id).await? {
                self.problem(&place, &problem);
            }
            config.auth_configs.insert(toolkit, id);
        }
        Ok(())
    }

    async fn auth_config_problem(
        &self,
        toolkit: &str,
        id: &AuthConfigId,
    ) -> Result<Option<String>> {
        let found = match accounts::find_auth_config(self.app, self.project, id).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => {
                return Ok(Some(format!("auth config `{id}` was not found")));
            }
            Err(error) => return Err(error),
        };
        Ok(if found.toolkit != toolkit {
            Some(format!("auth config `{id}` is for `{}`", found.toolkit))
        } else if !found.enabled {
            Some(format!("auth config `{id}` is disabled"))
        } else {
            None
        })
    }

    async fn connected_accounts(&mut self, config: &mut SessionConfig) -> Result<()> {
        let most = match &config.multi_account {
            Some(multi) if multi.enable => multi.max_accounts_per_toolkit as usize,
            _ => 1,
        };
        let given = std::mem::take(&mut config.connected_accounts);
        let mut pins = BTreeMap::new();
        for (name, pinned) in given {
            let place = format!("connected_accounts.{name}");
            let Some(toolkit) = self.toolkit(&place, &name) else {
                continue;
            };
            let ids = pinned.accounts().to_vec();
            if ids.is_empty() {
                self.problem(&place, "must name an account");
            }
            if ids.len() > most {
                let problem = if most == 1 {
                    "names several accounts, which takes `multi_account.enable`".to_owned()
                } else {
                    format!("names more than {most} accounts")
                };
                self.problem(&place, &problem);
            }
            for id in &ids {
                if let Some(problem) = self.account_problem(&toolkit, id).await? {
                    self.problem(&place, &problem);
                }
            }
            pins.insert(toolkit, Pinned::Several(ids));
        }
        config.connected_accounts = pins;
        Ok(())
    }

    async fn account_problem(&self, toolkit: &str, id: &AccountId) -> Result<Option<String>> {
        let found = match accounts::find(self.app, self.project, id).await {
            Ok(found) => Some(found),
            Err(Error::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let of_user = found.filter(|account| account.user_id == self.user);
        Ok(match of_user {
            None => Some(format!(
                "connected account `{id}` was not found for user `{}`",
                self.user
            )),
            Some(account) if account.toolkit != toolkit => Some(format!(
                "connected account `{id}` is for `{}`",
                account.toolkit
            )),
            Some(account) if !account.enabled => {
                Some(format!("connected account `{id}` is disabled"))
            }
            Some(_) => None,
        })
    }

    fn multi_account(&mut self, multi: Option<&MultiAccount>) {
        let most = multi.map_or(MOST_ACCOUNTS, |multi| multi.max_accounts_per_toolkit);
        if !(FEWEST_ACCOUNTS..=MOST_ACCOUNTS).contains(&most) {
            self.problem(
                "multi_account.max_accounts_per_toolkit",
                &format!("must be {FEWEST_ACCOUNTS} to {MOST_ACCOUNTS}"),
            );
        }
    }

    fn urls(&mut self, config: &SessionConfig) {
        let urls = [
            (
                "manage_connections.callback_url",
                &config.manage_connections.callback_url,
            ),
            (
                "experimental.link_url_overwrite",
                &config.experimental.link_url_overwrite,
            ),
        ];
        for (place, url) in urls {
            if url.as_deref().is_some_and(|url| web_address(url).is_none()) {
                self.problem(place, "must be an absolute http or https URL");
            }
        }
    }

    fn offload(&mut self, config: &SessionConfig) {
        if config.workbench.auto_offload_threshold == Some(0) {
            self.problem("workbench.auto_offload_threshold", "must be above 0");
        }
    }

    fn preload(&mut self, config: &mut SessionConfig) {
        let place = "preload.tools";
        match config.preload.tools.clone() {
            PreloadedTools::All(EveryTool::All) => self.preload_all(config),
            PreloadedTools::Slugs(given) => {
                let mut slugs = Vec::new();
                for slug in &given {
                    match self.catalog.tool(slug, Some(LATEST)) {
                        Err(error) => self.unknown(place, &error),
                        Ok(tool) => {
                            if let Some(rule) = refusal(config, tool) {
                                self.problem(place, &format!("{slug} is not permitted: {rule}"));
                            }
                            slugs.push(tool.manifest.slug.clone());
                        }
                    }
                }
                without_doubles(&mut slugs);
                if slugs.len() > MOST_PRELOADED {
                    self.problem(place, &format!("names more than {MOST_PRELOADED} tools"));
                }
                config.preload.tools = PreloadedTools::Slugs(slugs);
            }
        }
    }

    fn preload_all(&mut self, config: &SessionConfig) {
        let names_tools = |rule: &ToolRule| match rule {
            ToolRule::Enabled(_) => true,
            ToolRule::Tags(tags) => !tags.enabled.is_empty(),
            ToolRule::Disabled(_) => false,
        };
        let is_narrowed = matches!(config.toolkits, Some(Choice::Enabled(_)))
            || config.tools.values().any(names_tools)
            || config
                .tags
                .as_ref()
                .is_some_and(|tags| !tags.enabled.is_empty());
        if !is_narrowed {
            self.problem(
                "preload.tools",
                "`all` takes an `enable` list of toolkits, tools or tags",
            );
            return;
        }
        let filter = ToolFilter::default();
        let tools = self.catalog.list_tools(&filter, &VersionPins::default());
        let permitted = tools.unwrap_or_default().into_iter();
        let count = permitted
            .filter(|tool| refusal(config, tool).is_none())
            .count();
        if count > MOST_PRELOADED {
            self.problem(
                "preload.tools",
                &format!("`all` would be {count} tools, {MOST_PRELOADED} are the most"),
            );
        }
    }
}

/// Keeps the first of each.
fn without_doubles(names: &mut Vec<String>) {
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
}
