//! The record of one call: filled in as the call goes on, handed over when it ends, however it ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use serde_json::{Map, Value};

use crate::app::App;
use crate::ids::LogId;
use crate::storage::connected_accounts::ConnectedAccount;
use crate::storage::execution_logs::{ExecutionLog, Step};
use crate::storage::projects::ProjectSettings;

use super::{CallContext, Reach};

/// A caller that hangs up drops the call where it stands.
const INTERRUPTED: &str = "the caller went away before the answer";
const LARGEST_ARGUMENTS: usize = 16 * 1024;
const LONGEST_ERROR: usize = 2_000;
/// In bytes. An index entry of PostgreSQL holds 2,700, and one that is too long would cost its whole
/// batch.
const LONGEST_NAME: usize = 512;

/// Hands its record over when it is dropped, so that an interrupted call leaves one too.
pub(super) struct Recording {
    app: App,
    reach: Reach,
    started: Instant,
    limited_from: Mutex<Instant>,
    /// Whether arguments and the upstream's words may be kept.
    stores_data: AtomicBool,
    /// Several requests of one call may be under way.
    record: Mutex<Option<ExecutionLog>>,
}

impl Recording {
    pub(super) fn begin(app: &App, context: &CallContext, kind: &str, toolkit: &str) -> Self {
        let record = ExecutionLog {
            id: LogId::generate(),
            project_id: context.project.clone(),
            kind: kind.to_owned(),
            tool: String::new(),
            toolkit: toolkit.to_owned(),
            version: None,
            account_id: None,
            user_id: None,
            successful: false,
            upstream_status: None,
            error: Some(INTERRUPTED.into()),
            arguments: None,
            attempts: 0,
            duration_ms: 0,
            request_id: context.request_id.clone(),
            created_at: app.clock.now(),
            auth_config_id: None,
            credential_source: None,
            steps: Some(Vec::new()),
        };
        // Until the project's setting is known, nothing of the caller's is kept.
        Self {
            app: app.clone(),
            reach: context.reach.clone(),
            started: Instant::now(),
            limited_from: Mutex::new(Instant::now()),
            stores_data: AtomicBool::new(false),
            record: Mutex::new(Some(record)),
        }
    }

    pub(super) fn id(&self) -> LogId {
        held(&self.record)
            .as_ref()
            .map_or_else(LogId::generate, |record| record.id.clone())
    }

    /// How far the call came.
    pub(super) const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Where the call's time limit counts from: its arrival, or the last restart.
    pub(super) fn limited_from(&self) -> Instant {
        *held(&self.limited_from)
    }

    /// The call's time limit counts from now: what came before has a limit of its own.
    pub(super) fn restart_limit(&self) {
        *held(&self.limited_from) = Instant::now();
    }

    pub(super) fn name(&self, tool: &str, version: Option<&str>) {
        self.change(|record| {
            cut(tool).clone_into(&mut record.tool);
            record.version = version.map(str::to_owned);
        });
    }

    /// Obeys the project's settings, and says whether the caller's data may be kept.
    pub(super) fn stores_data(&self, settings: &ProjectSettings) -> bool {
        let stores = settings.stores_data();
        self.stores_data.store(stores, Ordering::Relaxed);
        stores
    }

    pub(super) fn user(&self, user: Option<&str>) {
        self.change(|record| record.user_id = user.map(|user| cut(user).to_owned()));
    }

    pub(super) fn account(&self, account: &ConnectedAccount) {
        self.change(|record| {
            record.account_id = Some(account.id.clone());
            record.auth_config_id = Some(account.auth_config_id.clone());
            record.user_id = Some(account.user_id.clone());
        });
    }

    /// `connected_account`, `custom_auth` or `no_auth`.
    pub(super) fn credential_source(&self, source: &str) {
        self.change(|record| record.credential_source = Some(source.to_owned()));
    }

    /// What the call just did; `detail` is an object without secrets and without anybody's data.
    pub(super) fn step(&self, step: &str, detail: Value) {
        let at_ms = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.change(|record| {
            if let (Some(steps), Value::Object(detail)) = (&mut record.steps, detail) {
                steps.push(Step {
                    at_ms,
                    step: step.to_owned(),
                    detail,
                });
            }
        });
    }

    /// `arguments` are without secrets already.
    pub(super) fn arguments(&self, arguments: impl FnOnce() -> Map<String, Value>) {
        if !self.stores_data.load(Ordering::Relaxed) {
            return;
        }
        let arguments = arguments();
        let length = serde_json::to_string(&arguments).map_or(0, |text| text.len());
        let kept = if length > LARGEST_ARGUMENTS {
            Map::from_iter([(
                "omitted".to_owned(),
                Value::String(format!("{length} bytes")),
            )])
        } else {
            arguments
        };
        self.change(|record| record.arguments = Some(kept));
    }

    pub(super) fn attempt(&self) {
        self.change(|record| record.attempts += 1);
    }

    pub(super) fn upstream_status(&self, status: u16) {
        self.change(|record| record.upstream_status = Some(i64::from(status)));
    }

    /// The call's end; `error` is without secrets already, and `kind` says it without quoting anybody.
    pub(super) fn finish(self, error: Option<&str>, kind: &str) {
        let stores_data = self.stores_data.load(Ordering::Relaxed);
        self.change(|record| {
            record.successful = error.is_none();
            record.error = error.map(|error| match record.upstream_status {
                // The upstream's words may quote the data.
                Some(status) if !stores_data => format!("the upstream answered {status}"),
                None if !stores_data => kind.to_owned(),
                _ => error.chars().take(LONGEST_ERROR).collect(),
            });
        });
    }

    fn change(&self, change: impl FnOnce(&mut ExecutionLog)) {
        if let Some(record) = held(&self.record).as_mut() {
            change(record);
        }
    }
}

fn held<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The beginning, at most [`LONGEST_NAME`] bytes.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_NAME)]
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(mut record) = held(&self.record).take() {
            let elapsed = self.started.elapsed().as_millis();
            record.duration_ms = i64::try_from(elapsed).unwrap_or(i64::MAX);
            self.app.execution_log.record(record);
        }
    }
}
