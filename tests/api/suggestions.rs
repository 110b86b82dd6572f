//! Words that are nearly right: the answer names the right ones, and never quotes the caller's value.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::server::TestServer;

#[rstest]
#[case::toolkit("GET", "/toolkits/hackernew", json!(null), 404, "Did you mean `hackernews`?")]
#[case::tool("GET", "/tools/HACKERNEWS_GET_USERS", json!(null), 404, "`HACKERNEWS_GET_USER`")]
#[case::tool_to_execute("POST", "/tools/execute/HACKERNEWS_USER", json!({}), 404, "`HACKERNEWS_GET_USER`")]
#[case::tool_for_input("POST", "/tools/execute/HACKERNEWS_USER/input", json!({ "text": "x" }), 404, "`HACKERNEWS_GET_USER`")]
#[case::tool_for_scopes("POST", "/tools/scopes/required", json!({ "tools": ["GITHUB_CREATE_ISSUES"] }), 404, "`GITHUB_CREATE_ISSUE`")]
#[case::toolkit_of_an_auth_config("POST", "/auth_configs", json!({ "toolkit": { "slug": "gihub" } }), 404, "Did you mean `github`?")]
#[case::toolkit_of_a_call("POST", "/tools/execute/proxy", json!({
    "endpoint": "/user", "method": "GET",
    "custom_connection_data": { "toolkitSlug": "gitub", "authScheme": "BEARER_TOKEN", "val": { "token": "t" } },
}), 404, "Did you mean `github`?")]
#[case::version("GET", "/tools/HACKERNEWS_GET_USER?version=20200101_00", json!(null), 404, "newest first")]
#[case::scheme("POST", "/auth_configs", json!({
    "toolkit": { "slug": "github" }, "auth_config": { "type": "use_custom_auth", "authScheme": "OAUTH" },
}), 400, "OAUTH2")]
#[case::kind("POST", "/auth_configs", json!({
    "toolkit": { "slug": "github" }, "auth_config": { "type": "managed" },
}), 400, "use_composio_managed_auth")]
#[case::method("POST", "/tools/execute/proxy", json!({ "endpoint": "/user", "method": "FETCH" }), 400, "PATCH")]
#[case::order("GET", "/toolkits?sort_by=usag", json!(null), 400, "alphabetically")]
#[case::account_order("GET", "/connected_accounts?order_by=createdat", json!(null), 400, "created_at")]
#[case::status("GET", "/connected_accounts?statuses=ACTIV", json!(null), 400, "ACTIVE")]
#[case::boolean("GET", "/tools?important=yes", json!(null), 400, "true or false")]
#[case::argument("POST", "/tools/execute/HACKERNEWS_SEARCH_POSTS", json!({ "arguments": { "tags": 7 } }), 400, "arguments.")]
#[case::log_field("POST", "/logs/tool_execution", json!({
    "filters": [{ "field": "tol_slug", "operator": "==", "value": "x" }],
}), 400, "tool_slug")]
#[tokio::test]
async fn a_word_that_is_nearly_right_is_answered_with_the_right_ones(
    #[case] method: &str,
    #[case] path: &str,
    #[case] body: Value,
    #[case] status: u16,
    #[case] right: &str,
    #[values("/api/v3", "/api/v3.1")] prefix: &str,
) {
    let server = TestServer::start().await;
    let path = format!("{prefix}{path}");
    let reply = match method {
        "GET" => server.client.get(&path).await,
        _ => server.client.post(&path, body).await,
    };
    let error = reply.error(status);
    let advice = format!("{} {}", error["suggested_fix"], error["errors"]);
    assert!(advice.contains(right), "{error:#}");
}
