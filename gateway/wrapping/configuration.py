"""The configuration that a wrapped server stands for, as a gatehouse.yaml. Pure: no Django, no I/O."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

PERSON: Final = "local@this-machine.invalid"
AGENT: Final = "local-client"
ROLE: Final = "local"
POLICY_FILE: Final = "policy"
CONSOLE_ROLES: Final = ("security-admin", "policy-author", "approver", "auditor", "server-owner", "developer")


def configuration(name: str, command: Sequence[str], *, own_policy: bool) -> str:
    """One server, one person who owns one agent, and a policy: the person's own (read as POLICY_FILE), or the default.

    The server runs where the wrapper was started, and its record names no `cwd`: nobody said that this is where it
    takes relative paths from, so that rules about paths refuse them. JSON is YAML, and quotes each word of the command.
    """
    return json.dumps(
        {
            "version": 1,
            "people": [{"email": PERSON, "roles": list(CONSOLE_ROLES)}],
            "servers": [{"name": name, "transport": "stdio", "command": list(command), "approve": "all"}],
            "roles": [{"name": ROLE, "servers": [name]}],
            "agents": [{"name": AGENT, "owner": PERSON, "roles": [ROLE], "expires_in": "365d"}],
            "policy": {"file": POLICY_FILE} if own_policy else default_policy(),
        },
        indent=1,
    )


def default_policy() -> dict[str, Any]:
    """What reads is allowed; everything else is decided by the person."""
    return {
        "version": "1",
        "default": "deny",
        "intent_defaults": True,
        "rules": [
            {
                "id": "changes-are-yours-to-decide",
                "tool": "*",
                "intent": ["write"],
                "action": "escalate",
                "reason": "What changes something is decided by you",
            },
            {"id": "prompts", "prompt": "*", "action": "allow", "reason": "Prompts only tell the model something"},
            {"id": "resources", "resource": "*", "action": "allow", "reason": "Resources are read"},
        ],
    }
