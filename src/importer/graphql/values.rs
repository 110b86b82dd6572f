//! Values: small objects that belong to the thing they hang on, such as a price with its currency.

use std::collections::HashMap;

use super::{Field, Kind, Schema, Type};

/// Fields and objects of all values in what is asked of one thing.
const MOST: usize = 500;
/// And of each of many; services count what each object costs.
const MOST_OF_EACH: usize = 60;
/// Levels of values in values.
const DEEPEST: usize = 2;
const DEEPEST_OF_EACH: usize = 1;
/// An object with more fields is a thing.
const MOST_FIELDS: usize = 40;
/// What only things and pages have.
const OF_THINGS: [&str; 5] = ["id", "pageInfo", "nodes", "edges", "node"];

/// How many more values a document may ask for.
pub(super) struct Room {
    left: usize,
    is_of_each: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            left: MOST,
            is_of_each: false,
        }
    }
}

impl Room {
    /// Many are asked for the same.
    pub(super) const fn is_of_each(&self) -> bool {
        self.is_of_each
    }

    /// Asks each of many.
    pub(super) fn of_each<T>(&mut self, ask: impl FnOnce(&mut Self) -> T) -> T {
        let most = self.left.min(MOST_OF_EACH);
        let mut room = Self {
            left: most,
            is_of_each: true,
        };
        let asked = ask(&mut room);
        self.left -= most - room.left;
        asked
    }

    fn take(&mut self) -> bool {
        let is_there = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_there
    }
}

impl Schema {
    /// The selections behind the fields of a thing that give values, by name.
    pub(super) fn values<'t>(
        &'t self,
        name: &'t str,
        of: &'t Type,
        room: &mut Room,
    ) -> HashMap<&'t str, String> {
        let fields = of.usable();
        let fields = fields.filter(|field| !OF_THINGS.contains(&field.name.as_str()));
        let mut fields: Vec<&Field> = fields.collect();
        // The shorter its name, the more general is what it says.
        fields.sort_by_key(|field| field.name.len());
        let values = fields.into_iter();
        values
            .filter_map(|field| Some((field.name.as_str(), self.value(name, field, room)?)))
            .collect()
    }

    /// None where a field gives anything but a value.
    fn value<'t>(&'t self, owner: &'t str, field: &'t Field, room: &mut Room) -> Option<String> {
        let of = self.types.get(field.of.name())?;
        // Such as an address: nothing hangs on it.
        let is_plain = !field.of.is_list() && !room.is_of_each && self.is_plain(of);
        if !is_plain && !is_value(of) {
            return None;
        }
        let deepest = if room.is_of_each {
            DEEPEST_OF_EACH
        } else {
            DEEPEST
        };
        self.parts(of, deepest, room, &mut vec![owner, field.of.name()])
    }

    fn is_plain(&self, of: &Type) -> bool {
        let is_small = of.kind == Kind::Object && of.fields.len() <= MOST_FIELDS;
        is_small && of.fields.iter().all(|field| self.is_leaf(field))
    }

    /// What holds a thing of its own kind, `above`, is none of its values.
    fn parts<'t>(
        &'t self,
        of: &'t Type,
        deepest: usize,
        room: &mut Room,
        above: &mut Vec<&'t str>,
    ) -> Option<String> {
        if !room.take() {
            return None;
        }
        let mut parts = Vec::new();
        for field in of.usable() {
            if self.is_leaf(field) {
                // Half of a value, such as a price without its currency, says nothing.
                if !room.take() {
                    return None;
                }
                parts.push(field.name.clone());
                continue;
            }
            let name = field.of.name();
            let inner = self.types.get(name).filter(|of| is_value(of));
            let Some(inner) = inner.filter(|_| deepest > 0 && !above.contains(&name)) else {
                continue;
            };
            above.push(name);
            if let Some(inner) = self.parts(inner, deepest - 1, room, above) {
                parts.push(format!("{} {inner}", field.name));
            }
            above.pop();
        }
        (!parts.is_empty()).then(|| format!("{{ {} }}", parts.join(" ")))
    }
}

fn is_value(of: &Type) -> bool {
    let is_small = of.kind == Kind::Object && of.fields.len() <= MOST_FIELDS;
    is_small
        && of
            .fields
            .iter()
            .all(|field| !OF_THINGS.contains(&field.name.as_str()))
}
