//! What a document asks for: the scalars of what comes back, the values in it, and enough of what
//! hangs on it to go on from there.

use std::collections::{HashMap, HashSet};

use super::values::Room;
use super::{Field, Kind, Schema, Type};

/// Fields of one type; more would be a page of numbers.
const MOST_FIELDS: usize = 100;
/// Types of a union that are told apart.
const MOST_POSSIBLE: usize = 20;
/// What things are known by.
const NAMES: [&str; 6] = ["id", "name", "title", "identifier", "key", "url"];

/// By type, and whether a mutation answers it, and whether it answers many.
pub(super) type Known = HashMap<(String, bool, bool), String>;

/// How much of an object is asked for.
#[derive(Clone, Copy, PartialEq)]
enum Extent {
    /// What a mutation answers: its own scalars, and those of the things in it.
    Payload,
    /// Its scalars and values, and the names of the things in it.
    Whole,
    /// Its names.
    Name,
}

impl Schema {
    /// The selection behind a field; empty for scalars. `known` are those of types that were asked
    /// for before: thousands of fields may give the same.
    pub(super) fn selection(&self, field: &Field, is_mutation: bool, known: &mut Known) -> String {
        let extent = if is_mutation {
            Extent::Payload
        } else {
            Extent::Whole
        };
        let key = (field.of.name().to_owned(), is_mutation, field.of.is_list());
        let selection = known.entry(key).or_insert_with(|| {
            let selection = self.selected_of(field, extent, &mut Room::default());
            selection.map_or_else(String::new, |selection| format!(" {selection}"))
        });
        selection.clone()
    }

    /// What is asked for of a field's object, or of each where there are many.
    fn selected_of(&self, field: &Field, extent: Extent, room: &mut Room) -> Option<String> {
        let name = field.of.name();
        if field.of.is_list() {
            room.of_each(|room| self.selected(name, extent, room))
        } else {
            self.selected(name, extent, room)
        }
    }

    /// None for what has no fields.
    fn selected(&self, name: &str, extent: Extent, room: &mut Room) -> Option<String> {
        let of = self.types.get(name)?;
        match of.kind {
            Kind::Scalar | Kind::Enum | Kind::Input => return None,
            Kind::Union => return Some(self.selected_union(of, extent)),
            Kind::Object | Kind::Interface => {}
        }
        let mut values = if extent == Extent::Whole {
            self.values(of, room)
        } else {
            HashMap::new()
        };
        let mut parts = Vec::new();
        for field in of.usable() {
            let name = &field.name;
            if self.is_leaf(field) {
                if extent != Extent::Name || NAMES.contains(&name.as_str()) {
                    parts.push(name.clone());
                }
                continue;
            }
            // Pages of pages would have no end.
            let is_page = extent == Extent::Whole && !room.is_of_each();
            let inner = match (extent, name.as_str()) {
                (Extent::Name, _) => None,
                (_, "pageInfo") => Some("{ hasNextPage endCursor }".to_owned()),
                (_, "nodes") if is_page && of.has("pageInfo") => {
                    room.of_each(|room| self.selected(field.of.name(), Extent::Whole, room))
                }
                (_, "edges") if is_page && of.has("nodes") => None,
                (_, "edges") if is_page => self.selected_edge(field, room),
                (Extent::Whole, _) => values
                    .remove(name.as_str())
                    .or_else(|| self.selected(field.of.name(), Extent::Name, room)),
                (Extent::Payload, _) => self.selected_of(field, Extent::Whole, room),
            };
            if let Some(inner) = inner {
                parts.push(format!("{name} {inner}"));
            }
        }
        if parts.is_empty() {
            // A thing without a name is not asked for, but where it is all there is.
            return (extent != Extent::Name).then(|| "{ __typename }".to_owned());
        }
        Some(format!("{{ {} }}", parts.join(" ")))
    }

    fn selected_edge(&self, edges: &Field, room: &mut Room) -> Option<String> {
        let edge = self.types.get(edges.of.name())?;
        let node = edge.fields.iter().find(|field| field.name == "node")?;
        let inner = room.of_each(|room| self.selected(node.of.name(), Extent::Whole, room));
        Some(inner.map_or_else(|| "{ node }".into(), |inner| format!("{{ node {inner} }}")))
    }

    /// The ids of what it may be; the scalars as well, where it is all that is asked for.
    fn selected_union(&self, of: &Type, extent: Extent) -> String {
        let names = of.possible.iter().take(MOST_POSSIBLE);
        let possible = names.filter_map(|name| Some((name, self.types.get(name)?)));
        let possible: Vec<(&String, &Type)> = possible.collect();
        let mut kinds: HashMap<&str, String> = HashMap::new();
        let mut several = HashSet::new();
        let leaves = possible.iter().flat_map(|(_, of)| of.usable());
        for field in leaves.filter(|field| self.is_leaf(field)) {
            let kind = field.of.text();
            if *kinds.entry(&field.name).or_insert_with(|| kind.clone()) != kind {
                several.insert(field.name.as_str());
            }
        }
        let mut parts = vec!["__typename".to_owned()];
        for (name, of) in possible {
            let leaves = of.usable().filter(|field| self.is_leaf(field));
            let names = leaves.map(|field| field.name.as_str());
            // One name may not stand for values of two types (GraphQL, 5.3.2).
            let asked = names.filter(|name| !several.contains(name));
            let asked: Vec<&str> = asked
                .filter(|name| extent != Extent::Name || *name == "id")
                .collect();
            if !asked.is_empty() {
                parts.push(format!("... on {name} {{ {} }}", asked.join(" ")));
            }
        }
        format!("{{ {} }}", parts.join(" "))
    }

    pub(super) fn is_leaf(&self, field: &Field) -> bool {
        let of = self.types.get(field.of.name());
        of.is_none_or(|of| matches!(of.kind, Kind::Scalar | Kind::Enum))
    }
}

impl Type {
    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// Fields that may be asked for without more ado.
    pub(super) fn usable(&self) -> impl Iterator<Item = &Field> {
        let usable = |field: &&Field| !field.is_deprecated && !field.needs_arguments();
        self.fields.iter().filter(usable).take(MOST_FIELDS)
    }
}
