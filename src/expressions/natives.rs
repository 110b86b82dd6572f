//! The functions that [`super::guard`] weaves into programs, and those of ours that stand in place of
//! jaq's where one call of these could take any time or memory.

use std::cmp::Ordering;

use jaq_core::box_iter::box_once;
use jaq_core::native::{Filter, Fun, bome, run, v};
use jaq_core::ops::{Cmp, Math};
use jaq_core::{Cv, Error, Exn, Native, RunPtr, ValR, ValXs};
use jaq_json::{Map, Val};
use serde_json::Value;

use super::convert::{to_json, to_val};
use super::functions;
use super::meter::{Kind, Meter};
use super::operators::{compare, math};

/// Longest path of `getpath` and `setpath`: each item nests a value deeper.
const LONGEST_PATH: usize = 256;
const LONGEST_REGEX: usize = 500;
/// How often a part of a regular expression is repeated by number.
const MOST_REPEATED: usize = 1_000;
/// Bytes that a function of ours may give.
const LARGEST_OF_FUNCTION: usize = 128 * 1024 * 1024;

/// Names that no expression can write, so that only ours call them.
pub(super) const TICK: &str = "!tick";
pub(super) const TOP: &str = "!top";
pub(super) const WHOLE: &str = "!whole";
pub(super) const PAIR: &str = "!pair";
pub(super) const REGEX: &str = "!regex";
pub(super) const KEY: &str = "!key";
pub(super) const INDEX: &str = "!index";
pub(super) const PATH: &str = "_path";
pub(super) const CALL: &str = "!call";

/// The name of an arithmetic operator's function.
pub(super) const fn of_math(op: Math) -> &'static str {
    match op {
        Math::Add => "!add",
        Math::Sub => "!sub",
        Math::Mul => "!mul",
        Math::Div => "!div",
        Math::Rem => "!rem",
    }
}

/// The name of a comparison's function.
pub(super) const fn of_cmp(op: Cmp) -> &'static str {
    match op {
        Cmp::Lt => "!lt",
        Cmp::Le => "!le",
        Cmp::Gt => "!gt",
        Cmp::Ge => "!ge",
        Cmp::Eq => "!eq",
        Cmp::Ne => "!ne",
    }
}

type Own = Filter<RunPtr<Kind>>;

/// A function that gives its input unless a bound is broken; paths and updates pass through it. A
/// macro, since jaq takes functions that hold nothing.
macro_rules! passing {
    ($name:expr, $take:expr) => {{
        let native = Native::new(|cv: Cv<'_, Kind>| {
            let taken = $take(*cv.0.data(), &cv.1);
            bome(taken.map(|()| cv.1))
        });
        let native = native.with_paths(|cv| match $take(*cv.0.data(), &cv.1.0) {
            Ok(()) => box_once(Ok(cv.1)),
            Err(error) => box_once(Err(Exn::from(error))),
        });
        let native = native.with_update(|cv, update| match $take(*cv.0.data(), &cv.1) {
            Ok(()) => update(cv.1),
            Err(error) => box_once(Err(Exn::from(error))),
        });
        ($name, v(0), native)
    }};
}

