//! What `allOf`, `oneOf` and `anyOf` come to when a schema may have one type only.

use std::collections::BTreeSet;

use serde_json::Value;

use super::keywords::MOST_MEMBERS;
use super::prose::cut;
use super::shape::{Also, Kind, MOST_PARTS, Shape};
use crate::importer::report::{Loss, Report};

const MOST_REFERENCES: usize = 100;
/// Of all alternatives together.
const MOST_CHOICES: usize = 1_000;
/// Texts or members of alternatives that a model is told.
const MOST_TOLD: usize = 5;
const LONGEST_TOLD: usize = 100;

/// Both hold (`allOf`): the members of both, the narrower words.
pub(super) fn both<'d>(shape: &mut Shape<'d>, other: Shape<'d>) {
    let Shape {
        kind,
        also,
        nullable,
        words,
        properties,
        required,
        demands,
        items,
        others,
        is_open,
        references,
        is_read_only,
        is_file,
    } = other;
    if shape.kind.is_none() {
        shape.kind = kind;
        shape.also = also;
    }
    shape.nullable |= nullable;
    shape.is_read_only |= is_read_only;
    shape.is_file |= is_file;
    for (word, value) in words {
        shape.words.entry(word).or_insert(value);
    }
    for (name, source) in properties {
        let is_full = shape.properties.len() >= MOST_MEMBERS;
        match shape
            .properties
            .iter_mut()
            .find(|(known, _)| *known == name)
        {
            Some((_, known)) => *known = source,
            None if is_full => shape.is_open = true,
            None => shape.properties.push((name, source)),
        }
    }
    for name in required {
        if shape.required.len() < MOST_MEMBERS && !shape.required.contains(&name) {
            shape.required.push(name);
        }
    }
    if shape.demands.is_empty() {
        shape.demands = demands;
    }
    if shape.items.is_empty() {
        shape.items = items;
    }
    if shape.others.is_empty() {
        shape.others = others;
    }
    shape.is_open |= is_open;
    add_references(shape, references);
}

/// They are there to notice a circle early; depth ends it in any case.
fn add_references<'d>(shape: &mut Shape<'d>, references: Vec<&'d str>) {
    for reference in references {
        if shape.references.len() < MOST_REFERENCES && !shape.references.contains(&reference) {
            shape.references.push(reference);
        }
    }
}

/// One of them holds (`oneOf`, `anyOf`).
pub(super) fn any<'d>(shapes: Vec<Shape<'d>>, at: &str, report: &mut Report) -> Shape<'d> {
    let nullable = shapes.iter().any(|shape| shape.nullable);
    let only_demands = shapes
        .iter()
        .all(|shape| shape.kind.is_none() && shape.is_silent());
    if only_demands && shapes.iter().any(|shape| !shape.required.is_empty()) {
        return Shape {
            demands: demands(&shapes),
            ..Shape::default()
        };
    }
    let mut shapes: Vec<Shape<'d>> = shapes
        .into_iter()
        .filter(|shape| !shape.is_null())
        .collect();
    let kinds_of = |shapes: &[Shape<'d>]| -> BTreeSet<Kind> {
        let also = shapes.iter().flat_map(|shape| shape.also.keys().copied());
        let kinds = shapes.iter().filter_map(|shape| shape.kind);
        kinds.chain(also).collect()
    };
    let mut kinds = kinds_of(&shapes);
    // An empty text beside another type stands for nothing at all.
    let is_unset_by_text = kinds.len() > 1 && shapes.iter().any(is_empty_text);
    if is_unset_by_text {
        shapes.retain(|shape| !is_empty_text(shape));
        kinds = kinds_of(&shapes);
    }
    let mut chosen = match shapes.len() {
        0 => Shape::default(),
        1 => shapes.remove(0),
        _ => match best(&shapes) {
            None => Shape::default(),
            Some(kind) => {
                if kinds.len() > 1 {
                    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                    report.lose(Loss::Union, at, names.join(" or "));
                }
                let also = also(&shapes, &kinds, kind);
                let words = choices_of_text(&shapes);
                let is_fitting = |shape: &Shape<'_>| match shape.kind {
                    Some(own) if own == kind => true,
                    own => kind.is_scalar() && own.is_none_or(Kind::is_scalar),
                };
                let mut united = unite(shapes.into_iter().filter(is_fitting).collect(), kind);
                if !also.is_empty()
                    && kind == Kind::String
                    && !united.words.contains_key("enum")
                    && !words.is_empty()
                {
                    united.words.insert("examples".into(), Value::Array(words));
                }
                united.also = also;
                united
            }
        },
    };
    if is_unset_by_text && chosen.kind != Some(Kind::String) {
        chosen.also.entry(Kind::String).or_insert(None);
    }
    chosen.nullable |= nullable;
    chosen
}

