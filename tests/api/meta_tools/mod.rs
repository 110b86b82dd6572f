//! The meta tools, as handlers of `OpenAI`'s kind call them: by the plain endpoints, for a user.

mod connections;
mod definitions;
mod in_session;
mod multi_execute;
mod recipes;
mod search;

use serde_json::{Value, json};

use crate::support::client::{Client, Reply};

/// Calls a meta tool for a user.
pub async fn call(client: &Client, user: &str, slug: &str, arguments: Value) -> Reply {
    let body = json!({ "user_id": user, "version": "latest", "arguments": arguments });
    let path = format!("/api/v3/tools/execute/{slug}");
    client.post(&path, body).await
}

/// The data of a call that succeeds.
pub async fn data(client: &Client, user: &str, slug: &str, arguments: Value) -> Value {
    let answer = call(client, user, slug, arguments).await.expect(200);
    assert_eq!(answer["successful"], true, "{answer:#}");
    assert_eq!(answer["error"], Value::Null);
    answer["data"].clone()
}
