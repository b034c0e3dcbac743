"""What may be passed on of a server's answer. Pure: no Django, no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import jsonschema_rs
import msgspec
from msgspec.structs import replace

from gateway.call import Ruling, Screened
from gateway.refusal import Withheld
from governance.canonical import strict_json
from governance.canonical.values import JSON
from governance.inspection.finding import Finding, TooManyFindings
from governance.inspection.reading import UnreadableResult
from governance.inspection.redaction import redact
from governance.inspection.scan import Detectors
from governance.policy.decide import decide_result
from governance.policy.values import Action, ContentFinding
from registry.transports.base import Answer

REDACTIONS = "io.gatehouse/redactions"


class _Flag(msgspec.Struct):
    isError: bool = False


def screen(answer: Answer, ruling: Ruling) -> Screened:
    """The answer that may leave: the bytes as received, unless something in them had to change.

    Raises Withheld when a rule denies the result or it cannot be inspected.
    """
    raw = answer.result if answer.result is not None else answer.error
    assert raw is not None
    digest = "sha256:" + sha256(raw).hexdigest()
    try:
        seen = ruling.snapshot.detectors.scan_result(raw)
    except (UnreadableResult, TooManyFindings) as problem:
        raise Withheld(f"The answer of {ruling.server.name} was withheld: {problem}") from problem
    status = "error" if answer.error is not None or (b'"isError"' in raw and _is_error(raw)) else "ok"
    if seen.untouched and not _has_result_rules(ruling):
        return Screened(answer.result, answer.error, status, digest)
    masked = _masked(seen.findings, ruling)
    recorded = tuple(_recorded(f) for f in seen.findings)
    if not masked and not seen.stripped:
        return Screened(answer.result, answer.error, status, digest, recorded)
    out = _rewritten(seen.value, masked, ruling)
    result, error = (out, None) if answer.result is not None else (None, out)
    return Screened(result, error, status, digest, recorded)


def screen_notice(params: bytes, ruling: Ruling) -> bytes | None:
    """The params of a notification as they may leave while the call runs, None when they may not leave at all."""
    try:
        seen = ruling.snapshot.detectors.scan_result(params)
        if seen.untouched:
            return params
        value, _ = redact(seen.value, _masked(seen.findings, ruling))
    except (UnreadableResult, TooManyFindings, Withheld):
        return None
    return strict_json.encode(value)


def screen_unasked(params: bytes, detectors: Detectors) -> bytes | None:
    """The params of a notification that belongs to no call, None when they may not leave: nobody's rules cover them."""
    try:
        seen = detectors.scan_result(params)
    except (UnreadableResult, TooManyFindings):
        return None
    if seen.untouched:
        return params
    return None if seen.findings else strict_json.encode(seen.value)


def _masked(found: tuple[Finding, ...], ruling: Ruling) -> tuple[Finding, ...]:
    """Which findings have to be masked. Raises Withheld when a rule denies what was found."""
    findings = tuple(ContentFinding("result", f.cls, str(f.severity), f.rule) for f in found)
    facts = replace(ruling.gathered.facts, findings=findings)
    rules = ruling.snapshot.rules_for(ruling.item.item)
    verdict = decide_result(rules, ruling.agent.caller, facts, ruling.call.arguments)
    if verdict.action is Action.DENY:
        raise Withheld(verdict.reason, rule=verdict.rule, rules=verdict.rules)
    classes = {duty.value for duty in verdict.obligations if duty.kind == "redact"}
    return tuple(f for f in found if f.cls in classes)


def _rewritten(value: JSON, masked: tuple[Finding, ...], ruling: Ruling) -> bytes:
    value, redactions = redact(value, masked)
    if redactions and isinstance(value, dict):
        _require_output_schema(value, ruling)
        meta = value.get("_meta")
        value["_meta"] = {**(meta if isinstance(meta, dict) else {}), REDACTIONS: [r.wire() for r in redactions]}
    return strict_json.encode(value)


def _require_output_schema(result: dict[str, JSON], ruling: Ruling) -> None:
    """After redaction, structured content has to fit the approved output schema still (contract section 5)."""
    if "structuredContent" not in result:
        return
    document = strict_json.parse(ruling.item.wire, max_members=len(ruling.item.wire))
    schema = document.get("outputSchema") if isinstance(document, dict) else None
    if schema is None:
        return
    content = _loose(result["structuredContent"])
    try:
        fits = jsonschema_rs.validator_for(_loose(schema), retriever=_refuse).is_valid(content)
    except ValueError:
        fits = False
    if not fits:
        raise Withheld("The answer held secrets, and without them it does not fit the tool's output schema.")


def _refuse(uri: str) -> Any:
    raise ValueError("schemas are never fetched")


def _loose(value: JSON) -> Any:
    return json.loads(strict_json.encode(value))


def _is_error(raw: bytes) -> bool:
    try:
        return msgspec.json.decode(raw, type=_Flag).isError
    except msgspec.DecodeError:
        return True


def _has_result_rules(ruling: Ruling) -> bool:
    mine = ruling.snapshot.rules_for(ruling.item.item).for_caller(ruling.agent.caller)
    return bool(mine.results or mine.monitored_results)


def _recorded(finding: Finding) -> Mapping[str, JSON]:
    return {"class": finding.cls, "rule": finding.rule, "severity": str(finding.severity), "path": finding.path}
