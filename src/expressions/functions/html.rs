//! HTML as plain text.

use serde_json::Value;

use super::{checked, text};

/// Elements whose content nobody reads.
const UNSEEN: [&str; 6] = ["head", "style", "script", "template", "title", "noscript"];
/// Elements that stand on lines of their own.
const BLOCKS: [&str; 24] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
];
/// Those with an empty line around them.
const PARAGRAPHS: [&str; 7] = ["p", "h1", "h2", "h3", "h4", "h5", "h6"];
/// The longest name of a character, `&thetasym;` and the like.
const LONGEST_ENTITY: usize = 12;

/// The text that a reader of the HTML sees: lines where elements end, `- ` before list items, the
/// addresses of links behind their texts. Never fails on malformed HTML.
pub(super) fn html_to_text(input: &Value) -> Result<Value, String> {
    checked(plain(text(input)?))
}

/// The same of a text.
pub(super) fn plain(html: &str) -> String {
    let (mut page, mut rest) = (Page::default(), html);
    while let Some(start) = rest.find('<') {
        page.text(&rest[..start]);
        let tag = &rest[start + 1..];
        let begins_tag = tag.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c));
        if !begins_tag {
            page.text("<");
            rest = tag;
        } else if let Some(comment) = tag.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
        } else {
            let end = tag_end(tag);
            page.tag(&tag[..end]);
            rest = tag.get(end + 1..).unwrap_or_default();
            if let Some(name) = UNSEEN.iter().find(|name| is_opening(&tag[..end], name)) {
                rest = after_element(rest, name);
            }
        }
    }
    page.text(rest);
    page.out.trim().to_owned()
}

/// Where a tag ends; `>` may stand in a quoted attribute.
fn tag_end(tag: &str) -> usize {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    // A quote without a partner ends nothing.
    tag.find('>').unwrap_or(tag.len())
}

fn tag_name(tag: &str) -> &str {
    let end = tag
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(tag.len());
    &tag[..end]
}

fn is_opening(tag: &str, name: &str) -> bool {
    tag_name(tag).eq_ignore_ascii_case(name) && !tag.ends_with('/')
}

/// What comes after `</name …>`; nothing if the element does not end.
fn after_element<'h>(html: &'h str, name: &str) -> &'h str {
    let mut rest = html;
    while let Some(start) = rest.find("</") {
        rest = &rest[start + 2..];
        if tag_name(rest).eq_ignore_ascii_case(name) {
            return rest.find('>').map_or("", |end| &rest[end + 1..]);
        }
    }
    ""
}

/// The text so far.
#[derive(Default)]
struct Page {
    out: String,
    /// White space was seen and not yet written.
    space: bool,
    /// Within `pre`, where white space stays.
    preformatted: bool,
    /// The address of the link that is open, and where its text begins.
    link: Option<(String, usize)>,
}

impl Page {
    fn text(&mut self, text: &str) {
        let text = decoded(text);
        if self.preformatted {
            self.out.push_str(&text);
            return;
        }
        for word in text.split_inclusive(|c: char| c.is_ascii_whitespace()) {
            let bare = word.trim_end_matches(|c: char| c.is_ascii_whitespace());
            if !bare.is_empty() {
                if self.space && !self.out.is_empty() && !self.out.ends_with(['\n', ' ']) {
                    self.out.push(' ');
                }
                self.out.push_str(bare);
                self.space = false;
            }
            self.space |= bare.len() < word.len();
        }
    }

