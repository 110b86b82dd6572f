//! One level of a schema: its references followed, its parts combined, its members still as they
//! stand in the document.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};

use super::combine;
use super::keywords;
use crate::importer::document::{Dialect, Document, Target};
use crate::importer::report::{Loss, Report};

/// References and parts of parts on the way to one level.
const MOST_HOPS: usize = 24;
/// Alternatives of one union that are looked at.
pub(super) const MOST_PARTS: usize = 200;
/// Schemas looked at for one document; one of 47 MB takes 600,000.
pub(in crate::importer) const MOST_STEPS: usize = 4_000_000;
/// Schemas looked at for one operation.
const MOST_STEPS_OF_ONE: usize = 60_000;

/// A JSON type that a model may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::importer) enum Kind {
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

/// Types that are taken besides the one that is published, each with what a model is told of it;
/// of some it is told nothing.
pub(in crate::importer) type Also = BTreeMap<Kind, Option<String>>;

impl Kind {
    pub(super) const ALL: [Self; 6] = [
        Self::Boolean,
        Self::Integer,
        Self::Number,
        Self::String,
        Self::Array,
        Self::Object,
    ];

    pub(in crate::importer) const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    pub(super) const fn is_scalar(self) -> bool {
        !matches!(self, Self::Array | Self::Object)
    }
}

/// A schema in the document, or several of which one holds.
pub(in crate::importer) type Source<'d> = Vec<&'d Value>;

/// One level of a schema.
#[expect(
    clippy::struct_excessive_bools,
    reason = "any of them may be true beside any other"
)]
#[derive(Debug, Clone, Default)]
pub(in crate::importer) struct Shape<'d> {
    pub(in crate::importer) kind: Option<Kind>,
    pub(in crate::importer) also: Also,
    pub(in crate::importer) nullable: bool,
    /// `description`, `enum`, `minimum`, …
    pub(in crate::importer) words: Map<String, Value>,
    pub(in crate::importer) properties: Vec<(&'d str, Source<'d>)>,
    pub(in crate::importer) required: Vec<&'d str>,
    /// Groups of members of which one must be there whole.
    pub(in crate::importer) demands: Vec<Vec<&'d str>>,
    pub(in crate::importer) items: Source<'d>,
    /// What members besides `properties` are, where that is said.
    pub(in crate::importer) others: Source<'d>,
    /// Members besides `properties` are welcome.
    pub(in crate::importer) is_open: bool,
    /// References on the way here, to notice a circle.
    pub(in crate::importer) references: Vec<&'d str>,
    /// Part of answers only.
    pub(in crate::importer) is_read_only: bool,
    /// Bytes instead of a text, where a form may hold such.
    pub(in crate::importer) is_file: bool,
}

impl Shape<'_> {
    /// An object of which nothing is known.
    pub(super) fn open() -> Self {
        Self {
            kind: Some(Kind::Object),
            is_open: true,
            ..Self::default()
        }
    }

    /// Nothing is known about it; most are objects.
    fn unknown() -> Self {
        Self {
            also: Kind::ALL.map(|kind| (kind, None)).into(),
            ..Self::open()
        }
    }

    /// An open object with the members that it must have, and anything else as it is.
    pub(super) fn keep_required(&mut self) {
        if self.kind == Some(Kind::Object) {
            self.properties
                .retain(|(name, _)| self.required.contains(name));
            self.others.clear();
            self.is_open = true;
        }
    }

    /// Nothing is said about it but perhaps that it may be null.
    pub(super) fn is_null(&self) -> bool {
        self.kind.is_none() && self.nullable && self.is_silent()
    }

    pub(super) fn is_silent(&self) -> bool {
        self.properties.is_empty() && self.items.is_empty() && !self.words.contains_key("enum")
    }

    /// The one text that it may be.
    pub(in crate::importer) fn only_value(&self) -> Option<&str> {
        let values = self.words.get("enum")?.as_array()?;
        values.first().filter(|_| values.len() == 1)?.as_str()
    }

    pub(in crate::importer) fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    pub(in crate::importer) fn is_secret(&self) -> bool {
        self.words.get("format").and_then(Value::as_str) == Some("password")
    }
}

/// The way from a level's own schema to one of its parts.
#[derive(Debug, Clone, Copy, Default)]
struct Hops {
    count: usize,
    /// The part is one of several that hold together (`allOf`).
    is_base: bool,
}

impl Hops {
    /// A step further, into one of `count` parts that hold together.
    const fn into_parts(self, count: usize) -> Self {
        Self {
            count: self.count + 1,
            is_base: self.is_base || count > 1,
        }
    }
}

/// Of an enum, those that are looked at before it is too long.
const MOST_CHOICES: usize = 1_500;

/// Finds shapes, within limits.
pub(in crate::importer) struct Resolver<'a, 'd> {
    pub(in crate::importer) document: Document<'d>,
    pub(in crate::importer) report: &'a mut Report,
    steps: usize,
    steps_of_one: usize,
    /// How many references of a trail lie above the level that is looked at.
    above: usize,
    patterns: &'a Patterns<'d>,
}

/// Patterns of a document that were tried, and whether they are any good: descriptions repeat them,
/// and each takes time to try.
#[derive(Default)]
pub(in crate::importer) struct Patterns<'d>(Mutex<HashMap<&'d str, bool>>);

impl<'d> Patterns<'d> {
    fn is_good(&self, pattern: &'d str) -> bool {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(is_good) = known().get(pattern) {
            return *is_good;
        }
        // Two may try the same one; nobody waits for another.
        let is_good = keywords::is_pattern(pattern);
        known().insert(pattern, is_good);
        is_good
    }
}

