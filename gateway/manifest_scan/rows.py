"""One row of `gatehouse scan --lines`, judged (contract section 1). No Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from governance.canonical.values import JSON
from registry.manifest.canonical import ManifestError
from registry.scan.finding import Finding, held
from registry.scan.names import Neighbour
from registry.scan.opened import Opened, open_manifest
from registry.scan.scan import Scanner


class CannotJudge(ValueError):
    """A row that cannot be judged; the text says why."""


def judge(row: Mapping[str, JSON], scanner: Scanner) -> dict[str, Any]:
    """The answer to one row, without its id. `changed` is there where the row says what was `before`."""
    if "manifest" not in row:
        raise CannotJudge('a row needs "manifest"')
    server = row.get("server") or ""
    if not isinstance(server, str):
        raise CannotJudge('"server" is no text')
    beside = tuple(_beside(row.get("beside")))
    opened = _opened(row["manifest"], "manifest")
    before = _opened(row["before"], "before") if row.get("before") is not None else None
    found = scanner.scan_opened(
        opened, server=server, beside=beside, before=before.manifest if before is not None else None
    )
    changed = {} if before is None else {"changed": _differ(row, opened, before)}
    return {"held": held(found), **changed, "findings": [finding.record() for finding in found]}


def lines(found: tuple[Finding, ...], pack: str) -> Iterator[str]:
    """Findings for a person to read, worst first."""
    for finding in found:
        yield f"{finding.severity.value.upper():9}{finding.rule}  {finding.item}  {finding.path}"
        yield f"         {finding.why}"
        if finding.quote:
            yield f"         > {finding.quote}"
        yield f"         {finding.action}"
    counted = f"{len(found)} findings" if len(found) != 1 else "1 finding"
    yield f"{counted if found else 'Nothing found'} (rule pack {pack}); {'held' if held(found) else 'not held'}."


def _opened(document: JSON, field: str) -> Opened:
    try:
        return open_manifest(document)
    except ManifestError as problem:
        raise CannotJudge(f"{field}: {problem}") from None


def _beside(beside: JSON) -> Iterator[Neighbour]:
    if beside is None:
        return
    if not isinstance(beside, list):
        raise CannotJudge('"beside" is a list of {"server", "tools"}')
    for other in beside:
        if not isinstance(other, dict) or not isinstance(other.get("server"), str):
            raise CannotJudge('a row of "beside" needs a "server"')
        tools = other.get("tools")
        if not isinstance(tools, list):
            raise CannotJudge('a row of "beside" needs "tools", a list')
        for tool in tools:
            if isinstance(tool, dict) and isinstance(tool.get("name"), str):
                yield Neighbour(str(other["server"]), str(tool["name"]), str(tool.get("description") or ""))


def _differ(row: Mapping[str, JSON], opened: Opened, before: Opened) -> bool:
    """Whether anything but an order differs; below the depth that is read, whether anything at all does."""
    digests = [[manifest.digest for manifest in (each.manifest, *each.repeated)] for each in (opened, before)]
    deep = bool(opened.too_deep or before.too_deep)
    return digests[0] != digests[1] or (deep and row["manifest"] != row["before"])
