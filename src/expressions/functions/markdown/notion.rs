//! Notion's blocks: <https://developers.notion.com/reference/block>.

use serde_json::{Map, Value, json};

use super::tree::{Block, Item, Span};

/// Of one piece of text, in UTF-16 units; characters beyond those count twice.
const LONGEST_TEXT: usize = 2_000;
/// Of pieces of text in one block.
const MOST_PIECES: usize = 100;
/// Levels of children that one request may bring.
const DEEPEST: usize = 2;
/// The languages that code may have, as far as Markdown names them by the same word.
const LANGUAGES: [&str; 66] = [
    "abap",
    "arduino",
    "bash",
    "basic",
    "c",
    "clojure",
    "coffeescript",
    "c++",
    "c#",
    "css",
    "dart",
    "diff",
    "docker",
    "elixir",
    "elm",
    "erlang",
    "flow",
    "fortran",
    "f#",
    "gherkin",
    "glsl",
    "go",
    "graphql",
    "groovy",
    "haskell",
    "html",
    "java",
    "javascript",
    "json",
    "julia",
    "kotlin",
    "latex",
    "less",
    "lisp",
    "livescript",
    "lua",
    "makefile",
    "markdown",
    "markup",
    "matlab",
    "mermaid",
    "nix",
    "objective-c",
    "ocaml",
    "pascal",
    "perl",
    "php",
    "powershell",
    "prolog",
    "protobuf",
    "python",
    "r",
    "reason",
    "ruby",
    "rust",
    "sass",
    "scala",
    "scheme",
    "scss",
    "shell",
    "sql",
    "swift",
    "typescript",
    "vb.net",
    "xml",
    "yaml",
];
const OTHER_NAMES: [(&str, &str); 14] = [
    ("cpp", "c++"),
    ("cs", "c#"),
    ("csharp", "c#"),
    ("dockerfile", "docker"),
    ("golang", "go"),
    ("js", "javascript"),
    ("jsx", "javascript"),
    ("md", "markdown"),
    ("py", "python"),
    ("rb", "ruby"),
    ("rs", "rust"),
    ("sh", "shell"),
    ("ts", "typescript"),
    ("yml", "yaml"),
];

pub(super) fn blocks(blocks: &[Block]) -> Vec<Value> {
    at_depth(blocks, 0)
}

fn at_depth(blocks: &[Block], depth: usize) -> Vec<Value> {
    blocks
        .iter()
        .flat_map(|inner| block(inner, depth))
        .collect()
}

fn block(block: &Block, depth: usize) -> Vec<Value> {
    match block {
        Block::Paragraph(spans) => texts("paragraph", spans, &Map::new()),
        Block::Heading(level, spans) => {
            let kind = format!("heading_{}", (*level).min(3));
            texts(&kind, spans, &Map::new())
        }
        Block::Code(language, code) => {
            let span = Span {
                text: code.clone(),
                ..Span::default()
            };
            let language = Map::from_iter([("language".into(), known(language.as_deref()).into())]);
            texts("code", &[span], &language)
        }
        Block::Quote(blocks) => {
            let (spans, rest) = led(blocks);
            parent("quote", spans, rest, &Map::new(), depth)
        }
        Block::List(first, items) => {
            let one = |item: &Item| {
                let (spans, rest) = led(&item.blocks);
                let kind = match (item.ticked, first) {
                    (Some(_), _) => "to_do",
                    (None, Some(_)) => "numbered_list_item",
                    (None, None) => "bulleted_list_item",
                };
                let ticked = item.ticked.map(|ticked| ("checked".into(), ticked.into()));
                parent(kind, spans, rest, &ticked.into_iter().collect(), depth)
            };
            items.iter().flat_map(one).collect()
        }
        Block::Rule => vec![json!({ "object": "block", "type": "divider", "divider": {} })],
        Block::Table(rows) => table(rows, depth),
    }
}

/// The first paragraph, which stands in the block itself, and the rest, which stands below it.
fn led(blocks: &[Block]) -> (&[Span], &[Block]) {
    match blocks.split_first() {
        Some((Block::Paragraph(spans), rest)) => (spans, rest),
        _ => (&[], blocks),
    }
}

fn parent(
    kind: &str,
    spans: &[Span],
    rest: &[Block],
    extra: &Map<String, Value>,
    depth: usize,
) -> Vec<Value> {
    let mut made = texts(kind, spans, extra);
    if made.is_empty() {
        made = vec![json!({ "object": "block", "type": kind, (kind): { "rich_text": [] } })];
    }
    let children = at_depth(rest, (depth + 1).min(DEEPEST));
    match made.first_mut() {
        Some(first) if depth < DEEPEST && !children.is_empty() => {
            first[kind]["children"] = children.into();
        }
        _ => made.extend(children),
    }
    made
}

/// As many blocks of a kind as the spans need; none without any.
fn texts(kind: &str, spans: &[Span], extra: &Map<String, Value>) -> Vec<Value> {
    let pieces: Vec<Value> = spans.iter().flat_map(rich_texts).collect();
    let made = pieces.chunks(MOST_PIECES).map(|pieces| {
        let mut content = extra.clone();
        content.insert("rich_text".into(), pieces.into());
        json!({ "object": "block", "type": kind, (kind): content })
    });
    made.collect()
}

