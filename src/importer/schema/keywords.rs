//! The keywords of one schema, those of them that models are told, with values that make sense.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use super::combine::{besides, together};
use super::prose::cut;
use super::shape::{Kind, Shape};
use crate::catalog::json_size;
use crate::importer::document::Dialect;
use crate::importer::report::{Loss, Report};

/// Longer lists of values cost more than they help.
const LONGEST_ENUM: usize = 3_000;
pub(super) const LONGEST_PATTERN: usize = 300;
const MOST_EXAMPLES: usize = 3;
/// Those that are looked at for some that fit.
const MOST_TRIED: usize = 20;
/// Of one schema; no tool has room for more.
pub(super) const MOST_MEMBERS: usize = 1_000;
/// Values in it, itself included.
const LARGEST_DEFAULT: usize = 100;
/// More than is published of any; in bytes.
const LONGEST_DESCRIPTION: usize = 5_000;
const LONGEST_EXAMPLE: usize = 200;
const LONGEST_SAID: usize = 200;
/// They are published, or mean nothing to a model.
const SILENT_FORMATS: [&str; 3] = ["date-time", "binary", "password"];

/// What a schema says itself, without its references and parts.
pub(super) fn own<'d>(
    schema: &'d Map<String, Value>,
    dialect: Dialect,
    at: &str,
    report: &mut Report,
) -> Shape<'d> {
    let mut shape = Shape {
        nullable: is_true(schema, "nullable") || is_true(schema, "x-nullable"),
        is_read_only: is_true(schema, "readOnly"),
        is_file: is_file(schema),
        ..Shape::default()
    };
    let kinds = read_kinds(schema, &mut shape);
    shape.kind = together(&kinds);
    if let Some(Value::String(text)) = schema.get("description") {
        let text = &text[..text.floor_char_boundary(LONGEST_DESCRIPTION)];
        let text = format!("{text}{}", meanings(schema).unwrap_or_default());
        shape.words.insert("description".into(), text.into());
    }
    if kinds.len() > 1 {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        report.lose(Loss::Union, at, names.join(" or "));
    }
    if let Some(kind) = shape.kind {
        shape.also = besides(&kinds, kind);
    }
    if let Some(Value::Object(properties)) = schema.get("properties") {
        if properties.len() > MOST_MEMBERS {
            report.lose(Loss::TooLarge, at, format!("{} members", properties.len()));
            shape.is_open = true;
        }
        let properties = properties.iter().take(MOST_MEMBERS);
        shape.properties = properties
            .map(|(name, value)| (name.as_str(), vec![value]))
            .collect();
    }
    if let Some(Value::Array(required)) = schema.get("required") {
        let required = required.iter().take(MOST_MEMBERS);
        shape.required = required.filter_map(Value::as_str).collect();
    }
    // What nobody may give nobody can demand.
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        let known = |name: &&str| shape.properties.iter().any(|(one, _)| one == name);
        shape.required.retain(known);
    }
    match schema.get("items") {
        Some(Value::Array(each)) => shape.items = each.iter().take(MOST_MEMBERS).collect(),
        Some(items) => shape.items = vec![items],
        None => {}
    }
    match schema.get("additionalProperties") {
        Some(others @ Value::Object(inner)) if !inner.is_empty() => shape.others = vec![others],
        Some(Value::Object(_) | Value::Bool(true)) => shape.is_open = true,
        _ => {}
    }
    choices(schema, &mut shape, at, report);
    limits(schema, &mut shape, at, report);
    let default = schema.get("default").filter(|default| !default.is_null());
    let mut left = LARGEST_DEFAULT;
    if let Some(default) = default.filter(|default| is_small(default, &mut left)) {
        shape.words.insert("default".into(), default.clone());
    }
    let examples = examples(schema);
    if !examples.is_empty() {
        shape
            .words
            .insert("examples".into(), Value::Array(examples));
    }
    if dialect == Dialect::Discovery && is_true(schema, "repeated") {
        return repeated(shape);
    }
    shape
}

