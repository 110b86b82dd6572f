//! What tools are called: `{TOOLKIT}_{ACTION}` from an operation's summary, id or path.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::document::Dialect;
use super::operation::{Content, Operation};
pub(super) use words::is_identifier;
use words::{id_words, path_words, split_camel, summary_words, upper_words};

/// Function names of model APIs end there.
pub(super) const LONGEST: usize = 64;
/// Of a summary, an id or a path that slugs are made of.
const MOST_WORDS: usize = 60;
/// A summary of more is a sentence.
const MOST_OF_A_NAME: usize = 10;
/// An id of more is no better than a sentence.
const MOST_OF_AN_ID: usize = 8;
/// Of the beginning of a sentence that is a name.
const FEWEST_TELLING: usize = 3;
/// Words of a path behind a name that is another operation's.
const MOST_APART: usize = 3;
const FILLERS: [&str; 12] = [
    "A", "AN", "THE", "OF", "FOR", "TO", "IN", "ON", "BY", "WITH", "FROM", "AND",
];

/// What slugs are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlugFrom {
    /// Whatever of the following fits the description best.
    Auto,
    /// The operations' summaries.
    Summary,
    /// Their `operationId`s.
    OperationId,
    /// Method and path.
    Path,
}

/// Gives every operation its slug, all different.
pub(super) struct Names<'n> {
    /// Upper case, with the `_` after it.
    prefix: String,
    from: SlugFrom,
    /// Nobody said that it must be `from`.
    is_free: bool,
    dialect: Dialect,
    /// By operation key: what it was called before, which never changes.
    known: &'n BTreeMap<String, String>,
    /// By operation key: what it is called elsewhere.
    wanted: &'n BTreeMap<String, Vec<String>>,
    taken: BTreeSet<String>,
    /// By slug: the words of its path.
    paths: BTreeMap<String, Vec<String>>,
    /// By words: the number that the next operation of the same ones gets.
    numbers: BTreeMap<String, usize>,
}

/// A tool's slugs.
pub(super) struct Named {
    pub(super) slug: String,
    pub(super) aliases: Vec<String>,
    /// The slug without the toolkit's, for people to read.
    pub(super) spoken: String,
}

