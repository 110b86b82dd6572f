//! Lists of tools of MCP servers. One is made into an OpenAPI description whose operations name a
//! tool, so that everything after that is the same.

use serde_json::{Map, Value, json};

/// The key by which the made description is known.
pub(super) const MARK: &str = "x-mcp";
/// The key under which an operation of the made description names its tool.
pub(super) const TOOL: &str = "x-mcp-tool";
/// The key of what is known of the tool's effects.
pub(super) const HINTS: &str = "x-mcp-hints";
/// The key of whether it goes on after its answer, and is asked for its result later.
pub(super) const TASK: &str = "x-mcp-task";
/// The type of a security scheme whose clients register themselves.
pub(super) const OAUTH: &str = "x-mcp-oauth";
/// More are no server's.
const MOST_TOOLS: usize = 5_000;

/// What the server says of a tool's effects; what it does not say is not so.
const SAID: [&str; 3] = ["readOnlyHint", "destructiveHint", "idempotentHint"];
/// A tool of such a name takes something away, whether its server says so or not.
const REMOVES: [&str; 4] = ["delete", "remove", "destroy", "drop"];

/// The description that a server's answer to `tools/list` makes; none if it is no such answer.
pub(super) fn of_list(root: &Value) -> Option<Value> {
    let list = root.get("result").unwrap_or(root);
    let tools = list.get("tools")?.as_array()?;
    let is_tool = |tool: &Value| tool["name"].is_string() && tool["inputSchema"].is_object();
    if !tools.iter().all(is_tool) || list.get("paths").is_some() {
        return None;
    }
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for (number, tool) in tools.iter().take(MOST_TOOLS).enumerate() {
        let name = tool["name"].as_str().unwrap_or_default();
        let place = format!("tool{number}");
        let at = format!("#/components/schemas/{place}");
        let mut operation = json!({
            "operationId": name,
            "description": about(tool),
            TOOL: name,
            HINTS: hints(tool, name),
            TASK: tool["execution"]["taskSupport"] == "required",
        });
        if has_members(&tool["inputSchema"]) {
            operation["requestBody"] = json!({ "required": true, "content": {
                "application/json": { "schema": { "$ref": at } }
            } });
            schemas.insert(place, rebased(&tool["inputSchema"], &at));
        }
        paths.insert(format!("/tools/{name}"), json!({ "post": operation }));
    }
    let server = &list["serverInfo"];
    let title = [&server["title"], &server["name"]];
    let title = title.into_iter().find_map(Value::as_str);
    let mut made = json!({
        "openapi": "3.1.0",
        MARK: true,
        "info": { "title": title.unwrap_or_default(), "description": list["instructions"] },
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": ways(list) },
    });
    if let Some(url) = list["url"].as_str() {
        made["servers"] = json!([{ "url": url }]);
    }
    Some(made)
}

/// Its title is for people, and says what the description may leave out.
fn about(tool: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let about = text(&tool["description"]);
    if !about.trim().is_empty() {
        return about;
    }
    let titles = [&tool["title"], &tool["annotations"]["title"], &tool["name"]];
    let titles = titles.map(text).into_iter();
    titles
        .into_iter()
        .find(|title| !title.is_empty())
        .unwrap_or_default()
}

fn hints(tool: &Value, name: &str) -> Vec<&'static str> {
    let said = |hint: &str| tool["annotations"][hint].as_bool();
    let only_looks = said("readOnlyHint") == Some(true);
    let mut hints: Vec<&str> = SAID
        .into_iter()
        .filter(|hint| said(hint) == Some(true))
        .collect();
    if only_looks {
        hints.retain(|hint| *hint != "destructiveHint");
    }
    let name = name.to_ascii_lowercase();
    let removes = REMOVES.iter().any(|verb| name.contains(verb));
    if removes && !only_looks && said("destructiveHint").is_none() {
        hints.push("destructiveHint");
    }
    if said("openWorldHint") != Some(false) {
        hints.push("openWorldHint");
    }
    hints
}

/// A tool without arguments has an object of nothing.
fn has_members(schema: &Value) -> bool {
    let properties = schema.get("properties").and_then(Value::as_object);
    let more = ["$ref", "allOf", "anyOf", "oneOf"];
    properties.is_some_and(|all| !all.is_empty())
        || more.iter().any(|key| schema.get(key).is_some())
}

/// References are to be read from the root of their own schema.
fn rebased(schema: &Value, root: &str) -> Value {
    match schema {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(to)) => match to.strip_prefix('#') {
                    Some(rest) => (key.clone(), Value::String(format!("{root}{rest}"))),
                    None => (key.clone(), value.clone()),
                },
                _ => (key.clone(), rebased(value, root)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(|item| rebased(item, root)).collect(),
        other => other.clone(),
    }
}

/// How its users connect: by the header that let the list be read, and by OAuth where the server
/// says so.
fn ways(list: &Value) -> Value {
    let mut ways = json!({});
    if list["oauth"] == true {
        ways["oauth"] = json!({ "type": OAUTH, "resource": list["url"] });
    }
    match (list["header"].as_str(), list["bearer"].as_bool()) {
        (Some(_), Some(true)) => ways["token"] = json!({ "type": "http", "scheme": "bearer" }),
        (Some(name), _) => ways["key"] = json!({ "type": "apiKey", "in": "header", "name": name }),
        (None, _) => {}
    }
    ways
}