/// All of them.
pub(super) fn all() -> impl Iterator<Item = Fun<Kind>> {
    let guards = [
        passing!(TICK, |meter: &Meter<'_>, _: &Val| meter.take(1)),
        passing!(TOP, Meter::top),
        passing!(WHOLE, Meter::whole),
    ];
    let others = [checks(), operators(), replaced()];
    let others = others.into_iter().flatten().map(run::<Kind>);
    guards.into_iter().chain(others)
}

/// They give their input where it may be used as what they are named after.
fn checks() -> Vec<Own> {
    vec![
        (KEY, v(0), |cv| {
            let is_text = matches!(cv.1, Val::TStr(_));
            let fault = || Error::str("the key of an object must be a text");
            bome(is_text.then_some(cv.1).ok_or_else(fault))
        }),
        (INDEX, v(0), |cv| {
            let is_list = matches!(cv.1, Val::Arr(_));
            let fault = || Error::str("an index must be a number or a text");
            bome((!is_list).then_some(cv.1).ok_or_else(fault))
        }),
        (PATH, v(0), |cv| {
            let is_short = matches!(&cv.1, Val::Arr(path) if path.len() <= LONGEST_PATH);
            let fault = || Error::str("a path must be an array of 256 items at most");
            bome(is_short.then_some(cv.1).ok_or_else(fault))
        }),
        (PAIR, v(1), |mut cv| {
            let other = cv.0.pop_var();
            bome(pair(cv.0.data(), &cv.1, &other).map(|()| cv.1))
        }),
        (REGEX, v(1), |mut cv| {
            let regex = cv.0.pop_var();
            bome(check_regex(cv.0.data(), &cv.1, &regex).map(|()| cv.1))
        }),
    ]
}

/// Every part of one may be held against every part of the other.
fn pair(meter: &Meter<'_>, one: &Val, other: &Val) -> Result<(), Error<Val>> {
    meter.whole(one)?;
    meter.whole(other)?;
    match (one, other) {
        (Val::Arr(one), Val::Arr(other)) => {
            meter.bytes(one.len().saturating_mul(other.len()).saturating_mul(8))
        }
        (Val::TStr(one), Val::TStr(other)) => {
            meter.bytes(one.len().saturating_mul(other.len().min(64)))
        }
        _ => Ok(()),
    }
}

/// The engine takes time by the length of the expression times that of the text.
fn check_regex(meter: &Meter<'_>, text: &Val, regex: &Val) -> Result<(), Error<Val>> {
    let (Val::TStr(text), Val::TStr(regex)) = (text, regex) else {
        return Ok(());
    };
    let regex = String::from_utf8_lossy(regex);
    let repeated = repetitions(&regex);
    if regex.len() > LONGEST_REGEX || repeated > MOST_REPEATED {
        return Err(Error::str("the regular expression is too large"));
    }
    let size = regex.len().saturating_mul(repeated) / 4;
    meter.bytes(text.len().saturating_mul(1 + size))
}

/// The product of the numbers in `{2,30}` and their like, as if each stood in the next.
fn repetitions(regex: &str) -> usize {
    let counts = regex.split('{').skip(1).map(|rest| {
        let count = rest.split('}').next().unwrap_or_default();
        let numbers = count
            .split(',')
            .filter_map(|number| number.trim().parse().ok());
        numbers.max().unwrap_or(1_usize).max(1)
    });
    counts.fold(1, usize::saturating_mul)
}

macro_rules! math {
    ($op:expr) => {
        (of_math($op), v(2), |mut cv| {
            let right = cv.0.pop_var();
            let left = cv.0.pop_var();
            bome(math(*cv.0.data(), $op, left, right))
        })
    };
}

macro_rules! compare {
    ($op:expr) => {
        (of_cmp($op), v(2), |mut cv| {
            let right = cv.0.pop_var();
            let left = cv.0.pop_var();
            bome(compare(*cv.0.data(), $op, &left, &right))
        })
    };
}

fn operators() -> Vec<Own> {
    vec![
        math!(Math::Add),
        math!(Math::Sub),
        math!(Math::Mul),
        math!(Math::Div),
        math!(Math::Rem),
        compare!(Cmp::Lt),
        compare!(Cmp::Le),
        compare!(Cmp::Gt),
        compare!(Cmp::Ge),
        compare!(Cmp::Eq),
        compare!(Cmp::Ne),
    ]
}

/// What jaq has as well, and what is ours alone.
fn replaced() -> Vec<Own> {
    vec![
        ("now", v(0), |cv| bome(Ok(Val::from(cv.0.data().now)))),
        ("fromjson", v(0), |cv| bome(from_json(cv.0.data(), &cv.1))),
        ("add", v(0), |cv| bome(sum(cv.0.data(), cv.1))),
        ("from_entries", v(0), |cv| {
            bome(from_entries(cv.0.data(), &cv.1))
        }),
        ("join", v(1), |mut cv| {
            let between = cv.0.pop_var();
            bome(join(cv.0.data(), &cv.1, &between))
        }),
        ("range", v(3), |mut cv| {
            let by = cv.0.pop_var();
            let to = cv.0.pop_var();
            let from = cv.0.pop_var();
            range(cv.0.data(), from, to, by)
        }),
        (CALL, v(2), |mut cv| {
            let arguments = cv.0.pop_var();
            let index = cv.0.pop_var();
            bome(call(cv.0.data(), &index, &arguments, &cv.1))
        }),
    ]
}

/// By our own parser, which knows an end to nesting.
fn from_json(meter: &Meter<'_>, text: &Val) -> ValR<Val> {
    let Val::TStr(text) = text else {
        return Err(Error::str("fromjson reads a text"));
    };
    meter.bytes(text.len().saturating_mul(2))?;
    let value: Value =
        serde_json::from_slice(text).map_err(|_| Error::str("the text is no JSON"))?;
    Ok(to_val(&value, &mut 0))
}

/// `reduce .[] as $x (null; . + $x)`, without copying what there is for every item.
fn sum(meter: &Meter<'_>, value: Val) -> ValR<Val> {
    let items: Vec<Val> = match value {
        Val::Arr(items) => items.to_vec(),
        Val::Obj(members) => members.values().cloned().collect(),
        _ => return Err(Error::str("add takes an array or an object")),
    };
    let are_texts = !items.is_empty() && items.iter().all(|item| matches!(item, Val::TStr(_)));
    if are_texts {
        return join(meter, &items.into_iter().collect(), &Val::utf8_str(""));
    }
    if !items.is_empty() && items.iter().all(|item| matches!(item, Val::Arr(_))) {
        let mut all = Vec::new();
        for item in items {
            meter.top(&item)?;
            if let Val::Arr(inner) = item {
                all.extend(inner.iter().cloned());
            }
        }
        return Ok(all.into_iter().collect());
    }
    let mut items = items.into_iter();
    let Some(first) = items.next() else {
        return Ok(Val::Null);
    };
    items.try_fold(first, |sum, item| math(meter, Math::Add, sum, item))
}

fn join(meter: &Meter<'_>, items: &Val, between: &Val) -> ValR<Val> {
    let (Val::Arr(items), Val::TStr(between)) = (items, between) else {
        return Err(Error::str(
            "join takes an array, and a text to stand between its items",
        ));
    };
    let mut text: Vec<u8> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        meter.whole(item)?;
        meter.top(&Val::TStr(between.clone()))?;
        if index > 0 {
            text.extend_from_slice(between);
        }
        match item {
            Val::TStr(item) => text.extend_from_slice(item),
            Val::Null => {}
            Val::Bool(_) | Val::Num(_) => text.extend_from_slice(item.to_string().as_bytes()),
            Val::BStr(_) | Val::Arr(_) | Val::Obj(_) => {
                return Err(Error::str("join takes texts, numbers and booleans"));
            }
        }
    }
    Ok(Val::utf8_str(text))
}

