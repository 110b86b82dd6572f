//! The only HTTP client of the product: guarded addresses, time and size limits, and credentials
//! that go to their own hosts alone.

mod failure;
mod guard;
mod hosts;
mod object_storage;
mod redirect;
mod replay;
mod reply;
mod resolve;
mod sign;
mod stream;

pub use failure::{Failure, FailureKind};
pub use hosts::AllowedHosts;
pub use object_storage::ObjectStorageClient;
pub use replay::Replay;
pub use reply::OutboundReply;
pub use sign::SignRequest;
pub use stream::{ByteStream, StreamAnswer, StreamedAnswer, StreamedBody};

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ipnet::IpNet;
use tokio::time::Instant;
use url::Url;

use crate::error::{Error, Result};
use guard::{Guard, Refused};
use resolve::GuardedResolver;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const IDLE_LIMIT: Duration = Duration::from_secs(90);
const KEEP_ALIVE: Duration = Duration::from_mins(1);
const IDLE_PER_HOST: usize = 256;
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);
const DEFAULT_MAX_BYTES: usize = 8 * 1024 * 1024;
const DEFAULT_REDIRECTS: u8 = 5;

/// The client, shared by all callers; clones share its connections.
#[derive(Debug, Clone)]
pub struct Outbound {
    http: reqwest::Client,
    guard: Guard,
    /// Answers in place of the outside.
    replay: Option<Arc<dyn Replay>>,
}

/// A request to the outside.
#[derive(Clone)]
pub struct OutboundRequest {
    /// HTTP method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers without credentials.
    pub headers: HeaderMap,
    /// Headers that carry a credential: sent to `credential_hosts` only, dropped on a redirect to
    /// any other host.
    pub credential_headers: HeaderMap,
    /// Query parameters that carry a credential, with the same rule.
    pub credential_query: Vec<(String, String)>,
    /// Makes a credential for each request of its own, redirects included, with the same rule.
    pub signer: Option<Arc<dyn SignRequest>>,
    /// Where the credential may go.
    pub credential_hosts: AllowedHosts,
    /// The body; empty for none.
    pub body: Bytes,
    /// A body that passes through; it takes the place of `body`.
    pub streamed_body: Option<StreamedBody>,
    /// Which answers pass through, without the limit of `max_bytes`.
    pub stream_answer: StreamAnswer,
    /// Limit on the whole call, redirects included.
    pub timeout: Duration,
    /// When the call ends at the latest, where it is one attempt of several that share a limit.
    pub deadline: Option<Instant>,
    /// Limit on the answer's body in bytes, after decompression.
    pub max_bytes: usize,
    /// How many redirects are followed; with none, a redirect is the answer.
    pub max_redirects: u8,
}

/// Shows where it goes, and neither its query nor what it carries.
impl std::fmt::Debug for OutboundRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {}{}",
            self.method,
            self.url.origin().ascii_serialization(),
            self.url.path()
        )
    }
}

impl OutboundRequest {
    /// A request without headers, credentials or body, with the usual limits.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            credential_headers: HeaderMap::new(),
            credential_query: Vec::new(),
            signer: None,
            credential_hosts: AllowedHosts::default(),
            body: Bytes::new(),
            streamed_body: None,
            stream_answer: StreamAnswer::Never,
            timeout: DEFAULT_TIMEOUT,
            deadline: None,
            max_bytes: DEFAULT_MAX_BYTES,
            max_redirects: DEFAULT_REDIRECTS,
        }
    }

    /// The host, for messages.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    fn has_credentials(&self) -> bool {
        !self.credential_headers.is_empty()
            || !self.credential_query.is_empty()
            || self.signer.is_some()
    }

    /// The headers that the credential fills.
    pub fn credential_header_names(&self) -> impl Iterator<Item = &HeaderName> {
        let signed = self.signer.as_ref().map(|_| &AUTHORIZATION);
        self.credential_headers.keys().chain(signed)
    }

    /// Refuses what must not even begin.
    fn check(&self) -> Result<()> {
        if !matches!(self.url.scheme(), "http" | "https") || !self.url.has_host() {
            return Err(Error::invalid("only http and https URLs can be called"));
        }
        if !self.url.username().is_empty() || self.url.password().is_some() {
            return Err(Error::invalid(
                "a URL with a user name or password cannot be called",
            ));
        }
        if self.has_credentials() && !self.credential_hosts.permits(&self.url) {
            let origin = self.url.origin().ascii_serialization();
            return Err(Error::invalid_with_fix(
                format!("the credential may not be sent to {origin}"),
                format!("It may go to: {}.", self.credential_hosts.0.join(", ")),
            ));
        }
        Ok(())
    }

    /// The request as it goes over the wire.
    fn to_wire(&self) -> Result<reqwest::Request> {
        let mut url = self.url.clone();
        url.set_fragment(None);
        if !self.credential_query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.credential_query);
        }
        let mut wire = reqwest::Request::new(self.method.clone(), url);
        *wire.headers_mut() = self.headers.clone();
        for (name, value) in &self.credential_headers {
            wire.headers_mut().insert(name, value.clone());
        }
        if let Some(signer) = &self.signer {
            let signed =
                signer.authorization(&self.method, wire.url(), &self.headers, &self.body)?;
            wire.headers_mut().insert(AUTHORIZATION, signed);
        }
        if let Some(body) = &self.streamed_body {
            if let Some(length) = body.length {
                wire.headers_mut()
                    .insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            *wire.body_mut() = Some(body.to_wire());
        } else if !self.body.is_empty() {
            *wire.body_mut() = Some(self.body.clone().into());
        } else if matches!(self.method, Method::POST | Method::PUT | Method::PATCH) {
            // Some services answer 411 to these without a length (RFC 9110 section 8.6).
            wire.headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Ok(wire)
    }
}

