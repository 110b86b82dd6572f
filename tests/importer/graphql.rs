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
    request: {"kind":"graphql","path":"/graphql","document":"query($id: String!) { issue(id: $id) { id title due team { id key } owner { __typename ... on User { id name } ... on Team { id key } } } }"}

    slug: "ACME_LIST_ISSUES"
    name: "List issues"
    description: "The query `issues`."
    tags: ["readOnlyHint","openWorldHint","query"]
    args:
      {"arg":"first","type":"integer","description":"First."}
      {"arg":"filter","type":"object","description":"Filter.","schema":{"properties":{"title":{"type":"string"},"any":{"type":"array","items":{"type":"object","additionalProperties":true}}}}}
    request: {"kind":"graphql","path":"/graphql","document":"query($first: Int, $filter: Filter) { issues(first: $first, filter: $filter) { nodes { id title due team { id key } owner { __typename ... on User { id name } ... on Team { id key } } } pageInfo { hasNextPage endCursor } } }"}

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
    request: {"kind":"graphql","path":"/graphql","document":"mutation($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id title due team { id key } owner { __typename ... on User { id name } ... on Team { id key } } } } }","variables":"{input: .args}"}

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
    request: {"kind":"graphql","path":"/graphql","document":"mutation($id: String!, $input: IssueCreateInput!) { issueUpdate(id: $id, input: $input) { success issue { id title due team { id key } owner { __typename ... on User { id name } ... on Team { id key } } } } }","variables":"{id: .args.id, input: (.args | del(.id))}"}

    slug: "ACME_DELETE_ISSUE"
    name: "Delete issue"
    description: "The mutation `issueDelete`."
    tags: ["destructiveHint","openWorldHint","mutation"]
    args:
      {"arg":"id","type":"string","description":"Id.","required":true}
    request: {"kind":"graphql","path":"/graphql","document":"mutation($id: String!) { issueDelete(id: $id) { success issue { id title due team { id key } owner { __typename ... on User { id name } ... on Team { id key } } } } }"}

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
      {"arg":"query_or_mutation","type":"string","description":"The document.","required":true,"in":"none","schema":{"examples":["query { __typename }"]}}
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
        document(schema, "ACME_FIND"),
        "query($text: String!) { find(text: $text) { __typename \
         ... on User { id name User_size: size } ... on Team { id name Team_size: size } } }"
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

/// The tool for one field of a schema.
#[track_caller]
fn tool(schema: &str, slug: &str) -> Value {
    let kit = kit(&read(schema));
    let slugs: Vec<&Value> = kit
        .tools
        .iter()
        .map(|tool| &tool.manifest["slug"])
        .collect();
    let tool = kit.tools.iter().find(|tool| tool.manifest["slug"] == slug);
    Value::Object(tool.unwrap_or_else(|| panic!("{slugs:?}")).manifest.clone())
}

#[test]
fn an_argument_with_a_default_need_not_be_given() {
    let tool = tool(
        "enum Kind { A B } type Query { url(kind: Kind! = A, of: String!): String }",
        "ACME_GET_URL",
    );
    assert_eq!(
        tool["request"]["document"],
        "query($kind: Kind, $of: String!) { url(kind: $kind, of: $of) }"
    );
    assert_eq!(tool["args"][0].get("required"), None);
}

const PAGES: &str = r"
type PageInfo { hasNextPage: Boolean! endCursor: String }
type Thing { id: ID! }
type Things { nodes: [Thing!]! pageInfo: PageInfo! }
type Query {
  things(first: Int, after: String, last: Int): Things
  forward(first: Int, after: String): Things
  sized(first: Int = 5, after: String): Things
  few(first: Int): [Thing]
}
";

