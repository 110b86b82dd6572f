//! What a word means that no tool has: mistyped, it is still near one that some have.

/// The shortest stem, in characters, that is taken for mistyped: a shorter one is near too many.
const SHORTEST: usize = 5;
/// From this length on, two mistakes are forgiven.
const LONG: usize = 9;

/// Of the stems that tools have, with the number of tools that each has, the one that was probably
/// meant: it begins with the same letter and is at most one mistake away (two in a long one).
pub(super) fn meant<'s>(
    stem: &str,
    known: impl Iterator<Item = (&'s str, usize)>,
) -> Option<&'s str> {
    let length = stem.chars().count();
    if length < SHORTEST || stem.contains(|letter: char| !letter.is_alphabetic()) {
        return None;
    }
    let most = if length < LONG { 1 } else { 2 };
    let first = stem.chars().next();
    let near = known.filter(|(other, _)| {
        other.chars().next() == first && other.chars().count().abs_diff(length) <= most
    });
    let near = near.map(|(other, tools)| (strsim::osa_distance(stem, other), tools, other));
    let near = near.filter(|(distance, _, _)| *distance <= most);
    let best = near.min_by_key(|(distance, tools, other)| (*distance, usize::MAX - tools, *other));
    best.map(|(_, _, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [(&str, usize); 4] = [
        ("calendar", 30),
        ("confirm", 9),
        ("confirmat", 4),
        ("lend", 1),
    ];

    #[rstest::rstest]
    #[case("calender", Some("calendar"))]
    #[case("clendar", Some("calendar"))]
    #[case("confrim", Some("confirm"))]
    #[case("lena", None)]
    #[case("kalendar", None)]
    #[case("columbia", None)]
    fn a_mistyped_word_is_the_one_it_is_next_to(#[case] typed: &str, #[case] word: Option<&str>) {
        assert_eq!(meant(typed, KNOWN.into_iter()), word);
    }
}
