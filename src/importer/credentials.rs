//! Credentials that a description tells among the parameters, where it names no way to connect.

use std::collections::BTreeMap;

use serde_json::Value;

use super::operation::{Api, Operation, Parameter, Place, Requirement, SecurityScheme};
use super::report::{Loss, Report};
use crate::catalog::manifest::ArgIn;

/// What credentials are called, in small letters and without signs.
const SURE: [&str; 20] = [
    "authorization",
    "apikey",
    "xapikey",
    "apitoken",
    "xapitoken",
    "accesstoken",
    "xaccesstoken",
    "authtoken",
    "xauthtoken",
    "authkey",
    "appkey",
    "xappkey",
    "applicationkey",
    "secretkey",
    "clientsecret",
    "ocpapimsubscriptionkey",
    "subscriptionkey",
    "xrapidapikey",
    "sessiontoken",
    "xsessiontoken",
];
/// What may be called so, and something else as well.
const PERHAPS: [&str; 6] = ["key", "token", "appid", "xappid", "xtoken", "xkey"];

/// Whether a parameter of that name holds a credential.
pub(super) fn is_credential(name: &str) -> bool {
    let plain = plain(name);
    SURE.contains(&plain.as_str()) || plain == "token"
}

fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Makes a way to connect of the headers and query parameters that most operations take, where
/// there is none.
pub(super) fn find<'d>(api: &mut Api<'d>, report: &mut Report) {
    let is_said = |scheme: &SecurityScheme<'_>| !matches!(scheme, SecurityScheme::Other(_));
    if api.schemes.values().any(is_said) {
        return;
    }
    let mut counts: BTreeMap<&'d str, usize> = BTreeMap::new();
    for parameter in api.operations.iter().flat_map(|one| &one.parameters) {
        if parameter.is_outside() {
            *counts.entry(parameter.name).or_default() += 1;
        }
    }
    let all = api.operations.len();
    counts.retain(|name, count| {
        let plain = plain(name);
        match plain.as_str() {
            "authorization" => true,
            name if SURE.contains(&name) => *count * 2 >= all,
            name => PERHAPS.contains(&name) && *count * 5 >= all * 4,
        }
    });
    // Of two that are seldom seen together, each is a way of its own.
    let most = counts.values().copied().max().unwrap_or_default();
    counts.retain(|_, count| *count * 2 >= most);
    let mut found = BTreeMap::new();
    for name in counts.into_keys() {
        let mut parameters = api.operations.iter().flat_map(|one| &one.parameters);
        let first = parameters.find(|one| one.is_outside() && one.name == name);
        if let Some(parameter) = first {
            report.lose(Loss::AuthGuessed, &parameter.at, name);
            found.insert(name, scheme(parameter));
        }
    }
    if found.is_empty() {
        return;
    }
    let needed: Requirement<'d> = found.keys().map(|name| (*name, Vec::new())).collect();
    api.security = vec![needed];
    api.schemes = found;
    for operation in &mut api.operations as &mut Vec<Operation<'d>> {
        operation.security = None;
    }
}

impl Parameter<'_> {
    /// Whether it travels in a header or the query, as credentials do.
    fn is_outside(&self) -> bool {
        matches!(self.place, Place::In(ArgIn::Header | ArgIn::Query))
    }
}

fn scheme<'d>(parameter: &Parameter<'d>) -> SecurityScheme<'d> {
    let description = parameter.description.unwrap_or_default();
    let place = match parameter.place {
        Place::In(ArgIn::Query) => ArgIn::Query,
        Place::In(_) | Place::Cookie => ArgIn::Header,
    };
    if place == ArgIn::Header && parameter.name.eq_ignore_ascii_case("authorization") {
        let schema = ["description", "default", "example", "pattern"].iter();
        let said = schema.filter_map(|key| parameter.schema.get(*key).and_then(Value::as_str));
        let said: Vec<&str> = said.chain([description]).collect();
        let said = said.join(" ").to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if says(&["bearer", "oauth", "jwt", "access token"]) {
            return SecurityScheme::Bearer;
        }
        if says(&["basic "]) {
            return SecurityScheme::Basic { description };
        }
    }
    SecurityScheme::Key {
        place,
        name: parameter.name,
        before: String::new(),
        description,
    }
}
