//! JSON as this server has it, and as expressions have it.

use jaq_json::{Map, Num, Val};
use serde_json::{Number, Value};

/// The output may be this large whatever the input was, in bytes.
const LARGEST_OUTPUT: usize = 8 * 1024 * 1024;
/// And this many times as large as the input.
const GROWTH: usize = 4;
/// As `serde_json` reads it.
const DEEPEST_OUTPUT: usize = 120;
/// Whole numbers up to here are the same as floating-point numbers.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// What an expression works on. Clones share everything.
#[derive(Clone)]
pub struct Input {
    pub(super) value: Val,
    /// In bytes, about.
    size: usize,
}

/// Shows nothing of the content.
impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Input({} bytes)", self.size)
    }
}

impl Input {
    /// An object of these members.
    #[must_use]
    pub fn object<'m>(members: impl IntoIterator<Item = (&'m str, Self)>) -> Self {
        let mut size = 2;
        let members = members.into_iter().map(|(name, member)| {
            size += name.len() + member.size;
            (Val::utf8_str(name.to_owned()), member.value)
        });
        let members: Map = members.collect();
        Self {
            value: Val::obj(members),
            size,
        }
    }

    /// The same object with one member more, or with another value for it.
    #[must_use]
    pub fn with(&self, name: &str, member: Self) -> Self {
        let mut members = match &self.value {
            Val::Obj(members) => Map::clone(members),
            _ => Map::default(),
        };
        members.insert(Val::utf8_str(name.to_owned()), member.value);
        Self {
            value: Val::obj(members),
            size: self.size + name.len() + member.size,
        }
    }

    /// An array of these.
    #[must_use]
    pub fn array(items: impl IntoIterator<Item = Self>) -> Self {
        let mut size = 2;
        let items = items.into_iter().map(|item| {
            size += item.size + 1;
            item.value
        });
        let value = items.collect();
        Self { value, size }
    }

    /// How large an output may be, in bytes.
    pub(super) fn most_output(&self) -> usize {
        LARGEST_OUTPUT.saturating_add(self.size.saturating_mul(GROWTH))
    }
}

impl From<&Value> for Input {
    fn from(value: &Value) -> Self {
        let mut size = 0;
        let value = to_val(value, &mut size);
        Self { value, size }
    }
}

pub(super) fn to_val(value: &Value, size: &mut usize) -> Val {
    *size += 8;
    match value {
        Value::Null => Val::Null,
        Value::Bool(flag) => Val::Bool(*flag),
        Value::Number(number) => Val::Num(to_num(number)),
        Value::String(text) => {
            *size += text.len();
            Val::utf8_str(text.clone())
        }
        Value::Array(items) => items.iter().map(|item| to_val(item, size)).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| {
                *size += name.len();
                (Val::utf8_str(name.clone()), to_val(member, size))
            });
            Val::obj(members.collect())
        }
    }
}

fn to_num(number: &Number) -> Num {
    number
        .as_i64()
        .map(Num::from_integral)
        .or_else(|| number.as_u64().map(Num::from_integral))
        .unwrap_or_else(|| Num::Float(number.as_f64().unwrap_or(f64::NAN)))
}

/// The JSON of a value of at most `left` bytes, about.
///
/// # Errors
/// When it is larger, nested too deeply, or no JSON.
pub(super) fn to_json(value: &Val, left: &mut usize) -> Result<Value, String> {
    nested(value, left, 0)
}

fn nested(value: &Val, left: &mut usize, depth: usize) -> Result<Value, String> {
    if depth > DEEPEST_OUTPUT {
        return Err("makes a value that is nested too deeply".into());
    }
    let own = match value {
        Val::TStr(text) | Val::BStr(text) => text.len(),
        Val::Null | Val::Bool(_) | Val::Num(_) | Val::Arr(_) | Val::Obj(_) => 0,
    };
    *left = left
        .checked_sub(own + 2)
        .ok_or("makes more than an expression may: its value is too large")?;
    match value {
        Val::Null => Ok(Value::Null),
        Val::Bool(flag) => Ok(Value::Bool(*flag)),
        Val::Num(number) => Ok(from_num(number)),
        Val::TStr(text) | Val::BStr(text) => {
            Ok(Value::String(String::from_utf8_lossy(text).into_owned()))
        }
        Val::Arr(items) => {
            let items = items.iter().map(|item| nested(item, left, depth + 1));
            items.collect::<Result<_, _>>().map(Value::Array)
        }
        Val::Obj(members) => members
            .iter()
            .map(|(key, member)| {
                let Val::TStr(name) = key else {
                    return Err("makes an object whose keys are no texts".to_owned());
                };
                *left = left.saturating_sub(name.len());
                let name = String::from_utf8_lossy(name).into_owned();
                Ok((name, nested(member, left, depth + 1)?))
            })
            .collect::<Result<_, _>>()
            .map(Value::Object),
    }
}

/// Whole numbers are written as such, as jq does; what is no number is null.
fn from_num(number: &Num) -> Value {
    match number {
        Num::Int(number) => Value::from(*number as i64),
        Num::Float(number) => from_float(*number),
        Num::BigInt(number) => match u64::try_from(number.as_ref()) {
            Ok(number) => Value::from(number),
            Err(_) => from_float(number.to_string().parse().unwrap_or(f64::NAN)),
        },
        Num::Dec(digits) => from_float(digits.parse().unwrap_or(f64::NAN)),
    }
}

fn from_float(number: f64) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is whole and within the range of i64"
    )]
    if number.fract() == 0.0 && number.abs() < LARGEST_EXACT {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}