impl<'a, 'd> Resolver<'a, 'd> {
    /// For one operation of a document of which `steps` may still be taken.
    pub(in crate::importer) fn new(
        document: Document<'d>,
        patterns: &'a Patterns<'d>,
        steps: usize,
        report: &'a mut Report,
    ) -> Self {
        Self {
            document,
            report,
            steps,
            steps_of_one: MOST_STEPS_OF_ONE,
            above: 0,
            patterns,
        }
    }

    /// What is left of the document's steps.
    pub(in crate::importer) const fn steps_left(&self) -> usize {
        self.steps
    }

    /// The shape of a schema below the references `above`.
    pub(in crate::importer) fn shape(
        &mut self,
        source: &[&'d Value],
        above: &[&'d str],
        at: &str,
    ) -> Shape<'d> {
        let mut trail = above.to_vec();
        self.above = above.len();
        let mut missing: Vec<(&'d str, Source<'d>)> = Vec::new();
        let mut shape = match source {
            [only] => self.one(only, &mut trail, at, Hops::default()),
            several => self.one_of(several, &mut trail, at, Hops::default()),
        };
        keywords::infer_kind(&mut shape);
        // A member may be demanded and nowhere described.
        for name in shape
            .required
            .iter()
            .filter(|_| !shape.properties.is_empty())
        {
            if !shape.properties.iter().any(|(known, _)| known == name) {
                missing.push((*name, Vec::new()));
            }
        }
        shape.properties.extend(missing);
        shape
    }

    fn spend(&mut self) -> bool {
        let left = self.steps > 0 && self.steps_of_one > 0;
        self.steps = self.steps.saturating_sub(1);
        self.steps_of_one = self.steps_of_one.saturating_sub(1);
        left
    }

    /// What has many members or choices costs its operation more: each of them is compared with
    /// those of the parts around it.
    fn charge_for(&mut self, schema: &Map<String, Value>, shape: &Shape<'_>) {
        let choices = schema.get("enum").and_then(Value::as_array);
        let choices = choices.map_or(0, |choices| choices.len().min(MOST_CHOICES));
        let compared = shape.properties.len() + shape.required.len() + choices;
        self.steps_of_one = self.steps_of_one.saturating_sub(compared / 2);
        self.steps = self.steps.saturating_sub(compared / 2);
    }

    fn one(
        &mut self,
        value: &'d Value,
        trail: &mut Vec<&'d str>,
        at: &str,
        hops: Hops,
    ) -> Shape<'d> {
        if hops.count > MOST_HOPS || !self.spend() {
            self.report
                .lose(Loss::TooLarge, at, "too many references and parts");
            return Shape::unknown();
        }
        let Value::Object(schema) = value else {
            return Shape::default();
        };
        let mut shape = keywords::own(schema, self.document.dialect, at, self.report);
        self.charge_for(schema, &shape);
        if let Some(Value::String(pattern)) = schema.get("pattern") {
            self.pattern(pattern, &mut shape, at);
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.referenced(reference, trail, at, hops);
            combine::both(&mut shape, target);
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            let Some(Value::Array(parts)) = schema.get(key) else {
                continue;
            };
            if parts.len() > MOST_PARTS {
                self.report.lose(
                    Loss::TooLarge,
                    at,
                    format!("{key} of {} parts", parts.len()),
                );
            }
            let parts: Vec<&'d Value> = parts.iter().take(MOST_PARTS).collect();
            if key == "allOf" {
                let hops = hops.into_parts(parts.len());
                for part in parts {
                    let part = self.one(part, trail, at, hops);
                    combine::both(&mut shape, part);
                }
            } else {
                let chosen = self.one_of(&parts, trail, at, hops.into_parts(1));
                combine::both(&mut shape, chosen);
            }
        }
        keywords::infer_kind(&mut shape);
        shape
    }

    fn pattern(&mut self, pattern: &'d str, shape: &mut Shape<'d>, at: &str) {
        if pattern.len() <= keywords::LONGEST_PATTERN && self.patterns.is_good(pattern) {
            shape.words.insert("pattern".into(), pattern.into());
        } else {
            self.report.lose(Loss::BrokenKeyword, at, "pattern");
        }
    }

    fn one_of(
        &mut self,
        parts: &[&'d Value],
        trail: &mut Vec<&'d str>,
        at: &str,
        hops: Hops,
    ) -> Shape<'d> {
        let shapes = parts
            .iter()
            .map(|part| self.one(part, trail, at, hops))
            .collect();
        combine::any(shapes, at, self.report)
    }

    fn referenced(
        &mut self,
        reference: &'d str,
        trail: &mut Vec<&'d str>,
        at: &str,
        hops: Hops,
    ) -> Shape<'d> {
        // What things and the things in them have in common is no circle.
        let above = if hops.is_base { self.above } else { 0 };
        let before = trail[above..].iter().filter(|one| **one == reference);
        let rounds = before.count();
        if rounds > 0 {
            self.report.lose(Loss::Recursion, at, reference);
        }
        if rounds > 1 {
            return Shape::unknown();
        }
        let target = match self.document.follow(reference) {
            Target::Found(target) => target,
            Target::External => {
                self.report.lose(Loss::ExternalReference, at, reference);
                return Shape::unknown();
            }
            Target::Nowhere => {
                self.report.lose(Loss::DanglingReference, at, reference);
                return Shape::unknown();
            }
        };
        trail.push(reference);
        let mut shape = self.one(target, trail, at, hops.into_parts(1));
        trail.pop();
        if !hops.is_base && !shape.references.contains(&reference) {
            shape.references.push(reference);
        }
        if rounds > 0 {
            shape.keep_required();
        }
        if self.document.dialect == Dialect::Discovery {
            shape.is_read_only = false;
        }
        shape
    }
}
