//! Ranges of cells: A1 notation, and the indexes that Google Sheets wants beside it.

use serde_json::{Map, Value, json};

use super::text;

const LETTERS: u64 = 26;
const INDEXES: [&str; 4] = [
    "startRowIndex",
    "endRowIndex",
    "startColumnIndex",
    "endColumnIndex",
];
/// Far past what a sheet holds, so that no arithmetic overflows.
const LARGEST_INDEX: u64 = 1_000_000_000;

/// `{sheet, startRowIndex, endRowIndex, startColumnIndex, endColumnIndex}`, indexes from 0 and ends
/// outside, in A1 notation; what is left out is open: `{sheet: "My data", startRowIndex: 1}` is
/// `'My data'!A2`.
pub(super) fn a1_range(input: &Value) -> Result<Value, String> {
    let Value::Object(range) = input else {
        return Err("a1_range wants an object".into());
    };
    let index = |name: &str| match range.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_u64()
            .filter(|index| *index < LARGEST_INDEX)
            .map(Some)
            .ok_or_else(|| format!("a1_range: `{name}` is no index")),
    };
    let [top, bottom, left, right] = INDEXES.map(index);
    let (top, bottom, left, right) = (top?, bottom?, left?, right?);
    let cells = match (top, bottom, left, right) {
        (None, None, None, None) => String::new(),
        (top, None, left, None) => corner(left.or(Some(0)), Some(top.unwrap_or(0))),
        (top, bottom, left, right) => {
            // A range that is open to one side names that side in neither corner.
            let columns = left.is_some() || right.is_some();
            let rows = top.is_some() || bottom.is_some();
            let first = corner(
                columns.then(|| left.unwrap_or(0)),
                rows.then(|| top.unwrap_or(0)),
            );
            let last = corner(
                right.map(|end| end.max(1) - 1),
                bottom.map(|end| end.max(1) - 1),
            );
            if first == last {
                first
            } else {
                format!("{first}:{last}")
            }
        }
    };
    let sheet = range.get("sheet").and_then(Value::as_str).map(quoted);
    let range = match (sheet, cells.is_empty()) {
        (None, _) => cells,
        (Some(sheet), true) => sheet,
        (Some(sheet), false) => format!("{sheet}!{cells}"),
    };
    Ok(range.into())
}

/// The other way round: `Sheet1!B2:C` is `{sheet: "Sheet1", startRowIndex: 1, startColumnIndex: 1,
/// endColumnIndex: 3}`.
pub(super) fn grid_range(input: &Value) -> Result<Value, String> {
    let range = text(input)?.trim();
    let (sheet, cells) = match range.rsplit_once('!') {
        Some((sheet, cells)) => (Some(unquoted(sheet)), cells),
        None if range.starts_with('\'') => (Some(unquoted(range)), ""),
        None => (None, range),
    };
    let mut grid = Map::new();
    if let Some(sheet) = sheet {
        grid.insert("sheet".into(), sheet.into());
    }
    if cells.is_empty() {
        return Ok(Value::Object(grid));
    }
    let (first, last) = cells.split_once(':').unwrap_or((cells, cells));
    let (Some((left, top)), Some((right, bottom))) = (cell(first), cell(last)) else {
        return Err("is no range in A1 notation".into());
    };
    let ends = [
        top,
        bottom.map(|row| row + 1),
        left,
        right.map(|column| column + 1),
    ];
    for (name, index) in INDEXES.into_iter().zip(ends) {
        if let Some(index) = index {
            grid.insert(name.into(), json!(index));
        }
    }
    Ok(Value::Object(grid))
}

fn corner(column: Option<u64>, row: Option<u64>) -> String {
    let row = row.map(|row| (row + 1).to_string()).unwrap_or_default();
    format!("{}{row}", column.map(letters).unwrap_or_default())
}

