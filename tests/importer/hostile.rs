//! Descriptions that are meant to hurt: each ends, with a toolkit or a clear error.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tenon::importer::folder::{self, Source};
use tenon::importer::report::Skip;
use tenon::importer::{Wishes, convert};
use tenon::time::Clock;

use super::{SHOP, argument, assert_acceptable, converted, read, with_schema};

/// `count` schemas, each made of the one before.
fn chain(count: usize, link: impl Fn(&str) -> Value) -> Value {
    let mut schemas = Map::new();
    schemas.insert("S0".into(), json!({ "type": "string" }));
    for n in 1..=count {
        schemas.insert(
            format!("S{n}"),
            link(&format!("#/components/schemas/S{}", n - 1)),
        );
    }
    json!({ "components": { "schemas": schemas } })
}

#[rstest::rstest]
#[case::doubled_by_all_of(|before: &str| json!({ "allOf": [{ "$ref": before }, { "$ref": before }] }))]
#[case::doubled_by_one_of(|before: &str| json!({ "oneOf": [{ "$ref": before }, { "$ref": before }] }))]
#[case::doubled_by_members(|before: &str| json!({ "properties": { "a": { "$ref": before }, "b": { "$ref": before } } }))]
#[case::doubled_by_items(|before: &str| json!({ "items": [{ "$ref": before }, { "$ref": before }] }))]
#[case::one_behind_the_other(|before: &str| json!({ "$ref": before }))]
#[case::ten_at_once(|before: &str| json!({ "anyOf": vec![json!({ "$ref": before }); 10] }))]
fn schemas_that_grow_without_end_are_cut(#[case] link: fn(&str) -> Value) {
    let found = argument(
        json!({ "$ref": "#/components/schemas/S90" }),
        chain(90, link),
    );
    assert_acceptable(&found);
}

#[test]
fn schemas_that_hold_each_other_end_in_open_objects() {
    let root = json!({ "components": { "schemas": {
        "A": { "properties": { "b": { "$ref": "#/components/schemas/B" }, "all": { "allOf": [{ "$ref": "#/components/schemas/A" }] } } },
        "B": { "items": { "$ref": "#/components/schemas/A" } },
        "C": { "allOf": [{ "$ref": "#/components/schemas/D" }] }, "D": { "allOf": [{ "$ref": "#/components/schemas/C" }] }
    } } });
    for name in ["A", "B", "C", "D"] {
        let found = argument(
            json!({ "$ref": format!("#/components/schemas/{name}") }),
            root.clone(),
        );
        assert_acceptable(&found);
    }
}

#[test]
fn ten_thousand_members_leave_a_tool_of_its_size() {
    let members: Map<String, Value> = (0..10_000)
        .map(|n| {
            (
                format!("member_{n}"),
                json!({ "type": "string", "description": "y ".repeat(500) }),
            )
        })
        .collect();
    assert_acceptable(&argument(
        json!({ "type": "object", "properties": members }),
        Value::Null,
    ));
    let mut wide = with_schema(json!({}), Value::Null);
    wide["paths"]["/x"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"] =
        members.into();
    let kit = converted(&wide);
    assert_acceptable(&kit.tools[0].manifest["args"]);
    assert_eq!(kit.tools.len(), 1);
}

#[test]
fn a_flood_of_operations_of_one_name_gets_different_names() {
    let operation = json!({ "summary": "Do it" });
    let paths: Map<String, Value> = (0..2_000)
        .map(|n| {
            (
                format!("/p{n}"),
                json!({ "get": operation, "post": operation }),
            )
        })
        .collect();
    let mut document = with_schema(json!({}), Value::Null);
    document["paths"] = paths.into();
    assert_eq!(converted(&document).tools.len(), 4_000);
}

#[test]
fn operations_beyond_all_measure_are_left_out_and_told() {
    let paths = (0..20_001).map(|n| (format!("/p{n}"), json!({ "head": {} })));
    let mut document = with_schema(json!({}), Value::Null);
    document["paths"] = Value::Object(paths.collect());
    let report = converted(&document).report;
    assert_eq!(report.operations, 20_001);
    assert_eq!(report.skipped_by_reason[&Skip::TooMany], 1);
}

/// One operation of two hundred thousand parts, each of which is compared with the others somewhere.
#[rstest::rstest]
#[case::members(|n| json!({ "properties": named(n), "required": names(n) }))]
#[case::members_of_parts(|n| json!({ "allOf": parts(n) }))]
#[case::members_of_alternatives(|n| json!({ "oneOf": parts(n) }))]
#[case::demands_of_alternatives(|n| json!({ "oneOf": names(n).chunks(n / 200).map(|some| json!({ "required": some })).collect::<Vec<_>>() }))]
#[case::choices(|n| json!({ "enum": names(n) }))]
#[case::choices_of_alternatives(|n| json!({ "anyOf": names(n).chunks(n / 200).map(|some| json!({ "enum": some })).collect::<Vec<_>>() }))]
#[case::examples(|n| json!({ "type": "string", "examples": vec![Value::Null; n] }))]
#[case::a_default(|n| json!({ "type": "array", "default": names(n) }))]
#[case::types(|n| json!({ "type": names(n) }))]
#[case::a_tuple(|n| json!({ "items": vec![json!({ "type": "string" }); n] }))]
#[case::a_long_description(|n| json!({ "description": "y ".repeat(n) }))]
#[case::a_long_pattern(|n| json!({ "pattern": "y".repeat(n) }))]
fn a_schema_of_many_parts_takes_no_more_than_it_is_given(#[case] schema: fn(usize) -> Value) {
    let link = |before: &str| json!({ "allOf": vec![json!({ "$ref": before }); 20] });
    let mut root = chain(4, link);
    root["components"]["schemas"]["S0"] = schema(200_000);
    // It is asked for as often as an operation may ask for anything.
    let kit = converted(&with_schema(
        json!({ "$ref": "#/components/schemas/S4" }),
        root,
    ));
    assert_acceptable(&json!(kit.tools[0].manifest.get("args")));
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("name_{n}")).collect()
}

