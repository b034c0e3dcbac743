"""The same denied call is refused by the same rule at every entry point, and recorded; nothing reaches the server.

The entry points are looked up in the code as well: one that is added without standing in `entry_points` fails here.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway import cli
from gateway.mcp import verbs
from tests.architecture.sources import ROOT, modules, name, tree
from tests.databases import Databases
from tests.flows.entry_points import ENTRY_POINTS, POLICY, SERVER, Place, Way, program
from tests.flows.offices import Log, Office, configuration
from tests.running import gatehouse
from tests.waiting import eventually

pytestmark = pytest.mark.any_database

DECISION = "io.gatehouse/decision"
PAGE = "test://template/{}/data"
PROMPT = "test_prompt_with_arguments"
# By method: the rule that denies it, and its params with `{}` where the word goes that is forbidden or not.
ACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "tools/call": ("no-words", {"name": "echo", "arguments": {"said": "{}"}}),
    "prompts/get": ("no-prompt", {"name": PROMPT, "arguments": {"arg1": "{}", "arg2": "two"}}),
    "resources/read": ("no-page", {"uri": PAGE}),
    "resources/subscribe": ("no-page", {"uri": PAGE}),
    "resources/unsubscribe": ("no-page", {"uri": PAGE}),
    "completion/complete": (
        "no-prompt",
        {"ref": {"type": "ref/prompt", "name": PROMPT}, "argument": {"name": "arg1", "value": "{}"}},
    ),
}
# Names in the code by which no call comes in, and why.
NO_CALLS = {
    "asgi:/healthz": "says whether the process lives",
    "asgi:/readyz": "says whether calls would be served",
    "asgi:/.well-known/": "documents of the authorization server",
    "asgi:lifespan": "the start and the end of the process",
    "asgi:websocket": "the console's live pages",
    "cli:policy": "reads a file",
    "cli:inspect": "reads standard input",
    "cli:classify": "reads standard input",
    "cli:scan": "asks a server for its lists and calls nothing",
    "cli:discover": "reads the files of clients",
}
# Modules of the gateway that let calls through the pipeline, or hand messages to those that do.
DOORS = {
    "gateway/calls.py": "the one caller of the pipeline",
    "gateway/endpoint.py": "both eras over HTTP, single and aggregate",
    "gateway/session_era.py": "part of the endpoint",
    "gateway/stateless_era.py": "part of the endpoint",
    "gateway/sse_door.py": "the transport of 2024-11-05",
    "gateway/runtime.py": "puts them together",
}


@pytest.fixture(scope="module")
def place(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A Gatehouse in front of one server that writes down whatever reaches it."""
    folder = tmp_path_factory.mktemp("entry-points")
    log = folder / "office.log"
    command = program(log)
    server = {"name": SERVER, "transport": "stdio", "command": command, "approve": "all", "accept_findings": ["*"]}
    config = configuration("") | {"servers": [server], "roles": [{"name": "office", "servers": [SERVER]}]}
    with gatehouse(config, POLICY, databases=databases) as running:
        yield Place(Office(running, Log(log), ""), log, folder)


@pytest.fixture(scope="module", params=ENTRY_POINTS)
def way(request: pytest.FixtureRequest, place: Place) -> Iterator[Way]:
    """One entry point, opened."""
    with ENTRY_POINTS[request.param].open(place) as opened:
        yield opened


def filled(params: Any, word: str, *, aggregate: bool) -> Any:
    """Params with the word in them; at the aggregate endpoint with the server in every name and address."""
    if isinstance(params, dict):
        return {
            key: _spelled(key, filled(value, word, aggregate=aggregate), aggregate) for key, value in params.items()
        }
    return params.format(word) if isinstance(params, str) else params


def _spelled(key: str, value: Any, aggregate: bool) -> Any:
    if not aggregate or not isinstance(value, str):
        return value
    if key == "uri":
        return f"gatehouse+{SERVER}:{value}"
    return f"{SERVER}__{value}" if key == "name" and value in ("echo", PROMPT) else value


