"""What an agent, or a stranger, may send instead of a sound request: each gets one clear error, and nothing moves."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from governance import tokens
from tests.flows.offices import Office
from tests.raw_agent import LEGACY, META, MODERN, Reply
from tests.waiting import eventually

pytestmark = pytest.mark.any_database

COUNTED_WITHIN = 14.0  # Aggregated entries are written every 10 s.


@pytest.fixture(scope="module")
def place(make_office: Callable[..., Any]) -> Iterator[Office]:
    """One office for all of them: what one test sends must not disturb the next."""
    with make_office() as started:
        yield started
        started.require_sound_ledger()


def call(arguments: str = '{"path": "/srv/notes/a"}', name: str = '"read_file"', more: str = "") -> bytes:
    """A tools/call whose parts are written as they are."""
    meta = json.dumps(META)
    params = f'"params": {{"name": {name}, "arguments": {arguments}, "_meta": {meta}{more}}}'
    return f'{{"jsonrpc": "2.0", "id": 77, "method": "tools/call", {params}}}'.encode()


def nested(depth: int) -> str:
    """Arguments that deep."""
    return '{"path": ' + "[" * depth + "]" * depth + "}"


@dataclass(frozen=True)
class Bad:
    """One bad request: what is wrong, the bytes, how headers differ, and what must come back."""

    what: str
    body: bytes
    status: int
    code: int
    headers: dict[str, str | None] = field(default_factory=dict)
    rpc_id: int | None = None


CALLING = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "read_file"}
BAD = (
    Bad("no JSON", b'{"jsonrpc": "2.0", ', 400, -32700),
    Bad("two documents", call() + call(), 400, -32700),
    Bad("invalid UTF-8", call().replace(b"/a", b"/\xff"), 400, -32700),
    Bad("UTF-16", call().decode().encode("utf-16"), 400, -32700),
    Bad("NaN", call('{"path": NaN}'), 400, -32700),
    Bad("a key twice at the top", call().replace(b'"id": 77', b'"id": 77, "id": 78'), 400, -32600),
    Bad("a key twice in the arguments", call('{"path": "/srv/notes/a", "path": "/etc/passwd"}'), 400, -32600),
    Bad("a key twice by an escape", call('{"path": "/srv/notes/a", "p\\u0061th": "/etc/passwd"}'), 400, -32600),
    Bad("a key twice deep down", call('{"path": "/srv/notes/a", "x": [{"y": {"z": 1, "z": 2}}]}'), 400, -32600),
    Bad("65 levels", call(nested(65)), 400, -32600),
    Bad("100,000 levels", call(nested(100_000)), 400, -32600),
    Bad("10,001 members", call('{"path": [' + ",".join(["1"] * 10_001) + "]}"), 400, -32600),
    Bad("a lone surrogate", call('{"path": "/srv/notes/\\ud800"}'), 400, -32600),
    Bad("a batch", b"[" + call() + b"]", 400, -32600),
    Bad("no JSON-RPC", call().replace(b"2.0", b"1.0"), 400, -32600),
    Bad("no method", call().replace(b'"method"', b'"metod"'), 400, -32600, rpc_id=77),
    Bad("an id that is null", call().replace(b": 77", b": null"), 400, -32600),
    Bad("an id that is true", call().replace(b": 77", b": true"), 400, -32600),
    Bad("an id that is a fraction", call().replace(b": 77", b": 7.5"), 400, -32600),
    Bad(
        "params by position",
        call().replace(b'"params": {', b'"params": [{').replace(b"}}}}", b"}}}]}"),
        400,
        -32600,
        rpc_id=77,
    ),
    Bad("the wrong content type", call(), 415, -32600, {"Content-Type": "text/plain"}),
    Bad("no content type", call(), 415, -32600, {"Content-Type": None}),
    Bad("an answer in XML wanted", call(), 406, -32600, {"Accept": "application/xml"}),
    Bad("a body of 5 MiB", call('{"path": "' + "x" * (5 << 20) + '"}'), 413, -32600),
    Bad("no Mcp-Method", call(), 400, -32020, {"Mcp-Method": None}, rpc_id=77),
    Bad("another Mcp-Method", call(), 400, -32020, {"Mcp-Method": "tools/list"}, rpc_id=77),
    Bad("no Mcp-Name", call(), 400, -32020, {"Mcp-Name": None}, rpc_id=77),
    Bad("another Mcp-Name", call(), 400, -32020, {"Mcp-Name": "write_file"}, rpc_id=77),
    Bad("another Mcp-Name by base64", call(), 400, -32020, {"Mcp-Name": "=?base64?d3JpdGVfZmlsZQ==?="}, rpc_id=77),
    Bad("a revision to come", call(), 400, -32022, {"MCP-Protocol-Version": "2027-01-01"}, rpc_id=77),
    Bad("another revision in the body", call().replace(MODERN.encode(), b"2025-11-25"), 400, -32020, rpc_id=77),
    Bad("no revision in the body", call().replace(b"/protocolVersion", b"/x"), 400, -32602, rpc_id=77),
    Bad("no capabilities", call().replace(b"/clientCapabilities", b"/x"), 400, -32602, rpc_id=77),
    Bad("a name that is no string", call(name="5"), 400, -32020, rpc_id=77),
    Bad("arguments that are a list", call("[1]"), 400, -32602, rpc_id=77),
    Bad("a request state that is not ours", call(more=', "requestState": "v1.AAAA"'), 400, -32602, rpc_id=77),
    Bad("initialize where there is none", b"", 404, -32601, {"Mcp-Method": "initialize"}, rpc_id=77),
    Bad("an unknown method", b"", 404, -32601, {"Mcp-Method": "tools/steal"}, rpc_id=77),
)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.what)
def test_a_bad_request_is_refused_with_its_own_code(place: Office, bad: Bad) -> None:
    """Contract 4.22 and protocol 1.2: status and code say what is wrong, and the server hears nothing of it."""
    before = place.log.calls()
    headers = {**CALLING, **bad.headers}
    body = bad.body or call().replace(b"tools/call", str(headers["Mcp-Method"]).encode())
    reply = place.agent().post(body, **headers)
    assert (reply.status, reply.error["code"]) == (bad.status, bad.code), reply.error
    assert reply.message["id"] == bad.rpc_id
    assert len(reply.error["message"]) > 10
    assert place.log.calls() == before


def test_what_is_well_formed_passes_at_the_very_limits(place: Office) -> None:
    """The other side of the same limits: 1 MiB, and every header in order."""
    agent = place.agent()
    size = (1 << 20) - len(call('{"path": ""}'))
    at_limit = agent.post(call('{"path": "' + "x" * size + '"}'), **CALLING)
    assert at_limit.status == 200 and at_limit.decision["status"] == "denied"
    past = agent.post(call('{"path": "' + "x" * (size + 1) + '"}'), **CALLING)
    assert past.status == 413
    assert agent.post(call(), **CALLING).text.startswith("contents of /srv/notes/a")
    encoded = {**CALLING, "Mcp-Name": "=?base64?cmVhZF9maWxl?="}
    assert agent.post(call(), **encoded).text.startswith("contents of")


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403),
    ],
    ids=str,
)
def test_a_foreign_host_or_origin_gets_nothing(place: Office, what: dict[str, str], status: int) -> None:
    """Security section 4, DNS rebinding: judged before token and body."""
    for token in (place.running.token("dev-claude"), "none"):
        reply = place.agent().post(call(), **{**CALLING, **what, "Authorization": f"Bearer {token}"})
        assert reply.status == status


def test_an_own_origin_is_fine(place: Office) -> None:
    """The positive of the same."""
    assert place.agent().post(call(), **CALLING, Origin="http://localhost:9999").status == 200


def bearer(place: Office, what: str) -> str | None:
    """An Authorization header that must not open the door."""
    good = place.running.token("dev-claude")
    return {
        "none": None,
        "empty": "Bearer ",
        "no token of ours": "Bearer hunter2",
        "mistyped": f"Bearer {good[:-1]}{'a' if good[-1] != 'a' else 'b'}",
        "unknown": f"Bearer {tokens.mint(tokens.AGENT, secrets.token_bytes).text}",
        "a person's": f"Bearer {place.running.api_token('dev@example.com')}",
        "another scheme": f"Basic {good}",
    }[what]


UNKNOWN = ["none", "empty", "no token of ours", "mistyped", "unknown", "a person's", "another scheme"]


@pytest.mark.parametrize("what", UNKNOWN)
def test_without_a_good_token_nothing_is_read(place: Office, what: str) -> None:
    """Contract section 5: 40100 with HTTP 401, which says what to do, and never repeats what was presented."""
    presented = bearer(place, what)
    reply = place.agent().post(call(), **CALLING, Authorization=presented)
    assert (reply.status, reply.error["code"]) == (401, 40100)
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert "token" in reply.error["message"]
    assert not presented or len(presented) < 12 or presented.split()[1] not in reply.body.decode()


def shell(place: Office, code: str) -> None:
    """Change the database as nobody may, to bring about what takes time."""
    lines = ("from governance.generation import bump", "from django.db import transaction", code)
    place.running.manage("shell", "-c", "\n".join(lines))


def test_an_expired_token_opens_nothing(place: Office) -> None:
    """Security F4, and contract section 5; its neighbour works on."""
    agent = place.agent("other-bot")
    assert agent.call("read_file", path="/srv/notes/a").status == 200
    shell(
        place,
        "from governance.models import AgentToken\n"
        "from datetime import timedelta\n"
        "with transaction.atomic():\n"
        "    token = AgentToken.objects.get(agent__name='other-bot')\n"
        "    token.expires_at -= timedelta(days=31)\n"
        "    token.save(); bump('identity')",
    )
    refused = eventually(lambda: (reply := agent.call("read_file", path="/srv/notes/a")).status == 401 and reply)
    assert refused.error["code"] == 40100
    assert place.agent().call("read_file", path="/srv/notes/a").status == 200


def test_a_header_that_decides_may_not_come_twice(place: Office) -> None:
    """Protocol 1.2: duplicated headers are -32020, since two parsers may pick different ones."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", place.running.port, timeout=10)
    connection.putrequest("POST", "/mcp/desk")
    headers = [*CALLING.items(), ("Mcp-Name", "write_file"), ("Content-Type", "application/json")]
    for name, value in [*headers, ("Authorization", f"Bearer {place.running.token('dev-claude')}")]:
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(call())))
    connection.endheaders(call())
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["error"]["code"]) == (400, -32020)
    connection.close()


