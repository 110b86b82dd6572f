//! Credentials that are tried where a status does not tell: at services of GraphQL, and at such as
//! answer 200 to everybody.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::browser::Page;
use crate::support::client::Reply;
use crate::support::server::TestServer;
use crate::support::toolkits::ToolkitsFolder;
use crate::support::upstream::{Answer, Upstream};

const AUTH: &str = r#"auth:
  - scheme: API_KEY
    fields: {connection: [{name: generic_api_key, display_name: Key, required: true, secret: true}]}
    apply: [{in: header, name: Authorization, value: "{generic_api_key}"}]
"#;
const GRAPH: &str = r#"base_url: "{base}"
identity: {kind: graphql, path: /graphql, document: "{ viewer { id } }", id: .body.data.viewer.id}
"#;
const POLITE: &str = r#"base_url: "{base}"
identity: {method: POST, path: /graphql, id: .body.user_id}
"#;
const TOOLS: &str = "  - slug: KIT_GET_ME\n    name: Get me\n    description: Who am I.\n    \
                     request: {method: GET, path: /api/me}\n";

struct Stage {
    server: TestServer,
    upstream: Upstream,
    _folder: ToolkitsFolder,
}

impl Stage {
    async fn with(kit: &str) -> Self {
        let upstream = Upstream::start().await;
        let kit = format!("{kit}{AUTH}");
        let folder = ToolkitsFolder::empty().with_kit("kit", &upstream.base, &kit, TOOLS);
        let path = folder.path();
        let flags = ["--allow-cidrs", "127.0.0.0/8", "--toolkits-dir", &path];
        Self {
            server: TestServer::with(&flags).await,
            upstream,
            _folder: folder,
        }
    }

    async fn config(&self) -> String {
        let body = json!({ "toolkit": { "slug": "kit" }, "auth_config": {
            "type": "use_custom_auth", "authScheme": "API_KEY", "credentials": {},
        } });
        let made = self.server.client.post("/api/v3/auth_configs", body).await;
        let made = made.expect(201);
        made["auth_config"]["id"].as_str().unwrap().to_owned()
    }

    async fn connect(&self, status: u16, body: &Value) -> Reply {
        self.upstream.forget("/graphql");
        self.upstream.answer("/graphql", Answer::json(status, body));
        let val = json!({ "status": "ACTIVE", "generic_api_key": "key-0123456789" });
        let state = json!({ "authScheme": "API_KEY", "val": val });
        let body = json!({
            "auth_config": { "id": self.config().await }, "validate_credentials": true,
            "connection": { "user_id": "ada", "state": state },
        });
        let path = "/api/v3/connected_accounts";
        self.server.client.post(path, body).await
    }
}

fn error(code: &str) -> Value {
    json!({ "errors": [{ "message": "no", "extensions": { "code": code } }] })
}

#[tokio::test]
async fn graphql_is_asked_who_it_is() {
    let stage = Stage::with(GRAPH).await;
    let viewer = json!({ "data": { "viewer": { "id": "u1" } } });
    stage.connect(200, &viewer).await.expect(201);
    let call = stage.upstream.call();
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("POST", "/graphql")
    );
    assert_eq!(call.json(), json!({ "query": "{ viewer { id } }" }));
    assert_eq!(call.header("authorization"), Some("key-0123456789"));
    // No client can ask by that path alone.
    let shown = stage
        .server
        .client
        .get("/api/v3/toolkits/kit")
        .await
        .expect(200);
    assert_eq!(shown.get("get_current_user_endpoint"), None);
}

#[rstest]
#[case::unauthorized(401, json!({}), 400)]
#[case::a_code_with_success(200, error("UNAUTHENTICATED"), 400)]
#[case::a_code_as_at_linear(400, error("AUTHENTICATION_ERROR"), 400)]
#[case::nobody(200, json!({ "data": { "viewer": null } }), 400)]
#[case::too_many(400, error("RATELIMITED"), 502)]
#[case::trouble(200, error("INTERNAL_SERVER_ERROR"), 502)]
#[tokio::test]
async fn only_a_plain_refusal_of_graphql_is_one(
    #[case] status: u16,
    #[case] body: Value,
    #[case] expected: u16,
) {
    let stage = Stage::with(GRAPH).await;
    stage.connect(status, &body).await.error(expected);
}

#[tokio::test]
async fn a_service_that_answers_200_to_everybody_is_read_by_whom_it_names() {
    let stage = Stage::with(POLITE).await;
    let refused = json!({ "ok": false, "error": "invalid_auth" });
    let error = stage.connect(200, &refused).await.error(400);
    assert_eq!(
        error["message"],
        "`kit` refused the credentials (it answered 200)"
    );
    let known = json!({ "ok": true, "user_id": "U1" });
    stage.connect(200, &known).await.expect(201);
}

#[tokio::test]
async fn the_connect_page_tries_a_key_at_graphql() {
    let stage = Stage::with(GRAPH).await;
    let answer = Answer::json(400, &error("AUTHENTICATION_ERROR"));
    stage.upstream.answer("/graphql", answer);
    let body = json!({ "auth_config_id": stage.config().await, "user_id": "ada" });
    let path = "/api/v3/connected_accounts/link";
    let link = stage.server.client.post(path, body).await.expect(201);
    let url = link["redirect_url"].as_str().unwrap();
    let page = Page::open(&stage.server.anonymous, url).await;
    let again = page.send(&[("generic_api_key", "key-0123456789")]).await;
    assert_eq!(again.status, 422);
    assert!(again.text.contains("did not accept"), "{}", again.text);
}
