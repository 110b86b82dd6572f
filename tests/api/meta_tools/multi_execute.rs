//! `COMPOSIO_MULTI_EXECUTE_TOOL`.

use std::time::Duration;

use serde_json::{Value, json};
use tenon::scheme::Scheme;

use super::{call, data};
use crate::api::execute::World;
use crate::support::accounts::NewAccount;
use crate::support::upstream::Answer;

const MULTI: &str = "COMPOSIO_MULTI_EXECUTE_TOOL";

fn tools(tools: &[(&str, Value)]) -> Value {
    let tools = tools
        .iter()
        .map(|(slug, arguments)| json!({ "tool_slug": slug, "arguments": arguments }));
    json!({ "tools": tools.collect::<Vec<Value>>(), "sync_response_to_workbench": false })
}

#[tokio::test]
async fn results_come_in_order_and_a_failure_stops_no_other() {
    let world = World::start().await;
    world.upstream.answer(
        "/things/a",
        Answer::json(200, &json!({ "who": "a" })).after(Duration::from_millis(50)),
    );
    world.upstream.answer(
        "/things/b",
        Answer::json(404, &json!({ "message": "no b" })),
    );
    world
        .upstream
        .answer("/things/c", Answer::json(200, &json!({ "who": "c" })));
    let arguments = tools(&[
        ("OPEN_GET_THING", json!({ "owner": "a" })),
        ("OPEN_GET_THING", json!({ "owner": "b" })),
        ("OPEN_GET_THING", json!({ "limit": 0 })),
        ("OPEN_NOTHING", json!({})),
        ("VAULT_GET_ME", json!({})),
        ("COMPOSIO_SEARCH_TOOLS", json!({})),
        ("open_get_thing", json!("{\"owner\": \"c\"}")),
    ]);
    let answer = call(&world.server.client, "ada", MULTI, arguments)
        .await
        .expect(200);
    assert_eq!(answer["successful"], false);
    assert_eq!(answer["error"], "5 out of 7 tools failed");
    let data = &answer["data"];
    assert_eq!(
        (
            &data["total_count"],
            &data["success_count"],
            &data["error_count"]
        ),
        (&json!(7), &json!(2), &json!(5))
    );
    let results = data["results"].as_array().unwrap();
    for (at, result) in results.iter().enumerate() {
        assert_eq!(result["index"], at);
        assert_eq!(result["response"]["error"], result["error"]);
    }
    assert_eq!(results[0]["response"]["data"]["who"], "a");
    assert_eq!(results[0]["error"], Value::Null);
    assert_eq!(results[6]["tool_slug"], "OPEN_GET_THING");
    assert_eq!(results[6]["response"]["data"]["who"], "c");
    let reason = |at: usize| results[at]["error"].as_str().unwrap();
    assert_eq!(results[1]["response"]["data"]["status_code"], 404);
    assert!(reason(2).contains("owner: is required"), "{}", reason(2));
    assert!(reason(3).contains("was not found"), "{}", reason(3));
    assert!(
        reason(4).starts_with("No connected account found for user `ada`"),
        "{}",
        reason(4)
    );
    assert!(reason(5).contains("meta tool"), "{}", reason(5));
}

#[tokio::test]
async fn another_users_account_is_never_used() {
    let world = World::start().await;
    let account = NewAccount::new(
        "vault",
        Scheme::BearerToken,
        json!({ "token": "tok-of-ada-77" }),
    );
    let account = account.store(&world.server).await;
    let me = tools(&[("VAULT_GET_ME", json!({}))]);
    let own = data(&world.server.client, "ada", MULTI, me.clone()).await;
    assert_eq!(own["success_count"], 1);
    let mut named = me.clone();
    named["tools"][0]["account"] = account.into();
    for arguments in [me, named] {
        let foreign = call(&world.server.client, "bob", MULTI, arguments)
            .await
            .expect(200);
        assert_eq!(foreign["data"]["success_count"], 0, "{foreign}");
    }
    assert_eq!(world.upstream.calls().len(), 1);
}

