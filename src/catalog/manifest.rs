//! The words of a toolkit manifest: what `toolkits/<slug>/*.yaml` may say.
//!
//! Unknown keys are errors, so that a typing mistake is found when the file is loaded.

mod argument;
mod files;
mod oauth;
mod pagination;
mod request;
mod response;
mod step;
mod tool;
mod trigger;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exchange::ExchangeManifest;
use super::revocation::RevokeManifest;
use crate::expressions::Expression;
use crate::scheme::Scheme;
pub use argument::{ArgIn, ArgManifest, As, Coerce, Join};
pub use files::{Encoding, FileRule, FileText, Media};
pub use oauth::{Choose, Kept, PostConnect, Refresh, TokenBody, TokenResponse};
pub use pagination::{Pages, PaginationKind, PaginationRule, RateLimit, ResetUnit};
pub use request::{FormStyle, Query, RequestKind, RequestManifest};
pub use response::ResponseRule;
pub use step::{OnError, StepManifest};
pub use tool::ToolManifest;
pub use trigger::{
    Challenge, Interval, PayloadField, Register, SnapshotDiff, TriggerKind, TriggerManifest,
    TriggerMode, TriggerOrder, Verify, VerifyAlgorithm,
};

/// `toolkit.yaml`: identity, hosts and auth of a toolkit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolkitManifest {
    /// Version of the format; 1.
    pub manifest: u32,
    /// The official slug, lower case.
    pub slug: String,
    /// For people.
    pub name: String,
    /// What the service is, in a sentence or two.
    pub description: String,
    /// The service's home page.
    #[serde(default)]
    pub app_url: Option<String>,
    /// URL of a logo; empty when there is none.
    #[serde(default)]
    pub logo: String,
    /// Names of categories.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Deprecated toolkits are listed on demand only.
    #[serde(default)]
    pub deprecated: bool,
    /// Order for `sort_by=usage`: lower is used more.
    #[serde(default = "unranked")]
    pub rank: u32,
    /// When the toolkit came into the catalog, RFC 3339.
    pub created_at: String,
    /// When it last changed, RFC 3339.
    pub updated_at: String,
    /// Released versions, `YYYYMMDD_NN`, newest first.
    pub versions: Vec<String>,
    /// What changed, a line a version.
    #[serde(default)]
    pub changelog: BTreeMap<String, String>,
    /// Where the API lives; may name connection fields: `https://{subdomain}.example.com`.
    pub base_url: String,
    /// Further hosts a tool may name.
    #[serde(default)]
    pub servers: BTreeMap<String, String>,
    /// Hosts that may receive a credential besides those of `base_url` and `servers`;
    /// `*.example.com` stands for every subdomain.
    #[serde(default)]
    pub allowed_hosts: Vec<String>,
    /// Headers of every request.
    #[serde(default)]
    pub default_headers: BTreeMap<String, String>,
    /// Who am I: the request that shows whose credential it is.
    #[serde(default)]
    pub identity: Option<IdentityManifest>,
    /// How to read answers, unless a tool says otherwise.
    #[serde(default)]
    pub response: ResponseRule,
    /// How lists go on, by name; tools and steps refer to it.
    #[serde(default)]
    pub pagination: BTreeMap<String, PaginationRule>,
    /// How the service says that it was asked too often, where it is not by `Retry-After` and 429.
    #[serde(default)]
    pub rate_limit: Option<RateLimit>,
    /// The ways to connect, the preferred first; empty means no auth.
    #[serde(default)]
    pub auth: Vec<AuthManifest>,
}

const fn unranked() -> u32 {
    u32::MAX
}

/// The "who am I" request of a toolkit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityManifest {
    /// A plain request, or GraphQL.
    #[serde(default)]
    pub kind: RequestKind,
    /// HTTP method; `GET`, and of GraphQL `POST`, where nothing is said.
    #[serde(default)]
    pub method: String,
    /// Path under the base URL.
    pub path: String,
    /// GraphQL: the document; it takes no variables.
    #[serde(default)]
    pub document: Option<String>,
    /// An expression over `{status, headers, body}` that says who is connected. An answer in which it
    /// finds nobody is a refusal, whatever its status.
    #[serde(default)]
    pub id: Option<Expression>,
}

impl IdentityManifest {
    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &str {
        match (self.kind, self.method.as_str()) {
            (RequestKind::Http, "") => "GET",
            (RequestKind::Graphql | RequestKind::Mcp, "") => "POST",
            (_, method) => method,
        }
    }

    /// The path, where that is all it takes to ask.
    #[must_use]
    pub fn plain_path(&self) -> Option<&str> {
        (self.kind == RequestKind::Http).then_some(self.path.as_str())
    }
}

