"""Prompts, resources, completions and subscriptions take the pipeline of tools: refused means explained, recorded once
and not forwarded (contract 4.1, 5, 7)."""

from __future__ import annotations

from typing import Any

import pytest

from governance import switches
from governance.rights import Machine
from tests.gateway.inside import POLICY, Inside, in_thread, inside
from tests.gateway.speaking import Legacy, Modern, RichOffer
from tests.raw_agent import Reply
from tests.upstream_offer import NotHere
from tests.upstream_simulator import HttpSimulator

pytestmark = [pytest.mark.usefixtures("own_database"), pytest.mark.any_database]
RULES = """
  - {id: prompts, prompt: greet, action: allow, reason: A test}
  - {id: ask-first, prompt: secret, action: escalate, reason: A test, approve: {from: [team:platform], within: 10m}}
  - {id: docs, resource: "file:///docs/*", action: allow, reason: A test}
  - {id: no-secrets, resource: "file:///docs/secret/*", action: deny, reason: Secrets stay here}
"""
ERAS = pytest.mark.parametrize("era", ["stateless", "session"])
ONE, KEY, MADE = "file:///docs/one", "file:///docs/secret/key", "file:///docs/a/b"
TEMPLATE = {"type": "ref/resource", "uri": "file:///docs/{+path}"}
TYPED = {"name": "text", "value": "x"}


def house(policy: str = POLICY + RULES, **named: Any) -> Any:
    """A gateway in front of a server with everything."""
    return inside(policy, **{"simulator": HttpSimulator(RichOffer())} | named)


async def asked(place: Inside, era: str, method: str, **params: Any) -> Reply:
    """One request in one era."""
    agent = Modern(place) if era == "stateless" else await Legacy.opened(place)
    return await agent.request(method, **params)


