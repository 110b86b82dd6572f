//! MCP servers, and what MCP clients say at their URLs.

mod instances;
mod servers;

use serde_json::{Value, json};

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
