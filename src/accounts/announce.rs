//! Events that tell a project what became of an account. They are stored in the transaction that
//! changes it, and delivered later.

use serde_json::json;

use crate::app::App;
use crate::error::Result;
use crate::ids::EventId;
use crate::storage::Tx;
use crate::storage::connected_accounts::{ConnectedAccount, Status};
use crate::storage::events::{self, Event};
use crate::tenancy;

const EXPIRED: &str = "composio.connected_account.expired";

/// The event that an active account expired, in the form of a V3 webhook. Made before the
/// transaction begins, since it may ask the database who owns the project.
///
/// # Errors
/// When the project is gone.
pub(super) async fn expired(app: &App, account: &ConnectedAccount, reason: &str) -> Result<Event> {
    let open = tenancy::open_project(app, &account.project_id).await?;
    let (id, now) = (EventId::generate(), app.clock.now());
    let payload = json!({
        "id": id,
        "type": EXPIRED,
        "metadata": { "project_id": account.project_id, "org_id": open.project.org_id },
        "data": {
            "id": account.id,
            "user_id": account.user_id,
            "toolkit": { "slug": account.toolkit },
            "auth_config": { "id": account.auth_config_id, "auth_scheme": account.scheme },
            "status": Status::Expired.name(),
            "status_reason": reason,
        },
        "timestamp": now,
    });
    Ok(Event {
        id,
        project_id: account.project_id.clone(),
        kind: EXPIRED.to_owned(),
        payload,
        created_at: now,
        delivered_at: None,
    })
}

/// Queues an event with the change that it tells of.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn queue(tx: &mut Tx, event: &Event) -> Result<()> {
    events::insert(tx.conn(), event).await
}
