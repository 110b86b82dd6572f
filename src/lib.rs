//! Tenon: a self-hosted backend that gives AI agents authenticated tools.
//!
//! Modules stand in layers, and calls go down only (`tests/guards/layers.rs` keeps it):
//!
//! 1. commands: [`cli`]
//! 2. doors: [`api`], [`mcp`], [`jobs`]
//! 3. services: [`accounts`], [`executor`], [`files`], [`idempotency`], [`importer`],
//!    [`mcp_grants`],
//!    [`mcp_servers`], [`meanings`], [`meta_tools`], [`sessions`], [`tenancy`], [`toolkits`]
//! 4. [`app`]: the handles that services share, with [`caches`], [`rate_limit`], [`execution_log`],
//!    [`embeddings`], [`pace`], [`running_calls`], [`single_flight`], [`upstreams`]
//! 5. tools: [`storage`], [`catalog`], [`expressions`], [`auth_schemes`], [`mcp_client`],
//!    [`outbound`], [`blobs`], [`crypto`], [`sentence_model`]
//! 6. words: [`error`], [`ids`], [`time`], [`config`], [`paging`], [`scheme`]
//!
//! axum stands only in `api` and `mcp`, SQL only in `storage`, `reqwest` only in `outbound`, the master key
//! only in `crypto`; the time comes from the clock that is passed in.

pub mod cli;

pub mod api;
pub mod jobs;
pub mod mcp;

pub mod accounts;
pub mod executor;
pub mod files;
pub mod idempotency;
pub mod importer;
pub mod mcp_grants;
pub mod mcp_servers;
pub mod meanings;
pub mod meta_tools;
pub mod sessions;
pub mod tenancy;
pub mod toolkits;

pub mod app;
pub mod caches;
pub mod embeddings;
pub mod execution_log;
pub mod pace;
pub mod rate_limit;
pub mod running_calls;
pub mod single_flight;
pub mod upstreams;

pub mod auth_schemes;
pub mod blobs;
pub mod catalog;
pub mod crypto;
pub mod expressions;
pub mod mcp_client;
pub mod outbound;
pub mod sentence_model;
pub mod storage;

pub mod config;
pub mod error;
pub mod ids;
pub mod paging;
pub mod scheme;
pub mod time;
