//! A session's configuration as callers send it, for a new session or as a change of one.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use super::given::Given;
use crate::ids::{AccountId, AuthConfigId};
use crate::sessions::config::{
    Choice, ExperimentalConfig, Hint, ManageConnections, MultiAccount, Permissions, Pinned,
    PreloadedTools, SandboxSize, SessionConfig, TagRule, ToolRule, Workbench,
};

/// Accounts that a session admits a toolkit, unless it says how many.
const ACCOUNTS_OF_A_TOOLKIT: u32 = 5;

/// What a session is to reach. Where a session is changed, what is left out stays, and null stands for
/// what holds without a setting.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct ConfigBody {
    /// Which toolkits: only these, or all but these. All where left out.
    #[serde(default)]
    #[schema(value_type = ChoiceBody, required = false)]
    toolkits: Given<ChoiceBody>,
    /// The auth config of a toolkit, by its slug: its accounts alone are used, and links to connect are
    /// made by it.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>, required = false,
        example = json!({ "github": "ac_1a2b3c4d5e6f" }))]
    auth_configs: Given<BTreeMap<String, AuthConfigId>>,
    /// The user's account of a toolkit, by its slug: no other is used. A list where `multi_account` is
    /// enabled, the default first.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>, required = false,
        example = json!({ "gmail": "ca_1a2b3c4d5e6f" }))]
    connected_accounts: Given<BTreeMap<String, Pinned>>,
    /// How users are asked to connect.
    #[serde(default)]
    #[schema(value_type = ManageConnectionsBody, required = false)]
    manage_connections: Given<ManageConnectionsBody>,
    /// Which tools of a toolkit, by its slug: only these, all but these, or by what they do.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, ToolRuleBody>, required = false,
        example = json!({ "gmail": { "disable": ["GMAIL_DELETE_MESSAGE"] } }))]
    tools: Given<BTreeMap<String, ToolRuleBody>>,
    /// Which tools of all other toolkits, by what they do. A list stands for `enable`.
    #[serde(default)]
    #[schema(value_type = TagsBody, required = false)]
    tags: Given<TagsBody>,
    /// What holds for code that an agent runs, and for large results.
    #[serde(default)]
    #[schema(value_type = WorkbenchBody, required = false)]
    workbench: Given<WorkbenchBody>,
    /// Several accounts of a toolkit.
    #[serde(default)]
    #[schema(value_type = MultiAccountBody, required = false)]
    multi_account: Given<MultiAccountBody>,
    /// Tools that stand beside the meta tools.
    #[serde(default)]
    #[schema(value_type = PreloadBody, required = false)]
    preload: Given<PreloadBody>,
    /// Whether the agent can search tools.
    #[serde(default)]
    #[schema(value_type = SearchBody, required = false)]
    search: Given<SearchBody>,
    /// Whether the agent can execute several tools at a time.
    #[serde(default)]
    #[schema(value_type = ExecuteBody, required = false)]
    execute: Given<ExecuteBody>,
}

/// Only these, or all but these.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", try_from = "RuleParts")]
enum ChoiceBody {
    /// Only these.
    Enable(Vec<String>),
    /// All but these.
    Disable(Vec<String>),
}

/// Which tools of a toolkit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", try_from = "RuleParts")]
enum ToolRuleBody {
    /// Only these.
    Enable(Vec<String>),
    /// All but these.
    Disable(Vec<String>),
    /// By what they do, in place of the session's `tags`.
    Tags(TagsBody),
}

/// A rule as it is sent: one of these.
#[derive(Debug, Deserialize)]
struct RuleParts {
    enable: Option<Vec<String>>,
    disable: Option<Vec<String>>,
    tags: Option<TagsBody>,
}

impl TryFrom<RuleParts> for ChoiceBody {
    type Error = &'static str;

    fn try_from(parts: RuleParts) -> Result<Self, Self::Error> {
        match parts {
            RuleParts {
                enable: Some(names),
                disable: None,
                tags: None,
            } => Ok(Self::Enable(names)),
            RuleParts {
                enable: None,
                disable: Some(names),
                tags: None,
            } => Ok(Self::Disable(names)),
            RuleParts { .. } => Err("`toolkits` must have either `enable` or `disable`"),
        }
    }
}

impl TryFrom<RuleParts> for ToolRuleBody {
    type Error = &'static str;

