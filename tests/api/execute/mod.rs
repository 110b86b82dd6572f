//! `POST /tools/execute/{slug}`.

mod accounts;
mod faults;
mod files;
mod format;
mod from_text;
mod hot_path;
mod limits;
mod mcp;
mod own_auth;
mod pace;
mod records;
mod replies;
mod requests;
mod restrictions;
mod retries;
mod scopes;
mod steps;

use serde_json::{Value, json};

use tenon::scheme::Scheme;

use crate::support::accounts::NewAccount;
use crate::support::client::Reply;
use crate::support::server::TestServer;
use crate::support::toolkits::ToolkitsFolder;
use crate::support::upstream::{Call, Upstream};

const OPEN: &str = r"
base_url: {base}
default_headers: { X-Kit: open }
auth: [{ scheme: NO_AUTH }]
";

/// Of every kind of request, for anybody.
const TOOLS: &str = r#"
- slug: OPEN_GET_THING
  name: Get a thing
  description: Reads a thing.
  args:
    - { arg: owner, type: string, required: true, description: Whose. }
    - { arg: limit, type: integer, description: How many., schema: { minimum: 1, maximum: 100 } }
    - { arg: labels, type: array, description: Which., schema: { items: { type: string } } }
    - { arg: ids, type: array, join: csv, description: Which., schema: { items: { type: integer } } }
    - { arg: verbose, type: boolean, name: v, description: More. }
    - { arg: trace, type: string, in: header, name: X-Trace, description: A header. }
    - { arg: pin, type: string, secret: true, description: A secret., schema: { maxLength: 4 } }
  request: { method: GET, path: "/things/{owner}", query: { fixed: "yes" }, headers: { X-Tool: get } }
- slug: OPEN_READ_FILE
  name: Read a file
  description: Reads a file by its path.
  args:
    - { arg: path, type: string, required: true, description: Which. }
  request: { method: GET, path: "/files/{+path}" }
- slug: OPEN_CREATE_NOTE
  name: Create a note
  description: Writes a note.
  args:
    - { arg: folder, type: string, required: true, description: Where. }
    - { arg: title, type: string, description: What. }
    - { arg: author, type: string, name: author.name, description: Who. }
    - { arg: mail, type: string, name: author.contact.mail, description: How. }
    - { arg: draft, type: boolean, default: true, send_default: true, description: Whether. }
    - { arg: size, type: integer, default: 10, description: Only documented. }
  request: { method: POST, path: "/folders/{folder}/notes" }
- slug: OPEN_DELETE_NOTE
  name: Delete a note
  description: Removes a note.
  args:
    - { arg: id, type: string, required: true, description: Which. }
    - { arg: reason, type: string, description: Why. }
  request: { method: DELETE, path: "/notes/{id}" }
- slug: OPEN_DELETE_NOTES
  name: Delete notes
  description: Removes notes.
  args:
    - { arg: ids, type: array, in: body, description: Which., schema: { items: { type: string } } }
  request: { method: DELETE, path: /notes }
- slug: OPEN_PING
  name: Ping
  description: Answers.
  timeout_s: 1
  request: { method: POST, path: /ping }
"#;

/// One for each place of a credential.
const VAULT: &str = r#"
base_url: {base}/api
response: { error: .body.fault.why }
auth:
  - scheme: API_KEY
    fields: { connection: [{ name: generic_api_key, display_name: Key, required: true, secret: true }] }
    apply: [{ in: header, name: X-Key, value: "{generic_api_key}" }]
  - scheme: BEARER_TOKEN
    fields: { connection: [{ name: token, display_name: Token, required: true, secret: true }] }
    apply: [{ in: header, name: Authorization, value: "Bearer {token}" }]
  - scheme: BASIC
    fields:
      connection:
        - { name: username, display_name: Name, required: true }
        - { name: password, display_name: Password, secret: true }
    apply: [{ in: header, name: Authorization, value: "Basic {base64(username:password)}" }]
  - scheme: OAUTH2
    authorize_url: {base}/authorize
    token_url: {base}/token
    scopes: { includes: { all: [share, 'things:read'] } }
    apply: [{ in: header, name: Authorization, value: "Bearer {access_token}" }]
