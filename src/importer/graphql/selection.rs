//! What a document asks for: the scalars of what comes back, the values in it, and enough of what
//! hangs on it to go on from there.

use std::collections::{HashMap, HashSet};

use super::values::Room;
use super::{Field, Kind, Schema, Type};

/// Fields of one type; more would be a page of numbers.
const MOST_FIELDS: usize = 100;
/// What a page calls its things, where it has no `pageInfo`.
const ITEMS: [&str; 6] = ["items", "nodes", "results", "data", "records", "entries"];
/// What says how a page goes on, as a rule.
const GOES_ON: [&str; 2] = ["hasNextPage", "endCursor"];
/// Types of a union that are told apart.
const MOST_POSSIBLE: usize = 20;
/// What things are known by, and how they are.
const NAMES: [&str; 17] = [
    "id",
    "name",
    "title",
    "identifier",
    "key",
    "url",
    "login",
    "username",
    "displayName",
    "fullName",
    "email",
    "handle",
    "slug",
    "code",
    "number",
    "state",
    "status",
];

/// By type, and whether a mutation answers it, and whether it answers many.
pub(super) type Known = HashMap<(String, bool, bool), String>;

/// How much of an object is asked for.
#[derive(Clone, Copy, PartialEq)]
enum Extent {
    /// What is around a thing, as a mutation's answer is: its own scalars, and all of the things
    /// in it.
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
        let name = field.of.name();
        let key = (name.to_owned(), is_mutation, field.of.is_list());
        let selection = known.entry(key).or_insert_with(|| {
            let extent = match self.types.get(name) {
                Some(of) if self.is_around(of, is_mutation) => Extent::Payload,
                _ => Extent::Whole,
            };
            let selection = self.selected_of(field, extent, &mut Room::default());
            selection.map_or_else(String::new, |selection| format!(" {selection}"))
        });
        selection.clone()
    }

    /// Finds once what is asked of each type, and which are pages: types may have many fields, and
    /// many fields may have one type.
    pub(super) fn settle(&mut self) {
        for of in self.types.values_mut() {
            of.asked = of.chosen();
        }
        let is_page = |of: &Type| {
            let mut fields = of.usable();
            of.has("pageInfo") || fields.any(|field| self.is_items(of, field))
        };
        let pages = self.types.iter().filter(|(_, of)| is_page(of));
        let pages: Vec<String> = pages.map(|(name, _)| name.clone()).collect();
        for name in pages {
            self.types.entry(name).or_default().is_page = true;
        }
    }

    /// Whether it is around a thing: what has an id is the thing itself, and a page is what it
    /// shows.
    fn is_around(&self, of: &Type, is_mutation: bool) -> bool {
        let is_thing = of.is_page || of.has("id") || of.has("edges");
        !is_thing && (is_mutation || self.things(of).take(2).count() == 1)
    }

    /// Fields that give no scalars.
    fn things<'t>(&self, of: &'t Type) -> impl Iterator<Item = &'t Field> {
        let usable = of.usable();
        usable.filter(|field| !self.is_leaf(field) && !self.is_root(field))
    }

    /// Whether a field is what a page without `pageInfo` has its things in.
    fn is_items(&self, of: &Type, field: &Field) -> bool {
        let is_list = ITEMS.contains(&field.name.as_str()) && field.of.is_list();
        is_list && !self.is_leaf(field) && !of.has("id") && !of.has("edges")
    }

    /// The root of all queries may be asked for again at many a place, to no end.
    fn is_root(&self, field: &Field) -> bool {
        self.query.as_deref() == Some(field.of.name())
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
            Kind::Union => {
                let kinds = self.kinds(of, extent);
                return Some(format!("{{ __typename{kinds} }}"));
            }
            Kind::Object | Kind::Interface => {}
        }
        let mut values = if extent == Extent::Whole {
            self.values(name, of, room)
        } else {
            HashMap::new()
        };
        let mut parts = Vec::new();
        for field in of.usable() {
            if self.is_leaf(field) {
                if extent != Extent::Name || NAMES.contains(&field.name.as_str()) {
                    parts.push(field.name.clone());
                }
            } else if !self.is_root(field)
                && let Some(inner) = self.inner(of, field, extent, &mut values, room)
            {
                parts.push(format!("{} {inner}", field.name));
            }
        }
        if parts.is_empty() {
            // A thing without a name is not asked for, but where it is all there is.
            return (extent != Extent::Name).then(|| "{ __typename }".to_owned());
        }
        if of.kind == Kind::Interface {
            parts.insert(0, "__typename".to_owned());
            if extent == Extent::Whole && of.possible.len() <= MOST_POSSIBLE {
                return Some(format!(
                    "{{ {}{} }}",
                    parts.join(" "),
                    self.kinds(of, extent)
                ));
            }
        }
        Some(format!("{{ {} }}", parts.join(" ")))
    }

    /// What is asked for behind one field of an object.
    fn inner(
        &self,
        of: &Type,
        field: &Field,
        extent: Extent,
        values: &mut HashMap<&str, String>,
        room: &mut Room,
    ) -> Option<String> {
        // Pages of pages would have no end.
        let is_page = extent == Extent::Whole && !room.is_of_each();
        match (extent, field.name.as_str()) {
            (Extent::Name, _) => None,
            (_, "pageInfo") => self.selected_page_info(field),
            (_, "edges") if is_page && of.has("nodes") => None,
            (_, "edges") if is_page => self.selected_edge(field, room),
            (_, name)
                if is_page
                    && (name == "nodes" && of.has("pageInfo") || self.is_items(of, field)) =>
            {
                room.of_each(|room| self.selected(field.of.name(), Extent::Whole, room))
            }
            (Extent::Whole, name) => values
                .remove(name)
                .or_else(|| self.selected(field.of.name(), Extent::Name, room)),
            (Extent::Payload, _) => self.selected_of(field, Extent::Whole, room),
        }
    }

    fn selected_page_info(&self, field: &Field) -> Option<String> {
        let fields = self.types.get(field.of.name())?.usable();
        let leaves = fields.filter(|field| self.is_leaf(field));
        let mut names: Vec<&str> = leaves.map(|field| field.name.as_str()).collect();
        if GOES_ON.iter().all(|name| names.contains(name)) {
            names = GOES_ON.into();
        }
        (!names.is_empty()).then(|| format!("{{ {} }}", names.join(" ")))
    }

    fn selected_edge(&self, edges: &Field, room: &mut Room) -> Option<String> {
        let edge = self.types.get(edges.of.name())?;
        let node = edge.fields.iter().find(|field| field.name == "node")?;
        let inner = room.of_each(|room| self.selected(node.of.name(), Extent::Whole, room));
        Some(inner.map_or_else(|| "{ node }".into(), |inner| format!("{{ node {inner} }}")))
    }

    /// The names of what a union or an interface may be; the scalars as well, where it is all that
    /// is asked for.
    fn kinds(&self, of: &Type, extent: Extent) -> String {
        let names = of.possible.iter().take(MOST_POSSIBLE);
        let possible = names.filter_map(|name| Some((name, self.types.get(name)?)));
        let possible = possible.filter(|(_, of)| of.kind == Kind::Object);
        let possible: Vec<(&String, Vec<&Field>)> = possible
            .map(|(name, kind)| {
                let asked = kind.usable().filter(|field| {
                    let is_asked = extent != Extent::Name || NAMES.contains(&field.name.as_str());
                    let is_there = || of.usable().any(|own| own.name == field.name);
                    is_asked && self.is_leaf(field) && !is_there()
                });
                (name, asked.collect())
            })
            .collect();
        let mut types: HashMap<&str, String> = HashMap::new();
        let mut several = HashSet::new();
        for field in possible.iter().flat_map(|(_, fields)| fields) {
            let of = field.of.text();
            if *types.entry(&field.name).or_insert_with(|| of.clone()) != of {
                several.insert(field.name.as_str());
            }
        }
        let mut kinds = String::new();
        for (kind, fields) in possible.iter().filter(|(_, fields)| !fields.is_empty()) {
            let asked = fields.iter().map(|field| {
                let name = &field.name;
                // One name may not stand for values of two types (GraphQL, 5.3.2).
                if several.contains(name.as_str()) {
                    format!("{kind}_{name}: {name}")
                } else {
                    name.clone()
                }
            });
            let asked: Vec<String> = asked.collect();
            kinds.extend([" ... on ", kind, " { ", &asked.join(" "), " }"]);
        }
        kinds
    }

    pub(super) fn is_leaf(&self, field: &Field) -> bool {
        let of = self.types.get(field.of.name());
        of.is_none_or(|of| matches!(of.kind, Kind::Scalar | Kind::Enum))
    }
}

impl Type {
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// Fields that may be asked for without more ado.
    pub(super) fn usable(&self) -> impl Iterator<Item = &Field> {
        self.asked
            .iter()
            .filter_map(|index| self.fields.get(*index))
    }

    /// The places of those. Where there are too many, they are those of the shortest names: the
    /// shorter it is, the more general is what it says.
    fn chosen(&self) -> Vec<usize> {
        let is_usable = |field: &Field| !field.is_deprecated && !field.needs_arguments();
        let fields = self.fields.iter().enumerate();
        let usable = fields.filter(|(_, field)| is_usable(field));
        let mut places: Vec<usize> = usable.map(|(place, _)| place).collect();
        if places.len() > MOST_FIELDS {
            places.sort_by_key(|place| self.fields[*place].name.len());
            places.truncate(MOST_FIELDS);
            places.sort_unstable();
        }
        places
    }
}
