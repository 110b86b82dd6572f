//! Tools that make several requests: one after the other, for each item of a list, again until
//! something is done, or page by page. All go out as a single one does, and share its time limit.

mod pages;

use futures_util::{StreamExt, stream};
use serde_json::{Map, Value, json};
use tokio::time::{Duration, Instant, sleep};

use super::attempts::Sent;
use super::call::{Call, Outcome};
use super::connection::Connection;
use super::files;
use super::request::Evaluated;
use super::response::{self, Answer, Shaped};
use super::scope::Scope;
use super::time_limit;
use crate::auth_schemes::Redactor;
use crate::catalog::manifest::{OnError, RequestKind, ResponseRule, StepManifest};
use crate::error::{Error, Result};
use crate::expressions::Expression;
use crate::outbound::StreamAnswer;
use pages::Pages;

/// Items of a list where the step does not say.
const USUAL_LIMIT: usize = 100;

/// What one request of a step came to.
enum Asked {
    /// `{status, headers, body}`
    Answered(Value, Box<Sent>),
    /// The same, and the result of the tool if the step may not fail.
    Refused(Value, Box<Outcome>),
    /// The last answer of the tool is a file.
    File(Box<Sent>),
}

/// What a step leaves.
enum Done {
    /// What later steps see of it, and of its last answer.
    Answer(Value, Option<Box<Sent>>),
    /// The tool is over.
    Over(Box<Outcome>),
}

/// Makes the requests of a tool's steps.
///
/// # Errors
/// What cannot be sent before anything was; what does not reach the service.
pub(super) async fn run(
    call: &Call<'_>,
    mut scope: Scope,
    connection: &mut Connection,
) -> Result<Outcome> {
    let steps = &call.tool.manifest.steps;
    let mut last = None;
    for (index, step) in steps.iter().enumerate() {
        // Of several that depend on `when` any may be the last one.
        let mut rest = steps.iter().skip(index + 1).chain([step]);
        let is_last = index + 1 == steps.len() || rest.all(|one| one.when.is_some());
        let done = one(call, step, is_last, &scope, connection).await;
        match done {
            Ok(Done::Answer(value, meta)) => {
                if !value.is_null() {
                    last = Some((value.clone(), meta, step));
                }
                scope.add_step(&step.id, value);
            }
            Ok(Done::Over(outcome)) => return Ok(*outcome),
            // The tool has done a part of its work, which is no fault of the caller's any more.
            Err(Error::Invalid {
                message, problems, ..
            }) if call.has_sent() => {
                let words = problems.first().unwrap_or(&message);
                return Ok(Outcome::plain(response::unreachable(words)));
            }
            Err(error) => return Err(error),
        }
    }
    finish(call, &scope, last).await
}

async fn one(
    call: &Call<'_>,
    step: &StepManifest,
    is_last: bool,
    scope: &Scope,
    connection: &mut Connection,
) -> Result<Done> {
    let at = format!("steps.{}", step.id);
    if let Some(when) = &step.when
        && !is_true(&scope.make(&format!("{at}.when"), when).await?)
    {
        return Ok(Done::Answer(Value::Null, None));
    }
    let Some(list) = &step.for_each else {
        let asked = ask(call, step, is_last, scope, connection).await;
        return Ok(match settle(step, asked)? {
            Some(Asked::Answered(value, meta)) => Done::Answer(value, Some(meta)),
            Some(Asked::Refused(value, outcome)) => match step.on_error {
                OnError::Fail => Done::Over(outcome),
                OnError::Keep => Done::Answer(value, None),
                OnError::Skip => Done::Answer(Value::Null, None),
            },
            Some(Asked::File(sent)) => Done::Over(Box::new(file(call, scope, &sent).await?)),
            None => Done::Answer(Value::Null, None),
        });
    };
    let items = match scope.make(&format!("{at}.for_each"), list).await? {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        _ => return Err(Error::invalid(format!("{at}.for_each: makes no list"))),
    };
    each(call, step, items, scope, connection).await
}

/// A request for each item, some at a time; the answers come in the order of the items.
async fn each(
    call: &Call<'_>,
    step: &StepManifest,
    items: Vec<Value>,
    scope: &Scope,
    connection: &mut Connection,
) -> Result<Done> {
    let items = items.into_iter().take(step.limit.unwrap_or(USUAL_LIMIT));
    let connection = &*connection;
    let asked = stream::iter(items).map(|item| {
        let scope = scope.with_item(item);
        let mut connection = connection.clone();
        async move { ask(call, step, false, &scope, &mut connection).await }
    });
    let mut asked = std::pin::pin!(asked.buffered(step.concurrency));
    let mut answers = Vec::new();
    while let Some(one) = asked.next().await {
        match settle(step, one)? {
            Some(Asked::Answered(value, _)) => answers.push(value),
            Some(Asked::Refused(value, outcome)) => match step.on_error {
                OnError::Fail => return Ok(Done::Over(outcome)),
                OnError::Keep => answers.push(value),
                OnError::Skip => {}
            },
            Some(Asked::File(_)) | None => {}
        }
    }
    Ok(Done::Answer(Value::Array(answers), None))
}

/// A service that does not answer is a refusal where the step bears one; none where it leaves nothing.
fn settle(step: &StepManifest, asked: Result<Asked>) -> Result<Option<Asked>> {
    let message = match asked {
        Err(Error::Upstream { message, .. } | Error::UpstreamPaused { message, .. }) => message,
        other => return other.map(Some),
    };
    match step.on_error {
        OnError::Fail => Err(Error::upstream(message)),
        OnError::Keep => {
            let value = json!({ "status": null, "headers": {}, "body": null, "error": message });
            let outcome = Outcome::plain(response::unreachable(&message));
            Ok(Some(Asked::Refused(value, Box::new(outcome))))
        }
        OnError::Skip => Ok(None),
    }
}

