"""The `gatehouse` command: programs beside `manage.py`. All but `wrap` are pure: no database and no Django.

Exit status: 0 done, 1 refused or a failed check, 2 usage.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from governance.canonical import strict_json
from governance.canonical.values import JSON
from governance.text.visible import one_line
from registry.manifest.canonical import ManifestError


def main(arguments: list[str] | None = None) -> None:
    """Run one subcommand and exit with its status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parted = given.index("--") if given[:1] == ["scan"] and "--" in given else len(given)
    options = _parser().parse_args(given[:parted], argparse.Namespace(child=given[parted + 1 :]))
    sys.exit(options.run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gatehouse", description="Programs around Gatehouse.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    policy = commands.add_parser("policy", help="check a policy file, run its tests, explain a decision")
    acts = policy.add_subparsers(required=True, metavar="ACT")
    for name, run, what in (
        ("lint", _lint, "say what is wrong or suspicious"),
        ("test", _test, "run the tests that the policy carries"),
        ("explain", _explain, "say what the policy decides on one call, and why"),
    ):
        act = acts.add_parser(name, help=what)
        act.add_argument("file", metavar="FILE")
        act.add_argument("--json", action="store_true", help="for a program to read")
        act.set_defaults(run=run)
        if name == "explain":
            act.add_argument("--call", required=True, help='{"server": …, "tool": …, "arguments": {…}, "intent"?: …}')
            act.add_argument("--who", default="{}", help='{"agent"?: …, "person"?: …, "teams"?: […], "roles"?: […]}')
    for name, answer, what in (
        ("classify", _classified, "say what a tool can do at worst"),
        ("inspect", _inspected, "find secrets in a text or a JSON value"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("--lines", action="store_true", help="JSON lines on standard input, one answer per line")
        command.set_defaults(run=_over_input(answer))
    _add_scan(commands)
    stdio = commands.add_parser("stdio", help="let a client that only speaks over pipes use an endpoint")
    stdio.add_argument("--url", required=True, help="the endpoint: https://HOST/mcp/SERVER, or /mcp for all of them")
    stdio.add_argument("--allow-http", action="store_true", help="plain http also to other machines")
    stdio.set_defaults(run=_stdio)
    _add_discover(commands)
    wrap = commands.add_parser("wrap", help="be a local server to a client, with the whole gateway around it")
    wrap.add_argument("--policy", default="", metavar="FILE", help="rules; without one reads pass, the rest asks you")
    wrap.add_argument("--name", default="", help="what the server is called; else its program's name")
    wrap.add_argument("--data", default="", metavar="FOLDER", help="its data; else NAME below GATEHOUSE_DATA")
    wrap.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND ARGUMENT…")
    wrap.set_defaults(run=_wrap)
    return parser


def _add_scan(commands: Any) -> None:
    scan = commands.add_parser(
        "scan", help="look at what a server offers", usage="gatehouse scan [OPTION…] [FILE|URL|-- COMMAND ARGUMENT…]"
    )
    scan.add_argument("source", nargs="?", default="", metavar="FILE|URL", help="a manifest; else standard input")
    scan.add_argument("--lines", action="store_true", help="JSON lines on standard input, one answer per line")
    scan.add_argument("--json", action="store_true", help="for a program to read")
    scan.add_argument("--server", default="", metavar="NAME", help="what the server is called here")
    scan.add_argument("--rules", default="", metavar="FILE", help="rules of your own, added to the pack")
    scan.add_argument("--allow-private-address", action="store_true", help="also ask a server in a private network")
    scan.set_defaults(run=_scan)


def _add_discover(commands: Any) -> None:
    discover = commands.add_parser("discover", help="say which servers local clients use past the gateway")
    discover.add_argument("--home", default="~", metavar="FOLDER", help="where clients keep their files; else yours")
    discover.add_argument("--project", default=".", metavar="FOLDER", help="where a project keeps them; else here")
    discover.add_argument("--gateway", default="", metavar="URL", help="else GATEHOUSE_PUBLIC_URL")
    form = discover.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for a program to read")
    form.add_argument("--drafts", action="store_true", help="what leads past the gateway, for the console's import")
    discover.set_defaults(run=_discover)


def _refuse(code: int, *problems: str) -> NoReturn:
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(code)


# A client's pipe.


def _stdio(options: argparse.Namespace) -> int:
    from gateway.settings.env import read
    from gateway.stdio.program import BadUsage, run

    try:
        return run(url=options.url, token=read("GATEHOUSE_TOKEN"), allow_http=options.allow_http)
    except BadUsage as problem:
        _refuse(2, f"gatehouse stdio: {problem}")


def _wrap(options: argparse.Namespace) -> int:
    from gateway.settings.env import BadSetting
    from gateway.wrapping.program import BadUsage, CannotServe, run

    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    try:
        return run(command=command, policy=options.policy, name=options.name, data=options.data)
    except (BadUsage, BadSetting) as problem:
        _refuse(2, f"gatehouse wrap: {problem}")
    except CannotServe as problem:
        _refuse(1, *(f"gatehouse wrap: {line}" for line in str(problem).splitlines()))


def _discover(options: argparse.Namespace) -> int:
    from gateway.discovery.program import BadUsage, as_document, as_drafts, as_lines, discover
    from gateway.settings.env import read

    gateway = options.gateway or read("GATEHOUSE_PUBLIC_URL", f"http://127.0.0.1:{read('PORT', '8000')}")
    try:
        report = discover(options.home, options.project, gateway)
    except BadUsage as problem:
        _refuse(2, f"gatehouse discover: {problem}")
    if options.json or options.drafts:
        print(json.dumps(as_document(report, gateway) if options.json else as_drafts(report), indent=1))
    else:
        print("\n".join(as_lines(report)))
    for problem in report.problems:
        print(f"gatehouse discover: {problem}", file=sys.stderr)
    return 1 if report.bypassing else 0


# What servers offer.


def _scan(options: argparse.Namespace) -> int:
    from gateway.manifest_scan import program, rows
    from gateway.settings.env import BadSetting, everything, read_port_rule
    from registry.transports.http import HttpUpstream

    try:
        scanner = program.scanner(options.rules)
        if options.lines:
            if options.source or options.child:
                raise program.BadUsage("--lines reads rows from standard input and nothing else")
            return _over_input(_judged_by(scanner), depth=program.MAX_DEPTH)(options)
        if options.source or options.child:
            document = program.manifest_of(
                options.source,
                options.child,
                environment=everything(),
                reach=partial(
                    HttpUpstream,
                    ports=read_port_rule("GATEHOUSE_EGRESS_PORTS"),
                    allow_private=options.allow_private_address,
                ),
            )
        else:
            document = program.read_document(sys.stdin.buffer.read(), "standard input")
        if options.json:
            print(json.dumps(rows.judge({"manifest": document, "server": options.server}, scanner)))
        else:
            found = scanner.scan_document(document, server=options.server)
            print("\n".join(rows.lines(found, scanner.version)))
    except (program.BadUsage, BadSetting) as problem:
        _refuse(2, f"gatehouse scan: {problem}")
    except (program.CannotRead, rows.CannotJudge, ManifestError) as refused:
        _refuse(1, f"gatehouse scan: {one_line(str(refused), 600)}")
    return 0


def _judged_by(scanner: Any) -> Answer:
    from gateway.manifest_scan import rows

    def judged(row: dict[str, JSON]) -> dict[str, Any]:
        try:
            return rows.judge(row, scanner)
        except rows.CannotJudge as problem:
            raise CannotJudge(str(problem)) from None

    return judged


# Policies.


def _compiled(file: str) -> Any:
    from governance.policy.compiled import compile_policy
    from governance.policy.language import PolicyError, parse

    try:
        return compile_policy(parse(Path(file).read_text(encoding="utf-8")))
    except PolicyError as refused:
        _refuse(1, *(f"{file}:{problem}" for problem in refused.problems))
    except (OSError, UnicodeDecodeError) as problem:
        _refuse(2, f"{file}: cannot be read: {getattr(problem, 'strerror', None) or 'it is not UTF-8 text'}")


def _lint(options: argparse.Namespace) -> int:
    from governance.policy.lint import Level, lint

    findings = lint(_compiled(options.file), ())
    if options.json:
        rows = [{"level": f.level, "line": f.line, "column": f.column, "message": f.message} for f in findings]
        print(json.dumps({"findings": rows}))
    else:
        print("\n".join(f"{options.file}:{finding}" for finding in findings) or f"{options.file}: nothing to say")
    return 1 if any(finding.level is Level.ERROR for finding in findings) else 0


def _test(options: argparse.Namespace) -> int:
    from governance.policy.rehearsal import run_tests

    compiled = _compiled(options.file)
    failures = run_tests(compiled, now=datetime.now(UTC))
    total = len(compiled.policy.tests)
    if options.json:
        print(json.dumps({"tests": total, "failed": [str(failure) for failure in failures]}))
    else:
        for failure in failures:
            print(f"{options.file}:{failure}")
        print(f"{total - len(failures)} of {total} tests hold")
    return 1 if failures else 0


def _explain(options: argparse.Namespace) -> int:
    from governance.policy.decide import decide
    from governance.policy.explain import explain
    from governance.policy.intent import classify
    from governance.policy.values import Caller, Facts, Intent, Item, Kind

    call, who = _object(options.call, "--call"), _object(options.who, "--who")
    name, arguments = str(call.get("tool", "")), call.get("arguments", {})
    if not name or not isinstance(arguments, dict):
        _refuse(2, '--call needs "tool" and an object of "arguments"')
    try:
        intent = Intent(str(call["intent"])) if "intent" in call else classify(name)[0]
    except ValueError:
        _refuse(2, f"--call has an unknown intent; write one of {', '.join(Intent)}")
    item = Item(server=str(call.get("server", "")), kind=Kind.TOOL, name=name, intent=intent)
    person = who.get("person")
    caller = Caller(
        agent=str(who.get("agent", "somebody")),
        person=str(person) if person is not None else None,
        teams=frozenset(map(str, _list(who.get("teams")))),
        roles=frozenset(map(str, _list(who.get("roles")))),
    )
    rules, facts = _compiled(options.file).for_item(item), Facts(at=datetime.now(UTC))
    verdict, traces = decide(rules, caller, arguments, facts), explain(rules, caller, arguments, facts)
    if options.json:
        print(
            json.dumps(
                {"verdict": verdict.action, "rule": verdict.rule, "rules": verdict.rules, "reason": verdict.reason}
            )
        )
        return 0
    print(f"{verdict.action}: {verdict.reason}")
    for trace in traces:
        print(f"  {'matches' if trace.matched else 'does not match'}: {trace.action} {trace.rule}")
        for condition in trace.conditions:
            print(f"    {condition.outcome:5} {condition.condition}: {condition.saw}")
    return 0


def _object(text: str, option: str) -> dict[str, JSON]:
    try:
        value = strict_json.parse(text.encode())
    except strict_json.Malformed as problem:
        _refuse(2, f"{option}: {problem.message}")
    if not isinstance(value, dict):
        _refuse(2, f"{option} must be a JSON object")
    return value


def _list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []


# Rows in, answers out.

Answer = Callable[[dict[str, JSON]], dict[str, Any]]


class CannotJudge(ValueError):
    """A row that cannot be judged; the others go on."""


def _over_input(answer: Answer, *, depth: int = 64) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        rows = sys.stdin.buffer if options.lines else iter([sys.stdin.buffer.read()])
        refused = False
        for said in _answers(rows, answer, depth):
            print(json.dumps(said), flush=options.lines)
            refused = refused or "error" in said
        return int(refused and not options.lines)

    return run


def _answers(rows: Any, answer: Answer, depth: int) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows, 1):
        if not row.strip():
            continue
        identity: JSON = number
        try:
            value = strict_json.parse(row, max_depth=depth, max_members=1_000_000)
            if not isinstance(value, dict):
                raise CannotJudge("a row is a JSON object")
            identity = value.get("id", number)
            yield {"id": identity, **answer(value)}
        except strict_json.Malformed as problem:
            yield {"id": identity, "error": problem.message}
        except CannotJudge as problem:
            yield {"id": identity, "error": str(problem)}


def _classified(row: dict[str, JSON]) -> dict[str, Any]:
    from governance.policy.intent import classify

    tool = row.get("tool")
    if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
        raise CannotJudge('a row needs "tool", an object with a "name" that is text')
    schema, annotations, description = tool.get("inputSchema"), tool.get("annotations"), tool.get("description")
    if not isinstance(description, str | None):
        raise CannotJudge('"description" of the tool is no text; leave it out where there is none')
    if not isinstance(schema, dict | None):
        raise CannotJudge('"inputSchema" of the tool is no object; leave it out where there is none')
    if not isinstance(annotations, dict | None):
        raise CannotJudge('"annotations" of the tool are no object; leave them out where there are none')
    # What a row may say besides, `server` and `arguments`, changes nothing: a tool is judged by the worst it can do.
    intent, why = classify(str(tool["name"]), description, schema, annotations)
    return {"intent": intent, "why": why}


def _inspected(row: dict[str, JSON]) -> dict[str, Any]:
    from governance.inspection.redaction import redact, redacted_text

    detectors = _detectors()
    if isinstance(row.get("text"), str):
        text = str(row["text"])
        hits = detectors.inspect_text(text)
        found = [
            {
                "class": hit.cls,
                "rule": hit.rule,
                "severity": hit.severity,
                "start": hit.start,
                "end": hit.end,
                "value_fingerprint": hit.fingerprint,
            }
            for hit in hits
        ]
        return {"findings": found, "redacted": redacted_text(text, hits)}
    if "json" not in row:
        raise CannotJudge('a row needs "text" or "json"')
    findings = detectors.inspect_json(row["json"])
    found = [
        {
            "class": finding.cls,
            "rule": finding.rule,
            "severity": finding.severity,
            "path": finding.path,
            "value_fingerprint": finding.fingerprint,
        }
        for finding in findings
    ]
    return {"findings": found, "redacted": json.loads(strict_json.encode(redact(row["json"], findings)[0]))}


_compiled_detectors: list[Any] = []


def _detectors() -> Any:
    """The rule pack, compiled once. Fingerprints are comparable within one run only: the key is thrown away."""
    from governance.inspection.scan import compile_detectors

    if not _compiled_detectors:
        _compiled_detectors.append(compile_detectors(key=secrets.token_bytes(32)))
    return _compiled_detectors[0]
