//! Markdown as a tree of blocks and spans.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

pub(super) const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS);
/// Lists in lists and quotes in quotes; deeper ones are refused before they exhaust the stack.
const DEEPEST: usize = 32;

#[derive(Debug)]
pub(super) enum Block {
    Paragraph(Vec<Span>),
    /// With its level, 1 to 6.
    Heading(u8, Vec<Span>),
    /// Ordered ones with their first number.
    List(Option<u64>, Vec<Item>),
    /// With its language.
    Code(Option<String>, String),
    Quote(Vec<Block>),
    Rule,
    /// Rows of cells; the first is the head.
    Table(Vec<Vec<Vec<Span>>>),
}

#[derive(Debug, Default)]
pub(super) struct Item {
    pub(super) blocks: Vec<Block>,
    /// Whether its box is ticked, where it has one.
    pub(super) ticked: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) style: Style,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "any style may stand beside any other"
)]
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Style {
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) strike: bool,
    pub(super) code: bool,
    pub(super) link: Option<String>,
}

/// The blocks of a text.
///
/// # Errors
/// For lists or quotes nested too deeply.
pub(super) fn read(markdown: &str) -> Result<Vec<Block>, String> {
    let mut reader = Reader {
        events: Parser::new_ext(markdown, OPTIONS),
        depth: 0,
        ticked: None,
    };
    Ok(reader.blocks()?.blocks)
}

struct Reader<'m> {
    events: Parser<'m>,
    depth: usize,
    /// The box of the item that is being read, seen within its paragraph.
    ticked: Option<bool>,
}

impl Reader<'_> {
    /// Everything up to the end of the element that was begun, or of the text.
    fn blocks(&mut self) -> Result<Item, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the Markdown is nested too deeply".into());
        }
        let mut item = Item::default();
        // Spans of an item without paragraphs.
        let mut loose = Spans::default();
        while let Some(event) = self.events.next() {
            match event {
                Event::Start(tag) => {
                    if let Some(block) = self.block(tag, &mut loose)? {
                        loose.close(&mut item.blocks);
                        item.blocks.push(block);
                        item.ticked = self.ticked.take().or(item.ticked);
                    }
                }
                Event::Rule => {
                    loose.close(&mut item.blocks);
                    item.blocks.push(Block::Rule);
                }
                Event::TaskListMarker(ticked) => item.ticked = Some(ticked),
                Event::End(tag) if loose.end(tag) => {}
                Event::End(_) => break,
                other => loose.inline(other),
            }
        }
        loose.close(&mut item.blocks);
        self.depth -= 1;
        Ok(item)
    }

    /// The block that a tag begins; none for a tag within a line.
    fn block(&mut self, tag: Tag<'_>, loose: &mut Spans) -> Result<Option<Block>, String> {
        Ok(Some(match tag {
            Tag::Paragraph | Tag::HtmlBlock => Block::Paragraph(self.spans()),
            Tag::Heading { level, .. } => Block::Heading(number(level), self.spans()),
            Tag::BlockQuote(_) => Block::Quote(self.blocks()?.blocks),
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => info.split([' ', ',']).next().map(str::to_owned),
                    CodeBlockKind::Indented => None,
                };
                let code: String = self.spans().into_iter().map(|span| span.text).collect();
                let language = language.filter(|language| !language.is_empty());
                Block::Code(language, code.trim_end_matches('\n').to_owned())
            }
            Tag::List(first) => Block::List(first, self.items()?),
            Tag::Table(_) => Block::Table(self.rows()),
            inline => {
                loose.start(inline);
                return Ok(None);
            }
        }))
    }

    fn items(&mut self) -> Result<Vec<Item>, String> {
        let mut items = Vec::new();
        while let Some(Event::Start(Tag::Item)) = self.events.next() {
            items.push(self.blocks()?);
        }
        Ok(items)
    }

    fn rows(&mut self) -> Vec<Vec<Vec<Span>>> {
        let mut rows: Vec<Vec<Spans>> = Vec::new();
        for event in self.events.by_ref() {
            match event {
                Event::End(TagEnd::Table) => break,
                Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(Vec::new()),
                Event::Start(Tag::TableCell) => {
                    if let Some(row) = rows.last_mut() {
                        row.push(Spans::default());
                    }
                }
                Event::Start(tag) => last(&mut rows, |cell| cell.start(tag)),
                Event::End(tag) => last(&mut rows, |cell| {
                    cell.end(tag);
                }),
                other => last(&mut rows, |cell| cell.inline(other)),
            }
        }
        let spans = |row: Vec<Spans>| row.into_iter().map(|cell| cell.done).collect();
        rows.into_iter().map(spans).collect()
    }

    /// The spans up to the end of the block that was begun.
    fn spans(&mut self) -> Vec<Span> {
        let mut spans = Spans::default();
        for event in self.events.by_ref() {
            match event {
                Event::Start(tag) => spans.start(tag),
                Event::End(tag) if !spans.end(tag) => break,
                Event::End(_) => {}
                Event::TaskListMarker(ticked) => self.ticked = Some(ticked),
                other => spans.inline(other),
            }
        }
        spans.done
    }
}

fn last(rows: &mut [Vec<Spans>], change: impl FnOnce(&mut Spans)) {
    if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
        change(cell);
    }
}

const fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// A line on its way: what is done of it, and the styles that are open.
#[derive(Debug, Default)]
struct Spans {
    done: Vec<Span>,
    styles: Vec<Style>,
}

impl Spans {
    fn start(&mut self, tag: Tag<'_>) {
        let mut style = self.styles.last().cloned().unwrap_or_default();
        match tag {
            Tag::Strong => style.bold = true,
            Tag::Emphasis => style.italic = true,
            Tag::Strikethrough => style.strike = true,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                style.link = Some(dest_url.into_string());
            }
            _ => {}
        }
        self.styles.push(style);
    }

    /// Whether something within the line ended here.
    fn end(&mut self, _: TagEnd) -> bool {
        self.styles.pop().is_some()
    }

    fn inline(&mut self, event: Event<'_>) {
        let mut style = self.styles.last().cloned().unwrap_or_default();
        let text = match event {
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => text.into_string(),
            Event::Code(text) => {
                style.code = true;
                text.into_string()
            }
            Event::SoftBreak => " ".into(),
            Event::HardBreak => "\n".into(),
            _ => return,
        };
        match self.done.last_mut() {
            Some(span) if span.style == style => span.text.push_str(&text),
            _ => self.done.push(Span { text, style }),
        }
    }

    fn close(&mut self, blocks: &mut Vec<Block>) {
        if !self.done.is_empty() {
            blocks.push(Block::Paragraph(std::mem::take(&mut self.done)));
        }
    }
}
