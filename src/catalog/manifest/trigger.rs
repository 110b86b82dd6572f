//! The words of a manifest about triggers: events that a service sends, or that are found by asking.
//! They are read and checked; nothing runs them yet.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

use super::{ArgManifest, RequestManifest, StepManifest};
use crate::expressions::Expression;

/// One trigger.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TriggerManifest {
    /// `{TOOLKIT}_{EVENT}`, upper case, at most 64 characters.
    pub slug: String,
    /// Other slugs under which it is found.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// For people.
    pub name: String,
    /// For people and models: what happened, and to what.
    pub description: String,
    /// What a person has to do at the service first.
    #[serde(default)]
    pub instructions: String,
    /// Whether the service sends it, or is asked for it.
    #[serde(rename = "type")]
    pub kind: TriggerKind,
    /// What is asked for each instance.
    #[serde(default, deserialize_with = "config")]
    #[schemars(schema_with = "config_schema")]
    pub config: Vec<ArgManifest>,
    /// What an event holds.
    #[serde(default)]
    pub payload: BTreeMap<String, PayloadField>,
    /// OAuth scopes it needs.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// As of tools.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Set when it should no longer be used: the slug to use instead.
    #[serde(default)]
    pub deprecated: Option<String>,

    /// Webhook: whether each instance has a URL of its own.
    #[serde(default)]
    pub mode: Option<TriggerMode>,
    /// Webhook: the request that tells the service of the URL.
    #[serde(default)]
    pub register: Option<Register>,
    /// Webhook: the request that takes it back.
    #[serde(default)]
    pub unregister: Option<Register>,
    /// Webhook: the request that makes it last longer.
    #[serde(default)]
    pub renew: Option<Register>,
    /// Webhook: how an event proves where it comes from.
    #[serde(default)]
    pub verify: Option<Verify>,
    /// Webhook for a whole app: what of an event names the connection, compared with its values.
    #[serde(default)]
    pub route: Option<Expression>,
    /// Webhook: whether an event is of this trigger.
    #[serde(default, rename = "match")]
    pub matches: Option<Expression>,
    /// Webhook: the events of one delivery, each an output.
    #[serde(default)]
    pub events: Option<Expression>,
    /// Webhook: what is equal of equal events.
    #[serde(default)]
    pub dedupe: Option<Expression>,
    /// Webhook: further requests, where what is sent says too little.
    #[serde(default)]
    pub hydrate: Vec<StepManifest>,

    /// Poll: how often.
    #[serde(default)]
    pub interval_s: Option<Interval>,
    /// Poll: what is kept from one look to the next, as it begins.
    #[serde(default)]
    pub state: Map<String, Value>,
    /// Poll: the request; this or `steps`.
    #[serde(default)]
    pub request: Option<RequestManifest>,
    /// Poll: several requests.
    #[serde(default)]
    pub steps: Vec<StepManifest>,
    /// Poll: what was found, each an output.
    #[serde(default)]
    pub items: Option<Expression>,
    /// Poll: what an item is known by.
    #[serde(default)]
    pub id: Option<Expression>,
    /// Poll: what differs when an item changed.
    #[serde(default)]
    pub version: Option<Expression>,
    /// Poll: where the next look begins.
    #[serde(default)]
    pub cursor: Option<Expression>,
    /// Poll: the order of events.
    #[serde(default)]
    pub order: TriggerOrder,
    /// Poll: the event that an item makes.
    #[serde(default)]
    pub emit: Option<Expression>,
    /// Poll: how many ids are remembered.
    #[serde(default)]
    pub window: Option<u32>,
    /// Poll: how many seconds are asked for once more.
    #[serde(default)]
    pub overlap_s: Option<u32>,
    /// Poll: the statuses that mean that the cursor is over.
    #[serde(default)]
    pub reset_on: Vec<u16>,
    /// Poll: a whole value that is compared with the former one, in place of `items`.
    #[serde(default)]
    pub snapshot: Option<Expression>,
    /// Poll: how it is compared.
    #[serde(default)]
    pub diff: Option<SnapshotDiff>,
    /// Poll: how many of what is there already are told at the beginning.
    #[serde(default)]
    pub backfill: Option<u32>,
}

/// A list of arguments as tools have it, or a mapping of their names.
fn config<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ArgManifest>, D::Error> {
    let read = |value| serde_json::from_value(value).map_err(D::Error::custom);
    match Value::deserialize(deserializer)? {
        Value::Array(args) => args.into_iter().map(read).collect(),
        Value::Object(args) => {
            let named = args.into_iter().map(|(name, mut arg)| {
                if let Value::Object(arg) = &mut arg {
                    arg.insert("arg".into(), name.into());
                }
                read(arg)
            });
            named.collect()
        }
        _ => Err(D::Error::custom("config: must be a list of arguments")),
    }
}

/// What [`config`] takes: in a mapping the name stands before each argument.
fn config_schema(generator: &mut SchemaGenerator) -> Schema {
    let list = generator.subschema_for::<Vec<ArgManifest>>();
    let mut named = ArgManifest::json_schema(generator);
    if let Some(Value::Array(required)) = named.get_mut("required") {
        required.retain(|name| name != "arg");
    }
    json_schema!({ "anyOf": [list, { "type": "object", "additionalProperties": named }] })
}

/// Who begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TriggerKind {
    /// The service calls us.
    Webhook,
    /// We ask the service again and again.
    Poll,
}

