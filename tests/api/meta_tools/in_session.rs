//! Meta tools within what a session lets through.

use serde_json::{Value, json};
use tenon::scheme::Scheme;

use crate::api::execute::World;
use crate::support::accounts::NewAccount;
use crate::support::client::{Client, Reply};
use crate::support::upstream::Answer;

const MULTI: &str = "COMPOSIO_MULTI_EXECUTE_TOOL";
const MANAGE: &str = "COMPOSIO_MANAGE_CONNECTIONS";
const SEARCH: &str = "COMPOSIO_SEARCH_TOOLS";

/// A session of a user, whose configuration this is.
struct Session<'w> {
    client: &'w Client,
    id: String,
}

impl<'w> Session<'w> {
    async fn of(world: &'w World, user: &str, mut config: Value) -> Self {
        config["user_id"] = user.into();
        let client = &world.server.client;
        let path = "/api/v3.1/tool_router/session";
        let made = client.post(path, config).await.expect(201);
        let id = made["session_id"].as_str().unwrap().to_owned();
        Self { client, id }
    }

    async fn call(&self, slug: &str, arguments: Value) -> Reply {
        let mut body = json!({ "slug": slug });
        body["arguments"] = arguments;
        let path = format!("/api/v3.1/tool_router/session/{}/execute_meta", self.id);
        self.client.post(&path, body).await
    }

    async fn data(&self, slug: &str, arguments: Value) -> Value {
        let answer = self.call(slug, arguments).await.expect(200);
        answer["data"].clone()
    }

    async fn tool(&self, slug: &str) -> Value {
        let path = format!("/api/v3.1/tool_router/session/{}/tools", self.id);
        let tools = self.client.get(&path).await.expect(200);
        let items = tools["items"].as_array().unwrap();
        let tool = items.iter().find(|tool| tool["slug"] == slug);
        tool.cloned().unwrap_or_default()
    }
}

fn tools(slug: &str, arguments: Value) -> Value {
    let mut call = json!({ "tool_slug": slug });
    call["arguments"] = arguments;
    json!({ "tools": [call], "sync_response_to_workbench": false })
}

fn queries(use_case: &str) -> Value {
    json!({ "queries": [{ "use_case": use_case }] })
}

#[tokio::test]
async fn what_the_session_does_not_let_through_is_not_connected() {
    let world = World::start().await;
    let config = json!({ "toolkits": { "enable": ["open"] } });
    let session = Session::of(&world, "ada", config).await;
    let refused = session.data(MANAGE, json!({ "toolkits": ["vault"] })).await;
    let reason = refused["results"]["vault"]["error_message"]
        .as_str()
        .unwrap();
    assert!(
        reason.contains("`toolkits.enable` does not list `vault`"),
        "{reason}"
    );
    let waiting = json!({ "toolkits": ["vault"] });
    let config = json!({
        "toolkits": { "enable": ["open"] },
        "manage_connections": { "enable": true, "enable_wait_for_connections": true },
    });
    let session = Session::of(&world, "ada", config).await;
    let refused = session.call("COMPOSIO_WAIT_FOR_CONNECTIONS", waiting).await;
    refused.error(403);
}

#[tokio::test]
async fn a_search_does_not_speak_of_what_the_session_switches_off() {
    let world = World::start().await;
    let config = json!({ "manage_connections": { "enable": false } });
    let session = Session::of(&world, "ada", config).await;
    let found = session
        .data(SEARCH, queries("vault: tells who is asking"))
        .await;
    assert!(!found.to_string().contains(MANAGE), "{found}");
    let steps = found["results"][0]["recommended_plan_steps"][0]
        .as_str()
        .unwrap();
    assert!(
        steps.starts_with("[Required] Ask the user to connect `vault`"),
        "{steps}"
    );
}

