//! `COMPOSIO_UPSERT_RECIPE`, `COMPOSIO_GET_RECIPE`, and running what they keep.

use serde_json::{Value, json};

use super::{call, data};
use crate::api::execute::World;
use crate::support::stage::Stage;
use crate::support::upstream::Answer;

const UPSERT: &str = "COMPOSIO_UPSERT_RECIPE";
const GET: &str = "COMPOSIO_GET_RECIPE";
const MULTI: &str = "COMPOSIO_MULTI_EXECUTE_TOOL";

/// Reads a thing and writes a note of it.
fn recipe() -> Value {
    json!({
        "name": "Note a thing",
        "description": "Reads a thing and notes who it is.",
        "input_schema": {
            "type": "object",
            "properties": { "owner": { "type": "string" }, "mail": { "type": "string" }, "limit": { "type": "integer", "minimum": 1 } },
            "required": ["owner"],
        },
        "steps": [
            { "id": "thing", "tool_slug": "OPEN_GET_THING",
              "arguments": { "owner": "{{params.owner}}", "limit": "{{params.limit}}" } },
            { "id": "note", "tool_slug": "OPEN_CREATE_NOTE",
              "arguments": { "folder": "f", "title": "It is {{steps.thing.data.items[0].who}}",
                             "mail": "{{params.mail}}" } },
        ],
        "output": { "who": "{{steps.thing.data.items[0].who}}", "note": "{{steps.note.data.id}}" },
        "output_schema": {
            "type": "object",
            "properties": { "who": { "type": "string" }, "note": { "type": "integer" } },
            "required": ["who", "note"],
        },
    })
}

fn run(slug: &str, parameters: Value) -> Value {
    let mut call = json!({ "tool_slug": slug });
    call["arguments"] = parameters;
    json!({ "tools": [call], "sync_response_to_workbench": false })
}

#[tokio::test]
async fn a_recipe_is_saved_shown_and_executed_by_its_slug() {
    let world = World::start().await;
    let client = &world.server.client;
    let saved = data(client, "ada", UPSERT, recipe()).await;
    assert_eq!(saved["recipe_slug"], "note-a-thing");
    assert_eq!(
        (&saved["version"], &saved["is_executable"]),
        (&json!(1), &json!(true))
    );
    let shown = data(client, "bob", GET, json!({ "recipe_slug": "Note-A-Thing" })).await;
    assert_eq!(shown["recipe_id"], saved["recipe_id"]);
    assert_eq!(shown["steps"], recipe()["steps"]);

    world.upstream.answer(
        "/things/ada",
        Answer::json(200, &json!({ "items": [{ "who": "Ada" }] })),
    );
    world
        .upstream
        .answer("/folders/f/notes", Answer::json(201, &json!({ "id": 7 })));
    let came = data(
        client,
        "ada",
        MULTI,
        run("NOTE-A-THING", json!({ "owner": "ada" })),
    )
    .await;
    assert_eq!(
        came["results"][0]["response"]["data"],
        json!({ "who": "Ada", "note": 7 })
    );
    let calls = world.upstream.calls();
    assert_eq!(calls[0].query, "fixed=yes");
    assert_eq!(
        calls[1].json(),
        json!({ "title": "It is Ada", "draft": true })
    );

    let by_id = run(
        saved["recipe_id"].as_str().unwrap(),
        json!({ "owner": "ada" }),
    );
    assert_eq!(data(client, "ada", MULTI, by_id).await["success_count"], 1);
}

#[tokio::test]
async fn saving_again_makes_a_version_and_the_former_stays() {
    let world = World::start().await;
    let client = &world.server.client;
    let first = data(client, "ada", UPSERT, recipe()).await;
    let mut changed = recipe();
    changed["recipe_id"] = first["recipe_id"].clone();
    changed["description"] = "Another.".into();
    let second = data(client, "ada", UPSERT, changed).await;
    assert_eq!(second["version"], 2);
    assert_eq!(second["recipe_id"], first["recipe_id"]);
    let newest = data(
        client,
        "ada",
        GET,
        json!({ "recipe_id": first["recipe_id"] }),
    )
    .await;
    assert_eq!(newest["description"], "Another.");
    let former = data(
        client,
        "ada",
        GET,
        json!({ "recipe_slug": "note-a-thing", "version": 1 }),
    )
    .await;
    assert_eq!(former["description"], "Reads a thing and notes who it is.");
}

