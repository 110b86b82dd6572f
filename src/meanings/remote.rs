//! An OpenAI-compatible `POST /embeddings`. It is sent texts of tools and of queries, and nothing else.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::app::App;
use crate::embeddings::RemoteModel;
use crate::error::{Error, Result};
use crate::outbound::{AllowedHosts, OutboundReply, OutboundRequest};

/// A batch of long vectors, written out.
const LARGEST_ANSWER: usize = 32 * 1024 * 1024;

#[derive(Deserialize)]
struct Answer {
    data: Vec<Embedded>,
}

#[derive(Deserialize)]
struct Embedded {
    index: usize,
    embedding: Vec<f32>,
}

/// The vectors of texts, as they come.
pub(super) async fn embed(
    app: &App,
    model: &RemoteModel,
    texts: &[String],
    deadline: Instant,
) -> Result<Vec<Vec<f32>>> {
    let mut request = OutboundRequest::new(Method::POST, model.url.clone());
    request.body = serde_json::to_vec(&json!({ "model": model.name, "input": texts }))?.into();
    let json = HeaderValue::from_static("application/json");
    request.headers.insert(CONTENT_TYPE, json);
    if let Some(value) = &model.authorization {
        let headers = &mut request.credential_headers;
        headers.insert(AUTHORIZATION, value.clone());
    }
    request.credential_hosts = AllowedHosts::of_url(&model.url);
    request.timeout = deadline.saturating_duration_since(Instant::now());
    request.deadline = Some(deadline);
    request.max_bytes = LARGEST_ANSWER;
    request.max_redirects = 0;
    read(&send(app, request, deadline).await?)
}

/// In a place at its host, like any other upstream; a host that keeps failing is left alone.
async fn send(app: &App, request: OutboundRequest, deadline: Instant) -> Result<OutboundReply> {
    let origin = request.url.origin().ascii_serialization();
    let now = || app.clock.now();
    let pass = app.upstreams.enter(&origin, None, deadline, now).await?;
    let outcome = Box::pin(app.outbound.attempt(request)).await;
    let is_down = outcome.as_ref().map_or(true, |reply| reply.status >= 502);
    pass.settle(is_down, now());
    outcome.map_err(|failure| failed(&failure.error.to_string()))
}

fn failed(what: &str) -> Error {
    Error::Upstream {
        message: format!("the embedding model: {what}"),
        timed_out: false,
    }
}

/// Reads an answer. What a server says of a failure may quote the texts, so only its status is told.
fn read(reply: &OutboundReply) -> Result<Vec<Vec<f32>>> {
    if !(200..300).contains(&reply.status) {
        return Err(failed(&format!("it answered {}", reply.status)));
    }
    let answer: Answer = serde_json::from_slice(&reply.body)
        .map_err(|_| failed("it answered what no list of embeddings is"))?;
    let mut data = answer.data;
    data.sort_by_key(|embedded| embedded.index);
    Ok(data.into_iter().map(|one| one.embedding).collect())
}
