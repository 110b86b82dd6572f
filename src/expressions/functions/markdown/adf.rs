//! The Atlassian Document Format: <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>.

use serde_json::{Value, json};

use super::tree::{Block, Item, Span};

pub(super) fn document(blocks: &[Block]) -> Value {
    json!({ "type": "doc", "version": 1, "content": contents(blocks) })
}

pub(super) fn of_text(text: &str) -> Value {
    let text = text.replace("\r\n", "\n");
    let paragraphs = text.split("\n\n").map(|text| text.trim_matches('\n'));
    let content: Vec<Value> = paragraphs
        .filter(|text| !text.trim().is_empty())
        .map(|text| json!({ "type": "paragraph", "content": lines(text, &[]) }))
        .collect();
    json!({ "type": "doc", "version": 1, "content": content })
}

fn contents(blocks: &[Block]) -> Vec<Value> {
    blocks.iter().map(block).collect()
}

fn block(block: &Block) -> Value {
    match block {
        Block::Paragraph(spans) => json!({ "type": "paragraph", "content": inline(spans) }),
        Block::Heading(level, spans) => {
            json!({ "type": "heading", "attrs": { "level": level }, "content": inline(spans) })
        }
        Block::List(None, items) => {
            json!({ "type": "bulletList", "content": list(items) })
        }
        Block::List(Some(first), items) => {
            json!({ "type": "orderedList", "attrs": { "order": first }, "content": list(items) })
        }
        Block::Code(language, code) => {
            let mut block = json!({ "type": "codeBlock", "content": text_nodes(code, &[]) });
            if let Some(language) = language {
                block["attrs"] = json!({ "language": language });
            }
            block
        }
        Block::Quote(blocks) => json!({ "type": "blockquote", "content": plain(blocks) }),
        Block::Rule => json!({ "type": "rule" }),
        Block::Table(rows) => {
            let rows = rows.iter().enumerate().map(|(index, row)| {
                let kind = if index == 0 {
                    "tableHeader"
                } else {
                    "tableCell"
                };
                let cell = |spans: &Vec<Span>| {
                    let paragraph = json!({ "type": "paragraph", "content": inline(spans) });
                    json!({ "type": kind, "content": [paragraph] })
                };
                let cells: Vec<Value> = row.iter().map(cell).collect();
                json!({ "type": "tableRow", "content": cells })
            });
            json!({ "type": "table", "content": rows.collect::<Vec<_>>() })
        }
    }
}

fn list(items: &[Item]) -> Vec<Value> {
    let one = |item: &Item| {
        let mut content = plain(&item.blocks);
        if content.is_empty() {
            content.push(json!({ "type": "paragraph", "content": [] }));
        }
        // A box to tick is a list of another kind in this format; here it is a sign.
        if let (Some(ticked), Some(first)) = (item.ticked, content.first_mut()) {
            let sign = json!({ "type": "text", "text": if ticked { "☑ " } else { "☐ " } });
            if let Some(content) = first["content"].as_array_mut() {
                content.insert(0, sign);
            }
        }
        json!({ "type": "listItem", "content": content })
    };
    items.iter().map(one).collect()
}

/// What lists and quotes may hold: paragraphs, lists and code, and other blocks as paragraphs.
fn plain(blocks: &[Block]) -> Vec<Value> {
    let one = |inner: &Block| match inner {
        Block::Paragraph(_) | Block::List(..) | Block::Code(..) => vec![block(inner)],
        Block::Heading(_, spans) => {
            vec![json!({ "type": "paragraph", "content": inline(spans) })]
        }
        Block::Quote(blocks) => plain(blocks),
        Block::Table(rows) => {
            let cells = rows.iter().flatten();
            let paragraph =
                |spans: &Vec<Span>| json!({ "type": "paragraph", "content": inline(spans) });
            cells.map(paragraph).collect()
        }
        Block::Rule => Vec::new(),
    };
    blocks.iter().flat_map(one).collect()
}

