//! `COMPOSIO_MANAGE_CONNECTIONS` and `COMPOSIO_WAIT_FOR_CONNECTIONS`: the user's accounts, and links
//! by which new ones are connected.

mod change;
pub(super) mod shown;
mod wait;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::multi_execute::told;
use super::{Desk, Outcome, workflow};
use crate::catalog::Toolkit;
use crate::error::{Error, Result};
use crate::sessions::{Connected, LinkWish};
pub(super) use wait::wait;

/// Toolkits of one call.
const MOST_TOOLKITS: usize = 20;

#[derive(Debug, Deserialize)]
pub(super) struct Arguments {
    toolkits: Vec<Entry>,
    #[serde(default)]
    reinitiate_all: bool,
    #[serde(default)]
    session_id: Option<String>,
}

/// A toolkit, and what is to be done: plainly its slug, or with an action.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "must be a toolkit's slug, or an object with its `name`"
)]
enum Entry {
    Slug(String),
    Wanted(Wanted),
}

#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(alias = "toolkit", alias = "slug")]
    name: String,
    #[serde(default)]
    action: Action,
    #[serde(default)]
    account_id: Option<String>,
    #[serde(default)]
    alias: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// A new account, where there is no active one or several may be.
    #[default]
    Add,
    List,
    Rename,
    Remove,
}

/// Does for each toolkit what is wanted, and tells its state.
///
/// # Errors
/// [`Error::Invalid`] when none or too many are named. What fails for one toolkit is told with it.
pub(super) async fn manage(desk: &Desk<'_>, arguments: Arguments) -> Result<Outcome> {
    let Arguments {
        toolkits,
        reinitiate_all,
        session_id,
    } = arguments;
    check_number(toolkits.len())?;
    let of = toolkits.len();
    let (mut results, mut counts) = (Map::new(), [0_usize; 3]);
    for (at, entry) in toolkits.into_iter().enumerate() {
        let (wanted, is_plain) = match entry {
            Entry::Slug(name) => (Wanted::plain(name), true),
            Entry::Wanted(wanted) => (wanted, false),
        };
        let (name, result) = match desk.scope.catalog.toolkit(&wanted.name) {
            Err(error) => (wanted.name, failed(&error)),
            Ok(toolkit) => {
                let again = reinitiate_all || !is_plain && desk.has_several_accounts();
                let done = handle(desk, toolkit, &wanted, again).await;
                let name = toolkit.manifest.slug.clone();
                (name, done.unwrap_or_else(|error| failed(&error)))
            }
        };
        let mut result = result;
        result["toolkit"] = name.clone().into();
        match result["status"].as_str() {
            Some("active") => counts[0] += 1,
            Some("initiated") => counts[1] += 1,
            _ => counts[2] += 1,
        }
        results.insert(name, result);
        desk.tell(at + 1, of);
    }
    let [active, initiated, failed] = counts;
    let mut data = Map::from_iter([
        ("message".to_owned(), message(counts).into()),
        ("results".to_owned(), results.into()),
        (
            "summary".to_owned(),
            json!({
                "total_toolkits": of, "active_connections": active,
                "initiated_connections": initiated, "failed_connections": failed,
            }),
        ),
    ]);
    data.extend(workflow::echo(session_id.as_deref()).map(|session| ("session".into(), session)));
    let error = (failed > 0).then(|| format!("{failed} out of {of} toolkits failed"));
    Ok((data, error))
}

fn check_number(toolkits: usize) -> Result<()> {
    if (1..=MOST_TOOLKITS).contains(&toolkits) {
        return Ok(());
    }
    Err(Error::fields(vec![format!(
        "arguments.toolkits: must have 1 to {MOST_TOOLKITS} items"
    )]))
}

fn message([active, initiated, failed]: [usize; 3]) -> String {
    match (active, initiated, failed) {
        (_, 0, 0) => "All connections are active.".into(),
        (_, _, 0) => {
            format!("{initiated} to be finished by the user at redirect_url, {active} active.")
        }
        _ => format!("{active} active, {initiated} to be finished by the user, {failed} failed."),
    }
}

fn failed(error: &Error) -> Value {
    json!({ "status": "failed", "has_active_connection": false, "error_message": told(error) })
}

impl Wanted {
    const fn plain(name: String) -> Self {
        Self {
            name,
            action: Action::Add,
            account_id: None,
            alias: None,
        }
    }
}

impl Desk<'_> {
    /// Whether users may have several accounts of a toolkit here.
    pub(super) fn has_several_accounts(&self) -> bool {
        let several = self
            .scope
            .config()
            .and_then(|config| config.multi_account.as_ref());
        several.is_some_and(|several| several.enable)
    }
}

/// Does what is wanted of one toolkit. `again` asks for a link although there is an active account.
async fn handle(desk: &Desk<'_>, toolkit: &Toolkit, wanted: &Wanted, again: bool) -> Result<Value> {
    let slug = &toolkit.manifest.slug;
    desk.scope.permit_toolkit(slug)?;
    if toolkit.no_auth() {
        let words = "This toolkit needs no account; execute its tools at once.";
        return Ok(json!({
            "status": "active", "has_active_connection": true, "instruction": words,
        }));
    }
    match wanted.action {
        Action::Rename => change::rename(desk, slug, wanted).await?,
        Action::Remove => change::remove(desk, slug, wanted).await?,
        Action::Add | Action::List => {}
    }
    let connections = desk
        .scope
        .connections(desk.app, std::slice::from_ref(slug))
        .await?;
    let none = Connected::default();
    let connected = connections.of(slug).unwrap_or(&none);
    let is_active = connected.default_account().is_some();
    if wanted.action != Action::Add || is_active && !again {
        return shown::state(desk, connected).await;
    }
    begin(desk, slug, wanted, is_active).await
}

/// Makes a link at which the user connects.
async fn begin(desk: &Desk<'_>, slug: &str, wanted: &Wanted, was_active: bool) -> Result<Value> {
    let wish = LinkWish {
        toolkit: slug.to_owned(),
        callback_url: None,
        alias: wanted.alias.clone(),
    };
    let made = desk.scope.link(desk.app, wish).await?;
    let instruction = format!(
        "Show the user this link as [Connect {slug}]({}) and go on when the connection is active. It \
         works until {}.",
        made.url,
        made.expires_at.to_text()
    );
    Ok(json!({
        "status": "initiated",
        "has_active_connection": was_active,
        "redirect_url": made.url.as_str(),
        "connected_account_id": made.account.as_str(),
        "was_reinitiated": was_active,
        "instruction": instruction,
    }))
}
