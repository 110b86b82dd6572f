//! What becomes of arguments where a tool has no room for all of them, and of operations that say a
//! thing twice.

use serde_json::{Map, Value, json};
use tenon::catalog;
use tenon::importer::Wishes;
use tenon::importer::folder::{Source, import};
use tenon::time::Timestamp;

use super::{assert_acceptable, converted, with_schema};

fn with_members(members: &Map<String, Value>, required: &[&str]) -> Value {
    let mut document = with_schema(json!({}), Value::Null);
    let body = &mut document["paths"]["/x"]["post"]["requestBody"];
    body["content"]["application/json"]["schema"] =
        json!({ "type": "object", "properties": members, "required": required });
    document
}

#[test]
fn what_there_is_no_room_for_can_be_given_all_the_same_and_is_told() {
    let text = json!({ "type": "string", "description": "many words ".repeat(50) });
    let inner = json!({ "type": "object", "properties": { "a": text } });
    let mut members: Map<String, Value> = (0..350)
        .flat_map(|n| {
            [
                (
                    format!("a_rather_long_name_of_a_setting_{n}_info"),
                    inner.clone(),
                ),
                (format!("a_rather_long_name_of_a_setting_{n}"), text.clone()),
            ]
        })
        .collect();
    members.insert("zone".into(), text);
    let kit = converted(&with_members(&members, &["zone"]));
    let tool = &kit.tools[0].manifest;
    let args = tool["args"].as_array().unwrap();
    assert_eq!(args.len(), 701);
    assert_acceptable(&tool["args"]);
    let shown = |arg: &&Value| arg["hidden"] != true;
    let kinds: Vec<&Value> = args.iter().filter(shown).map(|arg| &arg["type"]).collect();
    // Plain values, and what must be given, come before objects of which nothing more is known.
    assert!(
        kinds.len() > 100 && kinds.iter().all(|kind| *kind == "string"),
        "{kinds:?}"
    );
    let zone = args.iter().find(|arg| arg["arg"] == "zone").unwrap();
    assert_eq!(zone["hidden"], Value::Null);
    let about = tool["description"].as_str().unwrap();
    assert!(
        about.contains("Also takes a_rather_long_name_of_a_setting_0_info, "),
        "{about}"
    );
    assert!(about.ends_with(" more, by the vendor's names."), "{about}");
    let losses = json!(kit.report.losses);
    assert_eq!(losses["argument_left_out"], Value::Null);
    assert_eq!(losses["argument_hidden"], 701 - kinds.len());
}

#[test]
fn texts_become_short_and_members_of_members_go_before_any_argument_is_hidden() {
    let inner: Map<String, Value> = (0..10)
        .map(|n| {
            (
                format!("member_{n}"),
                json!({ "type": "string", "maxLength": 20 }),
            )
        })
        .collect();
    let members: Map<String, Value> = (0..150)
        .map(|n| {
            let about = "many words ".repeat(50);
            let inner = json!({ "type": "object", "properties": inner, "required": ["member_0"] });
            (
                format!("setting_{n}"),
                json!({ "allOf": [inner], "description": about }),
            )
        })
        .collect();
    let kit = converted(&with_members(&members, &[]));
    let args = kit.tools[0].manifest["args"].as_array().unwrap();
    assert_eq!(args.len(), 150);
    assert!(args.iter().all(|arg| arg["hidden"] != true));
}

#[test]
fn what_an_operation_says_twice_is_said_once() {
    let object = json!({ "type": "object", "properties": { "version": { "type": "string" }, "color": { "type": "string" } } });
    let document = json!({
        "openapi": "3.0.0", "info": { "title": "Acme" }, "servers": [{ "url": "https://acme.test" }],
        "paths": {
            "/x?comp=list": { "get": { "parameters": [{ "name": "comp", "in": "query", "schema": { "enum": ["list"] } }] } },
            "/y": { "get": { "parameters": [
                { "name": "filter", "in": "query", "explode": true, "schema": object },
                { "name": "version", "in": "query" },
            ] } },
            "/z": { "delete": { "requestBody": { "content": { "multipart/form-data": {} } } } },
        }
    });
    let kit = converted(&document);
    assert_eq!(json!(kit.report.skipped), json!([]));
    let names = |index: usize| -> Vec<&Value> {
        let tool: &Map<String, Value> = &kit.tools[index].manifest;
        let args = tool.get("args").and_then(Value::as_array);
        args.into_iter().flatten().map(|arg| &arg["arg"]).collect()
    };
    assert_eq!(names(0), Vec::<&Value>::new());
    assert_eq!(names(1), ["color", "version"]);
    assert_eq!(names(2), Vec::<&Value>::new());
}

#[test]
fn what_is_imported_is_loaded_however_many_arguments_there_are() {
    let text = json!({ "type": "string", "description": "A setting." });
    let members: Map<String, Value> = (0..1_300)
        .map(|n| (format!("a_setting_{n}"), text.clone()))
        .collect();
    let to = tempfile::tempdir().unwrap();
    let source = Source {
        from: "acme.json".into(),
        bytes: serde_json::to_vec(&with_members(&members, &["a_setting_1299"])).unwrap(),
    };
    let now = Timestamp::from_millis(0);
    let imported = import(&source, &Wishes::default(), to.path(), now).unwrap();
    let converted = imported.converted;
    let args = converted.tools[0].manifest["args"].as_array().unwrap();
    assert_eq!(args.len(), catalog::MOST_ARGUMENTS);
    assert!(args.iter().any(|arg| arg["arg"] == "a_setting_1299"));
    // A schema has no more members, and the path takes an argument too.
    assert_eq!(json!(converted.report.losses)["argument_left_out"], 1);
    assert_eq!(catalog::lint(to.path()).unwrap().tools, 1);
}
