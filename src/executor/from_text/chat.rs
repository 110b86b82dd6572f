//! One question to an OpenAI-compatible `POST /chat/completions`, answered by a function call.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use url::Url;

use crate::app::App;
use crate::error::{Error, Result};
use crate::executor::retry;
use crate::outbound::{AllowedHosts, OutboundReply, OutboundRequest};

/// The function that gives arguments.
pub(super) const CALL: &str = "call_tool";
/// The function that asks instead.
pub(super) const ASK: &str = "ask_user";
const LARGEST_ANSWER: usize = 1024 * 1024;
const LONGEST_QUESTION: usize = 500;
/// What a model that says "later" is given where it does not say when.
const PAUSE_S: u64 = 10;

/// The operator's language model.
pub(super) struct Model<'a> {
    url: Url,
    name: &'a str,
    key: Option<&'a SecretString>,
}

/// What the model said.
pub(super) enum Said {
    /// Arguments, not checked yet.
    Arguments(Map<String, Value>),
    /// Why it gives none.
    Question(String),
    /// Nothing of use, for this reason.
    Nonsense(&'static str),
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<Value>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    /// JSON as text; some servers send the object.
    arguments: Value,
}

impl<'a> Model<'a> {
    /// The one that is set.
    ///
    /// # Errors
    /// [`Error::NotImplemented`] when none is.
    pub(super) fn of(app: &'a App) -> Result<Self> {
        let settings = &app.config.language_model;
        let (Some(base), Some(name)) = (&settings.llm_url, &settings.llm_model) else {
            return Err(Error::NotImplemented(
                "making a tool's arguments from text, since this server has no language model; its \
                 operator can set one with TENON_LLM_URL and TENON_LLM_MODEL"
                    .into(),
            ));
        };
        let mut url = base.clone();
        url.set_path(&format!(
            "{}/chat/completions",
            base.path().trim_end_matches('/')
        ));
        Ok(Self {
            url,
            name,
            key: settings.llm_api_key.as_ref(),
        })
    }

    /// Asks once.
    pub(super) async fn ask(
        &self,
        app: &App,
        messages: &[Value],
        tools: &Value,
        deadline: Instant,
    ) -> Result<Said> {
        let body = json!({
            "model": self.name, "messages": messages, "tools": tools, "tool_choice": "required",
        });
        let mut request = OutboundRequest::new(Method::POST, self.url.clone());
        request.body = serde_json::to_vec(&body)?.into();
        let json = HeaderValue::from_static("application/json");
        request.headers.insert(CONTENT_TYPE, json);
        if let Some(key) = self.key {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
                .map_err(|_| failed("cannot be called with the API key that is set", false))?;
            value.set_sensitive(true);
            request.credential_headers.insert(AUTHORIZATION, value);
        }
        request.credential_hosts = AllowedHosts::of_url(&self.url);
        request.timeout = app.config.language_model.timeout();
        request.deadline = Some(deadline);
        request.max_bytes = LARGEST_ANSWER;
        request.max_redirects = 0;
        let reply = self.send(app, request, deadline).await?;
        read(app, &reply)
    }

    /// In a place at the model's host, like any other upstream.
    async fn send(
        &self,
        app: &App,
        request: OutboundRequest,
        deadline: Instant,
    ) -> Result<OutboundReply> {
        let origin = self.url.origin().ascii_serialization();
        let now = || app.clock.now();
        let pass = app.upstreams.enter(&origin, None, deadline, now).await?;
        let outcome = Box::pin(app.outbound.attempt(request)).await;
        pass.settle(super::super::attempts::is_down(&outcome), now());
        outcome.map_err(|failure| match failure.error {
            Error::Upstream { message, timed_out } => Error::Upstream {
                message: format!("the language model: {message}"),
                timed_out,
            },
            // The address is the operator's, so it is not the caller's mistake.
            error => failed(&format!("cannot be called: {error}"), false),
        })
    }
}

fn failed(what: &str, timed_out: bool) -> Error {
    Error::Upstream {
        message: format!("the language model {what}"),
        timed_out,
    }
}

/// Reads an answer. What a model's server says of a failure may quote the question, so only its
/// status is told.
fn read(app: &App, reply: &OutboundReply) -> Result<Said> {
    match reply.status {
        200..=299 => {}
        429 | 503 => {
            let wait = retry::retry_after(&reply.headers, app.clock.now());
            return Err(Error::UpstreamPaused {
                message: format!("the language model is busy (it answered {})", reply.status),
                retry_after_s: wait.map_or(PAUSE_S, |wait| wait.as_secs()),
            });
        }
        status @ (401 | 403) => {
            let what = format!("refused its API key (it answered {status})");
            return Err(failed(&what, false));
        }
        status => return Err(failed(&format!("answered {status}"), false)),
    }
    let completion: Completion = serde_json::from_slice(&reply.body)
        .map_err(|_| failed("answered what no chat completion is", false))?;
    let Some(Choice { message }) = completion.choices.into_iter().next() else {
        return Err(failed("gave no choice", false));
    };
    Ok(said(message))
}

fn said(message: Message) -> Said {
    let call = message.tool_calls.into_iter().flatten().next();
    let Some(Call { function }) = call else {
        let text = message.content.as_ref().and_then(Value::as_str);
        return question(message.refusal.as_deref().or(text));
    };
    let arguments = match function.arguments {
        Value::Object(arguments) => Some(arguments),
        Value::String(text) => serde_json::from_str(&text).ok(),
        _ => None,
    };
    match (function.name.as_str(), arguments) {
        (_, None) => Said::Nonsense("arguments: must be a JSON object"),
        (CALL, Some(arguments)) => Said::Arguments(arguments),
        (ASK, Some(arguments)) => question(arguments.get("question").and_then(Value::as_str)),
        (_, Some(_)) => Said::Nonsense("there is no function of that name"),
    }
}

fn question(text: Option<&str>) -> Said {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => Said::Question(text.chars().take(LONGEST_QUESTION).collect()),
        None => Said::Nonsense("no function was called"),
    }
}