    fn tag(&mut self, tag: &str) {
        let (name, opens) = match tag.strip_prefix('/') {
            Some(name) => (tag_name(name), false),
            None => (tag_name(tag), true),
        };
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "br" => self.out.push('\n'),
            "td" | "th" if !opens => self.space = true,
            "pre" => self.preformatted = opens,
            "a" if opens => {
                let address = attribute(tag, "href").filter(|address| address.starts_with("http"));
                self.link = address.map(|address| (address, self.out.len()));
            }
            "a" => self.end_link(),
            _ => {}
        }
        let lines = if PARAGRAPHS.contains(&name.as_str()) {
            2
        } else {
            usize::from(BLOCKS.contains(&name.as_str()))
        };
        self.break_line(lines);
        if opens && name == "li" {
            self.out.push_str("- ");
        }
    }

    /// A link whose text is not its address shows it behind.
    fn end_link(&mut self) {
        if let Some((address, start)) = self.link.take() {
            let shown = self.out.get(start..).unwrap_or_default().trim();
            if !shown.is_empty() && !address.contains(shown) && !shown.contains(&address) {
                self.out.push_str(&format!(" ({address})"));
            }
        }
    }

    fn break_line(&mut self, lines: usize) {
        if lines == 0 {
            return;
        }
        self.space = false;
        let kept = self.out.trim_end_matches([' ', '\t']).len();
        self.out.truncate(kept);
        let there = self.out.len() - self.out.trim_end_matches('\n').len();
        if !self.out.is_empty() {
            (there..lines).for_each(|_| self.out.push('\n'));
        }
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let start = lower.find(&format!("{name}="))? + name.len() + 1;
    let value = &tag[start..];
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next()?,
        _ => value.split([' ', '\t', '\n', '/']).next()?,
    };
    Some(decoded(value).trim().to_owned())
}

/// With the characters that entities stand for.
pub(super) fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let end = after
            .bytes()
            .take(LONGEST_ENTITY)
            .position(|byte| byte == b';');
        if let Some((end, character)) = end.and_then(|end| Some((end, entity(&after[..end])?))) {
            out.push(character);
            rest = &after[end + 1..];
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The character of `amp`, `#65` or `#x41`.
fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?).filter(|c| *c != '\0');
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" | "ensp" | "emsp" | "thinsp" => ' ',
        "zwnj" => '\u{200c}',
        "shy" => '\u{ad}',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "hellip" => '…',
        "mdash" => '—',
        "ndash" => '–',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "laquo" => '«',
        "raquo" => '»',
        "bull" => '•',
        "middot" => '·',
        "euro" => '€',
        "pound" => '£',
        "yen" => '¥',
        "cent" => '¢',
        "sect" => '§',
        "deg" => '°',
        "plusmn" => '±',
        "times" => '×',
        "rarr" => '→',
        "larr" => '←',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "eacute" => 'é',
        "egrave" => 'è',
        "ecirc" => 'ê',
        "agrave" => 'à',
        "aacute" => 'á',
        "acirc" => 'â',
        "ccedil" => 'ç',
        "ntilde" => 'ñ',
        "oacute" => 'ó',
        "uacute" => 'ú',
        "iacute" => 'í',
        "oslash" => 'ø',
        "aring" => 'å',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("<p>Hello <b>you</b>,</p><p>second</p>", "Hello you,\n\nsecond")]
    #[case("a<br>b<br/>c", "a\nb\nc")]
    #[case("<div>a</div><div><div>b</div></div>", "a\nb")]
    #[case("<ul><li>one<li>two</ul>after", "- one\n- two\nafter")]
    #[case(
        "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
        "a b\nc"
    )]
    #[case(
        "<head><title>x</title></head><style>p{}</style><script>if (a<b) {}</script>y",
        "y"
    )]
    #[case("1 &lt; 2 &amp;&#65;&#x42; &nosuch; &", "1 < 2 &AB &nosuch; &")]
    #[case(
        "<a href='https://x.test/a?b=1&amp;c=2'>here</a>",
        "here (https://x.test/a?b=1&c=2)"
    )]
    #[case("<a href=\"https://x.test\">https://x.test</a>", "https://x.test")]
    #[case("<a href=\"a>b\">t</a>", "t")]
    #[case("a <!-- <p>b</p> --> c", "a c")]
    #[case("<pre>  a\n  b</pre>", "a\n  b")]
    #[case("  many \n\t  spaces ", "many spaces")]
    #[case("1 < 2 <3", "1 < 2 <3")]
    #[case("<script>never ends", "")]
    #[case("<p unclosed", "")]
    fn html_reads_as_it_is_seen(#[case] html: &str, #[case] expected: &str) {
        assert_eq!(plain(html), expected);
    }

    proptest! {
        #[test]
        fn no_html_is_too_wild(html in "[<>/!a-z&;#x\"'= ü-]{0,80}") {
            let _ = plain(&html);
        }

        #[test]
        fn a_text_without_markup_keeps_its_words(text in "[a-zü ]{0,40}") {
            let words: Vec<&str> = text.split_whitespace().collect();
            prop_assert_eq!(plain(&text), words.join(" "));
        }
    }
}
