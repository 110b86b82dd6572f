//! What one run of an expression may use, and what it has used.

use std::cell::Cell;
use std::time::Duration;

use jaq_core::data::{DataT, HasLut};
use jaq_core::{Error, Lut};
use jaq_json::{Num, Val};
use tokio::time::Instant;

use super::threads::StackEnd;

/// Steps, each a call, an output or 32 bytes of text that is made.
const MOST_STEPS: u64 = 4_000_000;
/// For machines on which steps take longer; nobody waits for an expression for more.
const LONGEST: Duration = Duration::from_secs(2);
/// Steps between two looks at the time.
const BETWEEN_LOOKS: u64 = 512;
/// Bytes of text that one step makes.
const BYTES_A_STEP: usize = 32;
/// Values nested deeper than this are not looked through.
const DEEPEST: usize = 512;

/// The kind of data that programs run over.
#[derive(Debug)]
pub(super) struct Kind;

impl DataT for Kind {
    type V<'a> = Val;
    type Data<'a> = &'a Meter<'a>;
}

impl<'a> HasLut<'a, Kind> for &'a Meter<'a> {
    fn lut(&self) -> &'a Lut<Kind> {
        self.lut
    }
}

/// One run.
pub(super) struct Meter<'a> {
    lut: &'a Lut<Kind>,
    stack: StackEnd,
    /// Seconds since 1970.
    pub(super) now: f64,
    used: Cell<u64>,
    next_look: Cell<u64>,
    end: Instant,
    broken: Cell<Option<Bound>>,
}

/// What a run broke.
#[derive(Debug, Clone, Copy)]
enum Bound {
    Steps,
    Time,
    Calls,
    Depth,
}

impl Bound {
    const fn message(self) -> &'static str {
        match self {
            Self::Steps => "does more than an expression may: it loops, or its input is too large",
            Self::Time => "takes longer than an expression may",
            Self::Calls => "calls itself too deeply",
            Self::Depth => "makes a value that is nested too deeply",
        }
    }
}

impl<'a> Meter<'a> {
    pub(super) fn new(lut: &'a Lut<Kind>, stack: StackEnd, now: f64) -> Self {
        Self {
            lut,
            stack,
            now,
            used: Cell::new(0),
            next_look: Cell::new(BETWEEN_LOOKS),
            end: Instant::now() + LONGEST,
            broken: Cell::new(None),
        }
    }

    /// The bound that was broken, in words. A program may have caught the error.
    pub(super) fn broken(&self) -> Option<&'static str> {
        self.broken.get().map(Bound::message)
    }

    fn break_(&self, bound: Bound) -> Error<Val> {
        // The first one is the cause; after it nothing goes on.
        if self.broken.get().is_none() {
            self.broken.set(Some(bound));
        }
        Error::str(bound.message())
    }

    /// Takes steps.
    ///
    /// # Errors
    /// When there are none left, for this and everything that comes after.
    pub(super) fn take(&self, steps: u64) -> Result<(), Error<Val>> {
        if let Some(bound) = self.broken.get() {
            return Err(Error::str(bound.message()));
        }
        let used = self.used.get().saturating_add(steps);
        self.used.set(used);
        if used > MOST_STEPS {
            return Err(self.break_(Bound::Steps));
        }
        if self.stack.is_reached() {
            return Err(self.break_(Bound::Calls));
        }
        if used >= self.next_look.get() {
            self.next_look.set(used + BETWEEN_LOOKS);
            if Instant::now() > self.end {
                return Err(self.break_(Bound::Time));
            }
        }
        Ok(())
    }

    /// Takes the steps for making this many bytes.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub(super) fn bytes(&self, bytes: usize) -> Result<(), Error<Val>> {
        self.take(1 + (bytes / BYTES_A_STEP) as u64)
    }

    /// Takes the steps for looking at the top of a value.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub(super) fn top(&self, value: &Val) -> Result<(), Error<Val>> {
        self.take(1 + (length(value) / BYTES_A_STEP) as u64)
    }

    /// Takes the steps for looking through a value, which may be far larger than the memory that it
    /// uses, since its parts may be shared.
    ///
    /// # Errors
    /// As [`Self::take`], or when the value is nested too deeply.
    pub(super) fn whole(&self, value: &Val) -> Result<(), Error<Val>> {
        let mut open = vec![(value, 0_usize)];
        while let Some((value, depth)) = open.pop() {
            self.top(value)?;
            if depth > DEEPEST {
                return Err(self.break_(Bound::Depth));
            }
            match value {
                Val::Arr(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
                Val::Obj(members) => {
                    for (key, member) in members.iter() {
                        open.extend([(key, depth + 1), (member, depth + 1)]);
                    }
                }
                Val::Null | Val::Bool(_) | Val::Num(_) | Val::TStr(_) | Val::BStr(_) => {}
            }
        }
        Ok(())
    }
}

/// Bytes, items or members.
pub(super) fn length(value: &Val) -> usize {
    match value {
        Val::Null | Val::Bool(_) => 1,
        Val::Num(Num::Int(_) | Num::Float(_)) => 8,
        Val::Num(Num::BigInt(number)) => usize::try_from(number.bits() / 8).unwrap_or(usize::MAX),
        Val::Num(Num::Dec(digits)) => digits.len(),
        Val::TStr(text) | Val::BStr(text) => text.len(),
        Val::Arr(items) => items.len(),
        Val::Obj(members) => members.len(),
    }
}
