//! The fixtures of toolkits: those that are bundled, and what is told of one that is wrong.

use std::path::Path;

use tenon::cli::fixtures::{Outcome, test_folder};

use crate::support::toolkits::ToolkitsFolder;

#[tokio::test]
async fn the_fixtures_of_the_bundled_toolkits_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("toolkits");
    let Outcome { problems, .. } = test_folder(&folder).await.unwrap();
    assert!(problems.is_empty(), "{problems:#?}");
}

const KIT: &str = r#"
base_url: https://acme.test/api
auth:
  - scheme: API_KEY
    fields: { connection: [{ name: key, display_name: Key, required: true, secret: true }] }
    apply: [{ in: header, name: X-Key, value: "{key}" }]
"#;

const TOOLS: &str = r"
- slug: ACME_SELL
  name: Sell
  description: Sells.
  args:
    - { arg: what, type: string, required: true, description: What. }
    - { arg: day, type: string, in: query, description: When. }
  request: { method: POST, path: /sales, encoding: form }
  response: { data: '{sale: .body}' }
";

const FIXTURE: &str = r#"
tool: ACME_SELL
args: {what: anvil, day: "1"}
conn: {key: k-1}
expect:
  - request:
      method: POST
      url: https://acme.test/api/sales?day=1
      headers: {x-key: k-1}
      body: {what: anvil}
    reply: {status: 200, body: {id: 7, at: now}}
result: {successful: true, data: {sale: {id: 7, at: "<any>"}}}
"#;

#[tokio::test]
async fn a_fixture_that_does_otherwise_is_told_with_its_place() {
    let folder = ToolkitsFolder::empty().with_kit("acme", "", KIT, TOOLS);
    folder.write("acme/fixtures/a_good.yaml", FIXTURE);
    for (name, kept, broken) in [
        ("b_body", "body: {what: anvil}", "body: {what: hammer}"),
        ("c_url", "day=1", "day=2"),
        ("d_header", "x-key: k-1", "x-key: k-2"),
        ("e_data", "id: 7, at: \"<any>\"", "id: 8, at: \"<any>\""),
        ("f_successful", "successful: true", "successful: false"),
        ("g_shape", "tool:", "tools:"),
        (
            "h_unmade",
            "result:",
            "  - {request: {method: GET, url: 'https://acme.test/x'}, reply: {status: 200}}\nresult:",
        ),
        ("i_refused", "{what: anvil, day: \"1\"}", "{}"),
    ] {
        assert!(FIXTURE.contains(kept), "{kept}");
        folder.write(
            &format!("acme/fixtures/{name}.yaml"),
            &FIXTURE.replacen(kept, broken, 1),
        );
    }
    let acme = Path::new(&folder.path()).join("acme");
    let Outcome { passed, problems } = test_folder(&acme).await.unwrap();
    assert_eq!(passed, 1);
    let starts: Vec<&str> = problems
        .iter()
        .map(|problem| problem.split(": ").next().unwrap())
        .collect();
    for name in [
        "b_body",
        "c_url",
        "d_header",
        "e_data",
        "f_successful",
        "g_shape",
        "h_unmade",
        "i_refused",
    ] {
        assert!(
            starts.iter().any(|start| start.contains(name)),
            "{name}: {problems:#?}"
        );
    }
    let told = "acme/fixtures/b_body.yaml: ACME_SELL: request 1: body.what: expected \"hammer\", got \"anvil\"";
    assert!(
        problems.iter().any(|problem| problem == told),
        "{problems:#?}"
    );
}
