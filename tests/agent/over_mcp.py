"""The conversation over nothing but the session's MCP endpoint, with the official Python client."""

import asyncio
import json
import urllib.request

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from conversation import briefing, play, told

given = briefing()


def session_url() -> str:
    body = {"user_id": "agent-over-mcp", "toolkits": {"enable": ["github"]}, "manage_connections": {"callback_url": given["app_url"]}}
    request = urllib.request.Request(
        f"{given['base_url']}/api/v3.1/tool_router/session", data=json.dumps(body).encode(),
        headers={"x-api-key": given["api_key"], "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)["mcp"]["url"]


async def main() -> None:
    headers = {"x-api-key": given["api_key"]}
    loop = asyncio.get_running_loop()
    async with streamablehttp_client(session_url(), headers=headers) as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        offered = {tool.name for tool in (await session.list_tools()).tools}

        def call(slug: str, arguments: dict) -> dict:
            told(f"{slug} is one of its tools", slug in offered, offered)
            result = asyncio.run_coroutine_threadsafe(session.call_tool(slug, arguments), loop).result(60)
            return result.structuredContent

        await asyncio.to_thread(play, call, given["app_url"])


asyncio.run(main())
