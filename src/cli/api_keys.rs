//! `tenon api-keys`: a new key for who has lost theirs, and the end of one that was.

use std::io::Write;

use clap::{Args, Subcommand};

use super::installation::open_beside_a_server;
use crate::config::StoreConfig;
use crate::error::Result;
use crate::tenancy;

#[derive(Debug, Subcommand)]
pub(super) enum ApiKeys {
    /// Make an API key and print it once: the organisation's, or a project's.
    Issue(Issue),
    /// Show the live API keys by their ids and first characters.
    List(StoreConfig),
    /// End an API key at once.
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(super) struct Issue {
    /// Id of the project that the key is to open (proj_…); without it, it opens the organisation.
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    #[command(flatten)]
    store: StoreConfig,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// Id of the key, as `tenon api-keys list` shows it (key_…).
    id: String,
    #[command(flatten)]
    store: StoreConfig,
}

pub(super) async fn run(command: ApiKeys) -> Result<()> {
    match command {
        ApiKeys::Issue(issue) => make(issue).await,
        ApiKeys::List(store) => list(store).await,
        ApiKeys::Revoke(revoke) => end(revoke).await,
    }
}

async fn make(issue: Issue) -> Result<()> {
    let site = open_beside_a_server(&issue.store.check()?).await?;
    let project = issue.project.map(Into::into);
    let (key, secret) = tenancy::issue_api_key(&site, project.as_ref()).await?;
    site.db.close().await;
    let owner = project.map_or_else(
        || "the organisation".to_owned(),
        |id| format!("project {id}"),
    );
    eprint(&format!("Key {} of {owner}, shown this once:\n", key.id))?;
    say(&format!("{}\n", secret.reveal()))
}

async fn list(store: StoreConfig) -> Result<()> {
    let site = open_beside_a_server(&store.check()?).await?;
    let keys = tenancy::list_api_keys(&site).await?;
    site.db.close().await;
    let mut text = String::new();
    for key in keys {
        let owner = key
            .project_id
            .map_or_else(|| "organisation".to_owned(), |id| id.as_str().to_owned());
        let made = key.created_at.to_text();
        text.push_str(&format!("{}  {:<8} {made}  {owner}\n", key.id, key.hint));
    }
    say(&text)
}

async fn end(revoke: Revoke) -> Result<()> {
    let site = open_beside_a_server(&revoke.store.check()?).await?;
    let id = revoke.id.into();
    tenancy::revoke_api_key(&site, &id).await?;
    site.db.close().await;
    say(&format!("Key {id} opens nothing any more.\n"))
}

/// What a script that keeps the output does not want.
fn eprint(text: &str) -> Result<()> {
    std::io::stderr().write_all(text.as_bytes())?;
    Ok(())
}

fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
