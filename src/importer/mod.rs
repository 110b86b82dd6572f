//! From an API's description to a toolkit: OpenAPI 3.0 and 3.1, Swagger 2, Google Discovery, GraphQL
//! schemas, MCP servers.
//!
//! Read it in the order of [`convert`]: a document is [read](mod@read), its [dialect](dialects)
//! makes operations of it, each operation gets a [name](names) and becomes a [tool], and the
//! [folder] is written so that people can change it and import again.

mod address;
mod arguments;
mod auth;
mod body;
mod credentials;
mod dialects;
mod document;
pub mod folder;
mod former;
mod graphql;
mod groups;
mod hints;
mod lock;
mod mcp;
mod merge;
mod names;
mod operation;
mod reach;
pub mod read;
pub mod recipes;
pub mod report;
mod schema;
mod select;
pub mod sources;
mod tool;
mod tools;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde_json::{Map, Value, json};
use url::Url;

use crate::catalog::{self, manifest};
use crate::error::{Error, Result};
use address::{Address, Servers};
pub use document::Dialect;
use document::Document;
pub use names::SlugFrom;
use operation::{Api, Operation};
use report::{Report, Skip};
use schema::cut;
pub use select::Selection;

/// Toolkits' slugs are the beginning of their tools' slugs.
const LONGEST_SLUG: usize = 30;
const LONGEST_DESCRIPTION: usize = 500;

/// What the user says about an import.
#[derive(Debug)]
pub struct Wishes {
    /// The toolkit's slug; by default made of the API's title.
    pub slug: Option<String>,
    /// Its name; by default the API's title.
    pub name: Option<String>,
    /// Where the API lives; by default what the description says.
    pub base_url: Option<Url>,
    /// Where the description was fetched, if it was.
    pub source_url: Option<Url>,
    /// GraphQL and MCP: the path of the one address, behind the base URL.
    pub endpoint: Option<String>,
    /// What slugs are made of.
    pub slug_from: SlugFrom,
    /// Which operations are taken.
    pub selection: Selection,
    /// Arguments are written in snake case.
    pub snake: bool,
    /// Official slugs, by operation: `GET /things`. The first is the tool's, the others are aliases.
    pub slugs: BTreeMap<String, Vec<String>>,
    /// By slug: what people want who need the tool.
    pub use_cases: BTreeMap<String, Vec<String>>,
    /// Keys of `toolkit.yaml` that stand above what the description says.
    pub toolkit: Map<String, Value>,
    /// Hosts that credentials may go to, although the API's own is another's, or a first import did
    /// not name them.
    pub allow_hosts: Vec<String>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            slug: None,
            name: None,
            base_url: None,
            source_url: None,
            endpoint: None,
            slug_from: SlugFrom::Auto,
            selection: Selection::default(),
            snake: false,
            slugs: BTreeMap::new(),
            use_cases: BTreeMap::new(),
            toolkit: Map::new(),
            allow_hosts: Vec::new(),
        }
    }
}

/// A toolkit that was made of a description.
#[derive(Debug)]
pub struct Converted {
    /// Its slug.
    pub slug: String,
    /// What the description was written in.
    pub dialect: Dialect,
    /// `toolkit.yaml`, without dates and versions.
    pub toolkit: Map<String, Value>,
    /// Its tools, in the description's order.
    pub tools: Vec<ConvertedTool>,
    /// What was lost on the way.
    pub report: Report,
}

/// A tool that was made of an operation.
#[derive(Debug)]
pub struct ConvertedTool {
    /// The operation: `GET /things`.
    pub operation: String,
    /// The first of the operation's tags.
    pub group: String,
    /// The manifest.
    pub manifest: Map<String, Value>,
}

impl ConvertedTool {
    /// Says what people want who need it, where that is known, behind what it says of itself.
    fn add_use_cases(&mut self, wishes: &Wishes) {
        let slug = self.manifest.get("slug").and_then(Value::as_str);
        if let Some(use_cases) = slug.and_then(|slug| wishes.use_cases.get(slug)) {
            let mut keys = self.manifest.keys();
            let place = keys.position(|key| key == "description").unwrap_or(0) + 1;
            let use_cases = json!(use_cases);
            self.manifest
                .shift_insert(place, "use_cases".into(), use_cases);
        }
    }
}

