//! Pages that ask for nothing: how it ended, where it goes on, and what a person can do.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use url::Url;

use super::page::{Frame, Tone, go_on, redirect, render};
use crate::accounts::connect::{Closed, Closing, Finish, Scene};
use crate::error::{Error, Result};

#[derive(Template)]
#[template(path = "connect/message.html")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    message: Message,
}

struct Message {
    /// In a word or two.
    state: &'static str,
    heading: String,
    text: String,
    /// Somebody else's words.
    reason: Option<String>,
    way: Option<Way>,
}

/// Where the person goes from here.
struct Way {
    url: String,
    label: String,
}

/// How a connection failed, as far as it matters to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The person said no, here.
    Cancelled,
    /// The person said no at the provider.
    Declined,
    /// Anything else.
    Broken,
}

/// The page that leads on to the provider.
pub(super) fn to_provider(url: &Url, scene: &Scene) -> Result<Response> {
    let toolkit = &scene.toolkit_name;
    let message = Message {
        state: "One moment",
        heading: format!("Taking you to {toolkit}"),
        text: format!("If nothing happens, go on to {toolkit} yourself."),
        reason: None,
        way: Some(Way {
            url: url.to_string(),
            label: format!("Continue to {toolkit}"),
        }),
    };
    go_on(
        answer(StatusCode::OK, Tone::Calm, message, Some(scene))?,
        url,
    )
}

/// The end of a connection that came by a form.
pub(super) fn finished_here(finish: &Finish, scene: &Scene) -> Result<Response> {
    // The only way to fail in front of a form is to press its other button.
    let page = end(finish, scene, Failure::Cancelled)?;
    match finish.redirect() {
        Some(url) => go_on(page, &url),
        None => Ok(page),
    }
}

/// The end of a connection that came back from the provider.
pub(super) fn finished_elsewhere(
    finish: &Finish,
    scene: &Scene,
    failure: Failure,
) -> Result<Response> {
    match finish.redirect() {
        Some(url) => redirect(&url),
        None => end(finish, scene, failure),
    }
}

fn end(finish: &Finish, scene: &Scene, failure: Failure) -> Result<Response> {
    let toolkit = &scene.toolkit_name;
    let (app, way) = (app(scene), way_back(finish, scene));
    let Some(reason) = &finish.failure else {
        let next = next(way.as_ref());
        let message = Message {
            state: "Connected",
            heading: format!("{toolkit} is connected"),
            text: format!("{} can use {toolkit} for you now. {next}", subject(scene)),
            reason: None,
            way,
        };
        return answer(StatusCode::OK, Tone::Good, message, Some(scene));
    };
    // Who said no here needs no details of that.
    let details = match failure {
        Failure::Cancelled => None,
        Failure::Declined | Failure::Broken => Some(presentable(reason)),
    };
    if finish.goes_on {
        let next = next(way.as_ref());
        let message = Message {
            state: "Nothing changed",
            heading: format!("{toolkit} stays connected as it was"),
            text: format!(
                "{} can use {toolkit} for you as before. {next}",
                subject(scene)
            ),
            reason: details,
            way,
        };
        return answer(StatusCode::BAD_REQUEST, Tone::Calm, message, Some(scene));
    }
    let (heading, text) = match failure {
        Failure::Cancelled | Failure::Declined => (
            format!("{toolkit} was not connected"),
            format!(
                "You did not allow it, so {app} has no access. If you change your mind, go back \
                 there and begin again; otherwise you can close this window."
            ),
        ),
        Failure::Broken => (
            format!("{toolkit} could not be connected"),
            format!(
                "Nothing was shared with {app}. Go back there and begin again; if it fails once \
                 more, show these details to whoever runs it."
            ),
        ),
    };
    let message = Message {
        state: "Not connected",
        heading,
        text,
        reason: details,
        way,
    };
    answer(StatusCode::BAD_REQUEST, Tone::Bad, message, Some(scene))
}

