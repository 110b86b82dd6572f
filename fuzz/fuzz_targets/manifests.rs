//! Any text as the files of a toolkit: what is wrong with them is told.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use tenon::catalog::OwnKit;

fuzz_target!(|text: &str| {
    let names = ["toolkit.yaml", "tools/a.yaml", "triggers/a.yaml"];
    let files = names.into_iter().zip(text.splitn(3, '\0'));
    let files: BTreeMap<String, String> = files
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect();
    if let Err(error) = OwnKit::read("acme", &files, true) {
        assert!(!error.to_string().is_empty());
    }
});