# Sessions of the session era.


def legacy_call(place: Office, session: str | None, agent: str = "dev-claude") -> Reply:
    """A call in a session, or in what is said to be one."""
    headers = {"MCP_Protocol_Version": LEGACY} | ({"Mcp_Session_Id": session} if session is not None else {})
    return place.agent(agent).post(call(), **headers)


def test_without_a_session_the_session_era_is_refused(place: Office) -> None:
    """Protocol 1.2: no session 400, unknown session 404, both -32600."""
    missing = legacy_call(place, None)
    assert (missing.status, missing.error["code"]) == (400, -32600)
    for made_up in ("nope", "v1.AAAA", "v1." + "A" * 9000, "ünï"):
        wrong = legacy_call(place, made_up.encode().decode("latin-1"))
        assert (wrong.status, wrong.error["code"]) == (404, -32600)


def test_a_foreign_session_is_as_good_as_none(place: Office) -> None:
    """Security section 4, session fixation: a session id opens nothing for another agent, or at another server."""
    session = place.agent(legacy=True).open()
    assert legacy_call(place, session).status == 200
    reply = place.agent("dev-claude").post(call(), MCP_Protocol_Version=LEGACY, Mcp_Session_Id=session)
    assert reply.status == 200
    other = place.running.request(
        "POST",
        "/mcp/desk",
        token=place.running.token("second-bot"),
        body=json.loads(call()),
        headers={"MCP-Protocol-Version": LEGACY, "Mcp-Session-Id": session},
    )
    assert other.status == 404 and other.json()["error"]["code"] == -32600


