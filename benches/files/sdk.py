"""A file through the official SDK: a path in an argument, which it uploads, and a file in a result, which it
downloads.

    sdk.py BASE_URL API_KEY PATH MB        prints the MD5 of what the service got and of what was fetched
"""

import hashlib
import json
import sys
from pathlib import Path

from composio import Composio

base_url, api_key, path, size = sys.argv[1:]
folder = Path(path).parent
composio = Composio(api_key=api_key, base_url=base_url, allow_tracking=False, timeout=600, max_retries=0,
                    dangerously_allow_auto_upload_download_files=True, file_upload_dirs=[str(folder)],
                    file_download_dir=str(folder / "fetched"))


def run(slug, arguments):
    result = composio.tools.execute(slug, arguments, user_id="bench", dangerously_skip_version_check=True)
    assert result["successful"], result
    return result["data"]


sent = run("DEPOT_RAW", {"file": path})["md5"]
fetched = hashlib.md5()
with open(run("DEPOT_FETCH", {"size": int(size)})["content"], "rb") as file:
    while piece := file.read(1 << 20):
        fetched.update(piece)
print(json.dumps({"sent": sent, "fetched": fetched.hexdigest()}))
