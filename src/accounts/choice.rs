//! Which of the things that a grant reaches an account is for, where a provider's consent covers
//! several: sites, organisations, tenants.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::kept;
use crate::auth_schemes::oauth2::{TokenFailure, presentable};
use crate::catalog::manifest::{Choose, PostConnect};

/// More than these are not told in an error.
const MOST_TOLD: usize = 20;

/// What a consent brought. It is sealed with the attempt while its user chooses.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Granted {
    /// The tokens, and what the account keeps besides.
    pub(super) tokens: Map<String, Value>,
    /// What such a thing is called: `site`.
    pub(super) what: String,
    /// What the user must choose from; empty when there is nothing to choose.
    pub(super) choices: Vec<Choice>,
    /// What the account was for before.
    #[serde(default)]
    pub(super) former: Former,
}

/// What an account was for before its user consented again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Former {
    /// It is new.
    #[default]
    None,
    /// The thing with this label.
    Is(String),
    /// Something that the new grant does not reach.
    OutOfReach,
}

/// One of the things that a grant reaches.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Choice {
    /// What people tell it by; no two of a list are alike.
    pub(super) label: String,
    /// What the account keeps of it.
    pub(super) values: Map<String, Value>,
}

impl Granted {
    /// With nothing to choose.
    pub(super) const fn whole(tokens: Map<String, Value>) -> Self {
        Self {
            tokens,
            what: String::new(),
            choices: Vec::new(),
            former: Former::None,
        }
    }

    /// Tokens that are good for these. The only one is chosen already, unless the account was for
    /// something else: nobody's connection moves unasked.
    pub(super) fn among(
        mut tokens: Map<String, Value>,
        what: &str,
        (mut choices, former): (Vec<Choice>, Former),
    ) -> Self {
        if choices.len() == 1 && former != Former::OutOfReach {
            tokens.extend(choices.remove(0).values);
        }
        Self {
            tokens,
            what: what.to_owned(),
            choices,
            former,
        }
    }
}

/// What an account with `values` may be for, of what an answer lists, and which of that it was for before.
///
/// # Errors
/// [`TokenFailure::NoAnswer`] when nothing is listed, or not what the account names.
pub(super) fn fitting(
    asked: &PostConnect,
    choose: &Choose,
    answer: &Value,
    values: &Map<String, Value>,
) -> Result<(Vec<Choice>, Former), TokenFailure> {
    let all = listed(asked, choose, answer)?;
    let Some(named) = named(choose, values) else {
        let former = former(asked, &all, values);
        return Ok((choices(all), former));
    };
    let (fitting, others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|(_, item)| is_named(choose, item, named));
    if fitting.is_empty() {
        let told = others.iter().take(MOST_TOLD);
        let others: Vec<&str> = told.map(|(choice, _)| choice.label.as_str()).collect();
        return Err(TokenFailure::unusable(format!(
            "the consent reaches no {} called `{}`; it reaches: {}",
            choose.what,
            presentable(named),
            others.join(", ")
        )));
    }
    // What is named counts, whatever was before.
    let former = match former(asked, &fitting, values) {
        Former::OutOfReach => Former::None,
        former @ (Former::None | Former::Is(_)) => former,
    };
    Ok((choices(fitting), former))
}

/// What the account was for: a kept value with a pattern tells it again.
fn former(asked: &PostConnect, all: &[(Choice, &Value)], values: &Map<String, Value>) -> Former {
    let telling = || asked.keep.iter().filter(|(_, kept)| kept.pattern.is_some());
    if !telling().any(|(name, _)| values.contains_key(name)) {
        return Former::None;
    }
    let is_former =
        |choice: &Choice| telling().all(|(name, _)| choice.values.get(name) == values.get(name));
    let found = all.iter().find(|(choice, _)| is_former(choice));
    found.map_or(Former::OutOfReach, |(choice, _)| {
        Former::Is(choice.label.clone())
    })
}

fn choices(all: Vec<(Choice, &Value)>) -> Vec<Choice> {
    all.into_iter().map(|(choice, _)| choice).collect()
}

/// Everything that is listed and has what an account must keep, each once: providers list a thing
/// for each of its products.
fn listed<'a>(
    asked: &PostConnect,
    choose: &Choose,
    answer: &'a Value,
) -> Result<Vec<(Choice, &'a Value)>, TokenFailure> {
    let items = match kept::at(answer, &choose.items) {
        Some(Value::Array(items)) => items.as_slice(),
        Some(_) | None => &[],
    };
    let mut all: Vec<(Choice, &Value)> = Vec::new();
    let mut unfit = None;
    for item in items {
        let values = match kept::of_asked(asked, item) {
            Ok(values) => values,
            Err(failure) => {
                unfit = Some(failure);
                continue;
            }
        };
        if all.iter().any(|(choice, _)| choice.values == values) {
            continue;
        }
        let mut label = label(choose, item);
        let alike = all.iter().filter(|(choice, _)| choice.label == label);
        let before = alike.count();
        if before > 0 || label.is_empty() {
            label = format!("{label} ({})", all.len() + 1);
        }
        all.push((Choice { label, values }, item));
    }
    match unfit {
        _ if !all.is_empty() => Ok(all),
        Some(failure) => Err(failure),
        None => Err(TokenFailure::unusable(format!(
            "the consent reaches no {}",
            choose.what
        ))),
    }
}

