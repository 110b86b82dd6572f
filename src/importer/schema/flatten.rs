//! Arguments as flat schemas within a budget: breadth first, what is required before the rest, and
//! what finds no room ends in an open object.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde_json::{Map, Value, json};

use super::keywords::{ITEM, fitting, said};
use super::prose::{cut, needs};
use super::shape::{Also, Kind, Resolver, Shape, Source};
use crate::catalog::{ACCEPTS, MOST_CHOICES, is_member_name, json_size};
use crate::importer::document::pointer;
use crate::importer::report::Loss;

/// Deeper schemas help no model.
const DEEPEST: usize = 7;
/// Values that are shown of an enum that is not listed.
const MOST_SHOWN: usize = 3;
/// In bytes; those that are larger are left out where there is hardly room.
const SMALL_EXAMPLES: usize = 64;
/// What quotes, commas and `type` of a schema cost.
const FRAME: usize = 40;
/// Where texts are shorter, there is no room for examples.
const EXAMPLES_FROM: usize = 80;
/// Members that a description names, because no model takes them.
const MOST_TOLD: usize = 5;

/// An argument as the description has it.
#[derive(Clone)]
pub(in crate::importer) struct Wanted<'d> {
    pub(in crate::importer) name: String,
    pub(in crate::importer) at: String,
    pub(in crate::importer) shape: Shape<'d>,
    /// Stands above the schema's own.
    pub(in crate::importer) description: Option<&'d str>,
    pub(in crate::importer) required: bool,
}

/// An argument as a manifest has it.
pub(in crate::importer) struct Flat {
    pub(in crate::importer) kind: Kind,
    pub(in crate::importer) description: String,
    pub(in crate::importer) default: Option<Value>,
    /// The types that are taken besides.
    pub(in crate::importer) accepts: Option<Value>,
    /// The other words.
    pub(in crate::importer) schema: Map<String, Value>,
}

/// One schema on its way.
struct Node<'d> {
    kind: Kind,
    words: Map<String, Value>,
    properties: Vec<(&'d str, usize)>,
    required: Vec<&'d str>,
    items: Option<usize>,
    others: Option<usize>,
    is_open: bool,
    /// Members by whose names models' vendors refuse the whole tool.
    told: Vec<String>,
    /// Of its members there are only those that it must have.
    is_stub: bool,
    /// Its references and those above it.
    above: Vec<&'d str>,
    at: String,
}

enum Slot<'d> {
    Property(&'d str, bool),
    Items,
    Others,
}

/// A schema that waits for room: shallow ones come first, then required ones, then as described.
struct Waiting<'d> {
    parent: usize,
    slot: Slot<'d>,
    source: Source<'d>,
}

struct Work<'r, 'a, 'd> {
    resolver: &'r mut Resolver<'a, 'd>,
    nodes: Vec<Node<'d>>,
    queue: BinaryHeap<Reverse<(usize, bool, usize)>>,
    waiting: Vec<Option<Waiting<'d>>>,
    left: usize,
    /// Values of enums that there is room for.
    choices: usize,
    longest_text: usize,
    is_cut: bool,
}

/// The flat schemas of `wanted` in about `budget` bytes; texts have at most `longest_text`.
pub(in crate::importer) fn flatten<'d>(
    resolver: &mut Resolver<'_, 'd>,
    wanted: &[Wanted<'d>],
    budget: usize,
    longest_text: usize,
) -> Vec<Flat> {
    let mut work = Work {
        resolver,
        nodes: Vec::new(),
        queue: BinaryHeap::new(),
        waiting: Vec::new(),
        left: budget,
        choices: MOST_CHOICES,
        longest_text,
        is_cut: false,
    };
    let roots: Vec<usize> = wanted
        .iter()
        .map(|one| {
            let mut shape = one.shape.clone();
            if let Some(description) = one.description {
                shape.words.insert("description".into(), description.into());
            }
            let id = work.add(shape, Vec::new(), one.at.clone(), 0);
            // The name stands there twice, as the title as well.
            work.charge(2 * one.name.len() + FRAME);
            id
        })
        .collect();
    work.run();
    roots
        .into_iter()
        .map(|root| {
            let Value::Object(mut schema) = work.write(root) else {
                return Flat {
                    kind: Kind::String,
                    description: String::new(),
                    default: None,
                    accepts: None,
                    schema: Map::new(),
                };
            };
            schema.remove("type");
            let description = match schema.remove("description") {
                Some(Value::String(text)) => text,
                _ => String::new(),
            };
            Flat {
                kind: work.nodes[root].kind,
                description,
                default: schema.remove("default"),
                accepts: schema.remove(ACCEPTS),
                schema,
            }
        })
        .collect()
}

