//! Several messages in one request, which revision 2025-03-26 has.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::cancel;
use super::fault::Fault;
use super::message::Message;
use super::methods::carry_out;
use super::opened::Opened;
use super::progress::Progress;
use super::revision::Revision;
use crate::app::App;

/// Messages of one request that are carried out at a time.
const AT_A_TIME: usize = 8;

/// Answers every request among the messages, in their order; 202 where there is none.
pub(super) async fn answer(
    app: &App,
    opened: &Opened,
    revision: Revision,
    messages: Vec<Result<Message, Fault>>,
) -> Response {
    let answers = stream::iter(messages)
        .map(|message| one(app, opened, revision, message))
        .buffered(AT_A_TIME)
        .filter_map(std::future::ready);
    let answers: Vec<String> = answers.collect().await;
    if answers.is_empty() {
        return StatusCode::ACCEPTED.into_response();
    }
    let body = format!("[{}]", answers.join(","));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn one(
    app: &App,
    opened: &Opened,
    revision: Revision,
    message: Result<Message, Fault>,
) -> Option<String> {
    match message {
        Err(fault) => Some(fault.message(&Value::Null)),
        Ok(Message::Answer) => None,
        Ok(Message::Notification(notice)) => {
            cancel::heard(app, opened, &notice)
                .await
                .err()
                .map(|error| {
                    let fault = Fault::from(error);
                    fault.message(&Value::Null)
                })
        }
        Ok(Message::Request(request)) if request.method == "initialize" => {
            let fault = Fault::no_message("`initialize` must come alone");
            Some(fault.message(&request.id))
        }
        Ok(Message::Request(request)) => {
            let progress = Progress::default();
            let carried_out = carry_out(app, opened, revision, &request, &progress).await;
            carried_out.unwrap_or_else(|fault| Some(fault.message(&request.id)))
        }
    }
}