#[test]
fn a_page_has_a_size_where_nobody_says_one() {
    let things = tool(PAGES, "ACME_LIST_THINGS");
    assert_eq!(things["args"][0]["default"], 20);
    assert_eq!(
        things["request"]["variables"],
        "(if .args.last then {} else {first: 20} end) + .args"
    );
    let forward = tool(PAGES, "ACME_LIST_FORWARD");
    assert_eq!(forward["request"]["variables"], "{first: 20} + .args");
    for slug in ["ACME_LIST_SIZED", "ACME_LIST_FEW"] {
        assert_eq!(tool(PAGES, slug)["request"].get("variables"), None);
    }
}

const PUTS: &str = r"
input PutInput { title: String old: String @deprecated }
type Thing { id: ID! }
type Mutation {
  thingCreate(input: PutInput, draft: PutInput @deprecated, key: String, file: Upload): Thing
  thingUpdate(id: ID!, input: PutInput!, notify: Boolean = true): Thing
  thingMove(input: PutInput): Thing
}
type Query { a: Int }
";

#[test]
fn what_was_not_given_is_not_sent_as_null() {
    let sent = |slug| tool(PUTS, slug)["request"]["variables"].clone();
    assert_eq!(
        sent("ACME_CREATE_THING"),
        "(.args | with_entries(select(.key == \"key\"))) + \
         ((.args | del(.key)) | if . == {} then {} else {input: .} end)"
    );
    assert_eq!(
        sent("ACME_UPDATE_THING"),
        "(.args | with_entries(select(.key == \"id\" or .key == \"notify\"))) + \
         {input: (.args | del(.id, .notify))}"
    );
    assert_eq!(
        sent("ACME_MOVE_THING"),
        "(.args | if . == {} then {} else {input: .} end)"
    );
}

