//! Any bytes as a description of an API, of whatever dialect they are: a toolkit that keeps every
//! rule comes of it, or an error.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use tenon::importer::{Wishes, convert, read};

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = read::document(bytes) else {
        return;
    };
    // What a description may leave out, so that more of them go on.
    let wishes = Wishes {
        slug: Some("fuzz".into()),
        base_url: "https://api.fuzz.test/v1".parse().ok(),
        ..Wishes::default()
    };
    if let Ok(converted) = convert(&document, &wishes, &BTreeMap::new()) {
        let ours = |text: &str| text.starts_with("FUZZ_");
        for tool in &converted.tools {
            assert!(tool.manifest["slug"].as_str().is_some_and(ours));
        }
    }
});