fn is_true(schema: &Map<String, Value>, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

/// Swagger's type, OpenAPI 3.0's format, and JSON Schema's words that 3.1 took up.
fn is_file(schema: &Map<String, Value>) -> bool {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    text("type") == Some("file")
        || text("format") == Some("binary")
        || (text("contentMediaType").is_some() && text("contentEncoding").is_none())
}

fn read_kinds(schema: &Map<String, Value>, shape: &mut Shape<'_>) -> BTreeSet<Kind> {
    let names: Vec<&str> = match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().take(20).filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut kinds = BTreeSet::new();
    for name in names {
        let kind = match name.to_ascii_lowercase().as_str() {
            "boolean" | "bool" => Kind::Boolean,
            "integer" | "int" | "long" | "int32" | "int64" => Kind::Integer,
            "number" | "float" | "double" | "decimal" => Kind::Number,
            "string" | "file" | "date" | "datetime" | "date-time" | "uuid" => Kind::String,
            "array" | "list" => Kind::Array,
            "object" | "map" => Kind::Object,
            "null" => {
                shape.nullable = true;
                continue;
            }
            // `any`, and what is no type.
            _ => continue,
        };
        kinds.insert(kind);
    }
    kinds
}

/// What each choice means, where that stands beside them (Discovery).
fn meanings(schema: &Map<String, Value>) -> Option<String> {
    let values = schema.get("enum")?.as_array()?;
    let texts = schema.get("enumDescriptions")?.as_array()?;
    let mut told = String::new();
    for (value, text) in values.iter().zip(texts) {
        let (value, text) = (value.as_str()?, text.as_str()?.trim());
        if told.len() + value.len() + text.len() > LONGEST_MEANINGS {
            break;
        }
        if !text.is_empty() {
            told.extend([" ", value, ": ", text.trim_end_matches('.'), "."]);
        }
    }
    Some(told)
}

/// Discovery writes a list of scalars as a scalar that is repeated.
fn repeated(mut item: Shape<'_>) -> Shape<'_> {
    let mut list = Shape {
        kind: Some(Kind::Array),
        ..Shape::default()
    };
    if let Some(description) = item.words.remove("description") {
        list.words.insert("description".into(), description);
    }
    item.words.remove("default");
    list.words
        .insert(ITEM.into(), Value::Object(scalar_schema(&item)));
    list
}

/// Of what choices mean, in bytes.
const LONGEST_MEANINGS: usize = 500;
/// Where a made-up item stands until the schema is written: it is in no document.
pub(super) const ITEM: &str = "items";

/// A scalar's schema from its shape.
pub(super) fn scalar_schema(shape: &Shape<'_>) -> Map<String, Value> {
    let kind = shape.kind.unwrap_or(Kind::String);
    let mut schema = Map::new();
    schema.insert("type".into(), kind.name().into());
    let said = said(&shape.words, kind);
    if !said.is_empty() {
        schema.insert("description".into(), said.into());
    }
    schema.extend(fitting(&shape.words, kind));
    schema
}

fn choices(schema: &Map<String, Value>, shape: &mut Shape<'_>, at: &str, report: &mut Report) {
    let values = match (schema.get("enum"), schema.get("const")) {
        (Some(Value::Array(values)), _) => values.as_slice(),
        (_, Some(value)) => std::slice::from_ref(value),
        _ => return,
    };
    let mut kept: Vec<Value> = Vec::new();
    let mut bytes = 0;
    for value in values {
        match value {
            Value::Null => shape.nullable = true,
            Value::Array(_) | Value::Object(_) => {}
            value => {
                if value == "" {
                    report.lose(Loss::EmptyChoice, at, "");
                }
                bytes += json_size(value) + 1;
                if bytes > LONGEST_ENUM {
                    break;
                }
                if !kept.contains(value) {
                    kept.push(value.clone());
                }
            }
        }
    }
    if bytes > LONGEST_ENUM {
        report.lose(Loss::LongEnum, at, format!("{} values", values.len()));
        kept.truncate(MOST_EXAMPLES);
        shape.words.insert("examples".into(), Value::Array(kept));
    } else if !kept.is_empty() {
        shape.words.insert("enum".into(), Value::Array(kept));
    }
}

fn limits(schema: &Map<String, Value>, shape: &mut Shape<'_>, at: &str, report: &mut Report) {
    for key in [
        "minimum",
        "maximum",
        "multipleOf",
        "exclusiveMinimum",
        "exclusiveMaximum",
    ] {
        if let Some(number) = schema.get(key).and_then(number) {
            shape.words.insert(key.into(), Value::Number(number));
        }
    }
    // In OpenAPI 3.0 these are flags of the limits.
    for (flag, limit) in [
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ] {
        if is_true(schema, flag)
            && let Some(value) = shape.words.remove(limit)
        {
            shape.words.insert(flag.into(), value);
        }
    }
    if shape
        .words
        .get("multipleOf")
        .and_then(Value::as_f64)
        .is_some_and(|step| step <= 0.0)
    {
        shape.words.remove("multipleOf");
        report.lose(Loss::BrokenKeyword, at, "multipleOf");
    }
    for key in ["minLength", "maxLength", "minItems", "maxItems"] {
        match schema.get(key) {
            Some(value) if value.is_u64() => {
                shape.words.insert(key.into(), value.clone());
            }
            Some(value) if !value.is_null() => report.lose(Loss::BrokenKeyword, at, key),
            _ => {}
        }
    }
    if is_true(schema, "uniqueItems") {
        shape.words.insert("uniqueItems".into(), true.into());
    }
    if let Some(Value::String(format)) = schema.get("format")
        && (1..=40).contains(&format.len())
    {
        shape.words.insert("format".into(), format.clone().into());
    }
}

/// Those of the plain kind, which take no time that grows faster than the text, and which every
/// server that loads the tool compiles in no time.
pub(super) fn is_pattern(pattern: &str) -> bool {
    regex::RegexBuilder::new(pattern)
        .size_limit(16_000)
        .build()
        .is_ok()
        && jsonschema::validator_for(&serde_json::json!({ "pattern": pattern })).is_ok()
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        // Discovery writes numbers as text.
        Value::String(text) => text.parse::<i64>().ok().map(Number::from),
        _ => None,
    }
}

fn examples(schema: &Map<String, Value>) -> Vec<Value> {
    let mut found: Vec<&Value> = Vec::new();
    match schema.get("examples") {
        Some(Value::Array(many)) => found.extend(many.iter().take(MOST_TRIED)),
        Some(Value::Object(named)) => {
            let named = named.values().take(MOST_TRIED);
            found.extend(named.filter_map(|one| one.get("value")));
        }
        _ => {}
    }
    found.extend(schema.get("example"));
    let mut kept: Vec<Value> = Vec::new();
    for value in found {
        let fits = match value {
            Value::String(text) => !text.is_empty() && text.len() <= LONGEST_EXAMPLE,
            Value::Bool(_) | Value::Number(_) => true,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        if fits && kept.len() < MOST_EXAMPLES && !kept.contains(value) {
            kept.push(value.clone());
        }
    }
    kept
}

/// Whether a value has at most `left` values in it.
fn is_small(value: &Value, left: &mut usize) -> bool {
    if *left == 0 {
        return false;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter().all(|item| is_small(item, left)),
        Value::Object(members) => members.values().all(|member| is_small(member, left)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// What a schema without a type must mean by its other words.
pub(super) fn infer_kind(shape: &mut Shape<'_>) {
    if shape.kind.is_some() {
        return;
    }
    let values = ["enum", "default", "examples"].iter().find_map(|word| {
        let value = shape.words.get(*word)?;
        Some(
            value
                .as_array()
                .map_or_else(|| vec![value], |values| values.iter().collect()),
        )
    });
    let says = |word: &str| shape.words.contains_key(word);
    shape.kind = if !shape.properties.is_empty() || !shape.others.is_empty() || shape.is_open {
        Some(Kind::Object)
    } else if !shape.items.is_empty() {
        Some(Kind::Array)
    } else if let Some(values) = values {
        let kinds = values.into_iter().filter_map(kind_of).collect();
        let chosen = together(&kinds);
        if let Some(chosen) = chosen {
            shape.also = besides(&kinds, chosen);
        }
        chosen
    } else if ["minLength", "maxLength", "pattern"]
        .iter()
        .any(|word| says(word))
    {
        Some(Kind::String)
    } else if ["minimum", "maximum", "multipleOf"]
        .iter()
        .any(|word| says(word))
    {
        Some(Kind::Number)
    } else {
        None
    };
}

fn kind_of(value: &Value) -> Option<Kind> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => Kind::Boolean,
        Value::Number(number) if number.is_f64() => Kind::Number,
        Value::Number(_) => Kind::Integer,
        Value::String(_) => Kind::String,
        Value::Array(_) => Kind::Array,
        Value::Object(_) => Kind::Object,
    })
}

/// The words that go with a kind and that every model's vendor takes, their values made to fit it;
/// what [`said`] tells of the others.
pub(super) fn fitting(words: &Map<String, Value>, kind: Kind) -> Map<String, Value> {
    let mut kept = Map::new();
    for (word, value) in words {
        let value = match (word.as_str(), kind) {
            ("default", _) => as_kind(value, kind),
            ("enum", Kind::String) => all_of_kind(value, kind),
            ("examples", kind) if kind.is_scalar() => all_of_kind(value, kind),
            ("format", Kind::String) => (value == "date-time").then(|| value.clone()),
            ("minLength" | "maxLength" | "pattern", Kind::String)
            | ("minItems" | "maxItems" | ITEM, Kind::Array)
            | ("minimum" | "maximum", Kind::Integer | Kind::Number) => Some(value.clone()),
            _ => None,
        };
        if let Some(value) = value {
            kept.insert(word.clone(), value);
        }
    }
    kept
}

fn all_of_kind(values: &Value, kind: Kind) -> Option<Value> {
    let values = values.as_array().into_iter().flatten();
    let values = values.filter(|value| *value != "");
    let values: Vec<Value> = values.filter_map(|value| as_kind(value, kind)).collect();
    (!values.is_empty()).then_some(Value::Array(values))
}

/// What a description has to say because some vendor refuses the keyword for it: sentences, or
/// nothing.
pub(super) fn said(words: &Map<String, Value>, kind: Kind) -> String {
    let mut sentences = Vec::new();
    for (word, value) in words {
        let sentence = match (word.as_str(), kind) {
            ("enum", Kind::Integer | Kind::Number | Kind::Boolean) => {
                let values = all_of_kind(value, kind);
                let values = values.iter().filter_map(Value::as_array).flatten();
                let values: Vec<String> = values.map(Value::to_string).collect();
                match values.as_slice() {
                    [] => continue,
                    [only] => format!("Always {only}."),
                    several => format!("One of {}.", several.join(", ")),
                }
            }
            ("format", Kind::String) if !SILENT_FORMATS.iter().any(|silent| value == silent) => {
                format!("Format: {}.", value.as_str().unwrap_or_default())
            }
            ("exclusiveMinimum", Kind::Integer | Kind::Number) => format!("More than {value}."),
            ("exclusiveMaximum", Kind::Integer | Kind::Number) => format!("Less than {value}."),
            ("multipleOf", Kind::Integer | Kind::Number) => format!("A multiple of {value}."),
            ("uniqueItems", Kind::Array) => "No item twice.".to_owned(),
            _ => continue,
        };
        sentences.push(sentence);
    }
    cut(&sentences.join(" "), LONGEST_SAID)
}

fn as_kind(value: &Value, kind: Kind) -> Option<Value> {
    match (kind, value) {
        (Kind::Boolean, Value::Bool(_))
        | (Kind::String, Value::String(_))
        | (Kind::Number, Value::Number(_))
        | (Kind::Array, Value::Array(_))
        | (Kind::Object, Value::Object(_)) => Some(value.clone()),
        (Kind::Integer, Value::Number(number)) => {
            (number.is_i64() || number.is_u64()).then(|| value.clone())
        }
        (Kind::String, Value::Number(_) | Value::Bool(_)) => Some(value.to_string().into()),
        (Kind::Boolean, Value::String(text)) => text.parse::<bool>().ok().map(Value::Bool),
        (Kind::Integer | Kind::Number, Value::String(text)) => {
            text.parse::<i64>().ok().map(Value::from)
        }
        _ => None,
    }
}
