//! What a session may reach and how it behaves. It is stored and shown in this shape; what callers
//! send differs in names only (`enable` for `enabled`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{AccountId, AuthConfigId};

/// A session's configuration, checked against the catalog and the project's rows when it was made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionConfig {
    /// Which toolkits; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub toolkits: Option<Choice>,
    /// The auth config of a toolkit, by its slug: its accounts alone are used.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>, required = false,
        example = json!({ "github": "ac_1a2b3c4d5e6f" }))]
    pub auth_configs: BTreeMap<String, AuthConfigId>,
    /// The accounts of a toolkit, by its slug, the default first.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Vec<String>>, required = false,
        example = json!({ "gmail": ["ca_1a2b3c4d5e6f"] }))]
    pub connected_accounts: BTreeMap<String, Pinned>,
    /// How users are asked to connect.
    #[serde(default)]
    #[schema(required = false)]
    pub manage_connections: ManageConnections,
    /// Which tools of a toolkit, by its slug.
    #[serde(default)]
    #[schema(required = false)]
    pub tools: BTreeMap<String, ToolRule>,
    /// Which tools of the other toolkits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub tags: Option<TagRule>,
    /// What holds for code that an agent runs, and for large results.
    #[serde(default)]
    #[schema(required = false)]
    pub workbench: Workbench,
    /// Several accounts of a toolkit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub multi_account: Option<MultiAccount>,
    /// Tools that stand beside the meta tools.
    #[serde(default)]
    #[schema(required = false)]
    pub preload: Preload,
    /// Whether tools can be searched.
    #[serde(default)]
    #[schema(required = false)]
    pub search: Switch,
    /// Whether tools can be executed several at a time.
    #[serde(default)]
    #[schema(required = false)]
    pub execute: MultiExecute,
    /// What may change.
    #[serde(default, skip_serializing_if = "ExperimentalConfig::is_empty")]
    #[schema(required = false)]
    pub experimental: ExperimentalConfig,
}

/// Only these, or all but these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Only these.
    Enabled(Vec<String>),
    /// All but these.
    Disabled(Vec<String>),
}

impl Choice {
    /// Whether it lets this one through.
    #[must_use]
    pub fn admits(&self, name: &str) -> bool {
        let holds = |names: &[String]| names.iter().any(|other| other == name);
        match self {
            Self::Enabled(names) => holds(names),
            Self::Disabled(names) => !holds(names),
        }
    }
}

/// Which tools of a toolkit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolRule {
    /// Only these, whatever their tags.
    Enabled(Vec<String>),
    /// All but these, whatever their tags.
    Disabled(Vec<String>),
    /// Those that these tags let through, in place of the session's.
    Tags(TagRule),
}

/// Which tools, by what they do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TagRule {
    /// At least one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub enabled: Vec<Hint>,
    /// None of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub disabled: Vec<Hint>,
}

/// What a tool does, by the names of the Model Context Protocol's annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Hint {
    /// Changes nothing.
    ReadOnlyHint,
    /// May destroy something.
    DestructiveHint,
    /// Doing it twice is doing it once.
    IdempotentHint,
    /// Meets people or systems that nobody here controls.
    OpenWorldHint,
}

impl Hint {
    /// As toolkits write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadOnlyHint => "readOnlyHint",
            Self::DestructiveHint => "destructiveHint",
            Self::IdempotentHint => "idempotentHint",
            Self::OpenWorldHint => "openWorldHint",
        }
    }
}

/// Accounts of one toolkit: a list where there may be several, else one id, as each prefix of the API
/// has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Pinned {
    /// As `/api/v3.1` shows it.
    Several(Vec<AccountId>),
    /// As `/api/v3` shows it.
    One(AccountId),
}

impl Pinned {
    /// The accounts, the default first; never empty.
    #[must_use]
    pub fn accounts(&self) -> &[AccountId] {
        match self {
            Self::Several(ids) => ids,
            Self::One(id) => std::slice::from_ref(id),
        }
    }
}