#[tokio::test]
async fn with_several_accounts_agents_see_them_and_say_which() {
    let world = World::start().await;
    for token in ["tok-first-1a", "tok-second-2b"] {
        let values = json!({ "token": token });
        NewAccount::new("vault", Scheme::BearerToken, values)
            .store(&world.server)
            .await;
    }
    let several = json!({ "enable": true, "require_explicit_selection": true });
    let session = Session::of(&world, "ada", json!({ "multi_account": several })).await;
    let shown = session.tool(MANAGE).await;
    let entry = &shown["input_parameters"]["properties"]["toolkits"]["items"];
    assert_eq!(
        entry["properties"]["action"]["enum"],
        json!(["add", "list", "rename", "remove"])
    );
    let found = session
        .data(SEARCH, queries("vault: tells who is asking"))
        .await;
    let statuses = found["toolkit_connection_statuses"].as_array().unwrap();
    let mut statuses = statuses.iter();
    let vault = statuses.find(|one| one["toolkit"] == "vault").unwrap();
    assert_eq!(vault["account_selection"], "required");
    let accounts = vault["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 2);
    assert_eq!(
        (&accounts[0]["is_default"], &accounts[1]["is_default"]),
        (&json!(true), &json!(false))
    );

    let unsaid = session.data(MULTI, tools("VAULT_GET_ME", json!({}))).await;
    let reason = unsaid["results"][0]["error"].as_str().unwrap();
    assert!(reason.contains("has 2 accounts for `vault`"), "{reason}");
    let mut said = tools("VAULT_GET_ME", json!({}));
    said["tools"][0]["account"] = accounts[1]["id"].clone();
    assert_eq!(session.data(MULTI, said).await["success_count"], 1);
}

#[tokio::test]
async fn the_session_says_what_is_large_and_whether_it_goes_into_a_file() {
    let world = World::start().await;
    let long = json!({ "text": "x".repeat(3_000) });
    world.upstream.answer("/things/a", Answer::json(200, &long));
    let call = || tools("OPEN_GET_THING", json!({ "owner": "a" }));
    let small = json!({ "workbench": { "auto_offload_threshold": 1_000 } });
    let given = Session::of(&world, "ada", small)
        .await
        .data(MULTI, call())
        .await;
    assert_eq!(
        given["results"][0]["response"]["preview"]["full_characters"],
        3_011
    );
    assert!(given["remote_file_info"]["download_url"].is_string());
    let off = json!({ "workbench": { "enable": false, "auto_offload_threshold": 1_000 } });
    let given = Session::of(&world, "ada", off)
        .await
        .data(MULTI, call())
        .await;
    assert_eq!(given["results"][0]["response"]["data"], long);
    assert_eq!(given.get("remote_file_info"), None);
}

#[tokio::test]
async fn a_large_result_of_a_single_tool_goes_into_a_file_where_the_call_asks_for_it() {
    let world = World::start().await;
    let long = json!({ "text": "x".repeat(3_000) });
    world.upstream.answer("/things/a", Answer::json(200, &long));
    let call = async |workbench: Value, offload: Value| {
        let session = Session::of(&world, "ada", json!({ "workbench": workbench })).await;
        let path = format!("/api/v3.1/tool_router/session/{}/execute", session.id);
        let body = json!({
            "tool_slug": "OPEN_GET_THING", "arguments": { "owner": "a" },
            "enable_auto_workbench_offload": offload,
        });
        let answer = session.client.post(&path, body).await.expect(200);
        assert_eq!(answer["error"], Value::Null);
        answer["data"].clone()
    };
    let short = call(json!({ "auto_offload_threshold": 1_000 }), json!(true)).await;
    assert_eq!(short["preview"]["full_characters"], 3_011);
    assert_eq!(short["preview"]["cut"][0]["path"], "text");
    assert!(short["data"]["text"].as_str().unwrap().starts_with("xxx"));
    let file = &short["remote_file_info"];
    assert_eq!(file["name"], "tool_result.json");
    let link = file["download_url"].as_str().unwrap();
    let path = link.strip_prefix(&world.server.base).unwrap();
    assert_eq!(world.server.anonymous.get(path).await.expect(200), long);

    for (workbench, offload) in [
        (json!({ "auto_offload_threshold": 1_000 }), json!(false)),
        (json!({ "auto_offload_threshold": 1_000 }), Value::Null),
        (json!({ "auto_offload_threshold": 4_000 }), json!(true)),
        (
            json!({ "enable": false, "auto_offload_threshold": 1_000 }),
            json!(true),
        ),
    ] {
        assert_eq!(call(workbench, offload).await, long);
    }
}
