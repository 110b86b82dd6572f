//! Connecting an account: with credentials in hand, by the round trip to an OAuth provider, or on
//! the hosted page.

mod attempt;
mod complete;
mod finish;
mod initiate;
mod link;
mod prepare;
mod scene;

pub use crate::accounts::consent::Returned;
pub use complete::{Consented, complete_consent};
pub use finish::{Finish, web_address};
pub use initiate::{Begun, MadeLink, NewLink, initiate, link};
pub use link::{
    AskedChoice, AskedScope, Closed, Closing, Filled, Former, LinkField, LinkPage, LinkStep,
    Notice, Submission, cancel_link, open_link, refuse_foreign_form, submit_link,
};
pub use prepare::{LONGEST_USER, NewConnection, Prepared, prepare};
pub use scene::Scene;

pub(super) use attempt::{AtProvider, Journey, TIME_TO_CONNECT, at_provider, by_link};
pub(super) use prepare::{check_enabled, check_names, credentials_only};
