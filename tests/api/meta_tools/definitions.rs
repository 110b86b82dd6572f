//! What models are shown of the meta tools.

use serde_json::{Value, json};

use super::call;
use crate::support::server::TestServer;

const SLUGS: [&str; 9] = [
    "COMPOSIO_SEARCH_TOOLS",
    "COMPOSIO_GET_TOOL_SCHEMAS",
    "COMPOSIO_MANAGE_CONNECTIONS",
    "COMPOSIO_WAIT_FOR_CONNECTIONS",
    "COMPOSIO_MULTI_EXECUTE_TOOL",
    "COMPOSIO_UPSERT_RECIPE",
    "COMPOSIO_GET_RECIPE",
    "COMPOSIO_REMOTE_WORKBENCH",
    "COMPOSIO_REMOTE_BASH_TOOL",
];

fn slugs(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["slug"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_meta_tool_is_got_by_its_slug_and_stands_in_no_list_that_does_not_name_it() {
    let server = TestServer::start().await;
    for slug in SLUGS {
        let path = format!(
            "/api/v3/tools/{}?toolkit_versions=latest",
            slug.to_lowercase()
        );
        let tool = server.client.get(&path).await.expect(200);
        assert_eq!(tool["slug"], slug);
        assert_eq!(tool["toolkit"]["slug"], "composio");
        assert_eq!(tool["input_parameters"]["type"], "object");
        assert!(tool["output_parameters"]["properties"]["data"].is_object());
    }
    let path = "/api/v3/tools?tool_slugs=COMPOSIO_MULTI_EXECUTE_TOOL,GITHUB_GET_A_REPOSITORY";
    let named = server.client.get(path).await.expect(200);
    assert_eq!(
        slugs(&named),
        ["COMPOSIO_MULTI_EXECUTE_TOOL", "GITHUB_GET_A_REPOSITORY"]
    );
    let of_toolkit = server
        .client
        .get("/api/v3/tools?toolkit_slug=COMPOSIO")
        .await
        .expect(200);
    let mut listed = slugs(&of_toolkit);
    listed.sort_unstable();
    let mut all = SLUGS.to_vec();
    all.sort_unstable();
    assert_eq!(listed, all);
    for path in [
        "/api/v3/tools?limit=1000",
        "/api/v3/tools?search=meta+tools+execute",
    ] {
        let list = server.client.get(path).await.expect(200);
        assert!(
            !slugs(&list)
                .iter()
                .any(|slug| slug.starts_with("COMPOSIO_")),
            "{path}"
        );
    }
}

/// `tests/sdk` counts tokens; four bytes of such a text are about one.
#[tokio::test]
async fn all_definitions_together_are_short() {
    let server = TestServer::start().await;
    let list = server
        .client
        .get("/api/v3/tools?toolkit_slug=composio")
        .await
        .expect(200);
    let items = list["items"].as_array().unwrap().iter();
    let shown: Vec<Value> = items
        .map(|tool| {
            json!({ "type": "function", "function": {
                "name": tool["slug"], "description": tool["description"],
                "parameters": tool["input_parameters"],
            } })
        })
        .collect();
    let bytes: usize = shown.iter().map(|tool| tool.to_string().len()).sum();
    println!("{} definitions have {bytes} bytes", shown.len());
    assert!(bytes < 4 * 2_000, "{bytes}");
}

#[tokio::test]
async fn how_many_calls_one_takes_depends_on_the_api() {
    let server = TestServer::start().await;
    for (api, most) in [("v3", 20), ("v3.1", 50)] {
        let path = format!("/api/{api}/tools/COMPOSIO_MULTI_EXECUTE_TOOL");
        let tool = server.client.get(&path).await.expect(200);
        assert_eq!(
            tool["input_parameters"]["properties"]["tools"]["maxItems"],
            most
        );
    }
}

#[tokio::test]
async fn what_needs_a_sandbox_answers_that_it_is_not_built() {
    let server = TestServer::start().await;
    for (slug, arguments) in [
        (
            "COMPOSIO_REMOTE_WORKBENCH",
            json!({ "code_to_execute": "1" }),
        ),
        ("COMPOSIO_REMOTE_BASH_TOOL", json!({ "command": "ls" })),
    ] {
        let reply = call(&server.client, "ada", slug, arguments).await;
        let error = reply.error(501);
        assert!(
            error["message"].as_str().unwrap().contains("sandbox"),
            "{error}"
        );
        assert_eq!(reply.header("x-should-retry"), Some("false"));
    }
}

#[tokio::test]
async fn wrong_arguments_are_told_by_their_place() {
    let server = TestServer::start().await;
    for (slug, arguments, problem) in [
        (
            "COMPOSIO_SEARCH_TOOLS",
            json!({ "session": {} }),
            "arguments: missing field `queries`",
        ),
        (
            "COMPOSIO_GET_TOOL_SCHEMAS",
            json!({ "tool_slugs": "GITHUB" }),
            "arguments.tool_slugs: must be a sequence",
        ),
        (
            "COMPOSIO_MANAGE_CONNECTIONS",
            json!({ "toolkits": [7] }),
            "arguments.toolkits[0]: must be a toolkit's slug, or an object with its `name`",
        ),
        (
            "COMPOSIO_MULTI_EXECUTE_TOOL",
            json!({ "tools": [{ "tool_slug": "X", "arguments": "no" }] }),
            "arguments.tools[0].arguments: must be an object",
        ),
    ] {
        let error = call(&server.client, "ada", slug, arguments)
            .await
            .error(400);
        assert_eq!(error["errors"], json!([problem]));
    }
}
