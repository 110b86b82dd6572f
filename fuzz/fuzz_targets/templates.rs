//! Any tool that keeps the rules, with any arguments: its request goes to the toolkit's own host,
//! below its base URL, or there is none.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use tenon::catalog::manifest::{ToolManifest, ToolkitManifest};
use tenon::catalog::problems_of_tool;
use tenon::executor::fuzzing::request;
use url::Url;

static TOOLKIT: LazyLock<ToolkitManifest> = LazyLock::new(|| {
    let toolkit = json!({
        "manifest": 1, "slug": "acme", "name": "Acme", "description": "Sells.",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "versions": ["20260101_00"], "base_url": "https://api.acme.test/v1",
    });
    serde_json::from_value(toolkit).expect("a toolkit")
});

fuzz_target!(|text: &str| {
    let (tool, arguments) = text.split_once('\0').unwrap_or((text, "{}"));
    let Ok(tool) = serde_json::from_str::<ToolManifest>(tool) else {
        return;
    };
    let Ok(arguments) = serde_json::from_str::<Map<String, Value>>(arguments) else {
        return;
    };
    if !problems_of_tool(&tool, &TOOLKIT).is_empty() {
        return;
    }
    let base = Url::parse("https://api.acme.test/v1").expect("a URL");
    if let Ok(Some((url, _))) = request(&tool, arguments, &base) {
        assert_eq!(url.origin(), base.origin(), "{url}");
        assert!(url.path() == "/v1" || url.path().starts_with("/v1/"), "{url}");
        assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    }
});
