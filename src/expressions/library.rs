//! The functions that an expression may call: jaq's, each behind a guard, without those that reach
//! outside of the input; and ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jaq_core::Bind;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::native::Fun;
use jaq_core::path::{Part, Path};

use super::functions;
use super::guard::{self, call, pipe, tick};
use super::meter::Kind;
use super::natives::{self, CALL, PAIR, REGEX, TOP, WHOLE};

/// What a function of jaq's pays before it is called.
#[derive(Clone, Copy)]
enum Price {
    Top,
    Whole,
    /// Its input and its first argument.
    Pair,
    Regex,
}

/// The functions of jaq's own code that are there; all others are not.
const NATIVES: &[(&[&str], Price)] = &[
    (
        &[
            "floor",
            "round",
            "ceil",
            "utf8bytelength",
            "length",
            "has",
            "keys_unsorted",
            "key_values",
            "startswith",
            "endswith",
            "ltrimstr",
            "rtrimstr",
            "trim",
            "ltrim",
            "rtrim",
            "explode",
            "implode",
            "ascii_downcase",
            "ascii_upcase",
            "reverse",
            "escape_sh",
            "escape_html",
            "unescape_html",
            "encode_uri",
            "decode_uri",
            "encode_base64",
            "decode_base64",
            "fromdateiso8601",
            "todateiso8601",
            "strftime",
            "gmtime",
            "strptime",
            "mktime",
            "error_empty",
            "first",
            "last",
            "limit",
            "skip",
            "path",
            "path_value",
        ],
        Price::Top,
    ),
    (
        &[
            "acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "exp",
            "exp10", "exp2", "fabs", "log", "log10", "log2", "sin", "sinh", "sqrt", "tan", "tanh",
            "trunc", "atan2", "fmax", "fmin", "fmod", "hypot", "pow",
        ],
        Price::Top,
    ),
    (
        &[
            "tojson",
            "sort",
            "sort_by",
            "group_by",
            "min_by_or_empty",
            "max_by_or_empty",
            "bsearch",
        ],
        Price::Whole,
    ),
    (&["contains", "indices"], Price::Pair),
    (&["matches", "split_matches", "split_"], Price::Regex),
];

/// Definitions of jaq's that are left out: they reach outside, or ours take their place.
const LEFT_OUT: &[&str] = &[
    "halt",
    "halt_error",
    "stderr",
    "debug",
    "add",
    "join",
    "from_entries",
    "getpath",
    "logb",
    "significand",
    "drem",
    "nexttoward",
    "scalb",
    "gamma",
    "frexp",
];

/// Definitions in place of jaq's, and some that jq has and jaq has not.
const OURS: &str = r"
def getpath($path): ($path | _path) as $short | reduce $short[] as $p (.; .[$p]);
def add(f): [f] | add;
def ascii: [.] | implode;
def todate: todateiso8601;
def fromdate: fromdateiso8601;
def date: todate;
def dateadd($seconds): fromdate + $seconds | todate;
def IN(s): . as $x | any(s; . == $x);
def IN(src; s): any(src == s; .);
def INDEX(f): map({key: (f | tostring), value: .}) | from_entries;
def group(f): group_by(f);
def to_array: if isarray then . else [.] end;
def have_literal_numbers: true;
";

/// Everything that an expression may call, and what it is made of.
pub(super) struct Library {
    /// In the order in which they may call one another, guarded.
    definitions: Vec<Def<&'static str>>,
    /// Name and number of arguments → the last definition, or none for a function in Rust.
    public: BTreeMap<(&'static str, usize), Option<usize>>,
}

impl Library {
    /// The library, made once.
    pub(super) fn get() -> &'static Self {
        static LIBRARY: OnceLock<Library> = OnceLock::new();
        LIBRARY.get_or_init(Self::new)
    }