fn is_empty_text(shape: &Shape<'_>) -> bool {
    shape.kind == Some(Kind::String) && shape.only_value() == Some("")
}

/// The texts that alternatives allow beside other types, if all of them are listed.
fn choices_of_text(shapes: &[Shape<'_>]) -> Vec<Value> {
    let texts = shapes
        .iter()
        .filter(|shape| shape.kind == Some(Kind::String));
    let lists = texts.map(|shape| shape.words.get("enum")?.as_array().cloned());
    let lists: Option<Vec<Vec<Value>>> = lists.collect();
    let texts = lists.unwrap_or_default().into_iter().flatten();
    texts.filter(|text| *text != "").take(MOST_TOLD).collect()
}

/// The type to publish of several.
fn best(shapes: &[Shape<'_>]) -> Option<Kind> {
    let kinds: BTreeSet<Kind> = shapes.iter().filter_map(|shape| shape.kind).collect();
    // Where the vendor names text first and says what it is, an object spells the same out.
    let is_text = |shape: &&Shape<'_>| shape.kind == Some(Kind::String) && is_said(shape);
    match shapes.first().filter(is_text) {
        Some(_) if kinds.contains(&Kind::Object) => Some(Kind::String),
        _ => together(&kinds),
    }
}

/// Whether it is known which texts they are: choices, ids or addresses.
fn is_said(text: &Shape<'_>) -> bool {
    let choices = text.words.get("enum").and_then(Value::as_array);
    let format = text.words.get("format").and_then(Value::as_str);
    choices.is_some_and(|choices| choices.len() > 1)
        || format.is_some_and(|format| !text.is_file && !format.starts_with("date"))
}

/// What is taken besides `chosen`, and what a model is told of it.
fn also(shapes: &[Shape<'_>], kinds: &BTreeSet<Kind>, chosen: Kind) -> Also {
    let texts = choices_of_text(shapes);
    let mut also = besides(kinds, chosen);
    for (kind, told) in &mut also {
        let mut names: Vec<&str> = Vec::new();
        match kind {
            Kind::String => names.extend(texts.iter().filter_map(Value::as_str)),
            Kind::Object => {
                let members = shapes.iter().flat_map(|shape| &shape.properties);
                for (name, _) in members {
                    if names.len() < MOST_TOLD && !names.contains(name) {
                        names.push(name);
                    }
                }
            }
            Kind::Boolean | Kind::Integer | Kind::Number | Kind::Array => {}
        }
        if let Some(told) = told.as_mut().filter(|_| !names.is_empty()) {
            *told = cut(&format!("{told}: {}", names.join(", ")), LONGEST_TOLD);
        }
    }
    also
}

/// The types besides the one that is published.
pub(super) fn besides(kinds: &BTreeSet<Kind>, chosen: Kind) -> Also {
    let is_within = |kind: Kind| kind == Kind::Integer && chosen == Kind::Number;
    let others = kinds
        .iter()
        .filter(|kind| **kind != chosen && !is_within(**kind));
    others
        .map(|kind| (*kind, Some(kind.name().to_owned())))
        .collect()
}

/// The type that takes the most of several.
pub(super) fn together(kinds: &BTreeSet<Kind>) -> Option<Kind> {
    if kinds.len() < 2 {
        return kinds.first().copied();
    }
    if kinds.contains(&Kind::Object) {
        return Some(Kind::Object);
    }
    if kinds.contains(&Kind::Array) {
        return Some(Kind::Array);
    }
    if kinds.contains(&Kind::String) || kinds.contains(&Kind::Boolean) {
        return Some(Kind::String);
    }
    Some(Kind::Number)
}

/// What alternatives demand, each in its own way; nothing where one of them demands nothing.
fn demands<'d>(shapes: &[Shape<'d>]) -> Vec<Vec<&'d str>> {
    let mut groups: Vec<Vec<&'d str>> = Vec::new();
    // Each is looked for in all others.
    if shapes
        .iter()
        .map(|shape| shape.required.len())
        .sum::<usize>()
        > MOST_MEMBERS
    {
        return groups;
    }
    for shape in shapes {
        let by_all = |name: &&str| shapes.iter().all(|other| other.required.contains(name));
        let own = shape.required.iter().copied().filter(|name| !by_all(name));
        let own: Vec<&'d str> = own.collect();
        if own.is_empty() {
            return Vec::new();
        }
        if !groups.contains(&own) {
            groups.push(own);
        }
    }
    groups
}

