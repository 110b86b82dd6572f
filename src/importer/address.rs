//! Where an API lives: its first server, whose variables become fields of the connection; and the
//! servers that single operations have for themselves.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use url::Url;

use super::names;
use super::operation::Server;
use super::report::{Loss, Report};
use crate::catalog::template;

/// The base URL, and the fields that it names.
pub(super) struct Address {
    pub(super) base_url: String,
    pub(super) fields: Vec<Value>,
}

/// A toolkit's further servers, by name, as operations are found to need them.
pub(super) struct Servers {
    base: String,
    /// GraphQL and MCP: the path of the one address.
    pub(super) endpoint: String,
    /// The address that the description names, if it is one, and the user's other one.
    moved: Option<(Option<Url>, Url)>,
    pub(super) found: BTreeMap<String, String>,
}

/// More are a description gone wrong.
const MOST_SERVERS: usize = 50;

impl Servers {
    /// `described` is the API's own server, `given` what the user says instead.
    pub(super) fn new(
        address: &Address,
        endpoint: String,
        described: Option<&Server<'_>>,
        given: Option<&Url>,
    ) -> Self {
        let described = described.and_then(Server::default_url);
        Self {
            base: address.base_url.clone(),
            endpoint,
            moved: given.map(|given| (described, given.clone())),
            found: BTreeMap::new(),
        }
    }

    /// The name of an operation's server; none where it is the API's own or cannot be called.
    pub(super) fn name(
        &mut self,
        server: &Server<'_>,
        at: &str,
        report: &mut Report,
    ) -> Option<String> {
        let Some(url) = server.default_url().and_then(|url| self.moved(url)) else {
            report.lose(Loss::OperationServer, at, server.url.clone());
            return None;
        };
        let address = url.as_str().trim_end_matches('/');
        if address == self.base {
            return None;
        }
        if let Some((name, _)) = self.found.iter().find(|(_, known)| *known == address) {
            return Some(name.clone());
        }
        if self.found.len() == MOST_SERVERS {
            report.lose(Loss::OperationServer, at, server.url.clone());
            return None;
        }
        let host = names::argument(url.host_str()?).to_ascii_lowercase();
        let mut name = host.clone();
        let mut number = 2_usize;
        while self.found.contains_key(&name) {
            name = format!("{host}_{number}");
            number += 1;
        }
        self.found.insert(name.clone(), address.to_owned());
        Some(name)
    }

    /// Where the API was moved, its own host moves along, and no other is called.
    fn moved(&self, url: Url) -> Option<Url> {
        let Some((from, to)) = &self.moved else {
            return Some(url);
        };
        if from
            .as_ref()
            .is_none_or(|from| url.origin() != from.origin())
        {
            return None;
        }
        let mut url = to.join(url.path()).ok()?;
        url.set_query(None);
        Some(url)
    }
}

