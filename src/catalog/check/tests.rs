//! Rules that stood before there were expressions.

use super::*;
use crate::catalog::files::KitFiles;
use crate::catalog::parse;

pub(super) const TOOLKIT: &str = r#"manifest: 1
slug: acme
name: Acme
description: Sells everything.
created_at: 2026-01-01T00:00:00Z
updated_at: 2026-01-01T00:00:00Z
versions: ["20260201_00", "20260101_00"]
base_url: "https://{subdomain}.acme.test"
servers: {files: "https://files.acme.test"}
allowed_hosts: ["*.acme.test"]
auth:
  - scheme: API_KEY
    fields:
      connection:
        - {name: key, display_name: Key, required: true}
        - {name: subdomain, display_name: Subdomain, pattern: "[a-z]+"}
    apply: [{in: header, name: X-Key, value: "{key}"}]
"#;

const TOOLS: &str = r"tools:
  - slug: ACME_SELL_THING
    name: Sell a thing
    description: Sells one thing.
    args:
      - {arg: shop, type: string, required: true, description: Where to sell.}
      - {arg: thing, type: object, description: What., schema: {properties: {}}}
    request: {method: POST, path: '/shops/{shop}', server: files}
";

const GOES_ON: &str = "  - slug: ACME_X\n    name: X\n    description: X.\n    args: [{arg: id, \
    type: string, required: true, description: X.}]\n    request: {method: GET, path: '/{id}'}\n";

pub(super) fn problems(toolkit: &str, tools: &str) -> Vec<String> {
    problems_with_triggers(toolkit, tools, "triggers: []")
}

pub(super) fn problems_with_triggers(toolkit: &str, tools: &str, triggers: &str) -> Vec<String> {
    let mut problems = Problems::default();
    let files = KitFiles {
        folder: "acme".into(),
        toolkit: ("acme/toolkit.yaml".into(), toolkit.into()),
        tools: vec![("acme/tools/a.yaml".into(), tools.into())],
        triggers: vec![("acme/triggers/a.yaml".into(), triggers.into())],
    };
    if let Some(found) = parse::kit(files, &mut problems) {
        kit(&found, &mut problems);
    }
    problems
        .or(())
        .map_or_else(|error| error.shown().errors, |()| Vec::new())
}

/// A toolkit of one place that is connected as `auth` says.
pub(super) fn with_auth(auth: &str) -> String {
    let (identity, _) = TOOLKIT.split_once("auth:").unwrap();
    format!(
        "{}{}",
        identity.replace("{subdomain}", "api"),
        auth.trim_start()
    )
}

#[rstest::rstest]
#[case(
    "since: '20260102_00'",
    "ACME_SELL_THING: since: `20260102_00` is none of the toolkit's versions"
)]
#[case(
    "until: latest",
    "ACME_SELL_THING: until: `latest` is none of the toolkit's versions"
)]
#[case(
    "{since: '20260201_00', until: '20260101_00'}",
    "ACME_SELL_THING: until: is before `since`"
)]
fn a_form_of_a_tool_lasts_over_versions_of_its_toolkit(#[case] span: &str, #[case] problem: &str) {
    let span = span.trim_matches(['{', '}']).replace(", ", "\n    ");
    let tools = TOOLS.replace("    name: Sell", &format!("    {span}\n    name: Sell"));
    assert_eq!(
        problems(TOOLKIT, &tools),
        [format!("acme/tools/a.yaml:2: {problem}")]
    );
}

#[test]
fn a_toolkit_that_keeps_the_rules_has_no_problem() {
    assert_eq!(problems(TOOLKIT, TOOLS), Vec::<String>::new());
}

#[test]
fn the_examples_of_the_manual_keep_the_rules() {
    let manual = include_str!("../../../toolkits/README.md");
    let examples = manual
        .split("```yaml")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(example, _)| example);
    let mut toolkit = "";
    for example in examples.map(|example| example.trim_start_matches('\n')) {
        let (kit, tools) = match example.split_whitespace().next() {
            Some("manifest:") => {
                toolkit = example;
                (toolkit.to_owned(), "tools: []".to_owned())
            }
            Some("auth:") => (with_auth(example), "tools: []".to_owned()),
            Some("tools:") => (toolkit.to_owned(), example.to_owned()),
            // A tool, or the end of one.
            Some("-") => (toolkit.to_owned(), format!("tools:\n{example}")),
            _ => (toolkit.to_owned(), format!("tools:\n{GOES_ON}{example}")),
        };
        let found = match example.strip_prefix("triggers:") {
            Some(_) => problems_with_triggers(toolkit, "tools: []", example),
            None => problems(&kit, &tools),
        };
        assert_eq!(found, Vec::<String>::new(), "{example}");
    }
}