/// A link that is good no longer.
pub(super) fn closed(closed: &Closed) -> Result<Response> {
    let Closed { why, scene, finish } = closed;
    let toolkit = &scene.toolkit_name;
    let (app, way) = (app(scene), way_back(finish, scene));
    let is_connected = finish.failure.is_none();
    let (tone, state, heading, text) = match why {
        Closing::Used if is_connected => (
            Tone::Good,
            "Link used",
            format!("{toolkit} is connected already"),
            format!(
                "{} can use {toolkit} for you, and there is nothing left to do. A link works once.",
                subject(scene)
            ),
        ),
        Closing::Used => (
            Tone::Bad,
            "Link used",
            "This link was used already".to_owned(),
            format!("It works once. To connect {toolkit}, go back to {app} and ask for a new one."),
        ),
        Closing::Late => (
            Tone::Bad,
            "Link expired",
            "This link has expired".to_owned(),
            format!(
                "Links work for a few minutes only. To connect {toolkit}, go back to {app} and \
                 ask for a new one."
            ),
        ),
        Closing::Off => (
            Tone::Bad,
            "Switched off",
            format!("{toolkit} cannot be connected at the moment"),
            format!("This connection is switched off. Ask whoever runs {app} about it."),
        ),
    };
    let message = Message {
        state,
        heading,
        text,
        reason: None,
        way,
    };
    answer(StatusCode::GONE, tone, message, Some(scene))
}

/// A failure that a person in front of a browser can read. What is our own fault goes to the log
/// with the answer.
pub(super) fn failed(error: Error) -> Response {
    let shown = error.shown();
    let status = StatusCode::from_u16(shown.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let message = match &error {
        Error::NotFound { .. } => Message {
            state: "Not found",
            heading: "This link is not known here".into(),
            text: "Perhaps a part of it got lost on the way, or it is very old. Go back to where \
                   you found it and ask for a new one."
                .into(),
            reason: None,
            way: None,
        },
        _ if status.is_server_error() => Message {
            state: "Our fault",
            heading: "Something went wrong here".into(),
            text: "It is not your fault, and nothing was connected. Please try again in a moment."
                .into(),
            reason: None,
            way: None,
        },
        _ => Message {
            state: "Not connected",
            heading: "This did not work".into(),
            text: "Go back to where you began and connect again.".into(),
            reason: Some(presentable(&error.to_string())),
            way: None,
        },
    };
    match answer(status, Tone::Bad, message, None) {
        Ok(mut response) => {
            response.extensions_mut().insert(error);
            response
        }
        Err(error) => error.into_response(),
    }
}

fn answer(
    status: StatusCode,
    tone: Tone,
    message: Message,
    scene: Option<&Scene>,
) -> Result<Response> {
    let frame = Frame::new(&message.heading, tone, scene);
    let page = Page {
        frame: &frame,
        message,
    };
    render(status, &frame, &page)
}

fn app(scene: &Scene) -> &str {
    scene.app_name.as_deref().unwrap_or("the application")
}

/// At the beginning of a sentence.
fn subject(scene: &Scene) -> &str {
    scene.app_name.as_deref().unwrap_or("The application")
}

fn way_back(finish: &Finish, scene: &Scene) -> Option<Way> {
    finish.redirect().map(|url| Way {
        url: url.into(),
        label: format!("Go back to {}", app(scene)),
    })
}

const fn next(way: Option<&Way>) -> &'static str {
    match way {
        Some(_) => "You are being taken back.",
        None => "You are done here and can close this window.",
    }
}

/// As a sentence: with a capital and a full stop.
pub(super) fn presentable(reason: &str) -> String {
    let mut letters = reason.trim().chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let text: String = first.to_uppercase().chain(letters).collect();
    if text.ends_with(['.', '!', '?']) {
        text
    } else {
        format!("{text}.")
    }
}
