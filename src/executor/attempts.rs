//! Sends a call until it has an answer: once more after a 401 that a refresh can mend, and again
//! after passing failures of calls that may be repeated, all within one deadline.

use tokio::time::Instant;

use super::connection::Connection;
use super::recording::Recording;
use super::{explain, retry};
use crate::app::App;
use crate::auth_schemes::Redactor;
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::outbound::{Failure, FailureKind, OutboundReply, OutboundRequest};

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
    recording: &Recording,
) -> Result<Sent> {
    let mut request = build(connection)?;
    let deadline = recording.limited_from() + request.timeout;
    request.deadline = Some(deadline);
    let mut redactor = connection.redactor(&request);
    let mut refreshed = false;
    let mut attempt = 0;
    let outcome = loop {
        attempt += 1;
        await_turn(app, connection, deadline, recording).await?;
        let account = connection.account.as_ref().map(|account| &account.id);
        let outcome = once(app, &request, account, deadline, recording).await?;
        let status = outcome.as_ref().map(|reply| reply.status).ok();
        if status == Some(UNAUTHORIZED) && !refreshed {
            refreshed = true;
            let renewed = connection.refresh(app).await?;
            explain::refresh(recording, renewed);
            if renewed {
                request = build(connection)?;
                request.deadline = Some(deadline);
                // The upstream may speak of the old token still.
                redactor.learn(connection.redactor(&request));
                continue;
            }
        }
        let limit = connection.toolkit.manifest.rate_limit.as_ref();
        let pause = retry::pause(attempt, &outcome, limit, app.clock.now());
        let pause = pause.filter(|_| repeatable);
        let left = deadline.saturating_duration_since(Instant::now());
        match pause.filter(|pause| *pause < left) {
            Some(pause) => {
                explain::pause(recording, pause);
                tokio::time::sleep(pause).await;
            }
            None => break outcome,
        }
    };
    sent(&request, outcome, redactor, recording)
}

/// Waits until the account may make its next request, where its service allows so many a second.
///
/// # Errors
/// [`Error::UpstreamPaused`] when that is not soon, or not in the call's time.
pub(super) async fn await_turn(
    app: &App,
    connection: &Connection,
    deadline: Instant,
    recording: &Recording,
) -> Result<()> {
    let limit = connection.toolkit.manifest.rate_limit.as_ref();
    let per_second = limit.and_then(|limit| limit.per_second);
    let (Some(account), Some(per_second)) = (&connection.account, per_second) else {
        return Ok(());
    };
    let left = deadline.saturating_duration_since(Instant::now());
    let longest = left.min(retry::LONGEST_PAUSE);
    let now = app.clock.now();
    let wait = app.paces.take(&account.id, per_second, now, longest)?;
    if !wait.is_zero() {
        explain::turn(recording, wait);
        tokio::time::sleep(wait).await;
    }
    Ok(())
}

/// What came of the last attempt.
///
/// # Errors
/// Its failure.
pub(super) fn sent(
    request: &OutboundRequest,
    outcome: Result<OutboundReply, Failure>,
    redactor: Redactor,
    recording: &Recording,
) -> Result<Sent> {
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

/// One try, in a place at its host; the inner outcome is the host's.
///
/// # Errors
/// When no place became free in time, or the host is left alone for a while.
pub(super) async fn once(
    app: &App,
    request: &OutboundRequest,
    account: Option<&AccountId>,
    deadline: Instant,
    recording: &Recording,
) -> Result<Result<OutboundReply, Failure>> {
    let origin = request.url.origin().ascii_serialization();
    let now = || app.clock.now();
    let asked = Instant::now();
    let pass = app.upstreams.enter(&origin, account, deadline, now).await?;
    recording.attempt();
    let sent = Instant::now();
    let outcome = app.outbound.attempt(request.clone()).await;
    recording.reach().note(&outcome);
    pass.settle(is_down(&outcome), now());
    explain::attempt(recording, request, (sent - asked, sent.elapsed()), &outcome);
    Ok(outcome)
}

/// Whether the host failed, and not only this call.
pub(super) fn is_down(outcome: &Result<OutboundReply, Failure>) -> bool {
    match outcome {
        Ok(reply) => matches!(reply.status, 502..=504),
        Err(failure) => match failure.kind {
            FailureKind::NoConnection | FailureKind::Broken | FailureKind::TimedOut => true,
            FailureKind::Refused | FailureKind::Unusable => false,
        },
    }
}
