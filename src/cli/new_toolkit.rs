//! `tenon toolkits new`: a small toolkit to begin with, which keeps every rule.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Result};
use crate::time::Clock;

#[derive(Debug, Args)]
pub(super) struct New {
    /// The toolkit's slug: small letters, digits and `_`.
    slug: String,
    /// The folder of toolkits to write to.
    #[arg(long, env = "TENON_TOOLKITS_DIR", default_value = "toolkits")]
    to: PathBuf,
}

pub(super) fn run(new: &New) -> Result<()> {
    let New { slug, to } = new;
    let is_plain = slug
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if slug.is_empty() || !is_plain {
        return Err(Error::invalid("a slug is of a-z, 0-9 and _"));
    }
    let folder = to.join(slug);
    if folder.exists() {
        return Err(Error::invalid(format!(
            "{} is there already",
            folder.display()
        )));
    }
    let now = Clock::System.now().to_text();
    let day: String = now.chars().filter(char::is_ascii_digit).take(8).collect();
    for (file, text) in [
        ("toolkit.yaml", TOOLKIT),
        ("tools/things.yaml", TOOLS),
        ("fixtures/get_a_thing.yaml", FIXTURE),
    ] {
        let text = text
            .replace("{slug}", slug)
            .replace("{SLUG}", &slug.to_ascii_uppercase())
            .replace("{now}", &now)
            .replace("{day}", &day);
        let path = folder.join(file);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    super::toolkits::say(&format!("{} is a toolkit\n", folder.display()))
}

const TOOLKIT: &str = r#"manifest: 1
slug: {slug}
name: {slug}
description: What the service is, in a sentence.
categories: [developer-tools]
created_at: {now}
updated_at: {now}
versions: ["{day}_00"]
base_url: https://api.example.com
identity: {method: GET, path: /me}
auth:
  - scheme: API_KEY
    fields:
      connection:
        - {name: generic_api_key, display_name: API key, required: true, secret: true}
    apply: [{in: header, name: Authorization, value: "Bearer {generic_api_key}"}]
"#;

const TOOLS: &str = r#"tools:
  - slug: {SLUG}_GET_A_THING
    name: Get a thing
    description: Reads one thing by its id. Use it when the id is known.
    tags: [important, readOnlyHint]
    args:
      - {arg: id, type: string, required: true, description: The thing's id.}
    request: {method: GET, path: "/things/{id}"}
    response: {data: '{thing: .body}'}
"#;

const FIXTURE: &str = r#"tool: {SLUG}_GET_A_THING
args: {id: t1}
expect:
  - request: {method: GET, url: "https://api.example.com/things/t1"}
    reply: {status: 200, body: {id: t1, name: One}}
result: {successful: true, data: {thing: {id: t1, name: One}}}
"#;
