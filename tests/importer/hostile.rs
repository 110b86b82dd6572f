//! Descriptions that are meant to hurt: each ends, with a toolkit or a clear error.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tenon::importer::report::Skip;
use tenon::importer::{Wishes, convert};

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
