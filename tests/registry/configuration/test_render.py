"""A rendered configuration reads back equal, whatever texts it holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from registry.configuration.parse import parse_config
from registry.configuration.render import render
from registry.configuration.values import (
    AgentEntry,
    Approval,
    Approve,
    Configuration,
    PersonEntry,
    Rate,
    RoleEntry,
    SecretEntry,
    SecretName,
    ServerEntry,
    TeamEntry,
)

TEXTS = st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Cs", "Cc"]), min_size=1)
TRICKY = st.sampled_from(
    ["yes", "null", "1e3", "0o17", "~", "1.0", "on", "a: b", "#x", "- y", "é", "\u2028", "*a", "&b", "!c"]
)
LISTS = st.lists(TEXTS | TRICKY, unique=True, max_size=4).map(tuple)


def read(text: str) -> Configuration:
    return parse_config(text, source="x", read_file=lambda name: "")


@given(LISTS, LISTS, TEXTS | TRICKY)
def test_any_text_survives(tools: tuple[str, ...], tags: tuple[str, ...], value: str) -> None:
    server = ServerEntry("s", "stdio", command=("run", value), env=(("A", value),), tags=tags)
    whole = Configuration(roles=(RoleEntry("r", tools=tools),), servers=(server,))
    assert read(render(whole)) == whole


def test_every_section_survives() -> None:
    whole = Configuration(
        teams=(TeamEntry("t"),),
        people=(PersonEntry("a@b.example", ("approver",), ("t",), ()), PersonEntry("c@d.example", api_token=("read",))),
        servers=(
            ServerEntry(
                "web",
                "http",
                url="https://a.example/mcp",
                headers=(("Authorization", SecretName("k")),),
                team="t",
                category=("financial",),
                approval=Approval(Approve.PINNED, manifest="sha256:" + "a" * 64, findings=("*",)),
                client_requests=(("roots", "allow"),),
                allow_private_address=True,
            ),
            ServerEntry(
                "local", "stdio", command=("/bin/x", ""), cwd="/srv", approval=Approval(Approve.LISTED, ("a",))
            ),
        ),
        roles=(RoleEntry("r", servers=("web",)),),
        agents=(AgentEntry("a", "a@b.example", "", ("r",), 7200, Rate(5, 90)), AgentEntry("b", team="t")),
        secrets=(SecretEntry("k", value_file="/run/k"),),
    )
    assert read(render(whole)) == whole
