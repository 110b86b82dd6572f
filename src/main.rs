//! The `tenon` binary.

use std::process::ExitCode;

/// A call allocates some hundred small pieces; with glibc's allocator that was a quarter of its
/// time, and half as much memory again was held.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tenon::cli::run()
}
