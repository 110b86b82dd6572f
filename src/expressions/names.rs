//! What an expression takes of its input, as far as its text tells: by this a manifest's check finds
//! names that are not there.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::path::{Part, Path};

use super::library::each_inner;

/// What an expression takes of its input.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The members that it names.
    pub members: Vec<Name>,
    /// It may take any member, since it takes the input as a whole.
    pub whole: bool,
}

/// `.args.title` of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// `args`
    pub root: String,
    /// `title`; none where all of `.args` is taken.
    pub member: Option<String>,
    /// It is certainly the input's. Behind a pipe `.args` may be a member of anything.
    pub certain: bool,
}

impl Names {
    pub(super) fn of(term: &Term<&str>) -> Self {
        let mut names = Self::default();
        names.visit(term, true);
        names
    }

    /// `certain` tells whether `.` is the expression's input.
    fn visit(&mut self, term: &Term<&str>, certain: bool) {
        match term {
            Term::Id | Term::Recurse => self.whole |= certain,
            Term::Path(of, Path(parts)) => {
                if matches!(**of, Term::Id) {
                    self.add(parts, certain);
                } else {
                    self.visit(of, certain);
                }
                for (part, _) in parts {
                    match part {
                        Part::Index(index) => self.visit(index, certain),
                        Part::Range(from, to) => {
                            for bound in from.iter().chain(to) {
                                self.visit(bound, certain);
                            }
                        }
                    }
                }
            }
            Term::BinOp(left, BinaryOp::Pipe(None), right) => {
                let is_same = matches!(**left, Term::Id);
                if !is_same {
                    self.visit(left, certain);
                }
                self.visit(right, certain && is_same);
            }
            Term::BinOp(left, BinaryOp::Update, right) => {
                self.visit(left, certain);
                self.visit(right, false);
            }
            Term::Fold(_, over, _, parts) => {
                self.visit(over, certain);
                for (index, part) in parts.iter().enumerate() {
                    self.visit(part, certain && index == 0);
                }
            }
            Term::TryCatch(tried, caught) => {
                self.visit(tried, certain);
                if let Some(caught) = caught {
                    self.visit(caught, false);
                }
            }
            Term::Def(definitions, of) => {
                for definition in definitions {
                    self.visit(&definition.body, false);
                }
                self.visit(of, certain);
            }
            // What a function does with its arguments is its own affair; it sees its input as well.
            Term::Call(name, arguments) => {
                let is_constant = matches!(*name, "null" | "true" | "false" | "empty" | "now");
                self.whole |= certain && arguments.is_empty() && !is_constant;
                let passes = matches!(*name, "select" | "first" | "last" | "limit" | "any" | "all");
                self.whole |= certain && passes && arguments.len() == 1;
                for argument in arguments {
                    self.visit(argument, false);
                }
            }
            _ => each_inner(term, &mut |inner| self.visit(inner, certain)),
        }
    }

    fn add(&mut self, parts: &[(Part<Term<&str>>, jaq_core::path::Opt)], certain: bool) {
        let mut names = parts.iter().map(|(part, _)| match part {
            Part::Index(index) => text_of(index),
            Part::Range(..) => None,
        });
        let Some(Some(root)) = names.next() else {
            self.whole |= certain;
            return;
        };
        let member = names.next().flatten();
        self.members.push(Name {
            root,
            member,
            certain,
        });
    }
}

fn text_of(term: &Term<&str>) -> Option<String> {
    match term {
        Term::Str(None, parts) => match parts.as_slice() {
            [StrPart::Str(text)] => Some((*text).to_owned()),
            _ => None,
        },
        _ => None,
    }
}