#[rstest::rstest]
#[case(
    "manifest: 1",
    "manifest: 2",
    "manifest: 2 is not a known format; this server reads 1"
)]
#[case(
    "slug: acme",
    "slug: other",
    "slug: `other` must be the name of its folder, `acme`"
)]
#[case("name: Acme", "name: ' '", "name: must not be empty")]
#[case(
    "description: Sells everything.",
    "description: ''",
    "description: must not be empty"
)]
#[case(
    "2026-01-01T00:00:00Z\nupdated",
    "soon\nupdated",
    "created_at: `soon` is no RFC 3339 instant, such as 2026-01-31T00:00:00Z"
)]
#[case(
    "\"20260201_00\", \"20260101_00\"",
    "\"20260101_00\", \"20260201_00\"",
    "versions: must stand newest first, each once"
)]
#[case(
    "\"20260201_00\", ",
    "v1, ",
    "versions: `v1` is not of the form YYYYMMDD_NN"
)]
#[case(
    "base_url: \"https://{subdomain}.acme.test\"",
    "base_url: https://{key}.acme.test",
    "base_url: the field `key` enters a URL and needs a `pattern`"
)]
#[case(
    "base_url: \"https://{subdomain}.acme.test\"",
    "base_url: https://{x}.acme.test",
    "base_url: {x} is not a field of any auth scheme"
)]
#[case(
    "base_url: \"https://{subdomain}.acme.test\"",
    "base_url: ftp://acme.test",
    "base_url: `ftp://acme.test` is no http(s) URL"
)]
#[case(
    "\"*.acme.test\"",
    "\"https://acme.test\"",
    "allowed_hosts: `https://acme.test` is neither a host name nor `*.` and a domain"
)]
#[case(
    "pattern: \"[a-z]+\"",
    "pattern: \"[a-z+\"",
    "API_KEY: field `subdomain`: pattern: error: unclosed character class"
)]
#[case(
    "pattern: \"[a-z]+\"",
    "pattern: \"[a-z]+\", default: X",
    "API_KEY: field `subdomain`: the default does not match the pattern"
)]
#[case(
    "value: \"{key}\"",
    "value: \"{token}\"",
    "API_KEY: apply: {token} is not a field of this scheme"
)]
#[case(
    "value: \"{key}\"",
    "value: plain",
    "API_KEY: apply: `plain` holds no credential"
)]
#[case(
    "scheme: API_KEY",
    "scheme: OAUTH2",
    "OAUTH2: authorize_url is missing"
)]
#[case(
    "apply: [{in",
    "revoke: {url: 'https://a.test/{other}', tokens: [key]}\n    apply: [{in",
    "API_KEY: revoke.url: {other} is not a field of any auth scheme"
)]
#[case(
    "apply: [{in",
    "revoke: {url: 'https://a.test/'}\n    apply: [{in",
    "API_KEY: revoke.tokens: `access_token` is no value of this scheme"
)]
#[case(
    "apply: [{in",
    "revoke: {url: 'https://a.test/', tokens: [key], in: none, auth: none}\n    apply: [{in",
    "API_KEY: revoke: nothing in the request carries the token"
)]
#[case(
    "apply: [{in",
    "revoke: {url: 'https://a.test/', tokens: [key], params: {x: '{y}'}}\n    apply: [{in",
    "API_KEY: revoke.params.x: {y} is no value of this scheme"
)]
#[case(
    "apply: [{in",
    "revoke: {url: 'https://a.test/', tokens: [key], method: BURN}\n    apply: [{in",
    "API_KEY: revoke.method: `BURN` is none of POST, DELETE, GET, PUT"
)]
#[case("scheme: API_KEY", "scheme: OAUTH1", "OAUTH1: request_url is missing")]
#[case(
    "scheme: API_KEY",
    "scheme: SAML",
    "auth: SAML signs people in and gives no credential for an API"
)]
#[case(
    "scheme: API_KEY",
    "scheme: API_KEY\n    signature: PLAINTEXT",
    "API_KEY: request_url and signature are words of OAUTH1"
)]
#[case(
    "name: subdomain",
    "name: key",
    "API_KEY: the name `key` is used twice"
)]
fn a_toolkit_that_breaks_a_rule_is_told_which(
    #[case] kept: &str,
    #[case] broken: &str,
    #[case] problem: &str,
) {
    assert!(TOOLKIT.contains(kept), "{kept}");
    let found = problems(&TOOLKIT.replacen(kept, broken, 1), TOOLS);
    let expected = format!("acme/toolkit.yaml:1: {problem}");
    assert!(found.contains(&expected), "{found:#?}");
}

