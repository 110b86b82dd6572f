//! Checks what a person or a program gives for the fields that a toolkit declares.

use serde_json::{Map, Value};

use crate::catalog::manifest::{AuthManifest, Field, Kept};
use crate::catalog::{Toolkit, whole_match};
use crate::error::{Error, Result};
use crate::scheme::Scheme;

const UNFIT: &str = "does not have the form that is expected";
const LONGEST_VALUE: usize = 64 * 1024;

/// What came of a check.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// The values under the fields' own names, with defaults, and undeclared ones as they came.
    pub values: Map<String, Value>,
    /// Required fields without a value.
    pub missing: Vec<String>,
    /// A field's name and what is wrong with its value.
    pub problems: Vec<(String, String)>,
}

impl Checked {
    /// The values and the names that are missing, if nothing is wrong with any value.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names each field, with `path` before its name.
    pub(super) fn valid(self, path: &str) -> Result<(Map<String, Value>, Vec<String>)> {
        let Self {
            values,
            missing,
            problems,
        } = self;
        refuse(path, problems)?;
        Ok((values, missing))
    }
}

/// An error that names each field that has a problem, if there is any.
///
/// # Errors
/// [`Error::Invalid`].
pub(super) fn refuse(path: &str, problems: Vec<(String, String)>) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let line = |(name, problem): (String, String)| format!("{path}.{name}: {problem}");
    Err(Error::fields(problems.into_iter().map(line).collect()))
}

/// The error for required fields without a value.
pub(super) fn missing_error(path: &str, missing: &[String]) -> Error {
    Error::fields(
        missing
            .iter()
            .map(|name| format!("{path}.{name}: is required"))
            .collect(),
    )
}

/// Reads `given` as `fields` declare them.
///
/// # Errors
/// Only when a declared pattern is no regular expression.
pub(super) fn check(
    toolkit: &Toolkit,
    fields: &[Field],
    scheme: Scheme,
    given: Map<String, Value>,
) -> Result<Checked> {
    let mut checked = read_all(fields, scheme, given)?;
    let known =
        |problem: &(String, String)| checked.problems.iter().any(|(name, _)| *name == problem.0);
    let further: Vec<_> = check_names(toolkit, &checked.values)?
        .into_iter()
        .filter(|problem| !known(problem))
        .collect();
    checked.problems.extend(further);
    Ok(checked)
}

fn read_all(fields: &[Field], scheme: Scheme, given: Map<String, Value>) -> Result<Checked> {
    let mut checked = Checked::default();
    let mut given = own_names(fields, scheme, given);
    for field in fields {
        let value = given
            .shift_remove(&field.name)
            .filter(|value| !is_blank(value))
            .or_else(|| field.default.clone().map(Value::String));
        let Some(value) = value else {
            if field.required {
                checked.missing.push(field.name.clone());
            }
            continue;
        };
        match read(field, value)? {
            Ok(value) => {
                checked.values.insert(field.name.clone(), value);
            }
            Err(problem) => checked.problems.push((field.name.clone(), problem)),
        }
    }
    given.retain(|_, value| !value.is_null());
    checked.values.extend(given);
    Ok(checked)
}

/// The given values under the fields' own names. Other names that clients use for them do not stay
/// behind, so that a secret is not kept twice.
pub(super) fn own_names(
    fields: &[Field],
    scheme: Scheme,
    mut given: Map<String, Value>,
) -> Map<String, Value> {
    let mut secrets = fields.iter().filter(|field| field.secret);
    // Which of two secrets is meant by a customary name nobody can say.
    let only_secret = secrets
        .next()
        .filter(|_| secrets.next().is_none())
        .map(|field| &field.name);
    for field in fields {
        let customary: &[&str] = if only_secret == Some(&field.name) {
            customary_names(scheme)
        } else {
            &[]
        };
        let legacy = field.legacy_names.iter().map(String::as_str);
        let others: Vec<Value> = legacy
            .chain(customary.iter().copied().filter(|name| *name != field.name))
            .filter_map(|name| given.shift_remove(name))
            .collect();
        if let Some(value) = others.into_iter().next() {
            given.entry(&field.name).or_insert(value);
        }
    }
    given
}

/// What is wrong with values that carry the name of any field of the toolkit, under whichever
/// scheme. A URL may name such a field, so that no unchecked value may stand under its name: it
/// could send a credential elsewhere.
///
/// # Errors
/// Only when a declared pattern is no regular expression.
pub(super) fn check_names(
    toolkit: &Toolkit,
    values: &Map<String, Value>,
) -> Result<Vec<(String, String)>> {
    let declared = toolkit.manifest.auth.iter().flat_map(|auth| {
        auth.fields
            .connection
            .iter()
            .chain(&auth.fields.auth_config)
    });
    let mut problems = Vec::new();
    let kept = toolkit.manifest.auth.iter().flat_map(AuthManifest::kept);
    for (name, Kept { pattern, .. }) in kept {
        let (Some(pattern), Some(value)) = (pattern, values.get(name)) else {
            continue;
        };
        let is_whole = value
            .as_str()
            .map(|text| matches_whole(name, pattern, text));
        if !is_whole.transpose()?.unwrap_or_default() {
            problems.push((name.clone(), UNFIT.to_owned()));
        }
    }
    for field in declared.filter(|field| field.pattern.is_some()) {
        if let Some(value) = values.get(&field.name)
            && let Err(problem) = read(field, value.clone())?
        {
            problems.push((field.name.clone(), problem));
        }
    }
    Ok(problems)
}

