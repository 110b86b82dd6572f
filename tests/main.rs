//! All integration tests in one binary: one link step. They speak HTTP to a real server on port 0
//! with a database of its own; `TEST_DATABASE=postgres` runs the same suite on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed"
)]

mod api;
mod cli;
mod fixtures;
mod guards;
mod hostile;
mod importer;
mod key_rotation;
mod leaks;
mod outbound;
mod support;
