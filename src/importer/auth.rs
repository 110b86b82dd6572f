//! Security schemes as the ways to connect of a manifest.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};
use url::Url;

use super::names;
use super::operation::{Api, Flow, Requirement, SecurityScheme};
use super::report::{Loss, Report};
use super::schema::cut;
use crate::catalog::manifest::ArgIn;

/// A person can judge so many; beyond, the auth config must say which.
const MOST_SCOPES: usize = 25;
const LONGEST_DESCRIPTION: usize = 200;
const AT: &str = "/security";

/// The ways to connect, the most used first. `scopes` are those that the tools need, `base_url` is
/// what URLs of OAuth are relative to.
pub(super) fn ways(
    api: &Api<'_>,
    scopes: &[String],
    base_url: &str,
    report: &mut Report,
) -> Vec<Value> {
    let mut ways: Vec<Value> = Vec::new();
    let base = Url::parse(base_url).ok().filter(|_| is_plain(base_url));
    for requirement in by_use(api) {
        let Some(way) = way(api, &requirement, scopes, base.as_ref(), report) else {
            continue;
        };
        // One block a scheme; the first is the most used.
        if ways.iter().any(|known| known["scheme"] == way["scheme"]) {
            report.lose(Loss::AuthLeftOut, AT, format!("a second {}", way["scheme"]));
        } else {
            ways.push(way);
        }
    }
    ways
}

/// What operations need, the most frequent first; schemes that nobody names stand alone.
fn by_use<'d>(api: &Api<'d>) -> Vec<Requirement<'d>> {
    let mut counts: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
    for operation in &api.operations {
        for requirement in operation.security.as_ref().unwrap_or(&api.security) {
            let names: Vec<&str> = requirement.keys().copied().collect();
            if !names.is_empty() {
                *counts.entry(names).or_default() += 1;
            }
        }
    }
    if counts.is_empty() {
        counts = api.schemes.keys().map(|name| (vec![*name], 1)).collect();
    }
    let mut sorted: Vec<(Vec<&str>, usize)> = counts.into_iter().collect();
    sorted.sort_by_key(|(names, count)| (std::cmp::Reverse(*count), names.len()));
    let known = |name: &str| {
        api.schemes
            .get_key_value(name)
            .map(|(name, _)| (*name, Vec::new()))
    };
    sorted
        .into_iter()
        .map(|(names, _)| names.into_iter().filter_map(known).collect())
        .filter(|requirement: &Requirement<'_>| !requirement.is_empty())
        .collect()
}

/// One way out of schemes that are needed together.
fn way(
    api: &Api<'_>,
    requirement: &Requirement<'_>,
    scopes: &[String],
    base: Option<&Url>,
    report: &mut Report,
) -> Option<Value> {
    let mut way = Way::default();
    let is_alone = requirement.len() == 1;
    let schemes = requirement.keys();
    let mut schemes: Vec<_> = schemes
        .filter_map(|name| Some((*name, api.schemes.get(name)?)))
        .collect();
    // What can be said in full comes first: there is one place for all of them.
    schemes.sort_by_key(|(_, scheme)| {
        let is_last = matches!(scheme, SecurityScheme::Token(_));
        (is_last, !matches!(scheme, SecurityScheme::OAuth2(_)))
    });
    for (name, scheme) in schemes {
        match scheme {
            SecurityScheme::Key {
                place,
                name: wire,
                before,
                description,
            } => {
                let place = (*place, *wire, before.as_str());
                way.key(name, place, description, is_alone, report);
            }
            SecurityScheme::Other(what) => {
                report.lose(Loss::AuthLeftOut, AT, *what);
                return None;
            }
            _ if way.has_authorization() => {
                report.lose(Loss::AuthLeftOut, AT, format!("{name}, beside another"));
            }
            SecurityScheme::Bearer => way.token(),
            SecurityScheme::Basic { description } => way.basic(description, report),
            SecurityScheme::OAuth2(flow) => {
                if let Err(what) = way.oauth2(flow, scopes, base, report) {
                    report.lose(Loss::AuthGuessed, AT, what);
                    way.token();
                }
            }
            SecurityScheme::Registered(resource) => {
                way.rank("DCR_OAUTH", 2);
                way.more.insert("resource".into(), (*resource).into());
                way.header("Authorization", "Bearer {access_token}");
            }
            SecurityScheme::Token(what) => {
                // Whoever has one sends it like any other (RFC 6750).
                report.lose(Loss::AuthGuessed, AT, *what);
                way.token();
            }
        }
    }
    Some(way.finish())
}

