//! `text` and `/input`: a language model makes the arguments.

use serde_json::{Value, json};

use super::{World, problems};
use crate::support::client::Reply;
use crate::support::language_model::{API_KEY, LanguageModel};
use crate::support::upstream::Answer;

/// Stands in the caller's words and nowhere else.
const MARK: &str = "quokka-41";

struct Talk {
    world: World,
    model: LanguageModel,
}

impl Talk {
    async fn start() -> Self {
        Self::with(&["--allow-cidrs", "127.0.0.0/8"]).await
    }

    async fn with(flags: &[&str]) -> Self {
        let model = LanguageModel::start().await;
        let own = model.flags();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        Self {
            world: World::with(&[flags, &own].concat()).await,
            model,
        }
    }

    async fn input(&self, body: Value) -> Reply {
        self.world.post("OPEN_GET_THING/input", body).await
    }

    /// As SDKs do, which cannot leave `arguments` out.
    async fn execute(&self, text: &str) -> Reply {
        let body = json!({ "text": text, "arguments": {} });
        self.world.post("OPEN_GET_THING", body).await
    }
}

fn words() -> Value {
    json!({ "text": format!("What has ada got? {MARK}") })
}

#[tokio::test]
async fn words_become_arguments_that_the_tools_schema_allows() {
    let talk = Talk::start().await;
    talk.model
        .gives(&json!({ "owner": "ada", "limit": 5, "unknown": 1 }));
    let made = talk.input(words()).await.expect(200);
    assert_eq!(made, json!({ "arguments": { "owner": "ada", "limit": 5 } }));
    let asked = talk.model.asked().remove(0);
    let system = asked["messages"][0]["content"].as_str().unwrap();
    assert!(system.contains("OPEN_GET_THING (Get a thing)"), "{system}");
    assert!(system.contains("2026-01-01T00:00:00"), "{system}");
    assert_eq!(asked["messages"][1]["content"], words()["text"]);
    let function = &asked["tools"][0]["function"];
    assert_eq!(function["description"], "Reads a thing.");
    assert_eq!(function["parameters"]["required"], json!(["owner"]));
    assert_eq!(
        function["parameters"]["properties"]["limit"]["maximum"],
        100
    );
    assert!(talk.world.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_description_and_instructions_of_the_callers_own_reach_the_model() {
    let talk = Talk::start().await;
    talk.model.gives(&json!({ "owner": "ada" }));
    let body = json!({ "text": "x", "custom_description": "Finds things.", "version": "latest",
        "system_prompt": "Owners are first names." });
    talk.input(body).await.expect(200);
    let asked = talk.model.asked().remove(0);
    assert_eq!(
        asked["tools"][0]["function"]["description"],
        "Finds things."
    );
    let system = asked["messages"][0]["content"].as_str().unwrap();
    assert!(system.ends_with("Owners are first names."), "{system}");
}

#[tokio::test]
async fn a_tool_runs_from_text_and_its_record_does_not_hold_the_words() {
    let talk = Talk::start().await;
    talk.model.gives(&json!({ "owner": "ada" }));
    let text = words()["text"].as_str().unwrap().to_owned();
    let result = talk.execute(&text).await.expect(200);
    assert_eq!(result["successful"], true, "{result}");
    assert_eq!(talk.world.upstream.call().path, "/things/ada");
    let record = talk.world.only_record().await;
    assert_eq!(json!(record.arguments), json!({ "owner": "ada" }));
    let steps = record.steps.as_deref().unwrap();
    assert!(steps.iter().any(|step| step.step == "text"), "{record:?}");
    let shown = format!("{record:?}");
    for secret in [MARK, API_KEY] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn arguments_that_break_the_schema_are_mended_once_and_not_quoted() {
    let talk = Talk::start().await;
    talk.model
        .gives(&json!({ "owner": "ada", "limit": 5_000_123 }));
    talk.model.gives(&json!({ "owner": "ada", "limit": 100 }));
    let made = talk.input(words()).await.expect(200);
    assert_eq!(made["arguments"]["limit"], 100);
    let asked = talk.model.asked();
    assert_eq!(asked.len(), 2);
    let messages = asked[1]["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 3);
    let correction = messages[2]["content"].as_str().unwrap();
    assert!(
        correction.ends_with("arguments.limit: must be at most 100"),
        "{correction}"
    );
    assert!(!correction.contains("5000123"));
}

#[tokio::test]
async fn a_model_that_errs_twice_ends_in_an_answer_and_calls_nobody() {
    let wrong: [(&str, &str, &str); 4] = [
        (
            "call_tool",
            r#"{"limit": 0}"#,
            "arguments.owner: is required",
        ),
        ("call_tool", "{not json", "arguments: must be a JSON object"),
        ("call_tool", "[1]", "arguments: must be a JSON object"),
        ("delete_all", "{}", "there is no function of that name"),
    ];
    for (name, arguments, problem) in wrong {
        let talk = Talk::start().await;
        talk.model.calls_function(name, arguments);
        let made = talk.input(words()).await.expect(200);
        assert_eq!(made["arguments"], json!({}));
        let error = made["error"].as_str().unwrap();
        assert!(
            error.starts_with("The language model made arguments"),
            "{error}"
        );
        assert!(error.contains(problem), "{error}");
        assert_eq!(talk.model.asked().len(), 2, "{arguments}");
        let refused = talk.execute("x").await;
        assert!(
            problems(&refused).contains(&problem.to_owned()),
            "{}",
            refused.text
        );
        assert_eq!(talk.model.asked().len(), 4, "{arguments}");
        assert!(talk.world.upstream.calls().is_empty());
    }
}

#[tokio::test]
async fn a_question_of_the_model_reaches_the_caller_and_no_record() {
    let question = format!("Whose things, {MARK}?");
    for by_function in [true, false] {
        let talk = Talk::start().await;
        if by_function {
            let arguments = json!({ "question": question });
            talk.model
                .calls_function("ask_user", &arguments.to_string());
        } else {
            talk.model.says(&question);
        }
        let made = talk.input(words()).await.expect(200);
        assert_eq!(made, json!({ "arguments": {}, "error": question }));
        let error = talk.execute("list them").await.error(400);
        assert_eq!(error["suggested_fix"], question.as_str());
        assert!(talk.world.upstream.calls().is_empty());
        let record = serde_json::to_value(talk.world.only_record().await).unwrap();
        assert!(!record.to_string().contains(MARK), "{record}");
    }
}

#[tokio::test]
async fn a_model_that_fails_is_named_with_its_status_and_without_its_words() {
    let words_of_it = json!({ "error": { "message": format!("you said {MARK}, {API_KEY}") } });
    let cases = [
        (
            Answer::json(500, &words_of_it),
            502,
            "the language model answered 500",
        ),
        (
            Answer::json(401, &words_of_it),
            502,
            "the language model refused its API key",
        ),
        (
            Answer::json(429, &words_of_it).header("retry-after", "7"),
            503,
            "the language model is busy",
        ),
        (
            Answer::text(200, "text/html", MARK),
            502,
            "answered what no chat completion is",
        ),
        (
            Answer::json(200, &json!({ "choices": [] })),
            502,
            "gave no choice",
        ),
        (
            Answer::redirect(307, "http://127.0.0.1:1/v1"),
            502,
            "the language model answered 307",
        ),
        (Answer::broken_off(), 502, "the language model: "),
        (Answer::flood(3_000_000), 502, "larger than 1048576 bytes"),
        (Answer::hang(), 504, "did not answer within 1 seconds"),
    ];
    let talk = Talk::with(&["--allow-cidrs", "127.0.0.0/8", "--llm-timeout", "1"]).await;
    for (turn, (answer, status, expected)) in cases.into_iter().enumerate() {
        talk.model.answer(answer.clone());
        talk.model.answer(answer);
        talk.model.gives(&json!({ "owner": "ada" }));
        let reply = talk.input(words()).await;
        let error = reply.error(status);
        assert!(
            error["message"].as_str().unwrap().contains(expected),
            "{error}"
        );
        assert_eq!(reply.header("x-should-retry"), Some("false"));
        assert_eq!(reply.header("retry-after"), (status == 503).then_some("7"));
        let result = talk.execute("x").await.expect(200);
        assert_eq!(result["successful"], false, "{result}");
        assert!(
            result["error"].as_str().unwrap().contains(expected),
            "{result}"
        );
        for secret in [MARK, API_KEY] {
            assert!(!reply.text.contains(secret) && !result.to_string().contains(secret));
        }
        // None of it is asked twice, and the circuit stays shut since a good answer comes after.
        talk.input(words()).await.expect(200);
        assert_eq!(talk.model.asked().len(), 3 * (turn + 1));
        talk.model.forget();
    }
    assert!(talk.world.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_private_model_is_refused_unless_the_operator_allows_its_network() {
    let talk = Talk::with(&[]).await;
    let error = talk.input(words()).await.error(502);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("the language model cannot be called: ")
    );
    assert!(talk.model.asked().is_empty());
}

#[tokio::test]
async fn the_model_has_a_time_limit_of_its_own_and_not_the_tools() {
    let talk = Talk::start().await;
    // The tool itself may take a second.
    let slow = json!({ "choices": [{ "message": { "role": "assistant", "tool_calls": [
        { "id": "c", "type": "function", "function": { "name": "call_tool", "arguments": "{}" } } ] } }] });
    let answer = Answer::json(200, &slow).after(std::time::Duration::from_millis(1_200));
    talk.model.answer(answer);
    let result = talk
        .world
        .post("OPEN_PING", json!({ "text": "ping it" }))
        .await
        .expect(200);
    assert_eq!(result["successful"], true, "{result}");
}

#[tokio::test]
async fn a_text_with_an_idempotency_key_is_read_once() {
    let talk = Talk::start().await;
    talk.model.gives(&json!({ "owner": "ada" }));
    let client = talk.world.server.client.with_header("idempotency-key", "k");
    let path = "/api/v3/tools/execute/OPEN_GET_THING";
    let first = client.post(path, words()).await;
    let again = client.post(path, words()).await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(
        (talk.model.asked().len(), talk.world.upstream.calls().len()),
        (1, 1)
    );
}

#[tokio::test]
async fn words_have_an_end_and_a_beginning() {
    let talk = Talk::start().await;
    let long = "x".repeat(20_001);
    let reply = talk
        .input(json!({ "text": long, "system_prompt": long }))
        .await;
    let expected =
        ["text", "system_prompt"].map(|name| format!("{name}: must have at most 20000 characters"));
    assert_eq!(problems(&reply), expected);
    let reply = talk.input(json!({ "text": " " })).await;
    assert_eq!(problems(&reply), ["text: must not be empty"]);
    talk.input(json!({ "text": "x", "version": "19990101_00" }))
        .await
        .error(404);
    assert!(talk.model.asked().is_empty());
}
