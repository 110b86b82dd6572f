//! Markdown (`CommonMark` with tables, strike-through and task lists) for services that have forms of
//! their own: one tree, written three ways.

mod adf;
mod notion;
mod tree;

use pulldown_cmark::{Event, Parser, html};
use serde_json::{Value, json};

use super::{checked, text};

/// HTML. Tags within the Markdown are shown as they are written, and run nowhere.
pub(super) fn md_to_html(input: &Value) -> Result<Value, String> {
    let events = Parser::new_ext(text(input)?, tree::OPTIONS).map(|event| match event {
        Event::Html(tag) | Event::InlineHtml(tag) => Event::Text(tag),
        other => other,
    });
    let mut page = String::new();
    html::push_html(&mut page, events);
    checked(page)
}

/// A document in Atlassian's format.
pub(super) fn md_to_adf(input: &Value) -> Result<Value, String> {
    Ok(adf::document(&tree::read(text(input)?)?))
}

/// The same of a text without markup: a paragraph where empty lines part it.
pub(super) fn text_to_adf(input: &Value) -> Result<Value, String> {
    Ok(adf::of_text(text(input)?))
}

/// A list of Notion's blocks. One request takes a hundred at the top, and children two levels deep;
/// what lies deeper is lifted.
pub(super) fn md_to_notion_blocks(input: &Value) -> Result<Value, String> {
    Ok(json!(notion::blocks(&tree::read(text(input)?)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_in_markdown_stays_text() {
        let page = md_to_html(&json!("# A *b*\n\n<script>x</script>\n\n~~c~~ <b>d</b>"));
        let page = page.unwrap();
        let page = page.as_str().unwrap();
        assert!(page.contains("<h1>A <em>b</em></h1>"), "{page}");
        assert!(page.contains("&lt;script&gt;"), "{page}");
        assert!(page.contains("<del>c</del> &lt;b&gt;d&lt;/b&gt;"), "{page}");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for function in [md_to_html, md_to_adf, text_to_adf, md_to_notion_blocks] {
            assert!(function(&json!(1)).is_err());
        }
    }
}
