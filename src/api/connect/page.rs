//! The pages themselves, and the headers that keep them from being framed, cached or leaked.

use std::sync::LazyLock;

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::accounts::connect::{Finish, LinkField, LinkPage};
use crate::error::{Error, Result};

const STYLE: &str = include_str!("../../../templates/connect.css");

/// Nothing but this page's own style and pictures.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src https: http: data:; \
         base-uri 'none'; frame-ancestors 'none'"
    )
});

/// With the places to which a form may lead. Browsers apply `form-action` to every redirect after
/// the form as well, so the provider and the caller are named; where the provider's host depends
/// on what is filled in, any web site.
fn policy(targets: Option<&[String]>) -> String {
    let targets = targets.map_or_else(|| "https: http:".to_owned(), |targets| targets.join(" "));
    format!("{}; form-action 'self' {targets}", *POLICY)
}

#[derive(Template)]
#[template(path = "connect_form.html")]
struct Form<'a> {
    style: &'static str,
    link: &'a LinkPage,
}

#[derive(Template)]
#[template(path = "connect_message.html")]
struct Message<'a> {
    style: &'static str,
    title: &'a str,
    text: &'a str,
    is_good: bool,
}

/// The form of a link.
pub(super) fn form(link: &LinkPage) -> Result<Response> {
    let has_problem = link.fields.iter().any(|field| field.problem.is_some());
    let status = if has_problem {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let targets = policy(link.targets.as_deref());
    render(status, &targets, &Form { style: STYLE, link })
}

/// On to another site.
pub(super) fn go_to(url: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(url) else {
        return failed(Error::internal("a URL to go to is no header value"));
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    protect(response)
}

/// The end of a connection: back to the caller's page, or a message of ours.
pub(super) fn finished(finish: &Finish) -> Response {
    if let Some(url) = finish.redirect() {
        return go_to(url.as_str());
    }
    let page = match &finish.failure {
        None => message(
            StatusCode::OK,
            &format!("{} is connected", finish.toolkit_name),
            "You can close this window and go back to where you came from.",
        ),
        Some(reason) => message(
            StatusCode::BAD_REQUEST,
            &format!("{} was not connected", finish.toolkit_name),
            &format!("{reason}. Go back to where you came from to try again."),
        ),
    };
    page.unwrap_or_else(IntoResponse::into_response)
}

/// A failure that a person in front of a browser can read. Our own faults go to the log through
/// the error's usual way.
pub(super) fn failed(error: Error) -> Response {
    let shown = error.shown();
    let status = StatusCode::from_u16(shown.status).unwrap_or(StatusCode::BAD_REQUEST);
    if status.is_server_error() {
        return error.into_response();
    }
    let text = match shown.suggested_fix {
        Some(fix) => format!("{error}. {fix}"),
        None => format!("{error}. Ask for a new link where you came from."),
    };
    message(status, "This did not work", &text).unwrap_or_else(IntoResponse::into_response)
}

fn message(status: StatusCode, title: &str, text: &str) -> Result<Response> {
    let is_good = status.is_success();
    render(
        status,
        &policy(Some(&[])),
        &Message {
            style: STYLE,
            title,
            text,
            is_good,
        },
    )
}

fn render(status: StatusCode, policy: &str, page: &impl Template) -> Result<Response> {
    let html = page
        .render()
        .map_err(|cause| Error::internal(format!("a page cannot be made: {cause}")))?;
    let policy = HeaderValue::from_str(policy)
        .map_err(|_| Error::internal("a page's policy is no header value"))?;
    let mut response = protect((status, Html(html)).into_response());
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 4] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

impl LinkField {
    /// The `type` of the input (HTML standard, section 4.10.5).
    fn input_type(&self) -> &'static str {
        match (self.field.secret, self.field.kind.as_str()) {
            (true, _) => "password",
            (false, "number") => "number",
            (false, _) => "text",
        }
    }
}
