//! Contents as Base64 within a text, encoded on their way: pure.

use std::sync::Arc;

use base64::engine::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::attach::Attachment;
use crate::catalog::manifest::FileText;
use crate::outbound::StreamedBody;

/// Three bytes become four characters (RFC 4648 section 4).
const GROUP: usize = 3;

/// Of a line of a mail: 57 bytes are 76 characters (RFC 2045 section 6.8).
const LINE: usize = 57;
const LINE_END: &str = "\r\n";

/// `json`, or another text, with each file's content where its slot stands.
pub(super) fn fill<'f>(json: &Bytes, files: impl Iterator<Item = &'f Attachment>) -> StreamedBody {
    let mut slots: Vec<(usize, &Attachment, FileText)> = files
        .filter_map(|file| Some((position(json, &file.slot)?, file, file.text?)))
        .collect();
    slots.sort_by_key(|(position, ..)| *position);
    let (mut parts, mut written) = (Vec::new(), 0);
    for (position, file, text) in slots {
        parts.push(StreamedBody::of_bytes(json.slice(written..position)));
        parts.push(encoded(&file.content, text));
        written = position + file.slot.len();
    }
    parts.push(StreamedBody::of_bytes(json.slice(written..)));
    StreamedBody::join(parts)
}

fn position(json: &[u8], slot: &str) -> Option<usize> {
    let slot = slot.as_bytes();
    json.windows(slot.len()).position(|window| window == slot)
}

fn encoded(content: &StreamedBody, text: FileText) -> StreamedBody {
    let source = Arc::clone(&content.open);
    let group = match text {
        FileText::Base64 | FileText::Base64url => GROUP,
        FileText::Mime => LINE,
    };
    let open = move || {
        // Lines are joined: the first one has none before it.
        let state = (Some(source()), BytesMut::new(), true);
        stream::try_unfold(state, move |(source, mut rest, is_first)| async move {
            let Some(mut source) = source else {
                return Ok(None);
            };
            if let Some(chunk) = source.try_next().await? {
                rest.extend_from_slice(&chunk);
                let whole = rest.split_to(rest.len() / group * group);
                let is_still_first = is_first && whole.is_empty();
                let piece = Bytes::from(written(&whole, text, is_first));
                return Ok(Some((piece, (Some(source), rest, is_still_first))));
            }
            let last = Bytes::from(written(&rest, text, is_first));
            Ok(Some((last, (None, BytesMut::new(), false))))
        })
        .boxed()
    };
    let length = |length: u64| {
        let characters = length.div_ceil(GROUP as u64) * 4;
        match text {
            FileText::Base64 | FileText::Base64url => characters,
            FileText::Mime => {
                let ends = length.div_ceil(LINE as u64).saturating_sub(1);
                characters + ends * LINE_END.len() as u64
            }
        }
    };
    StreamedBody {
        length: content.length.map(length),
        open: Arc::new(open),
    }
}

/// A piece, which ends with a group, a line, or the content.
fn written(piece: &[u8], text: FileText, is_first: bool) -> String {
    match text {
        FileText::Base64 => STANDARD.encode(piece),
        FileText::Base64url => URL_SAFE.encode(piece),
        FileText::Mime => {
            let mut lines = String::with_capacity(piece.len() / LINE * 78 + 78);
            for (number, line) in piece.chunks(LINE).enumerate() {
                if number > 0 || !is_first {
                    lines.push_str(LINE_END);
                }
                STANDARD.encode_string(line, &mut lines);
            }
            lines
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use proptest::prelude::*;

    /// A body that comes in pieces of `size`.
    fn in_pieces(content: &[u8], size: usize) -> StreamedBody {
        let pieces: Vec<Bytes> = content.chunks(size).map(Bytes::copy_from_slice).collect();
        StreamedBody {
            length: Some(content.len() as u64),
            open: Arc::new(move || stream::iter(pieces.clone()).map(Ok).boxed()),
        }
    }

    async fn whole(body: &StreamedBody) -> Result<Vec<u8>> {
        let pieces: Vec<Bytes> = (body.open)().try_collect().await?;
        Ok(pieces.concat())
    }

    proptest! {
        #[test]
        fn however_a_content_comes_it_is_encoded_as_if_it_came_whole(
            content in proptest::collection::vec(any::<u8>(), 0..300), size in 1_usize..50,
        ) {
            let body = encoded(&in_pieces(&content, size), FileText::Base64);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let text = runtime.block_on(whole(&body)).unwrap();
            prop_assert_eq!(body.length, Some(text.len() as u64));
            prop_assert_eq!(STANDARD.encode(&content).into_bytes(), text);
            let body = encoded(&in_pieces(&content, size), FileText::Mime);
            let lines = String::from_utf8(runtime.block_on(whole(&body)).unwrap()).unwrap();
            prop_assert_eq!(body.length, Some(lines.len() as u64));
            let mut all: Vec<&str> = lines.split("\r\n").collect();
            prop_assert!(all.pop().is_some_and(|last| last.len() <= 76));
            prop_assert!(all.iter().all(|line| line.len() == 76));
            prop_assert_eq!(STANDARD.decode(lines.replace("\r\n", "")).unwrap(), content);
        }
    }

    #[tokio::test]
    async fn contents_take_the_places_of_their_slots_whatever_their_order() {
        let file = |content: &str, slot: &str| Attachment {
            name: "a".into(),
            media_type: http::HeaderValue::from_static("a/b"),
            content: in_pieces(content.as_bytes(), 1),
            slot: slot.into(),
            text: Some(FileText::Base64url),
        };
        let files = [file("second", "SLOT2"), file("???", "SLOT1")];
        let json = Bytes::from(r#"{"a":"SLOT1","b":["SLOT2"],"c":1}"#);
        let body = fill(&json, files.iter());
        let text = String::from_utf8(whole(&body).await.unwrap()).unwrap();
        assert_eq!(text, r#"{"a":"Pz8_","b":["c2Vjb25k"],"c":1}"#);
        assert_eq!(body.length, Some(text.len() as u64));
    }
}
