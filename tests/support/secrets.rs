//! Every secret that a test uses, noted as it goes by; when the test's server ends, its database, its
//! log and all of its answers are searched for them.
//!
//! Nothing has to be remembered for that: what the tests' client sends or an account is stored with
//! under a secret's name is noted, and so is every token that a fake gives out. Tests run on a thread
//! each, so what is noted stands on the thread. The log of other threads (of SQLite, of files) is not
//! seen here; the journeys of `tests/leaks` look at that of a whole process.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Once;

use serde_json::Value;
use tracing_subscriber::EnvFilter;

use super::client::Reply;
use crate::leaks::{PIECE, leaks};

/// What the names of secrets end with, in small letters alone.
const NAMES: [&str; 12] = [
    "token",
    "secret",
    "password",
    "passphrase",
    "apikey",
    "privatekey",
    "verifier",
    "jwt",
    "assertion",
    "signingkey",
    "accesskey",
    "encoded",
];
/// Whoever makes a key is shown it, this once.
const MAY_SHOW: [&str; 3] = ["/project/new", "/regenerate_api_key", "/api_keys"];

#[derive(Default)]
struct Watch {
    secrets: BTreeSet<String>,
    answers: String,
    log: Vec<u8>,
    /// Whether answers may show what an account holds.
    answers_may_show: bool,
}

thread_local! {
    static WATCH: RefCell<Watch> = RefCell::default();
}

fn watch<T>(with: impl FnOnce(&mut Watch) -> T) -> T {
    WATCH.with_borrow_mut(with)
}

/// A random text, noted.
pub fn random() -> String {
    let text = tenon::ids::random_text(24);
    note(&text);
    text
}

/// Notes a secret; a short one could stand anywhere.
pub fn note(secret: &str) {
    if secret.len() >= PIECE && secret.is_ascii() {
        watch(|watch| watch.secrets.insert(secret.to_owned()));
    }
}

/// Whether a secret was noted.
pub fn knows(secret: &str) -> bool {
    watch(|watch| watch.secrets.contains(secret))
}

/// Notes the secrets in what a test sends. From where it turns the project's masking off, answers may
/// show them; log and database may not.
pub fn sent(body: &Value) {
    note_all(body);
    if body["mask_secret_keys_in_connected_account"] == false {
        watch(|watch| watch.answers_may_show = true);
    }
}

/// Notes what stands under a secret's name, at any depth.
pub fn note_all(value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let plain = name.replace(['_', '-'], "").to_lowercase();
                match value {
                    Value::String(text) if NAMES.iter().any(|end| plain.ends_with(end)) => {
                        note(text);
                    }
                    _ => note_all(value),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(note_all),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Keeps an answer of the server.
pub fn keep(path: &str, reply: &Reply) {
    if MAY_SHOW.iter().any(|end| path.ends_with(end)) {
        note_made_keys(reply);
    } else {
        let text = format!("{:?}\n{}\n", reply.headers, reply.text);
        watch(|watch| watch.answers.push_str(&text));
    }
}

fn note_made_keys(reply: &Reply) {
    if let Ok(made) = serde_json::from_str::<Value>(&reply.text) {
        for name in ["api_key", "key"] {
            made[name].as_str().into_iter().for_each(note);
        }
    }
}

/// Has the log of this thread kept, at its most talkative.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("trace"))
            .with_ansi(false)
            .with_writer(|| Ear)
            .init();
    });
}

/// Writes what is logged to the thread's own log.
struct Ear;

impl Write for Ear {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        watch(|watch| watch.log.extend_from_slice(text));
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Where any secret so far is found, in the server's files and whatever else there is; forgets all.
pub fn found_in(places: Vec<(String, Vec<u8>)>) -> Vec<String> {
    let Watch {
        secrets,
        answers,
        log,
        answers_may_show,
    } = watch(std::mem::take);
    let secrets: Vec<_> = secrets
        .into_iter()
        .map(|secret| ("a secret".to_owned(), secret))
        .collect();
    let mut found = leaks("the log", &log, &secrets);
    if !answers_may_show {
        found.extend(leaks("an answer", answers.as_bytes(), &secrets));
    }
    for (name, content) in places {
        found.extend(leaks(&name, &content, &secrets));
    }
    found
}
