//! OAuth 2.0 (RFC 6749) as manifests describe it, with PKCE (RFC 7636) and dynamic registration
//! (RFC 7591): builds the requests and reads the answers; the caller sends them.

mod authorize;
mod client;
pub mod discovery;
mod failure;
pub mod registration;
mod token_reply;
mod token_request;

pub use authorize::Authorization;
pub use client::{ClientApp, Endpoints, OAuthClient, SendRequest, TokenAnswer};
pub use failure::{TokenFailure, presentable};
