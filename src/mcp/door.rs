//! The HTTP of it: what is asked of a request before its messages are read, and how they are answered.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request as HttpRequest, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::accept::{Accepted, check_content};
use super::fault::Fault;
use super::message::{Message, Request, Sent};
use super::methods::carry_out;
use super::opened::{Opened, Place, open};
use super::progress::Progress;
use super::revision::Revision;
use super::{batch, cancel, origin, stream};
use crate::app::App;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// Messages of a client at an MCP server.
#[expect(
    clippy::disallowed_types,
    reason = "of `api`, which calls this module; a text is always read"
)]
pub(super) async fn post_to_server(
    State(app): State<App>,
    axum::extract::Path(server): axum::extract::Path<String>,
    request: HttpRequest,
) -> Response {
    post(&app, Place::Server(server.into()), request).await
}

/// Messages of a client at a session.
#[expect(
    clippy::disallowed_types,
    reason = "of `api`, which calls this module; a text is always read"
)]
pub(super) async fn post_to_session(
    State(app): State<App>,
    axum::extract::Path(session): axum::extract::Path<String>,
    request: HttpRequest,
) -> Response {
    post(&app, Place::Session(session.into()), request).await
}

async fn post(app: &App, place: Place, request: HttpRequest) -> Response {
    let answered = hear(app, &place, request).await;
    answered.unwrap_or_else(|(id, fault)| fault.answer(&id))
}

/// No stream without a request is offered here, and no session is kept that could be ended.
pub(super) async fn other_method() -> Response {
    let message = "send messages with POST; there is nothing to listen to and no session to end";
    let mut response = Fault::http(StatusCode::METHOD_NOT_ALLOWED, message).answer(&Value::Null);
    let allowed = HeaderValue::from_static("POST");
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}

type Refused = (Value, Fault);

async fn hear(app: &App, place: &Place, request: HttpRequest) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    let (opened, accepted) = enter(app, place, &parts)
        .await
        .map_err(|fault| (Value::Null, fault))?;
    let request = HttpRequest::from_parts(parts.clone(), body);
    let body = Bytes::from_request(request, &()).await.map_err(|refused| {
        let status = refused.into_response().status();
        (
            Value::Null,
            Fault::http(status, "the body is too large or was cut off"),
        )
    })?;
    match Sent::read(&body).map_err(|fault| (Value::Null, fault))? {
        Sent::One(Message::Request(request)) => {
            answer(app, &parts, accepted, opened, request).await
        }
        Sent::One(Message::Notification(notice)) => {
            let heard = async {
                Revision::of_headers(&parts.headers)?;
                Ok::<_, Fault>(cancel::heard(app, &opened, &notice).await?)
            };
            heard.await.map_err(|fault| (Value::Null, fault))?;
            Ok(StatusCode::ACCEPTED.into_response())
        }
        Sent::One(Message::Answer) => Ok(StatusCode::ACCEPTED.into_response()),
        Sent::Several(messages) => {
            let revision = Revision::of_headers(&parts.headers).and_then(|revision| {
                if revision.has_batches() {
                    return Ok(revision);
                }
                Err(Fault::no_message(
                    "this revision has one message in a request",
                ))
            });
            let revision = revision.map_err(|fault| (Value::Null, fault))?;
            Ok(batch::answer(app, &opened, revision, messages).await)
        }
    }
}

/// What is looked at before the body.
async fn enter(app: &App, place: &Place, parts: &Parts) -> Result<(Opened, Accepted), Fault> {
    origin::check(app, &parts.headers)?;
    let opened = open(app, place, parts).await?;
    check_content(&parts.headers)?;
    Ok((opened, Accepted::of(&parts.headers)?))
}

async fn answer(
    app: &App,
    parts: &Parts,
    accepted: Accepted,
    opened: Opened,
    request: Request,
) -> Result<Response, Refused> {
    let is_beginning = request.method == "initialize";
    let revision = if is_beginning {
        Revision::V2025_03_26
    } else {
        Revision::of(&parts.headers, &request).map_err(|fault| (request.id.clone(), fault))?
    };
    // A call may take minutes, in which a stream is kept alive; the rest is answered at once.
    let streams = accepted.events && (request.method == "tools/call" || !accepted.json);
    if streams {
        return Ok(stream::answer(app.clone(), opened, revision, request));
    }
    let progress = Progress::default();
    let message = carry_out(app, &opened, revision, &request, &progress).await;
    let message = message.map_err(|fault| (request.id.clone(), fault))?;
    let Some(message) = message else {
        // Given up: nobody waits for it.
        return Ok(StatusCode::ACCEPTED.into_response());
    };
    let mut response = ([(header::CONTENT_TYPE, "application/json")], message).into_response();
    if is_beginning && let Ok(session) = HeaderValue::from_str(&cancel::new_session()) {
        response.headers_mut().insert(SESSION, session);
    }
    Ok(response)
}