fn slug_of(title: &str, wishes: &Wishes) -> Result<String> {
    if let Some(slug) = &wishes.slug {
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let fits = (1..=LONGEST_SLUG).contains(&slug.len()) && slug.bytes().all(is_plain);
        return fits.then(|| slug.clone()).ok_or_else(|| {
            Error::invalid(format!(
                "the slug `{slug}` must be of a-z, 0-9 and _, at most {LONGEST_SLUG} characters"
            ))
        });
    }
    let title = title.to_ascii_lowercase();
    let words = title.split(|c: char| !c.is_ascii_alphanumeric());
    let said = words.filter(|word| !matches!(*word, "" | "api" | "rest" | "the" | "specification"));
    let mut slug = said.collect::<Vec<_>>().join("_");
    slug.truncate(LONGEST_SLUG);
    let slug = slug.trim_matches('_').to_owned();
    if slug.is_empty() {
        return Err(Error::invalid_with_fix(
            "the description has no title to make a slug of",
            "Choose one: --slug acme",
        ));
    }
    Ok(slug)
}

/// The slug of the toolkit that `root` describes.
fn slug(root: &Value, wishes: &Wishes) -> Result<String> {
    if wishes.slug.is_some() {
        return slug_of("", wishes);
    }
    let title = match Dialect::of(root)? {
        Dialect::OpenApi | Dialect::Swagger | Dialect::Graphql | Dialect::Mcp => {
            root.pointer("/info/title")
        }
        Dialect::Discovery => root.get("name"),
    };
    slug_of(title.and_then(Value::as_str).unwrap_or_default(), wishes)
}

/// The toolkit that `root` describes. `known` are the slugs of an earlier import, by operation.
///
/// # Errors
/// When the document is of no known dialect, or makes no valid toolkit. Operations that cannot be
/// converted are no errors; the report has them.
pub fn convert(
    root: &Value,
    wishes: &Wishes,
    known: &BTreeMap<String, String>,
) -> Result<Converted> {
    let dialect = Dialect::of(root)?;
    let document = Document { root, dialect };
    let mut report = Report::default();
    let mut api = dialects::read(document, &mut report);
    // What was too much is left out already.
    report.operations = api.operations.len() + report.skipped_by_reason.values().sum::<usize>();
    let slug = slug(root, wishes)?;
    let (wanted, others) = api
        .operations
        .drain(..)
        .partition(|one| wishes.selection.takes(one));
    api.operations = wanted;
    for left in &others as &Vec<Operation<'_>> {
        report.skip(&left.key(), Skip::NotSelected, "");
    }
    credentials::find(&mut api, &mut report);
    api.server = api.server.take().or_else(|| api.usual_server());
    let own = api.server.as_ref();
    let (given, source) = (wishes.base_url.as_ref(), wishes.source_url.as_ref());
    let mut address = address::of(own, given, source, dialect == Dialect::Mcp, &mut report);
    let endpoint = match &wishes.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => match dialect {
            Dialect::Graphql => address.split_endpoint("/graphql"),
            Dialect::Mcp => address.split_endpoint("/mcp"),
            Dialect::OpenApi | Dialect::Swagger | Dialect::Discovery => String::new(),
        },
    };
    let mut servers = Servers::new(&address, endpoint, own, wishes);
    let operations = tools::named(&api, &slug, wishes, known);
    let mut tools = tools::of(
        &operations,
        &api,
        document,
        wishes,
        &mut servers,
        &mut report,
    );
    if dialect == Dialect::Graphql {
        tools.push(tool::any_document(&slug, &servers.endpoint));
    }
    for tool in &mut tools {
        tool.add_use_cases(wishes);
    }
    let scopes = scopes_of(&tools);
    let mut toolkit = toolkit(&api, &slug, wishes, &scopes, address, &mut report);
    if !servers.found.is_empty() {
        toolkit.insert("servers".into(), json!(servers.found));
    }
    let mut converted = Converted {
        slug,
        dialect,
        toolkit,
        tools,
        report,
    };
    converted.keep_rules()?;
    converted.report.converted = converted.tools.len();
    Ok(converted)
}

