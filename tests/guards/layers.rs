//! Calls go down only: the layers are read from the documentation of `src/lib.rs`, the calls from
//! every `crate::` path.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, sources};

/// A module's layer; 1 is the top.
type Layers = BTreeMap<String, usize>;

/// The numbered list in the documentation of `lib.rs`: each `[`name`]` in an item is a module.
fn layers(lib: &str) -> Layers {
    let mut layers = Layers::new();
    let mut number = 0;
    for line in lib.lines().filter_map(|line| line.strip_prefix("//!")) {
        let line = line.trim_start();
        match line
            .split_once(". ")
            .and_then(|(first, _)| first.parse().ok())
        {
            Some(next) => number = next,
            None if line.is_empty() => number = 0,
            None => {}
        }
        if number > 0 {
            for name in line
                .split("[`")
                .skip(1)
                .filter_map(|part| part.split_once("`]"))
            {
                layers.insert(name.0.to_owned(), number);
            }
        }
    }
    layers
}

/// The top modules that a file names, with the line of each: `crate::a::b`, `crate::{a, b::c}`, and
/// from a module's root `super::a`.
fn calls(source: &Source, layers: &Layers) -> BTreeSet<(usize, String)> {
    let is_root = source.path.matches('/').count() == 1 || source.path.ends_with("/mod.rs");
    let mut found = BTreeSet::new();
    for prefix in ["crate::", "super::"] {
        if prefix == "super::" && !is_root {
            continue;
        }
        for (at, _) in source.code.match_indices(prefix) {
            let line = source.code[..at].matches('\n').count() + 1;
            for name in first_names(&source.code[at + prefix.len()..]) {
                if layers.contains_key(&name) {
                    found.insert((line, name));
                }
            }
        }
    }
    found
}

/// `a` of `a::b`; `a` and `b` of `{a, b::{c, d}}`.
fn first_names(path: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![word(path)];
    };
    let (mut depth, mut names, mut start) = (0, Vec::new(), 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                names.push(word(group[start..at].trim_start()));
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names
}

#[test]
fn every_module_stands_in_a_layer() {
    let sources = sources();
    let lib = sources
        .iter()
        .find(|source| source.path == "src/lib.rs")
        .unwrap();
    let layers = layers(&lib.text);
    let declared: BTreeSet<String> = lib
        .code
        .lines()
        .filter_map(|line| line.trim().strip_suffix(';'))
        .filter_map(|line| {
            line.strip_prefix("pub mod ")
                .or_else(|| line.strip_prefix("mod "))
        })
        .map(str::to_owned)
        .collect();
    let listed: BTreeSet<String> = layers.keys().cloned().collect();
    assert_eq!(
        listed, declared,
        "list every module of src/lib.rs in the layers of its //! text"
    );
}

#[test]
fn no_module_calls_upward() {
    let sources = sources();
    let layers = layers(
        &sources
            .iter()
            .find(|source| source.path == "src/lib.rs")
            .unwrap()
            .text,
    );
    let mut upward = Vec::new();
    for source in &sources {
        let Some(own) = source.module().and_then(|module| layers.get(module)) else {
            continue;
        };
        for (line, called) in calls(source, &layers) {
            if layers[&called] < *own {
                upward.push(format!(
                    "{}:{line} calls crate::{called}, which stands above",
                    source.path
                ));
            }
        }
    }
    assert!(
        upward.is_empty(),
        "move the shared part down, or the caller up:\n{}",
        upward.join("\n")
    );
}

#[test]
fn modules_of_one_layer_do_not_call_in_a_circle() {
    let sources = sources();
    let layers = layers(
        &sources
            .iter()
            .find(|source| source.path == "src/lib.rs")
            .unwrap()
            .text,
    );
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in &sources {
        let Some(own) = source
            .module()
            .filter(|module| layers.contains_key(*module))
        else {
            continue;
        };
        let calls = calls(source, &layers).into_iter().map(|(_, called)| called);
        let same_layer = calls.filter(|called| layers[called] == layers[own] && called != own);
        graph.entry(own.to_owned()).or_default().extend(same_layer);
    }
    let mut circles = Vec::new();
    for module in graph.keys() {
        let (mut reached, mut open) = (BTreeSet::new(), vec![module]);
        while let Some(next) = open.pop() {
            for called in &graph[next] {
                if reached.insert(called) && graph.contains_key(called) {
                    open.push(called);
                }
            }
        }
        if reached.contains(module) {
            circles.push(module);
        }
    }
    assert!(
        circles.is_empty(),
        "these modules call each other in a circle: {circles:?}"
    );
}

#[test]
fn the_guard_reads_every_way_to_name_a_module() {
    let layers =
        layers("//! 1. doors: [`api`],\n//!    [`jobs`]\n//! 2. words: [`ids`]\n//!\n//! [`no`]");
    assert_eq!(layers.len(), 3);
    let source = Source {
        path: "src/ids.rs".into(),
        text: String::new(),
        code: "use crate::{ids, jobs::{run, ids}};\nuse super::api;\ncrate::api::x()".into(),
    };
    let names: Vec<(usize, String)> = calls(&source, &layers).into_iter().collect();
    let expected = [(1, "ids"), (1, "jobs"), (2, "api"), (3, "api")];
    assert_eq!(names, expected.map(|(line, name)| (line, name.to_owned())));
}