def decision(message: Any) -> dict[str, Any]:
    """What the gateway decided; empty where the server answered."""
    if "error" in message:
        return dict((message["error"].get("data") or {}).get(DECISION, {}))
    return dict(message["result"].get("_meta", {}).get(DECISION, {}))


def reached(way: Way, method: str, word: str) -> list[str]:
    """What came to the server with this method and word."""
    lines = way.log.read_text().splitlines() if way.log.exists() else []
    return [line for line in lines if json.loads(line)["method"] == method and word in line]


@pytest.mark.parametrize("method", ACTS)
def test_a_denied_call_is_refused_by_the_same_rule_and_never_reaches_the_server(way: Way, method: str) -> None:
    """With an allowed call beside it, which does arrive."""
    if method in verbs.SESSION_ERA_ONLY and not way.session_era:
        message = way.ask(method, {"uri": PAGE.format("forbidden")})
        assert message["error"]["code"] == -32601, "the stateless era has no such method"
        return
    rule, params = ACTS[method]
    refused = decision(way.ask(method, filled(params, "forbidden", aggregate=way.aggregate)))
    assert (refused.get("verdict"), refused.get("rule")) == ("deny", rule), refused
    assert not reached(way, method, "forbidden")
    recorded = eventually(lambda: records(way, refused["record"]), what="the record of the refusal")
    assert [entry["kind"] for entry in recorded] == ["call.refused"]
    assert recorded[0]["decision"]["rule"] == rule
    before = len(reached(way, method, "allowed"))
    allowed = way.ask(method, filled(params, "allowed", aggregate=way.aggregate))
    assert not decision(allowed) and "result" in allowed, allowed
    if method not in verbs.SESSION_ERA_ONLY:  # Those may stay with the gateway.
        assert len(reached(way, method, "allowed")) == before + 1


def records(way: Way, record: str) -> list[dict[str, Any]]:
    """The ledger's entries of one call."""
    return [entry for entry in way.ledger() if entry.get("call") == record]


def test_every_judged_method_is_tried() -> None:
    """A method that is added to the table of judged ones has to stand here."""
    assert set(ACTS) == set(verbs.METHODS)


def test_every_entry_point_in_the_code_is_known_here() -> None:
    """What the ASGI application dispatches on, and the subcommands of `gatehouse`."""
    covered = frozenset().union(*(entry.covers for entry in ENTRY_POINTS.values()))
    assert not covered & NO_CALLS.keys()
    found = {f"asgi:{path}" for path in dispatched()} | {f"cli:{command}" for command in subcommands()}
    assert found == covered | NO_CALLS.keys()


def test_no_other_module_lets_calls_through() -> None:
    """Whoever imports the pipeline, the calls or the endpoint is an entry point or a part of one."""
    inside = {
        ("gateway.pipeline", "tools_call"),
        ("gateway.calls", "Calls"),
        ("gateway.session_era", "SessionEra"),
        ("gateway.stateless_era", "StatelessEra"),
        ("gateway.endpoint", "Endpoint"),
    }
    found = set()
    for path in modules("gateway", "governance", "registry"):
        imports = (node for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom))
        if inside & {(node.module or "", each.name) for node in imports for each in node.names}:
            found.add(name(path))
    assert found == set(DOORS)


def dispatched() -> set[str]:
    """The paths and kinds of scope that `application` compares with."""
    application = next(
        node
        for node in ast.walk(tree(ROOT / "gateway" / "asgi.py"))
        if isinstance(node, ast.AsyncFunctionDef) and node.name == "application"
    )
    said = {node.value for node in ast.walk(application) if isinstance(node, ast.Constant)}
    texts = {each for each in said if isinstance(each, str)}
    return {each for each in texts if each.startswith("/")} | texts & {"lifespan", "websocket"}


def subcommands() -> set[str]:
    """The subcommands of `gatehouse`."""
    actions = cli._parser()._actions
    return {choice for action in actions if isinstance(action, argparse._SubParsersAction) for choice in action.choices}