#[tokio::test]
async fn too_many_calls_are_refused_before_any_is_made() {
    let world = World::start().await;
    for (api, most) in [("v3", 20), ("v3.1", 50)] {
        let many = vec![("OPEN_GET_THING", json!({ "owner": "a" })); most + 1];
        let body = json!({ "user_id": "ada", "arguments": tools(&many) });
        let path = format!("/api/{api}/tools/execute/{MULTI}");
        let error = world.server.client.post(&path, body).await.error(400);
        let message = error["message"].as_str().unwrap();
        assert!(
            message.ends_with(&format!("one call executes 1 to {most}")),
            "{message}"
        );
    }
    assert!(world.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_large_result_goes_into_a_file_with_a_preview_of_the_same_structure() {
    let world = World::start().await;
    let items: Vec<Value> = (0..400)
        .map(|id| json!({ "id": id, "body": "x".repeat(100) }))
        .collect();
    world.upstream.answer(
        "/things/big",
        Answer::json(200, &json!({ "items": items, "total": 400 })),
    );
    world.upstream.answer(
        "/things/small",
        Answer::json(200, &json!({ "who": "small" })),
    );
    let arguments = tools(&[
        ("OPEN_GET_THING", json!({ "owner": "big" })),
        ("OPEN_GET_THING", json!({ "owner": "small" })),
    ]);
    let given = data(&world.server.client, "ada", MULTI, arguments).await;
    assert!(given["results"].to_string().chars().count() < 25_000);
    let big = &given["results"][0]["response"];
    assert_eq!(big["data"]["total"], 400);
    assert_eq!(big["data"]["items"][0]["id"], 0);
    let shown = big["data"]["items"].as_array().unwrap().len();
    assert!(shown > 0 && shown < 400, "{shown}");
    assert_eq!(big["preview"]["cut"][0]["path"], "items");
    assert_eq!(big["preview"]["cut"][0]["of"], 400);
    let small = &given["results"][1]["response"];
    assert_eq!(small["data"], json!({ "who": "small" }));
    assert!(small.get("preview").is_none());

    let url = given["remote_file_info"]["download_url"].as_str().unwrap();
    let whole = world.server.anonymous.get(url).await.expect(200);
    let all = whole["results"][0]["response"]["data"]["items"]
        .as_array()
        .unwrap();
    assert_eq!(all.len(), 400);
}

#[tokio::test]
async fn a_small_result_is_kept_in_a_file_as_well_when_that_is_wished() {
    let world = World::start().await;
    let mut arguments = tools(&[("OPEN_GET_THING", json!({ "owner": "a" }))]);
    arguments["sync_response_to_workbench"] = true.into();
    let given = data(&world.server.client, "ada", MULTI, arguments).await;
    assert_eq!(
        given["results"][0]["response"]["data"],
        json!({ "ok": true })
    );
    let url = given["remote_file_info"]["download_url"].as_str().unwrap();
    let whole = world.server.anonymous.get(url).await.expect(200);
    assert_eq!(whole["results"], given["results"]);
}

/// Five calls of a toolkit run at a time; the others wait. Who goes away gives all of them up.
#[tokio::test]
async fn a_toolkit_has_few_calls_at_a_time_and_a_caller_who_goes_away_ends_them() {
    let world = World::start().await;
    let many = vec![("OPEN_GET_THING", json!({ "owner": "hang" })); 8];
    world.upstream.answer("/things/hang", Answer::hang());
    let calling = call(&world.server.client, "ada", MULTI, tools(&many));
    let five_arrived = async {
        while world.upstream.calls().len() < 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        reply = calling => panic!("{reply:?}"),
        () = five_arrived => {}
    }
    while world.upstream.cut_off() < 5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(world.upstream.calls().len(), 5);
}

#[tokio::test]
async fn each_call_has_a_record_and_the_whole_one_too_without_the_arguments() {
    let world = World::start().await;
    let arguments = tools(&[("OPEN_GET_THING", json!({ "owner": "a", "pin": "1234" }))]);
    let answer = call(&world.server.client, "ada", MULTI, arguments)
        .await
        .expect(200);
    let read = async |id: &Value| {
        let path = format!("/api/v3/logs/tool_execution/{}", id.as_str().unwrap());
        world.server.client.get(&path).await.expect(200)
    };
    let whole = read(&answer["log_id"]).await;
    assert_eq!(whole["metadata"]["tool_slug"], MULTI);
    assert_eq!(whole["metadata"]["toolkit_slug"], "composio");
    assert_eq!(whole["metadata"]["user_id"], "ada");
    assert!(!whole.to_string().contains("1234"), "{whole}");
    let one = read(&answer["data"]["results"][0]["response"]["log_id"]).await;
    assert_eq!(one["metadata"]["tool_slug"], "OPEN_GET_THING");
}

#[tokio::test]
async fn with_an_idempotency_key_the_calls_are_made_once() {
    let world = World::start().await;
    let client = world.server.client.with_header("idempotency-key", "k-1");
    let arguments = tools(&[("OPEN_CREATE_NOTE", json!({ "folder": "f" }))]);
    let first = call(&client, "ada", MULTI, arguments.clone())
        .await
        .expect(200);
    let again = call(&client, "ada", MULTI, arguments).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.expect(200), first);
    assert_eq!(world.upstream.calls().len(), 1);
}