#[derive(Default)]
struct Way {
    /// The scheme with the highest rank gives the whole its name.
    scheme: &'static str,
    rank: u8,
    fields: Vec<Value>,
    apply: Vec<Value>,
    more: Map<String, Value>,
}

impl Way {
    fn rank(&mut self, scheme: &'static str, rank: u8) {
        if rank >= self.rank {
            self.rank = rank;
            self.scheme = scheme;
        }
    }

    fn header(&mut self, name: &str, value: &str) {
        self.apply
            .push(json!({ "in": "header", "name": name, "value": value }));
    }

    fn has_authorization(&self) -> bool {
        let mut headers = self.apply.iter().filter_map(|one| one["name"].as_str());
        headers.any(|name| name.eq_ignore_ascii_case("authorization"))
    }

    fn token(&mut self) {
        self.rank("BEARER_TOKEN", 1);
        self.fields.push(secret("token", "Token"));
        self.header("Authorization", "Bearer {token}");
    }

    fn key(
        &mut self,
        name: &str,
        (place, wire, before): (ArgIn, &str, &str),
        description: &str,
        is_alone: bool,
        report: &mut Report,
    ) {
        let field = if is_alone {
            "generic_api_key".to_owned()
        } else {
            names::argument(name)
        };
        let mut value = format!("{before}{{{field}}}");
        if before.is_empty() && wire.eq_ignore_ascii_case("authorization") {
            value = format!("{}{value}", word_before(name, description));
            report.lose(Loss::AuthGuessed, AT, format!("Authorization: {value}"));
        }
        self.rank("API_KEY", 0);
        let shown = if is_alone {
            "API key".to_owned()
        } else {
            names::spoken(&field)
        };
        let mut field = secret(&field, &shown);
        let about = cut(description, LONGEST_DESCRIPTION);
        if !about.is_empty() {
            field["description"] = about.into();
        }
        if is_alone {
            field["legacy_names"] = json!(["api_key"]);
        }
        self.fields.push(field);
        let place = if place == ArgIn::Query {
            "query"
        } else {
            "header"
        };
        self.apply
            .push(json!({ "in": place, "name": wire, "value": value }));
    }

    fn basic(&mut self, description: &str, report: &mut Report) {
        let about = description.to_ascii_lowercase();
        // Stripe and its like: the key is the user name, the password empty.
        if about.contains("api key") && about.contains("username") && about.contains("password") {
            report.lose(Loss::AuthGuessed, AT, "the API key as the user name");
            self.rank("BASIC", 1);
            self.fields.push(secret("username", "API key"));
            self.fields.push(json!({ "name": "password", "display_name": "Password", "secret": true, "default": "" }));
        } else {
            self.rank("BASIC", 1);
            self.fields
                .push(json!({ "name": "username", "display_name": "User name", "required": true }));
            self.fields.push(secret("password", "Password"));
        }
        self.header("Authorization", "Basic {base64(username:password)}");
    }

    /// # Errors
    /// What it lacks.
    fn oauth2(
        &mut self,
        flow: &Flow<'_>,
        scopes: &[String],
        base: Option<&Url>,
        report: &mut Report,
    ) -> Result<(), &'static str> {
        let absolute = |url: &str| absolute(url, base);
        let token_url = flow.token_url.and_then(absolute);
        let token_url = token_url.ok_or("OAuth 2 without a usable token URL")?;
        let authorize_url = flow.authorize_url.map(absolute);
        if authorize_url == Some(None) {
            return Err("OAuth 2 without a usable authorization URL");
        }
        self.more
            .insert("token_url".into(), token_url.clone().into());
        if let Some(url) = authorize_url.flatten() {
            self.rank("OAUTH2", 2);
            self.more.insert("authorize_url".into(), url.into());
        } else {
            self.rank("S2S_OAUTH2", 2);
            self.fields.push(
                json!({ "name": "client_id", "display_name": "Client ID", "required": true }),
            );
            self.fields.push(secret("client_secret", "Client secret"));
        }
        let refresh_url = flow.refresh_url.and_then(absolute);
        if let Some(url) = refresh_url.filter(|url| *url != token_url) {
            self.more.insert("refresh_url".into(), url.into());
        }
        if !flow.authorize_params.is_empty() {
            self.more
                .insert("authorize_params".into(), json!(flow.authorize_params));
        }
        self.scopes(flow, scopes, report);
        self.header("Authorization", "Bearer {access_token}");
        Ok(())
    }

    fn scopes(&mut self, flow: &Flow<'_>, scopes: &[String], report: &mut Report) {
        let mut default: Vec<&str> = scopes.iter().map(String::as_str).collect();
        default.retain(|scope| flow.scopes.contains_key(scope));
        if default.is_empty() {
            default = flow.scopes.keys().copied().collect();
        }
        if default.len() > MOST_SCOPES {
            let detail = format!("{} scopes, none is asked for by default", default.len());
            report.lose(Loss::ScopeChosen, AT, detail);
            default.clear();
        }
        let descriptions: BTreeMap<&str, String> = flow
            .scopes
            .iter()
            .map(|(scope, about)| (*scope, cut(about, LONGEST_DESCRIPTION)))
            .filter(|(_, about)| !about.is_empty())
            .collect();
        if !flow.scopes.is_empty() {
            let scopes = json!({ "default": default, "descriptions": descriptions });
            self.more.insert("scopes".into(), scopes);
        }
    }

    fn finish(self) -> Value {
        let mut way = Map::new();
        way.insert("scheme".into(), self.scheme.into());
        way.extend(self.more);
        if !self.fields.is_empty() {
            way.insert("fields".into(), json!({ "connection": self.fields }));
        }
        way.insert("apply".into(), Value::Array(self.apply));
        Value::Object(way)
    }
}

