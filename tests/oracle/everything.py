"""The tools of an MCP server of others, imported and executed: npm's `@modelcontextprotocol/server-everything`.

    tests/oracle/.work/python/bin/python tests/oracle/everything.py    TENON_BIN: the server [target/debug/tenon]

Each tool is called with its required arguments and with all of them; every call must succeed.
Exits with 1 if one did not, or if a result is not what the server says.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import arguments
from server import TENON, Tenon, free_port, wait_for_port
from vendors import HERE

SERVER = HERE / "node_modules/@modelcontextprotocol/server-everything/dist/index.js"
# Arguments that schemas do not tell.
GIVEN = {
    "EVERYTHING_GET_RESOURCE_REFERENCE": {"resourceType": "Text", "resourceId": 1},
    "EVERYTHING_TRIGGER_LONG_RUNNING_OPERATION": {"duration": 1, "steps": 2},
    "EVERYTHING_GZIP_FILE_AS_RESOURCE": {"data": "data:text/plain,hello", "name": "a.txt.gz", "outputType": "resource"},
}
# What a result must hold.
RESULTS = {
    "EVERYTHING_ECHO": ({"message": "Hello"}, {"response_data": "Echo: Hello"}),
    "EVERYTHING_GET_SUM": ({"a": 2, "b": 3}, {"response_data": "The sum of 2 and 3 is 5."}),
}


def main():
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "PORT": str(port)}
    everything = subprocess.Popen(
        ["node", SERVER, "streamableHttp"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, everything)
        with tempfile.TemporaryDirectory() as folder:
            return drive(f"http://127.0.0.1:{port}/mcp", Path(folder))
    finally:
        everything.terminate()


def drive(url, folder):
    toolkits = folder / "toolkits"
    command = [TENON, "toolkits", "import", url, "--to", toolkits, "--slug", "everything", "--allow-cidrs", "127.0.0.0/8"]
    print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="")
    subprocess.run([TENON, "toolkits", "lint", toolkits], check=True, stdout=subprocess.DEVNULL)
    tenon = Tenon(folder / "data", TENON_TOOLKITS_DIR=str(toolkits))
    try:
        tools = tenon.tools("everything")
        failures = [failure for tool in tools for failure in judge(tenon, tool)]
    finally:
        tenon.stop()
    failures += [f"{slug} is no tool" for slug in {*GIVEN, *RESULTS} - {tool["slug"] for tool in tools}]
    for failure in failures:
        print("FAIL", failure)
    print(f"{len(tools)} tools of server-everything called with their required and with all arguments, {len(failures)} failures")
    return 1 if failures or not tools else 0


def judge(tenon, tool):
    slug, schema = tool["slug"], tool["input_parameters"]
    calls = [(make(slug, schema) | GIVEN.get(slug, {}), None) for make in (arguments.minimal, arguments.maximal)]
    for values, expected in [*calls, *([RESULTS[slug]] if slug in RESULTS else [])]:
        status, result = tenon.execute(slug, values)
        if status != 200 or not result["successful"]:
            yield f"{slug} {json.dumps(values)}: HTTP {status}, {json.dumps(result)[:400]}"
        elif expected is not None and result["data"] != expected:
            yield f"{slug}: {json.dumps(result['data'])[:400]}"


if __name__ == "__main__":
    sys.exit(main())