impl<'d> Work<'_, '_, 'd> {
    fn charge(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// Takes a shape in, and puts its members into the queue.
    fn add(
        &mut self,
        shape: Shape<'d>,
        mut above: Vec<&'d str>,
        at: String,
        depth: usize,
    ) -> usize {
        let Shape {
            kind,
            mut also,
            nullable,
            words,
            properties,
            required,
            demands,
            items,
            others,
            is_open,
            references,
            is_read_only: _,
            is_file: _,
        } = shape;
        let kind = kind.unwrap_or_else(|| {
            self.resolver.report.lose(Loss::AnyKind, &at, "");
            also = Kind::ALL.map(|kind| (kind, Some(String::new()))).into();
            Kind::String
        });
        above.extend(references);
        let mut kept = Map::new();
        let mut text = self.text(&words, kind, &also, depth);
        if !demands.is_empty() {
            self.resolver.report.lose(Loss::OneOfRequired, &at, "");
            text = with(text, &needs(&demands));
        }
        if !text.is_empty() {
            kept.insert("description".into(), text.into());
        }
        kept.extend(self.fitting(&words, kind));
        if let Some(accepts) = accepts(&also) {
            kept.insert(ACCEPTS.into(), accepts);
        }
        self.make_room_for_choices(&mut kept, &at);
        if nullable {
            kept.insert("nullable".into(), true.into());
        }
        self.charge(
            FRAME
                + kept
                    .iter()
                    .map(|(word, value)| word.len() + json_size(value) + 4)
                    .sum::<usize>(),
        );
        let id = self.nodes.len();
        let is_object = kind == Kind::Object;
        let has_members = is_object && (!properties.is_empty() || !others.is_empty());
        self.nodes.push(Node {
            kind,
            words: kept,
            properties: Vec::new(),
            required: Vec::new(),
            items: None,
            others: None,
            is_open: is_object && (is_open || !has_members),
            told: Vec::new(),
            is_stub: false,
            above,
            at,
        });
        if is_object {
            for (name, source) in properties {
                let is_required = required.contains(&name);
                let slot = Slot::Property(name, is_required);
                self.wait(depth, is_required, id, slot, source);
            }
            if !others.is_empty() {
                self.wait(depth, false, id, Slot::Others, others);
            }
        }
        if kind == Kind::Array && !items.is_empty() {
            self.wait(depth, true, id, Slot::Items, items);
        }
        id
    }

    /// What a model reads of a schema: the vendor's words, and what no keyword says.
    fn text(&self, words: &Map<String, Value>, kind: Kind, also: &Also, depth: usize) -> String {
        let text = words.get("description").and_then(Value::as_str);
        // Deeper texts matter less.
        let text = cut(text.unwrap_or_default(), self.longest_text >> depth.min(3));
        with(with(text, &said(words, kind)), &told(also))
    }

    fn wait(
        &mut self,
        depth: usize,
        is_required: bool,
        parent: usize,
        slot: Slot<'d>,
        source: Source<'d>,
    ) {
        self.queue
            .push(Reverse((depth, !is_required, self.waiting.len())));
        self.waiting.push(Some(Waiting {
            parent,
            slot,
            source,
        }));
    }

    fn run(&mut self) {
        while let Some(Reverse((depth, _, index))) = self.queue.pop() {
            if let Some(waiting) = self.waiting[index].take() {
                self.place(waiting, depth);
            }
        }
    }

    fn place(&mut self, waiting: Waiting<'d>, depth: usize) {
        let Waiting {
            parent,
            slot,
            source,
        } = waiting;
        if let Slot::Property(name, _) = slot
            && !is_member_name(name)
        {
            return self.tell(parent, name);
        }
        let (step, cost) = match slot {
            Slot::Property(name, _) => (name, name.len() + FRAME),
            Slot::Items => ("items", FRAME),
            Slot::Others => ("additionalProperties", FRAME),
        };
        let must = !matches!(slot, Slot::Property(_, false) | Slot::Others);
        let has_room = self.left > cost + FRAME && depth < DEEPEST;
        if !has_room && !must {
            self.cut(parent);
            self.nodes[parent].is_open = true;
            return;
        }
        let at = pointer(&self.nodes[parent].at, step);
        let above = self.nodes[parent].above.clone();
        let mut shape = self.resolver.shape(&source, &above, &at);
        if shape.is_read_only && matches!(slot, Slot::Property(..)) {
            return;
        }
        let is_below_stub = self.nodes[parent].is_stub;
        if !has_room {
            self.cut(parent);
            let is_last = is_below_stub || depth >= DEEPEST && self.has_nested(&shape, &at);
            shape = stub(shape, !is_last);
        }
        self.charge(cost);
        let id = self.add(shape, above, at, depth + 1);
        self.nodes[id].is_stub = !has_room;
        let node = &mut self.nodes[parent];
        match slot {
            Slot::Property(name, is_required) => {
                node.properties.push((name, id));
                if is_required {
                    node.required.push(name);
                }
            }
            Slot::Items => node.items = Some(id),
            Slot::Others => node.others = Some(id),
        }
    }

    /// Whether a member that must be given holds others.
    fn has_nested(&mut self, shape: &Shape<'d>, at: &str) -> bool {
        let must = shape.properties.iter();
        let mut must = must.filter(|(name, _)| shape.required.contains(name));
        must.any(|(_, source)| {
            let shape = self.resolver.shape(source, &shape.references, at);
            !shape.kind.is_none_or(Kind::is_scalar)
        })
    }

    /// The words that go with a kind, and that there is room for.
    fn fitting(&self, words: &Map<String, Value>, kind: Kind) -> Map<String, Value> {
        let mut kept = fitting(words, kind);
        if self.longest_text < EXAMPLES_FROM {
            kept.shift_remove("examples");
        }
        kept
    }

    /// An enum that finds no room is left out, and shown by its first values.
    fn make_room_for_choices(&mut self, words: &mut Map<String, Value>, at: &str) {
        let choices = words.get("enum").and_then(Value::as_array);
        let choices = choices.map_or(0, Vec::len);
        if let Some(left) = self.choices.checked_sub(choices) {
            self.choices = left;
            return;
        }
        if let Some(Value::Array(mut choices)) = words.shift_remove("enum") {
            choices.truncate(MOST_SHOWN);
            words
                .entry("examples")
                .or_insert_with(|| Value::Array(choices));
        }
        let values = format!("{choices} values beside all others");
        self.resolver.report.lose(Loss::LongEnum, at, values);
    }

    /// A member that cannot be published is named in words, and can be given.
    fn tell(&mut self, parent: usize, name: &str) {
        let node = &mut self.nodes[parent];
        node.is_open = true;
        if node.told.len() < MOST_TOLD {
            node.told.push(format!("`{}`", cut(name, 64)));
        }
        let at = node.at.clone();
        self.resolver
            .report
            .lose(Loss::MemberName, &at, cut(name, 64));
        self.charge(FRAME);
    }

    /// Once a tool: where it began is enough.
    fn cut(&mut self, node: usize) {
        if !self.is_cut {
            self.is_cut = true;
            let at = self.nodes[node].at.clone();
            self.resolver.report.lose(Loss::TooLarge, &at, "");
        }
    }

    fn write(&self, id: usize) -> Value {
        let node = &self.nodes[id];
        let mut schema = Map::new();
        schema.insert("type".into(), node.kind.name().into());
        schema.extend(node.words.clone());
        if !node.told.is_empty() {
            let text = node.words.get("description").and_then(Value::as_str);
            let told = format!("Also takes {}.", node.told.join(", "));
            let text = with(text.unwrap_or_default().to_owned(), &told);
            schema.insert("description".into(), text.into());
        }
        match node.kind {
            Kind::Object => {
                if !node.properties.is_empty() {
                    let properties: Map<String, Value> = node
                        .properties
                        .iter()
                        .map(|(name, id)| ((*name).to_owned(), self.write(*id)))
                        .collect();
                    schema.insert("properties".into(), Value::Object(properties));
                }
                if !node.required.is_empty() {
                    schema.insert("required".into(), json!(node.required));
                }
                if let Some(others) = node.others {
                    schema.insert("additionalProperties".into(), self.write(others));
                } else if node.is_open {
                    schema.insert("additionalProperties".into(), true.into());
                }
            }
            Kind::Array => {
                if let Some(items) = node.items {
                    schema.insert(ITEM.into(), self.write(items));
                } else if !schema.contains_key(ITEM) {
                    schema.insert(ITEM.into(), json!({ "type": "string" }));
                }
            }
            Kind::Boolean | Kind::Integer | Kind::Number | Kind::String => {}
        }
        Value::Object(schema)
    }
}

/// What a manifest says of the types that are taken besides the published one.
fn accepts(also: &Also) -> Option<Value> {
    match also.len() {
        0 => None,
        _ if is_anything(also) => Some(json!(["any"])),
        _ => Some(also.keys().map(|kind| kind.name()).collect()),
    }
}

/// All types, or all but the published one.
fn is_anything(also: &Also) -> bool {
    let least = [Kind::Boolean, Kind::String, Kind::Array, Kind::Object];
    also.len() >= least.len() && least.iter().filter(|kind| !also.contains_key(kind)).count() < 2
}

/// What a model is told of these types: no keyword that every vendor takes says it.
fn told(also: &Also) -> String {
    let told: Vec<&str> = also.values().filter_map(Option::as_deref).collect();
    if told.is_empty() {
        String::new()
    } else if is_anything(also) {
        "(or any JSON value)".into()
    } else {
        format!("(or {})", told.join(", or "))
    }
}

/// A text and a sentence after it.
fn with(mut text: String, sentence: &str) -> String {
    if !text.is_empty() && !sentence.is_empty() {
        text.push(' ');
    }
    text.push_str(sentence);
    text
}

/// Its type, and of an object the members that it must have, if there is to be that much.
fn stub(mut shape: Shape<'_>, keeps_members: bool) -> Shape<'_> {
    match shape.kind {
        Some(Kind::Object) if keeps_members => {
            shape.words.clear();
            shape.keep_required();
            shape
        }
        Some(Kind::Object) => Shape {
            also: shape.also,
            ..Shape::open()
        },
        kind => Shape {
            kind,
            also: shape.also,
            nullable: shape.nullable,
            words: shape
                .words
                .into_iter()
                .filter(|(word, value)| {
                    word == "enum" || word == "examples" && json_size(value) <= SMALL_EXAMPLES
                })
                .collect(),
            ..Shape::default()
        },
    }
}