fn scopes_of(tools: &[ConvertedTool]) -> Vec<String> {
    let scopes = tools.iter().filter_map(|tool| tool.manifest.get("scopes"));
    let all: BTreeSet<&str> = scopes
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    all.into_iter().map(str::to_owned).collect()
}

fn toolkit(
    api: &Api<'_>,
    slug: &str,
    wishes: &Wishes,
    scopes: &[String],
    address: Address,
    report: &mut Report,
) -> Map<String, Value> {
    let mut ways = auth::ways(api, scopes, &address.base_url, report);
    if ways.is_empty() && !address.fields.is_empty() {
        ways.push(json!({ "scheme": "NO_AUTH" }));
    }
    for way in ways.iter_mut().filter_map(Value::as_object_mut) {
        if !address.fields.is_empty() {
            let fields = way.entry("fields").or_insert_with(|| json!({}));
            let known = fields["connection"].as_array().cloned();
            let all = known.into_iter().flatten();
            fields["connection"] = all.chain(address.fields.iter().cloned()).collect();
        }
    }
    let title = wishes.name.clone().unwrap_or_else(|| cut(api.title, 80));
    let name = if title.is_empty() {
        names::spoken(slug)
    } else {
        title
    };
    let about = cut(api.description, LONGEST_DESCRIPTION);
    let mut toolkit = Map::new();
    toolkit.insert("manifest".into(), 1.into());
    toolkit.insert("slug".into(), slug.into());
    let about = if about.is_empty() {
        format!("{name}.")
    } else {
        about
    };
    toolkit.insert("name".into(), name.into());
    toolkit.insert("description".into(), about.into());
    if let Some(url) = api.docs_url.filter(|url| Url::parse(url).is_ok()) {
        toolkit.insert("app_url".into(), url.into());
    }
    toolkit.insert("base_url".into(), address.base_url.into());
    if !ways.is_empty() {
        toolkit.insert("auth".into(), Value::Array(ways));
    }
    toolkit.extend(wishes.toolkit.clone());
    toolkit
}

impl Converted {
    /// Leaves out the tools that the catalog would refuse.
    ///
    /// # Errors
    /// When it would refuse the toolkit itself.
    fn keep_rules(&mut self) -> Result<()> {
        let toolkit = manifest_of(&self.toolkit)?;
        let problems = catalog::problems_of_toolkit(&toolkit);
        if !problems.is_empty() {
            return Err(Error::Invalid {
                message: "the description makes no valid toolkit".into(),
                problems,
                fix: Some("Say what it gets wrong, such as --base-url or --slug.".into()),
            });
        }
        // Half of an import's work; no tool's rules know of another's.
        let check = |tool: &ConvertedTool| problems_of(&tool.manifest, &toolkit);
        let problems: Vec<Vec<String>> = self.tools.par_iter().map(check).collect();
        let report = &mut self.report;
        let mut problems = problems.into_iter();
        self.tools.retain(|tool| {
            let problems = problems.next().unwrap_or_default();
            for problem in problems.iter().take(1) {
                report.skip(&tool.operation, Skip::Rule, problem);
            }
            problems.is_empty()
        });
        Ok(())
    }
}

/// A toolkit without dates and versions, as the catalog reads it.
fn manifest_of(toolkit: &Map<String, Value>) -> Result<manifest::ToolkitManifest> {
    let mut whole = folder::dates("2026-01-01T00:00:00Z", "20260101_00");
    whole.extend(toolkit.clone());
    serde_json::from_value(Value::Object(whole))
        .map_err(|cause| Error::invalid(format!("the toolkit cannot be written: {cause}")))
}

/// What the catalog would refuse about a tool.
fn problems_of(tool: &Map<String, Value>, toolkit: &manifest::ToolkitManifest) -> Vec<String> {
    match serde::Deserialize::deserialize(tool) {
        Ok(tool) => catalog::problems_of_tool(&tool, toolkit),
        Err(cause) => vec![cause.to_string()],
    }
}