/// 0 is `A`, 26 is `AA`.
fn letters(column: u64) -> String {
    let (mut rest, mut letters) = (column + 1, Vec::new());
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(
            b'A' + u8::try_from(rest % LETTERS).unwrap_or_default(),
        ));
        rest /= LETTERS;
    }
    letters.iter().rev().collect()
}

/// Column and row of `B2`, `B` or `2`, from 0.
fn cell(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let text = text.replace('$', "");
    let split = text
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (column, row) = text.split_at(split);
    if text.is_empty() || column.len() > 5 || row.len() > 9 {
        return None;
    }
    let column = column.bytes().fold(0, |sum, letter| {
        sum * LETTERS + u64::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    let row = match row {
        "" => None,
        row => Some(row.parse::<u64>().ok().filter(|row| *row > 0)? - 1),
    };
    Some((column.checked_sub(1), row))
}

fn quoted(sheet: &str) -> String {
    format!("'{}'", sheet.replace('\'', "''"))
}

fn unquoted(sheet: &str) -> String {
    let inner = sheet
        .strip_prefix('\'')
        .and_then(|sheet| sheet.strip_suffix('\''));
    inner.map_or_else(|| sheet.to_owned(), |sheet| sheet.replace("''", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case(json!({ "sheet": "My data", "startRowIndex": 1 }), "'My data'!A2")]
    #[case(json!({ "sheet": "it's" }), "'it''s'")]
    #[case(json!({ "startRowIndex": 0, "endRowIndex": 1, "startColumnIndex": 26, "endColumnIndex": 27 }), "AA1")]
    #[case(json!({ "startRowIndex": 1, "endRowIndex": 5, "startColumnIndex": 1, "endColumnIndex": 3 }), "B2:C5")]
    #[case(json!({ "startColumnIndex": 1, "endColumnIndex": 3 }), "B:C")]
    #[case(json!({ "startRowIndex": 1, "endRowIndex": 5 }), "2:5")]
    #[case(json!({ "startRowIndex": 1, "startColumnIndex": 1, "endColumnIndex": 3 }), "B2:C")]
    fn a_range_is_written_in_a1_notation(#[case] range: Value, #[case] expected: &str) {
        assert_eq!(a1_range(&range), Ok(json!(expected)));
    }

    #[rstest]
    #[case("Sheet1!B2:C", json!({ "sheet": "Sheet1", "startRowIndex": 1, "startColumnIndex": 1, "endColumnIndex": 3 }))]
    #[case("'it''s'", json!({ "sheet": "it's" }))]
    #[case("$A$1", json!({ "startRowIndex": 0, "endRowIndex": 1, "startColumnIndex": 0, "endColumnIndex": 1 }))]
    #[case("2:5", json!({ "startRowIndex": 1, "endRowIndex": 5 }))]
    fn a_range_in_a1_notation_is_read(#[case] range: &str, #[case] expected: Value) {
        assert_eq!(grid_range(&json!(range)), Ok(expected));
    }

    #[rstest]
    #[case("A0")]
    #[case("1A")]
    #[case("A1:")]
    #[case("ABCDEF1")]
    fn what_is_no_range_is_refused(#[case] range: &str) {
        assert!(grid_range(&json!(range)).is_err());
    }

    #[test]
    fn an_index_must_be_one() {
        assert!(a1_range(&json!({ "startRowIndex": -1 })).is_err());
        assert!(a1_range(&json!({ "endRowIndex": 1e18 })).is_err());
        assert!(a1_range(&json!("A1")).is_err());
    }

    proptest! {
        #[test]
        fn a_closed_range_comes_back_as_it_was(
            top in 0_u64..9_999, rows in 1_u64..99, left in 0_u64..9_999, columns in 1_u64..99,
            sheet in "[a-z '!]{1,9}",
        ) {
            let range = json!({
                "sheet": sheet, "startRowIndex": top, "endRowIndex": top + rows,
                "startColumnIndex": left, "endColumnIndex": left + columns,
            });
            prop_assert_eq!(grid_range(&a1_range(&range).unwrap()), Ok(range));
        }
    }
}
