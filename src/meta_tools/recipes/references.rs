//! `{{params.x}}` and `{{steps.id.data.list[0].y}}` in a recipe's values: what they name, and the
//! values that come in their place.

use serde_json::{Map, Value};

/// What a reference begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Root {
    /// A parameter, by name.
    Parameter(String),
    /// What came of an earlier step, by the step's id.
    Step(String),
}

/// A reference, read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reference {
    root: Root,
    /// Names and places below it.
    rest: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Name(String),
    Place(usize),
}

/// What every reference in a value begins with.
///
/// # Errors
/// The first that cannot be read, in a sentence.
pub(super) fn roots(value: &Value) -> Result<Vec<Root>, String> {
    let mut roots = Vec::new();
    each_text(value, &mut |text| {
        for (_, inside, _) in pieces(text) {
            roots.extend(
                inside
                    .map(read)
                    .transpose()?
                    .map(|reference| reference.root),
            );
        }
        Ok(())
    })?;
    Ok(roots)
}

fn each_text(
    value: &Value,
    visit: &mut impl FnMut(&str) -> Result<(), String>,
) -> Result<(), String> {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().try_for_each(|item| each_text(item, visit)),
        Value::Object(members) => members.values().try_for_each(|item| each_text(item, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// The value with every reference replaced. A text that is one reference becomes the value itself.
///
/// # Errors
/// The first reference that names nothing, in a sentence.
pub(super) fn filled(
    value: &Value,
    params: &Map<String, Value>,
    steps: &Map<String, Value>,
) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => filled_text(text, params, steps)?,
        Value::Array(items) => items
            .iter()
            .map(|item| filled(item, params, steps))
            .collect::<Result<_, _>>()?,
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(_, item)| !is_left_out(item, params))
                .map(|(name, item)| Ok((name.clone(), filled(item, params, steps)?)))
                .collect::<Result<_, String>>()?,
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

/// Whether a member is one reference to a parameter that was not given: it is not given on.
fn is_left_out(item: &Value, params: &Map<String, Value>) -> bool {
    let pieces = item.as_str().map(pieces).unwrap_or_default();
    let Some((_, Some(inside), true)) = pieces.first() else {
        return false;
    };
    let parameter = read(inside).map(|reference| reference.root);
    matches!(parameter, Ok(Root::Parameter(name)) if !params.contains_key(&name))
}

fn filled_text(
    text: &str,
    params: &Map<String, Value>,
    steps: &Map<String, Value>,
) -> Result<Value, String> {
    let mut made = String::new();
    for (before, inside, is_all) in pieces(text) {
        made.push_str(before);
        let Some(inside) = inside else { continue };
        let value = looked_up(inside, params, steps)?;
        if is_all {
            return Ok(value);
        }
        match value {
            Value::String(text) => made.push_str(&text),
            other => made.push_str(&other.to_string()),
        }
    }
    Ok(Value::String(made))
}

fn looked_up(
    inside: &str,
    params: &Map<String, Value>,
    steps: &Map<String, Value>,
) -> Result<Value, String> {
    let Reference { root, rest } = read(inside)?;
    let found = match &root {
        Root::Parameter(name) => params.get(name),
        Root::Step(id) => steps.get(id),
    };
    let found = found.and_then(|found| {
        rest.iter().try_fold(found, |value, part| match part {
            Part::Name(name) => value.get(name),
            Part::Place(place) => value.get(place),
        })
    });
    found
        .cloned()
        .ok_or_else(|| format!("`{{{{{inside}}}}}` names nothing"))
}

/// The text's pieces: what stands before a reference, its inside, and whether it is all there is.
fn pieces(text: &str) -> Vec<(&str, Option<&str>, bool)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inside, behind)) = after.split_once("}}") else {
            break;
        };
        let is_all = pieces.is_empty() && before.is_empty() && behind.is_empty();
        pieces.push((before, Some(inside.trim()), is_all));
        rest = behind;
    }
    pieces.push((rest, None, false));
    pieces
}

fn read(inside: &str) -> Result<Reference, String> {
    let unread = || {
        format!(
            "`{{{{{inside}}}}}` is no reference; write `{{{{params.name}}}}` or \
             `{{{{steps.id.data.list[0].name}}}}`"
        )
    };
    let mut parts = Vec::new();
    for dotted in inside.split('.') {
        let (name, places) = dotted
            .split_once('[')
            .map_or((dotted, ""), |(name, _)| (name, &dotted[name.len()..]));
        if name.is_empty() || name.contains(['{', '}', ']', ' ']) {
            return Err(unread());
        }
        parts.push(Part::Name(name.to_owned()));
        for place in places.split_inclusive(']') {
            let digits = place
                .strip_prefix('[')
                .and_then(|place| place.strip_suffix(']'));
            let place = digits.and_then(|digits| digits.parse().ok());
            parts.push(Part::Place(place.ok_or_else(unread)?));
        }
    }
    let mut parts = parts.into_iter();
    let root = match (parts.next(), parts.next()) {
        (Some(Part::Name(kind)), Some(Part::Name(name))) => match kind.as_str() {
            "params" => Root::Parameter(name),
            "steps" => Root::Step(name),
            _ => return Err(unread()),
        },
        _ => return Err(unread()),
    };
    Ok(Reference {
        root,
        rest: parts.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fill(value: &Value) -> Result<Value, String> {
        let map = |value: Value| value.as_object().unwrap().clone();
        let params = map(json!({ "owner": "ada", "labels": ["a", "b"], "n": 3 }));
        let steps = map(json!({ "find": { "data": { "items": [{ "id": 7 }] } } }));
        filled(value, &params, &steps)
    }

    #[test]
    fn a_text_that_is_one_reference_becomes_the_value_and_others_hold_it() {
        let given = json!({
            "id": "{{ steps.find.data.items[0].id }}",
            "labels": "{{params.labels}}",
            "text": "to {{params.owner}}: {{params.n}} of {{params.labels}}",
            "plain": "{ not one }}",
            "optional": "{{params.absent}}",
            "deep": [{ "x": "{{params.n}}" }],
        });
        let made = fill(&given).unwrap();
        assert_eq!(
            made,
            json!({
                "id": 7, "labels": ["a", "b"], "text": "to ada: 3 of [\"a\",\"b\"]",
                "plain": "{ not one }}", "deep": [{ "x": 3 }],
            })
        );
    }

    #[test]
    fn a_reference_that_names_nothing_is_told() {
        let problem = fill(&json!("{{steps.find.data.items[1].id}}")).unwrap_err();
        assert_eq!(problem, "`{{steps.find.data.items[1].id}}` names nothing");
    }

    #[test]
    fn roots_are_what_references_begin_with_and_nonsense_is_refused() {
        let value = json!({ "a": "{{params.x}} {{steps.s.data}}" });
        let expected = [Root::Parameter("x".into()), Root::Step("s".into())];
        assert_eq!(roots(&value).unwrap(), expected);
        for nonsense in [
            "{{}}",
            "{{params}}",
            "{{other.x}}",
            "{{steps.a[x]}}",
            "{{params..x}}",
        ] {
            assert!(roots(&json!(nonsense)).is_err(), "{nonsense}");
        }
    }
}