fn unite<'d>(shapes: Vec<Shape<'d>>, kind: Kind) -> Shape<'d> {
    let mut united = Shape {
        kind: Some(kind),
        is_file: shapes.iter().all(|shape| shape.is_file),
        demands: demands(&shapes),
        ..Shape::default()
    };
    let count = shapes.len();
    let mut choices: Option<Vec<Value>> = Some(Vec::new());
    let mut is_long = false;
    let mut required: Option<Vec<&'d str>> = None;
    for (index, shape) in shapes.into_iter().enumerate() {
        match (&mut choices, shape.words.get("enum")) {
            (Some(choices), Some(Value::Array(values))) if !is_long => {
                let new = values
                    .iter()
                    .filter(|value| !choices.contains(value))
                    .cloned();
                let new: Vec<Value> = new.collect();
                choices.extend(new);
                is_long |= choices.len() > MOST_CHOICES;
            }
            _ => choices = None,
        }
        for (word, value) in shape.words {
            if word == "description" || word == "examples" || word == "default" {
                united.words.entry(word).or_insert(value);
            } else if index == 0 {
                united.words.insert(word, value);
            } else if united.words.get(&word).is_some_and(|known| *known != value) {
                united.words.remove(&word);
            }
        }
        for (name, source) in shape.properties {
            let is_full = united.properties.len() >= MOST_MEMBERS;
            match united
                .properties
                .iter_mut()
                .find(|(known, _)| *known == name)
            {
                Some((_, known)) => {
                    let is_new =
                        |one: &&'d Value| !known.iter().any(|other| std::ptr::eq(*other, *one));
                    let new: Vec<&'d Value> = source.into_iter().filter(is_new).collect();
                    known.extend(new);
                    known.truncate(MOST_PARTS);
                }
                None if is_full => united.is_open = true,
                None => united.properties.push((name, source)),
            }
        }
        required = Some(match required {
            None => shape.required,
            Some(before) => before
                .into_iter()
                .filter(|name| shape.required.contains(name))
                .collect(),
        });
        united.items.extend(shape.items);
        united.items.truncate(MOST_PARTS);
        united.others.extend(shape.others);
        united.others.truncate(MOST_PARTS);
        united.is_open |= shape.is_open;
        add_references(&mut united, shape.references);
    }
    united.required = required.unwrap_or_default();
    forget_limits(&mut united, count);
    match choices {
        Some(choices) if !choices.is_empty() && !is_long => {
            united.words.insert("enum".into(), Value::Array(choices));
        }
        _ => {
            united.words.remove("enum");
        }
    }
    united
}

/// A limit of one alternative is none of the others.
fn forget_limits(shape: &mut Shape<'_>, count: usize) {
    if count > 1 {
        shape.words.retain(|word, _| {
            matches!(
                word.as_str(),
                "description" | "examples" | "default" | "enum"
            )
        });
    }
}