impl<'n> Names<'n> {
    pub(super) fn new(
        toolkit: &str,
        from: SlugFrom,
        dialect: Dialect,
        operations: &[Operation<'_>],
        known: &'n BTreeMap<String, String>,
        wanted: &'n BTreeMap<String, Vec<String>>,
    ) -> Self {
        let is_free = from == SlugFrom::Auto;
        let from = match from {
            // Its tools have names of that kind.
            SlugFrom::Auto if dialect == Dialect::Mcp => SlugFrom::OperationId,
            SlugFrom::Auto => best(operations),
            chosen => chosen,
        };
        // Nobody else may take a name that is promised.
        let promised = wanted.values().flatten();
        let taken = known.values().chain(promised).cloned().collect();
        Self {
            prefix: format!("{}_", toolkit.to_ascii_uppercase()),
            from,
            is_free,
            dialect,
            known,
            wanted,
            taken,
            paths: BTreeMap::new(),
            numbers: BTreeMap::new(),
        }
    }

    /// The slugs of an operation; asked once for each.
    pub(super) fn name(&mut self, operation: &Operation<'_>) -> Named {
        let key = operation.key();
        let wanted = self.wanted.get(&key).map_or(&[][..], Vec::as_slice);
        let promised = self.known.get(&key).or_else(|| wanted.first());
        let promised = promised.cloned();
        let slug = promised.unwrap_or_else(|| self.free(operation));
        let mut path = path_words(operation);
        path.truncate(MOST_WORDS);
        self.paths.insert(slug.clone(), path);
        let others = wanted.iter().filter(|other| **other != slug);
        Named {
            spoken: spoken(slug.strip_prefix(&self.prefix).unwrap_or(&slug)),
            aliases: others.cloned().collect(),
            slug,
        }
    }

    fn free(&mut self, operation: &Operation<'_>) -> String {
        let words = self.words(operation);
        let plain = self.fitted(&words, 0);
        if self.taken.insert(plain.clone()) {
            return plain;
        }
        if let Some(tag) = operation.tags.first() {
            let mut tagged = upper_words(tag);
            tagged.extend(words.iter().cloned());
            let tagged = self.fitted(&tagged, 0);
            if self.taken.insert(tagged.clone()) {
                return tagged;
            }
        }
        let apart = self.apart(&plain, &words, operation);
        if !apart.is_empty() {
            let end = format!("_{}", apart.join("_"));
            let longer = self.fitted(&words, end.len()) + &end;
            if longer.len() <= LONGEST && self.taken.insert(longer.clone()) {
                return longer;
            }
        }
        // Those below are taken since the last one of this name.
        let next = self.numbers.entry(words.join("_"));
        let mut number = *next.or_insert(2);
        loop {
            let end = format!("_{number}");
            let numbered = self.fitted(&words, end.len()) + &end;
            number += 1;
            if self.taken.insert(numbered.clone()) {
                self.numbers.insert(words.join("_"), number);
                return numbered;
            }
        }
    }

    /// What sets the path of an operation apart from that of the one which is called `slug`.
    fn apart(&self, slug: &str, words: &[String], operation: &Operation<'_>) -> Vec<String> {
        let Some(other) = self.paths.get(slug) else {
            return Vec::new();
        };
        // A verb first, and `?beta=true` is BETA.
        let own = path_words(operation).into_iter().take(MOST_WORDS).skip(1);
        let own = own.filter(|word| word != "TRUE" && !FILLERS.contains(&word.as_str()));
        own.filter(|word| !other.contains(word) && !words.contains(word))
            .take(MOST_APART)
            .collect()
    }

    /// The words of a summary; of a sentence those of a good id, or its beginning, unless it is the
    /// sentence that is wanted.
    fn summary_words(&self, summary: &str, id: Option<Vec<String>>) -> Vec<String> {
        let words = summary_words(summary);
        if !self.is_free || self.is_name(&words, MOST_OF_A_NAME) {
            return words;
        }
        let is_good = |id: &Vec<String>| id.len() > 1 && self.is_name(id, MOST_OF_AN_ID);
        id.filter(is_good).unwrap_or_else(|| {
            let beginning = summary.split([',', ';']).next().unwrap_or_default();
            let beginning = beginning.split(". ").next().unwrap_or_default();
            let beginning = summary_words(beginning);
            if telling(&beginning).count() >= FEWEST_TELLING {
                beginning
            } else {
                words
            }
        })
    }

    /// Few words, of which none but fillers go because they are too long together.
    fn is_name(&self, words: &[String], most: usize) -> bool {
        let length = telling(words).map(|word| word.len() + 1).sum::<usize>();
        words.len() <= most && self.prefix.len() + length <= LONGEST + 1
    }

    fn words(&self, operation: &Operation<'_>) -> Vec<String> {
        let id = operation.id.filter(|id| !id.contains('{'));
        let of_id = || id.map(|id| id_words(id, self.dialect));
        let of_summary = || {
            let summary = operation.summary?;
            Some(self.summary_words(summary, of_id()))
        };
        let words = match self.from {
            SlugFrom::Summary => of_summary().or_else(of_id),
            SlugFrom::Auto | SlugFrom::OperationId => of_id().or_else(of_summary),
            SlugFrom::Path => None,
        };
        let words = words.filter(|words| !words.is_empty());
        let mut words = words.unwrap_or_else(|| path_words(operation));
        words.truncate(MOST_WORDS);
        let own = self.prefix.trim_end_matches('_');
        if words.len() > 1 && words[0] == own {
            words.remove(0);
        }
        match operation.content {
            Some(Content::Download) => download_words(&mut words),
            Some(Content::Resumable { .. } | Content::Simple { .. }) => {
                words.extend(["WITH".to_owned(), "MEDIA".to_owned()]);
            }
            None => {}
        }
        words
    }

    /// The words as one slug with `spare` characters left, shortened where they must be.
    fn fitted(&self, words: &[String], spare: usize) -> String {
        let room = LONGEST.saturating_sub(self.prefix.len() + spare).max(1);
        let length = |words: &[&str]| words.iter().map(|word| word.len() + 1).sum::<usize>();
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        while length(&words) > room + 1 && words.len() > 1 {
            match words.iter().rposition(|word| FILLERS.contains(word)) {
                Some(filler) => words.remove(filler),
                None => words.pop().unwrap_or_default(),
            };
        }
        let mut text = words.join("_");
        text.truncate(room);
        format!("{}{}", self.prefix, text.trim_end_matches('_'))
    }
}

/// The words that are not the first to go.
fn telling(words: &[String]) -> impl Iterator<Item = &String> {
    words
        .iter()
        .filter(|word| !FILLERS.contains(&word.as_str()))
}

/// `GET FILE` → DOWNLOAD FILE
fn download_words(words: &mut Vec<String>) {
    match words.first().map(String::as_str) {
        Some("GET") => words[0] = "DOWNLOAD".into(),
        Some("DOWNLOAD" | "EXPORT") => {}
        _ => words.insert(0, "DOWNLOAD".into()),
    }
}

fn best(operations: &[Operation<'_>]) -> SlugFrom {
    let count = operations.len().max(1);
    let summaries: Vec<&str> = operations.iter().filter_map(|one| one.summary).collect();
    let mut lengths: Vec<usize> = summaries
        .iter()
        .map(|s| s.split_whitespace().count())
        .collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    let different = summaries.iter().collect::<BTreeSet<_>>().len();
    let is_most = |part: usize| part * 10 >= count * 9;
    if is_most(summaries.len()) && median <= 8 && different * 10 >= summaries.len() * 9 {
        return SlugFrom::Summary;
    }
    if is_most(operations.iter().filter(|one| one.id.is_some()).count()) {
        SlugFrom::OperationId
    } else {
        SlugFrom::Path
    }
}

/// `filter[x]` → `filter_x`: what a model may be given as the name of an argument.
pub(super) fn argument(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            plain.push(c);
        } else if !plain.ends_with('_') {
            plain.push('_');
        }
    }
    if plain != name {
        plain = plain.trim_matches('_').into();
    }
    if plain.is_empty() {
        return "value".into();
    }
    // No parameter of Google's may begin with a digit.
    if plain.starts_with(|first: char| first.is_ascii_digit()) {
        plain.insert_str(0, "value_");
    }
    plain.truncate(LONGEST);
    plain
}

