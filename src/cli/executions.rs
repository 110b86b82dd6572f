//! `tenon executions`: tells an operator what an execution did, from its record.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::installation::open_beside_a_server;
use crate::config::StoreConfig;
use crate::error::{Error, Result};
use crate::ids::LogId;
use crate::storage::execution_logs::{self, ExecutionLog, Step};

#[derive(Debug, Subcommand)]
pub(super) enum Executions {
    /// Tell step by step what an execution did: the account and why it was taken, each attempt with
    /// its time, and what was redacted.
    Explain(Explain),
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The `log_id` of the execution's answer.
    log_id: String,
    #[command(flatten)]
    store: StoreConfig,
}

pub(super) async fn run(command: Executions) -> Result<()> {
    let Executions::Explain(Explain { log_id, store }) = command;
    let site = open_beside_a_server(&store.check()?).await?;
    let mut session = site.db.read().await?;
    let id = LogId::from(log_id);
    let found = match execution_logs::project_of(session.conn(), &id).await? {
        None => None,
        Some(project) => execution_logs::find(session.conn(), &project, &id).await?,
    };
    drop(session);
    site.db.close().await;
    let log = found.ok_or_else(|| Error::NotFound {
        what: "log",
        id: id.as_str().to_owned(),
        fix: Some("It may be older than TENON_LOG_RETENTION_DAYS, or in another database.".into()),
    })?;
    std::io::stdout().write_all(explanation(&log).as_bytes())?;
    Ok(())
}

fn explanation(log: &ExecutionLog) -> String {
    let outcome = match &log.error {
        None => "succeeded".to_owned(),
        Some(error) => format!("failed: {error}"),
    };
    let mut text = format!(
        "{} {} {} ({})\n  project {}, request {}\n  {outcome}\n  {} ms, {} sent upstream\n",
        log.created_at.to_text(),
        log.id.as_str(),
        log.tool,
        log.toolkit,
        log.project_id,
        log.request_id.as_str(),
        log.duration_ms,
        log.attempts,
    );
    for Step {
        at_ms,
        step,
        detail,
    } in log.steps.iter().flatten()
    {
        let words: Vec<String> = detail
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| match value {
                Value::String(text) => format!("{name}: {text}"),
                other => format!("{name}: {other}"),
            })
            .collect();
        text.push_str(&format!("{at_ms:>7} ms  {step:<11} {}\n", words.join(", ")));
    }
    text
}
