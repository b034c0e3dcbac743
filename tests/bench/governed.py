"""The gateway under test, with everything on: configured, started, asked whether it judges, and its ledger counted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from registry.mcp.revisions import META_CAPABILITIES, META_VERSION, MODERN
from tests.bench import accounting
from tests.bench.cores import pin, pinned
from tests.databases import Databases
from tests.running import Failed, Installation, Running, installation

SERVER, AGENT, OWNER = "bench", "bench-load", "bench@example.com"
VERIFIES_WITHIN = 600.0
PLAIN, FORBIDDEN = "x text", "forbidden word"  # The rules want every text to begin with x.
LOCAL = ("", "127.0.0.1", "::1", "localhost")


def configuration(upstream: str) -> dict[str, Any]:
    """A gatehouse.yaml: one approved server, one role, one agent."""
    return {
        "people": [{"email": OWNER, "roles": ["developer"]}],
        "servers": [
            {
                "name": SERVER,
                "transport": "http",
                "url": upstream,
                "allow_private_address": True,
                "approve": "all",
            }
        ],
        "roles": [{"name": "caller", "tools": [f"{SERVER}/*"]}],
        "agents": [{"name": AGENT, "owner": OWNER, "roles": ["caller"]}],
    }


def policy() -> str:
    """Rules with argument constraints for the three tools, and as many again about other servers."""
    text = {"type": "string", "length": {"min": 1, "max": 1_000_000}, "glob": "x*"}
    rules: list[dict[str, Any]] = [
        {"id": "echo", "tool": f"{SERVER}/echo", "action": "allow", "constraints": {"text": text}},
        {
            "id": "pad",
            "tool": f"{SERVER}/pad",
            "action": "allow",
            "constraints": {"text": text, "size": {"max": 10**6}},
        },
        {"id": "add", "tool": f"{SERVER}/add", "action": "allow", "constraints": {"a": {"max": 10**6}}},
        {
            "id": "never",
            "tool": "*",
            "action": "deny",
            "constraints": {"text": {"matches": f"(?s).*{FORBIDDEN}.*"}},
            "reason": "This is never sent",
        },
    ]
    rules += [
        {"id": f"other-{number}", "tool": f"other-{number}/*", "action": "escalate", "constraints": {"a": {"min": 1}}}
        for number in range(20)
    ]
    return json.dumps({"version": "1", "default": "deny", "rules": rules})


@dataclass(slots=True)
class Governed:
    """A running gateway, pinned with its database to `cores`. `postmaster` is set where the whole server is ours."""

    running: Running
    cores: frozenset[int]
    postmaster: int = 0
    unpinned: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The endpoint of the server behind it."""
        return f"{self.running.url}/mcp/{SERVER}"

    @property
    def authorization(self) -> str:
        """The agent's header."""
        return f"Bearer {self.running.token(AGENT)}"

    def processes(self) -> dict[str, list[int]]:
        """Who works for a call: the gateway, and the processes of the database, pinned beside it."""
        backends = self._backends()
        if not pin(accounting.tree(backends), self.cores):
            self.unpinned = ["the database's processes belong to another user and were not pinned"]
        return {"gateway": [self.running.pid], "database": backends}

    def _backends(self) -> list[int]:
        url = self.running.installation.copy.url
        if self.postmaster:
            return [self.postmaster]
        if url.startswith("sqlite") or (urlsplit(url).hostname or "") not in LOCAL:
            return []
        found = self.running.rows("SELECT pid FROM pg_stat_activity WHERE datname = ?", urlsplit(url).path.lstrip("/"))
        pids = [int(row["pid"]) for row in found]
        return [pid for pid in pids if _is_postgres(pid)]

    def require_governing(self) -> list[str]:
        """Ask for what must be refused. Raises Failed when something of it passes; returns what was tried."""
        key = "-----BEGIN " + "RSA PRIVATE KEY-----\n" + "MIIB" * 30 + "\n-----END " + "RSA PRIVATE KEY-----"
        tried = {
            "no token": (self._call("echo", PLAIN, token=""), "HTTP 401"),
            "a text that a rule denies": (self._call("echo", f"{PLAIN} {FORBIDDEN}"), "deny never"),
            "a tool that is not there": (self._call("none", PLAIN), "deny"),
            "a private key in the arguments": (self._call("echo", f"{PLAIN} {key}"), "deny"),
        }
        for what, (said, wanted) in tried.items():
            if not said.startswith(wanted):
                raise Failed(f"the gateway does not govern: {what} was answered with {said}, not {wanted}")
        if (said := self._call("echo", PLAIN)) != PLAIN:
            raise Failed(f"the gateway does not answer: {said}")
        return list(tried)

    def _call(self, tool: str, text: str, *, token: str | None = None) -> str:
        """One stateless call: its text, or the verdict and rule that refused it."""
        meta = {META_VERSION: MODERN, META_CAPABILITIES: {}}
        params = {"name": tool, "arguments": {"text": text}, "_meta": meta}
        answer = self.running.request(
            "POST",
            f"/mcp/{SERVER}",
            token=self.running.token(AGENT) if token is None else token,
            body={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
            headers={
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": MODERN,
                "Mcp-Method": "tools/call",
                "Mcp-Name": tool,
            },
        )
        if answer.status != 200:
            return f"HTTP {answer.status}"
        result = answer.json()["result"]
        if not result.get("isError"):
            return str(result["content"][0]["text"])
        decision = result["_meta"]["io.gatehouse/decision"]
        return f"{decision['verdict']} {decision.get('rule', '')}".strip()


@contextmanager
def governed(
    databases: Databases, upstream: str, folder: Path, cores: frozenset[int], *, postmaster: int = 0
) -> Iterator[Governed]:
    """A gateway before `upstream` on a database of its own, ready and proven to refuse what it must."""
    folder.mkdir()
    with ExitStack() as stack:
        made = stack.enter_context(installation(databases=databases, folder=folder))
        made.apply(configuration(upstream), policy())
        running = Running(made)
        stack.callback(running.kill)
        with pinned(cores):
            running.launch()
        running.wait_until_ready()
        gateway = Governed(running, cores, postmaster)
        gateway.require_governing()
        yield gateway


def ledger_faults(made: Installation, *, answered: int, others: int) -> list[str]:
    """Why the ledger does not stand for the run: `answered` calls by the load, and `others` that were let through.

    Nothing may write to it any more. Empty when it numbers every call once and verifies.
    """
    rows = made.rows("SELECT kind, status, COUNT(*) AS n, COUNT(DISTINCT call) AS calls FROM governance_ledgerentry "
                     "WHERE kind IN ('call.intent', 'call.outcome') GROUP BY kind, status")  # fmt: skip
    faults = numbering_faults(rows, answered + others)
    done = made.manage("verify_ledger", "--json", check=False, within=VERIFIES_WITHIN)
    if done.returncode:
        faults.append(f"verify_ledger says: {done.stderr.strip() or done.stdout.strip()}")
    return faults


def numbering_faults(rows: list[Mapping[str, Any]] | list[dict[str, Any]], calls: int) -> list[str]:
    """What is wrong with the counted intents and outcomes of so many calls that were all answered."""
    found = {(row["kind"], row["status"]): (int(row["n"]), int(row["calls"])) for row in rows}
    wanted = {("call.intent", ""): (calls, calls), ("call.outcome", "ok"): (calls, calls)}
    return [
        f"{calls} calls were answered, and the ledger holds {entries} entries of {distinct} calls "
        f"as {kind} {status}".rstrip()
        for (kind, status), (entries, distinct) in sorted((found | {k: found.get(k, (0, 0)) for k in wanted}).items())
        if wanted.get((kind, status), (0, 0)) != (entries, distinct)
    ]


def _is_postgres(pid: int) -> bool:
    """Whether a backend's pid, as the server sees it, is a PostgreSQL process of this machine too."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("postgres")
    except OSError:
        return False


def describe_database(url: str) -> str:
    """The database in words for the report."""
    if not url:
        return "SQLite (WAL, synchronous=FULL)"
    with psycopg.connect(url, connect_timeout=5) as link:
        version = link.execute("SELECT current_setting('server_version')").fetchone()
        fsync = link.execute("SELECT current_setting('fsync')").fetchone()
    assert version is not None and fsync is not None
    return f"PostgreSQL {version[0].split()[0]} (fsync {fsync[0]})"
