//! An expression, compiled: read, held against the functions that are there, guarded, and made a
//! program of jaq's.

use std::collections::BTreeSet;

use jaq_core::compile::Undefined;
use jaq_core::load::lex::{Lexer, Token};
use jaq_core::load::parse::{Def, Expect, Parser, Term};
use jaq_core::load::{Arena, File, Loader, span};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use serde_json::Value;

use super::Fault;
use super::convert::{Input, to_json};
use super::guard::{term, tick};
use super::library::{self, Library, calls_of, each_inner};
use super::meter::{Kind, Meter};
use super::names::Names;
use super::threads::StackEnd;
use crate::time::Timestamp;

/// In bytes.
const LONGEST_SOURCE: usize = 16 * 1024;
/// Brackets in brackets.
const DEEPEST_SOURCE: usize = 64;
/// Of an error's words.
const LONGEST_MESSAGE: usize = 300;
/// The program itself, as a definition.
const MAIN: &str = "main__";
/// What reaches outside of the input, or is for a terminal.
const REFUSED: [&str; 14] = [
    "env",
    "$ENV",
    "halt",
    "halt_error",
    "input",
    "inputs",
    "debug",
    "stderr",
    "input_filename",
    "input_line_number",
    "get_search_list",
    "localtime",
    "strflocaltime",
    "modulemeta",
];

/// A compiled expression.
pub(super) struct Program {
    filter: Filter<Kind>,
    pub(super) names: Names,
}

impl Program {
    /// Compiles a source; needs a large stack.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(super) fn compile(source: &str) -> Result<Self, Fault> {
        check_size(source)?;
        let tokens = Lexer::new(source).lex().map_err(|problems| {
            let (expected, rest) = &problems[0];
            fault(source, format!("{} is missing", expected.as_str()), rest)
        })?;
        let parsed = Parser::new(&tokens).parse(Parser::term);
        let parsed = parsed.map_err(|problems| {
            let (expected, found) = &problems[0];
            unexpected(source, expected, *found)
        })?;
        let mut own = Vec::new();
        check_calls(source, &parsed, &mut own)?;
        let names = Names::of(&parsed);
        let mut calls = BTreeSet::new();
        calls_of(&parsed, &mut calls);
        let guarded = tick(term(parsed));
        calls_of(&guarded, &mut calls);
        let main = Def {
            name: MAIN,
            args: Vec::new(),
            body: guarded,
        };
        let filter = link(source, main, calls)?;
        Ok(Self { filter, names })
    }

    /// Runs it once.
    ///
    /// # Errors
    /// Its own error, the bound that it broke, or that it gave several values.
    pub(super) fn run(
        &self,
        input: Input,
        now: Timestamp,
        stack: StackEnd,
    ) -> Result<Value, String> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "an instant has far fewer digits"
        )]
        let now = now.as_millis() as f64 / 1000.0;
        let meter = Meter::new(&self.filter.lut, stack, now);
        let mut left = input.most_output();
        let context = Ctx::<Kind>::new(&meter, Vars::new([]));
        let mut outputs = self.filter.id.run((context, input.value)).map(unwrap_valr);
        let first = outputs.next();
        let second = outputs.next();
        if let Some(bound) = meter.broken() {
            return Err(bound.to_owned());
        }
        match (first, second) {
            (None, _) => Ok(Value::Null),
            (Some(Ok(value)), None) => to_json(&value, &mut left),
            (Some(Ok(_)), Some(Ok(_))) => {
                Err("gives several values: collect them with [ ]".to_owned())
            }
            (Some(Err(error)), _) | (_, Some(Err(error))) => Err(words(&error)),
        }
    }
}

fn check_size(source: &str) -> Result<(), String> {
    if source.len() > LONGEST_SOURCE {
        return Err(format!(
            "the expression has {} bytes, more than {LONGEST_SOURCE}",
            source.len()
        ));
    }
    let mut depth = 0_usize;
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST_SOURCE {
            return Err(format!(
                "the expression has more than {DEEPEST_SOURCE} brackets in brackets"
            ));
        }
    }
    Ok(())
}

fn link(
    source: &str,
    main: Def<&str>,
    calls: BTreeSet<(String, usize)>,
) -> Result<Filter<Kind>, Fault> {
    let needed = Library::get().needed(calls);
    let arena = Arena::default();
    let file = File {
        code: MAIN,
        path: (),
    };
    let loader = Loader::new(needed.into_iter().chain([main]));
    let modules = loader
        .load(&arena, file)
        .map_err(|_| "cannot be loaded".to_owned())?;
    let compiler = Compiler::default().with_funs(library::natives());
    compiler.compile(modules).map_err(|problems| {
        let mut problems = problems.into_iter().flat_map(|(_, problems)| problems);
        problems.next().map_or_else(
            || Fault::from("cannot be compiled".to_owned()),
            |(name, kind)| match kind {
                Undefined::Filter(arguments) => fault(source, no_function(name, arguments), name),
                _ => fault(
                    source,
                    format!("there is no {} {name}", kind.as_str()),
                    name,
                ),
            },
        )
    })
}

