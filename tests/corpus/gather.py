"""Real manifests of pinned public servers: `python -m tests.corpus.gather`, which `make corpus` runs.

Installs what `servers.toml` pins below var/corpus, starts each server confined and over stdio, asks it for its manifest
with the transport of the product, and writes it to var/corpus/manifests. Prints tools and false alarms server by server
and compares digests with `real_servers.json`, which `--record` writes anew. Each package is removed when its server has
been read, unless `--keep` is given; `--again` judges what is there without starting anything. Exit status 1 when there
are fewer servers or tools than promised, or too many false alarms. A server that fails is listed with the cause; one
that differs from the record is marked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from governance.canonical.strict_json import parse
from registry.manifest.canonical import MAX_DEPTH, Kind, Manifest, ManifestError, read_manifest
from registry.mcp.revisions import Era
from registry.transports.base import Limits, UpstreamError
from registry.transports.fetch import MAX_MEMBERS, fetch_manifest
from registry.transports.stdio import StdioUpstream
from tests.corpus.confined import best, confined, seen
from tests.corpus.pinned import FOLDER, HERE, NotInstalled, Server, environment, install, servers
from tests.corpus.score_findings import FALSE_ALARMS, held_tools

MANIFESTS = FOLDER / "manifests"
RECORD = HERE / "real_servers.json"
LEAST_SERVERS, LEAST_TOOLS = 25, 200
AT_ONCE = 2
FETCH_WITHIN = 60.0
CAUSE_SHOWN = 300
LIMITS = Limits(open_seconds=FETCH_WITHIN, probe_seconds=FETCH_WITHIN)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one server: its manifest, or the cause why there is none."""

    server: Server
    manifest: Manifest | None = None
    cause: str = ""
    alarms: int = 0

    @property
    def tools(self) -> int:
        """How many tools it offers."""
        return len(self.manifest.of(Kind.TOOL)) if self.manifest else 0

    @property
    def items(self) -> int:
        """How many items its manifest has."""
        return len(self.manifest.items) if self.manifest else 0

    @property
    def row(self) -> dict[str, Any]:
        """What is committed of it: no text of the server."""
        assert self.manifest is not None
        server = self.server
        return {
            "name": server.name,
            "package": server.package.removesuffix(server.version).rstrip("=@"),
            "version": server.version,
            "command": list(server.run),
            "environment": sorted(server.environment),
            "tools": self.tools,
            "items": self.items,
            "alarms": self.alarms,
            "digest": self.manifest.digest,
            "held_digest": self.manifest.held_digest,
        }


