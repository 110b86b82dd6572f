//! Tools that take files, and tools that give them.

mod giving;
mod mails;
mod sessions;
mod taking;

use serde_json::{Value, json};
use tenon::scheme::Scheme;

use super::World;
use crate::support::accounts::NewAccount;
use crate::support::client::{Client, Reply};
use crate::support::files::upload;

/// A service that keeps files, opened by a token.
pub(super) const DEPOT: &str = r#"
base_url: {base}/depot
default_headers: { Content-Type: application/json }
auth:
  - scheme: BEARER_TOKEN
    fields: { connection: [{ name: token, display_name: Token, required: true, secret: true }] }
    apply: [{ in: header, name: Authorization, value: "Bearer {token}" }]
"#;

/// One for each way that a file can go.
pub(super) const DEPOT_TOOLS: &str = r#"
- slug: DEPOT_SEND_FORM
  name: Send a form
  description: Sends files in a form.
  args:
    - { arg: title, type: string, description: What. }
    - { arg: copies, type: integer, description: How many. }
    - { arg: tags, type: array, description: Which., schema: { items: { type: string } } }
    - { arg: city, type: string, name: address.city, description: Where. }
    - { arg: file, type: object, file: true, name: upload, required: true, description: Which. }
    - { arg: more, type: array, file: true, description: Others. }
  request: { method: PUT, path: /form, encoding: multipart }
- slug: DEPOT_SEND_MESSAGE
  name: Send a message
  description: Sends a message with a file.
  args:
    - { arg: text, type: string, description: What. }
    - { arg: file, type: object, file: true, sends_name: attachment.name, description: Which. }
  request: { method: POST, path: /message, encoding: multipart, part_json: payload }
- slug: DEPOT_PUT_FILE
  name: Put a file
  description: Stores a file.
  args:
    - { arg: path, type: string, required: true, description: Where. }
    - { arg: file, type: object, file: true, required: true, max_bytes: 700000, description: Which. }
  request: { method: PUT, path: "/store/{+path}", encoding: raw }
- slug: DEPOT_MAIL
  name: Mail
  description: Mails files.
  args:
    - { arg: to, type: string, description: Whom. }
    - { arg: letter, type: object, file: true, as: base64, name: letter.content,
        sends_name: letter.name, sends_type: letter.type, max_bytes: 20, description: What. }
    - { arg: pages, type: array, file: true, as: base64url, description: More. }
  request: { method: PUT, path: /mail }
- slug: DEPOT_UPLOAD
  name: Upload
  description: Uploads a file of any size.
  args:
    - { arg: folder, type: string, description: Where. }
    - { arg: file, type: object, file: true, required: true, sends_name: name, sends_type: mimeType,
        description: Which. }
  request: { method: POST, path: /uploads, query: { uploadType: resumable }, encoding: resumable }
- slug: DEPOT_POST
  name: Post
  description: Posts a mail.
  args:
    - { arg: to, type: string, in: none, required: true, description: Whom. }
    - { arg: thread, type: string, in: none, description: Where. }
    - { arg: file, type: object, file: true, in: none, as: mime, max_bytes: 7000000, description: What. }
  request:
    method: POST
    path: /post
    query: { uploadType: multipart }
    encoding: related
    media: { from: message.raw, type: message/rfc822, max_bytes: 9000000 }
    body: >
      {message: {threadId: .args.thread, size: .args.file.size,
        raw: ({to: .args.to, subject: "Hello", text: "Hi", attachments: [.args.file]} | mime_message)}}
- slug: DEPOT_FETCH
  name: Fetch
  description: Gives a file.
  args:
    - { arg: id, type: string, required: true, description: Which. }
  request: { method: GET, path: "/fetch/{id}" }
  response: { file: { field: content, name: "thing-{id}.csv", type: text/csv } }
- slug: DEPOT_ATTACHMENT
  name: Attachment
  description: Gives a file out of an object.
  args:
    - { arg: name, type: string, required: true, description: As what. }
  request: { method: GET, path: /attachment }
  response: { file: { field: file, from: part.data, name: "{name}", type: image/png } }
- slug: DEPOT_LOOK
  name: Look
  description: Gives whatever there is.
  request: { method: GET, path: /look }
"#;

const TOKEN: &str = "tok-5f9c1b7e";

/// A world with an account at the depot.
async fn depot(flags: &[&str]) -> World {
    let world = World::with(&[&["--allow-cidrs", "127.0.0.0/8"], flags].concat()).await;
    NewAccount::new("depot", Scheme::BearerToken, json!({ "token": TOKEN }))
        .store(&world.server)
        .await;
    world
}

/// Executes a tool for the account's user.
async fn run(world: &World, slug: &str, arguments: Value) -> Reply {
    let body = json!({ "user_id": "ada", "arguments": arguments });
    world.post(slug, body).await
}

/// Executes a tool that succeeds; its data.
async fn done(world: &World, slug: &str, arguments: Value) -> Value {
    let result = run(world, slug, arguments).await.expect(200);
    assert_eq!(result["successful"], true, "{result}");
    result["data"].clone()
}

/// What an SDK puts in the place of a path: the file is uploaded, and stands there by its key.
pub(super) async fn uploaded(client: &Client, name: &str, content: &str) -> Value {
    let uploaded = upload(client, name, content).await;
    json!({ "name": name, "mimetype": "text/plain", "s3key": uploaded["key"] })
}
