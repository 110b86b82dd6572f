//! Scopes that tools need, asked for beforehand and found missing.

use rstest::rstest;
use serde_json::{Value, json};
use tenon::scheme::Scheme;

use super::{World, problems, token_account};
use crate::support::accounts::NewAccount;
use crate::support::upstream::Answer;

impl World {
    /// The result of a call that the upstream answers with 403.
    async fn refused_with(&self, scope: Value) -> Value {
        let values = json!({ "access_token": "tok-12345", "scope": scope });
        NewAccount::new("vault", Scheme::OAuth2, values)
            .store(&self.server)
            .await;
        self.upstream
            .answer("/api/share", Answer::json(403, &json!({ "message": "no" })));
        let body = json!({ "user_id": "ada", "arguments": {} });
        self.post("VAULT_SHARE", body).await.expect(200)
    }
}

#[rstest]
#[case(json!("things:read email"))]
#[case(json!("things:read,email"))]
#[case(json!(["things:read", "email"]))]
#[tokio::test]
async fn a_403_names_the_scope_that_was_not_granted(#[case] granted: Value) {
    let world = World::start().await;
    let result = world.refused_with(granted).await;
    assert_eq!(result["data"]["missing_scopes"], json!(["share"]));
    assert_eq!(
        result["data"]["required_scopes"],
        json!(["share", "things:read"])
    );
    assert_eq!(result["data"]["status_code"], 403);
    let error = result["error"].as_str().unwrap();
    assert!(
        error.starts_with("403 no (the connection was not granted share,"),
        "{error}"
    );
}

#[rstest]
#[case::by_name("things:read share")]
#[case::within_a_wider_one("all")]
#[tokio::test]
async fn a_403_with_all_scopes_granted_is_left_as_it_is(#[case] granted: &str) {
    let world = World::start().await;
    let result = world.refused_with(json!(granted)).await;
    assert_eq!(result["error"], "403 no");
    assert_eq!(result["data"].get("missing_scopes"), None);
}

#[tokio::test]
async fn a_403_to_a_connection_of_unknown_scopes_names_what_the_tool_needs() {
    let world = World::start().await;
    token_account().store(&world.server).await;
    world
        .upstream
        .answer("/api/share", Answer::json(403, &json!({ "message": "no" })));
    let body = json!({ "user_id": "ada", "arguments": {} });
    let result = world.post("VAULT_SHARE", body).await.expect(200);
    assert_eq!(result["data"].get("missing_scopes"), None);
    let error = result["error"].as_str().unwrap();
    assert!(
        error.contains("needs the scopes share, things:read"),
        "{error}"
    );
}

#[rstest]
#[case("/api/v3/tools/get_scopes_required")]
#[case("/api/v3/tools/scopes/required")]
#[case("/api/v3.1/tools/scopes/required")]
#[tokio::test]
async fn the_scopes_of_tools_are_told(#[case] path: &str) {
    let world = World::start().await;
    let body = json!({ "tools": ["VAULT_SHARE", "vault_get_me"] });
    let answer = world.server.client.post(path, body).await.expect(200);
    assert_eq!(
        answer,
        json!({
            "scopes_required": ["share", "things:read"],
            "per_tool_requirements": [
                { "tool": "VAULT_SHARE", "scope_requirements": { "all_of": ["share", "things:read"] } },
                { "tool": "VAULT_GET_ME", "scope_requirements": { "all_of": [] } },
            ],
        })
    );
}

#[tokio::test]
async fn scopes_are_asked_for_known_tools_of_one_toolkit() {
    let world = World::start().await;
    let ask = |body| {
        world
            .server
            .client
            .post("/api/v3/tools/scopes/required", body)
    };
    assert_eq!(
        problems(&ask(json!({ "tools": ["VAULT_SHARE", "OPEN_PING"] })).await),
        ["tools: must be of one toolkit, these are of open, vault"]
    );
    assert_eq!(
        problems(&ask(json!({})).await),
        ["tools: must name at least one tool"]
    );
    let error = ask(json!({ "tools": ["VAULT_SHARES"] })).await.error(404);
    assert!(
        error["suggested_fix"]
            .as_str()
            .unwrap()
            .contains("VAULT_SHARE"),
        "{error}"
    );
    let old = json!({ "tools": ["VAULT_SHARE"], "version": "20200101_00" });
    ask(old).await.error(404);
}