"#;

const VAULT_TOOLS: &str = r"
- slug: VAULT_GET_ME
  name: Get me
  description: Tells who is asking.
  request: { method: GET, path: /me }
- slug: VAULT_CREATE
  name: Create
  description: Stores something.
  args:
    - { arg: what, type: string, description: What. }
    - { arg: pin, type: string, secret: true, description: A secret. }
  request: { method: POST, path: /things }
- slug: VAULT_SHARE
  name: Share
  description: Lets others read.
  scopes: [share, 'things:read']
  request: { method: POST, path: /share }
- slug: VAULT_SEARCH
  name: Search
  description: Looks by a query in the body.
  tags: [readOnlyHint]
  args:
    - { arg: what, type: string, description: What. }
  request: { method: POST, path: /search }
";

/// A key in the query, and a part of the URL that each connection gives.
const TENANT: &str = r#"
base_url: "http://127.0.0.{node}:PORT/v1"
auth:
  - scheme: API_KEY
    fields:
      connection:
        - { name: generic_api_key, display_name: Key, required: true, secret: true }
        - { name: node, display_name: Node, required: true, pattern: "[0-9]{1,3}" }
    apply: [{ in: query, name: key, value: "{generic_api_key}" }]
"#;

const TENANT_TOOLS: &str = r"
- slug: TENANT_GET_ME
  name: Get me
  description: Tells who is asking.
  request: { method: GET, path: /me }
";

/// The toolkits above, all leading to one upstream.
pub(crate) fn kit_folder(upstream: &Upstream) -> ToolkitsFolder {
    let tenant = TENANT.replace("PORT", upstream.port());
    ToolkitsFolder::empty()
        .with_kit("open", &upstream.base, OPEN, TOOLS)
        .with_kit("vault", &upstream.base, VAULT, VAULT_TOOLS)
        .with_kit("tenant", "", &tenant, TENANT_TOOLS)
        .with_kit("depot", &upstream.base, files::DEPOT, files::DEPOT_TOOLS)
}

/// A server, an upstream, and toolkits that lead there.
pub(crate) struct World {
    pub(crate) server: TestServer,
    pub(crate) upstream: Upstream,
    _toolkits: ToolkitsFolder,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(&["--allow-cidrs", "127.0.0.0/8"]).await
    }

    pub(crate) async fn with(flags: &[&str]) -> Self {
        let upstream = Upstream::start().await;
        let toolkits = kit_folder(&upstream);
        let path = toolkits.path();
        let own = ["--toolkits-dir", path.as_str()];
        Self {
            server: TestServer::with(&[&own, flags].concat()).await,
            upstream,
            _toolkits: toolkits,
        }
    }

    pub(crate) async fn execute(&self, slug: &str, arguments: Value) -> Reply {
        self.post(slug, json!({ "arguments": arguments })).await
    }

    pub(crate) async fn post(&self, slug: &str, body: Value) -> Reply {
        self.server
            .client
            .post(&format!("/api/v3/tools/execute/{slug}"), body)
            .await
    }

    /// Executes and gives the one request that reached the upstream.
    pub(crate) async fn sent(&self, slug: &str, arguments: Value) -> Call {
        let result = self.execute(slug, arguments).await.expect(200);
        assert_eq!(result["successful"], true, "{result}");
        self.upstream.call()
    }
}

/// The lines of a refused request.
#[track_caller]
pub(crate) fn problems(reply: &Reply) -> Vec<String> {
    let error = reply.error(400);
    assert_eq!(error["code"], 10400, "{error}");
    serde_json::from_value(error["errors"].clone()).unwrap()
}

/// An account at the vault, with a token that a test can look for.
fn token_account() -> NewAccount<'static> {
    NewAccount::new("vault", Scheme::BearerToken, json!({ "token": TOKEN }))
}

const TOKEN: &str = "tok-5f9c1b7e";
