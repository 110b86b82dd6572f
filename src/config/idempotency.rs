//! Settings of calls with an idempotency key.

use std::time::Duration;

use clap::{Args, value_parser};

const IDEMPOTENCY: &str = "Idempotency keys";

/// Settings of calls with an idempotency key.
#[derive(Debug, Clone, Args)]
pub struct IdempotencySettings {
    /// How long the answer of a call with an idempotency key is given again, in seconds.
    #[arg(long = "idempotency-lifetime", env = "TENON_IDEMPOTENCY_LIFETIME", default_value_t = 24 * 60 * 60, value_parser = value_parser!(u64).range(600..), value_name = "SECONDS", help_heading = IDEMPOTENCY)]
    pub idempotency_lifetime_s: u64,
    /// Largest answer in bytes that is kept for that. After a larger one, the call is not made again
    /// either, and its repetition is told so.
    #[arg(long, env = "TENON_IDEMPOTENCY_MAX_BYTES", default_value_t = 1024 * 1024, value_name = "BYTES", help_heading = IDEMPOTENCY)]
    pub idempotency_max_bytes: usize,
}

impl IdempotencySettings {
    /// How long an answer is given again.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        Duration::from_secs(self.idempotency_lifetime_s)
    }
}