#[rstest::rstest]
#[case(
    "slug: ACME_SELL_THING",
    "slug: OTHER_SELL_THING",
    "slug: must begin with ACME_"
)]
#[case(
    "slug: ACME_SELL_THING",
    "slug: ACME_sell",
    "slug: `ACME_sell` must be of A-Z, 0-9 and _, at most 64 characters"
)]
#[case(
    "description: Sells one thing.",
    "description: ''",
    "description: must not be empty"
)]
#[case(
    "request:",
    "timeout_s: 301\n    request:",
    "timeout_s: must be 1 to 300"
)]
#[case(
    "method: POST",
    "method: post",
    "request.method: `post` is none of GET, POST, PUT, PATCH, DELETE"
)]
#[case("method: POST", "method: GET", "")]
#[case(
    "/shops/{shop}",
    "/shops/{market}",
    "request.path: {market} is no argument"
)]
#[case(
    "required: true, ",
    "",
    "args.shop: the path needs it, so it must be required"
)]
#[case(
    "server: files",
    "server: other",
    "request.server: `other` is none of the toolkit's servers"
)]
#[case("description: What.,", "", "args.thing: description must not be empty")]
#[case(
    "type: object",
    "type: map",
    "args.thing: type: \"map\" is none of string, integer, number, boolean, array, object"
)]
#[case(
    "properties: {}",
    "oneOf: []",
    "args.thing: `oneOf` is not a JSON Schema keyword that all models' vendors and SDKs read"
)]
#[case(
    "properties: {}",
    "properties: {a: {}}",
    "args.thing.a: needs a `type`"
)]
#[case(
    "properties: {}",
    "properties: {a: {type: [string, 'null']}}",
    "args.thing.a: type: [\"string\",\"null\"] is none of string, integer, number, boolean, array, object"
)]
#[case(
    "properties: {}",
    "properties: {a: {type: string, required: true}}",
    "args.thing.a: required: true does not fit"
)]
#[case(
    "properties: {}",
    "properties: {a: {type: array}}",
    "args.thing.a: an array needs `items`"
)]
#[case(
    "properties: {}",
    "minimum: few",
    "args.thing: minimum: \"few\" does not fit"
)]
#[case(
    "schema: {properties: {}}",
    "name: shop, in: query, default: null, send_default: true",
    "args.thing: send_default needs a default"
)]
#[case(
    "schema: {properties: {}}",
    "instead: {shop: '{shop}'}",
    "args.thing: instead: `shop` is an argument of its own"
)]
#[case(
    "schema: {properties: {}}",
    "in: path",
    "args.thing: the path does not name it"
)]
fn a_tool_that_breaks_a_rule_is_told_which(
    #[case] kept: &str,
    #[case] broken: &str,
    #[case] problem: &str,
) {
    assert!(TOOLS.contains(kept), "{kept}");
    let tools = TOOLS.replacen(kept, broken, 1);
    let found = problems(TOOLKIT, &tools);
    if problem.is_empty() {
        assert_eq!(found, Vec::<String>::new());
        return;
    }
    assert!(
        found.iter().any(|line| {
            line.starts_with("acme/tools/a.yaml:2: ") && line.ends_with(&format!(": {problem}"))
        }),
        "{found:#?}"
    );
}

const FILES: &str = r"tools:
  - slug: ACME_SEND_FILE
    name: Send a file
    description: Sends one file.
    args:
      - {arg: what, type: object, file: true, required: true, description: What.}
      - {arg: note, type: string, description: Why.}
    request: {method: POST, path: /files, encoding: resumable}
    response: {file: {field: receipt, name: 'for-{note}.pdf', type: application/pdf}}
";

