//! Where in a file a part of an expression stands: YAML takes its indentation away and folds its lines,
//! so the two are compared without white space.

use std::iter::Peekable;
use std::str::CharIndices;

/// Values of one key that are looked at; a tool has few.
const MOST_TRIED: usize = 100;

/// Line and column, from 1, of the byte `offset` of `expression`, which is a value of `key` in `file`
/// from `line` on, or of an anchor before.
pub(super) fn find(
    file: &str,
    line: u64,
    key: &str,
    expression: &str,
    offset: usize,
) -> Option<(usize, usize)> {
    let lines = usize::try_from(line).ok()?.saturating_sub(1);
    let start: usize = file.split_inclusive('\n').take(lines).map(str::len).sum();
    let own = values(file, key, start).take(MOST_TRIED);
    let others = values(file, key, 0).take(MOST_TRIED);
    let at = own.chain(others).find_map(|value| {
        let place = place(&file[value..], expression, offset)?;
        Some(value + place)
    })?;
    let begin = file[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = file[..at].matches('\n').count() + 1;
    Some((line, file[begin..at].chars().count() + 1))
}

/// Where values of `key` begin, from `start` on.
fn values(file: &str, key: &str, start: usize) -> impl Iterator<Item = usize> {
    let ends = |at: usize| {
        let before = file[..at].chars().next_back();
        before.is_none_or(|before| before.is_whitespace() || "{,".contains(before))
    };
    let found = file[start..].match_indices(key);
    let found = found.map(move |(at, key)| (start + at, key));
    found.filter_map(move |(at, key)| {
        let value = at + key.len();
        (ends(at) && file[value..].starts_with(':')).then_some(value + 1)
    })
}

/// Where in `text` the byte `offset` of `expression` stands, if the text begins with all of it.
fn place(text: &str, expression: &str, offset: usize) -> Option<usize> {
    let mut raw = text.char_indices().peekable();
    let end = style(&mut raw);
    let mut found = None;
    let mut last = 0;
    for (index, wanted) in expression.char_indices() {
        if wanted.is_whitespace() {
            continue;
        }
        let (at, c) = next(&mut raw, end)?;
        if c != wanted {
            return None;
        }
        if index >= offset {
            found.get_or_insert(at);
        }
        last = at + c.len_utf8();
    }
    let rest = text[last..].trim_start_matches(' ');
    let is_whole = match end {
        Some(quote) => text[last..].trim_start().starts_with(quote),
        None => rest.is_empty() || rest.starts_with(['\n', '\r', ',', '}', ']', '#']),
    };
    is_whole.then_some(found.unwrap_or(last))
}

/// Passes by an anchor, the sign of a block or the first quote; the last quote is the same.
fn style(raw: &mut Peekable<CharIndices<'_>>) -> Option<char> {
    while let Some((_, c)) = raw.next_if(|(_, c)| " &|>'\"".contains(*c)) {
        match c {
            '|' | '>' => while raw.next_if(|(_, c)| *c != '\n').is_some() {},
            '&' => while raw.next_if(|(_, c)| !c.is_whitespace()).is_some() {},
            '\'' | '"' => return Some(c),
            _ => continue,
        }
        if matches!(c, '|' | '>') {
            return None;
        }
    }
    None
}

/// The next character that is no white space, as the value has it.
fn next(raw: &mut Peekable<CharIndices<'_>>, quote: Option<char>) -> Option<(usize, char)> {
    loop {
        let (at, c) = raw.next()?;
        if c.is_whitespace() {
            continue;
        }
        return match (quote, c) {
            (Some('\''), '\'') => raw.next_if(|(_, c)| *c == '\''),
            (Some('"'), '"') => None,
            (Some('"'), '\\') => match raw.next()? {
                // The end of a line, or another one in it.
                (_, 'n' | 't' | '\n') => continue,
                (_, c) if "\\\"/".contains(c) => Some((at, c)),
                _ => None,
            },
            _ => Some((at, c)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"tools:
  - slug: A
    response: &response
      data: >-
        .body |
          {a: .x}
      ok: '.a == ''b'' | nope'
  - slug: B
    metadata: .body
    request: {body: "{a: \"b\", c: nope}", data: .body.data, query: .x}
    when: |  # ever
      # Not before
      .steps
        | nope(.x)
    until: .y and
      nope
"#;

    #[rstest::rstest]
    #[case::folded(2, "data", ".body | {a: .x}", 9, Some((6, 12)))]
    #[case::of_an_anchor_before(8, "data", ".body | {a: .x}", 9, Some((6, 12)))]
    #[case::at_the_end(2, "data", ".body | {a: .x}", 15, Some((6, 18)))]
    #[case::in_quotes(2, "ok", ".a == 'b' | nope", 12, Some((7, 26)))]
    #[case::in_double_quotes(8, "body", r#"{a: "b", c: nope}"#, 12, Some((10, 36)))]
    #[case::not_another_key(8, "data", ".body", 1, None)]
    #[case::one_among_others(8, "query", ".x", 1, Some((10, 70)))]
    #[case::a_block(8, "when", "# Not before\n.steps\n  | nope(.x)\n", 24, Some((14, 11)))]
    #[case::plain_lines(8, "until", ".y and nope", 7, Some((16, 7)))]
    #[case::nowhere(1, "when", ".other", 0, None)]
    #[case::beyond_the_file(1_000, "nothing", ".x", 0, None)]
    fn a_part_is_found_however_it_is_written(
        #[case] line: u64,
        #[case] key: &str,
        #[case] expression: &str,
        #[case] offset: usize,
        #[case] expected: Option<(usize, usize)>,
    ) {
        assert_eq!(find(FILE, line, key, expression, offset), expected);
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends_in_an_answer(file in "(a: |[ \\n'\"{}|>&\\\\.xä])*", expression in "[ .xä'\"\n]*", offset in 0_usize..20) {
            let _ = find(&file, 1, "a", &expression, offset);
        }
    }
}