/// Objects of different members, `count` of them in all.
fn parts(count: usize) -> Vec<Value> {
    let members = |part: usize| {
        let members = (0..count / 200).map(|k| (format!("m{part}_{k}"), json!({})));
        members.collect::<Map<_, _>>()
    };
    (0..200)
        .map(|part| json!({ "properties": members(part) }))
        .collect()
}

fn many(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect::<Vec<_>>().concat()
}

fn named(count: usize) -> Map<String, Value> {
    names(count)
        .into_iter()
        .map(|name| (name, json!({ "type": "string" })))
        .collect()
}

#[test]
fn choices_of_all_members_together_are_no_more_than_a_vendor_takes() {
    let choices: Vec<String> = (0..250).map(|n| format!("{n:x}")).collect();
    let member = |n: usize| (format!("m{n}"), json!({ "enum": choices }));
    let members: Map<String, Value> = (0..6).map(member).collect();
    let kit = converted(&with_schema(json!({ "properties": members }), Value::Null));
    let with_choices = kit.tools[0].manifest["args"].to_string();
    assert_eq!(with_choices.matches("\"enum\"").count(), 4);
    assert_eq!(
        kit.report.losses.values().sum::<usize>(),
        2,
        "{:#?}",
        kit.report.losses
    );
}

#[test]
fn parameters_beyond_all_measure_are_left_out_and_told() {
    let parameter = |n: usize| json!({ "name": format!("!{}", "!".repeat(n % 50)), "in": "query", "schema": {}, "x": n });
    let mut document = with_schema(json!({}), Value::Null);
    let parameters: Vec<Value> = (0..100_000).map(parameter).collect();
    document["paths"]["/x"]["post"]["parameters"] = parameters.into();
    assert_eq!(converted(&document).tools.len(), 1);
    let different = |n: usize| json!({ "name": format!("p{n}"), "in": "query", "schema": {} });
    document["paths"]["/x"]["post"]["parameters"] = (0..100_000).map(different).collect();
    let kit = converted(&document);
    assert!(
        kit.report
            .notes
            .iter()
            .any(|note| note.detail == "more than 1000 parameters")
    );
}

#[test]
fn twenty_thousand_operations_of_one_long_name_are_told_apart() {
    let operation = json!({ "summary": "Do it ".repeat(1_000), "tags": ["x".repeat(10_000)] });
    let paths = (0..25_000).map(|n| (format!("/p{n}"), json!({ "get": operation })));
    let mut document = with_schema(json!({}), Value::Null);
    document["paths"] = paths.collect::<Map<_, _>>().into();
    let kit = converted(&document);
    let slugs = kit
        .tools
        .iter()
        .map(|tool| tool.manifest["slug"].to_string());
    assert_eq!(
        slugs.collect::<std::collections::BTreeSet<_>>().len(),
        20_000
    );
}

#[rstest::rstest]
#[case::lists_of_lists(format!("type Query {{ a: {} }}", "[".repeat(1_000_000)))]
#[case::values_in_values(format!("type Query {{ a(b: X = {}): Int }}", "{a: [".repeat(500_000)))]
#[case::a_text_without_end(format!("type Query {{ \"\"\"{} a: Int }}", "x".repeat(10_000_000)))]
#[case::one_comment(format!("type Query {{ a: Int }}\n#{}", "x".repeat(10_000_000)))]
#[case::many_types(many(100_000, |n| format!("type T{n} implements Node {{ a: T{n} }} ")) + "type Query { a: T1 }")]
#[case::many_fields(format!("type Query {{ {} }}", many(50_000, |n| format!("f{n}: Query "))))]
fn a_graphql_schema_that_is_meant_to_hurt_ends(#[case] text: String) {
    let Ok(document) = tenon::importer::read::document(text.as_bytes()) else {
        return;
    };
    let wishes = Wishes {
        slug: Some("acme".into()),
        base_url: "https://acme.test/graphql".parse().ok(),
        ..Wishes::default()
    };
    let kit = convert(&document, &wishes, &BTreeMap::new()).expect("a toolkit");
    assert!(kit.tools.len() <= 20_001);
}

