//! Arithmetic and comparison of expressions, each measured before it is done: one such step could
//! otherwise take any time and any memory.

use std::cmp::Ordering;

use jaq_core::ops::{Cmp, Math};
use jaq_core::{Error, ValR};
use jaq_json::{Num, Val};

use super::meter::{Meter, length};

/// Digits beyond which whole numbers are of no use, in bytes.
const LONGEST_NUMBER: usize = 512;

pub(super) fn math(meter: &Meter<'_>, op: Math, left: Val, right: Val) -> ValR<Val> {
    match (op, &left, &right) {
        (_, Val::Num(left), Val::Num(right)) => {
            if digits(left) + digits(right) > LONGEST_NUMBER {
                return Err(Error::str("the number has too many digits"));
            }
            meter.take(1)?;
        }
        (Math::Mul, Val::TStr(text) | Val::BStr(text), Val::Num(times))
        | (Math::Mul, Val::Num(times), Val::TStr(text) | Val::BStr(text)) => {
            let times = times.as_isize().map_or(1, isize::unsigned_abs);
            meter.bytes(text.len().saturating_mul(times))?;
        }
        // Every item with every other.
        (Math::Sub, Val::Arr(one), Val::Arr(other)) => {
            meter.whole(&left)?;
            meter.whole(&right)?;
            meter.bytes(one.len().saturating_mul(other.len()).saturating_mul(8))?;
        }
        // Objects in objects are joined as well.
        (Math::Mul, Val::Obj(_), Val::Obj(_)) => {
            meter.whole(&left)?;
            meter.whole(&right)?;
        }
        (Math::Div, Val::TStr(text), Val::TStr(_)) => meter.bytes(text.len() * 4)?,
        _ => meter.bytes(length(&left).saturating_add(length(&right)))?,
    }
    op.run(left, right)
}

fn digits(number: &Num) -> usize {
    match number {
        Num::Int(_) | Num::Float(_) => 8,
        Num::BigInt(number) => usize::try_from(number.bits() / 8).unwrap_or(usize::MAX),
        Num::Dec(digits) => digits.len(),
    }
}

pub(super) fn compare(meter: &Meter<'_>, op: Cmp, left: &Val, right: &Val) -> ValR<Val> {
    // A comparison ends where the smaller one does.
    let smaller = match length(left).cmp(&length(right)) {
        Ordering::Less | Ordering::Equal => left,
        Ordering::Greater => right,
    };
    match (left, right) {
        (Val::Arr(_), Val::Arr(_)) | (Val::Obj(_), Val::Obj(_)) => {
            meter.whole(smaller)?;
            meter.top(left)?;
            meter.top(right)?;
        }
        _ => meter.top(smaller)?,
    }
    Ok(Val::Bool(op.run(left, right)))
}
