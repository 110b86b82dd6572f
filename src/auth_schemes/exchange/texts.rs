//! The texts of an exchange: templates over what is known, and what is left out of a request.

use http::HeaderValue;
use serde_json::{Map, Value};

use crate::auth_schemes::values;
use crate::catalog::manifest::AuthManifest;
use crate::error::{Error, Result};

/// What templates of an exchange are filled from.
pub(super) struct Texts<'a> {
    pub(super) auth: &'a AuthManifest,
    pub(super) values: Map<String, Value>,
}

impl Texts<'_> {
    /// The filled template.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names the value which is not there.
    pub(super) fn needed(&self, template: &str) -> Result<String> {
        values::fill(template, &self.values).map_err(missing)
    }

    /// The filled template; none when it names an optional field that was not given.
    ///
    /// # Errors
    /// As [`Self::needed`].
    pub(super) fn optional(&self, template: &str) -> Result<Option<String>> {
        match values::fill(template, &self.values) {
            Ok(text) => Ok(Some(text)),
            Err(name) if self.may_be_absent(name) => Ok(None),
            Err(name) => Err(missing(name)),
        }
    }

    /// The value with every text in it filled; entries and items that are left out are gone.
    ///
    /// # Errors
    /// As [`Self::needed`].
    pub(super) fn json(&self, value: &Value) -> Result<Option<Value>> {
        Ok(match value {
            Value::String(template) => self.optional(template)?.map(Value::String),
            Value::Array(items) => {
                let mut filled = Vec::new();
                for item in items {
                    filled.extend(self.json(item)?);
                }
                Some(Value::Array(filled))
            }
            Value::Object(fields) => {
                let mut filled = Map::new();
                for (name, item) in fields {
                    if let Some(item) = self.json(item)? {
                        filled.insert(name.clone(), item);
                    }
                }
                Some(Value::Object(filled))
            }
            other => Some(other.clone()),
        })
    }

    /// The filled entries of a map.
    ///
    /// # Errors
    /// As [`Self::needed`].
    pub(super) fn pairs<'m>(
        &self,
        map: impl IntoIterator<Item = (&'m String, &'m String)>,
    ) -> Result<Vec<(&'m str, String)>> {
        let mut filled = Vec::new();
        for (name, template) in map {
            if let Some(text) = self.optional(template)? {
                filled.push((name.as_str(), text));
            }
        }
        Ok(filled)
    }

    /// A member of a field's JSON and a field that need not be given.
    fn may_be_absent(&self, name: &str) -> bool {
        let fields = &self.auth.fields;
        let required = fields
            .connection
            .iter()
            .chain(&fields.auth_config)
            .any(|field| field.required && field.name == name.split('.').next().unwrap_or(name));
        !required
    }
}

fn missing(name: &str) -> Error {
    match name.split_once('.') {
        None => Error::invalid_with_fix(
            format!("the connection needs a value for `{name}`"),
            "Connect again and give it.",
        ),
        Some((field, member)) => Error::invalid_with_fix(
            format!("`{field}` is no JSON text with `{member}` in it"),
            "Give the file as the service handed it out.",
        ),
    }
}

/// A header with a credential in it.
///
/// # Errors
/// [`Error::Invalid`] when the text cannot stand in a header.
pub(super) fn header_value(name: &str, text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Error::invalid(format!(
            "a value that goes into the header `{name}` holds a line break or another character \
             that cannot stand there"
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}