/// `pageToken` → `page_token`
pub(super) fn snake(name: &str) -> String {
    argument(&split_camel(name).replace(' ', "_")).to_ascii_lowercase()
}

/// A slug for people to read: `LIST_OPEN_ISSUES` → `List open issues`.
pub(super) fn spoken(slug: &str) -> String {
    let text = slug.replace('_', " ").to_ascii_lowercase();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation<'d>(
        method: &str,
        path: &str,
        id: Option<&'d str>,
        summary: Option<&'d str>,
    ) -> Operation<'d> {
        Operation {
            at: String::new(),
            method: method.into(),
            path: path.into(),
            full_path: None,
            id,
            summary,
            description: None,
            tags: vec!["billing"],
            deprecated: false,
            parameters: Vec::new(),
            body: None,
            security: None,
            server: None,
            content: None,
            accept: None,
            answers_file: false,
            envelope: None,
        }
    }

    fn names(from: SlugFrom, dialect: Dialect, operations: &[Operation<'_>]) -> Vec<String> {
        let (known, wanted) = (BTreeMap::new(), BTreeMap::new());
        let mut names = Names::new("acme", from, dialect, operations, &known, &wanted);
        operations.iter().map(|one| names.name(one).slug).collect()
    }

    #[rstest::rstest]
    #[case(
        SlugFrom::Summary,
        Some("List a GitHub user's keys (beta)"),
        None,
        "ACME_LIST_A_GITHUB_USERS_KEYS"
    )]
    #[case(SlugFrom::Summary, Some("Acme: sell"), None, "ACME_SELL")]
    #[case(
        SlugFrom::Summary,
        None,
        Some("things/sell-all"),
        "ACME_THINGS_SELL_ALL"
    )]
    #[case(
        SlugFrom::OperationId,
        None,
        Some("getHTTPServerV2"),
        "ACME_GET_HTTP_SERVER_V2"
    )]
    #[case(
        SlugFrom::Path,
        None,
        Some("x"),
        "ACME_LIST_SHOPS_OPEN_THINGS_BY_SHOP_ID"
    )]
    #[case(
        SlugFrom::Summary,
        Some("ÄÖ"),
        None,
        "ACME_LIST_SHOPS_OPEN_THINGS_BY_SHOP_ID"
    )]
    fn a_slug_is_made_of_what_is_there(
        #[case] from: SlugFrom,
        #[case] summary: Option<&str>,
        #[case] id: Option<&str>,
        #[case] expected: &str,
    ) {
        let one = operation("GET", "/v2/shops/{shopId}/open-things", id, summary);
        assert_eq!(names(from, Dialect::OpenApi, &[one]), [expected]);
    }

    #[test]
    fn discovery_ids_give_verb_and_resource() {
        let ids = [
            "gmail.users.drafts.list",
            "gmail.users.drafts.get",
            "drive.about.get",
            "x.a.entries.batchDelete",
        ];
        let all = ids.map(|id| operation("GET", "/x", Some(id), None));
        assert_eq!(
            names(SlugFrom::Auto, Dialect::Discovery, &all),
            [
                "ACME_LIST_DRAFTS",
                "ACME_GET_DRAFT",
                "ACME_GET_ABOUT",
                "ACME_BATCH_DELETE_ENTRY"
            ]
        );
    }

    #[test]
    fn equal_names_get_the_tag_and_then_a_number() {
        let all = [1, 2, 3, 4].map(|_| operation("GET", "/x", None, Some("List secrets")));
        assert_eq!(
            names(SlugFrom::Summary, Dialect::OpenApi, &all),
            [
                "ACME_LIST_SECRETS",
                "ACME_BILLING_LIST_SECRETS",
                "ACME_LIST_SECRETS_2",
                "ACME_LIST_SECRETS_3"
            ]
        );
    }

    #[test]
    fn equal_names_are_set_apart_by_their_paths() {
        let paths = [
            "/v1/messages",
            "/v1/messages?beta=true",
            "/v1/bulk/{id}/messages",
            "/v1/messages/",
        ];
        let all = paths.map(|path| Operation {
            tags: Vec::new(),
            ..operation("GET", path, None, Some("Get a message"))
        });
        assert_eq!(
            names(SlugFrom::Summary, Dialect::OpenApi, &all),
            [
                "ACME_GET_A_MESSAGE",
                "ACME_GET_A_MESSAGE_BETA",
                "ACME_GET_A_MESSAGE_BULK_ID",
                "ACME_GET_A_MESSAGE_2"
            ]
        );
    }

    /// An operation's slug among others with good summaries.
    fn name_among_good_ones(id: Option<&str>, summary: &str) -> String {
        let others = [
            "Sell", "Buy", "Lend", "Keep", "Find", "Show", "Mend", "Drop", "Hold",
        ];
        let mut all = Vec::from(others.map(|one| operation("GET", "/x", None, Some(one))));
        all.push(operation("GET", "/x", id, Some(summary)));
        names(SlugFrom::Auto, Dialect::OpenApi, &all).pop().unwrap()
    }

    #[rstest::rstest]
    #[case::its_id(
        Some("createChat"),
        "**Starting anew?** We recommend that you try something else and read on.",
        "ACME_CREATE_CHAT"
    )]
    #[case::its_beginning(
        None,
        "Takes a whole thing, its parts and everything else that may belong to it.",
        "ACME_TAKES_A_WHOLE_THING"
    )]
    #[case::a_worse_id(
        Some("a_b_c_d_e_f_g_h_i"),
        "Takes it away. And much more than that, as the guide to the things says.",
        "ACME_TAKES_IT_AWAY"
    )]
    #[case::a_short_summary(
        Some("createChat"),
        "Start a chat, or go on",
        "ACME_START_A_CHAT_OR_GO_ON"
    )]
    #[case::an_identifier(Some("x"), "getGitHubUser", "ACME_GET_GIT_HUB_USER")]
    fn a_sentence_gives_way_to(
        #[case] id: Option<&str>,
        #[case] summary: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(name_among_good_ones(id, summary), expected);
    }

    #[test]
    fn an_id_with_places_in_it_says_less_than_the_path() {
        let id = "post_v3unitsunit{unit_id}review";
        let all = [operation(
            "POST",
            "/v3/units/unit/{unit_id}/review",
            Some(id),
            None,
        )];
        let expected = "ACME_CREATE_UNITS_UNIT_REVIEW_BY_UNIT_ID";
        assert_eq!(names(SlugFrom::Auto, Dialect::OpenApi, &all), [expected]);
    }

    #[test]
    fn a_long_name_loses_its_fillers_first_and_its_end_then() {
        let long = "Get the list of all of the things for a shop in a town on a hill by the sea of the north";
        let all = [
            operation("GET", "/x", None, Some(long)),
            operation("GET", "/x", None, Some(long)),
        ];
        let found = names(SlugFrom::Summary, Dialect::OpenApi, &all);
        assert_eq!(
            found[0],
            "ACME_GET_THE_LIST_OF_ALL_OF_THE_THINGS_SHOP_TOWN_HILL_SEA_NORTH"
        );
        let giant = "x".repeat(500);
        let all = [1, 2, 3].map(|_| operation("GET", "/x", None, Some(&giant)));
        for slug in names(SlugFrom::Summary, Dialect::OpenApi, &all) {
            assert!(slug.len() <= LONGEST, "{slug}");
        }
    }

    #[test]
    fn what_was_named_before_keeps_its_name_and_lets_nobody_have_it() {
        let all = [
            operation("GET", "/new", None, Some("List things")),
            operation("GET", "/old", None, Some("List all things")),
        ];
        let known = BTreeMap::from([("GET /old".to_owned(), "ACME_LIST_THINGS".to_owned())]);
        let slugs = ["ACME_THINGS", "ACME_ALL"].map(str::to_owned).to_vec();
        let wanted = BTreeMap::from([("GET /old".to_owned(), slugs)]);
        let mut names = Names::new(
            "acme",
            SlugFrom::Summary,
            Dialect::OpenApi,
            &all,
            &known,
            &wanted,
        );
        assert_eq!(names.name(&all[0]).slug, "ACME_BILLING_LIST_THINGS");
        let old = names.name(&all[1]);
        assert_eq!(
            (old.slug.as_str(), old.aliases.as_slice()),
            (
                "ACME_LIST_THINGS",
                &["ACME_THINGS".to_owned(), "ACME_ALL".to_owned()][..]
            )
        );
    }

    #[rstest::rstest]
    #[case("filter[created][gte]", "filter_created_gte")]
    #[case("$top", "top")]
    #[case("_id", "_id")]
    #[case("X-Request-Id", "X_Request_Id")]
    #[case("日本", "value")]
    fn names_of_arguments_are_plain(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(argument(name), expected);
    }

    #[test]
    fn camel_case_may_become_snake_case() {
        assert_eq!(snake("pageToken"), "page_token");
        assert_eq!(snake("$.xgafv"), "xgafv");
    }
}
