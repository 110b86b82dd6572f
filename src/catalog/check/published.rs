//! The one gate of what tools publish: no schema goes out that a model's vendor refuses, whoever
//! wrote the tool. One refused schema costs an agent all the tools of its request.
//!
//! What the vendors say, by which the rules go:
//!
//! - `OpenAI`: a function's name has 64 characters and its description 1,024 at most (the API's
//!   `string_above_max_length`); schemas have ten levels, 5,000 members, 1,000 values of enums, and
//!   15,000 characters in an enum of more than 250 values
//!   (<https://platform.openai.com/docs/guides/structured-outputs>, "Supported schemas").
//! - Anthropic: members are named by `^[a-zA-Z0-9_.-]{1,64}$` (the API's own words, as in
//!   <https://github.com/ComposioHQ/composio/issues/3500>).
//! - Google: parameters begin with a letter or an underscore, and have letters, digits and
//!   underscores, 64 at most
//!   (<https://cloud.google.com/vertex-ai/docs/reference/rest/v1beta1/FunctionDeclaration>); enums
//!   are of texts that are not empty; `required` names members that are there; schemas have no
//!   keywords but those of <https://cloud.google.com/vertex-ai/docs/reference/rest/v1/Schema>; a
//!   text's format is `date-time` alone (<https://firebase.google.com/docs/reference/js/ai.schemashared>).
//!
//! `examples` and `additionalProperties` are Composio's words beyond these: its SDKs read them, and
//! its adapters take them away where a vendor does not.

use std::collections::BTreeSet;
use std::io;

use serde_json::{Map, Value};

use super::Report;
use crate::catalog::manifest::{ToolManifest, ToolkitManifest};
use crate::catalog::schema;

/// Bytes of a published schema; models read it with every call.
pub const LARGEST_SCHEMA: usize = 24 * 1024;
/// Of a tool's description, in characters.
const LONGEST_DESCRIPTION: usize = 1_024;
const LONGEST_NAME: usize = 64;
/// Objects and lists in one another, the arguments as a whole being the first.
const DEEPEST: usize = 10;
const MOST_MEMBERS: usize = 5_000;
/// Values of all enums of a schema together.
pub const MOST_CHOICES: usize = 1_000;
/// An enum of more values has few characters.
const LONG_ENUM: usize = 250;
const LONGEST_ENUM: usize = 15_000;

/// A value has one of these, and no other.
pub(super) const TYPES: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];
/// What SDKs know a file by; only the server itself writes them.
const MARKS: [&str; 2] = ["file_uploadable", "file_downloadable"];

