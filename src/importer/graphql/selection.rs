//! What a document asks for: the scalars of what comes back, and enough of what hangs on it to go on
//! from there.

use std::collections::HashMap;

use super::{Field, Kind, Schema, Type};

/// Fields of one type; more would be a page of numbers.
const MOST_FIELDS: usize = 100;
/// Types of a union that are told apart.
const MOST_POSSIBLE: usize = 20;
/// What things are known by.
const NAMES: [&str; 6] = ["id", "name", "title", "identifier", "key", "url"];

/// By type, and whether a mutation answers it.
pub(super) type Known = HashMap<(String, bool), String>;

/// How much of an object is asked for.
#[derive(Clone, Copy, PartialEq)]
enum Extent {
    /// What a mutation answers: its own scalars, and those of the things in it.
    Payload,
    /// Its scalars, and the names of the things in it.
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
        let key = (field.of.name().to_owned(), is_mutation);
        let selection = known.entry(key).or_insert_with(|| {
            let selection = self.selected(field.of.name(), extent);
            selection.map_or_else(String::new, |selection| format!(" {selection}"))
        });
        selection.clone()
    }

    /// None for what has no fields.
    fn selected(&self, name: &str, extent: Extent) -> Option<String> {
        let of = self.types.get(name)?;
        match of.kind {
            Kind::Scalar | Kind::Enum | Kind::Input => return None,
            Kind::Union => return Some(self.selected_union(of)),
            Kind::Object | Kind::Interface => {}
        }
        let mut parts = Vec::new();
        let usable = |field: &&Field| !field.is_deprecated && !field.needs_arguments();
        for field in of.fields.iter().filter(usable).take(MOST_FIELDS) {
            let name = &field.name;
            if self.is_leaf(field) {
                if extent != Extent::Name || NAMES.contains(&name.as_str()) {
                    parts.push(name.clone());
                }
                continue;
            }
            let inner = match (extent, name.as_str()) {
                (Extent::Name, _) => None,
                (_, "pageInfo") => Some("{ hasNextPage endCursor }".to_owned()),
                (Extent::Whole, "nodes") if of.has("pageInfo") => {
                    self.selected(field.of.name(), Extent::Whole)
                }
                (Extent::Whole, "edges") if of.has("nodes") => None,
                (Extent::Whole, "edges") => self.selected_edge(field),
                (Extent::Whole, _) => self.selected(field.of.name(), Extent::Name),
                (Extent::Payload, _) => self.selected(field.of.name(), Extent::Whole),
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

    fn selected_edge(&self, edges: &Field) -> Option<String> {
        let edge = self.types.get(edges.of.name())?;
        let node = edge.fields.iter().find(|field| field.name == "node")?;
        let inner = self.selected(node.of.name(), Extent::Whole);
        Some(inner.map_or_else(|| "{ node }".into(), |inner| format!("{{ node {inner} }}")))
    }

    fn selected_union(&self, of: &Type) -> String {
        let mut parts = vec!["__typename".to_owned()];
        for name in of.possible.iter().take(MOST_POSSIBLE) {
            if self.types.get(name).is_some_and(|of| of.has("id")) {
                parts.push(format!("... on {name} {{ id }}"));
            }
        }
        format!("{{ {} }}", parts.join(" "))
    }

    fn is_leaf(&self, field: &Field) -> bool {
        let of = self.types.get(field.of.name());
        of.is_none_or(|of| matches!(of.kind, Kind::Scalar | Kind::Enum))
    }
}

impl Type {
    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }
}
