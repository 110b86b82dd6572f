//! Renames and removes accounts of the user.

use super::super::Desk;
use super::Wanted;
use crate::accounts::manage;
use crate::accounts::revoke::GiveBack;
use crate::accounts::update::{AccountUpdate, apply_update, prepare_update};
use crate::error::{CONNECTED_ACCOUNT, Error, Result};
use crate::ids::AccountId;
use crate::sessions::is_called;

/// Gives an account another alias.
///
/// # Errors
/// [`Error::NotFound`] when the user has no such account here, [`Error::Conflict`] when another has
/// the alias.
pub(super) async fn rename(desk: &Desk<'_>, toolkit: &str, wanted: &Wanted) -> Result<()> {
    let alias = wanted
        .alias
        .clone()
        .ok_or_else(|| missing("alias", "rename"))?;
    let id = named(desk, toolkit, wanted, "rename").await?;
    let update = AccountUpdate {
        alias: Some(alias),
        credentials: None,
    };
    let prepared = prepare_update(desk.app, &desk.scope.project, &id, update).await?;
    apply_update(desk.app, prepared).await.map(drop)
}

/// Removes an account for good.
///
/// # Errors
/// [`Error::Forbidden`] where the session lets none be removed, [`Error::NotFound`].
pub(super) async fn remove(desk: &Desk<'_>, toolkit: &str, wanted: &Wanted) -> Result<()> {
    let config = desk.scope.config();
    if config.is_some_and(|config| !config.manage_connections.enable_connection_removal) {
        return Err(Error::Forbidden(
            "this session lets agents remove no accounts \
             (`manage_connections.enable_connection_removal`)"
                .into(),
        ));
    }
    let id = named(desk, toolkit, wanted, "remove").await?;
    let project = &desk.scope.project;
    manage::delete(desk.app, project, &id, GiveBack::UnlessShared)
        .await
        .map(drop)
}

/// The account that is meant, among the user's of this toolkit that the session knows.
async fn named(desk: &Desk<'_>, toolkit: &str, wanted: &Wanted, action: &str) -> Result<AccountId> {
    let named = wanted
        .account_id
        .as_deref()
        .ok_or_else(|| missing("account_id", action))?;
    let connections = desk
        .scope
        .connections(desk.app, &[toolkit.to_owned()])
        .await?;
    let known = connections.of(toolkit).into_iter();
    let mut known = known.flat_map(|known| known.usable.iter().chain(&known.unusable));
    let found = known.find(|account| is_called(account, named));
    found
        .map(|account| account.id.clone())
        .ok_or_else(|| Error::NotFound {
            what: CONNECTED_ACCOUNT,
            id: named.to_owned(),
            fix: Some(format!(
                "Use action `list` to see the user's accounts for `{toolkit}`."
            )),
        })
}

fn missing(name: &str, action: &str) -> Error {
    Error::fields(vec![format!("{name}: is required for `{action}`")])
}