impl Server<'_> {
    /// The address with the defaults of its variables, where that is one.
    fn default_url(&self) -> Option<Url> {
        let text = template::fill(&self.url, |slot| {
            let default = self.variables.get(slot.name)?.get("default")?;
            default.as_str().map(str::to_owned)
        });
        let mut text = text.ok()?;
        if text.starts_with("//") {
            text.insert_str(0, "https:");
        }
        let url = Url::parse(&text).ok()?;
        (is_web(&url) && url.query().is_none() && url.fragment().is_none()).then_some(url)
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

impl Address {
    /// Takes the last segment off the base URL, where one address has all the operations.
    pub(super) fn split_endpoint(&mut self, usual: &str) -> String {
        let host = self.base_url.find("://").map_or(0, |at| at + 3);
        match self.base_url.rfind('/') {
            Some(at) if at > host => self.base_url.split_off(at),
            _ => usual.to_owned(),
        }
    }
}

/// What the user said, else what the description says, made absolute by where that came from; else
/// whoever connects must say it.
pub(super) fn of(
    server: Option<&Server<'_>>,
    given: Option<&Url>,
    source: Option<&Url>,
    report: &mut Report,
) -> Address {
    if let Some(url) = given {
        return Address {
            base_url: url.as_str().trim_end_matches('/').to_owned(),
            fields: Vec::new(),
        };
    }
    let mut fields = Vec::new();
    let text = server.map_or_else(String::new, |server| filled(server, &mut fields, report));
    let text = text.trim_end_matches('/');
    let example = template::fill(text, |_| Some("x".into())).unwrap_or_default();
    if Url::parse(&example).is_ok_and(|url| is_web(&url)) {
        return Address {
            base_url: text.split(['?', '#']).next().unwrap_or_default().to_owned(),
            fields,
        };
    }
    // `//host/path` and `/path` go on from where the description was fetched.
    let joined = match text.strip_prefix("//") {
        Some(rest) => Url::parse(&format!("https://{rest}")).ok(),
        None if text.starts_with('/') || text.is_empty() => {
            source.and_then(|source| source.join(if text.is_empty() { "/" } else { text }).ok())
        }
        None => Url::parse(&format!("https://{text}"))
            .ok()
            .filter(|_| text.contains('.')),
    };
    let Some(joined) = joined.filter(is_web) else {
        report.lose(
            Loss::ServerVariable,
            "/servers",
            "whoever connects is asked for the address",
        );
        return Address {
            base_url: "{base_url}".into(),
            fields: vec![json!({
                "name": "base_url",
                "display_name": "Base URL",
                "description": "Where the API lives: https://api.example.com/v1",
                "required": true,
                "pattern": "https?://[^\\s?#]+",
                "legacy_names": ["full"],
            })],
        };
    };
    Address {
        base_url: joined.as_str().trim_end_matches('/').to_owned(),
        fields: Vec::new(),
    }
}

/// The address with the names of fields in it, or defaults where a person has no choice.
fn filled(server: &Server<'_>, fields: &mut Vec<Value>, report: &mut Report) -> String {
    let url = &server.url;
    let host_end = url.find("://").map_or(0, |start| {
        start + 3 + url[start + 3..].find('/').unwrap_or(url.len() - start - 3)
    });
    let mut known: Vec<(String, String)> = Vec::new();
    let mut seen = 0;
    template::fill(url, |slot| {
        if let Some((_, text)) = known.iter().find(|(name, _)| name == slot.name) {
            return Some(text.clone());
        }
        let at = url[seen..]
            .find(&format!("{{{}}}", slot.name))
            .map_or(0, |at| seen + at);
        seen = at;
        let text = variable(server, slot.name, at < host_end && at > 0, fields, report);
        known.push((slot.name.to_owned(), text.clone()));
        Some(text)
    })
    .unwrap_or_default()
}

fn variable(
    server: &Server<'_>,
    name: &str,
    is_in_host: bool,
    fields: &mut Vec<Value>,
    report: &mut Report,
) -> String {
    let described = server.variables.get(name).copied().unwrap_or(&Value::Null);
    let default = described.get("default").map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let default = default.unwrap_or_default();
    let choices: Vec<&str> = described
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    // Behind the host, and where nothing but the default fits, nobody is asked.
    if !is_in_host || choices.len() == 1 {
        report.lose(Loss::ServerVariable, "/servers/0/variables", name);
        return if default.is_empty() && !is_in_host && server.url.starts_with('{') {
            "https".into()
        } else {
            default
        };
    }
    let field_name = names::argument(name);
    let mut field = Map::new();
    field.insert("name".into(), field_name.clone().into());
    field.insert(
        "display_name".into(),
        names::spoken(&names::snake(name)).into(),
    );
    let pattern = if choices.is_empty() {
        "[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*".to_owned()
    } else {
        let escaped: Vec<String> = choices.iter().map(|choice| regex::escape(choice)).collect();
        field.insert("options".into(), json!(choices));
        escaped.join("|")
    };
    let fits =
        regex::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|whole| whole.is_match(&default));
    field.insert("required".into(), (!fits).into());
    if fits {
        field.insert("default".into(), default.into());
    }
    field.insert("pattern".into(), pattern.into());
    fields.push(Value::Object(field));
    format!("{{{field_name}}}")
}
