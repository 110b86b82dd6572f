"""The official Python client at a URL by OAuth, in its first and second major version: it registers, a person allows it
on the page, it calls a tool.

    oauth.py URL API_KEY
"""

import asyncio
import importlib.metadata
import json
import re
import sys
import urllib.parse

from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.shared.auth import OAuthClientMetadata

IS_FIRST = importlib.metadata.version("mcp").startswith("1.")
if IS_FIRST:
    import httpx
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client
else:
    import httpx2 as httpx
    from mcp import Client
    from mcp.client.auth import AuthorizationCodeResult
    from mcp.client.streamable_http import streamable_http_client

URL, KEY = sys.argv[1:3]
CALLBACK = "http://127.0.0.1:4711/callback"
told = {"pages": 0}


class Memory(TokenStorage):
    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


class Person:
    """Opens the page, types the key, and is taken back."""

    back = {}

    async def open(self, url: str) -> None:
        told["pages"] += 1
        async with httpx.AsyncClient() as browser:
            page = await browser.get(url)
            assert page.status_code == 200, page.text
            guard = re.search(r'name="form_token" value="([^"]+)"', page.text).group(1)
            sent = await browser.post(url, data={"form_token": guard, "api_key": KEY, "decision": "allow"})
            assert sent.status_code == 200, sent.text
            to = sent.headers["refresh"].split("url=", 1)[1]
        assert to.startswith(CALLBACK), to
        self.back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(to).query))

    async def came_back(self):
        code, state, issuer = (self.back.get(name) for name in ("code", "state", "iss"))
        return (code, state) if IS_FIRST else AuthorizationCodeResult(code=code, state=state, iss=issuer)


async def add(provider: OAuthClientProvider) -> int:
    call = "TEST_ADD", {"a": 2, "b": 40}
    if IS_FIRST:
        async with streamablehttp_client(URL, auth=provider) as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            return (await session.call_tool(*call)).structuredContent["data"]["sum"]
    async with httpx.AsyncClient(auth=provider, timeout=20) as http, Client(streamable_http_client(URL, http_client=http)) as session:
        return (await session.call_tool(*call)).structured_content["data"]["sum"]


async def main() -> None:
    person, memory = Person(), Memory()
    metadata = OAuthClientMetadata(
        client_name="Python client", redirect_uris=[CALLBACK], grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
    )
    for _ in range(2):
        provider = OAuthClientProvider(URL, metadata, memory, person.open, person.came_back)
        told["sum"] = await add(provider)
    told["refreshable"] = bool(memory.tokens.refresh_token)
    print(json.dumps(told))


asyncio.run(main())
