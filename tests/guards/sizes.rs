//! Files stay small enough to be read whole.

use super::sources;

const LONGEST: usize = 600;
const MEDIAN: usize = 150;

#[test]
fn no_file_is_longer_than_600_lines() {
    let long: Vec<String> = sources()
        .iter()
        .map(|source| (source.text.lines().count(), &source.path))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, path)| format!("{path} has {lines} lines"))
        .collect();
    assert!(
        long.is_empty(),
        "split these by what they do:\n{}",
        long.join("\n")
    );
}

#[test]
fn half_of_the_files_have_at_most_150_lines() {
    let mut lengths: Vec<usize> = sources()
        .iter()
        .map(|source| source.text.lines().count())
        .collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    println!("{} files, the median has {median} lines", lengths.len());
    assert!(median <= MEDIAN, "the median file has {median} lines");
}

#[test]
fn every_file_says_first_what_it_is() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    assert!(
        silent.is_empty(),
        "begin these with a sentence after //!:\n{}",
        silent.join("\n")
    );
}

#[test]
fn no_file_is_named_after_nothing() {
    let empty_names = [
        "utils", "util", "helpers", "helper", "common", "types", "misc",
    ];
    let found: Vec<String> = sources()
        .into_iter()
        .map(|source| source.path)
        .filter(|path| {
            let mut parts = path.trim_end_matches(".rs").split('/');
            parts.any(|part| empty_names.contains(&part))
        })
        .collect();
    assert!(
        found.is_empty(),
        "name these by what they do:\n{}",
        found.join("\n")
    );
}
