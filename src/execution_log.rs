//! Takes execution records on the hot path and writes them in batches.

/// A handle to the writer.
#[derive(Debug, Clone, Default)]
pub struct LogWriter {}
