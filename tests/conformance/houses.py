"""The everything server as a process, and Gatehouses in front of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conformance import offer
from tests.running import Running

PROGRAM = Path(__file__).resolve().parent / "everything.py"
SERVER, AGENT = "everything", "conformance"
# Everything that the suite sends satisfies these, so that each has to be computed to a yes.
BOUNDED: dict[str, dict[str, Any]] = {
    "tool: everything/test_sampling": {"prompt": {"length": {"max": 200}}},
    "tool: everything/test_elicitation": {"message": {"length": {"max": 200}}},
    "tool: everything/test_x_mcp_header": {"region": {"matches": "[ -~]{1,80}"}},
    "prompt: everything/test_prompt_with_arguments": {"arg1": {"length": {"max": 40}}},
    "prompt: everything/test_prompt_with_embedded_resource": {"resourceUri": {"schemes": ["test"]}},
}
PLAIN = """
version: "1"
default: deny
rules:
  - {id: everything, server: everything, action: allow, reason: All of it may be used}
"""


def strict() -> str:
    """A policy with inspection of arguments and results and with rules on arguments, which allows the same calls."""
    bounded = {subject.partition("/")[2] for subject in BOUNDED}
    tools = [f"everything/{name}" for name in offer.TOOLS if name not in bounded]
    prompts = [f"everything/{name}" for name in offer.PROMPTS if name not in bounded]
    rules: list[dict[str, Any]] = [
        {"id": "plain-tools", "tool": tools, "action": "allow"},
        {"id": "plain-prompts", "prompt": prompts, "action": "allow"},
        {"id": "resources", "resource": "everything/test://*", "action": "allow"},
        {"id": "no-findings-out", "server": SERVER, "action": "deny", "content": {"in": "arguments"}},
        {"id": "no-findings-back", "server": SERVER, "action": "redact", "content": {"in": "result"}},
        {
            "id": "no-shell",
            "tool": "everything/test_elicitation",
            "action": "deny",
            "constraints": {"message": {"matches": "(?i).*rm -rf.*"}},
        },
    ]
    for number, (subject, constraints) in enumerate(BOUNDED.items()):
        kind, _, item = subject.partition(": ")
        rules.append({"id": f"bounded-{number}", kind: item, "action": "allow", "constraints": constraints})
    return json.dumps({"version": "1", "default": "deny", "rules": rules}, indent=1)


@contextmanager
def everything() -> Iterator[str]:
    """The everything server on a free port; gives its URL."""
    with subprocess.Popen([sys.executable, str(PROGRAM)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield f"http://localhost:{int(process.stdout.readline())}/mcp"
        finally:
            process.kill()


def configuration(url: str) -> dict[str, Any]:
    """A gatehouse.yaml: the everything server at `url`, which may ask its clients, and one agent that may use it."""
    return {
        "people": [{"email": "dev@example.com", "roles": ["developer"]}],
        "servers": [
            {
                "name": SERVER,
                "transport": "http",
                "url": url.replace("localhost", "127.0.0.1"),
                "allow_private_address": True,
                "approve": "all",
                "accept_findings": ["*"],
                "client_requests": {"sampling": "allow", "elicitation": "allow", "roots": "allow"},
            }
        ],
        "roles": [{"name": "everything", "servers": [SERVER]}],
        "agents": [{"name": AGENT, "owner": "dev@example.com", "roles": ["everything"]}],
    }


def endpoint(running: Running) -> str:
    """The transparent endpoint, by the host name that the suite demands."""
    return f"http://localhost:{running.port}/mcp/{SERVER}"
