//! MCP servers, and what MCP clients say at their URLs.

mod access;
mod calls;
mod cancelling;
mod instances;
mod messages;
mod oauth;
mod servers;
mod sessions;

use serde_json::{Value, json};

use crate::api::execute::World;
use crate::support::mcp_client::McpClient;
use crate::support::stage::Stage;

const SERVERS: &str = "/api/v3/mcp/servers";

/// A new server of these toolkits and auth configs.
async fn server(stage: &Stage, toolkits: &[&str], auth_configs: &[&str]) -> Value {
    let body = json!({
        "name": "Test server", "toolkits": toolkits, "auth_config_ids": auth_configs,
    });
    let path = format!("{SERVERS}/custom");
    stage.server.client.post(&path, body).await.expect(201)
}

fn id(server: &Value) -> &str {
    server["id"].as_str().unwrap()
}

/// A client at a new server of these toolkits, for user `ada`.
async fn client_at(world: &World, body: Value) -> McpClient {
    let mut body = body;
    body["name"] = json!("Test server");
    let path = format!("{SERVERS}/custom");
    let made = world.server.client.post(&path, body).await.expect(201);
    let path = format!("/v3/mcp/{}?user_id=ada", id(&made));
    McpClient::new(&world.server.client, &path)
}
