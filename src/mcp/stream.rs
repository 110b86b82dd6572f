//! Answers as a stream of events: what is told of a call while it runs, then its result.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::mpsc;

use super::fault::Fault;
use super::message::Request;
use super::methods::carry_out;
use super::opened::Opened;
use super::progress::Progress;
use super::revision::Revision;
use crate::app::App;

/// Proxies close what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const NOTICES: usize = 16;

type Outcome = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

struct Running {
    /// None once it is done.
    outcome: Option<Outcome>,
    notices: mpsc::Receiver<String>,
    /// The last message, while notices are left that came before it.
    last: Option<String>,
}

/// Carries a request out in its answer: a client that hangs up drops the answer, and with it the call.
pub(super) fn answer(app: App, opened: Opened, revision: Revision, request: Request) -> Response {
    let (sender, notices) = mpsc::channel(NOTICES);
    let progress = match request.progress_token() {
        Some(token) => Progress::new(token.clone(), sender),
        None => Progress::default(),
    };
    let outcome = async move {
        let carried_out = carry_out(&app, &opened, revision, &request, &progress).await;
        carried_out.unwrap_or_else(|fault: Fault| Some(fault.message(&request.id)))
    };
    let running = Running {
        outcome: Some(Box::pin(outcome)),
        notices,
        last: None,
    };
    let events = stream::unfold(running, |mut running| async move {
        let message = next(&mut running).await?;
        let event = Event::default().event("message").data(message);
        Some((Ok::<_, Infallible>(event), running))
    });
    let alive = KeepAlive::new().interval(KEEP_ALIVE);
    let headers = [("x-accel-buffering", "no"), ("cache-control", "no-cache")];
    (headers, Sse::new(events).keep_alive(alive)).into_response()
}

async fn next(running: &mut Running) -> Option<String> {
    if let Some(outcome) = running.outcome.as_mut() {
        tokio::select! {
            biased;
            Some(notice) = running.notices.recv() => return Some(notice),
            message = outcome => {
                running.outcome = None;
                running.last = message;
            }
        }
    }
    let left = running.notices.try_recv().ok();
    left.or_else(|| running.last.take())
}