/// Sends a step's request: once, until something is done, or page by page.
async fn ask(
    call: &Call<'_>,
    step: &StepManifest,
    is_last: bool,
    scope: &Scope,
    connection: &mut Connection,
) -> Result<Asked> {
    let at = format!("steps.{}.request", step.id);
    let mut made = Evaluated::of(&step.request, &at, scope).await?;
    let stream = match &call.tool.response.data {
        None if is_last => files::streamed(&call.tool.response),
        Some(_) if is_last && call.tool.manifest.response.data.is_none() => {
            files::streamed(&call.tool.response)
        }
        _ => StreamAnswer::Never,
    };
    let mut pages = Pages::of(call.tool, step);
    if let Some(pages) = &mut pages {
        pages.begin(&mut made, scope);
    }
    let mut tries = 0;
    loop {
        tries += 1;
        let sent = call
            .send(&step.request, scope, &made, connection, stream)
            .await?;
        if sent.reply.streamed.is_some() {
            return Ok(Asked::File(Box::new(sent)));
        }
        let rule = rule_of(call);
        let answer = Answer::of(&rule, step.request.kind, scope, &sent);
        match answer.is_success().await {
            Ok(true) => {}
            Ok(false) => {
                let shaped = answer.refusal().await;
                return Ok(refused(answer, shaped, &sent));
            }
            Err(cause) => {
                let shaped = response::unreadable(&cause);
                return Ok(refused(answer, shaped, &sent));
            }
        }
        if let Some(until) = &step.until {
            let is_done = scope.read("until", until, &answer.input()).await;
            if is_done.is_ok_and(|done| is_true(&done)) {
                return Ok(Asked::Answered(answer.into_value(), Box::new(sent)));
            }
            let rest = Duration::from_secs(step.every_s);
            let end = call.recording.limited_from() + time_limit(call.app, call.tool);
            if tries >= step.max_tries || Instant::now() + rest >= end {
                let shaped = response::unreachable(&format!(
                    "step {} was not done after {tries} tries",
                    step.id
                ));
                return Ok(refused(answer, shaped, &sent));
            }
            sleep(rest).await;
            continue;
        }
        let Some(pages) = &mut pages else {
            return Ok(Asked::Answered(answer.into_value(), Box::new(sent)));
        };
        let mut value = answer.into_value();
        let goes_on = pages.take(&mut value, &mut made, scope, &sent.url).await?;
        if !goes_on {
            return Ok(Asked::Answered(value, Box::new(sent)));
        }
    }
}

fn refused(answer: Answer<'_>, shaped: Shaped, sent: &Sent) -> Asked {
    let outcome = Outcome::of(shaped, sent);
    Asked::Refused(answer.into_value(), Box::new(outcome))
}

/// By which a step's answer is a success: the toolkit's, since the tool's is about its result.
fn rule_of(call: &Call<'_>) -> ResponseRule {
    let toolkit = &call.tool.toolkit.manifest.response;
    let own = &call.tool.manifest.response;
    ResponseRule {
        ok_statuses: own
            .ok_statuses
            .clone()
            .or_else(|| toolkit.ok_statuses.clone()),
        error: own.error.clone().or_else(|| toolkit.error.clone()),
        ok: toolkit.ok.clone(),
        ..ResponseRule::default()
    }
}

async fn file(call: &Call<'_>, scope: &Scope, sent: &Sent) -> Result<Outcome> {
    let (app, context, kind) = (call.app, call.context, RequestKind::Http);
    let shaped = files::shape(app, context, call.tool, kind, scope, sent).await?;
    Ok(Outcome::of(shaped, sent))
}

/// The result of a tool whose steps are done.
async fn finish(
    call: &Call<'_>,
    scope: &Scope,
    last: Option<(Value, Option<Box<Sent>>, &StepManifest)>,
) -> Result<Outcome> {
    let own = &call.tool.manifest.response;
    let (value, sent, kind) = match last {
        Some((value, sent, step)) => (value, sent, step.request.kind),
        None => (Value::Null, None, RequestKind::default()),
    };
    let url = sent
        .as_ref()
        .map_or_else(String::new, |sent| sent.url.clone());
    // The steps were successes; what is left is the tool's own word on its result.
    let rule = ResponseRule {
        ok: own.ok.clone().or_else(|| Some(Expression::new("true"))),
        ..call.tool.response.clone()
    };
    let value = match value {
        Value::Array(answers) => {
            let bodies = answers.into_iter().map(|mut answer| answer["body"].take());
            json!({ "status": 200, "headers": {}, "body": bodies.collect::<Vec<_>>() })
        }
        Value::Null => json!({ "status": 200, "headers": {}, "body": Map::new() }),
        answer => answer,
    };
    let answer = Answer::of_value(&rule, kind, scope, value, url);
    let shaped = match answer.outcome().await {
        Some(shaped) => shaped,
        None => Shaped {
            data: Map::new(),
            error: None,
        },
    };
    let none = Redactor::default();
    let redactor = sent.as_ref().map_or(&none, |sent| &sent.redactor);
    let (app, context) = (call.app, call.context);
    let shaped = files::take_out(app, context, call.tool, scope, redactor, shaped).await?;
    Ok(match sent {
        Some(sent) => Outcome::of(shaped, &sent),
        None => Outcome::plain(shaped),
    })
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}
