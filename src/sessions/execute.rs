//! Calls through a session: by its rules, with its accounts.

use serde_json::{Map, Value};

use super::config::PermissionOverride;
use super::scope::Scope;
use crate::accounts::{self, AccountSelector};
use crate::app::App;
use crate::catalog::versions::LATEST;
use crate::error::{Error, Result};
use crate::executor::{
    self, CallContext, ProxyCall, ProxyCredential, ProxyReply, ToolCall, ToolInput, ToolResult,
};

impl Scope {
    /// Executes a tool with the account that `account` names (an id, alias or word id) or the
    /// session's rules choose.
    ///
    /// # Errors
    /// What [`Self::tool`], [`Self::selector`] and [`executor::execute`] return.
    pub async fn execute(
        &self,
        app: &App,
        context: &CallContext,
        slug: &str,
        arguments: Map<String, Value>,
        account: Option<&str>,
    ) -> Result<ToolResult> {
        self.refuse_custom(slug)?;
        let tool = self.tool(slug)?;
        let selector = self.selector(app, &tool.toolkit, account).await?;
        self.permit_call(&tool.manifest.slug, &selector)?;
        let call = ToolCall {
            version: Some(LATEST.to_owned()),
            input: ToolInput::Arguments(arguments),
            account: selector,
            own_auth: None,
        };
        executor::execute(app, context, &tool.manifest.slug, call).await
    }

    /// Sends a caller's own request with the account that the session's rules choose.
    ///
    /// # Errors
    /// What [`Self::permit_toolkit`], [`Self::selector`] and [`executor::proxy`] return.
    pub async fn proxy(
        &self,
        app: &App,
        context: &CallContext,
        toolkit: &str,
        call: impl FnOnce(ProxyCredential) -> Result<ProxyCall> + Send,
    ) -> Result<ProxyReply> {
        let toolkit = self.catalog.toolkit(toolkit)?;
        let slug = &toolkit.manifest.slug;
        self.permit_toolkit(slug)?;
        let selector = self.selector(app, toolkit, None).await?;
        self.permit_call("*", &selector)?;
        let account = accounts::pick(app, &self.project, slug, &selector).await?;
        let credential = ProxyCredential::Account(account.id.clone());
        executor::proxy(app, context, call(credential)?).await
    }

    /// What the caller runs itself cannot be run here.
    fn refuse_custom(&self, slug: &str) -> Result<()> {
        let custom = self.session.as_deref().map(|session| &session.custom);
        if !custom.is_some_and(|custom| custom.has(slug)) {
            return Ok(());
        }
        Err(Error::invalid_with_fix(
            format!("{} runs in your own process", slug.to_ascii_uppercase()),
            "Execute it through the SDK's session that registered it.",
        ))
    }

    fn permit_call(&self, slug: &str, selector: &AccountSelector) -> Result<()> {
        let permissions = self
            .config()
            .and_then(|config| config.experimental.permissions.as_ref());
        let Some(permissions) = permissions else {
            return Ok(());
        };
        let account = selector
            .account
            .as_ref()
            .map_or("__none__", |id| id.as_str());
        let found = |name: &str| permissions.overrides.get(&format!("{name}:{account}"));
        match found(slug).or_else(|| found("*")) {
            Some(PermissionOverride::AlwaysDeny) => Err(Error::Forbidden(format!(
                "the session's `experimental.permissions` never let {slug} be called with account \
                 `{account}`"
            ))),
            // Asking is refused when a session is configured.
            Some(
                PermissionOverride::AlwaysAllow
                | PermissionOverride::AskOnce
                | PermissionOverride::AskAlways,
            )
            | None => Ok(()),
        }
    }
}
