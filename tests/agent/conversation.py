"""What the agent does: search, connect, execute. `call(slug, arguments)` gives a meta tool's result."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WHO_AM_I = "GITHUB_GET_THE_AUTHENTICATED_USER"
CREATE = "GITHUB_CREATE_AN_ISSUE"


def told(what: str, condition: object, seen: object) -> None:
    """Prints how a turn went, and ends at the first that went wrong."""
    if not condition:
        print(f"FAIL {what}: {str(seen)[:1500]}", flush=True)
        sys.exit(1)
    print(f"ok {what}", flush=True)


def data(what: str, result: dict) -> dict:
    told(what, result.get("successful", result.get("error") is None), result)
    return result["data"]


def play(call, app_url: str) -> None:
    queries = [{"use_case": "create an issue in a github repository"}, {"use_case": "get my github profile"}]
    found = data("the agent searches", call("COMPOSIO_SEARCH_TOOLS", {"queries": queries, "session": {"generate_id": True}}))
    slugs = [slug for result in found["results"] for slug in result["primary_tool_slugs"]]
    told("it finds the tools", CREATE in slugs and WHO_AM_I in slugs, slugs)
    status = {one["toolkit"]: one["has_active_connection"] for one in found["toolkit_connection_statuses"]}
    told("it learns that the user is not connected", status == {"github": False}, status)
    workflow = found["session"]["id"]

    asked = {"toolkits": ["github"], "session_id": workflow}
    link = data("it asks for a link", call("COMPOSIO_MANAGE_CONNECTIONS", asked))["results"]["github"]
    told("the link leads to a page of the server", link["redirect_url"].startswith("http"), link)
    landed = subprocess.run(
        ["node", str(HERE / "consent.mjs"), link["redirect_url"], app_url], capture_output=True, text=True, timeout=60, check=False
    )
    told("the user consents in Chromium", "status=success" in landed.stdout, landed.stdout + landed.stderr)
    now = data("the agent looks again", call("COMPOSIO_MANAGE_CONNECTIONS", asked))["results"]["github"]
    told("the user is connected", now["status"] == "active", now)

    schema = found["tool_schemas"][CREATE]["input_schema"]
    told("it knows the arguments", {"owner", "repo", "title"} <= set(schema["properties"]), schema)
    tools = [
        {"tool_slug": WHO_AM_I, "arguments": {}},
        {"tool_slug": CREATE, "arguments": {"owner": "tenon", "repo": "tenon", "title": "Found by an agent"}},
        {"tool_slug": "HACKERNEWS_GET_USER", "arguments": {"username": "pg"}},
    ]
    arguments = {"tools": tools, "sync_response_to_workbench": False, "session_id": workflow}
    results = call("COMPOSIO_MULTI_EXECUTE_TOOL", arguments)["data"]["results"]
    told("tools of the session run with the user's account", results[0]["response"]["data"]["login"] == "octocat", results[0])
    told("and do what was asked", results[1]["response"]["data"]["title"] == "Found by an agent", results[1])
    told("a tool outside the session does not run", "toolkits.enable" in str(results[2]["error"]), results[2])


def briefing() -> dict:
    return json.loads(Path(sys.argv[1]).read_text())
