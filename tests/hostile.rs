//! Toolkits that are meant to hurt whoever loads them: each ends in words that name the file, by a
//! limit and not by luck.

use std::collections::BTreeMap;

use tenon::catalog::{OwnKit, lint};

const TOOLKIT: &str = "manifest: 1\nslug: acme\nname: Acme\ndescription: d\nversions: ['20260101_00']\n\
    created_at: 2026-01-01T00:00:00Z\nupdated_at: 2026-01-01T00:00:00Z\nbase_url: https://acme.test\n";

/// What is said of a toolkit of these two files.
fn problems(toolkit: &str, tools: &str) -> Vec<String> {
    let files = [("toolkit.yaml", toolkit), ("tools/a.yaml", tools)];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let read = OwnKit::read("acme", &BTreeMap::from(files), true);
    read.map_or_else(|error| error.shown().errors, |_| Vec::new())
}

/// What is said of a tool with these further keys.
fn told(keys: &str) -> Vec<String> {
    let tools = format!("tools:\n  - slug: ACME_X\n    name: X\n    description: X.\n    {keys}\n");
    problems(TOOLKIT, &tools)
}

fn argument(schema: &str) -> Vec<String> {
    told(&format!(
        "args: [{{arg: x, type: object, description: X., schema: {schema}}}]\n    request: {{method: POST, path: /x}}"
    ))
}

#[track_caller]
fn assert_told(told: &[String], words: &str) {
    let is_told = told
        .iter()
        .any(|one| one.contains(words) && one.starts_with("acme/tools/a.yaml"));
    let shown: Vec<String> = told
        .iter()
        .take(3)
        .map(|one| one.chars().take(200).collect())
        .collect();
    assert!(is_told, "{words}: {shown:#?}");
}

/// Each line repeats the one before ten times.
fn laughs() -> String {
    let mut text = String::from("{x0: &x0 [y,y,y,y,y,y,y,y,y,y]");
    for n in 1..12 {
        let before = vec![format!("*x{}", n - 1); 10].join(",");
        text.push_str(&format!(", x{n}: &x{n} [{before}]"));
    }
    text + "}"
}

fn many(before: &str, after: &str, count: usize) -> String {
    let all = (0..count).map(|n| format!("{before}{n}{after}"));
    all.collect::<Vec<_>>().concat()
}

fn nested(open: &str, close: &str, count: usize) -> String {
    format!("{}{{}}{}", open.repeat(count), close.repeat(count))
}

#[rstest::rstest]
#[case::laughs(laughs(), "budget breached")]
#[case::lists(format!("{{examples: {}}}", nested("[", "]", 1_000_000)), "")]
#[case::objects(nested("{items: ", "}", 100_000), "")]
#[case::open_lists(format!("{{examples: {}", "[".repeat(7_000_000)), "")]
#[case::open_objects("{a: ".repeat(1_000_000), "")]
#[case::blocks_on_one_line(format!("\n      a:\n        {}x", "- ".repeat(1_000_000)), "")]
#[case::questions(format!("\n      {}x", "? ".repeat(1_000_000)), "")]
#[case::anchors(format!("\n      a: {}x", "&a ".repeat(100_000)), "")]
#[case::tags(format!("\n      a: {}x", "!!str ".repeat(100_000)), "")]
#[case::many_keys(format!("{{{}}}", many("k", ": 1,", 300_000)), "")]
#[case::one_key_twice("{title: a, title: b}".into(), "duplicate mapping key")]
#[case::merges(format!("{{<<: {}}}", laughs()), "")]
#[case::bytes(format!("{{title: {}}}", "x".repeat(9_000_000)), "more than 8388608")]
#[case::a_long_text(format!("{{title: {}}}", "x".repeat(7_000_000)), "bytes, more than 24576")]
#[case::no_number("{minimum: 1e999}".into(), "non-finite float")]
#[case::not_a_number("{maximum: .nan}".into(), "non-finite float")]
#[case::a_nul("{title: \"a\\0b\", oneOf: []}".into(), "`oneOf` is not a JSON Schema keyword")]
#[case::a_file("{$ref: 'file:///etc/passwd'}".into(), "`$ref` is not a JSON Schema keyword")]
#[case::a_private_address("{$ref: 'http://169.254.169.254/latest'}".into(), "`$ref` is not a JSON Schema keyword")]
#[case::a_way_out("{$ref: '../../../etc/passwd'}".into(), "`$ref` is not a JSON Schema keyword")]
#[case::itself("{$ref: '#'}".into(), "`$ref` is not a JSON Schema keyword")]
#[case::a_huge_pattern("{properties: {a: {type: string, pattern: '((a{1000}){1000}){1000}'}}}".into(), "args:")]
fn a_schema_that_is_meant_to_hurt_is_told(#[case] schema: String, #[case] words: &str) {
    assert_told(&argument(&schema), words);
}

