//! Credentials that are made for one request and fit no other.

use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::error::Result;

/// Signs requests. Each one that leaves is signed by itself, at the last moment, so that a redirect
/// or a second try has a signature, a time and a nonce of its own.
pub trait SignRequest: std::fmt::Debug + Send + Sync {
    /// The `Authorization` header of a request that is otherwise ready.
    ///
    /// # Errors
    /// When the request cannot be signed.
    fn authorization(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<HeaderValue>;
}
