//! Sends a call until it has an answer: once more after a 401 that a refresh can mend, and again
//! after passing failures of calls that may be repeated, all within one deadline.

use std::time::Duration;

use super::connection::Connection;
use super::recording::Recording;
use super::retry;
use crate::app::App;
use crate::auth_schemes::Redactor;
use crate::error::{Error, Result};
use crate::outbound::{Failure, OutboundReply, OutboundRequest};

const UNAUTHORIZED: u16 = 401;

/// The answer that counts.
pub(super) struct Sent {
    pub(super) reply: OutboundReply,
    /// Knows what must not be shown of the reply.
    pub(super) redactor: Redactor,
    /// The URL without its query.
    pub(super) url: String,
}

/// Sends what `build` makes, which is called again when the credentials changed. With `repeatable`
/// it is sent up to three times.
///
/// # Errors
/// What `build`, a refresh or the last attempt returned.
pub(super) async fn send(
    app: &App,
    connection: &mut Connection,
    build: impl Fn(&Connection) -> Result<OutboundRequest>,
    repeatable: bool,
    recording: &mut Recording,
) -> Result<Sent> {
    let mut request = build(connection)?;
    let deadline = recording.started() + request.timeout;
    request.deadline = Some(deadline);
    let mut redactor = connection.redactor(&request);
    let mut refreshed = false;
    let mut attempt = 0;
    let outcome = loop {
        attempt += 1;
        let outcome = once(app, &request, recording).await;
        let status = outcome.as_ref().map(|reply| reply.status).ok();
        if status == Some(UNAUTHORIZED) && !refreshed {
            refreshed = true;
            if connection.refresh(app).await? {
                request = build(connection)?;
                request.deadline = Some(deadline);
                // The upstream may speak of the old token still.
                redactor.learn(connection.redactor(&request));
                continue;
            }
        }
        let pause = retry::pause(attempt, &outcome, app.clock.now()).filter(|_| repeatable);
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        match pause.filter(|pause| *pause < left) {
            Some(pause) => wait(pause).await,
            None => break outcome,
        }
    };
    let reply = outcome.map_err(Error::from)?;
    recording.upstream_status(reply.status);
    let url = format!(
        "{}{}",
        request.url.origin().ascii_serialization(),
        request.url.path()
    );
    Ok(Sent {
        reply,
        redactor,
        url,
    })
}

async fn once(
    app: &App,
    request: &OutboundRequest,
    recording: &mut Recording,
) -> Result<OutboundReply, Failure> {
    recording.attempt();
    app.outbound.attempt(request.clone()).await
}

async fn wait(pause: Duration) {
    tokio::time::sleep(pause).await;
}
