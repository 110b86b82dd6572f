//! `tenon toolkits`: checks toolkits, and makes them of descriptions.

mod import;
mod schema;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::fixtures::{self, Test};
use super::new_toolkit::{self, New};
use crate::catalog;
use crate::error::Result;

#[derive(Debug, Subcommand)]
pub(super) enum Toolkits {
    /// Make a toolkit of a description of an API: `OpenAPI` 3.0 or 3.1, Swagger 2, Google
    /// Discovery, `GraphQL`, or an MCP server. A second import keeps what was changed by hand, and the tools' names.
    Import(Box<import::Import>),
    /// Make a toolkit by a recipe, which knows where the vendor's description is, how its users
    /// connect, and what its tools are called elsewhere.
    Install(Box<import::Install>),
    /// List the recipes.
    Recipes,
    /// Check the toolkits of a folder; every problem is told with file and line.
    Lint(Lint),
    /// Execute the calls that toolkits have as fixtures, without a network.
    Test(Test),
    /// Write a small toolkit to begin with.
    New(New),
    /// Print the JSON Schema of a kind of file, for editors.
    Schema(schema::Schema),
}

#[derive(Debug, Args)]
pub(super) struct Lint {
    /// The folder of toolkits.
    #[arg(env = "TENON_TOOLKITS_DIR")]
    folder: PathBuf,
}

pub(super) async fn run(command: Toolkits) -> Result<()> {
    match command {
        Toolkits::Import(import) => import::import(*import).await,
        Toolkits::Install(install) => import::install(*install).await,
        Toolkits::Recipes => import::recipes(),
        Toolkits::Lint(lint) => run_lint(&lint),
        Toolkits::Schema(schema) => schema::run(&schema),
        Toolkits::New(new) => new_toolkit::run(&new),
        Toolkits::Test(test) => fixtures::run(test).await,
    }
}

fn run_lint(lint: &Lint) -> Result<()> {
    let catalog::Linted { toolkits, tools } = catalog::lint(&lint.folder)?;
    say(&format!(
        "{toolkits} toolkits with {tools} tools keep every rule\n"
    ))
}

pub(super) fn say(text: &str) -> Result<()> {
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
