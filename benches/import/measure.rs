//! Imports descriptions one after the other and prints what each took: `cargo run --example import --
//! [--recipe NAME] FILE…`, or a list of files on standard input. See `run` beside it.
//!
//! Each file gets a folder of its own, is written whole, and is linted afterwards as a server would,
//! which the figures leave out. A file that panics or takes longer than the limit fails the run; one
//! that is refused is counted.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench speaks on standard output and ends where it cannot go on"
)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tenon::importer::folder::{self, Source};
use tenon::importer::recipes::Recipe;
use tenon::importer::sources::{Origin, Registries};
use tenon::importer::{Dialect, Wishes};
use tenon::outbound::Outbound;
use tenon::time::Timestamp;

/// For one file; the issue's own.
const LIMIT: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Totals {
    files: usize,
    refused: BTreeMap<String, usize>,
    operations: usize,
    converted: usize,
    slow: usize,
    slowest: f64,
    largest: u64,
}

/// What became of one file.
struct Outcome {
    dialect: Dialect,
    operations: usize,
    converted: usize,
    share: Option<(usize, usize)>,
    seconds: f64,
    /// In KiB.
    peak: u64,
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_quiet = arguments.first().is_some_and(|first| first == "--quiet");
    arguments.drain(..usize::from(is_quiet));
    if arguments.is_empty() {
        let mut list = String::new();
        std::io::stdin().read_to_string(&mut list).unwrap();
        arguments = list.lines().map(str::to_owned).collect();
    }
    let mut totals = Totals::default();
    println!(
        "| document | dialect | operations | converted | seconds | peak MB | official slugs |"
    );
    println!("|---|---|---|---|---|---|---|");
    for argument in &arguments {
        let (path, recipe) = argument.split_once('=').unwrap_or((argument, ""));
        measure(path, recipe, is_quiet, &mut totals);
    }
    let Totals {
        files,
        refused,
        operations,
        converted,
        slow,
        slowest,
        largest,
    } = totals;
    println!(
        "\n{files} files, {operations} operations, {converted} converted; slowest {slowest:.2} s, \
         largest {largest} MB, {slow} over {} s",
        LIMIT.as_secs()
    );
    for (cause, count) in refused {
        println!("refused {count}: {cause}");
    }
    if slow > 0 {
        std::process::exit(1);
    }
}

fn measure(path: &str, recipe: &str, is_quiet: bool, totals: &mut Totals) {
    // Peak memory is of this file alone.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = memory("VmRSS:");
    let began = Instant::now();
    let (done, outcome) = mpsc::channel();
    let (owned_path, owned_recipe) = (path.to_owned(), recipe.to_owned());
    let work = std::thread::spawn(move || {
        let outcome = import(&owned_path, &owned_recipe);
        let _ = done.send(());
        outcome
    });
    let waited = outcome.recv_timeout(10 * LIMIT);
    assert_ne!(waited, Err(mpsc::RecvTimeoutError::Timeout), "{path} hangs");
    let outcome = work.join().unwrap_or_else(|_| panic!("{path} panics"));
    let (seconds, peak) = outcome.as_ref().map_or_else(
        |_| (began.elapsed().as_secs_f64(), memory("VmHWM:")),
        |outcome| (outcome.seconds, outcome.peak),
    );
    let peak = peak.saturating_sub(before) / 1024;
    totals.files += 1;
    totals.slow += usize::from(seconds > LIMIT.as_secs_f64());
    totals.slowest = totals.slowest.max(seconds);
    totals.largest = totals.largest.max(peak);
    match outcome {
        Err(cause) => {
            println!("| {path} | refused: {cause} | | | {seconds:.2} | {peak} | |");
            let kind = cause.split([':', '`']).next().unwrap_or_default();
            *totals.refused.entry(kind.to_owned()).or_default() += 1;
        }
        Ok(outcome) => {
            totals.operations += outcome.operations;
            totals.converted += outcome.converted;
            if is_quiet && seconds < 1.0 {
                return;
            }
            let share = outcome.share.map_or_else(String::new, |(found, official)| {
                format!(
                    "{found} of {official} ({} %)",
                    100 * found / official.max(1)
                )
            });
            println!(
                "| {path} | {} | {} | {} | {seconds:.2} | {peak} | {share} |",
                outcome.dialect.name(),
                outcome.operations,
                outcome.converted,
            );
        }
    }
}

fn import(path: &str, recipe: &str) -> Result<Outcome, String> {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    // As the command does, which unpacks what is packed.
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let outbound = Outbound::new(&[]).unwrap();
    let registries = Registries::default();
    let bytes = runtime.block_on(Origin::File(path.into()).fetch(&outbound, &registries));
    let bytes = bytes.map_err(|error| error.to_string())?;
    let source = Source {
        from: path.to_owned(),
        bytes,
    };
    let recipe = (!recipe.is_empty()).then(|| Recipe::load(recipe).unwrap());
    let wishes = recipe.as_ref().map_or_else(
        || Wishes {
            slug: Some("kit".into()),
            ..Wishes::default()
        },
        |recipe| recipe.wishes(None).unwrap(),
    );
    let imported = folder::import(&source, &wishes, folder.path(), Timestamp::from_millis(0))
        .map_err(|error| format!("{error:?}"))?;
    let (seconds, peak) = (began.elapsed().as_secs_f64(), memory("VmHWM:"));
    let linted = tenon::catalog::lint(folder.path()).map_err(|error| error.to_string());
    let tools = linted
        .unwrap_or_else(|error| panic!("{path}: {error}"))
        .tools;
    let converted = imported.converted;
    assert_eq!(tools, converted.tools.len(), "{path}");
    assert!(
        Path::new(&imported.folder)
            .join("import-report.json")
            .exists()
    );
    let share = recipe.and_then(|recipe| recipe.share(&converted));
    Ok(Outcome {
        dialect: converted.dialect,
        operations: converted.report.operations,
        converted: converted.report.converted,
        share: share.map(|share| (share.found, share.official)),
        seconds,
        peak,
    })
}

/// In KiB.
fn memory(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
