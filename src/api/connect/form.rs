//! The form of a link: what is asked of the person, field by field.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::Response;

use super::form_guard::{self, FormGuard};
use super::input::{Control, Input};
use super::page::{Frame, Tone, render};
use super::scopes::{ScopeGroup, group};
use crate::accounts::connect::{AskedChoice, Former, LinkPage, Notice, Scene};
use crate::error::Result;

/// More permissions than this are folded, so that the button stays in reach.
const MOST_OPEN_SCOPES: usize = 10;

#[derive(Template)]
#[template(path = "connect/form.html")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    form: Form<'a>,
}

struct Form<'a> {
    heading: &'a str,
    lead: String,
    summary: &'static str,
    problems: Vec<Problem>,
    scopes_title: String,
    scopes: Vec<ScopeGroup>,
    scope_count: usize,
    are_scopes_many: bool,
    asked: Vec<Input<'a>>,
    held: Vec<Input<'a>>,
    is_held_open: bool,
    guard_name: &'static str,
    guard: String,
    button: String,
    note: String,
    minutes: String,
}

/// A line of the summary of what is wrong.
struct Problem {
    text: String,
    /// The field that it is about.
    target: Option<String>,
}

/// The page of a link.
pub(super) fn answer(link: LinkPage, guard: &FormGuard, token: &str) -> Result<Response> {
    let LinkPage {
        scene,
        choice,
        continues_at_provider,
        provider_host,
        scopes,
        fields,
        notice,
        minutes_left,
    } = link;
    let (held, mut asked): (Vec<Input<'_>>, Vec<Input<'_>>) = fields
        .iter()
        .map(Input::new)
        .partition(|input| input.is_held && input.problem.is_none());
    blame(&mut asked, notice.as_ref(), &scene);
    let problems = problems(&asked, notice.as_ref(), &scene);
    let status = status(&problems, notice.as_ref());
    let heading = heading(&scene, choice.as_ref());
    let title = if problems.is_empty() {
        heading.clone()
    } else {
        format!("Error: {heading}")
    };
    let frame = Frame::new(&title, Tone::Calm, Some(&scene));
    let toolkit = &scene.toolkit_name;
    let form = Form {
        heading: &heading,
        lead: match &choice {
            Some(choice) => lead_to_choice(&scene, choice),
            None => lead(&scene, continues_at_provider, asked.is_empty()),
        },
        summary: if notice.is_some() {
            "This did not work yet"
        } else {
            "Please check what you filled in"
        },
        problems,
        scopes_title: format!("{toolkit} will ask you to allow"),
        scope_count: scopes.len(),
        are_scopes_many: scopes.len() > MOST_OPEN_SCOPES,
        scopes: group(&scopes),
        is_held_open: asked.is_empty() && notice.is_some(),
        asked,
        held,
        guard_name: form_guard::FIELD,
        guard: guard.value(token),
        button: match &choice {
            Some(AskedChoice { what, .. }) => format!("Use this {what}"),
            None if continues_at_provider => format!("Continue to {toolkit}"),
            None => format!("Connect {toolkit}"),
        },
        note: match &choice {
            Some(AskedChoice { what, .. }) => {
                format!("The connection is used for this {what} alone.")
            }
            None => note(&scene, continues_at_provider, provider_host.as_deref()),
        },
        minutes: minutes(minutes_left),
    };
    let page = Page {
        frame: &frame,
        form,
    };
    let mut response = render(status, &frame, &page)?;
    response
        .headers_mut()
        .insert(header::SET_COOKIE, guard.cookie()?);
    Ok(response)
}

fn heading(scene: &Scene, choice: Option<&AskedChoice>) -> String {
    let toolkit = &scene.toolkit_name;
    match (choice, &scene.app_name) {
        (Some(AskedChoice { what, .. }), _) => format!("Which {toolkit} {what}?"),
        (None, Some(app)) => format!("Connect {toolkit} to {app}"),
        (None, None) => format!("Connect {toolkit}"),
    }
}

