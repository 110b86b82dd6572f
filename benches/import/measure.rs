//! Imports descriptions one after the other and prints what each took: `cargo run --example import --
//! [--recipe NAME] FILE…`, or a list of files on standard input. See `run` beside it.
//!
//! Each file is written whole, and from time to time all that was written is linted as a server would,
//! which the figures leave out. Time is the processors'. Memory is that of the whole process, at its peak since the file before.
//! A file that panics or takes longer than the limit fails the run; one that is refused is counted.

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
use std::time::Duration;

use tempfile::TempDir;
use tenon::importer::folder::{self, Source};
use tenon::importer::recipes::Recipe;
use tenon::importer::sources::{Origin, Registries};
use tenon::importer::{Dialect, Wishes};
use tenon::outbound::Outbound;
use tenon::time::Timestamp;

/// For one file; the issue's own.
const LIMIT: Duration = Duration::from_secs(5);
/// Files that are linted together: that reads the bundled toolkits each time.
const BATCH: usize = 100;

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
}

/// What was written since the last lint.
struct Batch {
    folder: TempDir,
    files: usize,
    tools: usize,
}

impl Batch {
    fn begin() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            files: 0,
            tools: 0,
        }
    }

    fn lint(&mut self) {
        let linted = tenon::catalog::lint(self.folder.path());
        let linted = linted.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(linted.tools, self.tools, "tools of {} files", self.files);
        *self = Self::begin();
    }
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
    let (mut totals, mut batch) = (Totals::default(), Batch::begin());
    println!(
        "| document | dialect | operations | converted | CPU seconds | peak MB | official slugs |"
    );
    println!("|---|---|---|---|---|---|---|");
    for argument in &arguments {
        let (path, recipe) = argument.split_once('=').unwrap_or((argument, ""));
        measure(path, recipe, is_quiet, &mut totals, &mut batch);
        if batch.files == BATCH {
            batch.lint();
        }
    }
    batch.lint();
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

fn measure(path: &str, recipe: &str, is_quiet: bool, totals: &mut Totals, batch: &mut Batch) {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let began = processor_seconds();
    let (done, outcome) = mpsc::channel();
    let (owned_path, owned_recipe) = (path.to_owned(), recipe.to_owned());
    let (to, number) = (batch.folder.path().to_owned(), batch.files);
    let work = std::thread::spawn(move || {
        let outcome = import(&owned_path, &owned_recipe, &to, number);
        let _ = done.send(());
        outcome
    });
    let waited = outcome.recv_timeout(10 * LIMIT);
    assert_ne!(waited, Err(mpsc::RecvTimeoutError::Timeout), "{path} hangs");
    let outcome = work.join().unwrap_or_else(|_| panic!("{path} panics"));
    let seconds = processor_seconds() - began;
    let peak = memory("VmHWM:") / 1024;
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
            batch.files += 1;
            batch.tools += outcome.converted;
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

fn import(path: &str, recipe: &str, to: &Path, number: usize) -> Result<Outcome, String> {
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
            slug: Some(format!("kit_{number}")),
            ..Wishes::default()
        },
        |recipe| recipe.wishes(None).unwrap(),
    );
    let imported = folder::import(&source, &wishes, to, Timestamp::from_millis(0))
        .map_err(|error| format!("{error:?}"))?;
    let converted = imported.converted;
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
    })
}

/// Of all threads, which other work on the machine does not change (proc(5): fields 14 and 15, in
/// hundredths of a second).
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace().skip(11);
    let ticks: f64 = fields
        .take(2)
        .map(|field| field.parse::<f64>().unwrap())
        .sum();
    ticks / 100.0
}

/// In KiB.
fn memory(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
