//! Background work: claims due jobs, runs them, retries what failed.

use crate::app::App;

/// Runs until the server stops.
pub async fn run(app: App) {
    let _ = app;
    std::future::pending().await
}
