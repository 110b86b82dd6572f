//! The answer to an introspection query (GraphQL specification, section 4).

use serde_json::Value;

use super::{DEEPEST_TYPE, Field, Input, Kind, Schema, Type, TypeRef};

pub(super) fn schema(root: &Value) -> Schema {
    let name_of = |key: &str| Some(root.get(key)?.get("name")?.as_str()?.to_owned());
    let types = list(root, "types").filter_map(|value| Some((text(value, "name")?, one(value))));
    Schema {
        query: name_of("queryType"),
        mutation: name_of("mutationType"),
        types: types.collect(),
    }
}

fn one(value: &Value) -> Type {
    let kind = match value.get("kind").and_then(Value::as_str) {
        Some("OBJECT") => Kind::Object,
        Some("INTERFACE") => Kind::Interface,
        Some("UNION") => Kind::Union,
        Some("ENUM") => Kind::Enum,
        Some("INPUT_OBJECT") => Kind::Input,
        _ => Kind::Scalar,
    };
    let fields = list(value, "fields").filter_map(|field| {
        Some(Field {
            name: text(field, "name")?,
            description: text(field, "description").unwrap_or_default(),
            arguments: list(field, "args").filter_map(input).collect(),
            of: reference(field.get("type")?, 0)?,
            is_deprecated: field.get("isDeprecated") == Some(&Value::Bool(true)),
        })
    });
    Type {
        kind,
        description: text(value, "description").unwrap_or_default(),
        fields: fields.collect(),
        inputs: list(value, "inputFields").filter_map(input).collect(),
        values: names(value, "enumValues"),
        possible: names(value, "possibleTypes"),
        is_one_of: value.get("isOneOf") == Some(&Value::Bool(true)),
        ..Type::default()
    }
}

fn input(value: &Value) -> Option<Input> {
    Some(Input {
        name: text(value, "name")?,
        description: text(value, "description").unwrap_or_default(),
        of: reference(value.get("type")?, 0)?,
        has_default: value.get("defaultValue").is_some_and(Value::is_string),
        is_deprecated: value.get("isDeprecated") == Some(&Value::Bool(true)),
    })
}

fn reference(value: &Value, depth: usize) -> Option<TypeRef> {
    if depth > DEEPEST_TYPE {
        return None;
    }
    let inner = || reference(value.get("ofType")?, depth + 1).map(Box::new);
    match value.get("kind")?.as_str()? {
        "NON_NULL" => inner().map(TypeRef::NonNull),
        "LIST" => inner().map(TypeRef::List),
        _ => text(value, "name").map(TypeRef::Named),
    }
}

fn list<'d>(value: &'d Value, key: &str) -> impl Iterator<Item = &'d Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn names(value: &Value, key: &str) -> Vec<String> {
    list(value, key)
        .filter_map(|one| text(one, "name"))
        .collect()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}
