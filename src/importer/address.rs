//! Where an API lives: its first server, whose variables become fields of the connection; and the
//! servers that single operations have for themselves.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};
use url::Url;

use super::Wishes;
use super::credentials::is_credential;
use super::dialects::{is_nowhere, is_shelf};
use super::names;
use super::operation::Server;
use super::report::{Loss, Report};
use super::schema::cut;
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
    /// Hosts that the user trusts besides the API's own.
    allowed: Vec<String>,
    pub(super) found: BTreeMap<String, String>,
}

const LONGEST_EXAMPLE: usize = 150;
/// More are a description gone wrong.
const MOST_SERVERS: usize = 50;

impl Servers {
    /// `described` is the API's own server; the user may wish for another, and for more hosts.
    pub(super) fn new(
        address: &Address,
        endpoint: String,
        described: Option<&Server<'_>>,
        wishes: &Wishes,
    ) -> Self {
        let described = described.and_then(Server::default_url);
        let given = wishes.base_url.clone();
        Self {
            base: address.base_url.clone(),
            endpoint,
            moved: given.map(|given| (described, given)),
            allowed: wishes.allow_hosts.clone(),
            found: BTreeMap::new(),
        }
    }

    /// The name of an operation's server; none where it is the API's own or cannot be called.
    ///
    /// # Errors
    /// The host, where it is somebody else's: no credential is to go there.
    pub(super) fn name(
        &mut self,
        server: &Server<'_>,
        at: &str,
        report: &mut Report,
    ) -> Result<Option<String>, String> {
        let own = server.default_url().and_then(|url| self.moved(url));
        let Some(url) = own.or_else(|| self.relative(&server.url)) else {
            report.lose(Loss::OperationServer, at, server.url.clone());
            return Ok(None);
        };
        let address = url.as_str().trim_end_matches('/');
        if address == self.base || is_nowhere(&url) && !self.is_own(&url) {
            return Ok(None);
        }
        let host = url.host_str().unwrap_or_default();
        if !self.is_own(&url) {
            return Err(host.to_owned());
        }
        if let Some((name, _)) = self.found.iter().find(|(_, known)| *known == address) {
            return Ok(Some(name.clone()));
        }
        if self.found.len() == MOST_SERVERS {
            report.lose(Loss::OperationServer, at, server.url.clone());
            return Ok(None);
        }
        let host = names::argument(host).to_ascii_lowercase();
        let mut name = host.clone();
        let mut number = 2_usize;
        while self.found.contains_key(&name) {
            name = format!("{host}_{number}");
            number += 1;
        }
        self.found.insert(name.clone(), address.to_owned());
        Ok(Some(name))
    }

