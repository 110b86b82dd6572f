//! `multipart/related` (RFC 2387) as Google's uploads take it: what is said of a content, as JSON, and
//! the content. Files pass through to their places in it.

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::attach::Attachment;
use super::inline;
use crate::catalog::manifest::Media;
use crate::error::{Error, Result};
use crate::ids::random_text;
use crate::outbound::{OutboundRequest, StreamedBody};

const BOUNDARY_LENGTH: usize = 40;

/// Makes `body` the body of `request`: the text that `media` names apart, with the files that stand in
/// it.
///
/// # Errors
/// [`Error::Invalid`] when there is no such text, or all of it is more than the service takes.
pub(super) fn set_body<'f>(
    mut body: Map<String, Value>,
    media: &Media,
    files: impl Iterator<Item = &'f Attachment>,
    request: &mut OutboundRequest,
) -> Result<()> {
    let content = take(&mut body, &media.from).ok_or_else(|| {
        Error::invalid(format!("request.media.from: `{}` is no text", media.from))
    })?;
    let content = inline::fill(&Bytes::from(content), files);
    let (boundary, json, kind) = (
        random_text(BOUNDARY_LENGTH),
        Value::Object(body),
        &media.media_type,
    );
    let head = format!(
        "--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json}\r\n\
         --{boundary}\r\nContent-Type: {kind}\r\n\r\n"
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let [head, tail] = [head, tail].map(|text| StreamedBody::of_bytes(text.into()));
    let whole = StreamedBody::join(vec![head, content, tail]);
    if let (Some(length), Some(most)) = (whole.length, media.max_bytes)
        && length > most
    {
        return Err(Error::invalid(format!(
            "with its files this has {length} bytes, and the service takes {most} at most"
        )));
    }
    request.streamed_body = Some(whole);
    let kind = HeaderValue::try_from(format!("multipart/related; boundary={boundary}"))
        .map_err(|cause| Error::internal(cause.to_string()))?;
    request.headers.insert(CONTENT_TYPE, kind);
    Ok(())
}

/// The text at a dotted path, which goes from there; objects that are then empty go too.
fn take(body: &mut Map<String, Value>, path: &str) -> Option<String> {
    let Some((first, rest)) = path.split_once('.') else {
        return match body.shift_remove(path)? {
            Value::String(text) => Some(text),
            _ => None,
        };
    };
    let Value::Object(inner) = body.get_mut(first)? else {
        return None;
    };
    let text = take(inner, rest)?;
    if inner.is_empty() {
        body.shift_remove(first);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_content_goes_from_its_place_and_leaves_no_empty_objects() {
        let mut body = json!({ "message": { "raw": "a mail" }, "id": 1 });
        let body = body.as_object_mut().unwrap();
        assert_eq!(take(body, "message.raw").as_deref(), Some("a mail"));
        assert_eq!(Value::Object(body.clone()), json!({ "id": 1 }));
        assert_eq!(take(body, "message.raw"), None);
        assert_eq!(take(body, "id"), None);
    }
}