    fn new() -> Self {
        let mut library = Self {
            definitions: Vec::new(),
            public: BTreeMap::new(),
        };
        for (name, arguments, _) in natives::all() {
            if !name.starts_with(['!', '_']) {
                library.public.insert((name, arguments.len()), None);
            }
        }
        for ((name, arguments, _), price) in natives_of_jaq() {
            library.define(wrapped(name, &arguments, price));
        }
        let ours = jaq_core::load::parse(OURS, |parser| parser.defs()).unwrap_or_default();
        let (before, after): (Vec<_>, Vec<_>) =
            ours.into_iter().partition(|own| own.name == "getpath");
        let core: Vec<_> = jaq_core::defs().collect();
        let of_jaq = core
            .into_iter()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs())
            .filter(|own| !LEFT_OUT.contains(&own.name));
        for definition in before.into_iter().chain(of_jaq).chain(after) {
            library.define(guard::definition(definition));
        }
        for (index, function) in functions::ALL.iter().enumerate() {
            library.define(of_function(index, function));
        }
        library
    }

    fn define(&mut self, definition: Def<&'static str>) {
        let key = (definition.name, definition.args.len());
        self.public.insert(key, Some(self.definitions.len()));
        self.definitions.push(definition);
    }

    /// Whether an expression may call it.
    pub(super) fn has(&self, name: &str, arguments: usize) -> bool {
        self.public.contains_key(&(name, arguments))
    }

    /// With how many arguments a function may be called.
    pub(super) fn arities(&self, name: &str) -> Vec<usize> {
        let all = self.public.keys().filter(|(own, _)| *own == name);
        all.map(|(_, arguments)| *arguments).collect()
    }

    /// The names of all functions.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.public.keys().map(|(name, _)| *name)
    }

    /// The definitions that a program needs which makes these calls, in order.
    pub(super) fn needed(&self, calls: BTreeSet<(String, usize)>) -> Vec<Def<&'static str>> {
        let mut needed = BTreeSet::new();
        let mut open: Vec<(String, usize, usize)> = calls
            .into_iter()
            .map(|(name, arguments)| (name, arguments, usize::MAX))
            .collect();
        while let Some((name, arguments, before)) = open.pop() {
            // A definition calls what stands before it, or itself.
            let found = self
                .definitions
                .iter()
                .enumerate()
                .rev()
                .find(|(index, own)| {
                    *index <= before && own.name == name && own.args.len() == arguments
                });
            let Some((index, found)) = found else {
                continue;
            };
            if needed.insert(index) {
                let mut inner = BTreeSet::new();
                calls_of(&found.body, &mut inner);
                open.extend(
                    inner
                        .into_iter()
                        .map(|(name, number)| (name, number, index)),
                );
            }
        }
        let wanted = self.definitions.iter().enumerate();
        wanted
            .filter(|(index, _)| needed.contains(index))
            .map(|(_, definition)| definition.clone())
            .collect()
    }
}

/// The functions in Rust, under the names by which definitions call them.
pub(super) fn natives() -> impl Iterator<Item = Fun<Kind>> {
    let of_jaq =
        natives_of_jaq().map(|((name, arguments, native), _)| (hidden(name), arguments, native));
    natives::all().chain(of_jaq)
}

fn natives_of_jaq() -> impl Iterator<Item = (Fun<Kind>, Price)> {
    let all = jaq_core::funs()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs());
    all.filter_map(|native| {
        let mut listed = NATIVES.iter();
        let (_, price) = listed.find(|(names, _)| names.contains(&native.0))?;
        Some((native, *price))
    })
}

