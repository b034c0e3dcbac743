"""docs/requests.md names every state of a request, and every address of its API with the scopes that it takes."""

from __future__ import annotations

import re

from registry.request_states import MOVES, RequestAct, RequestStanding
from tests.architecture.sources import ROOT

PAGE = (ROOT / "docs" / "requests.md").read_text()


def rows(title: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_state_is_told_and_only_states_without_a_way_on_are_ends() -> None:
    """one pure transition table."""
    told = {row[0].strip("| `"): row[-1].strip("| ") for row in rows("What happens to a request")}
    assert set(told) == {state.value for state in RequestStanding}
    for state in RequestStanding:
        moves = [act for act in RequestAct if (state, act) in MOVES]
        assert (told[state.value] == "–") == (not moves), state


def test_every_address_is_told_with_its_scopes() -> None:
    """Contract 2: the scopes of a person's token."""
    from registry.api.request_urls import urlpatterns

    served = {}
    for pattern in urlpatterns:
        path = "/" + re.sub(r"<uuid:key>", "{id}", str(pattern.pattern))
        for method, scopes in pattern.callback.view_class.scopes.items():
            served[f"{method} {path}"] = set(scopes)
    told = {
        row[0].strip("| `"): set(re.sub(r"\(own\)", "", row[1]).replace(" or ", " ").split())
        for row in rows("Over REST")
    }
    assert told == served