fn rich_texts(span: &Span) -> Vec<Value> {
    let style = &span.style;
    let one = |text: &str| {
        let mut piece = json!({ "type": "text", "text": { "content": text } });
        // Other addresses are refused with the whole request.
        if let Some(address) = style.link.as_deref().filter(|address| is_address(address)) {
            piece["text"]["link"] = json!({ "url": address });
        }
        let set: Map<String, Value> = [
            (style.bold, "bold"),
            (style.italic, "italic"),
            (style.strike, "strikethrough"),
            (style.code, "code"),
        ]
        .into_iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, name)| (name.into(), true.into()))
        .collect();
        if !set.is_empty() {
            piece["annotations"] = set.into();
        }
        piece
    };
    pieces(&span.text).into_iter().map(one).collect()
}

fn is_address(address: &str) -> bool {
    ["http://", "https://", "mailto:"]
        .iter()
        .any(|scheme| address.starts_with(scheme))
}

fn pieces(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut length) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        if length + c.len_utf16() > LONGEST_TEXT {
            found.push(&text[start..at]);
            (start, length) = (at, 0);
        }
        length += c.len_utf16();
    }
    if start < text.len() {
        found.push(&text[start..]);
    }
    found
}

fn known(language: Option<&str>) -> &'static str {
    let language = language.unwrap_or_default().to_ascii_lowercase();
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == language);
    let mut names = LANGUAGES.iter();
    other
        .map(|(_, known)| *known)
        .or_else(|| names.find(|name| **name == language).copied())
        .unwrap_or("plain text")
}

/// A table is a block with children, so it cannot stand at the deepest level.
fn table(rows: &[Vec<Vec<Span>>], depth: usize) -> Vec<Value> {
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    if depth >= DEEPEST {
        let cells = rows.iter().flatten();
        return cells
            .flat_map(|spans| texts("paragraph", spans, &Map::new()))
            .collect();
    }
    let row = |row: &Vec<Vec<Span>>| {
        let mut cells: Vec<Vec<Value>> = row
            .iter()
            .map(|spans| spans.iter().flat_map(rich_texts).collect())
            .collect();
        cells.resize_with(width, Vec::new);
        json!({ "object": "block", "type": "table_row", "table_row": { "cells": cells } })
    };
    let tables = rows.chunks(MOST_PIECES).enumerate().map(|(index, rows)| {
        let rows: Vec<Value> = rows.iter().map(row).collect();
        json!({ "object": "block", "type": "table", "table": {
            "table_width": width, "has_column_header": index == 0, "has_row_header": false,
            "children": rows,
        } })
    });
    tables.collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    fn of(markdown: &str) -> Vec<Value> {
        blocks(&tree::read(markdown).unwrap())
    }

    fn rich(text: &str) -> Value {
        json!([{ "type": "text", "text": { "content": text } }])
    }

    #[test]
    fn markdown_becomes_blocks() {
        let made = of(
            "#### T\n\n- a\n  - b\n\n- [ ] c\n\n> q\n\n```py\nx\n```\n\n---\n\n**l** [m](https://x.test) [n](#o)",
        );
        let block = |kind: &str, content: Value| json!({ "object": "block", "type": kind, (kind): content });
        let inner = block("bulleted_list_item", json!({ "rich_text": rich("b") }));
        assert_eq!(
            json!(made),
            json!([
                block("heading_3", json!({ "rich_text": rich("T") })),
                block(
                    "bulleted_list_item",
                    json!({ "rich_text": rich("a"), "children": [inner] })
                ),
                block("to_do", json!({ "checked": false, "rich_text": rich("c") })),
                block("quote", json!({ "rich_text": rich("q") })),
                block(
                    "code",
                    json!({ "language": "python", "rich_text": rich("x") })
                ),
                block("divider", json!({})),
                block(
                    "paragraph",
                    json!({ "rich_text": [
                { "type": "text", "text": { "content": "l" }, "annotations": { "bold": true } },
                { "type": "text", "text": { "content": " " } },
                { "type": "text", "text": { "content": "m", "link": { "url": "https://x.test" } } },
                { "type": "text", "text": { "content": " " } },
                { "type": "text", "text": { "content": "n" } },
            ] })
                ),
            ])
        );
    }

    #[test]
    fn long_texts_and_deep_lists_stay_within_what_notion_takes() {
        let made = of(&"😀".repeat(1_500));
        let pieces = made[0]["paragraph"]["rich_text"].as_array().unwrap();
        assert_eq!(pieces.len(), 2);
        let made = of("- a\n  - b\n    - c\n      - d\n");
        let second = &made[0]["bulleted_list_item"]["children"][0]["bulleted_list_item"];
        let lowest: Vec<&Value> = second["children"].as_array().unwrap().iter().collect();
        assert_eq!(lowest.len(), 2, "c and, lifted, d");
        assert!(
            lowest
                .iter()
                .all(|block| block["bulleted_list_item"].get("children").is_none())
        );
    }

    #[test]
    fn a_table_has_rows_of_equal_width() {
        let made = of("|a|b|\n|-|-|\n|1|\n");
        assert_eq!(made[0]["table"]["table_width"], 2);
        assert_eq!(
            made[0]["table"]["children"][1]["table_row"]["cells"],
            json!([rich("1"), []])
        );
    }
}
