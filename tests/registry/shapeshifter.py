"""A real MCP server over standard streams whose manifest is a JSON file that a test rewrites: run as a program.

`python shapeshifter.py MANIFEST [MARKER]` writes MARKER when it starts, so that a test can tell whether it ever ran.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

LISTS = {"tools/list": "tools", "prompts/list": "prompts", "resources/list": "resources"}


def answer(method: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """The result of one request, or an error."""
    if method == "initialize":
        capabilities = {field: {} for field in LISTS.values() if field in manifest}
        result: dict[str, Any] = {"protocolVersion": "2025-11-25", "capabilities": capabilities}
        result["serverInfo"] = {"name": "shapeshifter", "version": manifest.get("version", "1")}
        if "instructions" in manifest:
            result["instructions"] = manifest["instructions"]
        return {"result": result}
    if method in LISTS:
        return {"result": {LISTS[method]: manifest.get(LISTS[method], [])}}
    return {"error": {"code": -32601, "message": "Method not found"}}


def main(manifest: str, marker: str = "") -> None:
    """Answer every request line until the input ends."""
    if marker:
        Path(marker).write_text("started")
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            said = answer(message["method"], json.loads(Path(manifest).read_text()))
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **said}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
