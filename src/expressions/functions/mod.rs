//! Functions of our own that expressions may call besides those of jq: pure, one table, the code of
//! each in a file by what it works on.

use serde_json::Value;

/// A function as the table has it.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// What expressions call it.
    pub name: &'static str,
    /// How many arguments it has besides its input; each is a value, as of `split(", ")`.
    pub arguments: usize,
    /// The value made of the input (`.`) and of the arguments, of which there are as many as said.
    /// An `Err` ends the expression; its text says what was wrong, without quoting the value, which
    /// may be a secret.
    pub run: fn(&Value, &[Value]) -> Result<Value, String>,
}

/// All of them. A name that jq has is replaced by ours.
///
/// A line of it: `of("b64", 0, |input, _| text::b64(input))`, where `text.rs` has
/// `pub(super) fn b64(input: &Value) -> Result<Value, String>`.
pub const ALL: &[Function] = &[];

/// A line of the table.
#[expect(dead_code, reason = "the first functions come with the next commits")]
const fn of(
    name: &'static str,
    arguments: usize,
    run: fn(&Value, &[Value]) -> Result<Value, String>,
) -> Function {
    Function {
        name,
        arguments,
        run,
    }
}