#[test]
fn what_is_to_go_and_files_are_no_arguments() {
    let create = tool(PUTS, "ACME_CREATE_THING");
    let names: Vec<&Value> = create["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arg| &arg["arg"])
        .collect();
    assert_eq!(names, ["key", "title"]);
    assert_eq!(
        create["request"]["document"],
        "mutation($input: PutInput, $key: String) { thingCreate(input: $input, key: $key) { id } }"
    );
}

#[test]
fn of_members_that_need_no_other_a_model_is_told_to_give_only_one() {
    let schema = r#"
        input By @oneOf { id: ID key: String }
        type Query { thing("Which." by: By!, others: [By!]): Int look(input: By!): Int }
    "#;
    let thing = tool(schema, "ACME_GET_THING");
    assert_eq!(
        thing["args"][0]["description"],
        "Which. Give only one. Needs id, or key."
    );
    assert_eq!(
        thing["args"][1]["schema"]["items"]["description"],
        "Give only one. Needs id, or key."
    );
    assert_eq!(tool(schema, "ACME_GET_LOOK")["args"][0]["arg"], "input");
}

#[test]
fn of_too_many_fields_those_of_the_shortest_names_stay() {
    let many: Vec<String> = (0..120)
        .map(|n| format!("aRatherSpecialNumber{n}: Int"))
        .collect();
    let schema = format!(
        "type Query {{ order: Order }} type Order {{ {} id: ID! total: Int updatedAt: String }}",
        many.join(" ")
    );
    let document = document(&schema, "ACME_GET_ORDER");
    assert!(document.ends_with(" id total updatedAt } }"), "{document}");
    assert_eq!(document.split_whitespace().count(), 6 + 100);
}

#[test]
fn what_an_interface_may_be_is_asked_for() {
    let schema = r"
        interface Node { id: ID! }
        interface Owner implements Node { id: ID! login: String! }
        type User implements Node & Owner { id: ID! login: String! bio: String level: Int }
        type Team implements Node & Owner { id: ID! login: String! level: String }
        type Repository { id: ID! owner: Owner! }
        type Query { owner: Owner repository: Repository }
    ";
    assert_eq!(
        document(schema, "ACME_GET_OWNER"),
        "query { owner { __typename id login ... on User { bio User_level: level } \
         ... on Team { Team_level: level } } }"
    );
    assert_eq!(
        document(schema, "ACME_GET_REPOSITORY"),
        "query { repository { id owner { __typename id login } } }"
    );
}

#[test]
fn pages_are_known_in_all_their_forms() {
    let schema = r"
        type Thing { id: ID! size: Int }
        type Numbered { results: [Thing!]! pageInfo: Numbers! }
        type Numbers { total: Int currentPage: Int }
        type Items { items: [Thing!]! count: Int }
        type Data { data: [Thing!]! meta: Meta! }
        type Meta { total: Int }
        type Query { numbered: Numbered things: Items rows: Data }
    ";
    assert_eq!(
        document(schema, "ACME_LIST_NUMBERED"),
        "query { numbered { results { id size } pageInfo { total currentPage } } }"
    );
    assert_eq!(
        document(schema, "ACME_LIST_THINGS"),
        "query { things { items { id size } count } }"
    );
    assert_eq!(
        document(schema, "ACME_LIST_ROWS"),
        "query { rows { data { id size } meta { total } } }"
    );
}

#[test]
fn what_is_around_a_thing_is_told_from_the_thing() {
    let schema = r"
        type Thing { id: ID! size: Int owner: Owner! }
        type Owner { id: ID! name: String age: Int friend: Owner }
        type Answer { thing: Thing ok: Boolean query: Query }
        type Query { found: Answer }
        type Mutation { thingCreate: Thing! thingSet: Answer! }
    ";
    for (slug, asked) in [
        (
            "ACME_CREATE_THING",
            "mutation { thingCreate { id size owner { id name } } }",
        ),
        (
            "ACME_SET_THING",
            "mutation { thingSet { thing { id size owner { id name } } ok } }",
        ),
        (
            "ACME_GET_FOUND",
            "query { found { thing { id size owner { id name } } ok } }",
        ),
    ] {
        assert_eq!(document(schema, slug), asked);
    }
}

#[test]
fn values_that_hold_their_own_kind_end_there() {
    let schema = r"
        type User { id: ID! past: Past }
        type Past { days: Int before: Past first: Day }
        type Day { text: String of: Past }
        type Query { user: User past: Past }
    ";
    assert_eq!(
        document(schema, "ACME_GET_USER"),
        "query { user { id past { days first { text } } } }"
    );
}

#[test]
fn a_name_that_says_what_is_done_stays() {
    let schema = r"
        type Query { getThing: Int searchThings: [Int] isOpen: Boolean thing: Int }
        type Mutation {
          createStatusUpdate: Int unmarkThingAsDuplicate: Int statusUpdateDelete: Int
          thingApprove: Int validateThing: Int
        }
    ";
    let kit = kit(&read(schema));
    let told = kit.tools.iter().map(|tool| {
        let (slug, tags) = (&tool.manifest["slug"], &tool.manifest["tags"]);
        format!("{} {}", slug.as_str().unwrap(), tags[0].as_str().unwrap())
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "ACME_GET_THING readOnlyHint",
            "ACME_SEARCH_THINGS readOnlyHint",
            "ACME_IS_OPEN readOnlyHint",
            "ACME_QUERY_GET_THING readOnlyHint",
            "ACME_CREATE_STATUS_UPDATE openWorldHint",
            "ACME_UNMARK_THING_AS_DUPLICATE openWorldHint",
            "ACME_DELETE_STATUS_UPDATE destructiveHint",
            "ACME_APPROVE_THING openWorldHint",
            "ACME_VALIDATE_THING openWorldHint",
            "ACME_RUN_QUERY_OR_MUTATION openWorldHint",
        ]
    );
}

#[test]
fn texts_of_a_schema_are_read_as_they_are_meant() {
    let schema = r#"
"One \"thing\""
scalar Day
"""How \""" ends."""
type Query {
  "Says \"a\"."
  a(day: Day): Int
  """Says \"""b\"""."""
  b: Int
}
"#;
    let a = tool(schema, "ACME_GET_A");
    assert_eq!(a["description"], "Says \"a\".");
    assert_eq!(a["args"][0]["description"], "One \"thing\" Format: Day.");
    assert_eq!(
        tool(schema, "ACME_GET_B")["description"],
        "Says \"\"\"b\"\"\"."
    );
}
