//! `COMPOSIO_WAIT_FOR_CONNECTIONS`: until users have finished at their links, for a while.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::super::{Desk, Outcome, workflow};
use super::{check_number, shown};
use crate::error::Result;
use crate::sessions::{Connected, Connections};
use crate::storage::connected_accounts::Status;

/// Clients give up after a minute.
const LONGEST_S: u64 = 50;
const DEFAULT_S: u64 = 30;
/// Between two looks. A person needs many of these to consent.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize)]
pub(in crate::meta_tools) struct Arguments {
    toolkits: Vec<String>,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    timeout_seconds: Option<u64>,
    #[serde(default)]
    session_id: Option<String>,
}

/// How many must have come to an end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Any,
    All,
}

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Active,
    Initiated,
    Failed,
    NotFound,
}

impl Standing {
    const fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Initiated => "INITIATED",
            Self::Failed => "FAILED",
            Self::NotFound => "NOT_FOUND",
        }
    }

    fn of(connected: Option<&Connected>) -> Self {
        let Some(connected) = connected else {
            return Self::NotFound;
        };
        if connected.default_account().is_some() {
            return Self::Active;
        }
        match connected.unusable.as_ref().map(|account| account.status) {
            None => Self::NotFound,
            Some(Status::Initializing | Status::Initiated) => Self::Initiated,
            Some(Status::Active | Status::Failed | Status::Expired | Status::Revoked) => {
                Self::Failed
            }
        }
    }
}

/// Waits until any or all of the toolkits are connected or have failed, or time is up; tells how they
/// stand. Nothing is held meanwhile, and a dropped future waits no more.
///
/// # Errors
/// `NotFound` and `Forbidden` for a toolkit, `Invalid` when none or too many are named.
pub(in crate::meta_tools) async fn wait(desk: &Desk<'_>, arguments: Arguments) -> Result<Outcome> {
    let Arguments {
        toolkits,
        mode,
        timeout_seconds,
        session_id,
    } = arguments;
    check_number(toolkits.len())?;
    let mut slugs = Vec::new();
    let mut without_auth = Vec::new();
    for slug in &toolkits {
        let toolkit = desk.scope.catalog.toolkit(slug)?;
        desk.scope.permit_toolkit(&toolkit.manifest.slug)?;
        let list = if toolkit.no_auth() {
            &mut without_auth
        } else {
            &mut slugs
        };
        list.push(toolkit.manifest.slug.clone());
    }
    let seconds = timeout_seconds.unwrap_or(DEFAULT_S).min(LONGEST_S);
    let end = Instant::now() + Duration::from_secs(seconds);
    let connections = loop {
        let connections = desk.scope.connections(desk.app, &slugs).await?;
        if is_over(mode, &slugs, &connections, !without_auth.is_empty()) || Instant::now() >= end {
            break connections;
        }
        sleep(PAUSE.min(end - Instant::now())).await;
    };
    let mut results = Map::new();
    for slug in &slugs {
        results.insert(slug.clone(), told(desk, slug, connections.of(slug)).await?);
    }
    for slug in without_auth {
        let shown = json!({ "toolkit": slug, "status": "ACTIVE", "has_active_connection": true });
        results.insert(slug, shown);
    }
    let active = results
        .values()
        .filter(|one| one["status"] == "ACTIVE")
        .count();
    let message = format!("{active} of {} toolkits are connected.", results.len());
    let mut data = Map::from_iter([
        ("message".to_owned(), message.into()),
        ("results".to_owned(), results.into()),
    ]);
    data.extend(workflow::echo(session_id.as_deref()).map(|session| ("session".into(), session)));
    Ok((data, None))
}

fn is_over(mode: Mode, slugs: &[String], connections: &Connections, has_other: bool) -> bool {
    let mut over = slugs.iter().map(|slug| {
        let standing = Standing::of(connections.of(slug));
        matches!(standing, Standing::Active | Standing::Failed)
    });
    match mode {
        Mode::Any => has_other || over.any(|over| over),
        Mode::All => over.all(|over| over),
    }
}

async fn told(desk: &Desk<'_>, slug: &str, connected: Option<&Connected>) -> Result<Value> {
    let standing = Standing::of(connected);
    let mut told = match connected.filter(|_| standing == Standing::Active) {
        Some(connected) => shown::state(desk, connected).await?,
        None => json!({ "has_active_connection": false }),
    };
    told["toolkit"] = slug.into();
    told["status"] = standing.name().into();
    if let Some(account) = connected.and_then(|connected| connected.unusable.as_ref())
        && standing != Standing::Active
    {
        told["connected_account_id"] = account.id.as_str().into();
        if standing == Standing::Failed {
            told["error_message"] = shown::standing(account).into();
        }
    }
    Ok(told)
}