def test_an_ended_session_is_over(place: Office) -> None:
    """Protocol 1.4: DELETE ends it, later use is 404."""
    agent = place.agent(legacy=True)
    session = agent.open()
    ended = place.running.request("DELETE", "/mcp/desk", token=agent.token, headers={"Mcp-Session-Id": session})
    assert ended.status == 200
    assert legacy_call(place, session).status == 404


@pytest.mark.parametrize("method", ["tools/steal", "completion/complete", "server/discover", ""])
def test_an_unknown_method_of_the_session_era_answers_its_id(place: Office, method: str) -> None:
    """Contract 4.1: the table of methods is closed."""
    reply = place.agent(legacy=True).request(method, {}, rpc_id="abc")
    assert (reply.message["id"], reply.error["code"]) == ("abc", -32601)


def test_a_call_without_an_id_is_not_run(place: Office) -> None:
    """Security section 4: notifications that are calls; nothing could answer them, so nothing may happen."""
    before = place.log.calls()
    agent = place.agent(legacy=True)
    agent.open()
    notice = agent.notify("tools/call", name="read_file", arguments={"path": "/srv/notes/notice"})
    assert notice.status == 202 and notice.body == b""
    modern = place.agent().post(call().replace(b'"id": 77, ', b""), **CALLING)
    assert modern.status == 202 and modern.body == b""
    assert place.log.calls() == before