fn label(choose: &Choose, item: &Value) -> String {
    let texts = choose.label.iter().filter_map(|path| text(item, path));
    let texts: Vec<String> = texts.map(|text| presentable(&text)).collect();
    let words = texts.join(" · ");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn named<'a>(choose: &Choose, values: &'a Map<String, Value>) -> Option<&'a str> {
    let text = values.get(choose.field.as_deref()?)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

fn is_named(choose: &Choose, item: &Value, named: &str) -> bool {
    let texts = choose.names.iter().filter_map(|path| text(item, path));
    texts.into_iter().any(|text| is_same(&text, named))
}

fn is_same(text: &str, named: &str) -> bool {
    if text.eq_ignore_ascii_case(named) {
        return true;
    }
    let Some(host) = host(text) else {
        return false;
    };
    let named = self::host(named).unwrap_or_else(|| named.to_ascii_lowercase());
    named == host || host.split('.').next() == Some(named.as_str())
}

fn host(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    url.host_str().map(str::to_owned)
}

fn text(item: &Value, path: &str) -> Option<String> {
    match kept::at(item, path)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn rule() -> PostConnect {
        serde_json::from_value(json!({
            "url": "https://acme.test/sites",
            "choose": {
                "what": "site", "label": ["name", "url"], "field": "site_name",
                "match": ["id", "name", "url"],
            },
            "keep": { "site_id": { "from": "id", "pattern": "[a-z0-9]+" }, "site_url": "url" },
        }))
        .unwrap()
    }

    fn fit(answer: &Value, values: &Value) -> Result<(Vec<String>, Former), String> {
        let rule = rule();
        let choose = rule.choose.as_ref().unwrap();
        let fitting = fitting(&rule, choose, answer, values.as_object().unwrap());
        let (choices, former) = fitting.map_err(|failure| failure.reason())?;
        let labels = choices.into_iter().map(|choice| choice.label);
        Ok((labels.collect(), former))
    }

    fn labels(answer: &Value, values: &Value) -> Result<Vec<String>, String> {
        fit(answer, values).map(|(labels, _)| labels)
    }

    fn sites() -> Value {
        json!([
            { "id": "a1", "name": "Acme", "url": "https://acme.test.net", "scopes": ["x"] },
            { "id": "b2", "name": "Beta", "url": "https://beta.test.net" },
            { "id": "a1", "name": "Acme", "url": "https://acme.test.net", "scopes": ["y"] },
            { "id": "../c", "name": "No id" },
            { "id": "d4", "name": "Beta", "url": "https://beta.test.net" },
        ])
    }

    const BETA: &str = "Beta · https://beta.test.net";

    #[rstest]
    #[case::an_id("B2")]
    #[case::a_host("ACME.test.net")]
    #[case::its_first_part("acme")]
    #[case::a_page("https://acme.test.net/browse/X-1")]
    fn a_caller_names_a_thing_by_any_of_its_names(#[case] named: &str) {
        let found = labels(&sites(), &json!({ "site_name": named })).unwrap();
        let expected = if named == "B2" {
            BETA
        } else {
            "Acme · https://acme.test.net"
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn what_is_listed_twice_counts_once_and_like_names_are_told_apart() {
        let expected = ["Acme · https://acme.test.net", BETA, &format!("{BETA} (3)")];
        assert_eq!(labels(&sites(), &json!({})).unwrap(), expected);
        let both = labels(&sites(), &json!({ "site_name": "beta" })).unwrap();
        assert_eq!(both, [BETA, &format!("{BETA} (3)")]);
    }

    #[rstest]
    #[case::a_new_one(json!({}), 3, Former::None)]
    #[case::one_that_is_connected_again(json!({ "site_id": "b2" }), 3, Former::Is(BETA.to_owned()))]
    #[case::one_whose_site_is_gone(json!({ "site_id": "gone" }), 3, Former::OutOfReach)]
    #[case::one_of_two_like_names(json!({ "site_id": "d4", "site_name": "beta" }), 2, Former::Is(format!("{BETA} (3)")))]
    #[case::another_is_named(json!({ "site_id": "b2", "site_name": "acme" }), 1, Former::None)]
    fn what_an_account_was_for_is_told_again(
        #[case] values: Value,
        #[case] choices: usize,
        #[case] expected: Former,
    ) {
        let (labels, former) = fit(&sites(), &values).unwrap();
        assert_eq!((labels.len(), former), (choices, expected));
    }

    #[test]
    fn the_only_thing_is_chosen_unless_the_account_was_for_another() {
        let only = Choice {
            label: "Acme".into(),
            values: Map::from_iter([("site_id".to_owned(), json!("a1"))]),
        };
        for (former, left) in [
            (Former::None, 0),
            (Former::Is("Acme".into()), 0),
            (Former::OutOfReach, 1),
        ] {
            let granted = Granted::among(Map::new(), "site", (vec![only.clone()], former));
            assert_eq!(granted.choices.len(), left);
            assert_eq!(granted.tokens.contains_key("site_id"), left == 0);
        }
    }

    #[test]
    fn a_name_that_fits_nothing_is_answered_with_those_that_there_are() {
        let refused = labels(&sites(), &json!({ "site_name": "gamma" })).unwrap_err();
        assert!(refused.contains("no site called `gamma`"), "{refused}");
        assert!(refused.contains(BETA), "{refused}");
        assert!(
            labels(&json!([]), &json!({}))
                .unwrap_err()
                .contains("no site")
        );
        assert!(
            labels(&json!({}), &json!({}))
                .unwrap_err()
                .contains("no site")
        );
    }
}