/// Whose a webhook's URL is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TriggerMode {
    /// One instance's.
    PerInstance,
    /// The OAuth app's: all its users' events come to it.
    PerApp,
}

/// The order in which events are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TriggerOrder {
    /// As they came about.
    #[default]
    OldestFirst,
    /// As the service lists them.
    AsListed,
}

/// How two snapshots are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotDiff {
    /// Members that came, went or changed.
    Keys,
    /// Items of a list.
    Rows,
    /// The value as a whole.
    Value,
}

/// How often a service is asked, in seconds.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Where the instance says nothing.
    pub default: u32,
    /// No instance may ask more often.
    pub min: u32,
}

/// What one member of an event is: a JSON type, or a schema.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PayloadField {
    /// A JSON type.
    Type(String),
    /// A schema.
    Schema(Map<String, Value>),
}

/// A request about a webhook, and what is kept of its answer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The request.
    pub request: RequestManifest,
    /// An object out of the answer, kept as the instance's state.
    #[serde(default)]
    pub save: Option<Expression>,
    /// `generate` for a secret of ours, or where the answer has the service's.
    #[serde(default)]
    pub secret: Option<Expression>,
    /// How long before the end it is due: `12h`.
    #[serde(default)]
    pub before: Option<String>,
}

/// How an event proves where it comes from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// What is computed.
    pub algo: VerifyAlgorithm,
    /// The header that has the signature.
    #[serde(default)]
    pub header: Option<String>,
    /// `hex`, `base64` or `base64url`.
    #[serde(default)]
    pub encoding: Option<String>,
    /// What stands before the signature.
    #[serde(default)]
    pub prefix: Option<String>,
    /// How several values stand in the header: `t=,v1=`.
    #[serde(default)]
    pub format: Option<String>,
    /// What is signed: a template over `{body}`, `{ts}`, `{url}`, `{method}`, `{id}`.
    #[serde(default)]
    pub signed: Option<String>,
    /// Where the time stands: `header:X-Time`, `body:time`.
    #[serde(default)]
    pub timestamp: Option<String>,
    /// `s` or `ms`.
    #[serde(default)]
    pub timestamp_unit: Option<String>,
    /// How old an event may be, in seconds.
    #[serde(default)]
    pub tolerance_s: Option<u32>,
    /// Where the secret comes from: `auth_config.signing_secret`; of the registration where absent.
    #[serde(default)]
    pub secret: Option<String>,
    /// How the service makes sure that the URL is ours.
    #[serde(default)]
    pub challenge: Option<Challenge>,
}

/// The ways in which services sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "they are the names of algorithms")]
pub enum VerifyAlgorithm {
    HmacSha256,
    HmacSha1,
    Sha256Concat,
    Equals,
    StandardWebhooks,
    Ed25519,
    EcdsaP256,
    RsaSha256,
    JwtHs256,
    GoogleOidc,
    BasicAuth,
    UrlSecret,
    None,
}

/// How a service makes sure that a URL is ours: exactly one of the answers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// Whether a delivery is one.
    #[serde(default)]
    pub when: Option<Expression>,
    /// The member of the body that is given back in a JSON object.
    #[serde(default)]
    pub echo_json: Option<String>,
    /// The query parameter that is given back as text.
    #[serde(default)]
    pub echo_text: Option<String>,
    /// The header that is given back.
    #[serde(default)]
    pub echo_header: Option<String>,
    /// HEAD is answered by 200.
    #[serde(default)]
    pub head_200: bool,
    /// The member of the body that is signed, and the signature given back.
    #[serde(default)]
    pub hmac_response: Option<String>,
}

impl TriggerManifest {
    /// The requests, each with its key.
    pub fn requests(&self) -> impl Iterator<Item = (String, &RequestManifest)> {
        let calls = [
            ("register", &self.register),
            ("unregister", &self.unregister),
            ("renew", &self.renew),
        ];
        let calls = calls
            .into_iter()
            .filter_map(|(key, call)| Some((format!("{key}.request"), &call.as_ref()?.request)));
        let own = self.request.iter();
        let own = own.map(|request| ("request".to_owned(), request));
        let steps = self.steps.iter().chain(&self.hydrate);
        let steps = steps.map(|step| (format!("steps.{}.request", step.id), &step.request));
        calls.chain(own).chain(steps)
    }

    /// The expressions beside those of requests and steps, each with its key.
    pub fn expressions(&self) -> impl Iterator<Item = (&'static str, &Expression)> {
        let registration = self.register.as_ref();
        let challenge = self.verify.as_ref().and_then(|one| one.challenge.as_ref());
        [
            (
                "register.save",
                registration.and_then(|one| one.save.as_ref()),
            ),
            (
                "register.secret",
                registration.and_then(|one| one.secret.as_ref()),
            ),
            (
                "renew.save",
                self.renew.as_ref().and_then(|one| one.save.as_ref()),
            ),
            (
                "verify.challenge.when",
                challenge.and_then(|one| one.when.as_ref()),
            ),
            ("route", self.route.as_ref()),
            ("match", self.matches.as_ref()),
            ("events", self.events.as_ref()),
            ("dedupe", self.dedupe.as_ref()),
            ("items", self.items.as_ref()),
            ("id", self.id.as_ref()),
            ("version", self.version.as_ref()),
            ("cursor", self.cursor.as_ref()),
            ("emit", self.emit.as_ref()),
            ("snapshot", self.snapshot.as_ref()),
        ]
        .into_iter()
        .filter_map(|(key, expression)| Some((key, expression?)))
    }
}