/// Every call must be of a definition of the expression's own, or of the library.
fn check_calls<'t>(
    source: &str,
    term: &'t Term<&'t str>,
    own: &mut Vec<(&'t str, usize)>,
) -> Result<(), Fault> {
    let before = own.len();
    match term {
        Term::Call(name, arguments) => {
            let key = (*name, arguments.len());
            if !own.contains(&key) && !Library::get().has(name, arguments.len()) {
                return Err(fault(source, no_function(name, arguments.len()), name));
            }
        }
        Term::Str(Some(format), _) if !Library::get().has(format, 0) => {
            return Err(fault(source, no_function(format, 0), format));
        }
        Term::Def(definitions, of) => {
            for definition in definitions {
                own.push((definition.name, definition.args.len()));
                let inner = own.len();
                let names = definition.args.iter();
                own.extend(names.map(|name| (name.trim_start_matches('$'), 0)));
                check_calls(source, &definition.body, own)?;
                own.truncate(inner);
            }
            check_calls(source, of, own)?;
            own.truncate(before);
            return Ok(());
        }
        _ => {}
    }
    let mut outcome = Ok(());
    each_inner(term, &mut |inner| {
        if outcome.is_ok() {
            outcome = check_calls(source, inner, own);
        }
    });
    outcome
}

fn no_function(name: &str, arguments: usize) -> String {
    if REFUSED.contains(&name) {
        return format!("`{name}` is refused: an expression sees its input and nothing else");
    }
    let library = Library::get();
    let arities = library.arities(name);
    if !arities.is_empty() {
        let counts: Vec<String> = arities.iter().map(ToString::to_string).collect();
        return format!(
            "`{name}` takes {} arguments and not {arguments}",
            counts.join(" or ")
        );
    }
    let mut near: Vec<(usize, &str)> = library
        .names()
        .map(|other| (strsim::levenshtein(name, other), other))
        .filter(|(distance, _)| *distance <= 2)
        .collect();
    near.sort_unstable();
    match near.first() {
        Some((_, other)) => format!("there is no function `{name}`; `{other}` is one"),
        None => format!("there is no function `{name}`"),
    }
}

fn unexpected(source: &str, expected: &Expect<&str>, found: Option<&Token<&str>>) -> Fault {
    match found {
        Some(Token(text, _)) => {
            let shown: String = text.chars().take(20).collect();
            let message = format!("{} is missing before `{shown}`", expected.as_str());
            fault(source, message, text)
        }
        None => Fault {
            message: format!("{} is missing at the end", expected.as_str()),
            at: Some(source.trim_end().len()),
            place: String::new(),
        },
    }
}

/// What is wrong with a part of the source; a name may come from elsewhere.
fn fault(source: &str, message: String, part: &str) -> Fault {
    if !source.as_bytes().as_ptr_range().contains(&part.as_ptr()) && !part.is_empty() {
        return message.into();
    }
    let start = span(source, part).start;
    Fault {
        message,
        at: Some(start),
        place: place(source, start),
    }
}

/// In words; the line, if there are several.
fn place(source: &str, start: usize) -> String {
    let line = source
        .get(..start)
        .map_or(0, |before| before.matches('\n').count());
    if source.trim_end().contains('\n') {
        format!(" in line {} of the expression", line + 1)
    } else {
        format!(" at character {}", start + 1)
    }
}

/// The beginning of an error's words, which may quote values of any length.
fn words(error: &jaq_json::Error) -> String {
    struct Cut(String);
    impl std::fmt::Write for Cut {
        fn write_str(&mut self, part: &str) -> std::fmt::Result {
            let room = LONGEST_MESSAGE.saturating_sub(self.0.len());
            if part.len() <= room {
                self.0.push_str(part);
                return Ok(());
            }
            self.0.push_str(&part[..part.floor_char_boundary(room)]);
            self.0.push('…');
            Err(std::fmt::Error)
        }
    }
    let mut cut = Cut(String::new());
    let _ = std::fmt::write(&mut cut, format_args!("{error}"));
    let Cut(text) = cut;
    // A text is shown as JSON.
    serde_json::from_str::<String>(&text).unwrap_or(text)
}
