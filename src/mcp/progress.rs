//! What a client hears of a call that takes its time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;

use crate::meta_tools::Progress as PartsDone;

/// How often a call that says nothing of itself is said to go on.
const EVERY: Duration = Duration::from_secs(5);

/// Tells a client of progress, if it wants to hear of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Option<(Value, Sender<String>)>);

impl Progress {
    /// Under the name that the client gave.
    pub(super) const fn new(token: Value, sender: Sender<String>) -> Self {
        Self(Some((token, sender)))
    }

    /// Tells that so much is done, of so much if that is known. Says nothing to a client that does not
    /// keep up.
    pub(super) fn tell(&self, done: u64, total: Option<u64>, message: &str) {
        let Some((token, sender)) = &self.0 else {
            return;
        };
        let mut params = json!({ "progressToken": token, "progress": done, "message": message });
        if let Some(total) = total {
            params["total"] = total.into();
        }
        let notice = json!({
            "jsonrpc": "2.0", "method": "notifications/progress", "params": params,
        });
        let _ = sender.try_send(notice.to_string());
    }

    /// For a call of several parts, which says how many are done.
    pub(super) fn of_parts(&self, name: &'static str) -> Option<PartsDone> {
        self.0.as_ref()?;
        self.tell(0, None, &format!("{name} has begun"));
        let own = self.clone();
        Some(Arc::new(move |done, all| {
            let message = format!("{done} of {all} done");
            own.tell(done as u64, Some(all as u64), &message);
        }))
    }

    /// Runs a call that says nothing of itself: the client hears that it began, and every few seconds
    /// that it goes on.
    pub(super) async fn during<T>(&self, name: &str, call: impl Future<Output = T>) -> T {
        if self.0.is_none() {
            return call.await;
        }
        self.tell(0, None, &format!("{name} has begun"));
        let mut call = std::pin::pin!(call);
        let mut seconds = 0;
        loop {
            if let Ok(result) = tokio::time::timeout(EVERY, &mut call).await {
                return result;
            }
            seconds += EVERY.as_secs();
            let message = format!("{name} goes on, {seconds} s by now");
            self.tell(seconds, None, &message);
        }
    }
}
