//! From bytes to a document: JSON, and else YAML, with limits on bytes, nodes and depth.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{graphql, mcp};
use crate::error::{Error, Result};

/// The largest description that is read, in bytes.
pub const LARGEST_DOCUMENT: usize = 64 * 1024 * 1024;
/// Values of all kinds together. GitHub's description, 13 MB, has 600,000.
const MOST_NODES: usize = 3_000_000;
/// `serde_json`'s own limit; YAML gets the same.
const DEEPEST: usize = 128;
/// Of a text, what is kept, in bytes: what is longer is prose, or content, and may be told a million
/// times over by aliases and references.
const LONGEST_TEXT: usize = 16 * 1024;
/// Keys are names and paths, and stand in every place that a report tells.
const LONGEST_KEY: usize = 4 * 1024;
/// Bytes of stack, for so many levels in the largest frames of a debug build.
const STACK: usize = 64 * 1024 * 1024;

/// The document in `bytes`.
///
/// # Errors
/// [`Error::Invalid`] when it is too large, too deep, or neither JSON nor YAML.
pub fn document(bytes: &[u8]) -> Result<Value> {
    // Readers call themselves for each level, and callers' stacks are of any size.
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().stack_size(STACK);
        let reader = reader.spawn_scoped(scope, || parsed(bytes))?;
        let broken = |_| Err(Error::internal("the reader of descriptions panicked"));
        reader.join().unwrap_or_else(broken)
    })
}

fn parsed(bytes: &[u8]) -> Result<Value> {
    if bytes.len() > LARGEST_DOCUMENT {
        let size = bytes.len();
        return Err(refused(&format!(
            "it has {size} bytes, more than {LARGEST_DOCUMENT}"
        )));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| refused("it is not written in UTF-8"))?
        .trim_start_matches('\u{feff}');
    let mut left = MOST_NODES;
    match json(text, &mut left) {
        Ok(document) => {
            let made = graphql::of_introspection(&document).or_else(|| mcp::of_list(&document));
            Ok(made.unwrap_or(document))
        }
        Err(too_many) if left == 0 => Err(refused(&too_many)),
        Err(_) if graphql::is_sdl(text) => graphql::of_sdl(text),
        // What begins as JSON is told as JSON, unless the laxer reader takes it.
        Err(in_json) => yaml(text).map_err(|in_yaml| {
            let cause = if text.trim_start().starts_with(['{', '[']) {
                in_json
            } else {
                in_yaml
            };
            refused(&cause)
        }),
    }
}

fn refused(cause: &str) -> Error {
    Error::invalid_with_fix(
        format!("the description cannot be read: {cause}"),
        "It must be JSON, YAML or a GraphQL schema in UTF-8, of 64 MB and 128 levels at most.",
    )
}

fn json(text: &str, left: &mut usize) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let document = Bounded(left)
        .deserialize(&mut reader)
        .map_err(|cause| cause.to_string())?;
    reader.end().map_err(|cause| cause.to_string())?;
    Ok(document)
}

fn yaml(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: Some(LARGEST_DOCUMENT),
            max_events: 3 * MOST_NODES,
            max_nodes: MOST_NODES,
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
        strict_booleans: true,
    };
    serde_saphyr::with_deserializer_from_str_with_options(text, options, |reader| {
        let mut left = MOST_NODES;
        Bounded(&mut left).deserialize(reader)
    })
    .map_err(|cause| {
        let cause = cause.without_snippet().to_string();
        cause.lines().next().unwrap_or_default().to_owned()
    })
}

/// A value, as long as there are nodes left.
struct Bounded<'n>(&'n mut usize);

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Some(left) = self.0.checked_sub(1) else {
            return Err(D::Error::custom(format!(
                "it has more than {MOST_NODES} values"
            )));
        };
        *self.0 = left;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    /// Infinity and no number at all are no JSON; nothing is made of them.
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value[..value.floor_char_boundary(LONGEST_TEXT)].into())
    }

    fn visit_string<E>(self, mut value: String) -> Result<Value, E> {
        value.truncate(value.floor_char_boundary(LONGEST_TEXT));
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(Bounded(self.0))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(key) = entries.next_key_seed(Key)? {
            values.insert(key, entries.next_value_seed(Bounded(self.0))?);
        }
        Ok(Value::Object(values))
    }
}

