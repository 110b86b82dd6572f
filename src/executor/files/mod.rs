//! Files that tools take and give: found by their key and streamed into requests, and answers that
//! are streamed into files. None is ever whole in memory.

mod attach;
mod disposition;
mod inline;
mod multipart;
mod pieces;
mod receive;
mod related;
mod resumable;

pub(super) use attach::{Attachments, attach};
pub(super) use receive::{Naming, arrival, content, keep, shape, streamed, take_out};
pub(super) use resumable::upload;