/// `with the word "Token"`, `prefixed with 'SSWS'`
static SAID: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let said = r#"(?i)(?:prefix(?:ed)?|prepended|starts?|begins?|word|string)(?:\s+(?:with|by|of))?:?\s*\\?["'`“]([A-Za-z]{2,20})\b"#;
    Regex::new(said).ok()
});
/// `SSWS {API Token}`, `token <key>`
static SHOWN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b([A-Za-z]{2,20}) ?[{<\[][A-Za-z]").ok());

/// What stands before a key in `Authorization`, by what its scheme is called and described as.
fn word_before(name: &str, description: &str) -> String {
    let about = format!("{name} {description}").to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| about.contains(word));
    if says(&["bearer", "jwt", "json web token"]) {
        return "Bearer ".into();
    }
    if says(&["token token", "`token ", "tokenauth", "django"]) {
        return "Token ".into();
    }
    let found = |regex: &LazyLock<Option<Regex>>| {
        let found = regex.as_ref()?.captures(description)?;
        Some(format!("{} ", found.get(1)?.as_str()))
    };
    found(&SAID).or_else(|| found(&SHOWN)).unwrap_or_default()
}

fn secret(name: &str, shown: &str) -> Value {
    json!({ "name": name, "display_name": shown, "required": true, "secret": true })
}

fn is_plain(url: &str) -> bool {
    !url.contains(['{', '}'])
}

/// A URL of OAuth as it is asked; one may be relative to the API's. Secrets go there, so that plain
/// HTTP is taken for a slip, but where a port says that it is none.
fn absolute(url: &str, base: Option<&Url>) -> Option<String> {
    let mut found = match Url::parse(url) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => base?.join(url).ok()?,
        Err(_) => return None,
    };
    let is_web = matches!(found.scheme(), "http" | "https") && found.has_host();
    let is_open = found.username().is_empty() && found.password().is_none();
    if !is_plain(url) || !is_web || !is_open {
        return None;
    }
    let is_slip = found.scheme() == "http" && found.port().is_none() && found.domain().is_some();
    // Without a base it is as it was written.
    if is_slip && found.set_scheme("https").is_err() {
        return None;
    }
    let is_same = found.as_str() == url || found.as_str() == format!("{url}/");
    Some(if is_same {
        url.to_owned()
    } else {
        found.into()
    })
}

/// The scopes that a call needs; where the vendor takes one of several, the narrowest by its name.
pub(super) fn scopes(
    needed: &[Requirement<'_>],
    only_looks: bool,
    at: &str,
    report: &mut Report,
) -> Vec<String> {
    let mut choices: Vec<&Vec<&str>> = needed
        .iter()
        .flat_map(BTreeMap::values)
        .filter(|scopes| !scopes.is_empty())
        .collect();
    choices.sort_unstable();
    choices.dedup();
    if choices.len() > 1 {
        report.lose(Loss::ScopeChosen, at, "");
    }
    // `…readonly` for what looks only; else the longest name, which says the most.
    let narrowness = |scopes: &&&Vec<&str>| {
        let last = scopes.last().copied().unwrap_or_default();
        let reads = last.contains("readonly") || last.contains("read_only");
        let is_special = last.contains(".addons.");
        (reads == only_looks, !is_special, last.len())
    };
    let chosen = choices.iter().max_by_key(narrowness);
    chosen
        .into_iter()
        .flat_map(|scopes| scopes.iter().map(|scope| (*scope).to_owned()))
        .collect()
}
