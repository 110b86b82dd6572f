//! Any text as an expression, over any JSON behind a NUL: a value comes of it, or an error, within
//! bounds.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tenon::expressions::{Expression, Input};
use tenon::time::Timestamp;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));

fuzz_target!(|text: &str| {
    let (source, input) = text.split_once('\0').unwrap_or((text, "{}"));
    let expression = Expression::new(source);
    if expression.names().is_err() {
        return;
    }
    let input = serde_json::from_str(input).unwrap_or_default();
    let made = expression.evaluate(Input::from(&input), Timestamp::from_millis(1_769_860_800_000));
    if let Ok(value) = RUNTIME.block_on(made) {
        assert!(value.to_string().len() < 64 << 20);
    }
});