/// How users are asked to connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManageConnections {
    /// Whether the agent has a tool for it.
    #[schema(required = false, default = true)]
    pub enabled: bool,
    /// Where a user's browser goes in the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    pub callback_url: Option<String>,
    /// Whether that tool may remove accounts.
    #[schema(required = false, default = true)]
    pub enable_connection_removal: bool,
    /// Whether the agent has a tool that waits for users to finish.
    #[schema(required = false, default = false)]
    pub enable_wait_for_connections: bool,
}

impl Default for ManageConnections {
    fn default() -> Self {
        Self {
            enabled: true,
            callback_url: None,
            enable_connection_removal: true,
            enable_wait_for_connections: false,
        }
    }
}

/// Characters of a tool's result above which it is given as a file.
pub const OFFLOAD_ABOVE: u64 = 20_000;

/// What holds for code that an agent runs, and for large results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Workbench {
    /// Whether the agent has the tools that run code.
    #[schema(required = false, default = true)]
    pub enable: bool,
    /// Whether that code may send requests with users' credentials.
    #[schema(required = false)]
    pub proxy_execution_enabled: bool,
    /// Characters of a result above which it is given as a file; 20,000 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, nullable = false, exclusive_minimum = 0)]
    pub auto_offload_threshold: Option<u64>,
    /// How large a machine the code runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sandbox_size: Option<SandboxSize>,
}

impl Default for Workbench {
    fn default() -> Self {
        Self {
            enable: true,
            proxy_execution_enabled: true,
            auto_offload_threshold: None,
            sandbox_size: None,
        }
    }
}

/// How large a machine code runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each name is the API's own")]
pub enum SandboxSize {
    Standard,
    Medium,
    Large,
    Xlarge,
}

/// Several accounts of a toolkit in one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MultiAccount {
    /// Whether there may be several.
    #[schema(required = false)]
    pub enable: bool,
    /// How many a user may connect, 2 to 10.
    #[schema(required = false, value_type = f64)]
    pub max_accounts_per_toolkit: u32,
    /// Whether a call must say which, where there are several.
    #[schema(required = false)]
    pub require_explicit_selection: bool,
}

/// Tools that stand beside the meta tools.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Preload {
    /// Their slugs, or `all` that the session permits.
    pub tools: PreloadedTools,
}

/// Which tools stand beside the meta tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "`preload.tools` must be a list of slugs or `all`"
)]
pub enum PreloadedTools {
    /// These.
    Slugs(Vec<String>),
    /// `all` that the session permits, now and later.
    All(EveryTool),
}

/// The word for all tools that a session permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EveryTool {
    /// `all`
    All,
}

impl Default for PreloadedTools {
    fn default() -> Self {
        Self::Slugs(Vec::new())
    }
}

/// On unless it is switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Switch {
    /// Whether it is on.
    #[schema(required = false)]
    pub enable: bool,
}

impl Default for Switch {
    fn default() -> Self {
        Self { enable: true }
    }
}

/// Whether tools can be executed several at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MultiExecute {
    /// Whether they can.
    #[schema(required = false)]
    pub enable_multi_execute: bool,
}

impl Default for MultiExecute {
    fn default() -> Self {
        Self {
            enable_multi_execute: true,
        }
    }
}

/// Settings that the API calls experimental.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExperimentalConfig {
    /// The host that links to connect lead to, in place of this server's public URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    pub link_url_overwrite: Option<String>,
    /// Tools and accounts that are never, or always, used without asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub permissions: Option<Permissions>,
}

impl ExperimentalConfig {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which calls are made without asking the user. Asking is not built: only what needs none can be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Permissions {
    /// What holds for calls that no override matches.
    pub default: PermissionDefault,
    /// By `TOOL_SLUG:ca_…`, or `*:ca_…` for all tools; `__none__` stands for no account.
    #[serde(default)]
    #[schema(required = false)]
    pub overrides: BTreeMap<String, PermissionOverride>,
}

/// What holds for calls that no override matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name is the API's own")]
pub enum PermissionDefault {
    AllowAll,
    AskEveryCall,
    AskOncePerSession,
}

/// What holds for one tool or account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name is the API's own")]
pub enum PermissionOverride {
    AlwaysAllow,
    AlwaysDeny,
    AskOnce,
    AskAlways,
}
