"""Files through tools: paths in arguments and in results, which the SDK turns into uploads and downloads."""

import hashlib
import json
import tempfile
import urllib.request
from pathlib import Path

from .executing import succeeded
from .steps import expect, expect_equal
from .world import World

NAME = "Grüße an alle.txt"
# More than a chunk of anything, and with letters of every length in UTF-8.
CONTENT = "".join(f"{number}: a ä € 😀\n" for number in range(20_000)).encode()


def visit(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_bytes(CONTENT)
        if world.speaks_v3_only or world.is_public:
            _by_the_sdk(world, path)
        else:
            world.not_in_this_version("paths in arguments and results", "it refuses storage on loopback, with no "
                                      "option for it; the application brings and fetches the file instead")
        _by_the_application(world, path)


def _by_the_sdk(world: World, path: Path) -> None:
    composio = world.sdk(world.api_key, dangerously_allow_auto_upload_download_files=True,
                         file_upload_dirs=[str(path.parent)], file_download_dir=str(path.parent / "fetched"))

    def run(slug: str, arguments: dict) -> dict:
        return succeeded(composio.tools.execute(slug, arguments, user_id=world.user, dangerously_skip_version_check=True,
                                                connected_account_id=world.key_account))

    with world.step("a path in an argument is uploaded, and the vendor gets the file"):
        kept = run("ACME_KEEP_FILE", {"file": str(path), "label": "by path"})
        expect_equal((kept["name"], kept["size"], kept["label"]), (NAME, len(CONTENT), "by path"))
        world.kept_file = kept["id"]

    with world.step("a file in a result is downloaded, and it is what was uploaded"):
        fetched = Path(run("ACME_FETCH_FILE", {"id": world.kept_file})["content"])
        expect_equal(fetched.name, NAME)
        expect(fetched.read_bytes() == CONTENT, f"{fetched.stat().st_size} bytes of another content")


def _by_the_application(world: World, path: Path) -> None:
    def run(slug: str, arguments: dict) -> dict:
        return succeeded(world.run(slug, arguments, connected_account_id=world.key_account))

    with world.step("an uploaded file in an argument gets to the vendor"):
        announced = _announce(world, path.name, CONTENT)
        upload = urllib.request.Request(announced["new_presigned_url"], CONTENT, method="PUT")
        with urllib.request.urlopen(upload, timeout=30) as response:
            expect_equal(response.status, 200)
        file = {"name": path.name, "mimetype": "text/plain", "s3key": announced["key"]}
        kept = run("ACME_KEEP_FILE", {"file": file, "label": "by key"})
        expect_equal((kept["name"], kept["type"], kept["size"]), (NAME, "text/plain", len(CONTENT)))
        world.kept_file = kept["id"]

    with world.step("a file in a result can be fetched, and it is what was uploaded"):
        content = run("ACME_FETCH_FILE", {"id": world.kept_file})["content"]
        expect_equal((content["name"], content["mimetype"]), (NAME, "text/plain"))
        with urllib.request.urlopen(content["s3url"], timeout=30) as response:
            expect(response.read() == CONTENT, "another content")


def _announce(world: World, name: str, content: bytes) -> dict:
    body = {"toolkit_slug": "acme", "tool_slug": "ACME_KEEP_FILE", "filename": name, "mimetype": "text/plain",
            "md5": hashlib.md5(content).hexdigest()}
    headers = {"x-api-key": world.api_key, "content-type": "application/json"}
    request = urllib.request.Request(f"{world.base_url}/api/v3/files/upload/request", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)
