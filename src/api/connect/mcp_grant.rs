//! The page where a person lets an MCP client use one URL, and what goes back to the client (RFC 6749
//! section 4.1, RFC 9207).

use std::collections::HashMap;

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use url::Url;

use super::form_guard::{self, FormGuard, is_own_form};
use super::message;
use super::page::{Frame, Tone, go_on, redirect, render};
use crate::app::App;
use crate::error::{Error, Result};
use crate::mcp_grants::{
    self, Approval, AuthorizationRequest, Client, OAuthError, Owner, approve, check_client,
};

type Fields = HashMap<String, String>;

#[derive(Template)]
#[template(path = "connect/mcp_grant.html")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    client: &'a str,
    /// Where the code goes.
    host: String,
    what: String,
    owner: Owner,
    query: &'a str,
    guard_name: &'static str,
    guard: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "connect/mcp_granted.html")]
struct Granted<'a> {
    frame: &'a Frame<'a>,
    client: &'a str,
    is_allowed: bool,
    url: &'a str,
}

/// An authorization request that may be shown, or whose error may be sent back.
struct Asked {
    client: Client,
    state: Option<String>,
    approval: Result<Approval, OAuthError>,
}

impl Asked {
    fn read(app: &App, uri: &Uri) -> Result<Self> {
        let query = uri.query().unwrap_or_default();
        let mut fields: Fields = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        if fields.values().any(|value| value.contains('\0')) {
            return Err(Error::invalid("the address of this page is broken"));
        }
        let id = fields.remove("client_id").unwrap_or_default();
        let redirect_uri = fields.remove("redirect_uri");
        let client = check_client(app, &id, redirect_uri.as_deref())?;
        let request = AuthorizationRequest {
            response_type: fields.remove("response_type"),
            code_challenge: fields.remove("code_challenge"),
            code_challenge_method: fields.remove("code_challenge_method"),
            resource: fields.remove("resource"),
        };
        Ok(Self {
            client,
            state: fields.remove("state"),
            approval: mcp_grants::check_request(app, request),
        })
    }

    /// The client's address with these parameters, its state, and who we are.
    fn back(&self, app: &App, parameters: &[(&str, &str)]) -> Url {
        let mut url = self.client.redirect_uri.clone();
        let mut query = url.query_pairs_mut();
        query.extend_pairs(parameters);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &app.config.public_base());
        drop(query);
        url
    }
}

pub(super) async fn show(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    let page = async {
        let asked = Asked::read(&app, &uri)?;
        match &asked.approval {
            Ok(approval) => form(&app, &uri, &headers, &asked, approval, None).await,
            Err(OAuthError { code, description }) => {
                let parameters = [("error", *code), ("error_description", description)];
                redirect(&asked.back(&app, &parameters))
            }
        }
    };
    page.await.unwrap_or_else(message::failed)
}

pub(super) async fn submit(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let page = async {
        let asked = Asked::read(&app, &uri)?;
        let Ok(approval) = &asked.approval else {
            return Err(Error::invalid("the address of this page is broken"));
        };
        let mut sent: Fields = url::form_urlencoded::parse(&body).into_owned().collect();
        let guard = sent.remove(form_guard::FIELD).unwrap_or_default();
        let query = uri.query().unwrap_or_default();
        if !is_own_form(&headers, is_secure(&app), query, &guard) {
            let problem = "This page was open for too long, or not in this browser. Try again.";
            let problem = Some(problem.into());
            return form(&app, &uri, &headers, &asked, approval, problem).await;
        }
        if sent.get("decision").map(String::as_str) != Some("allow") {
            let words = "the person did not allow it";
            let parameters = [("error", "access_denied"), ("error_description", words)];
            return granted(&asked, false, &asked.back(&app, &parameters));
        }
        let key = sent.remove("api_key").unwrap_or_default();
        match approve(&app, &asked.client, approval, key.trim()).await {
            Ok(code) => granted(&asked, true, &asked.back(&app, &[("code", &code)])),
            Err(error @ (Error::Unauthorized(_) | Error::RateLimited { .. })) => {
                let problem = message::presentable(&error.to_string());
                form(&app, &uri, &headers, &asked, approval, Some(problem)).await
            }
            Err(error) => Err(error),
        }
    };
    page.await.unwrap_or_else(message::failed)
}

async fn form(
    app: &App,
    uri: &Uri,
    headers: &HeaderMap,
    asked: &Asked,
    approval: &Approval,
    problem: Option<String>,
) -> Result<Response> {
    let owner = approval.place.owner(app).await?;
    let client = &asked.client.name;
    let query = uri.query().unwrap_or_default();
    let guard = FormGuard::of(headers, is_secure(app));
    let title = match problem {
        None => format!("Allow {client}"),
        Some(_) => format!("Error: Allow {client}"),
    };
    let status = match problem {
        None => StatusCode::OK,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let frame = Frame::new(&title, Tone::Calm, None);
    let uri = &asked.client.redirect_uri;
    let page = Page {
        frame: &frame,
        client,
        host: match uri.host_str() {
            Some(host) => host.to_owned(),
            None => format!("the app that opens {}: addresses", uri.scheme()),
        },
        what: approval.place.title(),
        owner,
        query,
        guard_name: form_guard::FIELD,
        guard: guard.value(query),
        problem,
    };
    let mut response = render(status, &frame, &page)?;
    let headers = response.headers_mut();
    headers.insert(header::SET_COOKIE, guard.cookie()?);
    Ok(response)
}

fn granted(asked: &Asked, is_allowed: bool, url: &Url) -> Result<Response> {
    let client = &asked.client.name;
    let (title, tone) = if is_allowed {
        (format!("{client} is allowed"), Tone::Good)
    } else {
        (format!("{client} is not allowed"), Tone::Bad)
    };
    let frame = Frame::new(&title, tone, None);
    let page = Granted {
        frame: &frame,
        client,
        is_allowed,
        url: url.as_str(),
    };
    go_on(render(StatusCode::OK, &frame, &page)?, url)
}

fn is_secure(app: &App) -> bool {
    app.config.public_base().starts_with("https:")
}
