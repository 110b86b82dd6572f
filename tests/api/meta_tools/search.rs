//! `COMPOSIO_SEARCH_TOOLS` and `COMPOSIO_GET_TOOL_SCHEMAS`.

use serde_json::{Value, json};

use super::{call, data};
use crate::api::execute::World;
use crate::support::language_model::LanguageModel;
use crate::support::server::TestServer;
use crate::support::stage::Stage;

const SEARCH: &str = "COMPOSIO_SEARCH_TOOLS";

fn texts(value: &Value) -> Vec<&str> {
    let texts = value.as_array().unwrap().iter();
    texts.map(|text| text.as_str().unwrap()).collect()
}

#[tokio::test]
async fn several_use_cases_are_answered_each_with_tools_schemas_and_connections() {
    let server = TestServer::start().await;
    let queries = json!([
        { "use_case": "create an issue in a github repository" },
        { "use_case": "send a message to a slack channel" },
    ]);
    let arguments = json!({ "queries": queries, "session": { "generate_id": true } });
    let found = data(&server.client, "ada", SEARCH, arguments).await;
    let results = found["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(results[0]["index"], 1);
    assert_eq!(
        results[0]["use_case"],
        "create an issue in a github repository"
    );
    assert_eq!(
        results[0]["primary_tool_slugs"][0],
        "GITHUB_CREATE_AN_ISSUE"
    );
    assert!(texts(&results[1]["primary_tool_slugs"])[0].starts_with("SLACK_"));
    let schema = &found["tool_schemas"]["GITHUB_CREATE_AN_ISSUE"];
    assert_eq!(schema["hasFullSchema"], true);
    assert_eq!(schema["toolkit"], "github");
    assert!(schema["input_schema"]["properties"]["title"].is_object());
    let statuses = found["toolkit_connection_statuses"].as_array().unwrap();
    let github = statuses
        .iter()
        .find(|status| status["toolkit"] == "github")
        .unwrap();
    assert_eq!(github["has_active_connection"], false);
    assert!(
        github["status_message"]
            .as_str()
            .unwrap()
            .contains("COMPOSIO_MANAGE_CONNECTIONS")
    );
    assert!(texts(&found["next_steps_guidance"])[0].starts_with("Not connected: "));
    assert_eq!(found["session"]["generate_id"], true);
    assert_eq!(
        found["time_info"]["current_time_utc"],
        "2026-01-01T00:00:00.000Z"
    );
    assert_eq!(
        found["time_info"]["current_time_utc_epoch_seconds"],
        1_767_225_600
    );
}

#[tokio::test]
async fn a_plan_connects_first_and_finds_the_ids_that_a_tool_asks_for() {
    let server = TestServer::start().await;
    let query = json!({ "use_case": "update an issue in a github repository" });
    let found = data(&server.client, "ada", SEARCH, json!({ "queries": [query] })).await;
    let result = &found["results"][0];
    let steps = texts(&result["recommended_plan_steps"]);
    assert!(
        steps[0].starts_with("[Required] Connect `github`"),
        "{steps:#?}"
    );
    assert!(
        steps[1].starts_with("[Required] Get `issue_number` from GITHUB_"),
        "{steps:#?}"
    );
    assert!(
        steps[2].starts_with("[Required] Call GITHUB_UPDATE_AN_ISSUE"),
        "{steps:#?}"
    );
    // What finds it is among the tools.
    let finder = steps[1].split(' ').nth(4).unwrap().trim_end_matches(',');
    let named = ["primary_tool_slugs", "related_tool_slugs"].map(|list| texts(&result[list]));
    assert!(named.concat().contains(&finder), "{named:?}");
    assert_eq!(found["tool_schemas"][finder]["tool_slug"], finder);
    assert!(result["difficulty"].as_str().unwrap().starts_with("medium"));

    let known = json!({
        "use_case": "update an issue in a github repository", "known_fields": "issue_number:7",
    });
    let found = data(&server.client, "ada", SEARCH, json!({ "queries": [known] })).await;
    let steps = texts(&found["results"][0]["recommended_plan_steps"]);
    assert!(
        !steps.iter().any(|step| step.contains("Get `issue_number`")),
        "{steps:#?}"
    );
}

#[tokio::test]
async fn whose_the_connection_is_shows_in_the_state_and_another_user_has_none() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let account = stage.oauth_account(&config, "ada").await;
    let arguments = json!({ "queries": [{ "use_case": "acme: whose account is connected" }] });
    for (user, is_connected) in [("ada", true), ("bob", false)] {
        let found = data(&stage.server.client, user, SEARCH, arguments.clone()).await;
        assert_eq!(found["results"][0]["primary_tool_slugs"][0], "ACME_GET_ME");
        let statuses = found["toolkit_connection_statuses"].as_array().unwrap();
        let acme = statuses
            .iter()
            .find(|status| status["toolkit"] == "acme")
            .unwrap();
        assert_eq!(acme["has_active_connection"], is_connected, "{user}");
        let named = acme["connection_details"]["connected_account_id"].as_str();
        assert_eq!(named, is_connected.then_some(account.as_str()));
        assert_eq!(found.to_string().contains(&account), is_connected);
    }
}

