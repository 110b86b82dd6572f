//! What every endpoint does alike.

use crate::support::server::TestServer;

#[tokio::test]
async fn an_unknown_path_answers_the_error_object() {
    let server = TestServer::start().await;
    let reply = server.client.get("/api/v3/no/such/thing").await;
    let error = reply.error(404);
    assert_eq!(error["code"], 10404);
    assert_eq!(error["status"], 404);
    assert_eq!(error["slug"], "unknown_route");
    assert_eq!(reply.header("x-request-id"), error["request_id"].as_str());
}
