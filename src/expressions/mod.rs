//! Expressions of manifests: jq, with functions of our own.

pub mod functions;
