//! What is kept of a call, sealed: which request it was, and how it ended.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The sealed content of a row.
#[derive(Serialize, Deserialize)]
pub(super) struct Content {
    /// Hash of the request.
    pub(super) fingerprint: String,
    /// None while the call runs, and for ever when its server died.
    pub(super) outcome: Option<Outcome>,
}

/// How a call that reached the service ended.
#[derive(Serialize, Deserialize)]
pub(super) enum Outcome {
    /// With this JSON.
    Answer(String),
    /// Without a usable answer of the service.
    Upstream { message: String, timed_out: bool },
    /// With an answer; the project keeps no data.
    NotKept,
    /// With an answer of more bytes than are kept.
    TooLarge(usize),
    /// With an answer of the service that was lost on this server.
    Lost,
}

impl Outcome {
    /// What is kept of `outcome`: an answer of up to `most` bytes, if the project keeps data.
    pub(super) fn of<T: Serialize>(
        outcome: &Result<T>,
        keeps_data: bool,
        most: usize,
    ) -> Result<Self> {
        Ok(match outcome {
            Ok(_) if !keeps_data => Self::NotKept,
            Ok(answer) => match serde_json::to_string(answer)? {
                text if text.len() > most => Self::TooLarge(text.len()),
                text => Self::Answer(text),
            },
            Err(Error::Upstream { message, timed_out }) => Self::Upstream {
                message: message.clone(),
                timed_out: *timed_out,
            },
            Err(_) => Self::Lost,
        })
    }

    /// The answer once more, or why there is none.
    pub(super) fn answer(self) -> Result<String> {
        let done = "a call with this idempotency key was made and is not made again";
        let why = match self {
            Self::Answer(text) => return Ok(text),
            Self::Upstream { message, timed_out } => {
                return Err(Error::Upstream { message, timed_out });
            }
            Self::NotKept => "its answer was not kept, since the project stores no data".to_owned(),
            Self::TooLarge(bytes) => format!("its answer had {bytes} bytes, too many to be kept"),
            Self::Lost => "it reached the service, whose answer was lost on this server".to_owned(),
        };
        Err(Error::Conflict(format!("{done}; {why}")))
    }
}
