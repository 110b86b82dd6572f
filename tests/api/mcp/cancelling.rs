//! Calls that a client gives up reach the service behind the tool.

use std::time::Duration;

use serde_json::{Value, json};

use super::client_at;
use crate::api::execute::World;
use crate::api::replicas::second_server;
use crate::support::client::{Client, Reply};
use crate::support::mcp_client::McpClient;
use crate::support::upstream::Answer;

const STEP: Duration = Duration::from_millis(5);

async fn world() -> (World, McpClient) {
    let world = World::start().await;
    world.upstream.answer("/things/ada", Answer::hang());
    let client = client_at(&world, json!({ "toolkits": ["open"] })).await;
    let (_, client) = client.initialize("2025-11-25").await;
    (world, client)
}

async fn slow(client: McpClient, id: Value) -> Reply {
    let params = json!({ "name": "OPEN_GET_THING", "arguments": { "owner": "ada" } });
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
    client.raw(&message.to_string()).await
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::time::sleep(STEP).await;
    }
}

async fn give_up(client: &McpClient, id: Value) {
    let notice = json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id },
    });
    assert_eq!(client.raw(&notice.to_string()).await.status, 202);
}

#[tokio::test]
async fn a_notification_ends_the_call_and_its_request_to_the_service() {
    let (world, client) = world().await;
    let call = world
        .server
        .app
        .tasks
        .spawn(slow(client.clone(), json!("call-1")));
    until(|| !world.upstream.calls().is_empty()).await;
    give_up(&client, json!("call-1")).await;
    let reply = call.await.unwrap();
    assert_eq!(
        (reply.status, reply.text.as_str()),
        (200, ""),
        "no answer to what was given up"
    );
    until(|| world.upstream.cut_off() == 1).await;
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_its_call() {
    let (world, client) = world().await;
    let call = world.server.app.tasks.spawn(slow(client, json!(7)));
    until(|| !world.upstream.calls().is_empty()).await;
    call.abort();
    until(|| world.upstream.cut_off() == 1).await;
}

#[tokio::test]
async fn nobody_else_can_give_a_call_up() {
    let (world, client) = world().await;
    let (_, stranger) = client.initialize("2025-11-25").await;
    let call = world.server.app.tasks.spawn(slow(client.clone(), json!(7)));
    until(|| !world.upstream.calls().is_empty()).await;
    give_up(&stranger, json!(7)).await;
    give_up(&client, json!("7")).await;
    let other_user = McpClient::new(&client.http, &client.path.replace("ada", "bob"));
    give_up(&other_user, json!(7)).await;
    // All three were heard before this one.
    assert_eq!(client.request("ping", json!({})).await.status, 200);
    assert_eq!(world.upstream.cut_off(), 0);
    assert!(!call.is_finished());
    give_up(&client, json!(7)).await;
    until(|| world.upstream.cut_off() == 1).await;
    call.await.unwrap();
}

#[tokio::test]
async fn a_call_is_given_up_through_another_replica() {
    let (world, client) = world().await;
    let Some(second) = second_server(&world.server).await else {
        return;
    };
    let call = world.server.app.tasks.spawn(slow(client.clone(), json!(7)));
    until(|| !world.upstream.calls().is_empty()).await;
    let there: Client = client.http.at(&format!("http://{}", second.address));
    let there = McpClient::new(&there, &client.path);
    assert_eq!(there.tools().await.len(), 6, "any replica serves a session");
    give_up(&there, json!(7)).await;
    until(|| world.upstream.cut_off() == 1).await;
    call.await.unwrap();
    tenon::cli::stop(&second.app).await;
}
