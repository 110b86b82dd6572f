"""The official Python client at one URL, in its first and second major version; prints what came of it as JSON.

    client.py URL [HEADER:VALUE...]      the URL must have the toolkit `test`
"""

import asyncio
import importlib.metadata
import json
import sys
from datetime import timedelta

URL = sys.argv[1]
HEADERS = dict(header.split(":", 1) for header in sys.argv[2:])
VERSION = importlib.metadata.version("mcp")


async def exercise(session, told: dict) -> None:
    listed = await session.list_tools()
    told["tools"] = sorted(tool.name for tool in listed.tools)
    added = await session.call_tool("TEST_ADD", {"a": 2, "b": 40})
    structured = getattr(added, "structured_content", None) or getattr(added, "structuredContent", None)
    told["sum"] = structured["data"]["sum"]
    failed = await session.call_tool("TEST_ERROR_HANDLING", {})
    told["is_error"] = failed.is_error if hasattr(failed, "is_error") else failed.isError
    told["why"] = failed.content[0].text
    heard = []

    async def progress(done, total, message):
        heard.append(message)

    await session.call_tool("TEST_WAIT", {}, progress_callback=progress)
    told["progress"] = len(heard) > 0


async def first() -> list[dict]:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    told = {}
    async with streamablehttp_client(URL, headers=HEADERS) as (read, write, session_id), ClientSession(
        read, write, read_timeout_seconds=timedelta(seconds=20)
    ) as session:
        begun = await session.initialize()
        told["protocol"], told["session"] = begun.protocolVersion, bool(session_id())
        await exercise(session, told)
    return [told]


async def second() -> list[dict]:
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    all_told = []
    for mode in ("legacy", "auto"):
        told = {"mode": mode}
        async with httpx2.AsyncClient(headers=HEADERS, timeout=20) as http, Client(
            streamable_http_client(URL, http_client=http), mode=mode
        ) as session:
            told["protocol"] = getattr(session, "protocol_version", None)
            await exercise(session, told)
        all_told.append(told)
    return all_told


print(json.dumps(asyncio.run(first() if VERSION.startswith("1.") else second())))
