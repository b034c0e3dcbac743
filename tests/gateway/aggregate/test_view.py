"""What is seen at the aggregate endpoint, by whom and through which profile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.aggregate import names, view
from gateway.aggregate.view import Aim
from gateway.snapshot.model import (
    AgentRecord,
    ApprovedItem,
    Generations,
    Identity,
    Rules,
    ServerRecord,
    Snapshot,
)
from gateway.snapshot.reach import Reach
from governance.inspection.scan import compile_detectors
from governance.policy.compiled import compile_policy
from governance.policy.language import parse
from governance.policy.values import Caller, Item, Kind
from registry.mcp.uri_template import UriTemplate

DETECTORS = compile_detectors(key=b"k" * 32)
LONG = "read_" + "everything_" * 6
TEMPLATE = "file:///{name}"
POLICY = """
version: "1"
default: deny
rules:
  - {id: all, server: "*", action: allow}
  - {id: hidden, tool: files/secret, action: hide}
  - {id: by-role, tool: files/write, who: {roles: [watched]}, action: deny}
"""
AGENT = AgentRecord("a", Caller("a", roles=frozenset({"whole", "part", "watched"})))


def tool(server: str, name: str, kind: Kind = Kind.TOOL, listing: str = "tools") -> ApprovedItem:
    """One approved item."""
    template = UriTemplate(name) if listing == "resourceTemplates" else None
    return ApprovedItem(Item(server, kind, name), f"sha256:{name}", b"{}", listing, template)


def server(name: str, *items: ApprovedItem) -> ServerRecord:
    """One server with these items."""
    return ServerRecord(name, 1, "http", 60.0, 1, {(one.item.kind, one.item.name): one for one in items})


@pytest.fixture
def snapshot() -> Snapshot:
    """Three servers, of which the agent's roles reach two."""
    files = [tool("files", name) for name in ("read", "write", "secret", LONG)]
    resources = [
        tool("files", "file:///a", Kind.RESOURCE, "resources"),
        tool("files", TEMPLATE, Kind.RESOURCE, "resourceTemplates"),
    ]
    servers = [
        server("zoo", tool("zoo", "feed")),
        server("files", *files, *resources),
        server("vault", tool("vault", "x")),
    ]
    patterns = {Kind.TOOL: ["files/read", "files/write"], Kind.RESOURCE: ["files/file:///a"]}
    reaches = {
        "whole": Reach.of(servers=["files", "zoo"], patterns={}),
        "part": Reach.of(servers=[], patterns=patterns),
        "watched": Reach.of(servers=[], patterns={}),
        "foreign": Reach.of(servers=["vault"], patterns={}),
    }
    identity = Identity(agents={"a": AGENT}, reaches=reaches)
    rules = Rules(compile_policy(parse(POLICY)))
    return Snapshot(Generations(), identity, {one.name: one for one in servers}, rules, (), {}, DETECTORS)


def listed(snapshot: Snapshot, profile: str | None, member: str = "tools") -> list[str]:
    """The names of one list."""
    return [name for name, _ in view.listed(snapshot, AGENT, profile, member)]


def test_lists_go_by_server_and_keep_each_servers_order(snapshot: Snapshot) -> None:
    """Contract 4.4 over all servers: nothing hidden, nothing denied whatever the arguments, nothing out of reach."""
    assert listed(snapshot, None) == ["files__read", names.joined("files", LONG), "zoo__feed"]
    assert listed(snapshot, None, "resources") == ["gatehouse+files:file:///a"]
    assert listed(snapshot, None, "resourceTemplates") == ["gatehouse+files:file:///{name}"]
    backwards = replace(snapshot, servers=dict(reversed(snapshot.servers.items())))
    assert listed(backwards, None) == listed(snapshot, None)


def test_a_profile_shows_less_and_sheds_no_rule(snapshot: Snapshot) -> None:
    """`write` is in the profile, and denied by a rule on a role that is not."""
    assert listed(snapshot, "part") == ["files__read"]
    assert listed(snapshot, "part", "resourceTemplates") == []
    assert [one.name for one in view.servers_behind(snapshot, AGENT, "part")] == ["files"]


@pytest.mark.parametrize("profile", ["foreign", "nothing", "", "watched"])
def test_a_role_that_the_agent_lacks_or_that_reaches_nothing_shows_nothing(snapshot: Snapshot, profile: str) -> None:
    """`foreign` is a role of somebody else, and reaches a server."""
    assert listed(snapshot, profile) == [] and view.servers_behind(snapshot, AGENT, profile) == []
    assert not view.aimed(snapshot, AGENT, profile, Kind.TOOL, "vault__x").known
    assert not view.aimed(snapshot, AGENT, profile, Kind.TOOL, "files__read").known


@pytest.mark.parametrize(
    ("kind", "called", "meant"),
    [
        (Kind.TOOL, "files__read", ("files", "read")),
        (Kind.TOOL, "files__secret", ("files", "secret")),  # Hidden by a rule, which the pipeline asks.
        (Kind.TOOL, names.joined("files", LONG), ("files", LONG)),
        (Kind.RESOURCE, "gatehouse+files:file:///a", ("files", "file:///a")),
        (Kind.RESOURCE, "gatehouse+files:file:///made", ("files", "file:///made")),
        (Kind.RESOURCE, "gatehouse+files:file:///{name}", ("files", TEMPLATE)),
    ],
)
def test_names_mean_one_item_of_one_server(snapshot: Snapshot, kind: Kind, called: str, meant: tuple[str, str]) -> None:
    """What rules and the record see is the server and its own name."""
    assert view.aimed(snapshot, AGENT, None, kind, called) == Aim(*meant, called, known=True)


@pytest.mark.parametrize(
    ("kind", "called", "recorded"),
    [
        (Kind.TOOL, "vault__x", ("vault", "x")),
        (Kind.TOOL, "nowhere__x", ("nowhere", "x")),
        (Kind.TOOL, "files__nothing", ("files", "nothing")),
        (Kind.TOOL, f"files__{LONG}", ("files", LONG)),
        (Kind.TOOL, "read", ("", "read")),
        (Kind.PROMPT, "files__read", ("files", "read")),
        (Kind.RESOURCE, "file:///a", ("", "file:///a")),
        (Kind.RESOURCE, "gatehouse+vault:file:///a", ("vault", "file:///a")),
        (Kind.RESOURCE, "gatehouse+files:data:x", ("files", "data:x")),
    ],
)
def test_what_may_not_be_known_is_aimed_at_for_the_record_alone(
    snapshot: Snapshot, kind: Kind, called: str, recorded: tuple[str, str]
) -> None:
    """Out of reach, unknown, or under the whole name of an item whose name is cut."""
    assert view.aimed(snapshot, AGENT, None, kind, called) == Aim(*recorded, called, known=False)


def test_instructions_are_headed_by_their_servers() -> None:
    """Those that have some."""
    servers = [replace(server("a"), instructions="Do."), server("b"), replace(server("c"), instructions="Don't.")]
    assert view.instructions(servers) == "# a\n\nDo.\n\n# c\n\nDon't."
    assert view.instructions([server("b")]) == ""