/// Entries under any of the names that jq takes.
fn from_entries(meter: &Meter<'_>, entries: &Val) -> ValR<Val> {
    let Val::Arr(entries) = entries else {
        return Err(Error::str("from_entries takes an array of objects"));
    };
    let mut members = Map::default();
    for entry in entries.iter() {
        meter.take(2)?;
        let Val::Obj(entry) = entry else {
            return Err(Error::str("from_entries takes an array of objects"));
        };
        let find = |names: &[&str]| {
            let mut found = names
                .iter()
                .map(|name| entry.get(&Val::utf8_str((*name).to_owned())));
            found.find_map(|value| value.filter(|value| !matches!(value, Val::Null)).cloned())
        };
        let key = match find(&["key", "k", "name", "Name", "Key", "K"]) {
            Some(Val::TStr(key)) => Val::TStr(key),
            Some(key @ (Val::Bool(_) | Val::Num(_))) => Val::utf8_str(key.to_string()),
            Some(_) | None => return Err(Error::str("an entry has no key")),
        };
        let value = find(&["value", "v", "Value", "V"]);
        members.insert(key, value.unwrap_or_default());
    }
    Ok(Val::obj(members))
}

/// `range` of jaq, a step for each number.
fn range<'a>(meter: &'a Meter<'a>, from: Val, to: Val, by: Val) -> ValXs<'a, Val> {
    let numbers = [&from, &to, &by];
    if !numbers.iter().all(|value| matches!(value, Val::Num(_))) {
        return bome(Err(Error::str("range takes numbers")));
    }
    let direction = by.cmp(&Val::from(0_usize));
    let mut at = Some(from);
    Box::new(std::iter::from_fn(move || {
        let current = at.take()?;
        let is_in = match direction {
            Ordering::Greater => current < to,
            Ordering::Less => current > to,
            Ordering::Equal => current != to,
        };
        if !is_in {
            return None;
        }
        if let Err(error) = meter.take(1) {
            return Some(Err(Exn::from(error)));
        }
        match math(meter, Math::Add, current.clone(), by.clone()) {
            Ok(next) => at = Some(next),
            Err(error) => return Some(Err(Exn::from(error))),
        }
        Some(Ok(current))
    }))
}

fn call(meter: &Meter<'_>, index: &Val, arguments: &Val, input: &Val) -> ValR<Val> {
    let index = match index {
        Val::Num(index) => index
            .as_isize()
            .and_then(|index| usize::try_from(index).ok()),
        _ => None,
    };
    let function = index.and_then(|index| functions::ALL.get(index));
    let function = function.ok_or_else(|| Error::str("a function is not there"))?;
    let mut left = LARGEST_OF_FUNCTION;
    let mut json = |value: &Val| to_json(value, &mut left).map_err(Error::str);
    let arguments = match arguments {
        Val::Arr(arguments) => arguments
            .iter()
            .map(&mut json)
            .collect::<Result<Vec<_>, _>>()?,
        _ => Vec::new(),
    };
    let made = (function.run)(&json(input)?, &arguments)
        .map_err(|cause| Error::str(format_args!("{}: {cause}", function.name)))?;
    let mut size = 0;
    let made = to_val(&made, &mut size);
    meter.bytes(size)?;
    Ok(made)
}
