//! The commands of the binary.

mod accounts;
mod api_keys;
mod executions;
pub mod fixtures;
mod health;
mod installation;
mod key_files;
mod keys;
mod new_toolkit;
mod openapi;
mod serve;
mod toolkits;

pub use serve::{Server, start, stop};

use std::future::Future;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::error::{Error, Result};

const AFTER_HELP: &str = "\
Every option of the server is an environment variable too; an option stands above its variable. A \
secret may be given as @/path/to/a/file, which keeps it out of the process list.

Examples:
  tenon
      Starts with SQLite in ./data on http://127.0.0.1:8080. The first start makes a master key in
      the data folder and prints two API keys once.
  TENON_MASTER_KEY=@/run/secrets/master DATABASE_URL=postgres://tenon:...@db/tenon tenon serve
      Starts on PostgreSQL; replicas share the database and the master key.
  TENON_BASE_URL_GITHUB=https://ghe.example.com/api/v3 tenon
      Sends GitHub's tools to a GitHub Enterprise server.

Signals:
  SIGTERM, SIGINT  Stop: take no more requests, finish those under way (25 seconds at most)
  SIGHUP           Load the toolkits and OAuth apps again; those before stay in force when a file has a mistake

Endpoints beside the API:
  /health        The process lives          /ready  It can serve
  /openapi.json  The API's description      /docs   The same for people";

/// A self-hosted backend that gives AI agents authenticated tools.
///
/// It speaks Composio's v3 REST API: point an official SDK's base URL at it and use a key of this
/// server's.
#[derive(Debug, Parser)]
#[command(
    name = "tenon",
    version,
    args_conflicts_with_subcommands = true,
    after_help = AFTER_HELP
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Config,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server (the default).
    #[command(after_help = AFTER_HELP)]
    Serve(Box<Config>),
    /// Ask a running server whether it lives; the exit status is the answer.
    Health(health::Health),
    /// Make, list or revoke API keys past the API, for who has lost theirs.
    #[command(subcommand)]
    ApiKeys(api_keys::ApiKeys),
    /// Replace the keys that seal secrets, or show which are in use.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Do something to many connected accounts at once.
    #[command(subcommand)]
    Accounts(accounts::Accounts),
    /// Look into what executions did.
    #[command(subcommand)]
    Executions(executions::Executions),
    /// Check toolkits, or make one of an API's description.
    #[command(subcommand)]
    Toolkits(toolkits::Toolkits),
    /// Print the OpenAPI document.
    Openapi,
}

/// Reads the arguments and runs the command.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::Openapi) => openapi::print(),
        Some(Command::Toolkits(command)) => block_on(toolkits::run(command)),
        Some(Command::Health(health)) => health::check(&health),
        Some(Command::Accounts(command)) => block_on(accounts::run(command)),
        Some(Command::ApiKeys(command)) => block_on(api_keys::run(command)),
        Some(Command::Keys(command)) => block_on(keys::run(command)),
        Some(Command::Executions(command)) => block_on(executions::run(command)),
        Some(Command::Serve(config)) => serve_until_stopped(*config),
        None => serve_until_stopped(cli.serve),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn serve_until_stopped(config: Config) -> Result<()> {
    block_on(serve::run(config.check()?))
}

fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}

/// Says on standard error what went wrong and how to mend it.
fn report(error: &Error) {
    let mut text = format!("error: {}\n", error.with_causes());
    let shown = error.shown();
    for problem in shown.errors {
        text.push_str(&format!("  {problem}\n"));
    }
    if let Some(fix) = shown.suggested_fix {
        text.push_str(&format!("  fix: {fix}\n"));
    }
    eprint!("{text}");
}