/// A small text of which every operation would have the largest schema.
#[test]
fn a_wide_type_that_many_queries_take_is_not_told_by_each() {
    let members = |of: &str| many(2_000, |n| format!("f{n}: {of} "));
    let queries = many(3_000, |n| format!("q{n}(a: I): T "));
    let (inputs, fields) = (members("I"), members("T"));
    let text = format!("type Query {{ {queries} }} input I {{ {inputs} }} type T {{ {fields} }}");
    let document = tenon::importer::read::document(text.as_bytes()).unwrap();
    let wishes = Wishes {
        slug: Some("acme".into()),
        base_url: "https://acme.test/graphql".parse().ok(),
        ..Wishes::default()
    };
    let kit = convert(&document, &wishes, &BTreeMap::new()).expect("a toolkit");
    assert_eq!(kit.tools.len(), 3_001);
    let tools = kit.tools.iter();
    let size: usize = tools
        .map(|tool| json!(tool.manifest).to_string().len())
        .sum();
    assert!(size < 10_000_000, "{size}");
}

#[test]
fn no_name_of_a_description_or_of_a_lock_leads_out_of_the_folder() {
    let place = tempfile::tempdir().unwrap();
    let (kits, outside) = (place.path().join("kits"), place.path().join("outside.yaml"));
    std::fs::write(&outside, "mine").unwrap();
    let tagged = SHOP.replace("tags: [", "tags: [../../../outside, ");
    let import = |text: &str| {
        let source = Source {
            from: "shop.yaml".into(),
            bytes: text.as_bytes().to_vec(),
        };
        folder::import(&source, &Wishes::default(), &kits, Clock::System.now())
    };
    let imported = import(&tagged).expect("a toolkit");
    for entry in std::fs::read_dir(imported.folder.join("tools")).unwrap() {
        assert!(entry.unwrap().path().is_file());
    }
    // Files that a lock names and an import has no more are removed.
    let lock = imported.folder.join("import.lock");
    for name in [
        "../../../outside.yaml",
        "..",
        ".",
        "",
        "a/b",
        outside.to_str().unwrap(),
    ] {
        let mut content: Value = serde_json::from_slice(&std::fs::read(&lock).unwrap()).unwrap();
        content["files"] = json!([name]);
        let former = std::fs::read(&lock).unwrap();
        std::fs::write(&lock, content.to_string()).unwrap();
        let error = import(SHOP).unwrap_err().to_string();
        assert!(
            error.ends_with("names files that are none of `tools/`"),
            "{name}: {error}"
        );
        std::fs::write(&lock, former).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "mine");
}

#[rstest::rstest]
#[case("/a/{b")]
#[case("/a/{}/c")]
#[case("/a/{b/c}")]
#[case("/{a}{b}/{a}")]
#[case("a?b={c}&d=e#f")]
#[case("/a/../../b")]
#[case("//evil.test/x")]
#[case("")]
fn a_strange_path_gives_a_tool_that_keeps_the_rules_or_none(#[case] path: &str) {
    let mut document = with_schema(json!({}), Value::Null);
    document["paths"] = json!({ path: { "get": { "operationId": "x" } } });
    let kit = converted(&document);
    assert_eq!(kit.tools.len() + kit.report.skipped.len(), 1);
}

/// Any JSON, with the words of descriptions in it more often than not.
fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "type",
        "properties",
        "items",
        "$ref",
        "allOf",
        "oneOf",
        "anyOf",
        "enum",
        "required",
        "name",
        "in",
        "path",
        "query",
        "header",
        "schema",
        "object",
        "array",
        "string",
        "get",
        "post",
        "paths",
        "parameters",
        "requestBody",
        "content",
        "application/json",
        "default",
        "pattern",
        "minimum",
        "#/info",
        "#",
        "nullable",
        "readOnly",
        "security",
        "style",
        "deepObject",
        "url",
        "servers",
        "{x}",
        "multipart/form-data",
    ]);
    let word = words.prop_map(str::to_owned);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(word.clone(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Puts `graft` somewhere into `tree`, as `choices` lead.
fn graft(tree: &mut Value, choices: &[usize], graft: Value) {
    let Some((first, rest)) = choices.split_first() else {
        *tree = graft;
        return;
    };
    match tree {
        Value::Object(members) if !members.is_empty() => {
            let index = first % members.len();
            if let Some((_, value)) = members.iter_mut().nth(index) {
                self::graft(value, rest, graft);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let index = first % items.len();
            self::graft(&mut items[index], rest, graft);
        }
        other => *other = graft,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_description_with_anything_in_it_gives_tools_that_keep_the_rules(
        choices in prop::collection::vec(any::<usize>(), 1..9),
        strange in any_json(),
    ) {
        let mut document = read(SHOP);
        graft(&mut document, &choices, strange);
        if let Ok(kit) = convert(&document, &Wishes::default(), &BTreeMap::new()) {
            for tool in &kit.tools {
                if let Some(args) = tool.manifest.get("args") {
                    assert_acceptable(args);
                }
            }
        }
    }
}