/// `sort` is `!sort` behind its guard.
fn hidden(name: &'static str) -> &'static str {
    static HIDDEN: OnceLock<BTreeMap<&'static str, &'static str>> = OnceLock::new();
    let all = HIDDEN.get_or_init(|| {
        let names = NATIVES.iter().flat_map(|(names, _)| *names);
        names
            .map(|name| (*name, &*Box::leak(format!("!{name}").into_boxed_str())))
            .collect()
    });
    all.get(name).copied().unwrap_or(name)
}

const VALUES: [&str; 3] = ["$first", "$second", "$third"];
const FILTERS: [&str; 3] = ["first", "second", "third"];

fn wrapped(name: &'static str, arguments: &[Bind], price: Price) -> Def<&'static str> {
    let names: Vec<&'static str> = arguments
        .iter()
        .zip(VALUES.iter().zip(FILTERS))
        .map(|(kind, (value, filter))| match kind {
            Bind::Var(()) => *value,
            Bind::Fun(()) => filter,
        })
        .collect();
    let passed = names.iter().map(|name| match name.strip_prefix('$') {
        Some(_) => Term::Var(*name),
        None => call(name),
    });
    let own = Term::Call(hidden(name), passed.collect());
    let first = || vec![Term::Var(VALUES[0])];
    let price = match price {
        Price::Top => call(TOP),
        Price::Whole => call(WHOLE),
        Price::Pair => Term::Call(PAIR, first()),
        Price::Regex => Term::Call(REGEX, first()),
    };
    Def {
        name,
        args: names,
        body: pipe(price, own),
    }
}

fn of_function(index: usize, function: &functions::Function) -> Def<&'static str> {
    static NUMBERS: OnceLock<Vec<String>> = OnceLock::new();
    let numbers = NUMBERS.get_or_init(|| {
        (0..functions::ALL.len())
            .map(|one| one.to_string())
            .collect()
    });
    let names = VALUES[..function.arguments.min(VALUES.len())].to_vec();
    let given = names.iter().map(|name| Term::Var(*name));
    let given =
        given.reduce(|one, next| Term::BinOp(Box::new(one), BinaryOp::Comma, Box::new(next)));
    let given = Term::Arr(given.map(Box::new));
    let body = Term::Call(CALL, vec![Term::Num(numbers[index].as_str()), given]);
    Def {
        name: function.name,
        args: names,
        body: tick(pipe(call(WHOLE), body)),
    }
}

/// Every call that a term makes, whatever it means there.
pub(super) fn calls_of(term: &Term<&str>, calls: &mut BTreeSet<(String, usize)>) {
    let mut add = |name: &str, arguments: usize| {
        calls.insert((name.to_owned(), arguments));
    };
    match term {
        Term::Call(name, arguments) => add(name, arguments.len()),
        Term::Str(Some(format), _) => add(format, 0),
        // What jaq itself makes calls of.
        Term::Fold(..) | Term::TryCatch(..) => add("empty", 0),
        _ => {}
    }
    each_inner(term, &mut |inner| calls_of(inner, calls));
}

/// Visits the terms directly within a term.
pub(super) fn each_inner<'t, 's>(
    term: &'t Term<&'s str>,
    visit: &mut impl FnMut(&'t Term<&'s str>),
) {
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Var(_) | Term::Break(_) => {}
        Term::Str(_, parts) => {
            for part in parts {
                if let StrPart::Term(inner) = part {
                    visit(inner);
                }
            }
        }
        Term::Arr(items) => items.iter().for_each(|items| visit(items)),
        Term::Obj(members) => {
            for (key, value) in members {
                visit(key);
                value.iter().for_each(&mut *visit);
            }
        }
        Term::Neg(of) | Term::Label(_, of) => visit(of),
        Term::BinOp(left, op, right) => {
            visit(left);
            if let BinaryOp::Pipe(Some(name)) = op {
                each_in_pattern(name, visit);
            }
            visit(right);
        }
        Term::Fold(_, over, name, parts) => {
            visit(over);
            each_in_pattern(name, visit);
            parts.iter().for_each(visit);
        }
        Term::TryCatch(tried, caught) => {
            visit(tried);
            if let Some(caught) = caught {
                visit(caught);
            }
        }
        Term::IfThenElse(cases, other) => {
            for (when, then) in cases {
                visit(when);
                visit(then);
            }
            if let Some(other) = other {
                visit(other);
            }
        }
        Term::Def(definitions, of) => {
            for own in definitions {
                visit(&own.body);
            }
            visit(of);
        }
        Term::Call(_, arguments) => arguments.iter().for_each(visit),
        Term::Path(of, Path(parts)) => {
            visit(of);
            for (part, _) in parts {
                match part {
                    Part::Index(index) => visit(index),
                    Part::Range(from, to) => from.iter().chain(to).for_each(&mut *visit),
                }
            }
        }
    }
}

fn each_in_pattern<'t, 's>(
    pattern: &'t Pattern<&'s str>,
    visit: &mut impl FnMut(&'t Term<&'s str>),
) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(items) => {
            for item in items {
                each_in_pattern(item, visit);
            }
        }
        Pattern::Obj(members) => {
            for (key, name) in members {
                visit(key);
                each_in_pattern(name, visit);
            }
        }
    }
}
