//! Accounts as agents see them: whose they are and how they stand, never a credential.

use serde_json::{Map, Value, json};

use super::super::Desk;
use crate::accounts;
use crate::error::{Error, Result};
use crate::sessions::Connected;
use crate::storage::connected_accounts::ConnectedAccount;

/// What of an account's values says whose it is. All else may be a secret.
const TELLING: [&str; 12] = [
    "email",
    "name",
    "username",
    "login",
    "display_name",
    "user_name",
    "user_id",
    "team_name",
    "workspace_name",
    "subdomain",
    "domain",
    "instance_url",
];

/// How a toolkit stands.
///
/// # Errors
/// When the database does not answer.
pub(in crate::meta_tools) async fn state(desk: &Desk<'_>, connected: &Connected) -> Result<Value> {
    let Some(account) = connected.default_account() else {
        let reason = connected.unusable.as_ref().map_or_else(
            || "The user has no account for this toolkit.".to_owned(),
            |account| format!("The newest account is {}.", standing(account)),
        );
        return Ok(json!({
            "status": "failed", "has_active_connection": false, "error_message": reason,
        }));
    };
    let mut shown = json!({
        "status": "active",
        "has_active_connection": true,
        "connected_account_id": account.id.as_str(),
        "auth_config_id": account.auth_config_id.as_str(),
        "created_at": account.created_at.to_text(),
    });
    if let Some(info) = user_info(desk, account).await? {
        shown["current_user_info"] = info.into();
    }
    if desk.has_several_accounts() || connected.usable.len() > 1 {
        shown["accounts"] = list(desk, connected).await?.into();
    }
    Ok(shown)
}

/// Each account by which calls may be made, the default first.
///
/// # Errors
/// When the database does not answer.
pub(in crate::meta_tools) async fn list(
    desk: &Desk<'_>,
    connected: &Connected,
) -> Result<Vec<Value>> {
    let mut shown = Vec::new();
    for (at, account) in connected.usable.iter().enumerate() {
        let mut one = json!({
            "id": account.id.as_str(),
            "status": "active",
            "is_default": at == 0,
            "created_at": account.created_at.to_text(),
        });
        if let Some(alias) = &account.alias {
            one["alias"] = alias.clone().into();
        }
        if let Some(info) = user_info(desk, account).await? {
            one["user_info"] = info.into();
        }
        shown.push(one);
    }
    Ok(shown)
}

/// `EXPIRED (…)`
pub(in crate::meta_tools) fn standing(account: &ConnectedAccount) -> String {
    let name = if account.enabled {
        account.status.name()
    } else {
        "INACTIVE"
    };
    match &account.status_reason {
        Some(reason) => format!("{name} ({reason})"),
        None => name.to_owned(),
    }
}

/// What the account itself says of whose it is; none where it says nothing.
pub(in crate::meta_tools) async fn user_info(
    desk: &Desk<'_>,
    account: &ConnectedAccount,
) -> Result<Option<Map<String, Value>>> {
    let view = match accounts::get(desk.app, &desk.scope.project, &account.id).await {
        Ok(view) => view,
        // It went since it was listed.
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let told = TELLING.into_iter().filter_map(|name| {
        let value = view.values.get(name).filter(|value| value.is_string())?;
        Some((name.to_owned(), value.clone()))
    });
    let mut info: Map<String, Value> = told.collect();
    if let Some(alias) = &account.alias {
        info.insert("alias".into(), alias.clone().into());
    }
    Ok((!info.is_empty()).then_some(info))
}
