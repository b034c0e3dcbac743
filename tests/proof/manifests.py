"""Any change of any field of any locked item of real servers: other digest, named, with a place, a sentence and a risk.

Run as `python -m tests.proof.manifests [MUTATIONS] [SEED]`. The manifests are the pinned ones of the tests, those of
local servers that are started here, and what `make corpus` has gathered, where it has. Figures as JSON; the first
changes that were not told of as they have to be stand beside them.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path as File
from typing import Any

from governance.canonical.strict_json import encode, jcs_document, parse
from registry.manifest.canonical import Manifest
from registry.manifest.explain import explain
from registry.transports.fetch import MAX_MEMBERS, fetch_manifest
from registry.transports.stdio import StdioUpstream
from tests.databases import ROOT
from tests.registry.manifest.documents import LISTS, items, manifest, real_documents
from tests.registry.manifest.mutating import Path, at_path, covers, escaped, paths, readable, require_told

MUTATIONS, SEED = 300_000, 20_261_120
LOCKED = ("tools", "prompts", "resourceTemplates", "instructions")
CORPUS = ROOT / "var" / "corpus" / "manifests"
CHUNK = 500
SHOWN = 5
ZERO = ("unseen", "misread", "untold", "order_seen")
LETTERS = "aZ0 _-é漢\u200b\u202e"


def main(mutations: int = MUTATIONS, seed: int = SEED) -> dict[str, Any]:
    """So many changes, spread evenly over all places of all items, and every item once with its keys turned round."""
    started = time.monotonic()
    sources = gathered()
    documents = [document for each in sources.values() for document in each]
    places = [(at, path) for at, document in enumerate(documents) for path in _places(document)]
    rng = random.Random(seed)
    rounds, rest = divmod(mutations, len(places))
    chosen = places * rounds + rng.sample(places, rest)
    chunks = [
        (seed + at, [(documents[i], path) for i, path in chosen[at : at + CHUNK]]) for at in range(0, mutations, CHUNK)
    ]
    totals: Counter[str] = Counter(dict.fromkeys(ZERO, 0))
    examples: list[str] = []
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        for figures, shown in (*pool.map(_judged, chunks), *pool.map(_turned, _split(documents, CHUNK))):
            totals.update(figures)
            examples += shown[: SHOWN - len(examples)]
    return {
        "program": "manifests",
        "seed": seed,
        "servers": {name: len(each) for name, each in sources.items()} if len(sources) < 20 else len(sources),
        "items": len(documents),
        "places": len(places),
        "mutations": mutations,
        **dict(sorted(totals.items())),
        "examples": examples,
        "seconds": round(time.monotonic() - started, 1),
    }


def gathered() -> dict[str, list[Any]]:
    """The locked items of every source by server, each as a manifest with one item."""
    found: dict[str, Any] = {f"pinned {name}": document for name, document in real_documents().items()}
    found |= {f"running {name}": document for name, document in running().items()}
    for file in sorted(CORPUS.glob("*.json")):
        found[f"corpus {file.stem}"] = json.loads(file.read_bytes())["manifest"]
    return {name: [one for _, one in items(document) if next(iter(one)) in LOCKED] for name, document in found.items()}


def running() -> dict[str, Any]:
    """What local servers offer that are started for this: reference servers of .venv-demo, and those of the tests."""
    demo = ROOT / ".venv-demo" / "bin"
    with tempfile.TemporaryDirectory(prefix="gatehouse-manifests-") as folder:
        commands = {
            "eras": [sys.executable, str(ROOT / "tests" / "fixtures_servers" / "eras.py"), "both", "--stdio"],
            "child": [sys.executable, str(ROOT / "tests" / "upstream_child.py")],
            "git": [str(demo / "mcp-server-git")],
            "time": [str(demo / "mcp-server-time")],
        }
        there = {name: argv for name, argv in commands.items() if File(argv[0]).exists()}
        return {name: asyncio.run(_offered(argv, folder)) for name, argv in there.items()}


async def _offered(argv: list[str], folder: str) -> Any:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": folder}
    upstream = StdioUpstream(argv, environment=environment, cwd=folder)
    try:
        found = await fetch_manifest(upstream, deadline=30)
    finally:
        await upstream.close()
    return json.loads(encode(found.document))


def _places(document: Any) -> list[Path]:
    """Every place in the one item of a document: members, elements, and the item itself for what is added to it."""
    (field,) = document
    start: Path = (field, 0) if field in LISTS else ()
    inside = [(*start, *path) for path in paths(at_path(document, start))]
    return [*([start] if start else []), *inside]


def _split(documents: list[Any], size: int) -> list[list[Any]]:
    return [documents[at : at + size] for at in range(0, len(documents), size)]


def _judged(chunk: tuple[int, list[tuple[Any, Path]]]) -> tuple[Counter[str], list[str]]:
    """One change for each of these places, of a sort that its value lets."""
    seed, places = chunk
    rng = random.Random(seed)
    figures: Counter[str] = Counter()
    shown: list[str] = []
    for document, path in places:
        how, change = rng.choice(list(_changes(document, path, rng)))
        changed = copy.deepcopy(document)
        change(changed)
        old, new = manifest(document), readable(changed)
        figures["unreadable" if new is None else how] += 1
        fault = "" if new is None else _fault(document, changed, old, new, _told_at(how, path))
        if fault:
            figures[fault] += 1
            shown.append(f"{fault}: {how} at {escaped(path)} of {json.dumps(document)[:300]}")
    return figures, shown[:SHOWN]


def _fault(document: Any, changed: Any, old: Manifest, new: Manifest, path: Path) -> str:
    """What is wrong with how a change is told; "" where nothing is."""
    differs = jcs_document(_read(document)) != jcs_document(_read(changed))
    seen = {key: item.digest for key, item in old.by_key.items()} != {k: item.digest for k, item in new.by_key.items()}
    if differs != seen:
        return "unseen" if differs else "misread"
    try:
        require_told(old, new)
    except AssertionError:
        return "untold"
    if not differs or old.by_key.keys() != new.by_key.keys():
        return ""  # Another name makes another item, which `require_told` asks for.
    (field,) = document
    at = escaped(path[2 if field in LISTS else 0 :])
    changes = [change for item in explain(old, new).items for change in item.changes]
    return "" if any(covers(change, at) for change in changes) else "untold"


def _told_at(how: str, path: Path) -> Path:
    """Where a change has to be told: of like elements, and of alternatives, nobody can say which one it was."""
    for at, step in enumerate(path[:-1]):
        if step in ("anyOf", "oneOf", "allOf") and isinstance(path[at + 1], int):
            return path[: at + 1]
    return path[:-1] if how == "removed" and isinstance(path[-1], int) else path


def _read(document: Any) -> Any:
    return parse(json.dumps(document).encode(), max_depth=200, max_members=MAX_MEMBERS)


Change = Callable[[Any], None]


def _changes(document: Any, path: Path, rng: random.Random) -> Iterator[tuple[str, Change]]:
    """Ways to change the value at a place, each with a name."""
    value = at_path(document, path)
    is_item = len(path) == 2 and path[0] in LISTS
    for how, other in _others(value, rng):
        if not is_item or isinstance(other, dict):
            yield how, lambda whole, other=other: _put(whole, path, other)  # type: ignore[misc]
    if not is_item and path[0] != "instructions":
        yield "removed", lambda whole: _drop(whole, path)


def _others(value: Any, rng: random.Random) -> Iterator[tuple[str, Any]]:
    """Other values of the same type, and one of another."""
    if isinstance(value, str):
        at = rng.randrange(len(value) + 1)
        yield "letter replaced", value[: max(0, at - 1)] + rng.choice(LETTERS) + value[at:]
        yield "letter added", value[:at] + rng.choice(LETTERS) + value[at:]
    elif isinstance(value, bool):
        yield "turned", not value
    elif isinstance(value, int | float):
        yield "number", value + rng.choice((1, -1, 0.5, 1000))
    elif isinstance(value, dict):
        yield "key added", {**value, _new_key(value, rng): rng.choice((None, True, "x", 0, [], {}))}
        if value:
            gone = rng.choice(list(value))
            yield "key removed", {key: member for key, member in value.items() if key != gone}
    elif isinstance(value, list):
        at = rng.randrange(len(value) + 1)
        yield "element added", [*value[:at], rng.choice((None, True, "x", 0, {}, value[:1])), *value[at:]]
        if len(value) > 1:
            yield "reordered", [*value[1:], value[0]]
    yield "other type", rng.choice([other for other in (None, True, 7, "other", ["x"], {"x": 1}) if other != value])


def _new_key(value: dict[str, Any], rng: random.Random) -> str:
    words = ["x-new", "url", "type", "not", "enum", "description", "const", "$ref", "required", "_meta", "pattern", ""]
    return rng.choice([word for word in words if word not in value])


def _put(whole: Any, path: Path, value: Any) -> None:
    at_path(whole, path[:-1])[path[-1]] = value


def _drop(whole: Any, path: Path) -> None:
    del at_path(whole, path[:-1])[path[-1]]


def _turned(documents: list[Any]) -> tuple[Counter[str], list[str]]:
    """Every object with its keys the other way round: no change."""
    figures: Counter[str] = Counter()
    shown = []
    for document in documents:
        old, new = manifest(document), manifest(_reversed(document))
        figures["turned round"] += 1
        if old.digest != new.digest or explain(old, new).items:
            figures["order_seen"] += 1
            shown.append(f"order_seen: {json.dumps(document)[:300]}")
    return figures, shown[:SHOWN]


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(member) for member in value] if isinstance(value, list) else value


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:3])), indent=2, ensure_ascii=False))
