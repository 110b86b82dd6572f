//! What a field takes, as the schema of its tool's arguments, and how these become its variables.

use serde_json::{Map, Value, json};

use super::{Field, Input, Kind, Schema, TypeRef};

/// Things on a page, where neither the caller nor the schema says how many: several services
/// refuse to answer a page of no size.
const A_PAGE: u32 = 20;
/// Of members, each of which needs no other.
pub(super) const ONLY_ONE: &str = "Give only one.";
/// What everybody knows.
const BUILT_IN: [&str; 5] = ["String", "ID", "Int", "Float", "Boolean"];

/// The arguments, and the expression that makes the variables of them, where they are not they:
/// members of an input object called `input` stand beside the other arguments.
pub(super) fn body(schema: &Schema, field: &Field) -> (Value, Option<String>) {
    let Some((input, inner)) = opened(schema, field) else {
        let mut body = object(schema, field.wanted());
        let size = page_size(schema, field);
        if size.is_some() {
            body["properties"]["first"]["default"] = A_PAGE.into();
        }
        return (body, size);
    };
    let others = || field.wanted().filter(|other| other.name != input.name);
    let all = object(schema, others().chain(inner));
    let names: Vec<String> = others().map(|other| format!(".{}", other.name)).collect();
    let rest = if names.is_empty() {
        ".args".to_owned()
    } else {
        format!("(.args | del({}))", names.join(", "))
    };
    if input.is_required() && others().all(Input::is_required) {
        let own = others().map(|other| format!("{0}: .args.{0}, ", other.name));
        let own: String = own.collect();
        return (all, Some(format!("{{{own}input: {rest}}}")));
    }
    let input = if input.is_required() {
        format!("{{input: {rest}}}")
    } else {
        format!("({rest} | if . == {{}} then {{}} else {{input: .}} end)")
    };
    // What was not given is not there: null would stand above the service's own default.
    let own = others().map(|other| format!(".key == \"{}\"", other.name));
    let own: Vec<String> = own.collect();
    let variables = if own.is_empty() {
        input
    } else {
        let own = own.join(" or ");
        format!("(.args | with_entries(select({own}))) + {input}")
    };
    (all, Some(variables))
}

/// The argument called `input`, and the members of its object, if no other argument is called
/// as one of them.
fn opened<'s>(
    schema: &'s Schema,
    field: &'s Field,
) -> Option<(&'s Input, impl Iterator<Item = &'s Input>)> {
    let input = field.wanted().find(|input| input.name == "input")?;
    let of = schema.types.get(input.of.name())?;
    let is_one = of.kind == Kind::Input && !input.of.is_list();
    let members = || of.inputs.iter().filter(|input| input.is_wanted());
    let mut others = field.wanted().filter(|other| other.name != input.name);
    let clash = others.any(|other| members().any(|member| member.name == other.name));
    let is_open = is_one && !of.is_one_of && members().next().is_some() && !clash;
    is_open.then(|| (input, members()))
}

/// The expression that adds how many things a page has, if it has to be said at all.
fn page_size(schema: &Schema, field: &Field) -> Option<String> {
    let takes = |name: &str| field.wanted().find(|input| input.name == name);
    let first = takes("first")?;
    let of = schema.types.get(field.of.name())?;
    let is_open = matches!(&first.of, TypeRef::Named(of) if of == "Int") && !first.has_default;
    if !is_open || !of.is_page || takes("after").is_none() {
        return None;
    }
    Some(if takes("last").is_some() {
        format!("(if .args.last then {{}} else {{first: {A_PAGE}}} end) + .args")
    } else {
        format!("{{first: {A_PAGE}}} + .args")
    })
}

pub(super) fn object<'i>(schema: &Schema, inputs: impl IntoIterator<Item = &'i Input>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for input in inputs {
        let mut property = of_type(schema, &input.of);
        let about = if input.description.is_empty() {
            schema.about_scalar(&input.of)
        } else {
            Some(input.description.as_str())
        };
        if let Some(about) = about {
            let is_one_of = schema
                .types
                .get(input.of.name())
                .is_some_and(|of| of.is_one_of);
            property["description"] = if is_one_of && !input.of.is_list() {
                format!("{about} {ONLY_ONE}").into()
            } else {
                about.into()
            };
        }
        if input.is_required() {
            required.push(input.name.clone());
        }
        properties.insert(input.name.clone(), property);
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

impl Schema {
    /// What the schema says of a scalar of its own.
    fn about_scalar(&self, of: &TypeRef) -> Option<&str> {
        let name = of.name();
        let of = self.types.get(name)?;
        let is_own = of.kind == Kind::Scalar && !BUILT_IN.contains(&name);
        let about = is_own.then_some(of.description.as_str());
        about.filter(|about| !about.is_empty())
    }
}

fn of_type(schema: &Schema, of: &TypeRef) -> Value {
    match of {
        TypeRef::NonNull(inner) => of_type(schema, inner),
        TypeRef::List(inner) => json!({ "type": "array", "items": of_type(schema, inner) }),
        TypeRef::Named(name) => match name.as_str() {
            "String" | "ID" => json!({ "type": "string" }),
            "Int" => json!({ "type": "integer" }),
            "Float" => json!({ "type": "number" }),
            "Boolean" => json!({ "type": "boolean" }),
            // Scalars of the vendor's own are objects where they say so.
            "JSON" | "JSONObject" => json!({ "type": "object", "additionalProperties": true }),
            _ => match schema.types.get(name).map(|of| of.kind) {
                Some(Kind::Input | Kind::Enum) => {
                    json!({ "$ref": format!("#/components/schemas/{name}") })
                }
                _ => scalar(name),
            },
        },
    }
}

/// A scalar of the vendor's own, with an example where its name says how it is written.
fn scalar(name: &str) -> Value {
    let example = if name.starts_with("DateTime") {
        "2026-01-31T09:00:00Z"
    } else if name.starts_with("TimelessDate") || name.ends_with("Date") {
        "2026-01-31"
    } else if name == "UUID" {
        "9cfb482a-81e3-4154-b5b9-2c805e70a02d"
    } else {
        return json!({ "type": "string", "format": name });
    };
    json!({ "type": "string", "format": name, "examples": [example] })
}
