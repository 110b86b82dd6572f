//! Query strings: SDKs join arrays by commas in one parameter, others repeat the parameter or put
//! brackets behind its name; all are taken.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{explain, nul};
use crate::error::{Error, Result};

/// The query, read leniently: empty values count as absent, `a[b]=c` is an object.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let query = parts.uri.query().unwrap_or_default();
        if query.contains("%00") {
            return Err(nul("query"));
        }
        let fields = query_fields(query);
        serde_path_to_error::deserialize(Value::Object(fields))
            .map(Self)
            .map_err(|cause| explain(&cause))
    }
}

fn query_fields(query: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if value.is_empty() {
            continue;
        }
        let value = Value::String(value.into_owned());
        if let Some((outer, inner)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            if inner.is_empty() {
                append(&mut fields, outer, value);
            } else {
                let entry = fields
                    .entry(outer)
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(object) = entry {
                    object.insert(inner.to_owned(), value);
                }
            }
        } else {
            append(&mut fields, &name, value);
        }
    }
    fields
}

/// The first value stands alone; a repeated parameter becomes an array.
fn append(fields: &mut Map<String, Value>, name: &str, value: Value) {
    match fields.get_mut(name) {
        None => {
            fields.insert(name.to_owned(), value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(present) => {
            let first = present.take();
            *present = Value::Array(vec![first, value]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::extract::CommaList;
    use serde::Deserialize;
    use serde_json::json;

    #[test]
    fn arrays_may_be_joined_repeated_or_bracketed() {
        #[derive(Deserialize)]
        struct Filters {
            #[serde(default)]
            toolkit_slugs: CommaList,
        }
        for query in [
            "toolkit_slugs=a%2Cb",
            "toolkit_slugs=a&toolkit_slugs=b",
            "toolkit_slugs[]=a&toolkit_slugs[]=b",
        ] {
            let filters: Filters =
                serde_json::from_value(Value::Object(query_fields(query))).unwrap();
            assert_eq!(filters.toolkit_slugs.0, ["a", "b"], "{query}");
        }
    }

    #[test]
    fn a_bracketed_name_makes_an_object_and_an_empty_value_counts_as_absent() {
        let fields = query_fields("toolkit_versions%5Bgithub%5D=20260101_00&search=");
        assert_eq!(
            Value::Object(fields),
            json!({ "toolkit_versions": { "github": "20260101_00" } })
        );
    }

    proptest::proptest! {
        #[test]
        fn any_list_comes_out_as_it_went_in(words in proptest::collection::vec("[^, ]+", 1..5)) {
            #[derive(Deserialize)]
            struct Filters {
                slugs: CommaList,
            }
            let mut joined = url::form_urlencoded::Serializer::new(String::new());
            joined.append_pair("slugs", &words.join(","));
            let mut repeated = url::form_urlencoded::Serializer::new(String::new());
            repeated.extend_pairs(words.iter().map(|word| ("slugs", word)));
            for query in [joined.finish(), repeated.finish()] {
                let fields = Value::Object(query_fields(&query));
                let filters: Filters = serde_json::from_value(fields).unwrap();
                let trimmed: Vec<&str> = words.iter().map(|word| word.trim()).collect();
                let present: Vec<&str> =
                    trimmed.into_iter().filter(|word| !word.is_empty()).collect();
                proptest::prop_assert_eq!(&filters.slugs.0, &present);
            }
        }
    }
}
