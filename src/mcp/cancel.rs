//! Calls that a client gives up: by a notification, which may reach another replica than the call did.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::message::Notification;
use super::opened::Opened;
use crate::app::App;
use crate::error::Result;
use crate::ids::random_text;
use crate::running_calls::RunningCall;
use crate::storage::changes::Change;

const PREFIX: &str = "mcp_";
const LENGTH: usize = 32;

/// A new session id. It names what one client has under way and opens nothing.
pub(super) fn new_session() -> String {
    format!("{PREFIX}{}", random_text(LENGTH))
}

/// Whether an id can have been given out here.
pub(super) fn is_session(id: &str) -> bool {
    id.strip_prefix(PREFIX).is_some_and(|rest| {
        rest.len() == LENGTH && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The name of a call: of this client, at this URL, for this user.
fn name(opened: &Opened, session: &str, id: &Value) -> String {
    let place = opened.scope.session.as_deref();
    let place = place.map_or("", |place| place.id.as_str());
    let mut hash = Sha256::new();
    for part in [
        opened.scope.project.as_str(),
        place,
        &opened.scope.user,
        session,
        &id.to_string(),
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Notes a call of a client with a session: those without give one up by hanging up.
pub(super) fn begin(app: &App, opened: &Opened, id: &Value) -> Option<RunningCall> {
    let session = opened.session.as_deref()?;
    Some(app.caches.running_calls.begin(name(opened, session, id)))
}

/// Gives up the call that a notification names, wherever it runs.
///
/// # Errors
/// When the database, by which other replicas hear of it, does not answer.
pub(super) async fn heard(app: &App, opened: &Opened, notice: &Notification) -> Result<()> {
    if notice.method != "notifications/cancelled" {
        return Ok(());
    }
    let (Some(session), Some(id)) = (&opened.session, notice.params.get("requestId")) else {
        return Ok(());
    };
    let mut tx = app.db.begin().await?;
    tx.changed(Change::GivenUp {
        call: name(opened, session, id),
    });
    tx.commit().await
}
