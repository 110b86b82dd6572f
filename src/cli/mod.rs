//! The commands of the binary.

mod openapi;
mod serve;

pub use serve::{Server, start};

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::error::{Error, Result};

/// A self-hosted backend that gives AI agents authenticated tools.
#[derive(Debug, Parser)]
#[command(name = "tenon", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Config,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server (the default).
    Serve(Box<Config>),
    /// Print the OpenAPI document.
    Openapi,
}

/// Reads the arguments and runs the command.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::Openapi) => openapi::print(),
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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve::run(config.check()?))
}

/// Says on standard error what went wrong and how to mend it.
fn report(error: &Error) {
    let mut text = format!("error: {error}\n");
    if let Error::Internal(cause) = error {
        text.push_str(&format!("  because: {cause:#}\n"));
    }
    let shown = error.shown();
    for problem in shown.errors {
        text.push_str(&format!("  {problem}\n"));
    }
    if let Some(fix) = shown.suggested_fix {
        text.push_str(&format!("  fix: {fix}\n"));
    }
    eprint!("{text}");
}