impl Outbound {
    /// A client that may reach public addresses and those in `allowed`.
    ///
    /// # Errors
    /// When the TLS set-up fails.
    pub fn new(allowed: &[IpNet]) -> Result<Self> {
        let guard = Guard::new(allowed);
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the client that guards addresses"
        )]
        let http = reqwest::Client::builder()
            .dns_resolver(Arc::new(GuardedResolver {
                guard: guard.clone(),
            }))
            // A proxy from the environment would resolve names where the guard cannot see.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("tenon/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            .pool_idle_timeout(IDLE_LIMIT)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .tcp_keepalive(KEEP_ALIVE)
            .build()
            .map_err(|cause| Error::internal(format!("no HTTP client: {cause}")))?;
        Ok(Self {
            http,
            guard,
            replay: None,
        })
    }

    /// The same client, which sends nothing and takes its answers from `replay`.
    #[must_use]
    pub fn with_replay(self, replay: Arc<dyn Replay>) -> Self {
        Self {
            replay: Some(replay),
            ..self
        }
    }

    /// Sends a request, follows its redirects and reads its answer whole.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the guard refuses the address or a credential would go to a host
    /// that is not its own, before anything is sent; [`Error::Upstream`] when the other side does
    /// not answer in time or within the size limit, or redirects where nobody may go.
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundReply> {
        // Boxed, since many futures hold this one.
        Box::pin(self.attempt(request)).await.map_err(Error::from)
    }

    /// As [`Self::send`], with the kind of a failure, which says whether it is worth another try.
    ///
    /// # Errors
    /// Those of [`Self::send`], with their kind.
    pub async fn attempt(&self, request: OutboundRequest) -> Result<OutboundReply, Failure> {
        request
            .check()
            .map_err(|error| Failure::new(FailureKind::Refused, error))?;
        if let Some(replay) = &self.replay {
            return replay.reply(request).await;
        }
        let limit = request.timeout;
        let host = request.host().to_owned();
        let own_end = Instant::now() + limit;
        let end = request
            .deadline
            .map_or(own_end, |deadline| deadline.min(own_end));
        match tokio::time::timeout_at(end, self.follow(request, end)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::new(
                FailureKind::TimedOut,
                Error::Upstream {
                    message: format!(
                        "{host} did not answer within {} seconds",
                        limit.as_secs_f64()
                    ),
                    timed_out: true,
                },
            )),
        }
    }

    async fn follow(
        &self,
        mut request: OutboundRequest,
        end: Instant,
    ) -> Result<OutboundReply, Failure> {
        let mut followed = 0;
        loop {
            let response = self.send_once(&request, followed > 0).await?;
            let next = match request.max_redirects {
                0 => None,
                _ => redirect::next(&request, response.status(), response.headers())
                    .map_err(|error| Failure::new(FailureKind::Unusable, error))?,
            };
            let Some(next) = next else {
                return reply::read(&request, response, end).await;
            };
            if followed == request.max_redirects {
                let error = Error::upstream(format!(
                    "{} redirected more than {followed} times",
                    request.host()
                ));
                return Err(Failure::new(FailureKind::Unusable, error));
            }
            followed += 1;
            request = next;
        }
    }

    async fn send_once(
        &self,
        request: &OutboundRequest,
        redirected: bool,
    ) -> Result<reqwest::Response, Failure> {
        self.guard
            .check_literal(&request.url)
            .map_err(|refused| refusal(&refused, redirected))?;
        let wire = request
            .to_wire()
            .map_err(|error| Failure::new(FailureKind::Refused, error))?;
        self.http
            .execute(wire)
            .await
            .map_err(|cause| explain(request, &cause, redirected))
    }
}

/// The caller's fault where the caller named the host, the upstream's where it redirected there.
fn refusal(refused: &Refused, redirected: bool) -> Failure {
    if redirected {
        let error = Error::upstream(format!("a redirect was refused: {refused}"));
        return Failure::new(FailureKind::Unusable, error);
    }
    let error = Error::invalid_with_fix(
        refused.to_string(),
        "The operator of this server can allow a private network with TENON_ALLOW_CIDRS.",
    );
    Failure::new(FailureKind::Refused, error)
}

/// What went wrong, with the host and without the URL, whose query may hold a credential.
fn explain(request: &OutboundRequest, cause: &reqwest::Error, redirected: bool) -> Failure {
    let mut deepest: &dyn std::error::Error = cause;
    while let Some(source) = deepest.source() {
        deepest = source;
        if let Some(refused) = deepest.downcast_ref::<Refused>() {
            return refusal(refused, redirected);
        }
    }
    let host = request.host();
    let reason = if cause.is_timeout() {
        format!("no connection within {} seconds", CONNECT_LIMIT.as_secs())
    } else if cause.is_connect() {
        deepest.to_string()
    } else {
        "the connection broke before an answer came".to_owned()
    };
    let error = Error::Upstream {
        message: format!("{host} could not be reached: {reason}"),
        timed_out: cause.is_timeout(),
    };
    // A redirect led here: then the first host has had the request.
    let kind = if cause.is_connect() && !redirected {
        FailureKind::NoConnection
    } else {
        FailureKind::Broken
    };
    Failure::new(kind, error)
}