def gathered(server: Server, *, keep: bool) -> Outcome:
    """Install, start, ask, write. Nothing of a server that fails is kept from an earlier run."""
    file = MANIFESTS / f"{server.name}.json"
    file.unlink(missing_ok=True)
    scratch = FOLDER / "scratch" / server.name
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        install(server)
        manifest = asyncio.run(_fetched(server, scratch))
    except (NotInstalled, UpstreamError, ManifestError) as problem:
        return Outcome(server, cause=_cause(problem))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if not keep:
            shutil.rmtree(server.folder, ignore_errors=True)
    said = {"server": server.name, "package": server.package, "manifest": json.loads(manifest.encoded())}
    file.write_text(json.dumps(said, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return Outcome(server, manifest, alarms=_alarms(said["manifest"], server))


def read_again(server: Server) -> Outcome:
    """What was gathered before, judged anew; nothing is started."""
    file = MANIFESTS / f"{server.name}.json"
    if not file.exists():
        return Outcome(server, cause="it has not been gathered here")
    document = parse(file.read_bytes(), max_depth=MAX_DEPTH + 4, max_members=MAX_MEMBERS)
    assert isinstance(document, dict)
    if document["package"] != server.package:
        return Outcome(server, cause=f"{document['package']} was gathered, not {server.package}")
    return Outcome(server, read_manifest(document["manifest"]), alarms=_alarms(document["manifest"], server))


def _alarms(manifest: Any, server: Server) -> int:
    return len(held_tools(manifest, server.name)[1])


async def _fetched(server: Server, scratch: Path) -> Manifest:
    upstream = StdioUpstream(
        confined(server.argv, scratch, best()),
        environment=environment(server, seen(scratch, best())),
        cwd=str(scratch),
        prefer=Era.LEGACY,
        limits=LIMITS,
    )
    try:
        return await fetch_manifest(upstream, deadline=FETCH_WITHIN)
    finally:
        await upstream.close()


def _cause(problem: Exception) -> str:
    detail = problem.detail if isinstance(problem, UpstreamError) else ""
    detail = " ".join(detail.replace(f"{FOLDER}/", "").split())
    return f"{problem} …{detail[-CAUSE_SHOWN:]}" if detail else str(problem)


def recorded() -> dict[str, dict[str, Any]]:
    """The committed rows, by name; none where nothing has been recorded yet."""
    rows = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else []
    return {row["name"]: row for row in rows}


def _line(outcome: Outcome, before: dict[str, dict[str, Any]]) -> str:
    if outcome.manifest is None:
        return f"  {outcome.server.name:28} FAILED  {outcome.cause}"
    known = before.get(outcome.server.name)
    same = "new" if known is None else "as recorded" if known["digest"] == outcome.manifest.digest else "DIFFERS"
    return f"  {outcome.server.name:28} {outcome.tools:4} tools {outcome.alarms:3} false alarms  {same}"


def gather(chosen: list[Server], one: Callable[[Server], Outcome]) -> list[Outcome]:
    """All of them, two at a time, with a line for each as it is done; in the order of the file."""
    MANIFESTS.mkdir(parents=True, exist_ok=True)
    before = recorded()
    outcomes: dict[str, Outcome] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in as_completed([pool.submit(one, server) for server in chosen]):
            outcome = done.result()
            outcomes[outcome.server.name] = outcome
            print(_line(outcome, before), flush=True)
    return [outcomes[server.name] for server in chosen]


def main(arguments: list[str]) -> int:
    """Gather, print the table, compare or record."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.gather", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="SERVER", help="only these, without judging their number")
    parser.add_argument("--keep", action="store_true", help="leave the packages where they are, for the next time")
    parser.add_argument("--record", action="store_true", help="write real_servers.json anew; rows of others stay")
    parser.add_argument("--again", action="store_true", help="judge what was gathered before; start nothing")
    options = parser.parse_args(arguments)
    pinned = servers()
    chosen = [each for each in pinned if not options.names or each.name in options.names]
    for stale in set(MANIFESTS.glob("*.json")) - {MANIFESTS / f"{each.name}.json" for each in pinned}:
        stale.unlink()
    how = "as gathered before" if options.again else f"each runs with {best()}"
    print(f"{len(chosen)} servers; {how}", flush=True)
    outcomes = gather(chosen, read_again if options.again else partial(gathered, keep=options.keep))
    found = [outcome for outcome in outcomes if outcome.manifest is not None]
    if options.record:
        rows = recorded() | {outcome.server.name: outcome.row for outcome in found}
        kept = [rows[each.name] for each in pinned if each.name in rows]
        RECORD.write_text("[\n" + ",\n".join(json.dumps(row) for row in kept) + "\n]\n", encoding="utf-8")
    tools, items, alarms = (sum(getattr(each, what) for each in found) for what in ("tools", "items", "alarms"))
    part = alarms / items if items else 0.0
    print(f"{len(found)} servers with {tools} tools and {items} items; {len(outcomes) - len(found)} failed")
    print(f"false alarms: {alarms} on {items} items, {part:.3f} (at most {FALSE_ALARMS})")
    enough = bool(options.names) or (len(found) >= LEAST_SERVERS and tools >= LEAST_TOOLS)
    return 0 if enough and part <= FALSE_ALARMS else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