/// One way to connect.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthManifest {
    /// The scheme.
    pub scheme: Scheme,
    /// A name for `auth_config_details[].name`; by default made of slug and scheme.
    #[serde(default)]
    pub name: Option<String>,
    /// Where the API lives for connections of this scheme, in place of the toolkit's base URL.
    #[serde(default)]
    pub base_url: Option<String>,
    /// What is asked for.
    #[serde(default)]
    pub fields: AuthFields,
    /// Where the credential goes in a request.
    #[serde(default)]
    pub apply: Vec<Placement>,
    /// OAuth 1 and 2: where the user's browser is sent (RFC 5849 section 2.2, RFC 6749 section 3.1).
    #[serde(default)]
    pub authorize_url: Option<String>,
    /// OAuth 1 and 2: where tokens come from (RFC 5849 section 2.3, RFC 6749 section 3.2).
    #[serde(default)]
    pub token_url: Option<String>,
    /// OAuth 2: where refresh tokens go, if not to `token_url`.
    #[serde(default)]
    pub refresh_url: Option<String>,
    /// OAuth 2: what may be asked for.
    #[serde(default)]
    pub scopes: Scopes,
    /// OAuth 2: proof key for code exchange (RFC 7636), S256 only.
    #[serde(default)]
    pub pkce: Pkce,
    /// OAuth 2: how the client proves itself at the token endpoint (RFC 6749 section 2.3.1).
    #[serde(default)]
    pub token_auth: TokenAuth,
    /// OAuth 1 and 2: extra parameters of the authorization request; those of OAuth 2 are templates
    /// over the connection's values, and left out where one of these is missing.
    #[serde(default)]
    pub authorize_params: BTreeMap<String, String>,
    /// OAuth 2: extra parameters of the code exchange, or of a request by client credentials.
    #[serde(default)]
    pub token_params: BTreeMap<String, String>,
    /// OAuth 2: extra parameters of a refresh.
    #[serde(default)]
    pub refresh_params: BTreeMap<String, String>,
    /// How a grant is given back to the provider; without it nothing can be.
    #[serde(default)]
    pub revoke: Option<RevokeManifest>,
    /// OAuth 1: where a request token comes from (RFC 5849 section 2.1).
    #[serde(default)]
    pub request_url: Option<String>,
    /// OAuth 1: how requests are signed (RFC 5849 section 3.4).
    #[serde(default)]
    pub signature: Signature,
    /// The request that brings a token for credentials that last.
    #[serde(default)]
    pub exchange: Option<ExchangeManifest>,
    /// OAuth 2: headers of every request to the token endpoint.
    #[serde(default)]
    pub token_headers: BTreeMap<String, String>,
    /// OAuth 2: the form of those requests.
    #[serde(default)]
    pub token_body: TokenBody,
    /// OAuth 2: where a token answer differs from RFC 6749 section 5.1.
    #[serde(default)]
    pub token_response: TokenResponse,
    /// OAuth 2: whether there are refresh tokens.
    #[serde(default)]
    pub refresh: Refresh,
    /// OAuth 2: values that a connection keeps of the token answer.
    #[serde(default)]
    pub keep: BTreeMap<String, Kept>,
    /// OAuth 2: values that a connection keeps of the callback's parameters.
    #[serde(default)]
    pub callback_keep: BTreeMap<String, Kept>,
    /// OAuth 2: what a new grant is asked for once, where its token does not tell.
    #[serde(default)]
    pub post_connect: Option<PostConnect>,
    /// OAuth 2: who the provider says it is in the callback (`iss`, RFC 9207). `DCR_OAUTH`: the
    /// authorization server whose metadata are read (RFC 8414).
    #[serde(default)]
    pub issuer: Option<String>,
    /// `DCR_OAUTH`: the protected resource that tokens are asked for (RFC 8707), and whose metadata
    /// name the authorization server (RFC 9728) where `issuer` does not.
    #[serde(default)]
    pub resource: Option<String>,
    /// `DCR_OAUTH`: where clients are registered (RFC 7591), where no metadata say so.
    #[serde(default)]
    pub registration_url: Option<String>,
    /// `DCR_OAUTH`: hosts of the authorization server besides those of `issuer` and `resource`.
    #[serde(default)]
    pub auth_hosts: Vec<String>,
}

impl AuthManifest {
    /// A scheme about which nothing else is said.
    #[must_use]
    pub fn new(scheme: Scheme) -> Self {
        Self {
            scheme,
            name: None,
            base_url: None,
            fields: AuthFields::default(),
            apply: Vec::new(),
            authorize_url: None,
            token_url: None,
            refresh_url: None,
            scopes: Scopes::default(),
            pkce: Pkce::default(),
            token_auth: TokenAuth::default(),
            authorize_params: BTreeMap::new(),
            token_params: BTreeMap::new(),
            refresh_params: BTreeMap::new(),
            revoke: None,
            request_url: None,
            signature: Signature::default(),
            exchange: None,
            token_headers: BTreeMap::new(),
            token_body: TokenBody::default(),
            token_response: TokenResponse::default(),
            refresh: Refresh::default(),
            keep: BTreeMap::new(),
            callback_keep: BTreeMap::new(),
            post_connect: None,
            issuer: None,
            resource: None,
            registration_url: None,
            auth_hosts: Vec::new(),
        }
    }

