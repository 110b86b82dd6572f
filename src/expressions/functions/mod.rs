//! Functions of our own that expressions may call besides those of jq: pure, one table, the code of
//! each in a file by what it works on.

mod base64;
mod cells;
mod gmail;
mod html;
mod markdown;
mod mime;
mod times;
mod urls;

use serde_json::Value;

/// The longest text that a function takes or gives, in bytes; a mail with its attachments is longer.
const LONGEST_TEXT: usize = 64 * 1024 * 1024;

/// A function as the table has it.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// What expressions call it.
    pub name: &'static str,
    /// How many arguments it has besides its input; each is a value, as of `split(", ")`.
    pub arguments: usize,
    /// The value made of the input (`.`) and of the arguments, of which there are as many as said.
    /// An `Err` ends the expression; its text says what was wrong, without quoting the value, which
    /// may be a secret.
    pub run: fn(&Value, &[Value]) -> Result<Value, String>,
}

/// All of them. A name that jq has is replaced by ours.
///
/// A line of it: `of("b64", 0, |input, _| text::b64(input))`, where `text.rs` has
/// `pub(super) fn b64(input: &Value) -> Result<Value, String>`.
pub const ALL: &[Function] = &[
    of("a1_range", 0, |input, _| cells::a1_range(input)),
    of("b64", 0, |input, _| base64::b64(input)),
    of("b64d", 0, |input, _| base64::b64d(input)),
    of("b64url", 0, |input, _| base64::b64url(input)),
    of("b64url_d", 0, |input, _| base64::b64d(input)),
    of("epoch", 0, |input, _| times::epoch(input)),
    of("form_encode", 0, |input, _| urls::form_encode(input)),
    of("gmail_payload", 0, |input, _| gmail::gmail_payload(input)),
    of("grid_range", 0, |input, _| cells::grid_range(input)),
    of("html_to_text", 0, |input, _| html::html_to_text(input)),
    of("md_to_adf", 0, |input, _| markdown::md_to_adf(input)),
    of("md_to_html", 0, |input, _| markdown::md_to_html(input)),
    of("md_to_notion_blocks", 0, |input, _| {
        markdown::md_to_notion_blocks(input)
    }),
    of("mime_message", 0, |input, _| mime::mime_message(input)),
    of("parse_time", 0, |input, _| times::parse_time(input)),
    of("text_to_adf", 0, |input, _| markdown::text_to_adf(input)),
    of("time_add", 1, |input, arguments| {
        times::time_add(input, arguments.first().unwrap_or(&Value::Null))
    }),
    of("url_encode", 0, |input, _| urls::url_encode(input)),
];

/// A line of the table.
const fn of(
    name: &'static str,
    arguments: usize,
    run: fn(&Value, &[Value]) -> Result<Value, String>,
) -> Function {
    Function {
        name,
        arguments,
        run,
    }
}

/// The text that a function works on.
fn text(input: &Value) -> Result<&str, String> {
    let text = input.as_str().ok_or("is no text")?;
    if text.len() > LONGEST_TEXT {
        return Err(format!("is longer than {LONGEST_TEXT} bytes"));
    }
    Ok(text)
}

/// A text that came out of a function.
fn checked(text: String) -> Result<Value, String> {
    if text.len() > LONGEST_TEXT {
        return Err(format!("becomes longer than {LONGEST_TEXT} bytes"));
    }
    Ok(text.into())
}