/// What clients call the one secret of a scheme when they do not ask for its name.
const fn customary_names(scheme: Scheme) -> &'static [&'static str] {
    match scheme {
        Scheme::ApiKey => &["generic_api_key", "api_key"],
        Scheme::BearerToken => &["token", "bearer_token"],
        Scheme::Basic
        | Scheme::OAuth2
        | Scheme::OAuth1
        | Scheme::BillcomAuth
        | Scheme::GoogleServiceAccount
        | Scheme::NoAuth
        | Scheme::BasicWithJwt
        | Scheme::CalcomAuth
        | Scheme::ServiceAccount
        | Scheme::Saml
        | Scheme::DcrOauth
        | Scheme::S2sOAuth2 => &[],
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn read(field: &Field, value: Value) -> Result<Result<Value, String>> {
    let value = match convert(&field.kind, value) {
        Ok(value) => value,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(text) = value.as_str() else {
        return Ok(Ok(value));
    };
    if text.len() > LONGEST_VALUE {
        return Ok(Err(format!("is longer than {LONGEST_VALUE} bytes")));
    }
    if !field.options.is_empty() && !field.options.iter().any(|option| option == text) {
        return Ok(Err(format!("must be one of: {}", field.options.join(", "))));
    }
    if let Some(pattern) = &field.pattern
        && !matches_whole(&field.name, pattern, text)?
    {
        return Ok(Err(UNFIT.into()));
    }
    Ok(Ok(value))
}

fn matches_whole(name: &str, pattern: &str, text: &str) -> Result<bool> {
    let whole = whole_match(pattern).map_err(|cause| {
        Error::internal(format!("the pattern of field {name} is wrong: {cause}"))
    })?;
    Ok(whole.is_match(text))
}

fn convert(kind: &str, value: Value) -> Result<Value, String> {
    match (kind, value) {
        ("number", Value::Number(number)) => Ok(Value::Number(number)),
        ("number", Value::String(text)) => text
            .trim()
            .parse()
            .map(Value::Number)
            .map_err(|_| "must be a number".into()),
        ("number", _) => Err("must be a number".into()),
        ("boolean", Value::Bool(flag)) => Ok(Value::Bool(flag)),
        ("boolean", Value::String(text)) => text
            .trim()
            .parse()
            .map(Value::Bool)
            .map_err(|_| "must be true or false".into()),
        ("boolean", _) => Err("must be true or false".into()),
        (_, Value::String(text)) => Ok(Value::String(text)),
        (_, Value::Number(number)) => Ok(Value::String(number.to_string())),
        (_, Value::Bool(flag)) => Ok(Value::String(flag.to_string())),
        (_, Value::Null | Value::Array(_) | Value::Object(_)) => Err("must be a text".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(text: Value) -> Field {
        serde_json::from_value(text).unwrap()
    }

    fn check_json(fields: &[Field], given: Value) -> Checked {
        let given = serde_json::from_value(given).unwrap();
        read_all(fields, Scheme::ApiKey, given).unwrap()
    }

    #[test]
    fn an_old_name_gives_the_value_and_does_not_stay_behind() {
        let fields = [field(json!({
            "name": "generic_api_key", "display_name": "API key", "secret": true, "required": true,
        }))];
        let checked = check_json(&fields, json!({ "api_key": "k1", "region": "eu" }));
        assert_eq!(
            Value::Object(checked.values),
            json!({ "generic_api_key": "k1", "region": "eu" })
        );
        assert!(checked.missing.is_empty());
    }

    #[test]
    fn a_pattern_must_match_the_whole_value() {
        let fields = [field(json!({
            "name": "subdomain", "display_name": "subdomain", "pattern": "[a-z0-9-]+",
        }))];
        let checked = check_json(&fields, json!({ "subdomain": "evil.example/x" }));
        assert_eq!(checked.problems.len(), 1);
        let checked = check_json(&fields, json!({ "subdomain": "acme" }));
        assert!(checked.problems.is_empty());
    }

    #[test]
    fn a_value_must_be_one_of_the_options() {
        let fields = [field(json!({
            "name": "region", "display_name": "Region", "options": ["eu", "us"],
        }))];
        let checked = check_json(&fields, json!({ "region": "moon" }));
        let expected = ("region".to_owned(), "must be one of: eu, us".to_owned());
        assert_eq!(checked.problems, [expected]);
        let checked = check_json(&fields, json!({ "region": "us" }));
        assert!(checked.problems.is_empty());
    }

    #[test]
    fn a_blank_value_counts_as_missing_unless_there_is_a_default() {
        let fields = [
            field(json!({ "name": "a", "display_name": "A", "required": true })),
            field(json!({ "name": "b", "display_name": "B", "required": true, "default": "x" })),
        ];
        let checked = check_json(&fields, json!({ "a": "  ", "b": "" }));
        assert_eq!(checked.missing, ["a"]);
        assert_eq!(Value::Object(checked.values), json!({ "b": "x" }));
        let checked = check_json(&fields, json!({ "a": "1" }));
        assert_eq!(Value::Object(checked.values), json!({ "a": "1", "b": "x" }));
    }
}