#[tokio::test]
async fn a_tasks_id_is_kept_and_a_new_task_gets_a_new_one() {
    let server = TestServer::start().await;
    let search = async |session: Value| {
        let arguments = json!({ "queries": [{ "use_case": "list emails" }], "session": session });
        data(&server.client, "ada", SEARCH, arguments).await["session"].clone()
    };
    let first = search(json!({ "generate_id": true })).await;
    let again = search(json!({ "id": first["id"] })).await;
    assert_eq!(
        (&again["id"], &again["generate_id"]),
        (&first["id"], &json!(false))
    );
    let other = search(json!({ "id": first["id"], "generate_id": true })).await;
    assert_ne!(other["id"], first["id"]);
}

#[tokio::test]
async fn nothing_found_is_told_and_too_much_is_refused() {
    let server = TestServer::start().await;
    let nothing = json!({ "queries": [{ "use_case": "zzqx vvkwj" }] });
    let found = data(&server.client, "ada", SEARCH, nothing).await;
    let result = &found["results"][0];
    assert_eq!(result["primary_tool_slugs"], json!([]));
    assert!(
        result["execution_guidance"]
            .as_str()
            .unwrap()
            .starts_with("No tool")
    );

    let many: Vec<Value> = (0..11)
        .map(|n| json!({ "use_case": format!("send mail {n}") }))
        .collect();
    let error = call(&server.client, "ada", SEARCH, json!({ "queries": many }))
        .await
        .error(400);
    assert_eq!(
        error["errors"],
        json!(["arguments.queries: must have 1 to 10 items"])
    );
}

#[tokio::test]
async fn schemas_are_given_and_unknown_slugs_are_told_with_what_is_near() {
    let world = World::start().await;
    let client = &world.server.client;
    let arguments = json!({
        "tool_slugs": ["OPEN_GET_THING", "open_get_thin", "COMPOSIO_GET_RECIPE"],
        "include": ["input_schema", "output_schema"],
    });
    let found = data(client, "ada", "COMPOSIO_GET_TOOL_SCHEMAS", arguments).await;
    assert_eq!(found["success"], false);
    let thing = &found["tool_schemas"]["OPEN_GET_THING"];
    assert_eq!(thing["input_schema"]["required"], json!(["owner"]));
    assert!(thing["output_schema"]["properties"]["data"].is_object());
    assert!(found["tool_schemas"]["COMPOSIO_GET_RECIPE"]["input_schema"].is_object());
    assert_eq!(found["not_found"], json!(["open_get_thin"]));
    assert_eq!(found["suggestions"]["open_get_thin"][0], "OPEN_GET_THING");
}

