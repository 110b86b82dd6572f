//! An upload session as Google's APIs have it: an answer names where the file goes, which takes it
//! in pieces and says how much of it it has. What fails on the way is taken up where it stopped.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_RANGE, LOCATION, RANGE};
use http::{HeaderMap, HeaderValue, Method};
use tokio::time::Instant;
use url::Url;

use super::attach::{Attachment, Attachments};
use super::pieces::Pieces;
use crate::app::App;
use crate::catalog::Tool;
use crate::catalog::manifest::{Encoding, RequestManifest};
use crate::error::{Error, Result};
use crate::executor::attempts::{self, Sent};
use crate::executor::connection::Connection;
use crate::executor::recording::Recording;
use crate::executor::{explain, limit, retry, time_limit};
use crate::outbound::{Failure, OutboundReply, OutboundRequest};

/// A multiple of 256 KiB, as Google wants it; all that is in memory of a file.
const PIECE: usize = 8 * 1024 * 1024;
/// Google's word for "go on", which is no redirect here.
const INCOMPLETE: u16 = 308;

/// Sends the file of a tool that opens an upload session, once `opened` tells where it goes; the
/// answer is then the session's last one.
///
/// # Errors
/// [`Error::Upstream`] when no session was opened, it is at a host that is not the toolkit's, or it
/// takes nothing any more.
pub(in crate::executor) async fn upload(
    app: &App,
    tool: &Tool,
    request: &RequestManifest,
    connection: &Connection,
    files: &Attachments,
    opened: Sent,
    recording: &Recording,
) -> Result<Sent> {
    let file = files.only();
    let (Encoding::Resumable, Some(file)) = (request.encoding, file) else {
        return Ok(opened);
    };
    if !(200..=299).contains(&opened.reply.status) {
        return Ok(opened);
    }
    let url = session(&opened, connection)?;
    let deadline = recording.limited_from() + time_limit(app, tool);
    let session = Session {
        app,
        connection,
        url,
        deadline,
        total: file.content.length.unwrap_or_default(),
    };
    session.send(file, opened, recording).await
}

fn session(opened: &Sent, connection: &Connection) -> Result<Url> {
    let slug = &connection.toolkit.manifest.slug;
    let location = opened.reply.headers.get(LOCATION);
    let url = location
        .and_then(|location| location.to_str().ok())
        .and_then(|location| Url::parse(&opened.url).ok()?.join(location).ok())
        .ok_or_else(|| {
            Error::upstream(format!("{slug} did not say where the file is to be sent"))
        })?;
    // The content is for the toolkit's hosts alone, as the credential is.
    if !connection.hosts().permits(&url) {
        let origin = url.origin().ascii_serialization();
        return Err(Error::upstream(format!(
            "{slug} wants the file at {origin}, which is not one of its hosts"
        )));
    }
    Ok(url)
}

struct Session<'a> {
    app: &'a App,
    connection: &'a Connection,
    url: Url,
    deadline: Instant,
    /// Length of the file in bytes.
    total: u64,
}

impl Session<'_> {
    async fn send(&self, file: &Attachment, opened: Sent, recording: &Recording) -> Result<Sent> {
        let mut pieces = Pieces::new(&file.content, PIECE);
        let account = self.connection.account.as_ref().map(|account| &account.id);
        let mut redactor = opened.redactor;
        let (mut place, mut failures, mut asks) = (0, 0, false);
        loop {
            let piece = if asks {
                None
            } else {
                Some(pieces.at(place).await?)
            };
            let request = self.request(place, piece)?;
            redactor.learn(self.connection.redactor(&request));
            attempts::await_turn(self.app, self.connection, self.deadline, recording).await?;
            let outcome =
                attempts::once(self.app, &request, account, self.deadline, recording).await?;
            if let Ok(reply) = &outcome
                && reply.status == INCOMPLETE
            {
                let next = received(&reply.headers);
                // A place that does not move is a failure too, or this would never end.
                failures = if next > place {
                    0
                } else {
                    failures + u32::from(!asks)
                };
                (place, asks) = (next, false);
                if failures < retry::MOST_ATTEMPTS {
                    continue;
                }
                return Err(Error::upstream(format!(
                    "the upload stopped at {place} of {} bytes",
                    self.total
                )));
            }
            if let Some(pause) = self.pause(failures + 1, &outcome) {
                failures += 1;
                asks = true;
                explain::pause(recording, pause);
                tokio::time::sleep(pause).await;
                continue;
            }
            return attempts::sent(&request, outcome, redactor, recording);
        }
    }

    fn pause(&self, attempt: u32, outcome: &Result<OutboundReply, Failure>) -> Option<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let limit = self.connection.toolkit.manifest.rate_limit.as_ref();
        retry::pause(attempt, outcome, limit, self.app.clock.now()).filter(|pause| *pause < left)
    }

    /// Brings a piece, or without one asks how much has arrived.
    fn request(&self, place: u64, piece: Option<Bytes>) -> Result<OutboundRequest> {
        let mut request = OutboundRequest::new(Method::PUT, self.url.clone());
        limit(self.app, &mut request);
        request.timeout = self.deadline.saturating_duration_since(Instant::now());
        request.deadline = Some(self.deadline);
        request.max_redirects = 0;
        let total = self.total;
        let range = match piece.as_ref().map_or(0, Bytes::len) {
            0 => format!("bytes */{total}"),
            length => format!("bytes {place}-{}/{total}", place + length as u64 - 1),
        };
        let range = HeaderValue::try_from(range)
            .map_err(|cause| Error::internal(format!("no range: {cause}")))?;
        request.headers.insert(CONTENT_RANGE, range);
        request.body = piece.unwrap_or_default();
        self.connection.authorize(&mut request)?;
        Ok(request)
    }
}

/// How many bytes have arrived: `Range: bytes=0-42` tells of 43.
fn received(headers: &HeaderMap) -> u64 {
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok());
    let last = range.and_then(|range| range.rsplit('-').next()?.trim().parse::<u64>().ok());
    last.map_or(0, |last| last.saturating_add(1))
}
