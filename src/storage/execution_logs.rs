//! Written by its owner.

use super::db::Statement;

pub(super) const STATEMENTS: &[Statement] = &[];
