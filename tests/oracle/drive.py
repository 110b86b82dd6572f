"""Every tool whose vendor describes its API, run through the real server against that description.

    tests/oracle/.work/python/bin/python tests/oracle/drive.py [TOOLKIT …]     TENON_BIN: the server [target/debug/tenon]

Each tool is called with its required arguments and with all of them; the oracle refuses what the description does not
allow. Then each argument is broken in turn, and nothing may arrive. Prints a table, and exits with 1 if anything failed.
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import arguments
from judge.server import Api
from server import ROOT, Tenon
from vendors import VENDORS


def main():
    named = set(sys.argv[1:])
    bundled = {path.name for path in (ROOT / "toolkits").iterdir()}
    vendors = [vendor for vendor in VENDORS if vendor.toolkit in (named or bundled)]
    with tempfile.TemporaryDirectory() as folder:
        apis = {vendor.toolkit: serve(vendor, Path(folder) / "toolkits") for vendor in vendors}
        tenon = Tenon(Path(folder) / "data", TENON_TOOLKITS_DIR=str(Path(folder) / "toolkits"))
        try:
            rows = [judge(tenon, vendor, apis[vendor.toolkit]) for vendor in vendors]
        finally:
            tenon.stop()
    failures = [failure for *_, own in rows for failure in own]
    for failure in failures:
        print("FAIL", failure)
    print(f"{'vendor':16}{'tools':>6}{'calls':>7}{'accepted':>10}{'refused':>9}{'not described':>15}{'bad arguments stopped':>23}")
    for toolkit, tools, calls, accepted, unjudged, stopped, own in rows:
        print(f"{toolkit:16}{tools:6}{calls:7}{accepted:10}{calls - accepted:9}{unjudged:15}{stopped:23}")
    return 1 if failures or not rows else 0


def serve(vendor, toolkits):
    """The oracle; a copy of the toolkit leads to it."""
    api = Api([load(base) for base, load in vendor.moved.values()], vendor.authorization, vendor.json_for_forms)
    bases = {address: f"http://127.0.0.1:{api.port}{base}" for address, (base, _) in vendor.moved.items()}
    copy_of(vendor, toolkits, bases)
    return api


def copy_of(vendor, toolkits, moved):
    """The toolkit with other addresses for its own."""
    copy = toolkits / vendor.toolkit
    shutil.copytree(ROOT / "toolkits" / vendor.toolkit, copy)
    manifest = (copy / "toolkit.yaml").read_text()
    for address, there in moved.items():
        assert address in manifest, f"{vendor.toolkit} is not at {address}"
        manifest = manifest.replace(address, there)
    (copy / "toolkit.yaml").write_text(manifest)


def judge(tenon, vendor, api):
    tenon.connect(vendor.toolkit, vendor.scheme, vendor.values)
    api.take()
    tools = tenon.tools(vendor.toolkit)
    calls, accepted, stopped, unjudged, failures = 0, 0, 0, 0, []
    for tool in tools:
        slug = tool["slug"]
        if slug in vendor.unjudged:
            unjudged += 1
            continue
        made = files(tenon, vendor, tool)
        for kind, make in (("minimal", arguments.minimal), ("maximal", arguments.maximal)):
            values = fitted(make(slug, tool["input_parameters"]), made, vendor.arguments.get(slug, {}))
            status, result = tenon.execute(slug, values)
            seen = api.take()
            problems = [problem for one in seen for problem in one.problems]
            calls += 1
            if status == 200 and result["successful"] and seen and not problems:
                accepted += 1
            else:
                asked = [f"{one.request.method} {one.request.path}" for one in seen] or "nothing"
                told = "; ".join(problems) or json.dumps(result)[:900]
                failures.append(f"{slug} ({kind}): HTTP {status}, sent {asked}: {told}")
        for name, values in arguments.forbidden(tool["input_parameters"]):
            if name in vendor.lenient.get(slug, ()):
                continue
            status, _ = tenon.execute(slug, fitted(values, {}, {}))
            if status == 400 and not api.take():
                stopped += 1
            else:
                api.take()
                failures.append(f"{slug}: a bad `{name}` gave HTTP {status}")
    gone = set(vendor.unjudged) - {tool["slug"] for tool in tools}
    failures += [f"{vendor.toolkit}: {slug} is no tool any more" for slug in gone]
    return vendor.toolkit, len(tools), calls, accepted, unjudged, stopped, failures


def files(tenon, vendor, tool):
    """A real file for each argument that takes one."""
    properties = tool["input_parameters"]["properties"].items()
    single = {name: tenon.upload(vendor.toolkit, tool["slug"]) for name, inner in properties if inner.get("file_uploadable")}
    several = {
        name: [tenon.upload(vendor.toolkit, tool["slug"])] for name, inner in properties
        if inner.get("items", {}).get("file_uploadable")
    }
    return {**single, **several}


def fitted(values, made, overrides):
    """With real files where one is given, and with what a schema cannot say."""
    values = {name: made.get(name, value) for name, value in values.items()} | overrides
    return {name: value for name, value in values.items() if value is not None}


if __name__ == "__main__":
    sys.exit(main())
