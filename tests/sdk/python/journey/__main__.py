"""`python -m journey BRIEFING`, with the SDK of the interpreter that runs it."""

import sys
from pathlib import Path

from . import (
    accounts,
    auth_configs,
    changing_sessions,
    connecting,
    custom_tools,
    executing,
    files,
    finding_tools,
    importing,
    keys_and_tenants,
    leaving,
    mcp_servers,
    meta_tools,
    pinning,
    proxying,
    schemes,
    session_settings,
    sessions,
    tailoring,
    toolkits,
)
from .world import World

AREAS = (
    toolkits, auth_configs, connecting, accounts, finding_tools, executing, meta_tools, sessions, session_settings,
    changing_sessions, custom_tools, mcp_servers, files, pinning, proxying, tailoring, importing, schemes,
    keys_and_tenants, leaving,
)


def main() -> int:
    world = World(Path(sys.argv[1]))
    print(f"# composio {world.sdk_version}, {'/api/v3' if world.speaks_v3_only else '/api/v3.1'}")
    for area in AREAS:
        area.visit(world)
    print("# the journey is over")
    return 1 if world.failed else 0


if __name__ == "__main__":
    sys.exit(main())
