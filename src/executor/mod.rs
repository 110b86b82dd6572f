//! Executes tools and proxy calls.