    fn try_from(parts: RuleParts) -> Result<Self, Self::Error> {
        match parts {
            RuleParts {
                enable: Some(slugs),
                disable: None,
                tags: None,
            } => Ok(Self::Enable(slugs)),
            RuleParts {
                enable: None,
                disable: Some(slugs),
                tags: None,
            } => Ok(Self::Disable(slugs)),
            RuleParts {
                enable: None,
                disable: None,
                tags: Some(tags),
            } => Ok(Self::Tags(tags)),
            RuleParts { .. } => {
                Err("each entry of `tools` must have one of `enable`, `disable` and `tags`")
            }
        }
    }
}

/// Tools by what they do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "a list of tags, or an object with `enable` and `disable`"
)]
enum TagsBody {
    /// With at least one of these.
    Enable(Vec<Hint>),
    /// Both ways.
    Rule {
        /// With at least one of these.
        #[serde(default)]
        enable: Vec<Hint>,
        /// With none of these.
        #[serde(default)]
        disable: Vec<Hint>,
    },
}

/// How users are asked to connect.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct ManageConnectionsBody {
    /// Whether the agent has a tool for it.
    #[serde(default)]
    #[schema(value_type = Option<bool>, default = true)]
    enable: Given<bool>,
    /// Where a user's browser goes after connecting.
    #[serde(default)]
    #[schema(value_type = String, format = "uri", required = false)]
    callback_url: Given<String>,
    /// Whether that tool may remove accounts.
    #[serde(default)]
    #[schema(value_type = Option<bool>, default = true)]
    enable_connection_removal: Given<bool>,
    /// Whether the agent has a tool that waits until users have connected.
    #[serde(default)]
    #[schema(value_type = Option<bool>, default = false)]
    enable_wait_for_connections: Given<bool>,
}

/// What holds for code that an agent runs, and for large results.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct WorkbenchBody {
    /// Whether the agent has the tools that run code.
    #[serde(default)]
    #[schema(value_type = bool, default = true, required = false)]
    enable: Given<bool>,
    /// Whether that code may send requests with users' credentials.
    #[serde(default)]
    #[schema(value_type = bool, default = true, required = false)]
    enable_proxy_execution: Given<bool>,
    /// Characters of a result above which it is given as a file; 20,000 where left out.
    #[serde(default)]
    #[schema(value_type = f64, exclusive_minimum = 0, required = false)]
    auto_offload_threshold: Given<f64>,
    /// How large a machine the code runs on.
    #[serde(default)]
    #[schema(value_type = SandboxSize, required = false)]
    sandbox_size: Given<SandboxSize>,
}

/// Several accounts of a toolkit.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct MultiAccountBody {
    /// Whether there may be several.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    enable: Given<bool>,
    /// How many a user may connect, 2 to 10; 5 where left out.
    #[serde(default)]
    #[schema(value_type = f64, required = false)]
    max_accounts_per_toolkit: Given<u32>,
    /// Whether a call must say which account, where the user has several.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    require_explicit_selection: Given<bool>,
}

/// Tools that stand beside the meta tools.
#[derive(Debug, Deserialize, ToSchema)]
struct PreloadBody {
    /// Their slugs, or `all` that the session permits, at most 1000.
    tools: PreloadedTools,
}

/// Whether the agent can search tools.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct SearchBody {
    /// Whether it can.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    enable: Given<bool>,
}

/// Whether the agent can execute several tools at a time.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct ExecuteBody {
    /// Whether it can.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    enable_multi_execute: Given<bool>,
}

/// Settings that the API calls experimental.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct ExperimentalBody {
    /// The host that links to connect lead to, in place of this server's public URL.
    #[serde(default)]
    #[schema(value_type = String, format = "uri", required = false)]
    link_url_overwrite: Given<String>,
    /// Calls that are never, or always, made without asking.
    #[serde(default)]
    #[schema(value_type = Permissions, required = false)]
    permissions: Given<Permissions>,
}

impl ExperimentalBody {
    pub(super) fn apply(self, config: &mut ExperimentalConfig) {
        let Self {
            link_url_overwrite,
            permissions,
        } = self;
        link_url_overwrite.set(&mut config.link_url_overwrite, Some);
        permissions.set(&mut config.permissions, Some);
    }
}

