//! `tenon accounts`: what an operator does to many accounts at once.

use std::io::Write;

use clap::{Args, Subcommand, value_parser};
use serde_json::json;

use super::serve::open_beside_a_server;
use crate::accounts::revoke::{AccountReport, Outcome, Sweep, sweep};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ids::ProjectId;

const REVOKE_HELP: &str = "\
Takes the settings of the server (the database, the master key, toolkits and OAuth apps) from the same
variables, and works beside a running server, which hears of every account that is revoked.

Outcomes:
  revoked     the provider confirmed it; the credentials are removed here
  revocable   (--dry-run) the provider would be asked
  nothing     the account holds nothing that could be used
  impossible  the provider takes nothing back: the user must take the access away there
  failed      the provider did not confirm; the account is unchanged

The exit status is 0 when nothing is left to be done. It may be stopped at any time and run again: what
is revoked is not asked for again.";

#[derive(Debug, Subcommand)]
pub(super) enum Accounts {
    /// Give the grants of a toolkit's accounts back to the provider: the panic button.
    #[command(after_help = REVOKE_HELP)]
    Revoke(Box<Revoke>),
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The project's id.
    #[arg(long, value_name = "PROJECT")]
    project: String,
    /// The toolkit's slug.
    #[arg(long, value_name = "SLUG")]
    toolkit: String,
    /// Only this user's accounts.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only says what would be done.
    #[arg(long)]
    dry_run: bool,
    /// One JSON object a line: the accounts as they are done, then the summary.
    #[arg(long)]
    json: bool,
    /// Requests to the provider at a time.
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u32).range(1..=100), value_name = "NUMBER")]
    concurrency: u32,
    #[command(flatten)]
    config: Config,
}

pub(super) async fn run(command: Accounts) -> Result<()> {
    match command {
        Accounts::Revoke(revoke) => revoke_accounts(*revoke).await,
    }
}

/// How many accounts came to which end.
#[derive(Default)]
struct Summary {
    good: usize,
    bad: usize,
}

async fn revoke_accounts(revoke: Revoke) -> Result<()> {
    let Revoke {
        project,
        toolkit,
        user,
        dry_run,
        json,
        concurrency,
        config,
    } = revoke;
    let app = open_beside_a_server(config.check()?).await?;
    let plan = Sweep {
        project: ProjectId::from(project),
        toolkit,
        user,
        dry_run,
        at_a_time: concurrency as usize,
    };
    let mut summary = Summary::default();
    let mut unsaid = None;
    let swept = sweep(&app, &plan, |report| {
        if report.outcome.is_good() {
            summary.good += 1;
        } else {
            summary.bad += 1;
        }
        // The work goes on although nobody listens any more.
        if let Err(error) = say(&line(report, json)) {
            unsaid = Some(error);
        }
    })
    .await;
    app.db.close().await;
    swept?;
    let Summary { good, bad } = summary;
    let end = if json {
        json!({ "accounts": good + bad, "not_revoked": bad, "dry_run": dry_run }).to_string()
    } else {
        format!(
            "{} accounts, {bad} of them not to be revoked from here",
            good + bad
        )
    };
    unsaid.map_or(Ok(()), Err)?;
    say(&end)?;
    if bad == 0 {
        return Ok(());
    }
    Err(Error::invalid_with_fix(
        format!("{bad} of {} accounts are not revoked", good + bad),
        "Run it again for those that failed. To end the use of the others here, disable or delete \
         them.",
    ))
}

fn line(report: &AccountReport, json: bool) -> String {
    let AccountReport {
        account,
        user,
        outcome,
        detail,
    } = report;
    if json {
        let object = json!({
            "account": account, "user": user, "outcome": outcome, "detail": detail,
        });
        return object.to_string();
    }
    let name = Outcome::name(*outcome);
    // A user's name is the caller's text and may hold anything.
    let user: String = user.chars().filter(|c| !c.is_control()).collect();
    format!("{name:<11} {:<16} {user:<24} {detail}", account.as_str())
        .trim_end()
        .to_owned()
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}
