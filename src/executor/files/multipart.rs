//! `multipart/form-data` (RFC 7578) whose length is known and whose files pass through.

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::attach::Attachment;
use crate::error::Result;
use crate::ids::random_text;
use crate::outbound::{OutboundRequest, StreamedBody};

const BOUNDARY_LENGTH: usize = 40;
const JSON: &str = "application/json";

/// Makes `fields` and `files`, each with the name of its part, the body of `request`. With
/// `part_json` all fields go as JSON into the part of that name.
///
/// # Errors
/// Never in practice.
pub(super) fn set_body<'f>(
    fields: Map<String, Value>,
    part_json: Option<&str>,
    files: impl Iterator<Item = (String, &'f Attachment)>,
    request: &mut OutboundRequest,
) -> Result<()> {
    let boundary = random_text(BOUNDARY_LENGTH);
    let mut parts = Parts {
        boundary: &boundary,
        parts: Vec::new(),
    };
    match part_json {
        Some(name) => parts.field(name, &Value::Object(fields)),
        None => fields
            .iter()
            .for_each(|(name, value)| parts.field(name, value)),
    }
    for (name, file) in files {
        parts.file(&name, file);
    }
    request.streamed_body = Some(parts.close());
    let kind = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"))
        .map_err(|cause| crate::error::Error::internal(cause.to_string()))?;
    request.headers.insert(CONTENT_TYPE, kind);
    Ok(())
}

struct Parts<'b> {
    boundary: &'b str,
    parts: Vec<StreamedBody>,
}

impl Parts<'_> {
    /// Texts and numbers as they are, lists as parts of the same name, objects as JSON.
    fn field(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::String(text) => self.text(name, None, text),
            Value::Bool(_) | Value::Number(_) => self.text(name, None, &value.to_string()),
            Value::Array(items) => items.iter().for_each(|item| self.field(name, item)),
            Value::Object(_) => self.text(name, Some(JSON), &value.to_string()),
        }
    }

    fn text(&mut self, name: &str, media_type: Option<&str>, content: &str) {
        let mut part = self.head(name, None);
        if let Some(media_type) = media_type {
            part.push_str(&format!("Content-Type: {media_type}\r\n"));
        }
        self.bytes(format!("{part}\r\n{content}\r\n"));
    }

    fn file(&mut self, name: &str, file: &Attachment) {
        let mut head = self.head(name, Some(&file.name)).into_bytes();
        head.extend_from_slice(b"Content-Type: ");
        head.extend_from_slice(file.media_type.as_bytes());
        head.extend_from_slice(b"\r\n\r\n");
        self.bytes(head);
        self.parts.push(file.content.clone());
        self.bytes("\r\n");
    }

    fn head(&self, name: &str, file: Option<&str>) -> String {
        let file = file.map(|file| format!("; filename=\"{}\"", quoted(file)));
        format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{}\"{}\r\n",
            self.boundary,
            quoted(name),
            file.unwrap_or_default()
        )
    }

    fn bytes(&mut self, bytes: impl Into<Bytes>) {
        self.parts.push(StreamedBody::of_bytes(bytes.into()));
    }

    fn close(mut self) -> StreamedBody {
        self.bytes(format!("--{}--\r\n", self.boundary));
        StreamedBody::join(self.parts)
    }
}

/// Other letters stay as they are in UTF-8, as browsers send them (HTML standard, multipart/form-data
/// encoding algorithm; RFC 7578 section 5.1.3 forbids `filename*`).
fn quoted(name: &str) -> String {
    name.replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace('"', "%22")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_quotes_or_its_line() {
        assert_eq!(quoted("a\"; x=\"\r\nb Ä"), "a%22; x=%22%0D%0Ab Ä");
    }
}