impl ConfigBody {
    /// Changes what the body speaks of.
    pub(super) fn apply(self, config: &mut SessionConfig) {
        let Self {
            toolkits,
            auth_configs,
            connected_accounts,
            manage_connections,
            tools,
            tags,
            workbench,
            multi_account,
            preload,
            search,
            execute,
        } = self;
        toolkits.set(&mut config.toolkits, |choice| Some(choice.into()));
        auth_configs.set(&mut config.auth_configs, |by| by);
        connected_accounts.set(&mut config.connected_accounts, |pins| pins);
        manage_connections.change(&mut config.manage_connections, ManageConnectionsBody::apply);
        tools.set(&mut config.tools, |rules| {
            let rules = rules.into_iter();
            rules.map(|(slug, rule)| (slug, rule.into())).collect()
        });
        tags.set(&mut config.tags, |rule| Some(rule.into()));
        workbench.change(&mut config.workbench, WorkbenchBody::apply);
        multi_account.change(&mut config.multi_account, MultiAccountBody::apply);
        preload.set(&mut config.preload.tools, |preload| preload.tools);
        search.change(&mut config.search, |body, search| {
            body.enable.set_or(&mut search.enable, true);
        });
        execute.change(&mut config.execute, |body, execute| {
            body.enable_multi_execute
                .set_or(&mut execute.enable_multi_execute, true);
        });
    }
}

impl From<ChoiceBody> for Choice {
    fn from(body: ChoiceBody) -> Self {
        match body {
            ChoiceBody::Enable(names) => Self::Enabled(names),
            ChoiceBody::Disable(names) => Self::Disabled(names),
        }
    }
}

impl From<ToolRuleBody> for ToolRule {
    fn from(body: ToolRuleBody) -> Self {
        match body {
            ToolRuleBody::Enable(slugs) => Self::Enabled(slugs),
            ToolRuleBody::Disable(slugs) => Self::Disabled(slugs),
            ToolRuleBody::Tags(tags) => Self::Tags(tags.into()),
        }
    }
}

impl From<TagsBody> for TagRule {
    fn from(body: TagsBody) -> Self {
        let (enabled, disabled) = match body {
            TagsBody::Enable(enable) => (enable, Vec::new()),
            TagsBody::Rule { enable, disable } => (enable, disable),
        };
        Self { enabled, disabled }
    }
}

impl ManageConnectionsBody {
    fn apply(self, config: &mut ManageConnections) {
        let Self {
            enable,
            callback_url,
            enable_connection_removal,
            enable_wait_for_connections,
        } = self;
        enable.set_or(&mut config.enabled, true);
        callback_url.set(&mut config.callback_url, Some);
        enable_connection_removal.set_or(&mut config.enable_connection_removal, true);
        enable_wait_for_connections.set_or(&mut config.enable_wait_for_connections, false);
    }
}

impl WorkbenchBody {
    fn apply(self, config: &mut Workbench) {
        let Self {
            enable,
            enable_proxy_execution,
            auto_offload_threshold,
            sandbox_size,
        } = self;
        enable.set_or(&mut config.enable, true);
        enable_proxy_execution.set_or(&mut config.proxy_execution_enabled, true);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of a float is clamped; characters are counted in whole numbers"
        )]
        auto_offload_threshold.set(&mut config.auto_offload_threshold, |limit| {
            Some(limit.ceil() as u64)
        });
        sandbox_size.set(&mut config.sandbox_size, Some);
    }
}

impl MultiAccountBody {
    fn apply(self, config: &mut Option<MultiAccount>) {
        let Self {
            enable,
            max_accounts_per_toolkit,
            require_explicit_selection,
        } = self;
        let multi = config.get_or_insert(MultiAccount {
            enable: false,
            max_accounts_per_toolkit: ACCOUNTS_OF_A_TOOLKIT,
            require_explicit_selection: false,
        });
        enable.set_or(&mut multi.enable, false);
        max_accounts_per_toolkit.set_or(&mut multi.max_accounts_per_toolkit, ACCOUNTS_OF_A_TOOLKIT);
        require_explicit_selection.set_or(&mut multi.require_explicit_selection, false);
    }
}

/// The accounts of a session as a prefix of the API shows them.
pub(super) fn pins_by_one(config: &mut SessionConfig) {
    for pinned in config.connected_accounts.values_mut() {
        let ids: &[AccountId] = pinned.accounts();
        if let [only] = ids {
            *pinned = Pinned::One(only.clone());
        }
    }
}
