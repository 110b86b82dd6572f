//! A fake OpenAI-compatible server that takes no request but what the vendor's description of
//! `POST /chat/completions` allows.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::upstream::{Answer, Call, Upstream};

pub const MODEL: &str = "test-model-1";
pub const API_KEY: &str = "sk-9d1f4c7ab2e8";
const PATH: &str = "/v1/chat/completions";
const LONGEST_NAME: usize = 64;
const MOST_TOOLS: usize = 128;

pub struct LanguageModel {
    upstream: Upstream,
}

impl LanguageModel {
    pub async fn start() -> Self {
        Self {
            upstream: Upstream::start().await,
        }
    }

    /// The server's flags that lead here.
    pub fn flags(&self) -> Vec<String> {
        let url = format!("{}/v1/", self.upstream.base);
        [
            "--llm-url",
            &url,
            "--llm-model",
            MODEL,
            "--llm-api-key",
            API_KEY,
        ]
        .map(str::to_owned)
        .to_vec()
    }

    /// The next answer, whatever it is.
    pub fn answer(&self, answer: Answer) {
        self.upstream.answer(PATH, answer);
    }

    /// Drops what was to be answered.
    pub fn forget(&self) {
        self.upstream.forget(PATH);
    }

    /// The next answer calls a function; `arguments` is the text of its arguments.
    pub fn calls_function(&self, name: &str, arguments: &str) {
        let call = json!({ "id": "call_1", "type": "function",
            "function": { "name": name, "arguments": arguments } });
        let message = json!({ "role": "assistant", "content": null, "tool_calls": [call] });
        self.answer(completion(&message));
    }

    /// The next answer gives arguments.
    pub fn gives(&self, arguments: &Value) {
        self.calls_function("call_tool", &arguments.to_string());
    }

    /// The next answer says something and calls nothing.
    pub fn says(&self, text: &str) {
        self.answer(completion(&json!({ "role": "assistant", "content": text })));
    }

    /// The bodies of all requests so far, each checked.
    #[track_caller]
    pub fn asked(&self) -> Vec<Value> {
        let calls = self.upstream.calls();
        calls.iter().map(check).collect()
    }
}

fn completion(message: &Value) -> Answer {
    Answer::json(
        200,
        &json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1_767_225_600, "model": MODEL,
            "choices": [{ "index": 0, "message": message, "finish_reason": "stop", "logprobs": null }],
            "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
        }),
    )
    .after(Duration::from_millis(1))
}

#[track_caller]
fn check(call: &Call) -> Value {
    assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", PATH));
    assert_eq!(call.query, "");
    assert_eq!(call.header("content-type"), Some("application/json"));
    let bearer = format!("Bearer {API_KEY}");
    assert_eq!(call.header("authorization"), Some(bearer.as_str()));
    let body = call.json();
    let fields = has_fields(&body, &["model", "messages"], &["tools", "tool_choice"]);
    assert_eq!(fields["model"], MODEL);
    let messages = fields["messages"].as_array().expect("a list of messages");
    assert!(!messages.is_empty());
    for message in messages {
        let message = has_fields(message, &["role", "content"], &[]);
        let role = message["role"].as_str().expect("a role");
        assert!(["developer", "system", "user"].contains(&role), "{role}");
        assert!(!message["content"].as_str().expect("a text").is_empty());
    }
    let tools = fields["tools"].as_array().expect("a list of tools");
    assert!((1..=MOST_TOOLS).contains(&tools.len()));
    let names: BTreeSet<&str> = tools.iter().map(check_tool).collect();
    assert_eq!(names.len(), tools.len(), "a name twice");
    let choice = &fields["tool_choice"];
    assert!(
        ["none", "auto", "required"]
            .map(Value::from)
            .contains(choice),
        "{choice}"
    );
    body
}

/// A function, and its name.
#[track_caller]
fn check_tool(tool: &Value) -> &str {
    let tool = has_fields(tool, &["type", "function"], &[]);
    assert_eq!(tool["type"], "function");
    let function = has_fields(
        &tool["function"],
        &["name"],
        &["description", "parameters", "strict"],
    );
    let name = function["name"].as_str().expect("a name");
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    assert!(
        (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(is_plain),
        "{name}"
    );
    let parameters = &function["parameters"];
    assert_eq!(parameters["type"], "object", "{name}");
    jsonschema::validator_for(parameters).expect("parameters are a JSON Schema");
    name
}

#[track_caller]
fn has_fields<'v>(
    value: &'v Value,
    required: &[&str],
    optional: &[&str],
) -> &'v Map<String, Value> {
    let fields = value.as_object().expect("an object");
    for name in required {
        assert!(fields.contains_key(*name), "{name} is missing in {value}");
    }
    for name in fields.keys() {
        let known = required.iter().chain(optional).any(|known| known == name);
        assert!(known, "{name} is unknown in {value}");
    }
    fields
}
