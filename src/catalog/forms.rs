//! The forms of a tool: what a slug means in each version of its toolkit.

use std::collections::BTreeMap;

use super::manifest::ToolManifest;
use super::problems::{Place, Problems};

/// A form as its file has it, and where.
pub(super) type Form = (ToolManifest, Place);

/// The forms of each tool, newest first, each with the versions that have it (newest first too).
///
/// `versions` are the toolkit's, newest first. A form lasts from its `since` to its `until`, or to
/// where the next one begins.
pub(super) fn of_tools(
    tools: Vec<Form>,
    versions: &[String],
    problems: &mut Problems,
) -> Vec<Vec<(Form, Vec<String>)>> {
    let mut by_slug: BTreeMap<String, Vec<Form>> = BTreeMap::new();
    for form in tools {
        by_slug.entry(form.0.slug.clone()).or_default().push(form);
    }
    let all = by_slug.into_values();
    all.map(|forms| of_one(forms, versions, problems)).collect()
}

fn of_one(
    mut forms: Vec<Form>,
    versions: &[String],
    problems: &mut Problems,
) -> Vec<(Form, Vec<String>)> {
    let oldest = versions.last().cloned().unwrap_or_default();
    let since = |form: &Form| form.0.since.clone().unwrap_or_else(|| oldest.clone());
    // Stable, so that of two that begin together the later one is told of.
    forms.sort_by_key(since);
    let begins: Vec<String> = forms.iter().map(since).collect();
    for (index, pair) in forms.windows(2).enumerate() {
        check_order(pair, &begins[index..], problems);
    }
    let mut spans: Vec<(Form, Vec<String>)> = Vec::new();
    for (index, form) in forms.into_iter().enumerate() {
        let until = form.0.until.as_ref();
        let next = begins.get(index + 1);
        let has = |version: &&String| {
            **version >= begins[index]
                && until.is_none_or(|until| *version <= until)
                && next.is_none_or(|next| *version < next)
        };
        let own = versions.iter().filter(has).cloned().collect();
        spans.push((form, own));
    }
    spans.reverse();
    spans
}

/// Of two neighbours, the first must end before the second begins.
fn check_order(pair: &[Form], begins: &[String], problems: &mut Problems) {
    let ([(tool, place), (_, next_place)], [begin, next, ..]) = (pair, begins) else {
        return;
    };
    let slug = &tool.slug;
    if begin == next {
        let message = "another form needs another `since`";
        problems.add(
            next_place,
            format!("{slug}: `{slug}` is taken at {place}; {message}"),
        );
    } else if tool.until.as_ref().is_some_and(|until| until >= next) {
        problems.add(
            place,
            format!("{slug}: until: the form of {next} begins before it"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSIONS: [&str; 3] = ["20260301_00", "20260201_00", "20260101_00"];

    /// Since, until.
    type Span = (Option<&'static str>, Option<&'static str>);

    fn of(spans: &[Span]) -> (Vec<Vec<String>>, Vec<String>) {
        let forms = spans.iter().zip(1..).map(|((since, until), line)| {
            let tool = serde_json::json!({
                "slug": "ACME_X", "name": "X", "description": "d", "since": since, "until": until,
                "request": { "method": "GET", "path": "/" },
            });
            let file = "a.yaml".to_owned();
            (serde_json::from_value(tool).unwrap(), Place { file, line })
        });
        let mut problems = Problems::default();
        let mut tools = of_tools(forms.collect(), &VERSIONS.map(str::to_owned), &mut problems);
        let found = tools.remove(0).into_iter().map(|(_, own)| own).collect();
        let problems = problems
            .or(())
            .err()
            .map_or_else(Vec::new, |error| error.shown().errors);
        (found, problems)
    }

    #[rstest::rstest]
    #[case::one_in_all(&[(None, None)], &[&VERSIONS[..]])]
    #[case::one_that_came_later(&[(Some("20260201_00"), None)], &[&VERSIONS[..2]])]
    #[case::one_that_went(&[(None, Some("20260101_00"))], &[&VERSIONS[2..]])]
    #[case::two(&[(None, None), (Some("20260301_00"), None)], &[&VERSIONS[..1], &VERSIONS[1..]])]
    #[case::in_any_order(&[(Some("20260301_00"), None), (None, None)], &[&VERSIONS[..1], &VERSIONS[1..]])]
    #[case::with_a_gap(&[(None, Some("20260101_00")), (Some("20260301_00"), None)], &[&VERSIONS[..1], &VERSIONS[2..]])]
    fn a_form_lasts_until_the_next_one(#[case] spans: &[Span], #[case] expected: &[&[&str]]) {
        let (found, problems) = of(spans);
        assert_eq!(found, expected);
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn two_forms_that_begin_together_or_overlap_are_problems() {
        let (_, problems) = of(&[(None, None), (Some("20260101_00"), None)]);
        assert_eq!(
            problems,
            ["a.yaml:2: ACME_X: `ACME_X` is taken at a.yaml:1; another form needs another `since`"]
        );
        let (_, problems) = of(&[(None, Some("20260201_00")), (Some("20260201_00"), None)]);
        assert_eq!(
            problems,
            ["a.yaml:1: ACME_X: until: the form of 20260201_00 begins before it"]
        );
    }
}
