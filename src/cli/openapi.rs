//! `tenon openapi`: prints the document that `openapi/openapi.json` holds.

use std::io::Write;

use crate::api;
use crate::error::Result;

pub(super) fn print() -> Result<()> {
    let text = api::openapi::document_text()?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
