//! Weaves the meter into a syntax tree, so that every way in which a program can go on for long, or
//! make something large, passes it. What the tree means stays as it was.
//!
//! Three rules hold whatever the program. Every call of a definition and every further output of
//! anything that has several takes a step, so that between two steps there is no more work than the
//! source is long. Every value that is put together is looked through once, which takes steps for all
//! of its parts: a value whose shared parts would make it huge where it is written out never comes
//! about. And every function of jaq's that looks at a whole value pays for it first.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::path::{Opt, Part, Path};

use super::natives::{INDEX, KEY, TICK, TOP, WHOLE, of_cmp, of_math};

/// Holds the right side of an update; no source can write such a name.
const VALUE: &str = "$!";

pub(super) fn definition(definition: Def<&str>) -> Def<&str> {
    let Def { name, args, body } = definition;
    Def {
        name,
        args,
        body: tick(term(body)),
    }
}

/// The guarded form of a term.
pub(super) fn term(given: Term<&str>) -> Term<&str> {
    match given {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Break(_) | Term::Arr(None) => given,
        Term::Recurse => pipe(pipe(call(WHOLE), Term::Recurse), call(TICK)),
        Term::Str(format, parts) => Term::Str(format, parts.into_iter().map(part).collect()),
        Term::Arr(Some(items)) => pipe(Term::Arr(Some(Box::new(term(*items)))), call(WHOLE)),
        Term::Obj(members) if members.is_empty() => Term::Obj(members),
        Term::Obj(members) => {
            let members = members.into_iter().map(|(key, value)| match value {
                Some(value) => (guarded_key(key), Some(term(value))),
                None => (key, None),
            });
            pipe(Term::Obj(members.collect()), call(WHOLE))
        }
        Term::Neg(of) => Term::Neg(Box::new(term(*of))),
        Term::BinOp(left, op, right) => operation(*left, op, *right),
        Term::Label(name, of) => Term::Label(name, Box::new(term(*of))),
        Term::Fold(kind, over, name, parts) => {
            let parts = parts.into_iter().map(|part| tick(term(part)));
            Term::Fold(kind, Box::new(term(*over)), pattern(name), parts.collect())
        }
        Term::TryCatch(tried, caught) => Term::TryCatch(
            Box::new(term(*tried)),
            caught.map(|caught| Box::new(term(*caught))),
        ),
        Term::IfThenElse(cases, other) => {
            let cases = cases
                .into_iter()
                .map(|(when, then)| (term(when), term(then)));
            let other = other.map(|other| Box::new(term(*other)));
            Term::IfThenElse(cases.collect(), other)
        }
        Term::Def(definitions, of) => {
            let definitions = definitions.into_iter().map(definition);
            Term::Def(definitions.collect(), Box::new(term(*of)))
        }
        Term::Call(name, arguments) => Term::Call(name, arguments.into_iter().map(term).collect()),
        Term::Path(of, Path(parts)) => path(term(*of), parts),
    }
}

fn operation<'s>(
    left: Term<&'s str>,
    op: BinaryOp<&'s str>,
    right: Term<&'s str>,
) -> Term<&'s str> {
    let binary = |left, op, right| Term::BinOp(Box::new(left), op, Box::new(right));
    match op {
        BinaryOp::Pipe(name) => binary(
            term(left),
            BinaryOp::Pipe(name.map(pattern)),
            tick(term(right)),
        ),
        BinaryOp::Comma | BinaryOp::Alt | BinaryOp::Or | BinaryOp::And => {
            binary(term(left), op, tick(term(right)))
        }
        BinaryOp::Math(op) => Term::Call(of_math(op), vec![term(left), term(right)]),
        // Looking at one that is small ends soon.
        BinaryOp::Cmp(op) if is_small(&left) || is_small(&right) => {
            binary(term(left), BinaryOp::Cmp(op), term(right))
        }
        BinaryOp::Cmp(op) => Term::Call(of_cmp(op), vec![term(left), term(right)]),
        // `p = f` is `f as $v | p |= $v`: each place that it goes to takes the steps of its parts.
        BinaryOp::Assign => assign(left, right, |_| pipe(Term::Var(VALUE), call(WHOLE))),
        BinaryOp::UpdateMath(op) => assign(left, right, |of| {
            let sum = Term::Call(of_math(op), vec![of, Term::Var(VALUE)]);
            pipe(sum, call(WHOLE))
        }),
        BinaryOp::UpdateAlt => assign(left, right, |of| {
            let value = pipe(Term::Var(VALUE), call(WHOLE));
            binary(of, BinaryOp::Alt, value)
        }),
        BinaryOp::Update => {
            let update = pipe(tick(term(right)), call(WHOLE));
            pipe(call(TOP), binary(term(left), BinaryOp::Update, update))
        }
    }
}