    /// Whether it is at a host of the API's owner.
    fn is_own(&self, url: &Url) -> bool {
        let host = self.base.split_once("://").map_or("", |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or_default();
        let other = url.host_str().unwrap_or_default();
        let is_allowed = self.allowed.iter().any(|host| host == other);
        is_allowed || host == other || (owner(host).is_some() && owner(host) == owner(other))
    }

    /// `/path` is at the API's own host.
    fn relative(&self, path: &str) -> Option<Url> {
        let is_path = path.starts_with('/') && !path.starts_with("//") && !path.contains('{');
        let base = Url::parse(&self.base).ok().filter(|_| is_path)?;
        base.join(path).ok()
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
        if from.as_ref() == Some(&url) {
            return Some(to.clone());
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

/// A name before the host is there to deceive (RFC 9110 section 4.2.4).
fn is_web(url: &Url) -> bool {
    let is_named = !url.username().is_empty() || url.password().is_some();
    matches!(url.scheme(), "http" | "https") && url.has_host() && !is_named
}

/// Below these, each name is somebody else's.
const SHARED: [&str; 16] = [
    "amazonaws.com",
    "appspot.com",
    "azure-api.net",
    "azurewebsites.net",
    "cloudfront.net",
    "fly.dev",
    "github.io",
    "herokuapp.com",
    "netlify.app",
    "ngrok.io",
    "onrender.com",
    "run.app",
    "vercel.app",
    "web.app",
    "windows.net",
    "workers.dev",
];

/// Below a country, these are nobody's own.
const NATIONAL: [&str; 14] = [
    "ac", "co", "com", "edu", "gob", "gouv", "gov", "ltd", "ne", "net", "nom", "or", "org", "plc",
];

/// What of a host its owner registered, where that can be told: the last two names, or three below
/// such as `co.uk`.
fn owner(host: &str) -> Option<&str> {
    if SHARED.iter().any(|shared| host.ends_with(shared)) || host.parse::<Ipv4Addr>().is_ok() {
        return None;
    }
    let starts: Vec<usize> = host.rmatch_indices('.').map(|(at, _)| at + 1).collect();
    let last = *starts.first()?;
    let second = &host[starts.get(1).copied().unwrap_or_default()..last - 1];
    let is_national = host.len() - last == 2 && NATIONAL.contains(&second);
    let start = starts.get(if is_national { 2 } else { 1 });
    let found = &host[start.copied().unwrap_or_default()..];
    (!found.contains(['{', '}'])).then_some(found)
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
/// whoever connects must say it. With `is_own_word` it is the API's own server that said it.
pub(super) fn of(
    server: Option<&Server<'_>>,
    given: Option<&Url>,
    source: Option<&Url>,
    is_own_word: bool,
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
    let text = slashed(text.trim_end_matches('/'));
    let text = text.as_ref();
    let example = template::fill(text, |_| Some("x".into())).unwrap_or_default();
    let is_somewhere = |url: &Url| {
        let is_own = || is_own_word || source.is_some_and(|source| source.host() == url.host());
        is_web(url) && (!is_nowhere(url) || is_own())
    };
    if Url::parse(&example).is_ok_and(|url| is_somewhere(&url)) && text.is_ascii() {
        return Address {
            base_url: text.split(['?', '#']).next().unwrap_or_default().to_owned(),
            fields,
        };
    }
    // `//host/path` and `/path` go on from where the description was fetched.
    let joined = match text.strip_prefix("//") {
        Some(rest) => Url::parse(&format!("https://{rest}")).ok(),
        None if text.starts_with('/') || text.is_empty() => {
            let source = source.filter(|source| !is_shelf(source));
            source.and_then(|source| source.join(if text.is_empty() { "/" } else { text }).ok())
        }
        // Letters of all alphabets become what is really asked.
        None if text.contains("://") => Url::parse(text).ok(),
        None => Url::parse(&format!("https://{text}")).ok(),
    };
    let is_plain = fields.is_empty() && !text.contains('{');
    let Some(joined) = joined.filter(|url| is_plain && is_somewhere(url)) else {
        return asked(text, fields, report);
    };
    Address {
        base_url: joined.as_str().trim_end_matches('/').to_owned(),
        fields: Vec::new(),
    }
}

/// Whoever connects must say where the API lives; `described` is what the description has of it.
fn asked(described: &str, mut fields: Vec<Value>, report: &mut Report) -> Address {
    report.lose(
        Loss::ServerVariable,
        "/servers",
        "whoever connects is asked for the address",
    );
    let host = described.find("://").map_or(0, |at| at + 3);
    let path = described[host..]
        .find('/')
        .map(|at| &described[host + at..]);
    let path = path.unwrap_or_default().split(['?', '#']).next();
    let path = path.filter(|path| path.is_ascii() && !path.starts_with("//"));
    let path = path.unwrap_or_default();
    let about = match path {
        "" => "Where the API lives: https://api.example.com".to_owned(),
        path => {
            let path = cut(path, LONGEST_EXAMPLE);
            format!("Where the API lives, without {path} at its end: https://api.example.com")
        }
    };
    fields.retain(|field| {
        let name = field["name"].as_str().unwrap_or_default();
        path.contains(&format!("{{{name}}}"))
    });
    let base_url = json!({
        "name": "base_url",
        "display_name": "Base URL",
        "description": about,
        "required": true,
        "pattern": "https?://[^\\s?#]+",
        "legacy_names": ["full"],
    });
    fields.insert(0, base_url);
    Address {
        base_url: format!("{{base_url}}{path}"),
        fields,
    }
}

/// `v1` and `./v1` are paths, as `/v1` is; what has a dot in its first part is a host.
fn slashed(text: &str) -> Cow<'_, str> {
    let plain = text.strip_prefix("./").unwrap_or(text);
    let first = plain.split('/').next().unwrap_or_default();
    let is_host = first.contains(['.', ':', '{']) && !first.starts_with('.');
    if plain.is_empty() || plain.starts_with('/') || (is_host && plain == text) {
        return Cow::Borrowed(plain);
    }
    Cow::Owned(format!("/{plain}"))
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
        // What is glued to a name is no name of its own, but a port or the beginning of the path.
        let is_port = at < host_end
            && url[..at].ends_with(|last: char| last == ':' || last.is_ascii_alphanumeric())
            && !url[..at].ends_with("://");
        let is_in_host = at < host_end && at > 0;
        let text = if is_port {
            report.lose(Loss::ServerVariable, "/servers/0/variables", slot.name);
            default_of(server, slot.name)
        } else {
            variable(server, slot.name, is_in_host, fields, report)
        };
        known.push((slot.name.to_owned(), text.clone()));
        Some(text)
    })
    .unwrap_or_default()
}

fn default_of(server: &Server<'_>, name: &str) -> String {
    let described = server.variables.get(name);
    match described.and_then(|described| described.get("default")) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn variable(
    server: &Server<'_>,
    name: &str,
    is_in_host: bool,
    fields: &mut Vec<Value>,
    report: &mut Report,
) -> String {
    let described = server.variables.get(name).copied().unwrap_or(&Value::Null);
    let default = default_of(server, name);
    let choices: Vec<&str> = described
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if server.url.starts_with(&format!("{{{name}}}://")) {
        // Credentials go there.
        let is_plain = !choices.is_empty() && !choices.contains(&"https");
        return if is_plain { default } else { "https".into() };
    }
    if server.url.starts_with(&format!("{{{name}}}")) {
        return default;
    }
    // Where nothing but the default fits, and for versions and their like, nobody is asked.
    if choices.len() == 1 || (!is_in_host && is_settled(name, &default)) {
        report.lose(Loss::ServerVariable, "/servers/0/variables", name);
        return default;
    }
    let field_name = names::argument(name);
    let mut field = Map::new();
    field.insert("name".into(), field_name.clone().into());
    field.insert(
        "display_name".into(),
        names::spoken(&names::snake(name)).into(),
    );
    let pattern = match choices.as_slice() {
        [] if is_in_host => "[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*".to_owned(),
        [] => "[A-Za-z0-9_.:~-]+".to_owned(),
        choices => {
            let escaped = choices.iter().map(|choice| regex::escape(choice));
            let escaped: Vec<String> = escaped.collect();
            field.insert("options".into(), json!(choices));
            escaped.join("|")
        }
    };
    let whole = regex::Regex::new(&format!("^(?:{pattern})$"));
    let is_secret = is_credential(name);
    let fits = !is_secret && whole.is_ok_and(|whole| whole.is_match(&default));
    field.insert("required".into(), (!fits).into());
    if fits {
        field.insert("default".into(), default.into());
    }
    if is_secret {
        field.insert("secret".into(), true.into());
    }
    field.insert("pattern".into(), pattern.into());
    fields.push(Value::Object(field));
    format!("{{{field_name}}}")
}

/// Whether a part of the path is the same for everybody: a version, and what has several segments.
fn is_settled(name: &str, default: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_named = ["version", "basepath", "base_path", "prefix"];
    let is_version = || {
        let digits = default.trim_start_matches('v');
        digits.starts_with(|first: char| first.is_ascii_digit()) && default.len() < 8
    };
    !default.is_empty()
        && !is_credential(&name)
        && (is_named.iter().any(|part| name.contains(part))
            || default.contains('/')
            || is_version())
}
