//! The `tenon` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    tenon::cli::run()
}