fn assign<'s>(
    place: Term<&'s str>,
    value: Term<&'s str>,
    made: impl FnOnce(Term<&'s str>) -> Term<&'s str>,
) -> Term<&'s str> {
    let update = tick(made(Term::Id));
    let update = Term::BinOp(Box::new(term(place)), BinaryOp::Update, Box::new(update));
    let bound = BinaryOp::Pipe(Some(Pattern::Var(VALUE)));
    Term::BinOp(
        Box::new(term(value)),
        bound,
        Box::new(pipe(call(TOP), update)),
    )
}

/// Each part that has several outputs takes a step for each, and what is copied is paid for.
fn path<'s>(of: Term<&'s str>, parts: Vec<(Part<Term<&'s str>>, Opt)>) -> Term<&'s str> {
    let mut whole = of;
    let mut plain = Vec::new();
    for (part, opt) in parts {
        match part {
            Part::Index(index) => plain.push((Part::Index(guarded_index(index)), opt)),
            Part::Range(None, None) => {
                plain.push((Part::Range(None, None), opt));
                whole = pipe(with_path(whole, &mut plain), call(TICK));
            }
            Part::Range(from, to) => {
                whole = pipe(with_path(whole, &mut plain), call(TOP));
                plain.push((Part::Range(from.map(term), to.map(term)), opt));
            }
        }
    }
    with_path(whole, &mut plain)
}

fn with_path<'s>(of: Term<&'s str>, parts: &mut Vec<(Part<Term<&'s str>>, Opt)>) -> Term<&'s str> {
    if parts.is_empty() {
        return of;
    }
    Term::Path(Box::new(of), Path(std::mem::take(parts)))
}

fn part<'s>(part: StrPart<&'s str, Term<&'s str>>) -> StrPart<&'s str, Term<&'s str>> {
    match part {
        StrPart::Str(_) | StrPart::Char(_) => part,
        StrPart::Term(of) => StrPart::Term(pipe(term(of), call(WHOLE))),
    }
}

fn pattern(given: Pattern<&str>) -> Pattern<&str> {
    match given {
        Pattern::Var(_) => given,
        Pattern::Arr(items) => Pattern::Arr(items.into_iter().map(pattern).collect()),
        Pattern::Obj(members) => {
            let members = members.into_iter();
            Pattern::Obj(
                members
                    .map(|(key, name)| {
                        let key = if matches!(key, Term::Var(_)) {
                            key
                        } else {
                            guarded_key(key)
                        };
                        (key, pattern(name))
                    })
                    .collect(),
            )
        }
    }
}

fn guarded_key(key: Term<&str>) -> Term<&str> {
    match key {
        Term::Str(..) => term(key),
        _ => pipe(term(key), call(KEY)),
    }
}

fn guarded_index(index: Term<&str>) -> Term<&str> {
    match index {
        Term::Str(..) | Term::Num(_) => term(index),
        _ => pipe(term(index), call(INDEX)),
    }
}

fn is_small(term: &Term<&str>) -> bool {
    match term {
        Term::Num(_) | Term::Arr(None) => true,
        Term::Str(_, parts) => parts.iter().all(|part| !matches!(part, StrPart::Term(_))),
        Term::Obj(members) => members.is_empty(),
        Term::Call(name, arguments) => {
            arguments.is_empty() && matches!(*name, "null" | "true" | "false" | "length" | "type")
        }
        Term::Neg(of) => is_small(of),
        _ => false,
    }
}

/// `!tick | term`
pub(super) fn tick(term: Term<&str>) -> Term<&str> {
    pipe(call(TICK), term)
}

pub(super) fn call(name: &str) -> Term<&str> {
    Term::Call(name, Vec::new())
}

pub(super) fn pipe<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}