/// Just below the depth that is read, and at it: every thread that reads has room for it.
#[test]
fn what_is_nearly_too_deep_is_read_and_refused_for_its_levels() {
    for depth in 5..60 {
        let lists = argument(&format!(
            "{{items: {}}}",
            nested("{type: array, items: ", "}", depth)
        ));
        assert!(!lists.is_empty());
        let objects = argument(&nested("{properties: {a: ", "}}", depth / 2));
        assert!(!objects.is_empty());
        let free = argument(&format!("{{examples: {}}}", nested("[", "]", depth)));
        assert!(free.len() < 2, "{free:#?}");
    }
}

#[rstest::rstest]
#[case::arguments(format!("args: [{}]", "{arg: x, type: string, hidden: true},".repeat(10_000)), "ACME_X: has 10000 arguments, more than 1000")]
#[case::a_long_path(format!("request: {{method: GET, path: '/{}'}}", "{x}".repeat(100_000)), "ACME_X: a path has more than 4096 bytes")]
#[case::braces(format!("request: {{method: GET, path: '/{}'}}", "{".repeat(4_000)), "ACME_X: ")]
#[case::a_time_of_all_digits("timeout_s: 99999999999999999999999999".into(), "")]
#[case::jq_that_reads_the_environment("response: {data: 'env'}\n    request: {method: GET, path: /}".into(), "`env` is refused")]
#[case::jq_that_reads_on("response: {data: '[inputs]'}\n    request: {method: GET, path: /}".into(), "`inputs` is refused")]
#[case::jq_that_asks_where_it_is("response: {data: '$__loc__'}\n    request: {method: GET, path: /}".into(), "response.data: ")]
#[case::jq_that_asks_for_variables("response: {data: '$ENV.PATH'}\n    request: {method: GET, path: /}".into(), "$ENV")]
#[case::jq_without_end(format!("response: {{data: '{}'}}\n    request: {{method: GET, path: /}}", "[".repeat(5_000)), "brackets in brackets")]
#[case::long_jq(format!("response: {{data: '{}1'}}\n    request: {{method: GET, path: /}}", "1+".repeat(50_000)), "more than 16384")]
fn a_tool_that_is_meant_to_hurt_is_told(#[case] keys: String, #[case] words: &str) {
    assert_told(&told(&keys), words);
}

#[rstest::rstest]
#[case::versions(TOOLKIT.replace("'20260101_00'", &"'20260101_00',".repeat(50_000)), "versions: are more than 1000")]
#[case::a_way_out_of_the_folder(TOOLKIT.replace("slug: acme", "slug: ../../etc"), "must be the name of its folder")]
#[case::a_field_with_a_pattern_without_end(
    format!("{TOOLKIT}auth: [{{scheme: API_KEY, fields: {{connection: [{{name: k, display_name: K, pattern: '((a{{1000}}){{1000}}){{1000}}'}}]}}}}]\n"),
    "pattern"
)]
#[case::a_nul(TOOLKIT.replace("name: Acme", "name: A\0cme"), "")]
fn a_toolkit_that_is_meant_to_hurt_is_told(#[case] toolkit: String, #[case] words: &str) {
    let told = problems(&toolkit, "tools: []");
    let is_told = |one: &String| one.starts_with("acme/toolkit.yaml") && one.contains(words);
    assert!(told.iter().any(is_told), "{words}: {}", told.len());
}

#[test]
fn a_file_that_is_no_text_is_told_beside_all_others() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("acme");
    std::fs::create_dir_all(folder.join("tools")).unwrap();
    std::fs::write(folder.join("toolkit.yaml"), TOOLKIT).unwrap();
    std::fs::write(folder.join("tools/a.yaml"), b"tools: [\xff\xfe]").unwrap();
    let told = lint(place.path()).unwrap_err().shown().errors;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(
        told[0].contains("acme/tools/a.yaml: cannot be read: "),
        "{told:#?}"
    );
}
