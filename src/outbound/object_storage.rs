//! The connection to the operator's object store. It may lie on a private network where no tool may
//! go, so it has a client of its own, which is used for nothing else.

use std::time::Duration;

use bytes::Bytes;
use http::header::RANGE;
use http::{HeaderValue, Method, StatusCode};
use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector};
use url::Url;

use super::{CONNECT_LIMIT, IDLE_LIMIT, KEEP_ALIVE};
use crate::error::{Error, Result};

/// Connects to one object store; clones share its connections.
#[derive(Debug, Clone)]
pub struct ObjectStorageClient(reqwest::Client);

impl ObjectStorageClient {
    /// A client that gives an answer up after `silence` without a byte of it.
    ///
    /// # Errors
    /// When the TLS set-up fails.
    pub fn new(silence: Duration) -> Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "goes to the address that the operator set, and nowhere else"
        )]
        let http = reqwest::Client::builder()
            .no_proxy()
            // A redirect could lead elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("tenon/", env!("CARGO_PKG_VERSION")))
            // Contents come as they lie there, packed or not.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .http1_only()
            .connect_timeout(CONNECT_LIMIT.min(silence))
            .read_timeout(silence)
            .pool_idle_timeout(IDLE_LIMIT)
            .tcp_keepalive(KEEP_ALIVE)
            .build()
            .map_err(|cause| Error::internal(format!("no HTTP client: {cause}")))?;
        Ok(Self(http))
    }

    /// Whether the store lets in who comes by this signed URL for reading.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it does not answer.
    pub async fn admits(&self, signed: &Url) -> Result<bool> {
        let mut request = reqwest::Request::new(Method::GET, signed.clone());
        let first = HeaderValue::from_static("bytes=0-0");
        request.headers_mut().insert(RANGE, first);
        *request.body_mut() = Some(Bytes::new().into());
        let answer = self.0.execute(request).await.map_err(|cause| {
            tracing::warn!(cause = %cause.without_url(), "the object store does not answer");
            Error::Unavailable("the store of files does not answer; try again later")
        })?;
        let status = answer.status();
        if status.is_server_error() {
            tracing::warn!(status = status.as_u16(), "the object store fails");
            return Err(Error::Unavailable(
                "the store of files fails; try again later",
            ));
        }
        // An empty content has no first byte, which is said to those who are let in.
        Ok(status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE)
    }
}

impl HttpConnector for ObjectStorageClient {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}
