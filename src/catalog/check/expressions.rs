//! Rules for the jq in a manifest: that it compiles, and that what it names is there.

use std::collections::BTreeSet;

use super::Report;
use crate::catalog::manifest::ToolManifest;
use crate::expressions::Expression;

/// What requests are made of.
pub(super) const OF_REQUEST: &[&str] = &["args", "conn", "steps", "ctx", "item"];
/// What answers are read with.
pub(super) const OF_ANSWER: &[&str] =
    &["status", "headers", "body", "args", "steps", "conn", "ctx"];

/// What a tool's expressions may name, and which of its arguments they use.
pub(super) struct Scope<'t> {
    args: BTreeSet<&'t str>,
    /// The steps that were made before.
    pub(super) steps: Vec<&'t str>,
    /// Arguments that some expression uses.
    pub(super) used: BTreeSet<String>,
    /// An expression takes the arguments as a whole.
    pub(super) uses_all: bool,
}

impl<'t> Scope<'t> {
    pub(super) fn of(tool: &'t ToolManifest) -> Self {
        Self {
            args: tool.args.iter().map(|arg| arg.arg.as_str()).collect(),
            steps: Vec::new(),
            used: BTreeSet::new(),
            uses_all: false,
        }
    }

    /// Checks one expression; `roots` are the members of what it is given.
    pub(super) fn check(
        &mut self,
        at: &str,
        expression: &Expression,
        roots: &[&str],
        report: &mut Report<'_>,
    ) {
        let names = match expression.names() {
            Ok(names) => names,
            Err(problem) => {
                // What it would have used nobody knows.
                self.uses_all = true;
                return report.add_within(at, expression, &problem);
            }
        };
        self.uses_all |= names.whole;
        for name in &names.members {
            let root = name.root.as_str();
            if name.certain && !roots.contains(&root) {
                report.add(format!(
                    "{at}: .{root} is not there; it is given {}",
                    roots.join(", ")
                ));
            }
            match (root, &name.member) {
                ("args", None) => self.uses_all = true,
                ("args", Some(arg)) => {
                    let known = self.args.contains(arg.as_str());
                    report.require(known || !name.certain, || {
                        format!("{at}: .args.{arg} is no argument")
                    });
                    self.used.insert(arg.clone());
                }
                ("steps", Some(step)) => {
                    let known = self.steps.contains(&step.as_str());
                    report.require(known || !name.certain, || {
                        format!("{at}: .steps.{step} is no step before this one")
                    });
                }
                _ => {}
            }
        }
    }
}

/// Checks that an expression compiles, where what it is given depends on other expressions.
pub(super) fn compiles(at: &str, expression: &Expression, report: &mut Report<'_>) {
    if let Err(problem) = expression.names() {
        report.add_within(at, expression, &problem);
    }
}