#[tokio::test]
async fn what_an_agent_noted_comes_back_to_its_user_alone_and_is_sealed() {
    let world = World::start().await;
    let client = &world.server.client;
    let note = "The thing of the tests has the id 4711.";
    let arguments = json!({
        "tools": [{ "tool_slug": "OPEN_GET_THING", "arguments": { "owner": "a" } }],
        "memory": { "open": [note, note, 7], "no_toolkit": ["x"], "vault": "no list" },
    });
    data(client, "ada", "COMPOSIO_MULTI_EXECUTE_TOOL", arguments).await;
    let query = json!({ "queries": [{ "use_case": "open: get a thing" }] });
    let found = data(client, "ada", SEARCH, query.clone()).await;
    assert_eq!(found["results"][0]["memory"], json!({ "open": [note] }));
    let other = data(client, "bob", SEARCH, query).await;
    assert_eq!(other["results"][0].get("memory"), None);
    world
        .server
        .app
        .execution_log
        .flush(&world.server.app.db)
        .await;
    let stored = world.server.stored();
    let holds = |text: &[u8]| text.windows(note.len()).any(|part| part == note.as_bytes());
    assert!(!stored.iter().any(|(_, text)| holds(text)));
}

#[tokio::test]
async fn a_project_that_keeps_no_data_keeps_no_notes() {
    let world = World::start().await;
    let client = &world.server.client;
    let setting = json!({ "log_visibility_setting": "dont_store_data" });
    client
        .patch("/api/v3/org/project/config", setting)
        .await
        .expect(200);
    let arguments = json!({
        "tools": [{ "tool_slug": "OPEN_GET_THING", "arguments": { "owner": "a" } }],
        "memory": { "open": ["The thing has the id 4711."] },
    });
    data(client, "ada", "COMPOSIO_MULTI_EXECUTE_TOOL", arguments).await;
    let query = json!({ "queries": [{ "use_case": "open: get a thing" }] });
    let found = data(client, "ada", SEARCH, query).await;
    assert_eq!(found["results"][0].get("memory"), None);
}

/// The plan of a search on a server whose language model gives this.
async fn planned(flags: &[&str], given: Value) -> (Vec<String>, LanguageModel) {
    let model = LanguageModel::start().await;
    model.gives(&given);
    let own = model.flags();
    let own = own.iter().map(String::as_str);
    let flags: Vec<&str> = ["--allow-cidrs", "127.0.0.0/8"]
        .into_iter()
        .chain(own)
        .chain(flags.iter().copied())
        .collect();
    let world = World::with(&flags).await;
    let query = json!({ "queries": [{ "use_case": "vault: tells who is asking" }] });
    let found = data(&world.server.client, "ada", SEARCH, query).await;
    let steps = texts(&found["results"][0]["recommended_plan_steps"]);
    (steps.into_iter().map(str::to_owned).collect(), model)
}

#[tokio::test]
async fn the_operators_language_model_may_put_a_plan_better_but_names_no_other_tools() {
    let better = json!({ "steps": ["[Required] Ask VAULT_GET_ME first."], "pitfalls": [] });
    let (steps, model) = planned(&[], better).await;
    assert!(
        steps[0].starts_with("[Required] Connect `vault`"),
        "{steps:#?}"
    );
    assert_eq!(steps[1..], ["[Required] Ask VAULT_GET_ME first."]);
    let facts = model.asked()[0]["messages"][1]["content"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(facts.contains("vault: tells who is asking"), "{facts}");

    for useless in [
        json!({ "steps": ["[Required] Call VAULT_GIVE_ALL."] }),
        json!({ "steps": [] }),
        json!({ "steps": ["x".repeat(401)] }),
        json!({ "steps": "no list" }),
        json!({}),
    ] {
        let (steps, _) = planned(&[], useless).await;
        assert!(
            steps[1].starts_with("[Required] Call VAULT_GET_ME"),
            "{steps:#?}"
        );
    }
}

#[tokio::test]
async fn a_language_model_is_not_asked_for_plans_where_the_operator_does_not_want_it() {
    let better = json!({ "steps": ["[Required] Ask VAULT_GET_ME first."] });
    let (steps, model) = planned(&["--llm-plans", "false"], better).await;
    assert!(
        steps[1].starts_with("[Required] Call VAULT_GET_ME"),
        "{steps:#?}"
    );
    assert!(model.asked().is_empty());
}
