//! `tenon toolkits`: checks toolkits, and makes them of descriptions.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

use super::fixtures::{self, Test};
use super::new_toolkit::{self, New};
use crate::catalog;
use crate::error::{Error, Result};
use crate::importer::folder::{self, Imported, Source};
use crate::importer::{Selection, SlugFrom, Wishes, read};
use crate::time::Clock;

#[derive(Debug, Subcommand)]
pub(super) enum Toolkits {
    /// Make a toolkit of a description of an API: `OpenAPI` 3.0 or 3.1, Swagger 2 or Google
    /// Discovery. A second import keeps what was changed by hand, and the tools' names.
    Import(Box<Import>),
    /// Check the toolkits of a folder; every problem is told with file and line.
    Lint(Lint),
    /// Execute the calls that toolkits have as fixtures, without a network.
    Test(Test),
    /// Write a small toolkit to begin with.
    New(New),
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The description: a file.
    source: String,
    /// The folder of toolkits to write to; the toolkit gets a folder in it.
    #[arg(long, env = "TENON_TOOLKITS_DIR", value_name = "FOLDER")]
    to: PathBuf,
    /// The toolkit's slug; by default made of the title.
    #[arg(long)]
    slug: Option<String>,
    /// The toolkit's name; by default the title.
    #[arg(long)]
    name: Option<String>,
    /// Where the API lives; by default what the description says.
    #[arg(long)]
    base_url: Option<Url>,
    /// Only these operations: a tag, a method, or a path, with `*` for anything.
    #[arg(long, value_name = "PATTERN")]
    include: Vec<String>,
    /// None of these operations.
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// What the tools' names are made of.
    #[arg(long, value_enum, default_value_t = SlugFrom::Auto)]
    slug_from: SlugFrom,
    /// Write arguments in snake case: `pageToken` becomes `page_token`.
    #[arg(long)]
    snake: bool,
}

#[derive(Debug, Args)]
pub(super) struct Lint {
    /// The folder of toolkits.
    #[arg(env = "TENON_TOOLKITS_DIR")]
    folder: PathBuf,
}

pub(super) fn run(command: Toolkits) -> Result<()> {
    match command {
        Toolkits::Import(import) => run_import(*import),
        Toolkits::Lint(lint) => run_lint(&lint),
        Toolkits::New(new) => new_toolkit::run(&new),
        Toolkits::Test(test) => super::block_on(fixtures::run(test)),
    }
}

fn run_lint(lint: &Lint) -> Result<()> {
    let catalog::Linted { toolkits, tools } = catalog::lint(&lint.folder)?;
    say(&format!(
        "{toolkits} toolkits with {tools} tools keep every rule\n"
    ))
}

fn run_import(import: Import) -> Result<()> {
    let Import {
        source,
        to,
        slug,
        name,
        base_url,
        include,
        exclude,
        slug_from,
        snake,
    } = import;
    let wishes = Wishes {
        slug,
        name,
        base_url,
        slug_from,
        selection: Selection::new(&include, &exclude)?,
        snake,
        ..Wishes::default()
    };
    let bytes = file(&source)?;
    let source = Source {
        from: source,
        bytes,
    };
    let imported = folder::import(&source, &wishes, &to, Clock::System.now())?;
    say(&summary(&imported))?;
    let problems = imported.converted.report.broken_edits;
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::Invalid {
        message: "what was changed by hand does not go with the new description".into(),
        problems,
        fix: Some("Mend the edits; a server would not load the toolkit as it is.".into()),
    })
}

fn file(path: &str) -> Result<Vec<u8>> {
    let unreadable =
        |cause: &std::io::Error| Error::invalid(format!("{path} cannot be read: {cause}"));
    let size = std::fs::metadata(path)
        .map_err(|cause| unreadable(&cause))?
        .len();
    if usize::try_from(size).map_or(true, |size| size > read::LARGEST_DOCUMENT) {
        return Err(Error::invalid(format!(
            "{path} has {size} bytes, more than {}",
            read::LARGEST_DOCUMENT
        )));
    }
    std::fs::read(path).map_err(|cause| unreadable(&cause))
}

fn summary(imported: &Imported) -> String {
    let Imported {
        folder,
        converted,
        has_changed,
    } = imported;
    let report = &converted.report;
    let mut text = format!(
        "{} ({}): {} of {} operations became tools, {}\n",
        converted.slug,
        converted.dialect.name(),
        report.converted,
        report.operations,
        if *has_changed {
            "written to"
        } else {
            "as before in"
        },
    );
    text.push_str(&format!("  {}\n", folder.display()));
    for (reason, count) in &report.skipped_by_reason {
        text.push_str(&format!("  left out, {}: {count}\n", word(reason)));
    }
    for (loss, count) in &report.losses {
        text.push_str(&format!("  lossy, {}: {count}\n", word(loss)));
    }
    for (what, slugs) in [
        ("edits kept", &report.kept_edits),
        ("no more described, kept", &report.vanished),
        ("taken out by hand, left out", &report.removed_by_hand),
    ] {
        if !slugs.is_empty() {
            text.push_str(&format!("  {what}: {}\n", slugs.len()));
        }
    }
    text.push_str("  import-report.json in that folder tells each with its place\n");
    text
}

fn word(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    text.trim_matches('"').replace('_', " ")
}

pub(super) fn say(text: &str) -> Result<()> {
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
