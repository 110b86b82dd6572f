//! One call of a tool on its way: what all of its requests share, and how each of them is sent.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderMap;
use serde_json::Value;

use super::attempts::{self, Sent};
use super::connection::Connection;
use super::files::{self, Attachments};
use super::recording::Recording;
use super::request::{self, Evaluated, Parts};
use super::response::{self, Shaped};
use super::scope::Scope;
use super::{CallContext, limit, mcp, retry, steps, time_limit};
use crate::app::App;
use crate::catalog::Tool;
use crate::catalog::manifest::{RequestKind, RequestManifest};
use crate::error::{Error, Result};
use crate::outbound::{OutboundRequest, StreamAnswer};

/// Requests that one tool makes, however its steps repeat.
const MOST_REQUESTS: usize = 200;
/// How many answers of the largest size the steps of a tool may bring together.
const MOST_ANSWERS: usize = 4;

/// What the requests of a call share.
pub(super) struct Call<'a> {
    pub(super) app: &'a App,
    pub(super) context: &'a CallContext,
    pub(super) tool: &'a Tool,
    pub(super) attached: &'a Attachments,
    pub(super) recording: &'a Recording,
    sent: AtomicUsize,
    bytes: AtomicUsize,
}

/// What came of a call, with the last answer's status and headers.
pub(super) struct Outcome {
    pub(super) shaped: Shaped,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
}

impl Outcome {
    pub(super) fn of(shaped: Shaped, sent: &Sent) -> Self {
        Self {
            shaped,
            status: sent.reply.status,
            headers: sent.reply.headers.clone(),
        }
    }

    /// Of a call whose last answer says nothing more.
    pub(super) fn plain(shaped: Shaped) -> Self {
        Self {
            shaped,
            status: 0,
            headers: HeaderMap::new(),
        }
    }
}

impl<'a> Call<'a> {
    pub(super) const fn new(
        app: &'a App,
        context: &'a CallContext,
        tool: &'a Tool,
        attached: &'a Attachments,
        recording: &'a Recording,
    ) -> Self {
        Self {
            app,
            context,
            tool,
            attached,
            recording,
            sent: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
        }
    }

    /// Makes the tool's requests, and its result of their answers.
    ///
    /// # Errors
    /// What [`Self::send`] returns, and what files return.
    pub(super) async fn run(&self, scope: Scope, connection: &mut Connection) -> Result<Outcome> {
        let manifest = &self.tool.manifest;
        let Some(request) = &manifest.request else {
            if manifest.steps.is_empty() {
                return self.local(&scope).await.map(Outcome::plain);
            }
            return Box::pin(steps::run(self, scope, connection)).await;
        };
        let made = Evaluated::of(request, "request", &scope).await?;
        let stream = files::streamed(&self.tool.response);
        let sent = self
            .send(request, &scope, &made, connection, stream)
            .await?;
        let sent = files::upload(
            self.app,
            self.tool,
            request,
            connection,
            self.attached,
            sent,
            self.recording,
        )
        .await?;
        let shaped = files::shape(
            self.app,
            self.context,
            self.tool,
            request.kind,
            &scope,
            &sent,
        )
        .await?;
        Ok(Outcome::of(shaped, &sent))
    }

    /// Of a tool that asks nobody.
    async fn local(&self, scope: &Scope) -> Result<Shaped> {
        let rule = &self.tool.response;
        let data = match &rule.data {
            Some(data) => scope.make("response.data", data).await?,
            None => Value::Null,
        };
        Ok(Shaped {
            data: response::pruned(rule, response::object_of(data)),
            error: None,
        })
    }

    /// Sends one request, as often as it may and need be.
    ///
    /// # Errors
    /// [`Error::Invalid`] when an argument cannot stand where it goes; [`Error::Upstream`] when the
    /// service does not answer, the tool asks too often, or its answers become too many.
    pub(super) async fn send(
        &self,
        request: &RequestManifest,
        scope: &Scope,
        made: &Evaluated,
        connection: &mut Connection,
        stream: StreamAnswer,
    ) -> Result<Sent> {
        let parts = Parts {
            tool: &self.tool.manifest,
            default_headers: &self.tool.toolkit.manifest.default_headers,
            request,
            scope,
            made,
            files: self.attached,
        };
        if request.kind == RequestKind::Mcp {
            return Box::pin(mcp::send(self, parts, connection)).await;
        }
        let build = |connection: &Connection| {
            let mut request = self.build(parts, connection)?;
            request.stream_answer = stream;
            Ok(request)
        };
        let repeatable = retry::is_repeatable_request(self.tool, request);
        self.send_built(connection, build, repeatable).await
    }

    /// Sends what `build` makes, which is one of the tool's requests.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(super) async fn send_built(
        &self,
        connection: &mut Connection,
        build: impl Fn(&Connection) -> Result<OutboundRequest>,
        repeatable: bool,
    ) -> Result<Sent> {
        let slug = &self.tool.manifest.slug;
        if self.sent.fetch_add(1, Ordering::Relaxed) >= MOST_REQUESTS {
            return Err(Error::upstream(format!(
                "{slug} would make more than {MOST_REQUESTS} requests"
            )));
        }
        let sent = attempts::send(self.app, connection, build, repeatable, self.recording).await?;
        let length = sent.reply.body.len();
        let before = self.bytes.fetch_add(length, Ordering::Relaxed);
        let most = self
            .app
            .config
            .max_upstream_bytes
            .saturating_mul(MOST_ANSWERS);
        if before.saturating_add(length) > most {
            return Err(Error::upstream(format!(
                "the answers to {slug} have more than {most} bytes together"
            )));
        }
        Ok(sent)
    }

    /// Whether a service may have acted already.
    pub(super) fn has_sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed) > 0
    }

    /// One request with its credential.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(super) fn build(
        &self,
        parts: Parts<'_>,
        connection: &Connection,
    ) -> Result<OutboundRequest> {
        let base = connection.base_url(parts.request.server.as_deref())?;
        let mut request = request::build(parts, &base)?;
        // What an answer told as an address is held against the toolkit's hosts.
        if parts.made.has_url() && !connection.hosts().permits(&request.url) {
            let origin = request.url.origin().ascii_serialization();
            return Err(Error::upstream(format!(
                "{} is led to {origin}, which is not one of its hosts",
                parts.tool.slug
            )));
        }
        limit(self.app, &mut request);
        request.timeout = time_limit(self.app, self.tool);
        connection.authorize(&mut request)?;
        parts.files.fill(parts.request, &mut request);
        Ok(request)
    }
}
