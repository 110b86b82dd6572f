//! An operator's folder of toolkits.

use std::fs;

use tempfile::TempDir;

/// A folder for `--toolkits-dir`, to which a test writes.
pub struct ToolkitsFolder(TempDir);

impl ToolkitsFolder {
    /// With one toolkit, `acme`: three versions, one tool that is important, one that needs a
    /// scope, one that is deprecated.
    pub fn with_acme() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        folder.write("acme/toolkit.yaml", ACME);
        folder.write("acme/tools/things.yaml", ACME_TOOLS);
        folder
    }

    /// With no toolkit but the bundled ones.
    pub fn empty() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// Adds a toolkit whose manifest goes on with `rest` after its identity, and its `tools`;
    /// `{base}` in `rest` stands for `base`.
    #[must_use]
    pub fn with_kit(self, slug: &str, base: &str, rest: &str, tools: &str) -> Self {
        let rest = rest.replace("{base}", base);
        let identity = format!(
            "manifest: 1\nslug: {slug}\nname: {slug}\ndescription: A service of the tests.\n\
             created_at: 2026-01-01T00:00:00Z\nupdated_at: 2026-01-01T00:00:00Z\n\
             versions: [\"20260101_00\"]\n"
        );
        self.write(
            &format!("{slug}/toolkit.yaml"),
            &format!("{identity}{rest}"),
        );
        self.write(
            &format!("{slug}/tools/all.yaml"),
            &format!("tools:\n{tools}"),
        );
        self
    }

    pub fn path(&self) -> String {
        self.0.path().display().to_string()
    }

    /// Writes a file, below the folder.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

pub const ACME: &str = r#"manifest: 1
slug: acme
name: Acme
description: Sells everything.
app_url: https://acme.test
categories: [e-commerce]
rank: 1
created_at: 2026-01-01T00:00:00Z
updated_at: 2026-02-01T00:00:00Z
versions: ["20260201_01", "20260201_00", "20260101_00"]
changelog: {"20260201_01": Adds a scope., "20260101_00": First.}
base_url: "https://{subdomain}.acme.test/api"
auth:
  - scheme: API_KEY
    fields:
      connection:
        - {name: generic_api_key, display_name: API key, required: true, secret: true, legacy_names: [api_key]}
        - {name: subdomain, display_name: Subdomain, required: true, pattern: "[a-z0-9-]+"}
        - {name: region, display_name: Region, default: eu, description: Where the shop is.}
    apply: [{in: header, name: X-Key, value: "{generic_api_key}"}]
"#;

pub const ACME_TOOLS: &str = r"tools:
  - slug: ACME_SELL_THING
    aliases: [ACME_SELL]
    name: Sell a thing
    description: Sells one thing.
    tags: [important, openWorldHint]
    scopes: [sales]
    args:
      - {arg: thing, type: string, required: true, description: What to sell.}
    request: {method: POST, path: /things}
  - slug: ACME_LIST_THINGS
    name: List things
    description: Lists what there is.
    tags: [readOnlyHint]
    request: {method: GET, path: /things}
  - slug: ACME_BURN_THING
    name: Burn a thing
    description: Was sold once too often.
    deprecated: ACME_SELL_THING
    request: {method: POST, path: /burn}
";