#[rstest::rstest]
#[case("file: true", "file: true, sends_name: meta.name, max_bytes: 5", "")]
#[case(
    "type: object, file",
    "type: string, file",
    "args.what: a file is of type object, several are of type array"
)]
#[case(
    "file: true",
    "file: true, in: query",
    "args.what: a file goes into the body"
)]
#[case(
    "file: true",
    "file: true, default: {}",
    "args.what: a file has no default, instead, template, strip or secret"
)]
#[case(
    "file: true",
    "file: true, schema: {properties: {}}",
    "args.what: the schema of a file may hold title, examples, minItems, maxItems alone"
)]
#[case(
    "file: true",
    "file: true, max_bytes: 0",
    "args.what: max_bytes must be 1 at least"
)]
#[case(
    "file: true",
    "file: true, as: base64",
    "args.what: `as` is for a file in a JSON body"
)]
#[case(
    "encoding: resumable",
    "encoding: json",
    "args.what: a file in a JSON body needs `as: base64` or `as: base64url`"
)]
#[case(
    "type: string",
    "type: string, sends_type: x",
    "args.note: `sends_type` is for a `file: true`"
)]
#[case(
    "file: true",
    "file: true, sends_name: note",
    "args.note: what already fills body `note`"
)]
#[case(
    "encoding: resumable",
    "encoding: raw",
    "args.note: has no place beside a raw body"
)]
#[case(
    "required: true, ",
    "",
    "request.encoding: takes one file, which must be required and of type object"
)]
#[case(
    "encoding: resumable",
    "encoding: resumable, part_json: x",
    "request.part_json: is for `encoding: multipart`"
)]
#[case(
    "method: POST",
    "method: DELETE",
    "request.encoding: DELETE has no such body"
)]
#[case(
    "for-{note}",
    "for-{other}",
    "response.file.name: may name arguments and answers of steps alone"
)]
#[case("application/pdf", "pdf", "response.file.type: is no media type")]
#[case("receipt", "the.receipt", "response.file.field: is no name")]
#[case(
    "name: 'for",
    "from: a..b, name: 'for",
    "response.file.from: is no dotted path"
)]
#[case(
    "response: {",
    "response: {data: .body, ",
    "response.data: an answer that is a file has no other data"
)]
#[case(
    "response: {",
    "response: {ok_statuses: [404], ",
    "response.ok_statuses: an answer with such a status is no file"
)]
fn a_tool_of_files_that_breaks_a_rule_is_told_which(
    #[case] kept: &str,
    #[case] broken: &str,
    #[case] problem: &str,
) {
    assert!(FILES.contains(kept), "{kept}");
    let found = problems(TOOLKIT, &FILES.replacen(kept, broken, 1));
    let expected = match problem {
        "" => Vec::new(),
        problem => vec![format!("acme/tools/a.yaml:2: ACME_SEND_FILE: {problem}")],
    };
    let is_there = |line: &String| found.contains(line);
    assert!(expected.iter().all(is_there), "{found:#?}");
    assert_eq!(found.is_empty(), expected.is_empty(), "{found:#?}");
}

#[test]
fn a_toolkit_itself_gives_no_file() {
    let toolkit = format!("{TOOLKIT}response: {{file: {{field: x}}}}\n");
    assert_eq!(
        problems(&toolkit, TOOLS),
        ["acme/toolkit.yaml:1: response.file: belongs to a tool"]
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let toolkit = TOOLKIT.replace("name: Acme", "name: ''");
    let tools = TOOLS
        .replace("server: files", "server: other")
        .replace("POST", "post");
    assert_eq!(problems(&toolkit, &tools).len(), 3);
}

#[rstest::rstest]
#[case(
    TOOLKIT,
    "tools:\n  - slug: ACME_X\n    nmae: typo\n",
    "acme/tools/a.yaml:3: unknown field `nmae`"
)]
#[case(TOOLKIT, "tools: [\n", "acme/tools/a.yaml:")]
#[case(
    "manifest: 1\nslug: acme\nmanifest: 1\n",
    TOOLS,
    "acme/toolkit.yaml:3: duplicate mapping key: manifest"
)]
#[case("manifest: one\n", TOOLS, "acme/toolkit.yaml:1: ")]
fn a_file_that_cannot_be_read_is_told_with_its_line(
    #[case] toolkit: &str,
    #[case] tools: &str,
    #[case] problem: &str,
) {
    let found = problems(toolkit, tools);
    assert!(
        found.iter().any(|line| line.starts_with(problem)),
        "{found:#?}"
    );
}

#[rstest::rstest]
#[case("[sell a thing, '']", "use_cases: `` must have 1 to 80 characters")]
#[case(
    "[a, b, c, d, e, f, g, h, i, j, k, l, m]",
    "use_cases: has more than 12"
)]
fn use_cases_are_few_and_short(#[case] use_cases: &str, #[case] problem: &str) {
    let with = format!("name: Sell a thing\n    use_cases: {use_cases}");
    let tools = TOOLS.replace("name: Sell a thing", &with);
    let found = problems(TOOLKIT, &tools);
    assert!(found.iter().any(|one| one.ends_with(problem)), "{found:#?}");
}
