"""A condition of an approval narrows calls at once, on the way of a real call (ux.md 3.5)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from governance.generation import bump
from governance.models import Generation, Part, Person
from governance.rights import NotAllowed
from registry.conditions import BadCondition
from registry.lifecycle import NotPossible
from registry.models import Item, Server
from registry.narrowing import set_condition
from tests.gateway.inside import Inside, in_thread, inside
from tests.waiting import eventually_async

POLICY = 'version: "1"\nrules:\n- {id: everything, server: tools, action: allow}\n'


def narrow(condition: dict[str, Any], by: str = "sec@example.com", name: str = "echo") -> Item:
    server, person = Server.objects.get(name="tools"), Person.objects.get(email=by)
    return set_condition(server=server, kind="tool", name=name, condition=condition, by=person, reason="A test")


def spoil() -> None:
    with transaction.atomic():
        Item.objects.filter(name="echo").update(condition={"verdict": "of a later version"})
        bump(Part.REGISTRY, Part.POLICY)


async def read_anew(place: Inside) -> None:
    """Wait until the snapshot knows of what was just committed; a second is the promise."""
    now = await in_thread(lambda: Generation.objects.get(part=Part.POLICY).value)
    holder = place.gateway.holder
    await eventually_async(lambda: holder.current().generations.policy >= now, within=1.0, what="the condition")


async def test_a_condition_denies_what_the_policy_allows_and_lifting_it_allows_again(own_database: str) -> None:
    async with inside(POLICY) as place:
        assert not (await place.call("echo", text="one")).result.get("isError")
        await in_thread(narrow, {"constraints": {"text": {"in": ["good"]}}})
        await read_anew(place)
        refused = (await place.call("echo", text="bad")).result
        decision = refused["_meta"]["io.gatehouse/decision"]
        assert (decision["verdict"], decision["rule"]) == ("deny", "approval:tools/echo#arguments")
        assert not (await place.call("echo", text="good")).result.get("isError")
        assert place.forwarded("bad") == 0
        await in_thread(narrow, {})
        await read_anew(place)
        assert not (await place.call("echo", text="bad")).result.get("isError")


async def test_a_condition_that_cannot_be_read_any_more_denies_everything(own_database: str) -> None:
    """A row that another version wrote must not open what it was to close."""
    async with inside(POLICY) as place:
        await in_thread(spoil)
        await read_anew(place)
        assert (await place.call("add", a=1, b=2)).message["error"]["code"] == 50300
        assert place.forwarded() == 0


async def test_a_condition_with_a_fraction_is_kept_recorded_and_holds(own_database: str) -> None:
    async with inside(POLICY) as place:
        await in_thread(narrow, {"constraints": {"a": {"max": 1.5}}}, "sec@example.com", "add")
        await read_anew(place)
        assert not (await place.call("add", a=1, b=2)).result.get("isError")
        assert (await place.call("add", a=2, b=2)).result["isError"]


async def test_only_an_administrator_sets_a_condition_and_only_one_that_can_hold(own_database: str) -> None:
    async with inside(POLICY):
        with pytest.raises(NotAllowed):
            await in_thread(narrow, {"verdict": "deny"}, "dev@example.com")
        with pytest.raises(BadCondition):
            await in_thread(narrow, {"verdict": "perhaps"})
        with pytest.raises(NotPossible, match="no tool nothing"):
            await in_thread(narrow, {"verdict": "deny"}, "sec@example.com", "nothing")
        assert not await in_thread(lambda: Item.objects.exclude(condition={}).exists())
