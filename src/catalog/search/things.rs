//! Addresses, links, numbers and other things in a query, which mean themselves and no tool.

/// The text without its addresses, links and numbers; each leaves a hint of what it is for.
pub(super) fn without_things(text: &str, hints: &mut Vec<&'static str>) -> String {
    let mut spoken = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let bare =
            word.trim_matches(|letter: char| !letter.is_alphanumeric() && !"@#+".contains(letter));
        let hint = if bare.contains("://") || bare.starts_with("www.") {
            spoken.push_str(&host_words(bare));
            "url page"
        } else if bare
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        {
            "email"
        } else if bare.starts_with('#') && bare.len() > 1 {
            "channel message"
        } else if is_issue_key(bare) {
            "issue"
        } else if bare.starts_with('+') && bare.len() > 7 {
            "phone message"
        } else if is_cell(bare) {
            "cell value"
        } else if bare.chars().any(|letter| letter.is_ascii_digit())
            && bare.chars().filter(|letter| letter.is_alphabetic()).count() <= 2
        {
            ""
        } else {
            spoken.push_str(word);
            ""
        };
        spoken.push(' ');
        hints.extend(hint.split_ascii_whitespace());
    }
    spoken
}

/// `https://github.com/a/b` → `github `
fn host_words(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let mut parts: Vec<&str> = host.split('.').filter(|part| *part != "www").collect();
    parts.pop();
    parts.join(" ")
}

/// `B7`, `AA12`
fn is_cell(word: &str) -> bool {
    let letters = word.chars().take_while(char::is_ascii_uppercase).count();
    let digits = &word[letters..];
    (1..=2).contains(&letters)
        && (1..=4).contains(&digits.len())
        && digits.chars().all(|letter| letter.is_ascii_digit())
}

/// `ABC-123`
fn is_issue_key(word: &str) -> bool {
    word.split_once('-').is_some_and(|(project, number)| {
        project.len() >= 2
            && project
                .chars()
                .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
            && project.starts_with(|letter: char| letter.is_ascii_uppercase())
            && !number.is_empty()
            && number.chars().all(|letter| letter.is_ascii_digit())
    })
}
