"""A real MCP server over standard streams whose manifest is a JSON file that a test rewrites: run as a program.

`python shapeshifter.py MANIFEST [MARKER [LOG]]` writes MARKER when it starts, so that a test can tell whether it ever
ran, and every call into LOG, one JSON object a line, with the time at which it came. What the manifest holds under
`clients` by a client's name replaces members for that client; `told` counts up whenever it shall say that its lists
have changed; with `fails` an unknown tool is a failed result, not an error.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}
LOOKS_EVERY = 0.02


class Shapeshifter:
    """The server: what it read of its manifest last, who its client is, and where it writes to."""

    def __init__(self, manifest: str, log: str) -> None:
        self.file, self.log, self.client = Path(manifest), log, ""
        self.writing = threading.Lock()

    def manifest(self) -> dict[str, Any]:
        """What it offers to its client now."""
        whole: dict[str, Any] = json.loads(self.file.read_text())
        return {**whole, **whole.get("clients", {}).get(self.client, {})}

    def answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The result of one request, or an error."""
        if method == "initialize":
            self.client = str(params.get("clientInfo", {}).get("name", ""))
        manifest = self.manifest()
        if method == "initialize":
            tells: dict[str, Any] = {"listChanged": True} if "told" in manifest else {}
            capabilities = {field: tells for field in LISTS.values() if field in manifest}
            if "resourceTemplates" in capabilities:
                capabilities["resources"] = capabilities.pop("resourceTemplates")
            result: dict[str, Any] = {"protocolVersion": "2025-11-25", "capabilities": capabilities}
            result["serverInfo"] = {"name": "shapeshifter", "version": manifest.get("version", "1")}
            if "instructions" in manifest:
                result["instructions"] = manifest["instructions"]
            return {"result": result}
        if method in LISTS:
            return {"result": {LISTS[method]: manifest.get(LISTS[method], [])}}
        if method == "tools/call":
            return self.called(params, manifest)
        if method == "prompts/get":
            return {"result": {"messages": [{"role": "user", "content": {"type": "text", "text": params["name"]}}]}}
        if method == "resources/read":
            self.note(params["uri"], {})
            return {"result": {"contents": [{"uri": params["uri"], "text": "contents"}]}}
        return {"error": {"code": -32601, "message": "Method not found"}}

    def called(self, params: dict[str, Any], manifest: dict[str, Any]) -> dict[str, Any]:
        """One call: it comes back with the description that the tool has now."""
        name, arguments = params["name"], params.get("arguments", {})
        found = {tool["name"]: tool for tool in manifest.get("tools", [])}
        self.note(name, arguments)
        if name not in found:
            said = f"Unknown tool: {name}"
            if manifest.get("fails"):
                return {"result": {"content": [{"type": "text", "text": said}], "isError": True}}
            return {"error": {"code": -32602, "message": said}}
        text = f"{name}: {found[name].get('description', '')} {arguments.get('nonce', '')}".rstrip()
        return {"result": {"content": [{"type": "text", "text": text}], "isError": False}}

    def note(self, name: str, arguments: dict[str, Any]) -> None:
        """Write down that something was asked for, in one write, since several of these may share a log."""
        if self.log:
            line = json.dumps({"at": time.time(), "name": name, "arguments": arguments, "process": os.getpid()})
            with Path(self.log).open("a", encoding="utf-8") as log:
                log.write(line + "\n")

    def say(self, message: dict[str, Any]) -> None:
        """One message to the client."""
        with self.writing:
            print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

    def watch(self) -> None:
        """Tell the client that the lists have changed whenever the manifest counts that up."""
        told = self.manifest().get("told", 0)
        never = threading.Event()
        while not never.wait(LOOKS_EVERY):
            now = self.manifest().get("told", 0)
            if now != told:
                told = now
                self.say({"method": "notifications/tools/list_changed"})


def main(manifest: str, marker: str = "", log: str = "") -> None:
    """Answer every request line until the input ends."""
    if marker:
        Path(marker).write_text("started")
    server = Shapeshifter(manifest, log)
    if "told" in server.manifest():
        threading.Thread(target=server.watch, daemon=True).start()
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            server.say({"id": message["id"], **server.answer(message["method"], message.get("params", {}))})


if __name__ == "__main__":
    main(*sys.argv[1:])
