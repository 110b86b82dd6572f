//! Toolkits of an operator, for tests: one for every way to connect, at a fake provider.

use super::toolkits::ToolkitsFolder;

/// The folder of two toolkits: `acme` (OAUTH2 with PKCE and a secret in the body, `API_KEY`,
/// `BEARER_TOKEN`, BASIC) and `shop` (OAUTH2 at a host of the tenant's, with the secret in a header,
/// commas between scopes, and no PKCE).
pub fn folder(provider: &str) -> ToolkitsFolder {
    let folder = ToolkitsFolder::empty();
    for (slug, kit, tools) in [("acme", ACME, ACME_TOOLS), ("shop", SHOP, SHOP_TOOLS)] {
        for (name, text) in [("toolkit.yaml", kit), ("tools/all.yaml", tools)] {
            folder.write(
                &format!("{slug}/{name}"),
                &text.replace("PROVIDER", provider),
            );
        }
    }
    folder
}

const ACME: &str = r#"
manifest: 1
slug: acme
name: Acme & Sons
description: Makes anvils.
logo: https://acme.test/logo.png
created_at: "2026-01-01T00:00:00Z"
updated_at: "2026-01-01T00:00:00Z"
versions: ["20260101_00"]
base_url: PROVIDER
identity: { method: GET, path: /me }
auth:
  - scheme: OAUTH2
    authorize_url: PROVIDER/authorize
    token_url: PROVIDER/token
    pkce: required
    scopes: { default: [read, write] }
    authorize_params: { access_type: offline }
    revoke: { url: PROVIDER/revoke }
    apply:
      - { in: header, name: Authorization, value: "Bearer {access_token}" }
  - scheme: API_KEY
    fields:
      connection:
        - name: generic_api_key
          display_name: API key
          description: Found in Acme's settings under <Keys>.
          pattern: "ak-[a-z0-9-]+"
          required: true
          secret: true
        - { name: region, display_name: Region, default: eu, pattern: "[a-z]{2}" }
    apply:
      - { in: header, name: X-Acme-Key, value: "{generic_api_key}" }
  - scheme: BEARER_TOKEN
    fields:
      connection:
        - { name: token, display_name: Token, required: true, secret: true }
    apply:
      - { in: header, name: Authorization, value: "Bearer {token}" }
  - scheme: BASIC
    fields:
      connection:
        - { name: username, display_name: User name, required: true }
        - { name: password, display_name: Password, required: true, secret: true }
    apply:
      - { in: header, name: Authorization, value: "Basic {base64(username:password)}" }
"#;

const ACME_TOOLS: &str = r"
tools:
  - slug: ACME_GET_ME
    name: Get me
    description: Tells whose account is connected.
    tags: [readOnlyHint]
    scopes: [profile]
    request: { method: GET, path: /me }
";

const SHOP: &str = r#"
manifest: 1
slug: shop
name: Shop
description: Sells anvils.
created_at: "2026-01-01T00:00:00Z"
updated_at: "2026-01-01T00:00:00Z"
versions: ["20260101_00"]
base_url: PROVIDER
auth:
  - scheme: OAUTH2
    authorize_url: PROVIDER/{subdomain}/authorize
    token_url: PROVIDER/{subdomain}/token
    pkce: none
    token_auth: client_secret_basic
    scopes: { default: [orders, customers], separator: "," }
    revoke:
      url: "PROVIDER/{subdomain}/grants/{client_id}"
      method: DELETE
      auth: client_secret_basic
      tokens: [access_token]
      in: json
      param: access_token
      ok_statuses: [404]
    fields:
      connection:
        - name: subdomain
          display_name: Subdomain
          pattern: "[a-z0-9-]+"
          required: true
          legacy_names: [your-domain]
    apply:
      - { in: header, name: Authorization, value: "Bearer {access_token}" }
"#;

const SHOP_TOOLS: &str = r"
tools:
  - slug: SHOP_GET_ME
    name: Get me
    description: Tells whose account is connected.
    tags: [readOnlyHint]
    request: { method: GET, path: /me }
";