    /// The pattern of a field or a kept value, if it has one.
    #[must_use]
    pub fn pattern_of(&self, name: &str) -> Option<&str> {
        let fields = self
            .fields
            .connection
            .iter()
            .chain(&self.fields.auth_config);
        let fields = fields.map(|field| (&field.name, &field.pattern));
        let kept = self.kept().map(|(name, kept)| (name, &kept.pattern));
        let mut all = fields.chain(kept);
        all.find(|(other, _)| *other == name)?.1.as_deref()
    }

    /// The values that a provider tells and a connection keeps, by name.
    pub fn kept(&self) -> impl Iterator<Item = (&String, &Kept)> {
        let asked = self.post_connect.iter().flat_map(|asked| &asked.keep);
        self.keep.iter().chain(&self.callback_keep).chain(asked)
    }
}

/// What a person or a program gives: for the auth config, and for each connection.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthFields {
    /// Once an auth config.
    #[serde(default)]
    pub auth_config: Vec<Field>,
    /// Once a connection.
    #[serde(default)]
    pub connection: Vec<Field>,
}

/// One value that is asked for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The name in the API.
    pub name: String,
    /// The name on pages.
    pub display_name: String,
    /// What it is and where to find it.
    #[serde(default)]
    pub description: String,
    /// `string`, `number` or `boolean`.
    #[serde(default = "string_type", rename = "type")]
    pub kind: String,
    /// Must be given.
    #[serde(default)]
    pub required: bool,
    /// Never shown in the clear.
    #[serde(default)]
    pub secret: bool,
    /// Taken when nothing is given.
    #[serde(default)]
    pub default: Option<String>,
    /// A regular expression that the whole value must match. A field that enters a URL needs one.
    #[serde(default)]
    pub pattern: Option<String>,
    /// Names that older clients send for it.
    #[serde(default)]
    pub legacy_names: Vec<String>,
    /// The value has lines, as a private key or a JSON key file has.
    #[serde(default)]
    pub multiline: bool,
    /// The only values there are, to be chosen from; none where any will do.
    #[serde(default)]
    pub options: Vec<String>,
    /// What a value looks like.
    #[serde(default)]
    pub example: String,
    /// Shown before the value on pages, and no part of it: `https://`.
    #[serde(default)]
    pub prefix: String,
    /// Shown after the value on pages, and no part of it: `.example.com`.
    #[serde(default)]
    pub suffix: String,
}

impl Field {
    /// A text that may be left out, about which nothing else is said.
    #[must_use]
    pub fn named(name: &str, display_name: &str) -> Self {
        Self {
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            description: String::new(),
            kind: string_type(),
            required: false,
            secret: false,
            default: None,
            pattern: None,
            legacy_names: Vec::new(),
            multiline: false,
            options: Vec::new(),
            example: String::new(),
            prefix: String::new(),
            suffix: String::new(),
        }
    }
}

fn string_type() -> String {
    "string".into()
}

/// Where a value goes in a request: `{in: header, name: Authorization, value: "Bearer {token}"}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// Header or query.
    #[serde(rename = "in")]
    pub place: PlacementIn,
    /// Name of the header or query parameter.
    pub name: String,
    /// Text with `{field}` and `{base64(a:b)}`.
    pub value: String,
}

/// The part of a request that carries a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PlacementIn {
    /// A header.
    Header,
    /// A query parameter.
    Query,
}

/// OAuth 2 scopes (RFC 6749 section 3.3).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scopes {
    /// Asked for when the auth config names none.
    pub default: Vec<String>,
    /// Between scopes in the request.
    pub separator: String,
    /// The parameter they go into.
    pub param: String,
    /// Asked for in the user's own name, where the provider parts the two (Slack), when the auth
    /// config names none.
    pub user_default: Vec<String>,
    /// The parameter those go into.
    pub user_param: String,
    /// What a scope lets an application do, for the people who are asked: `repo: Read and change
    /// repositories`.
    pub descriptions: BTreeMap<String, String>,
    /// What a scope allows besides what it is named for, as other scopes: `drive: [drive.readonly]`.
    /// Each list is whole, so that none need be followed further.
    pub includes: BTreeMap<String, Vec<String>>,
}

impl Default for Scopes {
    fn default() -> Self {
        Self {
            default: Vec::new(),
            separator: " ".into(),
            param: "scope".into(),
            user_default: Vec::new(),
            user_param: "user_scope".into(),
            descriptions: BTreeMap::new(),
            includes: BTreeMap::new(),
        }
    }
}

/// Whether a provider takes part in RFC 7636.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pkce {
    /// It refuses or ignores a challenge badly.
    None,
    /// It takes one; we always send it.
    #[default]
    Supported,
    /// It demands one.
    Required,
}

/// How the client proves itself at the token endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenAuth {
    /// In the body.
    #[default]
    ClientSecretPost,
    /// In the `Authorization` header.
    ClientSecretBasic,
    /// Not at all: a public client.
    None,
}

/// How OAuth 1 requests are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Signature {
    /// RFC 5849 section 3.4.2.
    #[default]
    #[serde(rename = "HMAC-SHA1")]
    HmacSha1,
    /// The same with SHA-256, which the RFC does not name and providers take.
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
    /// Both secrets as they are (RFC 5849 section 3.4.4): over https alone.
    #[serde(rename = "PLAINTEXT")]
    Plaintext,
}
