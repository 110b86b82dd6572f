//! Accounts whose service allows so many requests a second.

use std::time::Duration;

use serde_json::{Value, json};
use tenon::scheme::Scheme;

use super::files::uploaded;
use crate::support::accounts::NewAccount;
use crate::support::client::Reply;
use crate::support::server::TestServer;
use crate::support::toolkits::ToolkitsFolder;
use crate::support::upstream::{Answer, Upstream};

const KIT: &str = r#"base_url: "{base}"
rate_limit: {per_second: PER_SECOND}
auth:
  - scheme: BEARER_TOKEN
    fields: {connection: [{name: token, display_name: Token, required: true, secret: true}]}
    apply: [{in: header, name: Authorization, value: "Bearer {token}"}]
"#;
const TOOLS: &str = r"
- slug: SLOW_SEND
  name: Send
  description: Sends a file in pieces.
  args:
    - {arg: file, type: object, file: true, required: true, description: Which.}
  request: {method: POST, path: /uploads, encoding: resumable}
- slug: SLOW_GET_ME
  name: Get me
  description: Tells who is asking.
  request: {method: GET, path: /me}
- slug: SLOW_GET_ALL
  name: Get all
  description: Reads one after the other.
  steps:
    - {id: one, request: {method: GET, path: /me}}
    - {id: each, for_each: '[1, 2]', on_error: keep, request: {method: GET, path: '/things/{item}'}}
  response: {data: '{statuses: [.steps.each[].status], errors: [.steps.each[].error]}'}
";

struct Slow {
    server: TestServer,
    upstream: Upstream,
    _folder: ToolkitsFolder,
}

impl Slow {
    async fn with(per_second: &str) -> Self {
        let upstream = Upstream::start().await;
        let kit = KIT.replace("PER_SECOND", per_second);
        let folder = ToolkitsFolder::empty().with_kit("slow", &upstream.base, &kit, TOOLS);
        let path = folder.path();
        let flags = ["--allow-cidrs", "127.0.0.0/8", "--toolkits-dir", &path];
        upstream.answer("/me", Answer::json(200, &json!({ "id": 1 })));
        Self {
            server: TestServer::with(&flags).await,
            upstream,
            _folder: folder,
        }
    }

    async fn account(&self, user: &str) -> String {
        let val = json!({ "token": format!("tok-of-{user}-0123456789") });
        let account = NewAccount::new("slow", Scheme::BearerToken, val);
        NewAccount { user, ..account }.store(&self.server).await
    }

    async fn call(&self, slug: &str, account: &str) -> Value {
        self.call_with(slug, account, json!({})).await
    }

    async fn call_with(&self, slug: &str, account: &str, arguments: Value) -> Value {
        let body = json!({ "connected_account_id": account, "arguments": arguments });
        let path = format!("/api/v3/tools/execute/{slug}");
        self.server.client.post(&path, body).await.expect(200)
    }

    async fn proxy(&self, account: &str) -> Reply {
        let body = json!({ "connected_account_id": account, "endpoint": "/me", "method": "GET" });
        let path = "/api/v3/tools/execute/proxy";
        self.server.client.post(path, body).await
    }
}

#[tokio::test]
async fn an_account_that_used_up_its_requests_is_told_when_to_come_back() {
    let slow = Slow::with("0.01").await;
    let (ada, bob) = (slow.account("ada").await, slow.account("bob").await);
    assert_eq!(slow.call("SLOW_GET_ME", &ada).await["successful"], true);
    let late = slow.call("SLOW_GET_ME", &ada).await;
    assert_eq!(late["successful"], false);
    let error = late["error"].as_str().unwrap();
    assert!(error.contains("0.01 requests a second"), "{error}");
    let proxied = slow.proxy(&ada).await;
    assert_eq!(proxied.error(503)["slug"], "upstream_paused");
    assert_eq!(proxied.header("retry-after"), Some("100"));
    // Another account has its own turns, and nothing of all this reached the service.
    assert_eq!(slow.call("SLOW_GET_ME", &bob).await["successful"], true);
    assert_eq!(slow.upstream.calls().len(), 2);
    slow.server.clock.advance(Duration::from_secs(100));
    assert_eq!(slow.call("SLOW_GET_ME", &ada).await["successful"], true);
    assert_eq!(slow.upstream.calls().len(), 3);
}

#[tokio::test]
async fn steps_of_a_tool_take_their_turns_too() {
    let slow = Slow::with("0.01").await;
    let ada = slow.account("ada").await;
    let result = slow.call("SLOW_GET_ALL", &ada).await;
    assert_eq!(result["successful"], true, "{result}");
    assert_eq!(result["data"]["statuses"], json!([null, null]));
    let error = result["data"]["errors"][0].as_str().unwrap();
    assert!(error.contains("requests a second"), "{error}");
    assert_eq!(slow.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_short_wait_is_waited() {
    let slow = Slow::with("5").await;
    let ada = slow.account("ada").await;
    // The server's clock stands still, so that the sixth is one too many however long this takes.
    for _ in 0..6 {
        assert_eq!(slow.call("SLOW_GET_ME", &ada).await["successful"], true);
    }
    assert_eq!(slow.upstream.calls().len(), 6);
}

#[tokio::test]
async fn pieces_of_an_upload_take_their_turns_too() {
    let slow = Slow::with("0.01").await;
    let ada = slow.account("ada").await;
    let opens = Answer::json(200, &Value::Null).header("location", "/session");
    slow.upstream.answer("/uploads", opens);
    let file = uploaded(&slow.server.client, "small.txt", "a few words").await;
    let result = slow
        .call_with("SLOW_SEND", &ada, json!({ "file": file }))
        .await;
    let error = result["error"].as_str().unwrap();
    assert!(error.contains("0.01 requests a second"), "{error}");
    let paths = slow.upstream.calls().into_iter().map(|call| call.path);
    assert_eq!(paths.collect::<Vec<_>>(), ["/uploads"]);
}
