//! Rules about expressions, steps, bindings and triggers.

use super::tests::{TOOLKIT, problems, problems_with_triggers};

const TOOLS: &str = r"tools:
  - slug: ACME_MAKE_REPORT
    name: Make a report
    description: Makes one.
    require_any: [[title], [subject]]
    exclusive: [[title, subject]]
    args:
      - {arg: title, type: string, accepts: [string, integer], description: What.}
      - {arg: subject, type: string, in: none, description: What else.}
      - {arg: labels, type: array, schema: {items: {type: string}}, coerce: wrap, in: none, description: Which.}
      - {arg: tone, type: string, const: calm}
      - {arg: old, type: string, hidden: true, description: For older callers.}
    request:
      method: POST
      path: /reports
      body: '{title: (.args.title // .args.subject), labels: .args.labels, tone: .args.tone, old: .args.old}'
    response: {ok: .body.ok, data: '{report: .body}', error: .body.error, keep: [report]}
    paginate: cursor
  - slug: ACME_FETCH_REPORTS
    name: Fetch reports
    description: Fetches them whole.
    args:
      - {arg: query, type: string, name: q, description: What for.}
      - {arg: owner, type: string, required: true, description: Whose.}
      - {arg: ids_only, type: boolean, in: none, description: No content.}
    steps:
      - {id: list, request: {method: GET, path: '/{owner}/reports'}, paginate: cursor, auto_paginate: {max_pages: 3}}
      - id: full
        when: .args.ids_only | not
        for_each: .steps.list.body.items // []
        concurrency: 5
        limit: 100
        on_error: keep
        request: {method: GET, path: '/reports/{item.id}', query: '{full: true}'}
      - {id: job, until: .body.done, every_s: 2, max_tries: 5, request: {method: GET, path: '/jobs/{steps.list.body.job}'}}
    response: {data: '{reports: [.steps.full[].body]}'}
  - slug: ACME_ASK
    name: Ask
    description: Asks by GraphQL.
    args: [{arg: team, type: string, required: true, name: input.teamId, description: Which.}]
    request: {kind: graphql, path: /graphql, document: 'query($input: X!) { x(input: $input) { id } }'}
  - slug: ACME_TIME
    name: Time
    description: Tells the time.
    response: {data: '{now: .ctx.now}'}
";

fn with_rules() -> String {
    format!(
        "{TOOLKIT}pagination: {{cursor: {{type: cursor, cursor_arg: cursor, cursor_path: next.id, \
         items: items}}}}\nrate_limit: {{remaining: x-left, reset: x-reset, reset_unit: epoch_s, \
         statuses: [429, 403]}}\n"
    )
}

#[test]
fn tools_of_every_word_keep_the_rules() {
    assert_eq!(problems(&with_rules(), TOOLS), Vec::<String>::new());
}

