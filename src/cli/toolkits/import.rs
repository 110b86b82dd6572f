//! `tenon toolkits import` and `install`: toolkits out of descriptions.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use ipnet::IpNet;
use url::Url;

use super::say;
use crate::catalog;
use crate::error::{Error, Result};
use crate::importer::folder::{self, Imported, Source};
use crate::importer::recipes::{Recipe, Share};
use crate::importer::sources::{Header, Origin, Registries};
use crate::importer::{Selection, SlugFrom, Wishes};
use crate::outbound::Outbound;
use crate::time::Clock;

/// What may be asked for descriptions.
#[derive(Debug, Args)]
struct Reach {
    /// Where `npm:` packages are, if not at registry.npmjs.org: a mirror of it.
    #[arg(long, env = "TENON_NPM_REGISTRY", value_name = "URL")]
    npm_registry: Option<Url>,
    /// Where `pypi:` packages are, if not at pypi.org/simple: a mirror of that index.
    #[arg(long, env = "TENON_PYPI_INDEX", value_name = "URL")]
    pypi_index: Option<Url>,
    /// Where `crate:` packages are, if not at index.crates.io: a sparse index of yours.
    #[arg(long, env = "TENON_CRATES_INDEX", value_name = "URL")]
    crates_index: Option<Url>,
    /// Networks that may be asked although they are private, such as `10.1.0.0/16`.
    #[arg(
        long,
        env = "TENON_ALLOW_CIDRS",
        value_delimiter = ',',
        value_name = "CIDR,…"
    )]
    allow_cidrs: Vec<IpNet>,
    /// What a URL wants to see before it tells, such as `Authorization: Bearer …`; not kept.
    #[arg(
        long,
        env = "TENON_IMPORT_HEADER",
        hide_env_values = true,
        value_name = "NAME: VALUE"
    )]
    header: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// The description: a file, a URL of one or of an MCP server,
    /// `npm:package@1.2.3/path/in/it.json`, or `pypi:` or `crate:` with `package==1.2.3/path/in/it`.
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
    /// A host that credentials may go to, although the API's own is another's, or the first import did not name it.
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Install {
    /// The recipe's name, or a file with one.
    recipe: String,
    /// The folder of toolkits to write to; the toolkit gets a folder in it.
    #[arg(long, env = "TENON_TOOLKITS_DIR", value_name = "FOLDER")]
    to: PathBuf,
    /// The toolkit's slug, instead of the recipe's.
    #[arg(long)]
    slug: Option<String>,
    /// The description, where it is not to come from the recipe's place.
    #[arg(long)]
    source: Option<String>,
    /// A host that credentials may go to, although the API's own is another's, or the first import did not name it.
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn import(import: Import) -> Result<()> {
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
        allow_host,
        reach,
    } = import;
    let wishes = Wishes {
        slug,
        name,
        base_url,
        slug_from,
        selection: Selection::new(&include, &exclude)?,
        snake,
        allow_hosts: allow_host,
        ..Wishes::default()
    };
    let imported = make(source, wishes, &to, &reach).await?;
    tell(imported, None)
}

pub(super) async fn install(install: Install) -> Result<()> {
    let Install {
        recipe,
        to,
        slug,
        source,
        allow_host,
        reach,
    } = install;
    let recipe = Recipe::load(&recipe)?;
    let wishes = Wishes {
        allow_hosts: allow_host,
        ..recipe.wishes(slug)?
    };
    let source = source.unwrap_or_else(|| recipe.source.clone());
    let imported = make(source, wishes, &to, &reach).await?;
    let share = recipe.share(&imported.converted);
    tell(imported, share)
}

pub(super) fn recipes() -> Result<()> {
    let mut text = String::new();
    for name in Recipe::names() {
        let recipe = Recipe::load(&name)?;
        text.push_str(&format!(
            "{name}  {}, out of {}\n",
            recipe.name, recipe.source
        ));
    }
    say(&text)
}

async fn make(source: String, wishes: Wishes, to: &Path, reach: &Reach) -> Result<Imported> {
    let Reach {
        npm_registry,
        pypi_index,
        crates_index,
        allow_cidrs,
        header,
    } = reach;
    let registries = Registries {
        npm: npm_registry.clone(),
        pypi: pypi_index.clone(),
        crates: crates_index.clone(),
    };
    let mut origin = Origin::parse(&source)?;
    if let Some(header) = header {
        origin = origin.with_header(Header::from_str(header)?);
    }
    let wishes = Wishes {
        source_url: origin.url(),
        ..wishes
    };
    let bytes = origin
        .fetch(&Outbound::new(allow_cidrs)?, &registries)
        .await?;
    let source = Source {
        from: source,
        bytes,
    };
    if wishes.slug.is_none() {
        leave_bundled(&folder::slug_of(&source, &wishes)?)?;
    }
    folder::import(&source, &wishes, to, Clock::System.now())
}

/// A title alone is no reason to take the place of a toolkit that comes with the server, whose
/// accounts' credentials the new one would get.
fn leave_bundled(slug: &str) -> Result<()> {
    if !catalog::is_bundled(slug) {
        return Ok(());
    }
    Err(Error::invalid_with_fix(
        format!("by its title the toolkit would be `{slug}`, which comes with the server"),
        format!(
            "Choose another slug, such as --slug {slug}_own; or --slug {slug}, if it is to replace \
             that toolkit, accounts included."
        ),
    ))
}

fn tell(imported: Imported, share: Option<Share>) -> Result<()> {
    say(&summary(&imported, share))?;
    let problems = imported.converted.report.broken_edits.clone();
    // Millions of values, which the end of the process gives back at once.
    std::mem::forget(imported);
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::Invalid {
        message: "what was changed by hand does not go with the new description".into(),
        problems,
        fix: Some("Mend the edits; a server would not load the toolkit as it is.".into()),
    })
}

fn summary(imported: &Imported, share: Option<Share>) -> String {
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
    if let Some(Share { found, official }) = share {
        let percent = 100 * found / official.max(1);
        text.push_str(&format!(
            "  official slugs: {found} of {official} ({percent} %)\n"
        ));
    }
    if catalog::is_bundled(&converted.slug) {
        text.push_str("  replaces the toolkit of that slug that comes with the server\n");
    }
    let hosts: Vec<&str> = report.credential_hosts.iter().map(String::as_str).collect();
    if !hosts.is_empty() {
        text.push_str(&format!("  credentials go to: {}\n", hosts.join(", ")));
    }
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