/// A key as text: YAML writes statuses as numbers.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<String, E> {
        if value.len() > LONGEST_KEY {
            let length = value.len();
            return Err(E::custom(format!(
                "a key has {length} bytes, more than {LONGEST_KEY}"
            )));
        }
        Ok(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[rstest::rstest]
    #[case::json(r#"{"openapi": "3.0.0", "n": 1.5}"#)]
    #[case::a_byte_order_mark("\u{feff}{\"openapi\": \"3.0.0\", \"n\": 1.5}")]
    #[case::trailing_commas("{\"openapi\": \"3.0.0\", \"n\": 1.5,}")]
    #[case::yaml("openapi: 3.0.0\nn: 1.5\n")]
    fn what_means_the_same_is_read_the_same(#[case] text: &str) {
        assert_eq!(
            document(text.as_bytes()).unwrap(),
            json!({ "openapi": "3.0.0", "n": 1.5 })
        );
    }

    #[test]
    fn statuses_dates_and_words_of_yaml_stay_text() {
        let found = document(b"200: {on: no, when: 2020-01-01}\n").unwrap();
        assert_eq!(
            found,
            json!({ "200": { "on": "no", "when": "2020-01-01" } })
        );
    }

    #[rstest::rstest]
    #[case::deep_json("[".repeat(LARGEST_DOCUMENT))]
    #[case::deep_objects("{\"a\":".repeat(LARGEST_DOCUMENT / 5))]
    #[case::deep_yaml(format!("a: {}", "[".repeat(LARGEST_DOCUMENT - 3)))]
    #[case::deep_mappings("{a: ".repeat(LARGEST_DOCUMENT / 4))]
    #[case::deep_lists("- ".repeat(LARGEST_DOCUMENT / 2))]
    #[case::deep_questions("? ".repeat(LARGEST_DOCUMENT / 2))]
    #[case::a_level_too_many_of_json(nested("[", "]", DEEPEST + 1))]
    #[case::a_level_too_many_of_yaml(format!("a: {}", nested("[", "]", DEEPEST)))]
    #[case::many_values(format!("[{}0]", "0,".repeat(MOST_NODES)))]
    #[case::many_values_of_yaml(format!("- [{}0]", "0, ".repeat(MOST_NODES)))]
    #[case::a_long_key(format!("{{\"{}\": 1}}", "k".repeat(LONGEST_KEY + 1)))]
    #[case::a_nul("{\"a\": \0}".into())]
    #[case::deep_blocks(blocks())]
    #[case::many_laughs(laughs())]
    #[case::bytes("x".repeat(LARGEST_DOCUMENT + 1))]
    #[case::a_lonely_brace("{".into())]
    fn what_is_too_much_or_broken_is_refused_with_a_reason(#[case] text: String) {
        let error = document(text.as_bytes()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the description cannot be read: "),
            "{error}"
        );
    }

    #[test]
    fn values_are_counted_as_they_are_read() {
        assert_eq!(json("[0, 0]", &mut 3), Ok(json!([0, 0])));
        let error = json("[0, 0, 0, 0]", &mut 3).unwrap_err();
        assert!(
            error.starts_with("it has more than 3000000 values"),
            "{error}"
        );
    }

    fn nested(open: &str, close: &str, count: usize) -> String {
        open.repeat(count) + &close.repeat(count)
    }

    #[test]
    fn what_is_just_allowed_is_read() {
        for text in [
            nested("[", "]", DEEPEST - 1),
            nested("{\"a\":[", "]}", DEEPEST / 2 - 1),
            format!("a: {}", nested("[", "]", DEEPEST - 2)),
        ] {
            assert!(document(text.as_bytes()).is_ok(), "{}", &text[..20]);
        }
        let keys: Vec<String> = (0..1_000_000).map(|n| format!("\"k{n}\":{n},")).collect();
        let found = document(format!("{{{}\"k0\":\"last\"}}", keys.concat()).as_bytes()).unwrap();
        assert_eq!(
            (found.as_object().unwrap().len(), &found["k0"]),
            (1_000_000, &json!("last"))
        );
        let long = document(format!("[\"{}\"]", "ä".repeat(LONGEST_TEXT)).as_bytes()).unwrap();
        assert_eq!(long[0].as_str().unwrap().len(), LONGEST_TEXT);
    }

    #[test]
    fn what_is_not_utf_8_is_refused() {
        let error = document(b"{\"a\": \"\xff\"}").unwrap_err().to_string();
        assert!(error.ends_with("it is not written in UTF-8"), "{error}");
    }

    fn blocks() -> String {
        let mut text = String::new();
        for depth in 0..2_000 {
            text.push_str(&format!("{}a:\n", " ".repeat(depth)));
        }
        text
    }

    /// Each line repeats the one before ten times.
    fn laughs() -> String {
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for n in 1..12 {
            let before = vec![format!("*a{}", n - 1); 10].join(",");
            text.push_str(&format!("a{n}: &a{n} [{before}]\n"));
        }
        text
    }

    #[test]
    fn a_number_beyond_all_numbers_is_refused_with_its_place() {
        let error = document(b"{\"a\": 1e999}").unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("number out of range at line 1 column 11"),
            "{error}"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end_in_a_document_or_an_error(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let _ = document(&bytes);
        }
    }
}
