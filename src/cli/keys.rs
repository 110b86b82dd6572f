//! `tenon keys`: replaces the keys that seal secrets, and shows what is sealed by which.

use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};

use super::installation::{key_files, open_beside_a_server};
use crate::config::StoreConfig;
use crate::error::{Error, Result};
use crate::tenancy::rotation::{self, Progress, Rotated, Status};

/// At most this often a line says how far the rows have come.
const SAY_EVERY: Duration = Duration::from_secs(1);

const ROTATE_HELP: &str = "\
With the key in the data folder (SQLite), beside the running server or without it:
  tenon keys rotate
      Makes a new key, rotates to it and puts it in the place of the old one.

With TENON_MASTER_KEY, without a break:
  1. Make a new key: openssl rand -base64 32
  2. Restart the servers one after another with TENON_MASTER_KEY=<new> and
     TENON_MASTER_KEY_PREVIOUS=<old>. They go on with the old one.
  3. Run `tenon keys rotate` once, with the same two variables.
  4. An hour later, restart the servers without TENON_MASTER_KEY_PREVIOUS, and destroy the old key
     when no backup is left that needs it.

It may be stopped at any time: run it again and it goes on.";

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Replace the master key and every project's data key, and seal everything anew.
    ///
    /// Servers go on serving meanwhile, and accept both keys.
    #[command(after_help = ROTATE_HELP)]
    Rotate(Rotate),
    /// Show which keys are in use, and how much is left for a rotation.
    Status(StoreConfig),
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    store: StoreConfig,
    /// How long servers may take to hear of a new key, in seconds. The default is longer than they
    /// remember anything; 0 will do when none is running.
    #[arg(long, default_value_t = 65, value_name = "SECONDS")]
    settle: u64,
}

pub(super) async fn run(command: Keys) -> Result<()> {
    match command {
        Keys::Rotate(rotate) => rotate_keys(rotate).await,
        Keys::Status(store) => show_status(store).await,
    }
}

async fn rotate_keys(rotate: Rotate) -> Result<()> {
    let store = rotate.store.check()?;
    let files = store.master_key.is_none() && store.database_url.is_none();
    let files = files.then(|| key_files(&store));
    let site = open_beside_a_server(&store).await?;
    if let Some(files) = &files {
        files.make_next()?;
        site.vault.read_again()?;
    }
    let teller = Teller::default();
    let settle = Duration::from_secs(rotate.settle);
    let rotated = rotation::rotate(&site, settle, &|progress| teller.tell(&progress)).await?;
    if let Some(files) = &files {
        files.adopt_next()?;
    }
    let in_force = site.vault.in_force();
    site.db.close().await;
    if !rotated.had_work {
        return Err(Error::invalid_with_fix(
            format!("nothing to do: everything is sealed under master key {in_force} already"),
            "To rotate, give this command and the servers the new key as TENON_MASTER_KEY and the \
             present one as TENON_MASTER_KEY_PREVIOUS (`tenon keys rotate --help`).",
        ));
    }
    say(&format!(
        "Done: everything is sealed under master key {in_force}; {} rows were sealed anew.\n{}",
        rotated.rows,
        if files.is_some() {
            "The former key stays in master.key.previous for users who are just signing in; the \
             server removes it after an hour.\n"
        } else {
            "Leave TENON_MASTER_KEY_PREVIOUS for an hour, for users who are just signing in; then \
             restart the servers without it.\n"
        }
    ))?;
    complain_of_unreadable(&rotated)
}

fn complain_of_unreadable(rotated: &Rotated) -> Result<()> {
    if rotated.unreadable.is_empty() {
        return Ok(());
    }
    Err(Error::Invalid {
        message: "these rows were damaged before and were left as they are".into(),
        problems: rotated.unreadable.clone(),
        fix: Some("Delete them, or put them back from a backup, and rotate again.".into()),
    })
}

async fn show_status(store: StoreConfig) -> Result<()> {
    let site = open_beside_a_server(&store.check()?).await?;
    let status = rotation::status(&site).await?;
    site.db.close().await;
    say(&status_text(&status))
}

fn status_text(status: &Status) -> String {
    let Status {
        in_force,
        accepted,
        rotating_since,
        data_keys,
        retired,
        columns,
    } = status;
    let mut text = String::from("Master keys\n");
    for id in accepted {
        let role = if id == in_force {
            "in force"
        } else {
            "accepted"
        };
        let count = data_keys.get(id).copied().unwrap_or_default();
        text.push_str(&format!("  {id}  {role}, seals {count} data keys\n"));
    }
    for (id, count) in data_keys.iter().filter(|(id, _)| !accepted.contains(id)) {
        text.push_str(&format!("  {id}  NOT GIVEN, seals {count} data keys\n"));
    }
    text.push_str("Rows sealed by a former data key\n");
    for column in columns {
        text.push_str(&format!(
            "  {}.{}  {} of {}\n",
            column.table, column.column, column.left, column.rows
        ));
    }
    if *retired > 0 {
        text.push_str(&format!(
            "{retired} former data keys are kept for an hour after their rotation.\n"
        ));
    }
    match rotating_since {
        Some(since) => text.push_str(&format!(
            "A rotation is under way since {}; `tenon keys rotate` goes on with it.\n",
            since.to_text()
        )),
        None => text.push_str("No rotation is under way.\n"),
    }
    text
}

/// Says how far a rotation has come, a line at a time.
#[derive(Default)]
struct Teller(Mutex<Option<Instant>>);

impl Teller {
    fn tell(&self, progress: &Progress) {
        let line = match progress {
            Progress::Switched { from, to } => {
                format!("Rotating from master key {from} to {to}; `tenon keys status` shows more.")
            }
            Progress::Resumed { to } => format!("Going on with the rotation to master key {to}."),
            Progress::DataKeys { projects } => format!("New data keys for {projects} projects."),
            Progress::Waiting { span } => {
                format!(
                    "Giving servers {} s to hear of it.",
                    span.as_secs_f32().ceil()
                )
            }
            Progress::Rows {
                table,
                seen,
                all,
                resealed,
            } => {
                if seen < all && !self.is_due() {
                    return;
                }
                format!("{table}: {seen} of {all} rows seen, {resealed} sealed anew")
            }
        };
        // A rotation is not given up because nobody listens.
        let _ = say(&format!("{line}\n"));
    }

    fn is_due(&self) -> bool {
        let Ok(mut last) = self.0.lock() else {
            return false;
        };
        let is_due = last.is_none_or(|last| last.elapsed() >= SAY_EVERY);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}

fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