/// Bytes of a value as JSON, which is not written for that.
#[must_use]
pub fn json_size(value: &Value) -> usize {
    let mut count = Count(0);
    // Counting takes everything.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether an argument may have this name.
pub(super) fn is_parameter_name(name: &str) -> bool {
    is_member_name(name)
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.contains(['.', '-'])
}

/// Whether a member of an object may have this name.
#[must_use]
pub fn is_member_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

pub(super) fn check(tool: &ToolManifest, toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    let length = tool.description.trim().chars().count();
    report.require(length <= LONGEST_DESCRIPTION, || {
        format!("description: has {length} characters, more than {LONGEST_DESCRIPTION}")
    });
    let files = tool.args.iter().filter(|arg| arg.file);
    let files = files.flat_map(|arg| {
        let at = format!("args.{}", arg.arg);
        [format!("{at}.items"), at]
    });
    let input = schema::input(tool);
    of_schema("args", &input, files.collect(), report);
    // What models do not see is checked by its schema all the same.
    for arg in tool.args.iter().filter(|arg| !arg.is_published()) {
        let own = Value::Object(schema::property(arg));
        of_schema(&format!("args.{}", arg.arg), &own, Vec::new(), report);
    }
    let response = tool.response.or(&toolkit.response);
    if let Some(file) = &response.file {
        let output = schema::output(Some(file));
        let at = format!("output.data.{}", file.field);
        of_schema("output", &output, vec![at], report);
    }
}

/// Checks a schema; `files` are the places where the server marks a file.
pub(super) fn of_schema(at: &str, schema: &Value, files: Vec<String>, report: &mut Report<'_>) {
    let mut gate = Gate {
        report,
        files,
        members: 0,
        choices: 0,
    };
    gate.schema(at, schema, 0);
    let Gate {
        members, choices, ..
    } = gate;
    for (count, most, what) in [
        (members, MOST_MEMBERS, "members"),
        (choices, MOST_CHOICES, "values of enums"),
        (json_size(schema), LARGEST_SCHEMA, "bytes"),
    ] {
        report.require(count <= most, || {
            format!("{at}: the published schema has {count} {what}, more than {most}")
        });
    }
}

struct Gate<'g, 'r> {
    report: &'g mut Report<'r>,
    files: Vec<String>,
    members: usize,
    choices: usize,
}

impl Gate<'_, '_> {
    fn schema(&mut self, at: &str, schema: &Value, depth: usize) {
        let Value::Object(schema) = schema else {
            return self.report.add(format!("{at}: must be a schema"));
        };
        let kind = match schema.get("type") {
            Some(Value::String(kind)) if TYPES.contains(&kind.as_str()) => kind.as_str(),
            Some(kind) => {
                let types = TYPES.join(", ");
                return self
                    .report
                    .add(format!("{at}: type: {kind} is none of {types}"));
            }
            None => return self.report.add(format!("{at}: needs a `type`")),
        };
        let is_nested = matches!(kind, "array" | "object");
        let depth = depth + usize::from(is_nested);
        if depth > DEEPEST {
            return self.report.add(format!(
                "{at}: more than {DEEPEST} objects and lists in one another"
            ));
        }
        self.report
            .require(kind != "array" || schema.contains_key("items"), || {
                format!("{at}: an array needs `items`")
            });
        self.required(at, schema);
        for (key, value) in schema {
            self.keyword((at, kind), key, value, depth);
        }
    }

    /// Whether a keyword is one, and goes with the type.
    fn keyword(&mut self, (at, kind): (&str, &str), key: &str, value: &Value, depth: usize) {
        let fits = match key {
            "type" | "required" => true,
            // Whether a pattern is one shows when the validator is built.
            "title" | "description" | "pattern" => value.is_string(),
            "format" => kind != "string" || value == "date-time",
            "default" => is_of(kind, value),
            "examples" => value
                .as_array()
                .is_some_and(|values| values.iter().all(|value| !value.is_null())),
            "enum" => return self.choices((at, kind), value),
            "minimum" | "maximum" => value.is_number(),
            "minLength" | "maxLength" | "minItems" | "maxItems" => value.is_u64(),
            "items" => return self.schema(&format!("{at}.items"), value, depth),
            "properties" => return self.properties(at, value, depth),
            "additionalProperties" if value.is_object() => {
                return self.schema(&format!("{at}.*"), value, depth);
            }
            "additionalProperties" | "nullable" => value.is_boolean(),
            mark if MARKS.contains(&mark) && self.files.iter().any(|file| file == at) => true,
            _ => {
                return self.report.add(format!(
                    "{at}: `{key}` is not a JSON Schema keyword that all models' vendors and SDKs \
                     read"
                ));
            }
        };
        self.report
            .require(fits, || format!("{at}: {key}: {value} does not fit"));
    }

    fn properties(&mut self, at: &str, value: &Value, depth: usize) {
        let Value::Object(properties) = value else {
            return self
                .report
                .add(format!("{at}: properties must be a mapping"));
        };
        self.members += properties.len();
        for (name, schema) in properties {
            self.report.require(is_member_name(name), || {
                format!(
                    "{at}: no model takes a member named `{name}`; leave it out, say it in the \
                     description, and let `additionalProperties: true` admit it"
                )
            });
            self.schema(&format!("{at}.{name}"), schema, depth);
        }
    }

    fn required(&mut self, at: &str, schema: &Map<String, Value>) {
        let Some(required) = schema.get("required") else {
            return;
        };
        let names = required.as_array().map(|names| {
            let names = names.iter().map(Value::as_str);
            names.collect::<Option<Vec<&str>>>()
        });
        let Some(Some(names)) = names else {
            return self
                .report
                .add(format!("{at}: required: {required} does not fit"));
        };
        let has = |name: &str| {
            let properties = schema.get("properties");
            properties.is_some_and(|properties| properties.get(name).is_some())
        };
        let mut seen = BTreeSet::new();
        for name in names {
            self.report.require(has(name), || {
                format!("{at}: required: `{name}` is none of the properties")
            });
            self.report.require(seen.insert(name), || {
                format!("{at}: required: `{name}` stands there twice")
            });
        }
    }

    fn choices(&mut self, (at, kind): (&str, &str), value: &Value) {
        let values = value.as_array().filter(|values| !values.is_empty());
        let texts =
            values.map(|values| values.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        let texts = match texts {
            Some(Some(texts)) if kind == "string" && !texts.contains(&"") => texts,
            _ => {
                return self.report.add(format!(
                    "{at}: enum: {value} must be a list of texts, none of them empty; numbers have \
                     `minimum` and `maximum`, or a description"
                ));
            }
        };
        self.choices += texts.len();
        let length: usize = texts.iter().map(|text| text.chars().count()).sum();
        self.report
            .require(texts.len() <= LONG_ENUM || length <= LONGEST_ENUM, || {
                format!("{at}: enum: has {length} characters, more than {LONGEST_ENUM}")
            });
    }
}

/// Whether a value is of a JSON type.
fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::check::tests::{TOOLKIT, problems};
    use proptest::prelude::*;
    use serde_json::json;

    /// What is told of a tool with this argument `x`, written in YAML.
    fn told(schema: &str) -> Vec<String> {
        let tools = format!(
            "tools:\n  - slug: ACME_X\n    name: X\n    description: X.\n    args: [{{arg: x, \
             description: X., {schema}}}]\n    request: {{method: POST, path: /x}}\n"
        );
        problems(TOOLKIT, &tools)
    }

    #[rstest::rstest]
    #[case(
        "type: string, schema: {enum: [a, b], format: date-time, pattern: a, maxLength: 3, nullable: true}"
    )]
    #[case("type: integer, default: 3, schema: {minimum: 1, maximum: 5, examples: [2]}")]
    #[case(
        "type: array, default: [], schema: {items: {type: array, items: {type: number}}, minItems: 1}"
    )]
    #[case(
        "type: object, schema: {properties: {a.b-c: {type: string}}, required: [a.b-c], additionalProperties: {type: boolean}}"
    )]
    #[case("type: object, file: true, as: base64")]
    fn what_every_vendor_takes_is_published(#[case] schema: &str) {
        assert_eq!(told(schema), Vec::<String>::new());
    }

    #[rstest::rstest]
    #[case(
        "type: 'None'",
        "args.x: type: \"None\" is none of string, integer, number, boolean, array, object"
    )]
    #[case("type: array", "args.x: an array needs `items`")]
    #[case(
        "type: array, schema: {items: [{type: string}]}",
        "args.x.items: must be a schema"
    )]
    #[case("type: array, schema: {items: {}}", "args.x.items: needs a `type`")]
    #[case(
        "type: object, schema: {$ref: '#/x'}",
        "args.x: `$ref` is not a JSON Schema keyword that all models' vendors and SDKs read"
    )]
    #[case(
        "type: object, schema: {anyOf: []}",
        "args.x: `anyOf` is not a JSON Schema keyword that all models' vendors and SDKs read"
    )]
    #[case(
        "type: object, schema: {properties: {a: {type: object, allOf: []}}}",
        "args.x.a: `allOf` is not a JSON Schema keyword that all models' vendors and SDKs read"
    )]
    #[case(
        "type: integer, schema: {exclusiveMinimum: 0}",
        "args.x: `exclusiveMinimum` is not a JSON Schema keyword that all models' vendors and SDKs read"
    )]
    #[case(
        "type: object, schema: {file_uploadable: true}",
        "args.x: `file_uploadable` is not a JSON Schema keyword that all models' vendors and SDKs read"
    )]
    #[case(
        "type: integer, schema: {enum: [1, 2]}",
        "args.x: enum: [1,2] must be a list of texts, none of them empty; numbers have `minimum` and `maximum`, or a description"
    )]
    #[case(
        "type: string, schema: {enum: ['', a]}",
        "args.x: enum: [\"\",\"a\"] must be a list of texts, none of them empty; numbers have `minimum` and `maximum`, or a description"
    )]
    #[case(
        "type: string, schema: {enum: [a, 1]}",
        "args.x: enum: [\"a\",1] must be a list of texts, none of them empty; numbers have `minimum` and `maximum`, or a description"
    )]
    #[case(
        "type: string, schema: {format: uri}",
        "args.x: format: \"uri\" does not fit"
    )]
    #[case("type: string, default: 3", "args.x: default: 3 does not fit")]
    #[case("type: integer, default: 1.5", "args.x: default: 1.5 does not fit")]
    #[case(
        "type: object, schema: {required: [a]}",
        "args.x: required: `a` is none of the properties"
    )]
    #[case(
        "type: object, schema: {properties: {a: {type: string}}, required: [a, a]}",
        "args.x: required: `a` stands there twice"
    )]
    #[case(
        "type: object, schema: {properties: {'@type': {type: string}}}",
        "args.x: no model takes a member named `@type`; leave it out, say it in the description, and let `additionalProperties: true` admit it"
    )]
    #[case(
        "type: string, hidden: true, schema: {oneOf: []}",
        "args.x: `oneOf` is not a JSON Schema keyword that all models' vendors and SDKs read"
    )]
    fn what_a_vendor_refuses_is_told_with_its_line(#[case] schema: &str, #[case] problem: &str) {
        assert_eq!(
            told(schema),
            [format!("acme/tools/a.yaml:2: ACME_X: {problem}")]
        );
    }

    /// `count` schemas in one another, by `link`.
    fn nested(count: usize, link: impl Fn(String) -> String) -> String {
        (0..count).fold("{type: string}".to_owned(), |inner, _| link(inner))
    }

    #[test]
    fn ten_levels_are_published_and_eleven_are_not() {
        let list = |inner| format!("{{type: array, items: {inner}}}");
        let object = |inner| format!("{{type: object, properties: {{a: {inner}}}}}");
        let told_of = |levels: usize| {
            let lists = told(&format!(
                "type: array, schema: {{items: {}}}",
                nested(levels - 2, list)
            ));
            let inner = nested(levels - 2, object);
            let objects = told(&format!(
                "type: object, schema: {{properties: {{a: {inner}}}}}"
            ));
            [lists, objects]
        };
        assert_eq!(told_of(10), [Vec::<String>::new(), Vec::new()]);
        for told in told_of(11) {
            assert!(
                told[0].ends_with("more than 10 objects and lists in one another"),
                "{told:#?}"
            );
        }
    }

    #[rstest::rstest]
    #[case::bytes(format!("type: string, schema: {{title: {}}}", "x".repeat(24 * 1024)), "bytes, more than 24576")]
    #[case::choices(format!("type: string, schema: {{enum: [{}]}}", choices(1_001, 1)), "1001 values of enums, more than 1000")]
    #[case::a_long_enum(format!("type: string, schema: {{enum: [{}]}}", choices(251, 60)), "enum: has 15060 characters, more than 15000")]
    fn a_schema_that_is_too_large_is_told(#[case] schema: String, #[case] problem: &str) {
        let told = told(&schema);
        assert!(told.iter().any(|one| one.ends_with(problem)), "{told:#?}");
    }

    fn choices(count: usize, length: usize) -> String {
        let choices = (0..count).map(|n| format!("a{n:0>width$}", width = length - 1));
        choices.collect::<Vec<_>>().join(",")
    }

    #[test]
    fn names_and_descriptions_end_where_a_vendor_ends_them() {
        for (name, fits) in [
            ("a", true),
            ("_a1", true),
            ("1a", false),
            ("a-b", false),
            ("a.b", false),
            ("ä", false),
        ] {
            assert_eq!(is_parameter_name(name), fits, "{name}");
        }
        for (name, fits) in [
            ("a.b-c", true),
            ("1", true),
            ("$top", false),
            ("a b", false),
            ("", false),
        ] {
            assert_eq!(is_member_name(name), fits, "{name}");
        }
        assert!(is_member_name(&"a".repeat(64)) && !is_member_name(&"a".repeat(65)));
        let tool = |length| {
            format!(
                "tools:\n  - {{slug: ACME_X, name: X, description: {}, request: {{method: GET, path: /x}}}}\n",
                "d".repeat(length)
            )
        };
        assert_eq!(problems(TOOLKIT, &tool(1_024)), Vec::<String>::new());
        assert_eq!(
            problems(TOOLKIT, &tool(1_025)),
            ["acme/tools/a.yaml:2: ACME_X: description: has 1025 characters, more than 1024"]
        );
    }

    /// What a vendor would say, written down a second time and otherwise.
    fn refused(schema: &Value, depth: usize) -> bool {
        let kind = schema["type"].as_str().unwrap_or_default();
        let members: Vec<(&String, &Value)> = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .collect();
        let bad_member = |(name, member): &(&String, &Value)| {
            let pattern = regex::Regex::new("^[a-zA-Z0-9_.-]{1,64}$").unwrap();
            !pattern.is_match(name) || refused(member, depth + 1)
        };
        let bad_key = |key: &String| {
            ["$ref", "oneOf", "anyOf", "allOf", "const", "not"].contains(&key.as_str())
        };
        let bad_choice = |one: &Value| one.as_str().is_none_or(str::is_empty) || kind != "string";
        !TYPES.contains(&kind)
            || depth > 2 * DEEPEST
            || (kind == "array" && refused(&schema["items"], depth + 1))
            || schema.as_object().unwrap().keys().any(bad_key)
            || schema["enum"]
                .as_array()
                .is_some_and(|all| all.iter().any(bad_choice))
            || members.iter().any(bad_member)
    }

    fn any_schema() -> impl Strategy<Value = Value> {
        let kinds = prop::sample::select(vec![
            json!("string"),
            json!("integer"),
            json!("object"),
            json!("array"),
            json!("None"),
            json!(["string", "null"]),
            json!(null),
        ]);
        let names = prop::sample::select(vec!["a", "b.c", "$d", "e f", "file_uploadable"]);
        let words = prop::sample::select(vec![
            ("enum", json!(["x"])),
            ("enum", json!([1])),
            ("enum", json!([""])),
            ("anyOf", json!([])),
            ("$ref", json!("#")),
            ("minimum", json!(1)),
            ("nullable", json!(true)),
            ("const", json!(1)),
        ]);
        let leaf = (kinds.clone(), prop::collection::vec(words, 0..2)).prop_map(|(kind, words)| {
            let mut schema = json!({ "type": kind });
            for (word, value) in words {
                schema[word] = value;
            }
            schema
        });
        leaf.prop_recursive(6, 20, 3, move |inner| {
            (kinds.clone(), names.clone(), inner.clone(), inner).prop_map(|(kind, name, member, items)| {
                json!({ "type": kind, "properties": { name: member }, "items": items })
            })
        })
    }

    proptest! {
        #[test]
        fn what_passes_the_gate_no_vendor_refuses(schema in any_schema()) {
            let Value::Object(mut schema) = schema else { return Ok(()) };
            let kind = schema.remove("type").unwrap();
            let arg = json!({ "arg": "x", "description": "X.", "type": kind, "schema": schema });
            let tool = json!({
                "slug": "ACME_X", "name": "X", "description": "X.", "args": [arg],
                "request": { "method": "POST", "path": "/x" }
            });
            let Ok(tool) = serde_json::from_value::<ToolManifest>(tool) else { return Ok(()) };
            let toolkit: ToolkitManifest = serde_saphyr::from_str(TOOLKIT).unwrap();
            if crate::catalog::problems_of_tool(&tool, &toolkit).is_empty() {
                prop_assert!(!refused(&schema::input(&tool), 0), "{}", schema::input(&tool));
            }
        }
    }
}
