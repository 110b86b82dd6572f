"""One toolkit for every way a client can prove itself, at one OAuth server."""

from pathlib import Path

HEAD = """manifest: 1
slug: {slug}
name: {slug}
description: A toolkit of the OAuth stage.
created_at: 2026-01-01T00:00:00Z
updated_at: 2026-01-01T00:00:00Z
versions: ["20260101_00"]
base_url: "{provider}/api"
auth:
  - scheme: {scheme}
    scopes: {{default: [{scopes}]}}
    apply: [{{in: header, name: Authorization, value: "Bearer {{access_token}}"}}]
"""
TOOL = """tools:
  - slug: {upper}_GET_ME
    name: Get me
    description: Tells whose token it is.
    request: {{method: GET, path: /me}}
"""
BY_CODE = '    authorize_url: "{provider}/auth"\n    token_url: "{provider}/token"\n    issuer: "{provider}"\n'
BY_CODE += '    revoke: {{url: "{provider}/token/revocation"}}\n'
KITS = {
    "post": ("OAUTH2", "openid, repo", BY_CODE + "    token_auth: client_secret_post\n    pkce: supported\n"),
    "basic": ("OAUTH2", "openid, repo", BY_CODE + "    token_auth: client_secret_basic\n    pkce: required\n"),
    "public": ("OAUTH2", "openid, repo", BY_CODE + "    token_auth: none\n    pkce: required\n"),
    "machine": (
        "S2S_OAUTH2",
        "repo",
        '    token_url: "{provider}/token"\n    token_auth: client_secret_basic\n    fields:\n      connection:\n'
        "        - {{name: client_id, display_name: Client ID, required: true}}\n"
        "        - {{name: client_secret, display_name: Client secret, required: true, secret: true}}\n",
    ),
    "registered": ("DCR_OAUTH", "openid, repo", '    issuer: "{provider}"\n    resource: "{provider}/api"\n'),
}


def write(folder: Path, provider: str) -> None:
    for name, (scheme, scopes, block) in KITS.items():
        slug = f"kit_{name}"
        kit = folder / slug
        (kit / "tools").mkdir(parents=True)
        text = (HEAD + block).format(slug=slug, provider=provider, scheme=scheme, scopes=scopes)
        (kit / "toolkit.yaml").write_text(text)
        (kit / "tools" / "all.yaml").write_text(TOOL.format(upper=slug.upper()))