fn inline(spans: &[Span]) -> Vec<Value> {
    let one = |span: &Span| {
        let style = &span.style;
        let mut marks = Vec::new();
        // `code` bears no other mark but a link.
        for (is_set, name) in [
            (style.code, "code"),
            (style.bold && !style.code, "strong"),
            (style.italic && !style.code, "em"),
            (style.strike && !style.code, "strike"),
        ] {
            if is_set {
                marks.push(json!({ "type": name }));
            }
        }
        if let Some(address) = &style.link {
            marks.push(json!({ "type": "link", "attrs": { "href": address } }));
        }
        lines(&span.text, &marks)
    };
    spans.iter().flat_map(one).collect()
}

fn lines(text: &str, marks: &[Value]) -> Vec<Value> {
    let mut nodes = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            nodes.push(json!({ "type": "hardBreak" }));
        }
        nodes.extend(text_nodes(line, marks));
    }
    nodes
}

/// None for an empty text, which the format forbids.
fn text_nodes(text: &str, marks: &[Value]) -> Vec<Value> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut node = json!({ "type": "text", "text": text });
    if !marks.is_empty() {
        node["marks"] = json!(marks);
    }
    vec![node]
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    #[test]
    fn markdown_becomes_a_document() {
        let blocks = tree::read(
            "## Title\n\nA **b** [c](https://x.test) `d`  \ne\n\n1. one\n2. two\n   - [x] in\n\n\
             > q\n\n```rust\nfn x() {}\n```\n\n---\n\n|a|b|\n|-|-|\n|1|2|\n",
        );
        let t = |text: &str| json!({ "type": "text", "text": text });
        let p = |content: Value| json!({ "type": "paragraph", "content": content });
        let cell =
            |kind: &str, text: &str| json!({ "type": kind, "content": [p(json!([t(text)]))] });
        assert_eq!(
            document(&blocks.unwrap())["content"],
            json!([
                { "type": "heading", "attrs": { "level": 2 }, "content": [t("Title")] },
                p(json!([
                    t("A "),
                    { "type": "text", "text": "b", "marks": [{ "type": "strong" }] },
                    t(" "),
                    { "type": "text", "text": "c",
                      "marks": [{ "type": "link", "attrs": { "href": "https://x.test" } }] },
                    t(" "),
                    { "type": "text", "text": "d", "marks": [{ "type": "code" }] },
                    { "type": "hardBreak" },
                    t("e"),
                ])),
                { "type": "orderedList", "attrs": { "order": 1 }, "content": [
                    { "type": "listItem", "content": [p(json!([t("one")]))] },
                    { "type": "listItem", "content": [p(json!([t("two")])),
                        { "type": "bulletList", "content": [
                            { "type": "listItem", "content": [p(json!([t("☑ "), t("in")]))] },
                        ] },
                    ] },
                ] },
                { "type": "blockquote", "content": [p(json!([t("q")]))] },
                { "type": "codeBlock", "attrs": { "language": "rust" }, "content": [t("fn x() {}")] },
                { "type": "rule" },
                { "type": "table", "content": [
                    { "type": "tableRow", "content": [cell("tableHeader", "a"), cell("tableHeader", "b")] },
                    { "type": "tableRow", "content": [cell("tableCell", "1"), cell("tableCell", "2")] },
                ] },
            ])
        );
    }

    #[test]
    fn a_text_keeps_its_lines_and_its_stars() {
        assert_eq!(
            of_text("a *b*\nc\n\n\nd")["content"],
            json!([
                { "type": "paragraph", "content": [
                    { "type": "text", "text": "a *b*" }, { "type": "hardBreak" },
                    { "type": "text", "text": "c" },
                ] },
                { "type": "paragraph", "content": [{ "type": "text", "text": "d" }] },
            ])
        );
        assert_eq!(of_text("")["content"], json!([]));
    }

    #[test]
    fn markdown_nested_too_deeply_is_refused() {
        assert!(tree::read(&">".repeat(10_000)).is_err());
        assert!(tree::read("[a](b").is_ok());
    }
}
