//! Gaps say that they are gaps.

use crate::support::server::TestServer;

#[tokio::test]
async fn a_documented_endpoint_that_is_not_built_answers_501_and_is_not_retried() {
    let server = TestServer::start().await;
    for path in [
        "/api/v3/triggers_types",
        "/api/v3.1/session_configs",
        "/api/v3/webhook_subscriptions/event_types",
        "/api/v3/internal/sdk/realtime/credentials",
    ] {
        let reply = server.client.get(path).await;
        let error = reply.error(501);
        assert_eq!(error["slug"], "not_implemented", "{path}");
        assert_eq!(reply.header("x-should-retry"), Some("false"), "{path}");
    }
}

#[tokio::test]
async fn a_gap_is_shown_to_nobody_without_a_key() {
    let server = TestServer::start().await;
    server
        .anonymous
        .get("/api/v3/triggers_types")
        .await
        .error(401);
}