#[rstest::rstest]
#[case(
    "labels: .args.labels,",
    "labels: .args.lables,",
    "ACME_MAKE_REPORT: request.body: .args.lables is no argument"
)]
#[case(
    ", labels: .args.labels,",
    ",",
    "ACME_MAKE_REPORT: args.labels: no request sends it and no expression uses it"
)]
#[case(
    "labels: .args.labels,",
    "labels: .arg.labels,",
    "ACME_MAKE_REPORT: request.body: .arg is not there; it is given args, conn, ctx"
)]
#[case(
    "labels: .args.labels,",
    "labels: env.HOME,",
    "a.yaml:16:62: ACME_MAKE_REPORT: request.body: `env` is refused: an expression sees its input and nothing else"
)]
#[case(
    "ok: .body.ok",
    "ok: .item.ok",
    "ACME_MAKE_REPORT: response.ok: .item is not there; it is given status, headers, body, args, conn, ctx"
)]
#[case(
    "data: '{report: .body}'",
    "data: '{report: .body'",
    "a.yaml:17:51: ACME_MAKE_REPORT: response.data: closing brace is missing"
)]
#[case(
    "[[title], [subject]]",
    "[[title], [topic]]",
    "ACME_MAKE_REPORT: require_any: `topic` is no argument"
)]
#[case(
    "accepts: [string, integer]",
    "accepts: [text]",
    "ACME_MAKE_REPORT: args.title: accepts: `text` is none of string, integer, number, boolean, array, object, any"
)]
#[case(
    "{items: {type: string}}",
    "{items: {type: string, accepts: [text]}}",
    "ACME_MAKE_REPORT: args.labels.items: accepts: `text` is none of string, integer, number, boolean, array, object, any"
)]
#[case(
    "{items: {type: string}}",
    "{items: {type: object, additionalProperties: {type: string, accepts: any}}}",
    "ACME_MAKE_REPORT: args.labels.items.additionalProperties: accepts: \"any\" is no list"
)]
#[case(
    "{items: {type: string}}",
    "{items: {type: string, accepts: [any]}}",
    ""
)]
#[case(
    "{items: {type: string}}",
    "{items: {type: string}, accepts: [string]}",
    "ACME_MAKE_REPORT: args.labels: `accepts` stands beside `schema`, not in it"
)]
#[case(
    "const: calm",
    "const: calm, required: true",
    "ACME_MAKE_REPORT: args.tone: what models do not see cannot be required"
)]
#[case("coerce: wrap, in: none", "as: lower, type: object", "")]
#[case(
    "paginate: cursor\n  - slug",
    "paginate: page\n  - slug",
    "ACME_MAKE_REPORT: tool.paginate: `page` is none of the toolkit's rules of pagination"
)]
#[case(
    "id: full",
    "id: list",
    "ACME_FETCH_REPORTS: steps.list: an id stands there twice"
)]
#[case(
    "for_each: .steps.list",
    "for_each: .steps.lists",
    "ACME_FETCH_REPORTS: steps.full.for_each: .steps.lists is no step before this one"
)]
#[case(
    "for_each: .steps.list.body.items // []\n",
    "\n",
    "ACME_FETCH_REPORTS: steps.full.request: {item.id} needs `for_each`"
)]
#[case("{steps.list.body.job}", "{steps.full.body.job}", "")]
#[case(
    "{steps.list.body.job}",
    "{steps.job.body.job}",
    "ACME_FETCH_REPORTS: steps.job.request: {steps.job.body.job}: `job` is no step before this one"
)]
#[case(
    "concurrency: 5",
    "concurrency: 50",
    "ACME_FETCH_REPORTS: steps.full.concurrency: must be 1 to 10"
)]
#[case(
    "limit: 100",
    "limit: 1000",
    "ACME_FETCH_REPORTS: steps.full.limit: must be 1 to 200"
)]
#[case(
    "max_tries: 5",
    "max_tries: 0",
    "ACME_FETCH_REPORTS: steps.job.max_tries: must be 1 to 200"
)]
#[case(
    "{id: list, request",
    "{id: list, native: x, request",
    "unknown field `native`"
)]
#[case(
    "kind: graphql, ",
    "method: POST, ",
    "ACME_ASK: request.document: is for `kind: graphql`"
)]
#[case("'query($input: X!) { x(input: $input) { id } }'", "'{teams}'", "")]
#[case(
    "'query($input: X!) { x(input: $input) { id } }'",
    "nothing",
    "ACME_ASK: request.document: is no GraphQL document"
)]
#[case(
    "    response: {data: '{now: .ctx.now}'}\n",
    "",
    "ACME_TIME: request: is missing; a tool without one needs `response.data`"
)]
#[case(
    "{now: .ctx.now}",
    "{now: .body.now}",
    "ACME_TIME: response.data: .body is not there; it is given args, ctx"
)]
fn a_tool_that_breaks_a_rule_is_told_which(
    #[case] kept: &str,
    #[case] broken: &str,
    #[case] problem: &str,
) {
    assert!(TOOLS.contains(kept), "{kept}");
    let found = problems(&with_rules(), &TOOLS.replacen(kept, broken, 1));
    let is_told = |line: &String| line.contains(problem);
    assert!(
        problem.is_empty() || found.iter().any(is_told),
        "{found:#?}"
    );
}

#[test]
fn what_is_wrong_in_several_lines_is_told_with_its_own_line() {
    let lines = "\n      data: >-\n        {report: .body,\n         more: (.body | nothing_such)}\n      error";
    let flow = "{ok: .body.ok, data: '{report: .body}', error: .body.error, keep: [report]}";
    let tools = TOOLS.replacen(flow, &format!("{lines}: .body.error"), 1);
    assert_eq!(
        problems(&with_rules(), &tools),
        [
            "acme/tools/a.yaml:20:25: ACME_MAKE_REPORT: response.data: there is no function `nothing_such`"
        ]
    );
    let toolkit = with_rules() + "response:\n  ok: |\n    .body.ok ==\n      true then\n";
    let [problem] = problems(&toolkit, TOOLS).try_into().unwrap();
    let line = toolkit.lines().count();
    assert!(
        problem.starts_with(&format!("acme/toolkit.yaml:{line}:12: response.ok: ")),
        "{problem}"
    );
}

