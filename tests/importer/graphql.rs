//! GraphQL schemas, in both of their forms.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenon::importer::report::Skip;
use tenon::importer::{Dialect, Selection, Wishes, convert};

use super::{read, tools_of};

const SCHEMA: &str = r#"
# A tracker.
schema { query: Root, mutation: Mutation }
directive @cost(weight: Int! = 1, of: [String]) repeatable on FIELD_DEFINITION | OBJECT
scalar DateTime
enum Order { "first" ASC DESC @deprecated }
interface Node { id: ID! }
union Owner = | User | Team
type User implements Node & Other @cost(weight: 2) { id: ID!, name: String! }
type Team implements Node { id: ID! key: String }
type Issue implements Node {
  id: ID!
  title(short: Boolean): String!
  due: DateTime
  secret(key: String!): String
  old: String @deprecated(reason: "gone {")
  team: Team!
  owner: Owner
  children(first: Int): IssueConnection!
}
type IssueConnection { nodes: [Issue!]! edges: [Edge!]! pageInfo: PageInfo! }
type Edge { node: Issue! cursor: String! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type Payload { success: Boolean! issue: Issue }
"""What an issue
begins with."""
input IssueCreateInput { "What it is about." title: String! teamId: String! labels: [String!], due: DateTime, parent: IssueCreateInput, order: Order = ASC }
input Filter { title: String, any: [Filter!] }
type Root {
  "One issue."
  issue(id: String!): Issue!
  issues(first: Int = 50, filter: Filter): IssueConnection!
  version: String!
}
type Mutation {
  issueCreate(input: IssueCreateInput!): Payload!
  issueUpdate(id: String!, input: IssueCreateInput!): Payload!
  issueDelete(id: String!): Payload!
}
extend type Mutation { refresh: Boolean }
"#;

fn kit(root: &Value) -> tenon::importer::Converted {
    let wishes = Wishes {
        slug: Some("acme".into()),
        base_url: Some("https://api.acme.test/v1/graphql".parse().unwrap()),
        ..Wishes::default()
    };
    convert(root, &wishes, &BTreeMap::new()).unwrap()
}

#[test]
fn a_schema_becomes_a_tool_for_each_query_and_mutation() {
    let kit = kit(&read(SCHEMA));
    assert_eq!(kit.dialect, Dialect::Graphql);
    assert_eq!(kit.toolkit["base_url"], "https://api.acme.test/v1");
    assert_eq!(kit.report.skipped.len(), 0, "{:?}", kit.report.skipped);
    insta::assert_snapshot!(tools_of(&kit), @r#"
    slug: "ACME_GET_ISSUE"
    name: "Get issue"
    description: "One issue."
    tags: ["readOnlyHint","openWorldHint","query"]
    args:
      {"arg":"id","type":"string","description":"Id.","required":true}
    request: {"kind":"graphql","path":"/graphql","document":"query($id: String!) { issue(id: $id) { id title due team { id key } owner { __typename ... on User { id } ... on Team { id } } } }"}

    slug: "ACME_LIST_ISSUES"
    name: "List issues"
    description: "The query `issues`."
    tags: ["readOnlyHint","openWorldHint","query"]
    args:
      {"arg":"first","type":"integer","description":"First."}
      {"arg":"filter","type":"object","description":"Filter.","schema":{"properties":{"title":{"type":"string"},"any":{"type":"array","items":{"type":"object","additionalProperties":true}}}}}
    request: {"kind":"graphql","path":"/graphql","document":"query($first: Int, $filter: Filter) { issues(first: $first, filter: $filter) { nodes { id title due team { id key } owner { __typename ... on User { id } ... on Team { id } } } pageInfo { hasNextPage endCursor } } }"}

    slug: "ACME_GET_VERSION"
    name: "Get version"
    description: "The query `version`."
    tags: ["readOnlyHint","openWorldHint","query"]
    request: {"kind":"graphql","path":"/graphql","document":"query { version }"}

    slug: "ACME_CREATE_ISSUE"
    name: "Create issue"
    description: "The mutation `issueCreate`."
    tags: ["openWorldHint","mutation"]
    args:
      {"arg":"title","type":"string","description":"What it is about.","required":true}
      {"arg":"teamId","type":"string","description":"Team id.","required":true}
      {"arg":"labels","type":"array","description":"Labels.","schema":{"items":{"type":"string"}}}
      {"arg":"due","type":"string","description":"Format: DateTime.","schema":{"examples":["2026-01-31T09:00:00Z"]}}
      {"arg":"parent","type":"object","description":"What an issue begins with.","schema":{"required":["title","teamId"],"properties":{"title":{"type":"string","description":"What it is about."},"teamId":{"type":"string"},"labels":{"type":"array","items":{"type":"string"}},"due":{"type":"string","description":"Format: DateTime.","examples":["2026-01-31T09:00:00Z"]},"parent":{"type":"object","description":"What an issue begins with.","properties":{"title":{"type":"string","description":"What it is about."},"teamId":{"type":"string"}},"required":["title","teamId"],"additionalProperties":true},"order":{"type":"string","enum":["ASC","DESC"]}}}}
      {"arg":"order","type":"string","description":"Order.","schema":{"enum":["ASC","DESC"]}}
    request: {"kind":"graphql","path":"/graphql","document":"mutation($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id title due team { id key } owner { __typename ... on User { id } ... on Team { id } } } } }","variables":"{input: .args}"}

    slug: "ACME_UPDATE_ISSUE"
    name: "Update issue"
    description: "The mutation `issueUpdate`."
    tags: ["openWorldHint","mutation"]
    args:
      {"arg":"id","type":"string","description":"Id.","required":true}
      {"arg":"title","type":"string","description":"What it is about.","required":true}
      {"arg":"teamId","type":"string","description":"Team id.","required":true}
      {"arg":"labels","type":"array","description":"Labels.","schema":{"items":{"type":"string"}}}
      {"arg":"due","type":"string","description":"Format: DateTime.","schema":{"examples":["2026-01-31T09:00:00Z"]}}
      {"arg":"parent","type":"object","description":"What an issue begins with.","schema":{"required":["title","teamId"],"properties":{"title":{"type":"string","description":"What it is about."},"teamId":{"type":"string"},"labels":{"type":"array","items":{"type":"string"}},"due":{"type":"string","description":"Format: DateTime.","examples":["2026-01-31T09:00:00Z"]},"parent":{"type":"object","description":"What an issue begins with.","properties":{"title":{"type":"string","description":"What it is about."},"teamId":{"type":"string"}},"required":["title","teamId"],"additionalProperties":true},"order":{"type":"string","enum":["ASC","DESC"]}}}}
      {"arg":"order","type":"string","description":"Order.","schema":{"enum":["ASC","DESC"]}}
    request: {"kind":"graphql","path":"/graphql","document":"mutation($id: String!, $input: IssueCreateInput!) { issueUpdate(id: $id, input: $input) { success issue { id title due team { id key } owner { __typename ... on User { id } ... on Team { id } } } } }","variables":"{id: .args.id, input: (.args | del(.id))}"}

    slug: "ACME_DELETE_ISSUE"
    name: "Delete issue"
    description: "The mutation `issueDelete`."
    tags: ["destructiveHint","openWorldHint","mutation"]
    args:
      {"arg":"id","type":"string","description":"Id.","required":true}
    request: {"kind":"graphql","path":"/graphql","document":"mutation($id: String!) { issueDelete(id: $id) { success issue { id title due team { id key } owner { __typename ... on User { id } ... on Team { id } } } } }"}

    slug: "ACME_REFRESH"
    name: "Refresh"
    description: "The mutation `refresh`."
    tags: ["openWorldHint","mutation"]
    request: {"kind":"graphql","path":"/graphql","document":"mutation { refresh }"}

    slug: "ACME_RUN_QUERY_OR_MUTATION"
    name: "Run query or mutation"
    description: "Sends a GraphQL document of your own. Take it where no other tool asks for the same."
    tags: ["openWorldHint"]
    args:
      {"arg":"query_or_mutation","type":"string","description":"The document.","required":true,"in":"none"}
      {"arg":"variables","type":"object","description":"Its variables.","schema":{"additionalProperties":true},"in":"none"}
    request: {"kind":"graphql","path":"/graphql","document":"{query_or_mutation}","variables":".args.variables // {}"}
    "#);
}

#[test]
fn the_answer_to_an_introspection_query_says_the_same() {
    let named = |kind: &str, name: &str| json!({ "kind": kind, "name": name, "ofType": null });
    let must = |inner: Value| json!({ "kind": "NON_NULL", "name": null, "ofType": inner });
    let introspection = json!({ "data": { "__schema": {
        "queryType": { "name": "Query" },
        "types": [
            { "kind": "OBJECT", "name": "Query", "fields": [
                { "name": "shop", "description": "A shop.", "args": [{ "name": "id", "type": must(named("SCALAR", "ID")), "defaultValue": null }],
                  "type": must(named("OBJECT", "Shop")), "isDeprecated": false }
            ] },
            { "kind": "OBJECT", "name": "Shop", "fields": [{ "name": "id", "args": [], "type": must(named("SCALAR", "ID")), "isDeprecated": false }] },
            { "kind": "SCALAR", "name": "ID" }
        ]
    } } });
    let sdl = "type Query { \"A shop.\" shop(id: ID!): Shop! } type Shop { id: ID! }";
    let of_answer = kit(&read(&introspection.to_string()));
    assert_eq!(tools_of(&of_answer), tools_of(&kit(&read(sdl))));
    assert_eq!(of_answer.tools.len(), 2);
}

#[rstest::rstest]
#[case("type A {", "expected a name")]
#[case("type A { b: [[[[[[[[[[[[Int", "fewer lists of lists")]
#[case("type A { b Int }", "line 1: expected `:`")]
#[case("type A { b: Int @x(y: ", "expected a value")]
#[case("\ninput A { b: Int = \"", "line 2: expected the end of a text")]
#[case("scalar A nonsense B", "expected a definition")]
fn a_broken_schema_is_refused_with_its_line(#[case] text: &str, #[case] says: &str) {
    let error = tenon::importer::read::document(text.as_bytes()).unwrap_err();
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn types_that_hold_each_other_end() {
    let kit = kit(&read(
        "type Query { a: A } type A { b: [B!]! } type B { a: A! c: C } union C = A | B",
    ));
    assert_eq!(kit.tools.len(), 2);
}

#[test]
fn queries_beyond_all_measure_are_left_out_and_told() {
    let queries: Vec<String> = (0..20_001).map(|n| format!("q{n}: Int")).collect();
    let root = read(&format!("type Query {{ {} }}", queries.join(" ")));
    let wishes = Wishes {
        slug: Some("acme".into()),
        base_url: Some("https://api.acme.test/graphql".parse().unwrap()),
        // What is not wanted is not made.
        selection: Selection::new(&["/query/q1".into()], &[]).unwrap(),
        ..Wishes::default()
    };
    let report = convert(&root, &wishes, &BTreeMap::new()).unwrap().report;
    assert_eq!(report.operations, 20_001);
    assert_eq!(report.skipped_by_reason[&Skip::TooMany], 1);
}

/// The document of the tool for one field of a schema.
#[track_caller]
fn document(schema: &str, slug: &str) -> String {
    let kit = kit(&read(schema));
    let tool = kit.tools.iter().find(|tool| tool.manifest["slug"] == slug);
    let request = &tool.expect(slug).manifest["request"];
    request["document"].as_str().unwrap().to_owned()
}

const ORDERS: &str = r"
type Money { amount: String! currency: String! old: String @deprecated }
type Bag { own: Money! theirs: Money! deep: Deep }
type Deep { deeper: Deeper }
type Deeper { money: Money }
type Address { id: ID! city: String zip: String }
type Line { id: ID! price: Money order: Order }
type Order {
  id: ID! name: String
  total: Bag!
  notes: [Note!]!
  shipTo: Address
  others: [Address!]
  lines: [Line!]!
  email: Email
}
type Note { key: String! value: String }
type Email { address: String! from: Order source(key: String!): String }
type Page { nodes: [Order!]! pageInfo: PageInfo! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type Query { order(id: ID!): Order orders(first: Int): Page rows: Rows }
type Rows { errors: [String!]! table: Table }
type Table { columns: [Note!]! rows: String }
";

#[test]
fn values_in_a_thing_are_asked_for_with_it() {
    assert_eq!(
        document(ORDERS, "ACME_GET_ORDER"),
        "query($id: ID!) { order(id: $id) { id name \
         total { own { amount currency } theirs { amount currency } } \
         notes { key value } shipTo { id city zip } others { id } lines { id } \
         email { address } } }"
    );
    assert_eq!(
        document(ORDERS, "ACME_LIST_ORDERS"),
        "query($first: Int) { orders(first: $first) { nodes { id name \
         total { own { amount currency } theirs { amount currency } } \
         notes { key value } shipTo { id } others { id } lines { id } email { address } } \
         pageInfo { hasNextPage endCursor } } }"
    );
    assert_eq!(
        document(ORDERS, "ACME_GET_ROWS"),
        "query { rows { errors table { columns { key value } rows } } }"
    );
}

#[test]
fn values_find_only_so_much_room() {
    let prices: Vec<String> = (0..60).map(|n| format!("price{n}: Bag!")).collect();
    let schema = ORDERS.replace("total: Bag!", &prices.join(" "));
    let asked = |slug| document(&schema, slug).matches("amount").count();
    assert_eq!(
        (asked("ACME_GET_ORDER"), asked("ACME_LIST_ORDERS")),
        (109, 14)
    );
}

#[test]
fn what_a_union_may_be_is_asked_for_by_names_that_mean_one_thing() {
    let schema = r"
        union Found = User | Team
        type User { id: ID! name: String! size: Int }
        type Team { id: ID! name: String! size: String members(first: Int!): [User] }
        type Query { find(text: String!): [Found!]! }
    ";
    assert_eq!(
        document(schema, "ACME_LIST_FIND"),
        "query($text: String!) { find(text: $text) { __typename \
         ... on User { id name } ... on Team { id name } } }"
    );
}

#[test]
fn pages_of_pages_have_an_end() {
    let schema = r"
        type Page { nodes: Page! edges: [Edge!]! pageInfo: PageInfo! }
        type Edge { node: Side }
        type Side { edges: [Edge!]! name: String }
        type PageInfo { hasNextPage: Boolean! endCursor: String }
        type Query { pages: Page sides: Side }
    ";
    assert_eq!(
        document(schema, "ACME_LIST_PAGES"),
        "query { pages { nodes { pageInfo { hasNextPage endCursor } } \
         pageInfo { hasNextPage endCursor } } }"
    );
    assert_eq!(
        document(schema, "ACME_GET_SIDES"),
        "query { sides { edges { node { name } } name } }"
    );
}
