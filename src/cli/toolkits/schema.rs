//! `tenon toolkits schema`: the JSON Schema of a manifest, for an editor that completes and checks
//! while one writes.

use clap::{Args, ValueEnum};

use crate::catalog::grammar;
use crate::cli::fixtures;
use crate::error::Result;

#[derive(Debug, Args)]
pub(in crate::cli) struct Schema {
    /// The kind of file.
    #[arg(value_enum)]
    file: File,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum File {
    /// `toolkit.yaml`
    Toolkit,
    /// `tools/*.yaml`
    Tools,
    /// `triggers/*.yaml`
    Triggers,
    /// `fixtures/*.yaml`
    Fixtures,
}

pub(super) fn run(schema: &Schema) -> Result<()> {
    let schema = match schema.file {
        File::Toolkit => grammar::of_toolkit(),
        File::Tools => grammar::of_tools(),
        File::Triggers => grammar::of_triggers(),
        File::Fixtures => fixtures::schema(),
    };
    super::say(&format!("{schema:#}\n"))
}
