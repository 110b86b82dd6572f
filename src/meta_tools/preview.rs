//! A short form of a large result: the same JSON with long lists and texts cut, and what was cut.

use serde_json::{Map, Value, json};

/// Told of what was cut; the rest is only counted by its absence.
const MOST_CUTS: usize = 20;

/// How much of a value is left.
#[derive(Debug, Clone, Copy)]
struct Measure {
    items: usize,
    characters: usize,
    members: usize,
    depth: usize,
}

/// From the mildest on.
const MEASURES: [Measure; 7] = [
    Measure {
        items: 50,
        characters: 4_000,
        members: 200,
        depth: 20,
    },
    Measure {
        items: 20,
        characters: 1_000,
        members: 100,
        depth: 12,
    },
    Measure {
        items: 10,
        characters: 400,
        members: 60,
        depth: 10,
    },
    Measure {
        items: 5,
        characters: 200,
        members: 40,
        depth: 8,
    },
    Measure {
        items: 3,
        characters: 100,
        members: 30,
        depth: 6,
    },
    Measure {
        items: 1,
        characters: 60,
        members: 20,
        depth: 4,
    },
    Measure {
        items: 1,
        characters: 30,
        members: 10,
        depth: 2,
    },
];

/// A value cut short.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Preview {
    /// Of the same structure: what was a list of objects still is one.
    pub(super) value: Value,
    /// `{path, shown, of, unit}` of the first things that were cut.
    pub(super) cut: Vec<Value>,
}

/// Length as JSON, in characters.
pub(super) fn length(value: &Value) -> usize {
    value.to_string().chars().count()
}

/// The value in at most `most` characters of JSON: cut as mildly as will do, and empty where nothing
/// else does.
pub(super) fn preview(value: &Value, most: usize) -> Preview {
    for measure in MEASURES {
        let mut cut = Vec::new();
        let value = shorten(value, measure, "", 0, &mut cut);
        if length(&value) <= most {
            return Preview { value, cut };
        }
    }
    Preview {
        value: emptied(value),
        cut: vec![json!({ "path": "", "shown": 0, "of": length(value), "unit": "characters" })],
    }
}

fn shorten(
    value: &Value,
    measure: Measure,
    path: &str,
    depth: usize,
    cut: &mut Vec<Value>,
) -> Value {
    let mut tell = |shown: usize, of: usize, unit: &str| {
        if shown < of && cut.len() < MOST_CUTS {
            cut.push(json!({ "path": path, "shown": shown, "of": of, "unit": unit }));
        }
    };
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => {
            let of = text.chars().count();
            if of <= measure.characters {
                return value.clone();
            }
            tell(measure.characters, of, "characters");
            let begin: String = text.chars().take(measure.characters).collect();
            Value::String(begin + "…")
        }
        Value::Array(items) => {
            let shown = if depth < measure.depth {
                measure.items
            } else {
                0
            };
            tell(shown.min(items.len()), items.len(), "items");
            let items = items.iter().take(shown).enumerate();
            items
                .map(|(at, item)| shorten(item, measure, &format!("{path}[{at}]"), depth + 1, cut))
                .collect()
        }
        Value::Object(members) => {
            let shown = if depth < measure.depth {
                measure.members
            } else {
                0
            };
            tell(shown.min(members.len()), members.len(), "members");
            let members = members.iter().take(shown);
            let members: Map<String, Value> = members
                .map(|(name, value)| {
                    let path = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    (name.clone(), shorten(value, measure, &path, depth + 1, cut))
                })
                .collect();
            Value::Object(members)
        }
    }
}

/// The least value of the same kind.
fn emptied(value: &Value) -> Value {
    match value {
        Value::Object(_) => json!({}),
        Value::Array(_) => json!([]),
        Value::String(_) => json!(""),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// How many characters each of these may have so that they have `most` together: what is short keeps
/// its length, and the others share what that leaves.
pub(super) fn shares(lengths: &[usize], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|at| lengths[*at]);
    let mut shares = vec![0; lengths.len()];
    let (mut left, mut others) = (most, lengths.len());
    for at in order {
        shares[at] = lengths[at].min(left / others.max(1));
        left -= shares[at];
        others -= 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_lists_and_texts_are_cut_and_counted_and_the_structure_stays() {
        let items: Vec<Value> = (0..500)
            .map(|id| json!({ "id": id, "body": "x".repeat(300) }))
            .collect();
        let whole = json!({ "items": items, "total": 500 });
        let Preview { value, cut } = preview(&whole, 5_000);
        assert!(length(&value) <= 5_000);
        assert_eq!(value["total"], 500);
        assert_eq!(value["items"][0]["id"], 0);
        assert!(
            value["items"][0]["body"]
                .as_str()
                .unwrap()
                .starts_with("xxx")
        );
        let first = &cut[0];
        assert_eq!(first["path"], "items");
        assert_eq!(first["of"], 500);
        assert_eq!(first["shown"], value["items"].as_array().unwrap().len());
    }

    #[test]
    fn what_fits_is_left_as_it_is() {
        let whole = json!({ "a": [1, 2, { "b": "c" }] });
        assert_eq!(
            preview(&whole, 1_000),
            Preview {
                value: whole,
                cut: vec![]
            }
        );
    }

    #[test]
    fn shares_go_to_those_that_need_them() {
        assert_eq!(shares(&[10, 5_000, 5_000], 1_010), [10, 500, 500]);
        assert_eq!(shares(&[10, 20], 1_000), [10, 20]);
        assert_eq!(shares(&[], 10), Vec::<usize>::new());
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            ".{0,200}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 300, 30, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..30).prop_map(Value::from),
                prop::collection::btree_map(".{0,20}", inner, 0..30)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_preview_never_has_more_characters_than_allowed(value in json(), most in 2_usize..3_000) {
            let short = preview(&value, most.max(22)).value;
            prop_assert!(length(&short) <= most.max(22));
            prop_assert_eq!(short.is_object(), value.is_object());
            prop_assert_eq!(short.is_array(), value.is_array());
        }
    }
}
