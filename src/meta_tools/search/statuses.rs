//! Which of the toolkits that a search names are connected.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::{Desk, connections::shown};
use crate::catalog::Toolkit;
use crate::error::Result;
use crate::sessions::{Connected, Connections, MetaTool};

/// The toolkits of an answer and how they stand.
pub(super) struct Statuses {
    toolkits: Vec<Arc<Toolkit>>,
    connections: Connections,
}

impl Statuses {
    /// Of these toolkits.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn of(desk: &Desk<'_>, slugs: &BTreeSet<String>) -> Result<Self> {
        let catalog = &desk.scope.catalog;
        let toolkits = slugs.iter().filter_map(|slug| catalog.toolkit(slug).ok());
        let toolkits: Vec<Arc<Toolkit>> = toolkits.map(Arc::clone).collect();
        let asked: Vec<String> = toolkits
            .iter()
            .filter(|toolkit| !toolkit.no_auth())
            .map(|toolkit| toolkit.manifest.slug.clone())
            .collect();
        let connections = if asked.is_empty() {
            Connections::default()
        } else {
            desk.scope.connections(desk.app, &asked).await?
        };
        Ok(Self {
            toolkits,
            connections,
        })
    }

    fn connected(&self, toolkit: &Toolkit) -> Option<&Connected> {
        self.connections.of(&toolkit.manifest.slug)
    }

    /// Whether a toolkit's tools can be executed at once.
    pub(super) fn is_ready(&self, toolkit: &Toolkit) -> bool {
        let connected = self.connected(toolkit);
        toolkit.no_auth() || connected.is_some_and(|known| known.default_account().is_some())
    }

    /// The toolkits that the user must connect first.
    pub(super) fn not_connected(&self) -> Vec<&str> {
        let missing = self
            .toolkits
            .iter()
            .filter(|toolkit| !self.is_ready(toolkit));
        missing
            .map(|toolkit| toolkit.manifest.slug.as_str())
            .collect()
    }

    /// As the answer has them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn shown(&self, desk: &Desk<'_>) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        for toolkit in &self.toolkits {
            all.push(self.one(desk, toolkit).await?);
        }
        Ok(all)
    }

    async fn one(&self, desk: &Desk<'_>, toolkit: &Toolkit) -> Result<Value> {
        let slug = &toolkit.manifest.slug;
        let mut one = json!({
            "toolkit": slug,
            "description": toolkit.manifest.description.trim(),
            "has_active_connection": self.is_ready(toolkit),
        });
        let connected = self.connected(toolkit);
        let account = connected.and_then(Connected::default_account);
        one["status_message"] = match (account, connected) {
            _ if toolkit.no_auth() => "Needs no account.".into(),
            (Some(_), _) => "Connected.".into(),
            (None, connected) => not_connected(desk, slug, connected).into(),
        };
        let (Some(account), Some(connected)) = (account, connected) else {
            return Ok(one);
        };
        one["connection_details"] = json!({
            "connected_account_id": account.id.as_str(),
            "auth_config_id": account.auth_config_id.as_str(),
        });
        if let Some(info) = shown::user_info(desk, account).await? {
            one["current_user_info"] = info.into();
        }
        if desk.has_several_accounts() {
            one["accounts"] = shown::list(desk, connected).await?.into();
            let several = desk
                .scope
                .config()
                .and_then(|config| config.multi_account.as_ref());
            let must_say = several.is_some_and(|several| several.require_explicit_selection);
            if must_say && connected.usable.len() > 1 {
                one["account_selection"] = "required".into();
            }
        }
        Ok(one)
    }
}

fn not_connected(desk: &Desk<'_>, slug: &str, connected: Option<&Connected>) -> String {
    let way = if desk.scope.has_meta_tool(MetaTool::ManageConnections) {
        format!(
            "Call {} with toolkits [\"{slug}\"] before you execute its tools.",
            MetaTool::ManageConnections.slug()
        )
    } else {
        "The user must connect it in your application first.".into()
    };
    match connected.and_then(|connected| connected.unusable.as_ref()) {
        Some(account) => format!(
            "Not connected: the account is {}. {way}",
            shown::standing(account)
        ),
        None => format!("Not connected. {way}"),
    }
}