ALLOWED: list[tuple[str, dict[str, Any]]] = [
    ("prompts/get", {"name": "greet", "arguments": {"text": "x"}}),
    ("resources/read", {"uri": ONE}),
    ("resources/read", {"uri": MADE}),
    ("completion/complete", {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": TYPED}),
    ("completion/complete", {"ref": TEMPLATE, "argument": {"name": "path", "value": "a"}}),
]


@ERAS
async def test_what_is_allowed_is_forwarded_and_recorded(era: str) -> None:
    """An intent before, an outcome after, and the params that were judged."""
    async with house() as place:
        for method, params in ALLOWED:
            reply = await asked(place, era, method, **params, more="is not judged")
            assert "result" in reply.message, reply.message
            sent = place.simulator.calls(method)[-1].message["params"]
            sent.pop("_meta", None)
            assert sent == params
        entries = await place.entries(closed_ones=len(ALLOWED))
    assert entries == [("call.intent", ""), ("call.outcome", "ok")] * len(ALLOWED)


DENIED: list[tuple[str, dict[str, Any], str]] = [
    ("resources/read", {"uri": KEY}, "no-secrets"),
    ("resources/read", {"uri": "file:///docs/secret/made"}, "no-secrets"),
    ("completion/complete", {"ref": {"type": "ref/resource", "uri": KEY}, "argument": TYPED}, "no-secrets"),
]


@ERAS
@pytest.mark.parametrize(("method", "params", "rule"), DENIED)
async def test_a_denial_is_explained_as_an_error(era: str, method: str, params: Any, rule: str) -> None:
    """40300 with the decision, one record, nothing at the server."""
    async with house() as place:
        reply = await asked(place, era, method, **params)
        entries = await place.entries(reply.decision["record"])
        assert place.simulator.calls(method) == []
    assert (reply.status, reply.error["code"]) == (200, 40300)
    assert "Secrets stay here" in reply.error["message"]
    assert reply.decision.items() >= {"verdict": "deny", "status": "denied", "rule": rule}.items()
    assert reply.decision["request_url"].endswith(f"/admin/calls/{reply.decision['record']}/")
    assert entries == [("call.refused", "denied")]


@ERAS
@pytest.mark.parametrize("method", ["resources/subscribe", "resources/unsubscribe"])
async def test_a_denied_subscription_reaches_no_server(era: str, method: str) -> None:
    """The session era's two methods; the stateless one has them no more (protocol 1.2)."""
    async with house() as place:
        reply = await asked(place, era, method, uri=KEY)
        assert place.simulator.calls(method) == []
        if era == "stateless":
            assert (reply.status, reply.error["code"]) == (404, -32601)
        else:
            assert reply.error["code"] == 40300 and reply.decision["rule"] == "no-secrets"
            assert await place.entries() == [("call.refused", "denied")]


UNKNOWN: list[tuple[str, dict[str, Any], str]] = [
    ("prompts/get", {"name": "nowhere"}, "Unknown prompt: nowhere"),
    ("prompts/get", {"name": "echo"}, "Unknown prompt: echo"),
    ("resources/read", {"uri": "file:///etc/passwd"}, "Unknown resource: file:///etc/passwd"),
    ("resources/read", {"uri": "greet"}, "Unknown resource: greet"),
    (
        "completion/complete",
        {"ref": {"type": "ref/prompt", "name": "nowhere"}, "argument": TYPED},
        "Unknown prompt: nowhere",
    ),
]


@ERAS
@pytest.mark.parametrize(("method", "params", "text"), UNKNOWN)
async def test_the_unknown_answers_as_the_invisible(era: str, method: str, params: Any, text: str) -> None:
    """-32602 with no rule and no link; recorded."""
    async with house() as place:
        reply = await asked(place, era, method, **params)
        entries = await place.entries(reply.decision["record"])
        assert place.simulator.calls(method) == []
    assert (reply.status, reply.error["code"], reply.error["message"]) == (
        400 if era == "stateless" else 200,
        -32602,
        text,
    )
    assert reply.decision.keys() == {"verdict", "status", "record"}
    assert entries == [("call.refused", "denied")]


@ERAS
async def test_what_a_role_or_a_rule_hides_is_unknown(era: str) -> None:
    """Out of reach, hidden and not there: the same answer but for its record."""
    hide = '\n  - {id: hidden, resource: "file:///docs/one", action: hide, reason: Nobody sees it}\n'
    roles = [{"name": "all", "tools": ["tools/echo"], "prompts": [], "resources": ["tools/file:///docs/*"]}]
    async with house(POLICY + RULES + hide, roles=roles) as place:
        found = [
            await asked(place, era, "prompts/get", name="greet"),
            await asked(place, era, "prompts/get", name="nowhere"),
            await asked(place, era, "resources/read", uri=ONE),
            await asked(place, era, "resources/read", uri="x:nowhere"),
        ]
        visible = await asked(place, era, "resources/read", uri=MADE)
        listed = await asked(place, era, "resources/list")
    assert {reply.error["code"] for reply in found} == {-32602}
    assert all(reply.decision.keys() == {"verdict", "status", "record"} for reply in found)
    assert "result" in visible.message, "a role's pattern holds for what a template makes"
    assert [resource["uri"] for resource in listed.result["resources"]] == []


SPELLINGS = ["secret%2Fkey", "%73ecret/key", "x/../secret/key", "x/%2e%2e/secret/key", "./secret/key", "/secret/key",
             "secret%2fkey", "secret\\key", "%252e%252e/x"]  # fmt: skip


@ERAS
async def test_no_spelling_of_an_address_evades_a_rule(era: str) -> None:
    """What a template makes is judged by its own address, and has one spelling only."""
    async with house() as place:
        for tail in SPELLINGS:
            reply = await asked(place, era, "resources/read", uri="file:///docs/" + tail)
            assert reply.error["code"] == -32602, tail
        assert place.simulator.calls("resources/read") == []


async def test_a_held_prompt_ends_its_leg_and_goes_on_after_approval() -> None:
    """Stateless era: legs; the approval runs it once (contract 6)."""
    async with house() as place:
        first = await Modern(place).request("prompts/get", name="secret")
        assert first.result["resultType"] == "input_required" and "inputRequests" not in first.result
        other = await Modern(place).request("prompts/get", name="greet", requestState=first.result["requestState"])
        assert "result" in other.message, "a ticket is no more than a place in the queue: this prompt is allowed"
        for params in ({"name": "secret", "arguments": {"text": "x"}}, {"name": "secret"}):
            wrong = await Modern(place, agent="other-bot").request(
                "prompts/get", **params, requestState=first.result["requestState"]
            )
            assert (wrong.status, wrong.error["code"]) == (400, -32602), "another agent's state"
        assert [one.message["params"]["name"] for one in place.simulator.calls("prompts/get")] == ["greet"]


async def test_a_held_prompt_of_the_session_era_is_an_error_with_a_ticket() -> None:
    """It has no `isError` (contract 5), and never an `input_required` (protocol 1.5)."""
    async with house() as place:
        reply = await asked(place, "session", "prompts/get", name="secret")
        assert reply.error["code"] == 40300 and reply.decision["status"] == "waiting" and reply.decision["ticket"]
        assert place.simulator.calls("prompts/get") == []
        assert await place.entries() == [("call.held", "waiting")]


@ERAS
async def test_a_completion_that_would_be_held_is_an_error(era: str) -> None:
    """`input_required` is legal for three methods only (protocol 1.3)."""
    async with house() as place:
        ref = {"type": "ref/prompt", "name": "secret"}
        reply = await asked(place, era, "completion/complete", ref=ref, argument=TYPED)
        assert place.simulator.calls("completion/complete") == []
    assert reply.error["code"] == 40300 and reply.decision["status"] == "waiting"


@ERAS
async def test_a_stop_holds_for_every_method(era: str) -> None:
    """Stops come before every rule."""
    async with house() as place:
        await in_thread(
            switches.stop, scope_kind="server", scope_name="tools", reason="A look is needed", by=Machine.OPERATOR
        )
        await place.caught_up()
        for method, params in ALLOWED:
            reply = await asked(place, era, method, **params)
            assert reply.error["code"] == 40300 and reply.decision["status"] == "stopped"
            assert await place.entries(reply.decision["record"]) == [("call.refused", "stopped")]
            assert place.simulator.calls(method) == []


@ERAS
async def test_a_limit_holds_for_prompts_and_resources(era: str) -> None:
    """At the limit and past it."""
    limits = """
  - {id: few-prompts, prompt: greet, action: allow, reason: A test, limit: {calls: 1, per: 1h, by: agent}}
  - {id: few-docs, resource: "file:///docs/one", action: allow, reason: A test, limit: {calls: 1, per: 1h, by: agent}}
"""
    async with house(POLICY + limits) as place:
        for method, params in (("prompts/get", {"name": "greet"}), ("resources/read", {"uri": ONE})):
            assert "result" in (await asked(place, era, method, **params)).message
            reply = await asked(place, era, method, **params)
            assert reply.error["code"] == 40300 and reply.decision["status"] == "limited"
            assert await place.entries(reply.decision["record"]) == [("call.refused", "limited")]
            assert len(place.simulator.calls(method)) == 1


async def test_a_listener_hears_only_what_it_may_read() -> None:
    """Each resource of a subscription is judged and recorded like a read; the rest is not honoured."""
    async with house(simulator=HttpSimulator(RichOffer(), notices=True)) as place:
        agent = Modern(place)
        uris = [ONE, KEY, "file:///etc/passwd", MADE, ONE]
        stream = await agent.listening({"resourceSubscriptions": uris, "toolsListChanged": True})
        said = stream.events[0]
        entries = await place.entries(closed_ones=4)
        await stream.left()
    assert said["method"] == "notifications/subscriptions/acknowledged"
    assert said["params"]["notifications"] == {"toolsListChanged": True, "resourceSubscriptions": sorted([ONE, MADE])}
    assert sorted(entries) == sorted(
        [("call.intent", ""), ("call.outcome", "ok")] * 2 + [("call.refused", "denied")] * 2
    )


@pytest.mark.parametrize("uris", [5, "x", {}, [5], [None], ["x:y"] * 201], ids=lambda uris: str(uris)[:20])
async def test_garbage_for_subscriptions_is_refused(uris: Any) -> None:
    """Before anything is judged."""
    async with house() as place:
        reply = await (await Modern(place).listening({"resourceSubscriptions": uris})).over()
        wrong = await (await Modern(place).listening([])).over()  # type: ignore[arg-type]
    assert (reply.status, reply.error["code"]) == (wrong.status, wrong.error["code"]) == (400, -32602)


@ERAS
async def test_methods_outside_the_table_are_not_found(era: str) -> None:
    """A closed table (contract 4.1): nothing is forwarded that nobody judges."""
    async with house() as place:
        for method in (
            "tasks/get",
            "tasks/cancel",
            "sampling/createMessage",
            "roots/list",
            "x/y",
            "notifications/cancelled",
        ):
            reply = await asked(place, era, method, name="greet")
            assert (reply.status, reply.error["code"]) == (404 if era == "stateless" else 200, -32601), method
            assert place.simulator.calls(method) == []


@ERAS
async def test_a_method_of_a_capability_that_is_not_there_is_not_found(era: str) -> None:
    """A server without prompts has none to get."""
    async with inside() as place:
        for method, params in (*ALLOWED, ("prompts/list", {}), ("resources/templates/list", {})):
            reply = await asked(place, era, method, **params)
            assert (reply.status, reply.error["code"]) == (404 if era == "stateless" else 200, -32601), method


@ERAS
async def test_a_servers_error_passes_and_is_recorded(era: str) -> None:
    """With its own code, and the status of the era."""

    def gone(params: Any) -> Any:
        raise NotHere("prompts/get")

    async with inside(POLICY + RULES, simulator=HttpSimulator(RichOffer(said={"prompts/get": gone}))) as place:
        reply = await asked(place, era, "prompts/get", name="greet")
        entries = await place.entries()
    assert (reply.status, reply.error["code"]) == (404 if era == "stateless" else 200, -32601)
    assert entries == [("call.intent", ""), ("call.outcome", "error")]