def test_get_and_delete_belong_to_sessions(place: Office) -> None:
    """Protocol 1.2 and 1.4: 405 in the stateless era, and without a session nothing in the other."""
    token = place.running.token("dev-claude")
    for method in ("GET", "DELETE"):
        answer = place.running.request(method, "/mcp/desk", token=token, headers={"mcp-protocol-version": "2026-07-28"})
        assert answer.status == 405 and answer.headers["allow"] == "POST"
        assert place.running.request(method, "/mcp/desk", token=token).status == 400
    assert place.running.request("PUT", "/mcp/desk", token=token).status == 405


def test_an_unknown_server_answers_as_one_that_must_not_be_seen(place: Office) -> None:
    """Contract section 5: 40400 with HTTP 404, the same bytes but for the name; the attempt is recorded."""
    unknown = place.agent(server="nowhere").call("read_file", path="/srv/notes/a")
    assert (unknown.status, unknown.error["code"]) == (404, 40400)
    unseen = place.running.request(
        "POST", "/mcp/desk", token=place.running.token("blind-bot"), body=json.loads(call()), headers=CALLING
    )
    assert unseen.status == 404 and unseen.json()["error"]["code"] == 40400
    told = unseen.json()["error"]["message"].replace("desk", "nowhere")
    assert told == unknown.error["message"]
    assert place.records(unknown.decision["record"])[-1]["outcome"]["status"] == "denied"
    nothing = place.agent(server="nowhere").request("tools/list", {})
    assert (nothing.status, nothing.error["code"]) == (404, 40400)


@pytest.mark.parametrize("name", ["read\0file", "read\x1efile", "read_file\u200b", "READ_FILE", "x" * 1999, "ﬁle"])
def test_an_odd_tool_name_is_unknown_and_hurts_nobody(place: Office, name: str) -> None:
    """Security section 4: exact bytes; PostgreSQL takes no NUL, and the record is written all the same."""
    plain = name.isascii() and name.isprintable()
    import base64

    header = name if plain else f"=?base64?{base64.b64encode(name.encode()).decode()}?="
    params = {"name": name, "arguments": {"path": "/srv/notes/a"}}
    reply = place.agent().request("tools/call", params, Mcp_Name=header)
    assert reply.text == f"Unknown tool: {name}"
    entry = place.records(reply.decision["record"])[-1]
    assert (entry["kind"], entry["target"]["name"]) == ("call.refused", name)
    assert place.agent().call("read_file", path="/srv/notes/a").status == 200


@pytest.mark.parametrize("name", ["des%00k", "des%1Ek", "%1E" * 30, "des%FFk", "d" * 3000])
def test_an_odd_server_name_is_unknown_and_hurts_nobody(place: Office, name: str) -> None:
    """Security section 4 and D1: the record of a call to it is written, and those of others in the same batch."""
    with ThreadPoolExecutor(8) as pool:
        odd = [pool.submit(place.agent(server=name).call, "read_file", path="/srv/notes/a") for _ in range(8)]
        plain = [pool.submit(place.agent().call, "read_file", path="/srv/notes/a") for _ in range(8)]
        replies = [one.result() for one in odd]
        assert all(one.result().status == 200 and "result" in one.result().message for one in plain)
    for reply in replies:
        assert (reply.status, reply.error["code"]) == (404, 40400)
        assert place.records(reply.decision["record"])[-1]["outcome"]["status"] == "denied"


def test_strangers_are_counted_and_not_listed(place: Office) -> None:
    """Contract section 7: one aggregated entry per address and ten seconds, whatever the flood."""
    for _ in range(30):
        assert place.agent().post(call(), **CALLING, Authorization="Bearer nobody").status == 401
    place.agent().post(b"{", **CALLING)

    def counted() -> dict[str, int]:
        entries = [entry["counted"] for entry in place.running.ledger("call.refused") if "counted" in entry]
        totals: dict[str, int] = {}
        for one in entries:
            totals[one["what"]] = totals.get(one["what"], 0) + one["count"]
        return totals

    def enough() -> bool:
        return counted().get("not authenticated", 0) >= 30 and counted().get("malformed", 0) >= 1

    eventually(enough, within=COUNTED_WITHIN, what="aggregated entries")
    entries = [entry for entry in place.running.ledger("call.refused") if "counted" in entry]
    assert len(entries) <= 12
    assert all(
        entry["principal"]["address"] == "127.0.0.1" and entry["principal"]["agent"] is None for entry in entries
    )
