# Shortcuts for what the scripts and cargo do; `scripts/test` alone is what CI runs.

# List the recipes
default:
    @just --list

# Start the server with its data in ./data
run *arguments:
    cargo run -- {{ arguments }}

# What to run before each commit: formatting, lints, the Rust tests on SQLite
check:
    scripts/test lint sqlite

# Every test, as CI runs it
test:
    scripts/test

# The Rust tests on a PostgreSQL of their own
test-postgres:
    scripts/test postgres

# The official SDKs against the debug binary
test-sdk:
    scripts/test sdk

# The connect pages in a browser
test-pages:
    scripts/test pages

# Write the OpenAPI document anew
openapi:
    cargo run --quiet -- openapi > openapi/openapi.json

# The load test, on the release binary
bench:
    benches/execute/run

# Licences, advisories and sources of the dependencies
deny:
    cargo deny check