fn lead(scene: &Scene, continues_at_provider: bool, asks_nothing: bool) -> String {
    let toolkit = &scene.toolkit_name;
    let app = scene.app_name.as_deref();
    let app = app.unwrap_or("The application that sent you here");
    match (continues_at_provider, asks_nothing) {
        (true, true) => format!(
            "{app} would like to use your {toolkit} account. Next, you sign in at {toolkit} and \
             decide there."
        ),
        (true, false) => format!(
            "{app} would like to use your {toolkit} account. Fill in where it is; then you sign in \
             at {toolkit} and decide there."
        ),
        (false, true) => format!("{app} would like to use your {toolkit} account."),
        (false, false) => format!(
            "{app} would like to use your {toolkit} account. Fill in the details to allow it."
        ),
    }
}

fn lead_to_choice(scene: &Scene, choice: &AskedChoice) -> String {
    let toolkit = &scene.toolkit_name;
    let app = scene.app_name.as_deref().unwrap_or("the application");
    let AskedChoice { what, former } = choice;
    match former {
        Former::None => format!(
            "You allowed {app} to use {toolkit}, and you have more than one {what} there. Choose the \
             one it is meant for."
        ),
        Former::Is(label) => format!(
            "So far, {app} uses {toolkit} for {label}. Keep it that way, or choose another {what}."
        ),
        Former::OutOfReach => format!(
            "What you allowed does not reach the {what} that {app} used before. Choose another one, \
             or cancel if you want no other."
        ),
    }
}

fn note(scene: &Scene, continues_at_provider: bool, provider_host: Option<&str>) -> String {
    let toolkit = &scene.toolkit_name;
    match (continues_at_provider, provider_host) {
        (true, Some(host)) => {
            format!("You sign in at {host}. Nobody else sees your {toolkit} password.")
        }
        (true, None) => format!("Nobody but {toolkit} sees your password."),
        (false, _) => {
            format!("What you enter is stored encrypted and sent to {toolkit} only.")
        }
    }
}

fn minutes(left: i64) -> String {
    match left {
        ..=1 => "minute".into(),
        left => format!("{left} minutes"),
    }
}

/// Puts a refusal beside the field that it most likely is about.
fn blame(asked: &mut [Input<'_>], notice: Option<&Notice>, scene: &Scene) {
    let Some(notice @ Notice::Refused(_)) = notice else {
        return;
    };
    let secret = asked.iter().position(|input| input.is_secret);
    if let Some(input) = asked.get_mut(secret.unwrap_or_default()) {
        input.problem = Some(sentence(notice, scene));
    }
}

fn problems(asked: &[Input<'_>], notice: Option<&Notice>, scene: &Scene) -> Vec<Problem> {
    let of_field = |input: &Input<'_>| {
        input.problem.as_ref().map(|text| Problem {
            text: text.clone(),
            target: Some(input.id.clone()),
        })
    };
    let mut problems: Vec<Problem> = asked.iter().filter_map(of_field).collect();
    if let Some(notice) = notice
        && problems.is_empty()
    {
        problems.push(Problem {
            text: sentence(notice, scene),
            target: None,
        });
    }
    problems
}

fn sentence(notice: &Notice, scene: &Scene) -> String {
    let toolkit = &scene.toolkit_name;
    match notice {
        Notice::Refused(None) => format!(
            "{toolkit} did not accept what you entered. Check that it is complete, still valid and \
             meant for this service."
        ),
        Notice::Refused(Some(reason)) => {
            format!("{toolkit} did not accept what you entered: {reason}.")
        }
        Notice::Unreachable => {
            format!("{toolkit} could not be reached. Nothing is lost: wait a moment and try again.")
        }
        Notice::Foreign => {
            "Your browser did not confirm that this form came from this page. Allow \
             cookies for this site and press the button again."
                .into()
        }
    }
}

fn status(problems: &[Problem], notice: Option<&Notice>) -> StatusCode {
    match notice {
        Some(Notice::Unreachable) => StatusCode::BAD_GATEWAY,
        Some(Notice::Foreign) => StatusCode::FORBIDDEN,
        None if problems.is_empty() => StatusCode::OK,
        Some(Notice::Refused(_)) | None => StatusCode::UNPROCESSABLE_ENTITY,
    }
}
