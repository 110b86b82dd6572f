//! Texts of a description as a model gets them: plain, clean and not too long.

use std::borrow::Borrow;

/// `[text](url)` → `text`; no control characters; one space between words; at most `most` bytes.
pub(in crate::importer) fn cut(text: &str, most: usize) -> String {
    // Far beyond what is kept: what comes after does not matter.
    let end = text.floor_char_boundary(most.saturating_mul(4).saturating_add(256));
    let plain = without_links(&text[..end]);
    let mut out = String::new();
    for word in plain.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if out.len() + word.len() + 1 > most {
            if out.is_empty() {
                out.push_str(&word[..word.floor_char_boundary(most)]);
            }
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// In words what schemas cannot say: one of these groups of members must be given whole.
pub(in crate::importer) fn needs<T: Borrow<str>>(groups: &[Vec<T>]) -> String {
    let groups: Vec<String> = groups.iter().map(|group| group.join(" and ")).collect();
    format!("Needs {}.", groups.join(", or "))
}

fn without_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        out.push_str(&rest[..open]);
        let tail = &rest[open + 1..];
        let link = tail.find("](").and_then(|middle| {
            let name = &tail[..middle];
            let after = &tail[middle + 2..];
            let end = after.find(')')?;
            (!name.contains(['[', '\n'])).then(|| (name, &after[end + 1..]))
        });
        if let Some((name, after)) = link {
            out.push_str(name);
            rest = after;
        } else {
            out.push('[');
            rest = tail;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(
        "See [the guide](https://x.test/a) first.",
        100,
        "See the guide first."
    )]
    #[case("a [b] (c)\n\n\u{0}d", 100, "a [b] (c) d")]
    #[case("one two three", 8, "one two")]
    #[case("überlang", 3, "üb")]
    #[case("[[a](b)", 100, "[a")]
    fn texts_come_out_plain_and_short(
        #[case] text: &str,
        #[case] most: usize,
        #[case] expected: &str,
    ) {
        assert_eq!(cut(text, most), expected);
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_longer_than_it_may_be(text in ".*", most in 0_usize..50) {
            proptest::prop_assert!(cut(&text, most).len() <= most);
        }
    }
}