#[tokio::test]
async fn parameters_that_do_not_fit_and_steps_that_fail_are_told() {
    let world = World::start().await;
    let client = &world.server.client;
    data(client, "ada", UPSERT, recipe()).await;
    let refused = run("note-a-thing", json!({ "limit": 0 }));
    let answer = call(client, "ada", MULTI, refused).await.expect(200);
    let reason = answer["data"]["results"][0]["error"].as_str().unwrap();
    assert!(
        reason.starts_with("the parameters of recipe `note-a-thing` are not valid"),
        "{reason}"
    );
    assert!(
        reason.contains("params/limit") && reason.contains("owner"),
        "{reason}"
    );
    assert!(world.upstream.calls().is_empty());

    world
        .upstream
        .answer("/things/ada", Answer::json(200, &json!({ "items": [] })));
    let answer = call(
        client,
        "ada",
        MULTI,
        run("note-a-thing", json!({ "owner": "ada" })),
    )
    .await
    .expect(200);
    let result = &answer["data"]["results"][0];
    let reason = result["error"].as_str().unwrap();
    assert!(
        reason.starts_with("step `note` (OPEN_CREATE_NOTE) failed: `{{steps.thing."),
        "{reason}"
    );
    assert_eq!(
        result["response"]["data"]["steps"]["thing"]["data"]["items"],
        json!([])
    );
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_recipe_of_code_is_kept_and_says_why_it_does_not_run() {
    let world = World::start().await;
    let client = &world.server.client;
    let code = json!({ "name": "Code", "workflow_code": "print(1)" });
    let saved = data(client, "ada", UPSERT, code).await;
    assert_eq!(saved["is_executable"], false);
    let shown = data(client, "ada", GET, json!({ "recipe_slug": "code" })).await;
    assert_eq!(shown["workflow_code"], "print(1)");
    let answer = call(client, "ada", MULTI, run("code", json!({})))
        .await
        .expect(200);
    let reason = answer["data"]["results"][0]["error"].as_str().unwrap();
    assert!(
        reason.starts_with("not built here yet: recipe `code` is of code"),
        "{reason}"
    );
}

#[tokio::test]
async fn what_cannot_work_is_not_saved() {
    let world = World::start().await;
    let mut wrong = recipe();
    wrong["recipe_slug"] = "open_get_thing".into();
    wrong["input_schema"]["properties"]["limit"] = json!({ "type": "no type" });
    wrong["steps"][0]["arguments"]["owner"] = "{{params.nobody}}".into();
    wrong["steps"][0]["tool_slug"] = "OPEN_NO_TOOL".into();
    wrong["steps"][1]["id"] = "thing".into();
    wrong["output"] = json!({ "x": "{{steps.later.data}}" });
    let error = call(&world.server.client, "ada", UPSERT, wrong)
        .await
        .error(400);
    let problems: Vec<String> = serde_json::from_value(error["errors"].clone()).unwrap();
    for expected in [
        "arguments.recipe_slug: is the name of a tool or an id",
        "arguments.input_schema: is no JSON Schema",
        "arguments.steps[0].tool_slug: tool `OPEN_NO_TOOL` was not found",
        "arguments.steps[0]: `input_schema` has no parameter `nobody`",
        "arguments.steps[1].id: another step has it",
        "arguments.output: no step before is called `later`",
    ] {
        assert!(
            problems.iter().any(|problem| problem.starts_with(expected)),
            "{expected}: {problems:#?}"
        );
    }
    let missing = call(
        &world.server.client,
        "ada",
        GET,
        json!({ "recipe_slug": "open_get_thing" }),
    )
    .await;
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn another_projects_recipe_is_not_there() {
    let stage = Stage::start().await;
    let recipe = json!({ "name": "Mine", "workflow_code": "print(1)" });
    let saved = data(&stage.server.client, "ada", UPSERT, recipe.clone()).await;
    let other = stage.other_project().await;
    for named in [
        json!({ "recipe_slug": "mine" }),
        json!({ "recipe_id": saved["recipe_id"] }),
    ] {
        assert_eq!(call(&other, "ada", GET, named).await.status, 404);
    }
    let mut change = recipe.clone();
    change["recipe_id"] = saved["recipe_id"].clone();
    assert_eq!(call(&other, "ada", UPSERT, change).await.status, 404);
    // The same name is another recipe there.
    let own = data(&other, "ada", UPSERT, recipe).await;
    assert_eq!(own["version"], 1);
    assert_ne!(own["recipe_id"], saved["recipe_id"]);
}

#[tokio::test]
async fn a_search_finds_what_was_saved_in_the_project_and_can_be_executed() {
    let world = World::start().await;
    let client = &world.server.client;
    data(client, "ada", UPSERT, recipe()).await;
    let code = json!({ "name": "Note a thing by code", "workflow_code": "print(1)" });
    data(client, "ada", UPSERT, code).await;
    let query = json!({ "queries": [{ "use_case": "note who a thing is" }] });
    let found = data(client, "bob", "COMPOSIO_SEARCH_TOOLS", query).await;
    let result = &found["results"][0];
    assert_eq!(result["related_tool_slugs"][0], "note-a-thing");
    let guidance = result["execution_guidance"].as_str().unwrap();
    assert!(guidance.contains(": note-a-thing."), "{guidance}");
    let schema = &found["tool_schemas"]["note-a-thing"];
    assert_eq!(schema["input_schema"], recipe()["input_schema"]);
}
