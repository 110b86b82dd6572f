//! Connecting an account: the round trip to an OAuth provider, and the hosted link.

mod complete;
mod finish;
mod link;
mod oauth;

pub use complete::{Verdict, complete_oauth};
pub use finish::Finish;
pub use link::{
    Link, LinkField, LinkPage, Submitted, make_link, open_link, start_link, submit_link,
};
pub use oauth::begin_oauth;

use std::time::Duration;

/// How long a user may take to finish a connection.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(10 * 60);
