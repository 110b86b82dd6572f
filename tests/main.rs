//! All integration tests in one binary: one link step. They speak HTTP to a real server on port 0
//! with a database of its own; `TEST_DATABASE=postgres` runs the same suite on PostgreSQL.

mod api;
mod guards;
mod outbound;
mod support;