#[test]
fn a_tool_has_twenty_steps_at_most() {
    let step = |number| format!("      - {{id: s{number}, request: {{method: GET, path: /}}}}\n");
    let steps: String = (0..21).map(step).collect();
    let tools =
        format!("tools:\n  - slug: ACME_X\n    name: X\n    description: X.\n    steps:\n{steps}");
    assert_eq!(
        problems(TOOLKIT, &tools),
        ["acme/tools/a.yaml:2: ACME_X: steps: are 21, more than 20"]
    );
}

#[rstest::rstest]
#[case(
    "cursor_path: next.id",
    "cursor_path: 'next.['",
    "acme/toolkit.yaml:1: pagination.cursor.cursor_path: "
)]
#[case(
    ", cursor_arg: cursor",
    "",
    "acme/toolkit.yaml:1: pagination.cursor.cursor_arg: is missing"
)]
#[case(
    "statuses: [429, 403]",
    "statuses: [200]",
    "acme/toolkit.yaml:1: rate_limit.statuses: 200 is no refusal"
)]
fn a_toolkit_that_breaks_a_rule_is_told_which(
    #[case] kept: &str,
    #[case] broken: &str,
    #[case] problem: &str,
) {
    let found = problems(&with_rules().replacen(kept, broken, 1), "tools: []");
    assert!(
        found.iter().any(|line| line.starts_with(problem)),
        "{found:#?}"
    );
}

const TRIGGERS: &str = r#"triggers:
  - slug: ACME_THING_SOLD
    type: webhook
    mode: per_instance
    name: Thing sold
    description: Somebody bought a thing.
    config:
      shop: {type: string, required: true, description: Which shop.}
    payload: {id: string, price: {type: number}}
    register:
      request: {method: POST, path: '/shops/{config.shop}/hooks', body: '{url: .ctx.callback_url, secret: .ctx.secret}'}
      save: '{hook_id: .body.id}'
      secret: generate
    unregister: {request: {method: DELETE, path: '/hooks/{state.hook_id}'}}
    verify: {algo: hmac-sha256, header: X-Signature, encoding: hex, prefix: "sha256=", signed: "{ts}.{body}", tolerance_s: 300, challenge: {when: .body.challenge, echo_json: challenge}}
    match: .headers["x-event"] == "sold"
    events: .body.things[] | {id, price}
    dedupe: .event.id
  - slug: ACME_THING_CHANGED
    type: poll
    name: Thing changed
    description: A thing is not what it was.
    interval_s: {default: 60, min: 60}
    state: {cursor: null}
    request: {method: GET, path: /things, query: '{since: .state.cursor}'}
    items: .body.things[]
    id: .id
    version: .updated_at
    cursor: .updated_at
    emit: '{id, name}'
    reset_on: [410]
"#;

#[rstest::rstest]
#[case("", "", "")]
#[case(
    "{config.shop}",
    "{config.market}",
    "ACME_THING_SOLD: register.request.path: {config.market} is not there"
)]
#[case(
    "events: .body.things[] | {id, price}\n",
    "\n",
    "ACME_THING_SOLD: events: is missing"
)]
#[case(
    "{ts}.{body}",
    "{ts}.{secret}",
    "ACME_THING_SOLD: verify.signed: may name"
)]
#[case(
    ", echo_json: challenge",
    "",
    "ACME_THING_SOLD: verify.challenge: needs one answer"
)]
#[case("hmac-sha256", "md5", "unknown variant `md5`")]
#[case("emit: '{id, name}'\n", "\n", "ACME_THING_CHANGED: emit: is missing")]
#[case(
    "emit: '{id, name}'",
    "emit: '{id, name'",
    "ACME_THING_CHANGED: emit: "
)]
#[case(
    "items: .body.things[]\n",
    "\n",
    "ACME_THING_CHANGED: items: and `id` say what was found"
)]
#[case(
    "slug: ACME_THING_CHANGED",
    "slug: THING_CHANGED",
    "THING_CHANGED: slug: `THING_CHANGED` must begin with ACME_"
)]
fn a_trigger_that_breaks_a_rule_is_told_which(
    #[case] kept: &str,
    #[case] broken: &str,
    #[case] problem: &str,
) {
    let triggers = TRIGGERS.replacen(kept, broken, 1);
    let found = problems_with_triggers(TOOLKIT, "tools: []", &triggers);
    if problem.is_empty() {
        assert_eq!(found, Vec::<String>::new());
        return;
    }
    let is_told = |line: &String| line.contains(problem);
    assert!(found.iter().any(is_told), "{found:#?}");
}
